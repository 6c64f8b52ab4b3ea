"""Leave-one-out: each sentence that a search added is left out once, and what is not missed goes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Protocol

from maspo.core.prompts import Prompts
from maspo.events import SearchEvent
from maspo.optimizers.base import Asking
from maspo.optimizers.parts.merge import without_added
from maspo.optimizers.parts.mixture import Candidate, Mixture, join
from maspo.optimizers.parts.record import pruned_events
from maspo.optimizers.parts.reward import Weights
from maspo.optimizers.parts.union import NO_TRIAL, Round, Trial
from maspo.team.graph import Team

_ATTEMPTS = 3
"""How often sentences are left out together: all that are not missed alone, then the better half of them, and so on."""
_ORDERS = 2
"""Calls of the judge for a comparison, in both orders."""


class Prunes(Protocol):
    """What pruning needs of the search that it is part of."""

    def try_each(self, purpose: str, tried: Mapping[str, Mixture], inputs: Sequence[str]) -> Asking[list[Trial]]:
        """Let each of some changes, by the place it is tried at, meet the anchor on all of some inputs."""
        ...


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


def prune(
    search: Prunes, round_: Round, where: str, inputs: Sequence[str], team: Team, weights: Weights
) -> Asking[tuple[Prompts, list[SearchEvent]]]:
    """Let the anchor meet itself without each of a round's candidates; return what changes, and what is told of it.

    Sentences that say the same are not missed one by one, so what shall go is left out together before it goes.
    """
    added = round_.candidates
    alone = {f"{where}/{member}": Mixture((member,), {one.agent: one.text}) for member, one in enumerate(added)}
    yield from search.try_each("prune", alone, inputs)
    evidence = round_.evidence()
    round_.effects = tuple(fmean(map(round_.score, found)) for found in evidence)
    not_missed = (member for member, effect in enumerate(round_.effects) if effect >= 0)
    going = sorted(not_missed, key=lambda member: -round_.effects[member])
    accepted = NO_TRIAL
    for attempt in range(_ATTEMPTS):
        part = join(round_.anchor, added, going, team)
        if not part.changes:
            break
        (trial,) = yield from search.try_each("prune", {f"{where}/together/{attempt}": part}, inputs)
        if round_.mean(trial) >= 0:
            accepted = trial
            break
        going = going[: len(going) // 2]
    steps = {one.agent: f"{where}/{one.agent}" for one in added}
    return accepted.part.changes, pruned_events(round_, evidence, accepted, steps, weights)
