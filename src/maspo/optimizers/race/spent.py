"""The calls of a race, counted from its requests and results: the same in every replay, whatever a cache held. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import Answers, Compare, Observe, Observed, Problem, Propose
from maspo.team.graph import Team


@dataclass(slots=True)
class CallsSpent:
    """The calls so far: the anchor is paid once an input, changed prompts once an address.

    Traces shown to the proposer are of runs that are made anyway. Runs of the anchor are counted in full, although
    a part of one is often known from the anchor before, so the count errs on the dear side.
    """

    problem: Problem
    calls: int = 0
    by_anchor: set[str] = field(default_factory=set)
    """Inputs on which the anchor has been run."""
    ahead: set[str] = field(default_factory=set)
    """Proposals that were counted when they were begun, before they were asked for."""

    def count_ahead(self, requests: Sequence[Propose]) -> None:
        """Count proposals that are begun now, whenever their drafts are asked for; those before them were dropped."""
        self.calls += sum(one.price(self.problem).proposer for one in requests)
        self.ahead = {one.id for one in requests}

    def least(self, asked: Sequence[Compare], team: Team) -> int:
        """Return the calls that comparisons take at least: of answers that are equal no judge is asked."""
        after = replace(self, by_anchor={*self.by_anchor})
        tie = Verdict.TIE
        after.count([(one, Comparison(one.input_key, tie, (), tie, same_answer=True)) for one in asked], team)
        return after.calls - self.calls

    def count(self, answers: Answers, team: Team) -> None:
        """Count the calls of some answers of a team, of which a person may have pinned prompts meanwhile."""
        systems = set[tuple[str, ...]]()
        for request, result in answers:
            if request.id in self.ahead:
                continue
            price = request.price(self.problem, result)
            self.calls += price.judge + price.proposer
            if isinstance(request, Propose):
                continue
            if isinstance(request, Observe):
                self.by_anchor.add(request.input_key)
                met = result.calls if isinstance(result, Observed) else 0
                self.calls += met or team.calls_of(team.everyone)
                continue
            reference, changed = price.rollouts
            made = result.calls if isinstance(result, Comparison) else None
            if reference.input_key not in self.by_anchor:
                self.by_anchor.add(reference.input_key)
                self.calls += made[0] if made else team.calls_of(team.reached(team.rewritten))
            if changed.address not in systems:
                systems.add(changed.address)
                self.calls += made[1] if made else team.calls_of(changed.agents)
