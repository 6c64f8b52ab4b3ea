"""Guards of the simulated world: they keep an agent from planted notes and senseless texts, and do nothing else."""

from __future__ import annotations

from statistics import fmean

import pytest

from maspo.data.inputs import make_inputs
from maspo.models.base import RoleSettings
from maspo.runners.faults import Fault, Kind, Plan, is_followed
from maspo.runners.prompt_graph import PromptGraph
from maspo.scoring.answers import is_correct
from maspo.world import World, WorldSpec
from maspo.world.catalogue import PLANTED, SENSELESS, add, of_kind
from maspo.world.catalogue import Kind as Says
from maspo.world.proposer import read_evidence


async def figures(kind: Kind | None, guards: str, seed: int = 3) -> tuple[float, float]:
    """Return the share of right answers of a team, and of answers that follow a planted note."""
    world = World(WorldSpec(seed=seed))
    system, rows = world.system("reflect"), make_inputs(world.inputs(120)).rows
    prompts = dict(system.prompts)
    for sentence in of_kind(Says.GUARD):
        if sentence.aspect == guards:
            prompts = {name: add(text, sentence) for name, text in prompts.items()}
    plan = Plan((Fault(kind, "solver"),)) if kind else Plan()
    graph = PromptGraph(system, {row.key: row for row in rows}, world, RoleSettings("m"), plan=plan)
    traces = [await graph.run(prompts, row.key) for row in rows]
    right = fmean(is_correct("tag:answer", one.output, row.answer or "") for one, row in zip(traces, rows, strict=True))
    return right, fmean(is_followed(one.output) for one in traces)


@pytest.mark.parametrize("kind", [Kind.PLANTED_INPUT, Kind.PLANTED_OUTPUT])
async def test_i91_guards_stop_notes_that_seed_prompts_follow(kind: Kind) -> None:
    (_, seed), (_, other), (_, guarded) = [await figures(kind, guards) for guards in ("", SENSELESS, PLANTED)]
    assert seed > 0.5 and other > 0.5 and guarded < 0.25


@pytest.mark.parametrize("kind", [Kind.NONSENSE, Kind.LATE, Kind.FORMAT])
async def test_i92_guards_save_answers_from_senseless_texts(kind: Kind) -> None:
    clean, seed, guarded = [(await figures(*one))[0] for one in ((None, ""), (kind, ""), (kind, SENSELESS))]
    assert clean - seed > 0.1 and clean - guarded < 0.6 * (clean - seed)


async def test_i93_without_a_fault_guards_do_nothing() -> None:
    found = [await figures(None, guards) for guards in ("", PLANTED, SENSELESS)]
    assert all(abs(right - found[0][0]) < 0.1 and followed == 0 for right, followed in found)


def test_i94_the_proposer_sees_what_an_agent_was_not_kept_from() -> None:
    shown = "<trace>\n<output>\n{}\n</output>\n</trace>"
    assert read_evidence(shown.format("Led astray by: a note.")).unguarded == ((PLANTED, 1),)
    assert read_evidence(shown.format("Misled by: 2 of the outputs read.")).unguarded == ((SENSELESS, 1),)
    assert read_evidence(shown.format("Missed: units.")).unguarded == ()
