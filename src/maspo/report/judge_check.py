"""The short forms of a judge check: a summary for the terminal, ``judge_check.json`` and ``pairs.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from maspo.engine.evaluation.calibration import Calibration
from maspo.engine.evaluation.judge_check import Checked
from maspo.errors import StoreError
from maspo.report import words
from maspo.report.calibration import calibration_json, calibration_lines, line
from maspo.report.evaluation import agents_and_judge
from maspo.report.shown import visible
from maspo.report.text import unsettled_json
from maspo.verdict import Reading

RESULT = "judge_check.json"
_NO_PAIRS = "No pair of different answers came up, so there is nothing to ask the judge about."


class Share(BaseModel):
    """A share of pairs; None of no pairs."""

    model_config = ConfigDict(frozen=True)

    share: float | None


class CheckShort(BaseModel):
    """What a list of judge checks tells of one: some figures of its ``judge_check.json``."""

    model_config = ConfigDict(frozen=True)

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
        return CheckShort.model_validate_json(file.read_bytes())
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
    spent = words.total(found.usage)
    calls = f"{words.plural(spent.calls, 'call', 'calls')}, {words.number(spent.cached)} answered from the record"
    lines += ["", line("spent", calls), line("money", words.spent(spent, found.simulated))]
    lines += [words.unsettled_together(found.unsettled)] if found.unsettled else []
    return visible("\n".join(lines))


def judge_json(found: Checked, calibration: Calibration) -> dict[str, object]:
    """Return the object of ``judge_check.json``."""
    spent = words.total(found.usage)
    return {
        **calibration_json(calibration),
        "judge": found.evaluation.config.models.for_judge(),
        "models": agents_and_judge(found.evaluation),
        "system": found.evaluation.system.name,
        "task": found.evaluation.task.name,
        "rows": found.rows,
        "complete": not found.cap,
        "calls": {purpose: usage.calls for purpose, usage in found.usage.items()},
        "cached": spent.cached,
        "usd": spent.usd,
        "possibly_billed_twice": [unsettled_json(call) for call in found.unsettled],
        "seconds": found.seconds,
        "seed": found.evaluation.config.seed,
        "simulated": found.simulated,
        "run": found.run,
    }


def pairs_jsonl(found: Checked) -> Iterator[str]:
    """Return one line for each pair: its texts, its truth, and what the judge said in either order."""
    readings: dict[str, Reading] = {one.pair: one for one in found.readings}
    for pair in found.pairs:
        said = readings.get(pair.id)
        yield json.dumps(
            {
                "pair": pair.id,
                "id": pair.row,
                "question": pair.question,
                "candidate": pair.candidate,
                "reference": pair.reference,
                "truth": pair.truth.value if pair.truth else None,
                "candidate_first": said.first.value if said else None,
                "reference_first": said.turned.value if said else None,
            }
        )
