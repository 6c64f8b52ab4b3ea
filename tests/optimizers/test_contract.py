"""What every search keeps: determinism, replay, balance (numbered invariants)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

import pytest

from maspo.core.verdict import Verdict
from maspo.events import CandidateScored, PromptChanged, StepStarted
from maspo.optimizers.base import Ask, Compare, Drafts, Problem, Propose, Request, Result
from maspo.testing.optimizers import Answers, Oracle, Played, check_optimizer, play, played
from tests.optimizers.small import PROMPTS, problem_of, small


def search(method: str, seed: int = 0, verdicts: tuple[Verdict, ...] = (), **settings: object) -> Played:
    problem = problem_of(seed)
    oracle = Oracle(problem.team, seed, verdicts) if verdicts else Oracle(problem.team, seed)
    return played(small(method, **settings), problem, oracle)


def comparisons(found: Played) -> list[Compare]:
    return [request for request in found.requests if isinstance(request, Compare)]


def test_s01_the_contract_holds(any_method: str) -> None:
    for seed in range(3):
        check_optimizer(small(any_method), problem_of(seed))


@dataclass(frozen=True)
class Journal:
    """Answers from what was recorded, and asks only for the rest."""

    known: dict[str, Result]
    oracle: Answers
    asked: set[str]

    def answer(self, request: Request) -> Result:
        """Return the recorded result of a request, or a new one."""
        if request.id in self.known:
            return deepcopy(self.known[request.id])
        self.asked.add(request.id)
        return self.oracle.answer(request)


_SHORTEST: Mapping[str, Mapping[str, object]] = {
    "ascent": {"passes": 1, "generations": 1},
    "race": {"passes": 1, "stages": (2, 4)},
}


def test_s04_a_stop_after_every_single_result_and_a_replay_give_the_same_final_state(any_method: str) -> None:
    optimizer, problem = small(any_method, **_SHORTEST.get(any_method, {})), problem_of(2)
    oracle = Oracle(problem.team, 2)
    whole = played(optimizer, problem, oracle)
    assert whole.end.prompts != PROMPTS, "a search that changes nothing would prove nothing"
    results = {request.id: oracle.answer(request) for request in whole.requests}
    for stop in range(len(results) + 1):
        journal = Journal(dict(list(results.items())[:stop]), oracle, set())
        assert played(optimizer, problem, journal) == whole
        assert journal.asked == set(list(results)[stop:]), "nothing that is known is asked for again"


def test_s05_a_search_is_deterministic_in_its_seed_and_seeds_differ(any_method: str) -> None:
    def run(seed: int) -> tuple[Ask, ...]:
        problem = problem_of(seed)
        return played(small(any_method), problem, Oracle(problem.team, 0)).asks

    assert run(1) == run(1)
    one, other = ([request for ask in run(seed) for request in ask.requests] for seed in (1, 2))
    assert one != other


def test_s06_a_stray_result_is_refused(any_method: str) -> None:
    """One result for each request, no more and no fewer: else a result would be taken for another request's."""
    problem = problem_of()
    oracle = Oracle(problem.team)
    for place, _ in enumerate(search(any_method).asks[:-1]):
        for too_many in (True, False):
            under_way = small(any_method).search(problem)
            ask = next(under_way)
            for _ in range(place):
                ask = under_way.send(tuple(map(oracle.answer, ask.requests)))
            results = tuple(map(oracle.answer, ask.requests))
            with pytest.raises(ValueError, match="argument"):
                under_way.send((*results, Drafts(())) if too_many else results[:-1])


def batch_of(request: Compare) -> str:
    """Name what an order is balanced over: the runs of a block or of a union in the race, else those of a candidate."""
    place, prompts, _ = request.id.rsplit("/", 2)
    return f"{place}/{prompts}" if request.purpose in ("score", "refresh", "promote") else place


def test_s08_the_order_of_outputs_is_balanced_in_each_batch_and_seeded(method: str) -> None:
    def sides(seed: int) -> list[list[bool]]:
        problem = problem_of(seed)
        batches: list[list[bool]] = []
        for ask in play(small(method), problem, Oracle(problem.team, 0)):
            shown: dict[str, list[bool]] = defaultdict(list)
            for request in ask.requests:
                if isinstance(request, Compare):
                    shown[batch_of(request)].append(request.candidate_first)
            batches += shown.values()
        return batches

    found = [sides(seed) for seed in range(6)]
    batches = [batch for run in found for batch in run]
    assert all(abs(2 * sum(batch) - len(batch)) <= 1 for batch in batches)
    assert 0.45 < sum(map(sum, batches)) / sum(map(len, batches)) < 0.55
    assert {2 * sum(batch) > len(batch) for batch in batches if len(batch) % 2} == {True, False}
    assert sides(0) == found[0]
    assert found[0] != found[1], "which inputs it is depends on the seed"


def test_s09_a_fixed_order_shows_the_candidate_first(method: str) -> None:
    found = comparisons(search(method, judge_order="fixed"))
    assert found
    assert all(request.candidate_first for request in found)


def test_s10_every_candidate_of_a_wave_meets_its_reference_on_the_same_inputs(method: str) -> None:
    batches = 0
    for ask in search(method, 5).asks:
        met: dict[str, list[str]] = defaultdict(list)
        for request in ask.requests:
            if isinstance(request, Compare):
                met[batch_of(request)].append(request.input_key)
        # In mixed runs every block of agents takes up the same inputs in their order; one far from the output fewer of
        # them, and now and then one of them twice or not at all.
        mixed = any("/race/" in batch for batch in met)
        if mixed:
            longest = max(met.values(), key=lambda keys: len(set(keys)))
            assert all(set(keys) <= set(longest) for keys in met.values())
        else:
            assert len({tuple(keys) for keys in met.values()}) <= 1
        assert mixed or all(len(keys) == len(set(keys)) for keys in met.values())
        batches += len(met) > 1
    assert batches > 0


def test_s11_a_proposal_shows_the_anchor_or_a_survivor_and_at_most_k_mis_cases(method: str) -> None:
    team = problem_of().team
    found = [
        request for request in search(method, 2, hard_negatives=2, passes=3).requests if isinstance(request, Propose)
    ]
    assert any(request.cases for request in found)
    for request in found:
        concerned = {request.agent, *(name for name, readers in team.successors.items() if request.agent in readers)}
        assert len(request.cases) <= 2
        assert {case.agent for case in request.cases} <= concerned
        keys = [case.input_key for case in request.cases]
        assert len(keys) == len(set(keys))


def test_s12_no_hard_negatives_when_none_are_wanted(method: str) -> None:
    found = [request for request in search(method, 2, hard_negatives=0).requests if isinstance(request, Propose)]
    assert found
    assert not any(request.cases for request in found)


def test_s13_undecided_verdicts_never_change_a_prompt(any_method: str) -> None:
    assert search(any_method, 1, (Verdict.UNDECIDED,)).end.prompts == PROMPTS


def test_s14_ties_never_change_a_prompt(any_method: str) -> None:
    assert search(any_method, 1, (Verdict.TIE,)).end.prompts == PROMPTS


def test_s15_clear_winners_are_taken_up_and_said_so(any_method: str) -> None:
    found = search(any_method, 1, (Verdict.WIN,))
    assert found.end.prompts != PROMPTS
    current = dict(PROMPTS)
    for ask in found.asks:
        for event in ask.events:
            if isinstance(event, PromptChanged):
                assert current[event.agent] == event.before
                current[event.agent] = event.after
        assert current == ask.prompts, "the events tell the whole story of the prompts"
    assert found.end.prompts["b"] == PROMPTS["b"], "a frozen agent keeps its prompt"


def test_s16_no_candidate_meets_itself_or_enters_a_wave_twice(any_method: str) -> None:
    found = search(any_method, 6)
    for request in comparisons(found):
        assert all(text != request.reference[agent] for agent, text in request.changes.items())
        assert not request.candidate.startswith("refused")
    scored = [(event.step, event.candidate) for event in found.events if isinstance(event, CandidateScored)]
    assert scored
    assert len(set(scored)) == len(scored)


def test_s17_a_team_of_frozen_agents_has_nothing_to_search(any_method: str) -> None:
    problem = problem_of()
    frozen = replace(problem, team=replace(problem.team, frozen=frozenset(problem.team.order)))
    found = played(small(any_method), frozen, Oracle(frozen.team))
    assert found == Played((Ask(PROMPTS),))


@pytest.mark.parametrize("inputs", [1, 2, 3, 7])
def test_s18_few_inputs_are_enough_to_run(any_method: str, inputs: int) -> None:
    problem: Problem = problem_of(inputs=inputs)
    found = played(small(any_method), problem, Oracle(problem.team, 0))
    assert comparisons(found)
    assert found.end.requests == ()


def test_s19_the_story_only_grows(any_method: str) -> None:
    """Each thing that happened is told once, and what was told stays as it was."""
    problem = problem_of(2)
    asks, seen = [], []
    for ask in play(small(any_method), problem, Oracle(problem.team, 2)):
        asks.append(ask)
        seen.append(deepcopy(ask))
    assert asks == seen
    events = [event for ask in asks for event in ask.events]
    started = [event for event in events if isinstance(event, StepStarted)]
    assert started
    assert len(set(started)) == len(started)
    assert [event.pass_ for event in started] == sorted(event.pass_ for event in started)
