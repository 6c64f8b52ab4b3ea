"""A cap in money is a cap: random schedules of calls, retries, failures and lies about usage, never one overshoot."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass

import pytest

from maspo.core.errors import BudgetReached
from maspo.models.base import Message, Reply, Request
from maspo.models.budget import Ledger, Limits
from maspo.models.prices import PriceBook
from tests.lengths import length

SCHEDULES = length(10_000, 200_000)
AT_A_TIME = 500
USABLE = 0.98
TOKEN = 10e-6
"""USD."""
PRICES = PriceBook({"m": (0.0, 10.0)})
LONGEST = 100
"""Tokens of the longest reply: no call costs more than 2 % of any cap here."""
LIES: tuple[tuple[int | None, int | None, float | None], ...] = (
    (None, None, None),
    (1, -5, None),
    (-1, 3, None),
    (0, 3, None),
    (1, 0, None),
    (1, 1, -2.0),
    (1, None, math.nan),
    (None, 1, math.inf),
)
"""Tokens in, tokens out and cost as no endpoint can truly tell them for an answered question."""


@dataclass(slots=True)
class Endpoint:
    """An endpoint that bills on its own: what it really takes, whatever it says or whether it says anything."""

    draw: random.Random
    book: Ledger
    billed: float = 0.0
    in_flight: int = 0
    most_in_flight: int = 0

    async def call(self, request: Request) -> bool:
        """Try one call to its end; return whether it was answered."""
        reservation = await self.book.reserve(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        for _ in range(self.draw.randrange(3)):
            await asyncio.sleep(0)
        self.in_flight -= 1
        fate, tokens = self.draw.random(), self.draw.randint(request.max_tokens // 2, request.max_tokens)
        if fate < 0.1:
            self.book.book_refusal(reservation)
            return False
        self.billed += tokens * TOKEN
        if fate < 0.2:
            self.book.book_loss(reservation)
            return False
        if fate < 0.25:
            self.book.cut_off(reservation)
            return True
        told = self.draw.choice(LIES) if fate < 0.35 else (1, tokens, None)
        self.book.settle(reservation, Reply("an answer", *told))
        return True


async def worker(endpoint: Endpoint) -> None:
    """Ask until the cap refuses, each question up to three times."""
    while True:
        longest = endpoint.draw.randint(2 * LONGEST // 3, LONGEST)
        request = Request("m", (Message("user", "q"),), "agent", max_tokens=longest)
        for _ in range(3):
            try:
                if await endpoint.call(request):
                    break
            except BudgetReached:
                return


async def schedule(seed: int) -> tuple[float, int]:
    """Spend a cap by a random schedule; return the share of the cap that could be used, and the most in flight."""
    draw = random.Random(seed)
    wide = draw.random() < 0.01
    workers = 256 if wide else int(2 ** (6 * draw.random()))
    cap = TOKEN * LONGEST * (300 if wide else draw.uniform(50, 55))
    endpoint = Endpoint(draw, Ledger(Limits(usd=cap), PRICES))
    await asyncio.gather(*(worker(endpoint) for _ in range(workers)))
    charged = endpoint.book.usd
    assert charged is not None
    assert endpoint.billed <= charged * (1 + 1e-9), f"schedule {seed}: more was billed than is charged"
    assert charged <= cap * (1 + 1e-9), f"schedule {seed}: the cap was overshot"
    assert endpoint.book.in_flight == 0
    return charged / cap, endpoint.most_in_flight


@pytest.mark.slow
async def test_i20_random_schedules_never_overshoot_and_use_nearly_all_of_a_cap() -> None:
    worst, most, least = 1.0, 0, 256
    for first in range(0, SCHEDULES, AT_A_TIME):
        for seed in range(first, first + AT_A_TIME):
            share, in_flight = await schedule(seed)
            worst, most, least = min(worst, share), max(most, in_flight), min(least, in_flight)
    print(f"{SCHEDULES} schedules, {least} to {most} in flight, at least {worst:.1%} of a cap usable")
    assert worst >= USABLE
    assert (least, most) == (1, 256)


@pytest.mark.parametrize("told", LIES)
async def test_i21_usage_that_cannot_be_true_is_charged_at_the_worst_case(
    told: tuple[int | None, int | None, float | None],
) -> None:
    book = Ledger(Limits(usd=1.0), PRICES)
    reservation = await book.reserve(Request("m", (Message("user", "q"),), "agent", max_tokens=50))
    charged = book.settle(reservation, Reply("an answer", *told))
    assert charged == pytest.approx(50 * TOKEN)


async def test_i22_a_usage_beyond_what_was_reserved_is_charged_as_told() -> None:
    book = Ledger(Limits(usd=1.0), PRICES)
    reservation = await book.reserve(Request("m", (Message("user", "q"),), "agent", max_tokens=50))
    assert book.settle(reservation, Reply("an answer", 1, 2**40)) == pytest.approx(2**40 * TOKEN)
    with pytest.raises(BudgetReached):
        await book.reserve(reservation.request)
