"""Who is called on which inputs: an agent that is called on few of them is tried on those. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.spoilt import parted
from maspo.optimizers.base import Answers, Observe, Observed
from maspo.team.graph import Team

_MOST_SHARE = 0.2
"""Of the planned calls, that may go into looking who is called: the runs serve as references afterwards."""


@dataclass(frozen=True, slots=True)
class CalledOn:
    """The agents that were called on each input that was looked at; in a team in which all always are, nothing."""

    agents: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def after(self, answers: Answers) -> CalledOn:
        """Return what is known after some answers."""
        seen = {one.input_key: frozenset(one.called) for _, one in answers if isinstance(one, Observed)}
        return CalledOn({**self.agents, **seen}) if seen else self

    def draw(self, inputs: Sequence[str], agents: Sequence[str], most: int, team: Team) -> tuple[str, ...]:
        """Return the first of some inputs, at most so many, on which changes of some agents can show.

        Each agent that is not always called has its share of them, however rare the inputs are on which it is; the
        order of the inputs stays. Where nothing is known of such inputs it is the first ones.
        """
        acting = {agent: frozenset(team.acting(agent)) for agent in agents}
        rare = [name for name in agents if acting[name] <= team.sometimes]
        if not rare or not self.agents:
            return tuple(inputs[:most])
        called = {key: self.agents.get(parted(key, self.agents)[0], frozenset()) for key in inputs}
        able = [
            key
            for key in inputs
            if len(rare) < len(agents) or any(not acting[name].isdisjoint(called[key]) for name in rare)
        ]
        chosen: set[str] = set()
        for name in rare:
            own = [key for key in able if not acting[name].isdisjoint(called[key])]
            chosen.update(own[: max(1, most // (len(rare) + (len(rare) < len(agents))))])
        chosen.update([key for key in able if key not in chosen][: max(0, most - len(chosen))])
        return tuple(key for key in able if key in chosen)[:most] or tuple(inputs[:most])


def observations(prompts: Prompts, team: Team, inputs: Sequence[str], planned: int, seed: int) -> tuple[Observe, ...]:
    """Return requests that look who is called on the inputs of a search; none where everybody always is."""
    if team.sometimes.isdisjoint(name for agent in team.rewritten for name in team.acting(agent)):
        return ()
    most = int(_MOST_SHARE * planned) // max(1, team.calls_of(team.everyone))
    return tuple(Observe(f"observe/{key}", prompts, key) for key in shuffled(inputs, seed, "observe")[: max(1, most)])
