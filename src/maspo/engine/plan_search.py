"""From a job to the pure search: who takes part, on which inputs, under which settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from maspo.engine.job import Job
from maspo.errors import UsageError
from maspo.graph import Agent, System
from maspo.search.setting import Setting
from maspo.search.work import Team
from maspo.tasks.split import split


@dataclass(frozen=True, slots=True)
class Split:
    """The keys of the inputs that the search may see, and of those kept for the proof."""

    search: tuple[str, ...]
    holdout: tuple[str, ...]


def split_of(job: Job) -> Split:
    """Return the split of a job's inputs, by content."""
    return Split(*split(job.inputs, job.config.holdout.share))


def check_task(job: Job) -> None:
    """Check that there is something to optimize, and what to judge it by.

    Raises:
        UsageError: no agent may be rewritten, or labels are asked for and no input has one.

    """
    if not team_of(job.system).rewritten:
        raise UsageError("agents: none may be rewritten (all are frozen or do not reach the output); unfreeze one")
    if job.config.labels == "use" and all(row.answer is None for row in job.inputs.rows):
        raise UsageError("--labels use: no input has an `answer`; add labels, or leave it out to let the judge decide")


def setting_of(job: Job) -> Setting:
    """Return the setting of a job's search."""
    budgets = {agent.name: length_budget(agent, job.config.proposer.length_budget) for agent in job.system.agents}
    team = replace(team_of(job.system), length_budget=budgets)
    return Setting(job.config.search, team, split_of(job).search, job.config.seed)


def length_budget(agent: Agent, budget: int) -> int:
    """Return the characters that a rewrite of an agent's prompt may have; a long seed prompt may grow by half."""
    return max(budget, len(agent.prompt) * 3 // 2)


def team_of(system: System) -> Team:
    """Return what the search knows of a system; agents that cannot reach the output are not rewritten."""
    fixed = frozenset(
        agent.name for agent in system.agents if agent.frozen or system.output not in system.downstream[agent.name]
    )
    return Team(system.order, system.successors, system.output, fixed)
