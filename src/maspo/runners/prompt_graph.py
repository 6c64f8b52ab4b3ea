"""The prompt graph: runs a system file's team on inputs, and again only what a change can reach."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from maspo.core.concurrency import together
from maspo.core.errors import CallFailed
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.trace import Call, Trace
from maspo.data.inputs import Input
from maspo.models.base import AGENT, ModelClient, RoleSettings
from maspo.runners.conditions import Conditions
from maspo.runners.flow import Answer, Question, Rollout, Turn
from maspo.runners.messages import MessageBuilder
from maspo.team import System

_CALLS_REMEMBERED = 60_000
"""Calls in remembered traces, over all of them: about 100 MB at 1,500 characters each."""
_FEWEST_REMEMBERED = 64
"""Traces that are remembered of the largest team: as many as calls run side by side by default."""

_NO_ANSWER = (
    "nobody was called whose output is the answer; look at the conditions (`when`) in the system file, and at what the "
    "agent wrote that they hang on"
)


@dataclass(frozen=True, slots=True)
class _Play:
    """What is run: prompts on an input; ``cut`` is an edge (source, reader) that carries nothing."""

    prompts: Prompts
    input_key: str
    cut: tuple[str, str] = ("", "")


class PromptGraph:
    """Runs one system on its inputs with any prompt set.

    Traces are remembered, and equal runs that overlap are shared, so asking twice costs nothing.
    """

    def __init__(self, system: System, rows: Mapping[str, Input], model: ModelClient, settings: RoleSettings) -> None:
        columns = frozenset.intersection(*(frozenset(row.columns) for row in rows.values()))
        self.system = system
        self.builder = MessageBuilder(system, columns)
        self._rows = rows
        self._model = model
        self._settings = settings
        self._conditions = Conditions()
        self._remembered: OrderedDict[tuple[str, str], asyncio.Task[Trace]] = OrderedDict()
        often = self.most_calls(system)
        calls = sum(often.get(agent.name, 1) for agent in system.agents)
        self._most = max(_CALLS_REMEMBERED // calls, _FEWEST_REMEMBERED)

    @staticmethod
    def most_calls(system: System) -> Mapping[str, int]:
        """Return how often agents are called in one run, at most, of those that may be called more than once."""
        rounds = {
            name: part.rounds
            for level in system.flow.levels
            for part in level
            for layer in part.layers
            for name in layer
        }
        found = {agent.name: rounds[agent.name] * (agent.each.most if agent.each else 1) for agent in system.agents}
        return {name: calls for name, calls in found.items() if calls > 1}

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        """Run the system on one input (Eq. 2).

        ``base`` are prompts whose trace is known or wanted as well: a call is taken over from it when the agent's
        prompt and everything it read are the same, so only what lies downstream of a change is run again.

        Raises:
            CallFailed, ProviderError, BudgetReached: as the model does.

        """
        address = (prompts_id(prompts), input_key)
        task = self._remembered.get(address)
        if task is None:
            task = asyncio.create_task(self._run(prompts, input_key, base))
            self._remembered[address] = task
            task.add_done_callback(lambda done: self._forget_failure(address, done))
            while len(self._remembered) > self._most:
                self._remembered.popitem(last=False)
        else:
            self._remembered.move_to_end(address)
        return await asyncio.shield(task)

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        """Run the system on one input, but show the reader a short note in place of what the source wrote.

        Only the reader and what lies downstream of it run again. Raises what ``run`` raises.
        """
        known = await self.run(prompts, input_key)
        return await self._play(_Play(prompts, input_key, (source, reader)), known, frozenset())

    async def close(self) -> None:
        """Cancel what is still running."""
        tasks = list(self._remembered.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._conditions.close()

    def _forget_failure(self, address: tuple[str, str], done: asyncio.Task[Trace]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._remembered.pop(address, None)

    async def _run(self, prompts: Prompts, input_key: str, base: Prompts | None) -> Trace:
        play = _Play(prompts, input_key)
        if base is None or base == prompts:
            return await self._play(play, None, frozenset())
        known = await self.run(base, input_key)
        changed = frozenset(
            agent.name for agent in self.system.agents if prompts[agent.prompt_of] != base[agent.prompt_of]
        )
        return await self._play(play, known, changed)

    async def _play(self, play: _Play, known: Trace | None, changed: frozenset[str]) -> Trace:
        """Run until nobody is left to be called; what is not changed and reads what it read before is taken over.

        Raises:
            CallFailed: nobody was called whose output is the answer; or as the model does.

        """
        run = Rollout(self.system, play.cut).run()
        calls: list[Call] = []
        answers: list[Answer] | None = None
        while True:
            try:
                wanted = next(run) if answers is None else run.send(answers)
            except StopIteration as stop:
                if stop.value is None:
                    raise CallFailed(_NO_ANSWER) from None
                return Trace(play.input_key, tuple(calls), str(stop.value))
            found = [
                _taken_over(one, known) if isinstance(one, Turn) and one.agent not in changed else None
                for one in wanted
            ]
            asked = iter(
                await together(
                    self._call(play, one) if isinstance(one, Turn) else self._holds(one)
                    for one, call in zip(wanted, found, strict=True)
                    if call is None
                )
            )
            answers = []
            for call in found:
                answer = next(asked) if call is None else call
                if isinstance(answer, Call):
                    calls.append(answer)
                answers.append(answer.output if isinstance(answer, Call) else answer)

    async def _holds(self, question: Question) -> Call | bool:
        return await self._conditions.holds(question.condition, question.text)

    async def _call(self, play: _Play, turn: Turn) -> Call | bool:
        agent, prompt = self.system.by_name[turn.agent], play.prompts[self.system.by_name[turn.agent].prompt_of]
        messages = self.builder.messages(turn.agent, prompt, self._rows[play.input_key], turn.shown, turn.item)
        request = self._settings.request(messages, AGENT, turn.agent, model=agent.model)
        reply = await self._model.complete(request)
        return Call(
            agent=turn.agent,
            output=reply.text,
            reads=turn.read_places,
            nth=turn.nth,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            seconds=reply.seconds,
            key=request.key,
            item=turn.item,
        )


def _taken_over(turn: Turn, known: Trace | None) -> Call | None:
    """Return the call of a known trace that was shown exactly what a turn shows; None when there is none."""
    if known is None or turn.withheld:
        return None
    before = known.by_agent.get(turn.agent, ())
    if turn.nth >= len(before) or before[turn.nth].item != turn.item:
        return None
    call = before[turn.nth]
    read = [one for calls in turn.reads.values() for one in calls]
    if len(read) != len(call.reads):
        return None
    for one, place in zip(read, call.reads, strict=True):
        other = known.calls[place]
        if one.agent != other.agent or one.output != other.output:
            return None
    places = turn.read_places
    return call if places == call.reads else replace(call, reads=places)
