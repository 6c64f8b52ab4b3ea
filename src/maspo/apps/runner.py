"""Running an app on an input: a rollout in its own environment, its calls over the wire, and the trace they make."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

from maspo.apps.pool import Ended, Pool, Rollouts
from maspo.apps.provenance import without_outputs
from maspo.apps.strayed import Strayed
from maspo.apps.tracing import Known, trace_of
from maspo.core.clusters import brought
from maspo.core.errors import AppChanged, CallFailed, ConfigInvalid
from maspo.core.prompts import Prompts
from maspo.core.trace import Trace
from maspo.core.workers import WorkerLost
from maspo.data.inputs import Input
from maspo.gateway.gateway import ENDED_BEFORE, Edit, Gateway, Rollout
from maspo.gateway.tools import ToolRecord
from maspo.gateway.wire import RolloutLimits, WireAgent, WireCall
from maspo.models.base import ModelClient, RoleSettings
from maspo.runners.remembered import RememberedRuns
from maspo.team import System
from maspo.team.app import App
from maspo.team.template import values_of

_MOST_LOST = 3
"""Workers that a rollout may lose. Nodes go with all that is on them; the third loss is the rollout's own doing."""
_SHORT = 1.0
"""Seconds that a reply may take without being named as what a rollout waited for."""
_SHOWN = 600
"""Characters of what an app printed that an error shows: the last lines of a traceback."""


def wire_agents(system: System) -> tuple[WireAgent, ...]:
    """Return how the agents of an app are recognized on the wire."""
    return tuple(
        WireAgent(
            name=agent.name,
            prompt=agent.prompt,
            tools=frozenset(agent.offered) if agent.offered else None,
            marker=agent.marker,
            placeholders=values_of(agent.prompt),
        )
        for agent in system.agents
    )


class AppRunner:
    """Runs an app with any prompt set: its agents' prompts are swapped on the wire, and nothing of it is changed.

    What a change does not reach is not paid for again: equal requests of one input share their recorded replies.
    """

    def __init__(
        self,
        system: System,
        rows: Mapping[str, Input],
        model: ModelClient,
        settings: RoleSettings,
        pool: Callable[[App], Rollouts] = Pool,
    ) -> None:
        if system.app is None:
            raise ConfigInvalid("runner.kind: app runs a system file with `app:`; this one has none")
        del settings  # the app chooses its models itself
        self.system = system
        self._app = replace(system.app, folder=brought(system.app.folder))
        self.pool = pool(self._app)
        self._rows = rows
        self._gateway = Gateway(
            model,
            wire_agents(system),
            tools=ToolRecord(model) if system.app.replay_tools else None,
            relayed=self.pool.is_elsewhere,
        )
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._is_open = False
        self._strayed = Strayed(system)
        self._problem = ""
        """Why no further run is made; empty while the app sends the prompts of the system file."""
        self._remembered = RememberedRuns(sum(agent.calls for agent in system.agents))

    @staticmethod
    def most_calls(system: System) -> Mapping[str, int]:
        """Return how often agents were seen to be called in one rollout."""
        return {agent.name: agent.calls for agent in system.agents}

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        """Run the app on one input (Eq. 2).

        ``base`` is not needed: whatever it shares with ``prompts`` is answered from the record.

        Raises:
            CallFailed: the rollout brought no answer, or one of its calls failed; says why.
            AppChanged: the app no longer sends a prompt of the system file.
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        del base
        return await self._remembered.get(prompts, input_key, lambda: self._traced(prompts, input_key))

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        """Run the app on one input, but show the reader a short note wherever it was shown what the source wrote.

        Raises what ``run`` raises.
        """
        return await self._traced(prompts, input_key, (source, reader))

    async def close(self) -> None:
        """End the app's processes, and the gateway."""
        await self._remembered.close()
        await self.pool.close()
        await self._stack.aclose()

    async def _traced(self, prompts: Prompts, input_key: str, cut: tuple[str, str] | None = None) -> Trace:
        row = self._rows[input_key]
        async with self._opening:
            if not self._is_open:
                await self._stack.enter_async_context(self._gateway)
                self._is_open = True
        limits = RolloutLimits(calls=self._app.calls, usd=self._app.usd)
        async with self.pool.place() as place:
            self._check_sent()  # what waited for a place is not paid for
            name = f"worker{place}" if self._app.keep_alive else ""
            for again in range(_MOST_LOST):
                rollout = self._gateway.open(prompts, input_key, limits=limits, name=name, edit=_cutting(cut))
                try:
                    ended, calls = await roll_out(self.pool, self._gateway, rollout, row.columns, place)
                    break
                except WorkerLost as error:  # what was answered is recorded, and answers the next one
                    if again + 1 == _MOST_LOST:
                        raise CallFailed(f"its worker was lost {_MOST_LOST} times: {error}") from error
        if problem := self._strayed.after(calls, input_key):
            self._problem = problem
        self._check_sent()
        answer = answer_of(ended, rollout, calls)
        known = Known(tuple(row.columns.values()), self.system.prompts)
        trace = trace_of(input_key, calls, answer, self.system.order, known)
        return trace if cut is None else _without_reads(trace, *cut)

    def _check_sent(self) -> None:
        if self._problem:
            raise AppChanged(self._problem)


async def roll_out(
    pool: Rollouts, gateway: Gateway, rollout: Rollout, row: Mapping[str, str], place: int = 0
) -> tuple[Ended, tuple[WireCall, ...]]:
    """Run the app on a row at a rollout's address; return how it ended, and its calls."""
    try:
        ended = await pool.run(row, rollout.environment, place)
        waited = rollout.waits
    finally:
        calls = await gateway.close(rollout)
    clean = rollout.without_keys
    answer, reason = None if ended.answer is None else clean(ended.answer), clean(ended.reason)
    if answer is None and waited > _SHORT:
        reason = f"{reason}, while a call of it had waited {waited:.0f} s for the reply of its model"
    return replace(ended, answer=answer, reason=reason, printed=clean(ended.printed)), calls


def answer_of(ended: Ended, rollout: Rollout, calls: tuple[WireCall, ...]) -> str:
    """Return the answer of a rollout.

    Raises:
        CallFailed: there is none, or a call failed: several frameworks give an error's text as an answer.
        MaspoError: no further call can be made.

    """
    if rollout.error is not None:
        raise rollout.error
    # How an app ended that did not wait for a reply says more than that it did not.
    less = ENDED_BEFORE if ended.answer is None else ""
    failed = next((call for call in calls if call.failed and call.failed != less), None)
    if failed is not None:
        # Its cause was told when it happened.
        whose = f"a call of {failed.agent}" if failed.agent else "a call of the app"
        raise CallFailed(f"{whose} failed: {failed.failed}") from CallFailed(failed.failed)
    if ended.answer is None:
        printed = f"; it printed last: {ended.printed[-_SHOWN:]}" if ended.printed else ""
        raise CallFailed(f"the app brought no answer: {ended.reason}{printed}")
    return ended.answer


def _cutting(cut: tuple[str, str] | None) -> Edit | None:
    """Return what replaces, in requests of the reader, what the source wrote."""
    if cut is None:
        return None
    source, reader = cut

    def edit(agent: str | None, calls: tuple[WireCall, ...], text: str) -> str:
        written = [call for call in calls if call.agent == source]
        return without_outputs(text, written) if agent == reader and written else text

    return edit


def _without_reads(trace: Trace, source: str, reader: str) -> Trace:
    """Return a trace in which a reader has not read a source: chance finds of short texts are none."""
    calls = tuple(
        replace(call, reads=tuple(place for place in call.reads if trace.calls[place].agent != source))
        if call.agent == reader
        else call
        for call in trace.calls
    )
    return Trace(trace.input_key, calls, trace.output)
