"""What the judge was found to be like."""

from __future__ import annotations

from typing import Literal

from maspo.core.verdict import Reading
from maspo.events.base import RUN, Event, Span, event


@event
class JudgeChecked(Event):
    """What the judge said, in both orders, of hold-out inputs on which labels had decided."""

    readings: tuple[Reading, ...]
    kind: Literal["judge_checked"] = "judge_checked"

    @property
    def span(self) -> Span:
        """What it belongs to: the check of the judge."""
        return Span("judge_check", RUN.id)
