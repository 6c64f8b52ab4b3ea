"""The store: one SQLite file a run, with its journal, its calls and its traces.

- One run: ``run_store``: its journal (``codec``), its calls (``attempts``, ``unpriced``), its ``traces`` and
  ``comparisons``; ``writer`` commits for many tasks
- Where it lies: ``database`` is the port, ``tables`` what it holds: in a file (``sqlite``, ``schema``, ``locks``,
  ``looking``, ``migrate``) or in a store (``postgres``, ``address``, ``budgets``); ``records`` is the same for both
- When it is damaged: ``salvage``, ``pages``
- Of this user: ``state``, ``looks``
- Beside it: ``files``
"""

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
