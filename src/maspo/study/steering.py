"""Steering a run that works: what a person decided, read from the channel, done at once, and put into the record.

A decision takes effect at a place that the record names: with the results of a wave of the search. So a run that is
resumed, or killed in between, repeats it there.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from maspo.core.errors import StoreError
from maspo.core.prompts import Prompts, prompt_id
from maspo.events import ApprovalAsked, CandidateScored, Decided, HoldoutResult, PromptChanged, StepStarted
from maspo.models.budget import Limits
from maspo.optimizers.base import Ask, Ruling
from maspo.optimizers.parts.rulings import Rulings, taken_back
from maspo.study.decisions import (
    DECISIONS,
    OF_A_PROCESS,
    Approve,
    Judge,
    Line,
    Pause,
    Pin,
    RaiseCap,
    Reject,
    Resume,
    Stop,
    Veto,
    read_lines,
)
from maspo.study.holdout import Conclusion
from maspo.study.session import Session
from maspo.team.graph import Team

_LOOK_SECONDS: Final = 0.3
"""How often it is looked for decisions: soon enough for a person, and one question to the file system."""
_STEERS: Final = frozenset({"pin", "veto", "reject"})
"""Decisions that the search is told."""


class Steering:
    """What a person decided about one run: taken while it works, and repeated from its record."""

    def __init__(self, session: Session, folder: Path, team: Team) -> None:
        self._session = session
        self._team = team
        self._folder = folder
        # One line about several agents is a decision about each.
        self._known = {one.id.partition("/")[0] for one in session.recorded(Decided)}
        self._stale = {line.id for line in _readable(folder) if isinstance(line.decision, OF_A_PROCESS)}
        """Said to an earlier process, which has ended."""
        self._decided = list(session.recorded(Decided))
        self._seen: object = None
        self._wave, self._answered = 0, False
        """How often the search has asked, and whether it was sent what it asked for last."""
        self._told = 0
        self._ended = False
        self._prompts: Prompts = {}

    async def begin(self) -> None:
        """Say that a run goes on that was paused when its process ended."""
        last = next((one.action for one in reversed(self._decided) if one.action in ("pause", "resume")), "")
        if last == "pause":
            await self._record(Decided(uuid.uuid4().hex, "resume", 0, 0, reason="a new process works"))

    # ── where the search stands ──────────────────────────────────────────────────────────────────────────────────────

    def note_ask(self, ask: Ask) -> None:
        """Say what the search has asked for now; what it told before is recorded."""
        self._wave += 1
        self._answered, self._told, self._prompts = False, self._session.search.told, ask.prompts

    def note_answer(self) -> tuple[Ruling, ...]:
        """Say that the search is sent what it asked for; return what was ruled since it asked, to be sent with it."""
        self._answered = True
        return tuple(_rulings(one for one in self._decided if one.wave == self._wave))

    async def ended(self) -> None:
        """Say that the search is over; what was decided until now belongs to it."""
        await self.look()
        self._ended = True

    @property
    def rulings(self) -> Rulings:
        """All that was ruled so far; in a run that is told again, up to where it stands.

        When the search is over, also what was decided about the wave in which a cap ended it.
        """
        return Rulings(tuple(_rulings(one for one in self._decided if self._ended or one.wave < self._next_wave)))

    def hold_to(self, prompts: Prompts, seed: Prompts) -> Prompts:
        """Return the prompts of a search as a person ruled: where a cap ends it, it may not have obeyed yet."""
        rulings = self.rulings
        if not rulings.made:
            return prompts
        changes = self._session.recorded(PromptChanged)
        return rulings.hold_to(taken_back(prompts, seed, changes, rulings.made), seed)

    def ends_before(self, ask: Ask, round_: int) -> int | None:
        """Return how many events of an ask stand before a further round, if a person stopped the search before it."""
        if not any(one.action == "stop" and one.wave <= self._wave for one in self._decided):
            return None
        begins = (isinstance(event, StepStarted) and event.pass_ > round_ for event in ask.events)
        return next((place for place, begun in enumerate(begins) if begun), None)

    @property
    def _next_wave(self) -> int:
        """The wave with whose results the search is told what is decided now."""
        return self._wave + self._answered

    # ── taking decisions ─────────────────────────────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        """Take what was decided since the last look; what cannot be read is decided by nobody."""
        try:
            found = os.lstat(self._folder / DECISIONS)
        except OSError:
            return
        stamp = found.st_ino, found.st_size, found.st_mtime_ns
        if stamp == self._seen:
            return
        self._seen = stamp
        for line in _readable(self._folder):
            if line.id not in self._known | self._stale:
                self._known.add(line.id)
                await self._take(line)

    async def _take(self, line: Line) -> None:
        decision, ledger = line.decision, self._session.ledger
        taken = Decided(line.id, decision.action, self._next_wave, self._session.search.told)
        match decision:
            case Pause():
                ledger.pause()
            case Resume():
                ledger.go_on()
            case RaiseCap():
                limits = _raised(ledger.limits, decision)
                taken = replace(taken, cap=decision.cap, value=decision.value)
                if limits is None:
                    why = f"the run has no lower cap {decision.cap} to be raised"
                    taken = replace(taken, action="refused", reason=why)
                else:
                    ledger.limits = limits
                    ledger.look_again()
            case Pin() | Veto():
                text = self._text_of(decision.agent, decision.prompt)
                reason = decision.reason if isinstance(decision, Veto) else ""
                taken = replace(taken, agent=decision.agent, text=text or "", reason=reason)
                if text is None:
                    taken = replace(taken, action="refused", reason="no agent that may be rewritten has such a prompt")
            case Approve() | Reject():
                taken = replace(taken, action="refused", reason="no new prompt waits for approval")
            case Judge():
                return  # of nobody but who reads the report
        if self._ended and isinstance(decision, Pin | Veto | Stop):
            taken = replace(taken, action="refused", reason="the search is over")
        await self._record(taken)

    async def _record(self, *taken: Decided) -> None:
        self._decided += taken
        await self._session.publish(*taken)

    def _text_of(self, agent: str, prompt: str) -> str | None:
        """Return the prompt that a person names; None where the agent may not be rewritten or has no such candidate."""
        if agent not in self._prompts or agent not in self._team.rewritten:
            return None
        if not prompt:
            return self._prompts[agent]
        texts = [self._prompts[agent], self._session.job.system.prompts[agent]]
        texts += [one.text for one in self._session.recorded(CandidateScored) if one.agent == agent]
        texts += [one.after for one in self._session.recorded(PromptChanged) if one.agent == agent]
        return next((text for text in texts if prompt_id(text) == prompt), None)

    async def settle(self) -> Approval | None:
        """Take what was decided about prompts that wait for approval; None where none do."""
        asked = self._session.recorded(ApprovalAsked)
        if not asked:
            return None
        last = asked[-1]
        for line in _readable(self._folder):
            decision = line.decision
            if isinstance(decision, Veto):  # of a prompt that waits: it may not ship
                decision = Reject(agents=(decision.agent,), prompt=decision.prompt, reason=decision.reason)
            if line.id not in self._known and isinstance(decision, Approve | Reject):
                verdicts = _verdicts(line, decision, last)
                self._known |= {line.id} if verdicts else set()
                await self._record(*verdicts)
        return self.approval_of(last)

    def approval_of(self, asked: ApprovalAsked) -> Approval:
        """Return where the approval of some winners stands."""
        return Approval.of(asked, self._decided)

    def ask_approval(
        self, winners: Prompts, agents: Sequence[str], verdict: Conclusion, found: HoldoutResult
    ) -> ApprovalAsked:
        """Return the question whether the new prompts of some agents may ship."""
        why = verdict.why.replace("They are shipped because", "They may ship because")
        return ApprovalAsked(winners, tuple(agents), verdict.verdict, why, found, self._wave, self._told)


@dataclass(frozen=True, slots=True)
class Approval:
    """What became of new prompts that wait for a person."""

    waiting: tuple[str, ...]
    rejected: tuple[str, ...]

    @classmethod
    def of(cls, asked: ApprovalAsked, decided: Iterable[Decided]) -> Approval:
        """Return where the approval of some winners stands."""
        found = {(one.agent, one.text): one.action for one in decided if one.action in ("approve", "reject")}
        said: Mapping[str, str] = {name: found.get((name, asked.winners[name]), "") for name in asked.agents}
        return cls(
            tuple(name for name, what in said.items() if not what),
            tuple(name for name, what in said.items() if what == "reject"),
        )


def _verdicts(line: Line, decision: Approve | Reject, asked: ApprovalAsked) -> list[Decided]:
    reason = decision.reason if isinstance(decision, Reject) else ""
    return [
        Decided(f"{line.id}/{name}", decision.action, asked.wave, asked.told, name, asked.winners[name], reason)
        for name in decision.agents or asked.agents
        if name in asked.agents and decision.prompt in ("", prompt_id(asked.winners[name]))
    ]


def _rulings(decided: Iterable[Decided]) -> Iterable[Ruling]:
    for one in decided:
        if one.action in _STEERS:
            yield Ruling("pin" if one.action == "pin" else "veto", one.agent, one.text, one.reason)


def _raised(limits: Limits, asked: RaiseCap) -> Limits | None:
    """Return limits with a higher cap; None where there is none that is lower."""
    if asked.usd is not None and limits.usd is not None and asked.usd > limits.usd:
        return replace(limits, usd=asked.usd)
    if asked.calls is not None and limits.calls is not None and asked.calls > limits.calls:
        return replace(limits, calls=asked.calls)
    if asked.minutes is not None and limits.seconds is not None and asked.minutes * 60 > limits.seconds:
        return replace(limits, seconds=asked.minutes * 60)
    return None


def _readable(folder: Path) -> Sequence[Line]:
    try:
        return read_lines(folder)
    except StoreError:
        return ()


@asynccontextmanager
async def steered(session: Session, folder: Path, team: Team) -> AsyncIterator[Steering]:
    """Look for decisions while the block works; nothing is taken before the search has come to something new."""
    steering = Steering(session, folder, team)

    async def watch() -> None:
        await session.at_something_new.wait()
        while True:
            await steering.look()
            await asyncio.sleep(_LOOK_SECONDS)

    await steering.begin()
    task = asyncio.create_task(watch())
    try:
        yield steering
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
