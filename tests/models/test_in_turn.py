"""Who was in flight beside a call, and how many are worked on at once by when each was sent and answered."""

from __future__ import annotations

import math
import random
from heapq import heapreplace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.models.layers.in_turn import MOST, Beside, Ended, InTurn


def served(slots: int, calls: list[tuple[float, float]]) -> list[tuple[Ended, float]]:
    """Return what is seen of calls (when sent, seconds of work) at a server of so many slots, and the work of each."""
    free = [0.0] * slots
    events = []
    for number, (sent, work) in enumerate(calls):
        heapreplace(free, end := max(sent, free[0]) + work)
        events += [(sent, 1, number), (end, 0, number)]
    beside, numbers, seen = Beside(), dict[int, int](), []
    for at, begins, number in sorted(events):
        if begins:
            numbers[number] = beside.begin(at)
        else:
            seen.append((beside.end(numbers[number], at), calls[number][1]))
    return seen


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
            assert beside.end(number, 0.0).in_flight == under_way.pop(number)


def test_b02_a_call_overtakes_those_that_were_sent_clearly_before_it() -> None:
    beside = Beside()
    first, second, third = (beside.begin(sent) for sent in (0.0, 0.95, 1.0))
    ended = beside.end(third, 2.0)
    assert (ended.in_flight, ended.overtaken) == (3, 1), "the second was sent in the same moment"
    assert beside.end(first, 2.1).overtaken == 0
    assert beside.end(second, 2.2).overtaken == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0.0, 3.0)), max_size=60))
def test_b05_who_is_told_is_who_was_sent_and_answered_then(turns: list[tuple[int, float]]) -> None:
    """Written out without the order in which calls stand: those clearly before it, and those of its moment."""
    beside, now = Beside(), 0.0
    sent: dict[int, float] = {}
    answered: list[tuple[float, float]] = []
    for turn, pause in turns:
        now += pause
        if turn < 5 or not sent:
            sent[beside.begin(now)] = now
            continue
        number = sorted(sent)[turn % len(sent)]
        own = sent.pop(number)
        took = now - own
        ended = beside.end(number, now)
        assert ended.overtaken == min(12, sum(other < own - 0.2 * took for other in sent.values()))
        if ended.ahead is not None:
            still = [math.inf for other in sent.values() if other < own - 0.05 * took]
            through = [at for at, other in reversed(answered[-2 * MOST :]) if at > own and other <= own + 0.05 * took]
            assert ended.ahead == (*still, *through)
        answered.append((now, own))


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.floats(1.0, 1.2), st.floats(1.0, 9.0)), min_size=1, max_size=6),
)
def test_b03_the_number_of_slots_makes_the_work_of_each_call_what_it_was(
    slots: int, calls: list[tuple[float, float]]
) -> None:
    """The calls are sent clearly one after another, so that their order is known."""
    spaced = [(sent + 3.0 * number, work) for number, (sent, work) in enumerate(calls)]
    for ended, work in served(slots, spaced):
        assert math.isclose(ended.worked_on(slots), work, rel_tol=1e-6)
        for fewer in range(1, slots):
            assert ended.worked_on(fewer) <= ended.worked_on(slots)


@pytest.mark.parametrize("spread", [0.05, 0.3])
@pytest.mark.parametrize("slots", [1, 2, 3, 4, 6, 8])
def test_b04_answers_favour_as_many_slots_as_there_are(slots: int, spread: float) -> None:
    """Of calls in flight half as many again as slots: that so many are worked on is less likely, and fewer as well."""
    few = 0
    for seed in range(20):
        chance = random.Random(seed)
        beside, in_turn, free = Beside(), InTurn(), [0.0] * slots
        under_way, now = list[tuple[float, int]](), 0.0
        for count in range(30 * slots):
            if count >= math.ceil(1.5 * slots):
                under_way.sort()
                now, number = under_way.pop(0)
                in_turn.note("agent", 1.0, beside.end(number, now), max(1, slots - 1))
            heapreplace(free, end := max(now, free[0]) + math.exp(spread * chance.gauss(0, 1)))
            under_way.append((end, beside.begin(now)))
        assert in_turn.favours(math.ceil(1.5 * slots), slots) < -1.0
        few += slots > 1 and in_turn.favours(slots, slots - 1) < (3.0 if spread < 0.1 else 0.0)
    assert few <= (0 if spread < 0.1 else 1)


def test_b05_too_many_in_flight_tell_nothing() -> None:
    in_turn = InTurn()
    for ended, _ in served(2, [(0.0, 1.0)] * (2 * MOST)):
        in_turn.note("agent", 1.0, ended, 1)
    assert in_turn.favours(3, 2) <= in_turn.favours(2, 1)
    far = InTurn()
    far.note("agent", 1.0, Ended(0.0, 1.0, MOST + 1, ahead=None), 1)
    assert far.favours(2, 1) == 0.0


def test_b06_a_call_that_took_no_time_tells_nothing() -> None:
    in_turn = InTurn()
    in_turn.note("agent", 1.0, Ended(1.0, 1.0, 1), 1)
    in_turn.note("agent", 1.0, Ended(1.0, 1.0, 2, ahead=(1.0,)), 1)
    assert in_turn.favours(2, 1) == 0.0
