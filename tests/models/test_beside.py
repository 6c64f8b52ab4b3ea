"""How many calls were in flight at most while one was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maspo.models.layers.crowding import Beside


@given(st.lists(st.integers(0, 9), max_size=80))
def test_b01_each_call_is_told_the_most_in_flight_at_any_time_of_its_own(turns: list[int]) -> None:
    beside, under_way = Beside(), dict[int, int]()
    for turn in turns:
        if turn < 5 or not under_way:
            number = beside.begin()
            under_way[number] = 0
            under_way = {one: max(most, len(under_way)) for one, most in under_way.items()}
        else:
            number = sorted(under_way)[turn % len(under_way)]
            assert beside.end(number) == under_way.pop(number)
