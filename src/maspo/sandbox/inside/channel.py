"""Frames over a pair of sockets, and calls across them: the only connection of program and examiner.

Both sides use the same code. What the other side sends is data, and whatever it sends, the worst that happens is that
the channel counts as broken.
"""

from __future__ import annotations

import builtins
import dataclasses
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from maspo.sandbox.inside.values import Data, decode, dumps, encode, loads, refresh

_LENGTH: Final = struct.Struct("<I")


class Broken(Exception):
    """The other process is gone, or sent what is no answer."""


class OtherError(Exception):
    """Something was raised on the other side that has no counterpart here."""


def builtin_error(names: Iterable[str]) -> type[Exception] | None:
    """Return the first of the names that is a built-in exception.

    Never a StopIteration: out of a call it would silently end the loop of a test around it.
    """
    known = (getattr(builtins, name, None) for name in names if name != "StopIteration")
    return next((one for one in known if isinstance(one, type) and issubclass(one, Exception)), None)


class Frames:
    """Messages as length and JSON over a descriptor; ``most`` bytes at most in one of them."""

    def __init__(self, descriptor: int, most: int) -> None:
        self._descriptor = descriptor
        self._most = most

    def send(self, message: Data) -> None:
        """Send a message. Raises Broken when nobody reads it."""
        raw = dumps(message)
        left = memoryview(_LENGTH.pack(len(raw)) + raw)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise Broken("the other process is gone") from error

    def receive(self) -> Data:
        """Return the next message. Raises Broken."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > self._most:
            raise Broken(f"a value of {length} bytes was sent; at most {self._most} are read")
        try:
            return loads(self._exactly(length))
        except (ValueError, RecursionError) as error:
            raise Broken("a value arrived that cannot be read") from error

    def _exactly(self, length: int) -> bytes:
        parts = []
        while length:
            try:
                part = os.read(self._descriptor, min(length, 1 << 16))
            except OSError as error:
                raise Broken("the other process is gone") from error
            if not part:
                raise Broken("the other process is gone")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


class Peer:
    """One end of the channel: asks the other end for work, and does what ``serve`` knows when it is asked."""

    def __init__(self, frames: Frames, serve: Mapping[str, Callable[..., Any]]) -> None:
        self._frames = frames
        self._serve = serve
        self._kept: list[object] = []
        self._numbers: dict[int, int] = {}
        """The number of each kept object by its identity, which no other object has as long as it is kept."""
        self._errors: dict[str, type[Exception]] = {}
        self.broken = ""
        """Why the channel can no longer be used; it stays so."""
        self.last: object = None
        """What the other end answered last."""

    # Objects stay on their side

    def keep(self, value: object) -> Data:
        """Return data that stands for an object of this side; see ``Objects``."""
        if isinstance(value, Remote):
            return ["yours", object.__getattribute__(value, "_number")]
        number = self._numbers.setdefault(id(value), len(self._kept))
        if number == len(self._kept):
            self._kept.append(value)
        return ["mine", number, type(value).__name__[:80], self._fields(value)]

    def _fields(self, value: object) -> Data:
        """Return the class and the fields of a data class, by which it is compared; None for any other object."""
        params = getattr(type(value), "__dataclass_params__", None)
        if params is None or not params.eq:
            return None
        compared = [field.name for field in dataclasses.fields(value) if field.compare]  # type: ignore[arg-type]
        try:
            return [encode(type(value), self), *(encode(getattr(value, name), self) for name in compared)]
        except (RecursionError, AttributeError):
            return None

    def find(self, data: Data) -> object:
        """Return what the other end's data stand for; see ``Objects``."""
        match data:
            case ["mine", int(number), str(kind), None]:
                return Remote(self, number, kind)
            case ["mine", int(number), str(kind), [*fields]]:
                return Remote(self, number, kind, tuple(decode(field, self) for field in fields))
            case ["yours", int(number)] if 0 <= number < len(self._kept):
                return self._kept[number]
            case _:
                raise ValueError("no such object")

    # Asking

    def ask(self, what: str, *values: object, **named: object) -> Any:
        """Have the other end do something, and return or raise what came of it. Raises Broken."""
        if self.broken:
            raise Broken(self.broken)
        try:
            self._frames.send(
                [what, [encode(value, self) for value in values], {k: encode(v, self) for k, v in named.items()}]
            )
            while True:
                message = self._frames.receive()
                match message:
                    case ["returned", result, changed]:
                        return self._take(result, changed, values)
                    case ["raised", list(names), text]:
                        raise self._error(what, [str(name) for name in names], text)
                    case [str(asked), list(), dict()] if asked in self._serve:
                        self._do(message)
                    case _:
                        raise Broken("an answer arrived that cannot be read")
        except Broken as error:
            self.broken = str(error)
            raise

    def _take(self, result: Data, changed: Data, values: tuple[object, ...]) -> Any:
        try:
            self.last = decode(result, self)
            for old, new in zip(values, changed, strict=True):
                refresh(old, decode(new, self))  # None stands for "as it was"
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
            raise Broken("a value arrived that cannot be read") from error
        return self.last

    def _error(self, what: str, names: list[str], text: Data) -> Exception:
        """Return an exception of this side, never one that would end more here than it says."""
        self.last = None
        message, name = text if isinstance(text, str) else "", names[0] if names else ""
        if name == "StopIteration":
            return StopIteration() if what == "next" else OtherError(f"StopIteration: {message}")
        kind = builtin_error(names)
        if kind is None:
            self.broken = f"the program ended with {name[:80]}"
            return OtherError(message)
        if kind.__name__ != name and name.isidentifier():
            kind = self.error_class(name, kind)
        try:
            return kind(message)
        except TypeError:  # UnicodeDecodeError and its kin want more than a text
            return OtherError(message)

    def error_class(self, name: str, base: type[Exception]) -> type[Exception]:
        """Return this side's class for an exception that the program defined."""
        return self._errors.setdefault(name, type(name, (base,), {}))

    # Being asked

    def work(self) -> None:
        """Do what is asked until the other end is gone."""
        while True:
            try:
                message = self._frames.receive()
                match message:
                    case [str(what), list(), dict()] if what in self._serve:
                        self._do(message)
                    case _:
                        return
            except Broken:
                return

    def _do(self, message: Data) -> None:
        what, values, named = message
        try:
            given = [decode(value, self) for value in values]
            result = self._serve[what](*given, **{key: decode(value, self) for key, value in named.items()})
            changed = [
                encode(value, self) if isinstance(value, _CONTAINERS) and encode(value, self) != old else None
                for value, old in zip(given, values, strict=True)
            ]
            reply: Data = ["returned", encode(result, self), changed]
        except BaseException as error:
            try:
                text = str(error)[:1000]
            except BaseException:
                text = ""
            reply = ["raised", [one.__name__ for one in type(error).__mro__], text]
        self._frames.send(reply)


_CONTAINERS: Final = (list, tuple, dict, set, bytearray)


class Remote:
    """An object that stays on the other side. It can be called, read and walked through.

    It equals only itself and, being of a data class, what has the same class and fields; never what is on this side.
    Comparisons are never passed on: the other side would be told what it is compared with.
    """

    def __init__(self, peer: Peer, number: int, kind: str, fields: tuple[object, ...] = ()) -> None:
        self._peer = peer
        self._number = number
        self._kind = kind
        self._fields = fields

    def __call__(self, *values: object, **named: object) -> Any:
        """Have the other side call it."""
        return self._peer.ask("call", self, *values, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._peer.ask("attribute", self, name)

    def __getitem__(self, key: object) -> Any:
        return self._peer.ask("item", self, key)

    def __len__(self) -> int:
        length = self._peer.ask("length", self)
        if type(length) is not int or length < 0:
            raise TypeError("a length that is none")
        return length

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Remote) or other._peer is not self._peer:
            return NotImplemented
        return self._number == other._number or (self._fields != () and self._fields == other._fields)

    def __hash__(self) -> int:
        return hash(self._kind)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        iterator = self._peer.ask("iterate", self)
        if not isinstance(iterator, Remote):
            yield from iterator
            return
        while True:
            try:
                yield iterator._peer.ask("next", iterator)
            except StopIteration:
                return

    def __next__(self) -> Any:
        return self._peer.ask("next", self)

    def __str__(self) -> str:
        text = self._peer.ask("text", self)
        if type(text) is not str:
            raise TypeError("a text that is none")
        return text

    def __repr__(self) -> str:
        return f"<{self._kind} of the program>"
