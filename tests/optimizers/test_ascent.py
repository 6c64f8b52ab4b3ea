"""Algorithm 1: beams, Eq. 7 and 8, one shared batch a step, hard negatives, promotion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.events import CandidateScored, DraftRejected, PromptChanged, PromptKept, StepStarted
from maspo.optimizers.base import Ask, Compare, Draft, Drafts, Problem, Propose, Request, Result
from maspo.optimizers.coordinate_ascent import CoordinateAscent, CoordinateAscentConfig
from maspo.team.graph import Team
from maspo.testing.optimizers import Oracle, Played, play, played
from tests.optimizers.small import PROMPTS, problem_of, small

WIN, LOSS, TIE = Verdict.WIN, Verdict.LOSS, Verdict.TIE
CHAIN = Team(("a", "z"), {"a": ("z",), "z": ()}, "z", frozenset({"z"}))
PAPER: dict[str, object] = {"scoring": "indicator", "reference": "parent", "promotion": ()}


@dataclass(frozen=True)
class Judged:
    """Comparisons are answered by a function at all levels, proposals with drafts named by parent and part."""

    problem: Problem
    verdict: Callable[[Compare], Verdict]

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        if isinstance(request, Propose):
            return Drafts((Draft(f"{request.prompts[request.agent]}>{request.id[-3:]}"),))
        assert isinstance(request, Compare)
        verdict = self.verdict(request)
        readers = tuple((reader, verdict) for reader in self.problem.team.successors[request.agent])
        return Comparison(request.input_key, verdict, readers, verdict)


def search(seed: int = 0, **settings: object) -> Played:
    problem = problem_of(seed)
    return played(small("ascent", **settings), problem, Oracle(problem.team, seed))


def judged(verdict: Callable[[Compare], Verdict], team: Team | None = None, **settings: object) -> list[Ask]:
    problem = problem_of(team=team) if team else problem_of()
    return list(play(small("ascent", **settings), problem, Judged(problem, verdict)))


def step_of(request: Request) -> str:
    return "/".join(request.id.split("/")[:3])


def proposals(ask: Ask) -> list[Propose]:
    return [request for request in ask.requests if isinstance(request, Propose)]


def compares(ask: Ask, purpose: str = "") -> list[Compare]:
    found = [request for request in ask.requests if isinstance(request, Compare)]
    return [request for request in found if purpose in ("", request.purpose)]


def beam(ask: Ask) -> list[str]:
    """Return the prompts of a beam, best first: each is the parent of as many proposals as there are parts."""
    places = {request.id.rsplit(".", 1)[0]: request.prompts[request.agent] for request in proposals(ask)}
    return list(places.values())


def batch(ask: Ask) -> list[str]:
    """Return the batch of a step in its order: part k of the first parent's n has its inputs k, k + n, …"""
    first = [request.inputs for request in proposals(ask) if "/propose/0." in request.id]
    return [first[place % len(first)][place // len(first)] for place in range(sum(map(len, first)))]


def test_a01_a_beam_never_holds_the_same_prompt_twice_and_at_most_k() -> None:
    widest = 0
    for seed in range(4):
        for ask in search(seed, beam_width=3).asks:
            if proposals(ask):
                texts = beam(ask)
                assert len(texts) == len(set(texts))
                assert 1 <= len(texts) <= 3
                widest = max(widest, len(texts))
    assert widest == 3


def test_a02_one_shared_batch_a_step_for_proposals_and_comparisons() -> None:
    seen: dict[str, set[frozenset[str]]] = defaultdict(set)
    for ask in search(3, passes=3).asks:
        keys = {request.input_key for request in compares(ask, "score")}
        keys |= {key for request in proposals(ask) for key in request.inputs}
        if keys:
            seen[step_of(ask.requests[0])].add(frozenset(keys))
            assert len(keys) == 5
    assert seen
    assert all(len(batches) == 1 for batches in seen.values())


def test_a03_hard_negatives_lead_the_next_batch() -> None:
    led = 0
    for ask in search(2, passes=3).asks:
        if proposals(ask):
            hard = [case.input_key for case in proposals(ask)[0].cases]
            assert len(hard) <= 3
            assert batch(ask)[: len(hard)] == hard
            led += bool(hard)
    assert led > 3


def test_a04_equation_4_each_parent_is_rewritten_from_disjoint_parts_of_the_batch() -> None:
    beams: dict[str, set[str]] = {}
    kept: dict[str, set[str]] = defaultdict(set)
    for ask in search(1).asks:
        for event in ask.events:
            if isinstance(event, CandidateScored) and event.kept:
                kept[event.step].add(event.text)
        parts: dict[str, list[str]] = defaultdict(list)
        for request in proposals(ask):
            parts[request.prompts[request.agent]] += request.inputs
        assert all(sorted(keys) == sorted(batch(ask)) for keys in parts.values())
        if parts:
            step = step_of(ask.requests[0])
            beams[step] = set(parts)
    for before, after in pairwise(beams):
        if before[:-1] == after[:-1]:
            assert kept[before] <= beams[after] <= kept[before] | beams[before], "the parents are the survivors"
    assert any(kept.values())


def test_a05_equation_7_chains_scores_in_the_paper_profile() -> None:
    asks = judged(lambda _: WIN, CHAIN, passes=1, generations=3, **PAPER)
    events = [event for ask in asks for event in ask.events]
    scored = {event.text: event for event in events if isinstance(event, CandidateScored)}
    assert scored
    for event in scored.values():
        parent = next((other.score for other in scored.values() if prompt_id(other.text) == event.parent), 0.0)
        assert event.reward == pytest.approx(1.0)
        assert event.score == pytest.approx(event.reward + parent)
    assert max(event.score for event in scored.values()) == pytest.approx(3.0), "three generations deep"


def test_a06_under_the_default_a_candidate_meets_the_anchor_and_sums_nothing() -> None:
    found = search(2)
    for ask in found.asks:
        for request in compares(ask):
            assert request.reference == ask.prompts
    scored = [event for event in found.events if isinstance(event, CandidateScored)]
    assert scored
    for event in scored:
        assert event.score == pytest.approx(event.reward)


def test_a07_equation_8_refreshes_survivors_against_the_best_and_centres() -> None:
    def verdict(request: Compare) -> Verdict:
        return LOSS if request.purpose == "refresh" and request.input_key >= "i06" else WIN

    asks = judged(verdict, CHAIN, passes=2, generations=1, **PAPER)
    (place,) = [number for number, ask in enumerate(asks) if compares(ask, "refresh")]
    asked = compares(asks[place])
    now = asks[place].prompts["a"]
    assert now != "Seed of a."
    events = [event for ask in asks for event in ask.events]
    survivors = {event.text for event in events if isinstance(event, CandidateScored) and event.kept}
    stale = {text for text in survivors if text.count(">") == 1} - {now}
    assert {request.candidate for request in asked} == stale
    assert all(request.reference["a"] == now for request in asked)
    keys = {request.input_key for request in asked}
    share = sum(key < "i06" for key in keys) / len(keys)
    refreshed = [event for event in events if isinstance(event, CandidateScored) and event.step.endswith("/g0")]
    assert refreshed
    for event in refreshed:
        assert event.reward == pytest.approx(share)
        assert event.score == pytest.approx(share - 0.5)


def test_a08_no_refresh_when_it_is_switched_off() -> None:
    assert any(compares(ask, "refresh") for ask in search(1).asks)
    assert not any(compares(ask, "refresh") for ask in search(1, refresh=False).asks)


def test_a09_known_and_refused_drafts_are_told_with_a_reason_and_not_scored() -> None:
    events = search(3).events
    refused = [event for event in events if isinstance(event, DraftRejected)]
    assert {event.reason for event in refused} >= {"drawn to be refused"}
    assert all(event.reason for event in refused)
    scored = {(event.step, event.text) for event in events if isinstance(event, CandidateScored)}
    assert not {(event.step, event.text) for event in refused if event.reason == "drawn to be refused"} & scored


def test_a10_agents_are_visited_in_topological_order_pass_by_pass() -> None:
    steps = [event for event in search(0).events if isinstance(event, StepStarted)]
    visits = list(dict.fromkeys((event.pass_, event.agent) for event in steps))
    assert visits == [(1, "a"), (1, "c"), (1, "d"), (2, "a"), (2, "c"), (2, "d")]
    assert [(event.pass_, event.agent) for event in steps] == sorted((event.pass_, event.agent) for event in steps)


def test_a11_each_visit_ends_with_one_decision() -> None:
    decided = [event.agent for event in search(0).events if isinstance(event, PromptKept | PromptChanged)]
    assert decided == ["a", "c", "d"] * 2


def test_a12_a_winner_is_written_into_the_system_before_the_next_agent_is_visited() -> None:
    asks = judged(lambda _: WIN)
    after = next(ask for ask in asks if any(request.agent == "c" for request in proposals(ask)))
    assert after.prompts["a"] != PROMPTS["a"]
    assert all(request.prompts["a"] == after.prompts["a"] for request in proposals(after))


def test_a13_a_promotion_grows_in_stages_and_asks_for_the_global_verdict_alone() -> None:
    asks = judged(lambda _: WIN, generations=1, passes=1)
    promotions = [found for ask in asks if (found := compares(ask, "promote")) and found[0].agent == "a"]
    assert all(request.levels == (Level.GLOBAL,) for found in promotions for request in found)
    sizes = [len(found) for found in promotions]
    assert sizes == [4, 4], "the second stage adds inputs to the first, none is paid twice"
    assert len({request.input_key for found in promotions for request in found}) == 8


def test_a14_a_promotion_that_loses_keeps_the_prompt() -> None:
    asks = judged(lambda request: LOSS if request.purpose == "promote" else WIN, generations=1, passes=1)
    after = next(number for number, ask in enumerate(asks) if any(asked.agent == "c" for asked in proposals(ask)))
    assert asks[after].prompts == PROMPTS
    kept = [event for ask in asks[: after + 1] for event in ask.events if isinstance(event, PromptKept)]
    assert kept[0].reason == "no candidate was better"


def test_a15_the_prompt_in_the_system_stays_in_its_beam() -> None:
    """Without a refresh the beam in which a visit ended is the one that the next visit begins with."""
    visited: set[str] = set()
    again = 0
    for seed in range(3):
        for ask in search(seed, refresh=False).asks:
            asked = proposals(ask)
            if asked and step_of(asked[0]).endswith("g1"):
                assert ask.prompts[asked[0].agent] in beam(ask)
                again += asked[0].agent in visited
                visited.add(asked[0].agent)
        for ask in search(seed).asks:
            stale = {request.candidate for request in compares(ask, "refresh")}
            assert len(stale) <= 1, "one of the two places of a beam is the system's"
    assert again > 3


def test_a16_the_paper_profile_is_algorithm_1_with_unreadable_verdicts_kept_out() -> None:
    plan = CoordinateAscentConfig.model_validate(PAPER)
    assert (plan.method, plan.passes, plan.generations, plan.beam_width, plan.drafts) == ("ascent", 3, 3, 2, 2)
    assert (plan.batch, plan.hard_negatives, plan.scoring, plan.reference) == (10, 3, "indicator", "parent")
    assert (plan.weights.local, plan.weights.lookahead, plan.weights.glob) == (0.4, 0.4, 0.2)
    assert (plan.promotion, plan.refresh, plan.judge_order) == ((), True, "balanced")
    problem = problem_of()
    unread = Oracle(problem.team, 0, (Verdict.UNDECIDED,))
    assert played(CoordinateAscent(plan), problem, unread).end.prompts == PROMPTS
