"""Curves of a comparison: what each method held on its way, against calls and against money, as drawing and table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from maspo.report import phrases
from maspo.report.document.sheet import Curve, Curves, Point, Unit
from maspo.study.comparison.course import CurvePoint
from maspo.study.comparison.plan import Equal

Held = Mapping[str, Sequence[CurvePoint]]
"""By method: what it held on its way."""


def value_of(point: CurvePoint) -> float:
    """Return what a point shows: accuracy where labels decide, else net wins over the seed prompts."""
    return point.net if point.accuracy is None else point.accuracy


def write_point(point: CurvePoint) -> str:
    """Return the value of a point in words."""
    return phrases.signed_percent(point.net) if point.accuracy is None else phrases.percent(point.accuracy)


def drawn(curves: Held, first: Equal = "calls") -> Iterator[Curves]:
    """Yield the curves against calls, and against money where all of it is known; ``first`` says which comes first."""
    labelled = any(point.accuracy is not None for curve in curves.values() for point in curve)
    what = "Accuracy" if labelled else "Net wins"
    unit: Unit = "percent" if labelled else "signed percent"
    found = [_over(curves, lambda one: one.calls, f"{what} against calls of the search", "calls", "number", unit)]
    costs = [point.usd for curve in curves.values() for point in curve]
    if all(usd is not None for usd in costs) and any(costs):
        found.append(_over(curves, lambda one: one.usd or 0.0, f"{what} against money", "money", "money", unit))
    yield from found if first == "calls" else reversed(found)


def _over(curves: Held, x_of: Callable[[CurvePoint], float], caption: str, x: str, x_unit: Unit, unit: Unit) -> Curves:
    lines = tuple(
        Curve(name, tuple(Point(x_of(one), value_of(one), value_of(one), value_of(one)) for one in curve))
        for name, curve in curves.items()
    )
    return Curves(caption, x, x_unit, False, unit, lines, ())


def columns(curves: Held) -> tuple[str, ...]:
    """Return the headings of the table: the moments, the last of which is the end."""
    longest = max(map(len, curves.values()))
    return ("", "seed prompts", *(f"moment {number}" for number in range(1, longest - 1)), "end")


def draw_line(name: str, curve: Sequence[CurvePoint], width: int) -> tuple[str, ...]:
    """Return the line of a method in ``width`` cells: at each moment the value, calls until then, and their cost."""
    way = [_cell(point) for point in curve[1:-1]]
    return (name, write_point(curve[0]), *way, *[""] * (width - len(way) - 3), _cell(curve[-1]))


def _cell(point: CurvePoint) -> str:
    money = "" if not point.usd else f", {phrases.money(point.usd)}"
    return f"{write_point(point)} ({phrases.number(round(point.calls))} calls{money})"
