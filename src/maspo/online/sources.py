"""Where new inputs come from: a file that grows, a folder that files are put into, or a function."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from maspo.core.errors import InputsInvalid
from maspo.core.plain_files import open_plain
from maspo.data.traces.harvest import begun_in
from maspo.data.traces.otel import OpenTelemetry

_MOST_AT_ONCE = 4 << 20
"""Bytes that are taken from a file at a time: many windows, and little memory."""
_MARK = 4096
"""Bytes before a place of which a hash is kept: a file in which others stand there was begun anew."""
_MOST_BESIDE = 1_000
"""Names beside a file that are looked at for what it was moved to."""
_LINES = (".jsonl", ".ndjson")
_TEXT = ".txt"
Row: TypeAlias = str | Mapping[str, object]
Callback: TypeAlias = Callable[[], Iterable[Row] | None]
"""Returns the inputs that have arrived since it was called last, mostly none; None: there will be no more."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a source had: rows, and where it goes on."""

    rows: tuple[Row, ...]
    position: str
    skipped: int = 0
    """Lines that are no JSON, and traces in which nobody asked anything."""
    over: bool = False
    """There will be no more."""
    begun_anew: tuple[str, ...] = ()
    """Files that were begun anew, where what they were before is nowhere beside them."""


class Source(Protocol):
    """Where new inputs come from."""

    def take(self, position: str) -> Taken:
        """Return what has arrived since a position that an earlier call returned; empty is the beginning.

        Raises:
            InputsInvalid: it cannot be read.

        """
        ...


@dataclass(frozen=True)
class Files:
    """JSON Lines that grow, by name; a file that does not go on from where it was read to was begun anew.

    Then what it was before, moved or copied beside it as by logrotate, is read to its end first: it is known by what
    stands before the place, whatever its name. A folder may also hold texts.

    A line is an input, or a request of OTLP JSON, as the file exporter of an OpenTelemetry collector writes them.

    What else stands in a folder under such a name, such as a folder or a pipe, is passed over.
    """

    path: Path

    def take(self, position: str) -> Taken:
        """Return the whole lines behind a position."""
        at = places(position)
        rows: list[Row] = []
        anew: list[str] = []
        skipped = 0
        files = tuple(self._files())
        _follow_moved(files, at)
        for file in files:
            whole = file.suffix == _TEXT
            try:
                found, place, is_lost = _next_in(file, at.get(file.name, BEGINNING), whole)
                anew += [file.name] if is_lost else []
            except FileNotFoundError:
                continue  # taken away since it was listed
            except OSError as error:
                raise InputsInvalid(f"--inputs {file}: cannot be read ({error.strerror or error})") from error
            at[file.name] = place
            if whole:
                rows += [found.decode("utf-8", "replace")] if found.strip() else []
                continue
            for line in filter(None, map(bytes.strip, found.splitlines())):
                there, without = _rows_in(line)
                rows += there
                skipped += without
        return Taken(tuple(rows), json.dumps(at, sort_keys=True), skipped, begun_anew=tuple(anew))

    def _files(self) -> Iterator[Path]:
        if not self.path.is_dir():
            yield self.path
            return
        try:
            listed = sorted(self.path.iterdir())
        except OSError as error:
            raise InputsInvalid(f"--inputs {self.path}: cannot be listed ({error.strerror or error})") from error
        for file in listed:
            # What is still being written has another name, by custom.
            if not file.name.startswith(".") and file.suffix in (*_LINES, _TEXT) and _is_file(file):
                yield file


def _is_file(file: Path) -> bool:
    """Say whether a name leads to a plain file."""
    try:
        return file.is_file()
    except OSError:
        return False


class Place(NamedTuple):
    """How far a file was read, and a hash of what stands before that; records up to 0.2 have none."""

    begin: int
    mark: str


BEGINNING = Place(0, "")


def places(position: str) -> dict[str, Place]:
    """Return by file how far it was read.

    Raises:
        InputsInvalid: the position is of another kind of source, or damaged.

    """
    try:
        found = {name: _place(value) for name, value in json.loads(position or "{}").items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InputsInvalid(
            "--inputs: the record does not say where files were read to; watch with another state folder"
        ) from None
    return found


def _place(value: object) -> Place:
    begin, mark = value if isinstance(value, list) else (value, "")
    if type(begin) is not int or begin < 0 or not isinstance(mark, str):
        raise ValueError(value)
    return Place(begin, mark)


def _follow_moved(files: Sequence[Path], at: dict[str, Place]) -> None:
    """Have files go on under another name, all at once: a rotation gives each the name of the one before it.

    Where a file no longer holds what it was read to, one may that is new here, or that has changed as well.
    """
    if not files:
        return
    gone = {name: place for name, place in at.items() if place.mark and not _goes_on(files[0].with_name(name), place)}
    free = [
        file for file in files if file.suffix != _TEXT and (file.name in gone or not at.get(file.name, BEGINNING).begin)
    ]
    moved: dict[str, Place] = {}
    for name, place in sorted(gone.items(), key=lambda one: -one[1].begin):
        to = next((file for file in free if file.name not in moved and _goes_on(file, place)), None)
        if to is not None:
            moved[to.name], at[name] = place, BEGINNING
    at.update(moved)


def _next_in(file: Path, place: Place, whole: bool) -> tuple[bytes, Place, bool]:
    """Return what is next in a file, the place behind it, and whether it was begun anew and nothing is left of it."""
    if whole or not place.begin or _goes_on(file, place):
        return *_behind(file, place, whole), False
    moved = _moved_to(file, place)
    if moved is not None:
        found, behind = _behind(moved, place, whole)
        # As long as nothing stands in the new file, whoever writes may still have the old one open.
        if found or not _has_any(file):
            return found, behind, False
    return *_behind(file, BEGINNING, whole), moved is None


def _goes_on(file: Path, place: Place) -> bool:
    """Say whether a file still holds what stood before a place."""
    try:
        with os.fdopen(open_plain(file, links=True), "rb") as stream:
            handle = stream.fileno()
            return os.fstat(handle).st_size >= place.begin and place.mark in ("", mark_at(handle, place.begin))
    except OSError:
        return False


def _has_any(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def _moved_to(file: Path, place: Place) -> Path | None:
    """Return the file beside this one, under a name with the same beginning, that holds what this one held."""
    try:
        beside = (one for one in file.parent.iterdir() if one.name.startswith(file.stem) and one.name != file.name)
        few = [one for one in islice(beside, _MOST_BESIDE) if _is_file(one)]
    except OSError:
        return None
    return next((one for one in sorted(few) if place.mark and _goes_on(one, place)), None)


def _behind(file: Path, place: Place, whole: bool) -> tuple[bytes, Place]:
    """Return the whole lines of a file behind a place, and the place behind them; of a text all of it, once."""
    handle = open_plain(file, links=True)
    with os.fdopen(handle, "rb") as stream:
        if whole:
            size = os.fstat(stream.fileno()).st_size
            return (b"", place) if place.begin else (stream.read(_MOST_AT_ONCE), Place(max(1, size), ""))
        begin = place.begin
        stream.seek(begin)
        found = stream.read(_MOST_AT_ONCE)
        end = found.rfind(b"\n") + 1
        if not end and len(found) == _MOST_AT_ONCE:
            end = len(found)  # a line longer than that is no input: it is skipped piece by piece
        return found[:end], Place(begin + end, mark_at(handle, begin + end))


def mark_at(handle: int, begin: int) -> str:
    """Return a hash of what stands before a place."""
    length = min(begin, _MARK)
    return blake2b(os.pread(handle, length, begin - length), digest_size=8).hexdigest() if begin else ""


def _rows_in(line: bytes) -> tuple[Sequence[Row], int]:
    """Return the rows in a line, and how much of it is none: an input a line, or traces as a collector writes them."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return (), 1
    if isinstance(found, dict) and OpenTelemetry().knows(found):
        return begun_in(found)
    return ((found,), 0) if isinstance(found, str | dict) else ((), 1)


@dataclass(frozen=True)
class Called:
    """A function that is asked for what is new; what it returned is recorded before anything else is done."""

    function: Callback

    def take(self, position: str) -> Taken:
        """Ask the function."""
        found = self.function()
        return Taken((), position, over=True) if found is None else Taken(tuple(found), position)


def files_at(path: Path) -> Files:
    """Return a file or folder as a source.

    Raises:
        InputsInvalid: there is no such file or folder.

    """
    if not path.exists():
        raise InputsInvalid(f"--inputs {path}: no such file or folder; make it first, it may be empty")
    return Files(path)
