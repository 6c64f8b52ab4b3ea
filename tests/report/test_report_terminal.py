"""Texts of models on a terminal: nothing moves the cursor, changes a title, makes a link or hides a word."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
import typer
from rich.console import Console

from maspo.cli.app import guarded
from maspo.cli.panel import draw
from maspo.cli.runs import say_diff
from maspo.cli.terminal import note, print_json, say, table
from maspo.cli.watch import Board, PlainLines
from maspo.core.errors import UsageError
from maspo.events import (
    BudgetStopped,
    CallLost,
    CandidateScored,
    ConflictFound,
    DraftRejected,
    Event,
    Paused,
    PromptChanged,
    PromptKept,
    RunFinished,
    RunStarted,
    StepStarted,
)
from maspo.report.fold import fold
from maspo.report.text import summary
from maspo.report.visible import visible
from maspo.study.job import Progress
from tests.report.payloads import TERMINAL_PAYLOADS

_ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
PLAIN = set("\n\t\u200c\u200d")


def acting(text: str) -> set[str]:
    """Return the characters of a text that do something on a terminal, or hide."""
    return {one for one in text if unicodedata.category(one) in _ACTING} - PLAIN


def poisoned(event: Event, payload: str) -> Event:
    """Return an event whose free texts end in a payload."""
    names = ("text", "reason", "cap", "why", "after", "system", "agent", "run", "profile", "step", "purpose", "label")
    changes: dict[str, Any] = {name: f"{getattr(event, name)}{payload}" for name in names if hasattr(event, name)}
    return replace(event, **changes)


def story(whole_run: list[Event], payload: str) -> list[Event]:
    """Return one event of each kind that is shown while a run works, poisoned."""
    kinds = (RunStarted, StepStarted, CandidateScored, DraftRejected, PromptKept, PromptChanged, CallLost, RunFinished)
    first = [next(event for event in whole_run if isinstance(event, kind)) for kind in kinds]
    others: list[Event] = [
        ConflictFound("s", (payload, payload), (0.1, 0.1), -0.1, (payload,)),
        BudgetStopped(payload),
        Paused(payload, 1.0),
    ]
    return [poisoned(event, payload) for event in [*first[:-1], *others, first[-1]]]


def drawn(board: Board, colour: bool) -> str:
    target = io.StringIO()
    console = Console(file=target, width=400, force_terminal=colour, color_system="standard" if colour else None)
    console.print(draw(board))
    return target.getvalue()


def test_x00_there_are_three_hundred_payloads() -> None:
    assert len(set(TERMINAL_PAYLOADS)) == 300
    assert sum(bool(acting(payload)) for payload in TERMINAL_PAYLOADS) > 200


def test_x01_nothing_acts_in_a_summary_a_note_a_result_or_an_error(
    whole_run: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    for payload in TERMINAL_PAYLOADS:
        say(payload)
        say(table((payload, "n"), [(payload, payload)]))
        note(payload)
        say_diff(f"before {payload}", f"after {payload}")
        print_json({payload: payload})
        out, err = capsys.readouterr()
        assert acting(out + err) == set(), ascii(payload)
        assert visible(payload).strip() in out and visible(payload).strip() in err

        def fails(text: str = payload) -> None:
            raise UsageError(f"--out {text}: cannot be written")

        def breaks(text: str = payload) -> None:
            raise ValueError(text)

        for command in (fails, breaks):
            with pytest.raises(typer.Exit):
                guarded(command)()
            assert acting(capsys.readouterr().err) == set(), ascii(payload)


def test_x02_nothing_acts_in_the_text_report(whole_run: list[Event]) -> None:
    for payload in TERMINAL_PAYLOADS:
        text = summary(fold(story(whole_run, payload)))
        assert acting(text) == set(), ascii(payload)
        assert visible(payload).strip() in text


def test_x03_nothing_acts_in_progress_lines(whole_run: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    for payload in TERMINAL_PAYLOADS:
        lines = PlainLines(note)
        for event in story(whole_run, payload):
            lines.on_event(event)
        assert acting(capsys.readouterr().err) == set(), ascii(payload)


@pytest.mark.parametrize("colour", [False, True])
def test_x04_nothing_acts_in_the_panel_and_markup_is_text(whole_run: list[Event], colour: bool) -> None:
    progress = Progress(phase="search", done=1, wave=2, calls=3, calls_planned=4, usd=0.1, seconds=5.0, in_flight=6)
    calm = Board()
    for event in story(whole_run, ""):
        calm.on_event(event)
    calm.on_progress(progress)
    usual = {line.split("m", 1)[0] for line in drawn(calm, colour).split("\x1b")[1:]}
    for payload in TERMINAL_PAYLOADS:
        board = Board()
        for event in story(whole_run, payload):
            board.on_event(event)
        board.on_progress(progress)
        picture = drawn(board, colour)
        assert acting(picture) <= ({"\x1b"} if colour else set()), ascii(payload)
        assert {line.split("m", 1)[0] for line in picture.split("\x1b")[1:]} <= usual, ascii(payload)
        if payload.startswith("["):
            assert payload in picture, "markup is shown, not obeyed"
