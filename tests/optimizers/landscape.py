"""A made-up world in which prompts are worth something, so that a search finds, unites and loses things in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.seeded import rank
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.optimizers.base import (
    AblateEdge,
    Answered,
    AskModel,
    Calibrate,
    Calibrated,
    Compare,
    Draft,
    Drafts,
    Endure,
    Observe,
    Observed,
    Propose,
    Request,
    Result,
    Scored,
    ScoreOutput,
    Vet,
)
from maspo.team.graph import Team

_RULES = 12
"""Different sentences that a draft for one agent may add."""
_CLASH = 1.5


@dataclass(frozen=True, slots=True)
class Landscape:
    """Each sentence that a draft adds helps or harms, and some of agents that read one another clash.

    ``clashes``: of so many pairs of sentences one clashes; 0: none does.
    """

    team: Team
    seed: int = 0
    clashes: int = 3

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        match request:
            case Propose():
                return Drafts(tuple(self._draft(request, number) for number in range(request.count)))
            case Compare():
                return self._comparison(request)
            case AblateEdge():
                glob = self._verdict(self._drawn("edge", request.source, request.reader, request.input_key) - 0.2)
                return Comparison(request.input_key, glob, (), glob, glob is Verdict.TIE)
            case Endure():
                glob = self._verdict(self._drawn("fault", request.fault, request.input_key) - 0.3)
                return Comparison(request.input_key, glob, (), glob, glob is Verdict.TIE)
            case ScoreOutput():
                return Scored(request.input_key, min(1.0, max(0.0, 0.5 + self.worth(request.prompts) / 8)))
            case Observe():
                return Observed(request.input_key, self.team.order)
            case Calibrate():
                return Calibrated((Verdict.WIN,) * len(request.inputs))
            case AskModel():
                return Answered(request.example)
            case Vet():
                return Drafts(tuple(map(Draft, request.texts)))

    def worth(self, prompts: Prompts) -> float:
        """Return how good joint prompts are; seed prompts are worth nothing."""
        rules = {name: sorted(set(prompts[name].splitlines()[1:])) for name in self.team.order}
        total = sum(self._drawn("rule", rule) * 2 for found in rules.values() for rule in found)
        for one, other in combinations(self.team.order, 2):
            if self.clashes and other in self.team.neighbours(one):
                pairs = ((first, second) for first in rules[one] for second in rules[other])
                total -= _CLASH * sum(rank(self.seed, "clash", *pair) % self.clashes == 0 for pair in pairs)
        return total

    def _draft(self, request: Propose, number: int) -> Draft:
        drawn = rank(self.seed, "draft", request.id, number)
        if drawn % 11 == 0:
            return Draft("", "empty")
        return Draft(f"{request.prompts[request.agent]}\nRule {drawn % _RULES} of {request.agent}.")

    def _comparison(self, request: Compare) -> Comparison:
        gain = self.worth(request.changed) - self.worth(request.reference)
        where = (request.input_key, prompts_id(request.changed), prompts_id(request.reference))
        glob = self._verdict(gain + 1.2 * self._drawn("noise", *where))
        if request.agent == self.team.output:
            return Comparison(request.input_key, glob, (), glob, glob is Verdict.TIE)
        skipped = request.when_differing and glob is Verdict.TIE
        readers = self.team.successors[request.agent] if Level.LOOKAHEAD in request.levels and not skipped else ()
        asked = Level.LOCAL in request.levels and not skipped
        local = self._verdict(gain + 2 * self._drawn("local", *where)) if asked else Verdict.UNDECIDED
        lookahead = tuple((name, self._verdict(gain + 2 * self._drawn(name, *where))) for name in readers)
        return Comparison(request.input_key, local, lookahead, glob, glob is Verdict.TIE)

    def _verdict(self, value: float) -> Verdict:
        return Verdict.WIN if value > 0.25 else Verdict.LOSS if value < -0.25 else Verdict.TIE

    def _drawn(self, *where: object) -> float:
        """Return a number from −½ to ½."""
        return rank(self.seed, *where) / 2**64 - 0.5
