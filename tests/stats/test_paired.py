"""Exact paired statistics, checked against brute force."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.seeded import rank
from maspo.stats.paired import (
    Decision,
    decide,
    fewest_decided,
    needed_inputs,
    net_loss_bound,
    net_win_interval,
    sign_test,
)


def test_t01_the_sign_test_is_the_share_of_coin_flips_at_least_as_good() -> None:
    for n in range(11):
        heads = [sum(flips) for flips in product((0, 1), repeat=n)]
        for wins in range(n + 1):
            assert sign_test(wins, n - wins) == pytest.approx(sum(each >= wins for each in heads) / 2**n)


@given(st.integers(0, 25), st.integers(0, 25))
def test_t02_more_wins_mean_less_doubt(wins: int, losses: int) -> None:
    p = sign_test(wins, losses)
    assert 0 < p <= 1
    assert sign_test(wins + 1, losses) < p
    assert sign_test(wins, losses + 1) > p or wins == 0
    assert p + sign_test(losses, wins) >= 1


def test_t03_a_fair_coin_claims_in_at_most_one_of_twenty() -> None:
    for n in range(1, 60):
        weights = 1.0
        claimed = 0.0
        for wins in range(n + 1):
            if sign_test(wins, n - wins) <= 0.05:
                claimed += weights
            weights = weights * (n - wins) / (wins + 1)
        assert claimed / 2**n <= 0.05


def test_t04_five_wins_without_a_loss_are_needed_at_least() -> None:
    assert fewest_decided() == 5
    assert sign_test(5, 0) <= 0.05 < sign_test(4, 0)


@pytest.mark.parametrize(("up", "down", "n"), [(0.3, 0.1, 40), (0.2, 0.2, 20), (0.05, 0.0, 30), (0.5, 0.3, 15)])
def test_t05_the_interval_covers_the_truth_about_as_often_as_it_says(up: float, down: float, n: int) -> None:
    covered = 0
    for trial in range(1000):
        draws = [rank(trial, "pair", number) / 2**64 for number in range(n)]
        wins = sum(draw < up for draw in draws)
        losses = sum(up <= draw < up + down for draw in draws)
        low, high = net_win_interval(wins, losses, n)
        covered += low <= up - down <= high
    assert covered / 1000 >= 0.925


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_t06_the_interval_holds_the_estimate_and_stays_in_range(wins: int, losses: int, ties: int) -> None:
    n = wins + losses + ties
    low, high = net_win_interval(wins, losses, n)
    assert -1 <= low < high <= 1
    shrunk = (wins - losses) / (n + 2)
    assert low <= shrunk <= high
    assert net_win_interval(losses, wins, n) == pytest.approx((-high, -low))


@given(st.integers(0, 4), st.integers(1, 200))
def test_t07_needed_inputs_would_show_enough_differences_at_the_rate_seen(decided: int, n: int) -> None:
    if decided > n:
        return
    needed = needed_inputs(decided, n)
    assert needed * max(decided, 1) / n >= fewest_decided()
    assert (needed - 1) * max(decided, 1) / n < fewest_decided()
    assert needed > n or decided >= fewest_decided()


@pytest.mark.parametrize(
    ("scores", "last", "decision"),
    [
        ([0.5, 0.0, 0.0], False, Decision.CONTINUE),
        ([0.5, -0.5], False, Decision.DROP),
        ([0.0, 0.0], True, Decision.DROP),
        ([], True, Decision.DROP),
        ([-0.5], True, Decision.DROP),
        ([0.5, 0.5], True, Decision.ACCEPT),
        ([0.5, 0.5, -0.5, 0.0], True, Decision.ACCEPT),
        ([0.5, 0.5, 0.5, -0.5, -0.5, 0.0, 0.0, 0.0, 0.0, 0.0], True, Decision.DROP),
    ],
)
def test_t08_a_stage_drops_early_and_accepts_late(scores: list[float], last: bool, decision: Decision) -> None:
    assert decide(scores, last) is decision


@given(st.lists(st.sampled_from([-0.5, 0.0, 0.5]), max_size=40))
def test_t09_only_the_last_stage_accepts_and_losers_never_pass(scores: list[float]) -> None:
    assert decide(scores, last_stage=False) is not Decision.ACCEPT
    assert decide(scores, last_stage=True) is not Decision.CONTINUE
    if sum(scores) <= 0:
        assert decide(scores, last_stage=True) is Decision.DROP
        assert decide(scores, last_stage=False) is Decision.DROP


@pytest.mark.parametrize(("lost", "won", "n"), [(0.15, 0.05, 40), (0.3, 0.2, 40), (0.2, 0.1, 60), (0.12, 0.02, 20)])
def test_t80_the_bound_of_net_losses_holds_in_about_95_of_100_cases(lost: float, won: float, n: int) -> None:
    """Exact: summed over all outcomes of n pairs."""
    holds = sum(
        comb(n, losses) * comb(n - losses, wins) * lost**losses * won**wins * (1 - lost - won) ** (n - losses - wins)
        for losses in range(n + 1)
        for wins in range(n + 1 - losses)
        if net_loss_bound(losses, wins, n) >= lost - won
    )
    assert 0.94 <= holds <= 0.98


def test_t81_ties_alone_bound_net_losses_by_about_three_over_n() -> None:
    assert net_loss_bound(0, 0, 40) == pytest.approx(2.7055 / 42.7055, abs=1e-4)
    assert net_loss_bound(0, 0, 10) > 0.2
    assert net_loss_bound(0, 40, 40) < 0 < net_loss_bound(1, 0, 40) < net_loss_bound(2, 0, 40)
