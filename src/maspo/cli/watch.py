"""Looking on while a run works: a live panel on a terminal, one line per step elsewhere. Both go to stderr.

``MASPO_PROGRESS`` chooses: ``panel``, ``lines`` or ``none``.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from maspo.cli.caps import NearCaps, cap_line
from maspo.cli.in_python import in_python
from maspo.cli.terminal import draws, in_notebook, note
from maspo.core.errors import ConfigInvalid
from maspo.core.plain import plain
from maspo.core.plain_files import is_there
from maspo.events import (
    CallLost,
    CallUnsettled,
    CandidateScored,
    Event,
    PromptChanged,
    PromptKept,
    RunFinished,
    RunStarted,
    StepStarted,
)
from maspo.report.fold import by_rounds
from maspo.report.lines import line_of, round_name, step_name
from maspo.report.phrases import duration, list_names, money, plural
from maspo.stats.paired import net_win_interval
from maspo.stats.share import share_interval
from maspo.store import RecordedResult
from maspo.study.job import Progress, Watcher
from maspo.study.record import open_for_reading

VARIABLE: Final = "MASPO_PROGRESS"
Way: TypeAlias = Literal["panel", "lines", "none"]
"""How somebody looks on."""
_DRAWN: Final = threading.Lock()
"""Held while a panel is drawn from Python: there is room for one."""
CALLS_SHOWN = 3
"""Lost calls, and calls that were in flight at a kill, that get a line of their own; the report has all of them."""
_MOST_LINES = 12
"""Agents of a team that get lines of their own for what a round decided; larger teams get two lines together."""
_EVENTS_SHOWN = 6
"""The latest, on the panel: with the facts and candidates above them it stays within a terminal of 24 lines."""
_ROUTINE_AT_ONCE = 24
"""Lines of steps, and of prompts that stay as they are, before they are thinned to one a second: a terminal's height.
Some baselines take hundreds of steps a second on a fast endpoint."""
_THINNED = "Steps that change no prompt follow fast: one line a second from here on; the report has all of them."
_BEAM_SHOWN = 4
"""The best candidates, on the panel."""
_CALLS_FOR_A_PACE = 20
"""Calls after which the pace is taken to tell how long the rest takes: the first ones are waited for one by one."""


def way_asked() -> Way | None:
    """Return how the environment says that somebody looks on; None where it says nothing.

    Raises:
        ConfigInvalid: there is no such way.

    """
    asked = os.environ.get(VARIABLE, "")
    found = next((way for way in get_args(Way) if way == asked), None)
    if asked and found is None:
        raise ConfigInvalid(f"{VARIABLE}: {asked!r} is given; expected one of: {', '.join(get_args(Way))}")
    return found


@contextlib.contextmanager
def watching(past: Sequence[Event] = ()) -> Iterator[Watcher]:
    """Return what looks on: the panel when stderr is a terminal, else plain lines, unless the environment chooses.

    ``past`` are the recorded events of a run that goes on: they are known, and not told again.

    Raises:
        ConfigInvalid: the environment asks for what there is not.

    """
    way = way_asked() or ("panel" if draws(sys.stderr) else "lines")
    if way == "none":
        yield Together(())
        return
    if way == "lines":
        lines = PlainLines(note)
        lines.recall(past)
        yield lines
        return
    from maspo.cli.panel import live_panel

    board = Board()
    board.recall(past)
    with live_panel(board):
        yield board


@contextlib.contextmanager
def watching_from_python(past: Callable[[], Sequence[Event]]) -> Iterator[Watcher]:
    """Return what looks on where a script or a notebook runs the work: a panel where one can be drawn, else nobody.

    ``past`` returns the recorded events of a run that goes on. Of runs side by side the first one is drawn.

    Raises:
        ConfigInvalid: the environment asks for what there is not.

    """
    cell = in_notebook()
    way = way_asked() or ("panel" if cell or draws(sys.stderr) else "none")
    if way == "lines":
        lines = PlainLines(lambda line: note(in_python(line)))
        lines.recall(past())
        yield lines
    elif way == "panel" and _DRAWN.acquire(blocking=False):
        try:
            board = Board(say=in_python)
            board.recall(past())
            if cell:
                from maspo.cli.notebook import cell_panel

                with cell_panel(board) as panel:
                    yield panel
            else:
                from maspo.cli.panel import live_panel

                with live_panel(board):
                    yield board
        finally:
            _DRAWN.release()
    else:
        yield Together(())


def told_so_far(record: Path) -> list[Event]:
    """Return the events that a run has told so far; none where there is no record."""
    if not is_there(record):
        return []
    with open_for_reading(record) as store:
        return [entry.item for entry in store.read_since() if not isinstance(entry.item, RecordedResult)]


@dataclass
class Board:
    """What the panel shows. Taking note of news is all it does while the run works; drawing happens elsewhere."""

    started: RunStarted | None = None
    finished: RunFinished | None = None
    progress: Progress | None = None
    steps: tuple[StepStarted, ...] = ()
    """The steps that began together last: one agent's, or all agents' where these are searched side by side."""
    beam: tuple[CandidateScored, ...] = ()
    """Candidates that were kept in the last visit or round that scored any."""
    say: Callable[[str], str] = str
    """Names settings as whoever looks on gives them."""
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=_EVENTS_SHOWN))
    _latest: Event | None = None
    _new_visit: bool = False
    _caps: NearCaps = field(default_factory=NearCaps)

    def recall(self, past: Sequence[Event]) -> None:
        """Stand where a run stood that goes on; one that had finished is at work again."""
        for event in past:
            self.on_event(event)
        self.finished = None

    def on_event(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case RunStarted():
                self.started, self._caps = event, NearCaps()
            case RunFinished():
                self.finished = event
            case StepStarted():
                visits = {(known.agent, known.pass_) for known in self.steps}
                self._new_visit = self._new_visit or (event.agent, event.pass_) not in visits
                together = isinstance(self._latest, StepStarted) and self._latest.pass_ == event.pass_
                self.steps = (*self.steps, event) if together else (event,)
            case CandidateScored(kept=True):
                self.beam = (event,) if self._new_visit else (*self.beam, event)
                self._new_visit = False
        line = "" if isinstance(event, StepStarted) else line_of(event)
        if line:
            self.recent.append(self.say(line))
        self._latest = event

    def on_progress(self, progress: Progress) -> None:
        """Take note of where the run stands."""
        self.recent += [self.say(cap_line(*reached)) for reached in self._caps.reached(progress)]
        self.progress = progress

    def best(self) -> list[CandidateScored]:
        """Return the best candidates of the last visit, best first."""
        return sorted(self.beam, key=lambda candidate: -candidate.score)[:_BEAM_SHOWN]

    def step_name(self) -> str:
        """Return where the search stands, and how many other agents are searched side by side; empty at the start."""
        if not self.steps:
            return ""
        more = f" and {plural(len(self.steps) - 1, 'more agent')} side by side" if len(self.steps) > 1 else ""
        return step_name(self.steps[0], self.started) + more


class PlainLines:
    """Writes a line per round or step and per decision, for logs and pipes; of a large team, one per round and kind."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._progress: Progress | None = None
        self._run: RunStarted | None = None
        self._calls = Counter[type[Event]]()
        self._round = 0
        """The round that was told; 0 before the first, and in a search that goes agent by agent."""
        self._decided: list[PromptKept | PromptChanged] = []
        """What a round of a large team decided, until all of it is known."""
        self._room = float(_ROUTINE_AT_ONCE)
        """Lines of routine that may be written now; one more with every second."""
        self._written_at = 0.0
        self._where = ""
        """The line of a step that was passed over, for what it may change."""
        self._thinned = False
        self._caps = NearCaps()

    def recall(self, past: Sequence[Event]) -> None:
        """Know whose run goes on, and in which round it is."""
        for event in past:
            match event:
                case RunStarted():
                    self._run = event
                case StepStarted() if by_rounds(event, self._run):
                    self._round = event.pass_

    @property
    def _is_large(self) -> bool:
        return self._run is not None and len(self._run.agents) > _MOST_LINES

    def on_event(self, event: Event) -> None:
        """Write the line of an event, if it has one."""
        if isinstance(event, CallLost | CallUnsettled):
            self._calls[type(event)] += 1
            if self._calls[type(event)] > CALLS_SHOWN:
                return
        if isinstance(event, RunStarted):
            self._run, self._caps = event, NearCaps()
        if isinstance(event, PromptKept | PromptChanged) and self._round and self._is_large:
            self._decided.append(event)
            return
        line = line_of(event, self._run)
        if isinstance(event, StepStarted) and by_rounds(event, self._run):
            # The first step of a round speaks for all agents.
            line = round_name(event) if event.pass_ != self._round else ""
            self._round = event.pass_
        if not line:
            return
        for title, kind in (("new prompts", PromptChanged), ("prompts kept", PromptKept)):
            agents = [decision.agent for decision in self._decided if isinstance(decision, kind)]
            if agents:
                self._write(f"{spent(self._progress)}  {title}: {list_names(agents)}")
        self._decided = []
        if isinstance(event, StepStarted):
            self._where = ""
        if isinstance(event, StepStarted | PromptKept) and not self._has_room():
            self._where = line if isinstance(event, StepStarted) else self._where
            return
        if isinstance(event, PromptChanged) and self._where:
            self._write(f"{spent(self._progress)}{self._where}")
            self._where = ""
        self._write(f"{spent(self._progress)}{line}")

    def _has_room(self) -> bool:
        """Return whether a line may be written of a step or of a prompt that stays as it is; say once where not."""
        now = self._progress.seconds if self._progress else 0.0
        self._room = min(_ROUTINE_AT_ONCE, self._room + max(0.0, now - self._written_at))
        self._written_at = now
        if self._room >= 1:
            self._room -= 1
            return True
        if not self._thinned:
            self._write(f"{spent(self._progress)}{_THINNED}")
            self._thinned = True
        return False

    def on_progress(self, progress: Progress) -> None:
        """Take note of where the run stands, for the next line; say once that calls wait, and that a cap is near."""
        if progress.waiting and not (self._progress and self._progress.waiting):
            self._write(f"{spent(progress)}waiting: {progress.waiting}")
        for cap, share in self._caps.reached(progress):
            self._write(f"{spent(progress)}{cap_line(cap, share)}")
        self._progress = progress


class JsonLines:
    """Writes every event as a line of JSON, as it is recorded: ``event`` is its kind, the rest are its fields."""

    def __init__(self, write: Callable[[Mapping[str, object]], None]) -> None:
        self._write = write

    def on_event(self, event: Event) -> None:
        """Write an event."""
        fields = plain(event)
        self._write({"event": event.kind, **{name: value for name, value in fields.items() if name != "kind"}})

    def on_progress(self, progress: Progress) -> None:
        """Events alone are told."""


@dataclass(frozen=True)
class Together:
    """Tells several who look on, in their order."""

    watchers: tuple[Watcher, ...]

    def on_event(self, event: Event) -> None:
        """Tell all of an event."""
        for one in self.watchers:
            one.on_event(event)

    def on_progress(self, progress: Progress) -> None:
        """Tell all where the run stands."""
        for one in self.watchers:
            one.on_progress(progress)


def spent(progress: Progress | None) -> str:
    """Return time and calls so far as the beginning of a line; empty when nothing is known yet."""
    if progress is None:
        return ""
    return f"[{duration(progress.seconds)}, {plural(progress.calls, 'call')}] "


def remaining(progress: Progress) -> str:
    """Return about how long the rest takes, at the pace so far and at most until the cap; empty where it is unknown."""
    capped = None if progress.seconds_cap is None else max(0.0, progress.seconds_cap - progress.seconds)
    if progress.calls < _CALLS_FOR_A_PACE or progress.seconds <= 0:
        return "" if capped is None else f"at most {duration(capped)}"
    planned = calls_expected(progress)
    left = progress.seconds * max(0, planned - progress.calls) / progress.calls
    if capped is not None and capped < left:
        return f"{duration(capped)}, then the cap"
    if planned <= progress.calls:
        # More than was planned: nothing but a cap tells how much more.
        return "" if capped is None else f"at most {duration(capped)}"
    return "under a second" if left < 1 else f"about {duration(left)}"


def calls_expected(progress: Progress) -> int:
    """Return how many calls there will be in all: as many as planned, or the cap where that is fewer."""
    return min(progress.calls_planned, progress.calls_planned if progress.calls_cap is None else progress.calls_cap)


def verdicts(progress: Progress) -> tuple[str, str]:
    """Return how the changed prompts did in this wave so far, and their net win rate with its 95 % interval."""
    if not progress.met:
        return "", ""
    wins, losses, n = progress.wins, progress.losses, progress.met
    low, high = net_win_interval(wins, losses, n)
    counts = f"{wins} won, {losses} lost of {n}"
    return counts, f"{100 * (wins - losses) / n:+.0f}% ({100 * low:+.0f} to {100 * high:+.0f}%)".replace("-", "−")


def accuracy(progress: Progress) -> str:
    """Return which share of outputs is correct so far, with its 95 % interval, rows taken as independent."""
    if not progress.scored:
        return ""
    low, high = share_interval(progress.right, progress.scored)
    share = progress.right / progress.scored
    return f"{100 * share:.0f}% ({100 * low:.0f} to {100 * high:.0f}%), {progress.right:,} of {progress.scored:,}"


def cost(progress: Progress, simulated: bool) -> str:
    """Return the money so far in words, and what is left of its cap."""
    if simulated:
        return "nothing (simulated)"
    if progress.usd is None:
        return "unknown"
    left = "" if progress.usd_cap is None else f", {money(max(0.0, progress.usd_cap - progress.usd))} left"
    return f"{money(progress.usd)}{left}"
