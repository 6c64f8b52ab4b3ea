"""From a job to the pure search: who takes part, on which inputs, under which settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from maspo.engine.job import Job
from maspo.errors import UsageError
from maspo.graph import Agent, System
from maspo.search.costs import planned_calls
from maspo.search.plan import CALLS_PER_AGENT_WITH_LABELS, Plan
from maspo.search.setting import Setting
from maspo.search.work import Team
from maspo.tasks.split import split

_FEWEST_HELD_OUT = 20


@dataclass(frozen=True, slots=True)
class Split:
    """The keys of the inputs that the search may see, and of those kept for the proof."""

    search: tuple[str, ...]
    holdout: tuple[str, ...]


def split_of(job: Job) -> Split:
    """Return the split of a job's inputs, by content.

    The proof may cost a third of the calls that a race plans: with few calls, fewer inputs are held out.
    """
    search, holdout = split(job.inputs, job.config.holdout.share)
    plan = _plan(job)
    if plan.method == "race":
        affordable = planned_calls(plan, team_of(job)) // 3 // proof_calls(job.system)
        most = max(affordable, _FEWEST_HELD_OUT)
        search, holdout = (*search, *holdout[most:]), holdout[:most]
    return Split(search, holdout)


def proof_calls(system: System) -> int:
    """Return the calls that the final test needs for one input, at most: both systems, and both orders judged."""
    return 2 * len(system.agents) + 2


def check_task(job: Job) -> None:
    """Check that there is something to optimize, and what to judge it by.

    Raises:
        UsageError: no agent may be rewritten, the focus names one that may not, or labels are asked for and no input
            has one.

    """
    system = job.system
    possible = [name for name in system.order if name not in _fixed(system)]
    if not possible:
        raise UsageError("agents: none may be rewritten (all are frozen or do not reach the output); unfreeze one")
    for name in job.config.focus:
        if name not in possible:
            raise UsageError(f"--focus: {_why_not(system, name)}; agents that may be rewritten: {', '.join(possible)}")
    if job.config.labels == "use" and all(row.answer is None for row in job.inputs.rows):
        raise UsageError("--labels use: no input has an `answer`; add labels, or leave it out to let the judge decide")


def setting_of(job: Job) -> Setting:
    """Return the setting of a job's search."""
    budgets = {agent.name: length_budget(agent, job.config.proposer.length_budget) for agent in job.system.agents}
    team = replace(team_of(job), length_budget=budgets)
    parts = split_of(job)
    answered = (row.key for row in job.inputs.rows if row.answer is not None)
    labelled = frozenset(answered) if job.config.labels == "use" else frozenset[str]()
    # Where final answers are equal no judge is asked, and about half of them are; where labels decide, none is at all.
    reserve = sum(proof_calls(job.system) - (2 if key in labelled else 1) for key in parts.holdout)
    return Setting(_plan(job), team, parts.search, job.config.seed, reserve, labelled)


def _plan(job: Job) -> Plan:
    """Return the plan of a job's search: where labels decide it plans more calls, unless a number is set."""
    plan = job.config.search
    if job.config.labels == "use" and plan.calls_per_agent is None:
        return plan.model_copy(update={"calls_per_agent": CALLS_PER_AGENT_WITH_LABELS})
    return plan


def length_budget(agent: Agent, budget: int) -> int:
    """Return the characters that a rewrite of an agent's prompt may have; a long seed prompt may grow by half."""
    return max(budget, len(agent.prompt) * 3 // 2)


def team_of(job: Job) -> Team:
    """Return what the search knows of a job's system; agents outside its focus are as frozen ones."""
    system, focus = job.system, job.config.focus
    outside = frozenset(system.order).difference(focus) if focus else frozenset()
    return Team(system.order, system.successors, system.output, _fixed(system) | outside)


def _fixed(system: System) -> frozenset[str]:
    """Return the agents that are never rewritten: frozen ones, and those that cannot reach the output."""
    return frozenset(
        agent.name for agent in system.agents if agent.frozen or system.output not in system.downstream[agent.name]
    )


def _why_not(system: System, name: str) -> str:
    if name not in system.by_name:
        return f"{name!r} is no agent"
    return f"{name!r} is frozen" if system.by_name[name].frozen else f"{name!r} does not reach the output"
