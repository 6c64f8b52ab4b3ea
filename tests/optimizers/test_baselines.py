"""Methods to compare with: the decision that defines each, and the plan that all of them keep (numbered invariants)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import CallCount, Compare, Draft, Drafts, Problem, Propose, Request, Result
from maspo.optimizers.registry import OPTIMIZERS, make_config, make_optimizer
from maspo.testing.optimizers import Oracle, Played, played
from tests.optimizers.small import DIAMOND, PROMPTS, problem_of, small

BASELINES = ("best-of-n", "naive-joint", "opro", "promptbreeder", "spo")


@dataclass
class Told:
    """Answers with drafts that are numbered, and with verdicts that somebody chooses by the changed prompts."""

    wins: frozenset[str] = frozenset()
    """Texts that make the team better; all others make it worse."""
    written: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        if isinstance(request, Propose):
            return Drafts(tuple(Draft(f"{request.agent} {next(self.written)}") for _ in range(request.count)))
        assert isinstance(request, Compare)
        good = any(text in self.wins for text in request.changes.values())
        verdict = Verdict.WIN if good else Verdict.LOSS
        return Comparison(request.input_key, verdict, (), verdict)


def search(method: str, told: Told, problem: Problem | None = None, **settings: object) -> Played:
    return played(small(method, **settings), problem or problem_of(), told)


def proposals(found: Played) -> list[Propose]:
    return [request for request in found.requests if isinstance(request, Propose)]


def comparisons(found: Played) -> list[Compare]:
    return [request for request in found.requests if isinstance(request, Compare)]


def test_v01_all_baselines_are_here() -> None:
    assert set(BASELINES) == set(OPTIMIZERS.own) - {"race", "ascent"}


@pytest.mark.parametrize("method", BASELINES)
@pytest.mark.parametrize("planned", [50, 120, 400])
@pytest.mark.parametrize("labelled", [0, 12])
def test_v02_a_baseline_keeps_its_plan_with_the_holdout_in_it(method: str, planned: int, labelled: int) -> None:
    problem = problem_of(reserve=30)
    problem = Problem(problem.team, PROMPTS, problem.inputs, 0, 30, frozenset(problem.inputs[:labelled]))
    oracle, count = Oracle(DIAMOND, 1), CallCount(problem)
    optimizer = make_optimizer(make_config({"method": method, "calls": planned}))
    found = played(optimizer, problem, oracle)
    for request in found.requests:
        count.add(request.price(problem, oracle.answer(request)))
    assert count.total + problem.reserve <= planned
    if planned == 400:
        assert count.total > 200, "a plan that is hardly used is no comparison at equal calls"


@pytest.mark.parametrize("method", BASELINES)
def test_v03_a_baseline_is_judged_by_final_answers_alone(method: str) -> None:
    found = search(method, Told())
    assert comparisons(found)
    assert {level.value for request in comparisons(found) for level in request.levels} == {"global"}
    assert not any(request.cases for request in proposals(found)), "misalignment cases are ours"
    for step in {request.id.rsplit("/", 1)[0] for request in comparisons(found)}:
        first = [request.candidate_first for request in comparisons(found) if request.id.startswith(f"{step}/")]
        assert abs(sum(first) - len(first) / 2) <= 0.5, "each output is shown first equally often"


def test_v04_naive_joint_rewrites_everybody_at_once_and_keeps_all_or_nothing() -> None:
    found = search("naive-joint", Told(frozenset({"c 1"})), rounds=2)
    first, second = comparisons(found)[0], comparisons(found)[-1]
    assert first.changes == {"a": "a 0", "c": "c 1", "d": "d 2"}, "the frozen agent is left alone"
    assert second.reference == {**PROMPTS, **first.changes}, "one good rewrite carries the two beside it"
    assert found.end.prompts == second.reference, "the second rewrite of all lost"


def test_v05_best_of_n_learns_nothing_from_one_set_for_the_next() -> None:
    found = search("best-of-n", Told(frozenset({"d 5"})), sets=4)
    assert {tuple(request.prompts.items()) for request in proposals(found)} == {tuple(PROMPTS.items())}
    assert {tuple(request.reference.items()) for request in comparisons(found)} == {tuple(PROMPTS.items())}
    assert found.end.prompts == {**PROMPTS, "a": "a 3", "c": "c 4", "d": "d 5"}, "the second set"


def test_v06_spo_compares_one_rewrite_with_the_best_so_far_on_three_inputs_in_both_orders() -> None:
    found = search("spo", Told(frozenset({"a 1"})), iterations=3, passes=1)
    assert [request.prompts["a"] for request in proposals(found) if request.agent == "a"] == ["seed a", "seed a", "a 1"]
    by_step = {request.id.rsplit("/", 1)[0]: request for request in comparisons(found)}
    assert len(comparisons(found)) == 3 * len(by_step) == 3 * 9
    assert all(request.orders == 2 and len(request.changes) == 1 for request in comparisons(found))
    assert all(request.form == "spo" and not request.history and request.count == 1 for request in proposals(found))
    for asked in proposals(found):
        met = {request.input_key for request in comparisons(found) if request.id.startswith(asked.id[:-7])}
        assert set(asked.inputs) == met, "the outputs that lead the rewrite are those that it is compared with"
    assert found.end.prompts == {**PROMPTS, "a": "a 1"}


def test_v07_opro_shows_the_trajectory_with_scores_in_ascending_order() -> None:
    found = search("opro", Told(frozenset({"a 1"})), steps=4, drafts=3, history=3)
    first, *_, again = [request for request in proposals(found) if request.agent == "a"]
    assert [(one.prompt, one.score) for one in first.history] == [("seed a", 0.5)]
    assert [(one.prompt, one.score) for one in again.history] == [("a 2", 0.0), ("seed a", 0.5), ("a 1", 1.0)]
    assert again.form == "opro"
    assert again.count == 3
    assert {tuple(request.reference.items()) for request in comparisons(found)} == {tuple(PROMPTS.items())}
    assert found.end.prompts["a"] == "a 1"


def test_v08_promptbreeder_mutates_its_mutation_prompts_and_lets_the_fitter_of_two_take_the_others_place() -> None:
    found = search("promptbreeder", Told(), tournaments=80)
    asked = {request.form: request for request in proposals(found)}
    assert set(asked) == {"mutate", "hypermutate"}
    hyper = [request for request in proposals(found) if request.rewrites == "instruction"]
    assert hyper
    written = [text for request in hyper for text in [request.instruction] if text.split(" ")[0] in DIAMOND.order]
    assert written, "an instruction that hyper-mutation wrote was handed down, and is mutated again"
    assert all(request.parent == request.instruction for request in hyper)
    named = {request.id.split("/")[2] for request in proposals(found)}
    assert named == {"zero-order", "first-order", "estimation", "lamarckian", "hyper-mutation", "then"}
    assert found.end.prompts == PROMPTS, "nobody was fitter than the seed prompts"


def test_v09_promptbreeder_ends_with_the_fittest_that_it_met() -> None:
    told = Told(frozenset(f"{agent} {number}" for agent in DIAMOND.order for number in range(0, 90, 7)))
    found = search("promptbreeder", told, tournaments=40)
    assert found.end.prompts != PROMPTS
    assert any(text in told.wins for text in found.end.prompts.values())
