"""``maspo gateway``: the gateway alone, before any app."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from pathlib import Path
from shlex import quote
from typing import Final, TextIO

from maspo.cli.agreeing import agree_to_file
from maspo.cli.looping import run_fast
from maspo.cli.settings import Sources, load_settings
from maspo.cli.terminal import note, say, table
from maspo.config import ModelSettings
from maspo.core.errors import CallFailed, ConfigInvalid, ProviderError
from maspo.gateway.ended import EndedCall
from maspo.gateway.gateway import Gateway, Rollout
from maspo.gateway.wire import WireCall
from maspo.models.base import ModelClient, Reply, Request
from maspo.models.budget import Ledger, Limits
from maspo.models.layers.compose import compose
from maspo.models.layers.limited import AS_ASKED, Health
from maspo.models.layers.retried import RetryPolicy
from maspo.models.prices import HOW_TO_PRICE
from maspo.models.routed import Routed
from maspo.report.phrases import money
from maspo.study.connections import price_book, shown_of
from maspo.study.upstreams import upstreams_of, wires_to

_SHOWN: Final = 60
"""Characters of an instruction text that the table shows."""
_SHOWN_FIRST: Final = 20
"""Of them: of the beginning of a text that others share."""
_KEPT: Final = 2_000
"""Characters of an instruction text that are kept for the table."""
_MOST_AGENTS: Final = 1_000
"""Different instruction texts that are counted apart: an app that writes its input into them has one for each."""


def run_gateway(flags: Mapping[str, str | None], config: Path | None, trust: str, out: Path | None) -> None:
    """Serve until Ctrl-C, then print the team. ``trust`` allows what a settings file of somebody else asks for."""
    settings = load_settings(Sources(flags, file=config))
    agree_to_file(settings, trust)
    for remark in settings.notes:
        note(f"note: {remark}")
    caps, models = settings.config.caps, settings.config.models
    upstreams = upstreams_of(models)
    ledger = Ledger(Limits(caps.calls, caps.usd), price_book(models, (upstreams.anthropic, upstreams.gemini)))
    with ExitStack() as stack:
        team = Team(None if out is None else stack.enter_context(_opened(out)))
        run_fast(_serve(models, ledger, team))
    note(team.shown())  # stdout is for a shell to read: no words of an app's prompts stand there
    usd = f"unknown: a model has no known price; {HOW_TO_PRICE}" if ledger.usd is None else money(ledger.usd)
    were = "call was" if ledger.calls == 1 else "calls were"
    note(f"{ledger.calls:,} {were} sent that the endpoint did not refuse; cost: {usd}")


async def _serve(models: ModelSettings, ledger: Ledger, team: Team) -> None:
    stop, health = asyncio.Event(), Health()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    policy = RetryPolicy(attempts=models.attempts, deadline=models.deadline)

    def take(rollout: Rollout, ended: EndedCall) -> None:
        team.take(rollout, ended)
        for remark in health.adapted:
            team.tell(remark)

    async with wires_to(models) as wires:
        routes = Routed({"": wires.lanes})
        most = models.concurrency
        model = _Renewed(lambda: compose(routes, None, ledger, policy, most, health, pacing=AS_ASKED))
        async with Gateway(model, on_call=take, sender=wires.sender) as gateway:
            rollout = gateway.open()
            for name, value in rollout.environment.items():
                if value:  # an empty one says that nothing answers there
                    say(f"export {name}={quote(value)}")
            note(f"OpenAI's dialects go on to {shown_of(models)}; Ctrl-C stops the gateway and prints the team.")
            await stop.wait()
            await gateway.close(rollout)


class _Renewed:
    """Layers that begin anew after they gave an endpoint up: an app goes on when it is back, and is told until then."""

    def __init__(self, make: Callable[[], ModelClient]) -> None:
        self._make = make
        self._model = make()

    async def complete(self, request: Request) -> Reply:
        """Answer as the layers do."""
        model = self._model
        try:
            return await model.complete(request)
        except ProviderError as error:
            if not isinstance(error, CallFailed) and model is self._model:
                self._model = self._make()
            raise


@dataclass(slots=True)
class _Sighting:
    """What was seen of the calls with one instruction text."""

    name: str
    text: str
    calls: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    models: set[str] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)


class Team:
    """The agents behind an app, one for each instruction text, and a line in a file for each call."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._seen: dict[int, _Sighting] = {}
        self._told: set[str] = set()

    def take(self, rollout: Rollout, ended: EndedCall) -> None:
        """Take note of a call, and let go of it."""
        if rollout.error is not None:
            self.tell(str(rollout.error))
        seen = self._sighting(ended.instructions)
        seen.calls += 1
        seen.failed += bool(ended.why)
        seen.tokens_in += ended.said.tokens_in or 0
        seen.tokens_out += ended.said.tokens_out or 0
        seen.models.add(ended.model)
        seen.tools.update(ended.asked.offered)
        if self._file is not None:
            self._file.write(f"{json.dumps(as_line(ended.call, seen.name))}\n")
            self._file.flush()

    def tell(self, remark: str) -> None:
        """Say something once."""
        if remark not in self._told:
            self._told.add(remark)
            note(f"note: {remark}")

    def _sighting(self, instructions: str) -> _Sighting:
        key = hash(instructions) if len(self._seen) < _MOST_AGENTS or hash(instructions) in self._seen else 0
        if key not in self._seen:
            text = instructions if len(self._seen) < _MOST_AGENTS else "(all further texts)"
            self._seen[key] = _Sighting(f"agent-{len(self._seen) + 1}", text[:_KEPT])
        return self._seen[key]

    def shown(self) -> str:
        """Return the team as a table."""
        if not self._seen:
            return "no call was made; see that the app's process has the variables above"
        rows = []
        texts = [" ".join(one.text.split()) or "(no instructions)" for one in self._seen.values()]
        for one, cut in zip(self._seen.values(), excerpts(texts), strict=True):
            figures = (f"{one.calls:,}", f"{one.failed:,}", f"{one.tokens_in:,}", f"{one.tokens_out:,}")
            rows.append((one.name, *figures, ", ".join(sorted(one.models)), ", ".join(sorted(one.tools)), cut))
        return table(("agent", "calls", "failed", "tokens in", "out", "models", "tools", "instructions"), rows)


def excerpts(texts: Sequence[str]) -> list[str]:
    """Return what the table shows of each text: how it begins, and from where others that begin so differ from it."""
    ordered = sorted(set(texts))
    shared = dict.fromkeys(ordered, 0)
    for one, other in pairwise(ordered):  # of all texts, these begin most alike
        same = sum(1 for _ in takewhile(lambda signs: signs[0] == signs[1], zip(one, other, strict=False)))
        shared[one], shared[other] = max(shared[one], same), same
    return [_cut(_from_difference(text, shared[text])) for text in texts]


def _from_difference(text: str, shared: int) -> str:
    """Return a text without most of the beginning that it shares with another, if that is all that would be shown."""
    at = text.rfind(" ", 0, shared + 1) + 1
    return text if at + _SHOWN_FIRST < _SHOWN else f"{text[:_SHOWN_FIRST].rstrip()}… {text[at:]}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def as_line(call: WireCall, agent: str) -> dict[str, object]:
    """Return a call as ``--out`` holds it."""
    return {
        "number": call.number,
        "agent": agent,
        "dialect": call.dialect,
        "model": call.model,
        "texts": [{"role": text.role, "text": text.text} for text in call.texts],
        "offered": list(call.offered),
        "output": call.output,
        "tools": [{"id": tool.id, "name": tool.name, "arguments": tool.arguments} for tool in call.tools],
        "finish": call.finish,
        "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
        "usd": call.usd,
        "seconds": round(call.seconds, 4),
        "failed": call.failed,
    }


def _opened(file: Path) -> TextIO:
    try:
        return file.open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigInvalid(f"--out {file}: cannot be written ({error.strerror}); give another file") from error
