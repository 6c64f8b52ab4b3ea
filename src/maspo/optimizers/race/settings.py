"""The settings of the anchor race, and how large its rounds are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, NamedTuple

from pydantic import Field

from maspo.optimizers.base import OptimizerConfig, Stages
from maspo.optimizers.parts.reward import JudgeOrder, Weights
from maspo.optimizers.race.agreement import Weighting
from maspo.team.graph import Team

CALLS_PER_AGENT = 700
"""Calls planned for each agent that is rewritten: with fewer far runs as accurate as 1,000 were when all agents
had the same number of runs (docs/design/0024-paying-upstream-once.md)."""
CALLS_PER_AGENT_WITH_LABELS = 1000
"""With labels a run learns on for longer (docs/design/0005-mixed-runs.md)."""
NARROWED_ROUNDS = 3
"""Rounds after which `--focus auto` looks who is worth rewriting: blocks of twenty agents are single agents by then."""
FEWEST_CALLS: Final = 100
"""The smallest plan: less ends before a round does."""
_LARGEST_ROUND = 1.6
"""Times ``stages``, ``shared_inputs`` and ``union_inputs``: by default the size of the sixth round."""
_UNRECORDED: Mapping[str, Any] = {
    "conflict_inputs": 0,  # conflicts were told unproven
    "audited_rounds": 0,
    "carried_inputs": 0,  # what was carried over was a candidate of the first round
    "memory": 0.0,
    "design": "drawn",
    "verdicts_on_answers": 0,
    "contested": 1.0,
    "weighting": "learned",
    "enough": 1.0,
}
"""What versions did whose records do not say so, because the setting did not exist yet."""
_GONE = {
    **dict.fromkeys(
        ("conflict_margin", "conflict_level", "conflict_ends", "conflict_dull"),
        "conflicts are proven at one standard, by all that the judge has said of the answers; search.conflict_inputs "
        "says on how many inputs at most",
    ),
    "contested_first": "search.contested says how strongly inputs whose answers differed come first; 0: not at all",
}
"""The first four: by what conflicts were proven when each verdict was held for its own comparison alone. An unfinished
run whose record holds proofs may ask for other ones now; then it ends only with the version that began it, and says so
(``study/followed.py``)."""
_CALLS_WHEN_ALIKE = {"ignore": 1000, "use": 1500}
"""What runs planned whose record does not say how their runs were shared out, by whether labels decided."""


class RoundSize(NamedTuple):
    """How large a round is: mixed runs per block after each stage, inputs raced on, inputs of a union."""

    stages: tuple[int, ...]
    shared_inputs: int
    union_inputs: int


class ByTeam(NamedTuple):
    """Settings whose defaults depend on the team, and on how many calls are planned for it."""

    weighting: Weighting
    contested: float
    enough: float
    audited_rounds: int
    first_round: float
    growth: float


LARGER_TEAM: Final = 4
"""Agents that are rewritten, from which on what readers saw pays, as most runs are of agents whom others read; but no
more than ``blocks``, as a run that changes several agents asks no reader (docs/design/0073-readers-by-default.md)."""
_USUAL = ByTeam("learned", 1.0, 1.0, audited_rounds=2, first_round=0.4, growth=0.2)
_USUAL_IN_LARGER_TEAMS = _USUAL._replace(weighting="readers", contested=3.0, enough=0.72)
_SMALL_PLAN = 0.6
"""Part of the usual plan, up to which rounds of a larger team are smaller, so that it has more of them
(docs/design/0078-small-rounds-for-small-plans.md)."""
_FIRST_IN_SMALL_PLANS, _GROWTH_IN_SMALL_PLANS = 0.3, 0.1
_LARGER = f"{LARGER_TEAM} agents or more are rewritten, but no more than `blocks`"
_WHERE_SMALL = f"with {_SMALL_PLAN:.0%} of the usual plan or less where {_LARGER}"


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
    calls: int | None = Field(
        default=None, ge=FEWEST_CALLS, description="calls that a run plans in all; empty: by agent"
    )
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
    first_round: float | None = Field(
        default=None,
        gt=0,
        le=_LARGEST_ROUND,
        description="size of the first round, as a share of stages, shared_inputs and union_inputs; empty: "
        f"{_USUAL.first_round:g}, or {_FIRST_IN_SMALL_PLANS:g} {_WHERE_SMALL}",
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
    growth: float | None = Field(
        default=None,
        ge=0,
        description=f"share added per round, up to {_LARGEST_ROUND} in all; empty: {_USUAL.growth:g}, or "
        f"{_GROWTH_IN_SMALL_PLANS:g} {_WHERE_SMALL}",
    )
    ahead: bool = Field(default=True, description="ask for the next drafts while a union is tried")
    conflicts: bool = Field(default=True, description="find and mend changes that win alone and lose together")
    conflict_inputs: int = Field(
        default=64,
        ge=0,
        description="inputs on which a conflict is proven before it is told, at most; 0: told unproven",
    )
    audited_rounds: int | None = Field(
        default=None,
        ge=0,
        description="first rounds of which pairs of the union that read one another are looked at for a conflict even "
        "where nothing seems wrong: two in the first round, one in a later one; empty: "
        f"{_USUAL.audited_rounds}, or 0 where the plan is smaller than usual",
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
    weighting: Weighting | None = Field(
        default=None,
        description="how local and lookahead verdicts count: learned, fixed, global (not at all), or readers, which "
        "asks readers on every run that changes one agent and adds what they saw to a global verdict in full; "
        f"empty: readers where {_LARGER}, else learned",
    )
    partial_inputs: int = Field(default=6, ge=0, description="mixed runs per block always judged at all levels")
    partial_differing: bool = Field(default=True, description="judge all levels wherever final answers differ")
    double_orders: Literal["never", "unions", "always"] = Field(
        default="always", description="which comparisons of a race are judged in both orders"
    )
    contested: float | None = Field(
        default=None,
        ge=0,
        description="how strongly inputs whose answers differed before come first: the share of runs in which they did "
        f"counts so many times as much as chance; 0: chance alone; empty: 3 where {_LARGER}, else 1",
    )
    enough: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="share of the planned calls that is enough for a search that has won two inputs in five, and less "
        "than a third of that in its last two rounds; 1: it goes on to the end of its plan; empty: "
        f"{_USUAL_IN_LARGER_TEAMS.enough:g} where {_LARGER} and the plan is no smaller than usual, else 1",
    )
    patience: int = Field(default=3, ge=1, description="rounds in a row without any change before the race ends")

    earlier_defaults: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "shared_inputs": (24, 40),  # 40 in the profile ``thorough``, before candidates were dealt
        "weighting": ("learned",),  # in teams of any size
        "contested": (1.0,),
        "audited_rounds": (2,),  # whatever was planned
        "first_round": (0.4,),
        "growth": (0.2,),
    }
    gone: ClassVar[Mapping[str, str]] = _GONE

    @classmethod
    def of_record(cls, recorded: Mapping[str, Any], labels: str) -> Mapping[str, Any]:
        """Return recorded settings with what versions did that did not record how they shared, proved or remembered."""
        if recorded.get("method", "race") != "race":
            return recorded
        recorded = {**_UNRECORDED, **recorded}
        if not recorded.get("contested_first", True):  # a switch, before it was a number
            recorded["contested"] = 0.0
        for name in _GONE:
            recorded.pop(name, None)
        if "far_share" in recorded:
            return recorded
        calls = recorded.get("calls_per_agent") or _CALLS_WHEN_ALIKE[labels]
        return {"far_share": 1.0, **recorded, "calls_per_agent": calls}

    def by_team(self, team: Team) -> ByTeam:
        """Return the settings whose defaults depend on the team, and on how many calls are planned for it."""
        is_larger = LARGER_TEAM <= len(team.rewritten) <= self.blocks
        usual = _USUAL_IN_LARGER_TEAMS if is_larger else _USUAL
        planned, usually = self.planned_calls(team), AnchorRaceConfig().planned_calls(team)
        if planned < usually:  # it has no calls to spare
            usual = usual._replace(enough=1.0, audited_rounds=0)
        if is_larger and planned <= _SMALL_PLAN * usually:
            usual = usual._replace(first_round=_FIRST_IN_SMALL_PLANS, growth=_GROWTH_IN_SMALL_PLANS)
        return ByTeam(
            weighting=self.weighting or usual.weighting,
            contested=usual.contested if self.contested is None else self.contested,
            enough=self.enough or usual.enough,
            audited_rounds=usual.audited_rounds if self.audited_rounds is None else self.audited_rounds,
            first_round=self.first_round or usual.first_round,
            growth=usual.growth if self.growth is None else self.growth,
        )

    def for_team(self, team: Team) -> AnchorRaceConfig:
        """Return the settings of a search of this team: how its rounds grow is decided."""
        found = self.by_team(team)
        return self.model_copy(update={"first_round": found.first_round, "growth": found.growth})

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

        It looks at no pair without a suspicion, unless rounds that do are set: proofs do not shrink with the plan, so
        they would take a quarter of it.
        """
        return self.model_copy(update={"calls": calls, "audited_rounds": self.audited_rounds or 0})

    def with_focus_found(self) -> AnchorRaceConfig:
        """Return the settings for a run that finds out itself which agents are worth rewriting."""
        return self.model_copy(update={"narrowed_rounds": self.narrowed_rounds or NARROWED_ROUNDS})

    def share_of(self, number: int) -> float:
        """Return the size of a round, as a share of `stages`; the first is number 1; see ``for_team``."""
        first = self.first_round or _USUAL.first_round
        growth = _USUAL.growth if self.growth is None else self.growth
        return min(_LARGEST_ROUND, first + growth * (number - 1))

    def round_size(self, number: int) -> RoundSize:
        """Return how large a round is; the first is number 1."""
        share = self.share_of(number)
        shared, union = (max(1, round(share * amount)) for amount in (self.shared_inputs, self.union_inputs))
        stages = tuple(dict.fromkeys(max(1, round(share * runs)) for runs in self.stages))
        return RoundSize(stages, shared, union)
