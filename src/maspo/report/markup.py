"""Building HTML and SVG that cannot act: known tags and attributes only, and every text escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from maspo.report.visible import visible

_TAGS = """
html head meta title style body header main footer nav section article div p span h1 h2 h3 h4 ul ol li dl dt dd
table caption thead tbody tr th td figure figcaption details summary pre code ins del strong em a br
svg g rect circle line path polygon text desc
"""
_ATTRIBUTES = """
lang charset name content http-equiv class id href role scope open tabindex dir aria-label aria-hidden
viewBox width height x y x1 y1 x2 y2 cx cy r rx d points text-anchor preserveAspectRatio
"""
TAGS = frozenset(_TAGS.split())
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
_VOID = frozenset({"meta", "br"})


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is safe to insert as it stands; only this module and trusted constants make it."""

    markup: str


Child: TypeAlias = Html | str
Attributes: TypeAlias = Mapping[str, str]


def h(tag: str, attributes: Attributes, *children: Child) -> Html:
    """Build one element; plain strings are escaped, invisible characters spelled out.

    Raises:
        ValueError: a tag or attribute that a report never needs, or a link that leaves the page.

    """
    if tag not in TAGS:
        raise ValueError(f"tag {tag!r} is not allowed in a report; allowed: {', '.join(sorted(TAGS))}")
    opened = tag
    for name, value in attributes.items():
        if name not in ATTRIBUTES:
            known = ", ".join(sorted(ATTRIBUTES))
            raise ValueError(f"attribute {name!r} is not allowed in a report; allowed: {known}")
        if name == "href" and not value.startswith("#"):
            raise ValueError(f"href {value!r} leaves the page; a report links only to its own parts: #…")
        opened += f' {name}="{escape(value)}"'
    if tag in _VOID:
        return Html(f"<{opened}>")
    swallowed = "\n" if tag == "pre" else ""  # a browser drops the first line end of a pre
    return Html(f"<{opened}>{swallowed}{join(*children).markup}</{tag}>")


def join(*children: Child) -> Html:
    """Put children side by side."""
    return Html("".join(child.markup if isinstance(child, Html) else escape(child) for child in children))


def escape(text: str) -> str:
    """Return the text so that a browser shows it and does nothing else with it."""
    return html.escape(visible(text), quote=True)
