"""Joint evaluation (Eq. 5), misalignment (Eq. 6) and the buffer of cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import Case, Compare, Drafts, Propose
from maspo.optimizers.parts.misalignment import hard_negatives, new_cases, remember
from maspo.optimizers.parts.reward import Scoring, Weights, counts, reward, value_of
from maspo.team.graph import Team

WIN, LOSS, TIE, UNDECIDED = Verdict.WIN, Verdict.LOSS, Verdict.TIE, Verdict.UNDECIDED
WEIGHTS = Weights.model_validate({})
TEAM = Team(("a", "b", "c"), {"a": ("b",), "b": ("c",), "c": ()}, "c")

verdicts = st.sampled_from(list(Verdict))
comparisons = st.builds(
    lambda local, readers, glob: Comparison("i", local, tuple((f"r{n}", v) for n, v in enumerate(readers)), glob),
    verdicts,
    st.lists(verdicts, max_size=4),
    verdicts,
)


def compared(local: Verdict, readers: list[Verdict], glob: Verdict) -> Comparison:
    return Comparison("i", local, tuple((f"r{number}", verdict) for number, verdict in enumerate(readers)), glob)


@pytest.mark.parametrize(
    ("local", "readers", "glob", "indicator", "centred"),
    [
        (WIN, [WIN], WIN, 1.0, 0.5),
        (WIN, [LOSS], LOSS, 0.4, -0.1),
        (WIN, [WIN, LOSS], TIE, 0.6, 0.2),
        (WIN, [WIN, TIE], TIE, 0.6, 0.3),
        (LOSS, [WIN, WIN, WIN, WIN], LOSS, 0.4, -0.1),
        (LOSS, [LOSS], LOSS, 0.0, -0.5),
        (TIE, [TIE], TIE, 0.0, 0.0),
        (UNDECIDED, [UNDECIDED], UNDECIDED, 0.0, 0.0),
        (UNDECIDED, [UNDECIDED], WIN, 0.2, 0.1),
    ],
)
def test_r01_equation_5(
    local: Verdict, readers: list[Verdict], glob: Verdict, indicator: float, centred: float
) -> None:
    batch = [compared(local, readers, glob)]
    assert reward(batch, WEIGHTS, "indicator") == pytest.approx(indicator)
    assert reward(batch, WEIGHTS, "centred") == pytest.approx(centred)


def test_r02_the_output_agent_is_scored_by_its_win_rate() -> None:
    batch = [compared(verdict, [], verdict) for verdict in (WIN, WIN, WIN, LOSS, TIE, UNDECIDED, WIN, TIE)]
    assert reward(batch, WEIGHTS, "indicator") == pytest.approx(4 / 8)
    assert reward(batch, WEIGHTS, "centred") == pytest.approx((4 - 1) / 2 / 8)


def test_r03_the_reward_is_the_mean_over_the_batch_and_zero_without_one() -> None:
    batch = [compared(WIN, [WIN], WIN), compared(LOSS, [LOSS], LOSS)]
    assert reward(batch, WEIGHTS, "indicator") == pytest.approx(0.5)
    assert reward(batch, WEIGHTS, "centred") == pytest.approx(0.0)
    assert reward([], WEIGHTS, "indicator") == 0.0


@given(st.lists(comparisons, max_size=8), st.sampled_from(["indicator", "centred"]))
def test_r04_rewards_stay_in_range_and_undecided_is_never_a_win(batch: list[Comparison], scoring: Scoring) -> None:
    low, high = (0.0, 1.0) if scoring == "indicator" else (-0.5, 0.5)
    value = reward(batch, WEIGHTS, scoring)
    assert low - 1e-9 <= value <= high + 1e-9

    def sunk(verdict: Verdict) -> Verdict:
        return TIE if verdict is UNDECIDED else verdict

    read = [
        Comparison(each.input_key, sunk(each.local), tuple((n, sunk(v)) for n, v in each.lookahead), sunk(each.glob))
        for each in batch
    ]
    assert value == pytest.approx(reward(read, WEIGHTS, scoring)), "undecided counts as a tie"


@given(st.lists(comparisons, max_size=8))
def test_r05_counts_and_global_scores_agree(batch: list[Comparison]) -> None:
    found = counts(each.glob for each in batch)
    assert found.wins + found.losses + found.ties + found.undecided == len(batch)
    assert sum(value_of(each.glob) for each in batch) == pytest.approx((found.wins - found.losses) / 2)


@pytest.mark.parametrize(
    ("local", "readers", "glob", "misaligned"),
    [
        (WIN, [WIN, WIN], WIN, False),
        (WIN, [WIN, WIN], TIE, False),
        (WIN, [WIN, WIN], UNDECIDED, False),
        (WIN, [WIN, WIN], LOSS, True),
        (WIN, [LOSS, WIN], WIN, True),
        (WIN, [WIN, LOSS], WIN, True),
        (WIN, [TIE, WIN], WIN, True),
        (WIN, [UNDECIDED, WIN], WIN, True),
        (TIE, [LOSS], LOSS, False),
        (LOSS, [LOSS], LOSS, False),
        (UNDECIDED, [LOSS], LOSS, False),
    ],
)
def test_r06_equation_6_takes_all_successors(
    local: Verdict, readers: list[Verdict], glob: Verdict, misaligned: bool
) -> None:
    assert compared(local, readers, glob).misaligned is misaligned


def case(number: int, agent: str, key: str) -> Case:
    return Case(key, agent, f"candidate {number}", {agent: "old"}, f"step {number}", ("b",))


def test_r07_cases_are_remembered_newest_first_one_per_agent_and_input() -> None:
    buffer = remember((), [case(1, "a", "x"), case(2, "a", "y")])
    buffer = remember(buffer, [case(3, "a", "x"), case(4, "b", "x")])
    assert [(each.step, each.agent, each.input_key) for each in buffer] == [
        ("step 4", "b", "x"),
        ("step 3", "a", "x"),
        ("step 2", "a", "y"),
    ]


def test_r08_old_cases_fall_out_per_agent() -> None:
    buffer = remember((), [case(number, "a", f"i{number}") for number in range(100)] + [case(200, "b", "i0")])
    assert len([each for each in buffer if each.agent == "a"]) == 20
    assert buffer[1].input_key == "i99"
    assert [each.agent for each in buffer].count("b") == 1


def test_r09_hard_negatives_are_own_and_predecessors_cases_by_input_newest_first() -> None:
    buffer = remember(
        (), [case(1, "a", "x"), case(2, "b", "x"), case(3, "b", "y"), case(4, "c", "z"), case(5, "a", "w")]
    )
    chosen = hard_negatives(buffer, "b", TEAM, 3)
    assert [(each.input_key, each.agent) for each in chosen] == [("w", "a"), ("y", "b"), ("x", "b")]
    assert hard_negatives(buffer, "b", TEAM, 2) == chosen[:2]
    assert hard_negatives(buffer, "b", TEAM, 0) == ()
    assert {each.agent for each in hard_negatives(buffer, "c", TEAM, 9)} == {"b", "c"}, "a's readers are not c"


def test_r10_a_case_says_who_did_not_gain() -> None:
    request = Compare("w", {"a": "old", "b": "B", "c": "C"}, {"a": "new"}, "i", True)
    result = Comparison("i", WIN, (("b", TIE), ("c", WIN)), LOSS)
    (found,) = new_cases([(request, result)], lambda each: f"step of {each.agent}")
    assert (found.lost, found.candidate, found.reference["a"]) == (("b", "global"), "new", "old")
    assert found.step == "step of a"


def test_r11_only_misaligned_comparisons_of_one_change_make_cases() -> None:
    reference = {"a": "old", "b": "B", "c": "C"}
    alone = Compare("w", reference, {"a": "new"}, "i", True)
    union = Compare("w", reference, {"a": "new", "b": "newer"}, "i", True)
    won = Comparison("i", WIN, (("b", WIN),), WIN)
    lost = Comparison("i", WIN, (("b", LOSS),), WIN)
    proposal = Propose("p", "a", reference, (), (), 1)
    assert new_cases([(alone, won), (union, lost), (proposal, Drafts(()))], lambda _: "s") == []
