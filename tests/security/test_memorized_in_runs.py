"""Promise 18 in a whole run: copies of search inputs, hold-out inputs and labels never become a prompt."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.data.inputs import Input, Inputs, make_inputs
from maspo.events import CandidateScored, DraftRejected
from maspo.models.base import PROPOSER, Reply, Request
from maspo.study.optimize import start
from maspo.study.resolve import resolve, split_of
from maspo.testing.runs import Counted, Recorder, begin, world_job
from maspo.world import World
from maspo.world.spec import WorldSpec, Writing

LABEL = "the field needs exactly one hundred and twenty metres of fence, no more and no less"


class Memorizer:
    """The world, but its proposer writes inputs and labels into every prompt."""

    def __init__(self, world: World, rows: tuple[Input, ...]) -> None:
        self._world = world
        self._rows = itertools.cycle(rows)

    async def complete(self, request: Request) -> Reply:
        if request.purpose != PROPOSER:
            return await self._world.complete(request)
        row = next(self._rows)
        stolen = (*row.columns.values(), row.answer or "")
        return Reply("".join(f"<prompt>Example:\n{text.upper()}</prompt>" for text in stolen))


def told(inputs: Inputs) -> Inputs:
    """Return inputs whose texts are longer than twelve words, with long labels on every second one."""
    extra = "Word for word it says that number {n} is the one the old clerk kept {n} days in the green drawer"
    rows = [
        {
            "input": f"{row.columns['input']} {extra.format(n=number)}",
            **({"answer": f"{number}: {LABEL}"} if number % 2 else {}),
        }
        for number, row in enumerate(inputs.rows)
    ]
    return make_inputs(rows)


async def test_n01_a_proposer_that_copies_inputs_and_labels_changes_no_prompt(tmp_path: Path) -> None:
    job = world_job()
    job = replace(job, inputs=told(job.inputs))
    parts = split_of(job)
    assert parts.holdout, "copies of hold-out inputs are among them"
    watcher = Recorder()
    model = Counted(Memorizer(World(WorldSpec()), job.inputs.rows))
    outcome = await begin(job, tmp_path / "run", model, watcher=watcher)
    assert outcome.finished is not None
    assert outcome.finished.winners == job.system.prompts
    refused = [event for event in watcher.events if isinstance(event, DraftRejected)]
    assert len(refused) >= 4
    assert {event.reason for event in refused} <= {
        "copies 12 or more words in a row from an input: it would memorize data",
        "empty",
    }
    assert not [event for event in watcher.events if isinstance(event, CandidateScored) and "EXAMPLE" in event.text]


@pytest.mark.parametrize("topology", ["reflect", "hierarchical"])
@pytest.mark.parametrize("writing", ["edits", "rewrites"])
async def test_n02_no_draft_of_an_honest_proposer_is_refused_for_its_content(
    tmp_path: Path, topology: str, writing: Writing
) -> None:
    job = world_job(topology, 40, WorldSpec(writing=writing))
    watcher = Recorder()
    await start(resolve(job), tmp_path / "run", watcher)
    reasons = [event.reason for event in watcher.events if isinstance(event, DraftRejected)]
    assert [reason for reason in reasons if reason.startswith(("copies", "holds"))] == []
    assert [event for event in watcher.events if isinstance(event, CandidateScored)]
