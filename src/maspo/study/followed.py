"""A search as it is followed: what it tells is held against what its record says that it told. Resume is replay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from maspo.core.errors import StoreError
from maspo.events import Event, SearchEvent, StepStarted, standing
from maspo.events.base import SEARCH
from maspo.optimizers.base import AskModel, Compare, Propose, Request, Vet
from maspo.store.codec import RecordedResult, decoded_again


class FollowedSearch:
    """The path of a search: what it has told so far, and in which of its steps each agent is.

    ``recorded`` are the events of the record, as it grows; ``publish`` records more.
    """

    def __init__(self, recorded: Sequence[Event], publish: Callable[..., Awaitable[None]]) -> None:
        self._recorded, self._publish = recorded, publish
        self._path: list[SearchEvent] | None = None
        """What the search has told, recorded or new; None before it tells something."""
        self.told = 0
        """How many events the search has told."""
        self._steps: dict[str, str] = {}
        """The step that each agent is in."""

    async def follow(self, events: Sequence[SearchEvent]) -> None:
        """Publish further events of a search, those that are not recorded yet.

        Raises:
            StoreError: the search takes another path than the one recorded: it was another version of maspo.
            TypeError: the optimizer tells something that no search does, which could not be told again.

        """
        for event in events:
            if not isinstance(event, SearchEvent):
                raise TypeError(f"the optimizer told {event!r}; derive it from SearchEvent or StepEvent")
        if self._path is None:
            # Only now is the optimizer at work, so kinds of events of its own are registered.
            again = [one for one in map(decoded_again, self._recorded) if not isinstance(one, RecordedResult)]
            self._path = [event for event in standing(again) if isinstance(event, SearchEvent)]
        self._steps |= {event.agent: event.step for event in events if isinstance(event, StepStarted)}
        known = self._path[self.told : self.told + len(events)]
        if list(events[: len(known)]) != known:
            raise StoreError(
                "the search does not repeat what this run recorded; it was made by another version of maspo: "
                "resume it with that one, or start a new run"
            )
        self.told += len(events)
        new = events[len(known) :]
        self._path += new
        await self._publish(*new)

    def span_of(self, request: Request) -> str:
        """Return what a request of the search belongs to: the step that its agent is in, if it says whose it is."""
        if isinstance(request, Compare | Propose | AskModel | Vet):
            return self._steps.get(request.agent, SEARCH.id)
        return SEARCH.id
