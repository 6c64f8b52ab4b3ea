"""From an app and some inputs to the team behind it: it is run as it is, over a gateway on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from maspo.apps.probe import Looked, look
from maspo.config import RunConfig
from maspo.data.inputs import Input
from maspo.models.budget import Ledger, Limits
from maspo.models.layers.compose import compose
from maspo.models.layers.limited import Health
from maspo.models.layers.retried import RetryPolicy
from maspo.models.remembered import MemoryStore
from maspo.models.routed import Routed
from maspo.study.connections import price_book
from maspo.study.upstreams import wires_to
from maspo.team.app import App


async def discover_team(app: App, rows: Sequence[Input], config: RunConfig) -> tuple[Looked, float | None]:
    """Run an app on some inputs; return the team behind it, and what that cost in US dollars."""
    models, caps = config.models, config.caps
    seconds = None if caps.minutes is None else caps.minutes * 60
    ledger = Ledger(Limits(caps.calls, caps.usd, seconds), price_book(models))
    policy = RetryPolicy(attempts=models.attempts, deadline=models.deadline)
    health = Health()
    async with wires_to(models) as wires:
        model = compose(Routed({"": wires.lanes}), MemoryStore(), ledger, policy, models.concurrency, health)
        looked = await look(app, rows, model, name_of(app))
    return replace(looked, notes=(*looked.notes, *health.adapted)), ledger.usd


def name_of(app: App) -> str:
    """Return a name for the team of an app: that of its module, of its program, or of its host."""
    if app.kind == "callable":
        return app.run.partition(":")[0].rpartition(".")[2]
    if app.kind == "url":
        return "team"
    words = [Path(word).stem for word in app.command]
    named = [word for word in words[1:] if word.isidentifier()]
    return (named or words or ["team"])[0]
