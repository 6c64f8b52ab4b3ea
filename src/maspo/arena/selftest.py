"""A search against worlds whose answer is known: does it still find, avoid and refuse? Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from maspo.arena.records import Record
from maspo.arena.summary import CLEARLY_WORSE

SEEDS = 4
"""Worlds of each kind: sixteen runs of two agents end within a minute on two processors."""
_FOUND = 0.5
"""Part of what can be gained that has to be found, on average (measured: docs/arena.md)."""
_MOST_CLAIMS = 1
"""False claims that chance explains: at 4 % each, two of four happen once in a hundred."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is demanded in one kind of world."""

    name: str
    demands: str
    met: Callable[[Sequence[Record]], bool]
    told: Callable[[Sequence[Record]], str]
    """The figures that it goes by."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What came of a check on a method."""

    rival: str
    world: str
    name: str
    demands: str
    passed: bool
    told: str


def _found(records: Sequence[Record]) -> float:
    """Return which part of what can be gained was gained, on average over worlds."""
    possible = fmean(record.optimum - record.seed_accuracy for record in records)
    return fmean(record.gain for record in records) / possible if possible > 0 else 0.0


def _claims(records: Sequence[Record]) -> int:
    return sum(record.verdict == "improved" for record in records)


def _worst(records: Sequence[Record]) -> float:
    return min(record.gain for record in records)


CHECKS: Mapping[str, Check] = {
    "no traps": Check(
        "finds the planted best prompts",
        f"at least {100 * _FOUND:.0f} % of what can be gained",
        lambda records: _found(records) >= _FOUND,
        lambda records: f"{100 * _found(records):.0f} %",
    ),
    "base": Check(
        "avoids the planted traps",
        f"no run ships what is worse by more than {-CLEARLY_WORSE:.2f}",
        lambda records: _worst(records) >= CLEARLY_WORSE,
        lambda records: f"worst {_worst(records):+.3f}",
    ),
    "no effect": Check(
        "refuses where nothing can be gained",
        f"claims an improvement in at most {_MOST_CLAIMS} of {SEEDS}",
        lambda records: _claims(records) <= _MOST_CLAIMS,
        lambda records: f"{_claims(records)} of {len(records)}",
    ),
    "coin flip": Check(
        "refuses where the judge is a coin",
        f"claims an improvement in at most {_MOST_CLAIMS} of {SEEDS}",
        lambda records: _claims(records) <= _MOST_CLAIMS,
        lambda records: f"{_claims(records)} of {len(records)}",
    ),
}
"""What is demanded in each world of the arena that is played. In ``base`` sentences that please and harm are about as
frequent among drafts as those that help."""


def checked(records: Iterable[Record]) -> list[CheckOutcome]:
    """Return what came of each check on each method, in the order in which methods first come up."""
    every = list(records)
    return [
        CheckOutcome(rival, world, check.name, check.demands, check.met(own), check.told(own))
        for rival in dict.fromkeys(record.rival for record in every)
        for world, check in CHECKS.items()
        if (own := [record for record in every if record.rival == rival and record.world == world])
    ]
