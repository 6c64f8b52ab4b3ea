"""What is shown while a run works: one line per step for logs, a panel for people; model text stays text."""

from __future__ import annotations

import fcntl
import io
import os
import re
import struct
import subprocess
import sys
import termios
from dataclasses import replace

import pytest
from rich.console import Console

from maspo.cli.panel import draw, live_panel
from maspo.cli.runs import say_diff
from maspo.cli.watch import CALLS_SHOWN, Board, PlainLines, cost, remaining, watching
from maspo.core.errors import ConfigInvalid
from maspo.events import (
    BudgetStopped,
    CallLost,
    CallUnsettled,
    CandidateScored,
    ConflictFound,
    Event,
    FaultsWeighed,
    HoldoutResult,
    InfluenceMeasured,
    LevelAgreement,
    LevelCounts,
    Paused,
    PromptChanged,
    PromptKept,
    RunFinished,
    RunStarted,
    SearchEnded,
    StepStarted,
)
from maspo.report.lines import step_name
from maspo.study.job import Progress

COUNTS = LevelCounts()
FINISHED = RunFinished(
    "no_evidence",
    "seed",
    "Why.",
    HoldoutResult(0, 0, 0, 0, 0, 1.0, 0.0, (-1.0, 1.0), None),
    {},
    {},
    {},
    1.0,
    complete=False,
)


def scored(candidate: str, score: float, text: str = "text", kept: bool = True) -> CandidateScored:
    return CandidateScored("s", "solver", candidate, text, "parent", score, score, COUNTS, COUNTS, COUNTS, 10, 0, kept)


def started(simulated: bool = False, profile: str = "default") -> RunStarted:
    return RunStarted(
        run="r",
        system="team",
        agents=("solver",),
        reads={"solver": ()},
        seed_prompts={"solver": "Solve it."},
        profile=profile,
        seed=0,
        search_inputs=5,
        holdout_inputs=5,
        models={},
        simulated=simulated,
        version="0",
    )


def progress(calls: int = 40, planned: int = 100, usd: float | None = None, phase: str = "search") -> Progress:
    return Progress(phase, 3, 10, calls, planned, usd, 20.0, 4)


STEP = StepStarted("s", "solver", 1, 2, 3, 3)
EVENTS: list[tuple[Event, str]] = [
    (started(), "team: 1 agent, 5 inputs to search, 5 held out"),
    (STEP, "pass 1/3, solver, generation 2/3"),
    (StepStarted("s", "solver", 2, 0, 3, 3), "pass 2/3, solver, Beam Refresh"),
    (PromptKept("s", "solver", "no candidate was better"), "  solver: prompt kept, no candidate was better"),
    (PromptChanged("s", "solver", "a", "b", "3 wins"), "  solver: new prompt, 3 wins"),
    (StepStarted("r3/solver", "solver", 3, 1, 12, 1), "round 3 of at most 12"),
    (
        ConflictFound("r3", ("solver", "critic"), (0.05, 0.025), -0.1, ("k1",)),
        "  conflict: the changes of solver and critic each won alone (+0.050 and +0.025) and lost together (−0.100, "
        "on 1 input where neither lost alone); that of solver was kept",
    ),
    (
        PromptKept("s", "solver", "50% of its outputs preferred"),
        "  solver: prompt kept, 50% of its outputs preferred, a tie counted as half",
    ),
    (
        FaultsWeighed(
            "r2", {"late@solver": 0.1, "nonsense@solver": 0.5}, {"late@solver": 0.25, "nonsense@solver": 0.75}
        ),
        "  faults: before round 2, cost in answers lost: nonsense@solver +50.0%, late@solver +10.0%; met most in it, "
        "of the inputs under a fault: nonsense@solver on 75.0%, late@solver on 25.0%",
    ),
    (
        SearchEnded("it is over for 2 of 7 agents (--focus auto) (search.calls)", LevelAgreement(), LevelAgreement()),
        "search ended: it is over for 2 of 7 agents (--focus auto; search.calls)",
    ),
    (SearchEnded("all was done", LevelAgreement(), LevelAgreement()), "search ended: all was done"),
    (InfluenceMeasured((), (), "look at the wiring"), "hint: look at the wiring"),
    (BudgetStopped("--max-calls 5"), "budget reached: --max-calls 5"),
    (Paused("asked", 1.0), "paused: asked"),
]


@pytest.mark.parametrize(("event", "line"), EVENTS)
def test_each_event_is_one_line(event: Event, line: str) -> None:
    written: list[str] = []
    PlainLines(written.append).on_event(event)
    assert written == [line]


def test_lines_begin_with_time_and_calls_once_they_are_known() -> None:
    written: list[str] = []
    lines = PlainLines(written.append)
    lines.on_progress(progress())
    lines.on_event(STEP)
    assert written == ["[20.0 s, 40 calls] pass 1/3, solver, generation 2/3"]


def test_the_paper_has_passes_where_the_race_has_rounds() -> None:
    written: list[str] = []
    lines, board, step = PlainLines(written.append), Board(), StepStarted("p1/solver/g1", "solver", 1, 1, 3, 1)
    for event in (started(profile="paper"), step):
        lines.on_event(event)
        board.on_event(event)
    assert written[-1] == "pass 1/3, solver"
    assert "pass 1/3, solver" in picture(board)


def test_half_and_four_fifths_of_each_cap_are_told_once() -> None:
    written: list[str] = []
    lines, board = PlainLines(written.append), Board()
    for calls, usd in ((40, 0.1), (50, 0.45), (60, 0.5), (81, 0.95), (100, 1.0)):
        now = replace(progress(), calls=calls, calls_cap=100, usd=usd, usd_cap=1.0, seconds=20.0, seconds_cap=None)
        lines.on_progress(now)
        board.on_progress(now)
    told = [(line.partition("] ")[0].partition(", ")[2], line.partition("] ")[2]) for line in written]
    assert told == [
        ("50 calls", "50% of --max-calls is used"),
        ("60 calls", "50% of --max-usd is used"),
        ("81 calls", "80% of --max-usd is used"),
        ("81 calls", "80% of --max-calls is used"),
    ]
    assert list(board.recent) == [line for _, line in told]


@pytest.mark.parametrize(("passes", "told"), [(1000, "step 1 of at most 1000, solver"), (0, "step 1, solver")])
def test_other_methods_have_steps(passes: int, told: str) -> None:
    step = StepStarted("s1/solver", "solver", 1, 1, passes, 1)
    assert step_name(step, replace(started(), method="spo")) == told
    assert step_name(step, replace(started(), method="ascent")).startswith("pass 1/")


def test_candidates_and_floods_of_calls_make_no_noise() -> None:
    written: list[str] = []
    lines = PlainLines(written.append)
    for number in range(50):
        lines.on_event(scored("c", 0.1))
        lines.on_event(InfluenceMeasured((), ()))
        lines.on_event(CallLost("agent", "solver", "timeout", 3))
        lines.on_event(CallUnsettled(number, "key", "agent", "solver", "m", None))
    assert len(written) == 2 * CALLS_SHOWN


def picture(board: Board, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(draw(board))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_panel_is_drawn_at_any_moment() -> None:
    board = Board()
    assert "starting" in picture(board)
    board.on_event(started(simulated=True))
    board.on_event(STEP)
    board.on_progress(progress(phase="search"))
    shown = picture(board)
    for part in ("team", "pass 1/3, solver, generation 2/3", "40 of about 100", "in flight  4", "nothing (simulated)"):
        assert part in shown
    board.on_progress(progress(phase="holdout"))
    assert "final test on the hold-out" in picture(board)


def test_the_panel_of_a_run_that_goes_on_stands_where_it_stood() -> None:
    board = Board()
    board.recall([started(simulated=True), STEP, scored("a", 0.1), FINISHED])
    board.on_progress(progress(phase="search"))
    shown = picture(board)
    for part in ("team", "pass 1/3, solver, generation 2/3", "nothing (simulated)", "kept", "in flight"):
        assert part in shown, "it is at work again"


def test_lines_of_a_run_that_goes_on_tell_nothing_twice_and_know_whose_run_it_is() -> None:
    lines: list[str] = []
    agents = tuple(f"a{number}" for number in range(20))
    plain = PlainLines(lines.append)
    plain.recall([replace(started(), agents=agents), StepStarted("r2/a0", "a0", 2, 1, 6, 1)])
    assert not lines
    plain.on_event(StepStarted("r2/a1", "a1", 2, 1, 6, 1))
    assert not lines, "the round has its line already"
    plain.on_event(StepStarted("r3/a0", "a0", 3, 1, 6, 1))
    assert lines == ["round 3 of at most 6"]


def test_the_beam_is_of_the_last_visit_and_best_first() -> None:
    board = Board()
    board.on_event(STEP)
    for event in (scored("a", 0.1), scored("b", 0.3), scored("c", 0.9, kept=False)):
        board.on_event(event)
    board.on_event(StepStarted("s", "solver", 1, 3, 3, 3))
    board.on_event(scored("d", 0.2))
    assert [candidate.candidate for candidate in board.best()] == ["b", "d", "a"]
    board.on_event(StepStarted("t", "critic", 1, 1, 3, 3))
    assert len(board.best()) == 3
    board.on_event(scored("e", 0.0))
    assert [candidate.candidate for candidate in board.best()] == ["e"]


def test_steps_that_begin_together_are_one() -> None:
    board = Board()
    for name in ("solver", "critic", "judge"):
        board.on_event(StepStarted(name, name, 2, 1, 6, 1))
    assert "round 2 of at most 6, solver and 2 more agents side by side" in picture(board)
    board.on_event(scored("a", 0.1))
    board.on_event(StepStarted("next", "solver", 3, 1, 6, 1))
    assert "round 3 of at most 6, solver " in picture(board)


def test_a_candidate_is_shown_by_what_is_new_in_it() -> None:
    board = Board()
    board.on_event(started())
    board.on_event(STEP)
    board.on_event(scored("a", 0.25, "Solve it. Name the unit."))
    assert "kept  +0.250  solver: … Name the unit." in picture(board)


def test_model_text_is_no_markup_and_no_control_code() -> None:
    board = Board()
    board.on_event(STEP)
    board.on_event(scored("a", 0.1, "[bold red]x[/] \x1b[2J [/nonsense]"))
    shown = picture(board)
    assert "[bold red]x[/] [U+001B][2J [/nonsense]" in shown
    assert "\x1b" not in shown


def test_the_live_panel_leaves_its_last_picture() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    board = Board()
    with live_panel(board, console):
        board.on_event(started())
    assert isinstance(console.file, io.StringIO)
    assert "team: 1 agent" in console.file.getvalue()


def test_time_left_and_money_are_said_only_when_known() -> None:
    assert remaining(progress(calls=3)) == ""
    assert remaining(progress(calls=40, planned=100)) == "about 30.0 s"
    assert remaining(progress(calls=100, planned=50)) == "", "more than planned: nothing tells how much more"
    assert remaining(replace(progress(calls=100, planned=50), seconds_cap=60.0)) == "at most 40.0 s"
    assert remaining(progress(calls=99, planned=100)) == "under a second"
    assert cost(progress(usd=None), simulated=False) == "unknown"
    assert cost(progress(usd=1.5), simulated=False) == "$1.50"


def test_a_round_is_told_once_and_then_what_it_decided_of_each_agent() -> None:
    written: list[str] = []
    lines = PlainLines(written.append)
    run = replace(started(), agents=("a", "b"))
    lines.recall([run])
    for number in (1, 2):
        for name in run.agents:
            lines.on_event(StepStarted(f"r{number}/{name}", name, number, 1, 12, 1))
        for name in run.agents:
            lines.on_event(PromptKept(f"r{number}/{name}", name, "no usable draft"))
    kept = ["  a: prompt kept, no usable draft", "  b: prompt kept, no usable draft"]
    assert written == ["round 1 of at most 12", *kept, "round 2 of at most 12", *kept]


def test_a_round_of_a_large_team_is_three_lines() -> None:
    written: list[str] = []
    agents = tuple(f"a{place}" for place in range(15))
    lines = PlainLines(written.append)
    lines.on_event(replace(started(), agents=agents))
    for number in (1, 2):
        for name in agents:
            lines.on_event(StepStarted(f"r{number}/{name}", name, number, 1, 12, 1))
        for name in agents:
            lines.on_event(scored("c", 0.1))
            kept = PromptKept(f"r{number}/{name}", name, "no usable draft")
            lines.on_event(kept if name == "a3" else PromptChanged(f"r{number}/{name}", name, "a", "b", "3 wins"))
    lines.on_event(SearchEnded("all was done", LevelAgreement(), LevelAgreement()))
    others = ", ".join(name for name in agents[:13] if name != "a3")
    decided = [f"  new prompts: {others} and 2 more", "  prompts kept: a3"]
    assert written[1:] == [
        "round 1 of at most 12",
        *decided,
        "round 2 of at most 12",
        *decided,
        "search ended: all was done",
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_panel_fits_its_terminal_and_says_what_is_left(width: int) -> None:
    board = Board()
    board.on_event(started())
    board.on_event(STEP)
    for number in range(4):
        board.on_event(scored(str(number), 0.1 * number, "Solve it. " + "Long words. " * 30))
    caps = {"usd_cap": 5.0, "seconds_cap": 1800.0, "wins": 12, "losses": 3, "met": 20}
    now = progress(calls=1000, planned=2000, usd=0.1234, phase="holdout")
    board.on_progress(replace(now, **caps))  # type: ignore[arg-type] # by name
    lines = picture(board, width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert len(lines) <= 24
    shown = " ".join(" ".join(lines).split())
    for part in (
        "in flight 4",
        "$0.1234, $4.88 left",
        "left about 20.0 s",
        "12 won, 3 lost of 20",
        "+45% (+10 to +75%)",
    ):
        assert part in shown


@pytest.mark.parametrize("width", [40, 80])
def test_an_evaluation_shows_its_accuracy_so_far_with_its_interval(width: int) -> None:
    board = Board()
    now = progress(calls=150, planned=300, phase="evaluation")
    board.on_progress(replace(now, done=75, wave=150, right=46, scored=75, wins=12, losses=3, met=75))
    lines = picture(board, width).splitlines()
    assert all(len(line) <= width for line in lines)
    shown = " ".join(" ".join(lines).split())
    for part in (
        "maspo: evaluation",
        "75 of 150 rows",
        "61% (50 to 72%), 46 of 75",
        "12 won, 3 lost of 75",
    ):
        assert part in shown


def test_the_panel_shows_the_cap_where_that_is_fewer_calls_than_planned() -> None:
    for cap, said in ((300, "141 of 300, the cap"), (2000, "141 of about 1,480"), (None, "141 of about 1,480")):
        board = Board()
        board.on_progress(Progress("search", 3, 10, 141, 1480, None, 20.0, 4, calls_cap=cap))
        assert said in picture(board)


IN_A_TERMINAL = """
import sys
from maspo.cli.panel import live_panel
from maspo.cli.watch import Board
from maspo.study.job import Progress

board = Board()
with live_panel(board):
    sys.stdin.readline()
    board.on_progress(Progress("search", 3, 10, 40, 100, None, 20.0, 4))
"""


def test_the_panel_is_redrawn_whole_in_a_terminal_that_gets_narrower() -> None:
    ours, theirs = os.openpty()

    def resize(columns: int) -> None:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))

    resize(80)
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")} | {
        "TERM": "xterm"
    }
    program = [sys.executable, "-c", IN_A_TERMINAL]
    drawing = subprocess.Popen(program, env=environ, stdin=theirs, stdout=theirs, stderr=theirs)
    found = b""
    while "╯".encode() not in found:
        found += os.read(ours, 65_536)
    resize(40)
    os.write(ours, b"\n")
    while b"\x1b[?25h" not in found:  # the cursor is shown again at the end
        found += os.read(ours, 65_536)
    assert drawing.wait() == 0
    os.close(ours)
    os.close(theirs)
    _, taken_away, after = re.split(r"(\x1b\[\d+A\x1b\[J)", found.decode())
    assert taken_away, "what the terminal had broken in two"
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", after)
    assert "40 of about 100" in plain
    assert max(len(line) for line in plain.splitlines()) <= 40


def routine(number: int) -> tuple[StepStarted, PromptKept]:
    step = f"1.{number}"
    return StepStarted(step, "solver", number, 1, 1000, 1), PromptKept(step, "solver", "no candidate was better")


def test_fast_steps_are_thinned_to_a_line_a_second_and_changes_are_all_told() -> None:
    written: list[str] = []
    lines = PlainLines(written.append)
    lines.on_event(started(profile="paper"))
    for number in range(1, 501):
        lines.on_progress(Progress("search", 3, 10, number, 1000, None, number / 100, 4))
        step, kept = routine(number)
        lines.on_event(step)
        changed = number in (100, 300)
        lines.on_event(PromptChanged(step.step, "solver", "a", "b", f"won {number}") if changed else kept)
    assert len(written) < 50
    for number in (100, 300):
        (place,) = [at for at, line in enumerate(written) if line.endswith(f"won {number}")]
        assert f"pass {number}/1000" in written[place - 1], "a change stands below its step"
    assert sum("follow fast" in line for line in written) == 1


def test_slow_steps_are_all_told() -> None:
    written: list[str] = []
    lines = PlainLines(written.append)
    for number in range(1, 101):
        lines.on_progress(Progress("search", 3, 10, number, 1000, None, 2.0 * number, 4))
        for event in routine(number):
            lines.on_event(event)
    assert len(written) == 200


class Screen(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def drawn_on(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, **environ: str) -> str:
    """Return what is seen of a run that begins."""
    monkeypatch.setattr("sys.stderr", stream)
    for name in ("TERM", "NO_COLOR", "MASPO_PROGRESS"):
        monkeypatch.setenv(name, environ.get(name, ""))
    monkeypatch.setenv("COLUMNS", "80")
    with watching() as watcher:
        watcher.on_event(started())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("stream", "environ", "panel"),
    [
        (Screen, {"TERM": "xterm"}, True),
        (Screen, {"TERM": "dumb"}, False),
        (io.StringIO, {"TERM": "xterm"}, False),
        (Screen, {"TERM": "xterm", "MASPO_PROGRESS": "lines"}, False),
    ],
)
def test_the_panel_is_drawn_where_it_can_be_and_is_not_unwanted(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], environ: dict[str, str], panel: bool
) -> None:
    shown = drawn_on(monkeypatch, stream(), **environ)
    assert ("╭" in shown) == panel
    assert "team: 1 agent" in shown
    assert panel or "\x1b" not in shown


def test_whoever_wants_to_see_nothing_of_a_command_is_shown_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn_on(monkeypatch, Screen(), TERM="xterm", MASPO_PROGRESS="none") == ""
    with pytest.raises(ConfigInvalid, match="MASPO_PROGRESS: 'loud' is given; expected one of: panel, lines, none"):
        drawn_on(monkeypatch, Screen(), MASPO_PROGRESS="loud")


def test_without_colours_there_are_none_and_the_bar_is_told_in_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    board.on_progress(progress())
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    console.print(draw(board))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "3 of 10" in shown
    assert not re.search(r"\x1b\[[0-9;]*[349][0-7]m", shown)


@pytest.mark.parametrize(("environ", "coloured"), [({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False), ({}, True)])
def test_a_diff_takes_colours_only_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.setenv(name, environ.get(name, ""))
    say_diff("Solve it.", "Solve it. Check.")
    assert ("\x1b[" in screen.getvalue()) == coloured
