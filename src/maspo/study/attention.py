"""Who work is done for: who looks on, where replies come from, who may stop it, and where its record lies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from maspo.store.records import IN_FOLDER, Keeping
from maspo.study.calls import provider as default_provider
from maspo.study.job import Looks, Provider, Watcher


@dataclass(frozen=True)
class Attention:
    """Who looks on, where replies come from, and who may stop the work."""

    watcher: Watcher
    provider: Provider = default_provider
    stop: asyncio.Event | None = None
    looks: Looks | None = None
    """How often the same rows were looked at before; without it only the record itself counts."""
    keeping: Keeping = IN_FOLDER
    executor: str = ""
    """Where whole pieces of work are done, as ``open_workers`` takes it; empty: on this machine."""
