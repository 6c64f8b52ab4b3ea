"""Work that was never answered leaves nothing behind, so that the same command works once the endpoint does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from maspo.core.errors import ProviderError, UsageError
from maspo.store.run_store import RunStore

_BESIDE = ("-wal", "-shm", ".lock")


@contextmanager
def nothing_left_unless_answered(database: Path, *others: str) -> Iterator[None]:
    """Take back a new record and its folders when the block fails before any call was answered.

    ``others`` are files that the block writes beside the record. What was there before stays as it was.
    """
    out = database.parent
    is_new = not database.exists()
    folders = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        yield
    except (ProviderError, UsageError):
        if is_new and not _answered(database):
            for name in (database.name, *(database.name + suffix for suffix in _BESIDE), *others):
                with suppress(OSError):
                    (out / name).unlink()
            for folder in folders:
                with suppress(OSError):
                    folder.rmdir()
        raise


def _answered(database: Path) -> bool:
    if not database.exists():
        return False
    store = RunStore.read(database)
    try:
        return any(usage.calls > usage.failed for usage in store.usage().values())
    finally:
        store.close_reader()
