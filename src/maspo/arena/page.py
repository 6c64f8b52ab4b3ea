"""What an arena leaves in its folder: the record as JSON, one page that opens offline, and the plots as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from maspo.__about__ import __version__
from maspo.arena import plots
from maspo.arena.records import Record
from maspo.arena.summary import TextTable, losses, summarize, tables_of
from maspo.report.markup import Html, h, join
from maspo.report.page import head
from maspo.store.files import write_whole

_STYLE = """
.whisker { stroke: var(--accent); stroke-width: 2; }
.reference { stroke: var(--quiet); stroke-dasharray: 4 3; }
.scroll > .chart { min-width: 40rem; max-width: none; }
.figures-table td { text-align: right; }
.figures-table thead th.figure { text-align: right; }
.figures-table th:last-child, .figures-table td:last-child { white-space: nowrap; padding-right: 0; }
.figures-table caption { position: static; width: auto; height: auto; clip-path: none; text-align: left; }
"""
_PLOTS = {
    "accuracy": (
        "Accuracy against calls",
        "True accuracy of what is shipped, mean ± 1 SE over seeds. Dashed: the seed prompts, and nearly optimal ones. "
        "Better is further up and further left.",
    ),
    "worlds": (
        "Worlds",
        "Gain over the seed prompts in each kind of world, mean ± 1 SE over seeds. Dashed: the gain in the base world.",
    ),
    "ablation": (
        "Ablation",
        "Accuracy of the whole method minus that without one ingredient, on the same seeds. To the right of zero: the "
        "ingredient helps. Less than twice its bar from zero: it has not been shown to do anything.",
    ),
}


def summary_of(records: Sequence[Record], arguments: Mapping[str, object]) -> dict[str, object]:
    """Return everything as plain JSON: arguments, summaries and records."""
    return {
        "maspo": __version__,
        "arguments": dict(arguments),
        "rows": [asdict(row) for row in summarize(records)],
        "ablation": [asdict(loss) for loss in losses(records)],
        "records": [asdict(record) for record in records],
    }


def plots_of(records: Sequence[Record]) -> dict[str, Html]:
    """Return the plots that have something to show, by name."""
    rows, lost = summarize(records), losses(records)
    found = {}
    if rows:
        found["accuracy"] = plots.accuracy(rows)
    if len({row.world for row in rows}) > 1:
        found["worlds"] = plots.worlds(rows)
    if lost:
        found["ablation"] = plots.ablation(lost)
    return found


def write(folder: Path, records: Sequence[Record], arguments: Mapping[str, object]) -> None:
    """Write arena.json, arena.html and one SVG for each plot."""
    write_whole(folder / "arena.json", json.dumps(summary_of(records, arguments), indent=1) + "\n")
    write_whole(folder / "arena.html", render(records, arguments))
    for name, plot in plots_of(records).items():
        write_whole(folder / f"{name}.svg", standalone(plot))


def render(records: Sequence[Record], arguments: Mapping[str, object]) -> str:
    """Return the page."""
    shown = "; ".join(f"{name}: {value}" for name, value in arguments.items() if value)
    header = h(
        "header",
        {},
        h("p", {"class": "kicker"}, f"maspo {__version__}, simulated worlds"),
        h("h1", {}, "Arena"),
        h("p", {"class": "quiet"}, shown),
    )
    sections = []
    for name, plot in plots_of(records).items():
        title, caption = _PLOTS[name]
        figure = h("figure", {}, h("div", {"class": "scroll"}, plot), h("figcaption", {}, caption))
        sections.append(h("section", {}, h("h2", {}, title), figure))
    sections += [h("section", {}, _table(table)) for table in tables_of(records)]
    body = h("body", {}, header, h("main", {}, *sections))
    page = h("html", {"lang": "en"}, head("maspo arena", _STYLE), body)
    return "<!doctype html>\n" + page.markup + "\n"


def standalone(plot: Html) -> str:
    """Return a plot as an SVG file of its own, with the style of the page."""
    style = resources.files("maspo.report").joinpath("style.css").read_text(encoding="utf-8")
    inner = plot.markup.removeprefix("<svg ")
    begin = inner.index(">") + 1
    own = h("style", {}, Html(f"{style}{_STYLE}.chart {{ background: var(--card); }}"))
    return f'<svg xmlns="http://www.w3.org/2000/svg" {inner[:begin]}{own.markup}{inner[begin:]}\n'


def _table(table: TextTable) -> Html:
    headers, rows = [], []
    for place, name in enumerate(table.headers):
        headers.append(h("th", {"scope": "col", "class": "figure" if place >= table.names else ""}, name))
    for row in table.rows:
        names = [h("th", {"scope": "row"}, cell) for cell in row[: table.names]]
        rows.append(h("tr", {}, *names, *(h("td", {}, cell) for cell in row[table.names :])))
    whole = h("table", {"class": "figures-table"}, h("thead", {}, h("tr", {}, *headers)), h("tbody", {}, *rows))
    return join(h("h2", {}, table.title), h("div", {"class": "scroll"}, whole))
