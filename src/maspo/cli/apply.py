"""``maspo apply``: the prompts of a run, written back into the files that they came from. The diff comes first."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, get_args

import typer

from maspo.apps.writeback import FILES, CannotWrite, Place, Template, find_places, only_place, rewritten
from maspo.cli.agreeing import agree
from maspo.cli.branch import Commit, check_clean, checkout, commit, name_branch, repository_of
from maspo.cli.prepare import read_prompts
from maspo.cli.running import agreed_to_write
from maspo.cli.terminal import note, say
from maspo.core.errors import EXIT_ERROR, EXIT_OK, ConfigInvalid, UsageError
from maspo.core.plain_files import read_named
from maspo.report.evidence import Evidence
from maspo.report.folder import look
from maspo.report.phrases import plural
from maspo.store.files import write_whole
from maspo.study.job import Job
from maspo.study.optimize import reach_in, recorded_job
from maspo.study.record import refuse_turns

_LARGEST = 1_000_000
"""Bytes of a file that is searched: longer ones are data."""
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "maspo-runs", "dist", "build"})


@dataclass(frozen=True)
class _Changes:
    """What is written: new sources by file, and why other prompts cannot be."""

    sources: Mapping[Path, str]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """Where new prompts shall go: into files, into a branch of their repository, or into a patch.

    Where a run says which files are its own, its user must have agreed to it: ``trust`` is the fingerprint.
    """

    to: Sequence[Path]
    template: str
    branch: str | None = None
    patch: Path | None = None
    only_checks: bool = False
    yes: bool = False
    trust: str = ""


def run_apply(run: Path, wanted: Wanted) -> None:
    """Show the diff, and write it once that is agreed to; ends the command with an exit code."""
    known: tuple[Template, ...] = get_args(Template)
    chosen = next((one for one in known if one == (wanted.template or "unknown")), None)
    if chosen is None:
        raise ConfigInvalid(f"--template {wanted.template}: expected none, braces, jinja, adk, agno or crewai")
    if wanted.branch is not None and wanted.patch is not None:
        raise ConfigInvalid("--branch and --patch: give one of them")
    refuse_turns(run)  # their prompts belong to their structure
    job, shipped = recorded_job(run), read_prompts(run)
    seed = job.system.prompts
    changed = {name: (seed[name], text) for name, text in shipped.items() if name in seed and text != seed[name]}
    if not changed:
        say("The run ships the prompts that it started with; there is nothing to write.")
        return
    if not wanted.to:
        agree(reach_in(run), run, wanted.trust)
    template: Template = "none" if job.system.app is None and chosen == "unknown" else chosen
    looked_in = wanted.to or [_home(job)]
    files = sorted(set(_files(looked_in)))
    read = {file: text for file in files if (text := _read(file)) is not None}
    if wanted.only_checks:
        raise typer.Exit(_check(changed, read))
    changed = _without_written(changed, read)
    if not changed:
        say("Already written back; there is nothing to write.")
        return
    if wanted.branch is not None:  # an empty name, as of a variable that is not set, is no wish to write into files
        _make_branch(run, wanted, wanted.branch, changed, read, template)
    found = _changes(changed, read, template)
    top = looked_in[0] if looked_in[0].is_dir() else looked_in[0].parent
    patch = "".join(_patch(file, top, read[file], source) for file, source in found.sources.items())
    for file, source in found.sources.items() if wanted.patch is None else ():
        say(_diff(file, read[file], source))
    for reason in found.refused:
        note(f"note: {reason}")
    if not found.sources:
        raise UsageError("no prompt can be written back; `maspo diff` shows them, and prompts.json holds them")
    if wanted.patch is not None:
        write_whole(wanted.patch, patch)
        say(f"written   {wanted.patch}")
        note(f"`git apply` takes it, in {top}")
        raise typer.Exit(EXIT_ERROR if found.refused else EXIT_OK)
    if not agreed_to_write(wanted.yes):
        note("Nothing was written; --yes writes it.")
        raise typer.Exit(EXIT_OK if not wanted.yes else EXIT_ERROR)
    for file, source in found.sources.items():
        write_whole(file, source)
        say(f"written   {file}")
    raise typer.Exit(EXIT_ERROR if found.refused else EXIT_OK)


def _make_branch(
    run: Path,
    wanted: Wanted,
    branch: str,
    changed: Mapping[str, tuple[str, str]],
    read: Mapping[Path, str],
    template: Template,
) -> NoReturn:
    """Make a branch with a commit for each agent; the user's checkout stays as it is."""
    first = (wanted.to or [_home(recorded_job(run))])[0]
    repository = repository_of(first if first.is_dir() else first.parent)
    check_clean(repository, branch)
    sources = {file.resolve(): text for file, text in read.items() if file.resolve().is_relative_to(repository)}
    evidence, refused, commits = Evidence(look(run).view), list[str](), list[Commit]()
    for name, texts in changed.items():
        one = _changes({name: texts}, sources, template)
        refused += one.refused
        if one.sources:
            sources |= one.sources
            inside = {str(file.relative_to(repository)): text for file, text in one.sources.items()}
            commits.append(Commit(evidence.message(name), inside))
    for reason in refused:
        note(f"note: {reason}")
    if not commits:
        raise UsageError("no prompt can be written back; `maspo diff` shows them, and prompts.json holds them")
    with checkout(repository) as place:
        for made in commits:
            commit(place, made)
        name_branch(place, branch)
    say(f"branch    {branch} ({plural(len(commits), 'commit')}, in {repository})")
    note(f"Nothing was pushed. `git log -p HEAD..{branch}` shows it; your checkout is as it was.")
    raise typer.Exit(EXIT_ERROR if refused else EXIT_OK)


def _home(job: Job) -> Path:
    """Return where the prompts of a run come from: the app's folder, or that of the system file."""
    if job.system.app is not None:
        return Path(job.system.app.folder)
    if "system" not in job.sources:
        if job.world is not None:
            raise UsageError("the team of a demo has no files; `maspo diff` shows its new prompts")
        raise UsageError("the run was started from Python; name the files of its prompts with --to")
    return Path(job.sources["system"]).parent


def _changes(changed: Mapping[str, tuple[str, str]], read: Mapping[Path, str], template: Template) -> _Changes:
    sources, refused = dict(read), []
    for name, (old, new) in changed.items():
        try:
            place = only_place(_places(sources, old))
            file = Path(place.file)
            sources[file] = rewritten(sources[file], place, old, new, template)
        except CannotWrite as reason:
            refused.append(f"{name}: {reason}")
    return _Changes({file: text for file, text in sources.items() if text != read[file]}, tuple(refused))


def _check(changed: Mapping[str, tuple[str, str]], read: Mapping[Path, str]) -> int:
    """Say of each changed prompt whether it stands in the files; return the exit code."""
    missing = 0
    for name, (_, new) in changed.items():
        places = _places(read, new)
        missing += not places
        where = f"{places[0].file}:{places[0].line}" if places else "not written back"
        say(f"{name}: {where}")
    return EXIT_ERROR if missing else EXIT_OK


def _without_written(changed: Mapping[str, tuple[str, str]], read: Mapping[Path, str]) -> dict[str, tuple[str, str]]:
    """Return the prompts that are still to be written; of the others say where the new ones stand already."""
    left = {}
    for name, (old, new) in changed.items():
        there = () if _places(read, old) else _places(read, new)
        if there:
            say(f"{name}: already written back ({', '.join(f'{place.file}:{place.line}' for place in there)})")
        else:
            left[name] = (old, new)
    return left


def _places(read: Mapping[Path, str], prompt: str) -> list[Place]:
    longest = max((len(line) for line in prompt.splitlines()), default=0)
    return [
        place for file, text in read.items() if len(text) >= longest for place in find_places(str(file), text, prompt)
    ]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files below some paths in which prompts may stand; environments and hidden folders are left out."""
    for path in paths:
        if path.is_file():
            yield path
        elif not path.is_dir():
            raise UsageError(f"--to {path}: no such file or folder")
        for folder, inner, names in os.walk(path):
            here = Path(folder)
            inner[:] = [
                name
                for name in inner
                if not name.startswith(".") and name not in _SKIPPED and not _is_left_out(here / name)
            ]
            yield from (here / name for name in names if name.endswith(FILES))


def _is_left_out(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists() or (folder / "run.db").exists()


def _read(file: Path) -> str | None:
    try:
        return read_named(file, _LARGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _patch(file: Path, top: Path, before: str, after: str) -> str:
    """Return a change as ``git apply`` takes it, with paths below ``top``."""
    resolved, base = file.resolve(), top.resolve()
    name = str(resolved.relative_to(base)) if resolved.is_relative_to(base) else str(file)
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _diff(file: Path, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), str(file), str(file), n=2
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines).rstrip("\n")
