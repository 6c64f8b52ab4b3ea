"""Looking on at turns as at one piece of work: one clock, one bill, and no verdict before the end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from maspo.core.usage import Usage
from maspo.events import Event, RunFinished
from maspo.study.alternation.plan import Alternation
from maspo.study.job import Progress, Watcher


@dataclass(frozen=True)
class OfTheWhole:
    """Tells a watcher of one turn what it means for the whole."""

    watcher: Watcher
    asked: Alternation
    spent: Usage
    """By the turns before."""
    seconds: float
    """Of the turns before."""

    def on_event(self, event: Event) -> None:
        """Tell of an event; how a turn ends is not how the whole ends: what it holds out is one input."""
        if not isinstance(event, RunFinished):
            self.watcher.on_event(event)

    def on_progress(self, progress: Progress) -> None:
        """Tell where the whole stands."""
        caps, known = self.asked.job.config.caps, (progress.usd, self.spent.usd)
        self.watcher.on_progress(
            replace(
                progress,
                calls=self.spent.calls + progress.calls,
                calls_planned=self.asked.calls,
                usd=None if known[0] is None or known[1] is None else known[0] + known[1],
                seconds=self.seconds + progress.seconds,
                usd_cap=caps.usd,
                seconds_cap=None if caps.minutes is None else 60 * caps.minutes,
            )
        )
