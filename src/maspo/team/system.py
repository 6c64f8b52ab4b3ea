"""A system: agents with role prompts in a directed graph. Plain data, validated once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from maspo.core.errors import SystemInvalid
from maspo.core.patterns import compiled
from maspo.core.prompts import Prompts
from maspo.team.app import App
from maspo.team.flow import Condition, Each, Flow, Said, dependencies, flow_of, flow_problems
from maspo.team.graph import Team, layered
from maspo.team.template import BRACES, JINJA, STATEMENT, TEMPLATES
from maspo.team.tools import Tool

FINAL_ANSWERS = ("auto", "boxed", "choice", "whole", "none")
FINAL_ANSWER_PREFIXES = ("tag:", "regex:", "json:")
RESERVED_NAMES = frozenset({"input", "context"})


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
    """What it writes is the answer on some inputs: on those where ``output`` is not called."""
    steering: bool = False
    """Of an app: it decides who is called, so what it writes can change what everybody does, whoever reads it."""
    sometimes: bool = False
    """Of an app: it was seen to be called on some inputs only."""
    when: Condition | None = None
    """It is called only where this holds; None: always."""
    rounds: int = 0
    """How often the circle that it stands in goes round, at most; 0: another of the circle says it."""
    until: Condition | None = None
    """Ends the circle after the round in which it holds."""
    same_prompt_as: str = ""
    """Whose prompt it has; that agent's is the one that is rewritten, and it acts here as well."""
    each: Each | None = None
    """It is called for each entry of a list; None: once."""
    chat: tuple[Said, ...] = ()
    """The messages of a chat prompt, the place of ``prompt`` among them; none: the prompt alone."""
    tools: tuple[Tool, ...] = ()
    """What it may call before it answers."""

    def __post_init__(self) -> None:
        for name in ("reads", "protect", "offered", "chat", "tools"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.each is not None and self.each.agent not in self.reads:
            object.__setattr__(self, "reads", (self.each.agent, *self.reads))

    @property
    def tool_calls(self) -> int:
        """How many tools it may call in one turn, at most."""
        return min((tool.calls for tool in self.tools), default=0)

    @property
    def prompt_of(self) -> str:
        """The agent whose prompt it has: itself, unless it shares another's."""
        return self.same_prompt_as or self.name


@dataclass(frozen=True)
class System:
    """A team of agents (the graph G of Eq. 2).

    Agents may read one another in a circle where ``rounds`` limits how often it goes round. With an ``app`` the system
    is a description of what that app does: circles need no limit, and the answer is the app's, which ``output`` writes
    most often.

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
    rounds: int = 0
    """How often circles go round at most whose agents say nothing of it."""
    until: Condition | None = None
    """Ends such a circle after the round in which it holds."""

    def __post_init__(self) -> None:
        given = (self.agents,) if isinstance(self.agents, str | Agent) else tuple(self.agents)
        for one in given:
            if not isinstance(one, Agent):
                raise SystemInvalid(
                    f"agents: {one!r} is given; expected agents, such as System((Agent('solver', '…'),))"
                )
        object.__setattr__(self, "agents", _with_shared_prompts(given))
        problems = _find_problems(self)
        if problems:
            raise SystemInvalid("\n".join(problems))
        terminals = _terminals(self.agents) or [self.agents[-1].name]
        if not self.output:
            object.__setattr__(self, "output", terminals[0])
        branches = {agent.name for agent in self.agents if agent.when and agent.name in terminals}
        if self.app is None and self.output in branches:  # on each input another of them answers
            others = branches - {self.output}
            object.__setattr__(
                self, "agents", tuple(replace(agent, answers=agent.name in others) for agent in self.agents)
            )

    @cached_property
    def by_name(self) -> Mapping[str, Agent]:
        """The agents keyed by name."""
        return {agent.name: agent for agent in self.agents}

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The agents in layers: an agent stands one layer after the last agent that it reads."""
        return layered(dependencies(self.agents))

    @cached_property
    def flow(self) -> Flow:
        """Who is called when, and how often."""
        return flow_of(self.agents, self.rounds, self.until)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The agents in topological order: layer by layer, within a layer as declared."""
        return tuple(name for layer in self.levels for name in layer)

    @cached_property
    def is_plain(self) -> bool:
        """Whether every agent is called exactly once, with a prompt of its own."""
        own = not any(agent.when or agent.each or agent.same_prompt_as for agent in self.agents)
        return own and all(part.rounds == 1 and len(part.layers) == 1 for level in self.flow.levels for part in level)

    @cached_property
    def has_tools(self) -> bool:
        """Whether some agent may call tools, so that a turn may take several calls of its model."""
        return any(agent.tools for agent in self.agents)

    @cached_property
    def team(self) -> Team:
        """The graph alone: who reads whom. No agent of it is frozen."""
        readers: dict[str, list[str]] = {name: [] for name in self.order}
        for name in self.order:
            for read in self.by_name[name].reads:
                readers[read].append(name)
        steering = frozenset(agent.name for agent in self.agents if agent.steering)
        also: dict[str, list[str]] = {}
        sharing: dict[str, list[str]] = {}
        for agent in self.agents:
            if agent.when:
                also.setdefault(agent.when.agent, []).append(agent.name)
            if agent.same_prompt_as:
                also.setdefault(agent.same_prompt_as, []).append(agent.name)
                sharing.setdefault(agent.same_prompt_as, [agent.same_prompt_as]).append(agent.name)
        return Team(
            self.order,
            {name: tuple(found) for name, found in readers.items()},
            self.output,
            answering=frozenset(agent.name for agent in self.agents if agent.answers),
            steering=steering,
            also={name: tuple(found) for name, found in also.items()},
            sharing={name: tuple(found) for name, found in sharing.items()},
            sometimes=self._sometimes,
        )

    @property
    def _sometimes(self) -> frozenset[str]:
        """The agents that are not called on every input: on a condition, or because nobody that they read was.

        Of an app it is what was seen: what its agents read does not say when they are called.
        """
        if self.app is not None:
            return frozenset(agent.name for agent in self.agents if agent.sometimes)
        found: set[str] = set()
        for name in self.order:
            agent, fresh = self.by_name[name], self.flow.fresh[name]
            if agent.when or (fresh and found.issuperset(fresh)):
                found.add(name)
        return frozenset(found)

    def with_shared(self, prompts: Prompts) -> Prompts:
        """Return prompts in which every agent that shares a prompt has that of whom it shares it with."""
        if not self.team.sharing:
            return prompts
        return {name: prompts[self.by_name[name].prompt_of] for name in prompts}

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

    def __str__(self) -> str:
        """Return the team as its system file says it; what no terminal should meet is escaped there."""
        from maspo.team.load import dump_system

        return dump_system(self)


def _known(names: Iterable[str]) -> str:
    return "the agents are: " + ", ".join(names)


def _is_name(text: str) -> bool:
    """Say whether a text can name an agent: letters of any script first, with the vowel signs that some have."""
    rest = all(one.isalnum() or one in "_.-" or unicodedata.category(one) in ("Mn", "Mc") for one in text[1:])
    return (text[:1].isalpha() or text[:1] == "_") and rest


def _terminals(agents: tuple[Agent, ...]) -> list[str]:
    """Return the agents that nobody reads and on whose output nobody hangs."""
    read = {name for names in dependencies(agents).values() for name in names}
    return [agent.name for agent in agents if agent.name not in read]


def _with_shared_prompts(agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
    """Return agents in which those that share a prompt hold it, with what belongs to it."""
    by_name = {agent.name: agent for agent in agents}
    found = []
    for agent in agents:
        if (owner := by_name.get(agent.same_prompt_as)) is not None:
            agent = replace(  # noqa: PLW2901 - the same agent, complete
                agent, prompt=owner.prompt, template=owner.template, protect=owner.protect, chat=owner.chat
            )
        found.append(agent)
    return tuple(found)


def _find_problems(system: System) -> list[str]:
    """Return every problem of a system, one line each; empty when it is valid."""
    if not system.agents:
        return ["agents: none given; a system needs at least one agent with a name and a prompt"]
    names = [agent.name for agent in system.agents]
    problems = [f"agents.{name}: defined more than once; give each agent its own name" for name in _repeated(names)]
    problems += [problem for agent in system.agents for problem in _problems_of(agent, names, system.rounds)]
    problems += _problems_of_answer(system.final_answer)
    if system.app is not None:
        return problems + system.app.problems() + _unknown_output(system)
    return (
        problems
        or flow_problems(system.agents, system.rounds, system.until)
        or _unknown_output(system)
        or _missing_output(system)
    )


def _problems_of(agent: Agent, names: Sequence[str], rounds: int) -> Iterator[str]:
    """Yield what is wrong with one agent of a system; ``names`` are those of all, ``rounds`` the system's."""
    place = f"agents.{agent.name}"
    if unicodedata.normalize("NFC", agent.name) != agent.name:
        yield f"{place}: letters and accents apart (Unicode NFD), which look like others; type it anew"
    elif not _is_name(agent.name):
        yield f"{place}: not a name; use letters, digits, '_', '-' and '.', a letter first"
    if agent.name in RESERVED_NAMES:
        yield f"{place}: {agent.name!r} is a placeholder's name; call the agent something else"
    if not agent.prompt.strip() and not agent.same_prompt_as:
        yield f"{place}.prompt: empty; write the role prompt that maspo shall improve"
    for index, read in enumerate(agent.reads):
        if read == agent.name and not (agent.rounds or rounds):
            yield f"{place}.reads[{index}]: a cycle, {read} reads itself; remove it"
        elif read not in names and not (agent.each and agent.each.agent == read):
            yield f"{place}.reads[{index}]: unknown agent {read!r}; {_known(names)}"
    for read in _repeated(agent.reads):
        yield f"{place}.reads: {read!r} is listed twice; list each predecessor once"
    if agent.template not in TEMPLATES:
        yield f"{place}.template: {agent.template!r} is not known; expected {', '.join(TEMPLATES)}"
    statement = STATEMENT.search(agent.prompt) if agent.template == JINJA else None
    if statement:
        yield (
            f"{place}.prompt: {statement[0][:40]!r} is not understood: of Jinja only names in double braces are, "
            "such as {{ input }}; write the prompt without it, or `template: none` to send it as it stands"
        )
    for number, tool in enumerate(agent.tools):
        yield from tool.problems(f"{place}.tools[{number}]")
    for line in agent.protect:
        if line not in agent.prompt:
            yield f"{place}.protect: {line!r} is not in the prompt; copy the line exactly as it stands there"


def _problems_of_answer(spec: str) -> Iterator[str]:
    """Yield what is wrong with how final answers are read."""
    kind, _, value = spec.partition(":")
    if spec not in FINAL_ANSWERS and not (spec.startswith(FINAL_ANSWER_PREFIXES) and value.strip()):
        expected = "tag:NAME, boxed, choice, regex:PATTERN, json:PATH, whole, none or auto"
        yield f"final_answer: {spec!r} is not known; expected {expected}"
    elif kind == "regex":
        try:
            compiled(value)
        except ValueError as error:
            yield f"final_answer: {spec!r} is not a regular expression ({error}); correct the pattern"


def _missing_output(system: System) -> list[str]:
    """Return that nothing says whose output is the team's."""
    terminals = _terminals(system.agents)
    if not system.output and not terminals:
        return [f"output: missing, and every agent has a reader; add `output: {system.agents[-1].name}`"]
    alternatives = all(agent.when for agent in system.agents if agent.name in terminals)
    if not system.output and len(terminals) > 1 and not alternatives:
        return [f"output: missing, and {', '.join(terminals)} have no reader; add `output: {terminals[-1]}`"]
    return []


def _unknown_output(system: System) -> list[str]:
    if system.output and system.output not in {agent.name for agent in system.agents}:
        return [f"output: unknown agent {system.output!r}; {_known(agent.name for agent in system.agents)}"]
    return []


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
