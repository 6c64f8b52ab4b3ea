"""In which order a round takes up the inputs, and on which of them changes of some agents are looked at. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.core.prompts import Prompts
from maspo.core.seeded import rank
from maspo.core.verdict import Comparison
from maspo.events import FaultsWeighed
from maspo.optimizers.base import Answers, Compare, Endure, Problem
from maspo.optimizers.race.adversary import Adversary
from maspo.optimizers.race.called import CalledOn


class InputOrder:
    """What a search knows of its inputs: where answers differed, who is called, and which faults cost the most."""

    def __init__(self, problem: Problem, contested_first: bool) -> None:
        self.problem = problem
        self.contested_first = contested_first
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
            contested = differed / seen if seen and self.contested_first else 0.0
            return rank(seed, "order", number, key) / 2**64 - contested  # a rank has 64 bits

        return tuple(sorted(inputs, key=lambda key: (place(key), key)))

    def draw(self, inputs: Sequence[str], agents: Sequence[str], most: int) -> tuple[str, ...]:
        """Return the first of some inputs, at most so many, on which changes of some agents can show."""
        return self.called.draw(inputs, agents, most, self.problem.team)
