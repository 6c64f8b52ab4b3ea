"""How the run in a folder ended, and what a record says was spent: for programs over several runs."""

from __future__ import annotations

from pathlib import Path

from maspo.core.plain_files import is_there
from maspo.core.usage import Usage, total
from maspo.events import BudgetStopped, Event, RunFinished
from maspo.models.prices import PriceBook
from maspo.store.codec import RecordedResult
from maspo.study.afterwards import price_afterwards
from maspo.study.optimize import DATABASE
from maspo.study.record import open_for_reading


def end_of(folder: Path) -> RunFinished | None:
    """Return how the run in a folder ended; None when there is none, or it has not ended."""
    ends = [item for item in _told(folder) if isinstance(item, RunFinished)]
    return ends[-1] if ends else None


def cap_met(folder: Path) -> str:
    """Return the cap that ended the search of the run in a folder; empty if none did."""
    caps = [item.cap for item in _told(folder) if isinstance(item, BudgetStopped)]
    return caps[-1] if caps else ""


def _told(folder: Path) -> list[Event]:
    if not is_there(folder / DATABASE):
        return []
    with open_for_reading(folder / DATABASE) as store:
        return [entry.item for entry in store.read_since() if not isinstance(entry.item, RecordedResult)]


def spent_in(database: Path, prices: PriceBook | None = None) -> tuple[Usage, float]:
    """Return what a record says was spent, and the seconds that it took; ``prices`` are those known by now."""
    if not is_there(database):
        return Usage(usd=0.0), 0.0
    with open_for_reading(database) as store:
        usage = store.usage() if prices is None else price_afterwards(store.usage(), store, prices)
        return total(usage.values()), float(store.meta().get("seconds", "0"))
