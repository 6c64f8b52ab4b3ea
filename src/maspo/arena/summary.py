"""Summaries: the records of one rival in one kind of world on one graph, as means with standard errors, and as texts.

Pure.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TypeVar

from maspo.arena.programme import NOTHING_TO_CLAIM
from maspo.arena.records import Record

T = TypeVar("T")

CLEARLY_WORSE = -0.02
"""A gain below this is a loss that a user would notice: one more wrong answer in fifty."""
LEVELS = ("agent", "judge.local", "judge.lookahead", "judge.global", "proposer")


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and its standard error, of which one value alone tells nothing."""

    value: float
    error: float | None

    @property
    def low(self) -> float:
        """The mean less one standard error, where there is one."""
        return self.value - (self.error or 0.0)

    @property
    def high(self) -> float:
        """The mean and one standard error, where there is one."""
        return self.value + (self.error or 0.0)

    def as_text(self, sign: str = "") -> str:
        """Return both as a text; ``sign`` is that of a format, such as ``+``."""
        return f"{self.value:{sign}.3f} ± {'–' if self.error is None else f'{self.error:.3f}'}"


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


@dataclass(frozen=True)
class TextTable:
    """A table of texts. The first ``names`` columns are names, the others figures."""

    title: str
    names: int
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def summarize(records: Iterable[Record]) -> list[Row]:
    """Return a row for each graph, world and whole rival, in the order in which they first come up."""
    groups: defaultdict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if not record.without:
            groups[record.graph, record.world, record.rival].append(record)
    rows = []
    for (graph, world, rival), group in groups.items():
        gains = [record.gain for record in group]
        found = {purpose for record in group for purpose in record.calls}
        purposes = [*(level for level in LEVELS if level in found), *sorted(found.difference(LEVELS))]
        depths = [record.depth for record in group if record.depth is not None]
        walls = [record.wall for record in group if record.wall is not None]
        rows.append(
            Row(
                graph=graph,
                world=world,
                rival=rival,
                n=len(group),
                seed_accuracy=fmean(record.seed_accuracy for record in group),
                shipped=mean([record.shipped for record in group]),
                gain=mean(gains),
                regret=mean([record.regret for record in group]),
                worst=min(gains),
                clearly_worse=fmean(gain < CLEARLY_WORSE for gain in gains),
                improved=sum(record.verdict == "improved" for record in group),
                false_claims=world in NOTHING_TO_CLAIM,
                conflicts=sum(record.conflicts for record in group),
                calls=fmean(record.all_calls for record in group),
                calls_by_purpose={name: fmean(record.calls.get(name, 0) for record in group) for name in purposes},
                tokens_in=fmean(record.tokens_in for record in group),
                tokens_out=fmean(record.tokens_out for record in group),
                repeats=sum(record.repeats for record in group),
                own_ms=fmean(record.own_ms for record in group),
                peak_mb=max(record.peak_mb for record in group),
                depth=fmean(depths) if depths else None,
                wall=fmean(walls) if walls else None,
            )
        )
    return rows


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
            loss = Loss(
                *place,
                n=len(pairs),
                shipped=mean([less.shipped for _, less in pairs]),
                worth=mean([full.shipped - less.shipped for full, less in pairs]),
                worst=min(less.gain for _, less in pairs),
                extra_calls=fmean(full.all_calls - less.all_calls for full, less in pairs),
            )
            found.append(loss)
    return found


def mean(values: Sequence[float]) -> Mean:
    """Return the mean of at least one value, with its standard error."""
    return Mean(fmean(values), stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None)


def tables_of(records: Sequence[Record]) -> list[TextTable]:
    """Return the tables that have rows: what each rival reached and spent, and what each ingredient is worth."""
    rows, lost = summarize(records), losses(records)
    timed = any(row.depth is not None or row.wall is not None for row in rows)
    costs = _COSTS if timed else {name: show for name, show in _COSTS.items() if name not in ("depth", "wall s")}
    found = [
        _fill("True accuracy", 3, _GAINS, rows),
        _fill("Cost of a run", 3, costs, rows),
        _fill("What each ingredient is worth", 4, _LOSSES, lost),
    ]
    return [table for table in found if table.rows]


def _fill(title: str, names: int, columns: Mapping[str, Callable[[T], str]], rows: Sequence[T]) -> TextTable:
    texts = (tuple(show(row) for show in columns.values()) for row in rows)
    return TextTable(title, names, tuple(columns), tuple(texts))


_GAINS: Mapping[str, Callable[[Row], str]] = {
    "graph": lambda row: row.graph,
    "world": lambda row: row.world,
    "rival": lambda row: row.rival,
    "n": lambda row: str(row.n),
    "seed": lambda row: f"{row.seed_accuracy:.3f}",
    "shipped ± SE": lambda row: row.shipped.as_text(),
    "gain ± SE": lambda row: row.gain.as_text("+"),
    "regret": lambda row: f"{row.regret.value:.3f}",
    "worst": lambda row: f"{row.worst:+.3f}",
    "below -0.02": lambda row: f"{100 * row.clearly_worse:.0f} %",
    "improved": lambda row: f"{row.improved} of {row.n}" + (", false" if row.false_claims else ""),
    "conflicts": lambda row: str(row.conflicts),
}
_COSTS: Mapping[str, Callable[[Row], str]] = {
    "graph": lambda row: row.graph,
    "world": lambda row: row.world,
    "rival": lambda row: row.rival,
    "calls": lambda row: f"{row.calls:.0f}",
    "agent": lambda row: f"{row.calls_by_purpose.get('agent', 0):.0f}",
    "judge local": lambda row: f"{row.calls_by_purpose.get('judge.local', 0):.0f}",
    "lookahead": lambda row: f"{row.calls_by_purpose.get('judge.lookahead', 0):.0f}",
    "global": lambda row: f"{row.calls_by_purpose.get('judge.global', 0):.0f}",
    "proposer": lambda row: f"{row.calls_by_purpose.get('proposer', 0):.0f}",
    "k tokens in": lambda row: f"{row.tokens_in / 1000:.0f}",
    "out": lambda row: f"{row.tokens_out / 1000:.0f}",
    "repeats": lambda row: str(row.repeats),
    "own ms": lambda row: f"{row.own_ms:.2f}",
    "peak MiB": lambda row: f"{row.peak_mb:.0f}",
    "depth": lambda row: "–" if row.depth is None else f"{row.depth:.0f}",
    "wall s": lambda row: "–" if row.wall is None else f"{row.wall:.1f}",
}
_LOSSES: Mapping[str, Callable[[Loss], str]] = {
    "graph": lambda loss: loss.graph,
    "world": lambda loss: loss.world,
    "rival": lambda loss: loss.rival,
    "without": lambda loss: loss.ingredient,
    "n": lambda loss: str(loss.n),
    "shipped ± SE": lambda loss: loss.shipped.as_text(),
    "worth ± SE": lambda loss: loss.worth.as_text("+"),
    "worst": lambda loss: f"{loss.worst:+.3f}",
    "calls it costs": lambda loss: f"{loss.extra_calls:+.0f}",
}
