"""Calls worth telling of: lost for good, in flight when a process died, or with a text that could not go as it was."""

from __future__ import annotations

from typing import Literal

from maspo.events.base import CALLS, Event, Span, event


class CallEvent(Event):
    """What happened to a model call."""

    __slots__ = ()
    purpose: str
    agent: str

    @property
    def span(self) -> Span:
        """What it belongs to: the calls for one purpose and agent."""
        return Span(f"{self.purpose}/{self.agent}" if self.agent else self.purpose, CALLS.id)


@event
class CallLost(CallEvent):
    """A call failed for good; what depended on it is undecided."""

    purpose: str
    agent: str
    reason: str
    attempts: int
    key: str = ""
    """The content address of a call whose empty reply is recorded, so that it is told once; else empty."""
    outcome: Literal["failed", "refused", "empty"] = "failed"
    """What came instead of a reply: nothing of use, a refusal of model or filter, or replies without text."""
    kind: Literal["call_lost"] = "call_lost"


@event
class EndpointAdapted(Event):
    """An endpoint refused how it was asked, and is asked in its own way from then on: told once."""

    what: str
    """The model, and what was learned of it."""
    kind: Literal["endpoint_adapted"] = "endpoint_adapted"

    @property
    def span(self) -> Span:
        """What it belongs to: all calls."""
        return Span("adapted", CALLS.id)


@event
class CallUnsettled(CallEvent):
    """A call was in flight when an earlier process of the run died: it may be billed twice, since it is asked again."""

    number: int
    """Of the attempt in the run's record."""
    key: str
    """The content address of the call."""
    purpose: str
    agent: str
    model: str
    usd: float | None
    """Its highest cost, which counts towards the caps; None when no price is known."""
    kind: Literal["call_unsettled"] = "call_unsettled"


@event
class DidNotFit(CallEvent):
    """A request of the judge or the proposer was longer than its model's context: it was asked with less, if at all."""

    key: str
    """The content address of the call."""
    purpose: str
    agent: str
    reason: str
    """With the sizes, as far as they were told."""
    kind: Literal["did_not_fit"] = "did_not_fit"


@event
class ControlTokensDefused(CallEvent):
    """Texts of a call held control tokens of chat templates, and were sent with a dot in each."""

    key: str
    """The content address of the call."""
    purpose: str
    agent: str
    tokens: int
    kind: Literal["control_tokens_defused"] = "control_tokens_defused"
