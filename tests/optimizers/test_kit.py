"""The contract kit: it passes what keeps the contract and names the rule that is broken (numbered invariants)."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from maspo.core import verdict
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.optimizers import base
from maspo.optimizers.base import (
    AblateEdge,
    Answered,
    Ask,
    AskModel,
    Case,
    Compare,
    Draft,
    Drafts,
    Optimizer,
    Problem,
    Propose,
    Request,
    Scored,
    ScoreOutput,
    Search,
    ShownText,
    Vet,
)
from maspo.testing.optimizers import Oracle, check_optimizer, play, played
from tests.optimizers.small import DIAMOND, PROMPTS, problem_of

WIN, TIE, UNDECIDED = Verdict.WIN, Verdict.TIE, Verdict.UNDECIDED


@dataclass(frozen=True)
class Made:
    """An optimizer from a function."""

    begin: Callable[[Problem], Search]

    def search(self, problem: Problem) -> Search:
        """Begin a search."""
        return self.begin(problem)


def example() -> Any:
    """Return the class that the docstring of the port shows how to write."""
    text = inspect.cleandoc(str(Optimizer.__doc__)).split("::\n", 1)[1]
    indented = [line for line in text.splitlines() if not line or line.startswith("    ")]
    names: dict[str, Any] = {**vars(verdict), **vars(base), "__name__": "example"}
    exec(textwrap.dedent("\n".join(indented)), names)
    return names["OneDraftEach"]


def test_k01_the_example_in_the_docstring_of_the_port_keeps_the_contract() -> None:
    written = example()
    optimizer = written(written.Config())
    for seed in range(3):
        check_optimizer(optimizer, problem_of(seed))
    found = played(optimizer, problem_of(), Oracle(DIAMOND, 0, (WIN,)))
    assert [request.agent for request in found.requests if isinstance(request, Propose)] == ["a", "c", "d"]
    assert {name for name, text in found.end.prompts.items() if text != PROMPTS[name]}, "it rewrites something"


# ── searches that break a rule each ──────────────────────────────────────────────────────────────────────────────────


def asking(*requests: Request) -> Callable[[Problem], Search]:
    """Return a search that asks for these and ends."""

    def search(problem: Problem) -> Search:
        yield Ask(problem.seed_prompts, requests)
        return Ask(problem.seed_prompts)

    return search


def change(key: str = "i00", agent: str = "a", name: str = "x") -> Compare:
    return Compare(name, PROMPTS, {agent: "new"}, key, True)


def never_ends(problem: Problem) -> Search:
    for number in count():
        yield Ask(problem.seed_prompts, (ScoreOutput(str(number), problem.seed_prompts, "i00"),))
    return Ask(problem.seed_prompts)


def yields_nothing_to_do(problem: Problem) -> Search:
    yield Ask(problem.seed_prompts)
    return Ask(problem.seed_prompts)


def ends_with_requests(problem: Problem) -> Search:
    yield Ask(problem.seed_prompts, (change(),))
    return Ask(problem.seed_prompts, (change(name="y"),))


def changes_what_it_gave(problem: Problem) -> Search:
    prompts = dict(problem.seed_prompts)
    yield Ask(prompts, (change(),))
    prompts["a"] = "new"
    return Ask(prompts)


def changes_the_problem(problem: Problem) -> Search:
    yield Ask(PROMPTS, (change(),))
    problem.seed_prompts["a"] = "new"  # type: ignore[index]  # what a careless optimizer does
    return Ask(PROMPTS)


def rewrites_a_frozen_agent(problem: Problem) -> Search:
    yield Ask(problem.seed_prompts, (change(),))
    return Ask({**problem.seed_prompts, "b": "new"})


def loses_prompts(problem: Problem) -> Search:
    yield Ask(problem.seed_prompts, (change(),))
    return Ask({"a": "new"})


def looks_at_a_clock() -> Callable[[Problem], Search]:
    ticks = count()

    def search(problem: Problem) -> Search:
        yield Ask(problem.seed_prompts, (change(name=f"at {next(ticks)}"),))
        return Ask(problem.seed_prompts)

    return search


def shares_what_it_learns() -> Callable[[Problem], Search]:
    """Two searches under way at the same time overwrite what each other asked for; one alone is fine."""
    held: list[str] = []

    def search(problem: Problem) -> Search:
        held.clear()
        for number in range(3):
            held.append(str(number))
            yield Ask(problem.seed_prompts, (change(name="/".join(held)),))
        return Ask(problem.seed_prompts)

    return search


def tires() -> Callable[[Problem], Search]:
    """After four searches, as many as are compared before any replay, it asks for something else."""
    begun = count()

    def search(problem: Problem) -> Search:
        name = "fresh" if next(begun) < 4 else "tired"
        yield Ask(problem.seed_prompts, (change(name=name),))
        return Ask(problem.seed_prompts)

    return search


def question(key: str = "i00", said: str = "What is wrong with [[1]]?", **given: Any) -> AskModel:
    shown = {"[[1]]": ShownText(given.pop("prompts", PROMPTS), key, agent=given.pop("whose", "a"))}
    return AskModel("q", (("user", said),), shown, example="better", **given)


def asks_and_uses(vetted: bool) -> Callable[[Problem], Search]:
    """Asks a model for a prompt, and tries what it answers."""

    def search(problem: Problem) -> Search:
        (answer,) = yield Ask(problem.seed_prompts, (question(),))
        assert isinstance(answer, Answered)
        if vetted:
            (drafts,) = yield Ask(problem.seed_prompts, (Vet("v", "a", problem.seed_prompts, (answer.text,)),))
            assert isinstance(drafts, Drafts)
            if drafts.drafts[0].rejected:
                return Ask(problem.seed_prompts)
        yield Ask(problem.seed_prompts, (Compare("x", problem.seed_prompts, {"a": answer.text}, "i00", True),))
        return Ask({**problem.seed_prompts, "a": answer.text})

    return search


CASE = Case("elsewhere", "a", "new", PROMPTS, "s", ())


@pytest.mark.parametrize(
    ("search", "rule"),
    [
        (asking(change(), change("i01")), "no two requests of a search share an id"),
        (asking(change("elsewhere")), "only inputs of the problem"),
        (asking(ScoreOutput("x", PROMPTS, "elsewhere")), "only inputs of the problem"),
        (asking(Propose("x", "a", PROMPTS, ("i00", "elsewhere"), (), 1)), "only inputs of the problem"),
        (asking(Propose("x", "a", PROMPTS, (), (CASE,), 1)), "only inputs of the problem"),
        (asking(change(agent="b")), "only agents that may be rewritten"),
        (asking(Propose("x", "b", PROMPTS, ("i00",), (), 1)), "only agents that may be rewritten"),
        (asking(change(agent="nobody")), "only agents that may be rewritten"),
        (asking(Compare("x", PROMPTS, {}, "i00", True)), "at least one agent"),
        (asking(Compare("x", {"a": "seed"}, {"a": "new"}, "i00", True)), "one prompt for every agent"),
        (asking(AblateEdge("x", PROMPTS, "i00", "a", "d")), "only edges of the team"),
        (asking(AblateEdge("x", PROMPTS, "i00", "nobody", "d")), "only edges of the team"),
        (asking(AskModel("q", ())), "has a message"),
        (asking(question(said="What is wrong?")), "each mark of a question"),
        (asking(question("elsewhere")), "only inputs of the problem"),
        (asking(question(prompts={"a": "seed"})), "one prompt for every agent"),
        (asking(question(agent="nobody")), "only agents are asked about"),
        (asking(question(whose="nobody")), "only agents are asked about"),
        (asking(Vet("v", "b", PROMPTS, ("new",))), "only agents that may be rewritten"),
        (asks_and_uses(vetted=False), "only texts that Vet did not refuse"),
        (never_ends, "a search ends"),
        (yields_nothing_to_do, "an Ask without requests is only the end"),
        (ends_with_requests, "a search ends"),
        (changes_what_it_gave, "does not change prompts, requests or events"),
        (changes_the_problem, "does not change the problem"),
        (rewrites_a_frozen_agent, "may not be rewritten keep their prompts"),
        (loses_prompts, "one prompt for every agent"),
        (looks_at_a_clock(), "the same results lead to the same requests"),
        (shares_what_it_learns(), "do not know of one another"),
        (tires(), "goes on as if nothing had happened"),
    ],
)
def test_k02_a_broken_rule_is_named(search: Callable[[Problem], Search], rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        check_optimizer(Made(search), problem_of())


def test_k03_what_keeps_all_rules_passes() -> None:
    edge, score = AblateEdge("edge", PROMPTS, "i00", "a", "b"), ScoreOutput("score", PROMPTS, "i01")
    check_optimizer(Made(asking(change(), edge, score, Propose("p", "c", PROMPTS, ("i02",), (), 2))), problem_of())
    check_optimizer(Made(asks_and_uses(vetted=True)), problem_of())


# ── the oracle ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_k04_play_yields_the_end_last_and_takes_recorded_results_first() -> None:
    told: list[object] = []

    def search(problem: Problem) -> Search:
        for number in range(2):
            results = yield Ask(problem.seed_prompts, (change(name=str(number)),))
            told.extend(results)
        return Ask({**problem.seed_prompts, "a": "end"})

    recorded = Comparison("i00", TIE, (), TIE)
    asks = list(play(Made(search), problem_of(), Oracle(DIAMOND, 0, (WIN,)), [(recorded,)]))
    assert [len(ask.requests) for ask in asks] == [1, 1, 0]
    assert asks[-1].prompts["a"] == "end"
    assert told[0] is recorded
    assert isinstance(told[1], Comparison)
    assert told[1].glob is WIN


def test_k05_the_oracle_answers_in_the_forms_of_a_study() -> None:
    oracle = Oracle(DIAMOND, 0, (WIN,))
    assert oracle.answer(change()) == Comparison("i00", WIN, (("b", WIN), ("c", WIN)), WIN)
    assert oracle.answer(change(agent="d")) == Comparison("i00", WIN, (), WIN), "the output agent has one level"
    alone = Compare("x", PROMPTS, {"a": "new"}, "i00", True, (Level.GLOBAL,))
    assert oracle.answer(alone) == Comparison("i00", UNDECIDED, (), WIN), "what is not asked for is undecided"
    differing = Compare("x", PROMPTS, {"a": "new"}, "i00", True, when_differing=True)
    assert Oracle(DIAMOND, 0, (TIE,)).answer(differing) == Comparison("i00", UNDECIDED, (), TIE, same_answer=True)
    failing = Oracle(DIAMOND, 0, failures=1)
    readers = (("b", UNDECIDED), ("c", UNDECIDED))
    assert failing.answer(change()) == Comparison("i00", UNDECIDED, readers, UNDECIDED, failed=True)
    assert failing.answer(Propose("x", "a", PROMPTS, ("i00",), (), 2)) == Drafts(())
    assert failing.answer(ScoreOutput("x", PROMPTS, "i00")) == Scored("i00", None)
    assert failing.answer(question()) == Answered("", "drawn to fail")


def test_k06_the_oracle_draws_evenly_from_all_that_may_be_answered() -> None:
    oracle = Oracle(DIAMOND, 1)
    found = [oracle.answer(change(name=str(number))) for number in range(400)]
    verdicts = [result.glob for result in found if isinstance(result, Comparison)]
    assert 0.3 < verdicts.count(WIN) / 400 < 0.5, "it is listed twice of five"
    assert all(0.1 < verdicts.count(each) / 400 < 0.3 for each in (Verdict.LOSS, TIE, UNDECIDED))
    proposals = [oracle.answer(Propose(str(number), "a", PROMPTS, (), (), 2)) for number in range(200)]
    drafts = [draft for answer in proposals if isinstance(answer, Drafts) for draft in answer.drafts]
    assert len(drafts) == 400
    assert 20 < sum(bool(draft.rejected) for draft in drafts) < 80
    assert 20 < drafts.count(Draft(PROMPTS["a"])) < 80
    answers = [oracle.answer(replace(question(), id=str(number))) for number in range(200)]
    assert 150 < answers.count(Answered("better")) < 195, "some answers are of no use"
    vetted = oracle.answer(Vet("v", "a", PROMPTS, tuple(map(str, range(200)))))
    assert isinstance(vetted, Drafts)
    assert [draft.text for draft in vetted.drafts] == list(map(str, range(200)))
    assert 10 < sum(bool(draft.rejected) for draft in vetted.drafts) < 40
    scores = {
        answer.value
        for n in range(50)
        if isinstance(answer := oracle.answer(ScoreOutput(str(n), PROMPTS, "i00")), Scored)
    }
    assert len(scores) > 20
    assert all(value is not None and 0 <= value <= 1 for value in scores)
