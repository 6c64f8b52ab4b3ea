"""A judge's record, in words and for scripts."""

from __future__ import annotations

from maspo.engine.evaluation.calibration import Agreement, Calibration, Rate
from maspo.report import words

_WIDTH = 24


def calibration_lines(found: Calibration) -> list[str]:
    """Return a judge's record line by line."""
    return [line(name, text) for name, text in calibration_figures(found)]


def calibration_figures(found: Calibration) -> list[tuple[str, str]]:
    """Return a judge's record as names and figures, with 95 % intervals."""
    figures = []
    if found.labels.rate.n:
        figures.append(("right on known pairs", _rate(found.known)))
        figures += _agreement("agrees with labels", found.labels)
    if found.human is not None:
        figures += _agreement("agrees with the person", found.human)
    return [
        *figures,
        ("first position wins", f"{_rate(found.first_position)}; 50% is fair"),
        ("turns with the order", _rate(found.flip)),
        ("says tie", _rate(found.tie)),
        ("cannot be read", _rate(found.unreadable)),
    ]


def _agreement(name: str, found: Agreement) -> list[tuple[str, str]]:
    return [(name, _rate(found.rate)), ("  beyond chance, κ", _kappa(found))]


def _kappa(found: Agreement) -> str:
    if found.kappa is None:
        return "not defined: one side always says the same"
    low, high = found.kappa_interval
    return f"{found.kappa:.2f} (95% interval {low:.2f} to {high:.2f})".replace("-", "−")


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
