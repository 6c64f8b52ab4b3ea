"""How many calls an endpoint works on side by side is learned from any answers, in any order, within bounds."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from maspo.models.base import Message, Reply, Request
from maspo.models.layers.crowding import Crowding
from maspo.models.layers.in_turn import Ended

REQUEST = Request("m", (Message("user", "Say so."),), "agent")


def met(crowding: Crowding, most: int, chance: random.Random, answers: int) -> None:
    """Keep as many calls in flight as are allowed, and let any of them end next, mostly the oldest."""
    under_way, now = [0.0], 0.0
    for _ in range(answers):
        now += chance.expovariate(len(under_way))
        sent = under_way.pop(0 if chance.random() < 0.9 else chance.randrange(len(under_way)))
        ahead = tuple(sorted((chance.choice([now, sent, math.inf]) for _ in under_way[:8]), reverse=True))
        overtaken = len(under_way) if chance.random() < 0.1 else 0  # rarely, it tells that all are worked on
        ended = Ended(sent, now, len(under_way) + 1, overtaken, chance.choice([ahead, None]))
        crowding.note(REQUEST, Reply("so", seconds=chance.choice([0.0, 0.2, 0.3, 3.0])), ended)
        assert 1 <= crowding.limit <= most
        under_way += [now] * (math.floor(crowding.limit) - len(under_way))


@given(st.integers(0, 2**32), st.integers(1, 64), st.integers(1, 256), st.sampled_from([1.25, 1.5, 2.0]))
def test_b10_any_answers_are_learned_from(seed: int, first: int, most: int, growth: float) -> None:
    met(Crowding(first, most, growth), most, random.Random(seed), 120)


def test_b11_a_level_that_no_answer_told_of_is_not_compared() -> None:
    """That a late call was overtaken may tell that more are worked on, before any answer of that level counted."""
    crowding, now = Crowding(16, 256, 1.5), 1.0
    while crowding.limit == 16:
        crowding.note(REQUEST, Reply("so", seconds=1.0), Ended(now, now + 1.0, 16))
        now += 0.1
    crowding.note(REQUEST, Reply("so", seconds=1.0), Ended(now, now + 1.0, 24, overtaken=23))
    sent, in_flight = now + 1.0, math.floor(crowding.limit)
    assert in_flight > 24
    for number in range(2 * in_flight):
        crowding.note(REQUEST, Reply("so", seconds=1.0), Ended(sent, sent + 1.0 + number / 100, in_flight))
    assert crowding.limit >= 24


def test_b12_where_it_is_told_how_many_calls_are_worked_on_no_answer_is_looked_at() -> None:
    crowding = Crowding(1, 64, 2.0)
    assert crowding.looks
    crowding.tell(4)
    assert (crowding.looks, crowding.limit) == (False, 5.0)
