"""The layer between the run and one endpoint: concurrency, rate, pauses and outages, for all calls together.

``Pace`` and ``_Rate`` learn what the endpoint bears; they have no clock, times are given to them in seconds.
``Limited`` waits and sends. Why there are two dials: ``docs/design/0006-promises.md``; their bars: ``tests/faults``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from maspo.core.errors import CallFailed, ProviderError
from maspo.models.base import Adapted, DoesNotFit, ModelClient, Reply, Request, Stage, Transient, Unusable
from maspo.models.layers.crowding import Crowding
from maspo.models.layers.in_turn import Beside
from maspo.models.layers.outage import asks, does, helps

_RECENT = 20
"""Outcomes that tell whether most calls fail. Of many calls sent at one moment, as after a change of how many are in
flight, those that are refused come back first: a fourth of what is under way must be, up to all of these."""
_MORE_A_ROUND = 4
"""Calls more in flight for each round of answers, beyond the threshold. TCP adds one a round trip (RFC 5681, 3.1); a
round trip there takes milliseconds, a reply seconds."""
_MOST_AN_ANSWER = 1.5
"""No single answer, after a silence, may raise the rate by more; slow start (RFC 5681) doubles in a round trip."""
_HALF = 0.5
"""Multiplicative decrease when most calls are refused: that of RFC 5681; CUBIC's 0.7 (RFC 9438, 4.6) is gentler."""
_LESS = 0.97
"""How far below what was taken the rate stays. No guess is needed as in TCP, where it is 0.7: what an endpoint took is
known, and nine tenths of its limit are to be used (docs/design/0006)."""
_FEW = 10
"""Calls that tell a rate."""
_ENOUGH = 30
"""A rate is held for as many calls, or pauses; a refusal after as many answers came at a rate that was borne."""
_IN_VAIN = 8
"""A limit that was overestimated twentyfold is found in fewer refusals in a row."""
_STRAYS = 3
"""Refusals that others were not met by, from which on the next one holds back its own call alone."""
_WORTH_TELLING = 3.0
"""Seconds; a shorter wait is over before anybody has read of it."""
_WORTH_LEAVING = 1.0
"""Seconds of a pause; for a shorter one what a server has read of a prompt is worth more than another's answer."""
_LONGEST_NAP = 60.0
"""Seconds after which a wait looks again at what the run has left."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How an endpoint is approached; times are seconds.

    ``first`` calls are in flight at the start. ``row`` failures in a row, without an answer in between, are an outage:
    then single small calls ask whether it is over, ``probe`` to ``probe_cap`` seconds apart, for ``patience`` at most.
    ``moment`` is the wait after a refusal for coming too fast that does not say.
    ``slowest`` is the lowest rate, in calls a second. ``growth`` times as many calls in flight are tried next, as long
    as they are worked on side by side; with 1 that is not looked for, and all that is asked is sent.

    The figures are chosen; the storms of ``tests/faults`` check what they have to bear.
    """

    first: int = 16
    row: int = 5
    probe: float = 1.0
    probe_cap: float = 15.0
    patience: float = 900.0
    moment: float = 1.0
    slowest: float = 0.1
    growth: float = 2.0


NEAR = Pacing(first=1, growth=1.5)
"""A server on this machine or next to it: often one slot and a reply a minute, where a call too many waits for all."""
AS_ASKED = Pacing(first=sys.maxsize, growth=1.0)
"""For calls of somebody else: how many are in flight is theirs to say, and only what the endpoint refuses waits."""


class Pace:
    """The calls in flight, the calls a second and the pause that an endpoint bears.

    Calls in flight: slow start, one more per answer; halved when at least half of the last outcomes are failures,
    and from there on a few more per round. After an outage it is slow start again, up to that half. An isolated failure
    changes nothing: it costs its own retry. Calls a second: see ``_Rate``.

    A wait that the endpoint asks for holds for every call, since a limit that is reached is reached for all. Where
    calls that were sent during such waits were answered several times, it does not: then a wait is the refused call's
    alone, as it is in most providers' own clients, until most calls are refused.
    """

    def __init__(self, most: int, pacing: Pacing) -> None:
        self._most = most
        self._pacing = pacing
        self.window = float(min(pacing.first, most))
        """How many calls may be in flight, as far as failures tell."""
        self.crowding = Crowding(pacing.first, most, pacing.growth)
        if pacing.growth <= 1:
            self.crowding.tell(most)
        """How many are worked on at once, as far as latency tells."""
        self.due = -math.inf
        """Nothing is sent before this time."""
        self.down = False
        """The endpoint answers nobody."""
        self._rate = _Rate(pacing.slowest)
        self.answered_once = False
        self._row = 0
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._waits: deque[tuple[float, float]] = deque(maxlen=_RECENT)
        """When calls were sent that were asked to wait, and until when."""
        self._strays = 0
        """Waits that were not everybody's, since most calls were refused."""
        self._threshold = float(most)
        self._backed_off = -math.inf

    @property
    def mute(self) -> bool:
        """Whether as many failures in a row as an outage has are all that ever came of it.

        No outage, since nothing is known to be over: alone, it is asked on until the calls are given up. Beside others
        it is the one that is left.
        """
        return not self.answered_once and self._row >= self._pacing.row

    @property
    def in_flight(self) -> int:
        """How many calls may be in flight."""
        return max(1, math.floor(min(self.window, self.crowding.limit)))

    def note_sent(self, now: float) -> None:
        """Take note of a call that is sent; the next one is due one interval later."""
        self._rate.note_sent(now)
        self.due = max(self.due, now + 1 / self._rate.calls)

    def note_answer(self, now: float, sent: float = -math.inf) -> None:
        """Take note of an answer, whatever it says, to a call that was sent at a time."""
        if waits := len(self._waits):
            self._waits = deque((wait for wait in self._waits if not wait[0] < sent <= wait[1]), _RECENT)
            self._strays += waits - len(self._waits)
        self._recent.append(True)
        self._row = 0
        self.answered_once = True
        self._rate.grow(now)
        if self.down:
            self.window = float(min(self._pacing.first, self._most))
            self.down = False
        more = 1 if self.window < self._threshold else _MORE_A_ROUND / self.window
        self.window = min(self._most, self.window + more)

    def note_failure(self, fault: Transient, sent: float, now: float, in_flight: int) -> None:
        """Take note of a failure of a call that was sent at a time; ``in_flight`` calls are under way."""
        self._row += 1
        if fault.retry_after:
            self._waits.append((sent, now + fault.retry_after))
            if self._strays < _STRAYS:
                self._wait(now, fault.retry_after)
        if self.down or sent < self._backed_off:
            return  # Told already, by the outage or by the last back-off while this call was under way.
        self._recent.append(False)
        unreached = fault.stage is Stage.UNREACHED
        self.down = self.answered_once and (unreached or self._row >= self._pacing.row)
        # Half of the last outcomes, and enough of them to mean something. Refusals come before the answers to calls of
        # the same moment, so those under way speak for the endpoint.
        lost = self._recent.count(False)
        severe = lost >= max(3.0, min(_RECENT, in_flight / 4)) and 2 * lost >= len(self._recent)
        if severe:
            self._threshold = self.window = max(1.0, self.window / 2)
            self._backed_off = now
            self._recent.clear()
            self._strays = 0
        if fault.stage is Stage.LIMITED:
            pause = self._pacing.moment if fault.retry_after is None else min(fault.retry_after, self._pacing.patience)
            if self._rate.lower(sent, now, pause, severe):
                self._wait(now, pause)
                self._backed_off = now + pause

    def _wait(self, now: float, seconds: float) -> None:
        """Send nothing for a while; who asks for more than there is patience asks in vain."""
        if seconds <= self._pacing.patience:
            self.due = max(self.due, now + seconds)


class _Rate:
    """The calls a second that an endpoint bears.

    Unlimited until the endpoint refuses most calls for coming too fast (429). Then what it took is the rate, which
    doubles every second until the next refusal. From there it stays a little below what was taken, and after a hold
    grows again, at first slowly.

    A real limit ends its refusals when calls come slower. So each refusal that comes too soon lowers the rate twice as
    much as the one before, and those that still go on have another cause: a quota shared with others, a busy gateway.
    Then the rate is unlimited again, each refusal costs its own retry, and it takes as many times that most calls are
    refused until a limit is looked for again.
    """

    def __init__(self, slowest: float) -> None:
        self._slowest = slowest
        self.calls = math.inf
        """Calls a second."""
        self._sent: deque[float] = deque()
        """When calls were sent that were not refused: of the last second, or the last few, at the present rate."""
        self._climbing = False
        """The limit is not known yet."""
        self._taken = 0
        """Answers since the last refusal."""
        self._in_vain = 0
        """Refusals in a row that came too soon after the rate was lowered."""
        self._lowered = self._grows_from = self._grown = -math.inf

    def note_sent(self, now: float) -> None:
        """Remember a call for as long as it tells the rate."""
        self._sent.append(now)
        while len(self._sent) > _FEW and self._sent[1] <= now - 1:
            self._sent.popleft()

    def grow(self, now: float) -> None:
        """Let the rate grow for the time since it last did, so that it grows only as far as calls are answered."""
        self._taken += 1
        before, since = self._grown - self._grows_from, now - self._grows_from
        if since <= before or since <= 0:
            return
        before = max(0.0, before)
        growth = math.exp2(min(since - before, 1.0)) if self._climbing else _regrowth(since) / _regrowth(before)
        self.calls *= min(growth, _MOST_AN_ANSWER)
        self._grown = now

    def lower(self, sent: float, now: float, pause: float, most: bool) -> bool:
        """Lower the rate from the end of a pause on, if that may help, and return whether it may.

        ``most`` calls were refused of late, not this one alone, which was ``sent`` at a time.
        """
        if sent in self._sent:
            self._sent.remove(sent)
        soon = self._taken < _ENOUGH and (self._climbing or self._grown <= self._grows_from)
        self._taken = 0
        if not soon:
            self._in_vain = 0
        if self.calls == math.inf and (self._in_vain or not most):
            self._in_vain -= most
            return False
        self._in_vain += 1
        if self._in_vain == _IN_VAIN:
            self.calls = math.inf
            return False
        hold = 0.0 if self._climbing or most else _ENOUGH * max(pause, 1 / self.calls)
        # What was taken: calls a second that were sent and not refused, unless they are too few to tell. A pause
        # counts, up to a second: the endpoint had that time, too.
        taken = math.inf
        if len(self._sent) >= _FEW or self.calls == math.inf:
            span = self._sent[-1] - self._sent[0] if self._sent else 0.0
            taken = max(1, len(self._sent)) / max(span, min(1.0, now - self._lowered))
        less = _HALF if most else max(_HALF, _LESS**2 ** (self._in_vain - 1))
        self.calls = max(self._slowest, min(less * self.calls, _LESS * taken))
        self._climbing = most
        self._sent.clear()
        self._lowered = now
        self._grows_from = self._grown = now + pause + hold
        return True


def _regrowth(seconds: float) -> float:
    """Return how much of the known limit is tried again after so many seconds without a refusal.

    In the way of CUBIC (RFC 9438, 4.2): slowly near the limit, then fast. Half a percent a second at first; the limit
    is tried at 1.1 times after 5 seconds or so, and twofold after 12.
    """
    return 1 + seconds / 200 + seconds**3 / 2000


@dataclass
class Health:
    """How the endpoint is, for whoever looks on."""

    waiting: str = ""
    """Empty while calls flow, else why they wait."""
    adapted: dict[str, None] = field(default_factory=dict)
    """What was learned of how the endpoint wants to be asked, in the order in which it was."""


class Elsewhere(Exception):
    """A call that waited for a server that does not answer now, while another one does: nothing of it was sent."""


class Limited:
    """Sends calls in order, as many and as fast as the endpoint bears (``Pace``), at most ``concurrency`` at once.

    During an outage nothing is sent but small calls, one at a time, that ask whether it is over; then all go on.
    A refusal that every call would meet (key, credit, model) is met once: later calls are not sent.
    ``remaining`` tells the seconds that the run has left, ``slots`` how many calls the endpoint says that it answers
    side by side (0: it does not say). ``elsewhere`` says whether another server could answer a call now: then none
    waits for this one while it is down, mute or pauses; ``leaves``, whether one that waits for a place should go there.
    The clock is the event loop's.

    Raises (from ``complete``):
        ProviderError: as the inner model, or an outage that outlasts the patience.
        Elsewhere: another server should be asked.

    """

    def __init__(
        self,
        inner: ModelClient,
        concurrency: int,
        pacing: Pacing | None = None,
        health: Health | None = None,
        remaining: Callable[[], float] = lambda: math.inf,
        slots: Callable[[], Awaitable[int]] | None = None,
        elsewhere: Callable[[Request], bool] = lambda _: False,
        leaves: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self._inner = inner
        self._slots = slots
        self._elsewhere = elsewhere
        self._leaves = leaves
        self.pacing = pacing or Pacing()
        self._pace = Pace(concurrency, self.pacing)
        self._health = health or Health()
        self._remaining = remaining
        self._in_flight = 0
        self._beside = Beside()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._hopeless: ProviderError | None = None
        self._last: Transient | None = None

    @property
    def down(self) -> bool:
        """Whether the endpoint answers nobody, as far as is known."""
        return self._pace.down

    @property
    def mute(self) -> bool:
        """Whether the endpoint has failed several times in a row and never answered."""
        return self._pace.mute

    @property
    def pauses(self) -> bool:
        """Whether the endpoint has asked to wait longer than is worth waiting for where there are others."""
        return self._pace.due - _now() > _WORTH_LEAVING

    @property
    def bears(self) -> int:
        """How many calls the endpoint works on at once, as far as is known."""
        return self._pace.in_flight

    async def ask(self, question: Request) -> None:
        """Send a small question at once, whatever waits, to learn whether the endpoint answers.

        Raises:
            CallFailed: it does not.

        """
        await self._send(question)

    async def complete(self, request: Request) -> Reply:
        """Answer when the endpoint bears another call."""
        if self._turn.locked() or self._slots is not None or not self._is_free:
            async with self._turn:
                await self._until_free(request)
                self._begin()
        else:
            self._begin()
        try:
            return await self._send(request)
        finally:
            self._in_flight -= 1

    def _begin(self) -> None:
        self._in_flight += 1
        self._pace.note_sent(_now())

    @property
    def _is_free(self) -> bool:
        """Whether a call may be sent as it comes."""
        pace = self._pace
        return (
            self._in_flight < pace.in_flight
            and pace.due <= _now()
            and self._hopeless is None
            and not (pace.down or pace.mute)
        )

    async def _until_free(self, request: Request) -> None:
        if self._slots is not None:
            slots = await self._slots()
            if slots:
                self._pace.crowding.tell(slots)
            if slots or self._pace.answered_once:  # one that was still loading its model could not tell before
                self._slots = None
        await self._until_due(request)

    async def _send(self, request: Request) -> Reply:
        """Send a call and learn from how it ends."""
        sent, crowding = _now(), self._pace.crowding
        number = self._beside.begin(sent) if crowding.looks else None
        try:
            reply = await self._inner.complete(request)
        except Adapted as learned:
            self._pace.note_answer(_now())
            if learned.said:
                self._health.adapted.setdefault(learned.said)
            raise
        except Unusable:
            self._pace.note_answer(_now())
            raise
        except Transient as fault:
            self._last = fault
            self._pace.note_failure(fault, sent, _now(), self._in_flight)
            raise
        except CallFailed as failure:
            self._pace.note_answer(_now())
            if isinstance(failure, DoesNotFit) and failure.said:
                self._health.adapted.setdefault(failure.said)
            raise
        except ProviderError as error:
            self._hopeless = error
            raise
        finally:
            ended = None if number is None else self._beside.end(number, _now())
            self._changed.set()
        if reply.adapted:
            self._health.adapted.setdefault(reply.adapted)
        now = _now()
        self._pace.note_answer(now, sent)
        if ended is not None:
            crowding.note(request, reply, ended)
        return reply

    async def _until_due(self, request: Request) -> None:
        """Wait for a free place, the pause and the pace; those who wait behind wait for this one."""
        while True:
            if self._hopeless is not None:
                raise ProviderError(str(self._hopeless))
            if self._remaining() <= 0:
                return  # The ledger says it better.
            if (self._pace.down or self._pace.mute or self.pauses) and self._elsewhere(request):
                raise Elsewhere
            if self._pace.down:
                await self._outlast(request)
                continue
            seconds = self._pace.due - _now()
            if self._in_flight >= self._pace.in_flight:
                if self._leaves(request):
                    raise Elsewhere
                await self._nap(math.inf)
            elif seconds > 0:
                if seconds >= _WORTH_TELLING:
                    self._health.waiting = f"the endpoint asks to wait {seconds:.0f} s ({self._last})"
                try:
                    await self._nap(seconds)
                finally:
                    self._health.waiting = ""
            else:
                return

    async def _outlast(self, request: Request) -> None:
        """Ask from time to time whether the endpoint is back; return when anything was answered."""
        began = _now()
        patience, between = self.pacing.patience, self.pacing.probe
        try:
            while self._is_down(request):
                # Who asks for a longer wait than there is patience for is taken at its word here.
                asked = self._last.retry_after or 0.0 if self._last is not None else 0.0
                seconds = max(self._pace.due - _now(), between, asked if asked > patience else 0.0)
                if _now() + seconds > began + patience:
                    self._hopeless = ProviderError(
                        f"{does(self._last)}, for {_now() - began:.0f} s, the last: "
                        f"{self._last}{asks(self._last)}; {helps(self._last) or 'go on when the endpoint is back'}"
                    )
                    raise self._hopeless
                self._health.waiting = f"{does(self._last)}; asking again in {seconds:.0f} s ({self._last})"
                until = _now() + seconds
                while self._is_down(request) and _now() < until:
                    await self._nap(until - _now())
                if self._is_down(request):
                    with contextlib.suppress(CallFailed):  # How it went is known to the pace.
                        await self._send(request.ready())
                between = min(2 * between, self.pacing.probe_cap)
        finally:
            self._health.waiting = ""

    def _is_down(self, request: Request) -> bool:
        """Return whether an outage is still to be waited out."""
        return self._pace.down and self._remaining() > 0 and not self._elsewhere(request)

    async def _nap(self, seconds: float) -> None:
        """Wait, at most as long as the run has left, or until a call ends."""
        self._changed.clear()
        try:
            async with asyncio.timeout(min(seconds, self._remaining(), _LONGEST_NAP)):
                await self._changed.wait()
        except TimeoutError:
            return


def _now() -> float:
    return asyncio.get_running_loop().time()
