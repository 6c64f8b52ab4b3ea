"""Model calls: one protocol, an OpenAI-compatible client, and layers that wrap any model.

``cached(limited(retried(metered(client))))``: each layer does one thing and knows only the next.
"""

from maspo.models.base import CallStore, Message, Model, Reply, Request

__all__ = ["CallStore", "Message", "Model", "Reply", "Request"]
