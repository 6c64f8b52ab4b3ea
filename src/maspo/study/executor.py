"""Performing what a search asks for: the one place where requests meet runner, judge and proposer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed, ConfigInvalid, Interrupted, MaspoError
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.quoting import shortened, tagged
from maspo.core.spoilt import NOTHING, parted, under
from maspo.core.trace import Call, Trace
from maspo.core.verdict import Comparison, FailedRun, Level, Verdict
from maspo.core.worked_examples import blocks_in
from maspo.data.inputs import Input
from maspo.events import CaseShown
from maspo.judges.base import Judge, Question, compare_both_orders, task_shown
from maspo.models.budget import Ledger
from maspo.optimizers.base import (
    EXAMPLES,
    FALLBACK,
    AblateEdge,
    Answered,
    AskModel,
    Calibrate,
    Calibrated,
    Case,
    Compare,
    Draft,
    Drafts,
    Endure,
    Observe,
    Observed,
    Outcome,
    Propose,
    Request,
    Result,
    Scored,
    ScoreOutput,
    ShownText,
    Vet,
)
from maspo.proposers.base import Objection, Proposer, Rewrite, ShownCase, ShownTrace
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.examples import ExampleGuard, ExamplesProposer
from maspo.proposers.passages import Passages
from maspo.runners.base import Runner
from maspo.runners.faults import is_followed
from maspo.runners.messages import NO_OUTPUT, MessageBuilder, context
from maspo.scoring.answers import answer_digest, is_correct, same_answer
from maspo.scoring.base import Sample, Scorer
from maspo.store.codec import RunOfTeam
from maspo.study.asking import Asker
from maspo.study.credit import CallPair, judged_pairs
from maspo.study.resolve import length_budget
from maspo.team import Agent, System

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
        """The content address of the run, as the record holds it."""
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


def texts_of(system: System, rows: Sequence[Input]) -> MessageBuilder:
    """Return what builds the messages of a team's agents; the columns that all inputs have are placeholders."""
    return MessageBuilder(system, frozenset.intersection(*(frozenset(row.columns) for row in rows)))


def rules_for(agent: Agent, texts: MessageBuilder, budget: int) -> Rules:
    """Return what a rewrite of an agent's prompt must keep, under a length budget in characters."""
    return Rules(
        seed_prompt=agent.prompt,
        placeholders=lambda prompt: texts.placeholders(agent.name, prompt),
        protect=agent.protect,
        length_budget=length_budget(agent, budget),
        template=agent.template,
    )


def _is_drafts(found: object) -> bool:
    """Tell whether a proposer of the user's own returned what its port says."""
    if not isinstance(found, Drafts):
        return False
    texts: list[object] = [text for one in found.drafts for text in (one.text, one.rejected)]
    return all(isinstance(text, str) for text in texts)


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
        self._by_key = {row.key: row for row in self.rows}
        self._texts = texts_of(self.system, self.rows)

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

    async def _drain(self, pending: set[asyncio.Task[None]], failure: BaseException) -> None:
        """Let calls in flight finish and be recorded, while no new one is sent."""
        if not isinstance(failure, BudgetReached | Interrupted):
            self.ledger.halt(failure if isinstance(failure, MaspoError) else Interrupted(str(failure)))
        while pending:
            _, pending = await asyncio.wait(pending, timeout=_DRAIN_SECONDS)
            if not self.ledger.in_flight:
                return

    async def perform(self, request: Request) -> Done:
        """Return one request with its result.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        match request:
            case Propose(purpose=purpose):
                propose = self._show_examples if purpose == EXAMPLES else self._propose
                return Done(request, await propose(request))
            case AskModel():
                return Done(request, await self._ask(request))
            case Vet():
                return Done(request, self._vet(request))
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
                return Done(request, await self._calibrate(request))

    # ── comparing (Eq. 5) ────────────────────────────────────────────────────────────────────────────────────────────

    async def _compare(self, request: Compare) -> Done:
        found = await self._run_both(request)
        if isinstance(found, str):
            return Done(request, self._undecided(request, found))
        reference, candidate = found
        runs = (TeamRun(request.reference, reference), TeamRun(request.changed, candidate))
        same, made = self._same(reference, candidate), self._calls_made(request, reference, candidate)
        if request.agent == self.system.output:
            glob = await self._global(request, reference, candidate)
            comparison = Comparison(request.input_key, glob, (), glob, same, calls=made)
            return Done(request, self._known_by_answers(request, comparison, runs), runs)
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
        return Done(request, self._known_by_answers(request, comparison, runs), runs)

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
        return self._row(request.input_key).answer if decides else None

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
        key = request.input_key
        if len(request.changes) == len(self.system.order):  # nothing is taken over, so neither waits for the other
            runs = (self.runner.run(request.reference, key), self.runner.run(request.changed, key))
            reference, candidate = await together(_unless_failed(run) for run in runs)
            if reference is None:
                return "both" if candidate is None else "reference"
        else:
            reference = await _unless_failed(self.runner.run(request.reference, key))
            if reference is None:
                return "reference"
            candidate = await _unless_failed(self.runner.run(request.changed, key, base=request.reference))
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
        shown = task_shown(self._input(request.input_key), self.rubric)
        outputs, role = (candidate.output, reference.output), self._role(self.system.output)
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
        shown = self._input(request.input_key)
        read = (
            context_tags(shown, candidate.read_in(pair.candidate)) if level is Level.LOCAL else tagged("input", shown)
        )
        outputs = pair.candidate.written, pair.reference.written
        return await self.judge.compare(
            Question(level, agent, self._role(agent), read, *outputs, request.candidate_first)
        )

    def _same(self, reference: Trace, candidate: Trace) -> bool:
        return same_answer(self.system.final_answer, candidate.output, reference.output)

    def _undecided(self, request: Compare, failed: FailedRun = "") -> Comparison:
        lost = Verdict.UNDECIDED
        readers = tuple((reader, lost) for reader in self.system.team.readers(request.agent))
        return Comparison(request.input_key, lost, readers, lost, failed=True, failed_run=failed)

    async def _ablate(self, request: AblateEdge) -> Done:
        """Compare the final answers of the team without an edge and with it, in both orders."""
        output = self.system.output
        asked = Compare("", request.prompts, {output: request.prompts[output]}, request.input_key, True, orders=2)
        try:
            whole = await self.runner.run(request.prompts, request.input_key)
            without = await self.runner.run_without(request.prompts, request.input_key, request.source, request.reader)
        except CallFailed:
            return Done(request, self._undecided(asked))
        verdict = await self._global(asked, whole, without)
        comparison = Comparison(request.input_key, verdict, (), verdict, self._same(whole, without))
        cut = TeamRun(request.prompts, without, (request.source, request.reader))
        return Done(request, comparison, (TeamRun(request.prompts, whole), cut))

    async def _endure(self, request: Endure) -> Done:
        """Compare the final answers of the team under a fault and without, in both orders."""
        output, prompts = self.system.output, request.prompts
        asked = Compare("", prompts, {output: prompts[output]}, request.input_key, True, orders=2)
        try:
            whole = await self.runner.run(prompts, under(request.input_key, NOTHING))
            spoilt = await self.runner.run(prompts, under(request.input_key, request.fault))
        except CallFailed:
            return Done(request, self._undecided(asked))
        same = self._same(whole, spoilt)
        follows = is_followed(spoilt.output) and not is_followed(whole.output)
        verdict = Verdict.LOSS if follows else await self._global(asked, whole, spoilt)
        comparison = Comparison(request.input_key, verdict, (), verdict, same and not follows)
        return Done(request, comparison, (TeamRun(prompts, whole), TeamRun(prompts, spoilt)))

    async def _calibrate(self, request: Calibrate) -> Calibrated:
        """Put what the team wrote on each input to the judge, against an empty text."""

        async def verdict(key: str) -> Verdict | None:
            trace = await _unless_failed(self.runner.run(request.prompts, key))
            if trace is None or not trace.output.strip():
                return None
            shown, output = task_shown(self._input(key), self.rubric), self.system.output
            return await compare_both_orders(
                self.judge, Question(Level.GLOBAL, output, self._role(output), shown, trace.output, "", True)
            )

        return Calibrated(tuple(_found(await together(verdict(key) for key in request.inputs))))

    # ── scoring on its own ───────────────────────────────────────────────────────────────────────────────────────────

    async def _score(self, request: ScoreOutput) -> Done:
        """Say how good a final answer is: by the scorer that was given, else by the label if labels are used."""
        key, row = request.input_key, self._row(request.input_key)
        try:
            trace = await self.runner.run(request.prompts, key)
        except CallFailed:
            return Done(request, Scored(key, None))
        value: float | None = None
        if self.scorer is not None:
            sample = Sample(key, trace.output, row.answer, question=self._input(key))
            (score,) = await self.scorer.score([sample])
            value = None if score.outcome == "failed" else float(score.correct)
        elif row.answer is not None and self.labels == "use":
            value = float(is_correct(self.system.final_answer, trace.output, row.answer))
        return Done(request, Scored(key, value), (TeamRun(request.prompts, trace),))

    async def _observe(self, request: Observe) -> Done:
        """Say who is called on an input."""
        try:
            trace = await self.runner.run(request.prompts, request.input_key)
        except CallFailed:
            return Done(request, Observed(request.input_key, ()))
        calls = sum(call.requests for call in trace.calls)
        found = Observed(request.input_key, tuple(trace.by_agent), calls)
        return Done(request, found, (TeamRun(request.prompts, trace),))

    # ── rewriting (Eq. 4) ────────────────────────────────────────────────────────────────────────────────────────────

    async def _propose(self, request: Propose) -> Drafts:
        agent = self.system.by_name[request.agent]
        hard = {case.input_key for case in request.cases}
        ordinary = [key for key in request.inputs if key not in hard] or list(request.inputs)
        traces = await together(self._shown_trace(request, key) for key in ordinary)
        cases = await together(self._shown_case(request.agent, case) for case in request.cases)
        if not _found((*traces, *cases)) and await self._is_not_called(request, ordinary):
            return Drafts(())  # no run shows what it does, and none would show what a draft does
        rewrite = Rewrite(
            agent=request.agent,
            role=agent.description,
            readers={name: self._role(name) for name in self.system.team.readers(request.agent)},
            parent=request.parent,
            traces=tuple(_found(traces)),
            cases=tuple(_found(cases)),
            count=request.count,
            identity=request.id,
            form=request.form,
            history=request.history,
            instruction=request.instruction if request.rewrites == "prompt" else "",
            objections=tuple(Objection(one.text, one.reason) for one in request.objections),
        )
        rules = self._rules(request.agent, request.prompts[request.agent])
        if request.rewrites == "instruction":  # it reaches no agent, so it has no placeholders and protects nothing
            rules = Rules(request.instruction, lambda _: frozenset(), (), self.budget)
        proposer = self.fallback if request.purpose == FALLBACK else self.proposer
        found = await proposer.propose(rewrite, rules)
        if not _is_drafts(found):
            what = "expected Drafts, each with a text and the reason of its rejection as text"
            raise ConfigInvalid(f"proposer.kind: {type(proposer).__name__} returned {found!r:.200}; {what}")
        # Once more, whoever wrote them: what breaks a rule is never tried, also when a proposer does not look.
        drafts = (
            one if one.rejected else checked(one.text, rewrite.parent, rules, self.passages) for one in found.drafts
        )
        return Drafts(tuple(islice(drafts, request.count)))

    async def _show_examples(self, request: Propose) -> Drafts:
        """Return the parent with worked examples in it: what the agent wrote in runs that went well."""
        if self.examples is None:
            return Drafts((Draft("", "worked examples copy inputs, and nobody asked for them (proposer.examples)"),))
        allowed = [one for one in request.outcomes if one.input_key in self.examples.searched]
        traces = await together(self._shown_trace(request, one.input_key, one) for one in allowed)
        rules = self._rules(request.agent)
        found = await ExamplesProposer().propose(
            Rewrite(
                agent=request.agent,
                role=self.system.by_name[request.agent].description,
                readers={},
                parent=request.parent,
                traces=tuple(_found(traces)),
                cases=(),
                count=request.count,
                identity=request.id,
                examples=self.examples.most,
            ),
            rules,
        )
        return Drafts(
            tuple(one if one.rejected else self._with_examples(one.text, request, rules) for one in found.drafts)
        )

    def _with_examples(self, text: str, request: Propose, rules: Rules) -> Draft:
        refused = self.examples.refusal(text, rules) if self.examples else ""
        if refused:
            return Draft(text, refused)
        return checked(text, request.parent, replace(rules, examples=blocks_in(text)), self.passages)

    def _rules(self, agent: str, parent: str = "") -> Rules:
        """Return what drafts of an agent must keep; worked examples of their parent may stay."""
        return replace(rules_for(self.system.by_name[agent], self._texts, self.budget), examples=blocks_in(parent))

    def _vet(self, request: Vet) -> Drafts:
        """Check texts that an optimizer would have as an agent's prompt, as drafts of a proposer are checked."""
        parent = request.prompts[request.agent]
        rules = self._rules(request.agent, parent)
        return Drafts(tuple(checked(text, parent, rules, self.passages) for text in request.texts))

    async def _ask(self, request: AskModel) -> Answered:
        """Ask in the optimizer's own words; where a run failed, that is shown."""
        texts = await together(self._shown_text(one) for one in request.shown.values())
        return await self.asker.ask(request, dict(zip(request.shown, texts, strict=True)))

    async def _shown_text(self, shown: ShownText) -> str:
        if shown.what == "input":
            return self._input(shown.input_key)
        trace = await _unless_failed(self.runner.run(shown.prompts, shown.input_key))
        if trace is None:
            return NO_OUTPUT
        if not shown.agent:
            return trace.output
        calls = self._calls(trace, shown.agent)
        if shown.what == "read":
            return context(trace.read_in(*calls))
        return _written(calls) or NO_OUTPUT

    async def _shown_trace(self, request: Propose, input_key: str, outcome: Outcome | None = None) -> ShownTrace | None:
        try:
            trace = await self.runner.run(outcome.prompts if outcome else request.prompts, input_key)
        except CallFailed:
            return None
        calls = self._calls(trace, request.agent)
        if not calls:  # on this input it was not called
            return None
        won = outcome.net > 0 if outcome else None
        return ShownTrace(self._input(input_key), context(trace.read_in(*calls)), _written(calls), won)

    async def _is_not_called(self, request: Propose, inputs: Sequence[str]) -> bool:
        """Return whether an agent is called on none of some inputs, where the team brought an answer on each."""
        traces = await together(_unless_failed(self.runner.run(request.prompts, key)) for key in inputs)
        return bool(traces) and all(trace is not None and not self._calls(trace, request.agent) for trace in traces)

    def _calls(self, trace: Trace, agent: str) -> list[Call]:
        """Return the calls of a trace that an agent's prompt acted on."""
        acting = self.system.team.acting(agent)
        return [call for call in trace.calls if call.agent in acting]

    async def _shown_case(self, agent: str, case: Case) -> ShownCase | None:
        try:
            before, after = await self._case_traces(case)
        except CallFailed:
            return None
        readers = self.system.team.readers(agent)
        now, earlier = self._calls(after, agent), self._calls(before, agent)
        if not now and not earlier:  # something else of the same change has lost
            return None
        return ShownCase(
            input=self._input(case.input_key),
            read=context(after.read_in(*now)),
            output=_written(now),
            output_before=_written(earlier),
            readers={name: (after.written_by(name), before.written_by(name)) for name in readers},
            final=(after.output, before.output),
        )

    async def _case_traces(self, case: Case) -> tuple[Trace, Trace]:
        before = await self.runner.run(case.reference, case.input_key)
        candidate = {**case.reference, case.agent: case.candidate}
        return before, await self.runner.run(candidate, case.input_key, base=case.reference)

    async def show(self, case: Case) -> CaseShown:
        """Return the texts of a misalignment case for the report; its calls are recorded already."""
        before, after = await self._case_traces(case)
        reached = [name for name in self.system.order if name in self.system.downstream[case.agent]]
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
            label=self._row(case.input_key).label,
        )

    # ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _input(self, input_key: str) -> str:
        return self._texts.input_text(self._row(input_key))

    def _row(self, input_key: str) -> Input:
        return self._by_key[parted(input_key, self._by_key)[0]]

    def _role(self, agent: str) -> str:
        return role_of(self.system.by_name[agent])


def _written(calls: Iterable[Call]) -> str:
    return "\n\n".join(call.written for call in calls)


def role_of(agent: Agent) -> str:
    """Return what judge and proposer are told an agent is for."""
    return shortened(agent.description or agent.prompt, _ROLE_CHARACTERS)


def context_tags(input_text: str, read: Mapping[str, str]) -> str:
    """Return the input and what an agent read by who wrote it, each in its own tag."""
    return "\n".join([tagged("input", input_text), *(tagged("read", text, name) for name, text in read.items())])


async def _unless_failed(run: Coroutine[Any, Any, Trace]) -> Trace | None:
    """Return a run of the team, or None when a call of it failed for good."""
    try:
        return await run
    except CallFailed:
        return None


async def _not_asked() -> Verdict:
    return Verdict.UNDECIDED


def _found(items: Iterable[T | None]) -> list[T]:
    return [item for item in items if item is not None]


def pick_severest(done: Iterable[asyncio.Task[None]]) -> BaseException | None:
    """Return the failure that says most about why tasks ended: a fault of ours, a stop, an endpoint, a cap."""

    def mildness(failure: BaseException) -> int:
        if not isinstance(failure, MaspoError):
            return 0
        return 1 if isinstance(failure, Interrupted) else 3 if isinstance(failure, BudgetReached) else 2

    failures = [failure for task in done if not task.cancelled() and (failure := task.exception()) is not None]
    return min(failures, key=mildness, default=None)
