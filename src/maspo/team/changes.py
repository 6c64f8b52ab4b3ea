"""Changes of a team's structure: an edge or an agent less, another model, a verifier more. Plain data.

Each gives another system, which is judged against the one before as changed prompts are: by what the team answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from maspo.core.errors import SystemInvalid
from maspo.team.system import Agent, System
from maspo.team.template import placeholders

Kind: TypeAlias = Literal["agents", "edges", "models", "verifiers"]
KINDS: tuple[Kind, ...] = ("agents", "edges", "models", "verifiers")
"""In the order in which they are tried: what saves most comes first."""
VERIFIER = (
    "You verify what a colleague wrote before others use it. Check every statement and every step against the input. "
    "If it holds, repeat it as it stands, in its form. If something is wrong, write it again in the same form, with "
    "what is wrong mended. Add nothing about your check."
)
"""The seed prompt of a verifier, in our own words; a search of prompts may rewrite it like any other."""


@dataclass(frozen=True, slots=True)
class DropAgent:
    """An agent goes, with all edges to and from it."""

    agent: str

    def __str__(self) -> str:
        return f"without {self.agent}"


@dataclass(frozen=True, slots=True)
class DropEdge:
    """A reader is no longer shown what a source writes."""

    source: str
    reader: str

    def __str__(self) -> str:
        return f"{self.reader} does not read {self.source}"


@dataclass(frozen=True, slots=True)
class SwapModel:
    """An agent is answered by another model."""

    agent: str
    model: str

    def __str__(self) -> str:
        return f"{self.agent} by {self.model}"


@dataclass(frozen=True, slots=True)
class AddVerifier:
    """A new agent stands between an agent and its readers, and passes on what it holds to be right."""

    agent: str

    @property
    def name(self) -> str:
        """The name of the new agent."""
        return f"{self.agent}_verifier"

    def __str__(self) -> str:
        return f"a verifier behind {self.agent}"


Change: TypeAlias = DropAgent | DropEdge | SwapModel | AddVerifier


def kind_of(change: Change) -> Kind:
    """Return the kind of a change."""
    match change:
        case DropAgent():
            return "agents"
        case DropEdge():
            return "edges"
        case SwapModel():
            return "models"
        case AddVerifier():
            return "verifiers"


def adds_cost(change: Change) -> bool:
    """Tell whether a team costs more by a change, so that only a better team is worth it.

    Of another model nobody knows here what it costs: whoever names it wants it where it does as well.
    """
    return isinstance(change, AddVerifier)


def changed_system(system: System, change: Change) -> System:
    """Return the system after a change; agents whose output nobody gets any more go, too.

    Raises:
        SystemInvalid: the change cannot be made exactly; says why.

    """
    if system.app is not None:
        raise SystemInvalid("an app decides itself who reads whom; its structure is changed in its own source")
    agents = {agent.name: agent for agent in system.agents}
    match change:
        case DropAgent(name):
            _check_known(agents, name)
            _check_free(system, name)
            agents = _reaching_output(system, _without(agents, name))
        case DropEdge(source, reader):
            _check_known(agents, source, reader)
            if source not in agents[reader].reads:
                raise SystemInvalid(f"{reader} does not read {source}")
            agents[reader] = _reading_no(agents[reader], source)
            agents = _reaching_output(system, agents)
        case SwapModel(name, model):
            _check_known(agents, name)
            agents[name] = replace(agents[name], model=model)
        case AddVerifier(name):
            return _verified(system, change)
    return replace(system, agents=tuple(agents.values()), output=system.output)


def possible_changes(system: System, kinds: Collection[Kind], models: Sequence[str] = ()) -> Iterator[Change]:
    """Return the changes that can be made exactly: first what saves most calls.

    ``models`` are names of models that agents may be answered by instead.
    """
    calls = {agent.name: system.team.calls_of([agent.name]) for agent in system.agents}
    for change in _conceivable(system, kinds, models):
        try:
            after = changed_system(system, change)
        except SystemInvalid:
            continue
        # An edge that alone carried an agent's output goes with the agent.
        if isinstance(change, DropEdge) and "agents" in kinds and len(after.agents) < len(calls):
            continue
        yield change


def _conceivable(system: System, kinds: Collection[Kind], models: Sequence[str]) -> Iterator[Change]:
    if system.app is not None:
        return
    upstream = tuple(reversed(system.order))
    if "agents" in kinds:
        yield from (DropAgent(name) for name in upstream if name != system.output)
    if "edges" in kinds:
        yield from (DropEdge(source, name) for name in upstream for source in system.by_name[name].reads)
    if "models" in kinds:
        for model in models:
            yield from (SwapModel(name, model) for name in upstream if system.by_name[name].model != model)
    if "verifiers" in kinds:
        yield from (AddVerifier(name) for name in upstream)


def _check_known(agents: Collection[str], *names: str) -> None:
    for name in names:
        if name not in agents:
            raise SystemInvalid(f"unknown agent {name!r}; expected one of {', '.join(agents)}")


def _check_free(system: System, name: str) -> None:
    """Check that nothing but reading hangs on an agent."""
    if name == system.output or system.by_name[name].answers:
        raise SystemInvalid(f"{name} writes the team's answer")
    for other in system.agents:
        if other.name == name:
            continue
        hangs = (other.when, other.until, other.each)
        if other.same_prompt_as == name or any(one is not None and one.agent == name for one in hangs):
            raise SystemInvalid(f"{other.name} hangs on {name}: its call, its prompt, or the end of its rounds")
    if system.until is not None and system.until.agent == name:
        raise SystemInvalid(f"the end of rounds hangs on {name}")


def _without(agents: dict[str, Agent], name: str) -> dict[str, Agent]:
    return {
        other: _reading_no(agent, name) if name in agent.reads else agent
        for other, agent in agents.items()
        if other != name
    }


def _reading_no(agent: Agent, source: str) -> Agent:
    """Return an agent that does not read a source.

    Raises:
        SystemInvalid: its prompt names the source, or it is called for each entry of what the source writes.

    """
    if agent.each is not None and agent.each.agent == source:
        raise SystemInvalid(f"{agent.name} is called for each entry of what {source} writes")
    texts = [agent.prompt, *(said.content for said in agent.chat)]
    if any(placeholders(text, {source}, agent.template) for text in texts):
        raise SystemInvalid(f"the prompt of {agent.name} names {source}; rewrite it by hand first")
    return replace(agent, reads=tuple(read for read in agent.reads if read != source))


def _reaching_output(system: System, agents: dict[str, Agent]) -> dict[str, Agent]:
    """Return the agents whose output still gets to the answer, by what they read or decide."""
    while True:
        wanted = {system.output, *(agent.name for agent in agents.values() if agent.answers)}
        for agent in agents.values():
            wanted |= set(agent.reads)
            wanted |= {one.agent for one in (agent.when, agent.until) if one is not None}
            if agent.same_prompt_as:
                wanted.add(agent.same_prompt_as)
        if system.until is not None:
            wanted.add(system.until.agent)
        unread = next((name for name in agents if name not in wanted), None)
        if unread is None:
            return agents
        agents = _without(agents, unread)


def _verified(system: System, change: AddVerifier) -> System:
    agents = {agent.name: agent for agent in system.agents}
    name, new = change.agent, change.name
    _check_known(agents, name)
    if new in agents or name.endswith("_verifier"):
        raise SystemInvalid(f"{name} has a verifier")
    if not system.is_plain:
        raise SystemInvalid("a verifier is put into plain teams only: each agent called once, in no circle")
    found: list[Agent] = []
    for agent in system.agents:
        if name in agent.reads:
            _reading_no(agent, name)  # its prompt must not name what it is no longer shown
            reads = tuple(new if read == name else read for read in agent.reads)
            found.append(replace(agent, reads=reads))
        else:
            found.append(agent)
        if agent.name == name:
            says = f"verifies what {name} writes"
            found.append(Agent(new, VERIFIER, reads=(name,), description=says, model=agents[name].model))
    output = new if system.output == name else system.output
    return replace(system, agents=tuple(found), output=output)
