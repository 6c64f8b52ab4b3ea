"""The anchor race: mixtures of candidates meet one common anchor; what adds something goes together. Pure.

Why this and not Algorithm 1: ``docs/design/0003-anchor-race.md`` and ``0005-mixed-runs.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations, pairwise
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from pydantic import Field

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.seeded import rank, shuffled
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.events import FaultsWeighed, FocusNarrowed, SearchEnded, StepStarted
from maspo.optimizers.base import (
    Answers,
    Asking,
    CallCount,
    Compare,
    Drafts,
    OptimizerConfig,
    Problem,
    Propose,
    Search,
    Stages,
)
from maspo.optimizers.parts.adversary import Adversary
from maspo.optimizers.parts.agreement import Reliability, Weighting, score
from maspo.optimizers.parts.called import CalledOn, observations
from maspo.optimizers.parts.effects import Causes, Observation, estimate_effects, observed
from maspo.optimizers.parts.focus import Moved, in_focus
from maspo.optimizers.parts.head_start import LOOK, meet
from maspo.optimizers.parts.influence import Influence, edge_ablations
from maspo.optimizers.parts.merge import without_added
from maspo.optimizers.parts.misalignment import hard_negatives, remembered
from maspo.optimizers.parts.mixture import (
    Candidate,
    MixedRun,
    Mixture,
    by_agent,
    deal_mixtures,
    draw_mixtures,
    join,
    mixtures_of_an_input,
)
from maspo.optimizers.parts.outcomes import Outcomes
from maspo.optimizers.parts.proof import PROVE, Proof, Standard, calls_of_proof, prove
from maspo.optimizers.parts.proxy import Screening
from maspo.optimizers.parts.pruning import calls_of_pruning, prune, sentences_left_out
from maspo.optimizers.parts.record import rejected_events, round_events, step_of
from maspo.optimizers.parts.reward import JudgeOrder, Weights
from maspo.optimizers.parts.rulings import History, obeyed
from maspo.optimizers.parts.sentences import causes_of
from maspo.optimizers.parts.settled import SaidOfAnswers
from maspo.optimizers.parts.similar import KnownPrompts
from maspo.optimizers.parts.spent import Spent
from maspo.optimizers.parts.state import SearchState
from maspo.optimizers.parts.union import Looking, Round, Suspicion, Trial, unite
from maspo.team.graph import Team

PlannedRun: TypeAlias = tuple[Compare, tuple[int, ...], str]
"""A comparison with the candidates in it, and the group of runs whose noise it has."""

CALLS_PER_AGENT = 700
"""Calls planned for each agent that is rewritten: with fewer far runs as accurate as 1,000 were when all agents
had the same number of runs (docs/design/0024-paying-upstream-once.md)."""
CALLS_PER_AGENT_WITH_LABELS = 1000
"""With labels a run learns on for longer (docs/design/0005-mixed-runs.md)."""
NARROWED_ROUNDS = 3
"""Rounds after which `--focus auto` looks who is worth rewriting: blocks of twenty agents are single agents by then."""
_CALLS_WHEN_ALIKE = {"ignore": 1000, "use": 1500}
"""What runs planned whose record does not say how their runs were shared out, by whether labels decided."""
_PROVEN_BEFORE = {"conflict_level": 0.1, "conflict_ends": (1,), "audited_rounds": 0, "conflict_dull": 1.0}
"""How conflicts were proven by versions that did not record it."""
_BEFORE: Mapping[str, Any] = {
    "conflict_inputs": 0,
    "carried_inputs": 0,
    "memory": 0.0,
    "design": "drawn",
    "verdicts_on_answers": 0,
}
"""What versions did that recorded nothing of it: no proofs, no head start, no memory; how they mixed and judged."""
_LARGEST_ROUND = 1.6
"""Times ``stages``, ``shared_inputs`` and ``union_inputs``: by default the size of the sixth round."""
_ATTEMPTS = 4
"""Unions and parts of unions that are tried in a round, at most: a union, its two sides, pairs, what is mended."""
_PROOFS = 0.5
"""Calls of proofs, at most, as a share of the calls planned."""
_INPUTS_OF_PROOF = 4
"""Inputs' worth of calls that the proof of a pair takes on average where nothing clashes (calls_of_proof)."""
_CLEAR_WIN = 0.15
"""Mean score of a union by which a conflict in it is unlikely (docs/design/0040-conflicts-proven.md)."""
_LOOKS_SPARED = 2
"""Of the proof of a pair of such a union, of a second pair, or of a later round: it ends as if it had had so many."""
_BY_A_DULL_JUDGE = Standard(0.4, (4, 4, 3, 3, 3, 2, 2), 0.06)
"""When two changes are said to clash by a judge that sees little: of such rules on recorded verdicts the one that told
most conflicts among those that told at most 5 % falsely (docs/design/0040-conflicts-proven.md)."""
_FEWEST_DECIDED = 16
"""Final answers that a judge has decided, or contradicted itself about, before it is taken for dull."""
_AUDITED_PAIRS = (2, 1)
"""Pairs that are looked at for a conflict in the first round, and in a later one, although nothing seems wrong."""
_DECIDED = (Verdict.WIN, Verdict.LOSS, Verdict.CONTRADICTED)
_DRAFTS_SEEN_BEFORE = 400
"""Single-candidate runs that ``optimism`` weighs as much as, against what the run has seen of its proposer: more than a
round holds, so that one lucky round does not make every later draft look good."""


class RoundSize(NamedTuple):
    """How large a round is: mixed runs per block after each stage, inputs raced on, inputs of a union."""

    stages: tuple[int, ...]
    shared_inputs: int
    union_inputs: int


class AnchorRaceConfig(OptimizerConfig):
    """The settings of the anchor race; defaults were chosen on the arena (docs/search.md)."""

    method: Literal["race"] = "race"
    passes: int = Field(default=12, ge=1, description="D: rounds, at most")
    beam_width: int = Field(default=4, ge=1, description="K: candidates of an agent that are joined in a union")
    drafts: int = Field(default=3, ge=1, description="K_sub: mini-batches of traces, one proposer call each")
    edits: int = Field(default=4, ge=1, description="drafts asked for in one proposer call")
    traces: int = Field(default=4, ge=1, description="traces shown in one proposer call")
    hard_negatives: int = Field(default=3, ge=0, description="K_mis: misalignment cases per proposal")
    weights: Weights = Weights()
    judge_order: JudgeOrder = "balanced"
    calls_per_agent: int | None = Field(
        default=None,
        ge=50,
        description="calls that a run plans for each agent that is rewritten, the hold-out test included; "
        f"empty: {CALLS_PER_AGENT:,}, or {CALLS_PER_AGENT_WITH_LABELS:,} where labels decide",
    )
    calls: int | None = Field(default=None, ge=100, description="calls that a run plans in all; empty: by agent")
    stages: Stages = Field(default=(56,), min_length=1, description="mixed runs per block after each stage of a round")
    shared_inputs: int = Field(default=19, ge=1, description="inputs of a round, the same for all mixed runs")
    mixed: int = Field(default=4, ge=1, description="candidates of one agent in a mixture, on average at most")
    design: Literal["dealt", "drawn"] = Field(
        default="dealt",
        description="dealt: on each input all candidates of an agent are dealt into mixtures; drawn: each is in its "
        "share of all mixtures, whatever their inputs",
    )
    verdicts_on_answers: int = Field(
        default=2,
        ge=0,
        description="verdicts on the same two final answers on an input after which the judge is not asked about them "
        "again; they count together; 0: each counts for its own run",
    )
    blocks: int = Field(default=5, ge=1, description="blocks into which a team is cut; mixed runs change one at a time")
    union_inputs: int = Field(default=20, ge=1, description="inputs on which what looks good is tried together")
    far_share: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="least share of the mixed runs of a round for a block far from the output: one whose runs "
        "take n times the calls of the cheapest gets 1/n of them; 1: all blocks get the same",
    )
    first_round: float = Field(
        default=0.4,
        gt=0,
        le=_LARGEST_ROUND,
        description="size of the first round, as a share of stages, shared_inputs and union_inputs",
    )
    carried_inputs: int = Field(
        default=24,
        ge=0,
        description="inputs, at most, on which what an earlier run found (--start-from) meets the seed prompts before "
        "the first round, to be taken over at once where it wins; 0: it is a candidate of the first round",
    )
    carried_net: int = Field(
        default=3, ge=2, description="inputs, net, that it has won to be taken over before all of them were looked at"
    )
    carried_rounds: int = Field(
        default=4, ge=0, description="rounds that it stands for where it is taken over: those that follow are as large"
    )
    growth: float = Field(default=0.2, ge=0, description=f"share added per round, up to {_LARGEST_ROUND} in all")
    ahead: bool = Field(default=True, description="ask for the next drafts while a union is tried")
    conflicts: bool = Field(default=True, description="find and mend changes that win alone and lose together")
    conflict_inputs: int = Field(
        default=64,
        ge=0,
        description="inputs on which a conflict is proven before it is told, at most; 0: told unproven",
    )
    conflict_level: float = Field(
        default=0.2,
        gt=0,
        lt=0.5,
        description="level at which both changes together must lose against either alone to be told as a conflict",
    )
    conflict_ends: tuple[int, ...] = Field(
        default=(2, 2, 1, 0),
        min_length=1,
        description="inputs, net, that a change must win beside the other for a proof to end as hopeless, after each "
        "eight inputs; the last holds from there on",
    )
    conflict_dull: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="share of the final answers that it does not call equal about which a judge contradicts itself, "
        "above which it is taken for dull: proofs then last longer, and both their tests have to hold as one; 1: never",
    )
    audited_rounds: int = Field(
        default=2,
        ge=0,
        description="first rounds of which pairs of the union that read one another are looked at for a conflict even "
        "where nothing seems wrong: two in the first round, one in a later one",
    )
    worst_case: bool = Field(
        default=False,
        description="with runner.options.stress: the faults that cost most so far are met most, in place of all alike",
    )
    narrowed_rounds: int = Field(
        default=0,
        ge=0,
        description="first rounds after each of which agents are left out whose changes hardly move a final answer, as "
        f"long as there are more than `blocks`; `--focus auto` sets {NARROWED_ROUNDS}",
    )
    removals: bool = Field(default=False, description="try the anchor without one sentence that the search added")
    prune: int = Field(
        default=0,
        ge=0,
        description="inputs on which each sentence that was added is left out at the end, as far as the plan allows; "
        "what is not missed goes",
    )
    optimism: float = Field(default=0.01, description="effect expected of an unknown draft (½ is a sure win)")
    spread: float = Field(default=0.025, gt=0, description="how much the effects of drafts are expected to differ")
    memory: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="what a run still counts a round later for sentences of its drafts that come again; 0: every round "
        "starts anew",
    )
    length_price: float = Field(default=0.003, ge=0, description="effect that 1,000 added characters must bring")
    screen: int = Field(default=0, ge=0, description="drafts asked for in a call, of which a proxy picks `edits`")
    interventions: int = Field(default=0, ge=0, description="inputs on which each edge is cut, to see what it does")
    weighting: Weighting = Field(default="learned", description="how local and lookahead verdicts count")
    partial_inputs: int = Field(default=6, ge=0, description="mixed runs per block always judged at all levels")
    partial_differing: bool = Field(default=True, description="judge all levels wherever final answers differ")
    double_orders: Literal["never", "unions", "always"] = Field(
        default="always", description="which comparisons of a race are judged in both orders"
    )
    contested_first: bool = Field(default=True, description="inputs whose answers differed before are raced on first")
    patience: int = Field(default=3, ge=1, description="rounds in a row without any change before the race ends")

    earlier_defaults: ClassVar[Mapping[str, tuple[object, ...]]] = {"shared_inputs": (24, 40)}
    """24 by default and 40 in the profile ``thorough``, before candidates were dealt."""

    @classmethod
    def of_record(cls, recorded: Mapping[str, Any], labels: str) -> Mapping[str, Any]:
        """Return recorded settings with what versions did that did not record how they shared, proved or remembered."""
        if recorded.get("method", "race") != "race":
            return recorded
        recorded = {**_BEFORE, **_PROVEN_BEFORE, **recorded}
        if (margin := recorded.pop("conflict_margin", None)) is not None:  # the same after each look
            recorded["conflict_ends"] = (margin,)
        if "far_share" in recorded:
            return recorded
        calls = recorded.get("calls_per_agent") or _CALLS_WHEN_ALIKE[labels]
        return {"far_share": 1.0, **recorded, "calls_per_agent": calls}

    def planned_calls(self, team: Team) -> int:
        """Return the calls that a whole run is planned for, the hold-out test included."""
        agents = sum(len(team.acting(name)) for name in team.rewritten)  # those that share a prompt each bring calls
        of_agents = (self.calls_per_agent or CALLS_PER_AGENT) * agents
        return of_agents if self.calls is None else min(self.calls, of_agents)

    def with_labels(self) -> AnchorRaceConfig:
        """Return the settings for a run in which labels decide: it plans more calls, unless a number is set."""
        if self.calls_per_agent is not None:
            return self
        return self.model_copy(update={"calls_per_agent": CALLS_PER_AGENT_WITH_LABELS})

    def is_worst_case(self) -> bool:
        """Say whether the search chooses itself which faults are met, by what each costs."""
        return self.worst_case

    def with_calls(self, calls: int) -> AnchorRaceConfig:
        """Return the settings for a search that starts from prompts that worked: it plans so many calls.

        It looks at no pair without a suspicion. Proofs do not shrink with the plan, so they would take a quarter of it.
        """
        return self.model_copy(update={"calls": calls, "audited_rounds": 0})

    def with_focus_found(self) -> AnchorRaceConfig:
        """Return the settings for a run that finds out itself which agents are worth rewriting."""
        return self.model_copy(update={"narrowed_rounds": self.narrowed_rounds or NARROWED_ROUNDS})

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

    def largest_round(self) -> AnchorRace:
        """Return a race of the same settings whose first round is the largest; it plans no calls."""
        config = self.config
        changes = {"first_round": config.share_of(config.passes), "growth": 0.0, "passes": 2}
        changes["audited_rounds"] = 0  # counted apart (calls_beyond_plan)
        changes["carried_net"] = config.carried_inputs + 2  # never ahead enough to end sooner
        return AnchorRace(config.model_copy(update={**changes, "calls": None, "calls_per_agent": 10**9}))  # no limit

    def dearest_outcomes(self) -> tuple[frozenset[str], ...]:
        """Return what is lost in a round at its dearest; all mixed runs win, so that everything is united.

        The union then loses in whatever parts it is tried; or its two sides win, and pairs are tried for conflicts.
        """
        lost = frozenset({"union", "pairs", "parts", "prove"})
        return lost | {"sides"}, lost

    def calls_beyond_plan(self, problem: Problem) -> int:
        """Return the calls that proofs of conflicts take at most: they come on top, so that a search loses no round."""
        config = self.config
        return round(_PROOFS * config.planned_calls(problem.team)) if config.conflicts and config.conflict_inputs else 0

    def calls_expected_beyond_plan(self, problem: Problem) -> int:
        """Return the calls that the proofs of a run take on average."""
        config, team, named = self.config, problem.team, problem.team.rewritten
        linked = sum(other in team.neighbours(one) for one, other in combinations(named, 2))
        first, later = (min(linked, pairs) for pairs in _AUDITED_PAIRS)
        proofs = first + later * (config.audited_rounds - 1) if config.audited_rounds else 0
        return min(proofs * _INPUTS_OF_PROOF * calls_of_proof(team), self.calls_beyond_plan(problem))

    def takes_rulings(self) -> Literal[True]:
        """Take what a person rules while it runs: before the next round, or before it ends."""
        return True


class _Race(SearchState):
    """One search: the anchor (its ``prompts``), and what the run has learned so far."""

    def __init__(self, config: AnchorRaceConfig, problem: Problem) -> None:
        super().__init__(problem)
        self.config = config
        self.round = Round(0, self.prompts, self.score)
        self.met_carried = False
        """Whether what an earlier run found has met the seed prompts, so that it is no candidate any more."""
        self.rounds_ahead = 0
        """Rounds that what was carried over stands for: early ones are small, as most drafts help then."""
        self.size = config.round_size(1)
        self.inputs: tuple[str, ...] = ()
        """The inputs of this round, in the order in which they are taken up."""
        self.rounds_unchanged = 0
        self.planned_calls = config.planned_calls(problem.team)
        self.spent = Spent(problem)
        self.spent_on_proofs = CallCount(problem)
        self.calls_before_round = 0
        self.rejected: dict[str, tuple[str, ...]] = {}
        """Per agent, prompts that lost against an anchor whose neighbourhood has not changed since."""
        self.differed: dict[str, tuple[int, int]] = {}
        """Per input, how often answers differed, of how many comparisons."""
        self.draft_effects = (0.0, 0.0)
        """What this proposer's drafts have added: Σ score · drafts and Σ drafts² over all mixed runs."""
        self.remembered: list[Observation] = []
        """What the runs of earlier rounds say of sentences that may come again."""
        self.drafts_ahead: Answers = ()
        self.reliability = Reliability()
        self.said = SaidOfAnswers(config.verdicts_on_answers)
        self.influence = Influence()
        self.called = CalledOn()
        self.outcomes = Outcomes(problem.seed)
        self.screening = Screening()
        self.history = History(self.prompts)
        self.suspected: list[tuple[Suspicion, Prompts, tuple[str, ...]]] = []
        """Pairs that seemed to clash, the anchor of their round, and the inputs to prove it on."""
        self.contradicted = (0, 0)
        """Final answers about which the judge contradicted itself, of those that it did not call equal."""
        self.proofs = set[tuple[str, str]]()
        """Pairs that were looked at, by their round and what they change."""
        self.objected = False
        """A person has vetoed something since the last round began, so there is one more, whatever is planned."""
        self.adversary = Adversary(problem.under_fault, dict.fromkeys(problem.faults, 0.0))
        self.moved = Moved()
        """Runs of this search, for the shares of agents in what moves final answers."""
        self.left_out: tuple[str, ...] = ()
        """Agents that are not rewritten any more, since their changes hardly move a final answer."""
        self.prunings = 0
        """How often it was asked what can be left out."""

    def run(self) -> Search:
        """Run the race."""
        if not self.team.rewritten:
            return self.make_ask()
        inputs, seed = self.problem.inputs, self.problem.seed
        ablations = edge_ablations(self.prompts, self.team, inputs, self.config.interventions, seed)
        if ablations:
            yield from self.ask(ablations)
        looks = observations(self.prompts, self.team, inputs, self.planned_calls, seed)
        if looks:
            yield from self.ask(looks)
        yield from self.take_over()
        drafts: Answers = ()
        while True:
            while not (reason := self.why_end()):
                yield from self.weigh_faults()
                self.open_round()
                drafts = drafts or (yield from self.ask(self.proposals(self.prompts, self.round.number)))  # Eq. 4, 6
                self.enter(drafts)
                good = yield from self.run_mixtures()  # Eq. 5
                best = yield from self.unite(good)
                drafts = self.drafts_ahead if best.comparisons else ()
                self.move_anchor(best)  # Eq. 8, by construction: nothing is carried across an anchor change
                self.narrow()
                drafts = self.still_wanted(drafts)
                if self.obey():
                    drafts = ()  # They were written for other prompts, or for an agent that keeps its own.
            if self.config.prune:
                yield from self.prune()
            yield from self.tell_conflicts()
            if not self.obey():
                break
        self.end(self.why_end() or reason)  # with what proofs took
        return self.make_ask()

    def weigh_faults(self) -> Asking[None]:
        """Look what each fault costs the anchor, where the worst case is asked for."""
        if not self.problem.faults:
            return
        number = self.round.number + 1
        looks = self.adversary.looks(self.prompts, self.problem.inputs, number, self.problem.seed)
        self.adversary, costs = self.adversary.after((yield from self.ask(looks)))
        self.events.append(FaultsWeighed(f"r{number}", costs, self.adversary.weights))

    def take_over(self) -> Asking[None]:
        """Let what an earlier run found meet the seed prompts, and begin with it where it wins."""
        config = self.config
        carried = {name: self.problem.carried.get(name, self.prompts[name]) for name in self.team.rewritten}
        changes = {name: text for name, text in carried.items() if text != self.prompts[name]}
        left = self.planned_calls - self.problem.reserve - self.spent.calls
        most = min(config.carried_inputs, left // (2 * self.team.calls_of(self.team.everyone) + 2))
        if not changes or most < LOOK:
            return
        inputs = self.called.draw(self.ordered(1), tuple(changes), most, self.team)
        met = yield from meet(self, changes, inputs, config.carried_net)
        self.events += met.events(self.prompts)
        if met.taken_over:
            for agent, text in changes.items():
                self.history.add(agent, text, [text])
            self.prompts = {**self.prompts, **changes}
            self.spent.by_anchor = {one.input_key for one in met.comparisons}
            self.rounds_ahead = config.carried_rounds
        self.met_carried = True

    def obey(self) -> bool:
        """Do what a person ruled since the last time; return whether that was anything."""
        rulings, self.rulings = self.rulings, []
        step = f"decided-{self.round.number}"
        self.prompts, self.team, events = obeyed(rulings, self.prompts, self.team, self.history, step)
        self.events += events
        for event in events:
            self.spent.by_anchor.clear()
            for name in (event.agent, *self.team.neighbours(event.agent)):
                self.rejected.pop(name, None)
        self.objected |= any(one.says == "veto" for one in rulings)
        return bool(rulings)

    def narrow(self) -> None:
        """Leave out agents whose changes hardly move a final answer, and of the calls that are left their part.

        Few agents, each of whom is a block of its own, all stay (docs/design/0045-focus.md).
        """
        agents = self.team.rewritten
        if self.round.number > self.config.narrowed_rounds or len(agents) <= self.config.blocks:
            return
        shares = self.moved.shares({name: self.calls_of_run((name,)) for name in agents})
        kept = in_focus(shares)
        gone = tuple(name for name in agents if name not in kept)
        if gone:
            self.left_out += gone
            self.team = replace(self.team, frozen=self.team.frozen.union(gone))
            reserve = self.problem.reserve
            left = max(0, self.planned_calls - self.spent.calls - reserve)
            self.planned_calls = self.spent.calls + round(left * len(kept) / len(agents)) + reserve
        where, runs = f"r{self.round.number}", self.moved.runs_of(agents)
        self.events.append(FocusNarrowed(where, shares, runs, gone, self.planned_calls))

    def still_wanted(self, drafts: Answers) -> Answers:
        """Return drafts that were asked for ahead without those for agents that were left out meanwhile."""
        agents = self.team.rewritten
        return [one for one in drafts if isinstance(one[0], Propose) and one[0].agent in agents]

    # ── rounds ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def why_end(self) -> str:
        """Return why no further round is begun, or nothing."""
        config, number = self.config, self.round.number
        planned = self.planned_calls
        if not self.team.rewritten:
            return "a person pinned every prompt"
        if self.objected:
            return ""
        if number >= config.passes:
            return f"all {config.passes} rounds were done"
        if self.rounds_unchanged >= config.patience:
            unchanged = f"{self.rounds_unchanged} rounds in a row brought no better prompts"
            return f"{unchanged}; there may be nothing left to gain"
        # A further round costs as much as the last, more by its runs; half of it has to fit.
        runs, last = config.round_size(number + 1 + self.rounds_ahead).stages[-1], self.size.stages[-1]
        further = (self.spent.calls - self.calls_before_round) * runs / last
        pruning = config.prune * calls_of_pruning(self.sentences_left_out(), self.team)
        if number and self.spent.calls + further / 2 + pruning + self.problem.reserve > planned:
            return (
                f"another round would not fit into the {planned:,} calls planned{self.in_focus()} "
                f"(search.calls_per_agent, search.calls){self.on_top()}"
            )
        return ""

    def in_focus(self) -> str:
        """Return for how many agents the calls are planned, where some were left out."""
        kept = len(self.team.rewritten)
        return f" for {kept} of {kept + len(self.left_out)} agents (--focus auto)" if self.left_out else ""

    def on_top(self) -> str:
        """Return how many calls went into proofs beside those planned; nothing where none did."""
        calls = self.spent_on_proofs.total
        return f"; about {calls:,} more went into proofs of conflicts (search.audited_rounds)" if calls else ""

    def open_round(self) -> None:
        """Count a new round and draw the order of its inputs."""
        number = self.round.number + 1
        self.objected = False
        self.round = Round(number, self.prompts, self.score)
        self.size = self.config.round_size(number + self.rounds_ahead)
        self.inputs = self.ordered(number)
        self.calls_before_round = self.spent.calls
        self.events += [
            StepStarted(step_of(number, name), name, number, 1, self.config.passes, 1) for name in self.team.rewritten
        ]

    def ordered(self, number: int) -> tuple[str, ...]:
        """Return the inputs in the order of a round; those whose answers differed tend to come first."""

        def place(key: str) -> float:
            differed, seen = self.differed.get(key, (0, 0))
            contested = differed / seen if seen and self.config.contested_first else 0.0
            return rank(self.problem.seed, "order", number, key) / 2**64 - contested  # a rank has 64 bits

        inputs = self.problem.inputs
        if self.problem.faults:
            inputs = tuple(self.adversary.met(inputs, number, self.problem.seed).values())
        return tuple(sorted(inputs, key=lambda key: (place(key), key)))

    def end(self, reason: str) -> None:
        """Tell who mattered and why the search ends."""
        self.events.append(self.influence.event(replace(self.team, frozen=self.team.frozen.difference(self.left_out))))
        if self.config.screen:
            self.events.append(self.screening.tally.event)
        self.events.append(SearchEnded(reason, self.reliability.local, self.reliability.lookahead))

    # ── propose (Eq. 4, 6) ───────────────────────────────────────────────────────────────────────────────────────────

    def proposals(self, prompts: Prompts, number: int) -> tuple[Propose, ...]:
        """Ask for the drafts of a round, led by traces on inputs on which these prompts are run anyway (Eq. 4)."""
        config, seed, parents = self.config, self.problem.seed, prompts_id(prompts)
        most = self.size.union_inputs if number > self.round.number else self.size.shared_inputs
        requests = []
        for agent in self.team.rewritten:
            cases = hard_negatives(self.cases, agent, self.team, config.hard_negatives)
            known = self.called.draw(self.inputs, (agent,), most, self.team)
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
            if self.problem.examples:
                name = f"{step_of(number, agent)}/examples/{parents}"
                shown_too = self.outcomes.proposal(name, agent, prompts, self.problem.examples)
                requests += [shown_too] if shown_too else []
        return tuple(requests)

    def enter(self, answers: Answers) -> None:
        """Enter the drafts that break no rule and are no near-copy of what lost against this anchor; and removals."""
        drafts: dict[str, list[Candidate]] = {}
        known = {name: KnownPrompts([text, *self.rejected.get(name, ())]) for name, text in self.prompts.items()}
        for request, result in answers:
            if isinstance(request, Propose) and isinstance(result, Drafts):
                step, agent = step_of(self.round.number, request.agent), request.agent
                fresh, refused = rejected_events(step, agent, result, known[agent])
                drafts.setdefault(agent, []).extend(Candidate(agent, text, self.prompts[agent]) for text in fresh)
                self.events += refused
        if self.config.screen:
            most = self.config.edits * self.config.drafts
            drafts, screened = self.screening.screen(drafts, most, self.problem.seed, self.round.number)
            self.events += screened
        removals = self.removals(known) if self.config.removals else ()
        carried = self.carried(known) if self.round.number == 1 and not self.met_carried else ()
        self.round.candidates = (*carried, *chain.from_iterable(drafts.values()), *removals)

    def carried(self, known: dict[str, KnownPrompts]) -> Iterator[Candidate]:
        """Yield what an earlier run found for each agent, where no draft says the same."""
        for agent in self.team.rewritten:
            text = self.problem.carried.get(agent, self.prompts[agent])
            if not known[agent].refusal(text):
                yield Candidate(agent, text, self.prompts[agent])

    def removals(self, known: dict[str, KnownPrompts]) -> Iterator[Candidate]:
        """Yield, per agent, the anchor's prompt without one sentence that the search added."""
        for agent in self.team.rewritten:
            options = without_added(self.problem.seed_prompts[agent], self.prompts[agent])
            fresh = [text for text in options if not known[agent].refusal(text)]
            if fresh:
                drawn = rank(self.problem.seed, "removal", self.round.number, agent) % len(fresh)
                yield Candidate(agent, fresh[drawn], self.prompts[agent], removal=True)

    # ── mixed runs and their estimate (Eq. 5) ────────────────────────────────────────────────────────────────────────

    def run_mixtures(self) -> Asking[list[int]]:
        """Let mixtures of the candidates of each block of agents meet the anchor, stage by stage.

        Return the candidates that are expected to add something; the others are in no mixture of a further stage.
        """
        config, round_, stages = self.config, self.round, self.size.stages
        good = list(range(len(round_.candidates)))
        for stage, (before, after) in enumerate(pairwise((0, *stages))):
            pool = by_agent(good, round_.candidates)
            asked: list[PlannedRun] = []
            for block, agents in enumerate(self.blocks()):
                inputs = self.called.draw(self.inputs, agents, self.size.shared_inputs, self.team)
                pools = {name: pool[name] for name in agents if name in pool}
                where = f"r{round_.number}/{block}/race/{stage}"
                count = max(1, round((after - before) * self.share_of_runs(agents)))
                if not pools:
                    continue
                mix_up, on_an_input = draw_mixtures, 1
                if config.design == "dealt":
                    mix_up, on_an_input = deal_mixtures, mixtures_of_an_input(pools, config.mixed)
                drawn = mix_up(pools, count, config.mixed, self.problem.seed, where)
                mixtures = [join(self.prompts, round_.candidates, chosen, self.team) for chosen in drawn]
                places = ((before + run // on_an_input) % len(inputs) for run in range(count))
                tried = [(mix, inputs[place]) for mix, place in zip(mixtures, places, strict=True)]
                asked += self.compare("mixed", where, tried, str(block))
            if not asked:
                return []
            runs = yield from self.run_comparisons(asked)
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

    def share_of_runs(self, agents: Sequence[str]) -> float:
        """Return which share of the mixed runs of a round a block gets: fewer where each takes more calls.

        A change far from the output costs a call of every agent that it reaches, and seldom changes a final answer.
        """
        cheapest = min(map(self.calls_of_run, self.blocks()))
        return max(self.config.far_share, cheapest / self.calls_of_run(agents))

    def calls_of_run(self, agents: Sequence[str]) -> int:
        """Return the agent calls of a run in which the cheapest agent of a block is changed."""
        return min(self.team.calls_of(self.team.reached((name,))) for name in agents)

    def estimate(self, runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return what each candidate adds, by some runs of this round and what drafts added in all of them before."""
        causes, priors = self.causes(), self.priors()
        return estimate_effects([*self.remembered, *self.observed(runs)], priors, causes, self.config.spread)

    def observed(self, runs: Sequence[MixedRun]) -> list[Observation]:
        """Return what some runs of this round say."""
        return observed(runs, [self.score(run.comparison) for run in runs], self.priors(), self.causes())

    def causes(self) -> list[Causes]:
        """Return what each candidate consists of: sentences that may come again, or nothing but itself."""
        candidates = self.round.candidates
        return [causes_of(one) if self.config.memory else {number: 1.0} for number, one in enumerate(candidates)]

    def priors(self) -> list[float]:
        """Return what each candidate is expected to add before any run has met it."""
        config = self.config
        total, weight = self.draft_effects
        draft = (total + _DRAFTS_SEEN_BEFORE * config.optimism) / (weight + _DRAFTS_SEEN_BEFORE)
        # A sentence that was accepted was thought to add something, so taking it out is expected to cost as much.
        return [
            (-abs(config.optimism) if candidate.removal else draft)
            - config.length_price * (candidate.added_characters / 1000)
            for candidate in self.round.candidates
        ]

    def remember_runs(self) -> None:
        """Remember what the runs of this round say, and those of earlier rounds less clearly: the anchor moves on."""
        if share := self.config.memory:
            self.remembered = [one.fainter(share) for one in (*self.remembered, *self.observed(self.round.runs))]

    def score(self, comparison: Comparison) -> float:
        """Return what one comparison says for the changed prompts, from −½ to ½ (Eq. 5, centred)."""
        return score(
            comparison, self.config.weighting, self.config.weights, self.reliability, self.said.value(comparison)
        )

    # ── unite, and the next anchor (Eq. 8) ───────────────────────────────────────────────────────────────────────────

    def unite(self, good: Sequence[int]) -> Asking[Trial]:
        """Try what looks good together, then parts of it; return the best, or nothing when the anchor did better."""
        looking = Looking(self.config.spread, self.audited_pairs()) if self.config.conflicts else None
        return unite(self, self.round, good, self.team, looking)

    def suspect(self, found: Suspicion) -> None:
        """Take up a pair that seems to clash; where nothing is proven, tell it."""
        if not self.config.conflict_inputs:
            self.events.append(found.told)
            return
        self.suspected.append((found, self.prompts, self.inputs_to_prove_on(found)))

    def audited_pairs(self) -> int:
        """Return how many pairs of this round are looked at although nothing seems wrong."""
        config, number = self.config, self.round.number
        is_audited = config.conflicts and config.conflict_inputs and number <= config.audited_rounds
        return _AUDITED_PAIRS[number > 1] if is_audited else 0

    def audit(self, found: Trial) -> Asking[bool]:
        """Look at pairs of what is about to be kept in a first round; withdraw the worse of those that clash."""
        round_, clashed = self.round, False
        for pair in round_.linked(found, self.team, self.audited_pairs()):
            if self.is_looked_at(pair):
                continue
            proof = yield from self.prove(pair, self.prompts, self.inputs_to_prove_on(pair))
            if proof.holds:
                shown = replace(pair, told=pair.proven(proof, self.score))
                self.events.append(shown.told)
                self.cases = remembered(self.cases, round_.withdraw(shown, proof.the_worse))
                clashed = True
        return clashed

    def tell_conflicts(self) -> Asking[None]:
        """Tell which suspected pairs clash: what seemed so, then what is looked at although nothing did."""
        suspected, self.suspected = self.suspected, []
        for found, anchor, inputs in sorted(suspected, key=lambda one: not one[0].told.inputs):
            if self.is_looked_at(found):
                continue
            proof = yield from self.prove(found, anchor, inputs)
            if proof.holds:
                self.events.append(found.proven(proof, self.score))

    def inputs_to_prove_on(self, found: Suspicion) -> tuple[str, ...]:
        """Return the inputs on which a pair of this round is looked at, those that the union does not meet first."""
        changed, inputs = tuple(found.changes), self.inputs
        met = self.called.draw(inputs, changed, self.size.union_inputs, self.team)
        # In the order of the next round: what is run here of a union that is kept is not paid again as its anchor.
        ahead = self.called.draw(self.ordered(self.round.number + 1), changed, len(inputs), self.team)
        return (*(key for key in ahead if key not in met), *met)[: self.config.conflict_inputs]

    def is_looked_at(self, found: Suspicion) -> bool:
        """Return whether a pair was looked at in its round already, or, where nothing seems wrong, enough others."""
        step, known = found.told.step, (found.told.step, prompts_id(found.changes))
        enough = not found.told.inputs and sum(one == step for one, _ in self.proofs) >= _AUDITED_PAIRS[step != "r1"]
        return known in self.proofs or enough

    def prove(self, found: Suspicion, anchor: Prompts, inputs: Sequence[str]) -> Asking[Proof]:
        """Look at a pair, once, on as many inputs as the calls on top of the plan still pay."""
        usual = Standard(self.config.conflict_level, self.config.conflict_ends)
        standard = (_BY_A_DULL_JUDGE if self.is_judge_dull() else usual).after(self.looks_spared(found))
        self.proofs.add((found.told.step, prompts_id(found.changes)))
        left = _PROOFS * self.planned_calls - self.spent_on_proofs.total
        paid = inputs[: max(0, int(left / calls_of_proof(self.team)))]
        order, seed = self.config.judge_order, self.problem.seed
        # Below the change that fewer agents answer to, what is upstream is run already: it is added first.
        changes = dict(sorted(found.changes.items(), key=lambda one: self.calls_of_run(one[:1])))
        return (yield from prove(self, found.told.step, anchor, changes, paid, standard, order, seed))

    def is_judge_dull(self) -> bool:
        """Return whether the judge often contradicts itself when the order of two final answers is turned round."""
        contradicted, decided = self.contradicted
        return decided >= _FEWEST_DECIDED and contradicted > self.config.conflict_dull * decided

    def looks_spared(self, found: Suspicion) -> int:
        """Return how soon a proof ends: sooner where nothing seems wrong, but for the first pair of a first union."""
        others = any(step == found.told.step for step, _ in self.proofs)  # of this round, which promised more
        unlikely = others or found.told.step != "r1" or found.told.together >= _CLEAR_WIN
        return _LOOKS_SPARED if unlikely and not found.told.inputs else 0

    def try_together(self, purpose: str, blocks: Sequence[Sequence[int]]) -> Asking[list[Trial]]:
        """Let the candidates of each block meet the anchor together, on the inputs of the union.

        Nothing is tried when no attempt is left, or nothing would change. The first time, ask for the next drafts too.
        """
        round_, config = self.round, self.config
        joined = [round_.join_best(block, config.beam_width, self.team) for block in blocks]
        parts = [part for part in joined if part.changes]
        if not parts or round_.attempts >= _ATTEMPTS:
            return []
        round_.attempts += 1
        # The inputs of the union, also for its parts: conflicts are told by inputs that both met.
        whole = [trial.part for trial in round_.trials[:1]] or parts
        changed = tuple(dict.fromkeys(name for part in whole for name in part.changes))
        inputs = self.called.draw(self.inputs, changed, self.size.union_inputs, self.team)
        tried = {f"r{round_.number}/unite/{round_.attempts}/{number}": part for number, part in enumerate(parts)}
        ahead: tuple[Propose, ...] = ()
        if round_.attempts == 1 and config.ahead and not self.why_end():
            ahead = self.proposals({**self.prompts, **parts[0].changes}, round_.number + 1)
        trials = yield from self.try_each(purpose, tried, inputs, ahead)
        round_.trials += trials
        return trials

    def move_anchor(self, trial: Trial) -> None:
        """Write what was accepted into the anchor; what was rejected next to a change may be tried again."""
        self.remember_runs()
        self.events += round_events(self.round, trial, self.team.rewritten, self.config.weights)
        changes = trial.part.changes
        for number, candidate in enumerate(self.round.candidates):
            if number not in trial.part.members:
                self.rejected[candidate.agent] = (*self.rejected.get(candidate.agent, ()), candidate.text)
        for agent in changes:
            for name in (agent, *self.team.neighbours(agent)):
                self.rejected.pop(name, None)
        for agent, text in changes.items():
            own = (one for number, one in enumerate(self.round.candidates) if number in trial.part.members)
            self.history.add(agent, text, [one.text for one in own if one.agent == agent])
        self.rounds_unchanged = 0 if changes else self.rounds_unchanged + 1
        if changes:
            self.prompts = {**self.prompts, **changes}
            self.spent.by_anchor = {comparison.input_key for comparison in trial.comparisons}

    # ── leave-one-out ────────────────────────────────────────────────────────────────────────────────────────────────

    def sentences_left_out(self) -> tuple[Candidate, ...]:
        """Return the anchor's prompts without each of the sentences that the search added; none if nothing may go."""
        return sentences_left_out(self.problem.seed_prompts, self.prompts, self.team) if self.config.prune else ()

    def prune(self) -> Asking[None]:
        """Drop the sentences that were added and are not missed, on as many inputs as the plan allows."""
        planned, inputs, added = self.planned_calls, self.problem.inputs, self.sentences_left_out()
        left = planned - self.spent.calls - self.problem.reserve
        size = min(self.config.prune, len(inputs), left // calls_of_pruning(added, self.team)) if added else 0
        if size < 1:
            return
        self.prunings += 1
        where = "prune" if self.prunings == 1 else f"prune-{self.prunings}"
        self.round = Round(self.round.number, self.prompts, self.score, candidates=added)
        drawn = shuffled(inputs, self.problem.seed, "prune")[:size]
        changes, events = yield from prune(self, self.round, where, drawn, self.team, self.config.weights)
        self.events += events
        for agent, text in changes.items():
            self.history.add(agent, text)
        self.prompts = {**self.prompts, **changes}

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def compare(self, purpose: str, where: str, tried: Sequence[tuple[Mixture, str]], group: str) -> list[PlannedRun]:
        """Let mixtures meet the anchor, each on its input; the order of outputs is balanced and seeded."""
        config, seed, union = self.config, self.problem.seed, purpose != "mixed"
        by_name = {f"{where}/{prompts_id(mix.changes)}/{key}": (mix, key) for mix, key in tried if mix.changes}
        shown = shuffled(by_name, seed, "balance", where)
        first = frozenset(shown if config.judge_order == "fixed" else shown[rank(seed, "odd", where) % 2 :: 2])
        doubled = config.double_orders == "always" or (config.double_orders == "unions" and union)
        asked: list[PlannedRun] = []
        for number, (name, (mixture, key)) in enumerate(by_name.items()):
            always = number < config.partial_inputs and not union
            partial = len(mixture.changes) == 1 and (config.partial_differing or always)
            request = Compare(
                id=name,
                reference=self.prompts,
                changes=mixture.changes,
                input_key=key,
                candidate_first=name in first,
                levels=tuple(Level) if partial else (Level.GLOBAL,),
                orders=2 if doubled else 1,
                when_differing=not always,
                purpose=purpose,
                settled=self.said.settled(key),
            )
            asked.append((request, mixture.members, group))
        return asked

    def try_each(
        self, purpose: str, tried: Mapping[str, Mixture], inputs: Sequence[str], ahead: Sequence[Propose] = ()
    ) -> Asking[list[Trial]]:
        """Let each of some changes, by the place it is tried at, meet the anchor on all of some inputs."""
        asked: list[PlannedRun] = []
        for where, part in tried.items():
            asked += self.compare(purpose, where, [(part, key) for key in inputs], "together")
        runs = yield from self.run_comparisons(asked, ahead)
        return [
            Trial(part, tuple(run.comparison for run in runs if run.members == part.members)) for part in tried.values()
        ]

    def run_comparisons(self, asked: Sequence[PlannedRun], ahead: Sequence[Propose] = ()) -> Asking[list[MixedRun]]:
        """Perform comparisons, with proposals for the next round; learn from them, and return them as runs."""
        answers = yield from self.ask([*(request for request, _, _ in asked), *ahead])
        self.drafts_ahead = answers[len(asked) :]
        runs = [
            MixedRun(members, group, result)
            for (_, members, group), (_, result) in zip(asked, answers, strict=False)
            if isinstance(result, Comparison)
        ]
        self.round.runs += runs
        return runs

    def learn(self, answers: Answers) -> None:
        """Learn from answers: calls, who matters, contested inputs, cases (Eq. 6), how far the levels agree."""
        self.influence = self.influence.after(answers)
        for _, result in answers:
            if isinstance(result, Comparison) and result.glob in _DECIDED and not result.settled:
                contradicted, decided = self.contradicted
                self.contradicted = contradicted + (result.glob is Verdict.CONTRADICTED), decided + 1
        # A search is the same with proofs as without, except where something is proven.
        for request, result in answers:
            if request.purpose == PROVE:
                self.spent_on_proofs.add(request.price(self.problem, result))
        answers = [one for one in answers if one[0].purpose != PROVE]
        self.spent.count(answers, self.team)
        self.called = self.called.after(answers)
        self.moved = self.moved.after(answers, "mixed")
        if self.problem.examples:
            self.outcomes.learn(answers)
        for request, result in answers:
            if isinstance(request, Compare) and isinstance(result, Comparison) and not result.failed:
                times, seen = self.differed.get(result.input_key, (0, 0))
                self.differed[result.input_key] = (times + (not result.same_answer), seen + 1)
                self.reliability = self.reliability.after(result)
                self.said.learn(request, result)
        self.remember_cases(answers, lambda request: step_of(self.round.number, request.agent))

    def learn_draft_effects(self, runs: Sequence[MixedRun]) -> None:
        """Take up what the drafts of some runs have added together."""
        total, weight = self.draft_effects
        for run in runs:
            size = sum(not self.round.candidates[member].removal for member in run.members)
            total, weight = total + size * self.score(run.comparison), weight + size * size
        self.draft_effects = (total, weight)
