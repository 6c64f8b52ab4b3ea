"""What charts are drawn of: axes, lines and texts as inline SVG; each chart has a title and a text alternative.

Places are pixels of each drawing's own ``viewBox``, chosen by eye so that labels do not touch.
"""

from __future__ import annotations

from dataclasses import dataclass

from maspo.report.markup import Html, h


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


def svg(size: tuple[int, int], alternative: str, *children: Html) -> Html:
    """Return a chart; ``alternative`` says what it shows to those who cannot see it."""
    box = {"viewBox": f"0 0 {size[0]} {size[1]}", "role": "img", "aria-label": alternative, "class": "chart"}
    return h("svg", box, h("title", {}, alternative), *children)


def line(name: str, start: tuple[float, float], end: tuple[float, float]) -> Html:
    """Return a straight line; ``name`` is its class."""
    places = {"x1": px(start[0]), "y1": px(start[1]), "x2": px(end[0]), "y2": px(end[1])}
    return h("line", {"class": name, **places})


def text(x: float, y: float, content: str, anchor: str = "middle") -> Html:
    """Return a text at a place."""
    return h("text", {"x": px(x), "y": px(y), "text-anchor": anchor}, content)


def px(value: float) -> str:
    """Return a pixel place to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


# ── charts ───────────────────────────────────────────────────────────────────────────────────────────────────────────
