"""``maspo apply``: the prompts of a run, written back into the files that they came from. The diff comes first."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import typer

from maspo.apps.literals import TEMPLATES, TO_CHOOSE, Template
from maspo.apps.writeback import CannotWrite, rewritten
from maspo.cli.agreeing import agree
from maspo.cli.branch import Commit, check_clean, checkout, commit, is_tracked, name_branch, repository_of
from maspo.cli.prepare import read_prompts
from maspo.cli.running import agreed_to_write
from maspo.cli.sources import Sources, sources_of
from maspo.cli.terminal import note, print_json, say
from maspo.core.errors import EXIT_ERROR, EXIT_OK, EXIT_USAGE, ConfigInvalid, UsageError
from maspo.core.plain import Dumped
from maspo.core.prompts import Prompts
from maspo.proposers.asked import Asked
from maspo.proposers.brought import brought
from maspo.proposers.foreign import remarks
from maspo.report.evidence import Evidence
from maspo.report.folder import look
from maspo.report.phrases import plural
from maspo.report.sentences import look_at
from maspo.store.files import write_whole
from maspo.study.job import Job
from maspo.study.optimize import reach_in, recorded_job
from maspo.study.record import refuse_turns
from maspo.study.trust import is_trusted


@dataclass(frozen=True, slots=True)
class Standing(Dumped):
    """Where the new prompt of an agent stands, or is to be written, or what hinders."""

    state: Literal["there", "open", "written", "refused"]
    places: Sequence[str] = ()
    """As FILE:LINE."""
    why: str = ""

    @property
    def where(self) -> str:
        """The places as they are told to people."""
        return ", ".join(self.places)


@dataclass(frozen=True, slots=True)
class Applied(Dumped):
    """What ``--json`` prints: each changed prompt, and the files, the branch or the patch that it was written into."""

    agents: Mapping[str, Standing]
    files: Sequence[str] = ()
    branch: str | None = None
    patch: str | None = None
    exit_code: int = EXIT_OK


@dataclass(frozen=True)
class _Changes:
    """What is written: new sources by file, and how each prompt stands."""

    sources: Mapping[Path, str]
    standing: Mapping[str, Standing]
    stale: tuple[str, ...] = ()
    """Why the system file of the app could not be renewed."""

    @property
    def refused(self) -> list[str]:
        """The prompts that cannot be written, and why."""
        return [f"{name}: {one.why}" for name, one in self.standing.items() if one.state == "refused"]

    @property
    def there(self) -> list[str]:
        """The prompts that were written back before, and where they stand."""
        return [
            f"{name}: already written back ({one.where})" for name, one in self.standing.items() if one.state == "there"
        ]

    @property
    def written(self) -> Mapping[str, Standing]:
        """How the prompts stand once all that can be is written."""
        return {
            name: replace(one, state="written") if one.state == "open" else one for name, one in self.standing.items()
        }


@dataclass(frozen=True)
class _PromptChanges:
    """The prompts of a run that changed: as they were, and as they are."""

    prompts: Mapping[str, tuple[str, str]]
    others: Mapping[str, Mapping[str, str]]
    """Of each agent, those who are not to be told the same, with their prompts as they were."""
    asked: Asked
    """The inputs of the run, of which a new prompt may tell something."""


@dataclass(frozen=True)
class ApplyOptions:
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
    as_json: bool = False


def run_apply(run: Path, wanted: ApplyOptions) -> None:
    """Show the diff, and write it once that is agreed to; ends the command with an exit code."""
    applied = _apply(run, wanted)
    if wanted.as_json:
        print_json(applied)
    raise typer.Exit(applied.exit_code)


def _apply(run: Path, wanted: ApplyOptions) -> Applied:
    chosen: Template | None = next((one for one in TEMPLATES if one == wanted.template), None)
    if chosen is None and wanted.template:
        raise ConfigInvalid(f"--template {wanted.template}: expected {TO_CHOOSE}")
    if wanted.branch is not None and wanted.patch is not None:
        raise ConfigInvalid("--branch and --patch: give one of them")
    refuse_turns(run)  # their prompts belong to their structure
    job = recorded_job(run)
    changed = _changed_prompts(job, read_prompts(run))
    if not changed.prompts:
        say("The run ships the prompts that it started with; there is nothing to write.")
        return Applied({})
    if not wanted.to:
        agree(reach_in(run), run, wanted.trust)
    template: Template = chosen or ("none" if job.system.app is None else "unknown")
    looked_in = wanted.to or [_home(job)]
    # The system file is named by the run alone, which may be another's.
    sources = sources_of(job, looked_in, not wanted.to or is_trusted(reach_in(run)))
    if wanted.only_checks:
        return _check(changed, sources, template)
    if wanted.branch is not None:  # an empty name, as of a variable that is not set, is no wish to write into files
        return _make_branch(run, wanted, wanted.branch, changed, sources, template)
    found = _changes(changed, sources, template)
    for line in found.there:
        say(line)
    if not (found.sources or found.refused):
        for reason in found.stale:
            note(f"note: {reason}")
        say("Already written back; there is nothing to write.")
        return Applied(found.standing)
    if wanted.patch is None:
        for file, source in found.sources.items():
            say(_diff(file, sources.texts[file], source))
    for reason in (*found.refused, *found.stale):
        note(f"note: {reason}")
    if not found.sources:
        return _none_written(found.standing)
    _note_what_to_look_at(changed)
    code = EXIT_ERROR if found.refused else EXIT_OK
    if wanted.patch is not None:
        top = looked_in[0] if looked_in[0].is_dir() else looked_in[0].parent
        _write_patch(wanted.patch, top, found, sources)
        return Applied(found.written, patch=str(wanted.patch), exit_code=code)
    if not agreed_to_write(wanted.yes):
        note("Nothing was written; --yes writes it.")
        return Applied(found.standing)
    for file, source in found.sources.items():
        write_whole(file, source)
        say(f"written   {file}")
    return Applied(found.written, [str(file) for file in found.sources], exit_code=code)


def _none_written(standing: Mapping[str, Standing]) -> Applied:
    note("maspo: no prompt can be written back; `maspo diff` shows them, and prompts.json holds them")
    return Applied(standing, exit_code=EXIT_USAGE)


def _changed_prompts(job: Job, shipped: Prompts) -> _PromptChanges:
    """Return the prompts that a run ships in place of those that it started with."""
    seed = job.system.prompts
    new = {name: shipped.get(name, text) for name, text in seed.items()}
    return _PromptChanges(
        {name: (seed[name], text) for name, text in new.items() if text != seed[name]},
        {name: {other: seed[other] for other in seed if new[other] != text} for name, text in new.items()},
        Asked(job.inputs.asked),
    )


def _note_what_to_look_at(changed: _PromptChanges) -> None:
    """Say what of each new prompt is to be looked at before it is in use."""
    for name, (old, new) in changed.prompts.items():
        for what in look_at(name, remarks(new, old), brought(new, old, changed.asked), new):
            note(f"look at: {what}")


def _write_patch(patch: Path, top: Path, found: _Changes, read: Sources) -> None:
    """Write changes below a folder as one patch; the system file of an app that lies elsewhere is none of it."""
    inside = {
        file: source
        for file, source in found.sources.items()
        if file != read.described or file.resolve().is_relative_to(top.resolve())
    }
    write_whole(patch, "".join(_patch(file, top, read.texts[file], source) for file, source in inside.items()))
    say(f"written   {patch}")
    note(f"`git apply` takes it, in {top}")


def _make_branch(
    run: Path,
    wanted: ApplyOptions,
    branch: str,
    changed: _PromptChanges,
    read: Sources,
    template: Template,
) -> Applied:
    """Make a branch with a commit for each agent; the user's checkout stays as it is."""
    first = (wanted.to or [_home(recorded_job(run))])[0]
    repository = repository_of(first if first.is_dir() else first.parent)
    check_clean(repository, branch)
    inside_it = {file.resolve(): text for file, text in read.texts.items() if file.resolve().is_relative_to(repository)}
    described = None if read.described is None else read.described.resolve()
    is_kept = described is not None and described in inside_it and is_tracked(repository, described)
    if described is not None and not is_kept:  # no commit can hold it, and the checkout stays as it is
        note(
            f"note: {described.name} is not under version control, so it keeps the old prompts: look at the app again "
            "(`maspo discover`) once the branch is merged"
        )
    sources = Sources(inside_it, read.own, described if is_kept else None, read.told)
    evidence, standing, commits = Evidence(look(run).view), dict[str, Standing](), list[Commit]()
    for name, texts in changed.prompts.items():
        one = _changes(_PromptChanges({name: texts}, changed.others, changed.asked), sources, template)
        standing |= one.written
        for line in one.there:
            say(line)
        if one.sources:
            sources = replace(sources, texts={**sources.texts, **one.sources})
            inside = {str(file.relative_to(repository)): text for file, text in one.sources.items()}
            commits.append(Commit(evidence.message(name), inside))
    refused = _Changes({}, standing).refused
    for reason in refused:
        note(f"note: {reason}")
    _note_what_to_look_at(changed)
    if not commits:
        return _none_written(standing)
    with checkout(repository) as place:
        for made in commits:
            commit(place, made)
        name_branch(place, branch)
    say(f"branch    {branch} ({plural(len(commits), 'commit')}, in {repository})")
    note(f"Nothing was pushed. `git log -p HEAD..{branch}` shows it; your checkout is as it was.")
    return Applied(standing, branch=branch, exit_code=EXIT_ERROR if refused else EXIT_OK)


def _home(job: Job) -> Path:
    """Return where the prompts of a run come from: the app's folder, or that of the system file."""
    if job.system.app is not None:
        return Path(job.system.app.folder)
    if "system" not in job.sources:
        if job.world is not None:
            raise UsageError("the team of a demo has no files; `maspo diff` shows its new prompts")
        raise UsageError("the run was started from Python; name the files of its prompts with --to")
    return Path(job.sources["system"]).parent


def _changes(changed: _PromptChanges, read: Sources, template: Template) -> _Changes:
    """Return what is to be written, so that each new prompt stands where the old one does now."""
    now, standing, stale = read, dict[str, Standing](), list[str]()
    for name, (old, new) in changed.prompts.items():
        now, standing[name] = _written_into(now, old, new, changed.others[name], template)
        if standing[name].state == "refused":
            continue
        try:
            now = _described(now, name, old, new)
        except CannotWrite as reason:
            stale.append(f"{name}: {reason}")
    sources = {file: text for file, text in now.texts.items() if text != read.texts[file]}
    return _Changes(sources, standing, tuple(stale))


def _written_into(
    read: Sources, old: str, new: str, others: Mapping[str, str], template: Template
) -> tuple[Sources, Standing]:
    """Return the sources with a new prompt in place of an old one, and how it stands in those that were read."""
    try:
        place, written = read.place_of(old, new)
        if place is None:
            return read, Standing("there", [f"{one.file}:{one.line}" for one in written])
        read.check_own(place, others)
    except CannotWrite as reason:
        return read, Standing("refused", why=str(reason))
    file, where = Path(place.file), f"{place.file}:{place.line}"
    try:
        source = rewritten(read.texts[file], place, old, new, template)
    except CannotWrite as reason:
        return read, Standing("refused", [where], f"{where}: {reason}")
    return replace(read, texts={**read.texts, file: source}), Standing("open", [where])


def _described(read: Sources, name: str, old: str, new: str) -> Sources:
    """Return the sources with a new prompt in the system file of the app, so that the next search begins with it.

    Raises:
        CannotWrite: it says neither of the two.

    """
    file = read.described
    if file is None or read.says(name, new):
        return read
    place = read.described_place(name, old)
    # What stands there is what arrives at the model: no framework reads it.
    return replace(read, texts={**read.texts, file: rewritten(read.texts[file], place, old, new, "none")})


def _check(changed: _PromptChanges, read: Sources, template: Template) -> Applied:
    """Say of each changed prompt whether it stands in the files, or what hinders."""
    standing = {
        name: _written_into(read, old, new, changed.others[name], template)[1]
        for name, (old, new) in changed.prompts.items()
    }
    for name, one in standing.items():
        if one.state == "there":
            say(f"{name}: {one.where}")
        else:
            why = one.why or f"the old prompt stands in {one.where}, where it can be written"
            say(f"{name}: not written back ({why})")
    is_whole = all(one.state == "there" for one in standing.values())
    return Applied(standing, exit_code=EXIT_OK if is_whole else EXIT_ERROR)


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
