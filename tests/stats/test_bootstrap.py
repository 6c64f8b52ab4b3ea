"""The paired bootstrap: what drawing comes near to, and what it may not depend on."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.stats.bootstrap import paired_bootstrap

DIFFERENCES = st.lists(st.integers(-3, 3), min_size=2, max_size=30)


def own_groups(differences: list[int]) -> list[str]:
    return [str(number) for number in range(len(differences))]


def test_b01_it_is_the_percentile_over_all_resamples() -> None:
    differences = [1, 0, -1, 1, 0, 1]
    means = sorted(sum(drawn) / 6 for drawn in product(differences, repeat=6))
    low = next(mean for place, mean in enumerate(means, 1) if place >= 0.025 * len(means))
    high = next(mean for place, mean in enumerate(means, 1) if place >= 0.975 * len(means))
    assert paired_bootstrap(differences, own_groups(differences)) == pytest.approx((low, high))


def test_b02_drawing_ten_thousand_times_comes_near_it() -> None:
    differences = [1] * 20 + [-1] * 8 + [0] * 72
    draw = random.Random(0)
    means = sorted(sum(draw.choices(differences, k=100)) / 100 for _ in range(10_000))
    low, high = paired_bootstrap(differences, own_groups(differences))
    assert low == pytest.approx(means[250], abs=0.011)
    assert high == pytest.approx(means[9749], abs=0.011)


@settings(deadline=None)
@given(DIFFERENCES, st.randoms(use_true_random=False))
def test_b03_the_order_of_inputs_and_the_sign_do_not_matter(differences: list[int], draw: random.Random) -> None:
    groups = own_groups(differences)
    low, high = paired_bootstrap(differences, groups)
    mixed = draw.sample(differences, len(differences))
    assert paired_bootstrap(mixed, groups) == (low, high)
    assert min(differences) <= low <= high <= max(differences)
    turned = paired_bootstrap([-one for one in differences], groups)
    assert turned == pytest.approx((-high, -low), abs=1.5 * 6 / len(differences))  # a percentile is one from below


@settings(deadline=None)
@given(DIFFERENCES, st.integers(2, 4))
def test_b04_copies_within_a_group_are_no_further_inputs(differences: list[int], copies: int) -> None:
    groups = own_groups(differences)
    assert paired_bootstrap(differences * copies, groups * copies) == paired_bootstrap(differences, groups)


def test_b05_repeats_are_no_further_inputs_either() -> None:
    once, thrice = [1, 0, -1, 1], [3, 0, -3, 3]
    assert paired_bootstrap(thrice, own_groups(thrice), 3) == paired_bootstrap(once, own_groups(once))


def test_b06_one_group_says_nothing_and_equal_ones_leave_no_doubt() -> None:
    assert paired_bootstrap([1, 1], ["same", "same"]) == (-1.0, 1.0)
    assert paired_bootstrap([], []) == (-1.0, 1.0)
    assert paired_bootstrap([1, 1, 1], ["a", "b", "c"]) == (1.0, 1.0)


def test_b07_many_uneven_groups_are_joined_and_stay_near() -> None:
    draw = random.Random(1)
    sizes = [draw.randrange(1, 7) for _ in range(300)]
    groups = [str(number) for number, size in enumerate(sizes) for _ in range(size)]
    differences = [draw.choice([-1, 0, 0, 1, 1]) for _ in groups]
    means = [
        sum(one) / len(one)
        for one in ([d for d, g in zip(differences, groups, strict=True) if g == str(n)] for n in range(300))
    ]
    drawn = sorted(sum(draw.choices(means, k=300)) / 300 for _ in range(2000))
    low, high = paired_bootstrap(differences, groups)
    assert (low, high) == pytest.approx((drawn[50], drawn[1949]), abs=0.02)
