"""The Python API as notebooks and scripts use it: a path, inside a running loop, lines while it works, and the end."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path

import pytest

import maspo
from maspo.core.running import run
from maspo.events import Event, RunFinished
from maspo.study.job import Progress
from maspo.world import World
from tests.testing.test_parts_as_objects import with_client

SYSTEM = """\
agents:
  solver: {prompt: Solve the problem.}
  critic: {prompt: Check the solution., reads: [solver]}
"""
ROWS = World().inputs(24)


PARTS = with_client()


@pytest.fixture
def team(tmp_path: Path) -> Path:
    file = tmp_path / "team.yaml"
    file.write_text(SYSTEM)
    return file


def test_n01_a_path_is_a_system_and_print_is_told_every_step(tmp_path: Path, team: Path) -> None:
    lines: list[str] = []
    result = maspo.optimize(str(team), ROWS, tmp_path / "run", parts=PARTS, progress=lines.append)
    assert set(result.prompts) == {"solver", "critic"}
    assert lines[0].endswith("team: 2 agents, 12 inputs to search, 12 held out")
    assert any("finished: " in line for line in lines)
    lines.clear()
    maspo.resume(tmp_path / "run", PARTS, progress=lines.append)
    assert lines == []


def test_n02_a_watcher_is_told_events_and_figures(tmp_path: Path, team: Path) -> None:
    class Watching:
        events: list[Event] = []  # noqa: RUF012 (one watcher, one run)
        calls = 0

        def on_event(self, event: Event) -> None:
            self.events.append(event)

        def on_progress(self, progress: Progress) -> None:
            self.calls = max(self.calls, progress.calls)

    watching = Watching()
    maspo.optimize(team, ROWS, tmp_path / "run", parts=PARTS, progress=watching)
    assert isinstance(watching.events[-1], RunFinished)
    assert watching.calls > 0


async def test_n03_inside_a_running_loop_it_works_too(tmp_path: Path, team: Path) -> None:
    result = maspo.optimize(team, ROWS, tmp_path / "run", parts=PARTS)
    shown = maspo.resume(tmp_path / "run", PARTS)._repr_html_()
    assert shown == result._repr_html_()
    assert (await maspo.resume_async(tmp_path / "run", PARTS)).prompts == result.prompts


async def test_n04_an_error_inside_a_running_loop_is_the_same_error(tmp_path: Path, team: Path) -> None:
    with pytest.raises(maspo.MaspoError, match="no inputs"):
        maspo.optimize(team, [], tmp_path / "run", parts=PARTS)


async def test_n05_an_interrupt_ends_what_runs_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, begun = threading.Event(), threading.Event()

    async def forever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def interrupted(_: object, timeout: float | None = None) -> None:
        assert begun.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr("concurrent.futures.Future.result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(forever())
    assert ended.is_set()


def test_n06_what_a_notebook_shows_is_escaped_and_survives_its_folder(tmp_path: Path, team: Path) -> None:
    out = tmp_path / "<img src=x onerror=alert(1)>"
    result = maspo.optimize(team, ROWS, out, parts=PARTS)
    shown = result._repr_html_()
    assert "hold-out" in shown or "no better prompts" in shown
    assert "<img" not in shown and "&lt;img" in shown
    shutil.rmtree(out)
    assert result._repr_html_() == f"<pre>\n{result.finished.why}</pre>"
