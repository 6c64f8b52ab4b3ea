"""Performing what a search asks for: the one place where requests meet runner, judge and proposer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, Protocol, TypeAlias, TypeVar

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed, Interrupted, MaspoError
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.quoting import shortened, tagged
from maspo.core.trace import Trace
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.data.inputs import Input
from maspo.events import CaseShown
from maspo.judges.base import Judge, Question, compare_both_orders
from maspo.models.budget import Ledger
from maspo.optimizers.base import AblateEdge, Case, Compare, Drafts, Propose, Request, Result, Score, Scored
from maspo.proposers.base import Proposer, Rewrite, ShownCase, ShownTrace
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.passages import Passages
from maspo.runners.base import Runner
from maspo.runners.messages import MessageBuilder, context
from maspo.scoring.answers import is_correct, same_answer
from maspo.scoring.base import Sample, Scorer
from maspo.store.codec import RunOfTeam
from maspo.study.resolve import length_budget
from maspo.team import System

T = TypeVar("T")
_ROLE_CHARACTERS = 2000
"""Characters of a description, or of a prompt in place of one, that judge and proposer are shown of a role."""
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
        """What the record knows it by."""
        return RunOfTeam(prompts_id(self.prompts), self.trace.digest, self.without)


@dataclass(frozen=True, slots=True)
class Done:
    """A request that was performed: its result, and the runs that it was found by, the reference first."""

    request: Request
    result: Result
    runs: tuple[TeamRun, ...] = ()


Record: TypeAlias = Callable[[Done], Awaitable[None]]


class Executor(Protocol):
    """Performs requests, here or on other machines."""

    async def submit(self, requests: Sequence[Request], record: Record) -> None:
        """Perform requests side by side; each is given to ``record`` as soon as it is done.

        When one meets the end of all calls, those in flight finish and are recorded, and no new one is sent.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        ...


class LocalExecutor:
    """Performs requests in this process.

    ``labels`` is ``use`` when the global verdict shall come from labels where an input has one. ``passages`` are what
    no draft may copy.
    """

    def __init__(
        self,
        system: System,
        rows: Sequence[Input],
        runner: Runner,
        judge: Judge,
        proposer: Proposer,
        ledger: Ledger,
        labels: Literal["ignore", "use"] = "ignore",
        budget: int = 6000,
        scorer: Scorer | None = None,
        passages: Passages | None = None,
    ) -> None:
        self._system = system
        self._rows = {row.key: row for row in rows}
        self._texts = MessageBuilder(system, frozenset.intersection(*(frozenset(row.columns) for row in rows)))
        self._runner = runner
        self._judge = judge
        self._proposer = proposer
        self._ledger = ledger
        self._labels = labels
        self._budget = budget
        self._scorer = scorer
        self._passages = passages or Passages(())

    async def submit(self, requests: Sequence[Request], record: Record) -> None:
        """Perform requests side by side; see ``Executor``."""

        async def perform(request: Request) -> None:
            await record(await self.perform(request))

        tasks = [asyncio.create_task(perform(request)) for request in requests]
        if not tasks:
            return
        try:
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            failure = severest(done)
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
            self._ledger.halt(failure if isinstance(failure, MaspoError) else Interrupted(str(failure)))
        while pending:
            _, pending = await asyncio.wait(pending, timeout=_DRAIN_SECONDS)
            if not self._ledger.in_flight:
                return

    async def perform(self, request: Request) -> Done:
        """Return one request with its result.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        match request:
            case Propose():
                return Done(request, await self._propose(request))
            case Compare():
                return await self._compare(request)
            case AblateEdge():
                return await self._ablate(request)
            case Score():
                return await self._score(request)

    # ── comparing (Eq. 5) ────────────────────────────────────────────────────────────────────────────────────────────

    async def _compare(self, request: Compare) -> Done:
        try:
            reference, candidate = await self._run_both(request)
        except CallFailed:
            return Done(request, self._undecided(request))
        runs = (TeamRun(request.reference, reference), TeamRun(request.changed, candidate))
        same = self._same(reference, candidate)
        if request.agent == self._system.output:
            glob = await self._global(request, reference, candidate)
            return Done(request, Comparison(request.input_key, glob, (), glob, same), runs)
        asked = (Level.GLOBAL,) if request.when_differing and same else request.levels
        readers = self._system.successors[request.agent] if Level.LOOKAHEAD in asked else ()
        verdicts = await together(
            [
                self._local(request, reference, candidate) if Level.LOCAL in asked else _not_asked(),
                self._global(request, reference, candidate) if Level.GLOBAL in asked else _not_asked(),
                *(self._lookahead(request, reader, reference, candidate) for reader in readers),
            ]
        )
        comparison = Comparison(
            input_key=request.input_key,
            local=verdicts[0],
            lookahead=tuple(zip(readers, verdicts[2:], strict=True)),
            glob=verdicts[1],
            same_answer=same,
        )
        return Done(request, comparison, runs)

    async def _run_both(self, request: Compare) -> tuple[Trace, Trace]:
        key = request.input_key
        if len(request.changes) == len(self._system.order):  # nothing is taken over, so neither waits for the other
            runs = [self._runner.run(request.reference, key), self._runner.run(request.changed, key)]
            reference, candidate = await together(runs)
            return reference, candidate
        reference = await self._runner.run(request.reference, key)
        return reference, await self._runner.run(request.changed, key, base=request.reference)

    async def _local(self, request: Compare, reference: Trace, candidate: Trace) -> Verdict:
        read = context_tags(self._input(request.input_key), candidate, request.agent)
        question = self._question(Level.LOCAL, request, request.agent, read, (reference, candidate))
        return await self._judge.compare(question)

    async def _lookahead(self, request: Compare, reader: str, reference: Trace, candidate: Trace) -> Verdict:
        read = tagged("input", self._input(request.input_key))
        question = self._question(Level.LOOKAHEAD, request, reader, read, (reference, candidate))
        return await self._judge.compare(question)

    async def _global(self, request: Compare, reference: Trace, candidate: Trace) -> Verdict:
        if self._same(reference, candidate):
            return Verdict.TIE
        decides = self._labels == "use" and request.decided_by == "labels"
        label = self._rows[request.input_key].answer if decides else None
        if label is not None:
            return self._by_label(label, reference, candidate)
        read = tagged("input", self._input(request.input_key))
        question = self._question(Level.GLOBAL, request, self._system.output, read, (reference, candidate))
        question = replace(question, agent=request.agent, candidate=candidate.output, reference=reference.output)
        if request.orders == 1:
            return await self._judge.compare(question)
        return await compare_both_orders(self._judge, question)

    def _by_label(self, label: str, reference: Trace, candidate: Trace) -> Verdict:
        spec = self._system.final_answer
        right = (is_correct(spec, candidate.output, label), is_correct(spec, reference.output, label))
        return {(True, False): Verdict.WIN, (False, True): Verdict.LOSS}.get(right, Verdict.TIE)

    def _question(self, level: Level, request: Compare, agent: str, read: str, traces: tuple[Trace, Trace]) -> Question:
        reference, candidate = (trace.written_by(agent) for trace in traces)
        return Question(level, agent, self._role(agent), read, candidate, reference, request.candidate_first)

    def _same(self, reference: Trace, candidate: Trace) -> bool:
        return same_answer(self._system.final_answer, candidate.output, reference.output)

    def _undecided(self, request: Compare) -> Comparison:
        readers = self._system.successors[request.agent]
        lost = Verdict.UNDECIDED
        return Comparison(request.input_key, lost, tuple((reader, lost) for reader in readers), lost, failed=True)

    async def _ablate(self, request: AblateEdge) -> Done:
        """Compare the final answers of the team without an edge and with it, in both orders."""
        output = self._system.output
        asked = Compare("", request.prompts, {output: request.prompts[output]}, request.input_key, True, orders=2)
        try:
            whole = await self._runner.run(request.prompts, request.input_key)
            without = await self._runner.run_without(request.prompts, request.input_key, request.source, request.reader)
        except CallFailed:
            return Done(request, self._undecided(asked))
        verdict = await self._global(asked, whole, without)
        comparison = Comparison(request.input_key, verdict, (), verdict, self._same(whole, without))
        cut = TeamRun(request.prompts, without, (request.source, request.reader))
        return Done(request, comparison, (TeamRun(request.prompts, whole), cut))

    # ── scoring on its own ───────────────────────────────────────────────────────────────────────────────────────────

    async def _score(self, request: Score) -> Done:
        try:
            trace = await self._runner.run(request.prompts, request.input_key)
        except CallFailed:
            return Done(request, Scored(request.input_key, None))
        return Done(request, Scored(request.input_key, await self._value(trace)), (TeamRun(request.prompts, trace),))

    async def _value(self, trace: Trace) -> float | None:
        """Return how good a final answer is: by the scorer that was given, else by the label if labels are used."""
        row = self._rows[trace.input_key]
        if self._scorer is not None:
            sample = Sample(row.key, trace.output, row.answer, question=self._input(row.key))
            (score,) = await self._scorer.score([sample])
            return None if score.outcome == "failed" else float(score.correct)
        if row.answer is None or self._labels != "use":
            return None
        return float(is_correct(self._system.final_answer, trace.output, row.answer))

    # ── rewriting (Eq. 4) ────────────────────────────────────────────────────────────────────────────────────────────

    async def _propose(self, request: Propose) -> Drafts:
        agent = self._system.by_name[request.agent]
        hard = {case.input_key for case in request.cases}
        ordinary = [key for key in request.inputs if key not in hard] or list(request.inputs)
        traces = await together(self._shown_trace(request, key) for key in ordinary)
        cases = await together(self._shown_case(request.agent, case) for case in request.cases)
        rewrite = Rewrite(
            agent=request.agent,
            role=agent.description,
            readers={name: self._role(name) for name in self._system.successors[request.agent]},
            parent=request.prompts[request.agent],
            traces=tuple(_found(traces)),
            cases=tuple(_found(cases)),
            count=request.count,
            identity=request.id,
        )
        rules = self._rules(request.agent)
        found = await self._proposer.propose(rewrite, rules)
        # Once more, whoever wrote them: what breaks a rule is never tried, also when a proposer does not look.
        drafts = (
            one if one.rejected else checked(one.text, rewrite.parent, rules, self._passages) for one in found.drafts
        )
        return Drafts(tuple(islice(drafts, request.count)))

    def _rules(self, agent: str) -> Rules:
        seed = self._system.by_name[agent]
        return Rules(
            seed_prompt=seed.prompt,
            placeholders=lambda prompt: self._texts.placeholders(agent, prompt),
            protect=seed.protect,
            length_budget=length_budget(seed, self._budget),
        )

    async def _shown_trace(self, request: Propose, input_key: str) -> ShownTrace | None:
        try:
            trace = await self._runner.run(request.prompts, input_key)
        except CallFailed:
            return None
        output = trace.written_by(request.agent)
        return ShownTrace(self._input(input_key), context(trace.read_by(request.agent)), output)

    async def _shown_case(self, agent: str, case: Case) -> ShownCase | None:
        try:
            before, after = await self._case_traces(case)
        except CallFailed:
            return None
        readers = self._system.successors[agent]
        return ShownCase(
            input=self._input(case.input_key),
            read=context(after.read_by(agent)),
            output=after.written_by(agent),
            output_before=before.written_by(agent),
            readers={name: (after.written_by(name), before.written_by(name)) for name in readers},
            final=(after.output, before.output),
        )

    async def _case_traces(self, case: Case) -> tuple[Trace, Trace]:
        before = await self._runner.run(case.reference, case.input_key)
        candidate = {**case.reference, case.agent: case.candidate}
        return before, await self._runner.run(candidate, case.input_key, base=case.reference)

    async def show(self, case: Case) -> CaseShown:
        """Return the texts of a misalignment case for the report; its calls are recorded already."""
        before, after = await self._case_traces(case)
        reached = [name for name in self._system.order if name in self._system.downstream[case.agent]]
        return CaseShown(
            agent=case.agent,
            input_key=case.input_key,
            input_text=self._input(case.input_key),
            candidate_prompt=case.candidate,
            reference_prompt=case.reference[case.agent],
            candidate_outputs={name: after.written_by(name) for name in reached},
            reference_outputs={name: before.written_by(name) for name in reached},
            lost=case.lost,
            step=case.step,
            label=self._rows[case.input_key].label,
        )

    # ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _input(self, input_key: str) -> str:
        return self._texts.input_text(self._rows[input_key])

    def _role(self, agent: str) -> str:
        seed = self._system.by_name[agent]
        return shortened(seed.description or seed.prompt, _ROLE_CHARACTERS)


def context_tags(input_text: str, trace: Trace, agent: str) -> str:
    """Return the input and what an agent read, each in its own tag."""
    read = [tagged("read", output, name) for name, output in trace.read_by(agent).items()]
    return "\n".join([tagged("input", input_text), *read])


async def _not_asked() -> Verdict:
    return Verdict.UNDECIDED


def _found(items: Iterable[T | None]) -> list[T]:
    return [item for item in items if item is not None]


def severest(done: Iterable[asyncio.Task[None]]) -> BaseException | None:
    """Return the failure that says most about why tasks ended: a fault of ours, a stop, an endpoint, a cap."""
    failures = [failure for task in done if not task.cancelled() and (failure := task.exception()) is not None]
    return min(failures, key=_mildness, default=None)


def _mildness(failure: BaseException) -> int:
    if not isinstance(failure, MaspoError):
        return 0
    return 1 if isinstance(failure, Interrupted) else 3 if isinstance(failure, BudgetReached) else 2
