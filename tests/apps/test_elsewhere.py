"""Rollouts of an app with workers: what comes out is what comes out here, whoever gets lost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from maspo.apps.elsewhere import AppElsewhere, check_elsewhere
from maspo.apps.pool import Pool
from maspo.apps.runner import AppRunner
from maspo.core.clusters import brought
from maspo.core.errors import CallFailed, ConfigInvalid
from maspo.core.trace import Trace
from maspo.core.workers import processes
from maspo.data.inputs import make_inputs
from maspo.models.scripted import ScriptedModel
from maspo.team import Agent, System
from maspo.team.app import App
from maspo.testing.runners import echo
from tests.apps.conftest import WriteApp
from tests.apps.teams import PAIR, OverTheWire
from tests.apps.test_app_runner import SETTINGS, team

ROWS = make_inputs([{"input": f"question {number}"} for number in range(5)])
LOSES_ITS_WORKER = PAIR.replace(
    "def answer(row):",
    """
def lose(times):
    from pathlib import Path
    import signal
    lost = Path("lost")
    met = len(lost.read_text()) if lost.exists() else 0
    if met < times:
        lost.write_text("x" * (met + 1))
        above = int(Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(above, signal.SIGKILL)
        __import__("time").sleep(60)

def answer(row):
    if row["input"].endswith("3"):
        lose(TIMES)
""",
)
"""An app that kills whoever started it, so many times."""


async def traces(system: System, jobs: int, model: Any = None) -> tuple[list[Trace], list[Any]]:
    """Run a team on all rows with so many workers, 0: as it is run without any; return traces and requests."""
    told = ScriptedModel(echo)

    async def play(pool: Any) -> list[Trace]:
        rows = {row.key: row for row in ROWS.rows}
        runner = AppRunner(system, rows, OverTheWire(model or told), SETTINGS, pool)
        try:
            return await asyncio.gather(*(runner.run(system.prompts, key) for key in rows))
        finally:
            await runner.close()

    if not jobs:
        return await play(Pool), told.requests
    with processes(jobs) as workers:
        return await play(lambda app: AppElsewhere(app, workers)), told.requests


@pytest.mark.slow
async def test_ae1_an_app_answers_with_workers_what_it_answers_here(app: WriteApp) -> None:
    system = team(app(PAIR))
    here, asked_here = await traces(system, 0)
    there, asked_there = await traces(system, 2)
    assert here == there
    assert len(asked_here) == len(asked_there) == 2 * len(ROWS.rows)


@pytest.mark.slow
async def test_ae2_a_rollout_whose_worker_is_lost_begins_anew_and_one_that_loses_each_has_failed(app: WriteApp) -> None:
    here, _ = await traces(team(app(PAIR)), 0)
    there, asked = await traces(team(app(LOSES_ITS_WORKER.replace("TIMES", "2"))), 2)
    assert [trace.output for trace in here] == [trace.output for trace in there]
    assert len(asked) >= 2 * len(ROWS.rows)
    with pytest.raises(CallFailed, match="lost 3 times"):
        await traces(team(app(LOSES_ITS_WORKER.replace("TIMES", "99"))), 2)


def test_ae3_what_cannot_run_elsewhere_is_told_before_anything_begins(tmp_path: Path) -> None:
    def told(executor: str, carried: str = "", **app: Any) -> str:
        system = System((Agent("a", "You answer."),), app=App(**app) if app else None)
        with pytest.raises(ConfigInvalid) as refused:
            check_elsewhere(system, executor, carried)
        return str(refused.value)

    assert "only an app" in told("ray")
    assert "runs where it is" in told("ray", run="http://127.0.0.1:1/")
    assert "keep_alive" in told("ray", run="team:answer", keep_alive=True)
    assert "expected ray" in told("dask", run="team:answer")
    assert "give --executor" in told("", str(tmp_path), run="team:answer")
    assert "no such folder" in told("ray", str(tmp_path / "nowhere"), run="team:answer")
    check_elsewhere(System((Agent("a", "You answer."),), app=App("team:answer")), "ray:auto", str(tmp_path))


def test_ae4_a_folder_is_where_it_was_or_in_the_copy_that_was_carried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert brought("/home/me/app/team") == "/home/me/app/team"
    monkeypatch.setenv("MASPO_CARRIED", "/home/me/app")
    assert brought("/home/me/app") == str(tmp_path)
    assert brought("/home/me/app/team") == str(tmp_path / "team")
    assert brought("/home/me/apple") == "/home/me/apple"
    assert not brought("")
