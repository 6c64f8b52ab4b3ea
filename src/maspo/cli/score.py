"""``maspo score``: outputs that were made elsewhere, scored row by row."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from maspo.cli.options import scorer_name
from maspo.cli.terminal import note, print_json
from maspo.core.errors import ConfigInvalid, InputsInvalid
from maspo.core.plain import Dumped
from maspo.core.plain_files import MEGABYTE, meant_by, open_plain
from maspo.core.running import run
from maspo.data.inputs import as_label, as_tests, as_text
from maspo.flags import FLAGS
from maspo.report.phrases import list_names, number, percent, plural
from maspo.scoring.accepted import AnyLabel
from maspo.scoring.base import Outcome, Sample, Score, Scorer
from maspo.scoring.elsewhere import check_scored_elsewhere, scoring
from maspo.scoring.registry import CODE
from maspo.stats.share import share_interval
from maspo.study.evaluation.job import LABELLED

_VARIABLE = FLAGS["sandbox-packages"].variable
_NO_OUTPUT = "no output"
_NEEDED = {**dict.fromkeys(LABELLED, "answer"), CODE: "tests"}
"""The column that a scorer compares with, beside the output."""
_BATCH = 512
"""Rows that are scored side by side, and held in memory at a time."""
_BAD_ROWS_SHOWN = 5
"""Rows without anything to score that get a line of their own; the summary counts all."""
_LONGEST_LINE = 64 * MEGABYTE
"""Bytes of a row: an output of a million lines of text."""
_ERROR_SHOWN = 80
"""Letters of what the JSON parser says: it fits on a line of a terminal."""


@dataclass(frozen=True)
class _OutputLine:
    """One line of the file: its name in the result, and what is scored, or why nothing can be."""

    id: object
    sample: Sample | None
    problem: str = ""
    lacks: str = ""
    """The column that is not there."""


def score_file(file: Path, scorer: str, unsafe_exec: bool, packages: str | None, executor: str, as_json: bool) -> None:
    """Print the score of every row, in order, and the summary."""
    if scorer == "judge":
        raise ConfigInvalid("--scorer judge compares the outputs of two prompt sets: use `maspo evaluate`")
    name = scorer_name(scorer, unsafe_exec, _packages(scorer, unsafe_exec, packages))
    check_scored_elsewhere(name, executor)
    with _opened(file) as lines, scoring(name, executor) as made:
        outcomes, lacking = run(
            _score_all(AnyLabel(made), _read_lines(_bounded(lines, str(file)), str(file)), _NEEDED.get(scorer, ""))
        )
    if not outcomes:
        raise InputsInvalid(f'{file}: no rows; give one JSON object a line, such as {{"id": 1, "output": "…"}}')
    found = summary_of(outcomes)
    if not found.scored and lacking.total() == found.rows:
        raise InputsInvalid(_describe_lacking(file, found.rows, lacking))
    low, high = found.interval
    share = "none scored"
    if found.share is not None:
        share = f"{percent(found.share)} correct (95% interval {percent(low)} to {percent(high)})"
    note(
        f"{plural(found.rows, 'row')}: {share}; "
        f"{number(found.correct)} correct, {number(found.wrong)} wrong, {number(found.unread)} "
        f"without an answer that could be read, {number(found.failed)} that could not be scored"
    )
    if as_json:
        print_json(found)


def _packages(scorer: str, unsafe_exec: bool, names: str | None) -> list[str]:
    """Return the packages that programs may import, of the option or the variable.

    Raises:
        ConfigInvalid: no program is run that would be shut in.

    """
    given = names or (os.environ.get(_VARIABLE, "") if scorer == CODE and not unsafe_exec else "")
    if given and scorer != CODE and not unsafe_exec:
        raise ConfigInvalid(
            f"--sandbox-packages: the scorer {scorer} runs no programs shut in; leave it out, or give --scorer code"
        )
    return [name.strip() for name in given.split(",")] if given else []


def _describe_lacking(file: Path, rows: int, lacking: Mapping[str, int]) -> str:
    """Return which columns are missing where no row could be scored for want of one."""
    missing = list_names([f"no `{column}` in {number(count)}" for column, count in lacking.items()])
    return (
        f"{file}: nothing could be scored: {missing} of {plural(rows, 'row')}; a row is a JSON "
        'object such as {"id": 1, "output": "what the team wrote", "answer": "the label"} (for --scorer code with '
        "`tests` instead of `answer`)"
    )


async def _score_all(scorer: Scorer, rows: Iterator[_OutputLine], needed: str) -> tuple[Counter[Outcome], Counter[str]]:
    """Print the score of every row; return the outcomes, and of how many rows which column is missing."""
    outcomes: Counter[Outcome] = Counter()
    lacking: Counter[str] = Counter()
    shown = 0
    while batch := list(islice(rows, _BATCH)):
        scores = iter(await scorer.score([row.sample for row in batch if row.sample is not None]))
        for row in batch:
            found = next(scores) if row.sample is not None else Score(str(row.id), "failed", why=row.problem)
            outcomes[found.outcome] += 1
            if row.lacks:
                lacking[row.lacks] += 1
            elif needed and row.sample is not None and not getattr(row.sample, needed):
                lacking[needed] += 1
            print_json(ScoreLine(row.id, found.correct, found.outcome, found.read, found.why))
            if row.problem and shown < _BAD_ROWS_SHOWN:
                note(f"note: {row.problem}; it counts as failed")
                shown += 1
    return outcomes, lacking


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


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        # What a shell opened for us may be a pipe; one that lies in a folder may have nobody at its other end.
        from_shell = (
            file.is_relative_to("/dev/fd") or file.is_relative_to("/proc/self/fd") or file == Path("/dev/stdin")
        )
        with file.open("rb") if from_shell else os.fdopen(open_plain(file, links=True), "rb") as lines:
            yield lines
    except FileNotFoundError:
        fix = meant_by(file) or "give JSON Lines, or - for stdin"
        raise InputsInvalid(f"{file}: no such file; {fix}") from None
    except OSError as error:
        why = error.strerror or str(error)
        raise InputsInvalid(f"{file}: cannot be read ({why}); give a readable JSON Lines file") from None


def _bounded(lines: IO[bytes], source: str) -> Iterator[bytes]:
    """Yield the lines of a file, none of which may fill the memory."""
    while line := lines.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise InputsInvalid(f"{source}: a line of more than {_LONGEST_LINE:,} bytes; give JSON Lines, a row each")
        yield line


def _read_lines(lines: Iterable[bytes], source: str) -> Iterator[_OutputLine]:
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name: object = place
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            problem = f"not JSON ({str(error)[:_ERROR_SHOWN]})"
        else:
            problem = _find_problem(row)
            if isinstance(row, dict) and not isinstance(row.get("id"), dict | list | None):
                name = row["id"]
        if problem:
            yield _OutputLine(name, None, f"{source}, line {place}: {problem}", "output" * (problem == _NO_OUTPUT))
        else:
            yield _OutputLine(name, _sample(name, row))


def _find_problem(row: Any) -> str:
    if not isinstance(row, dict):
        return f"a {type(row).__name__}, where an object is expected"
    output = row.get("output")
    if "output" not in row:
        return _NO_OUTPUT
    if not isinstance(output, str | int | float):
        return f"output is {'null' if output is None else f'a {type(output).__name__}'}, where text is expected"
    try:
        as_tests(row.get("tests"))
    except ValueError as error:
        return str(error)
    return ""


def _sample(name: object, row: Mapping[str, Any]) -> Sample:
    first, *others = _labels(row.get("answer"))
    return Sample(
        id=str(name),
        output=as_text(row["output"]),
        answer=first,
        others=tuple(label for label in others if label is not None),
        tests=as_tests(row.get("tests")),
        setup=as_text(row.get("setup")),
        entry_point=as_text(row.get("entry_point")),
        question=as_text(row.get("question", row.get("input"))),
    )


def _labels(answer: object) -> list[str | None]:
    """Return the accepted answers of a row: of a list, each of its items; at least one, which may be missing."""
    return [as_label(one) for one in answer] if isinstance(answer, list) and answer else [as_label(answer)]
