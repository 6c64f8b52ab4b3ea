"""What every search keeps: determinism, order of arrival, replay, balance (numbered invariants)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from maspo.events import CandidateScored, PromptChanged
from maspo.prompts import Prompts
from maspo.search.methods import Method
from maspo.search.setting import Setting
from maspo.search.work import Compare, Drafts, Propose, Work
from maspo.testing.search import Oracle, check_method, final_state, in_parts, one_by_one, play, replayed
from maspo.verdict import Verdict

Settings = Callable[..., Setting]


def asked_of(method: Method, setting: Setting, prompts: Prompts, oracle: Oracle) -> list[Work]:
    return [work for state in play(method, method.begin(setting, prompts), oracle) for work in method.ask(state)]


def test_s01_the_contract_holds(method: Method, settings: Settings, prompts: Prompts) -> None:
    for seed in range(3):
        check_method(method, settings(seed), prompts)


def test_s02_a_hundred_orders_of_arrival_give_the_same_final_state(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    setting = settings(4)
    oracle = Oracle(setting.team.successors, 4)
    first = method.begin(setting, prompts)
    end = final_state(method, first, oracle)
    assert end.prompts != prompts, "a search that changes nothing would prove nothing"
    for seed in range(100):
        assert final_state(method, first, oracle, one_by_one(seed)) == end


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), parts=st.integers(0, 10**6))
def test_s03_partial_batches_of_any_size_give_the_same_final_state(
    method: Method, settings: Settings, prompts: Prompts, seed: int, parts: int
) -> None:
    setting = settings(seed)
    oracle = Oracle(setting.team.successors, seed)
    first = method.begin(setting, prompts)
    assert final_state(method, first, oracle, in_parts(parts)) == final_state(method, first, oracle)


def test_s04_a_stop_after_every_single_result_and_a_replay_give_the_same_final_state(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    setting = settings(1, passes=1, generations=1, stages=(2, 4))
    oracle = Oracle(setting.team.successors, 1)
    first = method.begin(setting, prompts)
    order = one_by_one(9)
    path = list(play(method, first, oracle, order))
    told = [order(method.ask(state))[0] for state in path[:-1]]
    for stop in range(len(told) + 1):
        journal = {work.id: oracle.answer(work) for work in told[:stop]}
        state = replayed(method, first, journal)
        assert state == path[stop]
        assert final_state(method, state, oracle) == path[-1]


def test_s05_a_search_is_deterministic_in_its_seed_and_seeds_differ(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    def run(seed: int) -> list[Work]:
        setting = settings(seed)
        return asked_of(method, setting, prompts, Oracle(setting.team.successors, 0))

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_s06_a_stray_result_is_refused(method: Method, settings: Settings, prompts: Prompts) -> None:
    state = method.begin(settings(), prompts)
    with pytest.raises(KeyError, match="not asked for"):
        method.tell(state, {"nowhere": Drafts(())})


def test_s07_telling_nothing_changes_nothing(method: Method, settings: Settings, prompts: Prompts) -> None:
    state = method.begin(settings(), prompts)
    assert method.tell(state, {}) == state


def batch_of(work: Compare) -> str:
    """Name what an order is balanced over: the runs of a block or of a union in the race, else those of a candidate."""
    place, prompts, _ = work.id.rsplit("/", 2)
    return place if "/race/" in work.id or "/unite/" in work.id else f"{place}/{prompts}"


def test_s08_the_order_of_outputs_is_balanced_in_each_batch_and_seeded(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    def sides(seed: int) -> list[list[bool]]:
        setting = settings(seed)
        batches: list[list[bool]] = []
        for state in play(method, method.begin(setting, prompts), Oracle(setting.team.successors, 0)):
            shown: dict[str, list[bool]] = defaultdict(list)
            for work in method.ask(state):
                if isinstance(work, Compare):
                    shown[batch_of(work)].append(work.candidate_first)
            batches += shown.values()
        return batches

    found = [sides(seed) for seed in range(6)]
    batches = [batch for run in found for batch in run]
    assert all(abs(2 * sum(batch) - len(batch)) <= 1 for batch in batches)
    assert 0.45 < sum(map(sum, batches)) / sum(map(len, batches)) < 0.55
    assert {2 * sum(batch) > len(batch) for batch in batches if len(batch) % 2} == {True, False}
    assert sides(0) == found[0]
    assert found[0] != found[1], "which inputs it is depends on the seed"


def test_s09_a_fixed_order_shows_the_candidate_first(method: Method, settings: Settings, prompts: Prompts) -> None:
    assert all(work.candidate_first for work in comparisons(method, settings(judge_order="fixed"), prompts))


def test_s10_every_candidate_of_a_wave_meets_its_reference_on_the_same_inputs(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    setting = settings(5)
    batches = 0
    for state in play(method, method.begin(setting, prompts), Oracle(setting.team.successors, 5)):
        met: dict[str, list[str]] = defaultdict(list)
        for work in method.ask(state):
            if isinstance(work, Compare):
                met[batch_of(work)].append(work.input_key)
        # In mixed runs every block of agents takes up the same inputs, now and then one of them twice or not at all.
        mixed = any("/race/" in batch for batch in met)
        assert len({frozenset(keys) if mixed else tuple(keys) for keys in met.values()}) <= 1
        assert mixed or all(len(keys) == len(set(keys)) for keys in met.values())
        batches += len(met) > 1
    assert batches > 0


def test_s11_a_proposal_shows_the_anchor_or_a_survivor_and_at_most_k_mis_cases(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    setting = settings(2, hard_negatives=2, passes=3)
    found = [
        work
        for work in asked_of(method, setting, prompts, Oracle(setting.team.successors, 2))
        if isinstance(work, Propose)
    ]
    assert any(work.cases for work in found)
    for work in found:
        concerned = {work.agent, *(name for name, readers in setting.team.successors.items() if work.agent in readers)}
        assert len(work.cases) <= 2
        assert {case.agent for case in work.cases} <= concerned
        keys = [case.input_key for case in work.cases]
        assert len(keys) == len(set(keys))


def test_s12_no_hard_negatives_when_none_are_wanted(method: Method, settings: Settings, prompts: Prompts) -> None:
    work = asked_of(method, settings(2, hard_negatives=0), prompts, Oracle(settings().team.successors, 2))
    assert not any(item.cases for item in work if isinstance(item, Propose))


def test_s13_undecided_verdicts_never_change_a_prompt(method: Method, settings: Settings, prompts: Prompts) -> None:
    setting = settings(1)
    undecided = Oracle(setting.team.successors, 1, (Verdict.UNDECIDED,))
    assert final_state(method, method.begin(setting, prompts), undecided).prompts == prompts


def test_s14_ties_never_change_a_prompt(method: Method, settings: Settings, prompts: Prompts) -> None:
    setting = settings(1)
    ties = Oracle(setting.team.successors, 1, (Verdict.TIE,))
    assert final_state(method, method.begin(setting, prompts), ties).prompts == prompts


def test_s15_clear_winners_are_taken_up_and_said_so(method: Method, settings: Settings, prompts: Prompts) -> None:
    setting = settings(1)
    end = final_state(method, method.begin(setting, prompts), Oracle(setting.team.successors, 1, (Verdict.WIN,)))
    assert end.prompts != prompts
    current = dict(prompts)
    for event in end.events:
        if isinstance(event, PromptChanged):
            assert current[event.agent] == event.before
            current[event.agent] = event.after
    assert current == end.prompts, "the events tell the whole story of the prompts"
    assert end.prompts["b"] == prompts["b"], "a frozen agent keeps its prompt"


def test_s16_no_candidate_meets_itself_or_enters_a_wave_twice(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    setting = settings(6)
    for work in comparisons(method, setting, prompts):
        assert work.candidate != work.reference[work.agent]
        assert not work.candidate.startswith("refused")
    end = final_state(method, method.begin(setting, prompts), Oracle(setting.team.successors, 6))
    scored = [(event.step, event.candidate) for event in end.events if isinstance(event, CandidateScored)]
    assert scored
    assert len(set(scored)) == len(scored)


def test_s17_a_team_of_frozen_agents_has_nothing_to_search(
    method: Method, settings: Settings, prompts: Prompts
) -> None:
    setting = settings()
    frozen = replace(setting.team, frozen=frozenset(setting.team.order))
    state = method.begin(replace(setting, team=frozen), prompts)
    assert method.ask(state) == ()
    assert state.prompts == prompts


@pytest.mark.parametrize("inputs", [1, 2, 3, 7])
def test_s18_few_inputs_are_enough_to_run(method: Method, settings: Settings, prompts: Prompts, inputs: int) -> None:
    setting = settings(inputs=inputs)
    end = final_state(method, method.begin(setting, prompts), Oracle(setting.team.successors, 0))
    assert method.ask(end) == ()


def test_s19_the_story_only_grows(method: Method, settings: Settings, prompts: Prompts) -> None:
    setting = settings(2)
    states = list(play(method, method.begin(setting, prompts), Oracle(setting.team.successors, 2), in_parts(1)))
    for before, after in pairwise(states):
        assert after.events[: len(before.events)] == before.events


def comparisons(method: Method, setting: Setting, prompts: Prompts) -> list[Compare]:
    oracle = Oracle(setting.team.successors, setting.seed)
    return [work for work in asked_of(method, setting, prompts, oracle) if isinstance(work, Compare)]
