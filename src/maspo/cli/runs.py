"""``maspo report``, ``maspo runs`` and ``maspo diff``: looking at runs afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from maspo.cli.prepare import read_prompts
from maspo.cli.printed import Change, Changes, FolderEntry, Listing, NoJudge, NoVerdict, OtherEntry, ReportEnd, RunEntry
from maspo.cli.stores import folders_of, reach
from maspo.cli.terminal import colours, for_people, note, note_damage, print_json, say, table
from maspo.core.errors import MaspoError, UsageError, typed
from maspo.core.plain_files import is_there
from maspo.core.usage import Usage, total
from maspo.report import phrases
from maspo.report.alternation import alternation_summary, figures_in
from maspo.report.diff import diff
from maspo.report.document.sheet import sheet_in
from maspo.report.evaluation import evaluation_of, short_share
from maspo.report.fold import RunView
from maspo.report.folder import (
    COMPARISON_PAGE,
    EVALUATION_PAGE,
    JOURNAL,
    JUDGE_PAGE,
    REPORT,
    SHEETS,
    Look,
    find_files,
    look,
    whole_of,
    write_page,
    write_results,
)
from maspo.report.joint_page import joint_sheet, write_joint_page
from maspo.report.judge_check import CheckShort, read_check
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.report.visible import visible
from maspo.report.wholes import WHOLES, sheet_of_whole
from maspo.study.alternation.alternate import recorded_alternation
from maspo.study.evaluation.job import EvaluationFindings
from maspo.study.evaluation.judge_check import DATABASE as JUDGE_DATABASE
from maspo.study.evaluation.recorded import DATABASE as EVALUATION_DATABASE
from maspo.study.evaluation.recorded import holds_evaluation, look_at
from maspo.study.record import COMPARED, JOINT

FoundT = TypeVar("FoundT")
_RUN_HEADERS = ("run", "verdict", "shipped", "n", "p", "calls", "usd", "when")
_EVALUATION_HEADERS = ("evaluation", "verdict", "before", "after", "rows", "p", "calls", "usd", "when")
_CHECK_HEADERS = ("judge check", "judge", "pairs", "right", "first", "calls", "usd", "when")
_STYLES = {"same": "", "removed": "\x1b[31m", "added": "\x1b[32m"}
"""Red and green of a terminal (SGR of ECMA-48)."""
_OTHER_HEADERS = ("other work", "kind", "outcome", "when")
_OTHERS = SHEETS - {EVALUATION_PAGE, JUDGE_PAGE}
"""Pages of work whose outcome is read from its page."""
_RECORDS = _OTHERS | WHOLES | {JOURNAL, EVALUATION_DATABASE, JUDGE_DATABASE}
_LONGEST_OUTCOME = 90
_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}


def report_elsewhere(folder: Path, page: Path, as_json: bool, store: str = "") -> None:
    """Write the page of a run to a file, and print the summary; the folder may be one that only can be read."""
    reach(folder, store)
    others = [name for name in sorted(SHEETS) if is_there(folder / name)]
    if others and not is_there(folder / JOURNAL):
        raise UsageError(
            f"--out is for runs; the page of this work is one file that can be copied: {folder / others[0]}"
        )
    _tell(write_page(folder, page), folder, page, as_json)


def report_folder(folder: Path, as_json: bool, store: str = "") -> None:
    """Write the report of a run or an evaluation again, and print the summary."""
    pages = [file for file in reach(folder, store) if file.name in SHEETS]
    if holds_evaluation(folder) and not is_there(folder / JOURNAL):
        from maspo.cli.evaluate import report_evaluation

        report_evaluation(folder, as_json)
        return
    if is_there(folder / JOINT):
        _report_joint(folder, as_json)
        return
    if pages and not is_there(folder / JOURNAL):
        _tell_brought(pages[0], as_json)
        return
    if is_there(folder / JOURNAL):
        from maspo.cli.prices import adopt_prices

        adopt_prices(folder)
    _tell(write_results(folder), folder, folder / REPORT, as_json)


def _tell(looked: Look, folder: Path, page: Path, as_json: bool) -> None:
    """Print what a run came to, and where its page is."""
    note_damage(folder, looked.damage)
    say(summary(looked.view))
    say()
    say(f"report    {page}")
    if as_json:
        print_json(ReportEnd(result_of(looked.view), str(page)))


def _report_joint(folder: Path, as_json: bool) -> None:
    """Write the page of prompts and structure in turns, as far as they are, and print what came out."""
    write_joint_page(folder)
    found = figures_in(folder)
    said = joint_sheet(folder).headline if found is None else alternation_summary(found)
    say(said)
    say()
    say(f"report    {folder / REPORT}")
    if as_json:
        print_json(ReportEnd(found or NoVerdict(), str(folder / REPORT)))


def _tell_brought(page: Path, as_json: bool) -> None:
    """Print what work of another kind found, which was brought from a store."""
    found = sheet_in(page)
    say(found.summary or found.headline)
    say()
    say(f"report    {page}")
    if as_json:
        print_json(OtherEntry(str(page.parent), found.kind, found.headline, str(page), "finished", ()))


# ── listing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Finding(Generic[FoundT]):
    """A folder with a record: what came out, None before the end, and when it was last written."""

    folder: Path
    found: FoundT | None
    written: float


def list_runs(folder: Path, as_json: bool, shown: Callable[[Path], object] = str) -> None:
    """List what is below a folder, newest first."""
    if not folder.is_dir():
        here = "`maspo runs` alone lists those of this folder and below"
        raise UsageError(f"{folder}: no such folder; give one that holds run folders ({here})")
    found = tuple(find_files(folder, _RECORDS))
    wholes = tuple(path for path in found if path.name in WHOLES)
    compared = frozenset(path.parent for path in wholes if path.name == COMPARED)
    # What is part of a larger work is told with it, and so is its page.
    there = tuple(
        path
        for path in found
        if whole_of(path.parent) is None and not (path.name == COMPARISON_PAGE and path.parent in compared)
    )
    runs = sorted(_find_runs(there), key=lambda pair: -pair[1].written)
    evaluations = _find(there, EVALUATION_DATABASE, _look_at_evaluation)
    checks = _find(there, JUDGE_DATABASE, read_check)
    others = sorted((*_find_others(there), *_find_wholes(wholes)), key=lambda one: -one[2])
    tables = [
        table(headers, [(str(shown(folder)), *cells, _when(written)) for folder, cells, written in rows])
        for headers, rows in (
            (_RUN_HEADERS, [(path, _run_cells(one), one.written) for path, one in runs]),
            (_EVALUATION_HEADERS, [(one.folder, _evaluation_cells(one.found), one.written) for one in evaluations]),
            (_CHECK_HEADERS, [(one.folder, _check_cells(one.found), one.written) for one in checks]),
            (_OTHER_HEADERS, [(page.parent, _other_cells(one), written) for page, one, written in others]),
        )
        if rows
    ]
    nothing = f"{folder.absolute()}: no runs, evaluations or other work in this folder or below"
    say("\n\n".join(tables) or nothing)
    if as_json:
        print_json(
            Listing(
                runs=tuple(RunEntry(str(shown(path)), one.view.state, result_of(one.view)) for path, one in runs),
                evaluations=tuple(
                    FolderEntry(str(shown(one.folder)), evaluation_of(one.found) if one.found else NoVerdict())
                    for one in evaluations
                ),
                judge_checks=tuple(FolderEntry(str(shown(one.folder)), one.found or NoJudge()) for one in checks),
                others=tuple(
                    OtherEntry(str(shown(page.parent)), one.kind, one.headline, str(shown(page)), one.state, one.parts)
                    for page, one, _ in others
                ),
            )
        )


def list_stored(store: str, as_json: bool) -> None:
    """List the work of a store, newest first, by its names."""
    with folders_of(store) as folder:
        list_runs(folder, as_json, lambda path: path.relative_to(folder).as_posix())


def _find_runs(there: Iterable[Path]) -> Iterator[tuple[Path, Look]]:
    """Look at every run folder; one that cannot be read is named and does not hide the others."""
    for journal in sorted(path for path in there if path.name == JOURNAL):
        try:
            looked = look(journal.parent)
        except (MaspoError, OSError) as error:
            note(f"note: {error}")
        else:
            note_damage(journal.parent, looked.damage)
            yield journal.parent, replace(looked, entries=())  # a list of hundreds shall not hold all their records


def _find(there: Iterable[Path], database: str, read: Callable[[Path], FoundT | None]) -> list[_Finding[FoundT]]:
    """Look at every record of a kind, newest first; one that cannot be read is named and does not hide the others."""
    findings = []
    for record in sorted(path for path in there if path.name == database):
        try:
            findings.append(_Finding(record.parent, read(record.parent), record.lstat().st_mtime))
        except (MaspoError, OSError) as error:
            note(f"note: {error}")
    return sorted(findings, key=lambda one: -one.written)


@dataclass(frozen=True)
class _Other:
    """What is listed of other work."""

    kind: str
    headline: str
    state: str = "finished"
    parts: tuple[str, ...] = ()
    """The folders of its runs, from its own."""


def _find_others(there: Iterable[Path]) -> Iterator[tuple[Path, _Other, float]]:
    """Read the pages of other work, with when they were written; one that cannot be read is named."""
    for page in sorted(path for path in there if path.name in _OTHERS):
        try:
            found = sheet_in(page)
            yield page, _Other(found.kind, found.headline), page.lstat().st_mtime
        except (MaspoError, OSError) as error:
            note(f"note: {error}")


def _find_wholes(records: Iterable[Path]) -> Iterator[tuple[Path, _Other, float]]:
    """Read what work made of several runs came to, or how far it is; one that cannot be read is named."""
    for record in sorted(records):
        try:
            found = sheet_of_whole(record)
            page = record.with_name(REPORT if record.name == JOINT else COMPARISON_PAGE)
            parts = tuple(link.folder for part in found.parts for link in part.links)
            yield page, _Other(found.kind, found.headline, found.state, parts), record.lstat().st_mtime
        except (MaspoError, OSError) as error:
            note(f"note: {error}")


def _other_cells(found: _Other) -> tuple[str, ...]:
    return (found.kind, _beginning(found.headline))


def _beginning(text: str) -> str:
    return text if len(text) <= _LONGEST_OUTCOME else f"{text[: _LONGEST_OUTCOME - 1].rstrip()}…"


def _look_at_evaluation(folder: Path) -> EvaluationFindings | None:
    looked = look_at(folder)
    note_damage(folder, looked.damage)
    return looked.found


def _run_cells(look: Look) -> tuple[str, ...]:
    view, done = look.view, look.view.finished
    if done is None:
        return (
            _unfinished(view),
            "",
            "",
            "",
            *_cost_cells(view.usage, view.simulated),
        )
    n, p_value = str(done.holdout.n), _p_value(done.holdout.p_value)
    return (done.verdict, done.shipped, n, p_value, *_cost_cells(view.usage, view.simulated))


def _unfinished(view: RunView) -> str:
    if view.approval is not None:
        return "awaiting approval"
    return "paused" if view.held else {"paused": "interrupted"}.get(view.state, view.state)


def _evaluation_cells(found: EvaluationFindings | None) -> tuple[str, ...]:
    if found is None:
        return ("not finished", "", "", "", "", "", "")
    return (
        found.verdict or ("no claim" if found.evaluation.before is not None else "alone"),
        short_share(found, "before"),
        short_share(found, "after"),
        _rows_cell(found),
        _p_value(found.difference.p_value) if found.difference else "",
        *_cost_cells(found.usage, found.simulated),
    )


def _rows_cell(found: EvaluationFindings) -> str:
    """Return on how many rows the claim rests, and how many the search has seen."""
    if found.on_seen is None:
        return phrases.number(len(found.rows))
    return f"{phrases.number(len(found.rows) - found.on_seen.rows)} (and {phrases.number(found.on_seen.rows)} seen)"


def _check_cells(found: CheckShort | None) -> tuple[str, ...]:
    if found is None:
        return ("not finished", "", "", "", "", "")
    shares = (found.known_pairs.share, found.first_position.share)
    spent = {"all": Usage(calls=sum(found.calls.values()), usd=found.usd)}
    return (
        found.judge,
        phrases.number(found.pairs),
        *("" if share is None else f"{share:.0%}" for share in shares),
        *_cost_cells(spent, found.simulated),
    )


def _cost_cells(usage: Mapping[str, Usage], simulated: bool) -> tuple[str, str]:
    cost = total(usage.values())
    return phrases.number(cost.calls), phrases.money_spent(cost, simulated)


def _p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "≤0.001"


def _when(written: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(written))


# ── comparing prompts ────────────────────────────────────────────────────────────────────────────────────────────────


def compare_prompts(folder: Path, before: str, after: str, as_json: bool) -> None:
    """Show how two sets of prompts differ."""
    old, new = _prompt_set(folder, before), _prompt_set(folder, after)
    names = list(dict.fromkeys([*old, *new]))
    changed = [name for name in names if old.get(name) != new.get(name)]
    for name in changed:
        say(f"── {name} ──")
        say_diff(old.get(name, ""), new.get(name, ""))
        say()
    same = [name for name in names if name not in changed]
    if same:
        say(f"unchanged: {', '.join(same)}")
    if not changed and (before, after) == ("seed", "shipped") and (found := _found_by_search(folder)):
        say(
            f"The search found other prompts of {phrases.list_names(found)}, which are not shipped: "
            f"`maspo diff {typed(folder)} seed winners` shows them"
        )
    if as_json:
        print_json(Changes({name: Change(old.get(name), new.get(name)) for name in changed}))


def _found_by_search(folder: Path) -> list[str]:
    """Return the agents for which a run found another prompt; none of what is no run."""
    if not is_there(folder / JOURNAL):
        return []
    return [agent.name for agent in look(folder).view.agents if agent.rewritten]


def _prompt_set(folder: Path, name: str) -> Mapping[str, str]:
    if name not in ("seed", "shipped", "winners"):
        return read_prompts(Path(name), "seed, shipped, winners, a run folder or a prompts.json")
    if name != "winners" and is_there(folder / JOINT):
        return recorded_alternation(folder).job.system.prompts if name == "seed" else read_prompts(folder)
    view = look(folder).view
    if name == "seed":
        return {agent.name: agent.seed for agent in view.agents}
    if name == "winners":
        return {agent.name: agent.winner for agent in view.agents}
    if view.finished is None:
        raise UsageError(f"{folder}: the run has not finished, so nothing is shipped yet; compare `seed winners`")
    return dict(view.finished.prompts)


def say_diff(before: str, after: str) -> None:
    """Print what changed from one text to another, with marks, and with colours where they can be seen."""
    stream = for_people()
    colour = colours(stream)
    parts = []
    for segment in diff(before, after):
        opening, closing = _MARKS[segment.kind]
        text = f"{opening}{visible(segment.text)}{closing}"
        parts.append(f"{_STYLES[segment.kind]}{text}\x1b[0m" if colour and segment.kind != "same" else text)
    print("".join(parts), file=stream, flush=True)
