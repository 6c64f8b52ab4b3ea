"""What a race has cost, counted from the work itself: the same in every replay, whatever a cache held. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from maspo.prompts import prompts_id
from maspo.search.plan import CALLS_PER_AGENT, Plan
from maspo.search.setting import Setting
from maspo.search.work import Compare, Propose, Result, Team, Withhold, Work
from maspo.verdict import Comparison, Level


def planned_calls(plan: Plan, team: Team) -> int:
    """Return the calls that a race plans for the whole run, the final test included."""
    by_agent = (plan.calls_per_agent or CALLS_PER_AGENT) * len(team.rewritten)
    return by_agent if plan.calls is None else min(plan.calls, by_agent)


def reach(team: Team, agents: Iterable[str]) -> int:
    """Return how many agents run again when the prompts of some change: they and all downstream of them."""
    return _reach(team.order, tuple(team.successors[name] for name in team.order), frozenset(agents))


@lru_cache(maxsize=4096)
def _reach(order: tuple[str, ...], successors: tuple[tuple[str, ...], ...], agents: frozenset[str]) -> int:
    reached = set(agents)
    for name, readers in zip(order, successors, strict=True):
        if name in reached:
            reached.update(readers)
    return len(reached)


def wave_calls(
    answers: Sequence[tuple[Work, Result]], setting: Setting, known: frozenset[str]
) -> tuple[int, frozenset[str]]:
    """Return the calls of a wave, and the inputs on which the anchor has been run after it.

    ``known`` are those before. Runs of the anchor are counted in full, although a part of one is often known from the
    anchor before, so the count errs on the dear side.
    """
    calls, team = 0, setting.team
    anchored = set(known)
    systems: set[tuple[str, str]] = set()
    for work, result in answers:
        if isinstance(work, Propose):
            calls += 1
            continue
        if work.input_key not in anchored:
            anchored.add(work.input_key)
            calls += reach(team, team.rewritten)
        same = isinstance(result, Comparison) and result.same_answer
        if isinstance(work, Withhold):
            calls += reach(team, (work.reader,)) + 2 * (not same)
            continue
        address = (prompts_id(work.changed), work.input_key)
        if address not in systems:
            systems.add(address)
            calls += reach(team, (work.agent, *work.also))
        calls += _judged(work, setting, same)
    return calls, frozenset(anchored)


def _judged(work: Compare, setting: Setting, same: bool) -> int:
    readers = setting.team.successors[work.agent]
    free = same or work.input_key in setting.labelled
    glob = 0 if free else work.orders * (Level.GLOBAL in work.levels)
    if not readers or (same and work.when_differing):
        return glob
    return glob + (Level.LOCAL in work.levels) + len(readers) * (Level.LOOKAHEAD in work.levels)
