"""The order of the layers, in one place."""

from __future__ import annotations

from maspo.models.answered import Answered
from maspo.models.base import CallStore, Model
from maspo.models.cached import Cached
from maspo.models.ledger import Ledger
from maspo.models.limited import Health, Limited
from maspo.models.metered import Metered
from maspo.models.recorded import Recorded
from maspo.models.retried import Retried, RetryPolicy


def compose(
    model: Model,
    store: CallStore,
    ledger: Ledger,
    policy: RetryPolicy,
    concurrency: int,
    health: Health | None = None,
) -> Model:
    """Wrap every layer around a bare model: ``Cached(Retried(Limited(Recorded(Answered(Metered(model))))))``.

    The cache is outermost: what is known costs nothing. A retry waits without holding a slot, so the limit is inside.
    Each attempt is metered, just before it is sent. A reply without an answer is paid for, but neither recorded nor
    taken for one. ``health`` tells why calls wait, when they do.
    """
    recorded = Recorded(Answered(Metered(model, ledger)), store)
    limited = Limited(recorded, concurrency, health=health, remaining=ledger.remaining_seconds)
    return Cached(Retried(limited, policy, ledger.remaining_seconds), store, ledger)
