"""The prompt graph: runs a system file's team on inputs, level by level, and again only what a change can reach."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from maspo.core.concurrency import together
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.trace import Call, Trace
from maspo.data.inputs import Input
from maspo.models.base import AGENT, ModelClient, RoleSettings
from maspo.runners.messages import NO_OUTPUT, MessageBuilder
from maspo.team import System

_CALLS_REMEMBERED = 60_000
"""Calls in remembered traces, over all of them: about 100 MB at 1,500 characters each."""
_FEWEST_REMEMBERED = 64
"""Traces that are remembered of the largest team: as many as calls run side by side by default."""


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
        self._place = {name: place for place, name in enumerate(system.order)}
        self._remembered: OrderedDict[tuple[str, str], asyncio.Task[Trace]] = OrderedDict()
        self._most = max(_CALLS_REMEMBERED // len(system.agents), _FEWEST_REMEMBERED)

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
        return await self._play(_Play(prompts, input_key, (source, reader)), known, frozenset({reader}))

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
        place = self._place
        calls: dict[str, Call] = {}
        for level in self.system.levels:
            again = []
            for name in level:
                before = None if known is None or name in changed else known.calls[place[name]]
                read = [] if before is None or known is None else [known.calls[at] for at in before.reads]
                if before is not None and all(calls[call.agent].output == call.output for call in read):
                    calls[name] = before
                else:
                    again.append(name)
            for call in await together(self._call(play, name, calls) for name in again):
                calls[call.agent] = call
        ordered = tuple(calls[name] for name in self.system.order)
        return Trace(play.input_key, ordered, calls[self.system.output].output)

    async def _call(self, play: _Play, name: str, calls: Mapping[str, Call]) -> Call:
        agent = self.system.by_name[name]
        read = [other for other in agent.reads if (other, name) != play.cut]
        shown = {other: calls[other].output if other in read else NO_OUTPUT for other in agent.reads}
        messages = self.builder.messages(name, play.prompts[name], self._rows[play.input_key], shown)
        request = self._settings.request(messages, AGENT, name, model=agent.model)
        reply = await self._model.complete(request)
        return Call(
            agent=name,
            output=reply.text,
            reads=tuple(self._place[other] for other in read),
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            seconds=reply.seconds,
            key=request.key,
        )
