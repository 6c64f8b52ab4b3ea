"""Renews the run that README.md shows: the text of ``maspo demo``, and pictures of the page of that run.

    make picture

Pictures need chromium; without it only the text is renewed.
"""

from __future__ import annotations

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
        _photograph(next(Path(folder).glob("maspo-runs/*/report.html")))


def _photograph(report: Path) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"no pictures: none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return
    # Without a sandbox only because the page is our own and loads nothing.
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command.append("--virtual-time-budget=2000")
    for name, (page, size) in PICTURES.items():
        target = ROOT / f"docs/images/{name}.png"
        shot = [*command, f"--window-size={size}", f"--screenshot={target}", f"{report.as_uri()}#{page}"]
        subprocess.run(shot, check=True, capture_output=True)  # noqa: S603


if __name__ == "__main__":
    main()
