"""From hold-out verdicts to what is claimed and what is shipped."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.verdict import Verdict
from maspo.study.holdout import conclude, tally


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


@given(st.lists(st.sampled_from(list(Verdict)), max_size=60), st.sampled_from(["better", "proven"]))
def test_o02_what_is_shipped_always_won_more_than_it_lost(
    found: list[Verdict], ship_if: Literal["better", "proven"]
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
