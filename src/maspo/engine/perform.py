"""Performing the work that a search asks for: traces, verdicts and drafts come from models here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, TypeVar

from maspo.engine.plan_search import length_budget
from maspo.errors import CallFailed
from maspo.events import CaseShown
from maspo.graph import System
from maspo.judges.judge import Judge, Question
from maspo.prompts import Prompts
from maspo.proposers.drafts import Rules
from maspo.proposers.proposer import Proposer, Rewrite, ShownCase, ShownTrace
from maspo.quoting import shortened, tagged
from maspo.runtime.concurrency import together
from maspo.runtime.messages import context
from maspo.runtime.run import Runtime
from maspo.scoring.answers import is_correct, same_answer
from maspo.search.work import Case, Compare, Drafts, Propose, Result, Withhold, Work
from maspo.trace import Trace
from maspo.verdict import Comparison, Level, Reading, Verdict

T = TypeVar("T")
_ROLE_CHARACTERS = 2000


class Performer:
    """Runs, compares and rewrites for one system.

    ``labels`` is ``use`` when the global verdict shall come from labels where an input has one.
    """

    def __init__(
        self,
        runtime: Runtime,
        judge: Judge,
        proposer: Proposer,
        length_budget: int,
        labels: Literal["ignore", "use"],
    ) -> None:
        self.runtime = runtime
        self._judge = judge
        self._proposer = proposer
        self._length_budget = length_budget
        self._labels = labels

    @property
    def _system(self) -> System:
        return self.runtime.system

    async def perform(self, work: Work) -> Result:
        """Return the result of one piece of work.

        Raises:
            ProviderError, BudgetReached, Interrupted: no further call can be made.

        """
        match work:
            case Propose():
                return await self._propose(work)
            case Compare():
                return await self._compare(work)
            case Withhold():
                return await self._withhold(work)

    # ── comparing (Eq. 5) ────────────────────────────────────────────────────────────────────────────────────────────

    async def _compare(self, work: Compare) -> Comparison:
        try:
            reference, candidate = await self._traces(work)
        except CallFailed:
            return self._undecided(work)
        same = self._same(reference, candidate)
        if work.agent == self._system.output:
            glob = await self._global(work, reference, candidate)
            return Comparison(work.input_key, glob, (), glob, same)
        asked = (Level.GLOBAL,) if work.when_differing and same else work.levels
        readers = self._system.successors[work.agent] if Level.LOOKAHEAD in asked else ()
        verdicts = await together(
            [
                self._local(work, reference, candidate) if Level.LOCAL in asked else _not_asked(),
                self._global(work, reference, candidate) if Level.GLOBAL in asked else _not_asked(),
                *(self._lookahead(work, reader, reference, candidate) for reader in readers),
            ]
        )
        return Comparison(
            input_key=work.input_key,
            local=verdicts[0],
            lookahead=tuple(zip(readers, verdicts[2:], strict=True)),
            glob=verdicts[1],
            same_answer=same,
        )

    async def _traces(self, work: Compare) -> tuple[Trace, Trace]:
        reference = await self.runtime.run(work.reference, work.input_key)
        return reference, await self.runtime.run(work.changed, work.input_key, base=work.reference)

    async def _local(self, work: Compare, reference: Trace, candidate: Trace) -> Verdict:
        read = context_tags(self._input(work.input_key), candidate, work.agent)
        return await self._judge.compare(self._question(Level.LOCAL, work, work.agent, read, (reference, candidate)))

    async def _lookahead(self, work: Compare, reader: str, reference: Trace, candidate: Trace) -> Verdict:
        read = tagged("input", self._input(work.input_key))
        return await self._judge.compare(self._question(Level.LOOKAHEAD, work, reader, read, (reference, candidate)))

    async def _global(self, work: Compare, reference: Trace, candidate: Trace) -> Verdict:
        if self._same(reference, candidate):
            return Verdict.TIE
        label = self.runtime.row(work.input_key).answer if self._labels == "use" else None
        if label is not None:
            return self._by_label(label, reference, candidate)
        question = self._global_question(work, reference, candidate)
        return await (self._judge.compare(question) if work.orders == 1 else self._judge.compare_both_orders(question))

    def _by_label(self, label: str, reference: Trace, candidate: Trace) -> Verdict:
        spec = self._system.final_answer
        right = (is_correct(spec, candidate.output, label), is_correct(spec, reference.output, label))
        return {(True, False): Verdict.WIN, (False, True): Verdict.LOSS}.get(right, Verdict.TIE)

    def _global_question(self, work: Compare, reference: Trace, candidate: Trace) -> Question:
        read = tagged("input", self._input(work.input_key))
        question = self._question(Level.GLOBAL, work, self._system.output, read, (reference, candidate))
        return replace(question, agent=work.agent)

    def _question(self, level: Level, work: Compare, agent: str, read: str, traces: tuple[Trace, Trace]) -> Question:
        reference, candidate = (trace.steps[agent].output for trace in traces)
        return Question(level, agent, self._role(agent), read, candidate, reference, work.candidate_first)

    def _same(self, reference: Trace, candidate: Trace) -> bool:
        return same_answer(self._system.final_answer, candidate.output, reference.output)

    def _undecided(self, work: Compare) -> Comparison:
        readers = self._system.successors[work.agent]
        lost = Verdict.UNDECIDED
        return Comparison(work.input_key, lost, tuple((reader, lost) for reader in readers), lost, failed=True)

    # ── final answers alone, both orders: the hold-out, and edges withheld ───────────────────────────────────────────

    async def compare_systems(
        self, reference: Prompts, candidate: Prompts, input_key: str
    ) -> tuple[Comparison, tuple[Trace, ...]]:
        """Return how the final answers of two prompt sets compare on one input, judged in both orders.

        Only the global verdict is asked for. The traces of reference and candidate come with it; none when a call
        failed for good. Raises what else the model raises.
        """
        try:
            old, new = await together([self.runtime.run(reference, input_key), self.runtime.run(candidate, input_key)])
        except CallFailed:
            return self._undecided(self._final(reference, input_key)), ()
        return await self._compare_answers(self._final(reference, input_key), old, new), (old, new)

    async def reading(self, reference: Prompts, candidate: Prompts, input_key: str, truth: Verdict) -> Reading | None:
        """Return what the judge says in both orders of final answers whose labels have decided; None without answers.

        Raises what the model raises, but for calls that failed for good.
        """
        try:
            old, new = await together([self.runtime.run(reference, input_key), self.runtime.run(candidate, input_key)])
        except CallFailed:
            return None
        question = self._global_question(self._final(reference, input_key), old, new)
        first, turned = await together([self._judge.compare(question), self._judge.compare(question.turned)])
        return Reading(input_key, first, turned, truth)

    async def _withhold(self, work: Withhold) -> Comparison:
        asked = self._final(work.prompts, work.input_key)
        try:
            whole = await self.runtime.run(work.prompts, work.input_key)
            without = await self.runtime.run_without(work.prompts, work.input_key, work.source, work.reader)
        except CallFailed:
            return self._undecided(asked)
        return await self._compare_answers(asked, whole, without)

    def _final(self, reference: Prompts, input_key: str) -> Compare:
        return Compare("final", self._system.output, "", reference, input_key, candidate_first=True, orders=2)

    async def _compare_answers(self, asked: Compare, reference: Trace, candidate: Trace) -> Comparison:
        verdict = await self._global(asked, reference, candidate)
        return Comparison(asked.input_key, verdict, (), verdict, self._same(reference, candidate))

    # ── rewriting (Eq. 4) ────────────────────────────────────────────────────────────────────────────────────────────

    async def _propose(self, work: Propose) -> Drafts:
        agent = self._system.by_name[work.agent]
        hard = {case.input_key for case in work.cases}
        ordinary = [key for key in work.inputs if key not in hard] or list(work.inputs)
        traces = await together(self._shown_trace(work, key) for key in ordinary)
        cases = await together(self._shown_case(work.agent, case) for case in work.cases)
        rewrite = Rewrite(
            agent=work.agent,
            role=agent.description,
            readers={name: self._role(name) for name in self._system.successors[work.agent]},
            parent=work.prompts[work.agent],
            traces=tuple(_found(traces)),
            cases=tuple(_found(cases)),
            count=work.count,
            identity=work.id,
        )
        return await self._proposer.propose(rewrite, self._rules(work.agent))

    def _rules(self, agent: str) -> Rules:
        seed = self._system.by_name[agent]
        return Rules(
            seed_prompt=seed.prompt,
            placeholders=lambda prompt: self.runtime.builder.placeholders(agent, prompt),
            protect=seed.protect,
            length_budget=length_budget(seed, self._length_budget),
        )

    async def _shown_trace(self, work: Propose, input_key: str) -> ShownTrace | None:
        try:
            trace = await self.runtime.run(work.prompts, input_key)
        except CallFailed:
            return None
        output = trace.steps[work.agent].output
        return ShownTrace(self._input(input_key), context(trace.read_by(work.agent)), output)

    async def _shown_case(self, agent: str, case: Case) -> ShownCase | None:
        try:
            before, after = await self._case_traces(case)
        except CallFailed:
            return None
        readers = self._system.successors[agent]
        return ShownCase(
            input=self._input(case.input_key),
            read=context(after.read_by(agent)),
            output=after.steps[agent].output,
            output_before=before.steps[agent].output,
            readers={name: (after.steps[name].output, before.steps[name].output) for name in readers},
            final=(after.output, before.output),
        )

    async def _case_traces(self, case: Case) -> tuple[Trace, Trace]:
        before = await self.runtime.run(case.reference, case.input_key)
        candidate = {**case.reference, case.agent: case.candidate}
        return before, await self.runtime.run(candidate, case.input_key, base=case.reference)

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
            candidate_outputs={name: after.steps[name].output for name in reached},
            reference_outputs={name: before.steps[name].output for name in reached},
            lost=case.lost,
            step=case.step,
            label=self.runtime.row(case.input_key).label,
        )

    # ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _input(self, input_key: str) -> str:
        return self.runtime.builder.input_text(self.runtime.row(input_key))

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
