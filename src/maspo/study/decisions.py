"""The channel by which a person steers a run from outside: lines added to ``decisions.jsonl`` in its folder.

Whoever decides only adds a line; the process that works on the run reads it, acts, and records what it did. Nothing in
a line is executed or names a file.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from maspo.core.errors import StoreError, UsageError, typed
from maspo.core.plain_files import MEGABYTE, folders_meant, is_there, read_plain, why_none
from maspo.core.prompts import prompt_id
from maspo.events import ApprovalAsked, RunFinished
from maspo.store.files import add_line
from maspo.store.records import is_worked_on

DECISIONS: Final = "decisions.jsonl"
_MOST_BYTES: Final = MEGABYTE
"""Of the file: some thousand decisions with their reasons."""

_Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Reason: TypeAlias = Annotated[str, StringConstraints(max_length=2000)]
"""As much as the proposer is shown of a role."""
_PromptId: TypeAlias = Annotated[str, StringConstraints(max_length=64)]
_Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class _Decision(BaseModel):
    """A decision, plain and closed: what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Pause(_Decision):
    """Send no further call until ``resume``; calls in flight finish."""

    action: Literal["pause"] = "pause"


class Resume(_Decision):
    """Send calls again."""

    action: Literal["resume"] = "resume"


class Stop(_Decision):
    """End the search after this round, and go on to the final test."""

    action: Literal["stop"] = "stop"


class RaiseCap(_Decision):
    """Put another hard cap in the place of one, for the process that works now."""

    action: Literal["raise-cap"] = "raise-cap"
    usd: float | None = Field(default=None, gt=0)
    calls: int | None = Field(default=None, gt=0)
    minutes: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> RaiseCap:
        if sum(one is not None for one in (self.usd, self.calls, self.minutes)) != 1:
            raise ValueError("name one cap: usd, calls or minutes")
        return self

    @property
    def cap(self) -> str:
        """The name of the cap."""
        return next(name for name in ("usd", "calls", "minutes") if getattr(self, name) is not None)

    @property
    def value(self) -> float | None:
        """Where it shall stand."""
        return next((one for one in (self.usd, self.calls, self.minutes) if one is not None), None)


class Pin(_Decision):
    """Keep an agent's prompt as it is, or put a candidate in its place and keep that."""

    action: Literal["pin"] = "pin"
    agent: _Name
    prompt: _PromptId = ""
    """The id of a prompt that the search has scored; empty: the one in the team now."""


class Veto(_Decision):
    """Take a candidate out of the search: it is in no prompt from then on, and is not tried again."""

    action: Literal["veto"] = "veto"
    agent: _Name
    prompt: _PromptId = ""
    reason: _Reason = ""
    """Told to the proposer, as data."""


class Approve(_Decision):
    """Let new prompts ship that wait for approval: those of some agents, or all."""

    action: Literal["approve"] = "approve"
    agents: tuple[_Name, ...] = Field(default=(), max_length=1000)
    prompt: _PromptId = ""
    """Which it was that the person saw; another one is not meant."""


class Reject(_Decision):
    """Let no new prompt of some agents ship, or of any: as a veto, and the search goes on for a round."""

    action: Literal["reject"] = "reject"
    agents: tuple[_Name, ...] = Field(default=(), max_length=1000)
    prompt: _PromptId = ""
    """Which it was that the person saw; another one is not meant."""
    reason: _Reason = ""


class Judge(_Decision):
    """What a person says of two outputs, without knowing which is whose."""

    action: Literal["judge"] = "judge"
    case: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    """The id of the comparison or of the case."""
    verdict: Literal["win", "loss", "tie"]
    """Seen from the new prompt."""


Decision: TypeAlias = Pause | Resume | Stop | RaiseCap | Pin | Veto | Approve | Reject | Judge
OF_A_PROCESS: Final = (Pause, Resume, Stop, RaiseCap)
"""Decisions about work under way: without a process that works they mean nothing."""


class Line(BaseModel):
    """A line of the channel: a decision, when it was made, and its id."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: _Id
    at: float
    decision: Decision = Field(discriminator="action")


_DECISION: TypeAdapter[Decision] = TypeAdapter(Annotated[Decision, Field(discriminator="action")])


def read_decision(given: object) -> Decision:
    """Return the decision that plain data say.

    Raises:
        UsageError: they say none; says what is wrong.

    """
    try:
        return _DECISION.validate_python(given)
    except (ValidationError, RecursionError) as error:
        what = (
            "; ".join(
                f"{'.'.join(map(str, one['loc'])) or 'decision'}: {one['msg']}"
                for one in error.errors(include_url=False)
            )
            if isinstance(error, ValidationError)
            else "nested too deep"
        )
        raise UsageError(f"no decision of maspo: {what}") from error


def decide(folder: Path, decision: Decision, record: str = "run.db") -> Line:
    """Add a decision to the channel of a run, and return its line.

    Raises:
        UsageError: there is no run, or it takes a process that works on the run and none does.
        StoreError: the folder cannot be written, or the channel is full.

    """
    if not is_there(folder / record):
        fix = folders_meant(folder, record) or "give a run folder"
        raise UsageError(f"{folder}: holds no run ({why_none(folder, record)}); {fix}")
    if isinstance(decision, OF_A_PROCESS) and not works(folder / record):
        fix = f"`maspo resume {typed(folder)}` goes on with it"
        if isinstance(decision, RaiseCap):
            fix = f"`maspo resume {typed(folder)} --max-{decision.cap} {decision.value}` goes on with it under that cap"
        raise UsageError(f"{folder}: no process works on this run, so nobody can {decision.action}; {fix}")
    line = Line(id=uuid.uuid4().hex, at=time.time(), decision=decision)
    file = folder / DECISIONS
    if is_there(file) and file.lstat().st_size > _MOST_BYTES // 2:
        raise StoreError(f"{file}: holds more decisions than anybody makes; take it away and try again")
    add_line(file, json.dumps(line.model_dump(mode="json")))
    return line


def too_late(decision: Decision, finished: RunFinished | None) -> str:
    """Return that a run has come to its end before a decision about work under way; empty where that may go on.

    A run that a cap has ended goes on under a higher one.
    """
    if finished is None or not isinstance(decision, OF_A_PROCESS):
        return ""
    if isinstance(decision, RaiseCap) and not finished.complete:
        return ""
    fix = "" if finished.complete else "; a higher cap lets it go on (`maspo resume` with --max-calls, for example)"
    return f"the run has finished, so there is nothing left to {decision.action}{fix}"


def unmet(decision: Decision, asked: ApprovalAsked | None, prompts: Mapping[str, Collection[str]]) -> str:
    """Return why a decision is about nothing that this run has; empty where it is about something.

    ``asked`` is what waits for approval, ``prompts`` are the ids of each agent's prompts so far.
    """
    if isinstance(decision, Pin | Veto):
        if decision.agent not in prompts:
            return f"{decision.agent}: no agent of this run; it has {', '.join(sorted(prompts)) or 'none yet'}"
        if decision.prompt and decision.prompt not in prompts[decision.agent]:
            return f"{decision.agent}: has had no prompt {decision.prompt} in this run"
    if not isinstance(decision, Approve | Reject):
        return ""
    if asked is None:
        return "no new prompt waits for approval"
    if stray := [name for name in decision.agents if name not in asked.agents]:
        return f"no new prompt of {', '.join(stray)} waits for approval; those of {', '.join(asked.agents)} do"
    waiting = [prompt_id(asked.winners[name]) for name in decision.agents or asked.agents]
    if decision.prompt and decision.prompt not in waiting:
        return f"prompt {decision.prompt}: waits for no approval; {', '.join(waiting)} does"
    return ""


def works(record: Path) -> bool:
    """Say whether a process works on a run now; where that cannot be told, none does."""
    try:
        return is_worked_on(record)
    except (OSError, StoreError):
        return False


def read_lines(folder: Path) -> Sequence[Line]:
    """Return the decisions in a channel, oldest first; what is none of ours is passed over.

    Raises:
        StoreError: the file is a link, a pipe, or larger than any that maspo writes.

    """
    file = folder / DECISIONS
    if not is_there(file):
        return ()
    try:
        text = read_plain(file, _MOST_BYTES)
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror}); take it away and try again") from error
    return tuple(_lines(text))


def _lines(text: bytes) -> Iterator[Line]:
    seen: set[str] = set()
    for one in text.splitlines():
        try:
            line = Line.model_validate_json(one)
        except (ValidationError, RecursionError):
            continue
        if line.id not in seen:
            seen.add(line.id)
            yield line
