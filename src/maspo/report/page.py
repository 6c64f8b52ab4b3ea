"""What every page is built from: its head with the one style, sections, tables, differences, and how much fits."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources

from maspo.events import CallUnsettled
from maspo.report import phrases
from maspo.report.diff import diff
from maspo.report.markup import Child, Html, h, join
from maspo.report.text import judge_figures
from maspo.report.visible import clipped
from maspo.study.evaluation.calibration import Calibration

# ── how much fits ────────────────────────────────────────────────────────────────────────────────────────────────────
# A page lists what a person may read through, says how much it left out, and leaves the rest to the files for scripts.
# None of these sizes is measured; none cuts anything off the usual evaluation.
MOST_UNSETTLED = 500
"""Calls that may be billed twice: nearly all, since somebody may have to look each up on a bill."""
MOST_PAIRS = 30
"""Pairs that speak against a judge, each with whole texts."""
MOST_ROW_IDS = 500
"""Ids of rows that differ in an evaluation: they share one cell."""
MOST_CHARACTERS = 12_000
"""Of a prompt or another text on the page, some four times the usual prompt; longer ones are cut in the middle."""

_DIFF_TAGS = {"same": "span", "removed": "del", "added": "ins"}


def document(title: str, *body: Html) -> str:
    """Return a whole page."""
    page = h("html", {"lang": "en"}, head(title), h("body", {}, *body))
    return "<!doctype html>\n" + page.markup + "\n"


def head(title: str, more_style: str = "") -> Html:
    """Return the head of a page: the style, and a policy under which nothing else acts and nothing is loaded."""
    style = resources.files("maspo.report").joinpath("style.css").read_text(encoding="utf-8") + more_style
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{known}'; base-uri 'none'; form-action 'none'"
    return h(
        "head",
        {},
        h("meta", {"charset": "utf-8"}),
        h("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        h("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        h("meta", {"name": "color-scheme", "content": "light dark"}),
        h("meta", {"name": "referrer", "content": "no-referrer"}),
        h("title", {}, title),
        h("style", {}, Html(style)),
    )


def heading(kicker: str, title: str, line: str, *more: Child) -> Html:
    """Build the top of a page."""
    parts = (h("p", {"class": "kicker"}, kicker), h("h1", {}, title), h("p", {"class": "quiet"}, line))
    return h("header", {}, *parts, *more)


def simulated_banner(simulated: bool, *more: str) -> Html:
    """Say that no language model was asked, where none was."""
    if not simulated:
        return join()
    return h("p", {"class": "banner", "role": "note"}, h("strong", {}, phrases.SIMULATED), *more)


def section(name: str, title: str, *children: Child) -> Html:
    """Build one part of the page."""
    return h("section", {"id": name}, h("h2", {}, title), *children)


def paragraph(*children: Child) -> Html:
    """Build a paragraph."""
    return h("p", {}, *children)


def quiet(text: str) -> Html:
    """Build a remark."""
    return h("p", {"class": "quiet"}, text)


def folded(title: str, *children: Child) -> Html:
    """Build a part that opens on a click, without scripts."""
    return h("details", {}, h("summary", {}, title), *children)


def left_out(count: int, one: str) -> Html:
    """Say how many of something the page has no room for; nothing when all are there."""
    return quiet(f"Not shown: {phrases.plural(count, one)}.") if count > 0 else join()


def figures(rows: Iterable[tuple[str, str]], kind: str = "figures") -> Html:
    """List figures by name; ``kind`` is the class of the list."""
    return h("dl", {"class": kind}, *(h("div", {}, h("dt", {}, name), h("dd", {}, text)) for name, text in rows))


def scrolling(name: str, *children: Child) -> Html:
    """Let something wide scroll sideways on a narrow screen, with the keyboard too."""
    return h("div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": name}, *children)


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


def show_calibration(title: str, remark: str, found: Calibration) -> Html:
    """Show how far a judge can be trusted."""
    return section("judge", title, quiet(remark), table(title, ("The judge", "Figure"), judge_figures(found)))


def show_unsettled(calls: Sequence[CallUnsettled]) -> Html:
    """List the calls that a killed process had in flight."""
    if not calls:
        return join()
    title = "Possibly billed twice"
    rows = [(call.purpose, call.agent, call.model, phrases.at_most(call.usd)) for call in calls[::-1][:MOST_UNSETTLED]]
    return join(
        h("h3", {}, title),
        quiet(
            "These calls were in flight when the run was killed. Their replies are not recorded, so they were asked "
            f"again. Together {phrases.unsettled_bound(calls)}."
        ),
        table(title, ("Purpose", "Agent", "Model", "Cost"), rows),
        left_out(len(calls) - len(rows), "earlier call"),
    )
