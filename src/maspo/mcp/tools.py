"""The tools of ``maspo mcp``: each is a command of maspo, with what an assistant may say of it and what it is told.

What costs money or reaches out is left to the person who starts the server: addresses and keys come from its
environment and settings, a program other than a Python function must be named at its start, every path lies below its
folder, a search needs a cap, and nothing writes into the user's source.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import BaseModel, ValidationError

from maspo.core.errors import EXIT_APPROVAL, EXIT_BUDGET, EXIT_INTERRUPTED, EXIT_OK, MaspoError, UsageError, typed
from maspo.core.plain_files import is_there
from maspo.mcp.jobs import Job, Jobs, wait
from maspo.mcp.protocol import Called, Json, Progress
from maspo.mcp.shapes import (
    PATIENCE,
    Apply,
    Discover,
    Estimate,
    HeldOut,
    Of,
    Optimize,
    Patch,
    Plan,
    Report,
    Resume,
    Run,
    Search,
    Standing,
    State,
    Status,
    Team,
    Told,
)
from maspo.report.fold import RunView
from maspo.report.folder import COMPARISON_PAGE, JOURNAL, REPORT, RUNS, find_files, free_folder, look, whole_of
from maspo.report.result import result_of
from maspo.report.sentences import look_at
from maspo.report.team_cost import cost_in_use, describe_change
from maspo.report.text import summary
from maspo.report.wholes import WHOLES, sheet_of_whole
from maspo.study.record import COMPARED, JOINT

_FIRST_LOOK: Final = 5.0
"""Seconds in which a search that cannot start has said why."""
_LARGEST_REPORT: Final = 8 * 2**20
"""Bytes of a report that is handed out as a resource."""
_CALLABLE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_STATES: Final[Mapping[int | None, State]] = {
    None: "running",
    EXIT_OK: "finished",
    EXIT_BUDGET: "finished",
    EXIT_INTERRUPTED: "interrupted",
    EXIT_APPROVAL: "awaiting approval",
}
_FAILED: Final[State] = "failed"
_INTERRUPTED: Final[State] = "interrupted"
_SEEN: Final[Mapping[str, State]] = {"running": "running", "finished": "finished"}
"""Of a run that this server has not started."""

RunT = TypeVar("RunT", bound=Callable[..., Awaitable[BaseModel]])

INSTRUCTIONS: Final = """\
maspo rewrites the prompts of a team of language-model agents together and tests the result once on held-out inputs.
Order: discover (or a system file), estimate, optimize with a cap that the user agreed to, status until it is finished,
report, apply. What a run claims stands in `claim`, what it does not show in `limits`: tell the user both. A prompt is
better only where `verdict` is `improved`; never say so otherwise, and never start another search on the same inputs in
order to get that word. A simulated world is no evidence. Searches cost money: ask before you start one."""

_LOOKS = {"readOnlyHint": True, "openWorldHint": False}
_WORKS = {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": True}


@dataclass(frozen=True)
class _Tool:
    title: str
    does: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    hints: Mapping[str, bool]
    run: Callable[[Tools, Any, Progress], Awaitable[BaseModel]]

    def describe(self, name: str) -> Json:
        return {
            "name": name,
            "title": self.title,
            "description": self.does,
            "inputSchema": self.takes.model_json_schema(),
            "outputSchema": self.gives.model_json_schema(),
            "annotations": dict(self.hints),
        }


_TOOLS: Final[dict[str, _Tool]] = {}
"""By name, in the order in which they are told."""


def _tool(title: str, does: str, hints: Mapping[str, bool]) -> Callable[[RunT], RunT]:
    """Offer a method as a tool: what it takes and gives is what its annotations say."""

    def offer(run: RunT) -> RunT:
        said = get_type_hints(run)
        _TOOLS[run.__name__.removeprefix("_")] = _Tool(title, does, said["wanted"], said["return"], hints, run)
        return run

    return offer


class Tools:
    """What a server in this folder offers."""

    instructions = INSTRUCTIONS

    def __init__(self, folder: Path, programs: Sequence[str] = (), patience: float = PATIENCE) -> None:
        self._folder = folder.resolve()
        self._programs = frozenset(programs)
        self._patience = patience
        self.jobs = Jobs()

    # ── what the protocol asks for ───────────────────────────────────────────────────────────────────────────────────

    def tools(self) -> list[Json]:
        """Return the tools as they are told."""
        return [tool.describe(name) for name, tool in _TOOLS.items()]

    async def call(self, name: str, arguments: Json, progress: Progress) -> Called:
        """Run a tool. Raises KeyError where there is none of this name."""
        tool = _TOOLS[name]
        try:
            found = await tool.run(self, tool.takes.model_validate(arguments), progress)
        except ValidationError as error:
            return _failed("\n".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()))
        except MaspoError as error:
            return _failed(str(error))
        data = found.model_dump(mode="json")
        content: list[Json] = [_text(json.dumps(data, ensure_ascii=False))]
        if isinstance(found, Told):
            content.append({"type": "resource_link", **self._resource(self._folder / found.report)})
        return Called(tuple(content), data)

    def resources(self) -> list[Json]:
        """Return the reports below the folder."""
        return [self._resource(file) for file in self._reports()]

    def read(self, uri: str) -> Json:
        """Return one of these reports. Raises KeyError where it is none of them."""
        file = {one.as_uri(): one for one in self._reports()}[uri]
        if file.stat().st_size > _LARGEST_REPORT:
            raise KeyError(uri)
        return {"uri": uri, "mimeType": "text/html", "text": file.read_text(encoding="utf-8", errors="replace")}

    def _reports(self) -> list[Path]:
        runs = [self._folder / RUNS, *(Path(self._folder / job.path) for job in self.jobs.all())]
        records = (record for run in runs for record in find_files(run, frozenset({JOURNAL, JOINT, COMPARED})))
        # What is part of a larger work is told in its report.
        found = {
            record.with_name(COMPARISON_PAGE if record.name == COMPARED else REPORT)
            for record in records
            if record.name != JOURNAL or whole_of(record.parent) is None
        }
        return sorted(file for file in found if file.is_file() and not file.is_symlink())

    def _resource(self, file: Path) -> Json:
        name = os.path.relpath(file, self._folder)
        return {"uri": file.as_uri(), "name": name, "title": f"Report of {file.parent.name}", "mimeType": "text/html"}

    # ── the tools ────────────────────────────────────────────────────────────────────────────────────────────────────

    @_tool(
        "Find the team behind a program",
        "Runs the user's program on a few rows as it is and writes its system file: agents with their prompts, "
        "who reads whom, tools, models, calls. Calls models. If it takes long, ask with status.",
        _WORKS,
    )
    async def _discover(self, wanted: Discover, progress: Progress) -> Standing:
        if not _CALLABLE.fullmatch(wanted.app) and wanted.app not in self._programs:
            raise UsageError(
                f"app {wanted.app}: expected module:function; a command or URL has to be named by the user when "
                "the server is started: maspo mcp --app 'node team.mjs'"
            )
        out = self._inside("out", wanted.out)
        arguments = ["discover", "--json", f"--app={wanted.app}", f"--inputs={self._there('inputs', wanted.inputs)}"]
        arguments += [f"--out={out}", f"--rows={wanted.rows}", f"--max-calls={wanted.max_calls}"]
        if wanted.python:
            arguments.append(f"--python={self._environment(wanted.python)}")
        job = self._start(out, arguments)
        await self._wait(job, self._patience, progress)
        return self._standing(job)

    @_tool(
        "What a search would cost",
        "States calls and money beforehand; asks no model.",
        _LOOKS,
    )
    async def _estimate(self, wanted: Estimate, progress: Progress) -> Plan:
        arguments = ["estimate", *self._search(wanted), "--json"]
        if wanted.max_calls:
            arguments.insert(-1, f"--max-calls={wanted.max_calls}")
        return Plan.model_validate((await self._finished(arguments, progress)).figures)

    @_tool(
        "Search for better prompts",
        "Starts a search in the background, under a hard cap, and returns its run folder. It takes minutes to "
        "hours: ask with status. It stops with this server; resume goes on. Costs money: ask the user first.",
        _WORKS,
    )
    async def _optimize(self, wanted: Optimize, progress: Progress) -> Standing:
        name = Path(wanted.system).name.partition(".")[0]
        out = self._inside("out", wanted.out or str(free_folder(self._folder / RUNS, name)))
        arguments = ["optimize", *self._search(wanted), f"--max-calls={wanted.max_calls}", f"--out={out}"]
        job = self._start(out, [*arguments, "--yes", "--json"])
        await self._begun(job, progress)
        return self._standing(job)

    @_tool(
        "Go on with a search",
        "Goes on with an interrupted search, in the background. No recorded call is paid again.",
        _WORKS,
    )
    async def _resume(self, wanted: Resume, progress: Progress) -> Standing:
        folder = self._there("path", wanted.path)
        job = self._start(folder, ["resume", f"--max-calls={wanted.max_calls}", "--json", "--", folder])
        await self._begun(job, progress)
        return self._standing(job)

    @_tool(
        "Where a job stands",
        "Says where a discovery or a search stands, or how it ended; also of one that an earlier server began.",
        _LOOKS,
    )
    async def _status(self, wanted: Status, progress: Progress) -> Standing:
        path = self._inside("path", wanted.path)
        job = self.jobs.find(path)
        if job is not None:
            await wait(job, min(wanted.wait, self._patience), progress)
            return self._standing(job)
        if is_there(self._folder / path / JOURNAL):
            view = look(self._folder / path).view
            state = _SEEN.get(view.state, _INTERRUPTED)
            return Standing(path=path, state=state, said=[], run=_run(view))
        for record in sorted(WHOLES):
            if is_there(self._folder / path / record):
                found = sheet_of_whole(self._folder / path / record)
                return Standing(path=path, state=_SEEN.get(found.state, _INTERRUPTED), said=[found.headline])
        raise UsageError(f"path {path}: nothing was started there, and it is no run folder")

    @_tool(
        "Interrupt a job",
        "Interrupts a discovery or a search of this server: calls in flight are finished and recorded.",
        _WORKS | {"idempotentHint": True, "openWorldHint": False},
    )
    async def _stop(self, wanted: Of, _progress: Progress) -> Standing:
        job = self.jobs.find(self._inside("path", wanted.path))
        if job is None:
            raise UsageError(f"path {wanted.path}: this server has started nothing there")
        job.interrupt()
        await wait(job, self._patience, lambda _: None)
        return self._standing(job)

    @_tool(
        "The report of a run",
        "Writes report.html and returns verdict, hold-out test, new prompts, and the limits of the evidence.",
        _WORKS | {"idempotentHint": True, "openWorldHint": False},
    )
    async def _report(self, wanted: Report, progress: Progress) -> Told:
        folder = self._there("path", wanted.path)
        for record in sorted(WHOLES):
            if is_there(self._folder / folder / record):
                headline = sheet_of_whole(self._folder / folder / record).headline
                raise UsageError(
                    f"path {wanted.path}: holds work that is made of several runs, which people look at: {headline} "
                    f"Its page is one of the resources; `maspo ui {typed(folder)}` shows it"
                )
        await self._finished(["report", "--", folder], progress)
        view = look(self._folder / folder).view
        return Told(path=folder, report=f"{folder}/{REPORT}", summary=summary(view), run=_run(view))

    @_tool(
        "The new prompts as a diff",
        "Shows how the new prompts would be written into the user's files, as a diff. Writes nothing.",
        _LOOKS,
    )
    async def _apply(self, wanted: Apply, progress: Progress) -> Patch:
        folder = self._there("path", wanted.path)
        options = [f"--to={self._there('to', path)}" for path in wanted.to]
        options += [f"--template={wanted.template}"] if wanted.template else []
        job = await self._finished(["apply", *options, "--", folder], progress)
        command = shlex.join(["maspo", "apply", folder, *options, "--yes"])
        differs = re.search(r"^--- ", job.printed, re.MULTILINE) is not None
        notes = [*job.said] if differs else [job.printed.strip()]
        return Patch(diff=job.printed if differs else "", notes=notes, command=command if differs else "")

    # ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, path: str, arguments: Sequence[str]) -> Job:
        before = self.jobs.find(path)
        if before is not None and before.exit_code is None:
            raise UsageError(f"{path}: a job is at work there; ask with status, or stop it")
        return self.jobs.start(path, arguments)

    async def _finished(self, arguments: Sequence[str], progress: Progress) -> Job:
        """Return a job that has ended well. Raises UsageError with what it said where it has not."""
        job = self.jobs.start("", arguments)
        if not await self._wait(job, self._patience, progress):
            job.interrupt()
            raise UsageError(f"maspo {arguments[0]} took more than {self._patience:g} seconds; run it in a terminal")
        if job.exit_code:
            raise UsageError("\n".join(job.said) or f"maspo {arguments[0]} ended with exit code {job.exit_code}")
        return job

    async def _wait(self, job: Job, seconds: float, progress: Progress) -> bool:
        """Wait for a job; a call that is cancelled interrupts it."""
        try:
            return await wait(job, seconds, progress)
        except asyncio.CancelledError:
            job.interrupt()
            raise

    async def _begun(self, job: Job, progress: Progress) -> None:
        """Wait until a job has its record, or has ended: on a busy machine, too, what is refused is refused before."""
        looks = math.ceil(self._patience / _FIRST_LOOK)
        for _ in range(looks):
            if await self._wait(job, _FIRST_LOOK, progress) or is_there(self._folder / job.path / JOURNAL):
                return

    def _standing(self, job: Job) -> Standing:
        """Return where a job stands. Raises UsageError with what it said where it has failed."""
        run = None
        if is_there(self._folder / job.path / JOURNAL):
            run = _run(look(self._folder / job.path).view)
        team = None
        if job.exit_code == EXIT_OK and job.figures is not None and "agents" in job.figures and run is None:
            team = Team.model_validate(job.figures)
        if job.exit_code not in _STATES and run is None:
            raise UsageError("\n".join(job.said) or f"{job.path}: ended with exit code {job.exit_code}")
        state = _STATES.get(job.exit_code, _FAILED)
        return Standing(path=job.path, state=state, said=list(job.said)[-5:], team=team, run=run)

    # ── what a tool is given ─────────────────────────────────────────────────────────────────────────────────────────

    def _search(self, wanted: Search) -> list[str]:
        system, inputs = self._there("system", wanted.system), self._there("inputs", wanted.inputs)
        given = {
            "agent-model": wanted.agent_model,
            "judge-model": wanted.judge_model,
            "proposer-model": wanted.proposer_model,
            "max-usd": wanted.max_usd or "",
            "max-minutes": wanted.max_minutes or "",
            "labels": wanted.labels,
            "set": f"search.calls={wanted.planned_calls}" if wanted.planned_calls else "",
        }
        options = [f"--{name}={value}" for name, value in given.items() if value]
        return [f"./{system}", f"--inputs={inputs}", *options]

    def _inside(self, name: str, path: str) -> str:
        """Return a path below the folder, relative to it. Raises UsageError where it leads out."""
        try:
            found = (self._folder / path).resolve()
            return found.relative_to(self._folder).as_posix()
        except (ValueError, OSError):
            raise UsageError(f"{name} {path}: leads out of {self._folder}, where the server was started") from None

    def _there(self, name: str, path: str) -> str:
        """Return the path of what is there, below the folder."""
        inside = self._inside(name, path)
        if not (self._folder / inside).exists():
            raise UsageError(f"{name} {path}: is not there")
        return inside

    def _environment(self, python: str) -> str:
        """Return an interpreter of an environment below the folder; its file is a link that leads out of it."""
        file = Path(os.path.normpath(self._folder / python))
        home = self._inside("python", str(file.parent.parent))
        if not (file.name.startswith("python") and (file.parent.parent / "pyvenv.cfg").is_file() and file.exists()):
            raise UsageError(f"python {python}: expected the interpreter of a virtual environment below the folder")
        return f"{home}/{file.parent.name}/{file.name}"


def _run(view: RunView) -> Run:
    """Return where a search stands in the figures and words of its report."""
    result = result_of(view)
    rewritten = {agent.name: agent.winner for agent in view.agents if agent.rewritten}
    calls = sum(one.calls for one in view.usage.values())
    return Run(
        verdict=result.verdict,
        shipped=result.shipped,
        claim=result.why,
        limits=_limits(view),
        holdout=None if result.holdout is None else HeldOut.model_validate(result.holdout.dump()),
        rewritten=list(rewritten),
        prompts=dict(view.finished.prompts) if view.finished else rewritten,
        suspicious=[
            what for agent in view.agents for what in look_at(agent.name, agent.suspicious, agent.brought, agent.winner)
        ],
        calls=calls,
        usd=result.usd,
        seconds=result.seconds,
        in_use=describe_change(change, view.simulated) if (change := cost_in_use(view)) else "",
    )


def _limits(view: RunView) -> list[str]:
    """Return what a run does not show, in words for the user."""
    if view.finished is None:
        return ["The run has not finished: nothing is known about its prompts yet."]
    found = []
    if view.simulated:
        found.append("No language model was asked: this is no evidence about any team.")
    if view.finished.verdict != "improved":
        found.append("The new prompts are not shown to be better. Do not call them better.")
    if view.started is None or view.started.decided_by != "labels":
        found.append(
            "A judge model compared the answers; that is not accuracy. The diff should be read, and where rows have "
            "labels, `maspo evaluate` tells what the prompts are worth."
        )
    holdout = view.finished.holdout
    found.append(f"It holds for inputs like the {holdout.n} that were held out, and for these models.")
    if holdout.look > 1:
        found.append(f"It was look {holdout.look} at these held-out inputs; each further look proves less.")
    return found


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _failed(text: str) -> Called:
    return Called((_text(text),), failed=True)
