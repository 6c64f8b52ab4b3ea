"""A judge's record, in words and for scripts."""

from __future__ import annotations

from maspo.engine.evaluation.calibration import Agreement, Calibration, Rate
from maspo.report import words

_WIDTH = 24


def calibration_lines(found: Calibration) -> list[str]:
    """Return a judge's record line by line, with 95 % intervals."""
    lines = []
    if found.labels.rate.n:
        lines.append(line("right on known pairs", _rate(found.known)))
        lines += _agreement("agrees with labels", found.labels)
    if found.human is not None:
        lines += _agreement("agrees with the person", found.human)
    return [
        *lines,
        line("first position wins", f"{_rate(found.first_position)}; 50% is fair"),
        line("turns with the order", _rate(found.flip)),
        line("says tie", _rate(found.tie)),
        line("cannot be read", _rate(found.unreadable)),
    ]


def _agreement(name: str, found: Agreement) -> list[str]:
    low, high = found.kappa_interval
    beyond = "not defined: one side always says the same" if found.kappa is None else f"{found.kappa:.2f}"
    interval = "" if found.kappa is None else f" (95% interval {low:.2f} to {high:.2f})"
    return [line(name, _rate(found.rate)), line("  beyond chance, κ", f"{beyond}{interval}")]


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return "nothing to count"
    low, high = rate.interval
    interval = f"95% interval {words.percent(low)} to {words.percent(high)}"
    return f"{words.percent(rate.share)} ({interval}), {words.number(rate.count)} of {words.number(rate.n)}"


def line(name: str, text: str) -> str:
    """Return one figure with its name."""
    return f"{name:<{_WIDTH}}{text}"


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
