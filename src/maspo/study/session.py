"""A session: one process's work on a record. It asks models, performs requests, records results, publishes events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from maspo.core.errors import (
    BudgetReached,
    CallFailed,
    ConfigInvalid,
    Interrupted,
    MaspoError,
    ProviderError,
    StoreError,
)
from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison, Verdict
from maspo.events import (
    CallLost,
    CaseShown,
    ControlTokensDefused,
    DidNotFit,
    EndpointAdapted,
    Event,
    Paused,
    RunStarted,
    Warned,
)
from maspo.events.base import SEARCH
from maspo.judges.base import JUDGES, Judge
from maspo.models.base import ModelClient, Reply
from maspo.models.base import Request as ModelCall
from maspo.models.layers.compose import compose
from maspo.models.layers.limited import Health
from maspo.models.layers.retried import RetryPolicy
from maspo.models.leases import NANO
from maspo.models.prices import PriceBook
from maspo.optimizers.base import Case, Request, Result, Results, Rollout
from maspo.proposers.base import PROPOSERS
from maspo.proposers.examples import ExampleGuard
from maspo.proposers.passages import Passages
from maspo.runners.base import APP, RUNNERS, Runner, runner_kind
from maspo.store.codec import RecordedResult, encode
from maspo.store.comparisons import ComparedRuns
from maspo.store.run_store import RunStore
from maspo.study.answering import MODEL, Answerers, Witness, WitnessedLender
from maspo.study.asking import Asker
from maspo.study.calls import (
    DefusalReporter,
    Keeping,
    LossReporter,
    RunReporter,
    open_ledger,
    proves_that_it_answers,
    unsettled_calls,
)
from maspo.study.connections import price_book
from maspo.study.early import EarlyWarnings
from maspo.study.executor import Executor, LocalExecutor, PerformedRequest, pick_severest
from maspo.study.followed import FollowedSearch
from maspo.study.job import PAUSED, BudgetLease, Job, Looks, Progress, Watcher
from maspo.study.looks import HoldoutLooks
from maspo.study.resolve import Parts, chosen_part, split_of
from maspo.study.texts import texts_of
from maspo.study.traces import TraceQuota
from maspo.team import System

_PROGRESS_SECONDS = 0.2
"""How often whoever looks on is told where the work stands: five times a second look like at once."""


E = TypeVar("E", bound=Event)


@dataclass
class Stage:
    """What is worked on now, as whoever looks on is told: how much of it is done, and what it has found so far."""

    name: str
    size: int = 0
    """In how many pieces."""
    done: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    """Verdicts on final answers."""
    right: int = 0
    scored: int = 0

    def advance(self) -> None:
        """Say that one more piece is done."""
        self.done += 1

    def count(self, right: int, scored: int, verdicts: Iterable[Verdict]) -> None:
        """Say what an evaluated row came to: correct outputs, of how many, and how it compares where it is compared."""
        self.right += right
        self.scored += scored
        self.verdicts += verdicts


class Session:
    """Everything that one process needs to go on with a record: optimize, evaluate and judge-check work through it.

    Results that the journal holds are answered from it, so going on after a stop is the same program as starting.
    """

    def __init__(
        self,
        job: Job,
        store: RunStore,
        bare: ModelClient,
        watcher: Watcher,
        parts: Parts | None = None,
        prices: PriceBook | None = None,
        planned_calls: int = 0,
        looks: Looks | None = None,
        calls_beyond_plan: int = 0,
    ) -> None:
        self.job = job
        self.run: str = store.meta().get("run", "")
        self.planned_calls = planned_calls
        self.calls_beyond_plan = calls_beyond_plan
        """Calls that are expected on top of those planned."""
        self.parts = parts or Parts()
        self.looks = HoldoutLooks(self, looks)
        self._store = store
        self._watcher = watcher
        recorded = [entry.item for entry in store.read_since()]
        results = [item for item in recorded if isinstance(item, RecordedResult)]
        self._results: dict[str, Result] = {item.request: item.result for item in results}
        self._begun: dict[str, asyncio.Task[None]] = {}
        """Work on requests that were begun before they are asked for, by their ids."""
        self._rolling_out: set[asyncio.Task[None]] = set()
        """Runs of the team that were begun before they are asked for."""
        self._awaited: frozenset[str] = frozenset()
        """The requests that are asked for now, by their ids."""
        self._events: list[Event] = [item for item in recorded if not isinstance(item, RecordedResult)]
        self.search = FollowedSearch(self._events, self.publish)
        self.at_something_new = asyncio.Event()
        """Set once the search has asked for something that is not recorded: it is told nothing twice from then on."""
        self._warnings = EarlyWarnings(job, {(event.topic, event.agent) for event in self.recorded(Warned)})
        self._quota = TraceQuota(job.config.seed, kept=sum(bool(item.runs) for item in results))
        models = job.config.models
        policy = RetryPolicy(attempts=models.attempts, deadline=models.deadline)
        self._health = Health()
        self.ledger = open_ledger(job, store, prices or price_book(models))
        """What was spent, and what may still be."""
        self._answerers = Answerers(store.meta(), lambda values: store.append([], values))
        lender = WitnessedLender(store, self._answerers)
        answering = compose(bare, store, self.ledger, policy, models.concurrency, self._health, lender)
        self.stage = Stage(SEARCH.id)
        self._runners: dict[tuple[int, System | None], Runner] = {}
        """By repeat, and by the system that is run where it is not the job's."""
        empty = {event.key for event in self.recorded(CallLost) if event.key}
        told = {event.key for event in self.recorded(ControlTokensDefused)}
        unfit = {event.key for event in self.recorded(DidNotFit)}
        self._lost = LossReporter(answering, self.publish, empty, unfit=unfit)
        witness = Witness(DefusalReporter(self._lost, self.publish, told), self._answerers)
        self.model = Keeping(witness, store)
        kind = chosen_part(self.parts.judge, job.config.judge.kind)
        options = job.config.judge.options
        self.judge: Judge = JUDGES.make(kind, self.model, models.of_judge(), job.config.seed, **options)

    # ── the record ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def events(self) -> Sequence[Event]:
        """All events that are recorded."""
        return self._events

    def recorded(self, kind: type[E]) -> tuple[E, ...]:
        """Return the recorded events of a kind."""
        return tuple(event for event in self._events if isinstance(event, kind))

    @property
    def answered(self) -> bool:
        """Whether any call was answered."""
        return any(usage.calls > usage.failed for usage in self.ledger.usage().values())

    def agents_called(self) -> frozenset[str]:
        """Return the agents that were called, in any run of the team that is recorded."""
        return self._store.agents_called()

    async def publish(self, *events: Event) -> None:
        """Record events, then tell whoever looks on."""
        if not events:
            return
        await self._store.append([encode(event) for event in events], self.spent())
        self._watcher.on_progress(self.progress())  # else what is told stands beside figures of a moment ago
        for event in events:
            self._events.append(event)
            self._watcher.on_event(event)

    async def list_unsettled(self) -> None:
        """Publish the calls that were in flight when an earlier process died: they may be billed twice."""
        await self.publish(*unsettled_calls(self._store, self._events))

    async def tell_adapted(self) -> None:
        """Publish how endpoints want to be asked, as far as that was learned and is not recorded yet."""
        told = {event.what for event in self.recorded(EndpointAdapted)}
        await self.publish(*(EndpointAdapted(what) for what in self._health.adapted if what not in told))

    async def may_be_simulated(self, questions: Iterable[ModelCall]) -> bool:
        """Ask each model its small question; return whether simulated worlds alone answer, and answered before."""
        await self.probe(questions)
        return self.seems_simulated

    @property
    def seems_simulated(self) -> bool:
        """Whether simulated worlds alone have answered so far, and nobody else was asked behind our back."""
        return self._answerers.no_model and self._asks_through_us

    @property
    def met_worlds_only(self) -> bool:
        """Whether every answer so far is known to be of a simulated world."""
        return self._answerers.only_worlds

    @property
    def _asks_through_us(self) -> bool:
        """Whether all parts are ours, which ask nobody but the models of the settings."""
        given = (self.parts.runner, self.parts.judge, self.parts.proposer)
        return all(one is None for one in given) and type(self.judge).__module__.startswith("maspo.")

    async def save(self, values: Mapping[str, str] | None = None) -> None:
        """Record what was spent so far, and other values beside it."""
        await self._store.append([], {**self.spent(), **(values or {})})

    def noted(self, name: str) -> str | None:
        """Return a value that ``save`` kept beside the record."""
        return self._store.meta().get(name)

    async def pause(self, reason: str) -> None:
        """Record that the work stopped before its end."""
        await self.publish(Paused(reason, self.ledger.seconds))

    async def probe(self, questions: Iterable[ModelCall]) -> bool:
        """Ask each model its small question, so that a wrong key or name costs nothing; say whether a world answers.

        A recorded reply does not tell: what an earlier process was told counts, and where that is lost the question is
        asked once more.

        Raises:
            ProviderError: the endpoint cannot be reached or refuses.

        """
        if self.job.world is not None:
            return True
        questions = list(dict.fromkeys(questions))
        noted = json.loads(self._store.meta().get("simulated", "null"))
        if noted is None and (started := self.recorded(RunStarted)):
            noted = started[0].simulated
        replies = [await self._ask_ready(question) for question in questions]
        again = 0
        while replies and noted is None and all(reply.cached for reply in replies):
            again += 1  # not a random name: what was in flight when a process died is asked again by the same one
            replies = [await self._ask_ready(replace(q, identity=f"again {again}")) for q in questions]
        await self.tell_adapted()
        simulated = bool(noted) or any(reply.simulated for reply in replies)
        await self._store.append([], {"simulated": json.dumps(simulated)})
        return simulated

    async def _ask_ready(self, question: ModelCall) -> Reply:
        """Return a model's reply to a small question.

        A model that spends its few tokens on thinking answers, too, and so does one behind a filter that declines.
        """
        try:
            return await self.model.complete(question)
        except CallFailed as error:
            if not proves_that_it_answers(error):
                raise
            await self._answerers.saw(MODEL)  # nothing tells that it is simulated
            return Reply("")

    def spent(self) -> dict[str, str]:
        """Return what was used so far, as values to keep beside the journal."""
        usage = {purpose: usage.dump() for purpose, usage in self.ledger.usage().items()}
        return {"usage": json.dumps(usage), "seconds": repr(self.ledger.seconds)}

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def executor(self) -> Executor:
        """What performs requests. Made before the first call, so that a part that cannot be made costs nothing."""
        return self.local_executor()

    def local_executor(self) -> LocalExecutor:
        """Return an executor of this process."""
        job = self.job
        config = job.config.proposer
        chosen, own = chosen_part(self.parts.proposer, config.kind), {"shown_characters": config.shown_characters}
        settings = {"passages": self.passages, **own, **config.options}
        return LocalExecutor(
            system=job.system,
            rows=job.inputs.rows,
            runner=self.runner(),
            judge=self.judge,
            proposer=PROPOSERS.make(chosen, self.model, job.config.models.of_proposer(), **settings),
            fallback=PROPOSERS.make(
                "edits", self.model, job.config.models.of_proposer(), passages=self.passages, **own
            ),
            asker=Asker(self.model, job.config.models.of_proposer(), config.shown_characters),
            ledger=self.ledger,
            labels=job.config.labels,
            budget=config.length_budget,
            scorer=self.parts.scorer,
            passages=self.passages,
            examples=self.examples,
            rubric=job.config.judge.rubric,
        )

    async def submit(self, requests: Sequence[Request], stage: str = SEARCH.id) -> Results:
        """Return the results of requests: recorded ones as they are, the others performed side by side and recorded.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made; what arrived is recorded.

        """
        asked: dict[str, Request] = {}
        for request in requests:
            if asked.setdefault(request.id, request) != request:
                raise ConfigInvalid(
                    f"search.method: the optimizer gave two requests the id {request.id!r}; each needs one of its own"
                )
        missing = {name: request for name, request in asked.items() if name not in self._results}
        self.begin_stage(stage, len(missing))
        self._awaited = frozenset(missing)
        for name in asked:
            self._count(self._results.get(name))
        if missing:
            self.at_something_new.set()
        try:
            await self._perform([one for name, one in missing.items() if name not in self._begun], stage)
            for task in {self._begun[name] for name in missing if name in self._begun}:
                await asyncio.shield(task)
        finally:
            await self.tell_adapted()
        return tuple(self._results[request.id] for request in requests)

    def begin(self, requests: Sequence[Request], rollouts: Sequence[Rollout] = ()) -> None:
        """Begin what the search will ask for later, or need, beside what it asks for now; nobody waits for it yet.

        What it fails by is met by whoever asks for it, or at the end (``settle``).
        """
        fresh = [one for one in requests if one.id not in self._results and one.id not in self._begun]
        if fresh:
            task = asyncio.create_task(self._perform(fresh, SEARCH.id))
            self._begun |= dict.fromkeys((one.id for one in fresh), task)
        if rollouts and self.at_something_new.is_set():  # of what is recorded nothing is run
            self._rolling_out.add(asyncio.create_task(self.executor.roll_out(rollouts)))

    def runs_compared(self, beginning: str) -> list[ComparedRuns]:
        """Return the runs behind recorded comparisons whose ids begin in a way, as far as they are kept."""
        return [runs for _, runs in self._store.compared(beginning).values() if runs is not None]

    async def settle(self) -> None:
        """Wait for what was begun and not asked for: it is paid, and belongs to what is spent.

        Raises:
            ProviderError, Interrupted: no further call can be made. A cap is no reason: nobody needs these answers.

        """
        tasks = {*self._begun.values(), *self._rolling_out}
        await asyncio.gather(*tasks, return_exceptions=True)
        failure = pick_severest(tasks)
        if failure is not None and not isinstance(failure, BudgetReached):
            raise failure

    async def end_begun(self, error: MaspoError) -> None:
        """Let calls of what was begun finish and be recorded where a run ends by an error, while no new one is sent."""
        if any(not task.done() for task in (*self._begun.values(), *self._rolling_out)):
            self.ledger.halt(error)
            with suppress(MaspoError):
                await self.settle()

    async def _perform(self, requests: Sequence[Request], stage: str) -> None:
        spans = {one.id: self.search.span_of(one) if stage == SEARCH.id else one.purpose for one in requests}
        await self.executor.submit(requests, lambda done: self._record(done, stage, spans[done.request.id]))

    async def _record(self, done: PerformedRequest, stage: str, span: str) -> None:
        request = done.request
        kept = bool(done.runs) and self._quota.grants(request.id, stage, self.planned_calls)
        recorded = RecordedResult(
            request=request.id,
            result=done.result,
            purpose=request.purpose,
            within=span,
            runs=tuple(run.address for run in done.runs) if kept else (),
        )
        await self._store.put_result(recorded, [run.trace for run in done.runs] if kept else (), self.spent())
        await self.publish(
            *self._warnings.see(done, self.ledger.calls),
            *self._warnings.see_budget(self.ledger.share_of_budget, self.ledger.calls),
        )
        self._results[request.id] = done.result
        if request.id in self._awaited:
            self._count(done.result)
            self.stage.advance()

    def _count(self, result: Result | None) -> None:
        """Count a verdict on final answers, for those who look on."""
        if isinstance(result, Comparison) and result.glob is not Verdict.UNDECIDED:
            self.stage.verdicts.append(result.glob)

    async def show_cases(self, cases: Sequence[Case]) -> None:
        """Publish the texts of misalignment cases that the record does not show yet; their calls are recorded."""
        texts = self.recorded(CaseShown)
        shown = {(text.step, text.agent, text.input_key, prompt_id(text.candidate_prompt)) for text in texts}
        rewriting = self.local_executor().rewriting
        for case in cases:
            if (case.step, case.agent, case.input_key, prompt_id(case.candidate)) not in shown:
                with suppress(BudgetReached, Interrupted, ProviderError):
                    await self.publish(await rewriting.show(case))

    # ── roles ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def runner(self, repeat: int = 0, other: System | None = None) -> Runner:
        """Return what runs the team, or another one on the same inputs; every repeat makes draws of its own."""
        place = repeat, other
        if place not in self._runners:
            job, config = self.job, self.job.config
            system = other or job.system
            model = Redrawn(self.model, repeat) if repeat else self.model
            rows = {row.key: row for row in job.inputs.rows}
            chosen = chosen_part(self.parts.runner, runner_kind(system, config.runner.kind))
            settings, options = config.models.of_agents(), dict(config.runner.options)
            if chosen == APP and self.parts.rollouts is not None:
                options["pool"] = self.parts.rollouts
            made = RUNNERS.make(chosen, system, rows, model, settings, **options)
            self._runners[place] = RunReporter(made, self.publish, self._lost.published)
        return self._runners[place]

    @cached_property
    def passages(self) -> Passages:
        """What no prompt may copy: passages of all inputs, of the hold-out and labels too, and tables of them."""
        texts = (text for row in self.job.inputs.rows for text in (*row.columns.values(), row.answer or ""))
        return Passages(texts, own=self.job.system.prompts.values(), rows=self.job.inputs.asked)

    @cached_property
    def examples(self) -> ExampleGuard | None:
        """What worked examples may show: inputs of the search, where the user asked for them; else None."""
        job, most = self.job, self.job.config.proposer.examples
        if not most:
            return None
        split, rows = split_of(job), {row.key: row for row in job.inputs.rows}
        texts, held_out = texts_of(job.system, job.inputs.rows), (rows[key] for key in split.holdout)
        # A group is on one side of the split; who names the groups otherwise is taken at that word here, too.
        apart = {split.groups.of.get(key, key) for key in split.holdout}
        searched = {
            key: texts.input_text(rows[key]) for key in split.search if split.groups.of.get(key, key) not in apart
        }
        hidden = (text for row in held_out for text in (*row.columns.values(), row.answer or ""))
        return ExampleGuard(most, searched, hidden, job.system.prompts.values())

    # ── looking on, and the end ──────────────────────────────────────────────────────────────────────────────────────

    def begin_stage(self, name: str, size: int, planned_calls: int | None = None) -> None:
        """Say what is worked on from now on, in how many pieces."""
        self.stage = Stage(name, size)
        if planned_calls is not None:
            self.planned_calls = planned_calls

    def progress(self) -> Progress:
        """Return where the work stands."""
        ledger, held, stage = self.ledger, self.ledger.leased, self.stage
        return Progress(
            phase=stage.name,
            done=stage.done,
            wave=stage.size,
            calls=ledger.calls,
            calls_planned=self.planned_calls + self.calls_beyond_plan,
            usd=ledger.usd,
            seconds=ledger.seconds,
            in_flight=ledger.in_flight,
            wins=stage.verdicts.count(Verdict.WIN),
            losses=stage.verdicts.count(Verdict.LOSS),
            met=len(stage.verdicts),
            right=stage.right,
            scored=stage.scored,
            calls_cap=ledger.limits.calls,
            usd_cap=ledger.limits.usd,
            seconds_cap=ledger.limits.seconds,
            usage=ledger.usage(),
            leased=None if held is None else BudgetLease(held.nano / NANO, held.calls, ledger.share_of_budget),
            waiting=PAUSED if ledger.paused else self._health.waiting,
        )

    async def close(self) -> None:
        """End what is still under way, and give back what was not spent of a shared budget."""
        begun = {*self._begun.values(), *self._rolling_out}
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        for runner in self._runners.values():
            await runner.close()
        with suppress(StoreError):  # what cannot be given back stays charged
            await self.ledger.give_back()


@dataclass(frozen=True)
class Redrawn:
    """Makes every call of a repeat a draw of its own: equal questions of two repeats share no reply."""

    inner: Keeping
    repeat: int

    async def complete(self, request: ModelCall) -> Reply:
        """Answer as the inner model does."""
        return await self.inner.complete(replace(request, identity=f"repeat {self.repeat}"))

    async def keep_result(self, request: ModelCall, make: Callable[[], Awaitable[str]]) -> str:
        """Return what a tool told: the same in every repeat."""
        return await self.inner.keep_result(request, make)


@asynccontextmanager
async def at_work(session: Session, watcher: Watcher, stop: asyncio.Event | None = None) -> AsyncIterator[Session]:
    """Report the progress of a session while it works, and close it at the end.

    Once ``stop`` is set, every further call is refused; calls in flight may finish.
    """

    async def report() -> None:
        while True:
            watcher.on_progress(session.progress())
            await asyncio.sleep(_PROGRESS_SECONDS)

    async def halt(asked: asyncio.Event) -> None:
        await asked.wait()
        session.ledger.halt(Interrupted("Stopped as asked."))

    beside = [asyncio.create_task(report()), *([asyncio.create_task(halt(stop))] if stop else [])]
    try:
        yield session
    finally:
        try:
            for task in reversed(beside):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            watcher.on_progress(session.progress())  # the last picture stays
        finally:
            await session.close()
