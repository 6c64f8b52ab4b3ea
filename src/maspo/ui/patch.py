"""What has changed from one document of a run to the next, so that a page is sent no more than that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from maspo.core.plain import Dumped


@dataclass(frozen=True, slots=True)
class Patch(Dumped):
    """How to make a document of the one before, field by field; fields that are not named stay as they are."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are another."""
    lists: Mapping[str, tuple[int, int, Sequence[Any]]] = field(default_factory=dict)
    """Of a list: how many items go at its beginning, how many of the next ones stay, and what follows them."""
    maps: Mapping[str, tuple[Mapping[str, Any], Sequence[str]]] = field(default_factory=dict)
    """Of an object: entries that are new or another, and the names of those that go."""


def patch_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> Patch:
    """Return what makes ``after`` of ``before``; both have the same fields."""
    fields, lists, maps = dict[str, Any](), dict[str, tuple[int, int, Sequence[Any]]](), dict[str, Any]()
    for name, new in after.items():
        old = before[name]
        if old == new:
            continue
        if isinstance(old, list) and isinstance(new, list) and (kept := _count_kept(old, new))[1]:
            lists[name] = (*kept, new[kept[1] :])
        elif isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
            found = {key: value for key, value in new.items() if key not in old or old[key] != value}
            maps[name] = (found, [key for key in old if key not in new])
        else:
            fields[name] = new
    return Patch(fields, lists, maps)


def _count_kept(old: Sequence[Any], new: Sequence[Any]) -> tuple[int, int]:
    """Return how many items go at the beginning of a list, and how many of the next ones stay."""
    if not new:
        return 0, 0
    # Lists that grow at their end may lose what is oldest, so it is looked for where the new one begins.
    begin = next((place for place, item in enumerate(old) if item == new[0]), len(old))
    count = 0
    for one, other in zip(old[begin:], new, strict=False):
        if one != other:
            break
        count += 1
    return begin, count
