"""The store: one SQLite file a run, with its journal, its calls and its traces."""

from maspo.store.codec import Entry, Recorded, Told, decode, encode
from maspo.store.run_store import RunStore

__all__ = ["Entry", "Recorded", "RunStore", "Told", "decode", "encode"]
