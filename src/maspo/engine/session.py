"""A session: one process's work on a run. It performs waves, records results and publishes events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from maspo.engine.calls import Calls, reported
from maspo.engine.job import Estimate, Job, Progress, Watcher
from maspo.engine.lost import Witnessed, unlisted
from maspo.engine.perform import Performer
from maspo.errors import BudgetReached, Interrupted, MaspoError, ProviderError, StoreError
from maspo.events import CallLost, CaseShown, Event, Paused, RunFinished, RunStarted
from maspo.judges.judge import Judge, JudgeCalls
from maspo.models.base import Model
from maspo.prompts import Prompts, prompt_id, prompts_id
from maspo.proposers.passages import Passages
from maspo.proposers.proposer import Proposer, ProposerCalls
from maspo.runtime.concurrency import together
from maspo.runtime.run import AgentCalls, Runtime
from maspo.search.methods import SearchState
from maspo.search.work import Case, Result, Work
from maspo.store.codec import Told, decode, encode
from maspo.store.run_store import RunStore
from maspo.verdict import Comparison, JudgeChecked

_DRAIN_SECONDS = 0.1
_SEARCH_EVENTS = (
    "step_started",
    "draft_rejected",
    "candidate_scored",
    "case_found",
    "prompt_kept",
    "prompt_changed",
    "conflict_found",
    "drafts_screened",
    "proxy_told",
    "search_ended",
    "influence_measured",
)


@dataclass(slots=True)
class _Wave:
    """How far the wave in flight has come."""

    phase: str
    size: int
    done: int = 0


class Session:
    """Everything that one process needs to go on with a run.

    Results that the journal holds are answered from it, so going on after a stop is the same loop as starting.
    """

    def __init__(self, job: Job, store: RunStore, bare: Model, watcher: Watcher, plan: Estimate) -> None:
        self._store = store
        self._watcher = watcher
        self.planned_calls = plan.planned
        self.run = store.meta()["run"]
        recorded = [decode(entry) for entry in store.journal()]
        self._told: dict[str, Result] = {item.work: item.result for item in recorded if isinstance(item, Told)}
        self._events: list[Event] = [item for item in recorded if not isinstance(item, Told)]
        self._followed: list[Event] = [event for event in self._events if event.kind in _SEARCH_EVENTS]
        self._next_followed = 0
        self.calls = Calls(job, store, bare)
        self.ledger = self.calls.ledger
        self._wave = _Wave("search", 0)
        models = job.config.models
        stack = Witnessed(self.calls.model, self.publish)
        rows = {row.key: row for row in job.inputs.rows}
        agents = AgentCalls(models.agent, models.agent_temperature, models.max_tokens)
        self._runtime = Runtime(job.system, rows, stack, agents)
        self._performer = Performer(
            self._runtime,
            Judge(
                stack,
                JudgeCalls(models.for_judge(), models.judge_temperature, models.max_tokens, job.config.seed),
            ),
            Proposer(
                stack,
                ProposerCalls(
                    models.for_proposer(),
                    models.proposer_temperature,
                    models.max_tokens,
                    job.config.proposer.shown_characters,
                ),
                _passages(job),
            ),
            job.config.proposer.length_budget,
            job.config.labels,
        )

    # ── the record ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def seconds(self) -> float:
        """Seconds that the run has worked, in this and earlier processes."""
        return self.ledger.seconds

    def was_started(self) -> bool:
        """Return whether the record holds the beginning of the run."""
        return any(isinstance(event, RunStarted) for event in self._events)

    @property
    def answered(self) -> bool:
        """Whether any call of the run was answered."""
        return any(usage.calls > usage.failed for usage in self.ledger.usage().values())

    @property
    def lost_calls(self) -> int:
        """Calls that failed for good so far."""
        return sum(isinstance(event, CallLost) for event in self._events)

    def finished(self) -> RunFinished | None:
        """Return the end of the run when it is recorded, and complete."""
        ends = [event for event in self._events if isinstance(event, RunFinished)]
        return ends[-1] if ends and ends[-1].complete else None

    async def publish(self, *events: Event) -> None:
        """Record events, then tell whoever looks on."""
        if not events:
            return
        await self._store.append([encode(event) for event in events], self.calls.spent())
        for event in events:
            self._events.append(event)
            self._watcher.on_event(event)

    async def follow(self, state: SearchState) -> None:
        """Publish the events of a search that are not recorded yet.

        Raises:
            StoreError: the search takes another path than the one recorded: it was another version of maspo.

        """
        known = self._followed[self._next_followed : len(state.events)]
        if list(state.events[self._next_followed : self._next_followed + len(known)]) != known:
            raise StoreError(
                "the search does not repeat what this run recorded; it was made by another version of maspo: "
                "resume it with that one, or start a new run"
            )
        self._next_followed += len(known)
        new = state.events[self._next_followed :]
        self._next_followed += len(new)
        self._followed += new
        await self.publish(*new)

    async def list_unsettled(self) -> None:
        """Publish the calls that were in flight when an earlier process died: they may be billed twice."""
        await self.publish(*unlisted(self._store, self._events))

    async def pause(self, reason: str) -> None:
        """Record that the run stopped before its end."""
        await self.publish(Paused(reason, self.seconds))

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def results(self, wave: Sequence[Work]) -> Mapping[str, Result]:
        """Return the results of a wave: recorded ones as they are, the others performed side by side and recorded.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made; what arrived is recorded.

        """
        missing = {work.id: self._performer.perform(work) for work in wave if work.id not in self._told}
        await self._perform_all(missing, "search")
        return {work.id: self._told[work.id] for work in wave}

    async def holdout(self, seed: Prompts, winners: Prompts, keys: Sequence[str]) -> list[Comparison]:
        """Return how the winners do against the seed prompts on hold-out inputs; recorded like any work.

        Raises:
            ProviderError, BudgetReached, Interrupted: as ``results``.

        """
        pair = prompts_id(winners)
        ids = {f"holdout/{pair}/{key}": key for key in keys}
        missing = {work: self._meet(seed, winners, key) for work, key in ids.items() if work not in self._told}
        await self._perform_all(missing, "holdout")
        found = [self._told[work] for work in ids]
        return [result for result in found if isinstance(result, Comparison)]

    async def check_judge(self, seed: Prompts, winners: Prompts, keys: Sequence[str], most: int) -> None:
        """Ask the judge about hold-out inputs on which labels have decided, at most so many, and publish what it says.

        A cap leaves it out.

        Raises:
            ProviderError, Interrupted: no further call can be made.

        """
        if any(isinstance(event, JudgeChecked) for event in self._events):
            return
        pair = prompts_id(winners)
        met = {
            key: self._told.get(f"holdout/{pair}/{key}") for key in keys if self._runtime.row(key).answer is not None
        }
        differing = {
            key: found.glob
            for key, found in met.items()
            if isinstance(found, Comparison) and not (found.same_answer or found.failed)
        }
        asked = list(differing.items())[:most]
        with suppress(BudgetReached):
            readings = await together(self._performer.reading(seed, winners, key, truth) for key, truth in asked)
            if any(readings):
                await self.publish(JudgeChecked(tuple(one for one in readings if one is not None)))

    async def _meet(self, seed: Prompts, winners: Prompts, key: str) -> Comparison:
        """Compare the two systems on one input, and keep their traces."""
        comparison, traces = await self._performer.compare_systems(seed, winners, key)
        for prompts, trace in zip((seed, winners), traces, strict=False):
            await self._store.put_trace(prompts_id(prompts), trace)
        return comparison

    async def show_cases(self, cases: Sequence[Case]) -> None:
        """Publish the texts of misalignment cases that the report has not seen yet."""
        seen = {
            (event.step, event.agent, event.input_key, prompt_id(event.candidate_prompt))
            for event in self._events
            if isinstance(event, CaseShown)
        }
        for case in cases:
            if (case.step, case.agent, case.input_key, prompt_id(case.candidate)) not in seen:
                with suppress(BudgetReached, Interrupted, ProviderError):
                    await self.publish(await self._performer.show(case))

    async def _perform_all(self, jobs: Mapping[str, Coroutine[Any, Any, Result]], phase: str) -> None:
        """Perform jobs side by side. When one meets the end of all calls, those in flight finish and are recorded."""
        self._wave = _Wave(phase, len(jobs))
        tasks = [asyncio.create_task(self._perform(work, job)) for work, job in jobs.items()]
        if not tasks:
            return
        try:
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            failure = _severest(done)
            if failure is not None:
                await self._drain(pending, failure)
                raise failure
        finally:
            # Nothing pays on after this: not after a failure, and not when the run itself is cancelled.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _drain(self, pending: set[asyncio.Task[None]], failure: BaseException) -> None:
        """Let calls in flight finish and be recorded, while no new one is sent."""
        if not isinstance(failure, BudgetReached | Interrupted):
            self.ledger.halt(failure if isinstance(failure, MaspoError) else Interrupted(str(failure)))
        while pending:
            _, pending = await asyncio.wait(pending, timeout=_DRAIN_SECONDS)
            if not self.ledger.in_flight:
                return

    async def _perform(self, work: str, job: Coroutine[Any, Any, Result]) -> None:
        result = await job
        await self._store.append([encode(Told(work, result))], self.calls.spent())
        self._told[work] = result
        self._wave.done += 1

    # ── looking on, and the end ──────────────────────────────────────────────────────────────────────────────────────

    def progress(self) -> Progress:
        """Return where the run stands."""
        now = self._wave
        return self.calls.progress(now.phase, now.done, now.size, self.planned_calls)

    async def close(self) -> None:
        """End what is still under way."""
        await self._runtime.close()


@asynccontextmanager
async def opened_session(
    job: Job, store: RunStore, bare: Model, watcher: Watcher, plan: Estimate
) -> AsyncIterator[Session]:
    """Open a session whose progress is reported, and close it."""
    session = Session(job, store, bare, watcher, plan)
    try:
        async with reported(watcher, session.progress):
            yield session
    finally:
        await session.close()


def _passages(job: Job) -> Passages:
    """Return what no prompt may copy: the passages of all inputs, those of the hold-out and labels included."""
    texts = (text for row in job.inputs.rows for text in (*row.columns.values(), row.answer or ""))
    return Passages(texts, own=job.system.prompts.values())


def _severest(done: set[asyncio.Task[None]]) -> BaseException | None:
    failures = [task.exception() for task in done if not task.cancelled()]
    found = [failure for failure in failures if failure is not None]
    ranked: list[Callable[[BaseException], bool]] = [
        lambda failure: not isinstance(failure, MaspoError),
        lambda failure: isinstance(failure, Interrupted),
        lambda failure: not isinstance(failure, BudgetReached),
        lambda _: True,
    ]
    for matches in ranked:
        for failure in found:
            if matches(failure):
                return failure
    return None
