"""The anchor race: mixtures of candidates meet one common anchor; what adds something goes together. Pure.

Why this and not Algorithm 1: ``docs/design/0003-anchor-race.md`` and ``0005-mixed-runs.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from pydantic import Field

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.seeded import rank, shuffled
from maspo.core.verdict import Comparison, Level
from maspo.events import ConflictFound, PromptChanged, PromptKept, SearchEnded, SearchEvent, StepStarted
from maspo.optimizers.base import (
    Ask,
    Asking,
    Case,
    Compare,
    Drafts,
    Optimizer,
    OptimizerConfig,
    Problem,
    Propose,
    Request,
    Result,
    Search,
    Stages,
)
from maspo.optimizers.parts.agreement import Calibration, Weighting, score
from maspo.optimizers.parts.effects import MixedRun, Observation, estimate_effects
from maspo.optimizers.parts.influence import Influence, edge_ablations
from maspo.optimizers.parts.merge import without_added
from maspo.optimizers.parts.misalignment import hard_negatives, new_cases, remembered
from maspo.optimizers.parts.mixture import Candidate, Mixture, draw_mixtures, join
from maspo.optimizers.parts.proxy import Screening
from maspo.optimizers.parts.record import case_events, rejected_events, scored_event, tally
from maspo.optimizers.parts.reward import Weights, reward
from maspo.optimizers.parts.similar import Near
from maspo.optimizers.parts.union import Round, Trial, Union
from maspo.team.graph import Team

Answers: TypeAlias = Sequence[tuple[Request, Result]]
Asked: TypeAlias = tuple[Compare, tuple[int, ...], str]
"""A comparison with the candidates in it, and the group of runs whose noise it has."""

CALLS_PER_AGENT = 1000
"""Calls planned for each agent that is rewritten: where gains on the arena level off (docs/search.md)."""
CALLS_PER_AGENT_WITH_LABELS = 1500
"""With labels a run learns on for longer (docs/design/0005-mixed-runs.md)."""
_LARGEST_ROUND = 1.6
"""Times ``stages``, ``shared_inputs`` and ``union_inputs``: by default the size of the sixth round."""
_DRAFTS_SEEN_BEFORE = 400
"""Single-candidate runs that ``optimism`` weighs as much as, against what the run has seen of its proposer: more than a
round holds, so that one lucky round does not make every later draft look good."""
_MOST_NAMED = 5
"""Other agents that a reason names; in a team of hundreds all of them for every agent would be most of the record."""


@dataclass(frozen=True, slots=True)
class RoundSize:
    """How large a round is: mixed runs per block after each stage, inputs raced on, inputs of a union."""

    stages: tuple[int, ...]
    shared_inputs: int
    union_inputs: int


class AnchorRaceConfig(OptimizerConfig):
    """The settings of the anchor race; defaults were chosen on the arena (docs/search.md)."""

    method: Literal["race"] = "race"
    passes: int = Field(default=12, ge=1, description="D: rounds, at most")
    beam_width: int = Field(default=8, ge=1, description="K: candidates of an agent that are joined in a union")
    drafts: int = Field(default=3, ge=1, description="K_sub: mini-batches of traces, one proposer call each")
    edits: int = Field(default=2, ge=1, description="drafts asked for in one proposer call")
    traces: int = Field(default=4, ge=1, description="traces shown in one proposer call")
    hard_negatives: int = Field(default=3, ge=0, description="K_mis: misalignment cases per proposal")
    weights: Weights = Weights()
    judge_order: Literal["balanced", "fixed"] = Field(
        default="balanced", description="fixed shows the candidate first, as the released code does; biased"
    )
    calls_per_agent: int | None = Field(
        default=None,
        ge=50,
        description="calls that a run plans for each agent that is rewritten, the proof included; "
        f"empty: {CALLS_PER_AGENT:,}, or {CALLS_PER_AGENT_WITH_LABELS:,} where labels decide",
    )
    calls: int | None = Field(default=None, ge=100, description="calls that a run plans in all; empty: by agent")
    stages: Stages = Field(
        default=(56,), min_length=1, description="mixed runs per block of agents after each stage of a round"
    )
    shared_inputs: int = Field(default=24, ge=1, description="inputs of a round, the same for all mixed runs")
    mixed: int = Field(default=4, ge=1, description="candidates of one agent in a mixture, on average at most")
    blocks: int = Field(default=5, ge=1, description="blocks into which a team is cut; mixed runs change one at a time")
    union_inputs: int = Field(default=20, ge=1, description="inputs on which what looks good is tried together")
    first_round: float = Field(
        default=0.6,
        gt=0,
        le=_LARGEST_ROUND,
        description="size of the first round, as a share of stages, shared_inputs and union_inputs",
    )
    growth: float = Field(
        default=0.2,
        ge=0,
        description="what each further round is larger by, as such a share; "
        f"at most {_LARGEST_ROUND} times as large in all",
    )
    ahead: bool = Field(default=True, description="ask for the next drafts while a union is tried")
    conflicts: bool = Field(
        default=True, description="look for changes of two agents that win alone and lose together, and mend them"
    )
    removals: bool = Field(default=False, description="try the anchor without one sentence that the search added")
    optimism: float = Field(
        default=0.01, description="effect expected of a draft of which nothing is known (½ is a sure win)"
    )
    spread: float = Field(default=0.025, gt=0, description="how much the effects of drafts are expected to differ")
    length_price: float = Field(
        default=0.003, ge=0, description="effect that a draft must have for every 1,000 characters that it adds"
    )
    screen: int = Field(
        default=0, ge=0, description="drafts asked for in a call when a proxy picks the most promising `edits` of them"
    )
    interventions: int = Field(
        default=0, ge=0, description="inputs on which each edge is cut first, to see what depends on it"
    )
    weighting: Weighting = Field(
        default="learned", description="how local and lookahead verdicts count in a race's decision"
    )
    partial_inputs: int = Field(
        default=6, ge=0, description="mixed runs per block on which local and lookahead verdicts are always asked for"
    )
    partial_differing: bool = Field(
        default=True, description="ask for local and lookahead verdicts wherever the final answers differ"
    )
    double_orders: Literal["never", "unions", "always"] = Field(
        default="always", description="which comparisons of a race are judged in both orders"
    )
    contested_first: bool = Field(default=True, description="inputs whose answers differed before are raced on first")
    patience: int = Field(default=3, ge=1, description="rounds in a row without any change before the race ends")

    def planned_calls(self, team: Team) -> int:
        """Return the calls that a whole run is planned for, the hold-out test included."""
        by_agent = (self.calls_per_agent or CALLS_PER_AGENT) * len(team.rewritten)
        return by_agent if self.calls is None else min(self.calls, by_agent)

    def with_labels(self) -> AnchorRaceConfig:
        """Return the settings for a run in which labels decide: it plans more calls, unless a number is set."""
        if self.calls_per_agent is not None:
            return self
        return self.model_copy(update={"calls_per_agent": CALLS_PER_AGENT_WITH_LABELS})

    def share_of(self, number: int) -> float:
        """Return the size of a round, as a share of what is planned for one; the first is number 1."""
        return min(_LARGEST_ROUND, self.first_round + self.growth * (number - 1))

    def round_size(self, number: int) -> RoundSize:
        """Return how large a round is; the first is number 1."""
        share = self.share_of(number)
        shared, union = (max(1, round(share * amount)) for amount in (self.shared_inputs, self.union_inputs))
        stages = tuple(dict.fromkeys(max(1, round(share * runs)) for runs in self.stages))
        return RoundSize(stages, shared, union)


class AnchorRace:
    """Rounds of proposals, mixed runs against the anchor, a union, and the next anchor; rounds grow."""

    Config = AnchorRaceConfig

    def __init__(self, config: AnchorRaceConfig) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        """Begin a search: the first anchor is the seed prompts."""
        return _Race(self.config, problem).run()

    def rounds(self) -> int:
        """Return how many rounds there are at most."""
        return self.config.passes

    def largest_round(self) -> Optimizer:
        """Return a race of the same settings whose first round is the largest; it plans no calls."""
        config = self.config
        changes = {"first_round": config.share_of(config.passes), "growth": 0.0, "passes": 2}
        return AnchorRace(config.model_copy(update={**changes, "calls": None, "calls_per_agent": 10**9}))

    def dearest_outcomes(self) -> tuple[frozenset[str], ...]:
        """Return what is lost in a round at its dearest; all mixed runs win, so that everything is united.

        The union then loses in whatever parts it is tried; or its two sides win, and pairs are tried for conflicts.
        """
        return frozenset({"union", "sides", "pairs", "parts"}), frozenset({"union", "pairs", "parts"})


class _Race:
    """One search: the anchor, and what the run has learned so far."""

    def __init__(self, config: AnchorRaceConfig, problem: Problem) -> None:
        self.config = config
        self.problem = problem
        self.team = problem.team
        self.anchor = problem.seed_prompts
        self.round = Round(0, self.anchor)
        self.size = config.round_size(1)
        self.inputs: tuple[str, ...] = ()
        """The inputs of this round, in the order in which they are taken up."""
        self.rounds_unchanged = 0
        self.calls = 0
        """Calls so far, counted from requests and results: the same in every replay, whatever a cache held."""
        self.calls_before_round = 0
        self.run_by_anchor: set[str] = set()
        """Inputs on which the anchor has been run."""
        self.rejected: dict[str, tuple[str, ...]] = {}
        """Per agent, prompts that lost against an anchor whose neighbourhood has not changed since."""
        self.differed: dict[str, tuple[int, int]] = {}
        """Per input, how often answers differed, of how many comparisons."""
        self.draft_effects = (0.0, 0.0)
        """What this proposer's drafts have added: Σ score · drafts and Σ drafts² over all mixed runs."""
        self.drafts_ahead: Answers = ()
        self.calibration = Calibration()
        self.influence = Influence()
        self.screening = Screening()
        self.cases: tuple[Case, ...] = ()
        self.events: list[SearchEvent] = []

    def run(self) -> Search:
        """Run the race."""
        config = self.config
        if not self.team.rewritten:
            return Ask(self.anchor)
        yield from self.ablate_edges()
        drafts: Answers = ()
        while not (reason := self.why_end()):
            self.open_round()
            drafts = drafts or (yield from self.ask(self.proposals(self.anchor, self.round.number)))  # Eq. 4, 6
            self.enter(drafts)
            good = yield from self.run_mixtures()  # Eq. 5
            union = Union(self, self.round, self.team, config.beam_width, config.spread, config.conflicts, self.score)
            best = yield from union.unite(good)
            drafts = self.drafts_ahead if best.comparisons else ()
            self.move_anchor(best)  # Eq. 8, by construction: nothing is carried across an anchor change
        return self.end(reason)

    # ── rounds ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def ablate_edges(self) -> Asking[None]:
        """Cut each edge on some inputs first, to see what depends on it (``interventions``)."""
        config, problem = self.config, self.problem
        requests = edge_ablations(self.anchor, self.team, problem.inputs, config.interventions, problem.seed)
        if requests:
            yield from self.ask(requests)

    def why_end(self) -> str:
        """Return why no further round is begun, or nothing."""
        config, number = self.config, self.round.number
        planned = config.planned_calls(self.team)
        if number >= config.passes:
            return f"all {config.passes} rounds were done"
        if self.rounds_unchanged >= config.patience:
            unchanged = f"{self.rounds_unchanged} rounds in a row brought no better prompts"
            return f"{unchanged}; there may be nothing left to gain"
        # A further round costs as much as the last, more by its runs; half of it has to fit.
        runs, last = config.round_size(number + 1).stages[-1], self.size.stages[-1]
        further = (self.calls - self.calls_before_round) * runs / last
        if number and self.calls + further / 2 + self.problem.reserve > planned:
            return (
                f"another round would not fit into the {planned} calls planned (search.calls_per_agent, search.calls)"
            )
        return ""

    def open_round(self) -> None:
        """Count a new round and draw the order of its inputs; those whose answers differed tend to come first."""
        number, seed = self.round.number + 1, self.problem.seed

        def place(key: str) -> float:
            differed, seen = self.differed.get(key, (0, 0))
            contested = differed / seen if seen and self.config.contested_first else 0.0
            return rank(seed, "order", number, key) / 2**64 - contested

        self.round = Round(number, self.anchor)
        self.size = self.config.round_size(number)
        self.inputs = tuple(sorted(self.problem.inputs, key=lambda key: (place(key), key)))
        self.calls_before_round = self.calls
        self.events += [
            StepStarted(step_of(number, name), name, number, 1, self.config.passes, 1) for name in self.team.rewritten
        ]

    def end(self, reason: str) -> Ask:
        """Tell who mattered and why the search ends."""
        self.events.append(self.influence.event(self.team))
        if self.config.screen:
            self.events.append(self.screening.event)
        self.events.append(SearchEnded(reason, self.calibration.local.event, self.calibration.lookahead.event))
        return Ask(self.anchor, (), tuple(self.events), self.cases)

    # ── propose (Eq. 4, 6) ───────────────────────────────────────────────────────────────────────────────────────────

    def proposals(self, prompts: Prompts, number: int) -> tuple[Propose, ...]:
        """Ask for the drafts of a round, led by traces on inputs on which these prompts are run anyway (Eq. 4)."""
        config, seed, parents = self.config, self.problem.seed, prompts_id(prompts)
        known = self.inputs[: self.size.union_inputs if number > self.round.number else self.size.shared_inputs]
        requests = []
        for agent in self.team.rewritten:
            cases = hard_negatives(self.cases, agent, self.team, config.hard_negatives)
            shown = shuffled(known[: 2 * config.drafts * config.traces], seed, "traces", number, agent)
            requests += [
                Propose(
                    id=f"{step_of(number, agent)}/propose/{parents}/{part}",
                    agent=agent,
                    prompts=prompts,
                    inputs=shown[part * config.traces : (part + 1) * config.traces] or shown[: config.traces],
                    cases=cases,
                    count=config.screen or config.edits,
                )
                for part in range(config.drafts)
            ]
        return tuple(requests)

    def enter(self, answers: Answers) -> None:
        """Enter the drafts that break no rule and are no near-copy of what lost against this anchor; and removals."""
        drafts: dict[str, list[str]] = {}
        known = {name: Near([text, *self.rejected.get(name, ())]) for name, text in self.anchor.items()}
        for request, result in answers:
            if isinstance(request, Propose) and isinstance(result, Drafts):
                step, agent = step_of(self.round.number, request.agent), request.agent
                fresh, refused = rejected_events(step, agent, result, known[agent])
                drafts.setdefault(agent, []).extend(fresh)
                self.events += refused
        if self.config.screen:
            most = self.config.edits * self.config.drafts
            drafts, screened = self.screening.screen(drafts, self.anchor, most, self.problem.seed, self.round.number)
            self.events += screened
        found = [Candidate(agent, text, self.anchor[agent]) for agent, texts in drafts.items() for text in texts]
        removals = list(self.removals(known)) if self.config.removals else []
        self.round.candidates = (*found, *removals)

    def removals(self, known: dict[str, Near]) -> Iterator[Candidate]:
        """Yield, per agent, the anchor's prompt without one sentence that the search added."""
        for agent in self.team.rewritten:
            options = without_added(self.problem.seed_prompts[agent], self.anchor[agent])
            fresh = [text for text in options if not known[agent].refusal(text)]
            if fresh:
                drawn = rank(self.problem.seed, "removal", self.round.number, agent) % len(fresh)
                yield Candidate(agent, fresh[drawn], self.anchor[agent], removal=True)

    # ── mixed runs and their estimate (Eq. 5) ────────────────────────────────────────────────────────────────────────

    def run_mixtures(self) -> Asking[list[int]]:
        """Let mixtures of the candidates of each block of agents meet the anchor, stage by stage.

        Return the candidates that are expected to add something; the others are in no mixture of a further stage.
        """
        config, round_, stages = self.config, self.round, self.size.stages
        inputs = self.inputs[: self.size.shared_inputs]
        good = list(range(len(round_.candidates)))
        for stage, (before, after) in enumerate(pairwise((0, *stages))):
            pool = round_.by_agent(good)
            asked: list[Asked] = []
            for block, agents in enumerate(self.blocks()):
                pools = {name: pool[name] for name in agents if name in pool}
                where = f"r{round_.number}/{block}/race/{stage}"
                drawn = draw_mixtures(pools, after - before, config.mixed, self.problem.seed, where) if pools else ()
                mixtures = [join(self.anchor, round_.candidates, chosen, self.team) for chosen in drawn]
                tried = [(mix, inputs[(before + run) % len(inputs)]) for run, mix in enumerate(mixtures)]
                asked += self.compare("mixed", where, tried, str(block))
            if not asked:
                return []
            runs = yield from self.meet(asked)
            round_.effects = self.estimate(round_.runs)
            self.learn_draft_effects(runs)
            if after == stages[-1] and config.screen:
                evidence = [len(comparisons) for comparisons in round_.evidence()]
                self.screening.learn(round_.candidates, round_.effects, evidence, stages[-1] // 2)
            good = [number for number in good if round_.effects[number] > 0]
        return good

    def blocks(self) -> list[tuple[str, ...]]:
        """Return the agents in blocks of topological neighbours; in a small team each is a block of its own."""
        agents = self.team.rewritten
        size = -(-len(agents) // self.config.blocks)
        return [agents[start : start + size] for start in range(0, len(agents), size)]

    def estimate(self, runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return what each candidate adds, by some runs of this round and what drafts added in all of them before."""
        config = self.config
        total, weight = self.draft_effects
        draft = (total + _DRAFTS_SEEN_BEFORE * config.optimism) / (weight + _DRAFTS_SEEN_BEFORE)
        # A sentence that was accepted was thought to add something, so taking it out is expected to cost as much.
        priors = [
            (-abs(config.optimism) if candidate.removal else draft)
            - config.length_price * (candidate.added_characters / 1000)
            for candidate in self.round.candidates
        ]
        observations = [Observation(run.members, self.score(run.comparison), run.group) for run in runs]
        return estimate_effects(observations, priors, config.spread)

    def score(self, comparison: Comparison) -> float:
        """Return what one comparison says for the changed prompts, from −½ to ½ (Eq. 5, centred)."""
        return score(comparison, self.config.weighting, self.config.weights, self.calibration)

    # ── unite, and the next anchor (Eq. 8) ───────────────────────────────────────────────────────────────────────────

    def try_parts(self, purpose: str, parts: Sequence[Mixture]) -> Asking[list[Trial]]:
        """Let each part meet the anchor on the inputs of the union; the first time, ask for the next drafts as well."""
        round_ = self.round
        inputs, where = self.inputs[: self.size.union_inputs], f"r{round_.number}/unite/{round_.attempts}"
        asked: list[Asked] = []
        for number, part in enumerate(parts):
            asked += self.compare(purpose, f"{where}/{number}", [(part, key) for key in inputs], "unite")
        ahead: tuple[Propose, ...] = ()
        if round_.attempts == 1 and self.config.ahead and not self.why_end():
            ahead = self.proposals({**self.anchor, **parts[0].changes}, round_.number + 1)
        runs = yield from self.meet(asked, ahead)
        return [Trial(part, tuple(run.comparison for run in runs if run.members == part.members)) for part in parts]

    def record_conflict(self, event: ConflictFound, cases: Sequence[Case]) -> None:
        """Tell of changes of two agents that each win alone and lose together; the cases lead the next rewrite."""
        self.events.append(event)
        self.cases = remembered(self.cases, cases)

    def move_anchor(self, trial: Trial) -> None:
        """Write what was accepted into the anchor; what was rejected next to a change may be tried again."""
        self.record(trial)
        changes = trial.part.changes
        for number, candidate in enumerate(self.round.candidates):
            if number not in trial.part.members:
                self.rejected[candidate.agent] = (*self.rejected.get(candidate.agent, ()), candidate.text)
        for agent in changes:
            for name in (agent, *self.team.neighbours(agent)):
                self.rejected.pop(name, None)
        self.rounds_unchanged = 0 if changes else self.rounds_unchanged + 1
        if changes:
            self.anchor = {**self.anchor, **changes}
            self.run_by_anchor = {comparison.input_key for comparison in trial.comparisons}

    def record(self, trial: Trial) -> None:
        """Tell for each agent what its candidates came to in this round, and what becomes of its prompt."""
        round_, changes = self.round, trial.part.changes
        evidence, effects = round_.evidence(), round_.effects or (0.0,) * len(round_.candidates)
        own = round_.by_agent(range(len(round_.candidates)))
        for agent in self.team.rewritten:
            step, now, numbers = step_of(round_.number, agent), self.anchor[agent], own.get(agent, [])
            members = [number for number in numbers if number in trial.part.members]
            for number in numbers:
                gain = reward(evidence[number], self.config.weights, "centred")
                result = (gain, effects[number], number in members)
                text = round_.candidates[number].text
                self.events.append(scored_event(step, agent, text, now, evidence[number], result))
            if agent in changes:
                merges = f"{len(members)} of its candidates merged" if len(members) > 1 else "one candidate"
                worth = f"expected worth {sum(effects[number] for number in members):+.3f}"
                reason = f"{merges}, {worth}; tried{_others(agent, changes)}: {tally(trial.comparisons)}"
                self.events.append(PromptChanged(step, agent, now, changes[agent], reason))
                continue
            reason = f"none of {len(numbers)} candidates was better" if numbers else "no usable draft"
            if any(effects[number] > 0 for number in numbers):
                reason = "looked better in mixed runs, but not when it was tried"
            self.events.append(PromptKept(step, agent, reason))

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, requests: Sequence[Request]) -> Asking[Answers]:
        """Ask, with what happened since the last time, and count the calls of the answers."""
        events, self.events = tuple(self.events), []
        results = yield Ask(self.anchor, tuple(requests), events, self.cases)
        answers = list(zip(requests, results, strict=True))
        self.count_calls(answers)
        self.influence = self.influence.after(answers)
        return answers

    def count_calls(self, answers: Answers) -> None:
        """Count the calls of some answers: the anchor once an input, changed prompts once an address.

        Traces shown to the proposer are of runs that are made anyway. Runs of the anchor are counted in full, although
        a part of one is often known from the anchor before, so the count errs on the dear side.
        """
        systems: set[tuple[str, ...]] = set()
        for request, result in answers:
            price = request.price(self.problem, result)
            self.calls += price.judge + price.proposer
            if isinstance(request, Propose):
                continue
            reference, changed = price.rollouts
            if reference.input_key not in self.run_by_anchor:
                self.run_by_anchor.add(reference.input_key)
                self.calls += self.team.calls_of(self.team.reached(self.team.rewritten))
            if changed.address not in systems:
                systems.add(changed.address)
                self.calls += self.team.calls_of(changed.agents)

    def compare(self, purpose: str, where: str, tried: Sequence[tuple[Mixture, str]], group: str) -> list[Asked]:
        """Let mixtures meet the anchor, each on its input; the order of outputs is balanced and seeded."""
        config, seed, union = self.config, self.problem.seed, purpose != "mixed"
        by_name = {f"{where}/{prompts_id(mix.changes)}/{key}": (mix, key) for mix, key in tried if mix.changes}
        shown = shuffled(by_name, seed, "balance", where)
        first = frozenset(shown if config.judge_order == "fixed" else shown[rank(seed, "odd", where) % 2 :: 2])
        doubled = config.double_orders == "always" or (config.double_orders == "unions" and union)
        asked: list[Asked] = []
        for number, (name, (mixture, key)) in enumerate(by_name.items()):
            always = number < config.partial_inputs and not union
            partial = len(mixture.changes) == 1 and (config.partial_differing or always)
            request = Compare(
                id=name,
                reference=self.anchor,
                changes=mixture.changes,
                input_key=key,
                candidate_first=name in first,
                levels=tuple(Level) if partial else (Level.GLOBAL,),
                orders=2 if doubled else 1,
                when_differing=not always,
                purpose=purpose,
            )
            asked.append((request, mixture.members, group))
        return asked

    def meet(self, asked: Sequence[Asked], ahead: Sequence[Propose] = ()) -> Asking[list[MixedRun]]:
        """Perform comparisons, with proposals for the next round; learn from them, and return them as runs."""
        answers = yield from self.ask([*(request for request, _, _ in asked), *ahead])
        self.drafts_ahead = answers[len(asked) :]
        self.learn(answers)
        runs = [
            MixedRun(members, group, result)
            for (_, members, group), (_, result) in zip(asked, answers, strict=False)
            if isinstance(result, Comparison)
        ]
        self.round.runs += runs
        return runs

    def learn(self, answers: Answers) -> None:
        """Take up what comparisons teach: contested inputs, misalignment cases (Eq. 6), agreement of the levels."""
        comparisons = [result for _, result in answers if isinstance(result, Comparison) and not result.failed]
        for comparison in comparisons:
            times, seen = self.differed.get(comparison.input_key, (0, 0))
            self.differed[comparison.input_key] = (times + (not comparison.same_answer), seen + 1)
        cases = new_cases(answers, lambda request: step_of(self.round.number, request.agent))
        self.cases = remembered(self.cases, cases)
        self.calibration = self.calibration.after(comparisons)
        self.events += case_events(cases)

    def learn_draft_effects(self, runs: Sequence[MixedRun]) -> None:
        """Take up what the drafts of some runs have added together."""
        total, weight = self.draft_effects
        for run in runs:
            size = sum(not self.round.candidates[member].removal for member in run.members)
            total, weight = total + size * self.score(run.comparison), weight + size * size
        self.draft_effects = (total, weight)


def step_of(number: int, agent: str) -> str:
    """Return the step of an agent in a round, as events and ids of requests name it."""
    return f"r{number}/{agent}"


def _others(agent: str, changes: Prompts) -> str:
    names = [name for name in changes if name != agent]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f" together with {', '.join(names[:_MOST_NAMED])}{more}" if names else ""
