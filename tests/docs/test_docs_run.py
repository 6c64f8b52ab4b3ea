"""What README and docs show can be run: every shell and Python block, in order, in an empty folder per page.

A comment on the line before a block says what it needs, in HTML so that readers do not see it:

- ``file: NAME``: the block is written to that file
- ``needs: endpoint``: the simulated world stands in for every address in the block, with a key and prices
- ``postgresql://…`` in it is a database of a server that is started for the page, which is skipped where there is none
- ``needs: package``: the package that the page has written is installed
- ``exits: N``: the exit code that is expected, else 0
- ``not run: REASON``: not run; make targets in it must exist
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests import postgres
from tests.packages import build, unpack

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SECONDS = 120
INSTALLED = "installed"
"""The folder of packages that a page builds, if it does."""
DIRECTIVES = {"file", "needs", "exits", "not run", "demo"}
SHOWN_ONLY = {"text", "bibtex"}

_FENCE = re.compile(
    r"(?:^<!-- (?P<said>[^\n]*?) -->\n)?^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_ADDRESS = re.compile(r"https?://[^\s'\",]+")
_STORE = re.compile(r"postgresql://[^\s'\"#]+")
_SETTINGS = '[models.prices]\n"your-model" = [0.4, 1.6]\n"your-larger-model" = [2.0, 8.0]\n[search]\ncalls = 600\n'
"""The price list that the real endpoint would have; and searches over HTTP end after a quarter of their usual calls."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page and what the comment before it says."""

    page: str
    line: int
    language: str
    text: str
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        return self.language in ("bash", "python") and "not run" not in self.said

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language})"


def blocks(page: Path) -> list[Block]:
    content = page.read_text(encoding="utf-8")
    return [
        Block(
            page.relative_to(ROOT).as_posix(),
            content.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["text"],
            _said(found["said"] or ""),
        )
        for found in _FENCE.finditer(content)
    ]


def _said(comment: str) -> dict[str, str]:
    parts = (part.partition(":") for part in comment.split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in parts}


ALL = [block for page in PAGES for block in blocks(page)]
RUN = [
    page for page in PAGES if any(b.language in ("bash", "python") and "not run" not in b.said for b in blocks(page))
]


def _csv(text: str) -> None:
    widths = {len(row) for row in csv.reader(io.StringIO(text))}
    assert len(widths) == 1


READERS: Mapping[str, Callable[[str], object]] = {
    "yaml": yaml.safe_load,
    "json": json.loads,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "toml": tomllib.loads,
    "csv": _csv,
    "python": lambda text: compile(text, "block", "exec"),
}


@pytest.mark.parametrize("block", ALL, ids=str)
def test_d01_every_block_is_of_a_known_kind_and_readable(block: Block) -> None:
    assert block.said.keys() <= DIRECTIVES
    assert block.language in {*READERS, *SHOWN_ONLY, "bash"}, "name the language, so that the block is checked"
    READERS.get(block.language, str)(block.text)


def test_d02_every_fence_is_found() -> None:
    fences = sum(page.read_text(encoding="utf-8").count("\n```") for page in PAGES)
    assert fences == 2 * len(ALL)


def test_d03_make_targets_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    shown = {
        name
        for page in PAGES
        for name in re.findall(r"(?:^|`)make ([a-z-]+)(?=\s+#|`|$)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= shown <= set(targets)


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    """Return the base URL of a simulated world."""
    command = [sys.executable, "-m", "maspo", "world", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_d04_the_commands_of_a_page_work_in_their_order(page: Path, world: str, tmp_path: Path) -> None:
    store = (
        postgres.shared().database().shown if any(_STORE.search(one.text) for one in blocks(page) if one.runs) else ""
    )
    for block in blocks(page):
        text = _ADDRESS.sub(world, block.text) if block.said.get("needs") == "endpoint" else block.text
        text = _STORE.sub(store, text) if block.runs else text
        if "file" in block.said:
            file = tmp_path / block.said["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if block.said.get("needs") == "package":
            unpack(build(tmp_path, tmp_path / "dist"), tmp_path / INSTALLED)
        if block.runs:
            _run(block, text, world, tmp_path)


def _run(block: Block, text: str, world: str, folder: Path) -> None:
    endpoint = block.said.get("needs") == "endpoint"
    # No page relies on the file being absent.
    (folder / "maspo.toml").write_text(_SETTINGS if endpoint else "", encoding="utf-8")
    command = ["bash", "-euo", "pipefail", "-c", text] if block.language == "bash" else [sys.executable, "-c", text]
    done = subprocess.run(
        command,
        cwd=folder,
        env=_environment(world if endpoint else "", folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    expected = int(block.said.get("exits", "0"))
    assert done.returncode == expected, f"{block}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"


def _environment(world: str, folder: Path) -> dict[str, str]:
    """Return an environment in which ``maspo`` is the one under test and nothing of the user's settings is seen."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    endpoint = {"OPENAI_BASE_URL": world, "OPENAI_API_KEY": "made-up"} if world else {}
    installed = {"PYTHONPATH": str(folder / INSTALLED)}
    return {**kept, **installed, "PATH": path, "HOME": str(folder), "NO_PROXY": "*", **endpoint}
