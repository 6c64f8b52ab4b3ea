"""What a new run may start from: what an earlier run found, or a library of changes that won."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from maspo.core.errors import UsageError, typed
from maspo.report.folder import look
from maspo.study.carried import Earlier, carried_over
from maspo.study.job import Job
from maspo.study.library import Won, of_one_kind, read_library, sentences_added, started_from
from maspo.study.optimize import recorded_job


def carried_from(job: Job, source: Path) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return a candidate for each agent of a job, from the folder of an earlier run or from a library; and remarks.

    The first remark says what was taken.

    Raises:
        UsageError: it is neither, or a run that has not finished.
        StoreError: its database cannot be read.

    """
    if source.is_file():
        roles = {agent.name: agent.description for agent in job.system.agents}
        entries, kinds = of_one_kind(read_library(source))
        told = (f"--start-from: {source}: {kinds}",) if kinds else ()
        earlier = started_from(job.system.prompts, roles, entries)
        if earlier.winners == earlier.seed:
            none = f"--start-from: {source} holds nothing for agents of these names or descriptions"
            return {}, (none, *told)
    else:
        told = ()
        earlier = earlier_run(source)
    carried, remarks = carried_over(job, earlier)
    return carried, (*_taken(job, source, carried), *told, *remarks)


def _taken(job: Job, source: Path, carried: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line that says what is tried first of an earlier run or a library; none where it is nothing."""
    own = job.system.prompts
    new = {name: len(sentences_added(own[name], text)) for name, text in carried.items()}
    told = ", ".join(f"{name} ({number} new sentence{'s' * (number != 1)})" for name, number in new.items())
    return (f"--start-from: what {source} holds for {told} is tried first",) if new else ()


def earlier_run(folder: Path) -> Earlier:
    """Return what a run folder's search began and ended with.

    Raises:
        UsageError: there is no run in it, or none that has finished.
        StoreError: its database cannot be read.

    """
    finished = (view := look(folder).view).finished
    if finished is None or view.started is None:
        raise UsageError(f"{folder}: its run has not finished; go on with `maspo resume {typed(folder)}` first")
    return Earlier(view.started.seed_prompts, finished.winners)


def won_in(folder: Path) -> tuple[Won, ...]:
    """Return the changes that a run shipped, as entries of a library; none where it kept the seed prompts.

    Raises what ``earlier_run`` raises.
    """
    view, earlier = look(folder).view, earlier_run(folder)
    started, finished = view.started, view.finished
    if started is None or finished is None or finished.shipped == "seed":
        return ()
    job, holdout = recorded_job(folder), finished.holdout
    missed = {one.agent: len(one.helped) - len(one.hurt) for one in view.left_out}
    return tuple(
        Won(
            agent=agent.name,
            role=agent.description,
            sentence=sentence,
            team=job.system.name,
            model=agent.model or started.models.get("agent", ""),
            run=started.run,
            wins=holdout.wins,
            losses=holdout.losses,
            n=holdout.n,
            simulated=view.simulated,
            missed=missed.get(agent.name),
        )
        for agent in job.system.agents
        for sentence in sentences_added(earlier.seed[agent.name], finished.prompts[agent.name])
    )
