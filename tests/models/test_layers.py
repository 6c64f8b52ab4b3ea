"""The layers around a model, one by one and composed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from maspo.core.errors import BudgetReached, CallFailed, EmptyReply, ProviderError
from maspo.core.usage import told_beside
from maspo.models import Ledger, Limits, Message, PriceBook, Request, RetryPolicy, Stage, Transient, compose
from maspo.models.base import Adapted, Refused, Reply
from maspo.models.layers.compose import Cached, Metered, OnceMore, Recorded
from maspo.models.layers.limited import Limited
from maspo.models.layers.retried import Retried
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.store import RunStore
from maspo.testing.models import MemoryStore, check_model_client

ASK = Request("m", (Message("user", "Hi"),), purpose="agent", agent="solver")
BUSY = Transient("busy", Stage.REFUSED)
GONE = Transient("gone", Stage.LOST)
NOBODY = Transient("nobody", Stage.UNREACHED)


@dataclass
class Gate:
    """A model's script that answers when it is opened."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0
    most: int = 0

    async def __call__(self, request: Request) -> Scripted:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.opened.wait()
        self.inside -= 1
        return f"reply to {request.key}"


def in_turn(*answers: Scripted) -> Callable[[Request], Scripted]:
    """Return a script that answers one after the other."""
    left = list(answers)
    return lambda _: left.pop(0)


async def settle_down() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


# Cached


async def test_i01_a_recorded_reply_is_not_asked_for_again_whoever_asks() -> None:
    model, ledger = ScriptedModel(lambda _: Reply("x", 5, 6, attempts=3)), Ledger()
    store = MemoryStore()
    cached = Cached(Recorded(model, store), store, ledger)
    first = await cached.complete(ASK)
    second = await cached.complete(replace(ASK, agent="critic", purpose="judge.local"))
    assert (first.cached, second.cached) == (False, True)
    assert second == replace(first, cached=True)
    assert len(model.requests) == 1
    assert ledger.usage()["judge.local"].cached == 1


@pytest.mark.parametrize("change", [{"model": "n"}, {"temperature": 0.5}, {"max_tokens": 1}, {"identity": "2"}])
async def test_i02_another_question_is_asked(change: dict[str, object]) -> None:
    model = ScriptedModel(lambda _: "x")
    cached = Cached(model, MemoryStore(), Ledger())
    await cached.complete(ASK)
    await cached.complete(replace(ASK, **change))  # type: ignore[arg-type]
    assert len(model.requests) == 2


async def test_i03_concurrent_equal_requests_share_one_call() -> None:
    gate, ledger = Gate(), Ledger()
    model = ScriptedModel(gate)
    cached = Cached(model, MemoryStore(), ledger)
    tasks = [asyncio.create_task(cached.complete(ASK)) for _ in range(10)]
    await settle_down()
    gate.opened.set()
    replies = await asyncio.gather(*tasks)
    assert len(model.requests) == 1
    assert sum(reply.cached for reply in replies) == ledger.usage()["agent"].cached == 9


async def test_i04_a_failure_reaches_everyone_who_waits_and_is_not_recorded() -> None:
    error = CallFailed("no")
    answers = in_turn(error, "yes")

    async def later(request: Request) -> Scripted:
        await asyncio.sleep(0)
        return answers(request)

    model = ScriptedModel(later)
    cached = Cached(model, MemoryStore(), Ledger())
    ends = await asyncio.gather(*(cached.complete(ASK) for _ in range(3)), return_exceptions=True)
    assert ends == [error, error, error]
    assert (await cached.complete(ASK)).text == "yes"


async def test_i05_when_the_leader_is_cancelled_one_waiter_takes_over() -> None:
    gate = Gate()
    model = ScriptedModel(gate)
    cached = Cached(model, MemoryStore(), Ledger())
    leader, *waiters = [asyncio.create_task(cached.complete(ASK)) for _ in range(4)]
    await settle_down()
    leader.cancel()
    await settle_down()
    assert len(model.requests) == 2
    gate.opened.set()
    await asyncio.wait_for(asyncio.gather(*waiters), 1)
    assert leader.cancelled()
    assert len(model.requests) == 2


async def test_i06_a_waiter_that_is_cancelled_leaves_the_others_alone() -> None:
    gate = Gate()
    model = ScriptedModel(gate)
    cached = Cached(model, MemoryStore(), Ledger())
    leader, waiter, other = [asyncio.create_task(cached.complete(ASK)) for _ in range(3)]
    await settle_down()
    waiter.cancel()
    await settle_down()
    gate.opened.set()
    assert (await leader).text == (await other).text
    assert waiter.cancelled()
    assert len(model.requests) == 1


class SlowStore(MemoryStore):
    """A store whose first write is interrupted before it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()

    async def put(self, request: Request, reply: Reply) -> None:
        if not self.opened.is_set():
            await self.opened.wait()
        await super().put(request, reply)


async def test_i07_a_paid_reply_is_recorded_even_when_its_caller_is_cancelled() -> None:
    store = SlowStore()
    model = ScriptedModel(lambda _: "x")
    task = asyncio.create_task(Cached(Recorded(model, store), store, Ledger()).complete(ASK))
    await settle_down()
    task.cancel()
    await settle_down()
    store.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.get(ASK.key) == Reply("x")


# Limited


async def test_i08_no_more_calls_in_flight_than_allowed_and_all_get_through() -> None:
    gate = Gate()
    limited = Limited(ScriptedModel(gate), 3)
    tasks = [asyncio.create_task(limited.complete(ASK)) for _ in range(10)]
    await settle_down()
    assert gate.inside == 3
    gate.opened.set()
    await asyncio.gather(*tasks)
    assert gate.most == 3


# Retried


@dataclass
class Naps:
    """A sleep that takes no time."""

    taken: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def retried(script: Callable[[Request], Scripted], naps: Naps | None = None, **policy: float) -> Retried:
    chosen = RetryPolicy(**{"attempts": 4, "base": 1.0, "cap": 3.0, **policy})  # type: ignore[arg-type]
    return Retried(ScriptedModel(script), chosen, sleep=naps or Naps(), draw=lambda: 0.5)


async def test_i09_waits_grow_by_powers_of_two_up_to_the_cap() -> None:
    naps = Naps()
    reply = await retried(in_turn(BUSY, GONE, BUSY, "x"), naps).complete(ASK)
    assert (reply.text, reply.attempts) == ("x", 4)
    assert naps.taken == [0.5, 1.0, 1.5]


async def test_i10_retry_after_is_kept_with_a_little_jitter() -> None:
    naps = Naps()
    await retried(in_turn(Transient("busy", Stage.REFUSED, retry_after=7.0), "x"), naps).complete(ASK)
    assert naps.taken == [7.5]


async def test_i11_attempts_used_up_is_a_failed_call() -> None:
    with pytest.raises(CallFailed, match=r"busy.*4 attempts failed") as caught:
        await retried(lambda _: BUSY).complete(ASK)
    assert not isinstance(caught.value, Transient)
    assert caught.value.attempts == 4


async def test_i12_never_connected_is_a_provider_error_but_one_contact_makes_it_a_failed_call() -> None:
    with pytest.raises(ProviderError, match="unreachable: nobody") as caught:
        await retried(lambda _: NOBODY).complete(ASK)
    assert not isinstance(caught.value, CallFailed)
    with pytest.raises(CallFailed):
        await retried(in_turn(NOBODY, BUSY, NOBODY, NOBODY)).complete(ASK)


async def test_i13_no_wait_begins_that_would_pass_the_deadline() -> None:
    naps = Naps()
    slow = Transient("slow", Stage.LOST, seconds=4.0)
    with pytest.raises(CallFailed, match="deadline of 9 s") as caught:
        await retried(lambda _: slow, naps, deadline=9.0).complete(ASK)
    assert (naps.taken, caught.value.attempts) == ([0.5], 2)
    with pytest.raises(CallFailed, match="deadline"):
        await retried(lambda _: Transient("later", Stage.REFUSED, 3600.0), naps).complete(ASK)


@pytest.mark.parametrize("error", [CallFailed("no"), ProviderError("no"), BudgetReached("no"), ValueError("no")])
async def test_i14_what_will_not_pass_is_not_tried_again(error: Exception) -> None:
    model = ScriptedModel(lambda _: error)
    with pytest.raises(type(error)):
        await Retried(model).complete(ASK)
    assert len(model.requests) == 1


async def test_i15_a_learned_dialect_costs_no_patience_but_counts_as_sent() -> None:
    naps = Naps()
    reply = await retried(in_turn(Adapted("a"), "x"), naps, attempts=1).complete(ASK)
    assert (reply.attempts, naps.taken) == (2, [])


async def test_i15_dialects_that_only_take_turns_are_a_failure() -> None:
    naps = Naps()
    with pytest.raises(CallFailed, match="it wants it otherwise"):
        await retried(lambda _: Adapted("it wants it otherwise"), naps, attempts=3).complete(ASK)
    assert len(naps.taken) == 2, "from then on each refusal is a failed attempt"


async def test_i16_no_wait_outlasts_the_time_of_the_run() -> None:
    naps = Naps()
    model = ScriptedModel(in_turn(Transient("busy", Stage.REFUSED, retry_after=100.0), "x"))
    await Retried(model, RetryPolicy(), remaining=lambda: 2.0, sleep=naps).complete(ASK)
    assert naps.taken == [2.0]


async def test_i25_many_lost_calls_in_a_row_are_an_endpoint_that_is_down() -> None:
    down = replace(ASK, purpose="judge.local", identity="down")
    model = retried(lambda request: BUSY if request.purpose == down.purpose else "x", lost_in_a_row=3)
    for _ in range(2):
        with pytest.raises(CallFailed):
            await model.complete(down)
        await model.complete(ASK)  # Agents that answer do not hide a judge that never does.
    with pytest.raises(ProviderError, match=r"3 judge\.local calls in a row failed for good, the last: busy"):
        await model.complete(down)


async def test_i26_a_reply_in_between_ends_the_row() -> None:
    down = replace(ASK, identity="down")
    model = retried(lambda request: BUSY if request.identity == "down" else "x", lost_in_a_row=2)
    for _ in range(3):
        with pytest.raises(CallFailed):
            await model.complete(down)
        await model.complete(ASK)


# Metered


async def test_i17_a_call_that_may_not_be_sent_is_not() -> None:
    model = ScriptedModel(lambda _: "x")
    metered = Metered(model, Ledger(Limits(calls=1)))
    await metered.complete(ASK)
    with pytest.raises(BudgetReached):
        await metered.complete(ASK)
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("answer", "charged"),
    [
        (BUSY, False),
        (NOBODY, False),
        (CallFailed("no"), False),
        (Transient("gone", Stage.LOST), True),
        (ValueError("bug"), True),
    ],
)
async def test_i18_only_an_attempt_that_may_have_been_charged_is(answer: Exception, charged: bool) -> None:
    ledger = Ledger(Limits(usd=1.0), PriceBook({"m": (1.0, 1.0)}))
    with pytest.raises(type(answer)):
        await Metered(ScriptedModel(lambda _: answer), ledger).complete(ASK)
    usage = ledger.usage()["agent"]
    assert (usage.calls, usage.failed, ledger.in_flight) == (1, 1, 0)
    assert bool(usage.usd) is charged


async def test_i19_a_cancelled_call_is_booked() -> None:
    ledger = Ledger()
    task = asyncio.create_task(Metered(ScriptedModel(Gate()), ledger).complete(ASK))
    await settle_down()
    assert ledger.in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (ledger.in_flight, ledger.usage()["agent"].failed) == (0, 1)


async def test_i20_a_models_own_timeout_is_not_taken_for_the_time_cap() -> None:
    ledger = Ledger(Limits(seconds=60))
    with pytest.raises(TimeoutError):
        await Metered(ScriptedModel(lambda _: TimeoutError("its own")), ledger).complete(ASK)
    assert not ledger.reached


# Composed


async def test_i21_a_replys_cost_holds_that_of_its_lost_attempts() -> None:
    ledger = Ledger(Limits(usd=1.0), PriceBook({"m": (1.0, 1.0)}))
    model = ScriptedModel(in_turn(Transient("gone", Stage.LOST), BUSY, Reply("x", 10, 10)))
    reply = await compose(model, MemoryStore(), ledger, RetryPolicy(base=0.0), 4).complete(ASK)
    assert reply.usd is not None
    assert reply.usd == pytest.approx(ledger.usd)
    assert reply.usd > 20e-6


async def test_i22_a_call_that_waits_for_its_next_attempt_holds_no_slot() -> None:
    def script(request: Request) -> Scripted | Awaitable[Scripted]:
        return BUSY if request.identity == "slow" else "x"

    model = compose(ScriptedModel(script), MemoryStore(), Ledger(), RetryPolicy(base=60.0, cap=60.0), 1)
    slow = asyncio.create_task(model.complete(replace(ASK, identity="slow")))
    await settle_down()
    assert (await asyncio.wait_for(model.complete(ASK), 1)).text == "x"
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_i23_fakes_and_layers_keep_the_contract_of_a_model() -> None:
    scripted = ScriptedModel(lambda request: f"reply to {request.purpose}")
    await check_model_client(scripted, ASK)
    for model in (Limited(scripted, 2), Retried(scripted), Metered(scripted, Ledger())):
        await check_model_client(model, ASK)
    await check_model_client(Cached(scripted, MemoryStore(), Ledger()), ASK)
    await check_model_client(compose(scripted, MemoryStore(), Ledger(), RetryPolicy(), 2), ASK)


async def test_i24_the_contract_notices_a_model_that_breaks_it() -> None:
    with pytest.raises(AssertionError, match="tokens"):
        await check_model_client(ScriptedModel(lambda _: Reply("x", tokens_in=-1)), ASK)
    with pytest.raises(AssertionError, match="attempt"):
        await check_model_client(ScriptedModel(lambda _: Reply("x", attempts=0)), ASK)


@pytest.mark.parametrize(
    "spoiled",
    [Reply("", 5, 6), Reply("half", 5, 6, broken=True), Reply("I cannot.", 5, 6, refused_by="the model")],
    ids=["empty", "error", "refused"],
)
async def test_i25_a_reply_that_is_no_answer_is_a_failed_attempt_charged_as_told_also_in_the_record(
    spoiled: Reply, tmp_path: Path
) -> None:
    async with RunStore.create(tmp_path / "run.db") as store:
        ledger = Ledger(prices=PriceBook({ASK.model: (1.0, 10.0)}), book=store)
        model = compose(ScriptedModel(in_turn(spoiled, Reply("whole", 5, 6))), store, ledger, RetryPolicy(base=0.0), 4)
        if spoiled.refused_by:
            with pytest.raises(Refused):
                await model.complete(ASK)
            assert store.get(ASK.key) is None
        assert (await model.complete(ASK)).text == "whole"
        told = ledger.usage()[ASK.purpose]
    recorded = RunStore.read(tmp_path / "run.db")
    assert (told.calls, told.failed) == (2, 1)
    assert told.usd == pytest.approx(2 * 65e-6)
    assert recorded.usage()[ASK.purpose].usd == told.usd
    assert recorded.open_attempts() == [], "it is not billed twice"
    recorded.close_reader()


async def test_i27_an_empty_reply_is_asked_for_once_more_and_then_recorded() -> None:
    model, store = ScriptedModel(in_turn(Reply("", 5, 0), Reply("", 5, 0), "x")), MemoryStore()
    ledger = Ledger(prices=PriceBook({"m": (1.0, 1.0)}))
    naps = Naps()
    recorded = Recorded(OnceMore(Metered(model, ledger), ledger), store)
    layers = Cached(Retried(recorded, sleep=naps), store, ledger)
    for cached in (0, 1):
        with pytest.raises(
            EmptyReply, match=r"^m: a reply without an answer: .*--set models\.reasoning_tokens=16384$"
        ) as caught:
            await layers.complete(ASK)
        assert (ledger.usage()["agent"].cached, caught.value.attempts) == (cached, 2 - cached)
    assert (len(model.requests), naps.taken) == (2, [])
    usage = ledger.usage()["agent"]
    assert (usage.calls, usage.failed, usage.tokens_in) == (2, 1, 10)
    assert usage.usd == pytest.approx(10e-6)
    assert store.replies[ASK.key].text == ""


async def test_i28_a_text_after_an_empty_reply_is_the_answer_and_one_cut_at_the_limit_is_not_asked_for_again() -> None:
    other = replace(ASK, identity="other")
    model = ScriptedModel(in_turn("", "x", Reply("", truncated=True)))
    layers = compose(model, MemoryStore(), Ledger(), RetryPolicy(attempts=1), 4)
    assert (await layers.complete(ASK)).text == "x"
    with pytest.raises(EmptyReply, match="the limit of 4096 tokens before any text"):
        await layers.complete(other)
    assert len(model.requests) == 3


async def test_i29_silence_is_no_outage_however_long() -> None:
    model = ScriptedModel(lambda _: "")
    layers = compose(model, MemoryStore(), Ledger(), RetryPolicy(lost_in_a_row=3), 4)
    for number in range(30):
        with pytest.raises(EmptyReply):
            await layers.complete(replace(ASK, identity=str(number)))
    assert len(model.requests) == 60


async def test_i33_each_reply_that_is_none_is_counted_once_whatever_cures_it(tmp_path: Path) -> None:
    lost = Transient("the connection broke", Stage.LOST)
    refusal = Transient("HTTP 503", Stage.REFUSED)
    broken, silent = Reply("half", 5, 6, broken=True), Reply("", 5, 6)
    replies: list[Scripted] = [broken, lost, refusal, broken, silent, Reply("A", 5, 6)]
    async with RunStore.create(tmp_path / "run.db") as store:
        ledger = Ledger(prices=PriceBook({ASK.model: (1.0, 10.0)}), book=store)
        policy = RetryPolicy(base=0.0, cap=0.0)
        model = compose(ScriptedModel(in_turn(*replies)), store, ledger, policy, 4)
        assert (await model.complete(ASK)).text == "A"
        told = ledger.usage()[ASK.purpose]
        assert (told.calls, told.failed) == (6, 5)
        assert (told.broken, told.silent, told.lost, told.refused) == (2, 1, 1, 1)
        again = told_beside(store.usage()[ASK.purpose], told)
        assert (again.broken, again.silent, again.lost, again.refused) == (2, 1, 1, 1), (
            "a process that goes on knows it"
        )


async def test_i30_an_empty_reply_that_stands_is_recorded_and_neither_open_nor_cut(tmp_path: Path) -> None:
    replies = [Reply("", 5, 6), Reply("\n", 5, 6, truncated=True)]
    async with RunStore.create(tmp_path / "run.db") as store:
        ledger = Ledger(prices=PriceBook({ASK.model: (1.0, 10.0)}), book=store)
        with pytest.raises(EmptyReply) as caught:
            await compose(ScriptedModel(in_turn(*replies)), store, ledger, RetryPolicy(), 4).complete(ASK)
        told = ledger.usage()[ASK.purpose]
        recorded = store.usage()[ASK.purpose]
        assert (caught.value.outcome, store.open_attempts()) == ("empty", [])
    assert (told.calls, told.failed, told.cut) == (recorded.calls, recorded.failed, recorded.cut) == (2, 1, 0)
    assert told.usd == pytest.approx(2 * 65e-6)
    assert recorded.usd == pytest.approx(told.usd)


@pytest.mark.parametrize("ending", [{"refused_by": "a content filter"}, {"broken": True}], ids=["refused", "error"])
@pytest.mark.parametrize("earlier", [[], [Reply("")]], ids=["at once", "after silence"])
async def test_i31_an_empty_reply_that_is_no_answer_is_neither_recorded_nor_told_as_silent(
    ending: dict[str, Any], earlier: list[Reply]
) -> None:
    model, store = ScriptedModel(in_turn(*earlier, *[Reply("", **ending)] * 2)), MemoryStore()
    with pytest.raises(CallFailed) as caught:
        await compose(model, store, Ledger(), RetryPolicy(attempts=2, base=0.0), 4).complete(ASK)
    assert caught.value.outcome == ("refused" if "refused_by" in ending else "failed")
    assert len(model.requests) == len(earlier) + (1 if "refused_by" in ending else 2)
    assert store.replies == {}
