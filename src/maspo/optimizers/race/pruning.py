"""Leave-one-out: each sentence that a search added is left out once, and what is not missed goes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from maspo.core.prompts import Prompts
from maspo.optimizers.base import Asking
from maspo.optimizers.parts.merge import without_added
from maspo.optimizers.race.events import pruned_events
from maspo.optimizers.race.mixture import Candidate, Mixture, join
from maspo.optimizers.race.round import NO_TRIAL
from maspo.optimizers.race.search import Race
from maspo.team.graph import Team

_ATTEMPTS = 3
"""How often sentences are left out together: all that are not missed alone, then the better half of them, and so on."""
_ORDERS = 2
"""Calls of the judge for a comparison, in both orders."""


def sentences_left_out(seed: Prompts, anchor: Prompts, team: Team) -> tuple[Candidate, ...]:
    """Return the anchor's prompts without one of the sentences that were added to the seed's, one for each of them."""
    return tuple(
        Candidate(agent, text, anchor[agent], removal=True)
        for agent in team.rewritten
        for text in dict.fromkeys(without_added(seed[agent], anchor[agent]))
        if any(map(str.isalnum, text))
    )


def calls_of_pruning(added: Sequence[Candidate], team: Team) -> int:
    """Return the calls that leaving out each of some sentences on one input takes, at most."""
    everyone = team.calls_of(team.everyone)
    single = sum(team.calls_of(team.reached((one.agent,))) + _ORDERS for one in added)
    return single + _ATTEMPTS * (everyone + _ORDERS) + everyone if added else 0


def prune(search: Race, where: str, added: Sequence[Candidate], inputs: Sequence[str]) -> Asking[Prompts]:
    """Let the anchor meet itself without each of some sentences that were added; tell of it, and return what changes.

    Sentences that say the same are not missed one by one, so what shall go is left out together before it goes.
    """
    anchor, score = search.prompts, search.estimator.score
    alone = {f"{where}/{member}": Mixture((member,), {one.agent: one.text}) for member, one in enumerate(added)}
    evidence = [trial.comparisons for trial in (yield from search.try_each("prune", alone, inputs))]
    effects = [fmean(map(score, found)) for found in evidence]
    not_missed = (member for member, effect in enumerate(effects) if effect >= 0)
    going = sorted(not_missed, key=lambda member: -effects[member])
    accepted = NO_TRIAL
    for attempt in range(_ATTEMPTS):
        part = join(anchor, added, going, search.team)
        if not part.changes:
            break
        (trial,) = yield from search.try_each("prune", {f"{where}/together/{attempt}": part}, inputs)
        if fmean(map(score, trial.comparisons)) >= 0:
            accepted = trial
            break
        going = going[: len(going) // 2]
    search.events += pruned_events(where, anchor, added, evidence, effects, accepted, search.config.weights)
    return accepted.part.changes
