"""The state of the joint search: one frozen value, moved only by ``tell``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from maspo.events import Event
from maspo.prompts import Prompts
from maspo.search.setting import Setting
from maspo.search.work import Case, Result, Work
from maspo.verdict import Comparison


class Phase(StrEnum):
    """What the wave in flight is for."""

    REFRESH = "refresh"
    PROPOSE = "propose"
    SCORE = "score"
    PROMOTE = "promote"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Member:
    """A prompt of a beam with its accumulated score J (Eq. 7) and the prompt that it was written from."""

    text: str
    parent: str
    score: float


@dataclass(frozen=True, slots=True)
class State:
    """Where a search stands.

    ``prompts`` is the joint system now, the anchor of comparisons. ``beams`` hold the survivors per agent, best first.
    ``contenders`` are what the wave in flight compares; ``evidence`` are comparisons of a promotion's earlier stages.
    """

    setting: Setting
    prompts: Prompts
    beams: Mapping[str, tuple[Member, ...]]
    phase: Phase
    visit: int = 0
    generation: int = 0
    stage: int = 0
    batch: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    contenders: tuple[Member, ...] = ()
    evidence: tuple[Comparison, ...] = ()
    wave: tuple[Work, ...] = ()
    told: Mapping[str, Result] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def schedule(self) -> tuple[str, ...]:
        """The agents of one pass: coordinate ascent over the topological order, frozen ones left out."""
        return self.setting.team.rewritten

    @property
    def done(self) -> bool:
        """Whether the search has ended."""
        return self.phase is Phase.DONE

    @property
    def agent(self) -> str:
        """The agent that is visited now."""
        return self.schedule[self.visit % len(self.schedule)]

    @property
    def pass_(self) -> int:
        """The pass, counted from 1."""
        return self.visit // len(self.schedule) + 1

    @property
    def step(self) -> str:
        """The name of the step: pass, agent and generation."""
        return f"p{self.pass_}/{self.agent}/g{self.generation}"
