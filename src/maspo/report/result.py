"""``result.json``: the outcome of a run for scripts, as figures that dump themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maspo.core.plain import FLAT, Dumped, named
from maspo.core.prompts import prompt_id
from maspo.core.usage import Usage, total
from maspo.core.worked_examples import new_examples
from maspo.events import (
    CallUnsettled,
    ConflictFound,
    EdgeInfluence,
    Effect,
    HoldoutResult,
    InfluenceMeasured,
    ProxyTold,
    Shipped,
    VerdictWord,
)
from maspo.report import sentences
from maspo.report.fold import RunView, estimate_gains
from maspo.report.team_cost import CostChangeFigures, change_figures, cost_in_use
from maspo.report.why import reasons
from maspo.study.evaluation.calibration import Agreement, Calibration, Rate, calibrate


@dataclass(frozen=True, slots=True)
class Tokens(Dumped):
    """Tokens, as far as endpoints reported them."""

    in_: int = field(metadata=named("in"))
    out: int
    unmetered_calls: int
    thoughts: int | None = 0
    """Of ``out``: those of thoughts; None where there were thoughts and no endpoint reported their tokens."""
    cached: int = 0
    """Of ``in``: those that the endpoint had in its own cache."""


@dataclass(frozen=True, slots=True)
class Unsettled(Dumped):
    """A call that was in flight when a process died: possibly billed twice. ``usd`` is its highest cost."""

    purpose: str
    agent: str
    model: str
    usd: float | None
    key: str


@dataclass(frozen=True, slots=True)
class HoldoutFigures(Dumped):
    """The proof on the hold-out."""

    n: int
    wins: int
    losses: int
    ties: int
    undecided: int
    contradicted: int
    p_value: float
    p_worse: float
    interval: tuple[float, float]
    needed: int | None
    groups: int
    """Independent groups among the n inputs; each counts once in test and interval."""
    look: int
    """The so-manyth look at this hold-out, other runs and evaluations included."""
    level: float
    """What p has to reach at this look for a claim."""
    searched: SearchedFigures | None = None
    """What inputs of the search said, where the hold-out left open what to ship."""


@dataclass(frozen=True, slots=True)
class SearchedFigures(Dumped):
    """The new prompts against the seed prompts on inputs of the search; p of both together, these at half weight."""

    n: int
    wins: int
    losses: int
    p_value: float


@dataclass(frozen=True, slots=True)
class AgentFigures(Dumped):
    """An agent's prompt before and after, by id, and what the search expects of it."""

    changed: bool
    rewritten: bool
    seed: str
    winner: str
    expected_worth: float
    share_of_worth: float | None
    why: tuple[str, ...] = ()
    """Of each change of its prompt one line: what asked for it, where it helped and hurt, what happens without it."""
    examples: tuple[str, ...] = ()
    """Inputs that the prompt it ended with shows as worked examples, as they stand there; those of its seed are not."""


@dataclass(frozen=True, slots=True)
class EffectFigures(Dumped):
    """What became of the final answer when one thing was changed; ``share`` is None without comparisons."""

    compared: int
    differed: int
    share: float | None
    interval: tuple[float, float]
    wins: int
    losses: int


@dataclass(frozen=True, slots=True)
class LookaheadFigures(Dumped):
    """Lookahead verdicts along an edge, and how often they agreed with the global one."""

    wins: int
    losses: int
    ties: int
    agreed: int
    disagreed: int


@dataclass(frozen=True, slots=True)
class EdgeFigures(Dumped):
    """An edge's influence."""

    source: str
    reader: str
    lookahead: LookaheadFigures
    withheld: EffectFigures


@dataclass(frozen=True, slots=True)
class InfluenceFigures(Dumped):
    """Who matters, by agent and by edge."""

    agents: Mapping[str, EffectFigures]
    edges: tuple[EdgeFigures, ...]
    hint: str


@dataclass(frozen=True, slots=True)
class FaultFigures(Dumped):
    """What faults cost the prompts before a round, and how often each was met in it."""

    step: str
    costs: Mapping[str, float]
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FocusFigures(Dumped):
    """Whom a search found worth rewriting, after a round."""

    step: str
    shares: Mapping[str, float]
    left_out: tuple[str, ...]
    planned: int


@dataclass(frozen=True, slots=True)
class ProxyFigures(Dumped):
    """What screening drafts saved, and how often it was right."""

    asked: int
    kept: int
    dropped: int
    audited: int
    runs_saved: int
    agreed: int
    disagreed: int
    interval: tuple[float, float]
    worth_kept: float | None
    worth_audited: float | None


@dataclass(frozen=True, slots=True)
class ConflictFigures(Dumped):
    """Two agents in conflict; ``inputs`` is on how many both lost together and neither alone."""

    agents: tuple[str, str]
    alone: tuple[float, float]
    together: float
    inputs: int


@dataclass(frozen=True, slots=True)
class RateFigures(Dumped):
    """A share with its 95 % interval; None of nothing."""

    share: float | None
    count: int
    n: int
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class AgreementFigures(Dumped):
    """How often a judge agrees with labels or a person, and how far beyond chance (Cohen's kappa)."""

    agreement: RateFigures
    kappa: float | None
    kappa_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class CalibrationFigures(Dumped):
    """A judge's record."""

    pairs: int
    known_pairs: RateFigures
    labels: AgreementFigures | None
    human: AgreementFigures | None
    first_position: RateFigures
    flip: RateFigures
    tie: RateFigures
    unreadable: RateFigures


@dataclass(frozen=True, slots=True)
class NoiseFigures(Dumped):
    """Two runs of the seed prompts on hold-out inputs: on how many they gave the same text, and the same answer."""

    inputs: int
    same_text: int
    same_answer: int


@dataclass(frozen=True, slots=True)
class CallFigures(Dumped):
    """Calls by family of purposes: the three purposes of the judge are one; and those answered or failed, of all."""

    agent: int
    judge: int
    proposer: int
    other: int
    cached: int
    failed: int


@dataclass(frozen=True, slots=True)
class ReplyFigures(Dumped):
    """Replies that were no whole answers."""

    cut: int
    """They ended at the limit of tokens, and count as they are."""
    broken: int
    """The endpoint ended them with an error: no answers, and asked for again."""
    silent: int
    """They held no text, and were asked for once more."""
    lost: int
    """Attempts that were sent and brought nothing of use."""


@dataclass(frozen=True, slots=True)
class HealthFigures(Dumped):
    """What came back otherwise than asked for; all of it is told in the report, with what can be done."""

    replies: ReplyFigures = field(metadata=FLAT)
    unreadable_verdicts: int
    """Replies of the judge without a verdict."""
    empty: int
    """Calls given up because their replies held no text."""
    refused: int
    """Calls that the model or a content filter declined to answer."""
    unmetered: int
    """Calls without believable token counts, charged at their worst case."""
    contradicted: int
    """Pairs on which the judge preferred the same position in both orders."""
    replaced: int
    """Proposals of which no draft could be used, so that plain edits stood in."""
    warned: tuple[str, ...]
    """What was said early to be of little use: ``judge``, ``proposer``, ``labels``."""
    defused: DefusedFigures | None = field(default=None, metadata=FLAT)
    shortened: ShortenedFigures | None = field(default=None, metadata=FLAT)


@dataclass(frozen=True, slots=True)
class ShortenedFigures:
    """What stands under ``health`` when there was any."""

    shortened: int
    """Requests of judge and proposer beyond their model's context: asked with less, if at all."""


@dataclass(frozen=True, slots=True)
class DefusedFigures:
    """What stands under ``health`` when there was any."""

    defused: int
    """Control tokens of chat templates in texts that were sent, each with a dot in it."""


@dataclass(frozen=True, slots=True)
class Result(Dumped):
    """The object of ``result.json``; of a run without verdict the verdict, shipped and hold-out are None.

    ``usd`` is None when any purpose that sent calls has no known price.
    """

    verdict: VerdictWord | None
    shipped: Shipped | None
    why: str
    holdout: HoldoutFigures | None
    agents: Mapping[str, AgentFigures]
    influence: InfluenceFigures | None
    faults: tuple[FaultFigures, ...]
    """Empty but with `search.worst_case`."""
    focus: tuple[FocusFigures, ...]
    """Empty but with `--focus auto`."""
    proxy: ProxyFigures | None
    conflicts: tuple[ConflictFigures, ...]
    judge_check: CalibrationFigures | None
    noise: NoiseFigures | None
    """None where ``holdout.rerun`` is 0."""
    calls: CallFigures
    health: HealthFigures
    tokens: Tokens
    usd: float | None
    usd_afterwards: float
    """Of ``usd``: what calls cost that had no price when they were made."""
    possibly_billed_twice: tuple[Unsettled, ...]
    seconds: float | None
    seed: int | None
    complete: bool
    simulated: bool
    truth: tuple[float, float] | None
    """On a simulated world only: true accuracy of (seed prompts, shipped prompts)."""
    profile: str | None
    run: str | None
    models: Mapping[str, str]
    version: str | None
    usage: Mapping[str, Usage]
    """By purpose."""
    in_use: InUseFigures | None = field(default=None, metadata=FLAT)


@dataclass(frozen=True, slots=True)
class InUseFigures:
    """What stands in the result when a test has told what the team costs in use."""

    per_1000_inputs: CostChangeFigures


def result_of(view: RunView) -> Result:
    """Return the outcome of a run as far as it is known."""
    finished, started = view.finished, view.started
    cost = total(view.usage.values())
    return Result(
        verdict=finished.verdict if finished else None,
        shipped=finished.shipped if finished else None,
        why=finished.why if finished else sentences.headline(view),
        holdout=holdout_of(finished.holdout) if finished else None,
        agents=_agents(view),
        influence=_influence(view.influence) if view.influence else None,
        faults=tuple(FaultFigures(one.step, one.costs, one.weights) for one in view.faults),
        focus=tuple(FocusFigures(one.step, one.shares, one.left_out, one.planned) for one in view.focus),
        proxy=_proxy(view.proxy) if view.proxy else None,
        conflicts=tuple(_conflict(found) for found in view.conflicts),
        judge_check=calibration_of(calibrate(view.judge.readings)) if view.judge else None,
        noise=NoiseFigures(view.rerun.inputs, view.rerun.same_text, view.rerun.same_answer) if view.rerun else None,
        calls=_calls(view.usage, cost),
        health=health_of(view),
        tokens=tokens_of(cost),
        usd=cost.usd,
        usd_afterwards=cost.usd_afterwards,
        possibly_billed_twice=tuple(unsettled_of(call) for call in view.unsettled),
        seconds=view.seconds,
        seed=started.seed if started else None,
        complete=finished.complete if finished else False,
        simulated=view.simulated,
        truth=finished.truth if finished and finished.truth else None,
        profile=started.profile if started else None,
        run=started.run if started else None,
        models=started.models if started else {},
        version=started.version if started else None,
        usage=view.usage,
        in_use=InUseFigures(change_figures(change)) if (change := cost_in_use(view)) else None,
    )


def health_of(view: RunView) -> HealthFigures:
    """Return what came back otherwise than asked for."""
    cost = total(view.usage.values())
    lost = [call.outcome for call in view.lost_calls]
    return HealthFigures(
        replies=replies_of(cost),
        unreadable_verdicts=view.judged.unreadable,
        empty=lost.count("empty"),
        refused=lost.count("refused"),
        unmetered=cost.unmetered,
        contradicted=view.judged.contradicted,
        replaced=len(view.replaced),
        warned=tuple(dict.fromkeys(warning.topic for warning in view.warnings)),
        defused=DefusedFigures(sum(call.tokens for call in view.defused)) if view.defused else None,
        shortened=ShortenedFigures(len(view.shortened)) if view.shortened else None,
    )


def replies_of(usage: Usage) -> ReplyFigures:
    """Return the replies that were no whole answers."""
    return ReplyFigures(usage.cut, usage.broken, usage.silent, usage.lost)


def tokens_of(usage: Usage) -> Tokens:
    """Return the tokens of calls."""
    thoughts = None if usage.thoughts_untold and not usage.tokens_thought else usage.tokens_thought
    return Tokens(usage.tokens_in, usage.tokens_out, usage.unmetered, thoughts, usage.tokens_cached)


def unsettled_of(call: CallUnsettled) -> Unsettled:
    """Return a call that was in flight when a process died."""
    return Unsettled(call.purpose, call.agent, call.model, call.usd, call.key)


def _agents(view: RunView) -> dict[str, AgentFigures]:
    found = estimate_gains(view)
    return {
        agent.name: AgentFigures(
            changed=agent.changed,
            rewritten=agent.rewritten,
            seed=prompt_id(agent.seed),
            winner=prompt_id(agent.winner),
            expected_worth=found[agent.name].worth,
            share_of_worth=found[agent.name].share,
            why=reasons(view, agent),
            examples=tuple(one.input for one in new_examples(agent.seed, agent.winner)),
        )
        for agent in view.agents
    }


def holdout_of(holdout: HoldoutResult) -> HoldoutFigures:
    """Return the proof as figures."""
    return HoldoutFigures(
        n=holdout.n,
        wins=holdout.wins,
        losses=holdout.losses,
        ties=holdout.ties,
        undecided=holdout.undecided,
        contradicted=holdout.contradicted,
        p_value=holdout.p_value,
        p_worse=holdout.p_worse,
        interval=holdout.interval,
        needed=holdout.needed,
        groups=holdout.n if holdout.groups is None else holdout.groups,
        look=holdout.look,
        level=holdout.level,
        searched=SearchedFigures(*holdout.searched, holdout.p_searched or 0.0) if holdout.searched else None,
    )


def _proxy(found: ProxyTold) -> ProxyFigures:
    return ProxyFigures(
        asked=found.asked,
        kept=found.kept,
        dropped=found.dropped,
        audited=found.audited,
        runs_saved=found.runs_saved,
        agreed=found.agreed,
        disagreed=found.disagreed,
        interval=found.interval,
        worth_kept=found.worth_kept,
        worth_audited=found.worth_audited,
    )


def _conflict(found: ConflictFound) -> ConflictFigures:
    return ConflictFigures(found.agents, found.alone, found.together, len(found.inputs))


def _influence(found: InfluenceMeasured) -> InfluenceFigures:
    return InfluenceFigures(
        agents={one.agent: effect_of(one.rewritten) for one in found.agents},
        edges=tuple(_edge(one) for one in found.edges),
        hint=found.hint,
    )


def _edge(found: EdgeInfluence) -> EdgeFigures:
    agreement = found.agreement
    lookahead = LookaheadFigures(found.wins, found.losses, found.ties, agreement.agreed, agreement.disagreed)
    return EdgeFigures(found.source, found.reader, lookahead, effect_of(found.withheld))


def effect_of(effect: Effect) -> EffectFigures:
    """Return an effect as figures."""
    share = effect.share if effect.compared else None
    return EffectFigures(effect.compared, effect.differed, share, effect.interval, effect.wins, effect.losses)


def _calls(usage: Mapping[str, Usage], cost: Usage) -> CallFigures:
    families = {"agent": 0, "judge": 0, "proposer": 0, "other": 0}
    for purpose, one in usage.items():
        family = purpose.partition(".")[0]
        families[family if family in families else "other"] += one.calls
    return CallFigures(**families, cached=cost.cached, failed=cost.failed)


def calibration_of(found: Calibration) -> CalibrationFigures:
    """Return a judge's record as figures."""
    return CalibrationFigures(
        pairs=found.pairs,
        known_pairs=_rate_figures(found.known),
        labels=agreement_of(found.labels) if found.labels.rate.n else None,
        human=agreement_of(found.human) if found.human else None,
        first_position=_rate_figures(found.first_position),
        flip=_rate_figures(found.flip),
        tie=_rate_figures(found.tie),
        unreadable=_rate_figures(found.unreadable),
    )


def agreement_of(found: Agreement) -> AgreementFigures:
    """Return how far a judge agrees with labels or a person, as figures."""
    interval = found.kappa_interval if found.kappa is not None else None
    return AgreementFigures(_rate_figures(found.rate), found.kappa, interval)


def _rate_figures(rate: Rate) -> RateFigures:
    return RateFigures(rate.share, rate.count, rate.n, rate.interval)
