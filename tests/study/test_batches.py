"""Inputs under a cap: what is left out is the end of an order, whoever is answered sooner."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.models.base import Message, Reply, Request
from maspo.models.budget import Ledger, Limits
from maspo.models.prices import PriceBook
from maspo.study.batches import MOST_BEGUN, batches

REQUEST = Request("m", (Message("user", "q"),), purpose="agent", max_tokens=1)


def inputs_of(count: int) -> list[str]:
    return [f"input-{number}" for number in range(count)]


async def pay(ledger: Ledger, usd: float | None = None) -> None:
    ledger.settle(await ledger.reserve(REQUEST), Reply("r", tokens_in=1, tokens_out=1, usd=usd))


@given(
    count=st.integers(0, 60),
    calls=st.integers(1, 7),
    cap=st.integers(1, 200),
    kept=st.integers(0, 50),
    cheaper=st.integers(0, 3),
)
def test_b01_no_more_begin_than_end_whole_but_one(count: int, calls: int, cap: int, kept: int, cheaper: int) -> None:
    async def work() -> None:
        ledger, begun = Ledger(Limits(calls=cap)), list[str]()
        ledger.keep_back(calls=kept)
        for batch in batches(ledger, inputs_of(count), calls):
            assert 1 <= len(batch) <= MOST_BEGUN
            left = ledger.calls_left
            assert left == cap - kept - ledger.calls
            assert len(batch) == 1 or len(batch) * calls <= left
            begun += batch
            for _ in batch:
                for _ in range(max(1, calls - cheaper)):
                    if ledger.calls_left > 0:
                        await pay(ledger)
        assert begun == inputs_of(count), "all of them, in their order"

    asyncio.run(work())


async def test_b02_without_a_cap_all_begin_at_once_and_after_one_is_reached_nothing_waits() -> None:
    assert [len(batch) for batch in batches(Ledger(), inputs_of(40), 4)] == [40]
    assert [len(batch) for batch in batches(Ledger(), inputs_of(40), 4, MOST_BEGUN)] == [16, 16, 8]
    assert [len(batch) for batch in batches(Ledger(Limits(seconds=60)), inputs_of(40), 4)] == [16, 16, 8]
    ledger = Ledger(Limits(calls=2))
    found = batches(ledger, inputs_of(40), 4)
    assert len(next(found)) == 1
    ledger.reached = "--max-calls 2"
    assert [len(batch) for batch in found] == [16, 16, 7]


async def test_b03_money_is_foreseen_by_what_inputs_have_cost() -> None:
    ledger = Ledger(Limits(usd=1.0), PriceBook({"m": (1000.0, 1000.0)}))
    sizes = []
    for batch in batches(ledger, inputs_of(64), 1):
        sizes.append(len(batch))
        for _ in batch:
            await pay(ledger, 0.03)
        if ledger.usd_left < 0.067:  # what the dearest call may cost: the next one is refused
            break
    assert sizes[0] == MOST_BEGUN and sizes[-1] == 1
    assert sum(sizes) == 32, "all that the cap pays for"


@pytest.mark.parametrize("recorded", [32, 160])
async def test_b05_inputs_that_the_record_answers_do_not_say_what_others_cost(recorded: int) -> None:
    ledger = Ledger(Limits(usd=1.0), PriceBook({"m": (1000.0, 1000.0)}))
    sizes = []
    for batch in batches(ledger, inputs_of(recorded + 64), 1):
        if batch[0] not in inputs_of(recorded):
            sizes.append(len(batch))
            for _ in batch:
                await pay(ledger, 0.03)
        if ledger.usd_left < 0.067:
            break
    assert sizes[0] == MOST_BEGUN and sizes[-1] == 1
    assert sum(sizes) == 32


@pytest.mark.parametrize("limits", [Limits(calls=1), Limits(usd=1.0), Limits(seconds=1.0)])
def test_b04_any_limit_is_a_cap(limits: Limits) -> None:
    assert Ledger(limits).is_capped and not Ledger().is_capped
