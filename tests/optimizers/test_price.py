"""What each request takes, and that every rollout is paid once (numbered invariants)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.optimizers.base import (
    AblateEdge,
    CallCount,
    Compare,
    Drafts,
    Problem,
    Propose,
    Request,
    RequestPrice,
    Rollout,
    ScoreOutput,
)
from maspo.testing.optimizers import Oracle, played
from tests.optimizers.small import DIAMOND, PROMPTS, problem_of, small

PROBLEM = problem_of()
LABELLED = replace(PROBLEM, labelled=frozenset({"i00"}))
EVERYONE = frozenset("abcd")
TIE = Comparison("i00", Verdict.TIE, (), Verdict.TIE, same_answer=True)
LOSS = Comparison("i00", Verdict.TIE, (), Verdict.LOSS)
GLOBAL = (Level.GLOBAL,)


def compare(changes: Prompts, levels: tuple[Level, ...] = tuple(Level), **more: bool) -> Compare:
    return Compare("id", PROMPTS, changes, "i00", True, levels, **more)  # type: ignore[arg-type]  # flags alone


def calls(request: Request, problem: Problem = PROBLEM) -> int:
    """Return all calls of a request of which nothing was known before."""
    count = CallCount(problem)
    count.add(request.price(problem))
    return count.total


def test_p01_a_comparison_takes_two_rollouts_and_a_verdict_for_each_level_and_reader() -> None:
    price = compare({"a": "new"}).price(PROBLEM)
    changed = Rollout({**PROMPTS, "a": "new"}, "i00", EVERYONE)
    assert price == RequestPrice((Rollout(PROMPTS, "i00", EVERYONE), changed), judge=1 + 2 + 1)
    assert compare({"c": "new"}).price(PROBLEM).rollouts[1].agents == {"c", "d"}, "only whom the change reaches"
    assert calls(compare({"c": "new"})) == 4 + 2 + 3


@pytest.mark.parametrize(
    ("levels", "judge"), [(GLOBAL, 1), ((Level.LOCAL,), 1), ((Level.LOOKAHEAD,), 2), ((Level.LOCAL, Level.GLOBAL), 2)]
)
def test_p02_only_levels_that_are_asked_for_are_paid(levels: tuple[Level, ...], judge: int) -> None:
    assert compare({"a": "new"}, levels).price(PROBLEM).judge == judge


def test_p03_the_output_agent_has_one_level() -> None:
    assert compare({"d": "new"}).price(PROBLEM).judge == 1
    assert compare({"d": "new"}).price(PROBLEM).rollouts[1].agents == {"d"}


def test_p04_both_orders_are_two_calls_of_the_global_verdict_alone() -> None:
    assert replace(compare({"a": "new"}), orders=2).price(PROBLEM).judge == 2 + 2 + 1
    assert replace(compare({"d": "new"}), orders=2).price(PROBLEM).judge == 2


def test_p05_the_global_verdict_is_free_where_a_label_decides_or_the_answers_are_the_same() -> None:
    request = replace(compare({"a": "new"}), orders=2)
    assert request.price(LABELLED).judge == 3
    assert replace(request, input_key="i01").price(LABELLED).judge == 5
    assert request.price(PROBLEM, TIE).judge == 3
    assert request.price(PROBLEM, LOSS).judge == 5


def test_p06_levels_that_wait_for_differing_answers_are_free_when_these_are_the_same() -> None:
    request = compare({"a": "new"}, when_differing=True)
    assert request.price(PROBLEM, TIE).judge == 0
    assert request.price(PROBLEM, LOSS).judge == request.price(PROBLEM).judge == 4, "unknown is priced at its dearest"
    assert request.price(LABELLED, LOSS).judge == 3


def test_p07_a_change_of_several_agents_is_one_rollout_and_its_levels_are_those_of_the_first() -> None:
    request = compare({"c": "new", "d": "newer"})
    assert request.price(PROBLEM).rollouts[1] == Rollout({**PROMPTS, "c": "new", "d": "newer"}, "i00", frozenset("cd"))
    assert request.price(PROBLEM).judge == 1 + 1 + 1
    assert (request.agent, request.candidate) == ("c", "new")


def test_p08_an_edge_that_is_cut_takes_the_team_as_it_is_and_whom_the_reader_reaches() -> None:
    request = AblateEdge("id", PROMPTS, "i00", "a", "c")
    price = request.price(PROBLEM)
    assert price == RequestPrice(
        (Rollout(PROMPTS, "i00", EVERYONE), Rollout(PROMPTS, "i00", frozenset("cd"), ("a", "c"))), judge=2
    )
    assert request.price(PROBLEM, TIE).judge == 0
    assert calls(request) == 4 + 2 + 2


def test_p09_a_proposal_is_one_call_of_the_proposer_and_a_rollout_for_each_input_shown() -> None:
    request = Propose("id", "a", PROMPTS, ("i00", "i01"), (), 3)
    assert request.price(PROBLEM, Drafts(())) == RequestPrice(
        (Rollout(PROMPTS, "i00", EVERYONE), Rollout(PROMPTS, "i01", EVERYONE)), proposer=1
    )
    assert calls(request) == 8 + 1


def test_p10_a_score_is_one_rollout_and_one_call_of_the_judge_without_a_label() -> None:
    request = ScoreOutput("id", PROMPTS, "i00")
    assert request.price(PROBLEM) == RequestPrice((Rollout(PROMPTS, "i00", EVERYONE),), judge=1)
    assert request.price(LABELLED).judge == 0


def test_p11_every_rollout_is_paid_once() -> None:
    count = CallCount(PROBLEM)
    for candidate in ("new", "newer", "new"):
        count.add(compare({"c": candidate}, GLOBAL).price(PROBLEM))
    assert count.agents == {"a": 1, "b": 1, "c": 1 + 2, "d": 1 + 2}, "the reference once, each change once"
    assert (count.judge, count.proposer, count.total) == (3, 0, 8 + 3)
    count.add(ScoreOutput("id", {**PROMPTS, "c": "newer"}, "i00").price(PROBLEM))
    count.add(Propose("id", "a", PROMPTS, ("i00",), (), 1).price(PROBLEM))
    assert (count.judge, count.proposer, count.total) == (4, 1, 8 + 5), "known from the comparisons"
    count.add(AblateEdge("id", PROMPTS, "i00", "a", "c").price(PROBLEM))
    assert count.agents["c"] == 4, "a run without an edge is another run"
    count.add(replace(compare({"c": "new"}, GLOBAL), input_key="i01").price(PROBLEM))
    assert count.agents["a"] == 2, "and so is one on another input"


def test_p12_no_search_costs_more_than_its_requests_at_their_dearest(method: str) -> None:
    problem = replace(problem_of(3), labelled=frozenset({"i00", "i01", "i02"}))
    oracle = Oracle(DIAMOND, 3)
    known, dearest = CallCount(problem), CallCount(problem)
    for request in played(small(method), problem, oracle).requests:
        known.add(request.price(problem, oracle.answer(request)))
        dearest.add(request.price(problem))
    assert known.agents == dearest.agents
    assert known.proposer == dearest.proposer > 0
    assert 0 < known.judge < dearest.judge
