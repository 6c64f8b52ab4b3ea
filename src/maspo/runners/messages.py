"""From prompts, an input and what was read to the messages of a call."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Literal

from maspo.core.control_tokens import control_tokens, defused
from maspo.core.errors import InputsInvalid, nearest
from maspo.data.inputs import LABEL_COLUMN, Input, Inputs, input_text
from maspo.data.no_text import find_other_than_text
from maspo.models.base import Message
from maspo.runners.parameters import check_parameters
from maspo.team import Agent, System
from maspo.team.template import as_written, likely_slips, placeholders, render, values_of

NO_OUTPUT = "(no output)"
"""What a reader is shown in place of an output that is withheld from it."""
_NO_NAME = re.compile(r"^[\d.,\s-]*$|[?!.]$|.{60}", re.DOTALL)
"""What a cell of a row looks like, and no name of a column: a number, a sentence, or a longer text."""
_ROWS_NAMED = 3
"""Rows of a file that an error names: enough to see what they share."""
_ROW_CHARACTERS = 80
"""Of each of them: a line of a terminal."""
_CLOSE = 0.8
"""Likeness (of ``difflib``) of a name to that of labels: ``anwser`` has 0.83, ``user`` 0.6."""
_LABELS = frozenset({"answer", "answers", "label", "labels", "target", "gold", "expected", "output", "solution"})
"""Names, in lower case, that columns of labels often have."""


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
        named = {name for agent in system.agents for name in self.named(agent)}
        self._columns = tuple(sorted(named & columns - {"input"}))

    def placeholders(self, agent: str, prompt: str) -> frozenset[str]:
        """Return the placeholders of a prompt of this agent."""
        return placeholders(prompt, self._known[agent], self._template(agent))

    def named(self, agent: Agent) -> frozenset[str]:
        """Return the placeholders of all that stands in the messages of an agent, its seed prompt included."""
        texts = (agent.prompt, *(said.content for said in agent.chat))
        return frozenset[str]().union(*(self.placeholders(agent.name, text) for text in texts))

    def input_text(self, row: Input) -> str:
        """Return the input as an agent without placeholders reads it."""
        return input_text(row, self._columns)

    def messages(
        self, agent: str, prompt: str, row: Input, read: Mapping[str, str], item: str = ""
    ) -> tuple[Message, ...]:
        """Return the messages of one call; ``read`` are the outputs of the predecessors, in the order of ``reads``.

        Who was not called is not among them, and a template says so. An ``item`` stands in the place of the output
        whose entry it is; a template has both.
        """
        one = self._system.by_name[agent]
        context_shown = {**read, one.each.agent: item} if one.each and item else read
        chat = [(said.role, said.content or prompt) for said in one.chat]
        named = any(self.placeholders(agent, text) for _, text in chat) or bool(self.placeholders(agent, prompt))
        if not named:
            text = self.input_text(row)
            if context_shown:
                text = f"Input:\n{text}\n\n{context(context_shown)}"
            said = [Message(_role(role), text) for role, text in chat] or [Message("system", prompt)]
            return (*said, Message("user", defused(text)))
        values = {**row.columns, "input": self.input_text(row), "context": context(context_shown), "item": item}
        values |= {**dict.fromkeys(one.reads, NO_OUTPUT), **read}
        known = {name: values[name] for name in self._known[agent] if name in values}
        return tuple(
            Message(_role(role), _rendered(text, known, one.template)) for role, text in chat or [("user", prompt)]
        )

    def slips(self, agent: str) -> list[str]:
        """Return what in the seed prompt of an agent looks like a placeholder and is none, in words."""
        return list(likely_slips(self._system.by_name[agent].prompt, self._known[agent], self._template(agent)))

    def _template(self, agent: str) -> str:
        return self._system.by_name[agent].template


def _role(role: str) -> Literal["system", "user", "assistant"]:
    return "system" if role == "system" else "assistant" if role == "assistant" else "user"


def _rendered(prompt: str, values: Mapping[str, str], template: str) -> str:
    """Fill in a template; control tokens are defused in what is filled in, and stay in the prompt's own text."""
    content = render(prompt, {name: defused(value) for name, value in values.items()}, template)
    # Two texts side by side can make a token that neither holds.
    return content if len(control_tokens(content)) <= len(control_tokens(prompt)) else defused(content)


def context(read: Mapping[str, str]) -> str:
    """Return what an agent read, labelled by who wrote it (C_i of Eq. 1)."""
    return "\n\n".join(f"Output of {name}:\n{output}" for name, output in read.items())


def check_inputs(system: System, inputs: Inputs) -> list[str]:
    """Check the inputs of new work: that every agent gets one that is text; return remarks worth reading beforehand.

    Raises:
        InputsInvalid: what ``check_fit`` raises, or what an agent reads of a row is no text.

    """
    notes = check_fit(system, inputs)
    if system.app is None:
        _check_is_text(system, inputs)
    return notes


def check_fit(system: System, inputs: Inputs) -> list[str]:
    """Check that every agent gets an input, and return remarks worth reading before anything is paid.

    Raises:
        InputsInvalid: nothing tells the agents what to work on, or names clash.

    """
    if system.app is not None:  # it reads its rows itself
        merged = [f"inputs: {inputs.merged} duplicate rows were merged"] if inputs.merged else []
        return [*check_parameters(system.app, inputs), *merged]
    builder = MessageBuilder(system, inputs.columns)
    named = {agent.name: builder.named(agent) for agent in system.agents}
    used = frozenset[str]().union(*named.values()) & inputs.columns
    if "input" not in inputs.columns and not used:
        if lacking := _rows_without(inputs):
            raise InputsInvalid(f"{inputs.source}: {lacking}")
        columns = ", ".join(sorted(inputs.columns)) or "none that every row has"
        slips = [f"agents.{agent.name}: {slip}" for agent in system.agents for slip in builder.slips(agent.name)]
        meant = "; ".join(slips) or _fix(inputs.columns)
        told = f"no column `input`, and no prompt names a column (columns: {columns}); {meant}"
        raise InputsInvalid(f"{inputs.source}: {told}")
    notes = []
    for agent in system.agents:
        unread = [name for name in agent.reads if name not in named[agent.name]]
        if named[agent.name] and unread and "context" not in named[agent.name]:
            notes.append(
                f"agents.{agent.name}: reads {', '.join(unread)}, but its template shows neither that nor {{context}}"
            )
        notes += [f"agents.{agent.name}: {slip}" for slip in builder.slips(agent.name)]
        if not system.team.reaches_output(agent.name):
            notes.append(f"agents.{agent.name}: does not reach the output {system.output!r}; it is not rewritten")
    notes += _missing_columns(inputs)
    notes += _label_elsewhere(inputs, inputs.columns - used - {"input"})
    if inputs.merged:
        notes.append(f"inputs: {inputs.merged} duplicate rows were merged")
    return notes


def _check_is_text(system: System, inputs: Inputs) -> None:
    """Check that what agents read of a row is text.

    Raises:
        InputsInvalid: a row holds an image, a sound or a file, which a prompt cannot.

    """
    read = columns_read(system, inputs)
    for row in inputs.rows:
        for name in read:
            if found := find_other_than_text(row.columns.get(name, "")):
                number = inputs.numbers.get(row.key)
                place = f"row {number}" if number is not None else f"id {row.label!r}"
                raise InputsInvalid(
                    f"{inputs.source}, {place}: the column {name!r} holds {found}, and prompts are text; put what it "
                    "shows, or its address, there as text, or give an app of your own as the system (docs/apps.md): "
                    "what that sends beside its prompts is passed on as it is"
                )


def _rows_without(inputs: Inputs) -> str:
    """Return which few rows lack the column `input` that most others have, and what they may have meant by it."""
    lacking = [row for row in inputs.rows if "input" not in row.columns]
    if 2 * len(lacking) >= len(inputs.rows):
        return ""
    shown = [_row_shown(row, inputs.numbers.get(row.key)) for row in lacking[:_ROWS_NAMED]]
    more = f" and {len(lacking) - len(shown)} more" if len(lacking) > len(shown) else ""
    has = "row has" if len(lacking) == 1 else "rows have"
    near = {name for row in lacking if (name := nearest("input", row.columns))}
    slip = f"; did you mean `input` by {', '.join(f'`{name}`' for name in sorted(near))}?" if near else ""
    fix = "" if near else "; give it, or take them out"
    return (
        f"{len(lacking)} {has} no column `input`, which all others have, and no prompt names a column: "
        f"{'; '.join(shown)}{more}{slip}{fix}"
    )


def _row_shown(row: Input, number: int | None) -> str:
    text = json.dumps(dict(row.columns), ensure_ascii=False)
    text = text if len(text) <= _ROW_CHARACTERS else f"{text[:_ROW_CHARACTERS]}…"
    return text if number is None else f"row {number}: {text}"


def _fix(columns: Collection[str]) -> str:
    """Return what to do about columns of which no agent reads any."""
    if any(_NO_NAME.search(name) for name in columns):
        return (
            "these look like the cells of a row: if the file has no line of names, put one above its first, such as "
            "`input,answer`"
        )
    labels = [name for name in sorted(columns) if name.casefold() in _LABELS]
    shown = min((name for name in columns if name not in labels), default="question")
    if near := nearest("input", columns):
        return f"did you mean `input` by `{near}`? Rename it, or name columns in a prompt, such as {{{near}}}"
    label = f"; if {labels[0]} holds the labels, rename it to `{LABEL_COLUMN}`" if labels else ""
    return f"rename one to `input`, or name columns in a prompt, such as {{{shown}}}{label}"


def _label_elsewhere(inputs: Inputs, unread: Collection[str]) -> list[str]:
    """Return a remark where no row has a label, and a column that no prompt reads is named as labels often are."""
    if any(row.answer is not None for row in inputs.rows):
        return []
    return [
        f"inputs: no row has a label (`{LABEL_COLUMN}`), and no prompt names the column {name!r}; if it holds the "
        f"labels, rename it to `{LABEL_COLUMN}`"
        for name in sorted(unread)
        if difflib.get_close_matches(name.casefold(), _LABELS, n=1, cutoff=_CLOSE)
    ][:1]


def _missing_columns(inputs: Inputs) -> list[str]:
    """Return a remark for each column that most rows have and some do not: a slip, or meant so."""
    counts = Counter(name for row in inputs.rows for name in row.columns)
    remarks = []
    for name, count in counts.items():
        if len(inputs.rows) / 2 < count < len(inputs.rows):
            first = next(row.label for row in inputs.rows if name not in row.columns)
            lacking = len(inputs.rows) - count
            rows = "1 row has" if lacking == 1 else f"{lacking} rows have"
            remarks.append(f"inputs: {rows} no column {name!r}, which all others have (first: id {first!r})")
    return remarks


def blind_agents(system: System, inputs: Inputs) -> list[str]:
    """Return a remark for each agent whose template shows it no input: meant for some, forgotten for others."""
    if system.app is not None:  # it sends its rows itself
        return []
    builder = MessageBuilder(system, inputs.columns)
    seen = inputs.columns | {"input"}
    return [
        f"agents.{agent.name}: its template names no input, so it sees none; add {as_written('input', agent.template)} "
        "if it should"
        for agent in system.agents
        if (named := builder.named(agent)) and not named & seen
    ]


def columns_read(system: System, inputs: Inputs) -> tuple[str, ...]:
    """Return the columns of the inputs that some prompt shows to a model, in order of their names.

    An app reads its rows itself: all of them. So do prompts that name none, where there is no ``input``.
    """
    if system.app is not None:
        return tuple(sorted(inputs.columns))
    builder = MessageBuilder(system, inputs.columns)
    named = [builder.named(agent) for agent in system.agents]
    every = frozenset[str]().union(*named)
    columns = every & inputs.columns
    if "input" in inputs.columns and not all(named):
        columns |= {"input"}
    return tuple(sorted(columns or inputs.columns))


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
    item = {"item"} if agent.each else set()
    return columns | {"input", "context"} | item | frozenset(agent.reads)
