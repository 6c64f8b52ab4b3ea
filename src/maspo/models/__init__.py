"""ModelClient calls: one protocol, an OpenAI-compatible client, and layers that wrap any model.

``Cached(Retried(Limited(Recorded(OnceMore(Metered(client))))))``: each layer does one thing and knows only the next.
"""

from maspo.models.base import CallStore, Message, ModelClient, Reply, Request, Stage, Transient
from maspo.models.budget import Ledger, Limits
from maspo.models.endpoint import Endpoint
from maspo.models.layers.compose import compose
from maspo.models.layers.retried import RetryPolicy
from maspo.models.prices import PriceBook, require_prices

__all__ = [
    "CallStore",
    "Endpoint",
    "Ledger",
    "Limits",
    "Message",
    "ModelClient",
    "PriceBook",
    "Reply",
    "Request",
    "RetryPolicy",
    "Stage",
    "Transient",
    "compose",
    "require_prices",
]
