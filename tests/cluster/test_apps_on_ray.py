"""Rollouts of an app on the nodes of a Ray cluster: what they answer and ask is what they answer and ask here."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from maspo.apps.elsewhere import rollouts_on
from maspo.apps.pool import Pool
from maspo.apps.runner import AppRunner
from maspo.core.trace import Trace
from maspo.data.inputs import make_inputs
from maspo.models.scripted import ScriptedModel
from maspo.team import System
from maspo.team.app import App
from maspo.testing.runners import echo
from tests.apps.teams import PAIR, OverTheWire
from tests.apps.test_app_runner import SETTINGS, team
from tests.cluster.nodes import Nodes
from tests.going_on import wait_until

pytest.importorskip("ray", reason="Ray is not installed: make ray")
ROWS = make_inputs([{"input": f"question {number}"} for number in range(12)])


def noting(folder: Path, notes: Path, seconds: float = 0.0) -> System:
    """Return a team of two in a folder, whose rollouts note where they run, and take their time."""
    folder.mkdir()
    note = f"import pathlib, time\n    pathlib.Path({str(notes)!r}).open('a').write(os.getcwd() + chr(10))"
    body = f"def answer(row):\n    {note}\n    time.sleep({seconds})"
    (folder / "team.py").write_text(PAIR.replace("def answer(row):", body), encoding="utf-8")
    (folder / ".env").write_text("KEY=not for others", encoding="utf-8")
    return team(App("team:answer", folder=str(folder), seconds=60.0))


async def play(system: System, pool: Any, beside: Any = None) -> tuple[list[Trace], int]:
    """Run a team on all rows; return traces, and how often a model was asked."""
    model = ScriptedModel(echo)
    rows = {row.key: row for row in ROWS.rows}
    runner = AppRunner(system, rows, OverTheWire(model), SETTINGS, pool)
    try:
        running = asyncio.gather(*(runner.run(system.prompts, key) for key in rows))
        if beside is not None:
            await beside()
        return await running, len(model.requests)
    finally:
        await runner.close()


async def test_ra1_a_folder_that_is_carried_answers_on_nodes_what_it_answers_here(tmp_path: Path, nodes: Nodes) -> None:
    notes = tmp_path / "notes"
    system = noting(tmp_path / "app", notes)
    here = await play(system, Pool)
    assert set(notes.read_text().split()) == {str(tmp_path / "app")}
    notes.unlink()
    with rollouts_on(f"ray:{nodes.address}", str(tmp_path / "app")) as rollouts:
        assert await play(system, rollouts) == here
    where = {Path(line) for line in notes.read_text().split()}
    assert tmp_path / "app" not in where
    assert all((folder / "team.py").exists() and not (folder / ".env").exists() for folder in where)


async def test_ra2_rollouts_of_a_node_that_is_killed_begin_anew_on_others(tmp_path: Path, nodes: Nodes) -> None:
    notes = tmp_path / "notes"
    system = noting(tmp_path / "app", notes, seconds=1.0)

    async def kill() -> None:
        await asyncio.to_thread(wait_until, notes.exists, lambda: None)
        nodes.kill_node(random.Random(0))

    with rollouts_on(f"ray:{nodes.address}") as rollouts:
        traces, asked = await play(system, rollouts, kill)
    here, least = await play(system, Pool)
    assert traces == here
    assert least <= asked <= least + 2 * 2  # of a rollout that was under way on the node: no record answers here
