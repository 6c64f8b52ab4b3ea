"""Drawings as SVG that cannot act: known elements only, every text escaped; each has a title and a text alternative.

Places are pixels of each drawing's own ``viewBox``, chosen by eye so that labels do not touch.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from maspo.report.visible import visible

_ELEMENTS = frozenset({"svg", "title", "style", "line", "circle", "text"})
_ATTRIBUTES = frozenset({"class", "role", "aria-label", "viewBox", "x", "y", "text-anchor"})
_PLACES = frozenset({"x1", "y1", "x2", "y2", "cx", "cy", "r"})
STYLE = """
:root { --card: #ffffff; --ink: #1b2330; --quiet: #586474; --line: #dde2e9; --accent: #2a5ba8; }
@media (prefers-color-scheme: dark) {
  :root { --card: #1a2029; --ink: #e4e8ee; --quiet: #a0abba; --line: #313a47; --accent: #86b0f2; }
}
svg { background: var(--card); }
text { fill: var(--quiet); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; }
text.name { fill: var(--ink); font-size: 13px; font-weight: 600; }
.grid, .zero { stroke: var(--line); stroke-width: 1; }
.zero { stroke: var(--quiet); }
.reference { stroke: var(--quiet); stroke-dasharray: 4 3; }
.whisker { stroke: var(--accent); stroke-width: 2; }
.point { fill: var(--accent); }
"""


@dataclass(frozen=True, slots=True)
class Svg:
    """Markup that is safe to write as it stands; only this module makes it."""

    markup: str


Child: TypeAlias = Svg | str


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis: values ``low`` to ``high`` onto pixels ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def h(name: str, attributes: Mapping[str, str], *children: Child) -> Svg:
    """Build one element; plain strings are escaped, invisible characters spelled out.

    Raises:
        ValueError: an element or attribute that no drawing needs.

    """
    if name not in _ELEMENTS or not attributes.keys() <= _ATTRIBUTES | _PLACES:
        raise ValueError(f"<{name} {' '.join(attributes)}> is not allowed in a drawing")
    given = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    return Svg(f"<{name}{given}>{join(*children).markup}</{name}>")


def join(*children: Child) -> Svg:
    """Put children side by side."""
    return Svg("".join(one.markup if isinstance(one, Svg) else _escaped(one) for one in children))


def _escaped(text: str) -> str:
    return html.escape(visible(text), quote=True)


def svg(size: tuple[int, int], alternative: str, *children: Svg) -> Svg:
    """Return a chart; ``alternative`` says what it shows to those who cannot see it."""
    box = {"viewBox": f"0 0 {size[0]} {size[1]}", "role": "img", "aria-label": alternative, "class": "chart"}
    return h("svg", box, h("title", {}, alternative), *children)


def standalone(plot: Svg) -> str:
    """Return a chart as the text of a file of its own, with its style."""
    inner = plot.markup.removeprefix("<svg ")
    begin = inner.index(">") + 1
    return f'<svg xmlns="http://www.w3.org/2000/svg" {inner[:begin]}<style>{STYLE}</style>{inner[begin:]}\n'


def line(name: str, start: tuple[float, float], end: tuple[float, float]) -> Svg:
    """Return a straight line; ``name`` is its class."""
    places = {"x1": px(start[0]), "y1": px(start[1]), "x2": px(end[0]), "y2": px(end[1])}
    return h("line", {"class": name, **places})


def text(x: float, y: float, content: str, anchor: str = "middle") -> Svg:
    """Return a text at a place."""
    return h("text", {"x": px(x), "y": px(y), "text-anchor": anchor}, content)


def px(value: float) -> str:
    """Return a pixel place to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
