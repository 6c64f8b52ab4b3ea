"""What an evaluation found: from outcomes row by row to shares, a paired difference and a verdict. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from maspo.core.verdict import Verdict
from maspo.events import VerdictWord
from maspo.scoring.base import Outcome
from maspo.stats.looks import FIRST, Taken
from maspo.stats.paired import (
    SIGNIFICANT,
    attained,
    group_differences,
    group_interval,
    group_mean,
    mcnemar,
    sign_flip_test,
)
from maspo.stats.share import grouped_share_interval
from maspo.study.holdout import claim

Mark: TypeAlias = Outcome | Literal["lost"]
"""The outcome of one run on one row; ``lost``: a call failed for good, so there was no output to score."""

_VALUES: dict[Mark, int] = {"correct": 1, "wrong": 0, "unread": 0}
_NET: dict[Verdict, int] = {Verdict.WIN: 1, Verdict.LOSS: -1, Verdict.TIE: 0, Verdict.CONTRADICTED: 0}


@dataclass(frozen=True, slots=True)
class RowFound:
    """One row: a mark for each repeat of either side; or, where a judge compares, a verdict for each repeat.

    ``before`` is empty when one prompt set is evaluated alone. Verdicts are seen from ``after``.
    """

    id: str
    before: tuple[Mark, ...] = ()
    after: tuple[Mark, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """How many outputs of one prompt set are right. Rows with a missing score are left out, and bound the result."""

    rows: int
    """Rows with all their scores."""
    correct: int
    trials: int
    """Scored outputs of these rows: rows times repeats."""
    unread: int
    """Outputs without an answer that could be read, of all rows; they count as not correct."""
    failed: int
    """Outputs that the scorer could not decide on."""
    lost: int
    """Runs without an output, because a call failed for good."""
    interval: tuple[float, float]
    bounds: tuple[float, float]
    """The share over all rows if everything missing were wrong, and if it were right."""

    @property
    def share(self) -> float | None:
        """The share that is correct, or None without any row."""
        return self.correct / self.trials if self.trials else None


@dataclass(frozen=True, slots=True)
class Difference:
    """How two prompt sets differ on the same rows: after minus before."""

    rows: int
    """Rows without anything missing."""
    won: tuple[str, ...]
    lost: tuple[str, ...]
    missing: tuple[str, ...]
    """Rows of which something is missing; they are in the bounds alone."""
    mean: float
    interval: tuple[float, float]
    bounds: tuple[float, float]
    """The mean difference over all rows if everything missing went against the new prompts, and if it went for them."""
    p_value: float
    """Exact one-sided p-value for more wins than losses."""
    p_worse: float
    p_two_sided: float
    """McNemar's exact test on rows won and lost, or on groups of them."""
    p_bounds: tuple[float, float]
    """The p-value for better, and for worse, if everything missing spoke against each."""
    contradicted: int = 0
    """Verdicts that turned with the order of the two outputs; ties."""
    groups: int | None = None
    """Independent groups among the rows; None in records of versions that took every row for one."""
    decided_groups: int | None = None
    """Of the groups: those won or lost."""
    look: int = 1
    """The so-manyth comparison on these rows that this was, other evaluations and runs included."""
    level: float = SIGNIFICANT
    """What p had to reach at this look."""
    spent: float | None = None
    """The chance of such a p if nothing differed, given how many rows do; None in records of versions before."""

    @property
    def ties(self) -> int:
        """Rows that are neither won nor lost."""
        return self.rows - len(self.won) - len(self.lost)


def value_of(marks: Sequence[Mark]) -> int | None:
    """Return how many outputs of a row are correct; None where a score is missing."""
    return sum(_VALUES[mark] for mark in marks) if all(mark in _VALUES for mark in marks) else None


def share_of(marks: Sequence[tuple[Mark, ...]], groups: Sequence[str] | None = None) -> Share:
    """Return the share of correct outputs over rows of marks; ``groups`` names the group of each row."""
    named = groups if groups is not None else [str(number) for number in range(len(marks))]
    whole = [(row, group) for row, group in zip(marks, named, strict=True) if all(mark in _VALUES for mark in row)]
    counts = [sum(_VALUES[mark] for mark in row) for row, _ in whole]
    repeats = len(marks[0]) if marks else 1
    every = [mark for row in marks for mark in row]
    known = sum(_VALUES.get(mark, 0) for mark in every)
    missing = sum(mark not in _VALUES for mark in every)
    return Share(
        rows=len(whole),
        correct=sum(counts),
        trials=len(whole) * repeats,
        unread=every.count("unread"),
        failed=every.count("failed"),
        lost=every.count("lost"),
        interval=grouped_share_interval(counts, [group for _, group in whole], repeats),
        bounds=(known / len(every), (known + missing) / len(every)) if every else (0.0, 1.0),
    )


def difference_of(rows: Sequence[RowFound], groups: Mapping[str, str] | None = None, look: Taken = FIRST) -> Difference:
    """Return how the two sides of an evaluation differ; a judge's verdicts count as wins and losses.

    ``groups`` tells the group of a row by its id; without it every row is one. ``look`` says the how manyth comparison
    on these rows it is.
    """
    of = [(groups or {}).get(row.id, row.id) for row in rows]
    lowest = [_net(row, worst=True) for row in rows]
    highest = [_net(row, worst=False) for row in rows]
    whole = [(row.id, low, group) for row, low, group in zip(rows, lowest, of, strict=True) if not _is_incomplete(row)]
    nets, own = [net for _, net, _ in whole], [group for _, _, group in whole]
    by_group, if_lost, if_won = (group_differences(*both) for both in ((nets, own), (lowest, of), (highest, of)))
    repeats = max((len(row.verdicts) or len(row.after) for row in rows), default=1)
    most = len(rows) * repeats
    return Difference(
        rows=len(whole),
        won=tuple(name for name, net, _ in whole if net > 0),
        lost=tuple(name for name, net, _ in whole if net < 0),
        missing=tuple(row.id for row in rows if _is_incomplete(row)),
        mean=group_mean(nets, own, repeats),
        interval=group_interval(nets, own, repeats),
        bounds=(sum(lowest) / most, sum(highest) / most) if most else (-1.0, 1.0),
        p_value=sign_flip_test(by_group),
        p_worse=sign_flip_test([-net for net in by_group]),
        p_two_sided=mcnemar(sum(net > 0 for net in by_group), sum(net < 0 for net in by_group)),
        p_bounds=(sign_flip_test(if_lost), sign_flip_test([-net for net in if_won])),
        contradicted=sum(row.verdicts.count(Verdict.CONTRADICTED) for row in rows),
        groups=len(by_group),
        decided_groups=sum(map(bool, by_group)),
        look=look.number,
        level=look.level,
        spent=attained(by_group, look.level),
    )


def verdict_of(found: Difference) -> VerdictWord:
    """Return what can be claimed, by the rule of the hold-out test."""
    decided = len(found.won) + len(found.lost) if found.decided_groups is None else found.decided_groups
    return claim((found.p_value, found.p_worse), found.p_bounds, decided, found.level)


def _is_incomplete(row: RowFound) -> bool:
    if row.verdicts:
        return Verdict.UNDECIDED in row.verdicts
    return any(mark not in _VALUES for mark in (*row.before, *row.after))


def _net(row: RowFound, worst: bool) -> int:
    """Return wins minus losses of a row over its repeats; what is missing goes against or for the new prompts."""
    if row.verdicts:
        missing = -1 if worst else 1
        return sum(_NET.get(verdict, missing) for verdict in row.verdicts)
    after = sum(_VALUES.get(mark, 0 if worst else 1) for mark in row.after)
    before = sum(_VALUES.get(mark, 1 if worst else 0) for mark in row.before)
    return after - before
