"""Plain values as JSON data, and back: what may cross from the untrusted process to its examiner.

A value arrives as an exact built-in type (or a few value types of the standard library), whatever class it had: a
subclass with its own idea of equality is left behind. An object that is no plain value stays where it is, and only a
number for it crosses.
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Protocol

Data = Any
"""What ``json`` reads and writes."""
_SMALL: Final = 2**63
"""Integers below it have few digits; Python refuses to read decimal ones of more than 4300."""


class Objects(Protocol):
    """Numbers for the objects that stay on their side."""

    def keep(self, value: object) -> Data:
        """Return data that stands for an object of this side."""

    def find(self, data: Data) -> object:
        """Return the object, or a stand-in for one of the other side. Raises ValueError for data without sense."""


def encode(value: object, objects: Objects) -> Data:
    """Return a value as data for ``json``. Raises RecursionError for a value that holds itself."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, int) and kind is int:  # a large one in hexadecimal digits, of which any number can be read
        return value if -_SMALL < value < _SMALL else ["int", hex(value)]
    if kind in _WRITERS:
        return _WRITERS[kind](value, objects)
    for base in _INHERITED:
        if isinstance(value, base):
            return encode(_strip(base, value), objects)
    array = _of_numpy(value)
    if array is not None:
        return encode(array, objects) if not isinstance(array, list) else array
    by_name = next((["type", kind.__name__] for kind in _TYPES if kind is value), None)
    return by_name or objects.keep(value)


def _of_numpy(value: Any) -> Any:
    """Return a number of numpy as a plain one, an array as its type and its items; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.generic):
        plain = value.item()
        return plain if type(plain) in (bool, int, float, complex, str) else None
    if isinstance(value, numpy.ndarray) and _ARRAY_TYPE.fullmatch(value.dtype.str):
        return ["ndarray", value.dtype.str, value.tolist()]
    return None


def _array(rest: list[Any], _: Objects) -> Any:
    """Return an array of this side; the other side chose its items, and of its type only the kind and the size."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not _ARRAY_TYPE.fullmatch(str(rest[0])):
        raise ValueError("no array is known here")
    return numpy.array(rest[1], dtype=str(rest[0]))


_ARRAY_TYPE: Final = re.compile(r"[<>|=](?:b1|[iu][1248]|f[248]|U\d{1,3})")
"""Types of arrays whose items JSON can hold."""


def decode(data: Data, objects: Objects) -> Any:
    """Return the value that the data stand for. Raises ValueError (or a kin) for data without sense."""
    if not isinstance(data, list):
        if data is None or isinstance(data, bool | int | float | str):
            return data
        raise ValueError("not the data of a value")
    tag, *rest = data
    reader = _READERS.get(tag)
    return objects.find(data) if reader is None else reader(rest, objects)


def dumps(data: Data) -> bytes:
    """Return data as bytes; lone surrogates are escaped, so that any text can cross."""
    return json.dumps(data, separators=(",", ":")).encode("ascii")


def loads(raw: bytes) -> Data:
    """Return the data of bytes. Raises ValueError, or RecursionError for nesting without end."""
    return json.loads(raw)


def refresh(old: object, new: object) -> None:
    """Make a container, in place, what the other side made of its copy; both have the same type."""
    if type(old) is not type(new):
        return
    if isinstance(old, list | deque) and isinstance(new, list | deque):
        kept = [_merged(one, other) for one, other in zip(old, new, strict=False)]
        items = [*kept, *list(new)[len(kept) :]]
        old.clear()
        old.extend(items)
    elif isinstance(old, dict) and isinstance(new, dict):
        merged = {key: _merged(old[key], value) if key in old else value for key, value in new.items()}
        old.clear()
        old.update(merged)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray) and isinstance(new, bytearray):
        old[:] = new
    elif isinstance(old, tuple) and isinstance(new, tuple):
        for one, other in zip(old, new, strict=False):
            refresh(one, other)


def _merged(old: object, new: object) -> object:
    """Return the old object when it can be made the new one, so that other references to it see the change."""
    if type(old) is type(new) and isinstance(old, list | dict | set | bytearray | deque):
        refresh(old, new)
        return old
    return new


_PLAIN: Final = frozenset({type(None), bool, float, str})
_Writer = Callable[[Any, Objects], Data]
_Reader = Callable[[list[Any], Objects], Any]


def _sequence(tag: str) -> _Writer:
    return lambda value, objects: [tag, *(encode(item, objects) for item in value)]


def _mapping(tag: str) -> _Writer:
    return lambda value, objects: [tag, *([encode(k, objects), encode(v, objects)] for k, v in value.items())]


def _items(rest: list[Any], objects: Objects) -> list[Any]:
    return [decode(item, objects) for item in rest]


def _pairs(rest: list[Any], objects: Objects) -> list[tuple[Any, Any]]:
    return [(decode(key, objects), decode(value, objects)) for key, value in rest]


_WRITERS: Final[dict[type, _Writer]] = {
    list: _sequence("list"),
    tuple: _sequence("tuple"),
    set: _sequence("set"),
    frozenset: _sequence("frozenset"),
    deque: _sequence("deque"),
    dict: _mapping("dict"),
    OrderedDict: _mapping("OrderedDict"),
    Counter: _mapping("Counter"),
    complex: lambda value, _: ["complex", value.real, value.imag],
    bytes: lambda value, _: ["bytes", value.decode("latin-1")],
    bytearray: lambda value, _: ["bytearray", value.decode("latin-1")],
    range: lambda value, objects: ["range", *(encode(n, objects) for n in (value.start, value.stop, value.step))],
    Decimal: lambda value, _: ["Decimal", str(value)],
    Fraction: lambda value, objects: ["Fraction", encode(value.numerator, objects), encode(value.denominator, objects)],
    datetime.datetime: lambda value, _: ["datetime", value.isoformat()],
    datetime.date: lambda value, _: ["date", value.isoformat()],
    datetime.time: lambda value, _: ["time", value.isoformat()],
    datetime.timedelta: lambda value, _: ["timedelta", value.days, value.seconds, value.microseconds],
    type(Ellipsis): lambda _, __: ["Ellipsis"],
}
_READERS: Final[dict[str, _Reader]] = {
    "int": lambda rest, _: int(rest[0], 16),
    "list": _items,
    "tuple": lambda rest, objects: tuple(_items(rest, objects)),
    "set": lambda rest, objects: set(_items(rest, objects)),
    "frozenset": lambda rest, objects: frozenset(_items(rest, objects)),
    "deque": lambda rest, objects: deque(_items(rest, objects)),
    "dict": lambda rest, objects: dict(_pairs(rest, objects)),
    "OrderedDict": lambda rest, objects: OrderedDict(_pairs(rest, objects)),
    "Counter": lambda rest, objects: Counter(dict(_pairs(rest, objects))),
    "complex": lambda rest, _: complex(float(rest[0]), float(rest[1])),
    "bytes": lambda rest, _: rest[0].encode("latin-1"),
    "bytearray": lambda rest, _: bytearray(rest[0].encode("latin-1")),
    "range": lambda rest, objects: range(*_items(rest, objects)),
    "Decimal": lambda rest, _: Decimal(rest[0]),
    "Fraction": lambda rest, objects: Fraction(*_items(rest, objects)),
    "datetime": lambda rest, _: datetime.datetime.fromisoformat(rest[0]),
    "date": lambda rest, _: datetime.date.fromisoformat(rest[0]),
    "time": lambda rest, _: datetime.time.fromisoformat(rest[0]),
    "timedelta": lambda rest, _: datetime.timedelta(rest[0], rest[1], rest[2]),
    "Ellipsis": lambda _, __: Ellipsis,
    "ndarray": _array,
    "type": lambda rest, _: _named(rest[0]),
}
_INHERITED: Final = (
    *(str, bytes, bytearray, int, float, complex, OrderedDict, Counter, dict, list, tuple, set, frozenset, deque),
    *(Decimal, Fraction, datetime.datetime, datetime.date, datetime.time, datetime.timedelta),
)
"""Subclasses are taken for the first of these that they derive from."""


def _strip(base: Any, value: Any) -> Any:
    """Return the value as its base class holds it, by the base class's own methods."""
    if issubclass(base, dict):
        return base({key: dict.__getitem__(value, key) for key in dict.__iter__(value)})
    if base in (list, tuple, set, frozenset, deque):
        return base(base.__iter__(value))
    if base is str:
        return str.__str__(value)
    if base in (int, float):
        return base.__pos__(value)
    if base in (bytes, bytearray):
        return base(memoryview(value))
    if base is Decimal:
        return Decimal(value)
    if base is complex:
        return complex(value.real, value.imag)
    if base is Fraction:
        return Fraction(value.numerator, value.denominator)
    if base is datetime.timedelta:
        return datetime.timedelta(value.days, value.seconds, value.microseconds)
    return base.fromisoformat(base.isoformat(value))


_TYPES: Final = (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, range, set, slice, str, tuple)
_NAMED: Final[dict[str, type]] = {kind.__name__: kind for kind in _TYPES}
"""Built-in types cross by name. Functions do not: with ``getattr``, anything on the other side could be read."""


def _named(name: str) -> type:
    if name not in _NAMED:
        raise ValueError("no such built-in type")
    return _NAMED[name]
