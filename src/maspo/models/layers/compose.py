"""The order of the layers, in one place."""

from __future__ import annotations

from maspo.models.base import CallStore, ModelClient
from maspo.models.budget import Ledger
from maspo.models.layers.answered import Answered
from maspo.models.layers.cached import Cached
from maspo.models.layers.limited import Health, Limited
from maspo.models.layers.metered import Metered
from maspo.models.layers.recorded import Recorded
from maspo.models.layers.retried import Retried, RetryPolicy


def compose(
    model: ModelClient,
    store: CallStore,
    ledger: Ledger,
    policy: RetryPolicy,
    concurrency: int,
    health: Health | None = None,
) -> ModelClient:
    """Wrap every layer around a bare model: ``Cached(Retried(Limited(Recorded(Answered(Metered(model))))))``.

    The cache is outermost: what is known costs nothing. A retry waits without holding a slot, so the limit is inside.
    Each attempt is metered, just before it is sent. A reply without an answer is paid for, but neither recorded nor
    taken for one. ``health`` tells why calls wait, when they do.
    """
    recorded = Recorded(Answered(Metered(model, ledger)), store)
    limited = Limited(recorded, concurrency, health=health, remaining=ledger.remaining_seconds)
    return Cached(Retried(limited, policy, ledger.remaining_seconds), store, ledger)
