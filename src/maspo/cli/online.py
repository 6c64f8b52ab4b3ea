"""``maspo watch``: prompts in use are watched, optimized anew when something changes, and promoted or rolled back."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from maspo.cli.agreeing import agree_to_app, agree_to_file
from maspo.cli.log import Log, logged
from maspo.cli.prepare import key_missing, model_missing, read_prompts, read_system
from maspo.cli.running import agreed, metrics_where_asked, stopped_by_signals
from maspo.cli.settings import Sources, load_settings
from maspo.cli.stores import keep_files, keeping_in
from maspo.cli.terminal import draws, note, print_json, say
from maspo.cli.watch import PlainLines, Together, Way, way_asked
from maspo.core.errors import ConfigInvalid, Interrupted, MaspoError
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts
from maspo.core.running import run
from maspo.data.inputs import Inputs
from maspo.events import Event
from maspo.online.control import Standing
from maspo.online.page import WatchPage
from maspo.online.plan import Costs, Plan
from maspo.online.received import Received, source_of
from maspo.online.screen import as_data, screen, told_since
from maspo.online.watching import (
    DATABASE,
    Surroundings,
    Watch,
    as_begun,
    plan_of,
    require_known_prices,
    standing,
    standings,
    watch,
)
from maspo.report.folder import WATCH_PAGE
from maspo.report.logged import Entry
from maspo.report.phrases import plural
from maspo.store import write_whole
from maspo.store.looks import LookLedger
from maspo.study.connections import endpoints_of, with_models_of
from maspo.study.job import Job, Progress, Watcher
from maspo.team import System

PROMPTS = "prompts.json"
"""In the state folder: the prompts to use now."""
_SEED = "seed_prompts.json"
_CLEAR = "\x1b[H\x1b[2J"
"""Cursor home, clear the screen (ECMA-48)."""


@dataclass(frozen=True)
class WatchOptions:
    """What the command line gives."""

    system: Path
    inputs: str
    state: Path
    prompts: Path | None
    against: Path | None
    plan: Plan
    flags: Mapping[str, object]
    sets: tuple[str, ...]
    config: Path | None
    once: bool
    as_json: bool
    yes: bool
    trust: str
    store: str = ""
    budget: str = ""


def show(state: Path, as_json: bool) -> None:
    """Print where a watch stands."""
    found = standing(state)
    if as_json:
        print_json(as_data(found))
    else:
        say(screen(found, plan_of(state)))


def run_watch(asked: WatchOptions) -> None:
    """Watch until it is stopped, or with ``once`` until all that is there was looked at."""
    system, anchor = _prompts(read_system(asked.system), asked)
    settings = load_settings(Sources(asked.flags, asked.sets, asked.config, system.models))
    config = with_models_of(system, settings.config)
    endpoints_of(config.models)
    if missing := key_missing(config.models) or model_missing(config, system):
        raise ConfigInvalid(missing)
    job = Job(system, Inputs(()), config, {"system": str(asked.system.absolute())})
    given = Watch(job, anchor, asked.plan)
    require_known_prices(given)
    source = source_of(asked.inputs, asked.state)
    agree_to_file(settings, asked.trust)
    agree_to_app(system, asked.system, asked.trust)
    if isinstance(source, Received):
        note(source.told)
    costs = as_begun(given, asked.state).costs
    note(
        f"A window of {asked.plan.window} inputs takes up to {costs.look:,} calls, one that tries a candidate "
        f"{costs.canary:,}, a search about {costs.search:,}. In a month: {_budget(asked.plan, costs)}."
    )
    if not (asked.yes or agreed()):
        note("Not started; nothing was paid.")
        return
    page = WatchPage(asked.state, system.name, asked.plan)
    if is_there(asked.state / DATABASE):
        with suppress(MaspoError):  # what it holds is said by who works on it next
            page.recall(standings(asked.state))
    keeping = keeping_in(asked.store, asked.budget, asked.state / DATABASE)

    way = "none" if asked.as_json else way_asked() or ("panel" if draws(sys.stderr) else "lines")
    lines = (_SearchLines(),) if way == "lines" else ()

    async def work(log: tuple[Log, ...], figures: tuple[Watcher, ...]) -> Standing:
        stop = asyncio.Event()
        with stopped_by_signals(stop):
            around = Surroundings(
                screen=_Told(asked, page, log, way),
                note=note,
                stop=stop,
                looks=LookLedger(),
                watcher=Together((*log, *figures, *lines)),
                allowed=asked.trust,
                keeping=keeping,
            )
            return await watch(given, source, asked.state, around, asked.once)

    try:
        with logged(asked.state) as log, metrics_where_asked() as figures:
            end = run(work(log, figures))
    except Interrupted as error:
        raise Interrupted(f"{error} All is recorded; the same command goes on.") from None
    keep_files(asked.state / DATABASE, WATCH_PAGE, PROMPTS)
    if asked.as_json:
        print_json(as_data(end))
    else:
        say(screen(end, asked.plan))


class _SearchLines:
    """Writes what a search of the watch tells, a line per round and decision; figures stand in the lines of windows."""

    def __init__(self) -> None:
        self._lines = PlainLines(lambda line: note(f"search: {line}"))

    def on_event(self, event: Event) -> None:
        """Write the line of an event, if it has one."""
        self._lines.on_event(event)

    def on_progress(self, progress: Progress) -> None:
        """Caps of a window are none of the user's, and calls of a search none of the month's."""


class _Told:
    """Shows where a watch stands: a screen on a terminal, lines of JSON where these are asked for, else sentences."""

    def __init__(self, asked: WatchOptions, page: WatchPage, log: tuple[Log, ...], way: Way) -> None:
        self._asked = asked
        self._page = page
        self._log = log
        self._way = way
        self._last: Standing | None = None
        self._shipped: Prompts | None = None

    def __call__(self, now: Standing) -> None:
        """Show what is new; write the prompts to use where they are others."""
        if now.shipped != self._shipped:
            self._shipped = now.shipped
            text = json.dumps(dict(now.shipped), ensure_ascii=False, indent=2)
            write_whole(self._asked.state / PROMPTS, text + "\n")
        self._page.write(now)
        last, self._last = self._last, now
        new = now.told[len(last.told) :] if last else ()  # what a watch that goes on has told, it told before
        if self._asked.as_json:
            print_json(as_data(now))
        elif self._way == "panel":
            with suppress(OSError):
                sys.stderr.write(_CLEAR)
            note(screen(now, self._asked.plan))
        elif self._way == "lines":
            for line in told_since(last, now, self._asked.plan):
                note(line)
        for log in self._log:
            for one in new:
                log.tell(Entry("watch_decided", fields={"window": one.window, "state": one.state}))


def _budget(plan: Plan, costs: Costs) -> str:
    money = "" if plan.usd is None else f", ${plan.usd:,.2f}"
    if plan.calls is None:
        return f"any number of calls{money}"
    windows = (plan.calls - costs.search) // costs.look
    pay = (
        f"pay a search and at least {plural(windows, 'window')}" if windows > 0 else "do not pay a search and a window"
    )
    return f"{plan.calls:,} calls{money}, which {pay}"


def _prompts(system: System, asked: WatchOptions) -> tuple[System, Prompts]:
    """Return the team with the prompts in use, and those that they are held against.

    These are given, or what the run began with that found them, or what the system file holds.
    """
    shipped = _fitting(system, asked.prompts) if asked.prompts is not None else system.prompts
    against = asked.against
    if against is None and asked.prompts is not None and (asked.prompts / _SEED).is_file():
        against = asked.prompts / _SEED
    anchor = _fitting(system, against) if against is not None else system.prompts
    agents = tuple(replace(one, prompt=shipped[one.name]) for one in system.agents)
    return replace(system, agents=agents), anchor


def _fitting(system: System, path: Path) -> Prompts:
    found = read_prompts(path)
    missing = [name for name in system.order if name not in found]
    if missing:
        raise ConfigInvalid(f"{path}: no prompt for {missing[0]}; expected one for each of {', '.join(system.order)}")
    return {name: found[name] for name in system.order}
