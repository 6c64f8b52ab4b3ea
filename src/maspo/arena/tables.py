"""Rows as texts, for the terminal and the page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maspo.arena.summary import Loss, Mean, Row


@dataclass(frozen=True)
class Table:
    """A table of texts. The first ``names`` columns are names, the others figures."""

    title: str
    names: int
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def gains(rows: Sequence[Row]) -> Table:
    """Return what each rival reached."""
    headers = (
        "graph",
        "world",
        "rival",
        "n",
        "seed",
        "shipped ± SE",
        "gain ± SE",
        "regret",
        "worst",
        "below -0.02",
        "improved",
        "conflicts",
    )
    return Table("True accuracy", 3, headers, tuple(map(_gain, rows)))


def costs(rows: Sequence[Row]) -> Table:
    """Return what each rival spent."""
    headers = (
        "graph",
        "world",
        "rival",
        "calls",
        "agent",
        "judge local",
        "lookahead",
        "global",
        "proposer",
        "k tokens in",
        "out",
        "repeats",
        "own ms",
        "peak MiB",
        "depth",
        "wall s",
    )
    if all(row.depth is None and row.wall is None for row in rows):
        return Table("Cost of a run", 3, headers[:-2], tuple(_cost(row)[:-2] for row in rows))
    return Table("Cost of a run", 3, headers, tuple(map(_cost, rows)))


def ablation(found: Sequence[Loss]) -> Table:
    """Return what each ingredient is worth."""
    headers = ("graph", "world", "rival", "without", "n", "shipped ± SE", "worth ± SE", "worst", "calls it costs")
    return Table("What each ingredient is worth", 4, headers, tuple(map(_loss, found)))


def claims(row: Row) -> str:
    """Return how many runs claim `improved`, and whether that is false."""
    return f"{row.improved} of {row.n}" + (", false" if row.false_claims else "")


def _gain(row: Row) -> tuple[str, ...]:
    return (
        row.graph,
        row.world,
        row.rival,
        str(row.n),
        f"{row.seed_accuracy:.3f}",
        _shown(row.shipped),
        _shown(row.gain, "+"),
        f"{row.regret.value:.3f}",
        f"{row.worst:+.3f}",
        f"{100 * row.clearly_worse:.0f} %",
        claims(row),
        str(row.conflicts),
    )


def _cost(row: Row) -> tuple[str, ...]:
    calls = row.calls_by_purpose
    purposes = ("agent", "judge.local", "judge.lookahead", "judge.global", "proposer")
    return (
        row.graph,
        row.world,
        row.rival,
        f"{row.calls:.0f}",
        *(f"{calls.get(purpose, 0):.0f}" for purpose in purposes),
        f"{row.tokens_in / 1000:.0f}",
        f"{row.tokens_out / 1000:.0f}",
        str(row.repeats),
        f"{row.own_ms:.2f}",
        f"{row.peak_mb:.0f}",
        "–" if row.depth is None else f"{row.depth:.0f}",
        "–" if row.wall is None else f"{row.wall:.1f}",
    )


def _loss(loss: Loss) -> tuple[str, ...]:
    return (
        loss.graph,
        loss.world,
        loss.rival,
        loss.ingredient,
        str(loss.n),
        _shown(loss.shipped),
        _shown(loss.worth, "+"),
        f"{loss.worst:+.3f}",
        f"{loss.extra_calls:+.0f}",
    )


def _shown(mean: Mean, sign: str = "") -> str:
    return f"{mean.value:{sign}.3f} ± {mean.error:.3f}"
