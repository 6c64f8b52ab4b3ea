"""Looking at an app: a few rollouts as it is, what team they show, and whether running it again shows the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from maspo.apps.declared import declared
from maspo.apps.discovery import Discovery, Seen, discover
from maspo.apps.pool import Pool
from maspo.apps.runner import answer_of, roll_out, wire_agents
from maspo.core.concurrency import together
from maspo.core.errors import CallFailed, UsageError
from maspo.core.sums import add_up
from maspo.data.inputs import Input
from maspo.gateway.attribution import Team
from maspo.gateway.dialects.base import Asked
from maspo.gateway.gateway import Gateway, Rollout
from maspo.gateway.tools import ToolRecord
from maspo.gateway.wire import RolloutLimits, WireCall
from maspo.models.base import ModelClient
from maspo.team.app import App, AppKind

_NAMED = (
    "that OPENAI_BASE_URL (or ANTHROPIC_BASE_URL, GOOGLE_GEMINI_BASE_URL, OLLAMA_HOST) named; do not set a base URL in "
    "its code"
)
_WHERE: Mapping[AppKind, str] = {
    "callable": _NAMED,
    "command": _NAMED,
    "url": "of the header X-Maspo-Base-Url; make its client anew for each request, with that as base URL",
}
"""How an app of each kind is told where the gateway is, and what is likely wrong where no call comes."""
_SILENCE = 30.0
"""Seconds after which a look says what it waits for: longer than most teams take for an answer."""
_SLOW_IMPORT = 1.0
"""Seconds of each rollout that are worth a remark."""


@dataclass(frozen=True)
class Looked:
    """What a look at an app has found."""

    found: Discovery
    seconds: float
    """Of one rollout, on average."""
    notes: tuple[str, ...]


class _UnderWay:
    """The rollouts of a look: how many there are, those that run, and those that have ended."""

    def __init__(self, number: int, seconds: float) -> None:
        self.number = number
        self.seconds = seconds
        self.began = time.monotonic()
        self.running: set[Rollout] = set()
        self.ended = 0

    @contextmanager
    def runs(self, rollout: Rollout) -> Iterator[None]:
        """Count a rollout while it runs."""
        self.running.add(rollout)
        try:
            yield
        finally:
            self.running.discard(rollout)
            self.ended += 1

    async def tell(self, told: Callable[[str], None]) -> None:
        """Say from time to time what is waited for: rollouts that take long, or the replies of their models."""
        while True:
            await asyncio.sleep(_SILENCE)
            waits = [one.waits for one in self.running if one.waits > _SILENCE / 2]
            of_models = f"; {len(waits)} of them wait for a model's reply, for {max(waits):.0f} s" if waits else ""
            told(
                f"{self.ended} of {self.number} rollouts have ended after {time.monotonic() - self.began:.0f} s, and "
                f"{len(self.running)} run (each for {self.seconds:g} s at most){of_models}"
            )


async def look(
    app: App,
    rows: Sequence[Input],
    model: ModelClient,
    name: str,
    sources: Mapping[str, str] = MappingProxyType({}),
    told: Callable[[str], None] = lambda _: None,
) -> Looked:
    """Run an app on some inputs, and return the team behind it. ``sources`` are its own files, by path.

    ``told`` is said what is waited for, where that takes long.

    Raises:
        UsageError: no rollout brought an answer, or none made a call that could be seen, or no prompt could be told.
        ProviderError, BudgetReached, Interrupted: no further call can be made.

    """
    pool, under_way = Pool(app), _UnderWay(len(rows) + 1, app.seconds)
    telling = asyncio.create_task(under_way.tell(told))
    try:
        async with Gateway(model, tools=ToolRecord(model) if app.replay_tools else None) as gateway:
            runs = await together(_one(pool, gateway, app, row, under_way) for row in rows)
            first = next(
                (row for row, run in zip(rows, runs, strict=True) if isinstance(run, Seen) and run.calls), None
            )
            again = None if first is None else await _one(pool, gateway, app, first, under_way)
        seen = [run for run in runs if isinstance(run, Seen)]
        failed = [run for run in runs if isinstance(run, CallFailed)]
        if not seen:
            raise UsageError(f"--app {app.run}: none of {len(rows)} rollouts brought an answer; {failed[0]}")
        if not any(one.calls for one in seen):
            raise UsageError(
                f"--app {app.run}: it answered, but made no call at the address {_WHERE[app.kind]}; where it keeps "
                "answers of its own (a cache), switch that off, or empty it"
            )
        found = discover(app, seen, name, datetime.now().astimezone(), sources)
        if found is None:
            raise UsageError(
                f"--app {app.run}: no prompt could be told: no call holds instructions that are the same for different "
                "inputs; give more rows (--rows)"
            )
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await pool.close()
    notes = [*found.notes]
    if failed:
        notes.insert(0, f"{len(failed)} of {len(rows)} rollouts brought no answer; {failed[0]}")
    if isinstance(again, Seen):
        notes += _differences(app, seen, again, found)
    elif again is not None:
        notes.append(f"a second run on an input brought no answer, where the first did; {again}")
    if (slow := _slow_import(seen)) > _SLOW_IMPORT:
        notes.append(
            f"importing the app's own modules takes {slow:.1f} s of each rollout; load what is large when it is "
            "needed, or give --keep-alive"
        )
    return Looked(found, add_up(one.seconds for one in seen) / len(seen), tuple(notes))


async def _one(pool: Pool, gateway: Gateway, app: App, row: Input, under_way: _UnderWay) -> Seen | CallFailed:
    async with pool.place() as place:
        name = f"worker{place}" if app.keep_alive else ""
        rollout = gateway.open({}, row.key, limits=RolloutLimits(app.calls, app.usd), name=name)
        with under_way.runs(rollout):
            ended, calls = await roll_out(pool, gateway, rollout, row.columns, place)
    try:
        answer = answer_of(ended, rollout, calls)
    except CallFailed as error:
        return error
    told = declared(ended.agents)
    return Seen(row.key, row.columns, calls, answer, ended.seconds, ended.import_seconds, told)


def _slow_import(seen: Sequence[Seen]) -> float:
    return min(one.import_seconds for one in seen)


def _differences(app: App, seen: Sequence[Seen], again: Seen, found: Discovery) -> list[str]:
    """Return what a second run on an input shows that the first did not: what is carried over, or drawn by lot."""
    first = next(one for one in seen if one.key == again.key)
    team = Team(wire_agents(found.system))
    nobodys = sum(team.attribute(_read_call(call)).agent is None for call in again.calls)
    notes = []
    if nobodys and found.attributed == found.calls:
        notes.append(f"{nobodys} of {len(again.calls)} calls of a second run could not be told whose they are")
    # Agents side by side come in any order, and each is asked the same.
    asked = [sorted("\n".join(text.text for text in call.texts) for call in one.calls) for one in (first, again)]
    if asked[0] == asked[1]:
        return notes
    begun = "\n".join(text.text for text in first.calls[0].texts)
    if begun not in asked[1] and set(asked[1]) < set(asked[0]):
        notes.append(
            f"a second run on an input asked {len(asked[1])} of {len(asked[0])} questions again: the app keeps answers "
            "of its own (a cache). It knows no prompt but its own, so it would answer for each that is tried with what "
            "another one wrote: switch its cache off where maspo runs it, and empty it, before a search"
        )
        return notes
    before, after = map("\n".join, asked)
    others = [text for one in seen if one is not first for text in one.columns.values() if len(text) > len("yes or no")]
    leaked = [text for text in others if text in after and text not in before]
    if leaked:
        notes.append(
            f"a second run on an input was shown another input ({leaked[0][:60]!r}): something is kept from run to "
            f"run; {_anew(app)}"
        )
    else:
        notes.append(
            "two runs on the same input ask their models differently (a clock, a random number, an order that is left "
            "open): replies cannot be shared between runs, so comparisons are noisier and dearer"
        )
    return notes


def _anew(app: App) -> str:
    """Return what helps where something is kept from run to run: in the process, or else outside of it."""
    if app.keep_alive:
        return "leave out --keep-alive, or have the app begin anew for each row"
    kept = "in the server's process, in a file or a database" if app.kind == "url" else "in a file or a database"
    return f"it lies {kept}: have the app leave that as it was while maspo runs it, or begin anew for each row"


def _read_call(call: WireCall) -> Asked:
    """Return what a call asked, as the gateway reads it to tell whose it is."""
    return Asked(model=call.model, texts=call.texts, offered=call.offered, streamed=False)
