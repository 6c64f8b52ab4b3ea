"""From hold-out verdicts to what is claimed and what is shipped."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.verdict import Comparison, FailedRun, Verdict
from maspo.data.groups import Groups
from maspo.stats.looks import by_number
from maspo.stats.paired import net_win_interval, sign_flip_test, sign_test
from maspo.store.codec import Entry, RecordedResult, decode, encode
from maspo.study.evaluation.tally import RowFound, difference_of, verdict_of
from maspo.study.holdout import conclude, needs_search, result_of, tally, with_search

_SIDES: tuple[FailedRun, ...] = ("reference", "candidate", "both")
_WHOSE: Mapping[tuple[bool, bool], FailedRun] = {
    (False, False): "",
    (True, False): "reference",
    (False, True): "candidate",
    (True, True): "both",
}
"""Who is silent, the reference first."""


def verdicts(wins: int, losses: int, ties: int = 0, undecided: int = 0) -> list[Verdict]:
    return [Verdict.WIN] * wins + [Verdict.LOSS] * losses + [Verdict.TIE] * ties + [Verdict.UNDECIDED] * undecided


@pytest.mark.parametrize(
    ("wins", "losses", "ties", "verdict", "better", "proven"),
    [
        (5, 0, 15, "improved", "optimized", "optimized"),
        (12, 3, 5, "improved", "optimized", "optimized"),
        (4, 0, 16, "cannot_tell", "optimized", "seed"),
        (0, 4, 16, "cannot_tell", "seed", "seed"),
        (0, 0, 20, "cannot_tell", "seed", "seed"),
        (6, 4, 10, "no_evidence", "optimized", "seed"),
        (5, 5, 10, "no_evidence", "seed", "seed"),
        (4, 6, 10, "no_evidence", "seed", "seed"),
        (0, 5, 15, "worse", "seed", "seed"),
        (3, 12, 5, "worse", "seed", "seed"),
        (0, 0, 0, "cannot_tell", "seed", "seed"),
    ],
)
def test_o01_two_thresholds_ship_and_claim(
    wins: int, losses: int, ties: int, verdict: str, better: str, proven: str
) -> None:
    result = tally(verdicts(wins, losses, ties))
    assert conclude(result, "better", changed=True).verdict == verdict
    assert conclude(result, "better", changed=True).shipped == better
    assert conclude(result, "proven", changed=True).shipped == proven


@given(st.lists(st.sampled_from(list(Verdict)), max_size=60), st.sampled_from(["likely", "better", "proven"]))
def test_o02_what_is_shipped_always_won_more_than_it_lost(
    found: list[Verdict], ship_if: Literal["likely", "better", "proven"]
) -> None:
    result = tally(found)
    end = conclude(result, ship_if, changed=True)
    assert result.n == result.wins + result.losses + result.ties == len(found) - result.undecided
    if end.shipped == "optimized":
        assert result.wins > result.losses
    if end.verdict == "improved":
        assert (end.shipped, result.p_value <= 0.05) == ("optimized", True)
    if end.verdict == "worse":
        assert end.shipped == "seed"
    assert re.search(rf"\b{result.wins} wins? against {result.losses} loss", end.why)


def test_o03_unchanged_prompts_are_kept_without_a_claim() -> None:
    end = conclude(tally([]), "better", changed=False)
    assert (end.verdict, end.shipped) == ("no_evidence", "seed")
    assert "kept them" in end.why


def test_o04_undecided_inputs_are_left_out() -> None:
    result = tally(verdicts(3, 1, 2, 4))
    assert (result.n, result.ties, result.undecided) == (6, 2, 4)


def test_o05_too_few_differences_say_how_many_inputs_would_be_needed() -> None:
    assert tally(verdicts(2, 0, 18)).needed == 50
    assert tally(verdicts(0, 0, 20)).needed == 100
    assert tally(verdicts(5, 0, 15)).needed is None
    assert tally([]).needed is None


def test_o06_a_judge_that_contradicts_itself_like_a_coin_is_named() -> None:
    coin = [Verdict.WIN] * 6 + [Verdict.LOSS] * 2 + [Verdict.CONTRADICTED] * 7
    sound = [Verdict.WIN] * 12 + [Verdict.LOSS] * 2 + [Verdict.CONTRADICTED] * 7
    result = tally(coin)
    assert (result.ties, result.contradicted, result.n) == (7, 7, 15)
    assert "contradicted itself on 7 of 15 pairs" in conclude(result, "better", changed=True).why
    assert "Caution" not in conclude(tally(sound), "better", changed=True).why


def compared(glob: Verdict, failed: FailedRun = "") -> Comparison:
    return Comparison("i", glob, (), glob, failed=bool(failed), failed_run=failed)


def silent(wins: int, ties: int, **failed: int) -> list[Comparison]:
    """Return wins and ties, and inputs on which runs failed."""
    lost = [compared(Verdict.UNDECIDED, side) for side in _SIDES for _ in range(failed.get(side, 0))]
    return [compared(Verdict.WIN)] * wins + [compared(Verdict.TIE)] * ties + lost


@pytest.mark.parametrize(
    ("found", "verdict", "shipped", "said"),
    [
        # The reported case: silent on 19 of 30, and 11 wins on the others.
        (
            silent(11, 0, candidate=19),
            "no_evidence",
            "seed",
            "On 19 of the lost inputs the new prompts brought no answ",
        ),
        (
            silent(11, 0, reference=19),
            "no_evidence",
            "seed",
            "19 inputs are undecided: if all were lost, it would be 11",
        ),
        (silent(11, 0, both=19), "no_evidence", "seed", "wins (11) do not exceed losses and undecided inputs toge"),
        (silent(11, 18, candidate=1), "improved", "optimized", "11 wins against 1 loss on 30"),
        (
            silent(11, 18, reference=1),
            "improved",
            "optimized",
            "1 input is undecided: if all were lost, it would be 11",
        ),
        (silent(11, 18, both=1), "improved", "optimized", "(p = 0.0032), so this holds"),
        (silent(5, 24, both=1), "no_evidence", "optimized", "5 wins against 1 loss (p = 0.11), so nothing is proven"),
        (silent(0, 0, candidate=30), "worse", "seed", "0 wins against 30 losses on 30"),
        (silent(0, 0, reference=30), "cannot_tell", "seed", "30 inputs are undecided and speak for neither side"),
        (silent(0, 0, both=30), "cannot_tell", "seed", "30 inputs are undecided and speak for neither side"),
    ],
)
def test_o07_silence_is_not_a_win(found: list[Comparison], verdict: str, shipped: str, said: str) -> None:
    end = conclude(result_of(found), "better", changed=True)
    assert (end.verdict, end.shipped) == (verdict, shipped)
    assert said in end.why
    assert conclude(result_of(found), "proven", changed=True).shipped == (
        "optimized" if verdict == "improved" else "seed"
    )


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 20), st.integers(0, 40), st.data())
def test_o08_no_end_of_what_is_undecided_takes_back_what_is_said(
    wins: int, losses: int, ties: int, undecided: int, data: st.DataObject
) -> None:
    end = conclude(tally(verdicts(wins, losses, ties, undecided)), "better", changed=True)
    won = data.draw(st.integers(0, undecided))
    lost = data.draw(st.integers(0, undecided - won))
    known = conclude(tally(verdicts(wins + won, losses + lost, ties + undecided - won - lost)), "better", changed=True)
    if end.verdict in ("improved", "worse"):
        assert known.verdict == end.verdict
    if end.shipped == "optimized":
        assert known.shipped == "optimized"


@given(st.lists(st.sampled_from([one for one in Verdict if one is not Verdict.UNDECIDED]), max_size=60))
def test_o09_the_rule_is_that_of_an_evaluation(found: list[Verdict]) -> None:
    for undecided in (0, 1, 5):
        every = [*found, *[Verdict.UNDECIDED] * undecided]
        rows = [RowFound(str(number), verdicts=(one,)) for number, one in enumerate(every)]
        assert conclude(tally(every), "better", changed=True).verdict == verdict_of(difference_of(rows))


@pytest.mark.parametrize("failing", [(0.0, 0.0), (0.1, 0.1), (0.6, 0.6), (0.0, 0.3), (0.3, 0.0)])
def test_o10_equal_prompts_are_seldom_claimed_to_be_better(failing: tuple[float, float]) -> None:
    """A/A: wins and losses are as likely; either side is silent on some of 30 inputs. 4,000 tests each."""
    chance = random.Random(1)
    claimed = 0
    for _ in range(4_000):
        found = []
        for _ in range(30):
            before, after = (chance.random() < share for share in failing)
            side = _WHOSE[before, after]
            glob = chance.choices([Verdict.WIN, Verdict.LOSS, Verdict.TIE], [3, 3, 4])[0]
            found.append(compared(Verdict.UNDECIDED if side else glob, side))
        claimed += conclude(result_of(found), "better", changed=True).verdict == "improved"
    assert claimed / 4_000 < 0.05


def test_o11_a_record_that_does_not_say_whose_run_failed_is_undecided() -> None:
    old = '{"input_key": "i", "local": "undecided", "lookahead": [], "glob": "undecided", "failed": true}'
    read = decode(Entry("told", f'{{"work": "w", "type": "comparison", "result": {old}}}'))
    assert isinstance(read, RecordedResult)
    assert isinstance(read.result, Comparison)
    assert (result_of([read.result]).undecided, result_of([read.result]).losses) == (1, 0)
    new = RecordedResult("w", compared(Verdict.UNDECIDED, "candidate"))
    assert decode(encode(new)) == new


@given(st.lists(st.sampled_from(list(Verdict)), max_size=40), st.integers(1, 12))
def test_o12_groups_of_one_input_change_no_figure(found: list[Verdict], look: int) -> None:
    alone = tally(found, [f"group {number}" for number in range(len(found))], by_number(look))
    assert alone == tally(found, look=by_number(look))
    assert alone.p_value == sign_test(alone.wins, alone.losses)
    assert alone.p_bounds == (
        sign_test(alone.wins, alone.losses + alone.undecided),
        sign_test(alone.losses, alone.wins + alone.undecided),
    )
    assert alone.interval == net_win_interval(alone.wins, alone.losses, alone.n)


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1, max_size=10), st.integers(1, 6))
def test_o13_copies_of_inputs_prove_no_more_than_the_inputs(found: list[Verdict], copies: int) -> None:
    once = tally(found, [str(number) for number in range(len(found))])
    often = tally(found * copies, [str(number) for number in range(len(found))] * copies)
    assert (often.p_value, often.p_worse, often.groups) == (once.p_value, once.p_worse, once.groups)
    assert (often.net, often.p_bounds, often.decided_groups) == (once.net, once.p_bounds, once.decided_groups)
    assert conclude(often, "likely", True).verdict == conclude(once, "likely", True).verdict
    assert conclude(often, "likely", True).shipped == conclude(once, "likely", True).shipped


@pytest.mark.parametrize(
    ("wins", "losses", "undecided", "shipped"),
    [
        *((6, 2, 0, "optimized"), (2, 0, 0, "optimized"), (1, 0, 0, "seed"), (9, 7, 0, "seed"), (3, 1, 0, "seed")),
        *((6, 2, 2, "seed"), (33, 5, 4, "optimized"), (2, 6, 0, "seed")),
    ],
)
def test_o14_what_is_likely_better_is_shipped(wins: int, losses: int, undecided: int, shipped: str) -> None:
    end = conclude(tally(verdicts(wins, losses, 20, undecided)), "likely", changed=True)
    assert end.shipped == shipped
    if end.shipped == "seed" and wins > losses:
        assert "not likely enough" in end.why


@pytest.mark.parametrize(("wins", "ties"), [(1, 1), (2, 0), (4, 0), (2, 2)])
def test_o17_too_few_inputs_ship_nothing_unless_wins_are_enough(wins: int, ties: int) -> None:
    found = tally(verdicts(wins, 0, ties))
    end = conclude(found, "likely", changed=True)
    assert (end.verdict, end.shipped) == ("cannot_tell", "seed")
    assert f"{wins + ties} independent inputs can prove nothing" in end.why and "5 are the fewest that can" in end.why
    assert conclude(found, "better", changed=True).shipped == "optimized"
    five = tally(verdicts(wins, 0, 5 - wins))
    assert conclude(five, "likely", changed=True).shipped == ("optimized" if wins > 1 else "seed")


ALONE = Groups({})


@pytest.mark.parametrize(
    ("held_out", "searched", "asked", "shipped"),
    [
        ((2, 1, 17), (6, 1, 13), True, "optimized"),
        ((2, 1, 17), (1, 3, 16), True, "seed"),
        ((1, 0, 19), (0, 0, 20), True, "seed"),
        ((1, 0, 19), (2, 0, 18), True, "optimized"),
        ((6, 1, 13), (0, 9, 11), False, "optimized"),
        ((1, 1, 18), (9, 0, 11), False, "seed"),
        ((0, 3, 17), (9, 0, 11), False, "seed"),
        ((2, 1, 1), (9, 0, 11), False, "seed"),
    ],
)
def test_o18_where_the_hold_out_leaves_it_open_inputs_of_the_search_decide_at_half_weight(
    held_out: tuple[int, int, int], searched: tuple[int, int, int], asked: bool, shipped: str
) -> None:
    met, more = ([named(one, n) for n, one in enumerate(verdicts(*counts))] for counts in (held_out, searched))
    result = result_of(met, ALONE)
    assert needs_search(result) == asked
    if asked:
        result = with_search(result, met, more, ALONE)
        assert result.searched == (len(more), searched[0], searched[1])
    end = conclude(result, "likely", changed=True)
    assert end.shipped == shipped
    assert end.verdict == conclude(result_of(met, ALONE), "likely", changed=True).verdict, (
        "what is claimed is not its affair"
    )
    assert ("inputs of the search" in end.why) == asked


def named(verdict: Verdict, number: int) -> Comparison:
    return Comparison(str(number), verdict, (), verdict)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_o19_an_input_of_the_search_weighs_half(wins: int, losses: int, more_wins: int, more_losses: int) -> None:
    met = [named(one, n) for n, one in enumerate(verdicts(wins, losses))]
    more = [named(one, n) for n, one in enumerate(verdicts(more_wins, more_losses))]
    found = with_search(result_of(met, ALONE), met, more, ALONE)
    weights = [2] * wins + [-2] * losses + [1] * more_wins + [-1] * more_losses
    assert found.p_searched == sign_flip_test(weights)
    undecided = with_search(result_of(met, ALONE), met, [*more, named(Verdict.UNDECIDED, 99)], ALONE)
    lost = with_search(result_of(met, ALONE), met, [*more, named(Verdict.LOSS, 99)], ALONE)
    assert undecided.p_searched == lost.p_searched


def test_o15_a_later_look_needs_a_smaller_p_and_says_so() -> None:
    found = verdicts(8, 1, 11)
    assert conclude(tally(found), "likely", changed=True).verdict == "improved"
    second = conclude(tally(found, look=by_number(2)), "likely", changed=True)
    assert (second.verdict, second.shipped) == ("no_evidence", "optimized")
    assert "look 2 at this hold-out, which needs p ≤ 0.005" in second.why
    assert conclude(tally(verdicts(33, 0, 27), look=by_number(10)), "likely", changed=True).verdict == "improved"
    late = conclude(tally(verdicts(14, 1, 5), look=by_number(7)), "likely", changed=True)
    assert "(p = 0.000488) prove nothing. This was look 7 at this hold-out, which needs p ≤ 0.00024." in late.why
    assert "(p = 0.000122): " in conclude(tally(verdicts(13, 0, 7), look=by_number(7)), "likely", changed=True).why
    assert "(p < 0.001): " in conclude(tally(verdicts(13, 0, 7)), "likely", changed=True).why


def test_o16_few_groups_prove_nothing_and_the_reason_names_them() -> None:
    named = [str(number % 3) for number in range(30)]
    end = conclude(tally([Verdict.WIN] * 30, named), "likely", changed=True)
    assert end.verdict == "cannot_tell"
    assert "30 wins against 0 losses on 30 hold-out inputs in 3 independent groups" in end.why
