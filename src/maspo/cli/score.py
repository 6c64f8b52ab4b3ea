"""``maspo score``: outputs that were made elsewhere, scored row by row."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from maspo.cli.options import Json, UnsafeExec, executed
from maspo.cli.terminal import note, print_json
from maspo.core.plain import Dumped

if TYPE_CHECKING:
    from maspo.scoring.base import Outcome, Sample, Score, Scorer

_BATCH = 512
"""Rows that are scored side by side, and held in memory at a time."""
_BAD_ROWS_SHOWN = 5


@dataclass(frozen=True)
class _Row:
    """One line of the file: its name in the result, and what is scored, or why nothing can be."""

    id: object
    sample: Sample | None
    problem: str = ""


def score(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON Lines: id, output, answer (or a list); tests for code. - is stdin.",
            show_default=False,
        ),
    ],
    scorer: Annotated[
        str, typer.Option("--scorer", metavar="S", help="exact, choice, math, code, regex:PATTERN, json-schema:FILE.")
    ],
    unsafe_exec: UnsafeExec = False,
    sandbox_packages: Annotated[
        str | None,
        typer.Option(
            "--sandbox-packages",
            metavar="NAMES",
            help="Packages that programs may import: numpy,pandas.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score outputs that were made elsewhere, row by row.

    Prints one JSON line for each row, in order: id, correct, outcome, read, why. No model is asked.
    """
    import asyncio

    from maspo.core.errors import ConfigInvalid, InputsInvalid
    from maspo.scoring.accepted import AnyLabel
    from maspo.scoring.registry import scorer_of

    if scorer == "judge":
        raise ConfigInvalid("--scorer judge compares the outputs of two prompt sets: use `maspo evaluate`")
    made = AnyLabel(scorer_of(_with_packages(executed(scorer, unsafe_exec), sandbox_packages)))
    with _opened(file) as lines:
        outcomes = asyncio.run(_score_all(made, _rows(lines, str(file))))
    if not outcomes:
        raise InputsInvalid(f'{file}: no rows; give one JSON object a line, such as {{"id": 1, "output": "…"}}')
    note(_summary(outcomes))
    if as_json:
        print_json(summary_of(outcomes))


def _with_packages(scorer: str, names: str | None) -> str:
    """Return the name of a scorer whose programs may import some packages. Raises ConfigInvalid where none may."""
    from maspo.core.errors import ConfigInvalid
    from maspo.scoring.registry import CODE

    if not names:
        return scorer
    if scorer != CODE:
        raise ConfigInvalid(
            f"--sandbox-packages: the scorer {scorer} runs no programs shut in; leave it out, or give --scorer code"
        )
    return f"{CODE}:{names}"


async def _score_all(scorer: Scorer, rows: Iterator[_Row]) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    shown = 0
    while batch := list(islice(rows, _BATCH)):
        scores = iter(await scorer.score([row.sample for row in batch if row.sample is not None]))
        for row in batch:
            found = next(scores) if row.sample is not None else _failed(row)
            outcomes[found.outcome] += 1
            print_json(_line(row.id, found))
            if row.problem and shown < _BAD_ROWS_SHOWN:
                note(f"note: {row.problem}; it counts as failed")
                shown += 1
    return outcomes


def _failed(row: _Row) -> Score:
    from maspo.scoring.base import Score

    return Score(str(row.id), "failed", why=row.problem)


def _line(name: object, found: Score) -> ScoreLine:
    return ScoreLine(name, found.correct, found.outcome, found.read, found.why)


@dataclass(frozen=True, slots=True)
class ScoreLine(Dumped):
    """What is printed of a row: whether its output is right, what was read, and why."""

    id: object
    correct: bool
    outcome: Outcome
    read: str | None
    why: str


@dataclass(frozen=True, slots=True)
class ScoreSummary(Dumped):
    """The counts, and the share that is correct of the rows that could be scored, with its 95 % interval."""

    rows: int
    scored: int
    correct: int
    wrong: int
    unread: int
    failed: int
    share: float | None
    interval: tuple[float, float]


def summary_of(outcomes: Mapping[Outcome, int]) -> ScoreSummary:
    """Return what came out over all rows."""
    from maspo.stats.share import share_interval

    scored = sum(outcomes.values()) - outcomes.get("failed", 0)
    correct = outcomes.get("correct", 0)
    return ScoreSummary(
        rows=sum(outcomes.values()),
        scored=scored,
        correct=correct,
        wrong=outcomes.get("wrong", 0),
        unread=outcomes.get("unread", 0),
        failed=outcomes.get("failed", 0),
        share=correct / scored if scored else None,
        interval=share_interval(correct, scored),
    )


def _summary(outcomes: Counter[Outcome]) -> str:
    from maspo.report.words import number, percent, plural
    from maspo.stats.share import share_interval

    scored = outcomes.total() - outcomes["failed"]
    low, high = share_interval(outcomes["correct"], scored)
    share = f"{percent(outcomes['correct'] / scored)} correct" if scored else "none scored"
    return (
        f"{plural(outcomes.total(), 'row', 'rows')}: {share} (95% interval {percent(low)} to {percent(high)}); "
        f"{number(outcomes['correct'])} correct, {number(outcomes['wrong'])} wrong, {number(outcomes['unread'])} "
        f"without an answer that could be read, {number(outcomes['failed'])} that could not be scored"
    )


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    from maspo.core.errors import InputsInvalid

    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        with file.open("rb") as lines:
            yield lines
    except FileNotFoundError:
        raise InputsInvalid(f"{file}: no such file; give JSON Lines, or - for stdin") from None
    except (IsADirectoryError, PermissionError) as error:
        raise InputsInvalid(f"{file}: cannot be read ({error.strerror}); give a readable JSON Lines file") from None


def _rows(lines: Iterable[bytes], source: str) -> Iterator[_Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _row(line, number, f"{source}, line {number}")


def _row(line: bytes, number: int, place: str) -> _Row:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return _Row(number, None, f"{place}: not JSON ({str(error)[:80]})")
    if not isinstance(row, dict):
        return _Row(number, None, f"{place}: a {type(row).__name__}, where an object is expected")
    name = row.get("id")
    if isinstance(name, dict | list) or name is None:
        name = number
    problem = _problem(row)
    return _Row(name, None, f"{place}: {problem}") if problem else _Row(name, _sample(str(name), row))


def _problem(row: Mapping[str, Any]) -> str:
    output, tests = row.get("output"), row.get("tests")
    if "output" not in row:
        return "no output"
    if not isinstance(output, str | int | float):
        return f"output is {'null' if output is None else f'a {type(output).__name__}'}, where text is expected"
    if tests is not None and not _texts(tests):
        return "tests are no list of statements"
    return ""


def _texts(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _sample(name: str, row: Mapping[str, Any]) -> Sample:
    from maspo.data.inputs import as_text
    from maspo.scoring.base import Sample

    tests: Sequence[str] | str = row.get("tests") or ()
    first, *others = _labels(row.get("answer"))
    return Sample(
        id=name,
        output=as_text(row["output"]),
        answer=first,
        others=tuple(label for label in others if label is not None),
        tests=(tests,) if isinstance(tests, str) else tuple(tests),
        setup=as_text(row.get("setup")),
        entry_point=as_text(row.get("entry_point")),
        question=as_text(row.get("question", row.get("input"))),
    )


def _labels(answer: object) -> list[str | None]:
    """Return the accepted answers of a row: of a list, each of its items; at least one, which may be missing."""
    from maspo.data.inputs import as_label

    return [as_label(one) for one in answer] if isinstance(answer, list) and answer else [as_label(answer)]
