"""ModelClient calls: one protocol, an OpenAI-compatible client, and layers that wrap any model.

``Cached(Retried(Limited(Recorded(OnceMore(Metered(client))))))``: each layer does one thing and knows only the next.

- The port: ``base``; ``chat_completions`` is our client, ``endpoint`` where it asks, ``reaching`` the way
  there, ``routed`` several endpoints;
  ``scripted`` and ``remembered`` are fakes
- Around a call: ``layers/``; ``budget`` and ``leases`` hold caps, ``prices``, ``storing`` and ``retired`` are tables,
  ``tempo`` tells how fast answers come, ``prefixes`` which server knows a prompt
- What endpoints say: ``incoming``, ``replies``, ``thoughts``, ``tokens``, ``counts``, ``asking``, ``answered_by``,
  ``runaway``, ``pages``, ``refusals``, ``unnamed``, ``context``, ``dialects``, ``surroundings``, ``bounded``,
  ``wrapping``
- Keys are cut out: ``secret``, with ``sieve``, ``taken_apart``, ``in_pieces``, ``in_numbers``
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
