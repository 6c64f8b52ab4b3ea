"""How far a judge can be trusted: its verdicts against labels or against a person, and its habits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from maspo.core.verdict import Reading, Verdict
from maspo.judges.base import combined
from maspo.stats.share import clustered_share_interval, kappa, kappa_interval

_SIDES = (Verdict.WIN, Verdict.LOSS)
_CATEGORIES = (Verdict.WIN, Verdict.LOSS, Verdict.TIE)
_FIRST = ({Verdict.WIN}, {Verdict.LOSS})
"""What picks the output shown first, by order: the candidate is shown first, then second."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval; ``share`` is None when nothing was counted."""

    count: int
    n: int
    interval: tuple[float, float]

    @property
    def share(self) -> float | None:
        """The share itself."""
        return self.count / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the judge says what somebody else says of the same pairs, and Cohen's κ: that beyond chance."""

    rate: Rate
    kappa: float | None
    kappa_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge's record. Rates of single replies have two replies a pair, and pairs as independent units."""

    pairs: int
    labels: Agreement
    """With the labels, on all pairs that have them: better, worse or equally good."""
    known: Rate
    """Right verdicts on pairs of which one output is right and one wrong; a tie is not right."""
    first_position: Rate
    """How often the output shown first wins, where both orders were decided; a fair judge is at one half."""
    flip: Rate
    """Pairs on which the judge contradicted itself when the order was turned, where both orders were decided."""
    tie: Rate
    """Replies that say tie, where both were readable."""
    unreadable: Rate
    """Replies without a verdict that could be read."""
    human: Agreement | None = None
    """With a person's blind verdicts; None without any."""


def calibrate(readings: Sequence[Reading], human: Mapping[str, Verdict] | None = None) -> Calibration:
    """Return a judge's record over pairs; ``human`` holds a person's verdicts by pair, seen from the candidate."""
    decided = [one for one in readings if one.first in _SIDES and one.turned in _SIDES]
    readable = [one for one in readings if Verdict.UNDECIDED not in (one.first, one.turned)]
    known = [one for one in readings if one.truth in _SIDES and verdict_of(one) is not Verdict.UNDECIDED]
    return Calibration(
        pairs=len(readings),
        labels=agreement([(one.truth, verdict_of(one)) for one in readings if one.truth is not None]),
        known=_rate([int(verdict_of(one) is one.truth) for one in known], 1),
        first_position=_per_reply(decided, lambda verdict, order: verdict in _FIRST[order]),
        flip=_rate([int(one.first is not one.turned) for one in decided], 1),
        tie=_per_reply(readable, lambda verdict, _: verdict is Verdict.TIE),
        unreadable=_per_reply(readings, lambda verdict, _: verdict is Verdict.UNDECIDED),
        human=agreement([(human[one.pair], verdict_of(one)) for one in readings if one.pair in human])
        if human
        else None,
    )


def verdict_of(reading: Reading) -> Verdict:
    """Return what both orders say together; a contradiction is a tie."""
    both = combined(reading.first, reading.turned)
    return Verdict.TIE if both is Verdict.CONTRADICTED else both


def agreement(pairs: Sequence[tuple[Verdict, Verdict]]) -> Agreement:
    """Return how far two raters agree, where both said better, worse or equally good."""
    said = [(one, other) for one, other in pairs if one in _CATEGORIES and other in _CATEGORIES]
    table = [[said.count((one, other)) for other in _CATEGORIES] for one in _CATEGORIES]
    agreed = _rate([int(one is other) for one, other in said], 1)
    return Agreement(agreed, kappa(table), kappa_interval(table))


def _per_reply(readings: Sequence[Reading], counts: Callable[[Verdict, int], bool]) -> Rate:
    return _rate([counts(one.first, 0) + counts(one.turned, 1) for one in readings], 2)


def _rate(counts: Sequence[int], replies: int) -> Rate:
    return Rate(sum(counts), len(counts) * replies, clustered_share_interval(counts, replies))
