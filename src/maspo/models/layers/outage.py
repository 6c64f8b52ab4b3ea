"""How an endpoint stands that answers no call, in words: what it does instead, and what helps."""

from __future__ import annotations

from maspo.models.base import NoCompletion, Stage, Transient

_DOES = {
    Stage.UNREACHED: "the endpoint cannot be reached",
    Stage.LOST: "the endpoint does not answer",
    Stage.REFUSED: "the endpoint answers with errors only",
    Stage.LIMITED: "the endpoint answers only that calls come too fast, or are too many",
}
_HELPS = {
    Stage.UNREACHED: "see that it runs, and go on then",
    Stage.LOST: "see that it runs, and whether models.timeout is long enough for it; go on then",
    Stage.REFUSED: "see its log, or the status page of the provider, and go on when it answers again",
    Stage.LIMITED: (
        "let fewer calls be in flight (models.concurrency), go on when its limit is reset, or use another key or model"
    ),
}
_LEAST = 1.0
"""Seconds; a shorter wait that is asked for is over before anybody has read of it."""


def does(fault: Transient | None) -> str:
    """Return what an endpoint does that answers no call, by what became of the last one."""
    if isinstance(fault, NoCompletion):
        return "what answers there is no endpoint of chat completions"
    return _DOES[Stage.LOST if fault is None else fault.stage]


def asks(fault: Transient | None) -> str:
    """Return how long it asks to wait, as the end of a sentence; empty where it does not."""
    wait = fault.retry_after if fault is not None else None
    return f"; it asks to wait {wait:,.0f} s" if wait is not None and wait >= _LEAST else ""


def helps(fault: Transient | None) -> str:
    """Return what can be done about it; empty where the fault says it."""
    return "" if isinstance(fault, NoCompletion) else _HELPS[Stage.LOST if fault is None else fault.stage]
