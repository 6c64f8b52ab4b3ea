"""How near work is to its caps: half and four fifths of each are told, once. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from maspo.study.job import Progress

_MARKS = (0.5, 0.8)
"""Shares of a cap, or of a budget that runs share, that are told."""


def mark_reached(share: float) -> float:
    """Return the largest share that is told of those that a share reaches; 0 where it reaches none."""
    return max((mark for mark in _MARKS if share >= mark), default=0.0)


class NearCaps:
    """The caps of some work, and which share of each was told last."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def reached(self, progress: Progress) -> Iterator[tuple[str, float]]:
        """Yield each cap of which a share is used that was not told yet, and that share; the largest only."""
        caps = (
            ("--max-usd", progress.usd, progress.usd_cap),
            ("--max-calls", progress.calls, progress.calls_cap),
            ("--max-minutes", progress.seconds, progress.seconds_cap),
        )
        for cap, spent, most in caps:
            share = mark_reached(spent / most) if spent is not None and most else 0.0
            if share > self._told.get(cap, 0.0):
                self._told[cap] = share
                yield cap, share


def cap_line(cap: str, share: float) -> str:
    """Return in one line that a share of a cap is used."""
    return f"{100 * share:.0f}% of {cap} is used"
