"""Run folders: their files by name, what a run recorded, also while it writes, and its report beside it."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from maspo.core.errors import MaspoError, StoreError, UsageError
from maspo.core.plain_files import folders_meant, is_plain, is_there, why_none

# What reads and draws a run is imported where that is done: commands that only name a folder start without it.
if TYPE_CHECKING:
    from maspo.core.prompts import Prompts
    from maspo.events import Event, HoldoutResult, Recorded
    from maspo.models.prices import PriceBook
    from maspo.report.document.model import PartOf
    from maspo.report.fold import RunView
    from maspo.report.so_far import SoFar
    from maspo.store import RecordedResult, RunStore
    from maspo.study.job import Job

RUNS = Path("maspo-runs")
"""Where run folders go by default."""
JOURNAL = "run.db"
REPORT = "report.html"
RESULT = "result.json"
PROMPTS = "prompts.json"
HOLDOUT = "holdout.jsonl"
EVALUATION_PAGE = "evaluation.html"
JUDGE_PAGE = "judge.html"
COMPARISON_PAGE = "comparison.html"
ARENA_PAGE = "arena.html"
STRESS_PAGE = "stress.html"
STRUCTURE_PAGE = "structure.html"
WATCH_PAGE = "watch.html"
SHEETS = frozenset({EVALUATION_PAGE, JUDGE_PAGE, COMPARISON_PAGE, ARENA_PAGE, STRESS_PAGE, STRUCTURE_PAGE, WATCH_PAGE})
"""Pages of other work than runs; each holds its document (``maspo.report.document.sheet``)."""
_LONGEST_NAME = 60
"""Letters of a folder's name that come from a system's: far below the 255 bytes that file systems take."""
_DEEPEST = 40
"""Folders within folders that are looked into; ours lie one or two deep."""
MISFITS = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading entries raises that are sound one by one and do not belong together."""


@dataclass(frozen=True)
class Look:
    """What a run folder tells: the run as far as it is recorded, and when it was last written (seconds since 1970).

    ``damage`` says what is wrong with the record; then only what could be salvaged is told.
    """

    view: RunView
    written: float
    damage: str = ""
    entries: tuple[Recorded[Event | RecordedResult], ...] = ()
    """The record itself, entry by entry."""
    expected: int | None = None
    """Calls that the run was expected to take when it began; None in records of versions that did not say."""
    first_round: int | None = None
    """Calls under which the first round of its search ends; None where no cap was set, and in older records."""


def look(folder: Path) -> Look:
    """Read a run folder; works while the run goes on.

    Raises:
        UsageError: there is no run in it; of a judge check, says where its report is.
        StoreError: its database cannot be read.

    """
    from maspo.store import RunStore

    require_run(folder)
    store = RunStore.read(folder / JOURNAL)
    try:
        return look_into(folder, store)
    finally:
        store.close_reader()


def require_run(folder: Path) -> None:
    """Require that there is a run in a folder.

    Raises:
        UsageError: there is none; of a judge check, says where its report is.

    """
    if not is_there(folder / JOURNAL):
        page = folder / JUDGE_PAGE
        if is_plain(page):
            raise UsageError(
                f"{folder}: holds a judge check, whose report is {page}; the command that made it renews it"
            )
        from maspo.study.record import refuse_others

        refuse_others(folder)
        fix = folders_meant(folder, JOURNAL) or "give a folder with one"
        raise UsageError(f"{folder}: holds no run ({why_none(folder, JOURNAL)}) and no evaluation; {fix}")


def look_into(folder: Path, store: RunStore, so_far: SoFar | None = None) -> Look:
    """Read a run folder whose record is open: to open one takes as long as to read it, since each row is verified.

    With ``so_far`` only what is new is read, and added to it.

    Raises:
        StoreError: its database cannot be read.

    """
    from maspo.events import PromptChanged
    from maspo.report.fold import JudgeTally, fold
    from maspo.report.so_far import SoFar
    from maspo.report.why import tried_by_step
    from maspo.study.record import EXPECTED, FIRST_ROUND

    known = so_far if so_far is not None else SoFar()
    known.read(store)
    try:
        changes = [event for event in known.events if isinstance(event, PromptChanged)]
        tried = tried_by_step(changes, known.tried, known.labels) if changes else {}
        judged = JudgeTally(known.unreadable, known.contradicted, known.tested)
        view = fold(known.events, known.usage(), judged, tried, known.asked)
        view = _priced(view, folder, store, known.job)
    except MISFITS as error:
        raise StoreError(
            f"{folder / JOURNAL}: its entries do not belong together ({type(error).__name__}: {error}); no maspo wrote "
            "them, or another version"
        ) from error
    if view.state == "running" and not _worked_on(folder / JOURNAL):
        view = replace(view, state="stopped")
    written = max((entry.at for entry in known.entries), default=0.0)
    expected, first_round = (
        int(told) if (told := store.meta().get(name, "")).isdecimal() else None for name in (EXPECTED, FIRST_ROUND)
    )
    return Look(view, written, store.damage, tuple(known.entries), expected, first_round)


def _priced(view: RunView, folder: Path, store: RunStore, job: Job | None) -> RunView:
    """Return a view in which calls without a price cost what is known by now."""
    if view.simulated or job is None or all(one.usd is not None for one in view.usage.values()):
        return view
    from maspo.models.base import AGENT
    from maspo.study.afterwards import price_afterwards

    with suppress(MaspoError):  # settings that cannot be used any more tell no price
        prices = prices_by_now(folder, job)
        priced = replace(view, usage=price_afterwards(view.usage, store, prices))
        agents = priced.usage.get(AGENT)
        return _in_use_priced(priced, store, job, prices) if agents is not None and agents.usd_afterwards else priced
    return view


def _in_use_priced(view: RunView, store: RunStore, job: Job, prices: PriceBook) -> RunView:
    """Return a view in which what the team costs in use is told in money, too."""
    from maspo.study.conclusion import holdout_id
    from maspo.study.team_cost import change_of_cost

    def priced(holdout: HoldoutResult, winners: Prompts) -> HoldoutResult:
        if holdout.cost is None or None not in (holdout.cost.before.usd, holdout.cost.after.usd):
            return holdout
        runs = [runs for _, runs in store.compared(holdout_id(winners, "")).values() if runs is not None]
        return replace(holdout, cost=change_of_cost(runs, job.system, job.config.models, prices) or holdout.cost)

    finished, approval = view.finished, view.approval
    if finished is not None:
        view = replace(view, finished=replace(finished, holdout=priced(finished.holdout, finished.winners)))
    if approval is not None:
        view = replace(view, approval=replace(approval, holdout=priced(approval.holdout, approval.winners)))
    return view


def prices_by_now(folder: Path, job: Job) -> PriceBook:
    """Return the prices of a recorded job, and those that were noted since for models that had none.

    Raises:
        MaspoError: its settings cannot be used any more.

    """
    from maspo.study.record import with_prices_added
    from maspo.study.resolve import known_prices

    return known_prices(with_prices_added(job, folder))


def _worked_on(record: Path) -> bool:
    """Say whether a process works on a record; where that cannot be told, one may."""
    from maspo.store.records import is_worked_on

    try:
        return is_worked_on(record)
    except (OSError, StoreError):
        return True


def write_results(folder: Path) -> Look:
    """Write ``report.html`` and ``result.json`` as far as the run is recorded, and ``holdout.jsonl`` once it is tested.

    A ``holdout.jsonl`` of what was rejected since goes, as does the ``prompts.json`` of a run that goes on: they tell
    of prompts that stand no more. Return what was read.

    Raises:
        UsageError: there is no run in the folder.
        StoreError: its database cannot be read, or the folder cannot be written; the old files are kept.

    """
    from maspo.report.bundle import report_html
    from maspo.report.document import Reading
    from maspo.report.result import result_of
    from maspo.store import write_whole

    told = Reading(folder).read()
    contents = {
        REPORT: report_html(told.document),
        RESULT: json.dumps(result_of(told.looked.view).dump(), indent=2) + "\n",
    }
    if told.holdout:
        contents[HOLDOUT] = "".join(f"{json.dumps(line.dump())}\n" for line in told.holdout)
    for name, text in contents.items():
        write_whole(folder / name, text)
    if told.looked.view.finished is None and not _worked_on(folder / JOURNAL):
        _take_back(folder)
    return told.looked


def write_page(folder: Path, page: Path) -> Look:
    """Write the page of a run to a file; nothing in its folder is touched. Return what was read.

    Raises:
        UsageError: there is no run in the folder.
        StoreError: its database cannot be read, or the file cannot be written.

    """
    from maspo.report.bundle import report_html
    from maspo.report.document import Reading
    from maspo.store import write_whole

    require_run(folder)
    told = Reading(folder).read()
    write_whole(page, report_html(told.document))
    return told.looked


def _take_back(folder: Path) -> None:
    """Take away files that tell of prompts which stand no more, of a run that nobody works on now."""
    view = look(folder).view  # it may have ended since its page was begun, and then they are of its end
    if view.finished is None:
        for name in (PROMPTS,) if view.approval else (HOLDOUT, PROMPTS):
            with suppress(OSError):  # a folder of that name is of somebody else, and stays
                (folder / name).unlink()


def whole_of(folder: Path) -> Path | None:
    """Return the record of the larger work that a run folder is a part of; None of one that stands for itself."""
    from maspo.study.record import COMPARED, JOINT

    places = (folder.parent / JOINT, folder.parent.parent / COMPARED)
    return next((place for place in places if is_there(place)), None)


def part_of(folder: Path) -> PartOf:
    """Return what kind of work a run folder is a part of."""
    from maspo.study.record import JOINT

    whole = whole_of(folder)
    return "" if whole is None else "prompts and structure" if whole.name == JOINT else "comparison"


def find_files(folder: Path, names: frozenset[str]) -> Iterator[Path]:
    """Yield what has one of these names in a folder and below, in order; links to folders are not followed."""
    waiting = [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
                below = [Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)]
        except OSError:  # one that may not be read, or is gone meanwhile
            continue
        yield from (here / entry.name for entry in found if entry.name in names)
        if depth < _DEEPEST:
            waiting += ((path, depth + 1) for path in reversed(below))


def free_folder(parent: Path, name: str) -> Path:
    """Return the first folder ``NAME-1``, ``NAME-2``, … below the parent that does not exist."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", letters).strip("-.")[:_LONGEST_NAME] or "run"
    number = 1
    while is_there(parent / f"{slug}-{number}"):
        number += 1
    return parent / f"{slug}-{number}"
