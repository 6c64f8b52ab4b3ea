"""Refusals that name nothing ("Bad Request", "Request contains an invalid argument."): what they may be about.

Only what no request that was taken ever had can be it. Each such part is left out by itself, then all together, in
requests that are refused for free; what helps is kept, and said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from dataclasses import dataclass, field, replace
from functools import reduce

from maspo.models.base import Request
from maspo.models.dialects import Dialect

_WORDS = {
    "stream_options": "no stream_options",
    "seed": "no seed",
    "temperature": "no temperature",
    "system": "no system message",
    "max_tokens": "max_completion_tokens in place of max_tokens",
    "stream": "no streams",
}
"""The parts of a request, by how little is lost without them, and what a request is without each, in words."""


@dataclass
class Guesses:
    """What is tried for one model, and what requests that were taken had."""

    taken: set[str] = field(default_factory=set)
    """Parts of requests that were taken."""
    tried: set[str] = field(default_factory=set)
    left: deque[tuple[str, ...]] = field(default_factory=deque)
    """Parts that are still to be left out, together where they stand together."""
    before: Dialect | None = None
    """How it was asked before something was left out; None while nothing is tried."""
    out: tuple[str, ...] = ()
    """What is left out now."""

    @property
    def what(self) -> str:
        """What is left out now, in words."""
        return ", ".join(_WORDS[one] for one in self.out)

    def next(self, request: Request, dialect: Dialect) -> Dialect | None:
        """Return how to ask instead of in a dialect that was refused; None when nothing is left to be tried."""
        if self.before is None:
            open_ones = parts_of(request, dialect) - self.taken - self.tried
            suspects = [one for one in _WORDS if one in open_ones]
            self.tried |= set(suspects)
            self.left = deque((one,) for one in suspects)
            if len(suspects) > 1:
                self.left.append(tuple(suspects))
            self.before = dialect
        if not self.left:
            self._end()
            return None
        self.out = self.left.popleft()
        return reduce(_without, self.out, self.before)

    def take(self, request: Request, dialect: Dialect, now: Dialect) -> tuple[Dialect, str]:
        """Take note of a request that was taken; return how to ask from now on, and what had to be left out, in words.

        One that was sent before the refusal clears what is left out now: it is not that.
        """
        if len(self.taken) < len(_WORDS):
            self.taken |= parts_of(request, dialect)
        if self.before is not None and not self.taken.isdisjoint(self.out):
            now = self.before
            self.tried &= self.taken
            self._end()
        helped = ""
        if dialect == now:
            helped = self.what
            self._end()
        return now, helped

    def _end(self) -> None:
        self.before, self.out = None, ()
        self.left.clear()


def parts_of(request: Request, dialect: Dialect) -> Set[str]:
    """Return the parts of a request that some endpoints refuse."""
    has = {
        "max_tokens": dialect.tokens == "max_tokens",
        "seed": dialect.seed and request.identity,
        "stream": dialect.stream,
        "stream_options": dialect.stream == "metered",
        "system": dialect.system == "system" and "system" in [one.role for one in request.messages],
        "temperature": dialect.temperature,
    }
    return {name for name, there in has.items() if there}


def _without(dialect: Dialect, part: str) -> Dialect:
    match part:
        case "max_tokens":
            return replace(dialect, tokens="max_completion_tokens")
        case "seed":
            return replace(dialect, seed="")
        case "stream":
            return replace(dialect, stream="")
        case "stream_options":
            return replace(dialect, stream="plain" if dialect.stream else "")
        case "system":
            return replace(dialect, system="user")
        case _:
            return replace(dialect, temperature="")
