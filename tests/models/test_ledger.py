"""The ledger: hard caps are hard, and what is unknown is never 0."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.config import JudgeConnection, ModelSettings, RoleConnections
from maspo.core.errors import BudgetReached, ConfigInvalid, ProviderError
from maspo.events import Usage
from maspo.models.base import PROBE, Message, Reply, Request
from maspo.models.budget import Ledger, Limits, Reservation
from maspo.models.prices import Price, PriceBook, require_prices
from maspo.models.tokens import read_tokens
from maspo.study.connections import price_book

PRICES = PriceBook({"m": (1.0, 10.0)})
ASK = Request("m", (Message("user", "x" * 936),), purpose="agent", max_tokens=100)
WORST = 1000 * 1e-6 + 100 * 10e-6
"""USD: 936 bytes and 64 of overhead in, 100 tokens out."""


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def ledger(calls: int | None = None, usd: float | None = None) -> Ledger:
    return Ledger(Limits(calls=calls, usd=usd), PRICES)


async def refused(book: Ledger, request: Request = ASK) -> BudgetReached:
    with pytest.raises(BudgetReached) as caught:
        await book.reserve(request)
    return caught.value


async def waiting(book: Ledger, request: Request = ASK) -> asyncio.Task[Reservation]:
    """Return a reservation that has to wait."""
    task = asyncio.create_task(book.reserve(request))
    await asyncio.sleep(0)
    assert not task.done()
    return task


@settings(max_examples=60, deadline=None)
@given(
    calls=st.integers(0, 12),
    worsts=st.lists(st.integers(1, 400), min_size=1, max_size=25),
    cap=st.integers(0, 3000),
    seed=st.integers(0, 2**32),
)
def test_i01_caps_are_never_overshot_and_nobody_hangs(calls: int, worsts: list[int], cap: int, seed: int) -> None:
    limit = cap * 10e-6
    book = ledger(calls, limit)
    chance = random.Random(seed)
    sent = 0
    turned_away = 0
    paid = 0.0

    async def call(max_tokens: int) -> None:
        nonlocal sent, turned_away, paid
        reservation = await book.reserve(Request("m", (), "agent", max_tokens=max_tokens))
        sent += 1
        await asyncio.sleep(0)
        fate = chance.randrange(3)
        if fate == 0:
            turned_away += 1
            book.book_refusal(reservation)
            return
        tokens = chance.randint(0, max_tokens) if fate == 1 else max_tokens
        paid += tokens * 10e-6
        if fate == 1:
            book.settle(reservation, Reply("", tokens_in=0, tokens_out=tokens))
        else:
            book.book_loss(reservation)

    async def everyone() -> None:
        tasks = (asyncio.create_task(call(worst)) for worst in worsts)
        ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert all(end is None or isinstance(end, BudgetReached) for end in ends)

    asyncio.run(everyone())
    assert sent - turned_away == book.calls <= calls
    assert sent == sum(usage.calls for usage in book.usage().values())
    assert paid <= limit + 1e-12
    assert book.usd == pytest.approx(paid)
    assert book.in_flight == 0


async def test_i02_a_call_that_may_yet_fit_waits_for_a_settlement() -> None:
    book = ledger(usd=WORST * 1.5)
    first = await book.reserve(ASK)
    second = await waiting(book)
    book.settle(first, Reply("", tokens_in=10, tokens_out=1))
    assert (await second).worst == pytest.approx(WORST)
    assert book.in_flight == 1


async def test_i03_a_call_that_cannot_fit_is_refused_once_nothing_is_in_flight() -> None:
    book = ledger(usd=WORST * 1.5)
    first = await book.reserve(ASK)
    second, third = await waiting(book), await waiting(book)
    book.book_loss(first)
    for task in (second, third):
        with pytest.raises(BudgetReached, match="--max-usd"):
            await task
    assert book.usd == pytest.approx(WORST)


async def known(usd: float) -> Ledger:
    """Return a ledger that has seen a few replies of the model keep to their limit, and this much left."""
    book = ledger(usd=usd + 3 * 10e-6)
    for _ in range(3):
        book.settle(await book.reserve(replace(ASK, max_tokens=1)), Reply("x", 1, 1))
    assert book.usd is not None
    book.limits = replace(book.limits, usd=book.usd + usd)
    return book


async def test_i04_first_come_first_served() -> None:
    book = await known(usd=WORST * 1.5)
    first = await book.reserve(ASK)
    big = await waiting(book)
    small = await waiting(book, Request("m", (), "agent", max_tokens=1))
    book.book_refusal(first)
    await big
    await small
    assert book.in_flight == 2


async def test_i05_a_waiter_that_is_cancelled_lets_the_next_pass() -> None:
    book = ledger(usd=WORST * 1.5)
    first = await book.reserve(ASK)
    gone, next_one = await waiting(book), await waiting(book)
    gone.cancel()
    book.book_refusal(first)
    await asyncio.wait_for(next_one, 1)
    assert (book.calls, book.in_flight) == (1, 1)


async def test_i06_once_reached_every_later_call_is_refused_until_release() -> None:
    book = ledger(calls=3)
    book.keep_back(calls=2)
    book.book_loss(await book.reserve(ASK))
    error = await refused(book)
    assert str(error).startswith("--max-calls 3: ")
    assert "after 1 calls" in str(error) and "and 2 calls are kept back for the final test" in str(error)
    assert book.reached == "--max-calls 3"
    await refused(book)
    book.release()
    book.book_loss(await book.reserve(ASK))
    book.book_loss(await book.reserve(ASK))
    await refused(book)
    assert book.calls == 3


async def test_i07_money_kept_back_is_not_spent_before_release() -> None:
    book = ledger(usd=WORST * 2)
    book.keep_back(usd=WORST * 1.5)
    await refused(book)
    book.release()
    await book.reserve(ASK)


async def test_i08_the_time_cap_refuses_and_tells_what_remains() -> None:
    clock = Clock(100.0)
    book = Ledger(Limits(seconds=60), PRICES, elapsed=20, clock=clock)
    book.keep_back(seconds=10)
    clock.now = 125.0
    assert (book.seconds, book.remaining_seconds()) == (45, 5)
    book.book_refusal(await book.reserve(ASK))
    clock.now = 130.0
    assert str(await refused(book)).startswith("--max-minutes 1: ")
    book.release()
    assert book.remaining_seconds() == 10
    await book.reserve(ASK)
    assert Ledger().remaining_seconds() == math.inf


async def test_i09_time_that_passes_while_waiting_counts() -> None:
    clock = Clock()
    book = Ledger(Limits(usd=WORST, seconds=60), PRICES, clock=clock)
    first = await book.reserve(ASK)
    second = await waiting(book)
    clock.now = 61.0
    book.book_refusal(first)
    with pytest.raises(BudgetReached, match="--max-minutes"):
        await second


async def test_i10_what_an_earlier_process_spent_counts() -> None:
    spent = {"agent": Usage(calls=2, failed=1, tokens_in=5, tokens_out=6, usd=0.5), "judge.local": Usage(cached=3)}
    book = Ledger(Limits(calls=3), PRICES, spent)
    book.settle(await book.reserve(ASK), Reply("", tokens_in=1000, tokens_out=0))
    usage = book.usage()
    assert (usage["agent"].calls, usage["agent"].failed, usage["agent"].tokens_in) == (3, 1, 1005)
    assert usage["agent"].usd == pytest.approx(0.501)
    assert usage["judge.local"] == Usage(cached=3, usd=0.0)
    await refused(book)


async def test_i11_an_unknown_price_makes_the_cost_unknown_never_zero() -> None:
    book = Ledger()
    assert book.settle(await book.reserve(ASK), Reply("", tokens_in=5, tokens_out=6)) is None
    assert (book.usage()["agent"].usd, book.usd) == (None, None)
    assert (book.usage()["agent"].tokens_in, book.usage()["agent"].tokens_out) == (5, 6)


async def test_i12_one_unknown_cost_makes_the_sum_unknown() -> None:
    book = Ledger(prices=PRICES)
    book.settle(await book.reserve(ASK), Reply("", tokens_in=5, tokens_out=6))
    assert book.usd == pytest.approx(65e-6)
    free = Request("at home", (), "agent")
    book.settle(await book.reserve(free), Reply("", tokens_in=5, tokens_out=6))
    assert (book.usage()["agent"].usd, book.usd) == (None, None)


async def test_i13_no_reported_usage_is_charged_at_its_worst_case() -> None:
    book = ledger(usd=1.0)
    assert book.settle(await book.reserve(ASK), Reply("", tokens_in=1)) == pytest.approx(WORST)
    assert book.usage()["agent"].unmetered == 1


async def test_i14_a_cost_that_the_model_itself_tells_is_believed() -> None:
    book = ledger()
    assert book.settle(await book.reserve(ASK), Reply("", tokens_in=1, tokens_out=1, usd=0.25)) == 0.25


async def test_i15_a_refused_attempt_is_told_costs_nothing_and_uses_up_no_cap() -> None:
    book = ledger(calls=2)
    for _ in range(5):
        book.book_refusal(await book.reserve(ASK))
    assert book.usage()["agent"] == Usage(calls=5, failed=5, usd=0.0, refused=5)
    assert book.calls == 0
    for _ in range(2):  # one in flight may yet be refused, so the next would wait for it
        book.book_loss(await book.reserve(ASK))
    await refused(book)
    assert book.calls == 2


async def test_i31_what_an_earlier_process_was_refused_uses_up_no_cap_either() -> None:
    book = Ledger(Limits(calls=2), PRICES, {"agent": Usage(calls=9, failed=8, usd=0.0, refused=8)})
    book.book_loss(await book.reserve(ASK))
    await refused(book)


async def test_i16_a_cap_in_money_needs_prices() -> None:
    with pytest.raises(ConfigInvalid, match="no price is known"):
        await Ledger(Limits(usd=1.0), PriceBook()).reserve(Request("at home", (), "agent"))
    with pytest.raises(ConfigInvalid, match="no known cost"):
        Ledger(Limits(usd=1.0), PRICES, {"agent": Usage(calls=1, usd=None)})
    with pytest.raises(ConfigInvalid, match=r"--max-usd: .*at home.*models.prices"):
        require_prices([("m", ""), ("at home", "")], PRICES)
    require_prices([("m", "")], PRICES)


@given(st.text(max_size=50))
def test_i17_the_reserve_is_an_upper_bound_of_byte_level_tokens(text: str) -> None:
    book = ledger()
    request = Request("m", (Message("user", text),), "agent", max_tokens=0)
    worst = asyncio.run(book.reserve(request)).worst
    assert worst is not None
    assert worst >= len(text.encode()) * 1e-6


def test_i18_own_prices_win_and_are_per_million() -> None:
    price = PriceBook({"gpt-4.1-mini": (3.0, 4.0)}).price("gpt-4.1-mini")
    assert price is not None
    assert price == pytest.approx((3e-6, 4e-6, 3e-6, 3e-6))


def test_i19_the_table_knows_tiers_and_who_answers_where() -> None:
    pytest.importorskip("genai_prices")
    book = PriceBook()
    short, long = book.price("gemini-2.5-pro"), book.price("gemini-2.5-pro", 500_000)
    assert short is not None
    assert long is not None
    assert 0 < short.token_in < long.token_in
    assert book.price("no such model") is None
    assert PriceBook(base_url="http://127.0.0.1:8000/v1").price("gpt-4.1-mini") is None
    assert PriceBook(base_url="https://api.openai.com/v1").price("gpt-4.1-mini") == book.price("gpt-4.1-mini")


def test_i20_a_price_that_no_cap_could_be_held_with_is_refused_where_it_was_given() -> None:
    for bad in (-1.0, math.nan, math.inf):
        for prices in ((bad, 1.0), (1.0, bad)):
            with pytest.raises(ConfigInvalid, match=r"models\.prices\.m: .* is given; expected two finite numbers"):
                PriceBook({"m": prices})
    PriceBook({"m": (0.0, 0.0)})


async def test_i23_cached_tokens_cost_what_the_table_says_and_all_of_them_where_it_says_nothing() -> None:
    cached = Reply("x", tokens_in=1000, tokens_out=0, tokens_cached=600)
    book = ledger()
    assert book.settle(await book.reserve(ASK), replace(cached, tokens_out=1)) == pytest.approx(1000e-6 + 10e-6)
    for impossible in (-5, 2000):
        odd = replace(cached, tokens_out=1, tokens_cached=impossible)
        assert book.settle(await book.reserve(ASK), odd) == pytest.approx(1000e-6 + 10e-6)
    price = Price(1e-6, 10e-6, 0.25e-6, 1e-6)
    assert price.of(1000, 1, 600) == pytest.approx(400e-6 + 150e-6 + 10e-6)
    pytest.importorskip("genai_prices")
    listed = PriceBook().price("gpt-4.1-mini")
    assert listed is not None
    assert 0 < listed.token_cached < listed.token_in
    unknown = PriceBook().price("gpt-4")
    assert unknown is not None
    assert unknown.token_cached == unknown.token_in


async def test_i31_tokens_put_into_a_cache_cost_what_the_table_says_and_are_reserved_at_that_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    price = Price(1e-6, 10e-6, 0.1e-6, 1.25e-6)
    assert price.of(1000, 1, 100, 600) == pytest.approx(300e-6 + 10e-6 + 750e-6 + 10e-6)
    assert price.most(1000, 1) == pytest.approx(1250e-6 + 10e-6)
    book = ledger()
    monkeypatch.setattr(book.prices, "price", lambda *_, **__: price)
    reserved = await book.reserve(ASK)
    stored = Reply("x", tokens_in=1000, tokens_out=1, tokens_cached=100, tokens_stored=600)
    assert book.settle(reserved, stored) == pytest.approx(1070e-6)
    assert reserved.worst is not None and reserved.worst >= price.most(1, ASK.max_tokens)
    for impossible in (-5, 2000):  # no more than was read, beside what was cached
        usd = book.settle(await book.reserve(ASK), replace(stored, tokens_stored=impossible))
        assert usd == pytest.approx(1010e-6 - 90e-6 if impossible < 0 else 10e-6 + 900 * 1.25e-6 + 10e-6)
    pytest.importorskip("genai_prices")
    listed = PriceBook(None, "https://api.anthropic.com/v1").price("claude-sonnet-4-5")
    assert listed is not None and listed.token_stored == pytest.approx(1.25 * listed.token_in)
    plain = PriceBook().price("gpt-4.1-mini")
    assert plain is not None and plain.token_stored == plain.token_in


@dataclass(frozen=True)
class Storing(Request):
    """A request of an app that has its endpoint keep the prompt for an hour."""

    @property
    def storing(self) -> float:
        return 2.0


async def test_i38_what_an_app_has_kept_is_booked_and_reserved_at_its_price_also_with_prices_of_ones_own() -> None:
    ask = Storing("m", ASK.messages, purpose="agent", max_tokens=100)
    book = ledger()
    price = book.prices.price("m")
    assert price is not None and price.token_stored == price.token_in
    usual, dearer = await book.reserve(ASK), await book.reserve(ask)
    assert usual.worst is not None and dearer.worst is not None
    read = (usual.worst - 100 * price.token_out) / price.token_in
    assert dearer.worst == pytest.approx(usual.worst + read * price.token_in)
    stored = Reply("x", tokens_in=1000, tokens_out=1, tokens_stored=600)
    assert book.settle(usual, stored) == pytest.approx(price.of(1000, 1))
    assert book.settle(dearer, stored) == pytest.approx(price.of(1600, 1))


@pytest.mark.parametrize(
    ("usage", "share"),
    [
        ({"input_tokens": 10, "output_tokens": 1, "cache_creation_input_tokens": 600}, 1.25),
        (
            {
                "input_tokens": 10,
                "output_tokens": 1,
                "cache_creation_input_tokens": 600,
                "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 400},
            },
            1.75,
        ),
        (
            {
                "input_tokens": 10,
                "output_tokens": 1,
                "cache_creation_input_tokens": 600,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 600},
            },
            2.0,
        ),
        ({"prompt_tokens": 610, "completion_tokens": 1, "prompt_tokens_details": {"cache_creation_tokens": 600}}, 1.25),
        ({"prompt_tokens": 610, "completion_tokens": 1, "prompt_tokens_details": {"cache_write_tokens": 600}}, 1.0),
        ({"inputTokens": 10, "outputTokens": 1, "cacheWriteInputTokens": 600}, 1.0),
        ({"input_tokens": 610, "output_tokens": 1, "cache_creation_input_tokens": 0}, 1.0),
    ],
)
async def test_i41_what_was_kept_unasked_is_booked_as_the_reply_names_it(usage: dict[str, Any], share: float) -> None:
    tokens, book = read_tokens(usage), ledger()
    assert tokens.read == 610
    assert tokens.storing == pytest.approx(share)
    reply = Reply(
        "x", tokens_in=610, tokens_out=1, tokens_stored=tokens.stored, storing=tokens.storing, tokens_cached=0
    )
    price = book.prices.price("m")
    assert price is not None
    assert book.settle(await book.reserve(ASK), reply) == pytest.approx(price.of(10 + 600 * share, 1))


@pytest.mark.parametrize("role", ["", "judge"])
@pytest.mark.parametrize(
    ("extra", "share"),
    [
        ({"cache_control": {"type": "ephemeral"}}, 1.25),
        ({"extra_body": {"cache_control": {"type": "ephemeral", "ttl": "1h"}}}, 2.0),
        ({"cache_control_injection_points": [{"location": "message", "role": "system"}]}, 1.25),
        ({"top_p": 0.9}, 1.0),
    ],
)
async def test_i39_what_the_settings_have_kept_is_booked_and_reserved_at_its_price_for_whom_they_are(
    role: Literal["", "judge"], extra: dict[str, object], share: float
) -> None:
    roles = RoleConnections(judge=JudgeConnection(extra=extra)) if role else RoleConnections()
    book = Ledger(
        Limits(usd=1.0),
        price_book(ModelSettings(prices={"m": (1.0, 10.0)}, extra={} if role else extra, roles=roles)),
    )
    plain = PRICES.price("m")
    assert plain is not None
    asked = await book.reserve(replace(ASK, endpoint=role))
    usual = await ledger().reserve(ASK)
    assert usual.worst is not None and asked.worst is not None
    read = usual.worst - ASK.max_tokens * plain.token_out
    assert asked.worst == pytest.approx(usual.worst + (share - 1) * read)
    stored = Reply("x", tokens_in=1000, tokens_out=1, tokens_cached=100, tokens_stored=600)
    assert book.settle(asked, stored) == pytest.approx(plain.of(1000, 1) + 600 * (share - 1) * plain.token_in)
    other = book.prices.price("m", endpoint="wire" if role == "" else "")
    assert other == plain, "an app's own requests say themselves what is kept, and so do those of other roles"


async def test_i24_a_reply_above_its_reserve_raises_that_of_its_model_for_calls_in_flight_and_to_come() -> None:
    book = await known(usd=140 * WORST)
    first, second = await book.reserve(ASK), await book.reserve(ASK)
    excess = 4 * WORST
    assert book.settle(first, Reply("x", tokens_in=1000, tokens_out=100 + round(excess / 10e-6))) == pytest.approx(
        WORST + excess
    )
    # Charged 5 and reserved 65 for the one in flight, since one excess says little: another one of 65 fits beside it,
    # and no third. But the next goes alone, and the one after it when that has kept to its limit.
    third = await waiting(book)
    assert book.book_loss(second) == pytest.approx(WORST + 1.5 * excess), "a loss may have cost as much"
    book.settle(await third, Reply("x", 1, 1))
    fourth = await book.reserve(ASK)
    assert book.limits.usd is not None
    assert book.usd is not None
    assert book.limits.usd - book.usd == pytest.approx(128 * WORST, rel=0.01), "one of 65 fits, and no other beside it"
    fifth = await waiting(book)
    book.book_refusal(fourth)
    assert (await fifth).worst == pytest.approx(WORST)


async def test_i35_the_more_replies_went_above_their_limit_the_less_is_kept_for_the_largest() -> None:
    async def needed(excesses: int) -> int:
        """Return how much must be left for one call, in worst cases."""
        book, cap = ledger(usd=1000 * WORST), 1000 * WORST
        for _ in range(excesses):
            told = Reply("x", tokens_in=1000, tokens_out=100 + round(4 * WORST / 10e-6))
            book.settle(await book.reserve(ASK), told)
        for room in range(100):
            book.release()
            book.keep_back(usd=cap - (book.usd or 0.0) - room * WORST)
            with contextlib.suppress(BudgetReached):
                book.book_refusal(await book.reserve(ASK))
                return room
        return 100

    found = [await needed(excesses) for excesses in (1, 4, 8, 150)]
    assert found[0] == 65, "nothing follows from one, and no reply is taken to be beyond 64 limits"
    assert found == sorted(found, reverse=True)
    assert found[-1] == 41, "a part of the cap at least, and what one call costs where the limit is kept"


async def test_i32_under_a_cap_in_money_the_first_call_of_a_model_goes_alone_and_a_probe_shows_nothing() -> None:
    for without in (ledger(calls=9), Ledger(prices=PRICES)):
        assert len([await without.reserve(ASK) for _ in range(9)]) == 9, "nothing to hold"
    book = ledger(usd=1000 * WORST)
    book.settle(await book.reserve(replace(ASK, purpose=PROBE)), Reply("ready", 5, 1))
    first = await book.reserve(ASK)
    for end in (book.book_refusal, book.book_loss, book.cut_off):
        second = await waiting(book)
        end(first)
        first = await second
    later = [asyncio.create_task(book.reserve(ASK)) for _ in range(30)]
    book.settle(first, Reply("x", 1, 1))
    await asyncio.sleep(0)
    sent = [task.result() for task in later if task.done()]
    assert len(sent) == 5
    for one in sent:
        book.settle(one, Reply("x", 1, 1))
    assert len(await asyncio.gather(*later)) == 30


async def test_i33_once_a_model_has_gone_above_its_limit_each_call_of_it_is_reserved_a_part_of_the_cap() -> None:
    book = ledger(usd=1000 * WORST)
    book.settle(await book.reserve(ASK), Reply("x", 1000, 101))
    for _ in range(9):
        book.settle(await book.reserve(ASK), Reply("x", 1, 1))
    sent = [await asyncio.wait_for(book.reserve(ASK), 1) for _ in range(24)]
    await waiting(book)
    assert len(sent) == 24, "at 1/25 of the cap each, and what has been paid"
    assert book.book_loss(sent[0]) == pytest.approx(WORST, rel=0.01), "what is not told is charged by what was seen"


@pytest.mark.parametrize("told", [None, 1, 0, -3])
async def test_i34_a_text_that_is_surely_beyond_its_limit_is_charged_by_its_bytes_where_its_tokens_are_not_told(
    told: int | None,
) -> None:
    book = ledger(usd=1.0)
    text = "word " * 400
    assert book.settle(await book.reserve(ASK), Reply(text, 1000, told)) == pytest.approx(1000e-6 + 2000 * 10e-6)
    book = ledger(usd=1.0)
    assert book.settle(await book.reserve(ASK), Reply("word " * 300, 1000, told)) == pytest.approx(WORST)
    assert book.usage()["agent"].unmetered == 1


async def test_i25_a_reply_within_its_reserve_and_one_without_figures_raise_nothing() -> None:
    book = ledger(usd=3 * WORST)
    for told in ((1000, 100), (None, None), (None, 100)):
        charged = book.settle(await book.reserve(ASK), Reply("x", *told))
        assert charged == pytest.approx(WORST), told
    await refused(book)


async def test_i26_figures_of_which_a_part_is_unknown_are_charged_at_the_worst_case_or_more() -> None:
    book = ledger()
    reservation = await book.reserve(ASK)
    assert book.settle(reservation, Reply("x", None, 5000)) == pytest.approx(1000e-6 + 5000 * 10e-6)
    assert book.settle(await book.reserve(ASK), Reply("x", None, 5)) == pytest.approx(WORST + 1.5 * 4900 * 10e-6)


async def test_i27_replies_that_were_cut_are_counted() -> None:
    book = ledger()
    for text, truncated in (("half", True), ("whole", False), (" ", True)):
        book.settle(await book.reserve(ASK), Reply(text, 1, 1, truncated=truncated))
    assert book.usage()["agent"].cut == 1


async def test_i44_thoughts_whose_tokens_are_not_reported_are_counted() -> None:
    book = ledger()
    for thoughts, tokens in (("Hm", 5), ("Hm", 0), ("", 0), ("", 5)):
        book.settle(await book.reserve(ASK), Reply("x", 1, 9, thoughts=thoughts, tokens_thought=tokens))
    used = book.usage()["agent"]
    assert (used.tokens_thought, used.thoughts_untold) == (10, 1)


async def test_i28_with_a_cap_in_money_a_model_without_a_limit_of_tokens_is_refused() -> None:
    ledger(calls=5).check_unlimited("m")
    with pytest.raises(ProviderError, match=r"m: the endpoint takes no limit of tokens .*--max-calls instead"):
        ledger(usd=5).check_unlimited("m")


def test_a_mistyped_model_without_a_price_is_told_the_one_that_is_near() -> None:
    own = PriceBook({"mine-large": (1.0, 2.0)}, "http://127.0.0.1:9/v1")
    with pytest.raises(ConfigInvalid, match=r"known for mine-lage \(did you mean mine-large\?\), so .*--max-calls"):
        require_prices([("mine-lage", ""), ("mine-large", "")], own)
    with pytest.raises(ConfigInvalid, match=r"no price is known for other, so money cannot be capped; cap calls"):
        require_prices([("other", "")], own)


def test_a_mistyped_model_of_a_provider_is_told_the_one_that_is_near() -> None:
    pytest.importorskip("genai_prices")
    with pytest.raises(ConfigInvalid, match=r"gpt-4o-mni \(did you mean gpt-4o-mini\?\)"):
        require_prices([("gpt-4o-mni", "")], PriceBook({}, "https://api.openai.com/v1"))
