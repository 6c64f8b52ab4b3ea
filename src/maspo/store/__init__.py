"""The store: one SQLite file a run, with its journal, its calls and its traces."""

from maspo.store.codec import Entry, Recorded, Told, decode, encode
from maspo.store.files import write_whole
from maspo.store.run_store import RunStore
from maspo.store.salvage import mend

__all__ = ["Entry", "Recorded", "RunStore", "Told", "decode", "encode", "mend", "write_whole"]
