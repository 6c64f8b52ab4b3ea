"""The ledger: what calls cost, by purpose, and the hard caps that the next call must fit under."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from maspo.core.errors import BudgetReached, ConfigInvalid, MaspoError, ProviderError
from maspo.core.usage import Tally, Usage
from maspo.models.base import LONGEST_TOKEN, PROBE, Reply, Request, offers_size, size_of_text
from maspo.models.leases import Amount, Lease, Pool, to_nano
from maspo.models.prices import PriceBook
from maspo.models.tempo import Tempo

_TOKENS_PER_MESSAGE = 64
"""Upper bound of what a chat template adds to each message."""
_ROOM = 1.5
"""How much more than the excess of the dearest reply so far is reserved for the next: thinking varies from question to
question, and half as much again leaves room for most. A reply beyond that raises the reserve again."""
_DOUBT = 0.001
"""Chance that a reply costs more than what is reserved for it, once its model does not keep to its limit: of n excesses
that are drawn evenly up to some end, that end is above the largest times this to the power -1/n with this chance at
most. Ten times the largest of three, twice that of ten."""
_FARTHEST = 64
"""Times its limit that a reply is taken to be at most, until one is longer: 131,072 tokens at a limit of 2,048, as long
as hosted models write."""
_ONCE_ABOVE = 1 / 25
"""Share of a cap in money that each call of a model is reserved at, at least, once one has cost more than it should:
how much the next will is not known, and this leaves 96 % of the cap to be used."""
_MORE_A_REPLY = 4
"""Calls more that a model may have in flight under a cap in money for each reply that kept to its limit: the first goes
alone, and a few rounds later as many go as an endpoint bears."""
_MOST_OF_A_TOKEN = 128
"""Bytes of a text that one token stands for, at most: the longest ones of large vocabularies are rows of blanks or of
one sign. Fewer tokens than that are no true figure."""
_EQUAL = 1e-9
"""Sums of floats differ by less; a reply above its reserve by more has cost more."""
_NOTHING = Usage(usd=0.0)
BROKEN = Usage(failed=1, usd=0.0, broken=1)
SILENT = Usage(failed=1, usd=0.0, silent=1)
DECLINED = Usage(failed=1, usd=0.0)
"""Replies that are settled, and no answers."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard caps over all purposes together; None is no cap.

    ``calls`` are those that may have cost something: not attempts that the endpoint refused. ``seconds`` is time of
    work, not of pauses.
    """

    calls: int | None = None
    usd: float | None = None
    seconds: float | None = None


class AttemptBook(Protocol):
    """Where attempts are noted before they are sent, so that a killed process leaves no call that nobody knows of.

    The record of a reply takes the note of its call back.
    """

    async def sent(self, request: Request, usd: float | None) -> None:
        """Note a call that is about to be sent, and its highest cost; on return the note is durable."""

    def failed(self, request: Request, usd: float | None) -> None:
        """Note that the call sent last brings no reply, and what it is charged at."""


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """A call that may be sent: settle, refuse, lose or cut it off, once.

    ``worst`` is its highest cost in USD where the endpoint keeps to the limit of tokens.
    """

    request: Request
    worst: float | None
    began: float = 0.0
    """When it was made, by the ledger's clock."""


class Ledger:
    """The one book of a run: reserve before sending, settle after.

    ``spent`` and ``elapsed`` (seconds) are what earlier processes of the same run used; ``book`` is where the next
    one will find what this one sent; ``pool`` is where leases of a cap over many runs come from. A call counts when it
    is sent, each attempt anew, and no longer once the endpoint has refused it: a busy endpoint must not use up a cap
    with 429s. Money is reserved at its worst case: one token per UTF-8 byte of the prompt plus ``max_tokens``. A call
    whose cost the endpoint does not tell, or tells as it cannot be, is charged that worst case.

    Some endpoints do not keep to ``max_tokens``. So under a cap in money the first call of a model goes alone, and each
    reply within its limit lets some more go side by side. After a reply that cost more than its worst case each call of
    its model, those in flight too, reserves as much more as the excesses so far let expect of the largest, and a part
    of the cap at least; the next goes alone. So a cap is overshot only by calls that were in flight when nothing had
    told yet that the model does not keep to its limit.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        prices: PriceBook | None = None,
        spent: Mapping[str, Usage] | None = None,
        elapsed: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        book: AttemptBook | None = None,
        pool: Pool | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.prices = prices or PriceBook()
        self.in_flight = 0
        self.reached = ""
        """The cap that was reached, such as ``--max-calls 500``; empty while there is none."""
        self._spent = {
            purpose: Tally(usage if usage.calls else replace(usage, usd=0.0))
            for purpose, usage in (spent or {}).items()
        }
        """By purpose; ``usd`` is None once a cost was unknown."""
        self._afterwards = math.fsum(self._figures("usd_afterwards"))
        """USD of calls that had no price when they were made: told, and under no cap, which hold for what is ahead."""
        self._reserved_usd = 0.0
        self._flights: Counter[str] = Counter()
        """Calls in flight, by model."""
        self._excess: dict[str, float] = {}
        """USD that a call of a model is charged above its worst case where nobody tells, since one has cost more."""
        self._above: Counter[str] = Counter()
        """Replies of a model that cost more than their worst case."""
        self._limit: dict[str, float] = {}
        """The highest worst case of these, in USD."""
        self._kept_to: Counter[str] = Counter()
        """Replies of a model, since the last that cost more than what was reserved."""
        self._kept_calls, self._kept_usd, self._kept_seconds = 0, 0.0, 0.0
        self.tempo = Tempo()
        """How fast this process is answered."""
        self._book = book
        self._pool = pool
        self._lease: Lease | None = None
        """What is held of a budget that other runs spend from, too."""
        self._clock = clock
        self._began = clock() - elapsed
        # Reservations pass one by one, first come first served; the first waits for a settlement.
        self._turn = asyncio.Lock()
        self._settled = asyncio.Event()
        self._halted: MaspoError | None = None
        self._paused_at: float | None = None
        if self.limits.usd is not None and self.usd is None:
            raise ConfigInvalid(
                "--max-usd: calls that this run made before have no known cost: their model has no price, or no tokens "
                "were reported; add the price under models.prices, or use --max-calls instead"
            )

    @property
    def calls(self) -> int:
        """Calls sent so far that count, those in flight included and refused attempts not."""
        return sum([tally.told["calls"] - tally.told["refused"] for tally in self._spent.values()])

    @property
    def usd(self) -> float | None:
        """Money charged so far; None when a part of it is unknown."""
        charged = self._figures("usd")
        known = [usd for usd in charged if usd is not None]
        return math.fsum(known) if len(known) == len(charged) else None

    @property
    def seconds(self) -> float:
        """Seconds that the run has worked, in this and earlier processes; a pause is no work."""
        return (self._clock() if self._paused_at is None else self._paused_at) - self._began

    @property
    def is_capped(self) -> bool:
        """Whether anything ends the calls but the work itself: a cap of this run, or of many."""
        return self.limits != Limits() or self._pool is not None

    @property
    def calls_left(self) -> float:
        """Calls that the cap on them leaves, beside what is kept back; infinite without one."""
        return math.inf if self.limits.calls is None else self.limits.calls - self._kept_calls - self.calls

    @property
    def usd_left(self) -> float:
        """Money that the cap on it leaves, beside what is kept back; infinite without one."""
        return math.inf if self.limits.usd is None else self.limits.usd - self._kept_usd - self._capped_usd()

    def usage(self) -> dict[str, Usage]:
        """Return what was used, by purpose."""
        return {purpose: tally.usage for purpose, tally in self._spent.items()}

    def keep_back(self, calls: int = 0, usd: float = 0.0, seconds: float = 0.0) -> None:
        """Set aside part of the caps for the hold-out test, until ``release``."""
        self._kept_calls, self._kept_usd, self._kept_seconds = calls, usd, seconds

    def kept_of(self, cap: str) -> str:
        """Return what is kept back of a cap for the hold-out test, in words; empty where nothing is."""
        if cap.startswith("--max-calls") and self._kept_calls:
            return f"{self._kept_calls:,} calls"
        if cap.startswith("--max-usd") and self._kept_usd:
            return f"${self._kept_usd:.2f}"
        if cap.startswith("--max-minutes") and self._kept_seconds:
            return f"{self._kept_seconds / 60:.1f} minutes"
        return ""

    def release(self) -> None:
        """Free what was kept back, and let calls be reserved again if they fit now."""
        self.keep_back()
        self.reached = ""

    def remaining_seconds(self) -> float:
        """Return the seconds until the time cap, less what is kept back; infinite without a cap."""
        if self.limits.seconds is None:
            return math.inf
        return max(0.0, self.limits.seconds - self._kept_seconds - self.seconds)

    async def reserve(self, request: Request) -> Reservation:
        """Wait until a call fits under every cap, count it as sent and note it in the book.

        A call that does not fit now, but might once a call in flight has cost less than its worst case, waits.

        Raises:
            BudgetReached: it does not fit. From then on every call is refused, until ``release``.
            ConfigInvalid: a cap in money and a model without a price.

        """
        tokens = _most_read(request)
        price = self.prices.price(request.model, tokens, request.endpoint)
        if price is None and self.limits.usd is not None:
            raise ConfigInvalid(f"--max-usd: no price is known for {request.model}; set models.prices")
        worst = None if price is None else price.with_storing_at(request.storing).most(tokens, request.max_tokens)
        async with self._turn:
            while not (self._fits(request.model, worst) and await self._is_leased(request.model, worst)):
                self._settled.clear()
                await self._settled.wait()
            self._of(request.purpose).add(calls=1)
            self.in_flight += 1
            self._flights[request.model] += 1
            self._reserved_usd += worst or 0.0
        reservation = Reservation(request, worst, self._clock())
        if self._book is not None:
            try:
                await self._book.sent(request, self._highest(reservation))
            except BaseException:
                self.book_refusal(reservation)  # it was not sent
                raise
        return reservation

    def settle(self, reservation: Reservation, reply: Reply) -> float | None:
        """Book a reply; return what it cost in USD, None when unknown.

        Figures that cannot be true count as unknown: they must not free what was reserved.
        """
        self._close(reservation)
        request, usd, now = reservation.request, reply.usd, self._clock()
        self.tempo.note(request.purpose, now - reservation.began, now)
        tokens_in, tokens_out = reply.tokens_in, reply.tokens_out
        if usd is not None and not (math.isfinite(usd) and usd >= 0):
            usd = tokens_in = tokens_out = None
        if tokens_in is not None and tokens_in < 1 and tokens_in < any(one.content for one in request.messages):
            tokens_in = None
        if tokens_out is not None and tokens_out * _MOST_OF_A_TOKEN < size_of_text(reply.text):
            tokens_out = None
        if usd is None:
            usd = self._price(reservation, tokens_in, tokens_out, reply)
        else:
            self._learn(reservation, usd)
        unmetered = int(tokens_in is None or tokens_out is None)
        cut = int(reply.truncated and reply.answers)
        cached, thought = min(reply.tokens_cached, tokens_in or 0), min(reply.tokens_thought, tokens_out or 0)
        untold = int(bool(reply.thoughts) and not thought)
        self._of(request.purpose).add(
            tokens_in=tokens_in or 0,
            tokens_out=tokens_out or 0,
            unmetered=unmetered,
            usd=usd,
            cut=cut,
            tokens_cached=cached,
            tokens_thought=thought,
            thoughts_untold=untold,
        )
        return usd

    def _price(self, reservation: Reservation, read: int | None, written: int | None, reply: Reply) -> float | None:
        """Return what a reply is charged: as its tokens say; where a part is unknown, the worst case or more."""
        request = reservation.request
        tokens_in = _most_read(request) if read is None else read
        price = self.prices.price(request.model, tokens_in, request.endpoint)
        if price is None:
            return reservation.worst
        cached = min(max(reply.tokens_cached, 0), read or 0)
        stored = min(max(reply.tokens_stored, 0), (read or 0) - cached)
        tokens_out = _most_written(request, reply) if written is None else written
        usd = price.with_storing_at(max(request.storing, reply.storing)).of(tokens_in, tokens_out, cached, stored)
        highest = self._highest(reservation) or 0.0
        self._learn(reservation, usd)
        return usd if read is not None and written is not None else max(usd, highest)

    def _learn(self, reservation: Reservation, usd: float) -> None:
        """Raise the reserve of a model whose reply cost more than it should have been able to."""
        model = reservation.request.model
        above = 0.0 if reservation.worst is None else usd - reservation.worst * (1 + _EQUAL)
        if above > self._excess.get(model, 0.0):
            self._kept_to[model] = 0
        elif reservation.request.purpose != PROBE:
            self._kept_to[model] += 1
        if reservation.worst is not None and above > 0:
            self._excess[model] = max(self._excess.get(model, 0.0), (usd - reservation.worst) * _ROOM)
            self._above[model] += 1
            self._limit[model] = max(self._limit.get(model, 0.0), reservation.worst)

    def _highest(self, reservation: Reservation) -> float | None:
        """Return what a call costs at most, as far as is known by now; None without a price."""
        worst = reservation.worst
        return None if worst is None else worst + self._excess.get(reservation.request.model, 0.0)

    def _more(self, model: str) -> float:
        """Return the USD that are reserved for a call of a model above its worst case, under a cap in money."""
        if model not in self._excess:
            return 0.0
        largest = self._excess[model] / _ROOM
        most = min(largest * math.pow(_DOUBT, -1 / self._above[model]), _FARTHEST * self._limit[model])
        return max(self._excess[model], most, _ONCE_ABOVE * (self.limits.usd or 0.0))

    def check_unlimited(self, model: str) -> None:
        """Check that a model may be used which takes no limit of tokens.

        Raises:
            ProviderError: money is capped; says what else can be done.

        """
        if not self._caps_money:
            return
        if self.limits.usd is not None:
            cap, instead = f"--max-usd {self.limits.usd:g}", "--max-calls instead of --max-usd"
        else:
            cap, instead = f"--budget {self._pool.name if self._pool else ''}", "a budget that caps calls"
        raise ProviderError(
            f"{model}: the endpoint takes no limit of tokens (it refuses max_tokens and max_completion_tokens), so "
            f"{cap} cannot be held; use another model, or {instead}"
        )

    def book_refusal(self, reservation: Reservation) -> None:
        """Book an attempt that the endpoint did not take: it costs nothing, and no cap counts it."""
        self._close(reservation)
        self._of(reservation.request.purpose).add(failed=1, refused=1)
        if self._book is not None:
            self._book.failed(reservation.request, 0.0)

    def book_loss(self, reservation: Reservation) -> float | None:
        """Book an attempt without an answer: it may have been charged, so its worst case is; return that."""
        self.cut_off(reservation)
        if self._book is not None:
            self._book.failed(reservation.request, self._highest(reservation))
        return self._highest(reservation)

    def book_unused(self, request: Request, usd: float | None, why: Usage) -> None:
        """Book that a reply, settled already, is not used: paid for, a failed attempt, and no longer in flight.

        ``why`` is ``BROKEN``, ``SILENT`` or ``DECLINED``.
        """
        self._of(request.purpose).add(failed=why.failed, broken=why.broken, silent=why.silent)
        if self._book is not None:
            self._book.failed(request, usd)

    def cut_off(self, reservation: Reservation) -> None:
        """Book an attempt that was broken off on this side: charged as if lost, and still in flight in the book."""
        self._close(reservation)
        self._of(reservation.request.purpose).add(usd=self._highest(reservation), failed=1, lost=1)

    def count_cached(self, purpose: str) -> None:
        """Count a question that was answered from the run's own record."""
        self._of(purpose).add(cached=1)

    def halt(self, error: MaspoError) -> None:
        """Refuse every further call with this error; calls in flight may finish."""
        self._halted = error
        self._settled.set()

    def pause(self) -> None:
        """Send no further call until ``go_on``; calls in flight may finish."""
        if self._paused_at is None:
            self._paused_at = self._clock()

    def go_on(self) -> None:
        """Send calls again."""
        if self._paused_at is not None:
            self._began += self._clock() - self._paused_at
            self._paused_at = None
        self.look_again()

    @property
    def paused(self) -> bool:
        """Whether a person has paused the run."""
        return self._paused_at is not None

    def look_again(self) -> None:
        """Let calls that wait see whether they fit now, because a limit has changed."""
        self._settled.set()

    def out_of_time(self) -> BudgetReached:
        """Close the ledger because the time cap has come; return the error to raise."""
        minutes = (self.limits.seconds or 0.0) / 60
        return self._refusal(f"--max-minutes {minutes:g}")

    def _fits(self, model: str, worst: float | None) -> bool:
        """Say whether a call of a model may be sent now; False when a settlement may still make room.

        Raises:
            BudgetReached: it may not, now or later.
            MaspoError: the ledger was halted with it.

        """
        if self._halted is not None:
            raise self._halted
        if self.paused:
            return False
        if self.reached:
            raise self._refusal(self.reached)
        if self.remaining_seconds() <= 0:
            raise self.out_of_time()
        limits = self.limits
        if limits.calls is not None and self.calls + 1 > limits.calls - self._kept_calls:
            if self.in_flight:
                return False  # One of them may yet be refused, and then counts no longer.
            raise self._refusal(f"--max-calls {limits.calls}")
        if self._caps_money and self._flights[model] > _MORE_A_REPLY * self._kept_to[model]:
            return False  # How this model keeps to its limit will be known when one of these has ended.
        if limits.usd is None:
            return True
        if self._capped_usd() + self._needed(model, worst) <= limits.usd - self._kept_usd:
            return True
        if self.in_flight:
            return False
        raise self._refusal(f"--max-usd {limits.usd:g}")

    async def _is_leased(self, model: str, worst: float | None) -> bool:
        """Say whether what is held of a shared budget covers a call now, beside what is kept back; lease more if not.

        False when a settlement may still make room.

        Raises:
            BudgetReached: the budget has no more.
            ConfigInvalid: it caps money, and the model has no price.

        """
        if self._pool is None:
            return True
        if self._lease is None:
            self._lease = await self._pool.take_up(self._charged())
        if worst is None and self._lease.cap.nano is not None:
            raise ConfigInvalid(f"--budget {self._pool.name}: no price is known for {model}; set models.prices")
        usd = self._needed(model, worst) + self._kept_usd
        needed = self._charged() + Amount(to_nano(usd), 1 + self._kept_calls)
        short = self._lease.short_of(needed)
        if short == Amount():
            return True
        grown = await self._pool.grow(short)
        if grown is not None:
            self._lease = grown
            # Others were settled meanwhile, and a limit may have changed.
            return self._fits(model, worst)
        if self.in_flight:
            return False
        raise self._refusal(f"--budget {self._pool.name}")

    @property
    def _caps_money(self) -> bool:
        """Whether money has a cap, of this run or of many; of a budget that is known once something is leased."""
        return self.limits.usd is not None or (self._lease is not None and self._lease.cap.nano is not None)

    def _needed(self, model: str, worst: float | None) -> float:
        """Return the money that calls in flight may cost, and one more of a model."""
        more = math.fsum(self._flights[one] * self._more(one) for one in self._excess)
        return self._reserved_usd + more + (worst or 0.0) + self._more(model)

    def _charged(self) -> Amount:
        """Return what the run is charged so far, calls in flight counted and their money not."""
        return Amount(to_nano(max(self._capped_usd(), 0.0)), self.calls)

    def _capped_usd(self) -> float:
        """Return the money charged that caps hold for: all but what was priced afterwards."""
        return math.fsum([usd or 0.0 for usd in self._figures("usd")]) - self._afterwards

    def _reserved(self) -> float:
        """Return the money that calls in flight may cost."""
        return self._reserved_usd + math.fsum(self._flights[one] * usd for one, usd in self._excess.items())

    @property
    def share_of_budget(self) -> float:
        """The share of a shared budget that was charged, of all runs together, when this one last leased; else 0."""
        return self._lease.share if self._lease else 0.0

    @property
    def leased(self) -> Amount | None:
        """What is held of a shared budget, spent or not; None where nothing is."""
        return self._lease.held if self._lease else None

    async def give_back(self) -> None:
        """Give back what is held of a shared budget and not spent, at the end of the work."""
        if self._pool is not None and self._lease is not None:
            self._lease = None
            await self._pool.give_back(self._charged() + Amount(to_nano(self._reserved())))

    def _refusal(self, cap: str) -> BudgetReached:
        """Close the ledger because of a cap; return the error to raise."""
        self.reached = cap
        self._settled.set()
        usd = self.usd
        money = "unknown cost" if usd is None else f"${usd:.4f}"
        kept = f", and {kept} are kept back for the final test" if (kept := self.kept_of(cap)) else ""
        return BudgetReached(
            f"{cap}: the next call could overshoot the cap after {self.calls} calls, {money} and "
            f"{self.seconds:.0f} s{kept}; what is recorded is kept, raise the cap to go on"
        )

    def _close(self, reservation: Reservation) -> None:
        self.in_flight -= 1
        self._flights[reservation.request.model] -= 1
        # Sums of floats drift; with nothing in flight nothing is reserved.
        self._reserved_usd = self._reserved_usd - (reservation.worst or 0.0) if self.in_flight else 0.0
        self._settled.set()

    def _of(self, purpose: str) -> Tally:
        """Return the figures of a purpose."""
        tally = self._spent.get(purpose)
        if tally is None:
            tally = self._spent[purpose] = Tally(_NOTHING)
        return tally

    def _figures(self, name: str) -> list[Any]:
        """Return one of the figures, of each purpose."""
        return [tally.told[name] for tally in self._spent.values()]


def _most_read(request: Request) -> int:
    """Return the tokens that a request has at most: one a byte, and what a template adds to each message."""
    tokens = _TOKENS_PER_MESSAGE * len(request.tools) + offers_size(request) if request.tools else 0
    for message in request.messages:
        tokens += size_of_text(message.sent) + _TOKENS_PER_MESSAGE
    return tokens


def _most_written(request: Request, reply: Reply) -> int:
    """Return the most tokens of a reply whose endpoint tells none: its limit; of a text surely beyond it, its bytes."""
    size = size_of_text(reply.text) + size_of_text(reply.thoughts)
    return size if size > LONGEST_TOKEN * request.max_tokens else request.max_tokens
