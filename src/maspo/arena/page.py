"""What an arena leaves in its folder: the record as JSON, one page that opens offline, and the plots as files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from maspo.__about__ import __version__
from maspo.arena import plots
from maspo.arena.records import Record
from maspo.arena.summary import Loss, Row, losses, summarize, tables_of
from maspo.arena.svg import Svg, standalone
from maspo.report import phrases
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import Curve, Curves, Dot, Dots, Part, Point, Sheet, cells, headings, sheet
from maspo.report.folder import ARENA_PAGE
from maspo.store.files import write_whole

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


def plots_of(records: Sequence[Record]) -> dict[str, Svg]:
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
    write_whole(folder / ARENA_PAGE, sheet_html(arena_sheet(records, arguments)))
    for name, plot in plots_of(records).items():
        write_whole(folder / f"{name}.svg", standalone(plot))


def arena_sheet(records: Sequence[Record], arguments: Mapping[str, object]) -> Sheet:
    """Return the document of an arena."""
    rows, lost, runs = summarize(records), losses(records), phrases.plural(len(records), "run")
    given = {name: ", ".join(value) if isinstance(value, list) else value for name, value in arguments.items()}
    shown = "; ".join(f"{name}: {value}" for name, value in given.items() if value)
    drawn = {
        "accuracy": Part("", curves=tuple(_against_calls(rows))),
        "worlds": Part("", dots=(_gains(rows),) if len({row.world for row in rows}) > 1 else ()),
        "ablation": Part("", dots=(_worths(lost),) if lost else ()),
    }
    plots = [replace(part, title=_PLOTS[name][0], words=(_PLOTS[name][1],)) for name, part in drawn.items() if part]
    tables = [
        Part(one.title, tables=(cells(one.title, headings(one.headers), one.rows, names=one.names),))
        for one in tables_of(records)
    ]
    return sheet(
        "arena",
        "Arena",
        line=f"maspo {__version__}, simulated worlds",
        label="Simulated worlds",
        headline=f"{runs} on simulated worlds, where true accuracy is known.",
        simulated=True,
        facts=[("Arguments", shown)],
        parts=(*plots, *tables),
    )


def _against_calls(rows: Sequence[Row]) -> Iterator[Curves]:
    """Yield true accuracy against calls for each graph and world: a mark for each rival."""
    for place in dict.fromkeys((row.graph, row.world) for row in rows):
        here = [row for row in rows if (row.graph, row.world) == place]
        first = here[0]
        marks = tuple(
            Curve(row.rival, (Point(row.calls, row.shipped.value, row.shipped.low, row.shipped.high),)) for row in here
        )
        levels = (("seed prompts", first.seed_accuracy), ("optimum", first.shipped.value + first.regret.value))
        yield Curves(f"{first.graph}, {first.world}", "calls", "number", True, "percent", marks, levels)


def _gains(rows: Sequence[Row]) -> Dots:
    dots = tuple(
        Dot(f"{row.rival} on {row.graph}", row.world, row.gain.value, row.gain.low, row.gain.high) for row in rows
    )
    return _dots("Gain in true accuracy, ± 1 SE", dots)


def _worths(lost: Sequence[Loss]) -> Dots:
    dots = tuple(
        Dot(f"{one.rival} on {one.graph}, {one.world}", one.ingredient, one.worth.value, one.worth.low, one.worth.high)
        for one in lost
    )
    return _dots("Accuracy lost without it, ± 1 SE of the paired difference", dots)


def _dots(caption: str, dots: tuple[Dot, ...]) -> Dots:
    least, most = min(0.0, *(dot.low for dot in dots)), max(0.05, *(dot.high for dot in dots))
    return Dots(caption, "signed percent", dots, math.floor(20 * least) / 20, math.ceil(20 * most) / 20, 0.0)
