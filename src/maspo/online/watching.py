"""Watching: inputs are taken and recorded, windows looked at, searches run. Going on is the same over its record.

What to do next is decided in ``control``; here it is done, and what was found is recorded before it is told.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from maspo.config import Caps, RunConfig
from maspo.core.errors import ConfigInvalid, InputsInvalid, Interrupted, RunChanged, StoreError, UsageError
from maspo.core.plain_files import folders_meant, is_there, why_none
from maspo.core.prompts import Prompts
from maspo.core.sums import add_up
from maspo.data.inputs import LABEL_COLUMN, Input, Inputs, make_inputs
from maspo.events import Event
from maspo.models.base import ModelClient, Request
from maspo.online.control import Ask, Found, Look, Search, Standing, Watching, watching
from maspo.online.plan import Costs, Plan, was_usual
from maspo.online.received import listening
from maspo.online.record import InputsTaken, SearchEnded, WatchBegan, WindowSeen
from maspo.online.sources import Row, Source
from maspo.online.summed import Summed
from maspo.online.windows import Sight, Window, compared_in, paired_in, window_of
from maspo.runners.messages import check_inputs
from maspo.store import RunStore, encode
from maspo.store.records import IN_FOLDER, Keeping, beside
from maspo.study import trust
from maspo.study.calls import provider as default_provider
from maspo.study.carried import Earlier, carried_over
from maspo.study.job import Job, Looks, Progress, Provider, Watcher
from maspo.study.optimize import DATABASE as RUN
from maspo.study.optimize import resume, start
from maspo.study.reach import of_job
from maspo.study.record import (
    JOB,
    as_it_began,
    differences_between,
    make_folder,
    open_for_reading,
    refuse_links,
    with_ports_of,
)
from maspo.study.resolve import Parts, prices_of, resolve
from maspo.study.session import Session, at_work

DATABASE = "watch.db"
SEARCHES = "searches"
"""Folders of runs, one a search."""
_POLL = 1.0
"""Seconds between two looks for new inputs."""
_REPORTED = re.compile(r"^--inputs(?:, row 1)?: ")
"""How an error names an input that came alone."""
Screen: TypeAlias = Callable[[Standing], None]
"""Shown where the watch stands, whenever that changes."""


@dataclass(frozen=True)
class Watch:
    """What is watched: a team with the prompts in use, what these are held against, and the plan."""

    job: Job
    """The team, whose own prompts are those in use, and the settings; it has no inputs."""
    anchor: Prompts
    plan: Plan

    @property
    def costs(self) -> Costs:
        """The calls that parts of the watch take at most."""
        plan, system = self.plan, self.job.system
        run = system.team.calls_of(system.order)
        kinds = 1 if self.anchor == system.prompts else 2
        compared = compared_in(plan, 0)
        look = compared * (run * kinds + 2 * (kinds - 1)) + plan.repeated * run + 2 * plan.judged
        # Once in a stretch: other replies to inputs of the reference, and two verdicts on each pair.
        look += paired_in(plan, kinds) * run + 4 * plan.pairs
        return Costs(look, plan.in_canary * (2 * run + 2), search_calls(self))


def search_calls(watch: Watch) -> int:
    """Return the calls that a search of the watch is planned for."""
    planned = watch.job.config.search.planned_calls(watch.job.system.team)
    if planned is None:
        raise ConfigInvalid("watch: search.method plans no calls, so nothing can be kept for a search; use race")
    return max(100, round(watch.plan.search_share * planned))


def settings_of_search(config: RunConfig, plan: Plan, costs: Costs) -> RunConfig:
    """Return the settings of a search of a watch: it is small, and holds few inputs out."""
    holdout = config.holdout
    if holdout.most is None:
        holdout = holdout.model_copy(update={"most": plan.held_out})
    return config.model_copy(update={"search": config.search.with_calls(costs.search), "holdout": holdout})


class _Silent:
    def on_event(self, event: Event) -> None: ...

    def on_progress(self, progress: Progress) -> None: ...


@dataclass(frozen=True)
class Surroundings:
    """Where replies come from, who is told, who may stop the watch, and what time it is."""

    provider: Provider = default_provider
    parts: Parts | None = None
    screen: Screen = lambda _: None
    note: Callable[[str], None] = lambda _: None
    stop: asyncio.Event | None = None
    looks: Looks | None = None
    watcher: Watcher = field(default_factory=_Silent)
    """Told of every search, and of what windows and searches have used together."""
    now: Callable[[], float] = time.time
    allowed: str = ""
    """The fingerprint of what a folder may ask for that was not written here."""
    keeping: Keeping = IN_FOLDER


async def watch(given: Watch, source: Source, state: Path, around: Surroundings, once: bool = False) -> Standing:
    """Watch until there are no more inputs, or until it is stopped; ``once`` takes what is there and ends.

    A folder that holds a watch goes on with it: nothing that was recorded is asked for again.

    Raises:
        RunChanged: the folder holds a watch of something else.
        UsageError: something given cannot be used; nothing was paid.
        ProviderError, Interrupted: no further call can be made; what was recorded is kept.

    """
    given = as_begun(given, state)
    costs, calls = given.costs, given.plan.calls
    if calls is not None and calls < costs.search + costs.look:
        raise ConfigInvalid(
            f"--month-calls {calls:,} does not pay a single search and a window, which take up to {costs.search:,} and "
            f"{costs.look:,} calls: give more, or a smaller search (--set search.calls=N)"
        )
    require_known_prices(given)
    async with _opened(given, state, around) as store, listening(source):
        run = store.meta()["run"]
        async with around.provider(given.job, run) as bare:
            return await _Work(given, source, state, around, store, bare).until_over(once)


def require_known_prices(given: Watch) -> None:
    """Find out before anything is paid whether money can be kept: each search, perhaps weeks later, would be refused.

    Raises:
        ConfigInvalid: money is capped, and a model has no known price.

    """
    caps = _tighter(given.job.config.caps, None, given.plan.usd)
    prices_of(replace(given.job, config=given.job.config.model_copy(update={"caps": caps})))


def standing(state: Path) -> Standing:
    """Return where a watch stands, from its record alone; also while it works.

    Raises:
        UsageError, StoreError: there is none, or it cannot be read.

    """
    began, record = _whole_record(state)
    control = watching(began.plan, began.costs, began.shipped, began.anchor)
    return replayed(control, (one for one in record if isinstance(one, WindowSeen | SearchEnded))).standing


def standings(state: Path) -> Iterator[Standing]:
    """Yield where a watch stood after each thing that was found, from its record. Raises what ``standing`` raises."""
    began, record = _whole_record(state)
    control = watching(began.plan, began.costs, began.shipped, began.anchor)
    yield next(control).standing
    for one in record:
        if isinstance(one, WindowSeen | SearchEnded):
            yield control.send(one).standing


def plan_of(state: Path) -> Plan:
    """Return the plan of a watch with the budget that holds now. Raises what ``standing`` raises."""
    began, record = _whole_record(state)
    budgets = [one.budget for one in record if isinstance(one, WindowSeen)]
    return replace(began.plan, calls=budgets[-1][0], usd=budgets[-1][1]) if budgets else began.plan


def _whole_record(state: Path) -> tuple[WatchBegan, Sequence[object]]:
    if not is_there(state / DATABASE):
        fix = folders_meant(state, DATABASE) or "give the folder that `maspo watch` was given as --state"
        raise UsageError(f"--state {state}: holds no watch ({why_none(state, DATABASE)}); {fix}")
    with open_for_reading(state / DATABASE) as store:
        record = [entry.item for entry in store.read_since()]
    began = next((one for one in record if isinstance(one, WatchBegan)), None)
    if began is None:
        raise UsageError(f"--state {state}: the watch was stopped before it began; start it again")
    return began, record


def replayed(control: Watching, found: Iterator[Found]) -> Ask:
    """Return what a watch asks for next, after what was found so far."""
    ask = next(control)
    for one in found:
        ask = control.send(one)
    return ask


def as_begun(given: Watch, state: Path) -> Watch:
    """Return a watch with the plan that it began with, where nothing else is asked for than defaults of now.

    Raises:
        StoreError: its record cannot be read.

    """
    recorded = _recorded(state / DATABASE) if is_there(state / DATABASE) else None
    if recorded is None or _plan_differences(recorded[2].plan, given.plan):
        return given
    return replace(given, plan=recorded[2].plan.with_means_of(given.plan))


@asynccontextmanager
async def _opened(given: Watch, state: Path, around: Surroundings) -> AsyncIterator[RunStore]:
    """Open the record of the same watch, or begin one."""
    database = state / DATABASE
    recorded = _recorded(database) if is_there(database) else None
    if recorded is None:
        run = uuid.uuid4().hex[:12]
        if not is_there(database):
            with make_folder(state):
                pass
            opened = around.keeping.created(database)
        else:  # a process was killed before it had begun
            opened = around.keeping.opened(database)
        async with opened as store:
            trust.remember(of_job(given.job, run), state)
            system = given.job.system
            began = WatchBegan(system.prompts, given.anchor, given.plan, given.costs)
            await store.append([encode(began)], {"job": JOB.dump(given.job), "run": run})
            yield store
        return
    text, run, began = recorded
    job = JOB.load(text)
    trust.require(of_job(job, run), state, around.allowed)
    config = as_it_began(json.loads(text)["config"], job.config, given.job.config)
    then = replace(job, config=with_ports_of(config, job.config))
    differences = [*differences_between(then, replace(given.job, config=config))]
    if began.anchor != given.anchor:
        differences.append("anchor: the prompts that the shipped ones are held against differ")
    differences += _plan_differences(began.plan, given.plan)
    if differences:
        raise RunChanged(
            f"--state {state}: watches something else; give another folder. What differs:", tuple(differences)
        )
    async with around.keeping.opened(database) as store:
        yield store


def _plan_differences(before: Plan, now: Plan) -> list[str]:
    """Return one line per field that differs; what is recorded with each window may.

    What the version of a record did not have is no difference, unless another value than today's is asked for.
    """
    usual = Plan()
    names = [one.name for one in fields(Plan) if one.name not in ("calls", "usd", "follow_judge")]
    names = [
        name
        for name in names
        if not (getattr(now, name) == getattr(usual, name) and was_usual(name, getattr(before, name)))
    ]
    values = [(name, getattr(before, name), getattr(now, name)) for name in names]
    return [f"{name}: was {was}, is {is_now}" for name, was, is_now in values if was != is_now]


def _recorded(database: Path) -> tuple[str, str, WatchBegan] | None:
    """Return what a watch was begun with, its job as it stands there; None when it was killed before that was."""
    with open_for_reading(database) as store:
        noted = store.meta()
        began = next((one.item for one in store.read_since() if isinstance(one.item, WatchBegan)), None)
    return None if began is None else (noted["job"], noted.get("run", ""), began)


@dataclass
class _Work:
    """One process's work on a watch."""

    given: Watch
    source: Source
    state: Path
    around: Surroundings
    store: RunStore
    bare: ModelClient
    rows: list[Input] = field(default_factory=list)
    """All inputs so far, in the order in which they arrived."""
    windows: dict[int, Window] = field(default_factory=dict)
    asked_about: set[str] = field(default_factory=set)
    """Keys of inputs that models were asked about."""
    position: str = ""
    over: bool = False
    is_ready: bool = False
    simulated: bool = False
    used: dict[int, Progress] = field(default_factory=dict)
    """Where windows (0) and searches by number stood last."""

    async def until_over(self, once: bool) -> Standing:
        """Do what the control asks, as long as there are inputs."""
        control, ask = self._recalled()
        while True:
            self.around.screen(ask.standing)
            if isinstance(ask, Look):
                if not await self._wait_for_inputs(ask, once):
                    return ask.standing
                found: Found = await self._look(ask)
            else:
                found = await self._search(ask)
            await self.store.append([encode(found)])
            if isinstance(found, WindowSeen):
                self._mark(ask)
            ask = control.send(found)

    def _recalled(self) -> tuple[Watching, Ask]:
        """Return the control where the record ends, and recall the inputs that it was given."""
        record = [entry.item for entry in self.store.read_since()]
        for one in record:
            if isinstance(one, InputsTaken):
                self.position = one.position
                self.rows += map(_input_of, one.rows)
        began = next(one for one in record if isinstance(one, WatchBegan))
        control = watching(began.plan, began.costs, began.shipped, began.anchor)
        ask = next(control)
        for one in record:
            if isinstance(one, WindowSeen | SearchEnded):
                if isinstance(one, WindowSeen):
                    self._mark(ask)
                ask = control.send(one)
        return control, ask

    def _mark(self, look: Ask) -> None:
        """Remember which inputs of a window models were asked about."""
        if isinstance(look, Look):
            window = self._window(look.number)
            self.asked_about |= {row.key for row in window.run(self.given.plan, look)}

    def _window(self, number: int) -> Window:
        """Return a window; which of its inputs are fresh is settled when it is looked at first."""
        if number not in self.windows:
            size = self.given.plan.window
            rows = self.rows[(number - 1) * size : number * size]
            self.windows[number] = window_of(number, rows, self.asked_about, self.given.plan.seed)
        return self.windows[number]

    # ── inputs ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _wait_for_inputs(self, look: Look, once: bool) -> bool:
        """Wait until a window is full; return whether it is."""
        stop = self.around.stop
        while len(self.rows) < look.number * self.given.plan.window:
            if stop is not None and stop.is_set():
                raise Interrupted("Stopped as asked.")
            if self.over:
                return False
            taken = self.source.take(self.position)
            self.over = taken.over
            for name in taken.begun_anew:
                self.around.note(
                    f"{name} was begun anew, and what it was before is not beside it: what was added since it was "
                    "read last is not seen"
                )
            has_more = bool(taken.rows) or taken.position != self.position
            await self._keep(taken.rows, taken.position, taken.skipped)
            if has_more:
                continue
            if once:
                self._tell_rest(look.number)
                return False
            if not self.over:
                await asyncio.sleep(_POLL)
        return True

    def _tell_rest(self, number: int) -> None:
        """Say what has come in and is not looked at yet, which would otherwise look as if it was lost."""
        window = self.given.plan.window
        rest = len(self.rows) - (number - 1) * window
        if rest:
            self.around.note(f"{rest} of the {window} inputs of the next window are there; it is looked at when full")

    async def _keep(self, rows: Sequence[Row], position: str, skipped: int) -> None:
        """Record inputs that arrived, before anything is done with them; those that cannot be used are left out."""
        if not rows and position == self.position:
            return
        if skipped:
            of = skipped + len(rows)
            self.around.note(f"what is no JSON object, text or trace of a question is left out: {skipped} of {of}")
        kept: list[Mapping[str, str]] = []
        left_out: dict[str, list[Row]] = {}
        for row in rows:
            try:
                inputs = make_inputs([row], source="--inputs")
                check_inputs(self.given.job.system, inputs)
            except InputsInvalid as error:
                # The place that it names counts from this row.
                left_out.setdefault(_REPORTED.sub("", str(error)), []).append(row)
                continue
            (found,) = inputs.rows
            label = {} if found.answer is None else {LABEL_COLUMN: found.answer}
            kept.append({**found.columns, **label})
        for why, those in left_out.items():
            skipped += len(those)
            more = f", and {len(those) - 1:,} more" if len(those) > 1 else ""
            self.around.note(f"an input is left out ({json.dumps(those[0], default=str):.80}){more}: {why}")
        await self.store.append([encode(InputsTaken(tuple(kept), position, skipped))])
        self.position = position
        self.rows += map(_input_of, kept)

    # ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, look: Look) -> WindowSeen:
        window, plan = self._window(look.number), self.given.plan
        reference = self._window(look.reference) if look.reference else None
        rows = {row.key: row for one in (window, reference) if one is not None for row in one.rows}
        watcher = Summed(self.around.watcher, self.used, 0)
        session = self._session(Inputs(tuple(rows.values())), self._most_calls(look), watcher)
        async with at_work(session, watcher, self.around.stop):
            if look.measured and not self.is_ready:
                await session.list_unsettled()
                self.simulated = await session.probe(self._questions())
                self.is_ready = True
            try:
                seen = await Sight(session, plan, look, window, reference).measure()
            finally:
                await session.save()
        usage = self.store.usage().values()
        prices = [one.usd for one in usage]
        return WindowSeen(
            number=look.number,
            month=self._month(),
            scores=seen.scores,
            against_anchor=seen.against_anchor,
            canary=seen.canary,
            calls=sum(one.calls for one in usage),
            usd=None if None in prices else add_up(one or 0.0 for one in prices),
            budget=(plan.calls, plan.usd),
            simulated=self.simulated,
            follow_judge=plan.follow_judge,
        )

    def _session(self, inputs: Inputs, most: int, watcher: Watcher) -> Session:
        """Return a session over the record of the watch, in which so many further calls may be made."""
        caps = Caps(calls=max(1, sum(one.calls for one in self.store.usage().values()) + most))
        config = self.given.job.config.model_copy(update={"caps": caps})
        job = replace(self.given.job, inputs=inputs, config=config)
        return Session(job, self.store, self.bare, watcher, self.around.parts, planned_calls=most)

    def _most_calls(self, look: Look) -> int:
        """Return the calls that a window may take: twice what it does at most, for what has to be asked again."""
        costs = self.given.costs
        return 2 * (costs.look if look.candidate is None else costs.canary) + 8

    def _questions(self) -> list[Request]:
        """Return the small question to the model of each agent and to the judge's."""
        models, system = self.given.job.config.models, self.given.job.system
        agents = system.agents if system.app is None else ()
        return [*(models.of_agents().ready_question(one.model) for one in agents), models.of_judge().ready_question()]

    def _month(self) -> str:
        return datetime.fromtimestamp(self.around.now(), UTC).strftime("%Y-%m")

    # ── searches ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _search(self, search: Search) -> SearchEnded:
        """Run a search to its end, or go on with it where a process was stopped."""
        job = self._job_of(search)
        folder = self._folder_of(search.number)
        around = self.around
        watcher = Summed(around.watcher, self.used, search.number)
        if is_there(folder / RUN):
            outcome = await resume(
                folder, watcher, None, self._same, around.stop, around.parts, around.allowed, looks=around.looks
            )
        else:
            study = resolve(job, around.parts)
            outcome = await start(
                study, folder, watcher, self._same, around.stop, looks=around.looks, keeping=beside(self.store)
            )
        if outcome.finished is None:
            raise Interrupted(outcome.message)
        finished = outcome.finished
        prices = [one.usd for one in finished.usage.values()]
        return SearchEnded(
            number=search.number,
            month=self._month(),
            winners=finished.winners,
            wins=finished.holdout.wins,
            losses=finished.holdout.losses,
            why=finished.why,
            calls=sum(one.calls for one in finished.usage.values()),
            usd=None if None in prices else add_up(one or 0.0 for one in prices),
            tested=finished.holdout.n,
        )

    def _job_of(self, search: Search) -> Job:
        given = self.given.job
        first, last = search.windows
        rows = {row.key: row for number in range(first, last + 1) for row in self._window(number).rows}
        agents = tuple(replace(agent, prompt=search.start[agent.name]) for agent in given.system.agents)
        config = settings_of_search(given.config, self.given.plan, self.given.costs)
        config = config.model_copy(update={"caps": _tighter(given.config.caps, search.calls, search.usd)})
        system = replace(given.system, agents=agents)
        job = replace(given, system=system, inputs=Inputs(tuple(rows.values())), config=config, sources={})
        if search.start != search.standing.anchor:  # the shipped prompts, or a candidate that was ahead of them
            return job
        carried, _ = carried_over(job, Earlier(search.start, search.standing.shipped))
        return replace(job, carried=carried)

    def _folder_of(self, number: int) -> Path:
        """Return the folder of a search: the first that holds its record, or none yet.

        Raises:
            StoreError: it leads elsewhere.

        """
        attempt = 1
        while True:
            name = f"{number:03d}" if attempt == 1 else f"{number:03d}-{attempt}"
            folder = self.state / SEARCHES / name
            refuse_links(folder.parent, folder)
            if not is_there(folder / RUN) or _was_begun(folder / RUN):
                return folder
            attempt += 1

    @asynccontextmanager
    async def _same(self, _job: Job, _run: str) -> AsyncIterator[ModelClient]:
        """Give the client of the watch to its searches."""
        yield self.bare


def _was_begun(database: Path) -> bool:
    """Return whether a run was recorded, and not killed before that."""
    with suppress(StoreError), open_for_reading(database) as store:
        return "job" in store.meta()
    return False


def _tighter(own: Caps, calls: int | None, usd: float | None) -> Caps:
    """Return the caps of a search: those of the settings hold for each, and what is left of the month for all."""
    all_calls = [one for one in (own.calls, calls) if one is not None]
    all_usd = [one for one in (own.usd, usd) if one is not None]
    return own.model_copy(update={"calls": min(all_calls, default=None), "usd": min(all_usd, default=None)})


def _input_of(row: Mapping[str, str]) -> Input:
    (found,) = make_inputs([row]).rows
    return found
