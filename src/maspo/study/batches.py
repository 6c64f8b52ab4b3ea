"""Which inputs are begun together under a cap: it leaves out whole ones by their order, not those that take longest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from maspo.models.budget import Ledger

MOST_BEGUN: Final = 16
"""Inputs that are begun together under a cap, so that it leaves few of them half done."""
_DEARER: Final = 2
"""Times what inputs have cost on average that one may cost: chosen, since the money of an input is known afterwards."""


def batches(ledger: Ledger, inputs: Sequence[str], calls: int, most: int | None = None) -> Iterator[Sequence[str]]:
    """Yield inputs in their order, so many at a time as a cap lets end whole; ``calls`` is what one takes at most.

    Of many that are begun together a cap would cut those whose answers take longest, which are the hard ones. So when
    not all fit, fewer are begun, and at last one at a time: what is left out is the end of the order. Once a cap is
    reached nothing is paid any more, and what is recorded of the others is found. Where no cap is, all are begun at
    once, or ``most`` of them. Time is not foreseen: a cap on it may cut up to ``MOST_BEGUN`` that were under way.
    """
    widest = most or (MOST_BEGUN if ledger.is_capped else len(inputs))
    begin, paying, before = 0, 0, ledger.usd_left
    while begin < len(inputs):
        size = widest
        if not ledger.reached:
            paid = (before - ledger.usd_left) / paying if paying else 0.0
            fitting = min(ledger.calls_left / max(calls, 1), ledger.usd_left / (_DEARER * paid) if paid > 0 else size)
            size = max(1, int(min(size, fitting)))
        left = ledger.usd_left
        yield inputs[begin : begin + size]
        paying += size * (ledger.usd_left < left)  # what is recorded costs nothing, and tells nothing
        begin += size
