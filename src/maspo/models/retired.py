"""Models that their providers retire, and when: a small, dated table, for a word of warning and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

AS_OF = date(2026, 11, 28)
"""When the providers' pages on deprecations were last read. What endpoints themselves tell goes before."""
_OPENAI = "OpenAI's page on deprecations"
_ANTHROPIC = "Anthropic's page on model deprecations"
_ENDS: tuple[tuple[date, str, tuple[str, ...]], ...] = (
    (date(2025, 7, 21), _ANTHROPIC, ("claude-2.0", "claude-2.1", "claude-3-sonnet")),
    (date(2026, 1, 5), _ANTHROPIC, ("claude-3-opus",)),
    (date(2026, 6, 15), _ANTHROPIC, ("claude-sonnet-4", "claude-opus-4")),
    (date(2026, 10, 23), _OPENAI, ("gpt-4.1-nano", "o1", "o1-pro", "o3-mini", "o4-mini")),
    (date(2026, 12, 11), _OPENAI, ("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5-pro", "o3", "o3-pro")),
    (date(2027, 1, 14), _OPENAI, ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini")),
    (date(2027, 4, 1), _OPENAI, ("gpt-5.1",)),
)
_BY_NAME: Mapping[str, tuple[date, str]] = {name: (end, source) for end, source, names in _ENDS for name in names}
_SNAPSHOT = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
"""What stands behind the name of a model for one state of it."""


def retirement(model: str, today: date | None = None, told: str = "") -> str:
    """Return when a model is retired and who says so, in words; empty when nothing is known.

    ``told`` is the date that the endpoint tells of it (``shutdown_date`` in OpenAI's list of models).
    """
    today = today or date.today()
    source = "the endpoint's list of models"
    try:
        end = date.fromisoformat(told[:10])
    except ValueError:
        name = _SNAPSHOT.sub("", model.rpartition("/")[2].lower())
        if name not in _BY_NAME:
            return ""
        end, source = _BY_NAME[name]
        source += f", as of {_write_day(AS_OF)}"
    what = "has been retired since" if end <= today else "is retired on"
    return f"{model} {what} {_write_day(end)} ({source}); name another model with --agent-model, or that role's option"


def retired_names() -> tuple[str, ...]:
    """Return the names of the table."""
    return tuple(_BY_NAME)


def _write_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
