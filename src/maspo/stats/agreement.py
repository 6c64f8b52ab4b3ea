"""Agreement of two raters beyond chance: Cohen's κ with its interval. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from maspo.stats.share import NORMAL_95

_ADDED = 2.0
"""Pairs that are added to the table, spread evenly over its cells, before the interval is taken."""

Table = Sequence[Sequence[float]]
"""Counts: ``table[i][j]`` pairs were put into category i by one rater and into j by the other; as wide as high."""


def kappa(table: Table) -> float | None:
    """Return Cohen's κ: 1 is full agreement, 0 what chance gives. None when both raters know one category only."""
    total = sum(map(sum, table))
    if not total:
        return None
    agreed, chance, _, _ = _shares(table)
    return (agreed - chance) / (1 - chance) if chance < 1 else None


def kappa_interval(table: Table) -> tuple[float, float]:
    """Return the 95 % interval of κ.

    Source: the large-sample variance of Fleiss, Cohen and Everitt (1969), taken with two pairs added that are spread
    over all cells, in the way of Agresti and Coull; without them the interval is too short on few pairs.
    """
    cells = len(table) ** 2
    smooth = [[count + _ADDED / cells for count in row] for row in table]
    total = sum(map(sum, smooth))
    agreed, chance, rows, columns = _shares(smooth)
    found = (agreed - chance) / (1 - chance)
    variance = -((found - chance * (1 - found)) ** 2)
    for i, row in enumerate(smooth):
        for j, count in enumerate(row):
            weight = 1 - (rows[i] + columns[i]) * (1 - found) if i == j else (1 - found) * (columns[i] + rows[j])
            variance += count / total * weight**2
    half = NORMAL_95 * sqrt(max(variance, 0.0) / total) / (1 - chance)
    return (max(-1.0, found - half), min(1.0, found + half))


def _shares(table: Table) -> tuple[float, float, list[float], list[float]]:
    """Return observed agreement, agreement by chance, and the shares of the categories of either rater."""
    total = sum(map(sum, table))
    rows = [sum(row) / total for row in table]
    columns = [sum(column) / total for column in zip(*table, strict=True)]
    agreed = sum(table[i][i] for i in range(len(table))) / total
    return agreed, sum(row * column for row, column in zip(rows, columns, strict=True)), rows, columns
