"""Figures of a whole watch: those of a window or a search alone would fall back at the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from maspo.core.sums import add_up
from maspo.core.usage import Usage, sum_by_purpose
from maspo.events import Event
from maspo.study.job import Progress, Watcher


@dataclass(frozen=True)
class Summed:
    """A ``Watcher`` of one part of the work: passes on what happens, with what all parts have used together."""

    told: Watcher
    parts: dict[int, Progress]
    """Where each part stood last; all parts share it."""
    part: int

    def on_event(self, event: Event) -> None:
        """Pass it on."""
        self.told.on_event(event)

    def on_progress(self, progress: Progress) -> None:
        """Remember where this part stands, and tell where the whole does."""
        self.parts[self.part] = progress
        parts = self.parts.values()
        prices = [one.usd for one in parts]
        self.told.on_progress(
            replace(
                progress,
                calls=sum(one.calls for one in parts),
                usd=None if None in prices else add_up(one or 0.0 for one in prices),
                seconds=add_up(one.seconds for one in parts),
                usage=self._usage(),
            )
        )

    def _usage(self) -> Mapping[str, Usage]:
        return sum_by_purpose(*(part.usage for part in self.parts.values()))
