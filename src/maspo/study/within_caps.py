"""A search planned for what its cap in calls allows: it is divided otherwise, not cut off. Before anything is paid."""

from __future__ import annotations

import math
from dataclasses import replace

from maspo.config import search_of
from maspo.optimizers.race.settings import FEWEST_CALLS
from maspo.study.resolve import Study, planned_search, resolve

PLANNED_OF_A_CAP = 0.85
"""Part of a cap that is planned, as a search may end its last round beyond its plan: of 36 runs of two and of five
agents on the simulated world, planned for 450 and 810 calls and for 270 in the smaller team, the furthest went 14 %
beyond."""
LEAST_CAP = math.ceil(FEWEST_CALLS / PLANNED_OF_A_CAP)
"""The smallest cap in calls that a search is planned for."""


def plan_within_caps(study: Study) -> Study:
    """Return a study whose search is planned for its cap in calls, where it was planned for more than that.

    A search that is cut off has spent its cap on the first of its rounds, which are sized for the whole plan; one that
    is planned for as many calls has smaller rounds, holds out fewer inputs, and ends. A plan of the user's own
    (``search.calls``) stays: they may raise the cap later. So does one that a cap in money cuts: what a call costs is
    known once some have been made. Only new runs are planned so: one that goes on keeps its plan.
    """
    cap, planned = study.job.config.caps.calls, planned_search(study.job).planned_calls(study.problem.team)
    if cap is None or cap >= study.plan.about or planned is None or not _is_usual(study):
        return study
    most = int(PLANNED_OF_A_CAP * cap)
    calls = min(most, planned)
    if calls < FEWEST_CALLS:
        return _told(study, f"--max-calls {cap:,} is too little for a search, which is planned from {LEAST_CAP:,} on")
    again = _planned_for(study, calls)
    if again.plan.about > most:  # proofs that were asked for come on top of a plan
        calls = max(calls - (again.plan.about - most), FEWEST_CALLS)
        again = _planned_for(study, calls)
    less = "smaller rounds" if calls != planned else "fewer pairs of agents are looked at"
    less += ", and fewer inputs held out" if len(again.split.holdout) < len(study.split.holdout) else ""
    told = (
        f"--max-calls {cap:,} is below the {study.plan.about:,} calls expected, so the search is planned for {calls:,} "
        f"(search.calls): {less}. A larger cap finds more"
    )
    return _told(again, told + _what_the_test_leaves(again, cap))


def _what_the_test_leaves(study: Study, cap: int) -> str:
    """Say that a search may end before any change is tried: the test is kept half of a cap at most, and needs more."""
    test = study.holdout_calls
    if 2 * test <= cap:
        return ""
    return f". So few may end before any change is tried, as the final test alone takes {test:,}: give {2 * test:,}"


def _planned_for(study: Study, calls: int) -> Study:
    config = study.job.config
    smaller = config.model_copy(update={"search": config.search.with_calls(calls)})
    return resolve(replace(study.job, config=smaller), study.parts)


def _told(study: Study, remark: str) -> Study:
    """Return a study that says this of its cap in calls, and nothing else."""
    others = (note for note in study.plan.notes if not note.startswith("--max-calls"))
    return replace(study, plan=replace(study.plan, notes=(*others, remark)))


def _is_usual(study: Study) -> bool:
    """Say whether a search is planned for as many calls as are usual, and not for a number of its user's own."""
    team, config = study.problem.team, study.job.config
    if study.parts.optimizer is not None:
        return False
    usual = search_of(config.profile, {"method": config.search.method})
    return usual.planned_calls(team) == config.search.planned_calls(team)
