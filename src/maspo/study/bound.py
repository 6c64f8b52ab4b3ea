"""What a run costs at most, before anything is paid: its calls, and from them tokens and money.

The bound of the calls is the same generator, driven with the answers that make it ask for the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.models.prices import PriceBook
from maspo.optimizers.base import (
    CallCount,
    Compare,
    Draft,
    Drafts,
    InRounds,
    Optimizer,
    Problem,
    Propose,
    Request,
    RequestPrice,
    Result,
    Rollout,
    Scored,
    ScoreOutput,
    rounds_begun,
)
from maspo.runners.messages import MessageBuilder
from maspo.study.job import Estimate, Job

_CHARACTERS_PER_TOKEN = 4
"""The rule of thumb for English; texts of other languages have more tokens."""
_REPLY_TOKENS = 300
"""Assumed length of an agent's output and of a draft: a few paragraphs."""
_VERDICT_TOKENS = 120
"""Assumed length of a judge's reply: its reasons in a few sentences, and a tag."""
_FRAME_TOKENS = 350
"""About what our own judge and proposer prompts hold besides the texts they show."""
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


def bound_of(optimizer: Optimizer, problem: Problem, holdout: Collection[str], planned: int | None) -> Bound:
    """Return the upper bounds of a run's calls, the hold-out test included."""
    if planned is None or not isinstance(optimizer, InRounds):
        count = _Dearest(problem)
        count.drive(optimizer)
        count.add_holdout({name: f"{text}\n" for name, text in problem.seed_prompts.items()}, holdout)
        total = count.calls.total
        return _bound([count], total if planned is None else min(planned, total), total)
    # All that can exceed the plan is one round at its dearest, and the hold-out test beyond what is reserved for it.
    test = _Dearest(problem)
    test.add_holdout({name: f"{text}\n" for name, text in problem.seed_prompts.items()}, holdout)
    rounds = [_Dearest(replace(problem, reserve=0), lost) for lost in optimizer.dearest_outcomes()]
    for count in rounds:
        count.drive(optimizer.largest_round(), rounds=1)
    dearest = max(rounds, key=lambda count: count.calls.total)
    within_plan = dearest.calls.total + max(0, planned - problem.reserve)
    most = test.calls.total + min(within_plan, optimizer.rounds() * dearest.calls.total)
    return _bound([test, *[dearest] * optimizer.rounds()], min(planned, most), most)


@dataclass(slots=True)
class _Dearest:
    """Answers requests so that as much as possible is asked for, and counts what they take."""

    problem: Problem
    lost: frozenset[str] = frozenset()
    """The purposes of comparisons that are lost; all others are won."""
    calls: CallCount = field(init=False)
    texts_shown: int = 0
    drafts: int = 1

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
                ask = search.send(tuple(map(self.answer, ask.requests)))
        except StopIteration:
            return

    def answer(self, request: Request) -> Result:
        """Count what a request takes at most, and return the answer that makes the search ask for the most."""
        self.calls.add(request.price(self.problem))
        if isinstance(request, Propose):
            # A case shows what its agent, a reader and the team wrote; each text stands beside its input or another.
            self.texts_shown += (len(request.inputs) + 3 * len(request.cases)) * 2
            self.drafts = max(self.drafts, request.count)
            parent = request.prompts[request.agent]
            return Drafts(tuple(Draft(f"{parent}\n{request.id} {number}.") for number in range(request.count)))
        if isinstance(request, ScoreOutput):
            return Scored(request.input_key, 1.0)
        if not isinstance(request, Compare):
            return Comparison(request.input_key, Verdict.LOSS, (), Verdict.LOSS)
        for other in range(request.substitutes):
            changes = {request.agent: f"{request.candidate} {other}"}
            self.calls.add(replace(request, changes=changes).price(self.problem))
        verdict = Verdict.LOSS if request.purpose in self.lost else Verdict.WIN
        readers = self.problem.team.successors[request.agent]
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
    """Calls of one kind: whose model answers them, how many there are at most, and the tokens of one."""

    model: str
    calls: int
    tokens_in: int
    tokens_out: int


def estimate(job: Job, bound: Bound, prices: PriceBook, sizes: tuple[int, int], notes: Sequence[str]) -> Estimate:
    """Return what a bound of calls comes to in tokens and money, under stated lengths.

    ``sizes`` are how many inputs are searched on and held out; ``notes`` are remarks made before.
    """
    models, focus, most = job.config.models, job.config.focus, bound.most
    texts = MessageBuilder(job.system, job.inputs.columns)
    lengths = [len(texts.input_text(row)) for row in job.inputs.rows]
    shown = sum(lengths) // len(lengths) // _CHARACTERS_PER_TOKEN  # tokens of an input, on average
    lines = [
        _CallKind(
            agent.model or models.agent,
            bound.agent.get(agent.name, 0),
            len(agent.prompt) // _CHARACTERS_PER_TOKEN + shown + len(agent.reads) * _REPLY_TOKENS,
            _REPLY_TOKENS,
        )
        for agent in job.system.agents
    ]
    compared = _FRAME_TOKENS + shown + 2 * _REPLY_TOKENS
    rewritten = _FRAME_TOKENS + shown + bound.texts_shown * _REPLY_TOKENS
    lines.append(_CallKind(models.for_judge(), bound.judge, compared, _VERDICT_TOKENS))
    lines.append(_CallKind(models.for_proposer(), bound.proposer, rewritten, bound.drafts * _REPLY_TOKENS))
    found = {line.model: prices.price(line.model) for line in lines}
    known = {model: price for model, price in found.items() if price is not None}
    unpriced = tuple(sorted(found.keys() - known.keys()))
    usd = (
        None if unpriced else _dearest(lines, most, lambda line: known[line.model].of(line.tokens_in, line.tokens_out))
    )
    more = [f"only {', '.join(focus)} {'is' if len(focus) == 1 else 'are'} rewritten (--focus)"] if focus else []
    if sizes[1] < _ENOUGH_HELD_OUT:
        more.append(
            f"only {sizes[1]} hold-out inputs: small gains cannot be proven; {_ENOUGH_HELD_OUT} or more are better"
        )
    return Estimate(
        calls={"agent": min(sum(bound.agent.values()), most), "judge": bound.judge, "proposer": bound.proposer},
        most=most,
        planned=bound.planned,
        tokens_in=int(_dearest(lines, most, lambda line: line.tokens_in)),
        tokens_out=int(_dearest(lines, most, lambda line: line.tokens_out)),
        usd=usd,
        unpriced=unpriced,
        search_inputs=sizes[0],
        holdout_inputs=sizes[1],
        notes=(*notes, *more),
    )


def _dearest(lines: Sequence[_CallKind], most: int, cost: Callable[[_CallKind], float]) -> float:
    """Return what ``most`` calls come to when as many of them as possible are of the dearest kinds."""
    total, left = 0.0, most
    for line in sorted(lines, key=cost, reverse=True):
        calls = min(line.calls, left)
        total, left = total + calls * cost(line), left - calls
    return total
