"""From an app and some inputs to the team behind it: it is run as it is, over a gateway on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from maspo.apps.probe import Looked, look
from maspo.apps.writeback import FILES
from maspo.config import Caps, RunConfig
from maspo.core.errors import BudgetReached
from maspo.core.plain_files import read_plain
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

_NOT_ITS_OWN: Final = frozenset({"node_modules", "__pycache__", "site-packages", "maspo-runs", "dist", "build"})
_OF_OTHERS: Final = frozenset({"pyvenv.cfg", "run.db"})
"""What tells an environment, or a run of maspo, which has copies of prompts."""
_MOST_FILES: Final = 300
_MOST_BYTES: Final = 5_000_000
"""What is read of a folder, at most: names are worth a second, and no more."""


@dataclass(frozen=True, slots=True)
class DiscoveryFindings:
    """What a look at an app has found, what it cost in US dollars, and what it left of the caps."""

    looked: Looked
    usd: float | None
    left: Caps | None
    """None where that is no call."""


async def discover_team(
    app: App, rows: Sequence[Input], config: RunConfig, told: Callable[[str], None] = lambda _: None
) -> DiscoveryFindings:
    """Run an app on some inputs, and return the team behind it; ``told`` is said what is waited for.

    Raises:
        BudgetReached: a cap is too low for these inputs; nothing of the look is kept.
        MaspoError: what ``look`` raises.

    """
    models, caps = config.models, config.caps
    seconds = None if caps.minutes is None else caps.minutes * 60
    ledger = Ledger(Limits(caps.calls, caps.usd, seconds), price_book(models))
    policy = RetryPolicy(attempts=models.attempts, deadline=models.deadline)
    health = Health()
    async with wires_to(models) as wires:
        model = compose(Routed({"": wires.lanes}), MemoryStore(), ledger, policy, models.concurrency, health)
        try:
            looked = await look(app, rows, model, name_of(app), sources_below(Path(app.folder or ".")), told)
        except BudgetReached as error:
            fix = f"too low for a look at {app.run} on {len(rows)} rows; raise it, or look at fewer rows"
            raise BudgetReached(f"{ledger.reached or error}: {fix}") from error
    looked = replace(looked, notes=(*looked.notes, *health.adapted))
    return DiscoveryFindings(looked, ledger.usd, _left(caps, ledger))


def sources_below(folder: Path) -> dict[str, str]:
    """Return the files of an app in which its prompts may stand: enough of them to name its agents by."""
    found, size = dict[str, str](), 0
    for here, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in _NOT_ITS_OWN)
        if not _OF_OTHERS.isdisjoint(names):
            inner.clear()
            continue
        for name in sorted(names):
            file = Path(here, name)
            if not name.endswith(FILES) or len(found) == _MOST_FILES:
                continue
            try:
                text = read_plain(file, _MOST_BYTES - size).decode("utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            found[str(file)], size = text, size + len(text)
    return found


def _left(caps: Caps, ledger: Ledger) -> Caps | None:
    calls = None if caps.calls is None else caps.calls - ledger.calls
    usd = None if caps.usd is None else caps.usd - (ledger.usd or 0.0)
    minutes = None if caps.minutes is None else caps.minutes - ledger.seconds / 60
    used_up = any(left is not None and left <= 0 for left in (calls, usd, minutes))
    return None if used_up else Caps(calls=calls, usd=usd, minutes=minutes)


def why_not_here(file: Path) -> str:
    """Return why no system file can be written there, which is told before anything is paid; empty where one can."""
    if file.exists():
        return "is there already; give another name, or delete it"
    return "" if file.absolute().parent.is_dir() else "is in a folder that is not there; make it, or give another name"


def name_of(app: App) -> str:
    """Return a name for the team of an app: that of its module, of its program, or of its host."""
    if app.kind == "callable":
        return app.run.partition(":")[0].rpartition(".")[2]
    if app.kind == "url":
        return "team"
    words = [Path(word).stem for word in app.command]
    named = [word for word in words[1:] if word.isidentifier()]
    return (named or words or ["team"])[0]
