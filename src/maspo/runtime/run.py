"""The runtime: runs a system on inputs, level by level, and re-runs only what a change can reach."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from maspo.graph import System
from maspo.models.base import AGENT, Model, Request
from maspo.prompts import Prompts, prompts_id
from maspo.runtime.concurrency import together
from maspo.runtime.messages import NO_OUTPUT, MessageBuilder
from maspo.tasks.inputs import Input
from maspo.trace import Step, Trace

_STEPS_REMEMBERED = 60_000


@dataclass(frozen=True, slots=True)
class AgentCalls:
    """How agents are called: the model for agents that name none, temperature and reply length."""

    model: str
    temperature: float = 0.0
    max_tokens: int = 4096


@dataclass(frozen=True, slots=True)
class _Play:
    """What is run: prompts on an input; ``withheld`` is an edge (source, reader) that carries nothing."""

    prompts: Prompts
    input_key: str
    withheld: tuple[str, str] = ("", "")


class Runtime:
    """Runs one system on its inputs with any prompt set.

    Traces are remembered, and equal runs that overlap are shared, so asking twice costs nothing.
    """

    def __init__(self, system: System, rows: Mapping[str, Input], model: Model, calls: AgentCalls) -> None:
        columns = frozenset.intersection(*(frozenset(row.columns) for row in rows.values()))
        self.system = system
        self.builder = MessageBuilder(system, columns)
        self._rows = rows
        self._model = model
        self._calls = calls
        self._remembered: OrderedDict[tuple[str, str], asyncio.Task[Trace]] = OrderedDict()
        self._most = max(_STEPS_REMEMBERED // len(system.agents), 64)

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        """Run the system on one input (Eq. 2).

        ``base`` are prompts whose trace is known or wanted as well: a step is taken over from it when the agent's
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
        return await self._play(_Play(prompts, input_key, (source, reader)), known, frozenset({reader}))

    def row(self, input_key: str) -> Input:
        """Return an input by its key."""
        return self._rows[input_key]

    async def close(self) -> None:
        """Cancel what is still running."""
        tasks = list(self._remembered.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget_failure(self, address: tuple[str, str], done: asyncio.Task[Trace]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._remembered.pop(address, None)

    async def _run(self, prompts: Prompts, input_key: str, base: Prompts | None) -> Trace:
        play = _Play(prompts, input_key)
        if base is None or base == prompts:
            return await self._play(play, None, frozenset())
        known = await self.run(base, input_key)
        return await self._play(play, known, frozenset(name for name in prompts if prompts[name] != base[name]))

    async def _play(self, play: _Play, known: Trace | None, changed: frozenset[str]) -> Trace:
        """Run level by level; whoever is not changed and reads what it read in the known trace is taken over."""
        steps: dict[str, Step] = {}
        for level in self.system.levels:
            again = []
            for name in level:
                if known is not None and name not in changed and _reads_the_same(known, name, steps):
                    steps[name] = known.steps[name]
                else:
                    again.append(name)
            for step in await together(self._step(play, name, steps) for name in again):
                steps[step.agent] = step
        return Trace(play.input_key, steps, self.system.output)

    async def _step(self, play: _Play, name: str, steps: Mapping[str, Step]) -> Step:
        agent = self.system.by_name[name]
        read = tuple(other for other in agent.reads if (other, name) != play.withheld)
        shown = {other: steps[other].output if other in read else NO_OUTPUT for other in agent.reads}
        request = Request(
            model=agent.model or self._calls.model,
            messages=self.builder.messages(name, play.prompts[name], self._rows[play.input_key], shown),
            purpose=AGENT,
            agent=name,
            temperature=self._calls.temperature,
            max_tokens=self._calls.max_tokens,
        )
        reply = await self._model.complete(request)
        return Step(name, read, reply.text, reply.tokens_in, reply.tokens_out, reply.seconds, request.key)


def _reads_the_same(known: Trace, name: str, steps: Mapping[str, Step]) -> bool:
    return all(steps[read].output == known.steps[read].output for read in known.steps[name].reads)
