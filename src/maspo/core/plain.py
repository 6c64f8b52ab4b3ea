"""Plain data: frozen dataclasses as JSON knows them, for the record, for files and for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any, Final

FLAT: Final[Mapping[str, Any]] = {"flat": True}
"""Metadata of a field whose own fields stand in its place: ``field(metadata=FLAT)``; of None, nothing does."""


_AS_THEY_ARE: Final = frozenset({str, int, float, bool, type(None)})
"""What most fields hold; told first, since a run writes some hundred thousands of them."""
_IN_A_ROW: Final = frozenset({tuple, list})


def named(name: str) -> Mapping[str, Any]:
    """Return the metadata of a field whose name in JSON is one that Python keeps to itself, such as ``in``."""
    return {"name": name}


def plain(value: object) -> Any:
    """Return a value as JSON knows it: dataclasses and mappings as objects in their order, tuples and lists as arrays.

    Nothing is converted beyond that, so numbers and texts, lone surrogates too, are written by the ``json`` module
    exactly as they are. (Pydantic only reads here: it would refuse some mappings and texts.)
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    # The builtin kinds first: whether one of them is a dataclass or a ``Mapping`` takes longer to ask than to convert.
    if kind is dict:
        return {name: plain(inner) for name, inner in value.items()}  # type: ignore[attr-defined]
    if kind in _IN_A_ROW:
        return [plain(inner) for inner in value]  # type: ignore[attr-defined]
    if is_dataclass(value) and not isinstance(value, type):
        found: dict[str, Any] = {}
        for attribute, name, merged in _fields_of(type(value)):
            inner = getattr(value, attribute)
            if type(inner) in _AS_THEY_ARE and not merged:
                found[name] = inner
            elif not merged:
                found[name] = plain(inner)
            elif inner is not None:
                found.update(plain(inner))
        return found
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    return value


@cache
def _fields_of(kind: type) -> tuple[tuple[str, str, bool], ...]:
    """Return for each field of a dataclass its attribute, its name in JSON, and whether its own fields replace it."""

    def described(one: Field[Any]) -> tuple[str, str, bool]:
        return one.name, one.metadata.get("name", one.name), one.metadata.get("flat", False)

    return tuple(described(one) for one in fields(kind))


class Dumped:
    """A group of figures for files and scripts: a frozen dataclass that dumps itself, field by field in its order."""

    __slots__ = ()

    def dump(self) -> dict[str, Any]:
        """Return the figures as ``json.dumps`` takes them."""
        found: dict[str, Any] = plain(self)
        return found
