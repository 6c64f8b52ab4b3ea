"""Renews the run that README.md shows: the text of ``maspo demo``, pictures of its page, and one of a comparison.

    make picture

Pictures need chromium; without it only the text is renewed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    "report": ("overview", "1180,1180"),
    "prompts": ("prompts", "1180,900"),
    "search": ("search", "1180,820"),
    "inputs": ("inputs", "1180,900"),
}
"""Of docs/images: the page of the run that each shows, and its width and height in pixels."""
COMPARED = "1180,1490"
METHODS = "default,spo,naive-joint"
ANSWER = "You check the solution and give the final answer in <answer></answer>."
TEAM = {
    "name": "solver and critic",
    "agents": {
        "solver": {"prompt": "You solve the problem step by step."},
        "critic": {"prompt": ANSWER, "reads": ["solver"]},
    },
}
BLOCK = re.compile(r"(<!-- demo: text -->\n```text\n).*?(```)", re.DOTALL)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Run the demo in an empty folder and renew text and picture."""
    with tempfile.TemporaryDirectory() as folder:
        demo = [sys.executable, "-m", "maspo", "demo"]
        done = subprocess.run(demo, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603
        readme = ROOT / "README.md"
        text = readme.read_text(encoding="utf-8")
        readme.write_text(BLOCK.sub(lambda found: found[1] + done.stdout + found[2], text), encoding="utf-8")
        pictures = [(page, size, name) for name, (page, size) in PICTURES.items()]
        _photograph(next(Path(folder).glob("maspo-runs/*/report.html")), pictures)
        _photograph(_compared(Path(folder)), [("", COMPARED, "compare")])


def _compared(folder: Path) -> Path:
    """Compare methods on a simulated world; return the page."""
    (folder / "team.json").write_text(json.dumps(TEAM), encoding="utf-8")
    rows = (f"A shelf holds {7 * n + 3} boxes of {5 * n + 2} pens; {n} are missing. How many?" for n in range(160))
    (folder / "rows.jsonl").write_text("".join(f'{{"input": "{row}"}}\n' for row in rows), encoding="utf-8")
    maspo = [sys.executable, "-m", "maspo"]
    with subprocess.Popen([*maspo, "world", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as world:  # noqa: S603
        try:
            url = (world.stdout or sys.stdin).readline().strip()
            asked = [
                "team.json",
                "--inputs",
                "rows.jsonl",
                "--group-by",
                "none",
                "--base-url",
                url,
                "--out",
                "compared",
            ]
            asked += ["--methods", METHODS, "--seeds", "0-2", "--set", "search.calls=1000"]
            state = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
            subprocess.run([*maspo, "compare", *asked], cwd=folder, env=state, capture_output=True, check=True)  # noqa: S603
        finally:
            world.terminate()
    return folder / "compared" / "comparison.html"


def _photograph(report: Path, pictures: list[tuple[str, str, str]]) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"no pictures: none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return
    # Without a sandbox only because the page is our own and loads nothing.
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command.append("--virtual-time-budget=2000")
    for page, size, name in pictures:
        target = ROOT / f"docs/images/{name}.png"
        shot = [*command, f"--window-size={size}", f"--screenshot={target}", f"{report.as_uri()}#{page}"]
        subprocess.run(shot, check=True, capture_output=True)  # noqa: S603


if __name__ == "__main__":
    main()
