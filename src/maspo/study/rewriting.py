"""Rewriting (Eq. 4, 6): the proposer is shown what an agent did, and nothing that breaks a rule gets through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from maspo.core.concurrency import together
from maspo.core.errors import CallFailed, ConfigInvalid
from maspo.core.trace import Call, Trace
from maspo.core.worked_examples import blocks_in
from maspo.events import CaseShown
from maspo.optimizers.base import FALLBACK, Answered, AskModel, Case, Draft, Drafts, Outcome, Propose, ShownText, Vet
from maspo.proposers.base import Objection, Proposer, Rewrite, ShownCase, ShownTrace
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.examples import ExampleGuard, ExamplesProposer
from maspo.proposers.passages import Passages
from maspo.runners.base import Runner, unless_failed
from maspo.runners.messages import NO_OUTPUT, context
from maspo.study.asking import Asker
from maspo.study.texts import Texts, rules_for

T = TypeVar("T")


@dataclass(frozen=True)
class Rewriting:
    """Performs requests for new prompts, and shows misalignment cases."""

    texts: Texts
    runner: Runner
    proposer: Proposer
    fallback: Proposer
    """Stands in where drafts of the other cannot be used; it asks no model."""
    asker: Asker
    budget: int
    """Characters of a prompt, at most."""
    passages: Passages
    """What no draft may copy."""
    examples: ExampleGuard | None
    """What worked examples may show; None: there are none."""

    async def propose(self, request: Propose) -> Drafts:
        """Let the proposer write drafts, led by traces and misalignment cases; return as many as were asked for."""
        agent = self.texts.system.by_name[request.agent]
        hard = {case.input_key for case in request.cases}
        ordinary = [key for key in request.inputs if key not in hard] or list(request.inputs)
        traces = await together(self._shown_trace(request, key) for key in ordinary)
        cases = await together(self._shown_case(request.agent, case) for case in request.cases)
        if not any((*traces, *cases)) and await self._is_not_called(request, ordinary):
            return Drafts((), uncalled=True)  # no run shows what it does, and none would show what a draft does
        rewrite = Rewrite(
            agent=request.agent,
            role=agent.description,
            readers={name: self.texts.role(name) for name in self.texts.system.team.readers(request.agent)},
            parent=request.parent,
            traces=_found(traces),
            cases=_found(cases),
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

    async def show_examples(self, request: Propose) -> Drafts:
        """Return the parent with worked examples in it: what the agent wrote in runs that went well."""
        if self.examples is None:
            return Drafts((Draft("", "worked examples copy inputs, and nobody asked for them (proposer.examples)"),))
        allowed = [one for one in request.outcomes if one.input_key in self.examples.searched]
        traces = await together(self._shown_trace(request, one.input_key, one) for one in allowed)
        rules = self._rules(request.agent)
        found = await ExamplesProposer().propose(
            Rewrite(
                agent=request.agent,
                role=self.texts.system.by_name[request.agent].description,
                readers={},
                parent=request.parent,
                traces=_found(traces),
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
        rules = rules_for(self.texts.system.by_name[agent], self.texts.builder, self.budget)
        return replace(rules, examples=blocks_in(parent))

    def vet(self, request: Vet) -> Drafts:
        """Check texts that an optimizer would have as an agent's prompt, as drafts of a proposer are checked."""
        parent = request.prompts[request.agent]
        rules = self._rules(request.agent, parent)
        return Drafts(tuple(checked(text, parent, rules, self.passages) for text in request.texts))

    async def ask(self, request: AskModel) -> Answered:
        """Ask in the optimizer's own words; where a run failed, that is shown."""
        texts = await together(self._shown_text(one) for one in request.shown.values())
        return await self.asker.ask(request, dict(zip(request.shown, texts, strict=True)))

    async def _shown_text(self, shown: ShownText) -> str:
        if shown.what == "input":
            return self.texts.input(shown.input_key)
        trace = await unless_failed(self.runner.run(shown.prompts, shown.input_key))
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
        return ShownTrace(self.texts.input(input_key), context(trace.read_in(*calls)), _written(calls), won)

    async def _is_not_called(self, request: Propose, inputs: Sequence[str]) -> bool:
        """Return whether an agent is called on none of some inputs, where the team brought an answer on each."""
        traces = await together(unless_failed(self.runner.run(request.prompts, key)) for key in inputs)
        return bool(traces) and all(trace is not None and not self._calls(trace, request.agent) for trace in traces)

    def _calls(self, trace: Trace, agent: str) -> list[Call]:
        """Return the calls of a trace that an agent's prompt acted on."""
        acting = self.texts.system.team.acting(agent)
        return [call for call in trace.calls if call.agent in acting]

    async def _shown_case(self, agent: str, case: Case) -> ShownCase | None:
        try:
            before, after = await self._case_traces(case)
        except CallFailed:
            return None
        readers = self.texts.system.team.readers(agent)
        now, earlier = self._calls(after, agent), self._calls(before, agent)
        if not now and not earlier:  # something else of the same change has lost
            return None
        return ShownCase(
            input=self.texts.input(case.input_key),
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
        reached = [name for name in self.texts.system.order if name in self.texts.system.downstream[case.agent]]
        return CaseShown(
            agent=case.agent,
            input_key=case.input_key,
            input_text=self.texts.input(case.input_key),
            candidate_prompt=case.candidate,
            reference_prompt=case.reference[case.agent],
            candidate_outputs={name: after.written_by(name) for name in reached},
            reference_outputs={name: before.written_by(name) for name in reached},
            lost=case.lost,
            step=case.step,
            label=self.texts.row(case.input_key).label,
        )


def _written(calls: Iterable[Call]) -> str:
    return "\n\n".join(call.written for call in calls)


def _is_drafts(found: object) -> bool:
    """Tell whether a proposer of the user's own returned what its port says."""
    if not isinstance(found, Drafts):
        return False
    texts: list[object] = [text for one in found.drafts for text in (one.text, one.rejected)]
    return all(isinstance(text, str) for text in texts)


def _found(items: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(item for item in items if item is not None)
