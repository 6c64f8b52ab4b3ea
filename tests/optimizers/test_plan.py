"""The plan of a race: how large its rounds are (numbered invariants)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.config import RunConfig
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.events import LevelAgreement, SearchEnded
from maspo.optimizers.anchor_race import AnchorRace
from maspo.optimizers.base import Compare, Propose, rounds_begun
from maspo.optimizers.parts.reward import Weights
from maspo.optimizers.race.agreement import Reliability, score
from maspo.optimizers.race.inputs import InputOrder
from maspo.optimizers.race.levelled import has_levelled_off
from maspo.optimizers.race.proof import PROVE
from maspo.optimizers.race.settings import AnchorRaceConfig, RoundSize
from maspo.optimizers.registry import recorded_config
from maspo.study.record import as_it_began
from maspo.team.graph import Team
from maspo.testing.optimizers import Oracle, play, played
from tests.optimizers.landscape import Landscape
from tests.optimizers.small import DIAMOND, problem_of, small

PLANS = st.builds(
    lambda stages, shared, union, first, growth: AnchorRaceConfig(
        stages=stages, shared_inputs=shared, union_inputs=union, first_round=first, growth=growth
    ),
    stages=st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True).map(lambda found: tuple(sorted(found))),
    shared=st.integers(1, 60),
    union=st.integers(1, 60),
    first=st.floats(0.01, 1.6),
    growth=st.floats(0, 3),
)


@given(plan=PLANS)
def test_b01_rounds_only_grow_and_never_without_bound(plan: AnchorRaceConfig) -> None:
    sizes = [plan.round_size(number) for number in range(1, 12)]
    for size in sizes:
        assert list(size.stages) == sorted(set(size.stages))
        assert min(*size.stages, size.shared_inputs, size.union_inputs) >= 1
        assert size.stages[-1] <= round(1.6 * plan.stages[-1])
    for one, other in pairwise(sizes):
        assert one.stages[-1] <= other.stages[-1]
        assert one.shared_inputs <= other.shared_inputs
        assert one.union_inputs <= other.union_inputs


def test_b02_a_round_is_as_large_as_its_number_says() -> None:
    plan = AnchorRaceConfig(stages=(20, 50), shared_inputs=20, union_inputs=10, first_round=0.5, growth=0.5)
    assert plan.round_size(1) == RoundSize((10, 25), 10, 5)
    assert plan.round_size(2) == RoundSize((20, 50), 20, 10)
    assert plan.round_size(9) == RoundSize((32, 80), 32, 16)


def test_b03_the_race_keeps_to_the_size_of_each_round() -> None:
    sizes: dict[str, object] = {"stages": (10,), "shared_inputs": 8, "union_inputs": 6, "first_round": 0.5}
    race, problem = small("race", **sizes, growth=0.5, passes=3), problem_of(1, inputs=40)
    runs: dict[tuple[int, str], int] = defaultdict(int)
    raced: dict[int, set[str]] = defaultdict(set)
    united: dict[int, set[str]] = defaultdict(set)
    proven: dict[int, set[str]] = defaultdict(set)
    number = 0
    for ask in play(race, problem, Oracle(problem.team, 1)):
        number = max(number, rounds_begun(ask))
        for request in ask.requests:
            if isinstance(request, Compare) and request.purpose == "mixed":
                raced[number].add(request.input_key)
                runs[number, request.id.split("/")[1]] += 1
            elif isinstance(request, Compare) and request.purpose == PROVE:
                proven[number].add(request.input_key)
            elif isinstance(request, Compare):
                united[number].add(request.input_key)
    assert set(raced) == {1, 2, 3}
    plan = AnchorRaceConfig.model_validate({**sizes, "growth": 0.5})
    for number, inputs in raced.items():
        size = plan.round_size(number)
        assert len(inputs) <= size.shared_inputs
        assert max(found for (at, _), found in runs.items() if at == number) <= size.stages[-1]
        assert len(united[number]) <= size.union_inputs
        assert len(proven[number]) <= plan.conflict_inputs
    # Runs grow, and on an input there are as many as mixtures into which the candidates are dealt.
    assert [len(raced[number]) for number in (1, 2, 3)] == [3, 5, 8]


@pytest.mark.parametrize(
    ("recorded", "contested"),
    [
        ({"contested": None}, None),
        ({}, 1.0),
        ({"contested_first": True}, 1.0),
        ({"contested_first": False}, 0.0),
        ({"contested": 2.0}, 2.0),
    ],
)
def test_b04_a_record_orders_inputs_as_it_did_when_that_was_a_switch(
    recorded: dict[str, object], contested: float | None
) -> None:
    found = recorded_config({"method": "race", **recorded}, "ignore")
    assert isinstance(found, AnchorRaceConfig)
    assert found.contested == contested


def places_of(key: str, contested: float, rounds: int = 40) -> list[int]:
    """Return where an input comes whose answers differed in one of two runs; in all others they never did."""
    problem = problem_of(inputs=20)
    order = InputOrder(problem, contested)
    for where in problem.inputs:
        for run in range(2):
            same = where != key or run == 0
            asked = Compare(f"{where}/{run}", problem.seed_prompts, {}, where, True)
            order.learn([(asked, Comparison(where, Verdict.TIE, (), Verdict.TIE, same))])
    return [order.of_round(number).index(key) for number in range(1, rounds + 1)]


def test_b05_an_input_whose_answers_differed_comes_the_earlier_the_more_that_counts() -> None:
    chance, half, surely = (places_of("i07", contested) for contested in (0.0, 1.0, 3.0))
    assert sum(surely) == 0, "half of its runs, three times: more than any draw"
    assert sum(half) < sum(chance)
    assert max(half) > 0


def test_b06_readers_are_asked_on_every_run_of_one_agent_and_the_agents_own_level_on_the_first() -> None:
    race, problem = small("race", passes=3, partial_inputs=2, stages=(12,), weighting="readers"), problem_of(inputs=16)
    asked = [one for one in played(race, problem, Oracle(problem.team)).requests if isinstance(one, Compare)]
    mixed = [one for one in asked if one.purpose == "mixed" and one.agent != problem.team.output]
    own = [one for one in mixed if Level.LOCAL in one.levels]
    assert mixed
    assert all({Level.LOOKAHEAD, Level.GLOBAL} <= set(one.levels) and not one.when_differing for one in mixed)
    assert 0 < len(own) < len(mixed)


@pytest.mark.parametrize(
    ("seen", "glob", "expected"),
    [
        (LevelAgreement(), 0.0, 0.4 * 5 / 20 / 2),
        (LevelAgreement(agreed=20), 0.0, 0.4 * 25 / 40 / 2),
        (LevelAgreement(disagreed=5), 0.0, 0.0),
        (LevelAgreement(), 0.5, 0.5 + 0.4 * 5 / 20 / 2),
    ],
)
def test_b07_what_readers_saw_is_added_as_far_as_they_agreed(
    seen: LevelAgreement, glob: float, expected: float
) -> None:
    one = Comparison("i", Verdict.LOSS, (("b", Verdict.WIN),), Verdict.WIN if glob else Verdict.TIE, not glob)
    found = score(one, "readers", Weights(), Reliability(lookahead=seen), glob)
    assert found == pytest.approx(expected)


def chain_of(agents: int) -> Team:
    """Return a team in which each agent reads the one before it."""
    order = tuple("abcdefgh"[:agents])
    return Team(
        order=order, successors={name: order[at + 1 : at + 2] for at, name in enumerate(order)}, output=order[-1]
    )


def test_b07_larger_teams_ask_readers_put_contested_inputs_first_and_may_end_early_unless_settings_say_more() -> None:
    usual, larger = ("learned", 1.0, 1.0, 2, 0.4, 0.2), ("readers", 3.0, 0.72, 2, 0.4, 0.2)
    for agents, found in {1: usual, 2: usual, 3: usual, 4: larger, 5: larger, 6: usual}.items():
        assert AnchorRaceConfig().by_team(chain_of(agents)) == found
    assert AnchorRaceConfig(blocks=6).by_team(chain_of(6)) == larger
    assert AnchorRaceConfig().by_team(DIAMOND) == usual, "one of its four agents keeps its prompt"
    assert AnchorRaceConfig().with_labels().by_team(chain_of(4)) == larger
    for small_plan in (AnchorRaceConfig(calls=2799), AnchorRaceConfig(calls_per_agent=699)):
        assert small_plan.by_team(chain_of(4)) == ("readers", 3.0, 1.0, 0, 0.4, 0.2), "it has no calls to spare"
    assert AnchorRaceConfig(calls=2800).by_team(chain_of(4)) == larger
    told = AnchorRaceConfig(
        weighting="fixed", contested=0.0, enough=0.5, audited_rounds=1, calls=500, first_round=0.5, growth=0.0
    )
    assert told.by_team(chain_of(2)) == told.by_team(chain_of(4)) == ("fixed", 0.0, 0.5, 1, 0.5, 0.0)


@pytest.mark.parametrize(("audited", "proven"), [(None, False), (2, True)])
def test_b11_a_small_plan_pays_no_proof_where_nothing_seems_wrong_unless_it_is_asked_to(
    audited: int | None, proven: bool
) -> None:
    team = chain_of(3)
    problem, answers = problem_of(0, team, inputs=60), Landscape(team, 0, clashes=0)
    found = played(small("race", calls=2000, audited_rounds=audited), problem, answers)
    assert any(one.purpose == PROVE for one in found.requests) is proven


def test_b12_a_small_plan_that_was_begun_before_looks_at_pairs_as_it_did() -> None:
    began = {"method": "race", "far_share": 0.2, "calls": 900, "audited_rounds": 2}
    then = recorded_config(began, "ignore")
    assert isinstance(then, AnchorRaceConfig)
    assert then.by_team(chain_of(2)).audited_rounds == 2
    now = RunConfig(search=AnchorRaceConfig(calls=900))
    found = as_it_began({"search": began}, RunConfig(search=then), now).search
    assert isinstance(found, AnchorRaceConfig)
    assert found.by_team(chain_of(2)).audited_rounds == 2


@pytest.mark.parametrize(
    ("agents", "calls", "sizes"),
    [(4, 1680, (0.3, 0.4)), (4, 1681, (0.4, 0.6)), (5, 2100, (0.3, 0.4)), (3, 300, (0.4, 0.6)), (6, 900, (0.4, 0.6))],
)
def test_b13_a_larger_team_has_smaller_rounds_where_three_fifths_of_the_usual_plan_or_less_are_planned(
    agents: int, calls: int, sizes: tuple[float, float]
) -> None:
    found = AnchorRaceConfig(calls=calls).for_team(chain_of(agents))
    assert [found.share_of(number) for number in (1, 2)] == pytest.approx(sizes)
    told = AnchorRaceConfig(calls=calls, first_round=0.4, growth=0.2).for_team(chain_of(agents))
    assert [told.share_of(number) for number in (1, 2)] == pytest.approx((0.4, 0.6)), "as settings say"


def test_b14_a_race_of_a_small_plan_has_rounds_of_that_size_unless_it_goes_on_from_another_run() -> None:
    team = chain_of(4)
    answers = Landscape(team, 0, clashes=0)
    runs: dict[bool, int] = {}
    for carried in (False, True):
        problem = problem_of(0, team, inputs=60)
        if carried:
            problem = replace(problem, carried={"a": problem.seed_prompts["a"]})
        race = AnchorRace(AnchorRaceConfig(calls=900, drafts=1, edits=4))
        first = [
            one
            for one in played(race, problem, answers).requests
            if isinstance(one, Compare) and one.purpose == "mixed" and one.id.startswith("r1/3/")
        ]
        runs[carried] = len(first)
    assert runs[False] <= 17 < runs[True] <= 22, "0.3 and 0.4 of 56, some of which are alike"


def test_b15_a_small_plan_that_was_begun_before_has_rounds_as_large_as_it_had() -> None:
    began = {"method": "race", "far_share": 0.2, "calls": 900, "first_round": 0.4, "growth": 0.2}
    then = recorded_config(began, "ignore")
    now = RunConfig(search=AnchorRaceConfig(calls=900))
    found = as_it_began({"search": began}, RunConfig(search=then), now).search
    assert isinstance(found, AnchorRaceConfig)
    assert found.for_team(chain_of(4)).share_of(2) == pytest.approx(0.6)


def test_b08_a_search_has_levelled_off_once_it_has_won_much_and_wins_little_more() -> None:
    assert has_levelled_off([0.2, 0.1, 0.02, 0.03])
    assert not has_levelled_off([0.2, 0.1, 0.12, 0.08]), "as much as before, nearly"
    assert not has_levelled_off([0.1, 0.05, 0.0, 0.0]), "too little was won"
    assert not has_levelled_off([0.3, 0.1]), "these are all that it has had"
    assert not has_levelled_off([])


def test_b09_a_search_that_has_levelled_off_ends_before_its_plan_and_is_the_same_until_then() -> None:
    team, sizes = chain_of(4), {"passes": 12, "patience": 12, "calls_per_agent": 1500, "stages": (16,)}
    problem, answers = problem_of(0, team, inputs=30, reserve=40), Landscape(team, 0, clashes=0)
    whole, early = (played(small("race", **sizes, enough=enough), problem, answers) for enough in (1.0, 0.3))
    # Drafts for a round that is not begun are not asked for.
    asked = [one for one in early.requests if not isinstance(one, Propose)]
    known = [one for one in whole.requests if not isinstance(one, Propose)]
    assert 0 < len(asked) < len(known)
    assert asked == known[: len(asked)]
    reasons = [event.reason for event in early.events if isinstance(event, SearchEnded)]
    assert len(reasons) == 1
    assert "so 30% of the 6,000 calls planned were enough (search.enough)" in reasons[0]


def test_b10_a_run_that_was_begun_before_goes_on_as_it_began() -> None:
    began = {"method": "race", "far_share": 0.2, "calls_per_agent": None, "weighting": "learned", "contested": 1.0}
    found = recorded_config(began, "ignore")
    assert isinstance(found, AnchorRaceConfig)
    assert found.by_team(chain_of(4)) == ("learned", 1.0, 1.0, 0, 0.4, 0.2)
    then = RunConfig(search=found)
    assert as_it_began({"search": began}, then, RunConfig()).search == found, "asked for no other settings"
