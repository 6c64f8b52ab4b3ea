"""The searches by name. A further one is a module with ``begin``, ``ask`` and ``tell``, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from maspo.events import Event
from maspo.prompts import Prompts
from maspo.search import ascent, race
from maspo.search.setting import Setting
from maspo.search.work import Case, Result, Work


class SearchState(Protocol):
    """What the engine reads of a search's state."""

    @property
    def prompts(self) -> Prompts:
        """The joint prompts that the search stands by now."""
        ...

    @property
    def cases(self) -> tuple[Case, ...]:
        """The misalignment cases, newest first."""
        ...

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that the search told so far."""
        ...


class Method(Protocol):
    """A search: pure functions over its own state."""

    def begin(self, setting: Setting, seed_prompts: Prompts) -> Any:
        """Return the first state."""
        ...

    def ask(self, state: Any) -> tuple[Work, ...]:
        """Return the work that has no result yet; empty when the search is done."""
        ...

    def tell(self, state: Any, results: Mapping[str, Result]) -> Any:
        """Return the state after some results."""
        ...


METHODS: Mapping[str, Method] = {"ascent": ascent, "race": race}
