"""How many calls were in flight at most while one was, and how many of those it has overtaken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maspo.models.layers.crowding import Beside


@given(st.lists(st.integers(0, 9), max_size=80))
def test_b01_each_call_is_told_the_most_in_flight_at_any_time_of_its_own(turns: list[int]) -> None:
    beside, under_way = Beside(), dict[int, int]()
    for turn in turns:
        if turn < 5 or not under_way:
            number = beside.begin(0.0)
            under_way[number] = 0
            under_way = {one: max(most, len(under_way)) for one, most in under_way.items()}
        else:
            number = sorted(under_way)[turn % len(under_way)]
            assert beside.end(number, 0.0)[0] == under_way.pop(number)


def test_b02_a_call_overtakes_those_that_were_sent_clearly_before_it() -> None:
    beside = Beside()
    first, second, third = (beside.begin(sent) for sent in (0.0, 0.95, 1.0))
    assert beside.end(third, 2.0) == (3, 1), "the second was sent in the same moment"
    assert beside.end(first, 2.1) == (3, 0)
    assert beside.end(second, 2.2) == (3, 0)
