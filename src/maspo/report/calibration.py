"""A judge's record, in words and for scripts."""

from __future__ import annotations

from dataclasses import dataclass

from maspo.core.plain import Dumped
from maspo.report import words
from maspo.study.evaluation.calibration import Agreement, Calibration, Rate

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


# ── for scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RateFigures(Dumped):
    """A share with its 95 % interval; None of nothing."""

    share: float | None
    count: int
    n: int
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class AgreementFigures(Dumped):
    """How often a judge agrees with labels or a person, and how far beyond chance (Cohen's kappa)."""

    agreement: RateFigures
    kappa: float | None
    kappa_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class CalibrationFigures(Dumped):
    """A judge's record."""

    pairs: int
    known_pairs: RateFigures
    labels: AgreementFigures | None
    human: AgreementFigures | None
    first_position: RateFigures
    flip: RateFigures
    tie: RateFigures
    unreadable: RateFigures


def calibration_of(found: Calibration) -> CalibrationFigures:
    """Return a judge's record as figures."""
    return CalibrationFigures(
        pairs=found.pairs,
        known_pairs=_rate_figures(found.known),
        labels=_agreement_figures(found.labels) if found.labels.rate.n else None,
        human=_agreement_figures(found.human) if found.human else None,
        first_position=_rate_figures(found.first_position),
        flip=_rate_figures(found.flip),
        tie=_rate_figures(found.tie),
        unreadable=_rate_figures(found.unreadable),
    )


def _agreement_figures(found: Agreement) -> AgreementFigures:
    interval = found.kappa_interval if found.kappa is not None else None
    return AgreementFigures(_rate_figures(found.rate), found.kappa, interval)


def _rate_figures(rate: Rate) -> RateFigures:
    return RateFigures(rate.share, rate.count, rate.n, rate.interval)
