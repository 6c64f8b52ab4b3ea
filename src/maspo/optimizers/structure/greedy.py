"""Change after change, the one that saves most first: kept where the team answers as well without, or better. Pure."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from maspo.core.errors import BudgetReached
from maspo.core.seeded import shuffled
from maspo.core.verdict import Verdict
from maspo.optimizers.structure.base import (
    ChangeTrial,
    FoundTeam,
    Meet,
    StructurePlan,
    StructureSearch,
    Tally,
    Verdicts,
)
from maspo.team import System
from maspo.team.changes import Change, adds_cost, changed_system, possible_changes


def search_greedily(system: System, inputs: Sequence[str], plan: StructurePlan) -> StructureSearch:
    """Try each possible change of the team as it stands; what was refused once stays refused."""
    order = shuffled(inputs, plan.seed, "structure")
    current, kept, tried = system, list[Change](), list[ChangeTrial]()
    while (change := _untried(current, plan, tried)) is not None:
        candidate = changed_system(current, change)
        try:
            tally = yield from _meet_in_stages(current, candidate, order, plan, adds_cost(change))
        except BudgetReached:  # thrown in where nothing more can be asked: what was kept by then stays
            break
        keep = plan.keeps(tally, adds_cost(change))
        tried.append(ChangeTrial(change, tally, keep))
        if keep:
            current = candidate
            kept.append(change)
    return FoundTeam(current, tuple(kept), tuple(tried))


def _untried(system: System, plan: StructurePlan, tried: Sequence[ChangeTrial]) -> Change | None:
    known = {one.change for one in tried}
    found = possible_changes(system, plan.kinds, plan.models)
    return next((change for change in found if change not in known), None)


def _meet_in_stages(
    reference: System, candidate: System, order: Sequence[str], plan: StructurePlan, costs_more: bool
) -> Generator[tuple[Meet, ...], Verdicts, Tally]:
    """Let two teams meet on more and more inputs, until it is plain that the change is not kept."""
    verdicts: list[Verdict] = []
    for stage in plan.stages:
        wanted = order[len(verdicts) : stage]
        if wanted:
            verdicts += yield tuple(Meet(reference, candidate, key) for key in wanted)
        if plan.is_hopeless(Tally.of(verdicts), costs_more):
            break
    return Tally.of(verdicts)
