"""What an earlier run found, carried over to a new one: its new prompts are tried first. Pure.

They meet the seed prompts, and are taken over at once where they win (``maspo.optimizers.race.head_start``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maspo.core.prompts import Prompts
from maspo.core.worked_examples import blocks_in, without_blocks
from maspo.optimizers.parts.merge import merge
from maspo.proposers.drafts import checked
from maspo.proposers.passages import Passages
from maspo.study.job import Job
from maspo.study.texts import rules_for, texts_of


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier run: the prompts that it began with, and those that its search ended with."""

    seed: Prompts
    winners: Prompts


def carried_over(job: Job, earlier: Earlier) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return a candidate for each agent of a job that an earlier run rewrote under the same name, and remarks.

    Where the agent begins with another prompt now, what the earlier run changed of its own is changed of this one.
    """
    texts = texts_of(job.system, job.inputs.rows)
    found: dict[str, str] = {}
    remarks = []
    for agent in job.system.agents:
        before, after = earlier.seed.get(agent.name, ""), earlier.winners.get(agent.name, "")
        if agent.frozen or agent.same_prompt_as or before == after:
            continue
        text = after if before == agent.prompt else merge(before, agent.prompt, after)
        if text is None:
            remarks.append(f"--start-from: {agent.name} begins with another prompt now, which its changes do not fit")
            continue
        if blocks_in(text):
            text = without_blocks(text)
            remarks.append(
                f"--start-from: worked examples in {agent.name}'s earlier prompt are left out: they copy inputs"
            )
        rules = rules_for(agent, texts, job.config.proposer.length_budget)
        broken = checked(text, agent.prompt, rules, Passages(())).rejected
        if broken:
            remarks.append(f"--start-from: {agent.name}'s earlier prompt may not be used here: {broken}")
        else:
            found[agent.name] = text
    if not found and not remarks:
        remarks.append("--start-from: that run has rewritten no agent of this team")
    return found, tuple(remarks)
