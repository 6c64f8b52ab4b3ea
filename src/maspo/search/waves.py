"""Waves: what every search shares. A search asks for a wave of work and moves when the wave is whole. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from maspo.search.work import Result, Work


class Waiting(Protocol):
    """A state that waits for the results of a wave."""

    @property
    def wave(self) -> tuple[Work, ...]:
        """The work in flight."""
        ...

    @property
    def told(self) -> Mapping[str, Result]:
        """Its results so far, by work id."""
        ...

    @property
    def done(self) -> bool:
        """Whether the search has ended."""
        ...


S = TypeVar("S", bound=Waiting)


def unanswered(state: Waiting) -> tuple[Work, ...]:
    """Return the work of the wave that has no result yet."""
    return tuple(work for work in state.wave if work.id not in state.told)


def answers(state: Waiting) -> list[tuple[Work, Result]]:
    """Return the work of a whole wave with its results, in the order in which it was asked for."""
    return [(work, state.told[work.id]) for work in state.wave]


def taken(state: S, results: Mapping[str, Result]) -> S:
    """Return the state with some results of the wave.

    Raises:
        KeyError: a result belongs to no work of the wave.

    """
    stray = results.keys() - {work.id for work in state.wave}
    if stray:
        raise KeyError(f"results that were not asked for: {sorted(stray)[:3]}")
    changed: dict[str, Any] = {"told": {**state.told, **results}}
    return replace(state, **changed)  # type: ignore[type-var]  # every state is a dataclass


def moved(state: S, step: Callable[[S], S]) -> S:
    """Move a state as long as its wave is whole."""
    while not state.done and not unanswered(state):
        state = step(state)
    return state
