"""The closing summary: the ten questions that a run answers, a line each, and below them what needs a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from maspo.report import phrases
from maspo.report.fold import RunView
from maspo.report.questions import answers
from maspo.report.visible import clipped, visible

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
_WIDTH: Final = 11
_MOST_CHARACTERS: Final = 400
"""Of an answer; the page has all of it."""
_MOST_NOTES: Final = 5


def closing(view: RunView) -> str:
    """Return ten lines for ten questions: did it help, by how much, is it sure, what changed, and so on."""
    lines = []
    for name, one in zip(_NAMES, answers(view), strict=True):
        text = " ".join(one.answer.split())
        if name == "cost" and view.seconds is not None:
            text = f"{text} Time: {phrases.duration(view.seconds)}."
        lines.append(f"{name:<{_WIDTH}}{clipped(text, _MOST_CHARACTERS)}")
    suspicious = [f"{agent.name}'s new prompt {what}" for agent in view.agents for what in agent.suspicious]
    below = [*_some("look at", suspicious), *_some("note", _notes(view))]
    lines += ["", *(f"{name:<{_WIDTH}}{clipped(text, _MOST_CHARACTERS)}" for name, text in below)] if below else []
    return visible("\n".join(line.rstrip() for line in lines))


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
