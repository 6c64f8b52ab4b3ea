"""Servers with few slots and a queue, on a virtual clock: no slot is idle, and no call waits long."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass, field, replace
from itertools import accumulate
from statistics import fmean, median

import pytest

from maspo.arena.clock import run_virtually
from maspo.models import Message, Reply, Request
from maspo.models.layers.limited import NEAR, Limited, Pacing

ASK = Request("m", (Message("user", "Hi"),), "agent", "solver")
SECONDS = 15.0
"""Of a reply: a laptop's."""
CALLS = 1000


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Queue:
    """A server that answers so many calls at once, first come first served; lengths of replies vary by ``spread``."""

    slots: int
    seconds: float = SECONDS
    spread: float = 0.0
    noise: float = 0.0
    """Standard deviation of the time for a token, relative to it."""
    uneven: float = 0.0
    """Share by which a reply takes more or less time, evenly, with no token that tells it."""
    way: float = 0.0
    """Seconds that a call takes beside its slot, on average."""
    loads: float = 0.0
    """Seconds that the first call takes more, since the model is loaded."""
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    busy: float = 0.0
    area: float = 0.0
    in_flight: int = 0
    peak: int = 0
    longest: float = 0.0
    late: int = 0
    done: list[tuple[float, float]] = field(default_factory=list)
    """When calls were through, and how many seconds slots had been busy by then."""
    _last: float = 0.0

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)

    def _count(self, change: int) -> None:
        self.area += self.in_flight * (now() - self._last)
        self._last, self.in_flight = now(), self.in_flight + change
        self.peak = max(self.peak, self.in_flight)

    async def complete(self, request: Request) -> Reply:
        came = now()
        self._count(1)
        tokens = max(1, round(100 * math.exp(self.spread * self.chance.gauss(0, 1))))
        takes = self.seconds * tokens / 100 * max(0.3, 1 + self.noise * self.chance.gauss(0, 1))
        takes *= 1 + self.chance.uniform(-self.uneven, self.uneven) if self.uneven else 1.0
        takes, self.loads = takes + self.loads, 0.0
        way = self.chance.expovariate(1 / self.way) if self.way else 0.0
        await asyncio.sleep(way / 2)
        async with self._free:
            await asyncio.sleep(takes)
            self.busy += takes
            self.done.append((now(), self.busy))
        await asyncio.sleep(way / 2)
        self._count(-1)
        self.longest = max(self.longest, now() - came)
        self.late += now() - came > 8 * self.seconds
        return Reply("text", 5, tokens, seconds=now() - came)


@dataclass(frozen=True)
class Found:
    """What a run of calls made of a server."""

    queue: Queue
    seconds: float
    at_once: float

    @property
    def busy(self) -> float:
        return self.queue.busy / self.queue.slots / self.seconds

    @property
    def busy_later(self) -> float:
        """Share of the slots that were busy in the second half of the calls, without the last few."""
        (begin, before), (end, after) = self.queue.done[len(self.queue.done) // 2], self.queue.done[-self.queue.slots]
        return (after - before) / self.queue.slots / (end - begin)

    @property
    def in_flight(self) -> float:
        return self.queue.area / self.seconds


def play(queue: Queue, pacing: Pacing, pauses: float = 0.0, calls: int = CALLS, most: int = 64) -> Found:
    async def main() -> Found:
        limited, numbers, chance = Limited(queue, most, pacing), iter(range(calls)), random.Random(2)

        async def worker() -> None:
            for number in numbers:
                if pauses:
                    await asyncio.sleep(chance.expovariate(1 / pauses))
                await limited.complete(replace(ASK, identity=str(number)))

        await asyncio.gather(*(worker() for _ in range(100)))
        return Found(queue, now(), limited._pace.crowding.limit)

    return run_virtually(main())


@pytest.mark.parametrize("pauses", [0.0, 100.0], ids=["", "Poisson pauses"])
@pytest.mark.parametrize("slots", [1, 2, 4])
def test_q01_slots_are_busy_and_nothing_waits_long(slots: int, pauses: float) -> None:
    found = play(Queue(slots), NEAR, pauses)
    assert found.busy >= 0.97
    assert found.in_flight <= 1.5 * slots
    assert found.queue.peak <= max(2, 1.5 * slots), "a second call is the fewest that shows whether there is a queue"
    assert found.queue.late <= 0.01 * CALLS


@pytest.mark.parametrize("slots", [1, 2, 4, 8])
@pytest.mark.parametrize("pacing", [NEAR, Pacing()], ids=["near", "far"])
def test_q02_replies_of_every_length(slots: int, pacing: Pacing) -> None:
    several = [play(Queue(slots, spread=0.6, chance=random.Random(seed)), pacing) for seed in (1, 2, 3)]
    for found in several:
        assert found.busy >= 0.88, "what it takes to see through chance is a tenth of so few calls"
        if pacing is NEAR:
            assert found.in_flight <= 1.5 * slots
            assert found.queue.late <= 0.01 * CALLS
    # Sixteen calls at once into few slots: chance may hide for long that they only wait.
    assert sorted(found.at_once for found in several)[1] <= 2 * slots


@pytest.mark.parametrize("slots", [1, 4])
def test_q03_slots_that_are_told_are_kept_from_the_first_call_on(slots: int) -> None:
    async def main() -> tuple[Queue, float]:
        async def told() -> int:
            return slots

        queue = Queue(slots)
        limited = Limited(queue, 64, NEAR, slots=told)
        await asyncio.gather(*(limited.complete(replace(ASK, identity=str(number))) for number in range(CALLS)))
        return queue, now()

    queue, seconds = run_virtually(main())
    assert queue.busy / slots / seconds >= 0.985
    assert queue.area / seconds <= 1.25 * slots + 0.01


@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_q04_an_endpoint_without_a_queue_loses_nothing(spread: float) -> None:
    followed = play(Queue(10_000, 3.0, spread), Pacing(), calls=2000)
    free = play(Queue(10_000, 3.0, spread), Pacing(first=64), calls=2000)
    assert followed.at_once == 64
    assert followed.seconds <= 1.1 * free.seconds


@pytest.mark.parametrize("seconds", [0.2, 0.4, 2.0, 15.0])
@pytest.mark.parametrize("slots", [1, 2, 4, 8])
def test_q05_noise_is_not_taken_for_room(slots: int, seconds: float) -> None:
    for seed, (noise, way, pauses) in enumerate([(0.0, 0.02, 0.0), (0.15, 0.0, seconds), (0.05, 0.02, seconds)]):
        queue = Queue(slots, seconds, noise=noise, way=way, chance=random.Random(seed))
        found = play(queue, NEAR, pauses, calls=1500)
        assert queue.peak <= max(1.5 * slots, slots + 1), (noise, way)
        assert queue.late <= 0.01 * 1500
        assert found.busy_later >= (0.97 if slots < 8 else 0.95), (noise, way)


@dataclass
class Hiccups:
    """An endpoint without a queue that takes 0.2 seconds; nothing of what would end in a pause does before its end."""

    pauses: list[tuple[float, float]]
    slow: int = -1
    """The number of a reply that takes ten times as long."""
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    sent: int = 0

    async def complete(self, request: Request) -> Reply:
        came, self.sent = now(), self.sent + 1
        await asyncio.sleep(2.0 if self.sent == self.slow else 0.2)
        for begin, end in self.pauses:
            if begin <= now() < end:
                await asyncio.sleep(end - now())
        return Reply("text", 5, max(1, round(40 + 10 * self.chance.gauss(0, 1))), seconds=now() - came)


def searched(endpoint: Hiccups) -> float:
    """Return the seconds of a run of 1,400 calls, twenty of which go out together."""

    async def main() -> float:
        limited = Limited(endpoint, 64, NEAR)
        for wave in range(70):
            asks = [replace(ASK, purpose=("agent", "judge")[n % 2], identity=f"{wave} {n}") for n in range(20)]
            await asyncio.gather(*map(limited.complete, asks))
        return now()

    return run_virtually(main())


def seldom(chance: random.Random, every: float, seconds: float) -> list[tuple[float, float]]:
    begins = [chance.expovariate(1 / every) for _ in range(60)]
    return [(begin, begin + seconds) for begin in accumulate(begins)]


@pytest.mark.parametrize("kind", ["a slow reply", "the process pauses", "garbage is collected"])
def test_q06_a_hiccup_is_not_taken_for_a_queue(kind: str) -> None:
    took = []
    for seed in range(8):
        chance = random.Random(seed)
        begin = chance.uniform(0.3, 6.0)
        pauses = {
            "a slow reply": [],
            "the process pauses": [(begin, begin + 1.0)],
            "garbage is collected": seldom(chance, 2.0, 0.1),
        }[kind]
        took.append(searched(Hiccups(pauses, chance.randint(3, 120) if kind == "a slow reply" else -1, chance)))
    assert max(took) <= 1.15 * median(took)
    assert median(took) <= 1.15 * searched(Hiccups([])) + 1.0


def test_q07_calls_that_overtake_others_shorten_the_start() -> None:
    queues = [Queue(4, 0.5, way=0.02, uneven=0.5, chance=random.Random(seed)) for seed in range(100, 112)]
    several = [play(queue, NEAR, calls=600) for queue in queues]
    assert fmean(found.busy for found in several) >= 0.96
    assert min(found.busy_later for found in several) >= 0.97
    assert max(queue.peak for queue in queues) <= 6
    assert sum(queue.late for queue in queues) == 0


@pytest.mark.parametrize("noise", [0.0, 0.15])
@pytest.mark.parametrize("pauses", [0.0, 2.0], ids=["", "Poisson pauses"])
@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_q08_four_slots_are_found_within_a_short_run(spread: float, pauses: float, noise: float) -> None:
    queues = [Queue(4, 2.0, spread, noise, chance=random.Random(seed)) for seed in range(200, 208)]
    several = [play(queue, NEAR, pauses, calls=600) for queue in queues]
    assert fmean(found.busy for found in several) >= 0.97
    assert max(found.in_flight for found in several) <= 1.5 * 4
    assert max(queue.peak for queue in queues) <= 6
    assert sum(queue.late for queue in queues) <= 0.01 * 600 * len(queues)


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_q09_a_model_that_is_loaded_for_the_first_call_is_not_taken_for_room(slots: int) -> None:
    for seed in range(4):
        queue = Queue(slots, 2.0, noise=0.1, loads=20.0, chance=random.Random(seed))
        found = play(queue, NEAR, calls=400)
        assert queue.peak <= max(1.5 * slots, slots + 1)
        assert found.busy_later >= 0.97


@pytest.mark.parametrize("noise", [0.0, 0.15])
def test_q10_the_first_of_many_that_were_sent_at_once_tell_of_no_room(noise: float) -> None:
    queue = Queue(16, noise=noise)
    found = play(queue, NEAR, calls=2400)
    assert queue.peak <= 24
    assert found.in_flight <= 1.5 * 16
    assert found.busy >= 0.93
