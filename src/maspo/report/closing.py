"""The closing summary: the ten questions that a run answers, a line each, and below them what needs a look."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from maspo.report import phrases
from maspo.report.fold import RunView
from maspo.report.questions import Answer, answers
from maspo.report.visible import visible

Say: TypeAlias = Callable[[str], str]
"""Names settings in a text as its reader gives them: as options of a command, or as arguments of Python."""
_NAMES: Final = (
    "helped",
    "by much",
    "sure",
    "changed",
    "got worse",
    "misread",
    "cost",
    "ship",
    "more",
    "judge",
)
"""The questions of ``maspo.report.questions`` in a word or two, in their order."""
_NAME: Final = 11
"""Characters of the column of names."""
_MOST_CHARACTERS: Final = 360
"""Of an answer: four lines or five; the page has all of it."""
_LEAST: Final = 24
"""Characters of a column of answers, however narrow a screen is."""
WIDTH: Final = 100
"""Characters of a line, where it is not known what is wide enough for a reader."""
_MOST_NOTES: Final = 5
_CUT: Final = "\u00a0…"
"""Ends a text that was cut; at a blank that does not break, or it would stand alone on a line."""


def closing(view: RunView, width: int = WIDTH, say: Say = str) -> str:
    """Return ten answers to ten questions: did it help, by how much, is it sure, what changed, and so on.

    Lines have at most ``width`` characters, as far as words do; what follows in an answer stands below its beginning.
    ``say`` names settings as the reader gives them.
    """
    lines = []
    for name, one in zip(_NAMES, answered(view, say), strict=True):
        lines += _wrapped(name, one.answer, width)
    below = remarks(view, say)
    lines += ["", *(line for name, text in below for line in _wrapped(name, text, width))] if below else []
    return "\n".join(lines)


def answered(view: RunView, say: Say) -> list[Answer]:
    """Return the ten answers; what was spent, with the time that it took."""
    found = []
    for name, one in zip(_NAMES, answers(view), strict=True):
        time = f" Time: {phrases.duration(view.seconds)}." if name == "cost" and view.seconds is not None else ""
        found.append(replace(one, answer=say(one.answer + time)))
    return found


def remarks(view: RunView, say: Say) -> list[tuple[str, str]]:
    """Return what needs a look, each with what it is."""
    suspicious = [f"{agent.name}'s new prompt {what}" for agent in view.agents for what in agent.suspicious]
    faults = phrases.describe_faults(view.faults)
    found = [*_some("faults", faults), *_some("look at", suspicious), *_some("note", _notes(view))]
    return [(name, say(text)) for name, text in found]


def shortened(text: str) -> str:
    """Return an answer, cut at its end where it is too long, and nothing invisible in it."""
    return textwrap.shorten(visible(text), _MOST_CHARACTERS, placeholder=_CUT, break_on_hyphens=False)


def _wrapped(name: str, text: str, width: int) -> list[str]:
    """Return the lines of an answer, cut at its end where it is too long."""
    found = textwrap.wrap(shortened(text), max(width - _NAME, _LEAST), break_long_words=False, break_on_hyphens=False)
    found = [line.replace(_CUT, " …") for line in found]
    return [f"{name if place == 0 else '':<{_NAME}}{line}" for place, line in enumerate(found or [""])]


def _notes(view: RunView) -> list[str]:
    """Return what came otherwise than it should."""
    notes = [phrases.SIMULATED] if view.simulated else []
    notes += [phrases.STOPPED] if view.state == "stopped" else []
    notes += [view.hint] if view.hint else []
    if view.lost_calls:
        notes.append(f"{phrases.plural(len(view.lost_calls), 'call')} failed for good; counted as undecided or lost")
    notes += phrases.describe_health(view)
    return [*notes, *([phrases.describe_all_unsettled(view.unsettled)] if view.unsettled else [])]


def _some(name: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the first few of some remarks, and how many there are beside them."""
    yield from ((name, text) for text in texts[:_MOST_NOTES])
    if (left := len(texts) - _MOST_NOTES) > 0:
        yield name, f"{left} more in the report"
