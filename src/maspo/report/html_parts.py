"""The building blocks that several parts of the page share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maspo.report import words
from maspo.report.diff import diff
from maspo.report.markup import Child, Html, h, join
from maspo.report.shown import clipped

MOST_CHARACTERS = 12_000
"""Of one text on the page; longer ones are cut in the middle."""
_DIFF_TAGS = {"same": "span", "removed": "del", "added": "ins"}


def heading(kicker: str, title: str, line: str, *more: Child) -> Html:
    """Build the top of a page."""
    parts = (h("p", {"class": "kicker"}, kicker), h("h1", {}, title), h("p", {"class": "quiet"}, line))
    return h("header", {}, *parts, *more)


def section(name: str, title: str, *children: Child) -> Html:
    """Build one part of the page."""
    return h("section", {"id": name}, h("h2", {}, title), *children)


def quiet(text: str) -> Html:
    """Build a remark."""
    return h("p", {"class": "quiet"}, text)


def folded(title: str, *children: Child) -> Html:
    """Build a part that opens on a click, without scripts."""
    return h("details", {}, h("summary", {}, title), *children)


def left_out(count: int, one: str, many: str) -> Html:
    """Say how many of something the page has no room for; nothing when all are there."""
    return quiet(f"Not shown: {words.plural(count, one, many)}.") if count > 0 else join()


def text_block(text: str, limit: int = MOST_CHARACTERS) -> Html:
    """Show a text as it is, line by line."""
    return h("pre", {"dir": "auto"}, clipped(text, limit) or "(empty)")


def diff_block(before: str, after: str) -> Html:
    """Show what changed from one text to another, with ``ins`` and ``del``."""
    segments = diff(clipped(before, MOST_CHARACTERS), clipped(after, MOST_CHARACTERS))
    parts: list[Child] = [
        segment.text if segment.kind == "same" else h(_DIFF_TAGS[segment.kind], {}, segment.text)
        for segment in segments
    ]
    return h("pre", {"class": "diff", "dir": "auto"}, *parts)


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Child]]) -> Html:
    """Build a table that scrolls sideways on a narrow screen; the first cell of a row is its heading."""
    head = h("tr", {}, *(h("th", {"scope": "col"}, column) for column in columns))
    body = (h("tr", {}, h("th", {"scope": "row"}, row[0]), *(h("td", {}, cell) for cell in row[1:])) for row in rows)
    grid = h("table", {}, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, *body))
    return h("div", {"class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"}, grid)
