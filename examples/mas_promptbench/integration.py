"""maspo's default search as a method of MAS-PromptBench: copy this file to ``optimizers/maspo_default/integration.py``.

The benchmark runs teams, charges rollouts and scores answers; this file answers what the search asks by them. Written
against its interface as of November 2026 (``optimize(cell, runner, budget, training, validation) -> OptimizerResult``,
``RunnerSession``, ``LifecycleJournal``); nothing of its code is here. Final answers are compared by the benchmark's own
scores, as its other methods do; local and lookahead verdicts and drafts are asked of its reflection model, and counted
in the metadata of the result, since the benchmark charges rollouts alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from maspo.config import ModelSettings
from maspo.core.quoting import tagged
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.judges.base import JUDGES, Question
from maspo.models.base import Reply, Request
from maspo.optimizers.base import Ask, Compare, Draft, Drafts, Problem, Propose, Result
from maspo.optimizers.registry import make_config, make_optimizer
from maspo.proposers.base import PROPOSERS, Rewrite, ShownTrace
from maspo.proposers.drafts import Rules
from maspo.proposers.passages import Passages
from maspo.team.graph import Team

LENGTH_BUDGET = 6000
"""Characters of a prompt, at most: the default of maspo."""
CALLS_OF_A_ROLLOUT = 1.3
"""Calls that the search plans for each agent of a rollout, judge and proposer with it: more than the rollouts allow."""


@dataclass
class Run:
    """One rollout: what each role wrote, the answer, and the benchmark's score."""

    written: Mapping[str, str]
    answer: str
    score: float


@dataclass
class Reflection:
    """The benchmark's reflection model as a model client of maspo."""

    cell: Any
    backend: Any
    calls: dict[str, int] = field(default_factory=lambda: {"proposer": 0, "judge": 0})

    async def complete(self, request: Request) -> Reply:
        """Ask one question; the seed of a call follows from what is asked, so that a repeated run asks the same."""
        from optimizers.protocol.reflection import REFLECTION_MAX_OUTPUT_TOKENS
        from optimizers.protocol.seeding import reflection_seed

        phase = request.purpose.split(".", maxsplit=1)[0]
        self.calls[phase] += 1
        prompt = "\n\n".join(message.content for message in request.messages)
        role = request.agent or phase
        seed = reflection_seed(self.cell, phase=f"maspo_{phase}", iteration=0, role=role, prompt=prompt)
        text = self.backend.complete(
            prompt,
            request_seed=seed,
            phase=phase,
            role=role,
            temperature=request.temperature,
            top_p=1.0,
            max_output_tokens=REFLECTION_MAX_OUTPUT_TOKENS,
            thinking=True,
            system=None,
        )
        return Reply(str(text))


class MaspoDefault:
    """The anchored race over joint prompts (``search.method=race``) on the benchmark's runner."""

    method = "maspo_default"

    def __init__(
        self, *, seed_bundle: Any = None, reflection: Any = None, search: Mapping[str, Any] | None = None
    ) -> None:
        self.seed_bundle, self.reflection = seed_bundle, reflection
        self.settings = {"method": "race", **(search or {})}

    def optimize(self, cell: Any, runner: Any, budget: Any, training: list[Any], validation: list[Any]) -> Any:
        """Search on the training rows until the rollouts are spent; the benchmark validates what is returned."""
        from optimizers.protocol.journal import LifecycleJournal
        from optimizers.protocol.rollouts import native_role_order
        from optimizers.protocol.schema import PromptBundle, StopReason, example_id
        from optimizers.protocol.session import RunnerSession

        del validation
        seed = self.seed_bundle
        session = RunnerSession(cell=cell, runner=runner, budget=budget, seed_bundle=seed)
        journal = LifecycleJournal(method=self.method, cell=cell, session=session)
        rows = {example_id(row, place): row for place, row in enumerate(training)}
        team = team_of(cell.topology, native_role_order(cell, list(seed.roles)))
        calls = int(CALLS_OF_A_ROLLOUT * len(team.order) * session.pacing.remaining())
        config = make_config({"calls": max(100, calls), **self.settings}).with_labels()
        problem = Problem(team, dict(seed.roles), tuple(rows), cell.optimizer_seed, labelled=frozenset(rows))
        reflection = Reflection(cell, self.reflection)
        answering = Answering(problem, session, reflection, rows)

        def observe(step: int, ask: Ask, reason: str) -> Any:
            bundle = PromptBundle(roles=dict(ask.prompts), demos=seed.demos, metadata=seed.metadata)
            journal.observe(
                iteration=step,
                native_event=reason,
                current=bundle,
                incumbent=bundle,
                native_score=None,
                accepted=dict(ask.prompts) != dict(seed.roles),
                reasons=(reason,),
                state={"prompts": dict(ask.prompts), "calls": dict(reflection.calls)},
            )
            return bundle

        step, stop = 0, StopReason.NATIVE_RETURN
        ask = Ask(dict(seed.roles))
        observe(0, ask, "initial_state")
        search = make_optimizer(config).search(problem)
        try:
            ask = next(search)
            while True:
                step += 1
                session.set_context(iteration=step, event="maspo_default_requests")
                results = asyncio.run(answering.answers(ask.requests))
                if results is None:
                    stop = StopReason.BUDGET
                    break
                ask = search.send(results)
                observe(step, ask, "native_iteration_end")
        except StopIteration as end:
            ask = end.value
        incumbent = observe(step + 1, ask, "final_state")
        journal.finalize_curve()
        return journal.artifact(
            seed_bundle=seed,
            incumbent_bundle=incumbent,
            native_iterations=step,
            stop_reason=stop,
            metadata={"search": config.model_dump(mode="json"), "uncharged_model_calls": dict(reflection.calls)},
        )


def team_of(topology: str, roles: Sequence[str]) -> Team:
    """Return who reads whom: a chain, workers and their manager, or the one prompt that all replicas share."""
    order = list(roles)
    if topology == "centralized":
        (manager,) = [name for name in order if name == "manager" or name.startswith("manager_r")]
        order = [name for name in order if name != manager] + [manager]
        readers: dict[str, tuple[str, ...]] = {name: () if name == manager else (manager,) for name in order}
    elif topology == "sequential":
        readers = {name: tuple(order[place + 1 : place + 2]) for place, name in enumerate(order)}
    elif len(order) == 1:
        readers = {order[0]: ()}
    else:
        raise ValueError(f"topology {topology!r} with roles {order}: expected one shared role")
    return Team(tuple(order), readers, order[-1])


def speaker(message: Mapping[str, Any]) -> str:
    """Return who wrote a message, looked for where the benchmark looks: LangChain's have a name, and a role of all."""
    return next((str(message[key]) for key in ("source", "name", "agent", "role") if message.get(key)), "")


@dataclass
class Answering:
    """Answers the requests of the search; rollouts that are known are not run again."""

    problem: Problem
    session: Any
    reflection: Reflection
    rows: Mapping[str, Any]
    known: dict[tuple[tuple[str, ...], str], Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        models = ModelSettings()
        self.judge = JUDGES.make("pairwise", self.reflection, models.of_judge(), self.problem.seed)
        self.texts = {key: question_in(row) for key, row in self.rows.items()}
        self.passages = Passages(tuple(self.texts.values()))
        self.proposer = PROPOSERS.make("rewrite", self.reflection, models.of_proposer(), passages=self.passages)

    async def answers(self, requests: Sequence[Any]) -> tuple[Result, ...] | None:
        """Return the results of all requests, or None where the rollouts do not suffice for them."""
        wanted: dict[tuple[str, ...], list[str]] = {}
        for request in requests:
            for rollout in request.price(self.problem).rollouts:
                place = self.place(rollout.prompts)
                if (place, rollout.input_key) not in self.known and rollout.input_key not in wanted.get(place, ()):
                    wanted.setdefault(place, []).append(rollout.input_key)
        if sum(map(len, wanted.values())) > self.session.pacing.remaining():
            return None
        for place, keys in wanted.items():
            for name, text in zip(self.problem.team.order, place, strict=True):
                self.session.set_prompt(name, text)
            records = self.session.run_records([self.rows[key] for key in keys])
            for key, record in zip(keys, records, strict=True):
                self.known[place, key] = self.run_in(record)
        return tuple([await self.answer(request) for request in requests])

    def place(self, prompts: Mapping[str, str]) -> tuple[str, ...]:
        """Return what joint prompts are known by."""
        return tuple(prompts[name] for name in self.problem.team.order)

    def run_in(self, record: Any) -> Run:
        """Return what a record of the benchmark says; an answer that is a mapping is compared as JSON."""
        written = {speaker(one): str(one.get("content", "")) for one in record.messages}
        final = record.final_output
        answer = final if isinstance(final, str) else json.dumps(final, sort_keys=True, default=str)
        written.setdefault(self.problem.team.output, answer)
        return Run(written, answer, float(record.score or 0.0))

    async def answer(self, request: Any) -> Result:
        """Return the result of one request."""
        if isinstance(request, Propose):
            return await self.drafts(request)
        if isinstance(request, Compare):
            return await self.compared(request)
        raise TypeError(f"{type(request).__name__}: the default search asks for drafts and comparisons alone")

    async def compared(self, request: Compare) -> Comparison:
        """Compare two rollouts: final answers by their scores, what agents wrote by the judge."""
        key, team = request.input_key, self.problem.team
        before, after = (self.known[self.place(one), key] for one in (request.reference, request.changed))
        gain = after.score - before.score
        final = Verdict.WIN if gain > 0 else Verdict.LOSS if gain < 0 else Verdict.TIE
        same = after.answer == before.answer
        if request.agent == team.output:
            return Comparison(key, final, (), final, same)
        asked = () if request.when_differing and same else request.levels
        local = await self.judged(request, Level.LOCAL, request.agent, before, after) if Level.LOCAL in asked else None
        readers = team.readers(request.agent) if Level.LOOKAHEAD in asked else ()
        ahead = [(name, await self.judged(request, Level.LOOKAHEAD, name, before, after)) for name in readers]
        return Comparison(key, local or Verdict.UNDECIDED, tuple(ahead), final, same)

    async def judged(self, request: Compare, level: Level, agent: str, before: Run, after: Run) -> Verdict:
        """Return which of the two outputs of an agent the judge prefers."""
        outputs = after.written.get(agent, ""), before.written.get(agent, "")
        read, role = tagged("input", self.texts[request.input_key]), self.problem.seed_prompts[agent]
        question = Question(level, agent, role, read, *outputs, request.candidate_first)
        found: Verdict = await self.judge.compare(question)
        return found

    async def drafts(self, request: Propose) -> Drafts:
        """Ask the proposer for new prompts of a role, led by what it wrote on some inputs."""
        runs = {key: self.known[self.place(request.prompts), key] for key in request.inputs}
        rewrite = Rewrite(
            agent=request.agent,
            role="",
            readers={name: self.problem.seed_prompts[name] for name in self.problem.team.readers(request.agent)},
            parent=request.parent,
            traces=tuple(
                ShownTrace(self.texts[key], "", run.written.get(request.agent, "")) for key, run in runs.items()
            ),
            cases=(),  # misalignment cases steer the search; they are not shown here
            count=request.count,
            identity=request.id,
            form=request.form,
        )
        seed = self.problem.seed_prompts[request.agent]
        rules = Rules(seed, lambda _: frozenset(), (), max(LENGTH_BUDGET, len(seed) * 3 // 2))
        found: Drafts = await self.proposer.propose(rewrite, rules)
        return Drafts(
            tuple(one if one.text.strip() else Draft(one.text, one.rejected or "empty") for one in found.drafts)
        )


def question_in(row: Any) -> str:
    """Return what a row asks."""
    for name in ("question", "problem", "input", "prompt", "task"):
        if isinstance(row, Mapping) and isinstance(row.get(name), str):
            return str(row[name])
    return json.dumps(row, sort_keys=True, default=str)
