"""How the run in a folder ended, and what a record says was spent: for programs over several runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maspo.core.plain_files import is_there
from maspo.core.usage import Usage, total
from maspo.events import BudgetStopped, RunFinished
from maspo.models.prices import PriceBook
from maspo.store.codec import RecordedResult
from maspo.store.run_store import RunStore
from maspo.study.afterwards import price_afterwards
from maspo.study.optimize import DATABASE
from maspo.study.record import open_for_reading


@dataclass(frozen=True, slots=True)
class Stand:
    """How far the run in a folder is: what it has spent, and how it ended if it has."""

    usage: Usage
    seconds: float = 0.0
    finished: RunFinished | None = None
    cap: str = ""
    """The cap that ended its search; empty if none did."""


def stand_of(folder: Path) -> Stand:
    """Return how far the run in a folder is, by one look at its record."""
    if not is_there(folder / DATABASE):
        return Stand(Usage(usd=0.0))
    with open_for_reading(folder / DATABASE) as store:
        return stand_in(store)


def stand_in(store: RunStore, prices: PriceBook | None = None) -> Stand:
    """Return how far a run is by its record; ``prices`` are those known by now."""
    told = [entry.item for entry in store.read_since() if not isinstance(entry.item, RecordedResult)]
    ends = [item for item in told if isinstance(item, RunFinished)]
    caps = [item.cap for item in told if isinstance(item, BudgetStopped)]
    return Stand(*spent(store, prices), ends[-1] if ends else None, caps[-1] if caps else "")


def end_of(folder: Path) -> RunFinished | None:
    """Return how the run in a folder ended; None when there is none, or it has not ended."""
    return stand_of(folder).finished


def spent_in(database: Path) -> tuple[Usage, float]:
    """Return what a record says was spent, and the seconds that it took."""
    if not is_there(database):
        return Usage(usd=0.0), 0.0
    with open_for_reading(database) as store:
        return spent(store, None)


def spent_by_now(database: Path) -> Usage:
    """Return what a record says was spent, for a panel: a look that verifies nothing, so that many cost little."""
    if not is_there(database):
        return Usage(usd=0.0)
    store = RunStore.read_on(database)
    try:
        return total(store.usage().values())
    finally:
        store.close_reader()


def spent(store: RunStore, prices: PriceBook | None) -> tuple[Usage, float]:
    """Return what a record says was spent, at the prices that are known by now, and the seconds that it took."""
    usage = store.usage() if prices is None else price_afterwards(store.usage(), store, prices)
    return total(usage.values()), float(store.meta().get("seconds", "0"))
