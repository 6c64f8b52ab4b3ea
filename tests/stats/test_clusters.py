"""Tests and intervals over groups, and the level spent over looks."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.stats.looks import FIRST, Earlier, by_number, level_after
from maspo.stats.paired import (
    attained,
    group_differences,
    group_interval,
    group_mean,
    mean_difference_interval,
    sign_flip_test,
)
from maspo.stats.share import clustered_share_interval, grouped_share_interval

signs = st.lists(st.sampled_from([-1, 0, 1]), max_size=40)


@given(signs)
def test_c01_inputs_alone_in_their_groups_are_tested_as_without_groups(nets: list[int]) -> None:
    alone = [str(number) for number in range(len(nets))]
    assert sign_flip_test(group_differences(nets, alone)) == sign_flip_test(nets)
    assert group_interval(nets, alone) == mean_difference_interval(nets, 1)
    assert group_mean(nets, alone) == pytest.approx(sum(nets) / max(len(nets), 1))


@given(st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 5)), min_size=1, max_size=25))
def test_c02_the_test_is_the_share_of_sign_flips_of_groups_that_reach_the_sum(rows: list[tuple[int, int]]) -> None:
    found = group_differences([net for net, _ in rows], [str(group) for _, group in rows])
    flips = [sum(map(int.__mul__, found, flip)) for flip in product((-1, 1), repeat=len(found))]
    assert sign_flip_test(found) == pytest.approx(sum(one >= sum(found) for one in flips) / len(flips))


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 5)), max_size=25))
def test_c03_turning_every_sign_turns_the_groups(rows: list[tuple[int, int]]) -> None:
    nets, groups = [net for net, _ in rows], [str(group) for _, group in rows]
    turned = group_differences([-net for net in nets], groups)
    assert turned == [-one for one in group_differences(nets, groups)]


@pytest.mark.parametrize(("groups", "size"), [(3, 10), (5, 20), (12, 5), (30, 2), (1, 30)])
@pytest.mark.parametrize("alike", [1.0, 0.6])
def test_c04_equal_prompts_are_seldom_claimed_better_however_alike_the_inputs_of_a_group(
    groups: int, size: int, alike: float
) -> None:
    """1,000 tests of prompts that differ by chance; inputs of a group follow its verdict with chance ``alike``."""
    chance = random.Random(1)
    named = [str(group) for group in range(groups) for _ in range(size)]
    claimed = 0
    for _ in range(1_000):
        nets: list[int] = []
        for _ in range(groups):
            own = chance.choice((-1, 0, 1))
            nets += [own if chance.random() < alike else chance.choice((-1, 0, 1)) for _ in range(size)]
        claimed += sign_flip_test(group_differences(nets, named)) <= FIRST.level
    assert claimed / 1_000 <= FIRST.level + 0.018  # three standard errors of 1,000 draws


@pytest.mark.parametrize(("groups", "size"), [(6, 10), (12, 4), (30, 3)])
def test_c05_the_interval_covers_the_mean_over_groups(groups: int, size: int) -> None:
    chance = random.Random(2)
    named = [str(group) for group in range(groups) for _ in range(size)]
    covered = 0
    for _ in range(1_000):
        nets = [own for _ in range(groups) for own in [chance.choices((-1, 0, 1), (1, 3, 2))[0]] for _ in range(size)]
        low, high = group_interval(nets, named)
        covered += low <= 1 / 6 <= high
    assert covered / 1_000 >= 0.93


def test_c06_all_looks_together_spend_no_more_than_the_level() -> None:
    for levels in (
        [level_after([Earlier()] * before) for before in range(1_000)],
        [by_number(look).level for look in range(1, 1_000)],
    ):
        assert sum(levels) <= 0.05
        assert sum(levels) == pytest.approx(0.05, abs=2e-5)
        assert levels == sorted(levels, reverse=True)
    assert [by_number(look).level for look in (1, 2, 3, 4)] == pytest.approx([0.04, 0.005, 0.01 / 6, 0.01 / 12])
    assert level_after([], level=0.01) == pytest.approx(0.0098)


@given(st.lists(st.none() | st.floats(0, 0.1), max_size=30))
def test_c08_whatever_looks_spend_they_stay_within_the_level(told: list[float | None]) -> None:
    earlier: list[Earlier] = []
    total = 0.0
    for one in told:
        level = level_after(earlier)
        spent = level if one is None else min(one, level)
        total += spent
        earlier.append(Earlier(None if one is None else spent))
    assert 0 < total + level_after(earlier) <= 0.05


@given(st.lists(st.integers(-4, 4), max_size=12), st.sampled_from([0.2, 0.05, 0.049, 0.01, 0.001]))
def test_c09_what_a_test_attains_is_how_often_chance_claims(differences: list[int], level: float) -> None:
    claims = [
        sign_flip_test([sign * size for sign, size in zip(signs, differences, strict=True)]) <= level
        for signs in product((-1, 1), repeat=len(differences))
    ]
    assert attained(differences, level) == pytest.approx(sum(claims) / len(claims))
    assert attained(differences, level) <= level


def test_c10_up_to_29_inputs_a_first_look_proves_what_the_whole_level_does() -> None:
    for n in range(30):
        assert attained([1] * n, FIRST.level) == attained([1] * n, 0.05)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_c07_shares_of_inputs_alone_in_their_groups_keep_their_interval(counts: list[int]) -> None:
    alone = [str(number) for number in range(len(counts))]
    assert grouped_share_interval(counts, alone, 3) == clustered_share_interval(counts, 3)


def test_c08_copies_make_the_interval_of_a_share_no_shorter() -> None:
    counts, named = [1, 0, 1, 1, 0, 1, 0, 1], [str(number) for number in range(8)]
    low, high = clustered_share_interval(counts, 1)
    copied = grouped_share_interval(counts * 5, named * 5, 1)
    assert copied[0] <= low + 0.02
    assert copied[1] >= high - 0.02
