"""Parts of a prompt that tell when it was written, or in which run: values, also where a look sees them once. Pure."""

from __future__ import annotations

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from datetime import datetime, timedelta

_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?(?:[AaPp][Mm]\b|[AaPp]\.[Mm]\.))?"
_CLOCK += r"(?:\s?(?:UTC|GMT|Z\b)|[+-]\d{2}:?\d{2})?"
_TIME = re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])")
_NEAR = 2
"""Minutes around a look in which a clock's minutes are those of the look."""


def moments_in(text: str, now: datetime) -> tuple[str, ...]:
    """Return the parts of a text that hang on when or in which run it was made, the longest first.

    These are the day of a look (or a day beside it, as time zones have it) with the time after it, the time of the
    look by the clock of any time zone of whole or half hours, and UUIDs. Other days and times are the prompt's own.
    """
    days = "|".join(_spelled(now + timedelta(days=shift)) for shift in (0, -1, 1))
    dates = re.compile(rf"(?<![\w.-])(?:{days})(?:(?:T|,?\s+(?:at\s+)?){_CLOCK})?(?![\w-])", re.IGNORECASE)
    found = {match[0] for pattern in (dates, _UUID) for match in pattern.finditer(text)}
    found |= {match[0] for match in _TIME.finditer(text) if _is_near(match[0], now)}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def _spelled(day: datetime) -> str:
    """Return a pattern of the ways in which a day is written, the longer ones first."""
    year, month, number = f"{day:%Y}", f"0?{day.month}", f"0?{day.day}"
    name = f"(?:{month_name[day.month]}|{month_abbr[day.month]}\\.?)"
    week = f"(?:(?:{day_name[day.weekday()]}|{day_abbr[day.weekday()]}\\.?),?\\s+)?"
    ordinal = f"{number}(?:st|nd|rd|th)?"
    return "|".join(
        (
            rf"{week}{name}\s+{ordinal}(?:,?\s+{year})?",
            rf"{week}{ordinal}\.?\s+(?:of\s+)?{name}(?:,?\s+{year})?",
            rf"{week}{year}[-/.]{month}[-/.]{number}",
            rf"{week}{number}[-/.]{month}[-/.]{year}",
            rf"{week}{month}[-/.]{number}[-/.]{year}",
        )
    )


def _is_near(clock: str, now: datetime) -> bool:
    minutes = int(clock.partition(":")[2][:2])
    return any(abs((minutes - now.minute - shift + 30) % 60 - 30) <= _NEAR for shift in (0, 30))
