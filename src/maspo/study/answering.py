"""Who answers a record: language models, or simulated worlds alone. The looks of the two count apart."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from maspo.models.base import PROBE, ModelClient, Reply, Request
from maspo.models.layers.compose import Lender

_META = "answered_by"
MODEL, WORLD, READY = "model", "world", "ready"
"""Somebody who does not say that it is simulated; a simulated world; one that only said that it is ready."""


def answered_in(meta: Mapping[str, str]) -> frozenset[str]:
    """Return who has answered, by what a record notes: ``MODEL``, ``WORLD`` and ``READY``.

    What cannot be told counts as a model: the replies of records that did not note it.
    """
    begun = "simulated" in meta or "usage" in meta
    return frozenset(json.loads(meta[_META]) if _META in meta else [MODEL] if begun else [])


def seen_by_all(meta: Mapping[str, str], others: Iterable[frozenset[str]]) -> dict[str, str]:
    """Return what a record has to note when others have answered its parts."""
    return {_META: json.dumps(sorted(answered_in(meta).union(*others)))}


class Answerers:
    """Notes in the record whether a model has answered, in this process or an earlier one.

    Replies of other runs count as a model's.
    """

    def __init__(self, meta: Mapping[str, str], save: Callable[[dict[str, str]], Awaitable[None]]) -> None:
        self._save = save
        self._seen = set(answered_in(meta))

    @property
    def no_model(self) -> bool:
        """Whether no model has answered so far."""
        return MODEL not in self._seen

    @property
    def only_worlds(self) -> bool:
        """Whether simulated worlds have answered, and no model has; of whoever asks past us neither is known."""
        return MODEL not in self._seen and WORLD in self._seen

    async def saw(self, who: str) -> None:
        """Note who answered, before anything else is done with the answer."""
        if who not in self._seen:
            self._seen.add(who)
            await self._save({_META: json.dumps(sorted(self._seen))})


@dataclass(frozen=True)
class Witness:
    """Notes who gave each new reply."""

    inner: ModelClient
    answerers: Answerers

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        reply = await self.inner.complete(request)
        if reply.cached:
            return reply  # it was noted when it came
        by_world = READY if request.purpose == PROBE else WORLD
        await self.answerers.saw(by_world if reply.simulated else MODEL)
        return reply


@dataclass(frozen=True)
class WitnessedLender:
    """Notes that replies of other runs are taken: nobody knows whose they are."""

    inner: Lender
    answerers: Answerers

    async def borrow(self, key: str) -> Reply | None:
        """Return the reply of another run, if there is one."""
        lent = await self.inner.borrow(key)
        if lent is not None and not lent.simulated:
            await self.answerers.saw(MODEL)
        return lent
