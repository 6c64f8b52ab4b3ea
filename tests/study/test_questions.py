"""An optimizer that asks a model in its own words: priced, recorded, replayed, and kept to the rules of prompts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import maspo
from maspo.core.errors import ProviderError
from maspo.data.inputs import make_inputs
from maspo.models.base import Reply, Request
from maspo.optimizers.base import (
    Answered,
    Ask,
    AskModel,
    Compare,
    Draft,
    Drafts,
    OptimizerConfig,
    Problem,
    Ruling,
    Search,
    ShownText,
    Vet,
)
from maspo.optimizers.parts.rulings import PINNED, VETOED, Rulings
from maspo.report.phrases import purpose
from maspo.study.bound import bound_of
from maspo.team import Agent, System

SYSTEM = System((Agent("solver", "Solve."), Agent("critic", "Check.", ("solver",))), name="two")
LONG = "Which of the numbers between forty and ninety is divided by seven and by nine"
INPUTS = make_inputs([f"{LONG} in problem {number}" for number in range(8)])


class AsksOnce:
    """Shows a model what each agent wrote on one input, and takes what it answers as the agent's prompt."""

    class Config(OptimizerConfig):
        method: str = "asks-once"

    def __init__(self) -> None:
        self.config = self.Config()
        self.answers: list[Answered] = []

    def search(self, problem: Problem) -> Search:
        prompts = dict(problem.seed_prompts)
        for agent in problem.team.rewritten:
            shown = {"[[output]]": ShownText(prompts, problem.inputs[0], agent=agent)}
            said = f"An agent was told {prompts[agent]!r} and wrote [[output]] What shall it be told?"
            asked = AskModel(f"{agent}/ask", (("user", said),), shown, agent, example=f"{prompts[agent]} More.")
            (answer,) = yield Ask(prompts, (asked,))
            assert isinstance(answer, Answered)
            self.answers.append(answer)
            (drafts,) = yield Ask(prompts, (Vet(f"{agent}/vet", agent, prompts, (answer.text,)),))
            assert isinstance(drafts, Drafts)
            if not drafts.drafts[0].rejected:
                requests = [
                    Compare(f"{agent}/{key}", prompts, {agent: answer.text}, key, True) for key in problem.inputs
                ]
                yield Ask(prompts, tuple(requests))
                prompts = {**prompts, agent: answer.text}
        return Ask(prompts)


class Model:
    """Answers by purpose; may be gone from a call on."""

    def __init__(self, answer: str, gone_at: int = 0) -> None:
        self.answer, self.gone_at = answer, gone_at
        self.asked: Counter[str] = Counter()
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Reply:
        self.asked[request.purpose] += 1
        self.requests.append(request)
        if self.asked.total() == self.gone_at:
            raise ProviderError("nobody answers")
        if request.purpose == "proposer.asked":
            return Reply(f"{self.answer} {request.agent}.", tokens_in=10, tokens_out=5)
        if request.purpose.startswith("judge"):
            return Reply("<verdict>1</verdict>", tokens_in=10, tokens_out=5)
        return Reply(f"{request.agent} wrote this after {request.messages[0].content}", tokens_in=10, tokens_out=5)


def optimized(out: Path, model: Model) -> tuple[maspo.Result, AsksOnce]:
    asks = AsksOnce()
    return maspo.optimize(SYSTEM, INPUTS, out, parts=maspo.Parts(optimizer=asks, client=model)), asks


def test_q01_what_is_asked_is_counted_apart_and_its_answer_is_used(tmp_path: Path) -> None:
    model = Model("Work with care as")
    result, asks = optimized(tmp_path / "run", model)
    # The bound was found with the same object, and its examples.
    assert [answer.text for answer in asks.answers[-2:]] == ["Work with care as solver.", "Work with care as critic."]
    questions = [request for request in model.requests if request.purpose == "proposer.asked"]
    assert [request.agent for request in questions] == ["solver", "critic"]
    assert "wrote solver wrote this after Solve. What shall" in questions[0].messages[0].content
    found = json.loads((tmp_path / "run" / "result.json").read_text())
    assert found["calls"]["proposer"] == 2 and found["usage"]["proposer.asked"]["calls"] == 2
    assert result.finished.winners["solver"] == "Work with care as solver."
    assert purpose("proposer.asked") == "questions of the method"


@pytest.mark.parametrize("gone_at", [6, 9, 14])
def test_q02_a_run_that_goes_on_asks_nothing_twice_and_gets_the_same_answers(tmp_path: Path, gone_at: int) -> None:
    _, whole = optimized(tmp_path / "whole", Model("Work with care as"))
    model = Model("Work with care as", gone_at)
    with pytest.raises(ProviderError):
        optimized(tmp_path / "run", model)
    asks, rest = AsksOnce(), Model("Work with care as")
    maspo.resume(tmp_path / "run", maspo.Parts(optimizer=asks, client=rest))
    assert asks.answers == whole.answers
    assert model.asked["proposer.asked"] + rest.asked["proposer.asked"] <= 2 + (gone_at == 14)
    keys = [request.key for one in (model, rest) for request in one.requests if request.purpose != "other.probe"]
    assert len(keys) - len(set(keys)) <= 1, "only the call that failed is made again"


def test_q03_an_answer_that_copies_an_input_is_no_prompt(tmp_path: Path) -> None:
    result, _ = optimized(tmp_path / "run", Model(f"If you are asked {LONG} in problem, say sixty-three,"))
    assert result.prompts == SYSTEM.prompts


def test_q04_the_bound_counts_questions_at_their_price_and_goes_on_with_their_example() -> None:
    problem = Problem(SYSTEM.team, SYSTEM.prompts, ("i0", "i1", "i2"), 0)
    bound = bound_of(AsksOnce(), problem, (), None)
    assert bound.proposer == 2
    assert bound.judge == 3 * 3 + 3, "local, lookahead and global of the solver; the critic's is global"
    assert bound.texts_shown == 1, "in one question"


def test_q05_what_a_person_ruled_holds_for_texts_that_are_vetted() -> None:
    vet = Vet("v", "a", {"a": "seed"}, ("new", "newer"))
    drafts = Drafts((Draft("new"), Draft("newer")))
    vetoed = Rulings((Ruling("veto", "a", "new"),)).refuse(vet, drafts)
    assert vetoed == Drafts((Draft("new", VETOED), Draft("newer")))
    pinned = Rulings((Ruling("pin", "a", "old"),))
    assert not pinned.forbids(vet)
    assert pinned.refuse(vet, drafts) == Drafts(tuple(replace(one, rejected=PINNED) for one in drafts.drafts))
