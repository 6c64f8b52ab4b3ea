"""Conversations that an endpoint keeps (Responses), held here too: for traces, keys and endpoints without state."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from maspo.gateway.dialects.responses import conversation
from maspo.gateway.wire import JsonObject

_MOST: Final = 1_000
"""Conversations held at once: those of a rollout are dozens, and an app that runs for days leaves the old ones."""


class Conversations:
    """What was said before a reply, by the reply's id. The least recently used are forgotten."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, tuple[Any, ...]] = OrderedDict()

    def before(self, previous: str) -> tuple[Any, ...] | None:
        """Return the items of the conversation that ended with a reply; None when it is not known."""
        if not previous:
            return ()
        items = self._items.get(previous)
        if items is not None:
            self._items.move_to_end(previous)
        return items

    def keep(self, id: str, before: tuple[Any, ...], body: JsonObject, output: tuple[Any, ...]) -> None:
        """Hold a conversation under the id of its newest reply."""
        if id:
            self._items[id] = (*before, *conversation(body), *output)
            while len(self._items) > _MOST:
                self._items.popitem(last=False)


def expanded(body: JsonObject, before: tuple[Any, ...]) -> JsonObject:
    """Return a request that holds its whole conversation, for endpoints that keep none.

    Thoughts are left out: only the endpoint that wrote them can read them.
    """
    spoken = [item for item in before if not (isinstance(item, dict) and item.get("type") == "reasoning")]
    rest = {name: value for name, value in body.items() if name not in ("previous_response_id", "input")}
    return {**rest, "input": [*spoken, *conversation(body)]}
