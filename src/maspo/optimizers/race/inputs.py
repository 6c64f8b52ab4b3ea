"""In which order a round takes up the inputs, and on which of them changes of some agents can show. Pure.

An agent that is called on few inputs is tried on those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maspo.core.prompts import Prompts
from maspo.core.seeded import rank, shuffled
from maspo.core.spoilt import parted
from maspo.core.verdict import Comparison
from maspo.events import FaultsWeighed
from maspo.optimizers.base import Answers, Compare, Endure, Observe, Observed, Problem
from maspo.optimizers.race.adversary import Adversary
from maspo.team.graph import Team

_MOST_SHARE = 0.2
"""Of the planned calls, that may go at the dearest into looking who is called: the runs are references afterwards.

Where branches are not taken it costs less. To look further with what is left helps rare branches at the cost of all
others (docs/design/0025-living-teams.md)."""


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


class InputOrder:
    """What a search knows of its inputs: where answers differed, who is called, and which faults cost the most."""

    def __init__(self, problem: Problem, contested: float) -> None:
        self.problem = problem
        self.contested = contested
        self.called = CalledOn()
        self.adversary = Adversary(problem.under_fault, dict.fromkeys(problem.faults, 0.0))
        self.differed: dict[str, tuple[int, int]] = {}
        """Per input, how often answers differed, of how many comparisons."""

    def learn(self, answers: Answers) -> None:
        """Learn who was called, and on which inputs final answers differed."""
        self.called = self.called.after(answers)
        for request, result in answers:
            if isinstance(request, Compare) and isinstance(result, Comparison) and not result.failed:
                times, seen = self.differed.get(result.input_key, (0, 0))
                self.differed[result.input_key] = (times + (not result.same_answer), seen + 1)

    def looks_at_faults(self, prompts: Prompts, number: int) -> tuple[Endure, ...]:
        """Return requests that tell before a round what each fault costs some prompts; none without faults."""
        problem = self.problem
        return self.adversary.looks(prompts, problem.inputs, number, problem.seed) if problem.faults else ()

    def weigh_faults(self, answers: Answers, number: int) -> FaultsWeighed:
        """Take up what faults cost, so that the dearest are met most; return it as an event."""
        self.adversary, costs = self.adversary.after(answers)
        return FaultsWeighed(f"r{number}", costs, self.adversary.weights)

    def of_round(self, number: int) -> tuple[str, ...]:
        """Return all inputs in the order of a round; those whose answers differed tend to come first."""
        seed, inputs = self.problem.seed, self.problem.inputs
        if self.problem.faults:
            inputs = tuple(self.adversary.draw_faults(inputs, number, seed).values())

        def place(key: str) -> float:
            differed, seen = self.differed.get(key, (0, 0))
            chance = rank(seed, "order", number, key) / 2**64  # a rank has 64 bits
            return chance - self.contested * differed / max(seen, 1)

        return tuple(sorted(inputs, key=lambda key: (place(key), key)))

    def draw(self, inputs: Sequence[str], agents: Sequence[str], most: int) -> tuple[str, ...]:
        """Return the first of some inputs, at most so many, on which changes of some agents can show."""
        return self.called.draw(inputs, agents, most, self.problem.team)


def observations(prompts: Prompts, team: Team, inputs: Sequence[str], planned: int, seed: int) -> tuple[Observe, ...]:
    """Return requests that look who is called on the inputs of a search; none where everybody always is."""
    if team.sometimes.isdisjoint(name for agent in team.rewritten for name in team.acting(agent)):
        return ()
    most = int(_MOST_SHARE * planned) // max(1, team.calls_of(team.everyone))
    return tuple(Observe(f"observe/{key}", prompts, key) for key in shuffled(inputs, seed, "observe")[: max(1, most)])
