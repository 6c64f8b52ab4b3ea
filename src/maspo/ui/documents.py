"""Documents of runs for the page: built when the record has changed, in a thread, once for all who look on."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from maspo.core.errors import StoreError
from maspo.report.folder import JOURNAL
from maspo.store.records import Stamp, is_worked_on, stamp_of
from maspo.study.decisions import DECISIONS

Build: TypeAlias = Callable[[Path], bytes]
"""Makes the document of a run folder, as JSON text."""

_REST: Final = 2.0
"""A document is built anew after twice the time that it took, so looking on takes a third of a core at most."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a run, and the tag that changes with it."""

    body: bytes
    tag: str


@dataclass(slots=True)
class _Kept:
    stamp: object = None
    document: Document | None = None
    next_at: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Documents:
    """The latest document of each run."""

    def __init__(self, build: Build, every: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what makes a document, and the seconds between two of the same run, at least."""
        self._build = build
        self._every = every
        self._clock = clock
        self._kept: dict[Path, _Kept] = {}

    async def of(self, folder: Path) -> Document:
        """Return the document of a run as it stands. While a large one changes fast, that takes a moment.

        Raises:
            MaspoError: the record cannot be read.

        """
        kept = self._kept.setdefault(folder, _Kept())
        async with kept.turn:
            if kept.document is None or state_of(folder) != kept.stamp:
                # Waited for, not left out: after the last change nobody would be told that there is something newer.
                await asyncio.sleep(max(0.0, kept.next_at - self._clock()))
                stamp, began = state_of(folder), self._clock()
                body = await asyncio.to_thread(self._build, folder)
                kept.document = Document(body, hashlib.sha256(body).hexdigest()[:32])
                kept.stamp = stamp
                ended = self._clock()
                kept.next_at = max(began + self._every, ended + _REST * (ended - began))
            return kept.document


def state_of(folder: Path) -> tuple[Stamp, bool, tuple[int, int] | None]:
    """Return what changes whenever a run, or what is decided about it, has changed."""
    record = folder / JOURNAL
    try:
        worked_on = is_worked_on(record)
    except (OSError, StoreError):
        worked_on = False
    try:
        found = (folder / DECISIONS).lstat()
    except OSError:
        return stamp_of(record), worked_on, None
    return stamp_of(record), worked_on, (found.st_size, found.st_mtime_ns)
