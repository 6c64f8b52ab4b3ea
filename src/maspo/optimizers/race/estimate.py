"""What a search has learned of its drafts and of its judge, and what it expects each candidate to add by that. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.core.verdict import Comparison
from maspo.optimizers.base import Answers, Compare
from maspo.optimizers.race.agreement import Reliability, Weighting, score
from maspo.optimizers.race.effects import Causes, Observation, causes_of, estimate_effects, estimate_spreads, observe
from maspo.optimizers.race.mixture import Candidate, MixedRun, by_agent
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.optimizers.race.settled import VerdictsOnAnswers

_DRAFTS_SEEN_BEFORE = 400
"""Single-candidate runs that ``optimism`` weighs as much as, against what the run has seen of its proposer: more than a
round holds, so that one lucky round does not make every later draft look good."""


class Estimator:
    """Learns from every comparison of a search how far levels agree, what answers are worth, and what drafts add."""

    def __init__(self, config: AnchorRaceConfig, weighting: Weighting) -> None:
        self.config = config
        self.weighting = weighting
        self.reliability = Reliability()
        self.verdicts = VerdictsOnAnswers(config.verdicts_on_answers)
        self.remembered: list[Observation] = []
        """What the runs of earlier rounds say of sentences that may come again."""
        self.draft_effects = (0.0, 0.0)
        """What this proposer's drafts have added: Σ score · drafts and Σ drafts² over all mixed runs."""

    def learn(self, answers: Answers) -> None:
        """Learn how far the levels agree, and what the judge says of final answers."""
        for request, result in answers:
            if isinstance(request, Compare) and isinstance(result, Comparison) and not result.failed:
                self.reliability = self.reliability.after(result)
                self.verdicts.learn(request, result)

    def learn_drafts(self, candidates: Sequence[Candidate], runs: Sequence[MixedRun]) -> None:
        """Learn what the drafts of some mixed runs have added together."""
        total, weight = self.draft_effects
        for run in runs:
            size = sum(not candidates[member].removal for member in run.members)
            total, weight = total + size * self.score(run.comparison), weight + size * size
        self.draft_effects = (total, weight)

    def remember(self, candidates: Sequence[Candidate], runs: Sequence[MixedRun]) -> None:
        """Remember what the runs of a round say, and those of earlier rounds less clearly: the anchor moves on."""
        if share := self.config.memory:
            seen = self._observed(runs, self._priors(candidates), self._causes(candidates))
            self.remembered = [one.fainter(share) for one in (*self.remembered, *seen)]

    def score(self, comparison: Comparison) -> float:
        """Return what one comparison says for the changed prompts, from −½ to ½ (Eq. 5, centred)."""
        config = self.config
        return score(comparison, self.weighting, config.weights, self.reliability, self.verdicts.value(comparison))

    def effects(self, candidates: Sequence[Candidate], runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return what each candidate adds, by some runs of its round and what drafts added in all of them before."""
        priors, causes = self._priors(candidates), self._causes(candidates)
        seen = [*self.remembered, *self._observed(runs, priors, causes)]
        return estimate_effects(seen, priors, causes, self.config.spread)

    def spreads(self, candidates: Sequence[Candidate], runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return the standard deviation of what each candidate adds, agent by agent."""
        priors, causes = self._priors(candidates), self._causes(candidates)
        seen, found = [*self.remembered, *self._observed(runs, priors, causes)], [0.0] * len(candidates)
        agents = by_agent(range(len(candidates)), candidates).values()
        told = estimate_spreads(seen, [[causes[number] for number in own] for own in agents], self.config.spread)
        for own, spreads in zip(agents, told, strict=True):
            for number, spread in zip(own, spreads, strict=True):
                found[number] = spread
        return tuple(found)

    def _observed(
        self, runs: Sequence[MixedRun], priors: Sequence[float], causes: Sequence[Causes]
    ) -> list[Observation]:
        return observe(runs, [self.score(run.comparison) for run in runs], priors, causes)

    def _causes(self, candidates: Sequence[Candidate]) -> list[Causes]:
        """Return what each candidate consists of: sentences that may come again, or nothing but itself."""
        return [causes_of(one) if self.config.memory else {number: 1.0} for number, one in enumerate(candidates)]

    def _priors(self, candidates: Sequence[Candidate]) -> list[float]:
        """Return what each candidate is expected to add before any run has met it."""
        config = self.config
        total, weight = self.draft_effects
        draft = (total + _DRAFTS_SEEN_BEFORE * config.optimism) / (weight + _DRAFTS_SEEN_BEFORE)
        # A sentence that was accepted was thought to add something, so taking it out is expected to cost as much.
        return [
            (-abs(config.optimism) if one.removal else draft) - config.length_price * (one.added_characters / 1000)
            for one in candidates
        ]
