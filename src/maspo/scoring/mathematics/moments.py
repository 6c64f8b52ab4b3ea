"""Times of day and dates, which people write in more ways than numbers. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

Moment: TypeAlias = tuple[str, int, int, int]
"""``("time", hour, minute, second)`` on the clock of 24 hours, or ``("date", year, month, day)``."""

_MONTHS = "january february march april may june july august september october november december"
_MONTH = {name[:3]: number for number, name in enumerate(_MONTHS.split(), 1)}
_NAMES = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS.split()) + "|sept"
_CLOCK = re.compile(
    r"(?:at )?(\d{1,2})(?:[:.h](\d{2}))?(?::(\d{2}))? ?(a\.? ?m\.?|p\.? ?m\.?|in the (?:morning|afternoon|evening)"
    r"|at night|o'?clock"
    r"(?: in the (?:morning|afternoon|evening))?|uhr|hrs?|hours)?"
)
_NAMES_OF_HOURS = "one two three four five six seven eight nine ten eleven twelve"
_HOURS = {name: hour for hour, name in enumerate(_NAMES_OF_HOURS.split(), 1)}
_MINUTES = {"five": 5, "ten": 10, "quarter": 15, "twenty": 20, "twenty-five": 25, "half": 30}
_QUARTERS = re.compile(
    rf"(?:at )?(?:a )?({'|'.join(_MINUTES)})(?: minutes)? (past|to) (\d{{1,2}}(?!\d)|{'|'.join(_HOURS)})\b(.*)"
)
"""Times in words: half past 3, ten to five."""
_FACE = re.compile(r"(?:at )?(\d{1,2})(?::([0-5]\d))?(?: ?oclock)?")
_SAID = {"noon": (12, 0), "midday": (12, 0), "12 noon": (12, 0), "midnight": (0, 0), "12 midnight": (0, 0)}
_SAID |= {"12:00 noon": (12, 0), "12:00 midnight": (0, 0)}
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<name>{_NAMES})\.?,? (?P<year>\d{{4}})",
        rf"(?P<name>{_NAMES})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})",
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<name>{_NAMES})(?P<year>)",
        rf"(?P<name>{_NAMES})\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?P<year>)",
    )
)
_WEEKDAY = re.compile(r"^(?:mon|tues|wednes|thurs|fri|satur|sun)day,? ")
_HOURS_BEFORE_MINUTES = re.compile(r"(?<=\d) ?h ?(?=\d\d(?!\d))")
_LETTERS = re.compile(r"[A-Za-z]{2}|[ap]\.|\d[ \"]*h[ \"]*\d")
_LONGEST = 40


def moment(text: str) -> Moment | None:
    """Return the time of day or the date that a text is; None when it is neither, or no half of the day is known.

    Of 9:15 alone nobody knows which half is meant; the calendar's 13 to 24 and the words for noon say it.
    """
    if len(text) > _LONGEST or "\\" in text or not (":" in text or "-" in text[4:5] or _LETTERS.search(text)):
        return None
    return _moment(text)


@lru_cache(maxsize=1024)
def _moment(text: str) -> Moment | None:
    plain = " ".join(text.replace('"', " ").replace("'", "").split()).casefold().strip(" .")
    plain = plain.replace(" ,", ",")
    plain = _HOURS_BEFORE_MINUTES.sub("h", plain)
    if not plain or not (plain[0].isalnum()):
        return None
    said = _SAID.get(plain)
    if said is not None:
        return ("time", *said, 0)
    return _date(_WEEKDAY.sub("", plain).removeprefix("on ").removeprefix("the ")) or _time(
        _QUARTERS.sub(_on_the_clock, plain)
    )


def clock_face(text: str) -> str:
    """Return a time of day as a clock of twelve hours shows it, "5 o'clock" as 5:00; nothing for any other text."""
    known = moment(text)
    if known is not None:
        return f"{known[1] % 12 or 12}:{known[2]:02}" if known[0] == "time" and not known[3] else ""
    plain = " ".join(text.replace('"', " ").replace("'", "").split()).casefold().strip(" .")
    found = _FACE.fullmatch(_QUARTERS.sub(_on_the_clock, plain))
    return f"{int(found[1])}:{found[2] or '00'}" if found is not None else ""


def _on_the_clock(found: re.Match[str]) -> str:
    """Write half past 3 as 3:30."""
    hour, minute = _HOURS.get(found[3]) or int(found[3]), _MINUTES[found[1]]
    if found[2] == "to":
        hour, minute = hour - 1 or 12, 60 - minute
    return f"{hour}:{minute:02}{found[4]}"


def _date(plain: str) -> Moment | None:
    found = next((found for pattern in _DATES if (found := pattern.fullmatch(plain))), None)
    if found is None:
        return None
    groups = found.groupdict()
    month = _MONTH[groups["name"][:3]] if groups.get("name") else int(groups["month"])
    return ("date", int(groups["year"] or 0), month, int(groups["day"]))


def _time(plain: str) -> Moment | None:
    found = _CLOCK.fullmatch(plain)
    if found is None or not (found[2] or found[4]):
        return None
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    half = (found[4] or "").replace(".", "").replace(" ", "")
    if hour > 24 or minute > 59 or half.startswith(("hr", "hour")):
        return None
    late = half.startswith("p") or "afternoon" in half or "evening" in half or (half == "atnight" and hour >= 6)
    early = (half.startswith("a") and half != "atnight") or "morning" in half
    if not (late or early) and not (hour > 12 or found[1].startswith("0")):
        return None
    if late or early:
        hour = hour % 12 + (12 if late else 0)
    return ("time", hour, minute, second)
