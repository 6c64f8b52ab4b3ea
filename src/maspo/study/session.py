"""A session: one process's work on a record. It asks models, performs requests, records results, publishes events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property

from maspo.core.errors import BudgetReached, Interrupted, ProviderError, StoreError
from maspo.core.prompts import prompt_id
from maspo.events import (
    CallLost,
    CallUnsettled,
    CaseShown,
    Event,
    Paused,
    RunFinished,
    RunStarted,
    SearchEvent,
    StepStarted,
)
from maspo.events.base import SEARCH
from maspo.judges.base import JUDGES, Judge
from maspo.models.base import ModelClient, Reply
from maspo.models.base import Request as ModelCall
from maspo.models.budget import Ledger
from maspo.models.prices import PriceBook
from maspo.optimizers.base import Case, Compare, Propose, Request, Result, Results
from maspo.proposers.base import PROPOSERS, Proposer
from maspo.proposers.passages import Passages
from maspo.runners.base import RUNNERS, Runner
from maspo.store.codec import RecordedResult, decoded_again, encode
from maspo.store.run_store import RunStore
from maspo.study.calls import Calls, reported
from maspo.study.executor import Done, Executor, LocalExecutor
from maspo.study.failures import Witnessed, unlisted
from maspo.study.job import Job, Progress, Watcher
from maspo.study.resolve import Parts, chosen_part
from maspo.study.traces import TraceQuota


@dataclass(slots=True)
class _Stage:
    """What is worked on now, and how far it has come."""

    name: str = ""
    size: int = 0
    done: int = 0


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
    ) -> None:
        self.job = job
        self.run: str = store.meta()["run"]
        self.planned_calls = planned_calls
        self._parts = parts or Parts()
        self._store = store
        self._watcher = watcher
        recorded = [entry.item for entry in store.read_since()]
        results = [item for item in recorded if isinstance(item, RecordedResult)]
        self._results: dict[str, Result] = {item.request: item.result for item in results}
        self._events: list[Event] = [item for item in recorded if not isinstance(item, RecordedResult)]
        self._followed: list[SearchEvent] | None = None
        """What the search has told, recorded or new; None before it tells something."""
        self._next_followed = 0
        self._steps: dict[str, str] = {}
        """The step of the search that each agent is in."""
        self._quota = TraceQuota(job.config.seed, kept=sum(bool(item.runs) for item in results))
        self._calls = Calls(job, store, bare, prices)
        self._stage = _Stage()
        self._runners: dict[int, Runner] = {}
        self.model: ModelClient = Witnessed(self._calls.model, self.publish)
        self.judge = self._make_judge()
        self._executor: Executor | None = None

    # ── the record ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ledger(self) -> Ledger:
        """What was spent, and what may still be."""
        return self._calls.ledger

    @property
    def seconds(self) -> float:
        """Seconds that were worked, in this and earlier processes."""
        return self.ledger.seconds

    @property
    def events(self) -> Sequence[Event]:
        """All events that are recorded."""
        return self._events

    @property
    def started(self) -> RunStarted | None:
        """The beginning of the run, when it is recorded."""
        return next((event for event in self._events if isinstance(event, RunStarted)), None)

    @property
    def finished(self) -> RunFinished | None:
        """The end of the run when it is recorded, and complete."""
        ends = [event for event in self._events if isinstance(event, RunFinished)]
        return ends[-1] if ends and ends[-1].complete else None

    @property
    def answered(self) -> bool:
        """Whether any call was answered."""
        return any(usage.calls > usage.failed for usage in self.ledger.usage().values())

    @property
    def lost_calls(self) -> int:
        """Calls that failed for good so far."""
        return sum(isinstance(event, CallLost) for event in self._events)

    @property
    def unsettled(self) -> tuple[CallUnsettled, ...]:
        """Calls that were in flight when an earlier process died, as far as they are listed."""
        return tuple(event for event in self._events if isinstance(event, CallUnsettled))

    async def publish(self, *events: Event) -> None:
        """Record events, then tell whoever looks on."""
        if not events:
            return
        await self._store.append([encode(event) for event in events], self._calls.spent())
        for event in events:
            self._events.append(event)
            self._watcher.on_event(event)

    async def follow(self, events: Sequence[SearchEvent]) -> None:
        """Publish further events of a search, those that are not recorded yet.

        Raises:
            StoreError: the search takes another path than the one recorded: it was another version of maspo.
            TypeError: the optimizer tells something that no search does, which could not be told again.

        """
        for event in events:
            if not isinstance(event, SearchEvent):
                raise TypeError(f"the optimizer told {event!r}; derive it from SearchEvent or StepEvent")
        if self._followed is None:
            # Only now is the optimizer at work, so kinds of events of its own are registered.
            again = map(decoded_again, self._events)
            self._followed = [event for event in again if isinstance(event, SearchEvent)]
        self._steps |= {event.agent: event.step for event in events if isinstance(event, StepStarted)}
        known = self._followed[self._next_followed : self._next_followed + len(events)]
        if list(events[: len(known)]) != known:
            raise StoreError(
                "the search does not repeat what this run recorded; it was made by another version of maspo: "
                "resume it with that one, or start a new run"
            )
        self._next_followed += len(events)
        new = events[len(known) :]
        self._followed += new
        await self.publish(*new)

    async def list_unsettled(self) -> None:
        """Publish the calls that were in flight when an earlier process died: they may be billed twice."""
        await self.publish(*unlisted(self._store, self._events))

    async def save(self, values: Mapping[str, str] | None = None) -> None:
        """Record what was spent so far, and other values beside it."""
        await self._store.append([], {**self._calls.spent(), **(values or {})})

    async def pause(self, reason: str) -> None:
        """Record that the work stopped before its end."""
        await self.publish(Paused(reason, self.seconds))

    async def probe(self, models: Iterable[str]) -> bool:
        """Ask each model one small question, so that a wrong key or name costs nothing; say whether a world answers.

        Raises:
            ProviderError: the endpoint cannot be reached or refuses.

        """
        if self.job.world is not None:
            return True
        noted = json.loads(self._store.meta().get("simulated", "null"))
        if noted is None and self.started is not None:
            noted = self.started.simulated
        simulated = await self._calls.probe(list(dict.fromkeys(models)), noted)
        await self._store.append([], {"simulated": json.dumps(simulated)})
        return simulated

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def executor(self) -> Executor:
        """What performs requests."""
        if self._executor is None:
            self._executor = self.local_executor()
        return self._executor

    def make_executor(self) -> None:
        """Make what performs requests before the first call, so that a part that cannot be made costs nothing."""
        self._executor = self.local_executor()

    def local_executor(self) -> LocalExecutor:
        """Return an executor of this process."""
        job = self.job
        return LocalExecutor(
            system=job.system,
            rows=job.inputs.rows,
            runner=self.runner(),
            judge=self.judge,
            proposer=self._make_proposer(),
            ledger=self.ledger,
            labels=job.config.labels,
            budget=job.config.proposer.length_budget,
            scorer=self._parts.scorer,
            passages=self._passages,
        )

    async def submit(self, requests: Sequence[Request], stage: str = SEARCH.id) -> Results:
        """Return the results of requests: recorded ones as they are, the others performed side by side and recorded.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made; what arrived is recorded.

        """
        missing = {request.id: request for request in requests if request.id not in self._results}
        self.begin_stage(stage, len(missing))
        await self.executor.submit(list(missing.values()), lambda done: self._record(done, stage))
        return tuple(self._results[request.id] for request in requests)

    async def _record(self, done: Done, stage: str) -> None:
        request = done.request
        kept = bool(done.runs) and self._quota.grants(request.id, stage, self.planned_calls)
        recorded = RecordedResult(
            request=request.id,
            result=done.result,
            purpose=request.purpose,
            within=self._within(request, stage),
            runs=tuple(run.address for run in done.runs) if kept else (),
        )
        await self._store.put_result(recorded, [run.trace for run in done.runs] if kept else (), self._calls.spent())
        self._results[request.id] = done.result
        self.advance()

    def _within(self, request: Request, stage: str) -> str:
        """Return the span that a request belongs to: of a search, the step that its agent is in, if it says so."""
        if stage != SEARCH.id:
            return request.purpose
        return self._steps.get(request.agent, stage) if isinstance(request, Compare | Propose) else stage

    async def show_cases(self, cases: Sequence[Case]) -> None:
        """Publish the texts of misalignment cases that the record does not show yet; their calls are recorded."""
        shown = {
            (event.step, event.agent, event.input_key, prompt_id(event.candidate_prompt))
            for event in self._events
            if isinstance(event, CaseShown)
        }
        local = self.local_executor()
        for case in cases:
            if (case.step, case.agent, case.input_key, prompt_id(case.candidate)) not in shown:
                with suppress(BudgetReached, Interrupted, ProviderError):
                    await self.publish(await local.show(case))

    # ── roles ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def runner(self, repeat: int = 0) -> Runner:
        """Return what runs the team; every repeat makes draws of its own."""
        if repeat not in self._runners:
            job, config = self.job, self.job.config
            model = Redrawn(self.model, repeat) if repeat else self.model
            rows = {row.key: row for row in job.inputs.rows}
            chosen = chosen_part(self._parts.runner, config.runner.kind)
            settings, options = config.models.of_agents(), config.runner.options
            self._runners[repeat] = RUNNERS.make(chosen, job.system, rows, model, settings, **options)
        return self._runners[repeat]

    def _make_judge(self) -> Judge:
        config = self.job.config
        chosen = chosen_part(self._parts.judge, config.judge.kind)
        settings, options = config.models.of_judge(), config.judge.options
        judge: Judge = JUDGES.make(chosen, self.model, settings, config.seed, **options)
        return judge

    @cached_property
    def _passages(self) -> Passages:
        """What no prompt may copy: the passages of all inputs, those of the hold-out and labels included."""
        texts = (text for row in self.job.inputs.rows for text in (*row.columns.values(), row.answer or ""))
        return Passages(texts, own=self.job.system.prompts.values())

    def _make_proposer(self) -> Proposer:
        config, settings = self.job.config.proposer, self.job.config.models.of_proposer()
        chosen = chosen_part(self._parts.proposer, config.kind)
        own = {"passages": self._passages, "shown_characters": config.shown_characters}
        proposer: Proposer = PROPOSERS.make(chosen, self.model, settings, **{**own, **config.options})
        return proposer

    # ── looking on, and the end ──────────────────────────────────────────────────────────────────────────────────────

    def begin_stage(self, name: str, size: int, planned_calls: int | None = None) -> None:
        """Say what is worked on from now on, in how many pieces."""
        self._stage = _Stage(name, size)
        if planned_calls is not None:
            self.planned_calls = planned_calls

    def advance(self) -> None:
        """Say that one more piece is done."""
        self._stage.done += 1

    def progress(self) -> Progress:
        """Return where the work stands."""
        now = self._stage
        return self._calls.progress(now.name or "search", now.done, now.size, self.planned_calls)

    async def close(self) -> None:
        """End what is still under way."""
        for runner in self._runners.values():
            await runner.close()


class Redrawn:
    """Makes every call of a repeat a draw of its own: equal questions of two repeats share no reply."""

    def __init__(self, inner: ModelClient, repeat: int) -> None:
        self._inner = inner
        self._identity = f"repeat {repeat}"

    async def complete(self, request: ModelCall) -> Reply:
        """Answer as the inner model does."""
        return await self._inner.complete(replace(request, identity=self._identity))


@asynccontextmanager
async def opened(session: Session, watcher: Watcher) -> AsyncIterator[Session]:
    """Report the progress of a session while it works, and close it."""
    try:
        async with reported(watcher, session.progress):
            yield session
    finally:
        await session.close()
