"""What every page is built from: its head with the one style, sections, tables, differences, and how much fits."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources

from maspo.report import phrases
from maspo.report.diff import diff
from maspo.report.markup import Child, Html, h, join
from maspo.report.visible import clipped

# ── how much fits ────────────────────────────────────────────────────────────────────────────────────────────────────
# A page lists what a person may read through, says how much it left out, and leaves the rest to the files for scripts.
# None of these sizes is measured: all together they keep the page of a run of hundreds of agents below five megabytes
# (test_report_html.py), which a browser opens at once, and none cuts anything off the usual run of a few agents.
MOST_DIFFS = 60
"""Changed prompts that are shown, and as many unchanged ones, folded."""
MOST_TEAM_ROWS = 400
"""Agents in the table of the team: one line each."""
MOST_PANELS = 24
"""Agents whose rewards are drawn: two dozen charts fill some screens."""
MOST_STEPS = 200
"""Steps, the newest, one line each."""
MOST_CANDIDATES = 300
"""Candidates, the newest, one line each; they are folded away."""
MOST_RANKED = 100
"""Agents, or edges between them, that are ranked in a table; the first of them matter most."""
MOST_REJECTED = 40
"""Rejected drafts, the newest: each brings a whole text."""
MOST_CASES = 20
"""Misalignment cases, the newest: each brings many texts."""
MOST_OUTPUTS = 8
"""Agents of a case whose outputs are shown side by side."""
MOST_CONFLICTS = 40
"""Agents in conflict, the newest."""
MOST_CONFLICT_INPUTS = 12
"""Inputs of a conflict that are named: they share one cell."""
MOST_LOST_CALLS = 20
"""Calls that failed for good, the newest: they tend to fail for the same few reasons."""
MOST_UNSETTLED = 500
"""Calls that may be billed twice: nearly all, since somebody may have to look each up on a bill."""
MOST_NOTES = 50
"""Notes on a run."""
MOST_PAIRS = 30
"""Pairs that speak against a judge, each with whole texts."""
MOST_ROW_IDS = 500
"""Ids of rows that differ in an evaluation: they share one cell."""
MOST_CHARACTERS = 12_000
"""Of a prompt or another text on the page, some four times the usual prompt; longer ones are cut in the middle."""
CASE_CHARACTERS = 3_000
"""Of an input or output in a case, of which there are many."""
DRAFT_CHARACTERS = 4_000
"""Of a rejected draft."""
REASON_CHARACTERS = 400
"""Of a reason in a table: a few lines of a cell."""
NOTE_CHARACTERS = 2_000
"""Of an explanation that stands alone: about a screen."""

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


def warnings(lines: Sequence[str]) -> Html:
    """List what to look at first; nothing without any."""
    return h("ul", {"class": "warnings"}, *(h("li", {}, line) for line in lines)) if lines else join()


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
