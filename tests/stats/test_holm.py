"""Holm's method against tables worked out by hand, and its defining property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.stats.holm import holm

# (p-values, adjusted): (m − rank) · p, never below one before it, at most 1; ties and order of the input kept.
BY_HAND = [
    ([], []),
    ([0.03], [0.03]),
    ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3·0.01; 2·0.03 = 0.06; 1·0.04 is raised to 0.06
    ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),
    ([0.5, 0.001, 0.2, 0.01], [0.5, 0.004, 0.4, 0.03]),
    ([0.6, 0.7], [1.0, 1.0]),
    ([0.02, 0.02], [0.04, 0.04]),
]


@pytest.mark.parametrize(("p_values", "adjusted"), BY_HAND)
def test_h01_values_are_those_worked_out_by_hand(p_values: list[float], adjusted: list[float]) -> None:
    assert holm(p_values) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.2))
def test_h02_claims_are_those_of_the_step_down_procedure(p_values: list[float], level: float) -> None:
    """Go up the sorted p-values while the k-th is at most level / (m − k + 1); Bonferroni's claims are among these."""
    claimed = set()
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        if (len(p_values) - rank) * p_values[place] > level:
            break
        claimed.add(place)
    adjusted = holm(p_values)
    assert {place for place, value in enumerate(adjusted) if value <= level} == claimed
    assert claimed >= {place for place, value in enumerate(p_values) if len(p_values) * value <= level}
