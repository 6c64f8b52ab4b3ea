"""A cap over many runs, on ledgers as they are and a server that loses messages: none passes it, none wastes it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import BudgetReached, ConfigInvalid, ProviderError, StoreError
from maspo.core.usage import Usage
from maspo.models.base import Message, Reply, Request
from maspo.models.budget import Ledger, Limits
from maspo.models.leases import NANO, Amount, Cap, Lease, growth, to_nano
from maspo.models.prices import PriceBook
from tests.lengths import length

T = TypeVar("T")
PRICES = PriceBook({"m": (1.0, 1.0)})
WORST = 0.001093
"""USD that a call of ``ask`` costs at most: a token a byte, those of the template, and 1,000 of reply."""


def ask(number: int) -> Request:
    return Request("m", (Message("user", f"question {number:>10} xxxxxxxxx"),), "agent", max_tokens=1000)


@dataclass
class Server:
    """The arithmetic of a budget, as the store does it in one transaction."""

    cap: Cap
    charged: Amount = field(default_factory=Amount)
    held: dict[str, Amount] = field(default_factory=dict)

    def take_up(self, run: str, spent: Amount) -> Lease:
        held = self.held.get(run, Amount())
        return self.change(run, Amount(max(spent.nano - held.nano, 0), max(spent.calls - held.calls, 0)))

    def grow(self, run: str, short: Amount) -> Lease | None:
        more = growth(short, self.cap, self.charged)
        return None if more is None else self.change(run, more)

    def give_back(self, run: str, spent: Amount) -> None:
        self.change(run, spent - self.held.get(run, Amount()))

    def change(self, run: str, more: Amount) -> Lease:
        self.charged += more
        self.held[run] = self.held.get(run, Amount()) + more
        return Lease(self.held[run], self.cap, self.cap.share(self.charged))


@dataclass
class Line:
    """The way of one run to the server: messages are lost in both directions, and at times it is cut for good."""

    server: Server
    name: str
    chance: random.Random
    lost: float = 0.0
    cut: float = 0.0

    async def take_up(self, spent: Amount) -> Lease:
        return await self.sent(lambda: self.server.take_up(self.name, spent))

    async def grow(self, short: Amount) -> Lease | None:
        return await self.sent(lambda: self.server.grow(self.name, short))

    async def give_back(self, spent: Amount) -> None:
        await self.sent(lambda: self.server.give_back(self.name, spent))

    async def sent(self, work: Callable[[], T]) -> T:
        while True:
            await asyncio.sleep(0)
            if self.chance.random() < self.cut:
                raise StoreError("cut off for longer than anybody waits")
            if self.chance.random() < self.lost:
                continue
            found = work()
            if self.chance.random() >= self.lost:
                return found


@dataclass
class Bill:
    """What the endpoint has really charged."""

    usd: float = 0.0
    calls: int = 0


async def work(ledger: Ledger, bill: Bill, chance: random.Random) -> None:
    """Make calls until there is no money, each at a cost below its worst; some are refused, some get no answer."""
    while True:
        try:
            reservation = await ledger.reserve(ask(chance.randrange(10**9)))
        except (BudgetReached, StoreError):
            return
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        fate = chance.random()
        if fate < 0.05:
            ledger.book_refusal(reservation)
            continue
        cost = WORST * (1.0 if fate < 0.1 else chance.random())
        bill.usd += cost
        bill.calls += 1
        if fate < 0.12:
            ledger.book_loss(reservation)
        else:
            ledger.settle(reservation, Reply("x", 10, 10, usd=cost))


async def hold(line: Line, bill: Bill, chance: random.Random, deaths: float) -> float:
    """Be a run: killed at times, and gone on with from its record, or not; return what its record says it spent."""
    spent = dict[str, Usage]()
    while True:
        ledger = Ledger(prices=PRICES, spent=spent, pool=line)
        workers = [asyncio.create_task(work(ledger, bill, chance)) for _ in range(chance.randint(1, 2))]
        dies = chance.random() < deaths
        if dies:
            for _ in range(chance.randrange(200)):
                await asyncio.sleep(0)
            for each in workers:
                each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        # Of a killed process the record says that what was in flight cost the most.
        spent = ledger.usage()
        if open_calls := ledger.in_flight:
            before = spent.get("open", Usage(usd=0.0))
            spent = {**spent, "open": before + Usage(open_calls, 0, open_calls, usd=open_calls * WORST)}
            bill.usd += open_calls * WORST * chance.random()
        if dies and chance.random() < 0.5:
            continue
        if not dies:
            with suppress(StoreError):
                await ledger.give_back()
        return sum(usage.usd or 0.0 for usage in spent.values())


async def all_at_once(lines: list[Line], bill: Bill, chance: random.Random, deaths: float) -> list[float]:
    return await asyncio.gather(*(hold(line, bill, chance, deaths if line is not lines[0] else 0.0) for line in lines))


@pytest.mark.slow
def test_b50_no_schedule_passes_a_shared_cap_and_nearly_all_of_it_can_be_used() -> None:
    for seed in range(length(40, 1000)):
        chance = random.Random(seed)
        runs = chance.randint(2, 32)
        cap = WORST * chance.randint(2_000, 4_000)
        server, bill = Server(Cap(to_nano(cap), None)), Bill()
        lost, cut, deaths = chance.choice([(0.0, 0.0, 0.0), (0.2, 0.0, 0.1), (0.2, 0.004, 0.2), (0.5, 0.002, 0.0)])
        # One is spared, or nobody may be left who could spend the rest.
        lines = [Line(server, f"run {number}", chance, lost, cut if number else 0.0) for number in range(runs)]

        spent = asyncio.run(all_at_once(lines, bill, chance, deaths))
        assert bill.usd <= cap + 1e-9, f"seed {seed}: overspent"
        assert server.charged.nano <= to_nano(cap), f"seed {seed}: leased more than there is"
        assert sum(spent) <= cap + 1e-9
        assert sum(spent) >= 0.95 * cap, f"seed {seed}: {sum(spent) / cap:.3f} of the cap was used"


async def test_b51_a_budget_of_calls_is_spent_and_no_further() -> None:
    server, bill, chance = Server(Cap(None, 500)), Bill(), random.Random(1)
    lines = [Line(server, f"run {number}", chance, 0.2) for number in range(16)]
    await asyncio.gather(*(hold(line, bill, chance, 0.0) for line in lines))
    assert 490 <= bill.calls == server.charged.calls <= 500  # what was refused last is free when all have ended


async def test_b52_own_caps_hold_beside_it_and_the_rest_is_given_back() -> None:
    server = Server(Cap(None, 100))
    ledger = Ledger(Limits(calls=3), PRICES, pool=Line(server, "one", random.Random(0)))
    for _ in range(3):
        ledger.settle(await ledger.reserve(ask(1)), Reply("x", 1, 1, usd=0.0))
    with pytest.raises(BudgetReached, match="--max-calls 3"):
        await ledger.reserve(ask(1))
    await ledger.give_back()
    assert server.charged == Amount(0, 3)


async def test_b53_what_is_kept_back_for_the_proof_is_leased_with_the_first_call() -> None:
    server = Server(Cap(None, 20))
    one, other = (Ledger(prices=PRICES, pool=Line(server, name, random.Random(0))) for name in ("one", "other"))
    one.keep_back(calls=8)
    ledgers = [one, other]
    for ledger in ledgers:
        ledger.settle(await ledger.reserve(ask(1)), Reply("x", 1, 1, usd=0.0))
    with pytest.raises(BudgetReached, match="--budget other"):
        while True:
            other.settle(await other.reserve(ask(1)), Reply("x", 1, 1, usd=0.0))
    one.release()
    for _ in range(8):
        one.settle(await one.reserve(ask(1)), Reply("x", 1, 1, usd=0.0))
    assert server.charged.calls == 20


async def test_b54_a_budget_in_money_needs_prices() -> None:
    ledger = Ledger(pool=Line(Server(Cap(NANO, None)), "b", random.Random(0)))
    with pytest.raises(ConfigInvalid, match="no price is known"):
        await ledger.reserve(ask(1))


async def settled() -> None:
    """Let all that can go on go on."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_b57_under_a_budget_in_money_a_model_shows_first_that_it_keeps_to_its_limit() -> None:
    server = Server(Cap(to_nano(1000 * WORST), None))
    book = Ledger(prices=PRICES, pool=Line(server, "one", random.Random(0)))
    first = await book.reserve(ask(1))
    with pytest.raises(ProviderError, match="--budget one cannot be held; use another model, or a budget that caps"):
        book.check_unlimited("m")
    later = [asyncio.create_task(book.reserve(ask(1))) for _ in range(9)]
    await settled()
    assert not any(one.done() for one in later), "the first goes alone"
    book.settle(first, Reply("x", 10, 10))
    await settled()
    sent = [one.result() for one in later if one.done()]
    assert len(sent) == 5
    book.settle(sent[0], Reply("x", 10, 5000))
    for one in sent[1:]:
        book.settle(one, Reply("x", 10, 10))
    await asyncio.wait_for(asyncio.gather(*later), 20)
    assert (book.usd or 0.0) + 10 * WORST < server.charged.nano / NANO, "more is leased for each call that follows"


@given(st.integers(0, 10**12), st.integers(0, 10**6), st.integers(0, 10**12), st.integers(0, 10**6))
def test_b55_a_lease_grows_by_what_is_short_and_never_beyond_the_cap(
    nano: int, calls: int, charged_nano: int, charged_calls: int
) -> None:
    short, charged = Amount(nano, calls), Amount(charged_nano, charged_calls)
    for cap in (Cap(10**12, 10**6), Cap(None, 1000), Cap(10**9, None), Cap()):
        more = growth(short, cap, charged)
        if more is None:
            assert not short.fits(cap.free(charged))
        else:
            assert short.fits(more)
            assert more.fits(cap.free(charged))


def test_b56_money_is_rounded_against_the_run() -> None:
    assert to_nano(0.1) == NANO // 10
    assert to_nano(1.5e-9) == 2
    assert to_nano(0.0) == 0
