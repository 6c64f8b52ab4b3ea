"""Model calls: one protocol, an OpenAI-compatible client, and layers that wrap any model.

``Cached(Retried(Limited(Recorded(Answered(Metered(client))))))``: each layer does one thing and knows only the next.
"""

from maspo.models.base import CallStore, Message, Model, Reply, Request
from maspo.models.compose import compose
from maspo.models.endpoint import Endpoint
from maspo.models.faults import Stage, Transient
from maspo.models.ledger import Ledger, Limits
from maspo.models.prices import PriceBook, require_prices
from maspo.models.retried import RetryPolicy

__all__ = [
    "CallStore",
    "Endpoint",
    "Ledger",
    "Limits",
    "Message",
    "Model",
    "PriceBook",
    "Reply",
    "Request",
    "RetryPolicy",
    "Stage",
    "Transient",
    "compose",
    "require_prices",
]
