"""The union of a round: what looks good alone is tried together, whole and in parts, and the best of it kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.optimizers.base import Asking
from maspo.optimizers.race.conflicts import Conflicts
from maspo.optimizers.race.mixture import by_agent
from maspo.optimizers.race.round import NO_TRIAL, Blocks, Round, Trial, divide
from maspo.optimizers.race.search import Race
from maspo.team.graph import Team

_ATTEMPTS = 4
"""Unions and parts of unions that are tried in a round, at most: a union, its two sides, pairs, what is mended."""


def unite(search: Race, round_: Round, good: Sequence[int], most: int, conflicts: Conflicts) -> Asking[Trial]:
    """Try what looks good together, then parts of it, as long as something is left that may beat the anchor.

    Return the best of it, or nothing when the anchor did better. ``most`` candidates of an agent are joined.
    """
    purpose: str = "union"
    blocks: Blocks = [good]
    for _ in range(_ATTEMPTS):
        joined = [round_.join_best(block, most, search.team) for block in blocks]
        parts = [part for part in joined if part.changes]
        if not parts:
            break
        yield from search.try_together(purpose, parts)
        if suspected := conflicts.next_blocks(round_):
            purpose, blocks = suspected
            continue
        best = round_.best()
        if round_.mean(best) < 0 or not round_.ever_won(best.part.members):
            least_bad = max(round_.attempts[-1].trials, key=round_.mean)
            purpose, blocks = "parts", split_parts(least_bad.part.members, round_, search.team)
            round_.effects = round_.estimate(round_.runs)
        elif (yield from conflicts.audit(round_, best)):
            purpose, blocks = "union", [round_.without_withdrawn(best.part.members)]
        else:
            return best
    return NO_TRIAL


def split_parts(members: Sequence[int], round_: Round, team: Team) -> list[tuple[int, ...]]:
    """Return the parts of a union that lost: its agents in two groups, or the better half of one agent's."""
    own = by_agent(members, round_.candidates)
    agents = [name for name in team.order if name in own]
    if len(agents) > 1:
        return divide(members, {*agents[: len(agents) // 2]}, round_.candidates)
    promising = [member for member in members if round_.effects[member] > 0]
    return [tuple(sorted(promising, key=lambda member: -round_.effects[member])[: len(members) // 2])]
