"""What is seen of a run that is started from Python: a panel in a notebook or on a terminal, and arguments by name."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import maspo
from maspo.cli.in_python import in_python
from maspo.cli.notebook import Picture
from maspo.config import Caps, RunConfig
from maspo.core.errors import ConfigInvalid
from maspo.world import World
from tests.testing.test_parts_as_objects import with_client

TEAM = World().system("reflect")
ROWS = World().inputs(24)
PARTS = with_client()


class Cell:
    """An output of a cell, as a kernel keeps it."""

    def __init__(self, first: Picture) -> None:
        self.shown = [first]

    def update(self, now: Picture) -> None:
        """Replace it."""
        self.shown.append(now)


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """A process that answers the cells of a notebook, as far as maspo asks; drawn as often as anything happens."""
    found: list[Cell] = []

    def display(first: Picture, display_id: bool) -> Cell:
        assert display_id
        found.append(Cell(first))
        return found[-1]

    shell = types.SimpleNamespace(kernel=object())
    ipython, module = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined] # as IPython has it
    module.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr("maspo.cli.notebook._EVERY", 0.0)
    return found


def test_p01_a_notebook_draws_where_the_run_stands_and_leaves_a_line(tmp_path: Path, cells: list[Cell]) -> None:
    maspo.optimize(TEAM, ROWS, tmp_path / "run", parts=PARTS)
    (cell,) = cells
    at_work = [one for one in cell.shown if "calls" in repr(one)]
    assert len(at_work) > 3 and "<table" in at_work[0]._repr_html_()
    assert re.fullmatch(r"maspo: simulated-reflect, [\d,]+ calls, .* s", repr(cell.shown[-1]))


def test_p02_what_a_notebook_draws_is_escaped(tmp_path: Path, cells: list[Cell]) -> None:
    rows = [{**row, "question": "<img src=x onerror=alert(1)>"} if isinstance(row, dict) else row for row in ROWS]
    maspo.optimize(TEAM, rows, tmp_path / "run", parts=PARTS)
    assert all("<img" not in one._repr_html_() for one in cells[0].shown)


async def test_p03_of_runs_side_by_side_the_first_is_drawn(tmp_path: Path, cells: list[Cell]) -> None:
    both = (maspo.optimize_async(TEAM, ROWS, tmp_path / name, parts=PARTS) for name in ("one", "two"))
    await asyncio.gather(*both)
    assert len(cells) == 1
    maspo.resume(tmp_path / "one", PARTS)
    assert len(cells) == 2, "the next one is drawn again"


@pytest.mark.parametrize(("progress", "way"), [(None, ""), ("auto", "none")])
def test_p04_whoever_wants_to_see_nothing_says_so(
    tmp_path: Path, cells: list[Cell], monkeypatch: pytest.MonkeyPatch, progress: None, way: str
) -> None:
    monkeypatch.setenv("MASPO_PROGRESS", way)
    maspo.optimize(TEAM, ROWS, tmp_path / "run", parts=PARTS, progress=progress)
    assert cells == []


def test_p05_a_pipe_is_told_nothing_unless_lines_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    maspo.optimize(TEAM, ROWS, tmp_path / "one", parts=PARTS)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("MASPO_PROGRESS", "lines")
    maspo.optimize(TEAM, ROWS, tmp_path / "two", parts=PARTS)
    assert "simulated-reflect: 2 agents" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "told"), [("bar", "progress: 'bar'"), ("auto", "MASPO_PROGRESS: 'bar'")])
def test_p06_a_way_that_there_is_not_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, told: str
) -> None:
    monkeypatch.setenv("MASPO_PROGRESS", "bar")
    with pytest.raises(ConfigInvalid, match=re.escape(told)):
        maspo.optimize(TEAM, ROWS, tmp_path / "run", parts=PARTS, progress=given)  # type: ignore[arg-type] # wrong


IN_A_TERMINAL = """
import maspo, sys
from maspo.world import World
from tests.testing.test_parts_as_objects import with_client
maspo.optimize(World().system("reflect"), World().inputs(24), sys.argv[1], parts=with_client())
"""


@pytest.mark.parametrize(("term", "drawn"), [("xterm", True), ("dumb", False)])
def test_p07_a_terminal_that_can_draw_shows_the_panel(tmp_path: Path, term: str, drawn: bool) -> None:
    ours, theirs = os.openpty()
    program = [sys.executable, "-c", IN_A_TERMINAL, str(tmp_path / "run")]
    work = subprocess.Popen(program, env={**os.environ, "TERM": term}, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    found = b""
    try:
        while part := os.read(ours, 65_536):
            found += part
    except OSError:  # Linux says so of the end
        pass
    assert work.wait() == 0
    os.close(ours)
    assert ("maspo: simulated-reflect" in found.decode()) == drawn


def test_p08_errors_and_lines_name_arguments_not_options(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        maspo.optimize(TEAM, ROWS, tmp_path / "run", parts=PARTS, max_usd=1.0)
    assert "--" not in str(caught.value)
    assert str(caught.value).startswith("max_usd: no price is known for ")
    assert "config=RunConfig(models={'prices': {" in str(caught.value)
    lines: list[str] = []
    capped = RunConfig(caps=Caps(calls=30))
    world = maspo.Parts(client=World())
    result = maspo.optimize(TEAM, ROWS, tmp_path / "capped", capped, world, progress=lines.append)
    assert any("budget reached: max_calls=30" in line for line in lines)
    assert "max_calls=30" in str(result) and "max_calls=30" in result._repr_html_()
    assert "--max" not in str(result) + result._repr_html_()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A cap ended the search: --max-calls 500.", "A cap ended the search: max_calls=500."),
        ("`maspo resume run --max-calls 900` goes on", "`maspo.resume('run', max_calls=900)` goes on"),
        ("measure it (--labels use)", "measure it (labels='use')"),
        ("stayed in focus (--focus auto)", "stayed in focus (focus='auto')"),
        ("--max-usd 0.5: too low", "max_usd=0.5: too low"),
        ("check --base-url and that it runs", "check base_url and that it runs"),
        ("--base-url 'http://h': plain", "base_url='http://h': plain"),
        ("give --set models.max_tokens=800; or less", "give config=RunConfig(models={'max_tokens': 800}); or less"),
        ("--set models.use_proxy=true", "config=RunConfig(models={'use_proxy': True})"),
        ("--set models.reasoning_tokens=…, or", "config=RunConfig(models={'reasoning_tokens': …}), or"),
        ("pass --unsafe-exec to run it", "pass --unsafe-exec to run it"),
        ("--max-callsign", "--max-callsign"),
    ],
)
def test_p09_an_option_is_named_as_the_argument_that_it_is(text: str, told: str) -> None:
    assert in_python(text) == told


def test_p10_a_notebook_shows_what_to_mend_and_no_lines_of_ours() -> None:
    assert ConfigInvalid("max_usd: 0 is given")._render_traceback_() == ["ConfigInvalid: max_usd: 0 is given"]
