"""Optimizing: the search, the hold-out test, what is shipped. Resuming is the same program over a longer record."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import cast

from maspo.__about__ import __version__
from maspo.config import Caps, ModelSettings, capped
from maspo.core.errors import (
    EXIT_APPROVAL,
    EXIT_BUDGET,
    EXIT_OK,
    BudgetReached,
    ConfigInvalid,
    Interrupted,
    MaspoError,
    RunChanged,
    StoreError,
    UsageError,
    typed,
)
from maspo.core.plain_files import folders_meant, is_there, why_none
from maspo.core.prompts import Prompts
from maspo.core.worked_examples import blocks_in
from maspo.events import ApprovalAsked, BudgetStopped, RunFinished, RunStarted
from maspo.models.base import ModelClient
from maspo.models.base import Request as ModelCall
from maspo.optimizers.base import Ask, Drafts, Request, Results, Steerable, rounds_begun
from maspo.proposers.drafts import checked
from maspo.runners.base import RUNNERS, runner_kind
from maspo.store.files import write_whole
from maspo.store.records import IN_FOLDER, Keeping
from maspo.store.run_store import RunStore
from maspo.study import trust
from maspo.study.bound import cap_for_first_round
from maspo.study.calibration import with_calibration
from maspo.study.calls import provider as default_provider
from maspo.study.calls import share
from maspo.study.conclusion import conclude_run, reserve_for_holdout
from maspo.study.fallback import with_edits
from maspo.study.fruitless import Fruitless
from maspo.study.job import Job, Looks, Outcome, Provider, Watcher
from maspo.study.reach import Reach, of_job
from maspo.study.record import (
    CONFIG,
    EXPECTED,
    FIRST_ROUND,
    JOB,
    check_free,
    check_unchanged,
    differences_between,
    make_folder,
    nothing_left_unless_answered,
    open_for_reading,
    refuse_others,
    write_config,
)
from maspo.study.resolve import Parts, Study, resolve
from maspo.study.session import Session, at_work
from maspo.study.steering import Steering, steered
from maspo.study.texts import rules_for, texts_of
from maspo.team import System

DATABASE = "run.db"
SEED_PROMPTS = "seed_prompts.json"
_FINISHED = (
    "This run is finished, and no cap had cut it short: nothing was asked now, and other caps change nothing. A search "
    "with more calls is a new run: `maspo optimize … --set search.calls_per_agent=N`, or with a larger --max-calls "
    "where that had made its plan smaller"
)
_MOST_CASES_SHOWN = 20
"""Misalignment cases whose texts the report shows: more than a person reads."""


async def start(
    study: Study,
    out: Path,
    watcher: Watcher,
    provider: Provider = default_provider,
    stop: asyncio.Event | None = None,
    looks: Looks | None = None,
    keeping: Keeping = IN_FOLDER,
) -> Outcome:
    """Run a study from the beginning into a new run folder.

    Setting ``stop`` lets calls in flight finish, saves, and returns an outcome that can be resumed. ``looks`` counts
    how often the hold-out was looked at before; without it only the run's own record does. ``keeping`` says where the
    record lies, and whether it spends from a budget of many runs.

    Raises:
        UsageError: the folder cannot be used; nothing was paid.
        ProviderError: the endpoint cannot be reached or refuses; what was recorded is kept.

    """
    check_free(out)  # before what takes back its own files
    job = study.job
    run = uuid.uuid4().hex[:12]
    with nothing_left_unless_answered(out / DATABASE, CONFIG, SEED_PROMPTS):
        async with provider(job, run) as bare, _new_folder(job, out, keeping) as record:
            share(record, job, provider)
            # First, or a process that is killed in between leaves a record that its own user has to agree to.
            trust.remember(of_job(job, run), out)
            whole = replace(job, groups=study.split.groups.shared)
            noted = {EXPECTED: str(study.plan.about)}
            if job.config.caps != Caps():
                noted[FIRST_ROUND] = str(cap_for_first_round(study.optimizer, study.problem))
            await record.append([], {"job": JOB.dump(whole), "run": run, **noted})
            return await _go_on(study, record, bare, out, watcher, stop, looks)


async def resume(
    out: Path,
    watcher: Watcher,
    caps: Caps | None = None,
    provider: Provider = default_provider,
    stop: asyncio.Event | None = None,
    parts: Parts | None = None,
    allowed: str = "",
    looks: Looks | None = None,
) -> Outcome:
    """Go on with a run where its record ends; no recorded call is repeated.

    ``caps`` replace those that they name, so that a run that met a cap can go on. ``parts`` are the objects that the
    run was started with, if any; ``looks`` is as for ``start``. ``allowed`` is the fingerprint of what a record may
    ask for that was not written here.

    Raises:
        NotTrusted: it asks for what this user has not agreed to. Nothing was opened to write, nothing sent.
        RunChanged: the config, the system or the inputs are not what the run was started with.
        UsageError, ProviderError: as ``start``.

    """
    if not is_there(out / DATABASE):
        refuse_others(out)
        fix = folders_meant(out, DATABASE) or "give the folder of one; `maspo runs` lists them"
        raise UsageError(f"{out}: holds no run ({why_none(out, DATABASE)}) and no evaluation; {fix}")
    asked = reach_in(out)
    trust.require(asked, out, allowed)
    async with RunStore.open(out / DATABASE) as store:
        recorded = _job_in(store, out)
        if of_job(recorded, _run_in(store)) != asked:
            raise StoreError(f"{out}: was changed while it was opened; try again")
        unchanged = check_unchanged(recorded, out)
        job = replace(unchanged, config=capped(unchanged.config, caps))
        study = resolve(job, parts)
        differences = differences_between(job, study.job)
        if differences:
            raise RunChanged(f"{out}: the run was started with other parts; give those. What differs:", differences)
        share(store, job, provider)
        async with provider(job, _run_in(store)) as bare:
            return await _go_on(study, store, bare, out, watcher, stop, looks)


def _new_folder(job: Job, out: Path, keeping: Keeping) -> AbstractAsyncContextManager[RunStore]:
    """Make the run folder before anything is paid."""
    if is_there(out / DATABASE):
        message = _holds_a_run(out)
        try:
            differences = differences_between(recorded_job(out), job)
        except MaspoError as error:
            raise UsageError(f"{message} ({error})") from error
        if differences:
            raise RunChanged(f"{message}. That run differs from what is asked for now:", differences)
        raise UsageError(message)
    with make_folder(out):
        write_config(out, job.config)
        _write_json(out / SEED_PROMPTS, job.system.prompts)
    return keeping.created(out / DATABASE)


def check_no_run(out: Path) -> None:
    """Check that a folder holds no run, before anything is paid for one.

    Raises:
        UsageError: it does.

    """
    if is_there(out / DATABASE):
        raise UsageError(_holds_a_run(out))


def _holds_a_run(out: Path) -> str:
    return f"--out {out}: holds a run already; go on with `maspo resume {typed(out)}`, or give another folder"


def recorded_job(out: Path) -> Job:
    """Return the job that a run folder was started with; works while it runs."""
    with open_for_reading(out / DATABASE) as store:
        return _job_in(store, out)


def reach_in(out: Path) -> Reach:
    """Return what a run folder asks for; works while it runs."""
    with open_for_reading(out / DATABASE) as store:
        return of_job(_job_in(store, out), _run_in(store))


def system_in(out: Path) -> System:
    """Return the team of a run folder."""
    with open_for_reading(out / DATABASE) as store:
        return _job_in(store, out).system


def _run_in(store: RunStore) -> str:
    return store.meta().get("run", "")


def _job_in(store: RunStore, out: Path) -> Job:
    job = store.meta().get("job")
    if job is None:
        raise StoreError(f"{out}: the run was killed before it began; delete the folder and start again")
    return JOB.load(job)


# ── one process's share of a run ─────────────────────────────────────────────────────────────────────────────────────


async def _go_on(
    study: Study,
    record: RunStore,
    bare: ModelClient,
    out: Path,
    watcher: Watcher,
    stop: asyncio.Event | None,
    looks: Looks | None,
) -> Outcome:
    """Go on where a record ends, be it at its beginning: search, test on the hold-out, and write what is shipped."""
    job, plan = study.job, study.plan
    session = Session(job, record, bare, watcher, study.parts, study.prices, plan.planned, looks, plan.beyond)
    async with at_work(session, watcher, stop), steered(session, out, study.problem.team) as steering:
        ends = session.recorded(RunFinished)
        if ends and ends[-1].complete:
            return _outcome(job, ends[-1], _FINISHED)
        try:
            _ = session.executor  # made before the first call
            await session.list_unsettled()
            await _begin(study, session)
            await steering.settle()
            end, cap = await _search(study, session, steering)
            session.ledger.release()
            finished = await conclude_run(study, session, steering, end, cap)
            if isinstance(finished, ApprovalAsked):
                return await _awaiting(session, finished, steering.approval_of(finished).waiting, out)
            _write_json(out / "prompts.json", finished.prompts)
            await session.publish(finished)
            return _outcome(job, finished, finished.why)
        except Interrupted as error:
            await session.end_begun(error)
            await session.pause(str(error))
            message = f"{error} Everything paid for is saved; go on with: {_go_on_with(job, record, out)}"
            return Outcome(
                None, error.exit_code, message, job.config.seed, session.ledger.usage(), session.ledger.seconds
            )
        except MaspoError as error:
            await session.end_begun(error)
            if session.answered:
                await session.pause(str(error))
            raise


def _go_on_with(job: Job, record: RunStore, out: Path) -> str:
    """Return the command that goes on with a run: a cap that was raised for this process is given again."""
    before, now = _job_in(record, out).config.caps, job.config.caps
    caps = {"calls": now.calls, "usd": now.usd, "minutes": now.minutes}
    raised = {name: cap for name, cap in caps.items() if cap is not None and cap != getattr(before, name)}
    return " ".join([f"maspo resume {typed(out)}", *(f"--max-{name} {cap}" for name, cap in raised.items())])


async def _awaiting(session: Session, asked: ApprovalAsked, waiting: Sequence[str], out: Path) -> Outcome:
    """End with new prompts that wait for a person; return how to go on."""
    names = " ".join(waiting)
    await session.pause(f"awaiting approval of {', '.join(waiting)}")
    message = (
        f"{asked.why} Nothing ships before you approve it: `maspo diff {typed(out)} seed winners` shows what changed, "
        f"`maspo steer {typed(out)} approve {names}` or `maspo steer {typed(out)} reject {names} --reason …` decides, "
        f"and `maspo resume {typed(out)}` goes on."
    )
    ledger = session.ledger
    return Outcome(None, EXIT_APPROVAL, message, session.job.config.seed, ledger.usage(), ledger.seconds)


def questions_of(models: ModelSettings, system: System) -> list[ModelCall]:
    """Return the small question to each model at each endpoint that answers it, in the order of their names.

    The models of an app answer it alone, and are not asked by anybody else.
    """
    asked = {models.of_judge().ready_question(), models.of_proposer().ready_question()}
    if system.app is None:
        agents = models.of_agents()
        asked |= {agents.ready_question(), *(agents.ready_question(one.model) for one in system.agents if one.model)}
    return sorted(asked, key=lambda question: (question.endpoint, question.model))


async def _begin(study: Study, session: Session) -> None:
    job, models = study.job, study.job.config.models
    roles = {"agent": models.agent, "judge": models.for_judge(), "proposer": models.for_proposer()}
    simulated = await session.probe(questions_of(models, job.system))
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


async def _search(study: Study, session: Session, steering: Steering) -> tuple[Ask, str]:
    """Drive the search; return where it stands at its end, and the cap that cut it short, if any."""
    search = study.optimizer.search(study.problem)
    if study.calibration:
        search = with_calibration(search, study.problem, study.calibration)
    sent: Results | None = None
    ask, cap = Ask(study.problem.seed_prompts), ""
    fruitless, begun = Fruitless(), 0
    try:
        while True:
            ask = next(search) if sent is None else search.send(sent)
            if (place := steering.ends_before(ask, begun)) is not None:
                ask = replace(ask, requests=(), events=ask.events[:place])
                await session.search.follow(ask.events)
                break
            begun = max(begun, rounds_begun(ask))
            await session.search.follow(ask.events)
            if not ask.begun:
                steering.note_ask(ask)
            reserve_for_holdout(study, session, steering.hold_to(ask.prompts, study.problem.seed_prompts))
            session.begin(_allowed(steering, ask.ahead), ask.rollouts)
            results = await _perform(session, steering, ask.requests)
            fruitless.check(results, session.events, session.ledger.usage())
            rulings = () if ask.begun else steering.note_answer()
            refuse = steering.rulings.refuse
            results = tuple(refuse(*pair) for pair in zip(ask.requests, results, strict=True))
            # To such a search more is sent than the type of all of them says.
            sent = cast(Results, (*results, *rulings)) if isinstance(study.optimizer, Steerable) else results
    except StopIteration as stop:
        ask = _checked_end(study, session, stop.value)
        await session.search.follow(ask.events)
        fruitless.check((), session.events, session.ledger.usage(), ended=True)
    except BudgetReached as error:
        cap = session.ledger.reached or str(error)
        await session.publish(BudgetStopped(cap, session.ledger.kept_of(cap)))
    if cap or session.job.config.caps != Caps():
        await session.settle()  # before what is kept for the test may be spent
    await steering.ended()
    kept = steering.hold_to(ask.prompts, study.problem.seed_prompts)
    ask = replace(ask, prompts=_without_never_called(study, session, kept))
    # Not when the run is interrupted: a resumed one would show other cases than one that nobody stopped.
    await session.show_cases(ask.cases[:_MOST_CASES_SHOWN])
    return ask, cap


def _without_never_called(study: Study, session: Session, prompts: Prompts) -> Prompts:
    """Return prompts with the seed's for agents that were called in no run: nothing of a search speaks of those.

    Runners of other packages may make calls that are not recorded, or under other names.
    """
    job, team = study.job, study.problem.team
    if study.parts.runner is not None or runner_kind(job.system, job.config.runner.kind) not in RUNNERS.own:
        return prompts
    called = session.agents_called()
    if not called:  # the search ran the team nowhere, so it is not known whom a run calls
        return prompts
    return {
        name: text if called.intersection(team.acting(name)) else study.problem.seed_prompts[name]
        for name, text in prompts.items()
    }


def _allowed(steering: Steering, requests: Sequence[Request]) -> list[Request]:
    """Return requests without those that a ruling forbids; vetoes are told in the others."""
    rulings = steering.rulings
    return [rulings.tell_in(one) for one in requests if not rulings.forbids(one)]


async def _perform(session: Session, steering: Steering, requests: Sequence[Request]) -> Results:
    """Return the results of requests, without drafts for agents whose prompts a person pinned; vetoes are told."""
    rulings, asked = steering.rulings, _allowed(steering, requests)
    found = iter(await with_edits(session, asked, await session.submit(asked)))
    return tuple(Drafts(()) if rulings.forbids(one) else next(found) for one in requests)


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
        if guard := session.examples:
            shown = (block for block in blocks_in(end.prompts[name]) if not guard.refusal(block, rules))
            rules = replace(rules, examples=tuple(shown))
        if broken := checked(end.prompts[name], seed[name], rules, session.passages).rejected:
            raise ConfigInvalid(f"{who} ended with a prompt for {name} that may not be shipped: {broken}")
    return end


def _outcome(job: Job, finished: RunFinished, message: str) -> Outcome:
    code = EXIT_OK if finished.complete else EXIT_BUDGET
    return Outcome(finished, code, message, job.config.seed, finished.usage, finished.seconds)


def _write_json(path: Path, value: Prompts) -> None:
    text = json.dumps(dict(value), ensure_ascii=False, indent=2)
    write_whole(path, text + "\n")
