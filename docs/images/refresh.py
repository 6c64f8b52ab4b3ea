"""Renews what the docs show: the text of ``maspo demo``, and pictures.

Of the page of that run, of the run in a notebook, of a comparison, of both in turns, and of a run that works.

    make picture

Pictures need chromium, the last one also web/node_modules; without it only the text is renewed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from maspo.cli.in_python import in_python
from maspo.report.cell import cell_html
from maspo.report.folder import look

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    "report": ("overview", "1180,1180"),
    "prompts": ("prompts", "1180,900"),
    "search": ("search", "1180,820"),
    "inputs": ("inputs", "1180,900"),
}
"""Of docs/images: the page of the run that each shows, and its width and height in pixels."""
CELL = "1000,690"
COMPARED = "1180,2100"
JOINT = "1180,1640"
WORKING = "1180,900"
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
        report = next(Path(folder).glob("maspo-runs/*/report.html"))
        _photograph(report, pictures)
        _photograph(_in_notebook(report), [("", CELL, "notebook")])
        (Path(folder) / "team.json").write_text(json.dumps(TEAM), encoding="utf-8")
        rows = (f"A shelf holds {7 * n + 3} boxes of {5 * n + 2} pens; {n} are missing. How many?" for n in range(160))
        text = "".join(json.dumps({"id": f"row-{n:03}", "input": row}) + "\n" for n, row in enumerate(rows))
        (Path(folder) / "rows.jsonl").write_text(text, encoding="utf-8")
        _photograph(_compared(Path(folder)), [("", COMPARED, "compare")])
        _photograph(_in_turns(Path(folder)), [("", JOINT, "joint")])
        _photograph_working(Path(folder))


def _in_notebook(report: Path) -> Path:
    """Return a page that shows a run as the output of a cell does: in the letters of the page around it."""
    file = report.with_name("cell.html")
    shown = cell_html(look(report.parent).view, str(Path(*report.parts[-3:])), in_python)
    letters = "font:14px system-ui,'DejaVu Sans',sans-serif;margin:1.2rem 1.6rem"
    file.write_text(f'<!doctype html><body style="{letters}">{shown}', encoding="utf-8")
    return file


def _compared(folder: Path) -> Path:
    """Compare methods on a simulated world; return the page."""
    with _world() as url:
        asked = ["--methods", METHODS, "--seeds", "0-2", "--set", "search.calls=1000"]
        _run(folder, "compare", url, "compared", asked)
    return folder / "compared" / "comparison.html"


def _in_turns(folder: Path) -> Path:
    """Optimize prompts and structure on a simulated world; return the page."""
    with _world() as url:
        _run(folder, "optimize", url, "both", ["--optimize", "prompts,structure", "--max-calls", "3000", "--yes"])
    return folder / "both" / "report.html"


def _photograph_working(folder: Path) -> None:
    """Take a picture of a run that works, from the page of a server."""
    node = shutil.which("node")
    if node is None or not (ROOT / "web/node_modules/playwright-core").is_dir():
        print("no picture of a run that works: it needs node and web/node_modules", file=sys.stderr)
        return
    run = ["optimize", *_asked("working"), "--max-calls", "3000", "--yes"]
    with (
        _world("--latency-ms", "500") as url,
        _told(folder, [*run, "--base-url", url], "stderr") as lines,
    ):
        next(line for line in lines if "round 2 of" in line)
        # Its folder is there by now.
        with _told(folder, ["ui", "working", "--allow-actions"], "stdout") as told:
            address = next(told).strip().replace("#", "#/run/working/overview&")
            shot = [
                node,
                str(ROOT / "docs/images/live.mjs"),
                address,
                WORKING,
                "Running · round",
                "docs/images/live.png",
            ]
            subprocess.run(shot, cwd=ROOT, check=True, timeout=120)  # noqa: S603


@contextmanager
def _world(*options: str) -> Iterator[str]:
    """Serve a simulated world, give its address, and end it."""
    with _told(ROOT, ["world", "serve", "--port", "0", *options], "stdout") as lines:
        yield next(lines).strip()


@contextmanager
def _told(folder: Path, command: list[str], stream: Literal["stdout", "stderr"]) -> Iterator[Iterator[str]]:
    """Start a command of ours, give what it tells line by line, and end it."""
    whole = [sys.executable, "-m", "maspo", *command]
    state = {**os.environ, "XDG_STATE_HOME": str(folder / "state")} if folder != ROOT else None
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: subprocess.PIPE}
    with subprocess.Popen(whole, cwd=folder, env=state, text=True, **pipes) as process:  # type: ignore[call-overload]  # noqa: S603
        try:
            yield iter(process.stdout or process.stderr)
        finally:
            process.terminate()


def _asked(out: str) -> list[str]:
    return ["team.json", "--inputs", "rows.jsonl", "--group-by", "none", "--out", out]


def _run(folder: Path, command: str, url: str, out: str, more: list[str]) -> None:
    # Looks at the hold-out of one picture are none at that of another with the same rows.
    state = {**os.environ, "XDG_STATE_HOME": str(folder / "state" / out)}
    whole = [sys.executable, "-m", "maspo", command, *_asked(out), "--base-url", url, *more]
    subprocess.run(whole, cwd=folder, env=state, capture_output=True, check=True)  # noqa: S603


def _photograph(report: Path, pictures: list[tuple[str, str, str]]) -> None:
    _photograph_at([(f"{report.as_uri()}#{page}", size, name) for page, size, name in pictures])


def _photograph_at(pictures: list[tuple[str, str, str]]) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"no pictures: none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return
    # Without a sandbox only because the page is our own and loads nothing.
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command.append("--virtual-time-budget=2000")
    for address, size, name in pictures:
        target = ROOT / f"docs/images/{name}.png"
        shot = [*command, f"--window-size={size}", f"--screenshot={target}", address]
        subprocess.run(shot, check=True, capture_output=True)  # noqa: S603


if __name__ == "__main__":
    main()
