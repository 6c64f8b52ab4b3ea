"""What a person should know before more is paid."""

from __future__ import annotations

from typing import Literal, TypeAlias

from maspo.events.base import RUN, Event, Span, event

Topic: TypeAlias = Literal["judge", "proposer", "labels", "answers", "budget_50", "budget_80", "uncalled"]


@event
class Warned(Event):
    """A part of the run is of little use as it is: said once each, as early as it can be told."""

    topic: Topic
    text: str
    """What was seen, and what helps."""
    calls: int
    """Calls of the run so far."""
    agent: str = ""
    """The agent that it is about; empty: the run, and in records of before any."""
    kind: Literal["warned"] = "warned"


@event
class DraftsReplaced(Event):
    """Plain edits stood in, because none of the drafts that the proposer wrote for an agent could be used."""

    request: str
    """The proposal, by its id."""
    agent: str
    reason: str
    """Why its drafts could not be used: the most frequent reason."""
    kind: Literal["drafts_replaced"] = "drafts_replaced"

    @property
    def span(self) -> Span:
        """What it belongs to: the run."""
        return RUN
