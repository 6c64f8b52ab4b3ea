"""What a run was asked for and what happened, line by line, in a document. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.events import (
    BudgetStopped,
    CallLost,
    CallUnsettled,
    ConflictFound,
    Event,
    Paused,
    PromptChanged,
    RunFinished,
    Warned,
)
from maspo.report import phrases
from maspo.report.document import model
from maspo.report.document.extras import RecordEntry
from maspo.report.document.room import MOST_LISTED, MOST_REASON, Room, short, shorten
from maspo.report.fold import RunView
from maspo.report.lines import TOPICS, told_of
from maspo.store.codec import RecordedResult

_LOG = 60_000
"""Bytes for lines of the log: a few hundred."""
_MOST_LINES = 500


def settings_of(view: RunView) -> model.Settings:
    """Return what the run was asked for."""
    started = view.started
    if started is None:
        return model.Settings((), ())
    search, held_out = phrases.number(started.search_inputs), phrases.number(started.holdout_inputs)
    values = (
        ("run", started.run),
        ("profile", started.profile),
        ("search method", started.method or "not recorded"),
        ("decided by", started.decided_by),
        ("seed", str(started.seed)),
        ("inputs", f"{search} for the search, {held_out} held out"),
        *((f"model: {purpose}", name) for purpose, name in started.models.items()),
        ("maspo version", started.version),
    )
    return model.Settings(
        values=tuple((short(name), shorten(value)) for name, value in values),
        notes=tuple(shorten(note, 2 * MOST_REASON) for note in started.notes[:MOST_LISTED]),
    )


def log_of(entries: Sequence[RecordEntry], view: RunView) -> tuple[model.LogLine, ...]:
    """Return what happened, the latest last; of results of requests only the search's own account of them."""
    room, told = Room(_LOG), list[model.LogLine]()
    for one in reversed(entries):
        if isinstance(one.item, RecordedResult):
            continue
        if len(told) == _MOST_LINES or room.full():
            break
        kind, text = one.item.kind, told_of(one.item, view.started)
        about = TOPICS.get(kind, "other")
        told.append(model.LogLine(one.seq, one.at, kind, about, _tone(one.item), room.fit(text, MOST_REASON)))
    return tuple(reversed(told))


def _tone(happened: Event) -> model.Tone:
    match happened:
        case PromptChanged():
            return "good"
        case RunFinished():
            return "good" if happened.verdict == "improved" else "bad" if happened.verdict == "worse" else "note"
        case CallLost() | CallUnsettled() | BudgetStopped() | ConflictFound():
            return "bad"
        case Warned() | Paused():
            return "note"
        case _:
            return "plain"
