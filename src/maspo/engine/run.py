"""The run: replay, ask, perform, record, tell; then the hold-out test. Resume is the same loop over a longer record."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from maspo.__about__ import __version__
from maspo.config import Caps
from maspo.engine.calls import check_prices
from maspo.engine.estimate import estimate, holdout_calls
from maspo.engine.holdout import conclude, tally
from maspo.engine.job import Estimate, Job, Outcome, Provider, Watcher
from maspo.engine.plan_search import Split, setting_of, split_of
from maspo.engine.providers import provider as default_provider
from maspo.engine.record import (
    CONFIG,
    JOB,
    check_unchanged,
    differences_between,
    with_caps,
    write_config,
)
from maspo.engine.session import Session, opened_session
from maspo.engine.unpaid import nothing_left_unless_answered
from maspo.errors import (
    EXIT_BUDGET,
    EXIT_OK,
    BudgetReached,
    Interrupted,
    MaspoError,
    RunChanged,
    StoreError,
    UsageError,
)
from maspo.events import BudgetStopped, RunFinished, RunStarted
from maspo.models.base import Model
from maspo.models.ledger import Ledger
from maspo.prompts import Prompts
from maspo.search.methods import METHODS, SearchState
from maspo.store.files import write_whole
from maspo.store.run_store import RunStore
from maspo.verdict import Verdict
from maspo.world import World

DATABASE = "run.db"
_SEED_PROMPTS = "seed_prompts.json"
_HOLDOUT_CHUNK = 8
"""Hold-out inputs judged side by side under a cap, so that a cap cuts off whole inputs."""
_MOST_CASES_SHOWN = 20
_MOST_JUDGE_PAIRS = 30
_JUDGE_SHARE = 0.05
"""Share of the planned calls that may go into measuring the judge against labels."""


async def start(
    job: Job,
    out: Path,
    watcher: Watcher,
    provider: Provider = default_provider,
    stop: asyncio.Event | None = None,
) -> Outcome:
    """Run a job from the beginning into a new run folder.

    Setting ``stop`` lets calls in flight finish, saves, and returns an outcome that can be resumed.

    Raises:
        UsageError: the job or the folder cannot be used; nothing was paid.
        ProviderError: the endpoint cannot be reached or refuses; what was recorded is kept.

    """
    plan = estimate(job)
    check_prices(job)
    run = uuid.uuid4().hex[:12]
    with nothing_left_unless_answered(out / DATABASE, CONFIG, _SEED_PROMPTS):
        async with provider(job, run) as bare, _new_folder(job, out) as store:
            await store.append([], {"job": JOB.dump(job), "run": run})
            return await _drive(job, out, store, _Attention(watcher, bare, stop), plan)


async def resume(
    out: Path,
    watcher: Watcher,
    caps: Caps | None = None,
    provider: Provider = default_provider,
    stop: asyncio.Event | None = None,
) -> Outcome:
    """Go on with a run where its record ends; no recorded call is repeated.

    ``caps`` replace those that they name, so that a run that met a cap can go on.

    Raises:
        RunChanged: the config, the system or the inputs are not what the run was started with.
        UsageError, ProviderError: as ``start``.

    """
    if not (out / DATABASE).is_file():
        raise UsageError(
            f"{out}: holds no run ({DATABASE} is missing) and no evaluation; give the folder that `maspo optimize` or "
            "`maspo evaluate` wrote (a judge check goes on when its command is repeated with the same --out)"
        )
    store = RunStore.open(out / DATABASE)
    async with store:
        recorded = _job_in(store, out)
        check_unchanged(recorded, out)
        job = with_caps(recorded, caps)
        check_prices(job)
        async with provider(job, store.meta()["run"]) as bare:
            return await _drive(job, out, store, _Attention(watcher, bare, stop), estimate(job))


class _Attention:
    """Who looks on, who answers, and who may stop a run."""

    def __init__(self, watcher: Watcher, bare: Model, stop: asyncio.Event | None) -> None:
        self.watcher = watcher
        self.bare = bare
        self.stop = stop or asyncio.Event()


def _new_folder(job: Job, out: Path) -> RunStore:
    """Make the run folder before anything is paid."""
    if (out / DATABASE).is_file():
        raise _folder_taken(job, out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_config(out, job.config)
        _write_json(out / _SEED_PROMPTS, job.system.prompts)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror}); give a folder you may write") from error
    return RunStore.create(out / DATABASE)


def _folder_taken(job: Job, out: Path) -> UsageError:
    message = f"--out {out}: holds a run already; go on with `maspo resume {out}`, or give another folder"
    try:
        differences = differences_between(recorded_job(out), job)
    except MaspoError as error:
        return UsageError(f"{message} ({error})")
    if not differences:
        return UsageError(message)
    return RunChanged(f"{message}. That run differs from what is asked for now:", differences)


def recorded_job(out: Path) -> Job:
    """Return the job that a run folder was started with; works while it runs."""
    store = RunStore.read(out / DATABASE)
    try:
        return _job_in(store, out)
    finally:
        store.close_reader()


def _job_in(store: RunStore, out: Path) -> Job:
    job = store.meta().get("job")
    if job is None:
        raise StoreError(f"{out}: the run was killed before it began; delete the folder and start again")
    return JOB.load(job)


# ── one process's share of a run ─────────────────────────────────────────────────────────────────────────────────────


async def _drive(job: Job, out: Path, store: RunStore, attention: _Attention, plan: Estimate) -> Outcome:
    async with (
        opened_session(job, store, attention.bare, attention.watcher, plan) as session,
        stoppable(session.ledger, attention.stop),
    ):
        done = session.finished()
        if done is not None:
            return _outcome(job, done, "This run is finished already.")
        try:
            await session.list_unsettled()
            await _begin(job, session, plan)
            return await _to_the_end(job, out, session)
        except Interrupted as error:
            await session.pause(str(error))
            message = f"{error} Everything paid for is saved; go on with: maspo resume {out}"
            return Outcome(None, error.exit_code, message, job.config.seed, session.ledger.usage(), session.seconds)
        except MaspoError as error:
            if session.answered:
                await session.pause(str(error))
            raise


@asynccontextmanager
async def stoppable(ledger: Ledger, stop: asyncio.Event) -> AsyncIterator[None]:
    """Refuse every further call once the event is set; calls in flight may finish."""

    async def halt() -> None:
        await stop.wait()
        ledger.halt(Interrupted("Stopped as asked."))

    watching = asyncio.create_task(halt())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _begin(job: Job, session: Session, plan: Estimate) -> None:
    models = job.config.models
    roles = {"agent": models.agent, "judge": models.for_judge(), "proposer": models.for_proposer()}
    own = {agent.model for agent in job.system.agents if agent.model}
    started = session.was_started()
    asked = sorted({*roles.values(), *own})
    simulated = job.world is not None or await session.calls.probe(asked, noted=False if started else None)
    if not started:
        await session.publish(
            RunStarted(
                run=session.run,
                system=job.system.name,
                agents=job.system.order,
                reads={name: job.system.by_name[name].reads for name in job.system.order},
                seed_prompts=job.system.prompts,
                profile=job.config.profile,
                seed=job.config.seed,
                search_inputs=plan.search_inputs,
                holdout_inputs=plan.holdout_inputs,
                models=roles,
                simulated=simulated,
                version=__version__,
                notes=plan.notes,
                method=job.config.search.method,
                decided_by=_decided_by(job),
            )
        )


async def _to_the_end(job: Job, out: Path, session: Session) -> Outcome:
    parts = split_of(job)
    _keep_back(job, session)
    state, cap = await _search(job, session)
    session.ledger.release()
    finished = await _conclude(job, session, state, parts, cap)
    _write_json(out / "prompts.json", finished.prompts)
    await session.publish(finished)
    return _outcome(job, finished, finished.why)


async def _search(job: Job, session: Session) -> tuple[SearchState, str]:
    """Run the joint search; return its last state and the cap that cut it short, if any."""
    search = METHODS[job.config.search.method]
    state = search.begin(setting_of(job), job.system.prompts)
    await session.follow(state)
    cap = ""
    try:
        while wave := search.ask(state):
            state = search.tell(state, await session.results(wave))
            await session.follow(state)
    except BudgetReached as error:
        cap = session.ledger.reached or str(error)
        await session.publish(BudgetStopped(cap))
    # Not when the run is interrupted: a resumed one would show other cases than one that nobody stopped.
    await session.show_cases(state.cases[:_MOST_CASES_SHOWN])
    return state, cap


async def _conclude(job: Job, session: Session, state: SearchState, parts: Split, cap: str) -> RunFinished:
    """Let the winners meet the seed prompts once on the hold-out, and conclude."""
    seed, winners = job.system.prompts, state.prompts
    changed = winners != seed
    verdicts = await _holdout(session, seed, winners, parts, one_by_one=_capped(job)) if changed else []
    result = tally(verdicts)
    if changed and job.config.labels == "use":
        most = min(_MOST_JUDGE_PAIRS, int(_JUDGE_SHARE * session.planned_calls / 2))
        await session.check_judge(seed, winners, parts.holdout, most)
    end = conclude(result, job.config.holdout.ship_if, changed, _decided_by(job))
    shipped = winners if end.shipped == "optimized" else seed
    short = f" The search was cut short by {cap}." if cap else ""
    missing = len(parts.holdout) - len(verdicts) if changed else 0
    if missing:
        short += f" {missing} hold-out inputs were left out by a cap."
    if session.lost_calls:
        short += f" Calls that failed for good: {session.lost_calls}; what depended on them is undecided."
    return RunFinished(
        verdict=end.verdict,
        shipped=end.shipped,
        why=end.why + short,
        holdout=result,
        prompts=shipped,
        winners=winners,
        usage=session.ledger.usage(),
        seconds=session.seconds,
        complete=not cap and not missing,
        truth=_truth(job, shipped),
    )


async def _holdout(session: Session, seed: Prompts, winners: Prompts, parts: Split, one_by_one: bool) -> list[Verdict]:
    size = _HOLDOUT_CHUNK if one_by_one else len(parts.holdout)
    verdicts: list[Verdict] = []
    for begin in range(0, len(parts.holdout), size):
        try:
            comparisons = await session.holdout(seed, winners, parts.holdout[begin : begin + size])
        except BudgetReached:
            break
        verdicts += [comparison.glob for comparison in comparisons]
    return verdicts


def _decided_by(job: Job) -> Literal["judge", "labels"]:
    labelled = all(row.answer is not None for row in job.inputs.rows)
    return "labels" if job.config.labels == "use" and labelled else "judge"


def _capped(job: Job) -> bool:
    return any(cap is not None for cap in (job.config.caps.calls, job.config.caps.usd, job.config.caps.minutes))


def _keep_back(job: Job, session: Session) -> None:
    """Set aside for the hold-out what it may need, at most half of each cap."""
    caps = job.config.caps
    share = min(0.5, holdout_calls(job) / max(session.planned_calls, 1))
    session.ledger.keep_back(
        calls=min(holdout_calls(job), caps.calls // 2) if caps.calls else 0,
        usd=caps.usd * share if caps.usd else 0.0,
        seconds=caps.minutes * 60 * share if caps.minutes else 0.0,
    )


def _truth(job: Job, shipped: Prompts) -> tuple[float, float] | None:
    if job.world is None:
        return None
    world = World(job.world)
    return (world.accuracy(job.system, job.system.prompts), world.accuracy(job.system, shipped))


def _outcome(job: Job, finished: RunFinished, message: str) -> Outcome:
    code = EXIT_OK if finished.complete else EXIT_BUDGET
    return Outcome(finished, code, message, job.config.seed, finished.usage, finished.seconds)


def _write_json(path: Path, value: Prompts) -> None:
    text = json.dumps(dict(value), ensure_ascii=False, indent=2)
    write_whole(path, text + "\n")


__all__ = ["DATABASE", "recorded_job", "resume", "start", "stoppable"]
