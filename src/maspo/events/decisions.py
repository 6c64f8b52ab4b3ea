"""What a person decided about a run: as final as everything else in the record, so that a resumed run repeats it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from maspo.events.base import Event, SearchEvent, event
from maspo.events.run import HoldoutResult, VerdictWord


@event
class Decided(Event):
    """A decision of a person, taken by the process that works on the run."""

    id: str
    """Of the line that asked for it; each is taken once."""
    action: str
    """Its kind, such as ``pause``, ``veto`` or ``approve``."""
    wave: int
    """The search has asked so many times; what steers it is sent to it with the results of that wave."""
    told: int
    """Events of the search that stood at that wave; a rejection undoes those that were told beyond them."""
    agent: str = ""
    text: str = ""
    """The prompt that it is about; empty where it is about none."""
    reason: str = ""
    """In the person's words."""
    cap: str = ""
    value: float | None = None
    """The new cap."""
    kind: Literal["decided"] = "decided"


@event
class ApprovalAsked(Event):
    """The final test is over, and a person is asked whether each new prompt may ship."""

    winners: Mapping[str, str]
    agents: tuple[str, ...]
    """Those with a new prompt of their own; who shares it is meant with them."""
    verdict: VerdictWord
    why: str
    holdout: HoldoutResult
    wave: int
    told: int
    """As in ``Decided``."""
    kind: Literal["approval_asked"] = "approval_asked"


def standing(events: Iterable[Event]) -> list[Event]:
    """Return events without what a search told before a rejection let it go on from an earlier wave."""
    found: list[Event] = []
    places: list[int] = []
    for one in events:
        if isinstance(one, SearchEvent):
            places.append(len(found))
        elif isinstance(one, Decided) and one.action == "reject":
            undone = set(places[one.told :])
            found = [kept for place, kept in enumerate(found) if place not in undone]
            del places[one.told :]
        found.append(one)
    return found
