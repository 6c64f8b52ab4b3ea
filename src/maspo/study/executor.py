"""Performing what a search asks for: the one place where requests meet runner, judge and proposer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed, ConfigInvalid, Interrupted, MaspoError
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.quoting import tagged
from maspo.core.spoilt import NOTHING, under
from maspo.core.trace import Trace
from maspo.core.verdict import Comparison, FailedRun, Level, Verdict
from maspo.data.inputs import Input
from maspo.judges.base import Judge, Question, compare_both_orders, task_shown
from maspo.models.budget import Ledger
from maspo.optimizers.base import (
    EXAMPLES,
    AblateEdge,
    AskModel,
    Calibrate,
    Calibrated,
    Compare,
    Endure,
    Observe,
    Observed,
    Propose,
    Request,
    Result,
    Rollout,
    Scored,
    ScoreOutput,
    Vet,
)
from maspo.proposers.base import Proposer
from maspo.proposers.examples import ExampleGuard
from maspo.proposers.passages import Passages
from maspo.runners.base import Runner, shares_under_way, unless_failed
from maspo.runners.faults import is_followed
from maspo.scoring.answers import answer_digest, is_correct, same_answer
from maspo.scoring.base import Sample, Scorer
from maspo.store.codec import RunOfTeam
from maspo.study.asking import Asker
from maspo.study.credit import CallPair, judged_pairs
from maspo.study.rewriting import Rewriting
from maspo.study.texts import Texts, context_tags
from maspo.team import System

_DRAIN_SECONDS = 0.1
"""How often it is looked whether calls in flight have ended."""


@dataclass(frozen=True, slots=True)
class TeamRun:
    """A run of the team that a result was found by."""

    prompts: Prompts
    trace: Trace
    without: tuple[str, str] = ("", "")
    """An edge (source, reader) that carried nothing."""

    @property
    def address(self) -> RunOfTeam:
        """The content address of the run, as the record holds it."""
        return RunOfTeam(prompts_id(self.prompts), self.trace.digest, self.without)


@dataclass(frozen=True, slots=True)
class PerformedRequest:
    """A request that was performed: its result, and the runs that it was found by, the reference first."""

    request: Request
    result: Result
    runs: tuple[TeamRun, ...] = ()


Record: TypeAlias = Callable[[PerformedRequest], Awaitable[None]]


class Executor(Protocol):
    """Performs requests, here or on other machines."""

    async def submit(self, requests: Sequence[Request], record: Record) -> None:
        """Perform requests side by side; each is given to ``record`` as soon as it is done.

        When one meets the end of all calls, those in flight finish and are recorded, and no new one is sent.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        ...

    async def roll_out(self, rollouts: Sequence[Rollout]) -> None:
        """Run the team before a request asks for it; whoever does then finds it run, or under way.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        ...


@dataclass(frozen=True)
class _CheckedJudge:
    """Passes on what a judge says, if it is a verdict: anything else would be recorded and could not be read again."""

    inner: Judge

    async def compare(self, question: Question) -> Verdict:
        """Return the verdict on one comparison.

        Raises:
            ConfigInvalid: it is none.

        """
        verdict = await self.inner.compare(question)
        if not isinstance(verdict, Verdict):
            who = type(self.inner).__name__
            raise ConfigInvalid(
                f"judge.kind: {who} returned {verdict!r:.200}; expected a Verdict of maspo.core.verdict"
            )
        return verdict


@dataclass
class LocalExecutor:
    """Performs requests in this process.

    ``labels`` is ``use`` when the global verdict shall come from labels where an input has one. ``passages`` are what
    no draft may copy.
    """

    system: System
    rows: Sequence[Input]
    runner: Runner
    judge: Judge
    proposer: Proposer
    fallback: Proposer
    """Stands in where drafts of the other cannot be used; it asks no model."""
    asker: Asker
    ledger: Ledger
    labels: Literal["ignore", "use"] = "ignore"
    budget: int = 6000
    """Characters of a prompt, at most; ``proposer.length_budget`` of the settings."""
    scorer: Scorer | None = None
    passages: Passages = field(default_factory=lambda: Passages(()))
    examples: ExampleGuard | None = None
    """What worked examples may show; None: there are none."""
    rubric: str = ""
    """What counts in final outputs, for the judge; ``judge.rubric`` of the settings."""

    def __post_init__(self) -> None:
        self.judge = _CheckedJudge(self.judge)
        self.texts = Texts(self.system, self.rows)
        self.rewriting = Rewriting(
            self.texts,
            self.runner,
            self.proposer,
            self.fallback,
            self.asker,
            self.budget,
            self.passages,
            self.examples,
        )

    async def submit(self, requests: Sequence[Request], record: Record) -> None:
        """Perform requests side by side; see ``Executor``."""

        async def perform(request: Request) -> None:
            await record(await self.perform(request))

        tasks = [asyncio.create_task(perform(request)) for request in requests]
        if not tasks:
            return
        try:
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            failure = pick_severest(done)
            if failure is not None:
                await self._drain(pending, failure)
                raise failure
        finally:
            # Nothing pays on after this: not after a failure, and not when the run itself is cancelled.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def roll_out(self, rollouts: Sequence[Rollout]) -> None:
        """Run the team before a request asks for it; see ``Executor``. A run that fails is met by who asks for it."""
        await together(unless_failed(self.runner.run(one.prompts, one.input_key)) for one in rollouts)

    async def _drain(self, pending: set[asyncio.Task[None]], failure: BaseException) -> None:
        """Let calls in flight finish and be recorded, while no new one is sent."""
        if not isinstance(failure, BudgetReached | Interrupted):
            self.ledger.halt(failure if isinstance(failure, MaspoError) else Interrupted(str(failure)))
        while pending:
            _, pending = await asyncio.wait(pending, timeout=_DRAIN_SECONDS)
            if not self.ledger.in_flight:
                return

    async def perform(self, request: Request) -> PerformedRequest:
        """Return one request with its result.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        match request:
            case Propose(purpose=purpose):
                propose = self.rewriting.show_examples if purpose == EXAMPLES else self.rewriting.propose
                return PerformedRequest(request, await propose(request))
            case AskModel():
                return PerformedRequest(request, await self.rewriting.ask(request))
            case Vet():
                return PerformedRequest(request, self.rewriting.vet(request))
            case Compare():
                return await self._compare(request)
            case AblateEdge():
                return await self._ablate(request)
            case Endure():
                return await self._endure(request)
            case ScoreOutput():
                return await self._score(request)
            case Observe():
                return await self._observe(request)
            case Calibrate():
                return PerformedRequest(request, await self._calibrate(request))

    # ── comparing (Eq. 5) ────────────────────────────────────────────────────────────────────────────────────────────

    async def _compare(self, request: Compare) -> PerformedRequest:
        found = await self._run_both(request)
        if isinstance(found, str):
            return PerformedRequest(request, self._undecided(request, found))
        reference, candidate = found
        runs = (TeamRun(request.reference, reference), TeamRun(request.changed, candidate))
        same, made = self._same(reference, candidate), self._calls_made(request, reference, candidate)
        if request.agent == self.system.output:
            glob = await self._global(request, reference, candidate)
            comparison = Comparison(request.input_key, glob, (), glob, same, calls=made)
            return PerformedRequest(request, self._known_by_answers(request, comparison, runs), runs)
        asked = (Level.GLOBAL,) if request.when_differing and same else request.levels
        team = self.system.team
        readers = team.readers(request.agent) if Level.LOOKAHEAD in asked else ()
        own, read = judged_pairs(candidate, reference, team.acting(request.agent), readers)
        verdicts = await together(
            [
                self._judged(request, Level.LOCAL, request.agent, candidate, own if Level.LOCAL in asked else None),
                self._global(request, reference, candidate) if Level.GLOBAL in asked else _not_asked(),
                *(
                    self._judged(request, Level.LOOKAHEAD, reader, candidate, pair)
                    for reader, pair in zip(readers, read, strict=True)
                ),
            ]
        )
        comparison = Comparison(
            input_key=request.input_key,
            local=verdicts[0],
            lookahead=tuple(zip(readers, verdicts[2:], strict=True)),
            glob=verdicts[1],
            same_answer=same,
            calls=made,
        )
        return PerformedRequest(request, self._known_by_answers(request, comparison, runs), runs)

    def _known_by_answers(self, request: Compare, found: Comparison, runs: Sequence[TeamRun]) -> Comparison:
        """Return a comparison with what its final answers are known by, and whether the search knew its verdict."""
        reference, candidate = (run.trace for run in runs)
        asked = Level.GLOBAL in request.levels or request.agent == self.system.output
        by_judge = asked and not found.same_answer and self._label(request) is None
        settled = by_judge and self._settled(request, reference, candidate) is not None
        return replace(found, answers=self._answers(reference, candidate), settled=settled)

    def _answers(self, reference: Trace, candidate: Trace) -> tuple[str, str] | None:
        """Return what two final answers are known by, or None where one of them cannot be read."""
        one, other = (answer_digest(self.system.final_answer, run.output) for run in (reference, candidate))
        return None if one is None or other is None else (one, other)

    def _settled(self, request: Compare, reference: Trace, candidate: Trace) -> Verdict | None:
        """Return what the search knows already of two final answers, or None where the judge is to be asked."""
        return dict(request.settled).get(answers) if (answers := self._answers(reference, candidate)) else None

    def _label(self, request: Compare) -> str | None:
        """Return the label that gives the global verdict of a comparison; None where the judge does."""
        decides = self.labels == "use" and request.decided_by == "labels"
        return self.texts.row(request.input_key).answer if decides else None

    def _calls_made(self, request: Compare, reference: Trace, candidate: Trace) -> tuple[int, int] | None:
        made = sum(call.requests for call in reference.calls)
        if self.system.app is not None:
            # Most of its runs are shorter than the longest, and what a model was asked before, on the same input, is
            # answered from the record.
            answered = {call.key for call in reference.calls if call.key}
            return made, sum(call.requests for call in candidate.calls if call.key not in answered)
        if self.system.is_plain and not self.system.has_tools:
            return None
        reached = self.system.team.reached(request.changes)
        return made, sum(call.requests for call in candidate.calls if call.agent in reached)

    async def _run_both(self, request: Compare) -> tuple[Trace, Trace] | FailedRun:
        """Return reference and candidate, or whose run failed."""
        key, everyone = request.input_key, len(request.changes) == len(self.system.order)  # so nothing is taken over
        base = None if everyone else request.reference
        if everyone or shares_under_way(self.runner):
            runs = (self.runner.run(request.reference, key), self.runner.run(request.changed, key, base))
            reference, candidate = await together(unless_failed(run) for run in runs)
        else:
            reference = await unless_failed(self.runner.run(request.reference, key))
            candidate = reference and await unless_failed(self.runner.run(request.changed, key, base))
        if reference is None:
            return "both" if everyone and candidate is None else "reference"
        return "candidate" if candidate is None else (reference, candidate)

    async def _global(self, request: Compare, reference: Trace, candidate: Trace) -> Verdict:
        if self._same(reference, candidate):
            return Verdict.TIE
        if (label := self._label(request)) is not None:
            spec = self.system.final_answer
            right = is_correct(spec, candidate.output, label), is_correct(spec, reference.output, label)
            return {(True, False): Verdict.WIN, (False, True): Verdict.LOSS}.get(right, Verdict.TIE)
        if (said := self._settled(request, reference, candidate)) is not None:
            return said
        shown = task_shown(self.texts.input(request.input_key), self.rubric)
        outputs, role = (candidate.output, reference.output), self.texts.role(self.system.output)
        question = Question(Level.GLOBAL, request.agent, role, shown, *outputs, request.candidate_first)
        if request.orders == 1:
            return await self.judge.compare(question)
        return await compare_both_orders(self.judge, question)

    async def _judged(
        self, request: Compare, level: Level, agent: str, candidate: Trace, pair: CallPair | None
    ) -> Verdict:
        """Return the verdict on a pair of calls; locally the judge sees what was read. None is undecided."""
        if pair is None:
            return Verdict.UNDECIDED
        shown = self.texts.input(request.input_key)
        read = (
            context_tags(shown, candidate.read_in(pair.candidate)) if level is Level.LOCAL else tagged("input", shown)
        )
        outputs = pair.candidate.written, pair.reference.written
        return await self.judge.compare(
            Question(level, agent, self.texts.role(agent), read, *outputs, request.candidate_first)
        )

    def _same(self, reference: Trace, candidate: Trace) -> bool:
        return same_answer(self.system.final_answer, candidate.output, reference.output)

    def _undecided(self, request: Compare, failed: FailedRun = "") -> Comparison:
        lost = Verdict.UNDECIDED
        readers = tuple((reader, lost) for reader in self.system.team.readers(request.agent))
        return Comparison(request.input_key, lost, readers, lost, failed=True, failed_run=failed)

    async def _ablate(self, request: AblateEdge) -> PerformedRequest:
        """Compare the final answers of the team without an edge and with it, in both orders."""
        output = self.system.output
        asked = Compare("", request.prompts, {output: request.prompts[output]}, request.input_key, True, orders=2)
        try:
            whole = await self.runner.run(request.prompts, request.input_key)
            without = await self.runner.run_without(request.prompts, request.input_key, request.source, request.reader)
        except CallFailed:
            return PerformedRequest(request, self._undecided(asked))
        verdict = await self._global(asked, whole, without)
        comparison = Comparison(request.input_key, verdict, (), verdict, self._same(whole, without))
        cut = TeamRun(request.prompts, without, (request.source, request.reader))
        return PerformedRequest(request, comparison, (TeamRun(request.prompts, whole), cut))

    async def _endure(self, request: Endure) -> PerformedRequest:
        """Compare the final answers of the team under a fault and without, in both orders."""
        output, prompts = self.system.output, request.prompts
        asked = Compare("", prompts, {output: prompts[output]}, request.input_key, True, orders=2)
        try:
            whole = await self.runner.run(prompts, under(request.input_key, NOTHING))
            spoilt = await self.runner.run(prompts, under(request.input_key, request.fault))
        except CallFailed:
            return PerformedRequest(request, self._undecided(asked))
        same = self._same(whole, spoilt)
        follows = is_followed(spoilt.output) and not is_followed(whole.output)
        verdict = Verdict.LOSS if follows else await self._global(asked, whole, spoilt)
        comparison = Comparison(request.input_key, verdict, (), verdict, same and not follows)
        return PerformedRequest(request, comparison, (TeamRun(prompts, whole), TeamRun(prompts, spoilt)))

    async def _calibrate(self, request: Calibrate) -> Calibrated:
        """Put what the team wrote on each input to the judge, against an empty text."""

        async def verdict(key: str) -> Verdict | None:
            trace = await unless_failed(self.runner.run(request.prompts, key))
            if trace is None or not trace.output.strip():
                return None
            shown, output = task_shown(self.texts.input(key), self.rubric), self.system.output
            return await compare_both_orders(
                self.judge, Question(Level.GLOBAL, output, self.texts.role(output), shown, trace.output, "", True)
            )

        return Calibrated(
            tuple(one for one in await together(verdict(key) for key in request.inputs) if one is not None)
        )

    # ── scoring on its own ───────────────────────────────────────────────────────────────────────────────────────────

    async def _score(self, request: ScoreOutput) -> PerformedRequest:
        """Say how good a final answer is: by the scorer that was given, else by the label if labels are used."""
        key, row = request.input_key, self.texts.row(request.input_key)
        try:
            trace = await self.runner.run(request.prompts, key)
        except CallFailed:
            return PerformedRequest(request, Scored(key, None))
        value: float | None = None
        if self.scorer is not None:
            sample = Sample(key, trace.output, row.answer, question=self.texts.input(key))
            (score,) = await self.scorer.score([sample])
            value = None if score.outcome == "failed" else float(score.correct)
        elif row.answer is not None and self.labels == "use":
            value = float(is_correct(self.system.final_answer, trace.output, row.answer))
        return PerformedRequest(request, Scored(key, value), (TeamRun(request.prompts, trace),))

    async def _observe(self, request: Observe) -> PerformedRequest:
        """Say who is called on an input."""
        try:
            trace = await self.runner.run(request.prompts, request.input_key)
        except CallFailed:
            return PerformedRequest(request, Observed(request.input_key, ()))
        calls = sum(call.requests for call in trace.calls)
        found = Observed(request.input_key, tuple(trace.by_agent), calls)
        return PerformedRequest(request, found, (TeamRun(request.prompts, trace),))


async def _not_asked() -> Verdict:
    return Verdict.UNDECIDED


def pick_severest(done: Iterable[asyncio.Task[None]]) -> BaseException | None:
    """Return the failure that says most about why tasks ended: a fault of ours, a stop, an endpoint, a cap."""

    def mildness(failure: BaseException) -> int:
        if not isinstance(failure, MaspoError):
            return 0
        return 1 if isinstance(failure, Interrupted) else 3 if isinstance(failure, BudgetReached) else 2

    failures = [failure for task in done if not task.cancelled() and (failure := task.exception()) is not None]
    return min(failures, key=mildness, default=None)
