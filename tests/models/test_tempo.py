"""How long chains of calls take, and how many come in a second: by what was measured lately."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from statistics import fmean

import pytest

from maspo.models.tempo import Tempo

CHAIN = ("agent", "agent", "judge.global")


def test_t01_nothing_is_known_before_there_are_answers() -> None:
    tempo = Tempo()
    assert not tempo.is_known
    assert tempo.longest(CHAIN, 16) == math.inf
    assert tempo.shortest_for(100) == 0.0
    for number in range(20):
        assert not tempo.is_known
        tempo.note("agent", 1.0, number)
    assert tempo.is_known


def test_t02_equal_calls_make_a_chain_as_long_as_their_sum() -> None:
    tempo = Tempo()
    for number in range(30):
        tempo.note("agent", 2.0, number)
        tempo.note("judge.global", 7.0, number)
    assert tempo.longest(CHAIN, 16) == pytest.approx(11.0)
    assert tempo.longest(("agent", "proposer"), 1) == pytest.approx(2.0 + 4.5), "unknown: the mean of all"


@pytest.mark.parametrize("chains", [1, 4, 16])
def test_t03_the_slowest_of_many_chains_is_not_underestimated(chains: int) -> None:
    chance = random.Random(3)
    laws: dict[str, Callable[[], float]] = {
        "agent": lambda: chance.lognormvariate(0, 1),
        "judge.global": lambda: chance.expovariate(0.5),
    }
    tempo = Tempo()
    for number in range(200):
        for purpose, law in laws.items():
            tempo.note(purpose, law(), number)
    met = fmean(max(sum(laws[one]() for one in CHAIN) for _ in range(chains)) for _ in range(2000))
    assert 0.8 * met < tempo.longest(CHAIN, chains) < 2 * met


def test_t04_the_pace_is_the_best_of_late_and_old_answers_are_forgotten() -> None:
    tempo = Tempo()
    now = 0.0
    for _ in range(50):
        now += 0.1
        tempo.note("agent", 3.0, now)
    assert tempo.shortest_for(100) == pytest.approx(10.0)
    for number in range(200):
        now += 1.0 if number % 50 < 25 else 4.0
        tempo.note("agent", 3.0, now)
    assert tempo.shortest_for(100) == pytest.approx(100.0)
