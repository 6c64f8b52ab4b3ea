"""Summaries: the records of one rival in one kind of world on one graph, as means with standard errors. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from maspo.arena.cases import NOTHING_TO_CLAIM
from maspo.arena.records import Record

CLEARLY_WORSE = -0.02
"""A gain below this is a loss that a user would notice."""
LEVELS = ("agent", "judge.local", "judge.lookahead", "judge.global", "proposer")


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and its standard error; one value alone has the error 0."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Row:
    """The runs of one rival in one kind of world on one graph. Accuracies are true ones."""

    graph: str
    world: str
    rival: str
    n: int
    seed_accuracy: float
    shipped: Mean
    gain: Mean
    regret: Mean
    worst: float
    """The least gain of a single run."""
    clearly_worse: float
    """Share of runs whose gain is below −0.02."""
    improved: int
    """Runs that claim `improved`."""
    false_claims: bool
    """Whether such a claim is false: prompts do nothing here, or the judge is a coin."""
    conflicts: int
    """Pairs of agents found in conflict, in all runs."""
    calls: float
    calls_by_purpose: Mapping[str, float]
    tokens_in: float
    tokens_out: float
    repeats: int
    own_ms: float
    peak_mb: float
    """The highest of all runs."""
    depth: float | None
    wall: float | None


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost when one ingredient of the search is switched off."""

    graph: str
    world: str
    rival: str
    ingredient: str
    n: int
    """Seeds that both have played."""
    shipped: Mean
    """True accuracy without it."""
    worth: Mean
    """Accuracy of the whole method minus that without it, on the same seeds."""
    worst: float
    """The least gain of a single run without it."""
    extra_calls: float
    """Calls of the whole method minus those without it."""


def summarize(records: Iterable[Record]) -> list[Row]:
    """Return a row for each graph, world and whole rival, in the order in which they first come up."""
    groups: defaultdict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if not record.without:
            groups[record.graph, record.world, record.rival].append(record)
    return [_row(group) for group in groups.values()]


def losses(records: Iterable[Record]) -> list[Loss]:
    """Return what each switched-off ingredient costs, in the order in which they first come up."""
    whole: dict[tuple[str, str, str, int], Record] = {}
    groups: defaultdict[tuple[str, str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.without:
            groups[record.graph, record.world, record.rival, record.without].append(record)
        else:
            whole[record.graph, record.world, record.rival, record.seed] = record
    found = []
    for place, group in groups.items():
        pairs = [(whole[seed], record) for record in group if (seed := (*place[:3], record.seed)) in whole]
        if pairs:
            found.append(_loss(place, pairs))
    return found


def _loss(place: tuple[str, str, str, str], pairs: Sequence[tuple[Record, Record]]) -> Loss:
    return Loss(
        *place,
        n=len(pairs),
        shipped=mean([less.shipped for _, less in pairs]),
        worth=mean([full.shipped - less.shipped for full, less in pairs]),
        worst=min(less.gain for _, less in pairs),
        extra_calls=fmean(full.all_calls - less.all_calls for full, less in pairs),
    )


def mean(values: Sequence[float]) -> Mean:
    """Return the mean of at least one value, with its standard error."""
    return Mean(fmean(values), stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0)


def _row(records: Sequence[Record]) -> Row:
    first = records[0]
    gains = [record.gain for record in records]
    purposes = {purpose for record in records for purpose in record.calls}
    return Row(
        graph=first.graph,
        world=first.world,
        rival=first.rival,
        n=len(records),
        seed_accuracy=fmean(record.seed_accuracy for record in records),
        shipped=mean([record.shipped for record in records]),
        gain=mean(gains),
        regret=mean([record.regret for record in records]),
        worst=min(gains),
        clearly_worse=fmean(gain < CLEARLY_WORSE for gain in gains),
        improved=sum(record.verdict == "improved" for record in records),
        false_claims=first.world in NOTHING_TO_CLAIM,
        conflicts=sum(record.conflicts for record in records),
        calls=fmean(record.all_calls for record in records),
        calls_by_purpose={
            purpose: fmean(record.calls.get(purpose, 0) for record in records)
            for purpose in sorted(purposes, key=_place)
        },
        tokens_in=fmean(record.tokens_in for record in records),
        tokens_out=fmean(record.tokens_out for record in records),
        repeats=sum(record.repeats for record in records),
        own_ms=fmean(record.own_ms for record in records),
        peak_mb=max(record.peak_mb for record in records),
        depth=_known([record.depth for record in records]),
        wall=_known([record.wall for record in records]),
    )


def _place(purpose: str) -> tuple[int, str]:
    return (LEVELS.index(purpose) if purpose in LEVELS else len(LEVELS), purpose)


def _known(values: Sequence[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return fmean(found) if found else None
