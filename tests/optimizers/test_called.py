"""Inputs are drawn where a change can show: agents that are called on few inputs are tried on those."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maspo.optimizers.base import Observe, Observed
from maspo.optimizers.race.inputs import CalledOn, observations
from maspo.team.load import parse_system

TEAM = parse_system(
    "agents: {router: {prompt: R}, often: {prompt: O, when: {agent: router, equals: o}}, "
    "rare: {prompt: S, when: {agent: router, equals: s}}}"
).team
INPUTS = tuple(f"i{number:02d}" for number in range(40))


def seen(rare: set[str]) -> CalledOn:
    answers = [
        (Observe(key, {}, key), Observed(key, ("router", "rare" if key in rare else "often"), 2)) for key in INPUTS
    ]
    return CalledOn().after(answers)


def test_o01_a_rare_agent_is_tried_on_its_inputs_alone() -> None:
    assert seen({"i07", "i31"}).draw(INPUTS, ("rare",), 14, TEAM) == ("i07", "i31")


def test_o02_in_a_union_each_has_its_share_and_the_rest_keeps_its_order() -> None:
    drawn = seen({"i30", "i31", "i32", "i39"}).draw(INPUTS, ("router", "often", "rare"), 12, TEAM)
    assert drawn == (*INPUTS[:8], "i30", "i31", "i32", "i39")


@given(
    st.sets(st.sampled_from(INPUTS)), st.integers(1, 50), st.sampled_from([("rare",), ("router",), ("often", "rare")])
)
def test_o03_never_more_than_asked_for_never_none_and_in_order(
    rare: set[str], most: int, agents: tuple[str, ...]
) -> None:
    drawn = seen(rare).draw(INPUTS, agents, most, TEAM)
    assert 1 <= len(drawn) <= most and list(drawn) == sorted(set(drawn))


def test_o04_where_nothing_is_known_they_are_the_first() -> None:
    assert CalledOn().draw(INPUTS, ("rare",), 3, TEAM) == INPUTS[:3]


def test_o05_a_team_in_which_all_are_always_called_is_not_looked_at() -> None:
    plain = parse_system("agents: {a: {prompt: A}, b: {prompt: B, reads: [a]}}").team
    assert observations({}, plain, INPUTS, 10_000, 0) == ()
    assert len(observations({}, TEAM, INPUTS, 10_000, 0)) == len(INPUTS)
    assert len(observations({}, TEAM, INPUTS, 150, 0)) == 10, "a fifth of the planned calls, at three a run"
