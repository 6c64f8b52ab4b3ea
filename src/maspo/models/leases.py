"""A cap over many runs: each holds a lease of it and spends that by itself, so nobody asks for every call.

What is leased is charged until it is given back. So it does not matter what becomes of a holder: one that dies, or is
cut off, has been charged what it can have spent at most, and no clock decides anything. A run that goes on takes its
lease up again, since its record says what it has spent. Amounts are whole numbers, so that sums are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

NANO = 1_000_000_000
"""Parts of a US dollar in which budgets are counted: a token costs hundreds of them at least."""
_PARTS = 2000
"""A lease grows by so small a part of a cap: 64 that are lost together take 3 % of it with them at most."""
_HOLDERS = 64
"""Of what is left a lease takes so small a part: as if so many others wanted some of it."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in billionths of a US dollar, and calls."""

    nano: int = 0
    calls: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.nano + other.nano, self.calls + other.calls)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.nano - other.nano, self.calls - other.calls)

    def fits(self, into: Amount) -> bool:
        """Say whether another amount holds at least as much of both."""
        return self.nano <= into.nano and self.calls <= into.calls


@dataclass(frozen=True, slots=True)
class Cap:
    """What all runs of a budget may spend together; None is no cap."""

    nano: int | None = None
    calls: int | None = None

    def free(self, charged: Amount) -> Amount:
        """Return what is left, of what has no cap more than anybody asks for."""
        return Amount(
            _ENDLESS if self.nano is None else self.nano - charged.nano,
            _ENDLESS if self.calls is None else self.calls - charged.calls,
        )

    def share(self, charged: Amount) -> float:
        """Return the larger share that is charged, of money or of calls."""
        shares = [part / whole for part, whole in ((charged.nano, self.nano), (charged.calls, self.calls)) if whole]
        return max(shares, default=0.0)


_ENDLESS = 1 << 62


def growth(short: Amount, cap: Cap, charged: Amount) -> Amount | None:
    """Return what a lease grows by: what it is short of, or a small part of the cap; None where there is less.

    Towards the end the parts become smaller, so that the last of it is not held by somebody who does not need it.
    """
    free = cap.free(charged)
    if not short.fits(free):
        return None
    return Amount(
        max(short.nano, 0 if cap.nano is None else min(cap.nano // _PARTS, free.nano // _HOLDERS)),
        max(short.calls, 0 if cap.calls is None else min(cap.calls // _PARTS, free.calls // _HOLDERS)),
    )


@dataclass(frozen=True, slots=True)
class Lease:
    """What a run holds of a budget now, and how much of the budget is charged in all, as a share of its cap."""

    held: Amount
    cap: Cap
    share: float

    def short_of(self, needed: Amount) -> Amount:
        """Return what is missing of what is needed; of what has no cap nothing is."""
        nano = 0 if self.cap.nano is None else needed.nano - self.held.nano
        calls = 0 if self.cap.calls is None else needed.calls - self.held.calls
        return Amount(max(nano, 0), max(calls, 0))


class Pool(Protocol):
    """Where the leases of one run come from.

    ::

        pool.take_up(spent)     # once, before the first call: what it holds already, never less than it has spent
        pool.grow(short)        # by what is short at least; None where the budget has no more
        pool.give_back(spent)   # at the end: it holds what it has spent

    Raises (from every method):
        StoreError: it cannot be asked; what is held stays charged.

    """

    name: str

    async def take_up(self, spent: Amount) -> Lease:
        """Return what the run holds, after what it has spent is charged."""

    async def grow(self, short: Amount) -> Lease | None:
        """Return what the run holds with more of it; None where the budget has no more."""

    async def give_back(self, spent: Amount) -> None:
        """Charge what was spent, and free the rest."""


def to_nano(usd: float) -> int:
    """Return an amount of money as a whole number, rounded up."""
    return math.ceil(round(usd * NANO, 3))
