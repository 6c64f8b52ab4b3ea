"""What a run costs at most, before anything is paid: its calls, and from them tokens and money.

The bound of the calls is the same generator, driven with the answers that make it ask for the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from maspo.config import FOUND, Caps, Role
from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import Prompts
from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Verdict
from maspo.data.groups import ALONE
from maspo.models.prices import PriceBook
from maspo.optimizers.base import (
    Answered,
    AskModel,
    BeyondPlan,
    Calibrate,
    Calibrated,
    CallCount,
    Compare,
    Draft,
    Drafts,
    InRounds,
    Observe,
    Observed,
    Optimizer,
    Problem,
    Propose,
    Request,
    RequestPrice,
    Result,
    Rollout,
    Scored,
    ScoreOutput,
    Vet,
    rounds_begun,
)
from maspo.optimizers.race.settings import FEWEST_CALLS
from maspo.runners.messages import MessageBuilder
from maspo.stats.looks import FIRST, Taken
from maspo.stats.paired import fewest_decided
from maspo.stats.shown import write_number
from maspo.study.job import Estimate, ExpectedCost, Job, Split

_CHARACTERS_PER_TOKEN = 4
"""The rule of thumb for English; texts of other languages have more tokens."""
REPLY_TOKENS = 300
"""Assumed length of an agent's output and of a draft: a few paragraphs."""
_VERDICT_TOKENS = 120
"""Assumed length of a judge's reply: its reasons in a few sentences, and a tag."""
FRAME_TOKENS = 350
"""About what our own judge and proposer prompts hold besides the texts they show."""
_JUDGED, _PROPOSED = 0.16, 0.02
"""Shares of the calls of a whole run that go to judge and proposer: 12 to 22 % and 2 % in runs of ``maspo demo`` with
teams of two to five agents."""
_CALL_SECONDS = 3.0
"""Assumed time of a call: some hundred tokens at the pace of a hosted model."""
_ENOUGH_HELD_OUT = 20
"""Hold-out inputs that a note does not warn of; the fewest that a planned run holds out (``study.resolve``)."""


_MOST_ASKS = 50_000
"""How often a search may ask for more before it counts as endless: Algorithm 1 asks 9,000 times for 300 agents."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Upper bounds of the calls of a run: of each purpose alone, and of all together.

    ``most`` may be far less than the sum of the others: a race that asks for all it can of one purpose ends sooner.
    """

    agent: dict[str, int]
    judge: int
    proposer: int
    texts_shown: int
    """Outputs shown in one proposer call, on average."""
    drafts: int
    """Drafts asked for in one proposer call, at most."""
    planned: int
    """The calls that the run is planned for; without such a plan the same as ``most``."""
    most: int
    beyond: int = 0
    """The calls that are expected on top of the plan."""

    @property
    def expected(self) -> int:
        """The calls that are expected in all."""
        return min(self.planned + self.beyond, self.most)

    def with_more(self, agents: Mapping[str, int], judge: int = 0) -> Bound:
        """Return a bound with further calls of agents, by name, and of the judge, which no plan counts."""
        held = {name: self.agent.get(name, 0) + agents.get(name, 0) for name in (*self.agent, *agents)}
        most = self.most + sum(agents.values()) + judge
        return replace(self, agent=held, judge=self.judge + judge, most=most)

    def with_more_planned(self, agents: Mapping[str, int], judge: int = 0) -> Bound:
        """Return a bound with further calls that belong to the plan: of a run without one they are planned as well."""
        found = self.with_more(agents, judge)
        return replace(found, planned=found.most) if self.planned == self.most else found


def bound_of(optimizer: Optimizer, problem: Problem, holdout: Collection[str], planned: int | None) -> Bound:
    """Return the upper bounds of a run's calls, the hold-out test included."""
    if planned is None or not isinstance(optimizer, InRounds):
        count = _Dearest(problem)
        count.drive(optimizer)
        count.add_holdout({name: f"{text}\n" for name, text in problem.seed_prompts.items()}, holdout)
        total = count.calls.total
        return _bound([count], total if planned is None else min(planned, total), total)
    # What can exceed the plan is one round at its dearest, the hold-out test beyond what is reserved for it, and what
    # the plan does not count.
    test = _Dearest(problem)
    test.add_holdout({name: f"{text}\n" for name, text in problem.seed_prompts.items()}, holdout)
    rounds = [_Dearest(replace(problem, reserve=0), lost) for lost in optimizer.dearest_outcomes()]
    for count in rounds:
        count.drive(optimizer.largest_round(), rounds=1)
    dearest = max(rounds, key=lambda count: count.calls.total)
    within_plan = dearest.calls.total + max(0, planned - problem.reserve)
    beyond = optimizer if isinstance(optimizer, BeyondPlan) else None
    most = test.calls.total + min(within_plan, optimizer.rounds() * dearest.calls.total)
    most += beyond.calls_beyond_plan(problem) if beyond else 0
    bound = _bound([test, *[dearest] * optimizer.rounds()], min(planned, most), most)
    return replace(bound, beyond=beyond.calls_expected_beyond_plan(problem)) if beyond else bound


def cap_for_first_round(optimizer: Optimizer, problem: Problem) -> int:
    """Return about which cap in calls lets the first round of a search end, and its test follow; 0 without rounds."""
    first = calls_of_first_round(optimizer, problem)
    return first + min(first, problem.reserve)


def calls_of_first_round(optimizer: Optimizer, problem: Problem) -> int:
    """Return the most calls that the first round of a search takes, by the outcomes it is usual with; 0 without any."""
    if not isinstance(optimizer, InRounds):
        return 0
    rounds = [_Dearest(replace(problem, reserve=0), lost) for lost in optimizer.dearest_outcomes()]
    for count in rounds:
        count.drive(optimizer, rounds=1)
    return min(count.calls.total for count in rounds)


def remarks_on_first_round(optimizer: Optimizer, problem: Problem, cap: int | None, expected: int) -> list[str]:
    """Return that a cap in calls may let no round of the search end, or leave its test little, and which would do.

    Nothing is kept for the test before there is something to test; then it gets half of the cap at most.
    """
    if cap is None or cap >= expected or not isinstance(optimizer, InRounds):
        return []
    first = calls_of_first_round(optimizer, problem)
    least = cap_for_first_round(optimizer, problem)
    if cap >= least:
        return []
    return [
        f"--max-calls {cap:,}: with this plan the first round of the search takes about {first:,} calls and may not "
        f"end, and then nothing is found, or leave its test little; with about {least:,} or more it ends and is "
        "tested. A smaller plan begins with smaller rounds"
    ]


@dataclass(slots=True)
class _Dearest:
    """Answers requests so that as much as possible is asked for, and counts what they take."""

    problem: Problem
    lost: frozenset[str] = frozenset()
    """The purposes of comparisons that are lost; all others are won."""
    calls: CallCount = field(init=False)
    texts_shown: int = 0
    drafts: int = 1
    begun: dict[str, Result] = field(default_factory=dict)
    """Answers to what was begun ahead and is not asked for yet: it is counted once."""

    def __post_init__(self) -> None:
        self.calls = CallCount(self.problem)

    def drive(self, optimizer: Optimizer, rounds: int | None = None) -> None:
        """Play a search to its end, or until it has ended so many rounds."""
        search, asks = optimizer.search(self.problem), 0
        try:
            ask = next(search)
            while rounds is None or rounds_begun(ask) <= rounds:
                asks += 1
                if asks > _MOST_ASKS:
                    raise ConfigInvalid(
                        f"search.method: {type(optimizer).__name__} goes on asking for as long as every comparison "
                        f"is won, after {_MOST_ASKS:,} times still, so that no bound of its calls can be stated; let "
                        "it end after a number of rounds that its settings give"
                    )
                self.begun |= {one.id: self.answer(one) for one in ask.ahead}
                ask = search.send(tuple(map(self.answer_once, ask.requests)))
        except StopIteration:
            return

    def answer_once(self, request: Request) -> Result:
        """Return the answer to what is asked for; what was begun ahead has been counted."""
        return self.begun.pop(request.id) if request.id in self.begun else self.answer(request)

    def answer(self, request: Request) -> Result:
        """Count what a request takes at most, and return the answer that makes the search ask for the most."""
        self.calls.add(request.price(self.problem))
        if isinstance(request, Propose):
            # A case shows what its agent, a reader and the team wrote; each text stands beside its input or another.
            self.texts_shown += (len(request.inputs) + 3 * len(request.cases)) * 2
            self.drafts = max(self.drafts, request.count)
            return Drafts(tuple(Draft(f"{request.parent}\n{request.id} {number}.") for number in range(request.count)))
        if isinstance(request, AskModel):
            words = sum(len(text) for _, text in request.messages)
            self.texts_shown += len(request.shown) + words // (REPLY_TOKENS * _CHARACTERS_PER_TOKEN)
            return Answered(request.example)
        if isinstance(request, Vet):
            return Drafts(tuple(map(Draft, request.texts)))
        if isinstance(request, ScoreOutput):
            return Scored(request.input_key, 1.0)
        if isinstance(request, Observe):
            return Observed(request.input_key, self.problem.team.order)
        if isinstance(request, Calibrate):
            return Calibrated((Verdict.WIN,) * len(request.inputs))
        if not isinstance(request, Compare):
            return Comparison(request.input_key, Verdict.LOSS, (), Verdict.LOSS)
        for other in range(request.substitutes):
            changes = {request.agent: f"{request.candidate} {other}"}
            self.calls.add(replace(request, changes=changes).price(self.problem))
        verdict = Verdict.LOSS if request.purpose in self.lost else Verdict.WIN
        readers = self.problem.team.readers(request.agent)
        return Comparison(request.input_key, verdict, tuple((reader, verdict) for reader in readers), verdict)

    def add_holdout(self, winners: Prompts, keys: Collection[str]) -> None:
        """Count the hold-out test: both systems on every input, judged in both orders."""
        everyone = self.problem.team.everyone
        for key in keys:
            rollouts = tuple(Rollout(prompts, key, everyone) for prompts in (self.problem.seed_prompts, winners))
            self.calls.add(RequestPrice(rollouts, judge=0 if key in self.problem.labelled else 2))


def _bound(counts: Sequence[_Dearest], planned: int, most: int) -> Bound:
    agents: Counter[str] = sum((Counter(count.calls.agents) for count in counts), Counter())
    proposer = sum(count.calls.proposer for count in counts)
    return Bound(
        agent={name: min(calls, most) for name, calls in agents.items()},
        judge=min(sum(count.calls.judge for count in counts), most),
        proposer=min(proposer, most),
        texts_shown=sum(count.texts_shown for count in counts) // max(proposer, 1),
        drafts=max(count.drafts for count in counts),
        planned=planned,
        most=most,
    )


# ── tokens and money ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _CallKind:
    """Calls of one kind: whose they are, whose model answers, how many there are at most, and the tokens of one."""

    role: Role
    model: str
    endpoint: str
    """The role whose own endpoint answers; empty for that of all."""
    calls: int
    tokens_in: int
    tokens_out: int


def estimate(job: Job, bound: Bound, prices: PriceBook, split: Split, notes: Sequence[str]) -> Estimate:
    """Return what a bound of calls comes to in tokens and money, under stated lengths.

    ``notes`` are remarks made before.
    """
    focus, most = job.config.named_in_focus, bound.most
    lines = _lines(job, bound)
    known, unpriced = _costs(lines, prices)
    usd = None if unpriced else _dearest(lines, most, lambda line: known[line])
    more = [f"only {', '.join(focus)} {'is' if len(focus) == 1 else 'are'} rewritten (--focus)"] if focus else []
    if job.config.focus == FOUND:
        more.append(
            "--focus auto: planned as if all agents stayed in focus; with each that is left out, its part of the calls "
            "that are left to the search is not made. In teams of up to five agents all stay (search.blocks)"
        )
    more += remarks_on_groups(split, job.config.holdout.group_by)
    expected = _expected(lines, bound, None if unpriced else known) if bound.planned < most else None
    more += _remarks_on_caps(job.config.caps, bound, expected)
    return Estimate(
        calls={"agent": min(sum(bound.agent.values()), most), "judge": bound.judge, "proposer": bound.proposer},
        most=most,
        planned=bound.planned,
        beyond=bound.expected - bound.planned,
        tokens_in=int(_dearest(lines, most, lambda line: line.tokens_in)),
        tokens_out=int(_dearest(lines, most, lambda line: line.tokens_out)),
        usd=usd,
        unpriced=tuple(sorted(unpriced)),
        search_inputs=len(split.search),
        holdout_inputs=len(split.holdout),
        holdout_groups=split.holdout_groups,
        notes=(*notes, *more),
        expected=expected,
    )


def expected_costs(job: Job, bound: Bound, prices: PriceBook) -> Mapping[Role, float] | None:
    """Return what a call of a bound costs on average, in USD, as the parts of agents, judge and proposer.

    A bound that is a count has its own mix of calls; where it is more than its calls, as of a race, whose rounds are
    bounded one by one, the mix is that of whole runs. None where a price is unknown.
    """
    lines = _lines(job, bound)
    costs, unpriced = _costs(lines, prices)
    if unpriced:
        return None
    counted = sum(line.calls for line in lines)
    shares = [line.calls / counted for line in lines] if 0 < counted <= bound.most else _usual_mix(lines)
    found: dict[Role, float] = {"agent": 0.0, "judge": 0.0, "proposer": 0.0}
    for line, share in zip(lines, shares, strict=True):
        found[line.role] += share * costs[line]
    return found


def _lines(job: Job, bound: Bound) -> list[_CallKind]:
    """Return the calls of a bound by kind: those of each agent, then the judge's and the proposer's."""
    models = job.config.models
    agents, judge, proposer = models.of_agents(), models.of_judge(), models.of_proposer()
    texts = MessageBuilder(job.system, job.inputs.columns)
    lengths = [len(texts.input_text(row)) for row in job.inputs.rows]
    shown = sum(lengths) // len(lengths) // _CHARACTERS_PER_TOKEN  # tokens of an input, on average
    lines = [
        _CallKind(
            "agent",
            agent.model or agents.model,
            agents.endpoint,
            bound.agent.get(agent.name, 0),
            len(agent.prompt) // _CHARACTERS_PER_TOKEN + shown + len(agent.reads) * REPLY_TOKENS,
            REPLY_TOKENS,
        )
        for agent in job.system.agents
    ]
    compared = FRAME_TOKENS + shown + 2 * REPLY_TOKENS + len(job.config.judge.rubric) // _CHARACTERS_PER_TOKEN
    rewritten = FRAME_TOKENS + shown + bound.texts_shown * REPLY_TOKENS
    drafted = bound.drafts * REPLY_TOKENS
    lines.append(_CallKind("judge", judge.model, judge.endpoint, bound.judge, compared, _VERDICT_TOKENS))
    lines.append(_CallKind("proposer", proposer.model, proposer.endpoint, bound.proposer, rewritten, drafted))
    return lines


def _costs(lines: Sequence[_CallKind], prices: PriceBook) -> tuple[Mapping[_CallKind, float], set[str]]:
    """Return what a call of each kind costs, in USD, and the models whose price is unknown."""
    found = {line: prices.price(line.model, endpoint=line.endpoint) for line in lines}
    costs = {line: price.of(line.tokens_in, line.tokens_out) for line, price in found.items() if price is not None}
    return costs, {line.model for line, price in found.items() if price is None}


def _usual_mix(lines: Sequence[_CallKind]) -> list[float]:
    """Return the share of each kind in the calls of a whole run; ``lines`` are those of ``_lines``."""
    asked = sum(line.calls for line in lines[:-2]) or 1
    return [*((1 - _JUDGED - _PROPOSED) * line.calls / asked for line in lines[:-2]), _JUDGED, _PROPOSED]


def _expected(lines: Sequence[_CallKind], bound: Bound, costs: Mapping[_CallKind, float] | None) -> ExpectedCost:
    """Return what the expected calls come to."""
    calls = [(line, bound.expected * part) for line, part in zip(lines, _usual_mix(lines), strict=True)]
    usd = None if costs is None else add_up(count * costs[line] for line, count in calls)
    return ExpectedCost(
        tokens_in=round(add_up(count * line.tokens_in for line, count in calls)),
        tokens_out=round(add_up(count * line.tokens_out for line, count in calls)),
        usd=usd,
        seconds=bound.expected * _CALL_SECONDS,
    )


def _remarks_on_caps(caps: Caps, bound: Bound, expected: ExpectedCost | None) -> list[str]:
    """Return what a cap does that is below what a run is expected to take."""
    if expected is None:
        return []
    what = "the search will be cut short, and the final test gets half of the cap at most. Give more"
    notes = []
    wanted = bound.expected
    if caps.calls is not None and caps.calls < wanted:
        less = _or_plan_for(max(caps.calls - bound.beyond, caps.calls // 2))
        notes.append(f"--max-calls {caps.calls:,} is below the {wanted:,} calls expected: {what}{less}")
    if caps.usd is not None and expected.usd is not None and caps.usd < expected.usd:
        paid = int(wanted * caps.usd / expected.usd)
        less = _or_plan_for(max(paid - bound.beyond, paid // 2))
        most = f"--max-usd {caps.usd:g} is below the ${expected.usd:,.2f} that {wanted:,} calls are expected to cost"
        notes.append(f"{most}: {what}{less}")
    return notes


def _or_plan_for(calls: int) -> str:
    """Return the advice to plan for so many calls; empty where no search can be planned for so few."""
    return f", or plan for less (--set search.calls={calls})" if calls >= FEWEST_CALLS else ""


def remarks_on_budget(name: str, calls: int | None, usd: float | None, plan: Estimate) -> list[str]:
    """Return what a budget does that many runs share and that has less left than a run is expected to take.

    ``calls`` and ``usd`` are what it has left, None where it caps neither.
    """
    what = "the search will be cut short, and the final test may get none of it. Give more, or plan for less"
    notes = []
    if calls is not None and calls < plan.about:
        left = f"--budget {name} has {calls:,} calls left, and {plan.about:,} are expected"
        notes.append(f"{left}: {what} (--set search.calls=…)")
    expected = None if plan.expected is None else plan.expected.usd
    if usd is not None and expected is not None and usd < expected:
        notes.append(f"--budget {name} has ${usd:,.2f} left, and the plan is expected to cost ${expected:,.2f}: {what}")
    return notes


def remarks_on_groups(split: Split, group_by: str) -> list[str]:
    """Return what is worth knowing of the independent inputs of a run before anything is paid."""
    keys, held_out, groups = (*split.search, *split.holdout), len(split.holdout), split.holdout_groups
    notes = []
    if (independent := split.groups.count(keys)) < len(keys):
        notes.append(f"{describe_groups(len(keys), independent, group_by)}; each group is on one side of the split")
    what = "1 hold-out input" if held_out == 1 else f"{held_out} hold-out inputs"
    if groups < held_out:
        what = f"{groups} independent groups of hold-out inputs"
    if few := remark_on_few(groups, held_out, what):
        notes.append(f"{few}. Nothing is shipped as likely better (--ship-if better ships what wins more often)")
    elif groups < _ENOUGH_HELD_OUT:
        notes.append(f"only {what}: small gains cannot be proven; {_ENOUGH_HELD_OUT} or more are better")
    return notes


def remark_on_few(groups: int, inputs: int, what: str) -> str:
    """Return that so few independent groups can prove nothing, and what helps; empty where they can."""
    fewest = fewest_decided(FIRST.level)
    if groups >= fewest:
        return ""
    fix = "give more inputs that ask something else"
    if groups < inputs:
        fix += f", or say with --group-by COLUMN (or {ALONE}) which ask the same"
    return f"only {what}: nothing can be proven with fewer than {fewest}, whatever comes out; {fix}"


def remark_on_looks(following: Taken, groups: int) -> str:
    """Return what a hold-out that was looked at before asks of the look that follows; empty where it was not."""
    made, level = following.number - 1, following.level
    if made < 1:
        return ""
    fewest = fewest_decided(level)
    times = "once" if made == 1 else f"{made:,} times"
    said = f"this hold-out was looked at {times}: look {made + 1:,} needs p ≤ {write_number(level)}, "
    said += f"at least {fewest} wins without a loss"
    if groups < fewest:
        inputs = "1 independent input" if groups == 1 else f"{groups} independent inputs"
        return f"{said}, and there are only {inputs}: nothing can be proven; give fresh ones"
    less = write_number(FIRST.level) != write_number(level)
    return f"{said}; on fresh inputs a first look needs less (docs/evidence.md)" if less else said


def describe_groups(inputs: int, groups: int, group_by: str) -> str:
    """Return how many independent groups some inputs are, and by what."""
    why = f"rows with the same {group_by} ask the same" if group_by else "near-copies ask the same"
    return f"{inputs} inputs are {groups} independent groups: {why}"


def _dearest(lines: Sequence[_CallKind], most: int, cost: Callable[[_CallKind], float]) -> float:
    """Return what ``most`` calls come to when as many of them as possible are of the dearest kinds."""
    total, left = 0.0, most
    for line in sorted(lines, key=cost, reverse=True):
        calls = min(line.calls, left)
        total, left = total + calls * cost(line), left - calls
    return total
