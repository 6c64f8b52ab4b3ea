"""Comparing: run after run, each in a folder of its own, then all winners on the common hold-out.

Going on is the same program over longer records: a run that has ended is left alone, one that was killed is resumed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from maspo.config import Caps
from maspo.core.errors import (
    Interrupted,
    StoreError,
)
from maspo.core.executors import open_workers
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts
from maspo.core.running import run as in_loop
from maspo.core.sums import add_up
from maspo.core.usage import Usage, total
from maspo.core.workers import told_to_stop
from maspo.events import RunFinished
from maspo.models.base import Request
from maspo.stats.looks import FIRST, Taken, by_number
from maspo.store.looks import Look
from maspo.store.records import Keeping, beside, place_parts
from maspo.store.run_store import RunStore
from maspo.study.answering import seen_by_all
from maspo.study.attention import Attention
from maspo.study.comparison.beside import Beside, Panel, Piece, Raised, Unwatched, Whole, is_taken, wait_until_free
from maspo.study.comparison.course import Held, course_of, sets_on_the_way
from maspo.study.comparison.holdout import run_some
from maspo.study.comparison.money import at_prices, parts_met
from maspo.study.comparison.pieces import DATABASE as PIECE_DATABASE
from maspo.study.comparison.pieces import FOLDER as HOLDOUT
from maspo.study.comparison.pieces import (
    PARTED,
    HoldoutPiece,
    Measurements,
    Parted,
    Round,
    measure_beside,
    measure_here,
    pieces_of,
)
from maspo.study.comparison.plan import (
    COMPARISON,
    Comparison,
    Run,
    as_begun,
    cap_of,
    differences,
    kept_for_holdout,
    measuring_job,
)
from maspo.study.comparison.tally import Guarded, InputMet, Table, level_of, table_of
from maspo.study.comparison.terms import compare_equally
from maspo.study.ended import Stand, stand_in, stand_of
from maspo.study.job import Job, Looks, Provider, to_nobody
from maspo.study.mismatch import never_met, spec_of
from maspo.study.optimize import DATABASE as RUN_DATABASE
from maspo.study.optimize import resume, start
from maspo.study.record import COMPARED, Begun, add_prices, open_for_reading, refuse_links, take_back_unbegun
from maspo.study.resolve import known_prices, prices_of, texts_of_inputs
from maspo.study.session import Session, at_work
from maspo.study.stores import write_files

DATABASE = COMPARED
RUNS = "runs"
"""The folder of the run folders."""
_BEGUN = Begun(DATABASE, "comparison", COMPARISON, differences, "another comparison")
_ROUNDS, _ENDED, _PIECES = "rounds", "ended_under", "pieces"


@dataclass(frozen=True)
class SideBySide(Attention):
    """Who looks on, and how many runs of a comparison work side by side, in processes of their own.

    With several, ``provider`` must be known by a name that they can import.
    """

    jobs: int = 1
    """With a cluster (``executor``) 0 are as many as it has processors for."""
    carried: str = ""
    """The folder that a cluster brings to its nodes."""
    tell: Callable[[str], None] = to_nobody
    """Is told which run begins, and which was lost."""

    @property
    def in_turn(self) -> bool:
        """Whether one run after the other works, in this process."""
        return self.jobs == 1 and not self.executor


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run of the comparison ended, and what it spent."""

    run: Run
    finished: RunFinished
    usage: Usage
    stopped: str
    """The cap that ended its search, such as ``--max-usd 0.5``; empty if none did."""
    place: str = ""
    """The folder of its task, with a slash; empty where there is one task."""
    course: tuple[Held, ...] = ()
    """What its search held on its way."""

    @property
    def folder(self) -> str:
        """Its folder below that of the comparison."""
        return f"{self.place}{RUNS}/{self.run.name}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found."""

    comparison: Comparison
    table: Table
    inputs: tuple[InputMet, ...]
    runs: tuple[RunEnd, ...]
    guarded: Guarded
    courses: Mapping[str, tuple[Held, ...]]
    """What each run held on its way, by its name."""
    measuring: Usage
    """What measuring has cost: the common hold-out, guard inputs, prompts on the way."""
    seconds: float
    left_out: int
    """Hold-out inputs that a cap left out."""
    cut: tuple[str, ...]
    """Runs that the cap over all has cut short."""
    simulated: bool
    work: str = ""
    """What was measured, as the ledger of looks knows it: this record, and the winners that met."""
    tasks: Mapping[str, Table] = field(default_factory=dict)
    """By task, where this is over several of them: its own table."""

    @property
    def mismatch(self) -> str:
        """That no answer met its label, and what to see to; empty where one did, or where a judge decides."""
        if self.table.decided_by != "labels":
            return ""
        known = [[one for one in met.correct.values() if one is not None] for met in self.inputs]
        seen = [one for one in known if one]
        return never_met(len(seen), any(map(any, seen)), None, spec_of(self.comparison.system))

    @property
    def spent(self) -> Usage:
        """What all has cost."""
        return total([*(end.usage for end in self.runs), self.measuring])


def settled(asked: Comparison, out: Path) -> Comparison:
    """Return a comparison on equal terms: those of the folder, if it holds one, so that it can be gone on with.

    Raises:
        ConfigInvalid, UsageError: what ``compare_equally`` raises.
        RunChanged: the folder holds another comparison.
        StoreError: a folder of its runs leads elsewhere.

    """
    refuse_links(out / RUNS, *(folder_of(out, run) for run in asked.runs))
    refuse_links(out / HOLDOUT, *(out / HOLDOUT).glob("*"))
    if not is_there(out / DATABASE):
        return compare_equally(asked)
    with open_for_reading(out / DATABASE) as store:
        noted = store.meta().get(_BEGUN.name)
    if noted is None:
        return compare_equally(asked)
    then = COMPARISON.load(noted)
    now = compare_equally(as_begun(json.loads(noted), then, asked), then)
    _BEGUN.check(then, now, out)
    return now


def recorded_comparison(out: Path) -> Comparison:
    """Return what a folder was begun with; works while it is worked at.

    Raises:
        StoreError: that is not recorded, or cannot be read.

    """
    with open_for_reading(out / DATABASE) as store:
        return _BEGUN.noted_in(store, out)


async def compare(comparison: Comparison, out: Path, attention: SideBySide) -> Compared:
    """Compare into a folder; one that holds the same comparison is gone on with, and no recorded call is repeated.

    Raises:
        RunChanged: the folder holds another comparison.
        Interrupted: it was asked to stop; what was recorded is kept.
        MaspoError: what ``start`` and ``resume`` of a run raise.

    """
    async with _BEGUN.opened(comparison, out, attention.keeping) as store:
        comparison = await _at_prices(comparison, store, attention)
        looks = _Shared(comparison, store, attention.looks)
        attention = replace(attention, keeping=beside(store))
        for run in comparison.runs:  # a price that is known by now is one in the reports of the runs, too
            add_prices(folder_of(out, run), comparison.config.models.prices)
        opening = partial(open_workers, attention.executor, attention.jobs, attention.carried)
        async with Beside(opening, attention.stop, attention.tell) as beside_us:
            if attention.in_turn:
                brought = await _in_turn(comparison, out, store, looks, attention)
            else:
                brought = await _side_by_side(comparison, out, store, looks, attention, beside_us)
            ends = [brought.get(run.name) or _as_it_ended(comparison, run, out) for run in comparison.runs]
            attention.tell(_meeting(comparison))
            return await _measure(comparison, ends, store, looks, attention, beside_us)


def _meeting(comparison: Comparison) -> str:
    """Return who meets whom at the end, for those who look on."""
    if not comparison.runs:
        return f"the prompt sets meet on {len(comparison.holdout)} inputs"
    return f"what they end with meets on {len(comparison.holdout)} inputs that none of them has seen"


async def _at_prices(comparison: Comparison, store: RunStore, attention: SideBySide) -> Comparison:
    """Return a comparison at what calls of the seed prompts cost, where money is equal; the record keeps it.

    They are run on the first hold-out inputs, as the measuring will: nothing of it is paid twice.
    """
    if not comparison.bought or comparison.came_to:
        return comparison
    attention.tell("what calls cost is measured with the seed prompts; they meet these inputs at the end anyway")
    async with _measuring(comparison, comparison.job, store, attention) as session:
        await session.probe(_questions(comparison))
        await run_some(comparison, session)
        comparison = at_prices(comparison, parts_met(comparison, store.usage_answered()))
        await session.save({_BEGUN.name: COMPARISON.dump(comparison)})
    return comparison


# ── run after run ────────────────────────────────────────────────────────────────────────────────────────────────────


async def _in_turn(
    comparison: Comparison, out: Path, store: RunStore, looks: _Shared, attention: SideBySide
) -> Mapping[str, RunEnd]:
    """Bring run after run to its end; each gets its part of what those before it have left.

    Returns how those ended that had work.
    """
    more, stands = _has_more(comparison, store), _stands(comparison, out)
    brought: dict[str, RunEnd] = {}
    for number, run in enumerate(comparison.runs, 1):
        if _has_work(stands[run.name], more):
            attention.tell(f"run {number} of {len(comparison.runs)}: {run.name}")
            await _bring_to_an_end(comparison, run, out, _caps_of(comparison, run, stands, more), looks, attention)
            with open_for_reading(folder_of(out, run) / RUN_DATABASE) as record:
                stands[run.name] = stand_in(record)
                brought[run.name] = _ended_in(comparison, run, record)
    return brought


async def _side_by_side(
    comparison: Comparison, out: Path, store: RunStore, looks: _Shared, attention: SideBySide, beside_us: Beside
) -> Mapping[str, RunEnd]:
    """Bring runs to their end in processes of their own; each gets its part of what is left before any of them works.

    Returns how those ended that had work: each process reads the record of its own, so that the caller need not.

    Raises:
        MaspoError: what ended a run; the others are asked to stop first.

    """
    more, stands = _has_more(comparison, store), _stands(comparison, out)
    waiting = [run for run in comparison.runs if _has_work(stands[run.name], more)]
    if not waiting:
        return {}
    # Counted here once for all: a machine of a cluster has another ledger.
    counted = _Counted(await _count_once(comparison, store, looks, attention))
    whole = Whole.of(store, attention.keeping, attention.executor)

    def piece(run: Run) -> Piece[RunEnd]:
        caps = _caps_of(comparison, run, stands, more)
        given = (comparison, run, caps, counted, attention.provider, whole)
        return Piece(f"run {run.name}", folder_of(out, run) / RUN_DATABASE, _alone, given)

    pieces = {run.name: piece(run) for run in waiting}
    before = {folder_of(out, run) / RUN_DATABASE: stands[run.name].usage for run in comparison.runs}
    panel = Panel(attention.watcher, PHASE, out, len(comparison.runs), comparison.most, attention.jobs, before)
    found = await beside_us.bring([*pieces.values()], panel.look)
    place_parts(out / DATABASE)
    if attention.executor:
        write_files(out)
    return {name: found[one.name] for name, one in pieces.items()}


PHASE, MEASURING = "runs", "evaluation"


def _alone(
    comparison: Comparison, run: Run, caps: Caps, looks: Looks, provider: Provider, whole: Whole
) -> RunEnd | Raised:
    """Bring a run to its end, in a process of its own, which may be another machine's, and return how it ended."""

    async def work(there: Path, keeping: Keeping) -> RunEnd:
        attention = SideBySide(Unwatched(), provider, told_to_stop(), keeping=keeping)
        await _bring_to_an_end(comparison, run, there, caps, looks, attention)
        return _as_it_ended(comparison, run, there)

    return whole.do(f"{RUNS}/{run.name}/{RUN_DATABASE}", lambda there, keeping: in_loop(work(there, keeping)))


def wait_for_runs(comparison: Comparison, out: Path, tell: Callable[[str], None]) -> None:
    """Wait until no process works on a run or on the hold-out: those of a command that was killed notice it later."""
    records = {run.name: folder_of(out, run) / RUN_DATABASE for run in comparison.runs}
    records |= {one.place: out / one.place / PIECE_DATABASE for one in pieces_of(comparison)}
    working = [name for name, record in records.items() if is_taken(record)]
    if working:
        tell(f"waits until the processes of a command that is gone have left {', '.join(working)}")
    for name in working:
        wait_until_free(records[name])


async def _bring_to_an_end(
    comparison: Comparison, run: Run, out: Path, caps: Caps, looks: Looks, attention: SideBySide
) -> None:
    """Start a run, or go on with it.

    Raises:
        Interrupted: it was asked to stop.
        MaspoError: what ``start`` and ``resume`` raise.

    """
    folder = folder_of(out, run)
    take_back_unbegun(folder / RUN_DATABASE)
    if is_there(folder / RUN_DATABASE):
        outcome = await resume(folder, attention.watcher, caps, attention.provider, attention.stop, looks=looks)
    else:
        study = comparison.study_of(run, caps)
        outcome = await start(
            study, folder, attention.watcher, attention.provider, attention.stop, looks, attention.keeping
        )
    if outcome.finished is None:
        raise Interrupted("Stopped as asked.")


def _stands(comparison: Comparison, out: Path) -> dict[str, Stand]:
    """Return how far each run is, by its name; each record is read once, since reading it verifies it."""
    return {run.name: stand_of(folder_of(out, run)) for run in comparison.runs}


def _has_work(stand: Stand, more: bool) -> bool:
    """Say whether a run has not ended, or may go on under other caps."""
    return stand.finished is None or (more and not stand.finished.complete)


def _as_it_ended(comparison: Comparison, run: Run, out: Path) -> RunEnd:
    with open_for_reading(folder_of(out, run) / RUN_DATABASE) as record:
        return _ended_in(comparison, run, record)


def _ended_in(comparison: Comparison, run: Run, record: RunStore) -> RunEnd:
    """Return how a run ended by its record, at the prices that are known by now."""
    prices = known_prices(comparison.job)
    stand = stand_in(record, prices)
    if stand.finished is None:
        raise StoreError(f"{record.path}: the run has an end that its record does not hold; run the same command again")
    course = course_of(comparison, run, record, stand.finished.winners, prices)
    return RunEnd(run, stand.finished, stand.usage, stand.cap, course=course)


def _has_more(comparison: Comparison, store: RunStore) -> bool:
    """Say whether the caps are others than those under which the comparison came to an end."""
    return store.meta().get(_ENDED, _caps_text(comparison)) != _caps_text(comparison)


def _caps_text(comparison: Comparison) -> str:
    return comparison.config.caps.model_dump_json()


def _caps_of(comparison: Comparison, run: Run, stands: Mapping[str, Stand], more: bool) -> Caps:
    """Return what a run may spend: an equal part of what is left for those that have not ended."""
    others = [stand for name, stand in stands.items() if name != run.name]
    usage, seconds = total(stand.usage for stand in others), add_up(stand.seconds for stand in others)
    waiting = sum(_has_work(stand, more) for stand in stands.values()) or 1
    kept, caps = kept_for_holdout(comparison), comparison.config.caps
    own = comparison.usd if comparison.bought else None
    calls = None if caps.calls is None else (caps.calls - (kept.calls or 0) - usage.calls) // waiting
    usd = None if caps.usd is None else (caps.usd - (kept.usd or 0.0) - (usage.usd or 0.0)) / waiting
    minutes = None if caps.minutes is None else (caps.minutes - (kept.minutes or 0.0) - seconds / 60) / waiting
    return Caps(
        calls=None if (most := cap_of(comparison, run.method, calls)) is None else max(1, most),
        usd=None if usd is None else max(usd if own is None else min(own, usd), _LEAST),
        minutes=None if minutes is None else max(minutes, _LEAST),
    )


_LEAST = 1e-9
"""What a run gets where nothing is left: a cap that no call fits under."""


async def _count_once(comparison: Comparison, store: RunStore, looks: _Shared, attention: SideBySide) -> Taken:
    """Return a run's part of the look that all runs share, once it is known whether models will answer."""
    if comparison.world is not None:
        return FIRST
    async with _measuring(comparison, comparison.job, store, attention) as session:
        simulated = await session.may_be_simulated(_questions(comparison))
    return looks.take(looks.of_the_whole(simulated))


def folder_of(out: Path, run: Run) -> Path:
    """Return the folder of a run."""
    return out / RUNS / run.name


@dataclass(frozen=True, slots=True)
class _Counted:
    """A look that was counted before the runs began."""

    counted: Taken

    def take(self, _look: Look) -> Taken:
        """Return it."""
        return self.counted

    def end(self, look: Look, spent: float) -> None:
        """Do nothing: it is the comparison's, which has not ended."""


class _Shared:
    """The look of a comparison, which its runs share: together they may claim no more than half of its level."""

    def __init__(self, comparison: Comparison, store: RunStore, looks: Looks | None) -> None:
        self.rounds: list[str] = json.loads(store.meta().get(_ROUNDS, "[]"))
        """The winners of each time that the hold-out was measured: other ones are another look."""
        self._run = store.meta()["run"]
        self._comparison, self._looks = comparison, looks

    def of_the_whole(self, simulated: bool) -> Look:
        """Return the look that all runs take together."""
        return look_of(self._comparison, "", simulated)

    def take(self, look: Look) -> Taken:
        """Return a run's part of the look."""
        round_ = len(self.rounds)
        found = by_number(round_ + 1)
        if self._looks is not None:
            work = f"{self._run}/{work_of(round_)}"
            found = self._looks.take(look_of(self._comparison, work, look.simulated))
        return Taken(found.number, level_of(found) / (2 * max(len(self._comparison.runs), 1)))

    def end(self, look: Look, spent: float) -> None:
        """Do nothing: it is the comparison's, which has not ended."""


def look_of(comparison: Comparison, work: str, simulated: bool) -> Look:
    """Return a look at a comparison's hold-out, to be counted in the ledger."""
    texts = texts_of_inputs(comparison.job, comparison.holdout)
    return Look(work, "\0".join(comparison.system.order), texts, simulated)


def work_of(round_: int) -> str:
    """Return what a measuring is known by in the ledger of looks."""
    return f"comparison/{round_}"


# ── the common hold-out ──────────────────────────────────────────────────────────────────────────────────────────────


async def _measure(
    comparison: Comparison,
    ends: list[RunEnd],
    store: RunStore,
    looks: _Shared,
    attention: SideBySide,
    beside_us: Beside,
) -> Compared:
    """Run every prompt set once on guard inputs and common hold-out, under what the runs have left of the caps."""
    sets: Mapping[str, Prompts] = {end.run.name: end.finished.winners for end in ends} | {
        name: comparison.system.with_prompts(prompts).prompts for name, prompts in comparison.against.items()
    }
    courses = {end.run.name: end.course for end in ends}
    spent, took = total(end.usage for end in ends), add_up(end.finished.seconds for end in ends)
    job = measuring_job(comparison, _rest(comparison, ends, spent))
    ample = _is_ample(job.config.caps, comparison.measuring_calls, spent, took)
    pieces = _pieces_of(comparison, store, looks, ample and not attention.in_turn)
    tested = _name_of(sets, comparison)
    if tested not in looks.rounds:
        looks.rounds.append(tested)
        await store.append([], {_ROUNDS: json.dumps(looks.rounds), _PIECES: PARTED.dump(Parted(pieces))})
    texts, work = texts_of_inputs(comparison.job, comparison.holdout), work_of(looks.rounds.index(tested))
    round_ = Round(tested, sets, {**sets, **sets_on_the_way(courses)})
    async with _measuring(comparison, job, store, attention) as session:
        simulated = await session.probe(_questions(comparison))
        await session.looks.take(work, texts)
        met = Measurements() if pieces else await measure_here(comparison, session, round_)
        own = total(session.ledger.usage().values())
    if pieces:
        out, whole = store.path.parent, Whole.of(store, attention.keeping, attention.executor)
        panel = Panel(attention.watcher, MEASURING, out, len(pieces), comparison.measuring_calls, attention.jobs)
        caps, provider = job.config.caps, attention.provider
        met = await measure_beside(comparison, pieces, round_, caps, own, provider, whole, beside_us, panel)
        await store.append([], seen_by_all(store.meta(), met.answered))
    async with _measuring(comparison, job, store, attention) as session:
        look = await session.looks.taken(work, texts)
        await session.looks.end(work, texts, level_of(look))
        await session.save({_ENDED: _caps_text(comparison)})
        usage, seconds = total(session.ledger.usage().values()), session.ledger.seconds
    guarded, inputs = met.on_guards(comparison), met.on_holdout(comparison)
    return Compared(
        comparison=comparison,
        table=table_of(inputs, comparison.contestants, comparison.decided_by, look, guarded),
        inputs=inputs,
        runs=tuple(ends),
        guarded=guarded,
        courses=courses,
        measuring=total((usage, met.usage)),
        seconds=seconds + met.seconds + took,
        left_out=len(comparison.holdout) - len(inputs),
        cut=tuple(end.run.name for end in ends if is_cut(comparison, end)),
        simulated=simulated,
        work=f"{store.meta()['run']}/{work}",
    )


def _name_of(sets: Mapping[str, Prompts], comparison: Comparison) -> str:
    """Return by what these prompts are known under these caps: under another cap more inputs may be met, a new look."""
    content = json.dumps([{name: dict(each) for name, each in sets.items()}, _caps_text(comparison)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


_AMPLE = 4
"""Times what measuring should cost: a call is reserved at its worst case, which must fit into the part of a piece."""


def _is_ample(caps: Caps, calls: int, spent: Usage, seconds: float) -> bool:
    """Say whether caps leave room for so many calls in pieces, by what the calls of the runs took.

    Else one process keeps to them: of what a cap leaves of a piece much would be paid for half an input, or for none.
    """
    if caps.calls is not None and caps.calls < calls:
        return False
    if caps.usd is None and caps.minutes is None:
        return True
    if not spent.calls or (caps.usd is not None and spent.usd is None):
        return False
    of_money = caps.usd is None or caps.usd >= _AMPLE * calls * (spent.usd or 0.0) / spent.calls
    return of_money and (caps.minutes is None or caps.minutes * 60 >= _AMPLE * calls * seconds / spent.calls)


def _pieces_of(comparison: Comparison, store: RunStore, looks: _Shared, side_by_side: bool) -> tuple[HoldoutPiece, ...]:
    """Return the pieces in which other processes measure; none where the record of the comparison holds it all.

    What it was when measuring began it stays, so that no recorded call is repeated. Where money is equal, it holds the
    first calls, by which prices were measured.
    """
    if (noted := store.meta().get(_PIECES)) is not None:
        return PARTED.load(noted).pieces
    return pieces_of(comparison) if side_by_side and not (looks.rounds or comparison.bought) else ()


@asynccontextmanager
async def _measuring(
    comparison: Comparison, job: Job, store: RunStore, attention: SideBySide
) -> AsyncIterator[Session]:
    """Work with the record of the comparison, and record how long that took."""
    async with attention.provider(job, store.meta()["run"]) as bare:
        session = Session(
            job, store, bare, attention.watcher, None, prices_of(job), comparison.measuring_calls, attention.looks
        )
        async with at_work(session, attention.watcher, attention.stop):
            try:
                yield session
            finally:
                with suppress(StoreError):  # then whatever failed in between is what is told
                    await session.save()


def is_cut(comparison: Comparison, end: RunEnd) -> bool:
    """Say whether a cap over all has cut a run short of what it was there for: its part of the money, or its calls.

    A search may go on beyond its plan, which a cap may cut: then it had what all have.
    """
    if comparison.equal == "money":
        return not end.finished.complete and not end.stopped.startswith("--max-usd")
    planned = end.run.method.calls is not None and end.usage.calls < comparison.calls_of(end.run.method)
    return not end.finished.complete and planned


def _rest(comparison: Comparison, ends: list[RunEnd], spent: Usage) -> Caps:
    """Return what the runs have left of the caps."""
    caps, seconds = comparison.config.caps, add_up(end.finished.seconds for end in ends)
    return Caps(
        calls=None if caps.calls is None else max(1, caps.calls - spent.calls),
        usd=None if caps.usd is None else max(_LEAST, caps.usd - ((spent.usd or 0.0) - spent.usd_afterwards)),
        minutes=None if caps.minutes is None else max(_LEAST, caps.minutes - seconds / 60),
    )


def _questions(comparison: Comparison) -> list[Request]:
    """Return the small question to each model that the hold-out asks."""
    models = comparison.config.models
    asked = [models.of_agents().ready_question(agent.model) for agent in comparison.system.agents]
    return [*asked, models.of_judge().ready_question()]
