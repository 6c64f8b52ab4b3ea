"""Records: what one run came to, kept as one line of JSON each, so that a stopped arena goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from maspo.core.errors import StoreError


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a graph in a world: accuracy of the seed prompts, and of nearly optimal ones."""

    seed: float
    optimum: float


@dataclass(frozen=True, slots=True)
class Record:
    """One run. Accuracies are true ones, shares from 0 to 1."""

    key: str
    graph: str
    world: str
    rival: str
    without: str
    """The ingredient of the search that is switched off; empty: the whole method."""
    labels: str
    seed: int
    winners: float
    """True accuracy of what the search ended with."""
    shipped: float
    """True accuracy of what is shipped: the winners or the seed prompts."""
    verdict: str
    changed: bool
    """Whether the winners are shipped."""
    calls: Mapping[str, int]
    """By purpose."""
    repeats: int
    """Exact repeats of calls at temperature 0; more than none is a bug."""
    conflicts: int
    """Pairs of agents that were found to be in conflict."""
    tokens_in: int
    tokens_out: int
    own_ms: float
    """Milliseconds of CPU that the program itself spent on a call; the world's are not counted."""
    peak_mb: float
    """Peak memory, in MiB, of the process that played, up to the end of this run."""
    depth: float | None
    """Dependent rounds: the run's time when each call takes 1 and any number is in flight."""
    wall: float | None
    """Seconds at 200 ms + 2 ms for each token of a reply, 64 calls in flight."""
    seconds: float
    """Seconds that playing took here."""
    seed_accuracy: float = 0.0
    """True accuracy of the seed prompts."""
    optimum: float = 0.0
    """True accuracy of nearly optimal prompts: a lower bound of what can be reached."""

    @property
    def gain(self) -> float:
        """What the shipped prompts are better by than the seed prompts."""
        return self.shipped - self.seed_accuracy

    @property
    def regret(self) -> float:
        """What is missing to the optimum."""
        return self.optimum - self.shipped

    @property
    def all_calls(self) -> int:
        """Calls of the whole run, hold-out test included."""
        return sum(self.calls.values())


class RecordFile:
    """The records in a folder, or in memory when there is none."""

    def __init__(self, folder: Path | None, fresh: bool = False) -> None:
        """Read what is there, unless ``fresh``. Raises StoreError; the last line may be cut off by a kill."""
        self._file = folder / "records.jsonl" if folder else None
        self.by_key: dict[str, Record] = {}
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        names = {field.name for field in fields(Record)}
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() and not fresh else []
        for number, line in enumerate(lines, 1):
            place = f"{self._file}, line {number}"
            try:
                content = json.loads(line)
            except ValueError:
                if number == len(lines):
                    break
                raise StoreError(f"{place}: not JSON; delete the line, or start over with --fresh") from None
            if not isinstance(content, dict) or content.keys() != names:
                raise StoreError(f"{place}: no record of this version of maspo; start over with --fresh")
            self.by_key[content["key"]] = Record(**content)
        # Written anew, so that a line that was cut off is gone.
        self._file.write_text("".join(map(_line, self.by_key.values())), encoding="utf-8")

    def add(self, record: Record) -> None:
        """Keep a record."""
        self.by_key[record.key] = record
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(_line(record))


def _line(record: Record) -> str:
    return json.dumps(asdict(record)) + "\n"
