"""How often the intervals that are printed hold the truth: exactly where that can be counted, else in 10,000 draws.

Counts are discrete, so the coverage of single cells moves around 95 %. The bar is on the mean over a grid of sizes and
rates as evaluations meet them; the worst cell is held to a looser one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from math import comb, exp, lgamma, log
from random import Random

import pytest

from maspo.stats.paired import mcnemar, mean_difference_interval, net_win_interval, sign_flip_test, sign_test
from maspo.stats.share import clustered_share_interval, kappa, kappa_interval, share_interval, student_95
from tests.lengths import length

DRAWS = 10_000
SIZES = (20, 50, 100, 300)
DIFFICULTIES = ((0.05, 0.2), (0.3, 0.2), (0.6, 0.2), (0.85, 0.2), (0.97, 0.2))
"""The chance that an input is answered right, and the share of such inputs."""


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def holds(interval: tuple[float, float], truth: float) -> bool:
    return interval[0] - 1e-12 <= truth <= interval[1] + 1e-12


# ── one repeat: counted exactly ──────────────────────────────────────────────────────────────────────────────────────


def test_v01_the_interval_of_a_share_covers_95_percent() -> None:
    cells = []
    for n in SIZES:
        intervals = [share_interval(count, n) for count in range(n + 1)]
        for share in (number / 20 for number in range(1, 20)):
            chances = (comb(n, count) * share**count * (1 - share) ** (n - count) for count in range(n + 1))
            cells.append(sum(p for p, interval in zip(chances, intervals, strict=True) if holds(interval, share)))
    assert 0.94 <= mean(cells) <= 0.96
    assert min(cells) >= 0.92


@cache
def factorial_log(n: int) -> float:
    return lgamma(n + 1)


def paired_coverage(n: int, up: float, down: float, intervals: dict[tuple[int, int], tuple[float, float]]) -> float:
    logs = (log(up), log(down), log(1 - up - down))
    covered = 0.0
    for (wins, losses), interval in intervals.items():
        if holds(interval, up - down):
            ties = n - wins - losses
            ways = factorial_log(n) - factorial_log(wins) - factorial_log(losses) - factorial_log(ties)
            covered += exp(ways + wins * logs[0] + losses * logs[1] + ties * logs[2])
    return covered


@pytest.mark.parametrize("n", [20, 50, 100, pytest.param(200, marks=pytest.mark.slow)])
def test_v02_the_interval_of_a_paired_difference_covers_95_percent(n: int) -> None:
    intervals = {
        (wins, losses): net_win_interval(wins, losses, n) for wins in range(n + 1) for losses in range(n + 1 - wins)
    }
    cells = {
        (differing, net): paired_coverage(n, (differing + net) / 2, (differing - net) / 2, intervals)
        for differing in (0.1, 0.2, 0.3, 0.4, 0.6)
        for net in (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)
        if net < 0.9 * differing
    }
    assert 0.94 <= mean(list(cells.values())) <= 0.96
    assert min(cells.values()) >= 0.93


# ── repeats: drawn ───────────────────────────────────────────────────────────────────────────────────────────────────


def binomial(repeats: int, share: float) -> list[float]:
    return [comb(repeats, count) * share**count * (1 - share) ** (repeats - count) for count in range(repeats + 1)]


def shifted(share: float, by: float) -> float:
    return 1 / (1 + exp(-log(share / (1 - share)) - by))


def row_chances(repeats: int, effect: float) -> dict[tuple[int, int], float]:
    """Return the chance of (correct before, correct after) over the repeats of an input, whatever its difficulty."""
    chances: defaultdict[tuple[int, int], float] = defaultdict(float)
    for share, weight in DIFFICULTIES:
        # Half of the inputs react to the change twice as much as the mean, the others not at all.
        for reaction in (0.0, 2 * effect):
            before, after = binomial(repeats, share), binomial(repeats, shifted(share, reaction))
            for one, chance in enumerate(before):
                for other, further in enumerate(after):
                    chances[one, other] += weight * chance * further / 2
    return chances


@pytest.mark.parametrize("repeats", [1, 2, 3, 5])
def test_v03_intervals_over_repeats_cover_95_percent(repeats: int) -> None:
    differences, shares = [], []
    for n in (20, 50, 100):
        for effect in (0.0, 0.4, 1.0):
            chances = row_chances(repeats, effect)
            rows, weights = list(chances), list(chances.values())
            net = sum((after - before) * chance for (before, after), chance in chances.items()) / repeats
            share = sum(after * chance for (_, after), chance in chances.items()) / repeats
            draw = Random(n)
            found = [0, 0]
            for _ in range(DRAWS):
                drawn = draw.choices(rows, weights, k=n)
                interval = mean_difference_interval([after - before for before, after in drawn], repeats)
                found[0] += holds(interval, net)
                found[1] += holds(clustered_share_interval([after for _, after in drawn], repeats), share)
            differences.append(found[0] / DRAWS)
            shares.append(found[1] / DRAWS)
    for cells in (differences, shares):
        assert 0.94 <= mean(cells) <= 0.96
        assert min(cells) >= 0.93


def test_v04_the_interval_of_kappa_covers_95_percent() -> None:
    cells = []
    for n in (30, 100):
        for margins in ((0.4, 0.4, 0.2), (0.25, 0.25, 0.5), (0.45, 0.5, 0.05)):
            for right in (0.6, 0.85):
                table = [
                    [margin * (right if i == j else (1 - right) / 2) for j in range(3)]
                    for i, margin in enumerate(margins)
                ]
                truth = kappa(table)
                assert truth is not None
                draw, covered = Random(n), 0
                weights = [chance for row in table for chance in row]
                for _ in range(DRAWS):
                    counts = Counter(draw.choices(range(9), weights, k=n))
                    covered += holds(kappa_interval([[counts[3 * i + j] for j in range(3)] for i in range(3)]), truth)
                cells.append(covered / DRAWS)
    assert 0.94 <= mean(cells) <= 0.96
    assert min(cells) >= 0.92


def test_v05_equal_prompts_are_called_better_in_at_most_one_of_twenty() -> None:
    draws = length(3_000, DRAWS)
    for repeats in (1, 3):
        chances = row_chances(repeats, 0.0)
        rows, weights = list(chances), list(chances.values())
        draw = Random(repeats)
        claimed = sum(
            sign_flip_test([after - before for before, after in draw.choices(rows, weights, k=24)]) <= 0.05
            for _ in range(draws)
        )
        assert claimed / draws <= 0.05


# ── the functions themselves ─────────────────────────────────────────────────────────────────────────────────────────


def test_v06_the_sign_flip_test_counts_all_flips() -> None:
    for differences in ([1, 1, -1, 0], [3, -1, 2], [2, 2, 2, -1, 1], [-3, -1]):
        sums = [0]
        for size in differences:
            sums = [total + sign * size for total in sums for sign in (1, -1)]
        expected = sum(total >= sum(differences) for total in sums) / len(sums)
        assert sign_flip_test(differences) == pytest.approx(expected)
    assert sign_flip_test([1] * 7 + [-1] * 2 + [0] * 5) == sign_test(7, 2)
    assert sign_flip_test([]) == 1.0


def test_v07_very_many_inputs_are_told_by_the_normal_approximation() -> None:
    some = [3, 2, -1, 1, 0, -2] * 200
    many = [3, 2, -1, 1, 0, -2] * 3000
    assert sign_flip_test([*some, *[-1] * 550]) == pytest.approx(0.24, abs=0.05)
    assert 0 <= sign_flip_test(many) < 1e-6
    assert sign_flip_test([-one for one in many]) > 1 - 1e-6


def test_v08_mcnemar_doubles_the_smaller_tail() -> None:
    assert mcnemar(8, 1) == pytest.approx(2 * sign_test(8, 1))
    assert mcnemar(1, 8) == mcnemar(8, 1)
    assert mcnemar(3, 3) == 1.0 == mcnemar(0, 0)


def test_v09_one_repeat_is_the_plain_interval() -> None:
    assert clustered_share_interval([1, 0, 1, 1], 1) == share_interval(3, 4)
    assert mean_difference_interval([1, -1, 0, 1, 1], 1) == net_win_interval(3, 1, 5)


def test_v10_repeats_that_only_repeat_make_nothing_surer() -> None:
    once = clustered_share_interval([1] * 12 + [0] * 8, 1)
    thrice = clustered_share_interval([3] * 12 + [0] * 8, 3)
    assert thrice[0] <= once[0] < once[1] <= thrice[1]
    spread = clustered_share_interval([2, 1] * 10, 3)
    assert spread[1] - spread[0] < once[1] - once[0]


@pytest.mark.parametrize(("freedom", "quantile"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (100, 1.984)])
def test_v11_students_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert student_95(freedom) == pytest.approx(quantile, rel=0.01)


def test_v12_kappa_is_agreement_beyond_chance() -> None:
    assert kappa([[20, 5], [10, 15]]) == pytest.approx(0.4)
    assert kappa([[10, 0], [0, 10]]) == 1.0
    assert kappa([[10, 10], [10, 10]]) == 0.0
    assert kappa([[7, 0], [0, 0]]) is None
    assert kappa([[0, 0], [0, 0]]) is None
    low, high = kappa_interval([[20, 5], [10, 15]])
    assert -1 <= low < 0.4 < high <= 1
