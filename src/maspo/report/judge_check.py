"""The short forms of a judge check: a summary for the terminal, ``judge_check.json`` and ``pairs.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from maspo.core.errors import StoreError
from maspo.core.plain import FLAT, Dumped
from maspo.core.usage import total
from maspo.core.verdict import Reading
from maspo.events.base import reader
from maspo.report import words
from maspo.report.calibration import CalibrationFigures, calibration_lines, calibration_of, line
from maspo.report.evaluation import agents_and_judge, calls_by_purpose
from maspo.report.result import Unsettled, unsettled_of
from maspo.report.shown import visible
from maspo.study.evaluation.calibration import Calibration
from maspo.study.evaluation.judge_check import Checked

RESULT = "judge_check.json"
_NO_PAIRS = "No pair of different answers came up, so there is nothing to ask the judge about."


@dataclass(frozen=True, slots=True)
class Share(Dumped):
    """A share of pairs; None of no pairs."""

    share: float | None


@dataclass(frozen=True, slots=True)
class CheckShort(Dumped):
    """What a list of judge checks tells of one: some figures of its ``judge_check.json``."""

    judge: str
    pairs: int
    known_pairs: Share
    first_position: Share
    calls: Mapping[str, int]
    usd: float | None
    simulated: bool


def read_check(folder: Path) -> CheckShort | None:
    """Read the figures of a judge check; None before its end.

    Raises:
        StoreError: the file is not what maspo wrote.

    """
    file = folder / RESULT
    if not file.is_file():
        return None
    try:
        short: CheckShort = reader(CheckShort).validate_json(file.read_bytes())
        return short
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else f"{error.error_count()} things are not as expected"
        raise StoreError(
            f"{file}: cannot be read ({why}); the command that made it writes it again, with --out {folder}"
        ) from error


def judge_summary(found: Checked, calibration: Calibration) -> str:
    """Return a judge's record in plain lines."""
    models = found.evaluation.config.models
    lines = [f"The judge {models.for_judge()} on {words.plural(calibration.pairs, 'pair', 'pairs')} of outputs"]
    lines[0] += f", from {words.plural(found.rows, 'row', 'rows')} of {found.evaluation.task.name}."
    lines += [words.SIMULATED] if found.simulated else []
    lines += [f"A cap ended the work early: {found.cap}."] if found.cap else []
    lines += ["", *(calibration_lines(calibration) if calibration.pairs else [_NO_PAIRS])]
    spent = total(found.usage.values())
    calls = f"{words.plural(spent.calls, 'call', 'calls')}, {words.number(spent.cached)} answered from the record"
    lines += ["", line("spent", calls), line("money", words.spent(spent, found.simulated))]
    lines += [words.unsettled_together(found.unsettled)] if found.unsettled else []
    return visible("\n".join(lines))


@dataclass(frozen=True, slots=True)
class CheckFigures(Dumped):
    """The object of ``judge_check.json``: a judge's record, and what it was measured on."""

    calibration: CalibrationFigures = field(metadata=FLAT)
    judge: str
    models: Mapping[str, str]
    system: str
    task: str
    rows: int
    complete: bool
    calls: Mapping[str, int]
    """By purpose."""
    cached: int
    usd: float | None
    possibly_billed_twice: tuple[Unsettled, ...]
    seconds: float
    seed: int
    simulated: bool
    run: str


def check_of(found: Checked, calibration: Calibration) -> CheckFigures:
    """Return what a check of a judge found as figures."""
    spent = total(found.usage.values())
    return CheckFigures(
        calibration=calibration_of(calibration),
        judge=found.evaluation.config.models.for_judge(),
        models=agents_and_judge(found.evaluation),
        system=found.evaluation.system.name,
        task=found.evaluation.task.name,
        rows=found.rows,
        complete=not found.cap,
        calls=calls_by_purpose(found.usage),
        cached=spent.cached,
        usd=spent.usd,
        possibly_billed_twice=tuple(unsettled_of(call) for call in found.unsettled),
        seconds=found.seconds,
        seed=found.evaluation.config.seed,
        simulated=found.simulated,
        run=found.run,
    )


@dataclass(frozen=True, slots=True)
class PairLine(Dumped):
    """A line of ``pairs.jsonl``: a pair of outputs, its truth, and what the judge said in either order."""

    pair: str
    id: str
    question: str
    candidate: str
    reference: str
    truth: str | None
    candidate_first: str | None
    reference_first: str | None


def pairs_jsonl(found: Checked) -> Iterator[str]:
    """Return one line for each pair: its texts, its truth, and what the judge said in either order."""
    readings: dict[str, Reading] = {one.pair: one for one in found.readings}
    for pair in found.pairs:
        said = readings.get(pair.id)
        line = PairLine(
            pair=pair.id,
            id=pair.row,
            question=pair.question,
            candidate=pair.candidate,
            reference=pair.reference,
            truth=pair.truth.value if pair.truth else None,
            candidate_first=said.first.value if said else None,
            reference_first=said.turned.value if said else None,
        )
        yield json.dumps(line.dump())
