"""How far a judge can be trusted, in words and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator

from maspo.engine.evaluate_calibration import Agreement, Calibration, Rate
from maspo.engine.evaluate_judge import Checked
from maspo.report import words
from maspo.report.shown import visible
from maspo.verdict import Reading

_WIDTH = 24
NO_PAIRS = "No pair of different answers came up, so there is nothing to ask the judge about."


def judge_summary(found: Checked, calibration: Calibration) -> str:
    """Return a judge's record in plain lines."""
    models = found.evaluation.config.models
    lines = [f"The judge {models.for_judge()} on {words.plural(calibration.pairs, 'pair', 'pairs')} of outputs"]
    lines[0] += f", from {words.plural(found.rows, 'row', 'rows')} of {found.evaluation.task.name}."
    lines += [words.SIMULATED] if found.simulated else []
    lines += [f"A cap ended the work early: {found.cap}."] if found.cap else []
    lines += ["", *(calibration_lines(calibration) if calibration.pairs else [NO_PAIRS])]
    spent = words.total(found.usage)
    calls = f"{words.plural(spent.calls, 'call', 'calls')}, {words.number(spent.cached)} answered from the record"
    lines += ["", _line("spent", calls), _line("money", words.spent(spent, found.simulated))]
    return visible("\n".join(lines))


def calibration_lines(found: Calibration) -> list[str]:
    """Return a judge's record line by line, with 95 % intervals."""
    lines = []
    if found.labels.rate.n:
        lines.append(_line("right on known pairs", _rate(found.known)))
        lines += _agreement("agrees with labels", found.labels)
    if found.human is not None:
        lines += _agreement("agrees with the person", found.human)
    return [
        *lines,
        _line("first position wins", f"{_rate(found.first_position)}; 50% is fair"),
        _line("turns with the order", _rate(found.flip)),
        _line("says tie", _rate(found.tie)),
        _line("cannot be read", _rate(found.unreadable)),
    ]


def _agreement(name: str, found: Agreement) -> list[str]:
    low, high = found.kappa_interval
    beyond = "not defined: one side always says the same" if found.kappa is None else f"{found.kappa:.2f}"
    interval = "" if found.kappa is None else f" (95% interval {low:.2f} to {high:.2f})"
    return [_line(name, _rate(found.rate)), _line("  beyond chance, κ", f"{beyond}{interval}")]


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return "nothing to count"
    low, high = rate.interval
    interval = f"95% interval {words.percent(low)} to {words.percent(high)}"
    return f"{words.percent(rate.share)} ({interval}), {words.number(rate.count)} of {words.number(rate.n)}"


def _line(name: str, text: str) -> str:
    return f"{name:<{_WIDTH}}{text}"


def judge_json(found: Checked, calibration: Calibration) -> dict[str, object]:
    """Return the object of ``judge_check.json``."""
    spent = words.total(found.usage)
    return {
        **calibration_json(calibration),
        "judge": found.evaluation.config.models.for_judge(),
        "system": found.evaluation.system.name,
        "task": found.evaluation.task.name,
        "rows": found.rows,
        "complete": not found.cap,
        "calls": {purpose: usage.calls for purpose, usage in found.usage.items()},
        "cached": spent.cached,
        "usd": spent.usd,
        "seconds": found.seconds,
        "seed": found.evaluation.config.seed,
        "simulated": found.simulated,
        "run": found.run,
    }


def calibration_json(found: Calibration) -> dict[str, object]:
    """Return a judge's record for scripts: each rate with count, n, share and interval."""
    return {
        "pairs": found.pairs,
        "known_pairs": _rate_json(found.known),
        "labels": _agreement_json(found.labels) if found.labels.rate.n else None,
        "human": _agreement_json(found.human) if found.human else None,
        "first_position": _rate_json(found.first_position),
        "flip": _rate_json(found.flip),
        "tie": _rate_json(found.tie),
        "unreadable": _rate_json(found.unreadable),
    }


def _agreement_json(found: Agreement) -> dict[str, object]:
    return {
        "agreement": _rate_json(found.rate),
        "kappa": found.kappa,
        "kappa_interval": list(found.kappa_interval) if found.kappa is not None else None,
    }


def _rate_json(rate: Rate) -> dict[str, object]:
    return {"share": rate.share, "count": rate.count, "n": rate.n, "interval": list(rate.interval)}


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
