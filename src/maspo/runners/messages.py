"""From prompts, an input and what was read to the messages of a call."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.core.control_tokens import control_tokens, defused
from maspo.core.errors import InputsInvalid
from maspo.data.inputs import Input, Inputs, input_text
from maspo.models.base import Message
from maspo.team import Agent, System
from maspo.team.template import as_written, likely_slips, placeholders, render, values_of

NO_OUTPUT = "(no output)"
"""What a reader is shown in place of an output that is withheld from it."""


class MessageBuilder:
    """Knows, per agent of a system, which braces are placeholders, and builds its messages.

    ``columns`` are the columns that every input has.

    Raises:
        InputsInvalid: an input column has the name of an agent that a template reads, or ``context``.

    """

    def __init__(self, system: System, columns: frozenset[str]) -> None:
        self._system = system
        own = system.app is not None
        self._known = {
            agent.name: values_of(agent.prompt) if own else _known(agent, columns) for agent in system.agents
        }
        named = {name for agent in system.agents for name in self.placeholders(agent.name, agent.prompt)}
        self._columns = tuple(sorted(named & columns - {"input"}))

    def placeholders(self, agent: str, prompt: str) -> frozenset[str]:
        """Return the placeholders of a prompt of this agent."""
        return placeholders(prompt, self._known[agent], self._template(agent))

    def input_text(self, row: Input) -> str:
        """Return the input as an agent without placeholders reads it."""
        return input_text(row, self._columns)

    def messages(self, agent: str, prompt: str, row: Input, read: Mapping[str, str]) -> tuple[Message, ...]:
        """Return the messages of one call; ``read`` are the outputs of the predecessors, in the order of ``reads``."""
        if self.placeholders(agent, prompt):
            values = {**row.columns, "input": self.input_text(row), "context": context(read), **read}
            known = {name: values[name] for name in self._known[agent] if name in values}
            return (Message("user", _rendered(prompt, known, self._template(agent))),)
        text = self.input_text(row)
        if read:
            text = f"Input:\n{text}\n\n{context(read)}"
        return (Message("system", prompt), Message("user", defused(text)))

    def slips(self, agent: str) -> list[str]:
        """Return what in the seed prompt of an agent looks like a placeholder and is none, in words."""
        return list(likely_slips(self._system.by_name[agent].prompt, self._known[agent], self._template(agent)))

    def _template(self, agent: str) -> str:
        return self._system.by_name[agent].template


def _rendered(prompt: str, values: Mapping[str, str], template: str) -> str:
    """Fill in a template; control tokens are defused in what is filled in, and stay in the prompt's own text."""
    content = render(prompt, {name: defused(value) for name, value in values.items()}, template)
    # Two texts side by side can make a token that neither holds.
    return content if len(control_tokens(content)) <= len(control_tokens(prompt)) else defused(content)


def context(read: Mapping[str, str]) -> str:
    """Return what an agent read, labelled by who wrote it (C_i of Eq. 1)."""
    return "\n\n".join(f"Output of {name}:\n{output}" for name, output in read.items())


def check_inputs(system: System, inputs: Inputs) -> list[str]:
    """Check that every agent gets an input, and return remarks worth reading before anything is paid.

    Raises:
        InputsInvalid: nothing tells the agents what to work on, or names clash.

    """
    if system.app is not None:  # it reads its rows itself
        return [f"inputs: {inputs.merged} duplicate rows were merged"] if inputs.merged else []
    builder = MessageBuilder(system, inputs.columns)
    named = {agent.name: builder.placeholders(agent.name, agent.prompt) for agent in system.agents}
    used = frozenset[str]().union(*named.values()) & inputs.columns
    if "input" not in inputs.columns and not used:
        columns = ", ".join(sorted(inputs.columns)) or "none that every row has"
        raise InputsInvalid(
            f"inputs: no column `input`, and no prompt names a column (columns: {columns}); "
            f"rename one to `input`, or name columns in a prompt, such as {{{min(inputs.columns, default='question')}}}"
        )
    notes = []
    for agent in system.agents:
        unread = [name for name in agent.reads if name not in named[agent.name]]
        if named[agent.name] and unread and "context" not in named[agent.name]:
            notes.append(
                f"agents.{agent.name}: reads {', '.join(unread)}, but its template shows neither that nor {{context}}"
            )
        notes += [f"agents.{agent.name}: {slip}" for slip in builder.slips(agent.name)]
        if system.output not in system.downstream[agent.name]:
            notes.append(f"agents.{agent.name}: does not reach the output {system.output!r}; it is not rewritten")
    if inputs.merged:
        notes.append(f"inputs: {inputs.merged} duplicate rows were merged")
    return notes


def blind_agents(system: System, inputs: Inputs) -> list[str]:
    """Return a remark for each agent whose template shows it no input: meant for some, forgotten for others."""
    builder = MessageBuilder(system, inputs.columns)
    seen = inputs.columns | {"input"}
    return [
        f"agents.{agent.name}: its template names no input, so it sees none; add {as_written('input', agent.template)} "
        "if it should"
        for agent in system.agents
        if (named := builder.placeholders(agent.name, agent.prompt)) and not named & seen
    ]


def columns_read(system: System, inputs: Inputs) -> tuple[str, ...]:
    """Return the columns of the inputs that some prompt shows to a model, in order of their names."""
    builder = MessageBuilder(system, inputs.columns)
    named = [builder.placeholders(agent.name, agent.prompt) for agent in system.agents]
    every = frozenset[str]().union(*named)
    columns = every & inputs.columns
    if "input" in inputs.columns and not all(named):
        columns |= {"input"}
    return tuple(sorted(columns))


def _known(agent: Agent, columns: frozenset[str]) -> frozenset[str]:
    """Return the names that stand for something in the agent's template."""
    clash = sorted(
        name
        for name in columns & {"context", *agent.reads}
        if name in placeholders(agent.prompt, {name}, agent.template)
    )
    if clash:
        raise InputsInvalid(
            f"inputs: column {clash[0]!r} has the name of what {agent.name!r} reads ({{context}} is the outputs of all "
            "predecessors); rename the column"
        )
    return columns | {"input", "context"} | frozenset(agent.reads)
