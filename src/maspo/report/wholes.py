"""Work that is made of several runs: its document from its folder, at any moment, and where its parts are recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from maspo.core.plain_files import is_plain, is_there
from maspo.core.sums import add_up
from maspo.core.usage import total
from maspo.report import phrases
from maspo.report.document.sheet import Bar, Bars, Link, Part, Sheet, SheetState, sheet, sheet_in
from maspo.report.folder import COMPARISON_PAGE, JOURNAL, REPORT, RESULT, Look, look
from maspo.report.joint_page import GOES_ON, joint_sheet
from maspo.study.alternation.alternate import turn_folders
from maspo.study.comparison import pieces
from maspo.study.comparison.compare import folder_of, recorded_comparison
from maspo.study.decisions import works
from maspo.study.ended import spent_in
from maspo.study.evaluation.structure import DATABASE as STRUCTURE_DATABASE
from maspo.study.record import COMPARED, JOINT

Looked: TypeAlias = Callable[[Path], Look]
WHOLES: Final = frozenset({JOINT, COMPARED})
"""Records of work that is made of several runs."""
OUTCOMES: Final = (RESULT, COMPARISON_PAGE)
"""What is written beside them once they are over."""


def sheet_of_whole(record: Path, looked: Looked = look) -> Sheet:
    """Return the document of work that is made of several runs. ``looked`` reads a run of it.

    Raises:
        StoreError: the record cannot be read.

    """
    if record.name == JOINT:
        return joint_sheet(record.parent, looked)
    page = record.parent / COMPARISON_PAGE
    return sheet_in(page) if is_plain(page) and not works(record) else _comparison_so_far(record.parent, looked)


def records_of_whole(record: Path) -> tuple[Path, ...]:
    """Return the records of its parts, as far as they are there, each of which changes while the work goes on."""
    if record.name == JOINT:
        turns = turn_folders(record.parent)
        found = [folder / name for folder in turns for name in (JOURNAL, STRUCTURE_DATABASE)]
    else:
        found = [*sorted((record.parent / "runs").glob(f"*/{JOURNAL}")), *_pieces_in(record.parent)]
    return tuple(path for path in found if is_there(path))


def _pieces_in(out: Path) -> list[Path]:
    """Return the records of the pieces in which other processes measure the hold-out of a comparison."""
    return sorted((out / pieces.FOLDER).glob(f"*/{pieces.DATABASE}"))


def _comparison_so_far(out: Path, looked: Looked) -> Sheet:
    """Return how far the runs of a comparison are."""
    asked = recorded_comparison(out)
    state: SheetState = "running" if works(out / COMPARED) else "stopped"
    bars, links, ended, simulated = list[Bar](), list[Link](), 0, False
    for run in asked.runs:
        folder = folder_of(out, run)
        if not is_there(folder / JOURNAL):
            bars.append(Bar(run.name, 0, asked.calls_of(run.method)))
            continue
        view = looked(folder).view
        simulated = simulated or view.simulated
        over = view.finished is not None
        ended += over
        bars.append(Bar(run.name, add_up(one.calls for one in view.usage.values()), asked.calls_of(run.method)))
        page = f"runs/{run.name}/{REPORT}" if is_there(folder / REPORT) else ""
        links.append(Link(run.name, "has ended" if over else "has not ended", f"runs/{run.name}", page))
    measured = total(spent_in(record)[0] for record in (out / COMPARED, *_pieces_in(out)))
    words = (
        "What the runs end with meets on one hold-out, once all of them are over; nothing is claimed before. Of the "
        f"measuring {phrases.plural(measured.calls, 'call')} so far.",
    )
    drawn = Bars("Calls used, of those planned", "number", tuple(bars))
    stopped = "" if state == "running" else "; then it was stopped"
    line = f"{ended} of {phrases.plural(len(asked.runs), 'run')} have ended{stopped}."
    contestants = sum(one.kind in ("method", "own") for one in asked.contestants)
    held = len(asked.holdout)
    return sheet(
        "comparison",
        f"{asked.system.name}: comparison",
        line=f"{phrases.plural(contestants, 'contestant')} on {phrases.plural(held, 'hold-out input')}",
        label="Running" if state == "running" else "Not finished",
        headline=line,
        facts=[("To go on", "" if state == "running" else GOES_ON)],
        simulated=simulated,
        parts=(Part("Its runs", words=words, bars=(drawn,), links=tuple(links)),),
        state=state,
    )
