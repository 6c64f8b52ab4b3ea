"""What contestants of a comparison cost in use, beside how good they are: the Pareto view. Nothing of it is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from maspo.core.team_cost import Cost
from maspo.report import phrases
from maspo.report.document.sheet import Curve, Curves, Part, Point, Unit, cells, headings
from maspo.report.team_cost import PER_INPUTS
from maspo.study.comparison.compare import Compared
from maspo.study.comparison.tally import DecidedBy, InputMet, Standing

_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class InUse:
    """A contestant's quality, and what an input costs with its prompts."""

    standing: Standing
    cost: Cost
    ahead: tuple[str, ...]
    """Who is as good for as much, better or cheaper, and breaks no guard input; nobody on the Pareto front."""


def in_use(found: Compared) -> list[InUse]:
    """Return what contestants cost, by the inputs on which all their runs tell it; controls are no prompts to use."""
    standings = [one for one in found.table.standings if one.kind != "control"]
    sets = {one.name: one.sets for one in found.comparison.contestants}
    met = inputs_that_tell(found)
    if not met or len(standings) == 1:
        return []
    costs = {one.name: _mean(met, sets[one.name]) for one in standings}
    what = _measure(list(costs.values()))
    paid = {name: _paid(cost, what) or 0.0 for name, cost in costs.items()}

    def ahead_of(one: Standing) -> tuple[str, ...]:
        mine = (_quality(one), -paid[one.name])
        others = [(other.name, (_quality(other), -paid[other.name])) for other in standings if not other.broken]
        return tuple(name for name, its in others if its != mine and its[0] >= mine[0] and its[1] >= mine[1])

    return [InUse(one, costs[one.name], ahead_of(one)) for one in standings]


def inputs_that_tell(found: Compared) -> list[InputMet]:
    """Return the inputs on which all runs of all contestants tell what they cost."""
    sets = {one.name: one.sets for one in found.comparison.contestants}
    every = [name for one in found.table.standings if one.kind != "control" for name in sets[one.name]]
    return [one for one in found.inputs if all(one.cost.get(name) is not None for name in every)]


def in_use_note(found: Compared) -> str:
    """Return on how many inputs rests what contestants cost in use, where these are not all; else nothing."""
    told, of = len(inputs_that_tell(found)), len(found.inputs)
    if told == of or not any(one.cost for one in found.inputs):
        return ""
    if not told:
        return "What they cost in use is not told: on no hold-out input did every run tell it."
    return f"What they cost in use is by the {told} of {of} hold-out inputs on which every run tells it."


def in_use_columns(decided_by: DecidedBy) -> tuple[str, ...]:
    """Return the headings of the table."""
    first = "accuracy" if decided_by == "labels" else "net wins"
    return (f"in use, {PER_INPUTS:,} inputs", first, "calls", "tokens in", "tokens out", "money", "as good for less")


def in_use_cells(every: Sequence[InUse], simulated: bool) -> list[tuple[str, ...]]:
    """Return the lines of the table."""

    def money(cost: Cost) -> str:
        known = _UNKNOWN if cost.usd is None else phrases.money(cost.usd * PER_INPUTS)
        return "simulated" if simulated else known

    return [
        (
            one.standing.name,
            _shown(one.standing),
            *(_count(value) for value in (one.cost.calls, one.cost.tokens_in, one.cost.tokens_out)),
            money(one.cost),
            ", ".join(one.ahead) or "nobody",
        )
        for one in every
    ]


def in_use_part(found: Compared, simulated: bool) -> Part:
    """Return quality against cost as a chart, and the figures behind it."""
    every, title = in_use(found), "What they cost in use"
    if not every:
        return Part(title)
    labelled = found.table.decided_by == "labels"
    what = _measure([one.cost for one in every])
    x_unit: Unit = "money" if what == "money" else "number"
    unit: Unit = "percent" if labelled else "signed percent"
    curves = []
    for one in every:
        x, y, (low, high) = _paid(one.cost, what) or 0.0, _quality(one.standing), _interval(one.standing)
        curves.append(Curve(one.standing.name, (Point(x * PER_INPUTS, y, low, high),)))
    chart = Curves(
        f"{'Accuracy' if labelled else 'Net wins'} against what {PER_INPUTS:,} inputs cost",
        what,
        x_unit,
        False,
        unit,
        tuple(curves),
        (),
    )
    words = (
        "The team's own calls on the hold-out, with the prompts of each. Whoever has nobody as good for less is on the "
        "Pareto front. These are estimates; nothing of it is claimed."
    )
    columns = headings(in_use_columns(found.table.decided_by))
    table = cells("In use", columns, in_use_cells(every, simulated))
    return Part(title, words=(words,), curves=(chart,), tables=(table,))


def _mean(met: Sequence[InputMet], sets: Sequence[str]) -> Cost:
    """Return the mean over inputs and prompt sets."""
    return Cost.mean_of([cost for one in met for name in sets if (cost := one.cost.get(name)) is not None])


def _measure(costs: Sequence[Cost]) -> str:
    """Return by what costs are compared: money where all is known, else tokens, else calls."""
    if all(cost.usd is not None for cost in costs) and any(cost.usd for cost in costs):
        return "money"
    return "tokens" if all(cost.tokens is not None for cost in costs) else "calls"


def _paid(cost: Cost, what: str) -> float | None:
    if what == "money":
        return cost.usd
    return cost.calls if what == "calls" else cost.tokens


def _quality(one: Standing) -> float:
    return one.net if one.accuracy is None else one.accuracy


def _interval(one: Standing) -> tuple[float, float]:
    if one.accuracy_interval is None and one.kind == "seed":
        return one.net, one.net  # it is what all others are measured by
    return one.interval if one.accuracy_interval is None else one.accuracy_interval


def _shown(one: Standing) -> str:
    if one.accuracy is not None:
        return phrases.percent(one.accuracy)
    return "–" if one.kind == "seed" else phrases.signed_percent(one.net)


def _count(value: float | None) -> str:
    return _UNKNOWN if value is None else phrases.number(round(value * PER_INPUTS))
