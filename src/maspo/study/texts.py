"""What of a team and its inputs judge and proposer are shown, and what a rewrite of a prompt must keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from maspo.core.quoting import shortened, tagged
from maspo.core.spoilt import parted
from maspo.data.inputs import Input
from maspo.proposers.drafts import Rules
from maspo.runners.messages import MessageBuilder
from maspo.study.resolve import length_budget
from maspo.team import Agent, System

_ROLE_CHARACTERS = 2000
"""Characters of a description, or of a prompt in place of one, that judge and proposer are shown of a role."""


def texts_of(system: System, rows: Sequence[Input]) -> MessageBuilder:
    """Return what builds the messages of a team's agents; the columns that all inputs have are placeholders."""
    return MessageBuilder(system, frozenset.intersection(*(frozenset(row.columns) for row in rows)))


def rules_for(agent: Agent, texts: MessageBuilder, budget: int) -> Rules:
    """Return what a rewrite of an agent's prompt must keep, under a length budget in characters."""
    return Rules(
        seed_prompt=agent.prompt,
        placeholders=lambda prompt: texts.placeholders(agent.name, prompt),
        protect=agent.protect,
        length_budget=length_budget(agent, budget),
        template=agent.template,
    )


def role_of(agent: Agent) -> str:
    """Return what judge and proposer are told an agent is for."""
    return shortened(agent.description or agent.prompt, _ROLE_CHARACTERS)


def context_tags(input_text: str, read: Mapping[str, str]) -> str:
    """Return the input and what an agent read by who wrote it, each in its own tag."""
    return "\n".join([tagged("input", input_text), *(tagged("read", text, name) for name, text in read.items())])


@dataclass(frozen=True)
class Texts:
    """A team and its inputs, as texts that are shown."""

    system: System
    rows: Sequence[Input]

    @cached_property
    def builder(self) -> MessageBuilder:
        """What builds the messages of the agents."""
        return texts_of(self.system, self.rows)

    @cached_property
    def _by_key(self) -> Mapping[str, Input]:
        return {row.key: row for row in self.rows}

    def row(self, input_key: str) -> Input:
        """Return an input, also one that is met under a fault."""
        return self._by_key[parted(input_key, self._by_key)[0]]

    def input(self, input_key: str) -> str:
        """Return what the team is asked."""
        return self.builder.input_text(self.row(input_key))

    def role(self, agent: str) -> str:
        """Return what an agent is for."""
        return role_of(self.system.by_name[agent])
