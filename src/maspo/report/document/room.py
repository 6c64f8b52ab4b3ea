"""How much of a run goes into a document: texts share rooms, and what does not fit says so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from maspo.core.plain import plain
from maspo.report.document.model import Document
from maspo.report.visible import clipped, visible

# What a default report holds: together with the page itself it stays below a megabyte.
MOST_TEXT = 3_000
"""Characters of an output or an input where it stands beside another: two screens."""
MOST_REASON = 300
"""Characters of a sentence that gives a reason."""
MOST_AGENTS = 400
"""A graph of more is no picture."""
MOST_CASES = 20
"""Misalignment cases and conflicts, the latest ones."""
MOST_NAMED = 12
"""Inputs of a conflict that are named: a line or two."""
MOST_LISTED = 60
"""Remarks, notes, lost calls: more are counted, not shown."""
_MARK = 60
"""Bytes of the note that a text was shortened."""
_LONGEST_NAME = 160
"""Characters of a name: of an agent, a model, a file. Longer ones are no names."""


def short(name: str) -> str:
    """Return a name made visible, and shortened where it is none."""
    return shorten(name, _LONGEST_NAME)


def shorten(text: str, most: int = MOST_REASON) -> str:
    """Return a text made visible, with at most so many characters."""
    return clipped(visible(text), most)


def fitted(document: Document, most: int, parts: Sequence[str]) -> Document:
    """Return a document of at most so many bytes: its largest part is halved until it fits, the latest of it stays.

    The counts beside the parts tell how many there were.
    """
    told = {one.name: plain(getattr(document, one.name)) for one in fields(document)}
    sizes = {name: _bytes(told[name]) for name in parts}
    rest = _bytes({name: value for name, value in told.items() if name not in sizes})
    kept = dict[str, Any]()
    while rest + sum(sizes.values()) > most:
        largest = max(parts, key=sizes.__getitem__)
        if len(told[largest]) <= 1:
            break
        told[largest] = _half(told[largest], largest)
        kept[largest] = _half(kept.get(largest, getattr(document, largest)), largest)
        sizes[largest] = _bytes(told[largest])
    return replace(document, **kept)


_FIRST_COUNTS = frozenset({"prompts", "traces", "inputs", "agents", "edges", "cases", "remarks"})
"""Parts of which the first are those that matter: what ends the search, what got worse, the order of the team."""


def _half(part: Any, name: str) -> Any:
    if isinstance(part, Mapping):
        return dict(list(part.items())[: len(part) // 2])
    return part[: len(part) // 2] if name in _FIRST_COUNTS else part[(len(part) + 1) // 2 :]


def _bytes(value: object) -> int:
    return _escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def size(text: str) -> int:
    """Return how many bytes a text takes in a page: as JSON in UTF-8, with every ``<`` escaped."""
    return _escaped(json.dumps(text, ensure_ascii=False))


def _escaped(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 5 * text.count("<")


@dataclass
class Room:
    """So many bytes for texts of one kind, first come, first served."""

    left: int

    def fit(self, text: str, most: int) -> str:
        """Return a text made visible, with at most about ``most`` characters, and what fits of it."""
        shown = shorten(text, most)
        if size(shown) > self.left:
            shown = clipped(shown, max(0, self.left - _MARK) // 2)
        self.left = max(0, self.left - size(shown))
        return shown

    def full(self) -> bool:
        """Say whether nothing more fits."""
        return self.left <= _MARK
