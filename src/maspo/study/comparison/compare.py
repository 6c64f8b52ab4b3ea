"""Comparing: run after run, each in a folder of its own, then all winners on the common hold-out.

Going on is the same program over longer records: a run that has ended is left alone, one that was killed is resumed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from maspo.config import Caps
from maspo.core.errors import Interrupted, RunChanged, StoreError
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts
from maspo.core.usage import Usage, total
from maspo.data.inputs import Inputs
from maspo.events import RunFinished
from maspo.models.base import Request
from maspo.stats.looks import level_of
from maspo.store.looks import Look
from maspo.store.run_store import RunStore
from maspo.study.calls import provider as default_provider
from maspo.study.comparison.course import Held, course_of, sets_on_the_way
from maspo.study.comparison.guards import measure_guards
from maspo.study.comparison.holdout import measure
from maspo.study.comparison.plan import (
    COMPARISON,
    Comparison,
    Run,
    cap_of,
    compare_equally,
    differences,
    kept_for_holdout,
)
from maspo.study.comparison.tally import Guarded, InputMet, Table, table_of
from maspo.study.ended import end_of, spent_in
from maspo.study.job import Looks, Outcome, Provider, Watcher
from maspo.study.optimize import DATABASE as RUN_DATABASE
from maspo.study.optimize import resume, start
from maspo.study.record import make_folder, nothing_left_unless_answered, open_for_reading
from maspo.study.resolve import prices_of, texts_of_inputs
from maspo.study.session import Session, at_work

DATABASE = "comparison.db"
RUNS = "runs"
"""The folder of the run folders."""
_NOTED, _ROUNDS, _ENDED = "comparison", "rounds", "ended_under"


@dataclass(frozen=True, slots=True)
class Attention:
    """Who looks on, where replies come from, who may stop the work, and how often the hold-out was looked at before."""

    watcher: Watcher
    provider: Provider = default_provider
    stop: asyncio.Event | None = None
    looks: Looks | None = None


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run of the comparison ended, and what it spent."""

    run: Run
    finished: RunFinished
    usage: Usage


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

    @property
    def spent(self) -> Usage:
        """What all has cost."""
        return total([*(end.usage for end in self.runs), self.measuring])


def settled(asked: Comparison, out: Path) -> Comparison:
    """Return a comparison with equal calls: those of the folder, if it holds one, so that it can be gone on with.

    Raises:
        ConfigInvalid, UsageError: what ``compare_equally`` raises.
        StoreError: a folder of its runs leads elsewhere.

    """
    for run in asked.runs:
        for place in (out / RUNS, folder_of(out, run)):
            if place.is_symlink():
                raise StoreError(f"{place}: is a link, and runs would be written elsewhere; take it away and try again")
    if not is_there(out / DATABASE):
        return compare_equally(asked)
    with open_for_reading(out / DATABASE) as store:
        noted = store.meta().get(_NOTED)
    return compare_equally(asked, COMPARISON.load(noted).calls if noted is not None else None)


async def compare(comparison: Comparison, out: Path, attention: Attention) -> Compared:
    """Compare into a folder; one that holds the same comparison is gone on with, and no recorded call is repeated.

    Raises:
        RunChanged: the folder holds another comparison.
        Interrupted: it was asked to stop; what was recorded is kept.
        MaspoError: what ``start`` and ``resume`` of a run raise.

    """
    async with _open_record(comparison, out) as store:
        looks = _Shared(comparison, store, attention.looks)
        ends = []
        for run in comparison.runs:
            ends.append(await _run(comparison, run, out, store, looks, attention))
        return await _measure(comparison, ends, out, store, looks, attention)


@asynccontextmanager
async def _open_record(comparison: Comparison, out: Path) -> AsyncIterator[RunStore]:
    """Open the comparison's own record, and hold it for as long as the comparison works."""
    database = out / DATABASE
    with nothing_left_unless_answered(database):
        if not is_there(database):
            with make_folder(out):
                pass
            async with RunStore.create(database) as store:
                await store.append([], {"run": uuid.uuid4().hex[:12], _NOTED: COMPARISON.dump(comparison)})
                yield store
            return
    async with RunStore.open(database) as store:
        noted = store.meta().get(_NOTED)
        if noted is None:
            raise StoreError(f"{database}: what it was begun with is not recorded; delete the folder and start again")
        if found := differences(COMPARISON.load(noted), comparison):
            raise RunChanged(f"--out {out}: holds another comparison; give another folder. What differs:", found)
        yield store


# ── run after run ────────────────────────────────────────────────────────────────────────────────────────────────────


async def _run(
    comparison: Comparison, run: Run, out: Path, store: RunStore, looks: Looks, attention: Attention
) -> RunEnd:
    """Start a run, go on with it, or leave it as it ended."""
    folder = folder_of(out, run)
    ended = end_of(folder)
    caps = _caps_of(comparison, run, out, store)
    if ended is None or (not ended.complete and _has_more(comparison, store)):
        if is_there(folder / RUN_DATABASE):
            outcome = await resume(folder, attention.watcher, caps, attention.provider, attention.stop, looks=looks)
        else:
            study = comparison.study_of(run, caps)
            outcome = await start(study, folder, attention.watcher, attention.provider, attention.stop, looks)
        ended = _unless_stopped(outcome)
    return RunEnd(run, ended, spent_in(folder / RUN_DATABASE)[0])


def _unless_stopped(outcome: Outcome) -> RunFinished:
    if outcome.finished is None:
        raise Interrupted("Stopped as asked.")
    return outcome.finished


def _has_more(comparison: Comparison, store: RunStore) -> bool:
    """Say whether the caps are others than those under which the comparison came to an end."""
    return store.meta().get(_ENDED, _caps_text(comparison)) != _caps_text(comparison)


def _caps_text(comparison: Comparison) -> str:
    return comparison.config.caps.model_dump_json()


def _caps_of(comparison: Comparison, run: Run, out: Path, store: RunStore) -> Caps:
    """Return what a run may spend: an equal part of what is left for those that have not ended."""
    again = _has_more(comparison, store)
    others = [spent_in(folder_of(out, one) / RUN_DATABASE) for one in comparison.runs if one != run]
    usage, seconds = total(found for found, _ in others), sum(found for _, found in others)
    ends = [end_of(folder_of(out, one)) for one in comparison.runs]
    waiting = sum(end is None or (again and not end.complete) for end in ends) or 1
    kept, caps = kept_for_holdout(comparison), comparison.config.caps
    calls = None if caps.calls is None else (caps.calls - (kept.calls or 0) - usage.calls) // waiting
    usd = None if caps.usd is None else (caps.usd - (kept.usd or 0.0) - (usage.usd or 0.0)) / waiting
    minutes = None if caps.minutes is None else (caps.minutes - (kept.minutes or 0.0) - seconds / 60) / waiting
    return Caps(
        calls=None if (most := cap_of(run.method, comparison.calls, calls)) is None else max(1, most),
        usd=None if usd is None else max(usd, _LEAST),
        minutes=None if minutes is None else max(minutes, _LEAST),
    )


_LEAST = 1e-9
"""What a run gets where nothing is left: a cap that no call fits under."""


def folder_of(out: Path, run: Run) -> Path:
    """Return the folder of a run."""
    return out / RUNS / run.name


class _Shared:
    """The look of a comparison, which its runs share: together they may claim no more than half of its level."""

    def __init__(self, comparison: Comparison, store: RunStore, looks: Looks | None) -> None:
        self.rounds: list[str] = json.loads(store.meta().get(_ROUNDS, "[]"))
        """The winners of each time that the hold-out was measured: other ones are another look."""
        self._run = store.meta()["run"]
        self._texts = texts_of_inputs(comparison.job, comparison.holdout)
        self._comparison, self._looks = comparison, looks

    def number(self, look: Look) -> int:
        """Return the least number of a look whose level is a run's part."""
        round_, number = len(self.rounds), len(self.rounds) + 1
        if self._looks is not None:
            number = max(number, self._looks.number(Look(f"{self._run}/{work_of(round_)}", look.team, self._texts)))
        part = level_of(number) / (2 * max(len(self._comparison.runs), 1))
        while level_of(number) > part:
            number += 1
        return number


def work_of(round_: int) -> str:
    """Return what a measuring is known by in the ledger of looks."""
    return f"comparison/{round_}"


# ── the common hold-out ──────────────────────────────────────────────────────────────────────────────────────────────


async def _measure(
    comparison: Comparison, ends: list[RunEnd], out: Path, store: RunStore, looks: _Shared, attention: Attention
) -> Compared:
    """Run every prompt set once on guard inputs and common hold-out, under what the runs have left of the caps."""
    sets: Mapping[str, Prompts] = {end.run.name: end.finished.winners for end in ends} | {
        name: comparison.system.with_prompts(prompts).prompts for name, prompts in comparison.against.items()
    }
    courses = {
        end.run.name: course_of(comparison, end.run, folder_of(out, end.run) / RUN_DATABASE, end.finished.winners)
        for end in ends
    }
    spent = total(end.usage for end in ends)
    config = comparison.config.model_copy(update={"caps": _rest(comparison, ends, spent)})
    rows = Inputs((*comparison.inputs.rows, *comparison.guarding))
    job = replace(comparison.job, inputs=rows, config=config)
    # Under another cap more inputs may be met, which is another look, too.
    content = json.dumps([{name: dict(each) for name, each in sets.items()}, _caps_text(comparison)], sort_keys=True)
    tested = hashlib.sha256(content.encode()).hexdigest()[:16]
    if tested not in looks.rounds:
        looks.rounds.append(tested)
        await store.append([], {_ROUNDS: json.dumps(looks.rounds)})
    run = store.meta()["run"]
    async with attention.provider(job, run) as bare:
        session = Session(
            job, store, bare, attention.watcher, None, prices_of(job), comparison.measuring_calls, attention.looks
        )
        async with at_work(session, attention.watcher, attention.stop):
            simulated = await session.probe(_questions(comparison))
            texts = texts_of_inputs(comparison.job, comparison.holdout)
            look = await session.look(work_of(looks.rounds.index(tested)), texts)
            guarded = await measure_guards(comparison, session, sets)
            inputs = await measure(comparison, session, {**sets, **sets_on_the_way(courses)})
            await session.save({_ENDED: _caps_text(comparison)})
            usage, seconds = total(session.ledger.usage().values()), session.ledger.seconds
    planned = [end for end in ends if end.run.method.calls is not None]
    return Compared(
        comparison=comparison,
        table=table_of(inputs, comparison.contestants, comparison.decided_by, look, guarded),
        inputs=inputs,
        runs=tuple(ends),
        guarded=guarded,
        courses=courses,
        measuring=usage,
        seconds=seconds + sum(end.finished.seconds for end in ends),
        left_out=len(comparison.holdout) - len(inputs),
        cut=tuple(end.run.name for end in planned if not end.finished.complete),
        simulated=simulated,
    )


def _rest(comparison: Comparison, ends: list[RunEnd], spent: Usage) -> Caps:
    """Return what the runs have left of the caps."""
    caps, seconds = comparison.config.caps, sum(end.finished.seconds for end in ends)
    return Caps(
        calls=None if caps.calls is None else max(1, caps.calls - spent.calls),
        usd=None if caps.usd is None else max(_LEAST, caps.usd - (spent.usd or 0.0)),
        minutes=None if caps.minutes is None else max(_LEAST, caps.minutes - seconds / 60),
    )


def _questions(comparison: Comparison) -> list[Request]:
    """Return the small question to each model that the hold-out asks."""
    models = comparison.config.models
    asked = [models.of_agents().ready_question(agent.model) for agent in comparison.system.agents]
    return [*asked, models.of_judge().ready_question()]
