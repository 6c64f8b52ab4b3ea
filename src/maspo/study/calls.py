"""The calls of one process: the layers around the bare model, the ledger that they share, and what is told of both."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from maspo.core.usage import Usage
from maspo.models.base import ModelClient, ready_question
from maspo.models.budget import Ledger, Limits
from maspo.models.layers.compose import compose
from maspo.models.layers.limited import Health
from maspo.models.layers.retried import RetryPolicy
from maspo.models.prices import PriceBook
from maspo.store.run_store import RunStore
from maspo.study.job import Job, Progress, Watcher

_PROGRESS_SECONDS = 0.2
"""How often whoever looks on is told where the work stands: five times a second look like at once."""


class Calls:
    """What a run or an evaluation pays for: ``model`` under the caps of a job, and into its record.

    The ledger opens where the record ends, so caps hold over all processes of a run together.
    """

    def __init__(self, job: Job, store: RunStore, bare: ModelClient, prices: PriceBook | None = None) -> None:
        models = job.config.models
        policy = RetryPolicy(attempts=models.attempts, deadline=models.deadline)
        self.ledger = _ledger(job, store, prices or PriceBook(models.prices, models.base_url))
        self._health = Health()
        self.model: ModelClient = compose(bare, store, self.ledger, policy, models.concurrency, self._health)

    async def probe(self, models: Sequence[str], noted: bool | None) -> bool:
        """Ask each model one small question, before the fan-out, so that a wrong key or name costs nothing.

        Return whether a simulated world answered. A recorded reply does not tell: ``noted`` is what an earlier process
        was told, and where that is lost (None) the question is asked once more.

        Raises:
            ProviderError: the endpoint cannot be reached or refuses.

        """
        replies = [await self.model.complete(ready_question(model)) for model in models]
        if noted is None and all(reply.cached for reply in replies):
            anew = uuid.uuid4().hex
            replies = [await self.model.complete(replace(ready_question(model), identity=anew)) for model in models]
        return bool(noted) or any(reply.simulated for reply in replies)

    def spent(self) -> dict[str, str]:
        """Return what was used so far, as values to keep beside the journal."""
        usage = {purpose: usage.dump() for purpose, usage in self.ledger.usage().items()}
        return {"usage": json.dumps(usage), "seconds": repr(self.ledger.seconds)}

    def progress(self, phase: str, done: int, wave: int, planned: int) -> Progress:
        """Return where the work stands: ``done`` pieces of a wave, and the calls of all that is planned."""
        ledger = self.ledger
        return Progress(
            phase=phase,
            done=done,
            wave=wave,
            calls=ledger.calls,
            calls_planned=planned,
            usd=ledger.usd,
            seconds=ledger.seconds,
            in_flight=ledger.in_flight,
            waiting=self._health.waiting,
        )


@asynccontextmanager
async def reported(watcher: Watcher, progress: Callable[[], Progress]) -> AsyncIterator[None]:
    """Tell whoever looks on where the work stands, again and again, as long as the block runs."""

    async def report() -> None:
        while True:
            watcher.on_progress(progress())
            await asyncio.sleep(_PROGRESS_SECONDS)

    reporting = asyncio.create_task(report())
    try:
        yield
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting


def _ledger(job: Job, store: RunStore, prices: PriceBook) -> Ledger:
    """Open the ledger where the record ends."""
    config = job.config
    seconds = None if config.caps.minutes is None else config.caps.minutes * 60
    limits = Limits(config.caps.calls, config.caps.usd, seconds)
    return Ledger(limits, prices, _spent_before(store), float(store.meta().get("seconds", "0")), book=store)


def _spent_before(store: RunStore) -> dict[str, Usage]:
    """Return what earlier processes spent: what the record counts, and how often it answered."""
    last = {purpose: Usage(**values) for purpose, values in json.loads(store.meta().get("usage", "{}")).items()}
    spent = store.usage()
    return {
        purpose: replace(spent.get(purpose, Usage(usd=0.0)), cached=last.get(purpose, Usage()).cached)
        for purpose in {**last, **spent}
    }
