"""Leave-one-out at the end of a race: what is not missed goes, what is needed stays, and the plan is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.events import PromptChanged, PromptKept
from maspo.optimizers.base import CallCount, Compare, Draft, Drafts, Propose, Request, Result
from maspo.optimizers.race.proof import PROVE
from maspo.team.graph import Team
from maspo.testing.optimizers import Oracle, Played, played
from tests.optimizers.landscape import Landscape
from tests.optimizers.small import DIAMOND, problem_of, small

PAIR = Team(order=("a", "b"), successors={"a": ("b",), "b": ()}, output="b")


@dataclass(frozen=True)
class Worth:
    """Drafts add a sentence to b's prompt; a comparison is won by the joint prompts that are worth more."""

    worth: Callable[[Prompts], float]
    sentences: tuple[str, ...]

    def answer(self, request: Request) -> Result:
        if isinstance(request, Propose):
            held = request.prompts[request.agent]
            lines = self.sentences if request.agent == "b" else ()
            return Drafts(tuple(Draft(f"{held}\n{line}") for line in lines if line not in held))
        assert isinstance(request, Compare)
        gain = self.worth(request.changed) - self.worth(request.reference)
        verdict = Verdict.WIN if gain > 0 else Verdict.LOSS if gain < 0 else Verdict.TIE
        return Comparison(request.input_key, verdict, (), verdict, same_answer=verdict is Verdict.TIE)


def race(worth: Worth, **settings: object) -> Played:
    chosen = {"stages": (12,), "passes": 1, "optimism": 0.02, "length_price": 0.0, **settings}
    return played(small("race", **chosen), problem_of(team=PAIR), worth)


def has(prompts: Prompts, *words: str) -> bool:
    return any(word in prompts["b"] for word in words)


def test_a_sentence_that_does_nothing_goes_and_one_that_helps_stays() -> None:
    worth = Worth(lambda prompts: float(has(prompts, "Helps")), ("Helps.", "Does nothing."))
    before, after = race(worth).end.prompts, race(worth, prune=6).end.prompts
    assert has(before, "Helps") and has(before, "nothing"), "else there would be nothing to leave out"
    assert has(after, "Helps") and not has(after, "nothing")
    assert after["a"] == "Seed of a."


def test_of_two_sentences_that_do_the_same_one_stays() -> None:
    worth = Worth(lambda prompts: float(has(prompts, "One", "Two")), ("One way.", "Two ways."))
    assert all(has(race(worth).end.prompts, word) for word in ("One", "Two"))
    after = race(worth, prune=6).end.prompts
    assert has(after, "One") != has(after, "Two")


def test_what_is_said_of_it_names_the_sentences_and_the_evidence() -> None:
    worth = Worth(lambda prompts: float(has(prompts, "Helps")), ("Helps.", "Does nothing."))
    events = [event for event in race(worth, prune=6).events if getattr(event, "step", "").startswith("prune/")]
    changed = {event.agent: event for event in events if isinstance(event, PromptChanged)}
    assert "1 of 2 added sentences left out that are not missed: 0 wins, 0 losses on 6 inputs" in changed["b"].reason
    kept = Worth(lambda prompts: float(has(prompts, "Helps")), ("Helps.",))
    told = [event for event in race(kept, prune=6).events if getattr(event, "step", "") == "prune/b"]
    assert any(isinstance(event, PromptKept) and "no added sentence" in event.reason for event in told)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("calls", [150, 300, 600])
def test_it_never_takes_the_plan_further_than_the_rounds_did(seed: int, calls: int) -> None:
    problem, landscape = problem_of(seed, reserve=20), Landscape(DIAMOND, seed)
    counted = {}
    for prune in (0, 8):
        found = played(small("race", calls=calls, prune=prune), problem, landscape)
        count = CallCount(problem)
        for ask in found.asks:
            for request in ask.requests:
                if request.purpose != PROVE:  # proofs of conflicts come on top of the plan
                    count.add(request.price(problem, landscape.answer(request)))
        counted[prune] = count.total + problem.reserve
    assert counted[8] <= max(counted[0], calls)


@pytest.mark.parametrize("seed", range(4))
def test_without_it_a_race_is_what_it_was_and_with_it_the_search_before_is_a_beginning(seed: int) -> None:
    plain = played(small("race"), problem_of(seed), Oracle(DIAMOND, seed))
    pruned = played(small("race", prune=5, calls_per_agent=100_000), problem_of(seed), Oracle(DIAMOND, seed))
    begun = [ask.requests for ask in plain.asks if ask.requests]
    assert [ask.requests for ask in pruned.asks if ask.requests][: len(begun)] == begun
