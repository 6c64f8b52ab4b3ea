"""Storms on a virtual clock: rate limits, outages and black holes, and how many requests they cost."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from maspo.arena.clock import run_virtually
from maspo.core.errors import BudgetReached, CallFailed, ProviderError
from maspo.models import Ledger, Limits, Message, ModelClient, Reply, Request, RetryPolicy, Stage, Transient, compose
from maspo.models.base import NoCompletion
from maspo.models.layers.limited import NEAR, Health, Pace
from maspo.testing.models import MemoryStore
from maspo.world.noise import unit
from tests.lengths import length

ASK = Request("m", (Message("user", "Hi"),), "agent", "solver")
STORM = length(300, 600)
"""Seconds."""
AMPLIFICATION = 1.10
RATE = 10.0
USED = 0.90

Weather = Callable[[float, int], Exception | float]
"""What becomes of a request by its time and number: an error, or the seconds until the answer."""


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Endpoint:
    """A model whose fate is the weather."""

    weather: Weather
    sent: list[float] = field(default_factory=list)
    purposes: list[str] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.sent.append(now())
        self.purposes.append(request.purpose)
        fate = self.weather(now(), len(self.sent))
        await asyncio.sleep(0.05)
        if isinstance(fate, Exception):
            raise fate
        await asyncio.sleep(fate)
        self.answers.append(now())
        return Reply(f"reply to {request.identity}", 1, 1)


@dataclass
class Outcome:
    texts: list[str] = field(default_factory=list)
    lost: list[Exception] = field(default_factory=list)
    seconds: float = 0.0


async def ask_all(model: ModelClient, calls: int, at_once: int = 100, seconds: float = math.inf) -> Outcome:
    """Ask as many questions, so many side by side; stop asking after so many seconds."""
    outcome, numbers = Outcome(), iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            if now() >= seconds:
                return
            try:
                outcome.texts.append((await model.complete(replace(ASK, identity=str(number)))).text)
            except ProviderError as error:
                outcome.lost.append(error)

    await asyncio.gather(*(worker() for _ in range(at_once)))
    outcome.seconds = now()
    return outcome


def stack(endpoint: Endpoint, health: Health | None = None, ledger: Ledger | None = None) -> ModelClient:
    return compose(endpoint, MemoryStore(), ledger or Ledger(), RetryPolicy(), 64, health)


def play(weather: Weather, calls: int, at_once: int = 100, seconds: float = math.inf) -> tuple[Endpoint, Outcome]:
    endpoint = Endpoint(weather)
    return endpoint, run_virtually(ask_all(stack(endpoint), calls, at_once, seconds))


# Rate limits


class Bucket:
    def __init__(self, burst: float) -> None:
        self.burst, self.tokens, self.last = burst, burst, 0.0

    def take(self, at: float) -> float:
        self.tokens = min(self.burst, self.tokens + (at - self.last) * RATE)
        self.last = at
        if self.tokens >= 1 - 1e-9:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / RATE


class FixedWindow:
    def __init__(self, seconds: float) -> None:
        self.seconds, self.window, self.count = seconds, -1, 0

    def take(self, at: float) -> float:
        window = int(at // self.seconds)
        if window != self.window:
            self.window, self.count = window, 0
        self.count += 1
        return 0.0 if self.count <= RATE * self.seconds else (window + 1) * self.seconds - at


class SlidingWindow:
    def __init__(self) -> None:
        self.passed: deque[float] = deque()

    def take(self, at: float) -> float:
        while self.passed and self.passed[0] <= at - 1:
            self.passed.popleft()
        if len(self.passed) < RATE:
            self.passed.append(at)
            return 0.0
        return self.passed[0] + 1 - at


FORMS: dict[str, Callable[[float], float | None]] = {
    "exact": lambda wait: wait,
    "whole seconds": lambda wait: float(math.ceil(wait)),
    "untold": lambda _: None,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("latency", [0.02, 0.5][: length(1, 2)])
@pytest.mark.parametrize(
    "limiter",
    [lambda: Bucket(10), lambda: Bucket(1), lambda: FixedWindow(1), SlidingWindow],
    ids=["bucket", "bucket without burst", "fixed window", "sliding window"],
)
def test_s01_a_rate_limit_is_used_and_hardly_overstepped(
    limiter: Callable[[], Bucket | FixedWindow | SlidingWindow], latency: float, form: str
) -> None:
    limit = limiter()

    def weather(at: float, number: int) -> Exception | float:
        wait = limit.take(at)
        return Transient("too fast", Stage.LIMITED, FORMS[form](wait)) if wait else latency

    endpoint, outcome = play(weather, 100_000, seconds=STORM)
    assert outcome.lost == []
    assert len(endpoint.sent) / len(outcome.texts) <= AMPLIFICATION
    steady = [at for at in endpoint.answers if 60 <= at < STORM]
    assert len(steady) / (STORM - 60) >= USED * RATE
    assert len([at for at in endpoint.answers if at < STORM]) / STORM >= USED * RATE, "the first minute included"
    assert len([at for at in endpoint.answers if at < 60]) / 60 >= 0.8 * RATE, "the first minute, in which it learns"


def test_s02_a_wait_that_is_asked_for_holds_for_every_call() -> None:
    def weather(at: float, number: int) -> Exception | float:
        return Transient("wait", Stage.LIMITED, 40.0 - at) if 20 <= at < 40 else 0.2

    endpoint, outcome = play(weather, 20_000, seconds=60)
    refused = [at for at in endpoint.sent if 20 <= at < 40]
    assert 0 < len(refused) <= 64
    assert max(refused) - min(refused) < 0.3, "only what was under way when the first refusal came"
    assert outcome.lost == []


# Outages


def outage(begin: float, end: float, fault: Callable[[], Exception], latency: float = 2.0) -> Weather:
    return lambda at, _: fault() if begin <= at < end else latency


FAULTS: dict[str, Callable[[], Exception]] = {
    "500": lambda: Transient("HTTP 500", Stage.REFUSED),
    "503 with Retry-After": lambda: Transient("HTTP 503", Stage.REFUSED, 5.0),
    "429 for everything": lambda: Transient("HTTP 429", Stage.LIMITED, 1.0),
    "nobody there": lambda: Transient("no connection", Stage.UNREACHED),
    "resets": lambda: Transient("reset", Stage.LOST),
    "HTML": lambda: Transient("no chat completion", Stage.LOST),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_s03_an_outage_costs_few_requests_loses_nothing_and_the_run_goes_on(fault: str, at_once: int) -> None:
    begin, end = 30.0, 30.0 + STORM
    endpoint, outcome = play(outage(begin, end, FAULTS[fault]), 40 * at_once, at_once)
    assert outcome.lost == []
    assert len(outcome.texts) == 40 * at_once
    meanwhile = [at for at in endpoint.sent if begin <= at < end]
    assert len(meanwhile) <= min(at_once, 64) + 6 + STORM / 12
    assert min(at for at in endpoint.answers if at > end) - end <= 20
    if at_once == 100:
        assert len(endpoint.sent) / 4000 <= AMPLIFICATION


def test_s04_during_an_outage_single_small_calls_ask_and_it_is_told() -> None:
    endpoint, health = Endpoint(outage(10.0, 100.0, FAULTS["500"])), Health()
    told: set[str] = set()

    async def look() -> None:
        while True:
            told.add(health.waiting)
            await asyncio.sleep(1)

    async def main() -> None:
        looking = asyncio.create_task(look())
        await ask_all(stack(endpoint, health), 1000)
        looking.cancel()

    run_virtually(main())
    during = [purpose for at, purpose in zip(endpoint.sent, endpoint.purposes, strict=True) if 14 < at < 100]
    assert set(during) == {"other.probe"}
    assert any("answers with errors only" in text and "HTTP 500" in text for text in told)
    assert health.waiting == ""


def test_s05_an_outage_without_end_ends_the_run_with_the_reason() -> None:
    endpoint, outcome = play(outage(10.0, math.inf, FAULTS["500"]), 500)
    assert outcome.seconds < 1000
    assert {type(error) for error in outcome.lost} == {ProviderError}
    said = str(outcome.lost[0])
    assert "answers with errors only, for" in said and "HTTP 500" in said and "see its log" in said
    assert len([at for at in endpoint.sent if at > 13]) < 100


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Transient("HTTP 429: slow down", Stage.LIMITED, 20.0), ["too fast", "HTTP 429", "models.concurrency"]),
        (Transient("HTTP 503: loading", Stage.REFUSED, 20.0), ["errors only", "HTTP 503", "asks to wait 20 s"]),
        (Transient("a page", Stage.REFUSED), ["errors only", "a page"]),
        (NoCompletion("no chat completion (a web page)", Stage.REFUSED), ["no endpoint of chat", "a web page"]),
        (Transient("no reply within 5 s", Stage.LOST), ["does not answer", "no reply", "models.timeout"]),
        (Transient("refused", Stage.UNREACHED), ["cannot be reached", "refused"]),
    ],
)
def test_s14_what_an_endpoint_does_that_answers_no_call_is_said_as_it_is(fault: Transient, said: list[str]) -> None:
    _endpoint, outcome = play(outage(10.0, math.inf, lambda: fault), 300)
    told = str(outcome.lost[0])
    assert all(words in told for words in said), told
    assert ("does not answer" in told) == (fault.stage is Stage.LOST)


def test_s06_a_wait_of_an_hour_for_everybody_ends_the_run_at_once() -> None:
    _, outcome = play(outage(10.0, math.inf, lambda: Transient("quota of the day", Stage.LIMITED, 7200.0)), 500)
    assert outcome.seconds < 30
    assert any(type(error) is ProviderError for error in outcome.lost)


@pytest.mark.parametrize("share", [0.01, 0.05])
@pytest.mark.parametrize("stage", [Stage.REFUSED, Stage.LIMITED, Stage.LOST])
def test_s07_isolated_failures_cost_their_own_retry_and_no_speed(share: float, stage: Stage) -> None:
    def weather(at: float, number: int) -> Exception | float:
        failing = unit(1, "isolated", number) < share
        return Transient("busy", stage, 0.0 if stage is Stage.LIMITED else None) if failing else 1.0

    endpoint, outcome = play(weather, 3000)
    assert outcome.lost == []
    assert len(endpoint.sent) / 3000 <= AMPLIFICATION
    assert outcome.seconds < 1.6 * 3000 / 64, "64 in flight, a second each"


def test_s15_refusals_that_come_together_are_isolated_where_most_calls_of_their_moment_are_under_way() -> None:
    pace = Pace(64, NEAR)
    for second in range(100):
        pace.note_answer(float(second))

    def meet(refused: int, in_flight: int) -> float:
        for number in range(refused):
            pace.note_failure(Transient("busy", Stage.LIMITED, 0.0), 100.0, 100.05, in_flight)
            if number % 3 == 2:
                pace.note_answer(100.05)
        return pace.window

    assert meet(12, in_flight=60) == 64
    assert meet(12, in_flight=40) < 64, "most of that moment"


def test_s08_a_question_that_nobody_can_answer_is_lost_alone() -> None:
    async def main() -> tuple[Endpoint, list[object]]:
        endpoint = Endpoint(lambda at, _: 0.1)
        model = stack(endpoint)
        await ask_all(model, 10)
        endpoint.weather = lambda at, number: (
            0.1 if endpoint.purposes[-1] == "other.probe" else Transient("HTTP 500", Stage.REFUSED)
        )
        poison = await asyncio.gather(model.complete(replace(ASK, identity="poison")), return_exceptions=True)
        return endpoint, list(poison)

    endpoint, (error,) = run_virtually(main())
    assert isinstance(error, CallFailed)
    assert len(endpoint.sent) <= 10 + RetryPolicy().attempts + 3


def test_s09_black_holes_end_at_the_time_limit_of_an_attempt_and_nothing_is_lost() -> None:
    def weather(at: float, number: int) -> Exception | float:
        return 1.0

    class Hole(Endpoint):
        async def complete(self, request: Request) -> Reply:
            if 20 <= now() < 20 + STORM:
                self.sent.append(now())
                await asyncio.sleep(30)
                raise Transient("no reply within 30 s", Stage.LOST, seconds=30)
            return await super().complete(request)

    endpoint = Hole(weather)
    outcome = run_virtually(ask_all(stack(endpoint), 4000))
    assert outcome.lost == []
    assert len(outcome.texts) == 4000
    assert len(endpoint.sent) / 4000 <= AMPLIFICATION


@pytest.mark.parametrize("at_once", [1, 200])
def test_s10_what_is_hopeless_is_met_by_those_in_flight_and_by_nobody_after(at_once: int) -> None:
    endpoint, outcome = play(
        lambda at, number: ProviderError("HTTP 401: the key") if number > 20 else 0.1, 500, at_once
    )
    assert outcome.seconds < 5
    assert {str(error) for error in outcome.lost} == {"HTTP 401: the key"}
    assert len(endpoint.sent) <= 20 + 64


def test_s11_no_wait_outlasts_the_time_of_the_run() -> None:
    async def main() -> float:
        ledger = Ledger(Limits(seconds=60), clock=now)
        model = stack(Endpoint(outage(10.0, math.inf, FAULTS["500"])), ledger=ledger)
        with pytest.raises(BudgetReached, match="--max-minutes 1"):
            await ask_all(model, 1000)
        return now()

    assert run_virtually(main()) <= 61


def test_s12_a_partial_storm_is_not_fed_by_retries() -> None:
    storm = STORM / 3

    def weather(at: float, number: int) -> Exception | float:
        failing = 20 <= at < 20 + storm and unit(2, "partial", number) < 0.5
        return Transient("HTTP 503", Stage.REFUSED) if failing else 1.0

    endpoint, outcome = play(weather, 30_000, seconds=20 + 2 * storm)
    assert len(outcome.lost) <= 0.02 * len(outcome.texts)
    assert len(endpoint.sent) / len(outcome.texts) <= AMPLIFICATION


@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize(("share", "least"), [(0.1, 25.0), (0.25, 4.0), (0.5, 0.5)])
def test_s13_refusals_that_no_slowness_ends_do_not_bring_a_run_to_a_halt(
    share: float, least: float, retry_after: float | None
) -> None:
    """A quota shared with others refuses some calls, however slow ours come; retries have a budget."""

    def weather(_: float, number: int) -> Exception | float:
        shared = Transient("429: shared quota", Stage.LIMITED, retry_after=retry_after)
        return shared if unit(1, "shared quota", number) < share else 0.3

    endpoint = Endpoint(weather)
    outcome = run_virtually(ask_all(stack(endpoint), 1500, seconds=200))
    assert len(outcome.texts) / outcome.seconds > least
    by_chance = 2 * share ** RetryPolicy().attempts
    assert len(outcome.lost) <= len(outcome.texts) * max(1 / 50, by_chance)


def test_s16_a_stray_refusal_holds_its_own_call_back_and_no_other() -> None:
    def weather(_: float, number: int) -> Exception | float:
        stray = unit(3, "stray", number) < 0.15
        return Transient("HTTP 429", Stage.LIMITED, 1.0) if stray else 0.1

    endpoint, outcome = play(weather, 400, at_once=16)
    own = (len(endpoint.sent) - 400) * 1.25 / 16
    assert outcome.lost == []
    assert outcome.seconds <= own + 1.5 * 400 * 0.15 / 16 + 3, "a first few hold all back: they may be a limit"


@pytest.mark.parametrize("latency", [0.5, 2.0])
@pytest.mark.parametrize("form", ["exact", "untold"])
def test_s14_a_limit_far_below_the_first_calls_in_flight_is_found_and_not_given_up(form: str, latency: float) -> None:
    limit, each = Bucket(1), RATE / 3

    def weather(at: float, number: int) -> Exception | float:
        wait = each * limit.take(at / each)
        return Transient("too fast", Stage.LIMITED, FORMS[form](wait)) if wait else latency

    endpoint, outcome = play(weather, 100_000, seconds=300)
    assert outcome.lost == []
    assert len([at for at in endpoint.answers if at < 300]) / 300 >= 0.85 * RATE / each
    assert len(endpoint.sent) / len(outcome.texts) <= AMPLIFICATION
