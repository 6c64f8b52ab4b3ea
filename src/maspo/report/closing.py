"""The closing summary: the ten questions that a run answers, a line each, and below them what needs a look."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from maspo.report import phrases, sentences
from maspo.report.fold import RunView
from maspo.report.in_short import Say, cost_in_short, in_short
from maspo.report.questions import NOT_YET, Answer, answers
from maspo.report.team_cost import cost_in_use
from maspo.report.visible import visible

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
"""Of a remark: four lines or five; the page has all of it."""
_LEAST: Final = 24
"""Characters of a column of answers, however narrow a screen is."""
WIDTH: Final = 100
"""Characters of a line, where it is not known what is wide enough for a reader."""
_MOST_NOTES: Final = 5
_CUT: Final = "\u00a0…"
"""Ends a text that was cut; at a blank that does not break, or it would stand alone on a line."""


def closing(view: RunView, width: int = WIDTH, say: Say = str) -> str:
    """Return ten answers to ten questions: did it help, by how much, is it sure, what changed, and so on.

    Of a run that has not finished those that only its end answers are left out. Below the cost of the run stands that
    of the team in use, once the test has told it. Each has a line of at most ``WIDTH`` characters; where lines have at
    most ``width``, it goes on below its beginning. ``say`` names settings as the reader gives them.
    """
    told = [one for one in zip(_NAMES, in_short(view, WIDTH - _NAME, say), strict=True) if one[1] != NOT_YET]
    if change := cost_in_use(view):
        behind = 1 + [name for name, _ in told].index("cost")
        told.insert(behind, ("in use", cost_in_short(view, change, WIDTH - _NAME)))
    below = remarks(view, say)
    told += [("", ""), *below] if below else []
    return "\n".join(line for name, text in told for line in _wrapped(name, text, width))


def answered(view: RunView, say: Say) -> list[Answer]:
    """Return the ten answers; what was spent, with the time that it took."""
    found = []
    for name, one in zip(_NAMES, answers(view), strict=True):
        time = f" Time: {phrases.duration(view.seconds)}." if name == "cost" and view.seconds is not None else ""
        found.append(replace(one, answer=say(one.answer + time)))
    return found


def remarks(view: RunView, say: Say) -> list[tuple[str, str]]:
    """Return what needs a look, each with what it is."""
    suspicious = [told for agent in view.agents for told in sentences.look_at(agent.name, agent.suspicious, (), "")]
    suspicious += [
        told for agent in view.agents for told in sentences.look_at(agent.name, (), agent.brought, agent.winner)
    ]
    faults = sentences.describe_faults(view.faults)
    found = [*_some("faults", faults), *_some("look at", suspicious), *_some("note", _notes(view))]
    return [(name, say(text)) for name, text in found]


def shortened(text: str) -> str:
    """Return an answer, cut at its end where it is too long, and nothing invisible in it."""
    return textwrap.shorten(visible(text), _MOST_CHARACTERS, placeholder=_CUT, break_on_hyphens=False)


def _wrapped(name: str, text: str, width: int) -> list[str]:
    """Return the lines of a text below each other, the first behind its name; cut at its end where it is too long."""
    found = textwrap.wrap(shortened(text), max(width - _NAME, _LEAST), break_long_words=False, break_on_hyphens=False)
    found = [line.replace(_CUT, " …") for line in found]
    return [f"{name if place == 0 else '':<{_NAME}}{line}".rstrip() for place, line in enumerate(found or [""])]


def _notes(view: RunView) -> list[str]:
    """Return what came otherwise than it should."""
    notes = [sentences.STOPPED] if view.state == "stopped" else []
    cut_off = view.finished if sentences.is_cut_off(view) else None
    capped, left = cut_off.why if cut_off is not None else "", sentences.what_a_cap_left(view)
    if left and not capped:
        capped = f"{view.budget_stops[-1].cap} ended the search. {left}"
    notes += [one for one in (capped, sentences.describe_untested(view), view.hint) if one]
    if view.lost_calls:
        notes.append(f"{phrases.plural(len(view.lost_calls), 'call')} failed for good; counted as undecided or lost")
    notes += sentences.describe_health(view)
    return [*notes, *([sentences.describe_all_unsettled(view.unsettled)] if view.unsettled else [])]


def _some(name: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the first few of some remarks, and how many there are beside them."""
    yield from ((name, text) for text in texts[:_MOST_NOTES])
    if (left := len(texts) - _MOST_NOTES) > 0:
        yield name, f"{left} more in the report"
