"""Who matters: what is counted, what is asked, and what may be claimed (numbered invariants)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.verdict import Comparison, Verdict
from maspo.events import Effect, InfluenceMeasured, LevelAgreement
from maspo.optimizers.base import AblateEdge, Compare, Draft, Drafts, Propose, Request, Result
from maspo.optimizers.race.influence import Influence, edge_ablations
from maspo.team.graph import Team

WIN, LOSS, TIE, UNDECIDED = Verdict.WIN, Verdict.LOSS, Verdict.TIE, Verdict.UNDECIDED
TEAM = Team(("a", "b", "c", "d"), {"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()}, "d", frozenset({"c"}))
PROMPTS = {name: f"seed {name}" for name in TEAM.order}
Answers = list[tuple[Request, Result]]


def compared(agent: str, glob: Verdict, **lookahead: Verdict) -> tuple[Request, Result]:
    request = Compare("w", PROMPTS, {agent: "new"}, "i", candidate_first=True)
    return request, Comparison("i", WIN, tuple(lookahead.items()), glob, same_answer=glob is TIE)


def withheld(glob: Verdict, number: int, edge: tuple[str, str] = ("a", "b"), same: bool = False) -> Answers:
    request = AblateEdge("w", PROMPTS, "i", *edge)
    return [(request, Comparison("i", glob, (), glob, same_answer=same))] * number


def told(answers: Sequence[tuple[Request, Result]]) -> InfluenceMeasured:
    return Influence().after(answers).event(TEAM)


def counts(effect: Effect) -> tuple[int, int, int, int]:
    return effect.compared, effect.differed, effect.wins, effect.losses


# ── what is counted ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_f01_an_agent_is_judged_by_comparisons_that_changed_it_alone() -> None:
    answers = [compared("a", WIN), compared("a", TIE), compared("a", LOSS), compared("b", UNDECIDED)]
    both = Compare("w", PROMPTS, {"a": "new", "b": "new"}, "i", candidate_first=True)
    measured = told([*answers, (both, Comparison("i", WIN, (), WIN))])
    assert {one.agent: counts(one.rewritten) for one in measured.agents} == {
        "a": (3, 2, 1, 1),
        "b": (1, 1, 0, 0),
        "d": (0, 0, 0, 0),
    }, "frozen agents are left out, agents of which nothing is known are not"


def test_f02_runs_that_failed_teach_nothing() -> None:
    request, _ = compared("a", WIN)
    lost = Comparison("i", UNDECIDED, (("b", UNDECIDED), ("c", UNDECIDED)), UNDECIDED, failed=True)
    measured = told([(request, lost), *withheld(UNDECIDED, 0), (AblateEdge("w", PROMPTS, "i", "a", "b"), lost)])
    assert counts(measured.agents[0].rewritten) == (0, 0, 0, 0)
    assert all(counts(edge.withheld) == (0, 0, 0, 0) for edge in measured.edges)


def test_f03_an_edge_is_judged_by_its_own_lookahead_verdicts() -> None:
    edges = told(
        [
            compared("a", WIN, b=WIN, c=LOSS),
            compared("a", LOSS, b=WIN, c=Verdict.CONTRADICTED),
            compared("a", TIE, b=UNDECIDED, c=TIE),
        ]
    ).edges
    seen = {(edge.source, edge.reader): (edge.wins, edge.losses, edge.ties, edge.agreement) for edge in edges}
    assert seen == {
        ("a", "b"): (2, 0, 0, LevelAgreement(1, 1)),
        ("a", "c"): (0, 1, 2, LevelAgreement(0, 1)),
    }


def test_f04_proposals_teach_nothing() -> None:
    propose = Propose("p", "a", PROMPTS, ("i",), (), 1)
    assert Influence().after([(propose, Drafts((Draft("x"),)))]) == Influence()


@given(
    st.lists(
        st.sampled_from(
            [compared("a", WIN, b=WIN, c=TIE), compared("b", LOSS, d=LOSS), compared("d", TIE), *withheld(LOSS, 1)]
        )
    ),
    st.integers(0, 20),
)
def test_f05_waves_may_be_taken_up_in_any_parts_and_order(answers: Answers, cut: int) -> None:
    whole = Influence().after(answers)
    assert Influence().after(answers[:cut]).after(answers[cut:]) == whole
    assert Influence().after(answers[::-1]) == whole


# ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_f06_each_edge_is_withheld_on_the_same_drawn_inputs() -> None:
    inputs = tuple(f"i{number}" for number in range(9))
    requests = edge_ablations(PROMPTS, TEAM, inputs, 3, seed=1)
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
    keys = [one.input_key for one in requests[:3]]
    assert [(one.source, one.reader, one.input_key) for one in requests] == [
        (*edge, key) for edge in edges for key in keys
    ]
    assert len({one.id for one in requests}) == len(requests)
    assert requests == edge_ablations(PROMPTS, TEAM, inputs[::-1], 3, seed=1)
    assert {one.input_key for one in edge_ablations(PROMPTS, TEAM, inputs, 3, seed=2)} != set(keys)


def test_f07_edges_that_cannot_reach_the_output_are_not_asked_for() -> None:
    team = Team(("a", "side", "idle", "d"), {"a": ("side", "d"), "side": ("idle",), "idle": (), "d": ()}, "d")
    assert {(one.source, one.reader) for one in edge_ablations({}, team, ("i",), 1, 0)} == {("a", "d")}


def test_f08_none_or_more_than_there_are() -> None:
    assert edge_ablations(PROMPTS, TEAM, ("i", "j"), 0, 0) == ()
    assert len(edge_ablations(PROMPTS, TEAM, ("i", "j"), 50, 0)) == 2 * 4


# ── what may be claimed ──────────────────────────────────────────────────────────────────────────────────────────────


def test_f09_nothing_seen_or_nothing_wrong_gives_no_hint() -> None:
    assert told([]).hint == ""
    assert told([*withheld(LOSS, 30), *withheld(TIE, 30, same=True), compared("a", WIN)]).hint == ""


@pytest.mark.parametrize(
    ("same", "differing", "claimed"), [(34, 0, False), (35, 0, True), (35, 1, False), (53, 1, True)]
)
def test_f10_an_idle_edge_is_named_only_when_the_interval_supports_it(same: int, differing: int, claimed: bool) -> None:
    hint = told([*withheld(TIE, same, same=True), *withheld(LOSS, differing)]).hint
    assert hint.startswith("b reads a, but the final answer hardly depends on it") == claimed
    assert bool(hint) == claimed


@pytest.mark.parametrize(
    ("same", "differing", "said"),
    [
        (0, 0, "b does not use it, or it is of little use as a writes now"),
        (10, 1, "b does not use it, or it is of little use as a writes now"),
        (40, 0, "a better prompt of a can hardly help"),
        (40, 10, ""),
    ],
)
def test_f15_that_prompts_cannot_help_is_said_only_when_rewrites_did_not(same: int, differing: int, said: str) -> None:
    rewrites = [compared("a", TIE)] * same + [compared("a", LOSS)] * differing + [compared("d", LOSS)]
    hint = told([*withheld(TIE, 40, same=True), *rewrites]).hint
    assert said in hint and bool(hint) == bool(said)


def test_f11_an_edge_that_harms_is_named_only_when_wins_are_clear() -> None:
    assert told(withheld(WIN, 4)).hint == ""
    hint = told(withheld(WIN, 5)).hint
    assert hint.startswith("The team does better when b does not get the output of a (5 wins, 0 losses on 5 inputs)")
    assert told([*withheld(WIN, 5), *withheld(LOSS, 2)]).hint == ""


def test_f12_many_edges_must_be_clearer_each() -> None:
    others = [one for number in range(9) for one in withheld(LOSS, 3, ("a", f"x{number}"))]
    assert told([*withheld(WIN, 5), *others]).hint == ""
    assert "does better" in told([*withheld(WIN, 8), *others]).hint


def test_f13_rewrites_without_any_effect_are_said_of_changes_of_several_agents_as_well() -> None:
    both = Compare("w", PROMPTS, {"a": "new", "b": "new"}, "i", candidate_first=True)
    same = Comparison("i", UNDECIDED, (), TIE, same_answer=True)
    assert told([(both, same)] * 34).hint == ""
    hint = told([(both, same)] * 35).hint
    assert hint.startswith("No rewrite of any agent changed a final answer, in 35 comparisons")
    assert told([*[(both, same)] * 60, compared("a", LOSS)]).hint == ""


def test_f14_a_long_list_is_cut() -> None:
    edges = [("a", f"x{number}") for number in range(5)]
    hint = told([one for edge in edges for one in withheld(TIE, 40, edge, same=True)]).hint
    assert hint.count("hardly depends") == 3
    assert hint.endswith("The same holds for 2 more edges.")
