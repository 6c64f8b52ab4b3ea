"""Algorithm 1: beams, Eq. 7 and 8, one shared batch a step, hard negatives, promotion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest

from maspo.config import plan_of
from maspo.events import CandidateScored, DraftRejected, PromptChanged, PromptKept
from maspo.prompts import Prompts, prompt_id
from maspo.search import ascent
from maspo.search.ascent_state import Phase, State
from maspo.search.setting import Setting
from maspo.search.work import Compare, Draft, Drafts, Propose, Result, Team, Work
from maspo.testing.search import Oracle, final_state, play
from maspo.verdict import Comparison, Verdict

Settings = Callable[..., Setting]
WIN, LOSS, TIE = Verdict.WIN, Verdict.LOSS, Verdict.TIE
CHAIN = Team(("a", "z"), {"a": ("z",), "z": ()}, "z", frozenset({"z"}))
PAPER = {"scoring": "indicator", "reference": "parent", "promotion": ()}


def states(setting: Setting, prompts: Prompts, seed: int = 0) -> list[State]:
    return list(play(ascent, ascent.begin(setting, prompts), Oracle(setting.team.successors, seed)))


def answered(state: State, verdicts: Callable[[Compare], Verdict]) -> State:
    """Answer a whole wave: comparisons by a function at all levels, proposals with drafts named by parent and part."""

    def result(work: Work) -> Result:
        if isinstance(work, Propose):
            return Drafts((Draft(f"{work.prompts[work.agent]}>{work.id[-3:]}"),))
        assert isinstance(work, Compare)
        verdict = verdicts(work)
        readers = tuple((reader, verdict) for reader in state.setting.team.successors[work.agent])
        return Comparison(work.input_key, verdict, readers, verdict)

    return ascent.tell(state, {work.id: result(work) for work in ascent.ask(state)})


def test_a01_a_beam_never_holds_the_same_prompt_twice_and_at_most_k(settings: Settings, prompts: Prompts) -> None:
    widest = 0
    for seed in range(4):
        for state in states(settings(seed, beam_width=3), prompts, seed):
            for beam in state.beams.values():
                texts = [member.text for member in beam]
                assert len(texts) == len(set(texts))
                assert 1 <= len(texts) <= 3
                widest = max(widest, len(texts))
    assert widest == 3


def test_a02_one_shared_batch_a_step_for_proposals_and_comparisons(settings: Settings, prompts: Prompts) -> None:
    seen: dict[str, set[frozenset[str]]] = defaultdict(set)
    for state in states(settings(3, passes=3), prompts, 3):
        keys = {work.input_key for work in state.wave if isinstance(work, Compare)}
        keys |= {key for work in state.wave if isinstance(work, Propose) for key in work.inputs}
        if state.phase in (Phase.PROPOSE, Phase.SCORE) and keys:
            seen[state.step].add(frozenset(keys))
            assert len(keys) == 5
    assert seen
    assert all(len(batches) == 1 for batches in seen.values())


def test_a03_hard_negatives_lead_the_next_batch(settings: Settings, prompts: Prompts) -> None:
    led = 0
    for state in states(settings(2, passes=3), prompts, 2):
        if state.phase is Phase.PROPOSE:
            hard = [case.input_key for work in state.wave[:1] if isinstance(work, Propose) for case in work.cases]
            assert len(hard) <= 3
            assert list(state.batch[: len(hard)]) == hard
            led += bool(hard)
    assert led > 3


def test_a04_equation_4_each_parent_is_rewritten_from_disjoint_parts_of_the_batch(
    settings: Settings, prompts: Prompts
) -> None:
    for state in states(settings(1), prompts, 1):
        parts: dict[str, list[str]] = defaultdict(list)
        for work in state.wave:
            if isinstance(work, Propose):
                parts[work.prompts[work.agent]] += work.inputs
        assert all(sorted(keys) == sorted(state.batch) for keys in parts.values())
        if parts:
            assert set(parts) == {member.text for member in state.beams[state.agent]}


def test_a05_equation_7_chains_scores_in_the_paper_profile(settings: Settings) -> None:
    setting = settings(0, CHAIN, passes=1, generations=3, **PAPER)
    state = ascent.begin(setting, {"a": "seed", "z": "last"})
    while ascent.ask(state):
        state = answered(state, lambda _: WIN)
    scored = {event.text: event for event in state.events if isinstance(event, CandidateScored)}
    assert scored
    for event in scored.values():
        parent = next((other.score for other in scored.values() if prompt_id(other.text) == event.parent), 0.0)
        assert event.reward == pytest.approx(1.0)
        assert event.score == pytest.approx(event.reward + parent)
    assert max(event.score for event in scored.values()) == pytest.approx(3.0), "three generations deep"


def test_a06_under_the_default_a_candidate_meets_the_anchor_and_sums_nothing(
    settings: Settings, prompts: Prompts
) -> None:
    for state in states(settings(2), prompts, 2):
        for work in state.wave:
            if isinstance(work, Compare):
                assert work.reference == state.prompts
    for event in states(settings(2), prompts, 2)[-1].events:
        if isinstance(event, CandidateScored):
            assert event.score == pytest.approx(event.reward)


def test_a07_equation_8_refreshes_survivors_against_the_best_and_centres(settings: Settings) -> None:
    setting = settings(0, CHAIN, passes=2, generations=1, **PAPER)
    state = ascent.begin(setting, {"a": "seed", "z": "last"})
    while state.phase is not Phase.REFRESH:
        state = answered(state, lambda _: WIN)
    now = state.prompts["a"]
    assert now != "seed"
    stale = {member.text for member in state.beams["a"]} - {now}
    assert {work.candidate for work in state.wave if isinstance(work, Compare)} == stale
    assert all(work.reference["a"] == now for work in state.wave if isinstance(work, Compare))
    share = sum(key < "i06" for key in state.batch) / len(state.batch)
    state = answered(state, lambda work: WIN if work.input_key < "i06" else LOSS)
    refreshed = [event for event in state.events if isinstance(event, CandidateScored) and event.step.endswith("/g0")]
    assert refreshed
    for event in refreshed:
        assert event.reward == pytest.approx(share)
        assert event.score == pytest.approx(share - 0.5)


def test_a08_no_refresh_when_it_is_switched_off(settings: Settings, prompts: Prompts) -> None:
    assert any(state.phase is Phase.REFRESH for state in states(settings(1), prompts, 1))
    assert not any(state.phase is Phase.REFRESH for state in states(settings(1, refresh=False), prompts, 1))


def test_a09_known_and_refused_drafts_are_told_with_a_reason_and_not_scored(
    settings: Settings, prompts: Prompts
) -> None:
    end = states(settings(3), prompts, 3)[-1]
    refused = [event for event in end.events if isinstance(event, DraftRejected)]
    assert {event.reason for event in refused} >= {"drawn to be refused"}
    assert all(event.reason for event in refused)
    scored = {(event.step, event.text) for event in end.events if isinstance(event, CandidateScored)}
    assert not {(event.step, event.text) for event in refused if event.reason == "drawn to be refused"} & scored


def test_a10_agents_are_visited_in_topological_order_pass_by_pass(settings: Settings, prompts: Prompts) -> None:
    visits: list[tuple[int, str]] = []
    for state in states(settings(0), prompts):
        if state.phase is not Phase.DONE and (not visits or visits[-1] != (state.pass_, state.agent)):
            visits.append((state.pass_, state.agent))
    assert visits == [(1, "a"), (1, "c"), (1, "d"), (2, "a"), (2, "c"), (2, "d")]


def test_a11_each_visit_ends_with_one_decision(settings: Settings, prompts: Prompts) -> None:
    end = states(settings(0), prompts)[-1]
    decided = [event.agent for event in end.events if isinstance(event, PromptKept | PromptChanged)]
    assert decided == ["a", "c", "d"] * 2


def test_a12_a_winner_is_written_into_the_system_before_the_next_agent_is_visited(
    settings: Settings, prompts: Prompts
) -> None:
    state = ascent.begin(settings(0), prompts)
    while state.agent == "a":
        state = answered(state, lambda _: WIN)
    assert state.prompts["a"] != prompts["a"]
    assert all(work.prompts["a"] == state.prompts["a"] for work in state.wave if isinstance(work, Propose))


def test_a13_a_promotion_grows_in_stages_and_asks_for_the_global_verdict_alone(
    settings: Settings, prompts: Prompts
) -> None:
    sizes: list[int] = []
    state = ascent.begin(settings(0, generations=1, passes=1), prompts)
    while state.agent == "a":
        if state.phase is Phase.PROMOTE:
            sizes.append(len(state.wave))
            assert all(work.levels == ("global",) for work in state.wave if isinstance(work, Compare))
        state = answered(state, lambda _: WIN)
    assert sizes == [4, 4], "the second stage adds inputs to the first, none is paid twice"


def test_a14_a_promotion_that_loses_keeps_the_prompt(settings: Settings, prompts: Prompts) -> None:
    state = ascent.begin(settings(0, generations=1, passes=1), prompts)
    while state.agent == "a":
        lost = state.phase is Phase.PROMOTE
        state = answered(state, lambda _, lost=lost: LOSS if lost else WIN)  # type: ignore[misc]
    assert state.prompts == prompts
    kept = [event for event in state.events if isinstance(event, PromptKept)]
    assert kept[0].reason == "no candidate was better"


def test_a15_the_prompt_in_the_system_stays_in_its_beam(settings: Settings, prompts: Prompts) -> None:
    for seed in range(3):
        for before, after in zip((path := states(settings(seed), prompts, seed)), path[1:], strict=False):
            if after.visit != before.visit:
                agent = before.agent
                assert after.prompts[agent] in {member.text for member in after.beams[agent]}


def test_a16_the_paper_profile_is_algorithm_1_with_unreadable_verdicts_kept_out(
    settings: Settings, prompts: Prompts
) -> None:
    plan = plan_of("paper", {})
    assert (plan.method, plan.passes, plan.generations, plan.beam_width, plan.drafts) == ("ascent", 3, 3, 2, 2)
    assert (plan.batch, plan.hard_negatives, plan.scoring, plan.reference) == (10, 3, "indicator", "parent")
    assert (plan.weights.local, plan.weights.lookahead, plan.weights.glob) == (0.4, 0.4, 0.2)
    assert (plan.promotion, plan.refresh, plan.judge_order) == ((), True, "balanced")
    setting = Setting(plan, settings().team, settings().inputs, 0)
    unread = Oracle(setting.team.successors, 0, (Verdict.UNDECIDED,))
    assert final_state(ascent, ascent.begin(setting, prompts), unread).prompts == prompts
