"""Documents for the page: built when the record has changed, in a thread, once for all who look on; then patches."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from maspo.core.plain import plain
from maspo.report.folder import JOURNAL
from maspo.report.wholes import OUTCOMES, WHOLES, records_of_whole
from maspo.store.records import Stamp, stamp_of
from maspo.study.decisions import DECISIONS, works
from maspo.ui.patch import patch_of
from maspo.ui.runs import WorkEntry

Build: TypeAlias = Callable[[WorkEntry], Mapping[str, Any]]
"""Makes a document, as plain data."""

_REST: Final = 1.0
"""A document is built anew after as long as it took, so looking on at a large run takes half of a core at most."""


_EARLIER: Final = 4
"""Documents before the latest that patches are made from: pages that are further behind are sent the whole."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a run, as data and as JSON text, and the tag that changes with it."""

    data: Mapping[str, Any]
    body: bytes
    tag: str


@dataclass(slots=True)
class _Kept:
    stamp: object = None
    document: Document | None = None
    earlier: OrderedDict[str, Document] = field(default_factory=OrderedDict)
    patches: dict[str, bytes] = field(default_factory=dict)
    """From an earlier document to the latest, by its tag."""
    began: float = -math.inf
    """When the latest document began to be made: it tells everything that was recorded before."""
    next_at: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Documents:
    """The latest document of each run."""

    def __init__(self, build: Build, every: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what makes a document, and the seconds between two of the same run, at least."""
        self._build = build
        self._every = every
        self._clock = clock
        self._kept: dict[WorkEntry, _Kept] = {}

    async def of(self, shown: WorkEntry) -> Document:
        """Return the document as it stands. While a large one changes fast, that takes a moment.

        Whoever asks while another waits for the next one is given the same: each build serves all who look on.

        Raises:
            MaspoError: the record cannot be read.

        """
        kept, asked = self._kept.setdefault(shown, _Kept()), self._clock()
        async with kept.turn:
            if kept.document is None or (kept.began <= asked and state_of(shown) != kept.stamp):
                # Waited for, not left out: after the last change nobody would be told that there is something newer.
                await asyncio.sleep(max(0.0, kept.next_at - self._clock()))
                stamp, began = state_of(shown), self._clock()
                found = await asyncio.to_thread(self._made, shown)
                ended = self._clock()
                # The first one reads all that there is; the next ones only what is new.
                rest = 0.0 if kept.document is None else _REST * (ended - began)
                if kept.document is not None and kept.document.tag != found.tag:
                    kept.earlier[kept.document.tag] = kept.document
                    while len(kept.earlier) > _EARLIER:
                        kept.earlier.popitem(last=False)
                    kept.patches.clear()
                kept.document, kept.stamp, kept.began = found, stamp, began
                kept.next_at = max(began + self._every, ended + rest)
            return kept.document

    def patch(self, shown: WorkEntry, since: str) -> bytes | None:
        """Return what makes the latest document of the one with a tag, as JSON text; None where that is not known."""
        kept = self._kept.get(shown)
        if kept is None or kept.document is None or since not in kept.earlier:
            return None
        if since not in kept.patches:
            kept.patches[since] = as_json({"patch": patch_of(kept.earlier[since].data, kept.document.data)})
        return kept.patches[since]

    def _made(self, shown: WorkEntry) -> Document:
        data = self._build(shown)
        body = as_json(data)
        return Document(data, body, hashlib.sha256(body).hexdigest()[:32])


def as_json(content: object) -> bytes:
    """Return content as JSON that every reader takes, lone surrogates too."""
    return json.dumps(plain(content), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def state_of(shown: WorkEntry) -> tuple[Stamp, bool, tuple[int, int] | None]:
    """Return what changes whenever a run, or what is decided about it, has changed; or the page of other work."""
    if shown.page:
        file = shown.folder / shown.page
        return (*stamp_of(file), *_stamps_of_parts(file)), shown.page in WHOLES and works(file), None
    record = shown.folder / JOURNAL
    worked_on = works(record)
    return stamp_of(record), worked_on, _written(shown.folder / DECISIONS)


def _stamps_of_parts(file: Path) -> Stamp:
    """Return what changes when a part of a whole is written."""
    if file.name not in WHOLES:
        return ()
    parts = tuple(one for record in records_of_whole(file) for one in stamp_of(record))
    return (*parts, *(_written(file.with_name(name)) for name in OUTCOMES))


def _written(file: Path) -> tuple[int, int] | None:
    try:
        found = file.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
