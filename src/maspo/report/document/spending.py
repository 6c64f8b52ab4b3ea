"""What single calls tell together, added up as they come: by agent and model, how long they took, the course of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from maspo.core.usage import Usage
from maspo.report import phrases
from maspo.report.document import model
from maspo.report.document.extras import Spending
from maspo.report.document.parts.cost import spent
from maspo.report.document.room import short
from maspo.store import CallMade, Unpriced

_MOST_POINTS = 160
"""Of the curve of what was spent: more than a chart has pixels for a line's bends."""
_MOST_SPENDERS = 300
_RESTED = 10.0
"""Seconds between a reply and the next call, none in flight, that are no work: no search thinks so long in between."""


@dataclass
class _Sum:
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    unmetered: int = 0
    unpriced: int = 0
    usd: float = 0.0

    def add(self, call: CallMade) -> None:
        self.calls += 1
        self.tokens_in += call.tokens_in or 0
        self.tokens_out += call.tokens_out or 0
        self.unmetered += call.tokens_in is None or call.tokens_out is None
        self.unpriced += call.usd is None
        self.usd += call.usd or 0.0

    @property
    def usage(self) -> Usage:
        return Usage(
            calls=self.calls,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            unmetered=self.unmetered,
            usd=None if self.unpriced else self.usd,
        )


@dataclass
class CallsSoFar:
    """The calls of a run up to now; adding one takes the same time however many there are."""

    _first: float = math.inf
    """When the first call was sent."""
    _last: float = 0.0
    _rest: float = 0.0
    """Seconds in which no call was in flight for long: the run was paused, or interrupted and resumed."""
    _whole: _Sum = field(default_factory=_Sum)
    _agents: dict[str, _Sum] = field(default_factory=dict)
    _models: dict[str, _Sum] = field(default_factory=dict)
    _seconds: dict[str, list[float]] = field(default_factory=dict)
    """Of every reply, by purpose."""
    _course: list[tuple[float, float, int]] = field(default_factory=list)
    """After each call: the time, and money and tokens until then."""

    def add(self, calls: Iterable[CallMade]) -> None:
        """Take in calls, in the order of their replies."""
        for call in calls:
            without = call.at - call.seconds - self._last
            self._rest += without if self._course and without > _RESTED else 0.0
            self._first = min(self._first, call.at - call.seconds)
            self._last = max(self._last, call.at)
            self._whole.add(call)
            self._agents.setdefault(call.agent or phrases.purpose(call.purpose), _Sum()).add(call)
            self._models.setdefault(call.model, _Sum()).add(call)
            self._seconds.setdefault(call.purpose, []).append(call.seconds)
            whole = self._whole
            self._course.append((call.at - self._rest, whole.usd, whole.tokens_in + whole.tokens_out))

    def spending(
        self,
        in_flight: int,
        afterwards: Sequence[tuple[Unpriced, float]] = (),
        costs: Sequence[float | None] = (),
    ) -> Spending:
        """Return what they tell together; ``afterwards`` are calls whose price came to be known, with their cost.

        ``costs`` are then those of each call.
        """
        agents, models = dict(self._agents), dict(self._models)
        for one, usd in afterwards:
            for group, name in ((agents, one.agent or phrases.purpose(one.purpose)), (models, one.model)):
                if name in group:
                    known = group[name]
                    group[name] = replace(known, unpriced=known.unpriced - one.calls, usd=known.usd + usd)
        return Spending(
            agents=_ranked(agents),
            models=_ranked(models),
            latency=tuple(self._latency(purpose) for purpose in self._seconds),
            burn=self._burn(costs),
            in_flight=in_flight,
            seconds=self._last - self._rest - self._first if self._course else None,
        )

    def _latency(self, purpose: str) -> model.Latency:
        """Return the quantiles of durations: each a duration that was seen (nearest rank)."""
        seconds = self._seconds[purpose]
        seconds.sort()  # in place: what was sorted before is merged with what came since

        def at(share: float) -> float:
            return round(seconds[max(0, math.ceil(share * len(seconds)) - 1)], 3)

        return model.Latency(short(phrases.purpose(purpose)), len(seconds), at(0.5), at(0.9), at(0.99), at(1.0))

    def _burn(self, costs: Sequence[float | None]) -> tuple[model.Burn, ...]:
        """Return what had been spent at some moments, evenly over the calls; the last one has all."""
        n, priced = len(self._course), not self._whole.unpriced
        course = self._course
        known = [usd for usd in costs[:n] if usd is not None]
        if not priced and len(known) == n:
            priced = True
            course = [(at, usd, tokens) for (at, _, tokens), usd in zip(course, accumulate(known), strict=True)]
        every = max(1, math.ceil(n / _MOST_POINTS))
        numbers = [*range(every, n, every), *([n] if n else [])]
        points = [(number, *course[number - 1]) for number in numbers]
        return tuple(
            model.Burn(round(at - self._first, 3), number, round(usd, 6) if priced else None, tokens)
            for number, at, usd, tokens in points
        )


def _ranked(found: dict[str, _Sum]) -> tuple[model.Spent, ...]:
    ranked = sorted(found.items(), key=lambda one: -one[1].calls)
    return tuple(spent(name, one.usage) for name, one in ranked[:_MOST_SPENDERS])
