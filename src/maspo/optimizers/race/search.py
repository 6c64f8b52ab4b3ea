"""What the parts of a race need of the search that they are part of: what they may ask, and what they may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from maspo.core.prompts import Prompts
from maspo.events import SearchEvent
from maspo.optimizers.base import Answers, Asking, Case, Request
from maspo.optimizers.race.estimate import Estimator
from maspo.optimizers.race.mixture import Mixture
from maspo.optimizers.race.round import Trial
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.team.graph import Team


class Asks(Protocol):
    """Who asks for comparisons."""

    def ask(self, requests: Sequence[Request]) -> Asking[Answers]:
        """Ask, and learn from what comes back."""
        ...


class Tries(Protocol):
    """Who lets changes meet the anchor."""

    def try_each(self, purpose: str, tried: Mapping[str, Mixture], inputs: Sequence[str]) -> Asking[list[Trial]]:
        """Let each of some changes, by the place it is tried at, meet the anchor on all of some inputs."""
        ...


class Race(Asks, Tries, Protocol):
    """A race under way."""

    config: AnchorRaceConfig
    team: Team
    prompts: Prompts
    """The anchor."""
    planned_calls: int
    estimator: Estimator
    events: list[SearchEvent]
    """What happened since it asked the last time."""
    cases: tuple[Case, ...]
    """The misalignment buffer (Eq. 6)."""

    def try_together(self, purpose: str, parts: Sequence[Mixture]) -> Asking[None]:
        """Let mixtures of candidates meet the anchor on the inputs of the union: an attempt of the round."""
        ...

    def inputs_ahead(self, agents: Sequence[str]) -> tuple[str, ...]:
        """Return the inputs of the round, those first that its union does not meet when it changes some agents."""
        ...
