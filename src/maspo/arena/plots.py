"""The arena's plots, as SVG: accuracy against calls, gain by world, and what each ingredient is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from maspo.arena.programme import BASE
from maspo.arena.summary import Loss, Mean, Row
from maspo.arena.svg import Scale, Svg, h, join, line, px, svg, text

# Sizes are pixels of the drawing; a page scales it as a whole.
_PANEL, _COLUMNS = (440, 266), 2
"""One graph in one world, and how many stand side by side."""
_ROW, _HEADING = 24, 32
"""Heights of a line of a dot plot and of the name of a group."""
_LABEL = 14
"""Between two labels that would else stand on one another."""
_LETTER = 7.5
"""Width that a letter of a rival's name takes, rather too much than too little."""
_MARK = 9
"""From the middle of a mark to its name."""
_STEPS = (1, 1.5, 2, 3, 5, 7)
"""Round numbers within a power of ten, about evenly spaced on a logarithmic axis."""
_MOST_TICKS = 5
"""Numbers of five digits fit side by side below a panel."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One line of a dot plot. The lines of one group stand together."""

    group: str
    name: str
    mean: Mean


def accuracy(rows: Sequence[Row]) -> Svg:
    """Draw true accuracy against calls: a panel for each graph and world, a mark with its error for each rival."""
    places = list(dict.fromkeys((row.graph, row.world) for row in rows))
    panels = [[row for row in rows if (row.graph, row.world) == place] for place in places]
    columns = min(len(panels), _COLUMNS)
    width = _PANEL[0] * _COLUMNS // columns
    alternative = "True accuracy of what is shipped against calls. " + "; ".join(
        f"{row.graph}, {row.world}: {row.rival} {row.shipped.value:.2f} at {row.calls:.0f} calls" for row in rows
    )
    drawn = [
        _panel(panel, (width * (number % columns), _PANEL[1] * (number // columns)), width)
        for number, panel in enumerate(panels)
    ]
    return svg((width * columns, _PANEL[1] * math.ceil(len(panels) / columns)), alternative, *drawn)


def worlds(rows: Sequence[Row]) -> Svg:
    """Draw the gain in each world, by graph and rival; the group's dashed line is its gain in the base world."""
    dots = [Dot(f"{row.rival} on {row.graph}", row.world, row.gain) for row in rows]
    return dot_plot("Gain in true accuracy, ± 1 SE", dots, reference=BASE)


def ablation(found: Sequence[Loss]) -> Svg:
    """Draw what each ingredient is worth, by graph, world and rival."""
    dots = [Dot(f"{loss.rival} on {loss.graph}, {loss.world}", loss.ingredient, loss.worth) for loss in found]
    return dot_plot("Accuracy lost without it, ± 1 SE of the paired difference", dots)


def dot_plot(title: str, dots: Sequence[Dot], reference: str = "") -> Svg:
    """Draw a mean and its standard error a line; a group's line named ``reference`` runs through the whole group."""
    groups = list(dict.fromkeys(dot.group for dot in dots))
    bounds = [value for dot in dots for value in (dot.mean.low, dot.mean.high)]
    low, high = math.floor(20 * min(0.0, *bounds)) / 20, math.ceil(20 * max(0.05, *bounds)) / 20
    across = Scale(low, high, 260, 660)
    height = 12 + _ROW * len(dots) + _HEADING * len(groups) + 48
    bottom = height - 40
    step = next(step for step in (0.05, 0.1, 0.2, 0.5, 1.0) if (across.high - across.low) / step <= 9)
    ticks = [step * tick for tick in range(math.ceil(across.low / step), math.floor(across.high / step + 1e-9) + 1)]
    parts = []
    for tick in ticks:
        name = "grid" if abs(tick) > 1e-9 else "zero"
        parts.append(line(name, (across.at(tick), 12), (across.at(tick), bottom)))
    for tick in ticks:
        parts.append(text(across.at(tick), bottom + 16, f"{tick:+.2f}" if abs(tick) > 1e-9 else "0"))
    parts.append(text(460, height - 6, title))
    y = 0.0
    for group in groups:
        members = [dot for dot in dots if dot.group == group]
        y += _HEADING
        parts.append(h("text", {"class": "name", "x": "12", "y": px(y), "text-anchor": "start"}, group))
        for dot in members:
            if dot.name == reference:
                x = across.at(dot.mean.value)
                parts.append(line("reference", (x, y + 4), (x, y + 8 + _ROW * len(members))))
        for dot in members:
            y += _ROW
            mean, x = dot.mean, across.at(dot.mean.value)
            whisker = line("whisker", (across.at(mean.low), y), (across.at(mean.high), y))
            mark = {"class": "point", "cx": px(x), "cy": px(y), "r": "4"}
            parts += [text(250, y + 4, dot.name, "end"), whisker, h("circle", mark, h("title", {}, mean.as_text()))]
    alternative = f"{title}. " + "; ".join(f"{dot.group}, {dot.name}: {dot.mean.as_text()}" for dot in dots)
    return svg((680, height), alternative, *parts)


def _panel(rows: Sequence[Row], corner: tuple[float, float], width: float) -> Svg:
    """Draw one graph in one world: seed prompts and optimum as lines, rivals as marks named beside them."""
    first = rows[0]
    left, top = corner
    calls = [row.calls for row in rows]
    low, high = math.log10(min(calls)) - 0.15, math.log10(max(calls)) + 0.35
    across = Scale(low, high, left + 50, left + width - 16)
    least = min([first.seed_accuracy, *(row.shipped.low for row in rows)])
    up = Scale(math.floor(10 * least - 0.2) / 10, 1.0, top + _PANEL[1] - 50, top + 30)
    best = first.shipped.value + first.regret.value
    name = {"class": "name", "x": px(left + 50), "y": px(top + 20)}
    parts = [h("text", name, f"{first.graph}, {first.world}")]
    for tenth in range(round(10 * up.low), 11):
        y = up.at(tenth / 10)
        parts.append(line("grid", (across.start, y), (across.end, y)))
        parts.append(text(across.start - 6, y + 4, f"{tenth / 10:.1f}", "end"))
    # Round numbers of calls, not too many.
    powers = range(math.floor(low), math.ceil(high) + 1)
    round_ones = [round(step * 10**power) for power in powers for step in _STEPS]
    round_ones = [number for number in round_ones if low <= math.log10(number) <= high]
    for number in round_ones[:: math.ceil(len(round_ones) / _MOST_TICKS)]:
        parts.append(text(across.at(math.log10(number)), up.start + 16, f"{number:,}"))
    parts.append(text((across.start + across.end) / 2, up.start + 34, "calls (logarithmic)"))
    for value, words in ((first.seed_accuracy, "seed prompts"), (best, "optimum")):
        y = up.at(value)
        parts.append(line("reference", (across.start, y), (across.end, y)))
        parts.append(text(across.end, y - 4, words, "end"))
    return join(*parts, *_marks(rows, across, up))


def _marks(rows: Sequence[Row], across: Scale, up: Scale) -> list[Svg]:
    """Draw the rivals. A name stands right of its mark, or left of it when another mark is in the way."""
    parts = []
    places = [(across.at(math.log10(row.calls)), up.at(row.shipped.value)) for row in rows]
    named: list[tuple[float, float, float]] = []
    for row, (x, y) in sorted(zip(rows, places, strict=True), key=lambda pair: pair[1][1]):
        length = _MARK + _LETTER * len(row.rival)
        crowded = any(0 < other[0] - x < length and abs(other[1] - y) < _LABEL for other in places)
        begin, end = (x - length, x - _MARK) if crowded else (x + _MARK, x + length)
        level = y + 4
        while any(begin < other[1] and other[0] < end and abs(level - other[2]) < _LABEL for other in named):
            level += _LABEL / 2
        named.append((begin, end, level))
        ends = up.at(row.shipped.low), up.at(row.shipped.high)
        words = f"{row.rival}: {row.shipped.as_text()} at {row.calls:.0f} calls"
        beside, anchor = (x - _MARK, "end") if crowded else (x + _MARK, "start")
        where = {"x": px(beside), "y": px(level), "text-anchor": anchor}
        parts += [
            line("whisker", (x, ends[0]), (x, ends[1])),
            h("circle", {"class": "point", "cx": px(x), "cy": px(y), "r": "4.5"}, h("title", {}, words)),
            h("text", {"class": "name", **where}, row.rival),
        ]
    return parts
