"""Curves of a comparison: what each method held on its way, against calls and against money, as drawing and table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from maspo.report import phrases
from maspo.report.charts import Scale, line, px, svg, text
from maspo.report.markup import Html, h
from maspo.report.visible import clipped
from maspo.study.comparison.course import CurvePoint

_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 460.0, 16.0, 220.0
"""The frame of a drawing; the names of the curves stand right of it."""
_WIDTH = 680
_LABEL = 14.0
"""Between two names that would else stand on one another."""
_TICKS = 4
_LETTERS = 24
"""Of a name that fit beside the frame."""

Curves = Mapping[str, Sequence[CurvePoint]]


def value_of(point: CurvePoint) -> float:
    """Return what a point shows: accuracy where labels decide, else net wins over the seed prompts."""
    return point.net if point.accuracy is None else point.accuracy


def shown(point: CurvePoint) -> str:
    """Return the value of a point in words."""
    return phrases.signed_percent(point.net) if point.accuracy is None else phrases.percent(point.accuracy)


def drawings(curves: Curves) -> Iterator[tuple[str, Html]]:
    """Yield a title and a drawing against calls, and one against money where all of it is known."""
    what = "Accuracy" if any(point.accuracy is not None for curve in curves.values() for point in curve) else "Net wins"
    yield f"{what} against calls of the search", _draw(curves, lambda one: one.calls, lambda x: f"{x:,.0f}", what)
    costs = [point.usd for curve in curves.values() for point in curve]
    if all(usd is not None for usd in costs) and any(costs):
        yield f"{what} against money", _draw(curves, lambda one: one.usd or 0.0, phrases.money, what)


def _draw(curves: Curves, x_of: Callable[[CurvePoint], float], written: Callable[[float], str], what: str) -> Html:
    points = [point for curve in curves.values() for point in curve]
    values = list(map(value_of, points))
    low, high = math.floor(min(values) * 10) / 10, math.ceil(max(values) * 10) / 10
    up = Scale(low, high if high > low else low + 0.1, _BOTTOM, _TOP)
    across = Scale(0, max(map(x_of, points)) or 1.0, _LEFT, _RIGHT)
    parts = []
    for tick in range(_TICKS + 1):
        value = up.low + (up.high - up.low) * tick / _TICKS
        parts.append(line("grid", (_LEFT, up.at(value)), (_RIGHT, up.at(value))))
        parts.append(text(_LEFT - 6, up.at(value) + 4, f"{100 * value:.0f}%", "end"))
        x = across.high * tick / _TICKS
        parts.append(text(across.at(x), _BOTTOM + 18, written(x)))
    floor = -math.inf
    for name, curve in sorted(curves.items(), key=lambda one: -value_of(one[1][-1])):
        places = [(across.at(x_of(point)), up.at(value_of(point))) for point in curve]
        parts += [line("whisker", one, other) for one, other in pairwise(places)]
        parts += [h("circle", {"class": "point", "cx": px(x), "cy": px(y), "r": "3"}) for x, y in places]
        floor = max(places[-1][1] + 4, floor + _LABEL)
        parts.append(line("grid", places[-1], (_RIGHT + 14, floor - 4)))
        parts.append(text(_RIGHT + 18, floor, clipped(name, _LETTERS).replace("\n", " "), "start"))
    words = "; ".join(
        f"{name}: " + ", ".join(f"{shown(point)} at {written(x_of(point))}" for point in curve)
        for name, curve in curves.items()
    )
    height = int(max(_BOTTOM + 30, floor + 10))
    return svg((_WIDTH, height), f"{what}. {words}", *parts)


def columns(curves: Curves) -> tuple[str, ...]:
    """Return the headings of the table: the moments, the last of which is the end."""
    longest = max(map(len, curves.values()))
    return ("", "seed prompts", *(f"moment {number}" for number in range(1, longest - 1)), "end")


def cells(name: str, curve: Sequence[CurvePoint], width: int) -> tuple[str, ...]:
    """Return the line of a method in ``width`` cells: at each moment the value, calls until then, and their cost."""
    told = [_cell(point) for point in curve[1:-1]]
    return (name, shown(curve[0]), *told, *[""] * (width - len(told) - 3), _cell(curve[-1]))


def _cell(point: CurvePoint) -> str:
    money = "" if not point.usd else f", {phrases.money(point.usd)}"
    return f"{shown(point)} ({phrases.number(round(point.calls))} calls{money})"
