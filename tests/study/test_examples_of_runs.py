"""Worked examples of a run's own traces: asked for, of searched inputs that went well, told as what they are."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from maspo.config import ModelSettings, RunConfig
from maspo.core.seeded import rank
from maspo.core.worked_examples import Example, block_of, blocks_in, examples_in
from maspo.data.inputs import make_inputs
from maspo.models.base import AGENT, PROPOSER, Reply, Request
from maspo.optimizers.base import EXAMPLES, Ask, Drafts, OptimizerConfig, Outcome, Problem, Propose, Search, Vet
from maspo.optimizers.registry import make_config
from maspo.report.folder import write_results
from maspo.study.job import Job
from maspo.study.resolve import Parts, resolve, split_of
from maspo.team import Agent, System
from maspo.testing.runs import Counted, begin, go_on

RACE = make_config({"method": "race", "passes": 3, "drafts": 1, "edits": 2, "traces": 2, "stages": (12,)})
TPE = make_config({"method": "tpe", "trials": 12, "batch": 8, "drafts": 2})
SYSTEM = System(
    (
        Agent("reader", "You name the parcel of {input} and say how long it takes."),
        Agent("clerk", "You say on which day it arrives.", reads=("reader",)),
    ),
    name="harbour",
    final_answer="tag:answer",
)
INPUTS = make_inputs(
    {
        "input": f"Parcel {n} of {{input}} leaves the harbour of Kiel on Monday and is due in Bergen after {n} days "
        "of calm sea without any stop",
        "answer": f"day {n}",
    }
    for n in range(40)
)


@dataclass
class Harbour:
    """A model whose clerk is right where examples show it how, and by chance elsewhere."""

    requests: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        text = "\n".join(message.content for message in request.messages)
        if request.purpose == AGENT and request.agent == "reader":
            return Reply(f"It is parcel {text.partition('Parcel ')[2].split()[0]}. {{input}}")
        if request.purpose == AGENT:
            number = text.rpartition("parcel ")[2].split(".")[0]
            knows = "<worked_examples>" in text or rank(1, text.partition("parcel")[0], number) % 3 == 0
            return Reply(f"<answer>day {number if knows else 'unknown'}</answer>")
        if request.purpose == PROPOSER:
            drawn = rank(2, request.identity) % 1000
            keep = " of {input}" if request.agent == "reader" else ""
            return Reply(f"<prompt>Say it in {drawn} ways{keep}.</prompt><prompt>Be brief {drawn}{keep}.</prompt>")
        return Reply("ok")


def job(examples: int, search: OptimizerConfig = RACE) -> Job:
    config = RunConfig(search=search, labels="use", models=ModelSettings(agent="m"))
    proposer = config.proposer.model_copy(update={"examples": examples})
    return Job(SYSTEM, INPUTS, config.model_copy(update={"proposer": proposer}))


def stopping(after: int) -> tuple[Counted, asyncio.Event]:
    """Return a model, and what is set once it was asked so often."""
    stop = asyncio.Event()

    async def count(_: Request) -> None:
        if model.calls >= after:
            stop.set()
        await asyncio.sleep(0)

    model = Counted(Harbour(), count)
    return model, stop


def known(of: Job) -> tuple[set[str], set[str]]:
    """Return the texts of the inputs that the search may see, and of those that are held out."""
    texts = {row.key: row.columns["input"].replace("{input}", "{ input }") for row in of.inputs.rows}
    split = split_of(of)
    return {texts[key] for key in split.search}, {texts[key] for key in split.holdout}


@pytest.mark.parametrize("search", [RACE, TPE], ids=lambda one: one.method)
async def test_e01_examples_of_runs_that_were_right_are_found_and_none_of_the_hold_out(
    tmp_path: Path, search: OptimizerConfig
) -> None:
    asked = job(2, search)
    model = Counted(Harbour())
    outcome = await begin(asked, tmp_path / "run", model)
    assert outcome.finished is not None
    clerk = outcome.finished.winners["clerk"]
    shown = examples_in(clerk)
    searched, held_out = known(asked)
    assert 1 <= len(shown) <= 2, clerk
    assert {one.input for one in shown} <= searched
    assert not any(text in prompt for text in held_out for prompt in outcome.finished.winners.values())
    for one in shown:
        number = one.input.split()[1]
        assert one.output == f"<answer>day {number}</answer>", "the run was right, and this is what the agent wrote"
    assert outcome.finished.verdict == "improved"
    again = Counted(Harbour())
    assert (await go_on(asked, tmp_path / "run", again)).finished == outcome.finished
    assert not again.calls, "going on is replay"


async def test_e02_going_on_after_a_stop_finds_the_same_and_pays_no_call_twice(tmp_path: Path) -> None:
    whole = Counted(Harbour())
    first = await begin(job(2), tmp_path / "whole", whole)
    for after in (whole.calls // 3, 2 * whole.calls // 3):
        model, stop = stopping(after)
        folder = tmp_path / str(after)
        await begin(job(2), folder, model, stop)
        rest = Counted(Harbour())
        outcome = await go_on(job(2), folder, rest)
        assert outcome.finished is not None and first.finished is not None
        assert outcome.finished.winners == first.finished.winners
        assert not model.keys.keys() & rest.keys.keys()


async def test_e03_nobody_asked_nobody_gets_any(tmp_path: Path) -> None:
    outcome = await begin(job(0), tmp_path / "run", Counted(Harbour()))
    assert outcome.finished is not None
    assert not any(map(blocks_in, outcome.finished.winners.values()))
    assert not any(row.columns["input"] in (tmp_path / "run" / "prompts.json").read_text() for row in INPUTS.rows)


async def test_e04_an_example_of_a_hold_out_input_is_refused_whoever_asks(tmp_path: Path) -> None:
    asked = job(2)
    held_out, searched = split_of(asked).holdout[0], split_of(asked).search[0]
    seeds = asked.system.prompts

    class Asks:
        """Asks for examples of an input that it may not know; then writes one itself."""

        config = RACE
        found: Drafts | None = None

        def __init__(self, key: str, writes: str) -> None:
            self.key, self.writes = key, writes

        def search(self, problem: Problem) -> Search:
            """Ask, and end."""
            outcome = Outcome(seeds, self.key, won=1)
            ask = Propose("clerk/examples", "clerk", seeds, (), (), 1, EXAMPLES, outcomes=(outcome,))
            vet = Vet("clerk/vet", "clerk", seeds, (f"{seeds['clerk']}\n{self.writes}",))
            drafts, vetted = yield Ask(seeds, (ask, vet))
            assert isinstance(drafts, Drafts) and isinstance(vetted, Drafts)
            self.found = Drafts((*drafts.drafts, *vetted.drafts))
            return Ask(seeds)

    text = next(row.columns["input"] for row in INPUTS.rows if row.key == held_out)
    block = block_of([Example(text, "day 1")])
    optimizer = Asks(held_out, block)
    await begin(asked, tmp_path / "out", Counted(Harbour()), parts=Parts(optimizer=optimizer))
    assert optimizer.found is not None
    assert [bool(draft.rejected) for draft in optimizer.found.drafts] == [True, True]
    optimizer = Asks(searched, block)
    await begin(asked, tmp_path / "in", Counted(Harbour()), parts=Parts(optimizer=optimizer))
    assert optimizer.found is not None
    assert [bool(draft.rejected) for draft in optimizer.found.drafts] == [False, True], optimizer.found
    off = Asks(searched, block)
    await begin(job(0), tmp_path / "off", Counted(Harbour()), parts=Parts(optimizer=off))
    assert off.found is not None and "nobody asked" in off.found.drafts[0].rejected


def test_e05_the_bound_holds_with_examples_and_is_no_smaller_than_without() -> None:
    plain, shown = resolve(job(0)).plan, resolve(job(3)).plan
    assert shown.most >= plain.most
    assert shown.calls["proposer"] == plain.calls["proposer"], "examples take no call"


async def test_e06_the_report_says_which_inputs_the_shipped_prompts_copy(tmp_path: Path) -> None:
    outcome = await begin(job(2), tmp_path / "run", Counted(Harbour()))
    assert outcome.finished is not None
    shown = examples_in(outcome.finished.prompts["clerk"])
    assert shown
    write_results(tmp_path / "run")
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["agents"]["clerk"]["examples"] == [one.input for one in shown]
    assert result["agents"]["reader"]["examples"] == [
        one.input for one in examples_in(outcome.finished.winners["reader"])
    ]
    page = (tmp_path / "run" / "report.html").read_text()
    assert f"clerk holds {len(shown)} worked example" in page
