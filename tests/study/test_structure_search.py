"""The whole search for a better structure on the simulated world: what goes, stopped, gone on with, and under a cap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.config import Caps, HoldoutSettings, RunConfig
from maspo.core.errors import ConfigInvalid, Interrupted
from maspo.core.verdict import Verdict
from maspo.data.tasks.task import Task, TaskRow
from maspo.events import HoldoutResult
from maspo.models.base import ModelClient, Request
from maspo.optimizers.structure.base import Method, StructurePlan
from maspo.report.structure import RESULT, SYSTEM_FILE, structure_summary, write_structure
from maspo.study.attention import Attention
from maspo.study.evaluation.job import Evaluation
from maspo.study.evaluation.structure import StructureFindings, most_calls, search_structure, verdict_of, worse_bound
from maspo.study.holdout import tally
from maspo.study.job import Job
from maspo.study.resolve import split_of
from maspo.team import System
from maspo.team.changes import DropAgent
from maspo.testing.runs import Counted, Recorder
from maspo.world import World, WorldSpec

PLAN = StructurePlan()
WORLD = World(WorldSpec(seed=5))


def evaluation_of(team: str = "rumours", inputs: int = 90, caps: Caps | None = None) -> Evaluation:
    rows = tuple(
        TaskRow(columns={"input": str(row["input"])}, id=str(row["id"]), answer=str(row["answer"]))
        for row in WORLD.inputs(inputs)
    )
    config = RunConfig(caps=caps or Caps())
    system = WORLD.system(team)
    return Evaluation(system, Task(name="world", test_rows=rows), config, system.prompts, scorer="judge")


def attention(model: ModelClient, stop: asyncio.Event | None = None) -> Attention:
    @asynccontextmanager
    async def provider(_: Job, __: str) -> AsyncIterator[ModelClient]:
        yield model

    return Attention(Recorder(), provider, stop=stop)


async def test_u01_members_who_only_harm_go_and_the_team_is_better_for_it(tmp_path: Path) -> None:
    model, evaluation = Counted(WORLD), evaluation_of()
    found = await search_structure(evaluation, "greedy", PLAN, tmp_path, attention(model))
    assert {DropAgent("gossip"), DropAgent("oracle")} <= set(found.changes)
    assert found.verdict in ("better", "as_good")
    assert WORLD.accuracy(found.system, found.system.prompts) > WORLD.accuracy(evaluation.system, {}) + 0.05
    assert model.calls <= most_calls(evaluation, "greedy", PLAN, split_of(evaluation.job))
    assert found.before is not None and found.after is not None and found.after.cost.calls < found.before.cost.calls
    write_structure(tmp_path, found)
    assert System.load(str(tmp_path / SYSTEM_FILE)) == replace(found.system, name=found.system.name)
    figures = json.loads((tmp_path / RESULT).read_text())
    assert figures["verdict"] == found.verdict and figures["changes"] == [str(one) for one in found.changes]
    assert "without gossip" in structure_summary(found)
    refused = [one for one in found.tried if not one.kept]
    assert structure_summary(found).count("; may be worse by ") == len(refused), "a refusal gives its reason"
    assert ("since several add up to the margin" in structure_summary(found)) == bool(refused)


@pytest.mark.parametrize("method", ["greedy", "agent-dropout"])
async def test_u02_it_goes_on_where_it_was_stopped_and_pays_no_call_twice(tmp_path: Path, method: Method) -> None:
    evaluation = evaluation_of("diamond", 40)
    whole = Counted(WORLD)
    found = await search_structure(evaluation, method, PLAN, tmp_path / "whole", attention(whole))
    assert whole.calls <= most_calls(evaluation, method, PLAN, split_of(evaluation.job))
    stop = asyncio.Event()

    async def before(_: object) -> None:
        if first.calls > whole.calls // 2:
            stop.set()

    first, second = Counted(WORLD, before), Counted(WORLD)
    with pytest.raises(Interrupted):
        await search_structure(evaluation, method, PLAN, tmp_path / "run", attention(first, stop))
    again = await search_structure(evaluation, method, PLAN, tmp_path / "run", attention(second))
    assert (again.changes, again.holdout, again.tried) == (found.changes, found.holdout, found.tried)
    assert not first.keys & second.keys


async def test_u03_a_cap_holds_and_leaves_the_team_as_it_is(tmp_path: Path) -> None:
    model, caps = Counted(WORLD), Caps(calls=150)
    found = await search_structure(evaluation_of(caps=caps), "greedy", PLAN, tmp_path, attention(model))
    assert model.calls <= 150
    assert found.verdict == "unchanged" and not found.changes and found.cap
    assert found.system == found.evaluation.system


async def test_u07_which_inputs_of_the_test_a_cap_leaves_out_is_not_told_by_who_is_slow(tmp_path: Path) -> None:
    whole = evaluation_of(inputs=60, caps=Caps(calls=360))
    whole = replace(whole, config=whole.config.model_copy(update={"holdout": HoldoutSettings(share=0.75)}))
    texts = [row.columns["input"] for row in whole.task.test.rows]
    found: list[StructureFindings] = []
    for slow in (texts[::2], texts[1::2]):

        async def wait(request: Request, slow: Sequence[str] = tuple(slow)) -> None:
            if any(text in message.content for text in slow for message in request.messages):
                await asyncio.sleep(0.002)

        model = Counted(WORLD, wait)
        found.append(await search_structure(whole, "greedy", PLAN, tmp_path / str(len(found)), attention(model)))
        assert model.calls == 360
    one, other = found
    assert one.holdout is not None and one.changes and one.cap == "--max-calls 360"
    assert one.holdout == other.holdout
    calls = 360 - 360 // 2
    assert one.holdout.n > calls // (2 * whole.calls_of_a_run + 2) and one.holdout.undecided


async def test_u04_of_an_app_nothing_is_changed_and_models_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="--try-model"):
        await search_structure(
            evaluation_of(), "greedy", StructurePlan(("models",)), tmp_path, attention(Counted(WORLD))
        )


def held_out(wins: int, losses: int, n: int, undecided: int = 0, groups: int | None = None) -> HoldoutResult:
    ties = n - wins - losses
    return HoldoutResult(n, wins, losses, ties, undecided, 1.0, 1.0, (-1.0, 1.0), None, groups=groups)


def test_u05_what_is_undecided_is_lost_and_copies_of_an_input_count_once() -> None:
    assert worse_bound(held_out(0, 0, 39, undecided=1)) == pytest.approx(worse_bound(held_out(0, 1, 40)))
    assert worse_bound(held_out(0, 0, 40, groups=10)) == pytest.approx(worse_bound(held_out(0, 0, 10)))
    assert worse_bound(held_out(0, 0, 40)) < 0.1 < worse_bound(held_out(0, 0, 20))


@pytest.mark.parametrize(
    ("wins", "losses", "undecided", "greedy", "dropout"),
    [
        (0, 0, 0, "as_good", "as_good"),
        (2, 2, 0, "as_good", "as_good"),
        (1, 2, 0, "as_good", "not_proven"),
        (0, 0, 1, "as_good", "not_proven"),
        (12, 0, 0, "better", "better"),
    ],
)
def test_u06_who_is_said_to_harm_is_kept_where_held_out_inputs_lean_to_them(
    wins: int, losses: int, undecided: int, greedy: str, dropout: str
) -> None:
    holdout = tally(
        [Verdict.WIN] * wins + [Verdict.LOSS] * losses + [Verdict.UNDECIDED] * undecided + [Verdict.TIE] * 90
    )
    changes = (DropAgent("gossip"),)
    assert verdict_of("greedy", changes, holdout, PLAN.margin) == greedy
    assert verdict_of("agent-dropout", changes, holdout, PLAN.margin) == dropout
