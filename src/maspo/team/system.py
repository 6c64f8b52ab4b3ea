"""A system: agents with role prompts in a directed acyclic graph. Plain data, validated once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from maspo.core.errors import SystemInvalid
from maspo.core.prompts import Prompts
from maspo.team.app import App
from maspo.team.graph import Team, layered
from maspo.team.template import BRACES, JINJA, STATEMENT, TEMPLATES

FINAL_ANSWERS = ("auto", "boxed", "choice", "whole", "none")
FINAL_ANSWER_PREFIXES = ("tag:", "regex:", "json:")
RESERVED_NAMES = frozenset({"input", "context"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Agent:
    """One agent: a role prompt and whose outputs it reads.

    ``reads`` are the predecessors in the order in which their outputs are shown; none means that the agent reads only
    the input. ``protect`` are literal lines that every rewrite must keep. ``model`` overrides the default agent model.
    """

    name: str
    prompt: str
    reads: tuple[str, ...] = ()
    description: str = ""
    model: str | None = None
    frozen: bool = False
    protect: tuple[str, ...] = ()
    template: str = BRACES
    """How placeholders are written in the prompt, see ``maspo.team.template``."""
    calls: int = 1
    """Of an app: how often it was seen to be called in one rollout, at most."""
    offered: tuple[str, ...] = ()
    """Of an app: the tools that it is offered; they tell agents with equal prompts apart."""
    marker: str = ""
    """Of an app: a text that its requests hold, and those of agents with an equal prompt do not."""
    answers: bool = False
    """Of an app: what it writes is the answer on some inputs."""
    steering: bool = False
    """Of an app: it decides who is called, so what it writes can change what everybody does, whoever reads it."""

    def __post_init__(self) -> None:
        for name in ("reads", "protect", "offered"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True)
class System:
    """A team of agents (the graph G of Eq. 2).

    With an ``app`` it is a description of what that app does: agents may read one another in a circle, and the answer
    is the app's, which ``output`` writes most often.

    Raises:
        SystemInvalid: the agents do not form a system; the message names every place and its fix.

    """

    agents: tuple[Agent, ...] = field()
    name: str = "system"
    output: str = ""
    final_answer: str = "auto"
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    """Settings of models that the system file gives by role (``agent``, ``judge``, ``proposer``); others weigh more."""
    app: App | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "agents", tuple(self.agents))
        problems = _find_problems(self)
        if problems:
            raise SystemInvalid("\n".join(problems))
        if not self.output:
            object.__setattr__(self, "output", (_terminals(self.agents) or [self.agents[-1].name])[0])

    @cached_property
    def by_name(self) -> Mapping[str, Agent]:
        """The agents keyed by name."""
        return {agent.name: agent for agent in self.agents}

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The agents in layers: an agent stands one layer after the last agent that it reads."""
        return layered({agent.name: agent.reads for agent in self.agents})

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The agents in topological order: layer by layer, within a layer as declared."""
        return tuple(name for layer in self.levels for name in layer)

    @cached_property
    def team(self) -> Team:
        """The graph alone: who reads whom. No agent of it is frozen."""
        readers: dict[str, list[str]] = {name: [] for name in self.order}
        for name in self.order:
            for read in self.by_name[name].reads:
                readers[read].append(name)
        steering = frozenset(agent.name for agent in self.agents if agent.steering)
        return Team(
            self.order,
            {name: tuple(found) for name, found in readers.items()},
            self.output,
            answering=frozenset(agent.name for agent in self.agents if agent.answers),
            steering=steering,
        )

    @property
    def successors(self) -> Mapping[str, tuple[str, ...]]:
        """The direct readers of each agent, in topological order."""
        return self.team.successors

    @property
    def downstream(self) -> Mapping[str, frozenset[str]]:
        """All agents that an agent's output can reach, itself included."""
        return self.team.downstream

    @property
    def prompts(self) -> Prompts:
        """The prompt of each agent, in topological order."""
        return {name: self.by_name[name].prompt for name in self.order}

    def with_prompts(self, prompts: Prompts) -> System:
        """Return the same system with other prompts; agents that ``prompts`` does not name keep theirs."""
        unknown = sorted(set(prompts) - set(self.by_name))
        if unknown:
            raise SystemInvalid(f"prompts name no agent of {self.name!r}: {', '.join(unknown)}; {_known(self.by_name)}")
        agents = (replace(agent, prompt=prompts.get(agent.name, agent.prompt)) for agent in self.agents)
        return replace(self, agents=tuple(agents))

    @staticmethod
    def load(path: str) -> System:
        """Read a system file (YAML); see ``maspo.team.load.load_system``."""
        from maspo.team.load import load_system

        return load_system(path)


def _known(names: Iterable[str]) -> str:
    return "the agents are: " + ", ".join(names)


def _terminals(agents: tuple[Agent, ...]) -> list[str]:
    read = {name for agent in agents for name in agent.reads}
    return [agent.name for agent in agents if agent.name not in read]


def _find_problems(system: System) -> list[str]:
    """Return every problem of a system, one line each; empty when it is valid."""
    if not system.agents:
        return ["agents: none given; a system needs at least one agent with a name and a prompt"]
    names = [agent.name for agent in system.agents]
    problems = [f"agents.{name}: defined more than once; give each agent its own name" for name in _repeated(names)]
    for agent in system.agents:
        place = f"agents.{agent.name}"
        if not _NAME.fullmatch(agent.name):
            problems.append(f"{place}: not a name; use letters, digits, '_', '-' and '.', a letter first")
        if agent.name in RESERVED_NAMES:
            problems.append(f"{place}: {agent.name!r} is a placeholder's name; call the agent something else")
        if not agent.prompt.strip():
            problems.append(f"{place}.prompt: empty; write the role prompt that maspo shall improve")
        for index, read in enumerate(agent.reads):
            if read == agent.name:
                problems.append(f"{place}.reads[{index}]: a cycle, {read} reads itself; remove it")
            elif read not in names:
                problems.append(f"{place}.reads[{index}]: unknown agent {read!r}; {_known(names)}")
        for read in _repeated(agent.reads):
            problems.append(f"{place}.reads: {read!r} is listed twice; list each predecessor once")
        if agent.template not in TEMPLATES:
            problems.append(f"{place}.template: {agent.template!r} is not known; expected {', '.join(TEMPLATES)}")
        statement = STATEMENT.search(agent.prompt) if agent.template == JINJA else None
        if statement:
            problems.append(
                f"{place}.prompt: {statement[0][:40]!r} is not understood: of Jinja only names in double braces are, "
                "such as {{ input }}; write the prompt without it, or `template: none` to send it as it stands"
            )
        for line in agent.protect:
            if line not in agent.prompt:
                problems.append(
                    f"{place}.protect: {line!r} is not in the prompt; copy the line exactly as it stands there"
                )
    spec, (kind, _, value) = system.final_answer, system.final_answer.partition(":")
    if spec not in FINAL_ANSWERS and not (spec.startswith(FINAL_ANSWER_PREFIXES) and value.strip()):
        expected = "tag:NAME, boxed, choice, regex:PATTERN, json:PATH, whole, none or auto"
        problems.append(f"final_answer: {spec!r} is not known; expected {expected}")
    elif kind == "regex":
        try:
            re.compile(value)
        except re.error as error:
            problems.append(f"final_answer: {spec!r} is not a regular expression ({error}); correct the pattern")
    if system.app is not None:
        return problems + system.app.problems() + _unknown_output(system)
    if problems:
        return problems
    try:
        TopologicalSorter({agent.name: agent.reads for agent in system.agents}).prepare()
    except CycleError as error:
        # A path that ends where it began, along the flow of outputs.
        cycle = " → ".join(error.args[1])
        return [f"agents: a cycle, {cycle}; an agent cannot read its own result: remove one of these reads"]
    terminals = _terminals(system.agents)
    if unknown := _unknown_output(system):
        return unknown
    if not system.output and len(terminals) > 1:
        return [f"output: missing, and {', '.join(terminals)} have no reader; add `output: {terminals[-1]}`"]
    return []


def _unknown_output(system: System) -> list[str]:
    if system.output and system.output not in {agent.name for agent in system.agents}:
        return [f"output: unknown agent {system.output!r}; {_known(agent.name for agent in system.agents)}"]
    return []


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
