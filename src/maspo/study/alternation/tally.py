"""What an alternation came to on the inputs that no turn has seen: what may be claimed, and what is given. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from maspo.events import HoldoutResult
from maspo.stats.holm import holm

Stage: TypeAlias = Literal["given", "prompts", "joint"]
"""The team as it was given; with the first new prompts; with new structure, too, and prompts rewritten once more."""
Verdict: TypeAlias = Literal["better", "as_good", "worse", "not_proven", "untested", "unchanged"]


def p_better(one: HoldoutResult) -> float:
    """Return the p-value that counts: the largest that the undecided inputs allow."""
    return max(one.p_value, (one.p_bounds or (0.0, 0.0))[0])


def _p_worse(one: HoldoutResult) -> float:
    return max(one.p_worse, (one.p_bounds or (0.0, 0.0))[1])


def better_stages(results: Mapping[Stage, HoldoutResult]) -> frozenset[Stage]:
    """Return the stages that are proven better than the given team, by Holm's method over those that were tested."""
    return _proven(results, p_better)


def _proven(results: Mapping[Stage, HoldoutResult], p_of: Callable[[HoldoutResult], float]) -> frozenset[Stage]:
    """Return the stages of which something is proven: both have one look, so both together have its level."""
    known = {name: one for name, one in results.items() if one.n}
    adjusted = holm([p_of(one) for one in known.values()])
    found = zip(known.items(), adjusted, strict=True)
    return frozenset(name for (name, one), p_value in found if p_value <= one.level)


def verdict_of(results: Mapping[Stage, HoldoutResult], joint: float, margin: float) -> tuple[Verdict, Stage]:
    """Return what can be said, and the stage that a person may go on with.

    ``joint`` is how much worse than the given team the joint one may be at most, as a share of the inputs; it is
    ``inf`` where it costs as much as the given one, so that doing as well is no gain.
    """
    if not results:
        return "unchanged", "given"
    if not all(one.n for one in results.values()):
        return "untested", "given"
    better = better_stages(results)
    if better:
        # What was made last costs least, and each of its changes was kept within the margin.
        return "better", "joint" if "joint" in better else "prompts"
    if joint <= margin:
        return "as_good", "joint"
    return ("worse" if _proven(results, _p_worse) else "not_proven"), "given"
