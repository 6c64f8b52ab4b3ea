"""Blocks of agents: mixed runs change one at a time, and those far from the output get fewer. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.team.graph import Team


def split_blocks(agents: Sequence[str], most: int) -> list[Sequence[str]]:
    """Return agents in at most so many blocks of topological neighbours; in a small team each is a block of its own."""
    size = -(-len(agents) // most)
    return [agents[start : start + size] for start in range(0, len(agents), size)]


def share_of_runs(block: Sequence[str], blocks: Sequence[Sequence[str]], team: Team, least: float) -> float:
    """Return which share of the mixed runs of a round a block gets: fewer where each takes more calls.

    A change far from the output costs a call of every agent that it reaches, and seldom changes a final answer.
    """
    cheapest = min(calls_of_run(one, team) for one in blocks)
    return max(least, cheapest / calls_of_run(block, team))


def calls_of_run(agents: Sequence[str], team: Team) -> int:
    """Return the agent calls of a run in which the cheapest of some agents is changed."""
    return min(team.calls_of(team.reached((name,))) for name in agents)
