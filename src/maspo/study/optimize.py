"""Optimizing: the search, the hold-out test, what is shipped. Resuming is the same program over a longer record."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

from maspo.__about__ import __version__
from maspo.config import Caps, ModelSettings, capped
from maspo.core.concurrency import together
from maspo.core.errors import (
    EXIT_APPROVAL,
    EXIT_BUDGET,
    EXIT_OK,
    BudgetReached,
    CallFailed,
    ConfigInvalid,
    Interrupted,
    MaspoError,
    RunChanged,
    StoreError,
    UsageError,
)
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.verdict import Comparison, Level, Reading, Verdict
from maspo.core.worked_examples import blocks_in
from maspo.events import (
    ApprovalAsked,
    BudgetStopped,
    CallLost,
    HoldoutResult,
    JudgeChecked,
    LeftOut,
    PromptChanged,
    PromptKept,
    RerunCompared,
    RunFinished,
    RunStarted,
)
from maspo.models.base import AGENT, JUDGE_GLOBAL
from maspo.models.base import Request as ModelCall
from maspo.optimizers.base import Ask, Compare, Drafts, Request, Results, Steerable, rounds_begun
from maspo.proposers.drafts import checked
from maspo.runners.base import RUNNERS, runner_kind
from maspo.scoring.answers import same_answer
from maspo.store.files import write_whole
from maspo.store.records import IN_FOLDER, Keeping
from maspo.store.run_store import RunStore
from maspo.study import trust
from maspo.study.calibration import calibrated
from maspo.study.calls import provider as default_provider
from maspo.study.calls import share
from maspo.study.executor import rules_for, texts_of
from maspo.study.fallback import with_edits
from maspo.study.fruitless import Fruitless
from maspo.study.holdout import (
    MOST_SEARCHED,
    conclude,
    ends_with,
    needs_search,
    parts_of_test,
    result_of,
    with_search,
)
from maspo.study.job import Job, Looks, Outcome, Provider, Watcher
from maspo.study.reach import Reach, of_job
from maspo.study.record import (
    CONFIG,
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
from maspo.study.resolve import (
    Parts,
    Study,
    judged_pairs,
    resolve,
    texts_of_inputs,
)
from maspo.study.session import Session, at_work
from maspo.study.steering import Steering, steered
from maspo.team import System
from maspo.world import World

DATABASE = "run.db"
SEED_PROMPTS = "seed_prompts.json"
_FINISHED = (
    "This run is finished, and no cap had cut it short: nothing was asked now, and other caps change nothing. A search "
    "with more calls is a new run: `maspo optimize … --set search.calls_per_agent=N`"
)
_HOLDOUT_CHUNK = 8
"""Hold-out inputs judged side by side under a cap, so that a cap cuts off whole inputs."""
_SLOWER = 1.25
"""How much more time is kept for the hold-out test than is expected of it: endpoints slow down, calls fail once."""
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
            await record.append([], {"job": JOB.dump(replace(job, groups=study.split.groups.shared)), "run": run})
            plan = study.plan
            session = Session(job, record, bare, watcher, study.parts, study.prices, plan.planned, looks, plan.beyond)
            return await _drive(study, session, out, watcher, stop)


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
        raise UsageError(
            f"{out}: holds no run ({DATABASE} is missing) and no evaluation; give the folder that `maspo optimize` or "
            "`maspo evaluate` wrote (a judge check, a comparison, a team under stress, a search for structure, and "
            "prompts and structure in turns go on when their command is repeated with the same --out)"
        )
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
            plan = study.plan
            session = Session(job, store, bare, watcher, study.parts, study.prices, plan.planned, looks, plan.beyond)
            return await _drive(study, session, out, watcher, stop)


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
    return f"--out {out}: holds a run already; go on with `maspo resume {out}`, or give another folder"


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


async def _drive(study: Study, session: Session, out: Path, watcher: Watcher, stop: asyncio.Event | None) -> Outcome:
    job = study.job
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
            finished = await _conclude(study, session, steering, end, cap)
            if isinstance(finished, ApprovalAsked):
                return await _awaiting(session, finished, steering.approval_of(finished).waiting, out)
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


async def _awaiting(session: Session, asked: ApprovalAsked, waiting: Sequence[str], out: Path) -> Outcome:
    """End with new prompts that wait for a person; return how to go on."""
    names = " ".join(waiting)
    await session.pause(f"awaiting approval of {', '.join(waiting)}")
    message = (
        f"{asked.why} Nothing ships before you approve it: `maspo diff {out} seed winners` shows what changed, "
        f"`maspo steer {out} approve {names}` or `maspo steer {out} reject {names} --reason …` decides, and "
        f"`maspo resume {out}` goes on."
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
        search = calibrated(search, study.problem, study.calibration)
    sent: Results | None = None
    ask, cap = Ask(study.problem.seed_prompts), ""
    fruitless, begun = Fruitless(), 0
    try:
        while True:
            ask = next(search) if sent is None else search.send(sent)
            if (place := steering.ends_before(ask, begun)) is not None:
                ask = replace(ask, requests=(), events=ask.events[:place])
                await session.follow(ask.events)
                break
            begun = max(begun, rounds_begun(ask))
            await session.follow(ask.events)
            steering.asked(ask)
            _reserve_for_holdout(study, session)
            results = await _perform(session, steering, ask.requests)
            fruitless.check(results, session.events, session.ledger.usage())
            rulings = steering.answered()
            refused = steering.rulings.refused
            results = tuple(refused(*pair) for pair in zip(ask.requests, results, strict=True))
            # To such a search more is sent than the type of all of them says.
            sent = cast(Results, (*results, *rulings)) if isinstance(study.optimizer, Steerable) else results
    except StopIteration as stop:
        ask = _checked_end(study, session, stop.value)
        await session.follow(ask.events)
        fruitless.check((), session.events, session.ledger.usage(), ended=True)
    except BudgetReached as error:
        cap = session.ledger.reached or str(error)
        await session.publish(BudgetStopped(cap, session.ledger.kept_of(cap)))
    await steering.ended()
    kept = steering.kept_to(ask.prompts, study.problem.seed_prompts)
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


async def _perform(session: Session, steering: Steering, requests: Sequence[Request]) -> Results:
    """Return the results of requests, without drafts for agents whose prompts a person pinned; vetoes are told."""
    rulings = steering.rulings
    asked = [rulings.told_in(one) for one in requests if not rulings.forbids(one)]
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


async def _conclude(
    study: Study, session: Session, steering: Steering, end: Ask, cap: str
) -> RunFinished | ApprovalAsked:
    """Let the winners meet the seed prompts once on the hold-out, and conclude, or ask whether they may ship."""
    job, seed, holdout = study.job, study.job.system.prompts, study.split.holdout
    winners = job.system.with_shared(end.prompts)
    changed = winners != seed
    comparisons, result = await _test(study, session, winners) if changed else ([], result_of(()))
    if changed and job.config.holdout.ship_if == "likely" and needs_search(result):
        searched = await _meet_on_search(study, session, winners)
        result = with_search(result, comparisons, searched, study.split.groups) if searched else result
    if changed and job.config.labels == "use":
        await _check_judge(study, session, winners, comparisons)
    if changed and job.config.holdout.rerun:
        await _rerun(study, session)
    if changed and job.config.holdout.leave_one_out:
        await _leave_out(study, session, winners)
    verdict = conclude(result, job.config.holdout.ship_if, changed, study.decided_by)
    if verdict.shipped == "optimized" and job.config.holdout.approve == "each":
        agents = [name for name in seed if winners[name] != seed[name] and job.system.by_name[name].prompt_of == name]
        asked = steering.ask_approval(winners, agents, verdict, result)
        if steering.approval_of(asked).waiting:
            await steering.look()  # what was said before the question is no answer to it
            if session.recorded(ApprovalAsked)[-1:] != (asked,):
                await session.publish(asked)
            return asked
    shipped = winners if verdict.shipped == "optimized" else seed
    why = verdict.why
    short = f" The search was cut short by {cap}." if cap else ""
    undecided = not session.recorded(PromptKept) and not session.recorded(PromptChanged)
    if cap and not changed and undecided:
        why, short = _cut_off(cap), ""
    missing = len(holdout) - len(comparisons) - result.spared if changed else 0
    if missing:
        short += f" {missing} hold-out inputs were left out by a cap."
    if lost := len(session.recorded(CallLost)):
        short += f" Calls that failed for good: {lost}; what depended on them is undecided or lost."
    world = None if job.world is None else World(job.world)
    return RunFinished(
        verdict=verdict.verdict,
        shipped=verdict.shipped,
        why=why + short,
        holdout=result,
        prompts=shipped,
        winners=winners,
        usage=session.ledger.usage(),
        seconds=session.ledger.seconds,
        complete=not cap and not missing,
        truth=None if world is None else (world.accuracy(job.system, seed), world.accuracy(job.system, shipped)),
    )


def _cut_off(cap: str) -> str:
    """Say that a cap ended a search before it had decided anything, and what helps."""
    return (
        f"{cap} ended the search before any change was tried to the end. Give more (`maspo estimate` tells what a run "
        "without it takes), or begin anew with a smaller plan (--set search.calls=…)."
    )


async def _test(study: Study, session: Session, winners: Prompts) -> tuple[list[Comparison], HoldoutResult]:
    """Let the winners meet the seed prompts on the hold-out, which ends with its first part where that proves it."""
    work, holdout = await _look(study, session, winners), study.split.holdout
    found: list[Comparison] = []
    result = result_of(found)
    parts = parts_of_test(holdout, study.job.config.holdout.first_part)
    for part in parts:
        found += await _test_on_holdout(study, session, winners, part.inputs[len(found) :])
        cut = len(found) < len(part.inputs)  # by a cap: it is looked at no more, so it is the end
        seen_before = _look_of_as_many(session, winners, len(found))
        look = seen_before or await session.looked(work, texts_of_inputs(study.job, holdout))
        result = result_of(found, study.split.groups, look, parts[-1].share if cut else part.share)
        if cut:
            break
        if len(found) < len(holdout) and ends_with(result):
            result = replace(result, spared=len(holdout) - len(found))
            break
    return found, result


async def _look(study: Study, session: Session, winners: Prompts) -> str:
    """Count a look at the hold-out, before it is taken; return by what the session knows it.

    To test the same prompts again on inputs that were tested before is the same look, answered from the record; on
    more inputs, because a cap had left some out, it is another one.
    """
    cut = [size for size in _tested_before(session, winners) if size < len(study.split.holdout)]
    # Of versions that did not count, the ends of runs tell what was looked at.
    seed = study.job.system.prompts
    earlier = [f"{prompts_id(end.winners)}/0" for end in session.recorded(RunFinished) if end.winners != seed]
    work = f"{prompts_id(winners)}/{len(cut)}"
    await session.look(work, texts_of_inputs(study.job, study.split.holdout), earlier)
    return work


def _tested_before(session: Session, winners: Prompts) -> dict[int, int]:
    """Return on how many hold-out inputs these prompts were tested when the run ended before, and as which look."""
    ends = [end.holdout for end in session.recorded(RunFinished) if end.winners == winners]
    return {one.n + one.undecided + one.spared: one.look for one in reversed(ends)}


def _look_of_as_many(session: Session, winners: Prompts, inputs: int) -> int:
    """Return the look at which these prompts were tested on as many inputs: to open a run again is none. 0: never."""
    return _tested_before(session, winners).get(inputs, 0)


def holdout_id(winners: Prompts, key: str, place: str = "holdout") -> str:
    """Return the id of the comparison of winners on a hold-out input; with an empty key, how all of theirs begin."""
    return f"{place}/{prompts_id(winners)}/{key}"


def _holdout_request(study: Study, winners: Prompts, key: str, first: bool = True, place: str = "holdout") -> Compare:
    """Ask how the winners do against the seed prompts on a hold-out input, by their final answers, in both orders."""
    output = study.job.system.output
    return Compare(
        id=holdout_id(winners, key, place),
        reference=study.job.system.prompts,
        changes={output: winners[output], **winners},
        input_key=key,
        candidate_first=first,
        levels=(Level.GLOBAL,),
        orders=2,
        purpose="holdout",
    )


async def _test_on_holdout(study: Study, session: Session, winners: Prompts, keys: Sequence[str]) -> list[Comparison]:
    """Return how the winners do on some hold-out inputs; a cap leaves out the last of them."""
    caps = study.job.config.caps
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


async def _meet_on_search(study: Study, session: Session, winners: Prompts) -> list[Comparison]:
    """Return how the winners do against the seed prompts on inputs of the search, to decide what is shipped.

    All or none of them: a part, where a cap stops it, would be those that came first.
    """
    keys = study.split.search[:MOST_SEARCHED]
    requests = [_holdout_request(study, winners, key, place="searched") for key in keys]
    with suppress(BudgetReached):
        return [one for one in await session.submit(requests, "holdout") if isinstance(one, Comparison)]
    return []


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


async def _rerun(study: Study, session: Session) -> None:
    """Run the seed prompts once more on hold-out inputs, with calls of their own; a cap leaves it out."""
    if session.recorded(RerunCompared):
        return
    system = study.job.system
    keys = study.split.holdout[: study.job.config.holdout.rerun]
    with suppress(BudgetReached):
        pairs = await together(_both_runs(session, system.prompts, key) for key in keys)
        found = [pair for pair in pairs if pair is not None]
        same = [same_answer(system.final_answer, *pair) for pair in found]
        await session.publish(RerunCompared(len(found), sum(one == other for one, other in found), sum(same)))


async def _leave_out(study: Study, session: Session, winners: Prompts) -> None:
    """Let the winners meet themselves without the changes of each agent, on the hold-out; a cap leaves agents out."""
    seed, output, all_of_them = study.job.system.prompts, study.job.system.output, prompts_id(winners)
    told = {event.agent for event in session.recorded(LeftOut) if event.winners == all_of_them}
    labels = {row.key: row.label for row in study.job.inputs.rows}
    for agent in study.problem.team.rewritten:
        if winners[agent] == seed[agent] or agent in told:
            continue
        without = study.job.system.with_shared({**winners, agent: seed[agent]})
        requests = [
            Compare(
                id=f"without/{agent}/{all_of_them}/{key}",
                reference=without,
                changes={output: winners[output], **winners},
                input_key=key,
                candidate_first=True,
                levels=(Level.GLOBAL,),
                orders=2,
                purpose="leave_one_out",
            )
            for key in study.split.holdout
        ]
        with suppress(BudgetReached):
            found = [one for one in await session.submit(requests, "holdout") if isinstance(one, Comparison)]
            helped, hurt = (
                tuple(labels[one.input_key] for one in found if one.glob is verdict and not one.failed)
                for verdict in (Verdict.WIN, Verdict.LOSS)
            )
            inputs = sum(not one.failed for one in found)
            await session.publish(LeftOut(all_of_them, agent, inputs, helped, hurt))


async def _both_runs(session: Session, prompts: Prompts, key: str) -> tuple[str, str] | None:
    """Return the final outputs of two runs of the same prompts; None where a call failed for good."""
    try:
        first, second = await together(session.runner(repeat).run(prompts, key) for repeat in (0, 1))
    except CallFailed:
        return None
    return first.output, second.output


def _reserve_for_holdout(study: Study, session: Session) -> None:
    """Set aside for the hold-out test what it may need, at most half of each cap."""
    caps, needed = study.job.config.caps, study.holdout_calls
    share = min(0.5, needed / max(session.planned_calls, 1))
    session.ledger.keep_back(
        calls=min(needed, caps.calls // 2) if caps.calls else 0,
        usd=caps.usd * share if caps.usd else 0.0,
        seconds=min(caps.minutes * 60 / 2, _holdout_seconds(study, session, share)) if caps.minutes else 0.0,
    )


def _holdout_seconds(study: Study, session: Session, share: float) -> float:
    """Return how long the hold-out test may take, by the tempo of answers so far.

    Before that is known, it is the test's ``share`` of the planned calls, as a part of the time cap. Inputs go side by
    side in chunks: a chunk waits for its slowest input, two runs of the team and the judge after them, and no test
    takes less than its calls do at the pace that the endpoint bears.
    """
    tempo, keys = session.ledger.tempo, study.split.holdout
    if not tempo.is_known:
        return (study.job.config.caps.minutes or 0.0) * 60 * share
    # The judge answers in both orders, perhaps one after the other.
    chain = (*[AGENT] * study.job.system.flow.longest, JUDGE_GLOBAL, JUDGE_GLOBAL)
    sizes = [len(keys[begin : begin + _HOLDOUT_CHUNK]) for begin in range(0, len(keys), _HOLDOUT_CHUNK)]
    longest = sum(tempo.longest(chain, 2 * size) for size in sizes)
    return _SLOWER * max(longest, tempo.shortest_for(study.holdout_calls))


def _outcome(job: Job, finished: RunFinished, message: str) -> Outcome:
    code = EXIT_OK if finished.complete else EXIT_BUDGET
    return Outcome(finished, code, message, job.config.seed, finished.usage, finished.seconds)


def _write_json(path: Path, value: Prompts) -> None:
    text = json.dumps(dict(value), ensure_ascii=False, indent=2)
    write_whole(path, text + "\n")
