"""The ledger: what calls cost, by purpose, and the hard caps that the next call must fit under."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from maspo.core.errors import BudgetReached, ConfigInvalid, MaspoError
from maspo.core.usage import Usage
from maspo.models.base import Reply, Request
from maspo.models.prices import PriceBook

_TOKENS_PER_MESSAGE = 64
"""Upper bound of what a chat template adds to each message."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard caps over all purposes together; None is no cap. ``seconds`` is time of work, not of pauses."""

    calls: int | None = None
    usd: float | None = None
    seconds: float | None = None


class AttemptBook(Protocol):
    """Where attempts are noted before they are sent, so that a killed process leaves no call that nobody knows of.

    The record of a reply takes the note of its call back.
    """

    async def sent(self, request: Request, usd: float | None) -> None:
        """Note a call that is about to be sent, and its highest cost; on return the note is durable."""
        ...

    def failed(self, request: Request, usd: float | None) -> None:
        """Note that the call sent last brings no reply, and what it is charged at."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """A call that may be sent: settle, refuse, lose or cut it off, once. ``worst`` is its highest cost in USD."""

    request: Request
    worst: float | None


@dataclass(frozen=True, slots=True)
class _Kept:
    calls: int = 0
    usd: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class _Gate:
    """Reservations pass one by one, first come first served; the first waits for a settlement."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Ledger:
    """The one book of a run: reserve before sending, settle after.

    ``spent`` and ``elapsed`` (seconds) are what earlier processes of the same run used; ``book`` is where the next
    one will find what this one sent. A call counts when it is sent, each attempt anew. Money is reserved at its worst
    case: one token per UTF-8 byte of the prompt plus ``max_tokens``. A call whose cost the endpoint does not tell, or
    tells as it cannot be, is charged that worst case.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        prices: PriceBook | None = None,
        spent: Mapping[str, Usage] | None = None,
        elapsed: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        book: AttemptBook | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.prices = prices or PriceBook()
        self.in_flight = 0
        self.reached = ""
        """The cap that was reached, such as ``--max-calls 500``; empty while there is none."""
        self._spent = {
            purpose: usage if usage.calls else replace(usage, usd=0.0) for purpose, usage in (spent or {}).items()
        }
        """By purpose; ``usd`` is None once a cost was unknown."""
        self._reserved_usd = 0.0
        self._kept = _Kept()
        self._book = book
        self._clock = clock
        self._began = clock() - elapsed
        self._gate = _Gate()
        self._halted: MaspoError | None = None
        if self.limits.usd is not None and self.usd is None:
            raise ConfigInvalid(
                "--max-usd: calls that this run made before have no known cost; use --max-calls instead"
            )

    @property
    def calls(self) -> int:
        """Calls sent so far, those in flight included."""
        return sum(usage.calls for usage in self._spent.values())

    @property
    def usd(self) -> float | None:
        """Money charged so far; None when a part of it is unknown."""
        charged = [usage.usd for usage in self._spent.values()]
        known = [usd for usd in charged if usd is not None]
        return math.fsum(known) if len(known) == len(charged) else None

    @property
    def seconds(self) -> float:
        """Seconds that the run has worked, in this and earlier processes."""
        return self._clock() - self._began

    def usage(self) -> dict[str, Usage]:
        """Return what was used, by purpose."""
        return dict(self._spent)

    def keep_back(self, calls: int = 0, usd: float = 0.0, seconds: float = 0.0) -> None:
        """Set aside part of the caps for the final test, until ``release``."""
        self._kept = _Kept(calls, usd, seconds)

    def release(self) -> None:
        """Free what was kept back, and let calls be reserved again if they fit now."""
        self._kept = _Kept()
        self.reached = ""

    def remaining_seconds(self) -> float:
        """Return the seconds until the time cap, less what is kept back; infinite without a cap."""
        if self.limits.seconds is None:
            return math.inf
        return max(0.0, self.limits.seconds - self._kept.seconds - self.seconds)

    async def reserve(self, request: Request) -> Reservation:
        """Wait until a call fits under every cap, count it as sent and note it in the book.

        A call that does not fit now, but might once a call in flight has cost less than its worst case, waits.

        Raises:
            BudgetReached: it does not fit. From then on every call is refused, until ``release``.
            ConfigInvalid: a cap in money and a model without a price.

        """
        worst = self._worst_case(request)
        async with self._gate.turn:
            while not self._fits(worst):
                self._gate.settled.clear()
                await self._gate.settled.wait()
            self._add(request.purpose, Usage(calls=1, usd=0.0))
            self.in_flight += 1
            self._reserved_usd += worst or 0.0
        reservation = Reservation(request, worst)
        await self._note(reservation)
        return reservation

    def settle(self, reservation: Reservation, reply: Reply) -> float | None:
        """Book a reply; return what it cost in USD, None when unknown."""
        self._close(reservation)
        reply = _credible(reservation.request, reply)
        usd = self._cost(reservation, reply)
        unmetered = reply.tokens_in is None or reply.tokens_out is None
        spent = Usage(
            tokens_in=reply.tokens_in or 0, tokens_out=reply.tokens_out or 0, unmetered=int(unmetered), usd=usd
        )
        self._add(reservation.request.purpose, spent)
        return usd

    def refused(self, reservation: Reservation) -> None:
        """Book an attempt that the endpoint did not take: it counts as sent and costs nothing."""
        self._close(reservation)
        self._add(reservation.request.purpose, Usage(failed=1, usd=0.0))
        self._note_failure(reservation, 0.0)

    def lost(self, reservation: Reservation) -> float | None:
        """Book an attempt without an answer: it may have been charged, so its worst case is; return that."""
        self.cut_off(reservation)
        self._note_failure(reservation, reservation.worst)
        return reservation.worst

    def cut_off(self, reservation: Reservation) -> None:
        """Book an attempt that was broken off on this side: charged as if lost, and still in flight in the book."""
        self._close(reservation)
        self._add(reservation.request.purpose, Usage(failed=1, usd=reservation.worst))

    def hit(self, purpose: str) -> None:
        """Count a question that was answered from the run's own record."""
        self._add(purpose, Usage(cached=1, usd=0.0))

    def halt(self, error: MaspoError) -> None:
        """Refuse every further call with this error; calls in flight may finish."""
        self._halted = error
        self._gate.settled.set()

    def out_of_time(self) -> BudgetReached:
        """Close the ledger because the time cap has come; return the error to raise."""
        minutes = (self.limits.seconds or 0.0) / 60
        return self._refusal(f"--max-minutes {minutes:g}")

    async def _note(self, reservation: Reservation) -> None:
        if self._book is None:
            return
        try:
            await self._book.sent(reservation.request, reservation.worst)
        except BaseException:
            self.refused(reservation)  # it was not sent
            raise

    def _note_failure(self, reservation: Reservation, usd: float | None) -> None:
        if self._book is not None:
            self._book.failed(reservation.request, usd)

    def _fits(self, worst: float | None) -> bool:
        """Say whether a call may be sent now; False when a settlement may still make room.

        Raises:
            BudgetReached: it may not, now or later.
            MaspoError: the ledger was halted with it.

        """
        if self._halted is not None:
            raise self._halted
        if self.reached:
            raise self._refusal(self.reached)
        if self.remaining_seconds() <= 0:
            raise self.out_of_time()
        limits = self.limits
        if limits.calls is not None and self.calls + 1 > limits.calls - self._kept.calls:
            raise self._refusal(f"--max-calls {limits.calls}")
        if limits.usd is None:
            return True
        known = math.fsum(usage.usd or 0.0 for usage in self._spent.values())
        if known + self._reserved_usd + (worst or 0.0) <= limits.usd - self._kept.usd:
            return True
        if self.in_flight:
            return False
        raise self._refusal(f"--max-usd {limits.usd:g}")

    def _refusal(self, cap: str) -> BudgetReached:
        self.reached = cap
        self._gate.settled.set()
        return BudgetReached(
            f"{cap}: the next call could overshoot the cap after {self.calls} calls, {_money(self.usd)} and "
            f"{self.seconds:.0f} s; what is recorded is kept, raise the cap to go on"
        )

    def _worst_case(self, request: Request) -> float | None:
        tokens = sum(_bytes(message.content) + _TOKENS_PER_MESSAGE for message in request.messages)
        price = self.prices.price(request.model, tokens)
        if price is not None:
            return price.of(tokens, request.max_tokens)
        if self.limits.usd is not None:
            raise ConfigInvalid(f"--max-usd: no price is known for {request.model}; set models.prices")
        return None

    def _cost(self, reservation: Reservation, reply: Reply) -> float | None:
        if reply.usd is not None:
            return reply.usd
        if reply.tokens_in is None or reply.tokens_out is None:
            return reservation.worst
        price = self.prices.price(reservation.request.model, reply.tokens_in)
        return None if price is None else price.of(reply.tokens_in, reply.tokens_out)

    def _close(self, reservation: Reservation) -> None:
        self.in_flight -= 1
        # Sums of floats drift; with nothing in flight nothing is reserved.
        self._reserved_usd = self._reserved_usd - (reservation.worst or 0.0) if self.in_flight else 0.0
        self._gate.settled.set()

    def _add(self, purpose: str, spent: Usage) -> None:
        self._spent[purpose] = self._spent.get(purpose, Usage(usd=0.0)) + spent


def _credible(request: Request, reply: Reply) -> Reply:
    """Return the reply with figures that cannot be true made unknown: they must not free what was reserved."""
    if reply.usd is not None and not (math.isfinite(reply.usd) and reply.usd >= 0):
        return replace(reply, tokens_in=None, tokens_out=None, usd=None)
    asked = any(message.content for message in request.messages)
    return replace(
        reply,
        tokens_in=_count(reply.tokens_in, at_least=1 if asked else 0),
        tokens_out=_count(reply.tokens_out, at_least=1 if reply.text else 0),
    )


def _count(tokens: int | None, at_least: int) -> int | None:
    return tokens if tokens is not None and tokens >= at_least else None


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _money(usd: float | None) -> str:
    return "unknown cost" if usd is None else f"${usd:.4f}"
