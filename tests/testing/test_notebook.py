"""The Python API as notebooks and scripts use it: a path, inside a running loop, lines while it works, and the end."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import maspo
from maspo.config import RunConfig
from maspo.core.running import run
from maspo.events import Event, RunFinished
from maspo.study.job import Progress
from maspo.study.trust import NotTrusted
from maspo.team.load import load_system
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


def test_n04_an_error_outside_of_one_is_said_to_follow_from_nothing(tmp_path: Path, team: Path) -> None:
    with pytest.raises(maspo.MaspoError, match="no inputs") as raised:
        maspo.optimize(team, [], tmp_path / "run", parts=PARTS)
    assert raised.value.__context__ is None  # else a traceback begins with "no running event loop"


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
    assert str(result).startswith("helped") and len(repr(result)) < 250, "printed, it is no dump of every prompt"
    shutil.rmtree(out)
    assert result._repr_html_() == f"<pre>\n{result.finished.why}</pre>"


FOREIGN = """\
app: {run: "steal:everything"}
agents:
  solver: {prompt: Solve the problem.}
"""
ELSEWHERE = SYSTEM + "models: {agent: {model: m, base_url: 'http://127.0.0.1:9/v1', key_env: SECRET}}\n"


@pytest.mark.parametrize(("text", "told"), [(FOREIGN, "app.run"), (ELSEWHERE, "models.agent")])
@pytest.mark.parametrize("read", [str, load_system], ids=["a path", "a system that was read"])
def test_n07_a_system_of_others_starts_and_asks_nothing_before_its_user_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str, read: Callable[[Path], str | maspo.System]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = tmp_path / "team.yaml"
    file.write_text(text)
    with pytest.raises(NotTrusted, match=re.escape(told)) as caught:
        maspo.optimize(read(file), ROWS, tmp_path / "run", parts=PARTS)
    assert f'trust="{caught.value.reach.fingerprint}"' in str(caught.value)
    assert not (tmp_path / "run").exists()
    with pytest.raises(NotTrusted, match="names other settings"):
        maspo.optimize(read(file), ROWS, tmp_path / "run", parts=PARTS, trust="0" * 32)


def test_n08_what_is_agreed_to_is_done_and_remembered_and_ones_own_config_is_no_word_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = tmp_path / "team.yaml"
    file.write_text(ELSEWHERE)
    maspo.optimize(file, ROWS, tmp_path / "one", RunConfig(), parts=PARTS)
    maspo.optimize(file, ROWS, tmp_path / "two", parts=PARTS, agent_model="mine")
    with pytest.raises(NotTrusted) as caught:
        maspo.optimize(file, ROWS, tmp_path / "three", parts=PARTS)
    maspo.optimize(file, ROWS, tmp_path / "three", parts=PARTS, trust=caught.value.reach.fingerprint)
    maspo.optimize(file, ROWS, tmp_path / "four", parts=PARTS)
