"""The ledger of looks: how often this user has tested something on the same hold-out, over all runs and evaluations.

A line a look, and one more when it has ended, in the user's state folder. It holds no text: inputs are known by
hashes. Lines are appended whole, and what a look may spend follows from those before its own, so that processes side by
side need no lock.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from pathlib import Path

from maspo.core.spelling import tokens
from maspo.stats.looks import FIRST_LOOK, FIRST_LOOK_BY_NUMBER, Earlier, Taken, level_after
from maspo.store.state import state_folder

FILE = "looks.jsonl"
_MOST_HASHES = 500
"""Hashes that a line holds, the least ones: as good a sample of one hold-out as of another (bottom-k, Cohen 1997)."""
_LETTERS = 10
"""Hexadecimal digits of a hash: two of a million inputs are alike with a chance below one half."""
_SAME = 0.5
"""Share of the smaller hold-out that two must have in common to be the same one: whoever adds or drops a few rows looks
at the same."""


@dataclass(frozen=True, slots=True)
class Look:
    """A test that is about to be made. ``work`` tells it from every other one, ``texts`` are what its inputs say."""

    work: str
    team: str
    """Whose prompts are tested: looks of other teams at the same inputs do not count."""
    texts: Sequence[str]
    simulated: bool = False
    """Whether simulated worlds alone answer: their looks count among themselves, and those at models likewise."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line: what was tested, and hashes of the team and of the inputs."""

    work: str
    team: str
    inputs: tuple[str, ...]
    simulated: bool | None
    """None in lines of versions that did not tell: they count against all others."""
    first: float = FIRST_LOOK
    """The part of the level that it might spend if it was the first look."""
    spent: float | None = None
    """What it spent of the level, in the line that tells that it has ended."""

    def is_like(self, other: _Entry) -> bool:
        """Return whether both were answered by simulated worlds, or both by models, as far as that is known."""
        return None in (self.simulated, other.simulated) or self.simulated == other.simulated


class LookLedger:
    """Counts looks in a file; where it cannot be kept, only the run's own record counts."""

    def __init__(self, file: Path | None = None) -> None:
        state = state_folder()
        self._file = file if file is not None or state is None else state / FILE

    def take(self, look: Look) -> Taken:
        """Return the so-manyth look at its hold-out that a look is, and what it may spend, and remember it."""
        entry, known = _entry_of(look), self._entries()
        if not any(_begins(one, entry) for one in known) and self._append(entry):
            known = self._entries()  # others may have been faster: what counts is the order of the lines
        return _after(takewhile(lambda one: not _begins(one, entry), known), entry)

    def end(self, look: Look, spent: float) -> None:
        """Remember what a look has spent, now that it has ended: the rest is left for others."""
        entry = replace(_entry_of(look), spent=spent)
        if not any(one.spent is not None and _is_line_of(one, entry) for one in self._entries()):
            self._append(entry)

    def next(self, look: Look) -> Taken:
        """Return what ``take`` would return of a look that nobody has begun; nothing is remembered."""
        return _after(self._entries(), _entry_of(look))

    def _entries(self) -> list[_Entry]:
        """Return what can be read; a line of something else is passed over."""
        found: list[_Entry] = []
        if self._file is None:
            return found
        with suppress(OSError):
            for line in self._file.read_text(encoding="utf-8", errors="replace").splitlines():
                with suppress(ValueError, TypeError, KeyError):
                    said = json.loads(line)
                    work, team, inputs = str(said["work"]), str(said["team"]), tuple(map(str, said["inputs"]))
                    marked, spent = said.get("simulated"), said.get("spent")
                    found.append(
                        _Entry(
                            *(work, team, inputs, marked if isinstance(marked, bool) else None),
                            first=FIRST_LOOK if "first" in said else FIRST_LOOK_BY_NUMBER,
                            spent=float(spent) if spent is not None and spent >= 0 else None,
                        )
                    )
        return found

    def _append(self, entry: _Entry) -> bool:
        if self._file is None:
            return False
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        except OSError:
            return False
        try:
            os.write(handle, f"{json.dumps(asdict(entry))}\n".encode())
        except OSError:
            return False
        finally:
            os.close(handle)
        return True


def _entry_of(look: Look) -> _Entry:
    return _Entry(look.work, _hash(look.team), tuple(_hashes(look.texts)), look.simulated)


def _begins(one: _Entry, entry: _Entry) -> bool:
    return one.spent is None and _is_line_of(one, entry)


def _after(lines: Iterable[_Entry], entry: _Entry) -> Taken:
    """Return which look a look is after those that some lines tell of."""
    found = [one for one in lines if _are_same(one, entry)]
    spent = {(one.work, one.simulated): one.spent for one in found if one.spent is not None}
    earlier = [Earlier(spent.get((one.work, one.simulated)), one.first) for one in found if one.spent is None]
    return Taken(len(earlier) + 1, level_after(earlier))


def _is_line_of(one: _Entry, entry: _Entry) -> bool:
    """Return whether a line says what is to be said: work that models answer after a world has another line."""
    return one.work == entry.work and one.is_like(entry)


def _are_same(one: _Entry, other: _Entry) -> bool:
    """Return whether two looks were at the same hold-out, by the same team, and answered by the like."""
    if one.team != other.team or not one.is_like(other) or not (one.inputs and other.inputs):
        return False
    # Of a longer hold-out only the least hashes are known: below the least of those ends, both are whole.
    ends = [max(found.inputs) for found in (one, other) if len(found.inputs) >= _MOST_HASHES]
    mine, yours = ({each for each in found.inputs if not ends or each <= min(ends)} for found in (one, other))
    return len(mine & yours) >= _SAME * max(min(len(mine), len(yours)), 1)


def _hashes(texts: Sequence[str]) -> list[str]:
    return sorted({_hash(" ".join(tokens(text)) or text) for text in texts})[:_MOST_HASHES]


def _hash(text: str) -> str:
    return hashlib.sha256(f"look\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:_LETTERS]
