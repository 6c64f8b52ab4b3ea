"""Sequential tests: the stated rate of false alarms holds, changes are seen, and wins prove what they should."""

from __future__ import annotations

from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.stats.drift import (
    STRONG,
    WEAK_TOO,
    Bets,
    Detector,
    Ranks,
    Streams,
    bets,
    bets_on_losses,
    evidence_for,
    evidence_in_reach,
)


@pytest.mark.parametrize("chosen", [STRONG, WEAK_TOO])
@pytest.mark.parametrize("two_sided", [True, False])
def test_r01_a_bet_is_worth_one_on_average_while_p_values_are_uniform(two_sided: bool, chosen: Bets) -> None:
    grid = [(step + 0.5) / 20_000 for step in range(20_000)]
    values = [[exp(one) for one in bets([p], two_sided, chosen)] for p in grid]
    for bet in zip(*values, strict=True):
        assert 0.9 < sum(bet) / len(grid) < 1 + 1e-9, "the grid misses the pole at 0, never adds to it"


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_r02_p_values_do_not_hang_on_what_is_observed_only_on_its_order(scores: list[float], chance: Random) -> None:
    one, other = Ranks(), Ranks()
    draws = [chance.random() for _ in scores]
    assert [one.place(score, u) for score, u in zip(scores, draws, strict=True)] == [
        other.place(7 * score - 3, u) for score, u in zip(scores, draws, strict=True)
    ]


def test_r03_p_values_are_uniform_whatever_is_observed() -> None:
    chance = Random(1)
    found = []
    for _ in range(400):
        ranks = Ranks()
        found += [ranks.place(chance.choice([0, 0, 0, 1]), chance.random()) for _ in range(10)]
    for share in (0.05, 0.25, 0.5, 0.9):
        assert abs(sum(p <= share for p in found) / len(found) - share) < 0.03


def _stream(chance: Random, windows: int, changed_after: int, shift: float) -> int | None:
    """Return the window after which an alarm rings."""
    watched = Streams({"numbers": True, "verdicts": True, "flips": False})
    for window in range(1, windows + 1):
        more = shift if window > changed_after else 0.0
        seen = {
            "numbers": [chance.gauss(more, 1.0) for _ in range(20)],
            "verdicts": [chance.choice([1.0, 0.0, 0.0, -1.0]) for _ in range(8)],
            "flips": [float(chance.random() < 0.2) for _ in range(5)],
        }
        watched.step(seen, (chance.random() for _ in range(100)))
        if watched.evidence() >= 1000:
            return window
    return None


def test_r04_nothing_rings_while_nothing_changes() -> None:
    assert [_stream(Random(seed), 60, 60, 0.0) for seed in range(8)] == [None] * 8


def test_r05_a_change_is_told_soon_and_a_larger_one_sooner() -> None:
    delays = {
        shift: sorted((_stream(Random(seed), 60, 15, shift) or 75) - 15 for seed in range(7))[3] for shift in (0.7, 1.5)
    }
    assert 1 <= delays[1.5] <= delays[0.7] <= 8


def _told_of_more_rare_ones(chosen: Bets, chance: Random) -> bool:
    """Say whether it is told within 25 windows that more of the inputs are of a rare kind than in 12 before."""
    watched = Streams({"words": True}, {"words": chosen})
    for window in range(37):
        rare = 0.08 if window >= 12 else 0.02
        watched.step({"words": [float(chance.random() < rare) for _ in range(60)]}, iter(chance.random, None))
        if watched.evidence() >= 1000:
            return window >= 12
    return False


def test_r10_a_change_of_a_few_inputs_in_a_hundred_is_told() -> None:
    before, now = (sum(_told_of_more_rare_ones(bets, Random(seed)) for seed in range(8)) for bets in (STRONG, WEAK_TOO))
    assert before <= 3 and now >= 7


def test_r06_evidence_since_every_beginning_forgets_what_spoke_against_a_change() -> None:
    quiet = Detector()
    for _ in range(100):
        quiet = quiet.after(bets_on_losses([1, 1, 0]))
    assert quiet.evidence < 10
    for _ in range(8):
        quiet = quiet.after(bets_on_losses([-1, -1, -1, 0]))
    assert quiet.evidence > 1000, "a hundred good windows do not hide eight bad ones"
    assert quiet.after(()) == quiet


@given(st.integers(0, 60), st.integers(0, 60))
def test_r07_evidence_is_fair(wins: int, losses: int) -> None:
    now = evidence_for(wins, losses)
    one_more = (evidence_for(wins + 1, losses) + evidence_for(wins, losses + 1)) / 2
    assert one_more == pytest.approx(now), "a coin neither adds nor takes on average"
    assert evidence_for(wins + 1, losses) > now > evidence_for(wins, losses + 1)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 9), st.integers(0, 9))
def test_r10_what_is_in_reach_is_at_least_what_goes_on_as_before(wins: int, losses: int, won: int, lost: int) -> None:
    assert evidence_in_reach(wins, losses, 0.0, (won, lost)) == evidence_for(wins + won, losses + lost)
    as_before = evidence_for(3 * wins + won, 3 * losses + lost)
    assert evidence_in_reach(wins, losses, 2.0, (won, lost)) > as_before, "and somewhat more, for it may be luckier"


def test_r08_a_coin_seldom_proves_anything_however_often_one_looks() -> None:
    proven = 0
    for seed in range(300):
        chance, wins, losses = Random(seed), 0, 0
        for _ in range(200):
            won = chance.random() < 0.5
            wins, losses = wins + won, losses + (not won)
            if evidence_for(wins, losses) >= 100:
                proven += 1
                break
    assert proven <= 8, "1 % in the long run: 3 of 300 are expected at most"


def test_r09_nothing_overflows() -> None:
    huge = Detector().after([10_000.0])
    assert huge.after([10_000.0]).evidence < float("inf") and evidence_for(10_000, 0) < float("inf")
