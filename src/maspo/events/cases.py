"""Misalignment cases with their texts, for whoever reads the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from maspo.events.base import RUN, Event, Span, event


@event
class CaseShown(Event):
    """The texts of a misalignment case, for the report: both traces, keyed by agent, downstream of the change."""

    agent: str
    input_key: str
    input_text: str
    candidate_prompt: str
    reference_prompt: str
    candidate_outputs: Mapping[str, str]
    reference_outputs: Mapping[str, str]
    lost: tuple[str, ...]
    step: str
    label: str = ""
    """The input's name for people: its id, when it has one."""
    kind: Literal["case_shown"] = "case_shown"

    @property
    def span(self) -> Span:
        """What it belongs to: the cases that are shown of a search."""
        return Span("cases", RUN.id)
