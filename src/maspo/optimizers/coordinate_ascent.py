"""Algorithm 1 of the paper: coordinate ascent over agents, an evolutionary beam for each, Beam Refresh. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from maspo.core.prompts import prompt_id
from maspo.core.seeded import shuffled
from maspo.core.verdict import Comparison, Level
from maspo.events import StepStarted
from maspo.optimizers.base import Asking, Compare, Drafts, OptimizerConfig, Problem, Propose, Search, Stages
from maspo.optimizers.parts.balance import shown_first
from maspo.optimizers.parts.misalignment import hard_negatives
from maspo.optimizers.parts.record import decision_event, rejected_events, scored_event, tally
from maspo.optimizers.parts.reward import JudgeOrder, Scoring, Weights, reward, value_of
from maspo.optimizers.parts.similar import KnownPrompts
from maspo.optimizers.parts.state import SearchState
from maspo.stats.paired import Decision, decide


class CoordinateAscentConfig(OptimizerConfig):
    """The settings of Algorithm 1 under the paper's names; the profile ``paper`` decides the rest as printed."""

    method: Literal["ascent"] = "ascent"
    passes: int = Field(default=3, ge=1, description="D: passes over all agents")
    generations: int = Field(default=3, ge=1, description="T: generations per visit of an agent")
    beam_width: int = Field(default=2, ge=1, description="K: prompts of an agent that survive a generation")
    drafts: int = Field(default=2, ge=1, description="K_sub: mini-batches of traces, one proposer call each")
    batch: int = Field(default=10, ge=1, description="|B|: inputs on which a candidate is compared")
    hard_negatives: int = Field(default=3, ge=0, description="K_mis: misalignment cases per proposal and batch")
    weights: Weights = Weights()
    judge_order: JudgeOrder = "balanced"
    scoring: Scoring = Field(
        default="centred", description="centred: win +½, tie 0, loss −½; indicator: win 1, else 0 (Eq. 5 as printed)"
    )
    reference: Literal["anchor", "parent"] = Field(
        default="anchor", description="what a candidate meets: the prompts now in the system, or its own parent"
    )
    refresh: bool = Field(default=True, description="Beam Refresh (Eq. 8) when an agent is visited again")
    promotion: Stages = Field(
        default=(10, 20, 40),
        description="growing stages of the sequential test for promotion; empty: the beam's best wins",
    )


@dataclass(frozen=True, slots=True)
class Member:
    """A prompt of a beam, and the prompt that it was written from."""

    text: str
    parent: str
    score: float = 0.0
    """J: its own reward on top of what it starts from (Eq. 7); before it has met anything, what it starts from."""


@dataclass(frozen=True, slots=True)
class Step:
    """A place in the schedule; generation 0 is Beam Refresh."""

    pass_: int
    agent: str
    generation: int

    def __str__(self) -> str:
        return f"p{self.pass_}/{self.agent}/g{self.generation}"


class CoordinateAscent:
    """Algorithm 1: visit agents in topological order, rewrite each for T generations with all others fixed, D times."""

    Config: type[CoordinateAscentConfig] = CoordinateAscentConfig

    def __init__(self, config: CoordinateAscentConfig) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        """Begin a search from the seed prompts."""
        return _Ascent(self.config, problem).run()

    def takes_rulings(self) -> Literal[True]:
        """Take what a person rules while it runs: before the next agent is visited, or before it ends."""
        return True


class _Ascent(SearchState):
    """One search: the joint prompts P, a beam for each agent, and the misalignment buffer."""

    def __init__(self, config: CoordinateAscentConfig, problem: Problem) -> None:
        super().__init__(problem)
        self.config = config
        self.beams = {name: [Member(text, text)] for name, text in self.prompts.items()}

    def run(self) -> Search:
        """Run Algorithm 1."""
        config = self.config
        for pass_ in range(1, config.passes + 1):  # D passes
            for agent in self.problem.team.rewritten:  # topological order
                self.obey(f"decided-{pass_}")
                if agent in self.team.frozen:
                    continue
                beam = self.beams[agent]
                if config.refresh and any(member.text != self.prompts[agent] for member in beam):
                    beam = yield from self.refresh(Step(pass_, agent, 0), beam)  # Eq. 8
                for generation in range(1, config.generations + 1):  # T generations
                    step = Step(pass_, agent, generation)
                    batch = self.draw_batch(step)
                    drafts = yield from self.propose(step, beam, batch)  # Eq. 4, 6
                    beam = yield from self.evaluate(step, "score", drafts, beam, batch)  # Eq. 5, 7
                winner, reason = yield from self.promote(step, beam)
                self.accept(step, beam, winner, reason)
        self.obey("decided-end")
        return self.make_ask()

    def obey(self, step: str) -> None:
        """Do what a person ruled since the last time: what is out leaves prompts and beams."""
        rulings, _ = self.take_rulings(step)
        for ruling in rulings:
            now, beam = self.prompts[ruling.agent], self.beams[ruling.agent]
            left = [one for one in beam if one.text != ruling.text or ruling.says == "pin"]
            self.beams[ruling.agent] = left if any(one.text == now for one in left) else [Member(now, now), *left]

    def refresh(self, step: Step, beam: Sequence[Member]) -> Asking[list[Member]]:
        """Eq. 8: peers have changed, so old scores are stale: J(p) = R(p, p_best; B) − 0.5 against the agent's best."""
        now, batch = self.prompts[step.agent], self.draw_batch(step)
        start = -0.5 if self.config.scoring == "indicator" else 0.0  # Eq. 8: the score of a tie everywhere becomes 0
        stale = [replace(member, score=start) for member in beam if member.text != now]
        return (yield from self.evaluate(step, "refresh", stale, [Member(now, now)], batch))

    def propose(self, step: Step, beam: Sequence[Member], batch: Sequence[str]) -> Asking[list[Member]]:
        """Eq. 4: split each survivor's traces into K_sub mini-batches; the proposer writes one draft from each."""
        config, agent = self.config, step.agent
        cases = hard_negatives(self.cases, agent, self.team, config.hard_negatives)
        parents = [(place, parent, part) for place, parent in enumerate(beam) for part in range(config.drafts)]
        requests = tuple(
            Propose(
                id=f"{step}/propose/{place}.{part}",
                agent=agent,
                prompts={**self.prompts, agent: parent.text},
                inputs=tuple(batch[part :: config.drafts]),
                cases=cases,
                count=1,
            )
            for place, parent, part in parents
        )
        answers = yield from self.ask(requests)
        known = KnownPrompts([self.prompts[agent], *(member.text for member in beam)], near=False)
        drafts: list[Member] = []
        for (_, parent, _), (_, result) in zip(parents, answers, strict=True):
            assert isinstance(result, Drafts)  # noqa: S101 - the answer to a Propose
            fresh, refused = rejected_events(str(step), agent, result, known)
            start = parent.score if config.reference == "parent" else 0.0  # J(p) of Eq. 7
            drafts += [Member(text, parent.text, start) for text in fresh]
            self.events += refused
        return drafts

    def evaluate(
        self, step: Step, purpose: str, members: Sequence[Member], beam: Sequence[Member], batch: Sequence[str]
    ) -> Asking[list[Member]]:
        """Eq. 7: J(p') = R(p', p; B) + J(p), p the reference; the top K survive. All meet one shared batch."""
        answers = yield from self.compare(step, purpose, members, batch)
        scored: list[tuple[Member, float, list[Comparison]]] = []
        for member in members:
            met = [result for request, result in answers if request.candidate == member.text]
            gain = reward(met, self.config.weights, self.config.scoring)  # R(p', p; B) of Eq. 5
            scored.append((replace(member, score=gain + member.score), gain, met))  # Eq. 7, 8
        survivors = self.keep_best([*beam, *(member for member, _, _ in scored)])
        kept = {member.text for member in survivors}
        for member, gain, met in scored:
            result = (gain, member.score, member.text in kept)
            self.events.append(scored_event(str(step), step.agent, member.text, member.parent, met, result))
        self.remember_cases(answers, lambda _: str(step))  # Eq. 6
        return survivors

    def promote(self, step: Step, beam: Sequence[Member]) -> Asking[tuple[str, str]]:
        """Let better survivors meet the prompt in the system in growing stages; return the winner, or "", and why."""
        stages, inputs = self.config.promotion, self.problem.inputs
        if not stages:
            return beam[0].text, "best of the beam"
        order = shuffled(inputs, self.problem.seed, "promotion", step.pass_, step.agent)
        for member in beam:
            if member.text == self.prompts[step.agent] or member.score <= 0:
                continue
            evidence: list[Comparison] = []
            for stage in stages:
                answers = yield from self.compare(step, "promote", [member], order[len(evidence) : stage])
                evidence += [result for _, result in answers]
                last = stage == stages[-1] or len(evidence) >= len(inputs)
                decision = decide([value_of(comparison.glob) for comparison in evidence], last)
                if decision is Decision.ACCEPT:
                    return member.text, tally(evidence)
                if decision is Decision.DROP:
                    break
        return "", "no candidate was better"

    def accept(self, step: Step, beam: list[Member], winner: str, reason: str) -> None:
        """Write the winner into the joint prompts at once, or keep the prompt that is there."""
        agent, now = step.agent, self.prompts[step.agent]
        self.prompts = {**self.prompts, agent: winner or now}
        if winner:
            self.history.add(agent, winner)
        self.events.append(decision_event(str(step), agent, now, winner or now, reason))
        if all(member.text != self.prompts[agent] for member in beam):
            # The prompt in the system stays in its beam: it is what the agent's survivors are refreshed against.
            beam = [*beam[: self.config.beam_width - 1], Member(now, now)]
        self.beams[agent] = beam

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def draw_batch(self, step: Step) -> tuple[str, ...]:
        """Begin a step: draw its shared batch B, the hard negatives first (Eq. 6), the rest at random."""
        config = self.config
        started = StepStarted(str(step), step.agent, step.pass_, step.generation, config.passes, config.generations)
        self.events.append(started)
        hard = [case.input_key for case in hard_negatives(self.cases, step.agent, self.team, config.hard_negatives)]
        drawn = shuffled(self.problem.inputs, self.problem.seed, "batch", step)
        return tuple(dict.fromkeys([*hard, *drawn]))[: config.batch]

    def compare(
        self, step: Step, purpose: str, members: Sequence[Member], batch: Sequence[str]
    ) -> Asking[list[tuple[Compare, Comparison]]]:
        """Let each member meet its reference on the batch, the order of outputs balanced and seeded."""
        agent, now = step.agent, self.prompts[step.agent]
        requests: list[Compare] = []
        by_parent = purpose == "score" and self.config.reference == "parent"
        for number, member in enumerate(members):
            where = f"{step}/{purpose}/{prompt_id(member.text)}"
            first = shown_first(batch, self.config.judge_order, self.problem.seed, ("order", where), (where, number))
            requests += [
                Compare(
                    id=f"{where}/{key}",
                    reference={**self.prompts, agent: member.parent if by_parent else now},
                    changes={agent: member.text},
                    input_key=key,
                    candidate_first=key in first,
                    # Only the global verdict decides on a promotion, so only that one is paid for.
                    levels=(Level.GLOBAL,) if purpose == "promote" else tuple(Level),
                    purpose=purpose,
                    substitutes=self.config.beam_width - 1 if purpose == "promote" else 0,
                )
                for key in batch
            ]
        answers = (yield from self.ask(requests)) if requests else ()
        pairs = zip(requests, answers, strict=True)
        return [(request, result) for request, (_, result) in pairs if isinstance(result, Comparison)]

    def keep_best(self, members: Sequence[Member]) -> list[Member]:
        """Return the top K, best first; never the same prompt twice; at equal score the older one stays ahead."""
        best: dict[str, Member] = {}
        for member in sorted(members, key=lambda member: -member.score):
            best.setdefault(member.text, member)
        return list(best.values())[: self.config.beam_width]
