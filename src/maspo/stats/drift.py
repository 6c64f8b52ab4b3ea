"""Sequential tests: whether observations still are what they were, and whether one side wins more. Pure.

All rest on e-values: numbers that are at least 0 and at most 1 on average while nothing is wrong, so that a large one
is evidence at whatever moment one looks (Ville 1939; Ramdas, Grünwald, Vovk and Shafer 2023).

- ``Ranks`` turns observations into p-values that are independent and uniform as long as the observations could have
  come in any order, whatever their distribution is: no model of "normal" is assumed or estimated (conformal test
  martingales: Vovk, Nouretdinov and Gammerman 2003).
- A bet on such a p-value is a density on (0, 1): its value is an e-value.
- ``Detector`` adds up evidence since every possible beginning of a change: R ← (R + 1) · e, the Shiryaev-Roberts
  procedure with e-values in the place of likelihood ratios (e-detectors: Shin, Ramdas and Rinaldo 2024). If it rings
  at R ≥ c, then on average at least c steps pass before it rings for nothing.
- ``evidence_for`` weighs wins against losses, and may be looked at after every one of them (betting on a bounded mean:
  Waudby-Smith and Ramdas 2024).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, log1p, sqrt
from statistics import fmean

from maspo.core.sums import add_up


@dataclass(frozen=True, slots=True)
class Bets:
    """Bets on small p-values, each of them a density on 0 to 1."""

    powers: tuple[float, ...]
    """ε · p^(ε − 1): with a small ε on few extreme observations, with one near 1 on many that are a little so."""
    leaning: float
    """λ of 1 + λ (1 − 2 p): on a slight shift of all of them."""
    rare: tuple[float, float] | None = None
    """Share s of the observations, and how much is laid on them, m: 1 − m + m / s on p-values up to s, else 1 − m. On
    something that few observations have, and more than before."""

    def on_small(self, p_values: Sequence[float]) -> tuple[float, ...]:
        """Return the logarithm of what each bet makes of some p-values."""
        found = [add_up(log(power) + (power - 1) * log(p) for p in p_values) for power in self.powers]
        found.append(add_up(log1p(self.leaning * (1 - 2 * p)) for p in p_values))
        if self.rare is not None:
            share, laid = self.rare
            hits = sum(p <= share for p in p_values)
            found.append(hits * log(1 - laid + laid / share) + (len(p_values) - hits) * log(1 - laid))
        return tuple(found)


STRONG = Bets((0.4, 0.7), 0.5)
"""On changes of most of what is observed: where there are ten observations a step, no others can be told. Of changes of
normal and of binary observations, small and large, one of the three catches at least 0.6 of what the best bet would, on
average."""
WEAK_TOO = Bets((0.7, 0.9), 0.35, (0.03, 0.05))
"""Also on changes of a few observations in a hundred, on which ``STRONG`` loses: for dozens of observations a step
(docs/design/0031-watching.md says what either is worth)."""
_SHARES = tuple(step / 20 for step in range(1, 20))
"""Shares of what one has that are bet on a win, from 5 % to 95 %, in equal parts."""
_LEAST_P = 1e-12
_MOST_LOG = 600.0
"""Evidence beyond e^600 is cut, so that it stays a number."""


class Ranks:
    """What was observed so far, in order of size; tells where a new observation stands among all of them."""

    def __init__(self) -> None:
        self._known: list[float] = []

    def __len__(self) -> int:
        return len(self._known)

    def place(self, score: float, chance: float) -> float:
        """Return the p-value of an observation among all before it and itself, and take it up.

        It is the share of observations that are larger, of equal ones a part: ``chance``, uniform on 0 to 1, which
        makes p-values uniform also where many are equal. Small p-values are those of large observations.
        """
        larger = len(self._known) - bisect_right(self._known, score)
        equal = bisect_right(self._known, score) - bisect_left(self._known, score) + 1
        insort(self._known, score)
        return max(_LEAST_P, (larger + chance * equal) / len(self._known))


def bets(p_values: Sequence[float], two_sided: bool, chosen: Bets = STRONG) -> tuple[float, ...]:
    """Return the logarithm of what each bet makes of some p-values: on small ones, and, two-sided, on large ones."""
    low = chosen.on_small(p_values)
    return (*low, *chosen.on_small([max(_LEAST_P, 1 - p) for p in p_values])) if two_sided else low


def bets_on_losses(verdicts: Iterable[int]) -> tuple[float, ...]:
    """Return the logarithm of what bets on losses make of verdicts (1 won, 0 tied, −1 lost), one for each share."""
    found = list(verdicts)
    wins, losses = found.count(1), found.count(-1)
    return tuple(wins * log1p(-share) + losses * log1p(share) for share in _SHARES)


@dataclass(frozen=True, slots=True)
class Detector:
    """The evidence of several bets that something has changed, added up since every possible beginning."""

    values: tuple[float, ...] = ()
    """R of each bet."""

    def after(self, logs: Sequence[float]) -> Detector:
        """Return the evidence after one more step, by the logarithms of the e-values of its bets; none: nothing new."""
        if not logs:
            return self
        before = self.values or (0.0,) * len(logs)
        return Detector(tuple(_grown(value, more) for value, more in zip(before, logs, strict=True)))

    @property
    def evidence(self) -> float:
        """The mean over the bets: each ring of it at c is at least c steps away on average, too."""
        return fmean(self.values) if self.values else 0.0


def _grown(value: float, more: float) -> float:
    return exp(min(_MOST_LOG, log(value + 1) + min(_MOST_LOG, more)))


@dataclass
class Streams:
    """Several streams of observations that are watched together for changes, step by step.

    The evidence of all of them is the mean of theirs, so the stated rate holds for all together.
    """

    two_sided: Mapping[str, bool]
    """By stream: whether smaller observations than before are a change, too, or larger ones only."""
    bets: Mapping[str, Bets] = field(default_factory=dict)
    """By stream, where they are not ``STRONG``."""
    ranks: dict[str, Ranks] = field(default_factory=dict)
    detectors: dict[str, Detector] = field(default_factory=dict)

    def step(self, observed: Mapping[str, Sequence[float]], chances: Iterable[float]) -> None:
        """Take up what one step observed; ``chances`` yields uniform numbers that break ties."""
        draw = iter(chances)
        for name, two_sided in self.two_sided.items():
            ranks = self.ranks.setdefault(name, Ranks())
            p_values = [ranks.place(score, next(draw)) for score in observed.get(name, ())]
            logs = bets(p_values, two_sided, self.bets.get(name, STRONG)) if p_values else ()
            self.detectors[name] = self.detectors.get(name, Detector()).after(logs)

    def evidence(self) -> float:
        """Return the evidence that something has changed."""
        return add_up(self.shares().values())

    def shares(self) -> dict[str, float]:
        """Return what each stream adds to the evidence."""
        return {name: one.evidence / len(self.two_sided) for name, one in self.detectors.items()}


def evidence_for(wins: int, losses: int) -> float:
    """Return the e-value of so many wins and losses against "losses are at least as likely"; ties say nothing.

    It is what is left of 1 after a share of it was bet on a win each time at even odds, as a mean over shares from 5
    to 95 %. If losses are at least as likely, it ever reaches 1/α with a chance of at most α, however often one looks.
    """
    logs = [wins * log1p(share) + losses * log1p(-share) for share in _SHARES]
    return fmean(exp(min(_MOST_LOG, value)) for value in logs)


def evidence_in_reach(wins: int, losses: int, further: float, held: tuple[int, int] = (0, 0)) -> float:
    """Return the e-value of ``evidence_for`` after ``further`` times as many inputs, if these go somewhat better.

    Somewhat: by the standard error of either count, as of Poisson numbers its root, and by one win, for none yet is not
    never. ``held`` are wins and losses that count as well and do not say how many there will be.
    """
    won = wins + held[0] + round(further * (wins + 1 + sqrt(wins + 1)))
    lost = losses + held[1] + round(further * (losses - sqrt(losses)))
    return evidence_for(won, lost)
