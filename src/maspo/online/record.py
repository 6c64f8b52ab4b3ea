"""What a watch records: everything it was given and everything it found. All else follows from that, by replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from maspo.events import Event
from maspo.events.base import event
from maspo.online.plan import BEFORE, Costs, Plan


def _of_record(plan: Any) -> Any:
    return {**BEFORE, **plan} if isinstance(plan, Mapping) else plan


@event
class WatchBegan(Event):
    """The beginning: the prompts in use, what they are held against, and the plan."""

    shipped: Mapping[str, str]
    anchor: Mapping[str, str]
    plan: Annotated[Plan, BeforeValidator(_of_record)]
    costs: Costs
    kind: Literal["watch.began"] = "watch.began"


@event
class InputsTaken(Event):
    """Inputs that arrived, recorded before anything is done with them; ``position`` is where the source goes on."""

    rows: tuple[Mapping[str, str], ...]
    position: str
    skipped: int = field(default=0)
    """Rows of the source that could not be used."""
    kind: Literal["watch.inputs"] = "watch.inputs"


@event
class WindowSeen(Event):
    """What a window showed. Verdicts are 1 won, 0 tied, −1 lost, seen from the prompts that are named first."""

    number: int
    """From 1."""
    month: str
    """Such as 2026-11, in UTC."""
    scores: Mapping[str, tuple[float, ...]]
    """By stream (``maspo.online.control.STREAMS``), one number an observation."""
    against_anchor: tuple[int, ...] = field(default=())
    """The shipped prompts against the anchor."""
    canary: tuple[int, ...] = field(default=())
    """The candidate against the shipped prompts."""
    calls: int = field(default=0)
    """All calls of windows so far, so that those of a process that was killed are counted as well."""
    usd: float | None = field(default=0.0)
    """All money of windows so far; None when a price is unknown."""
    budget: tuple[int | None, float | None] = field(default=(None, None))
    """Calls and money that may be spent in a month from now on."""
    simulated: bool = field(default=False)
    """A simulated world answered."""
    follow_judge: bool = field(default=True)
    """Whether to go by a judge whose taste has changed, from now on."""
    kind: Literal["watch.window"] = "watch.window"


@event
class SearchEnded(Event):
    """What a search found, and how it did on its own hold-out, which the search has not seen."""

    number: int
    month: str
    winners: Mapping[str, str]
    wins: int
    losses: int
    why: str
    calls: int
    usd: float | None
    tested: int = field(default=0)
    """Inputs of the hold-out that were compared; 0 in records of before, which drop what has lost on it."""
    kind: Literal["watch.searched"] = "watch.searched"
