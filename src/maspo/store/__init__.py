"""The store: one SQLite file a run, with its journal, its calls and its traces."""

from maspo.store.codec import Entry, Item, RecordedResult, RunOfTeam, decode, encode
from maspo.store.comparisons import ComparedRuns, ComparisonLine
from maspo.store.files import write_whole
from maspo.store.run_store import CallMade, RunStore
from maspo.store.salvage import mend
from maspo.store.unpriced import Spent, Unpriced

__all__ = [
    "CallMade",
    "ComparedRuns",
    "ComparisonLine",
    "Entry",
    "Item",
    "RecordedResult",
    "RunOfTeam",
    "RunStore",
    "Spent",
    "Unpriced",
    "decode",
    "encode",
    "mend",
    "write_whole",
]
