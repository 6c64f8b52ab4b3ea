"""``maspo report``, ``maspo runs`` and ``maspo diff``: looking at runs afterwards."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

import typer

from maspo.cli.options import Json, RunFolder
from maspo.cli.printed import Change, Changes, FolderEntry, Listing, NoJudge, NoVerdict, Reported, RunEntry
from maspo.cli.terminal import note, print_json, say, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from maspo.report.folder import Look
    from maspo.report.judge_check import CheckShort
    from maspo.study.evaluation.job import Evaluated

FoundT = TypeVar("FoundT")
_RUN_HEADERS = ("run", "verdict", "shipped", "n", "p", "calls", "usd", "when")
_EVALUATION_HEADERS = ("evaluation", "verdict", "before", "after", "rows", "p", "calls", "usd", "when")
_CHECK_HEADERS = ("judge check", "judge", "pairs", "right", "first", "calls", "usd", "when")
_STYLES = {"same": "", "removed": "\x1b[31m", "added": "\x1b[32m"}
_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}


def report(folder: RunFolder, as_json: Json = False) -> None:
    """Write the report of a run or an evaluation again from the record.

    Works while a run goes on and after an interruption, too.
    """
    from maspo.cli.evaluate import report_evaluation
    from maspo.report.folder import JOURNAL, REPORT, look, write_results
    from maspo.report.result import result_of
    from maspo.report.text import summary
    from maspo.study.evaluation.evaluate import holds_evaluation

    if holds_evaluation(folder) and not (folder / JOURNAL).is_file():
        report_evaluation(folder, as_json)
        return
    looked = look(folder)
    note_damage(folder, looked.damage)
    view = looked.view
    write_results(folder, view)
    say(summary(view))
    say()
    say(f"report    {folder / REPORT}")
    if as_json:
        print_json(Reported(result_of(view), str(folder / REPORT)))


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to look for run folders.")] = Path("maspo-runs"),
    as_json: Json = False,
) -> None:
    """List the runs, evaluations and judge checks below a folder, newest first."""
    from maspo.core.errors import UsageError

    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give one that holds run folders")
    found = sorted(_looks(folder), key=lambda pair: -pair[1].written)
    evaluated, checked = _evaluations(folder), _checks(folder)
    tables = [
        table(_RUN_HEADERS, [_row(path, one) for path, one in found]) if found else "",
        table(_EVALUATION_HEADERS, [_evaluation_row(one) for one in evaluated]) if evaluated else "",
        table(_CHECK_HEADERS, [_check_row(one) for one in checked]) if checked else "",
    ]
    nothing = f"{folder.absolute()}: no runs, evaluations or judge checks in this folder or below"
    say("\n\n".join(filter(None, tables)) or nothing)
    if as_json:
        from maspo.report.evaluation import evaluation_of
        from maspo.report.result import result_of

        print_json(
            Listing(
                runs=tuple(RunEntry(str(path), one.view.state, result_of(one.view)) for path, one in found),
                evaluations=tuple(
                    FolderEntry(str(one.folder), evaluation_of(one.found) if one.found else NoVerdict())
                    for one in evaluated
                ),
                judge_checks=tuple(FolderEntry(str(one.folder), one.found or NoJudge()) for one in checked),
            )
        )


def _looks(folder: Path) -> Iterator[tuple[Path, Look]]:
    """Look at every run folder; one that cannot be read is named and does not hide the others."""
    from maspo.core.errors import StoreError
    from maspo.report.folder import JOURNAL, look

    for journal in sorted(folder.rglob(JOURNAL)):
        try:
            looked = look(journal.parent)
        except StoreError as error:
            note(f"note: {error}")
        else:
            note_damage(journal.parent, looked.damage)
            yield journal.parent, looked


@dataclass(frozen=True)
class _Finding(Generic[FoundT]):
    """A folder with a record: what came out, None before the end, and when it was last written."""

    folder: Path
    found: FoundT | None
    written: float


def _findings(folder: Path, database: str, found_in: Callable[[Path], FoundT | None]) -> list[_Finding[FoundT]]:
    """Look at every record of a kind, newest first; one that cannot be read is named and does not hide the others."""
    from maspo.core.errors import StoreError

    findings = []
    for record in sorted(folder.rglob(database)):
        try:
            findings.append(_Finding(record.parent, found_in(record.parent), record.stat().st_mtime))
        except (StoreError, OSError) as error:
            note(f"note: {error}")
    return sorted(findings, key=lambda one: -one.written)


def _evaluations(folder: Path) -> list[_Finding[Evaluated]]:
    from maspo.study.evaluation.evaluate import DATABASE, look_at

    def found_in(place: Path) -> Evaluated | None:
        looked = look_at(place)
        note_damage(place, looked.damage)
        return looked.found

    return _findings(folder, DATABASE, found_in)


def _checks(folder: Path) -> list[_Finding[CheckShort]]:
    from maspo.report.judge_check import read_check
    from maspo.study.evaluation.judge_check import DATABASE

    return _findings(folder, DATABASE, read_check)


def _evaluation_row(one: _Finding[Evaluated]) -> tuple[str, ...]:
    from maspo.core.usage import total
    from maspo.report import words
    from maspo.report.evaluation import share_short

    found, when = one.found, _when(one.written)
    if found is None:
        return (str(one.folder), "not finished", "", "", "", "", "", "", when)
    cost = total(found.usage.values())
    return (
        str(one.folder),
        found.verdict or "alone",
        share_short(found, "before"),
        share_short(found, "after"),
        words.number(len(found.rows)),
        _p(found.difference.p_value) if found.difference else "",
        words.number(cost.calls),
        words.spent(cost, found.simulated),
        when,
    )


def _check_row(one: _Finding[CheckShort]) -> tuple[str, ...]:
    from maspo.core.usage import Usage
    from maspo.report import words

    found, when = one.found, _when(one.written)
    if found is None:
        return (str(one.folder), "not finished", "", "", "", "", "", when)
    cost = Usage(calls=sum(found.calls.values()), usd=found.usd)
    shares = (found.known_pairs.share, found.first_position.share)
    return (
        str(one.folder),
        found.judge,
        words.number(found.pairs),
        *("" if share is None else f"{share:.0%}" for share in shares),
        words.number(cost.calls),
        words.spent(cost, found.simulated),
        when,
    )


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "≤0.001"


def _when(written: float) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M", time.localtime(written))


def note_damage(folder: Path, damage: str) -> None:
    """Say that a record is damaged, if it is, and what to do."""
    if damage:
        note(
            f"note: {folder}: the record is damaged ({damage}); shown is what is whole. "
            f"`maspo resume {folder}` mends it and goes on"
        )


def _row(path: Path, one: Look) -> tuple[str, ...]:
    from maspo.core.usage import total
    from maspo.report import words

    cost = total(one.view.usage.values())
    done = one.view.finished
    return (
        str(path),
        done.verdict if done else {"paused": "interrupted"}.get(one.view.state, one.view.state),
        done.shipped if done else "",
        str(done.holdout.n) if done else "",
        _p(done.holdout.p_value) if done else "",
        words.number(cost.calls),
        words.spent(cost, one.view.simulated),
        _when(one.written),
    )


def diff(
    folder: RunFolder,
    before: Annotated[
        str, typer.Argument(metavar="A", help="seed, shipped, winners, a run folder or a prompts.json.")
    ] = "seed",
    after: Annotated[str, typer.Argument(metavar="B", help="The same, to compare with.")] = "shipped",
    as_json: Json = False,
) -> None:
    """Show how two sets of prompts differ.

    By default the seed prompts and what was shipped; [-removed-] and {+added+} words.
    """
    old, new = _prompts(folder, before), _prompts(folder, after)
    names = list(dict.fromkeys([*old, *new]))
    changed = [name for name in names if old.get(name) != new.get(name)]
    for name in changed:
        say(f"── {name} ──")
        _say_diff(old.get(name, ""), new.get(name, ""))
        say()
    same = [name for name in names if name not in changed]
    if same:
        say(f"unchanged: {', '.join(same)}")
    if as_json:
        print_json(Changes({name: Change(old.get(name), new.get(name)) for name in changed}))


def _prompts(folder: Path, name: str) -> Mapping[str, str]:
    from maspo.cli.folder import prompt_sets, read_prompts
    from maspo.core.errors import UsageError

    if name not in ("seed", "shipped", "winners"):
        return read_prompts(Path(name))
    sets = prompt_sets(folder)
    if name not in sets:
        raise UsageError(f"{folder}: the run has not finished, so nothing is shipped yet; compare `seed winners`")
    return sets[name]


def _say_diff(before: str, after: str) -> None:
    from maspo.report.diff import diff as word_diff
    from maspo.report.shown import visible

    colour = sys.stdout.isatty()
    parts = []
    for segment in word_diff(before, after):
        opening, closing = _MARKS[segment.kind]
        text = f"{opening}{visible(segment.text)}{closing}"
        parts.append(f"{_STYLES[segment.kind]}{text}\x1b[0m" if colour and segment.kind != "same" else text)
    print("".join(parts), flush=True)
