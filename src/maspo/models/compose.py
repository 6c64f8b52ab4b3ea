"""The order of the layers, in one place."""

from __future__ import annotations

from maspo.models.base import CallStore, Model
from maspo.models.cached import Cached
from maspo.models.ledger import Ledger
from maspo.models.limited import Limited
from maspo.models.metered import Metered
from maspo.models.recorded import Recorded
from maspo.models.retried import Retried, RetryPolicy


def compose(model: Model, store: CallStore, ledger: Ledger, policy: RetryPolicy, concurrency: int) -> Model:
    """Wrap every layer around a bare model: ``Cached(Retried(Limited(Recorded(Metered(model)))))``.

    The cache is outermost: what is known costs nothing. A retry waits without holding a slot, so the limit is inside.
    Each attempt is metered, just before it is sent.
    """
    recorded = Recorded(Metered(model, ledger), store)
    return Cached(Retried(Limited(recorded, concurrency), policy, ledger.remaining_seconds), store, ledger)
