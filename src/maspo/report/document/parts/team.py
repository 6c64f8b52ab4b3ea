"""The team and its prompts in a document: texts by id, agents, edges. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison
from maspo.events import LeftOut, PromptChanged
from maspo.optimizers.race.influence import LookaheadTally
from maspo.report.document import model
from maspo.report.document.extras import CallRule, Extras, with_names
from maspo.report.document.room import MOST_AGENTS, MOST_CASES, MOST_NAMED, MOST_REASON, Room, short, shorten
from maspo.report.fold import AgentView, RunView, StepView, estimate_gains
from maspo.report.result import effect_of
from maspo.report.why import changes
from maspo.store.codec import RecordedResult

_PROMPTS = 190_000
"""Bytes for prompts; a run of a few agents takes some 30,000."""
_WHY = 30_000
"""Bytes for the reasons of changes."""
_MOST_PROMPT = 20_000
"""Characters of a prompt: longer than any that a person wrote."""
_MOST_EDGES = 1_200
_MOST_CHANGES = 12
"""Of an agent's changes those that are told with their reasons, the latest ones."""


def prompts_of(view: RunView, steps: Sequence[StepView]) -> dict[str, str]:
    """Return the texts of prompts by id: what ends the search first, then seeds, then the latest candidates."""
    room, found = Room(_PROMPTS), dict[str, str]()
    changed = [agent for agent in view.agents if agent.rewritten]
    ordered = [text for agent in changed for text in (agent.winner, agent.seed)]
    ordered += [agent.seed for agent in view.agents]
    ordered += [text for one in view.cases[-MOST_CASES:] for text in (one.candidate_prompt, one.reference_prompt)]
    for step in reversed(steps):
        if isinstance(step.decision, PromptChanged):
            ordered += [step.decision.after, step.decision.before]
        ordered += [one.text for one in step.candidates]
    fair = max(400, _PROMPTS // max(1, 3 * len(changed)))
    for text in ordered:
        if prompt_id(text) in found:
            continue
        if room.full():
            break
        found[prompt_id(text)] = room.fit(text, min(_MOST_PROMPT, fair))
    return found


def with_shared_prompts(view: RunView, known: Extras) -> RunView:
    """Return a run in which agents that share a prompt stand as the one whose prompt it is, while it works, too."""
    by_name = {agent.name: agent for agent in view.agents}

    def standing(agent: AgentView) -> AgentView:
        leader = by_name.get(known.called.get(agent.name, CallRule()).same_prompt_as)
        if leader is None or view.finished is not None:
            return agent
        return replace(agent, winner=leader.winner, times_changed=leader.times_changed)

    return replace(view, agents=tuple(map(standing, view.agents)))


def agents_of(view: RunView, known: Extras) -> tuple[model.Agent, ...]:
    """Return the agents with their prompts, what these are worth, and how often they were called."""
    gains = estimate_gains(view)
    influence = {one.agent: one.rewritten for one in view.influence.agents} if view.influence else {}
    read = {name for agent in view.agents for name in agent.reads}
    calls, repeated = _calls_in(known.traces.values())
    traces = 2 * len(known.traces)
    left_out = {one.agent: one for one in view.left_out}
    room = Room(_WHY)

    def describe_agent(agent: AgentView) -> model.Agent:
        effect = influence.get(agent.name)
        counts = calls.get(agent.name, [])
        called = known.called.get(agent.name, CallRule())
        without = left_out.get(agent.name)
        return model.Agent(
            name=short(agent.name),
            reads=tuple(short(name) for name in agent.reads),
            output=called.answers or (agent.name == known.output if known.output else agent.name not in read),
            seed=prompt_id(agent.seed),
            winner=prompt_id(agent.winner),
            shipped="" if agent.shipped is None else prompt_id(agent.shipped),
            changed=agent.rewritten,
            times_changed=agent.times_changed,
            placeholders=known.placeholders.get(agent.name, ()),
            suspicious=tuple(shorten(what) for what in agent.suspicious),
            worth=gains[agent.name].worth,
            share=gains[agent.name].share,
            influence=effect_of(effect) if effect and effect.compared else None,
            calls_mean=sum(counts) / traces if counts else None,
            calls_most=max(counts, default=0),
            repeated=repeated[agent.name],
            why=tuple(
                room.fit(with_names(line, known.labels), 2 * MOST_REASON)
                for line in _reasons(view, agent)
                if not room.full()
            ),
            left_out=_left_out(without) if without else None,
            called=shorten(called.words),
            when=short(called.when),
            each=short(called.each),
            rounds=called.rounds,
            same_prompt_as=short(called.same_prompt_as),
        )

    return tuple(describe_agent(agent) for agent in view.agents[:MOST_AGENTS])


def _reasons(view: RunView, agent: AgentView) -> tuple[str, ...]:
    return changes(view, agent, _MOST_CHANGES) if agent.rewritten else ()


def _left_out(found: LeftOut) -> model.LeftOut:
    worse, better = (tuple(short(name) for name in names[:MOST_NAMED]) for names in (found.helped, found.hurt))
    return model.LeftOut(found.inputs, worse, len(found.helped), better, len(found.hurt))


def _calls_in(traces: Iterable[model.Compared]) -> tuple[dict[str, list[int]], Counter[str]]:
    """Return for each agent its calls per run, and how many of these wrote what an earlier one of the run did."""
    calls, repeated = dict[str, list[int]](), Counter[str]()
    for compared in traces:
        candidate = [compared.reference[one] if isinstance(one, int) else one for one in compared.candidate]
        for run in (compared.reference, candidate):
            for name, count in Counter(call.agent for call in run).items():
                calls.setdefault(name, []).append(count)
            repeated.update(name for name, _ in [(one.agent, one.output) for one in run])
            repeated.subtract(name for name, _ in {(one.agent, one.output) for one in run})
    return calls, repeated


def _seen_so_far(view: RunView, known: Extras) -> dict[tuple[str, str], LookaheadTally]:
    """Return what readers made of changes, by source and reader: what the search tells at its end, while it works."""
    agents = {step.step: step.agent for step in view.steps}
    found = dict[tuple[str, str], LookaheadTally]()
    for one in known.entries:
        if isinstance(one.item, RecordedResult) and isinstance(one.item.result, Comparison):
            for reader, verdict in one.item.result.lookahead:
                edge = agents.get(one.item.within, ""), reader
                found[edge] = found.get(edge, LookaheadTally()).after(verdict, one.item.result.glob)
    return found


def edges_of(view: RunView, known: Extras) -> tuple[model.Edge, ...]:
    """Return who reads whom, and what cutting each edge did where that was measured."""
    measured = {(one.source, one.reader): one for one in view.influence.edges} if view.influence else {}
    seen = {} if view.influence else _seen_so_far(view, known)
    found = []
    for agent in view.agents:
        late = known.called.get(agent.name, CallRule()).late
        for source in agent.reads:
            one = measured.get((source, agent.name))
            met = one or seen.get((source, agent.name), LookaheadTally())
            found.append(
                model.Edge(
                    source=short(source),
                    reader=short(agent.name),
                    wins=met.wins,
                    losses=met.losses,
                    ties=met.ties,
                    agreed=met.agreement.agreed,
                    disagreed=met.agreement.disagreed,
                    withheld=effect_of(one.withheld) if one and one.withheld.compared else None,
                    late=source in late,
                )
            )
    return tuple(found[:_MOST_EDGES])
