"""What a search asks for at most: the same generator, driven with the answers that make it ask for the most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import (
    CallCount,
    Compare,
    Draft,
    Drafts,
    InRounds,
    Optimizer,
    Price,
    Problem,
    Propose,
    Request,
    Result,
    Rollout,
    Score,
    Scored,
    rounds_begun,
)


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
        search = optimizer.search(self.problem)
        try:
            ask = next(search)
            while rounds is None or rounds_begun(ask) <= rounds:
                ask = search.send(tuple(map(self.answer, ask.requests)))
        except StopIteration:
            return

    def answer(self, request: Request) -> Result:
        """Count what a request takes at most, and return the answer that makes the search ask for the most."""
        self.calls.add(request.price(self.problem))
        if isinstance(request, Propose):
            self.texts_shown += (len(request.inputs) + 3 * len(request.cases)) * 2
            self.drafts = max(self.drafts, request.count)
            parent = request.prompts[request.agent]
            return Drafts(tuple(Draft(f"{parent}\n{request.id} {number}.") for number in range(request.count)))
        if isinstance(request, Score):
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
            self.calls.add(Price(rollouts, judge=0 if key in self.problem.labelled else 2))


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
