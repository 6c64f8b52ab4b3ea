"""A search planned for what its cap in calls allows: it is divided otherwise, not cut off. Before anything is paid."""

from __future__ import annotations

import math
from dataclasses import replace

from maspo.config import search_of
from maspo.optimizers.race.settings import FEWEST_CALLS
from maspo.study.bound import calls_of_first_round
from maspo.study.resolve import Study, planned_search, resolve

PLANNED_OF_A_CAP = 0.85
"""Part of a cap that is planned, as a search may end its last round beyond its plan: of 36 runs of two and of five
agents on the simulated world, planned for 450 and 810 calls and for 270 in the smaller team, the furthest went 14 %
beyond."""
_OF_THE_DEAREST = 0.6
"""Part of the most that a first round can take which it takes: 0.34 to 0.58 in 18 runs of two, four and five agents on
the simulated world with caps of 400 and 700 calls."""
_CAPS_TRIED = 8
"""How often a larger cap is tried: each comes nearer, and one that still falls short is better than half of it."""
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
    return _told(again, told + _what_the_first_round_leaves(study, again, cap))


def _what_the_first_round_leaves(study: Study, again: Study, cap: int) -> str:
    """Say that a cap may not last for the first round and a whole final test, and which one would."""
    enough = cap
    for _ in range(_CAPS_TRIED):  # a larger cap has a larger first round, too
        needed = _first_round_and_test(_planned_for(study, int(PLANNED_OF_A_CAP * enough)))
        if needed <= enough:
            break
        enough = -(-needed // 10) * 10
    if enough == cap:
        return ""
    inputs = len(again.split.holdout)
    return f". So few may leave the final test less than its {inputs} inputs, or none: give {enough:,}"


def _first_round_and_test(study: Study) -> int:
    """Return the calls that the first round of a search and the whole final test are expected to take."""
    dearest = calls_of_first_round(study.optimizer, study.problem)
    return math.ceil(_OF_THE_DEAREST * dearest) + study.holdout_calls


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
