"""Which runs of the team went well, as far as comparisons say: what worked examples are drawn from. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.seeded import rank
from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import EXAMPLES, Answers, Compare, Outcome, Propose


@dataclass(slots=True)
class Outcomes:
    """How often the final answers of runs won and lost against others on the same input."""

    seed: int
    found: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    """By the run: its joint prompts and its input."""

    def learn(self, answers: Answers) -> None:
        """Take up which final answers won; equal, undecided and failed ones say nothing."""
        for request, result in answers:
            if isinstance(request, Compare) and isinstance(result, Comparison) and not result.failed:
                if result.glob is Verdict.WIN:
                    self._count(request.changed, request.reference, request.input_key)
                elif result.glob is Verdict.LOSS:
                    self._count(request.reference, request.changed, request.input_key)

    def _count(self, better: Prompts, worse: Prompts, key: str) -> None:
        for prompts, won, lost in ((better, 1, 0), (worse, 0, 1)):
            address = prompts_id(prompts), key
            known = self.found.get(address) or Outcome(prompts, key)
            self.found[address] = replace(known, won=known.won + won, lost=known.lost + lost)

    def best(self, most: int, where: str) -> tuple[Outcome, ...]:
        """Return runs that won oftener than they lost, those that won most first, each on an input of its own."""
        good = sorted(
            (one for one in self.found.values() if one.net > 0),
            key=lambda one: (-one.net, rank(self.seed, "outcome", where, prompts_id(one.prompts), one.input_key)),
        )
        by_input: dict[str, Outcome] = {}
        for one in good:
            by_input.setdefault(one.input_key, one)
        return tuple(by_input.values())[:most]

    def proposal(self, name: str, agent: str, prompts: Prompts, examples: int, count: int = 1) -> Propose | None:
        """Return what asks for so many prompts with so many worked examples each; None while no run is known to show.

        Twice as many runs are named as can be shown: some may not fit.
        """
        outcomes = self.best(2 * examples * count, name)
        if not outcomes:
            return None
        return Propose(name, agent, prompts, (), (), count, EXAMPLES, outcomes=outcomes)
