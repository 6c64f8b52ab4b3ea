"""Searches for a better structure, on verdicts that a test makes: what is kept, what is refused, and after how many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import pytest

from maspo.core.errors import BudgetReached
from maspo.core.verdict import Verdict
from maspo.optimizers.structure.agent_dropout import DRAWN, STEPS, Edge, drop_out, most_meetings, slopes
from maspo.optimizers.structure.base import FoundTeam, Meet, SearchesStructure, StructurePlan, Tally
from maspo.optimizers.structure.greedy import search_greedily
from maspo.team import Agent, System
from maspo.team.changes import AddVerifier, DropAgent, DropEdge, changed_system

KEYS = [f"input-{number:03d}" for number in range(60)]
TEAM = System(
    (
        Agent("helper", "Help."),
        Agent("gossip", "Pass on what people say."),
        Agent("idler", "Wait."),
        Agent("chair", "Decide.", reads=("helper", "gossip", "idler")),
    )
)


def worth(system: System) -> int:
    """Return how good a team is: the helper helps, the gossip harms, the idler does neither."""
    names = {agent.name for agent in system.agents}
    return 2 * ("helper" in names) - 2 * ("gossip" in names)


def by_worth(meet: Meet) -> Verdict:
    ahead = worth(meet.candidate) - worth(meet.reference)
    return Verdict.WIN if ahead > 0 else Verdict.LOSS if ahead < 0 else Verdict.TIE


def play(
    method: SearchesStructure,
    judge: Callable[[Meet], Verdict],
    plan: StructurePlan | None = None,
    keys: Sequence[str] = KEYS,
) -> tuple[FoundTeam, list[Meet]]:
    search, met = method(TEAM, keys, plan or StructurePlan()), list[Meet]()
    try:
        wanted = next(search)
        while True:
            met += wanted
            wanted = search.send(tuple(map(judge, wanted)))
    except StopIteration as stop:
        return stop.value, met


def test_s60_what_harms_and_what_does_nothing_goes_and_what_helps_stays() -> None:
    found, _ = play(search_greedily, by_worth)
    assert set(found.changes) == {DropAgent("idler"), DropAgent("gossip")}
    assert [agent.name for agent in found.system.agents] == ["helper", "chair"]


def test_s61_what_harms_plainly_is_refused_at_the_first_stage() -> None:
    found, met = play(search_greedily, lambda _: Verdict.LOSS)
    assert found.system == TEAM and not found.changes
    assert {one.tally.n for one in found.tried} == {10}
    assert len(met) == 10 * len(found.tried)


def test_s62_undecided_inputs_count_as_lost() -> None:
    found, _ = play(search_greedily, lambda _: Verdict.UNDECIDED)
    assert not found.changes


def test_s63_a_verifier_must_be_better_and_not_only_as_good() -> None:
    plan = StructurePlan(("verifiers",))
    assert not play(search_greedily, lambda _: Verdict.TIE, plan)[0].changes
    found, _ = play(
        search_greedily,
        lambda meet: Verdict.WIN if len(meet.candidate.agents) == len(TEAM.agents) + 1 else Verdict.TIE,
        plan,
    )
    assert len(found.changes) == 1 and isinstance(found.changes[0], AddVerifier)


@pytest.mark.parametrize("method", [search_greedily, drop_out])
def test_s64_the_same_verdicts_lead_to_the_same_questions(method: SearchesStructure) -> None:
    assert play(method, by_worth) == play(method, by_worth)


def test_s65_agent_dropout_drops_what_a_policy_gradient_makes_light() -> None:
    found, _ = play(drop_out, by_worth, StructurePlan(seed=1))
    assert DropAgent("gossip") in found.changes
    assert "helper" in found.system.by_name


@pytest.mark.parametrize("seed", range(6))
def test_s72_who_harms_gets_light_who_does_nothing_stays_between_and_the_lightest_is_tried_first(seed: int) -> None:
    found, _ = play(drop_out, by_worth, StructurePlan(seed=seed))
    edges = [one.change for one in found.tried if isinstance(one.change, DropEdge)]
    assert found.tried[0].change == DropAgent("gossip")
    assert edges[0] == DropEdge("idler", "chair"), "before that of the helper"


def test_s73_the_slope_of_a_weight_is_the_derivative_of_the_expected_reward_however_likely_its_edge_is() -> None:
    rare, usual = ("gossip", "chair"), ("helper", "chair")
    drawn = [  # each set of edges as often as weights of 1/4 and 3/4 say: 1, 3 or 9 of 16
        frozenset(edge for edge, here in ((rare, one), (usual, other)) if here)
        for one, other in product((True, False), repeat=2)
        for _ in range((1 if one else 3) * (3 if other else 1))
    ]
    weights = {rare: 0.25, usual: 0.75}

    def derivatives(reward: Callable[[frozenset[Edge]], float]) -> dict[Edge, float]:
        return slopes(weights, drawn, [reward(kept) for kept in drawn])

    assert derivatives(lambda kept: (usual in kept) - (rare in kept)) == pytest.approx({rare: -1, usual: 1})
    assert derivatives(lambda kept: len(kept) == 2) == pytest.approx({rare: 0.75, usual: 0.25}), "of a product"
    assert derivatives(lambda _: 0.7) == pytest.approx({rare: 0, usual: 0})


@pytest.mark.parametrize("verdict", [Verdict.TIE, Verdict.LOSS, Verdict.UNDECIDED, Verdict.CONTRADICTED])
def test_s66_agent_dropout_drops_nothing_without_evidence_that_it_harms(verdict: Verdict) -> None:
    found, _ = play(drop_out, lambda _: verdict)
    assert found.system == TEAM and not found.changes
    assert len(found.tried) == 3, "the paper would have dropped the lightest agent, and an edge"
    names = [one.change.agent for one in found.tried if isinstance(one.change, DropAgent)]
    assert names == sorted(names), "where all that is drawn does alike, no weight moves"


def test_s68_agent_dropout_drops_a_fifth_at_most() -> None:
    found, _ = play(drop_out, lambda _: Verdict.WIN)
    assert [type(one) for one in found.changes] == [DropAgent, DropEdge]
    assert len(found.changes) == len(found.tried)


def test_s69_a_drop_is_confirmed_on_inputs_that_its_weight_was_not_learned_from() -> None:
    found, met = play(drop_out, by_worth)
    learned = {one.input_key for one in met[: STEPS * DRAWN]}
    confirmed = [one for one in met if one.candidate == changed_system(TEAM, DropAgent("gossip"))]
    confirmed = [one for one in confirmed if one.input_key not in learned]
    assert len(learned) == 15 and len({one.input_key for one in confirmed}) == 45
    assert DropAgent("gossip") in found.changes
    assert next(one.tally for one in found.tried if one.change == DropAgent("gossip")) == Tally(45, 0, 45)

    def only_where_learned(meet: Meet) -> Verdict:
        return by_worth(meet) if meet.input_key in learned else Verdict.TIE

    assert not play(drop_out, only_where_learned)[0].changes
    assert len(met) <= most_meetings(TEAM, StructurePlan(), len(KEYS))


def test_s70_where_nothing_more_can_be_asked_agent_dropout_keeps_what_is_confirmed() -> None:
    search = drop_out(TEAM, KEYS, StructurePlan())
    wanted = next(search)
    for _ in range(STEPS + 3):  # up to the first steps of the edges' weights
        wanted = search.send(tuple(map(by_worth, wanted)))
    with pytest.raises(StopIteration) as stop:
        search.throw(BudgetReached("--max-calls 300"))
    assert stop.value.value.changes == (DropAgent("gossip"),)


@pytest.mark.parametrize("inputs", [77, 400, 4000])
@pytest.mark.parametrize("verdict", [Verdict.TIE, Verdict.WIN, Verdict.LOSS])
def test_s71_however_many_inputs_there_are_agent_dropout_confirms_on_some_tens(inputs: int, verdict: Verdict) -> None:
    keys = [f"input-{number}" for number in range(inputs)]
    found, met = play(drop_out, lambda _: verdict, keys=keys)
    assert all(one.tally.n <= 60 for one in found.tried)
    assert len(met) <= most_meetings(TEAM, StructurePlan(), inputs) <= 2 * STEPS * DRAWN + 7 * 60


@pytest.mark.parametrize(
    ("wins", "losses", "n", "kept"),
    [(0, 0, 40, True), (0, 0, 5, False), (0, 4, 40, False), (0, 1, 40, False), (8, 8, 40, False), (9, 4, 40, True)],
)
def test_s67_as_good_needs_enough_inputs_to_say_so(wins: int, losses: int, n: int, kept: bool) -> None:
    assert StructurePlan().keeps(Tally(wins, losses, n), costs_more=False) is kept
