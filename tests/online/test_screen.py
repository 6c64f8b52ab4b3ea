"""What a watch tells in lines: windows that close, what speaks for a change, what is decided; each once."""

from __future__ import annotations

from dataclasses import replace

from maspo.online.control import Standing, State, Told
from maspo.online.plan import Plan
from maspo.online.screen import told_since

PLAN = Plan(calls=5000)
BEGAN = Standing("learning", 0, {"a": "x"}, {"a": "x"}, None, 0.0, {}, (0, 0), "2026-11", 0, 0.0, "", ())


def told(state: State, *earlier: Told, window: int = 4, **more: object) -> Standing:
    return replace(BEGAN, state=state, windows=window, calls=321, told=earlier, **more)  # type: ignore[arg-type]


def test_a_window_that_closes_has_a_line_with_what_speaks_for_a_change() -> None:
    quiet = told("in control")
    assert told_since(None, BEGAN, PLAN) == ["waiting for 60 inputs of window 1"]
    assert told_since(replace(quiet, windows=3), quiet, PLAN) == [
        "window 4: in control; 321 of 5,000 calls in 2026-11; nothing speaks for a change"
    ]
    uneasy = replace(quiet, windows=5, evidence=123.4, shares={"words": 100.0, "lengths": 23.4})
    assert told_since(quiet, uneasy, PLAN) == [
        "window 5: in control; 321 of 5,000 calls in 2026-11; evidence 123.4 of 1,000 for a change, most for: inputs "
        "speak of other things"
    ]


def test_decisions_are_told_once_and_what_it_waits_for_when_that_is_new() -> None:
    alarm, gain = (
        Told(4, "drifting", "inputs speak of other things"),
        Told(4, "in control", "the candidate is promoted"),
    )
    before, now = told("in control", window=3), told("drifting", alarm)
    assert told_since(before, now, PLAN)[1:] == ["window 4: drifting: inputs speak of other things"]
    later = replace(now, told=(alarm, gain), state="in control", waiting="the next month")
    assert told_since(now, later, PLAN) == [
        "window 4: in control: the candidate is promoted",
        "waiting: the next month",
    ]
    assert told_since(later, later, PLAN) == []
    assert told_since(None, later, PLAN)[0] == "goes on after 4 windows: in control"
