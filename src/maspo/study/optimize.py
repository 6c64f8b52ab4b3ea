"""Optimizing: the search, the hold-out test, what is shipped. Resuming is the same program over a longer record."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from maspo.__about__ import __version__
from maspo.config import Caps, capped
from maspo.core.errors import (
    EXIT_BUDGET,
    EXIT_OK,
    BudgetReached,
    ConfigInvalid,
    Interrupted,
    MaspoError,
    RunChanged,
    StoreError,
    UsageError,
)
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.verdict import Comparison, Level, Reading
from maspo.events import BudgetStopped, CallLost, JudgeChecked, RunFinished, RunStarted
from maspo.models.base import ModelClient
from maspo.optimizers.base import Ask, Compare, Results
from maspo.proposers.drafts import checked
from maspo.store.files import write_whole
from maspo.store.run_store import RunStore
from maspo.study.calls import provider as default_provider
from maspo.study.executor import rules_for, texts_of
from maspo.study.fruitless import Fruitless
from maspo.study.holdout import conclude, result_of
from maspo.study.job import Job, Outcome, Provider, Watcher
from maspo.study.record import (
    CONFIG,
    JOB,
    check_unchanged,
    differences_between,
    make_folder,
    nothing_left_unless_answered,
    open_for_reading,
    write_config,
)
from maspo.study.resolve import Parts, Study, judged_pairs, resolve
from maspo.study.session import Session, at_work
from maspo.world import World

DATABASE = "run.db"
_SEED_PROMPTS = "seed_prompts.json"
_HOLDOUT_CHUNK = 8
"""Hold-out inputs judged side by side under a cap, so that a cap cuts off whole inputs."""
_MOST_CASES_SHOWN = 20
"""Misalignment cases whose texts the report shows: more than a person reads."""


async def start(
    study: Study,
    out: Path,
    watcher: Watcher,
    provider: Provider = default_provider,
    stop: asyncio.Event | None = None,
) -> Outcome:
    """Run a study from the beginning into a new run folder.

    Setting ``stop`` lets calls in flight finish, saves, and returns an outcome that can be resumed.

    Raises:
        UsageError: the folder cannot be used; nothing was paid.
        ProviderError: the endpoint cannot be reached or refuses; what was recorded is kept.

    """
    job = study.job
    run = uuid.uuid4().hex[:12]
    with nothing_left_unless_answered(out / DATABASE, CONFIG, _SEED_PROMPTS):
        async with provider(job, run) as bare, _new_folder(job, out) as store:
            await store.append([], {"job": JOB.dump(job), "run": run})
            return await _drive(study, out, store, bare, watcher, stop)


async def resume(
    out: Path,
    watcher: Watcher,
    caps: Caps | None = None,
    provider: Provider = default_provider,
    stop: asyncio.Event | None = None,
    parts: Parts | None = None,
) -> Outcome:
    """Go on with a run where its record ends; no recorded call is repeated.

    ``caps`` replace those that they name, so that a run that met a cap can go on. ``parts`` are the objects that the
    run was started with, if any.

    Raises:
        RunChanged: the config, the system or the inputs are not what the run was started with.
        UsageError, ProviderError: as ``start``.

    """
    if not (out / DATABASE).is_file():
        raise UsageError(
            f"{out}: holds no run ({DATABASE} is missing) and no evaluation; give the folder that `maspo optimize` or "
            "`maspo evaluate` wrote (a judge check goes on when its command is repeated with the same --out)"
        )
    async with RunStore.open(out / DATABASE) as store:
        recorded = _job_in(store, out)
        check_unchanged(recorded, out)
        job = replace(recorded, config=capped(recorded.config, caps))
        study = resolve(job, parts)
        differences = differences_between(job, study.job)
        if differences:
            raise RunChanged(f"{out}: the run was started with other parts; give those. What differs:", differences)
        async with provider(job, store.meta()["run"]) as bare:
            return await _drive(study, out, store, bare, watcher, stop)


def _new_folder(job: Job, out: Path) -> RunStore:
    """Make the run folder before anything is paid."""
    if (out / DATABASE).is_file():
        message = f"--out {out}: holds a run already; go on with `maspo resume {out}`, or give another folder"
        try:
            differences = differences_between(recorded_job(out), job)
        except MaspoError as error:
            raise UsageError(f"{message} ({error})") from error
        if differences:
            raise RunChanged(f"{message}. That run differs from what is asked for now:", differences)
        raise UsageError(message)
    with make_folder(out):
        write_config(out, job.config)
        _write_json(out / _SEED_PROMPTS, job.system.prompts)
    return RunStore.create(out / DATABASE)


def recorded_job(out: Path) -> Job:
    """Return the job that a run folder was started with; works while it runs."""
    with open_for_reading(out / DATABASE) as store:
        return _job_in(store, out)


def _job_in(store: RunStore, out: Path) -> Job:
    job = store.meta().get("job")
    if job is None:
        raise StoreError(f"{out}: the run was killed before it began; delete the folder and start again")
    return JOB.load(job)


# ── one process's share of a run ─────────────────────────────────────────────────────────────────────────────────────


async def _drive(
    study: Study, out: Path, store: RunStore, bare: ModelClient, watcher: Watcher, stop: asyncio.Event | None
) -> Outcome:
    job, parts, prices = study.job, study.parts, study.prices
    session = Session(job, store, bare, watcher, parts, prices, planned_calls=study.plan.planned)
    async with at_work(session, watcher, stop):
        ends = session.recorded(RunFinished)
        if ends and ends[-1].complete:
            return _outcome(job, ends[-1], "This run is finished already.")
        try:
            _ = session.executor  # made before the first call
            await session.list_unsettled()
            await _begin(study, session)
            _reserve_for_holdout(study, session)
            end, cap = await _search(study, session)
            session.ledger.release()
            finished = await _conclude(study, session, end, cap)
            _write_json(out / "prompts.json", finished.prompts)
            await session.publish(finished)
            return _outcome(job, finished, finished.why)
        except Interrupted as error:
            await session.pause(str(error))
            message = f"{error} Everything paid for is saved; go on with: maspo resume {out}"
            return Outcome(
                None, error.exit_code, message, job.config.seed, session.ledger.usage(), session.ledger.seconds
            )
        except MaspoError as error:
            if session.answered:
                await session.pause(str(error))
            raise


async def _begin(study: Study, session: Session) -> None:
    job, models = study.job, study.job.config.models
    roles = {"agent": models.agent, "judge": models.for_judge(), "proposer": models.for_proposer()}
    own = {agent.model for agent in job.system.agents if agent.model}
    simulated = await session.probe(sorted({*roles.values(), *own}))
    if not session.recorded(RunStarted):
        await session.publish(
            RunStarted(
                run=session.run,
                system=job.system.name,
                agents=job.system.order,
                reads={name: job.system.by_name[name].reads for name in job.system.order},
                seed_prompts=job.system.prompts,
                profile=job.config.profile,
                seed=job.config.seed,
                search_inputs=study.plan.search_inputs,
                holdout_inputs=study.plan.holdout_inputs,
                models=roles,
                simulated=simulated,
                version=__version__,
                notes=study.plan.notes,
                method=job.config.search.method,
                decided_by=study.decided_by,
            )
        )


async def _search(study: Study, session: Session) -> tuple[Ask, str]:
    """Drive the search; return where it stands at its end, and the cap that cut it short, if any."""
    search = study.optimizer.search(study.problem)
    results: Results | None = None
    ask, cap = Ask(study.problem.seed_prompts), ""
    fruitless = Fruitless()
    try:
        while True:
            ask = next(search) if results is None else search.send(results)
            await session.follow(ask.events)
            results = await session.submit(ask.requests)
            fruitless.check(results, session.events, session.ledger.usage())
    except StopIteration as stop:
        ask = _checked_end(study, session, stop.value)
        await session.follow(ask.events)
        fruitless.check((), session.events, session.ledger.usage(), ended=True)
    except BudgetReached as error:
        cap = session.ledger.reached or str(error)
        await session.publish(BudgetStopped(cap))
    # Not when the run is interrupted: a resumed one would show other cases than one that nobody stopped.
    await session.show_cases(ask.cases[:_MOST_CASES_SHOWN])
    return ask, cap


def _checked_end(study: Study, session: Session, end: object) -> Ask:
    """Return where a search ended, if its prompts may meet the hold-out: an optimizer of the user's own may write any.

    Raises:
        ConfigInvalid: it lacks an agent, rewrote one that may not be, or broke a rule of drafts.

    """
    who = f"search.method: {type(study.optimizer).__name__}"
    if not isinstance(end, Ask):
        raise ConfigInvalid(f"{who} returned {end!r:.200}; expected an Ask with the prompts that it found")
    seed = study.problem.seed_prompts
    if set(end.prompts) != set(seed):
        raise ConfigInvalid(f"{who} ended with prompts of {sorted(end.prompts)}; expected one each of {sorted(seed)}")
    job, team = study.job, study.problem.team
    texts = texts_of(job.system, job.inputs.rows)
    for name in (name for name in seed if end.prompts[name] != seed[name]):
        if name not in team.rewritten:
            raise ConfigInvalid(f"{who} ended with another prompt for {name}, which may not be rewritten")
        rules = rules_for(job.system.by_name[name], texts, job.config.proposer.length_budget)
        if broken := checked(end.prompts[name], seed[name], rules, session.passages).rejected:
            raise ConfigInvalid(f"{who} ended with a prompt for {name} that may not be shipped: {broken}")
    return end


async def _conclude(study: Study, session: Session, end: Ask, cap: str) -> RunFinished:
    """Let the winners meet the seed prompts once on the hold-out, and conclude."""
    job, seed, winners, holdout = study.job, study.job.system.prompts, end.prompts, study.split.holdout
    changed = winners != seed
    comparisons = await _test_on_holdout(study, session, winners) if changed else []
    result = result_of(comparisons)
    if changed and job.config.labels == "use":
        await _check_judge(study, session, winners, comparisons)
    verdict = conclude(result, job.config.holdout.ship_if, changed, study.decided_by)
    shipped = winners if verdict.shipped == "optimized" else seed
    short = f" The search was cut short by {cap}." if cap else ""
    missing = len(holdout) - len(comparisons) if changed else 0
    if missing:
        short += f" {missing} hold-out inputs were left out by a cap."
    if lost := len(session.recorded(CallLost)):
        short += f" Calls that failed for good: {lost}; what depended on them is undecided or lost."
    world = None if job.world is None else World(job.world)
    return RunFinished(
        verdict=verdict.verdict,
        shipped=verdict.shipped,
        why=verdict.why + short,
        holdout=result,
        prompts=shipped,
        winners=winners,
        usage=session.ledger.usage(),
        seconds=session.ledger.seconds,
        complete=not cap and not missing,
        truth=None if world is None else (world.accuracy(job.system, seed), world.accuracy(job.system, shipped)),
    )


def _holdout_request(study: Study, winners: Prompts, key: str, first: bool = True, place: str = "holdout") -> Compare:
    """Ask how the winners do against the seed prompts on a hold-out input, by their final answers, in both orders."""
    output = study.job.system.output
    return Compare(
        id=f"{place}/{prompts_id(winners)}/{key}",
        reference=study.job.system.prompts,
        changes={output: winners[output], **winners},
        input_key=key,
        candidate_first=first,
        levels=(Level.GLOBAL,),
        orders=2,
        purpose="holdout",
    )


async def _test_on_holdout(study: Study, session: Session, winners: Prompts) -> list[Comparison]:
    """Return how the winners do on the hold-out inputs; a cap leaves out the last of them."""
    keys, caps = study.split.holdout, study.job.config.caps
    capped = any(cap is not None for cap in (caps.calls, caps.usd, caps.minutes))
    size = _HOLDOUT_CHUNK if capped else len(keys)
    found: list[Comparison] = []
    for begin in range(0, len(keys), size):
        requests = [_holdout_request(study, winners, key) for key in keys[begin : begin + size]]
        try:
            results = await session.submit(requests, "holdout")
        except BudgetReached:
            break
        found += [result for result in results if isinstance(result, Comparison)]
    return found


async def _check_judge(study: Study, session: Session, winners: Prompts, met: Sequence[Comparison]) -> None:
    """Ask the judge, in both orders, about hold-out inputs on which labels have decided; a cap leaves it out."""
    if session.recorded(JudgeChecked):
        return
    labelled = {row.key for row in study.job.inputs.rows if row.answer is not None}
    differing = [one for one in met if one.input_key in labelled and not (one.same_answer or one.failed)]
    asked = differing[: judged_pairs(session.planned_calls)]
    requests = [
        replace(
            _holdout_request(study, winners, one.input_key, first, f"judge/{'first' if first else 'second'}"),
            orders=1,
            decided_by="judge",
            purpose="judge_check",
        )
        for one in asked
        for first in (True, False)
    ]
    with suppress(BudgetReached):
        results = [result for result in await session.submit(requests, "holdout") if isinstance(result, Comparison)]
        readings = tuple(
            Reading(one.input_key, first.glob, turned.glob, one.glob)
            for one, first, turned in zip(asked, results[::2], results[1::2], strict=True)
            if not (first.failed or turned.failed)
        )
        if readings:
            await session.publish(JudgeChecked(readings))


def _reserve_for_holdout(study: Study, session: Session) -> None:
    """Set aside for the hold-out test what it may need, at most half of each cap."""
    caps, needed = study.job.config.caps, study.holdout_calls
    share = min(0.5, needed / max(session.planned_calls, 1))
    session.ledger.keep_back(
        calls=min(needed, caps.calls // 2) if caps.calls else 0,
        usd=caps.usd * share if caps.usd else 0.0,
        seconds=caps.minutes * 60 * share if caps.minutes else 0.0,
    )


def _outcome(job: Job, finished: RunFinished, message: str) -> Outcome:
    code = EXIT_OK if finished.complete else EXIT_BUDGET
    return Outcome(finished, code, message, job.config.seed, finished.usage, finished.seconds)


def _write_json(path: Path, value: Prompts) -> None:
    text = json.dumps(dict(value), ensure_ascii=False, indent=2)
    write_whole(path, text + "\n")
