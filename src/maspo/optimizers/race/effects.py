"""What each candidate adds, told apart from runs in which several were mixed. Pure.

A mixed run changes an agent's prompt by several candidates at once, so it says something about each of them: with m
candidates, n mixed runs tell as much about every single one as about m · n / 4 runs of one candidate each would.
The model is a linear one: a candidate is expected to add its prior and what its causes add beyond that, and the score
of a run is the sum over its candidates, plus noise,

    cause_k ~ Normal(0, spread²),     score_r ~ Normal(Σ prior_c + Σ cause_k over the run's, noise² of its group),

and the answer is the posterior mean (ridge regression). A cause is the candidate itself; or each sentence that it puts
in (1) or takes out (−1), and then what an earlier round saw of a sentence counts for it too
(``docs/design/0047-sentences-remembered.md``). A sentence is known by its words, as near-copies are.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from maspo.core.sums import add_up
from maspo.optimizers.parts.merge import sentences_of
from maspo.optimizers.parts.similar import END, normalize
from maspo.optimizers.race.mixture import Candidate, MixedRun
from maspo.stats.ridge import deviations, ridge

SCORE_VARIANCE = 0.05
"""Variance of the score of one run before any was seen: scores are ±½ where answers differ, in two runs of ten."""
_SEEN_BEFORE = 8
"""Runs that this expectation weighs as much as: a quarter of a first round's, so what is seen soon outweighs it."""
_CLOSE_ENOUGH = 1e-7
"""No effect is told more exactly: scores of whole runs differ by 0.5, their means by about 0.01."""

_MOST_SENTENCES = 6
"""Sentences put in or taken out by a candidate of which each is a cause of its own: three that replace three others.
Of a prompt that is written anew nobody knows which sentence did it, so it is one cause."""
_KNOWN = 4096
"""Candidates and sentences whose words are kept: more than a run of a small team has."""

Causes: TypeAlias = Mapping[Hashable, float]
"""What a change of prompts consists of, each cause with how it counts: 1, or −1 where it is taken out."""


def causes_of(candidate: Candidate) -> Causes:
    """Return what a candidate puts into its agent's prompt (1) and takes out (−1)."""
    agent, before, after = candidate.agent, _sentences(candidate.parent), _sentences(candidate.text)
    changed = before ^ after
    if not 0 < len(changed) <= _MOST_SENTENCES:  # nothing: only their order is new
        return {(agent, candidate.id): 1.0}
    return {(agent, *words): 1.0 if words in after else -1.0 for words in sorted(changed)}


@lru_cache(_KNOWN)
def _sentences(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(words for sentence in sentences_of(text) if (words := _split_words(sentence)))


@lru_cache(_KNOWN)
def _split_words(sentence: str) -> tuple[str, ...]:
    return tuple(word for word in normalize(sentence).order if word != END)


@dataclass(frozen=True, slots=True)
class Observation:
    """A run as far as effects are concerned."""

    causes: Causes
    unexpected: float
    """Its score, from −½ to ½, without what its candidates were expected to add."""
    precision: float
    """One over the variance of its noise."""

    def fainter(self, share: float) -> Observation:
        """Return the same with a share of its precision."""
        return replace(self, precision=share * self.precision)


def observe(
    runs: Sequence[MixedRun], scores: Sequence[float], priors: Sequence[float], causes: Sequence[Causes]
) -> list[Observation]:
    """Return what runs say; ``scores`` are theirs, ``priors`` and ``causes`` those of the round's candidates."""
    squares: dict[str, tuple[float, int]] = {}
    """By group, the sum of the squares of scores and how many: the precision of a run is one over their mean."""
    for run, score in zip(runs, scores, strict=True):
        total, count = squares.get(run.group, (SCORE_VARIANCE * _SEEN_BEFORE, _SEEN_BEFORE))
        squares[run.group] = (total + score**2, count + 1)
    found = []
    for run, score in zip(runs, scores, strict=True):
        # A sentence that two candidates bring in is there once.
        held = {cause: sign for member in run.members for cause, sign in causes[member].items()}
        total, count = squares[run.group]
        found.append(Observation(held, score - add_up(priors[member] for member in run.members), count / total))
    return found


def estimate_effects(
    seen: Sequence[Observation], priors: Sequence[float], causes: Sequence[Causes], spread: float
) -> tuple[float, ...]:
    """Return the expected effect of each candidate, in scores; of one whose causes no run held its prior."""
    places: dict[Hashable, int] = {}
    for held in (*causes, *(one.causes for one in seen)):
        for cause in held:
            places.setdefault(cause, len(places))
    columns: list[list[tuple[int, float]]] = [[] for _ in places]
    for number, one in enumerate(seen):
        for cause, sign in one.causes.items():
            columns[places[cause]].append((number, sign))
    targets, weights = [one.unexpected for one in seen], [one.precision for one in seen]
    worth = ridge(columns, targets, weights, 1 / spread**2, _CLOSE_ENOUGH)
    return tuple(
        prior + add_up(sign * worth[places[cause]] for cause, sign in held.items())
        for prior, held in zip(priors, causes, strict=True)
    )


def estimate_spreads(
    seen: Sequence[Observation], agents: Sequence[Sequence[Causes]], spread: float
) -> list[tuple[float, ...]]:
    """Return, agent by agent, the standard deviation of each effect of its candidates, as their runs leave it.

    What others of a run add is noise here, of what is expected of them: all of a team's causes at once would take their
    number to the power of three, and next to the noise of a run they are little.
    """
    holding: dict[Hashable, list[int]] = {}
    """The runs that held each cause: those of an agent are some of a large team's."""
    for number, one in enumerate(seen):
        for cause in one.causes:
            holding.setdefault(cause, []).append(number)
    return [_spreads_of_agent(seen, holding, causes, spread) for causes in agents]


def _spreads_of_agent(
    seen: Sequence[Observation], holding: Mapping[Hashable, Sequence[int]], causes: Sequence[Causes], spread: float
) -> tuple[float, ...]:
    places: dict[Hashable, int] = {}
    own: dict[int, list[tuple[int, float]]] = {}
    """By run, the places of those causes that it held, and how they count."""
    for cause in (cause for held in causes for cause in held):
        if cause in places:
            continue
        places[cause] = len(places)
        for number in holding.get(cause, ()):
            own.setdefault(number, []).append((places[cause], seen[number].causes[cause]))
    precision = [[0.0] * len(places) for _ in places]
    for place, row in enumerate(precision):
        row[place] = 1 / spread**2
    for number, signs in sorted(own.items()):
        others = len(seen[number].causes) - len(signs)
        known = 1 / (1 / seen[number].precision + others * spread**2)
        for place, sign in signs:
            for other, its_sign in signs:
                precision[place][other] += known * sign * its_sign
    return tuple(deviations(precision, ({places[cause]: sign for cause, sign in held.items()} for held in causes)))
