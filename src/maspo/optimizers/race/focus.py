"""Which agents are worth rewriting: each one's share in what changes of prompts did to final answers so far. Pure.

Runs that a search makes anyway are read as games over agents: whoever was changed in a run is in its coalition. Where a
final answer became better or worse, any of them may have done it, so each has an equal part in it: the Shapley value of
the game in which one of them suffices. How often answers move is told from far fewer runs than which way they move.

Before anything is seen, an agent is expected to matter the less the more agents have to answer again when it changes:
what it does reaches the answer through all of them. As few runs change far agents, this counts for some runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import Answers, Compare

ENOUGH = 0.9
"""Share of what moves final answers that the agents in focus hold together: the rest seldom pays its calls
(docs/design/0045-focus.md)."""
_MOST_LEFT_OUT = 0.5
"""Of the agents, at most, that are left out after one round: sequential halving (Karnin, Koren and Somekh 2013)."""
_SEEN_BEFORE = 8
"""Runs that the expectation weighs as much as: a third of what the cheapest agents get in a first round."""


@dataclass(frozen=True, slots=True)
class AnswerMoves:
    """Runs with changed prompts: who was changed, and whether the final answer was better or worse."""

    runs: tuple[tuple[tuple[str, ...], bool], ...] = ()

    def after(self, answers: Answers, purpose: str) -> AnswerMoves:
        """Return what is known after some answers; runs that failed, and those of other purposes, tell nothing."""
        seen = [
            (tuple(request.changes), result.glob in (Verdict.WIN, Verdict.LOSS))
            for request, result in answers
            if isinstance(request, Compare) and isinstance(result, Comparison)
            if request.purpose == purpose and not result.failed
        ]
        return AnswerMoves((*self.runs, *seen)) if seen else self

    def runs_of(self, agents: Sequence[str]) -> dict[str, int]:
        """Return in how many runs each of some agents was changed."""
        return {name: sum(name in changed for changed, _ in self.runs) for name in agents}

    def shares(self, calls: Mapping[str, int]) -> dict[str, float]:
        """Return the part of each agent in what moved final answers; the parts of all sum up to 1.

        ``calls`` are by agent the calls of a run in which it alone is changed.
        """
        runs, parts = self.runs_of(tuple(calls)), dict.fromkeys(calls, 0.0)
        for changed, moved in self.runs:
            for name in changed:
                if moved and name in parts:
                    parts[name] += 1 / len(changed)
        expected = {name: 1 / count for name, count in calls.items()}
        weight = add_up(expected[name] * runs[name] for name in calls)
        # How much moves in all is fitted, so only how far agents differ is expected before it is seen.
        scale = add_up(parts.values()) / weight if weight and any(parts.values()) else 1.0
        moves = {
            name: (_SEEN_BEFORE * scale * expected[name] + parts[name]) / (_SEEN_BEFORE + runs[name]) for name in calls
        }
        total = add_up(moves.values())
        return {name: one / total for name, one in moves.items()}


def in_focus(shares: Mapping[str, float]) -> tuple[str, ...]:
    """Return the agents that hold enough of all shares together, the fewest; at least half of those that there are.

    They stay in the order given; of equal shares the later agent, which is nearer to the output, is ahead.
    """
    names = list(shares)
    best_first = sorted(names, key=lambda name: (-shares[name], -names.index(name)))
    fewest = len(names) - int(_MOST_LEFT_OUT * len(names))
    kept: list[str] = []
    for name in best_first:
        if len(kept) >= fewest and add_up(shares[one] for one in kept) >= ENOUGH:
            break
        kept.append(name)
    return tuple(name for name in names if name in kept)
