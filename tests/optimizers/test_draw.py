"""Randomness as a function of (seed, where)."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from maspo.core.seeded import rank, shuffled


@given(st.lists(st.text(), unique=True, max_size=8), st.integers(), st.randoms())
def test_d01_a_shuffle_depends_on_the_items_and_not_on_their_order(items: list[str], seed: int, random: Random) -> None:
    mixed = list(items)
    random.shuffle(mixed)
    assert shuffled(mixed, seed, "x") == shuffled(items, seed, "x")
    assert sorted(shuffled(items, seed, "x")) == sorted(items)


def test_d02_every_order_is_about_equally_likely() -> None:
    seen = Counter(shuffled("abc", seed) for seed in range(1200))
    assert set(seen) == set(permutations("abc"))
    assert min(seen.values()) > 140
    assert max(seen.values()) < 260


def test_d03_a_draw_depends_on_seed_and_place_alone() -> None:
    assert rank(1, "a", 2) == rank(1, "a", 2)
    assert len({rank(1, "a"), rank(2, "a"), rank(1, "b"), rank(1, "a", "b"), rank(1)}) == 5
    assert 0 <= rank(0, "\ud800") < 2**64
