"""Events as an operator's log tells them: a level, and fields that are names and numbers, never a text. Pure.

Fields are chosen here one by one, so nothing that a prompt, an input, a reply or an endpoint says can get into a log:
such texts stand in events as ``text``, ``reason``, ``why`` or ``what``, which are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maspo.core.prompts import prompt_id
from maspo.events import (
    ApprovalAsked,
    BudgetStopped,
    CallLost,
    CallUnsettled,
    ConflictFound,
    ControlTokensDefused,
    Decided,
    DidNotFit,
    DraftsReplaced,
    Event,
    FaultsWeighed,
    FocusNarrowed,
    HoldoutLooked,
    HoldoutResult,
    JudgeChecked,
    PromptChanged,
    PromptKept,
    RerunCompared,
    RunFinished,
    RunStarted,
    SearchEnded,
    StepStarted,
    Warned,
)

Level: TypeAlias = Literal["info", "warning", "error"]
Fields: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a log says of something: its name, how much it matters, and its figures."""

    event: str
    level: Level = "info"
    fields: Fields = field(default_factory=dict)


def entry_of(event: Event, run: RunStarted | None = None) -> Entry | None:
    """Return what a log says of an event of a run; None of one that no operator needs to know of."""
    level: Level = "info"
    fields: Fields = {}
    match event:
        case RunStarted():
            fields = {"system": event.system, "agents": len(event.agents), "models": dict(event.models)}
            fields |= {"method": event.method, "profile": event.profile, "seed": event.seed}
            fields |= {"search_inputs": event.search_inputs, "holdout_inputs": event.holdout_inputs}
            fields |= {"simulated": event.simulated, "version": event.version}
        case RunFinished():
            seed = run.seed_prompts if run is not None else {}
            new = {name: prompt_id(text) for name, text in event.prompts.items() if seed.get(name) != text}
            fields = {"verdict": event.verdict, "shipped": event.shipped, "complete": event.complete}
            fields |= {"new_prompts": new if event.shipped == "optimized" else {}, **_proof(event.holdout)}
        case ApprovalAsked():
            level, fields = "warning", {"verdict": event.verdict, "agents": event.agents, **_proof(event.holdout)}
        case Decided():
            fields = {"action": event.action, "agent": event.agent, "cap": event.cap, "value": event.value}
        case Warned():
            level, fields = "warning", {"topic": event.topic, **({"agent": event.agent} if event.agent else {})}
        case BudgetStopped():
            level, fields = "warning", {"cap": event.cap}
        case CallLost():
            level, fields = "warning", {"outcome": event.outcome, "attempts": event.attempts, **_call(event)}
        case CallUnsettled():
            level, fields = "warning", {"model": event.model, "at_most_usd": event.usd, **_call(event)}
        case DidNotFit():
            level, fields = "warning", _call(event)
        case ControlTokensDefused():
            fields = {"tokens": event.tokens, **_call(event)}
        case DraftsReplaced():
            level, fields = "warning", {"agent": event.agent}
        case PromptChanged():
            fields = {"agent": event.agent, "step": event.step, "prompt": prompt_id(event.after)}
        case ConflictFound():
            fields = {"agents": event.agents, "together": event.together}
        case FaultsWeighed():
            fields = {"step": event.step, "costs": event.costs, "weights": event.weights}
        case FocusNarrowed():
            fields = {"step": event.step, "left_out": event.left_out, "planned": event.planned}
        case HoldoutLooked():
            fields = {"look": event.look}
        case RerunCompared():
            fields = {"inputs": event.inputs, "same_answer": event.same_answer}
        case JudgeChecked():
            fields = {"pairs": len(event.readings)}
        case _ if event.kind not in _ALONE:
            return None
    return Entry(event.kind, level, fields)


_ALONE = frozenset({"paused", "search_ended", "endpoint_adapted"})
"""Kinds whose name is all that is told: the rest is a sentence, which may hold what an endpoint said."""


def _call(event: CallLost | CallUnsettled | DidNotFit | ControlTokensDefused) -> dict[str, object]:
    return {"purpose": event.purpose, "agent": event.agent}


def _proof(found: HoldoutResult) -> dict[str, object]:
    return {"inputs": found.n, "wins": found.wins, "losses": found.losses, "ties": found.ties, "p": found.p_value}


class Rounds:
    """Counts what a round of a search, or a pass, decided."""

    def __init__(self) -> None:
        self._now: StepStarted | None = None
        self._changed = self._kept = 0

    def see(self, event: Event) -> Entry | None:
        """Take note of an event; return what is to be said of the round that it ends, if it ends one."""
        match event:
            case RunStarted():
                self._now = None
            case SearchEnded():
                return self._end()
            case StepStarted():
                ended = self._end() if self._now is not None and self._now.pass_ != event.pass_ else None
                self._now = event
                return ended
            case PromptChanged():
                self._changed += 1
            case PromptKept():
                self._kept += 1
        return None

    def _end(self) -> Entry | None:
        if (ended := self._now) is None:
            return None
        figures = {"round": ended.pass_, "at_most": ended.passes, "changed": self._changed, "kept": self._kept}
        self._now, self._changed, self._kept = None, 0, 0
        return Entry("round_ended", fields=figures)
