"""A contract test for people who write an optimizer, and an oracle that answers its requests without any model.

::

    def test_my_optimizer() -> None:
        check_optimizer(MyOptimizer(MyOptimizer.Config()), problem)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import islice, zip_longest
from typing import Protocol

from maspo.core.prompts import Prompts
from maspo.core.seeded import rank
from maspo.core.spoilt import parted
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.events import Event
from maspo.judges.base import combined
from maspo.optimizers.base import (
    EXAMPLES,
    AblateEdge,
    Answered,
    Ask,
    AskModel,
    Calibrate,
    Calibrated,
    Compare,
    Draft,
    Drafts,
    Endure,
    Observe,
    Observed,
    Optimizer,
    Problem,
    Propose,
    Request,
    Result,
    Results,
    Scored,
    ScoreOutput,
    Vet,
)
from maspo.team.graph import Team
from maspo.testing.rules import rule

_MOST_ASKS = 10_000
"""A search that asks more often than this is taken to have no end; ours ask some hundred times."""
_REPLAYS = 10
"""Places at which the contract test stops a search and goes on from the record."""


class Answers(Protocol):
    """What answers the requests of a search."""

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        ...


@dataclass(frozen=True, slots=True)
class Oracle:
    """Answers requests by hash, in the forms that a study answers in: equal requests get equal answers, whenever asked.

    ``verdicts`` are drawn from evenly, so listing one twice makes it twice as likely. One in eight drafts is refused,
    one in eight repeats the parent. A model that is asked a text answers with the request's ``example``, one time in
    eight with something else. Of ``failures`` requests one fails for good; none when it is 0.
    """

    team: Team
    seed: int = 0
    verdicts: tuple[Verdict, ...] = (Verdict.WIN, Verdict.WIN, Verdict.LOSS, Verdict.TIE, Verdict.UNDECIDED)
    failures: int = 0

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        failed = self.failures > 0 and rank(self.seed, "failure", request.id) % self.failures == 0
        match request:
            case Propose():
                return Drafts(() if failed else tuple(self._drafts(request)))
            case AskModel():
                if failed:
                    return Answered("", "drawn to fail")
                return Answered(
                    request.example if self._drawn("answer", request, 8) else f"Nothing of use: {request.id}."
                )
            case Vet():
                return Drafts(tuple(map(self._vetted, request.texts)))
            case Compare():
                if not failed:
                    return self._comparison(request)
                lost = Verdict.UNDECIDED
                readers = tuple((reader, lost) for reader in self.team.readers(request.agent))
                return Comparison(request.input_key, lost, readers, lost, failed=True)
            case AblateEdge() | Endure():
                glob = Verdict.UNDECIDED if failed else self._both_orders(request)
                return Comparison(request.input_key, glob, (), glob, glob is Verdict.TIE, failed)
            case ScoreOutput():
                return Scored(request.input_key, None if failed else self._drawn("score", request, 101) / 100)
            case Observe():
                return Observed(request.input_key, () if failed else self._called(request))
            case Calibrate():
                return Calibrated(() if failed else (Verdict.WIN,) * len(request.inputs))

    def _called(self, request: Observe) -> tuple[str, ...]:
        sometimes = self.team.sometimes
        return tuple(name for name in self.team.order if name not in sometimes or self._drawn(name, request, 4) == 0)

    def _drafts(self, request: Propose) -> Iterator[Draft]:
        for number in range(request.count):
            drawn = rank(self.seed, "draft", request.id, number)
            match drawn % 8:
                case 0:
                    yield Draft(f"refused {drawn}", "drawn to be refused")
                case 1:
                    yield Draft(request.prompts[request.agent])
                case _:
                    yield Draft(f"{request.agent} {drawn:x}")

    def _vetted(self, text: str) -> Draft:
        return Draft(text, "drawn to be refused" if rank(self.seed, "vet", text) % 8 == 0 else "")

    def _comparison(self, request: Compare) -> Comparison:
        glob = self._both_orders(request) if request.orders == 2 else self._verdict(request, "global")
        same = glob is Verdict.TIE
        if request.agent == self.team.output:
            return Comparison(request.input_key, glob, (), glob, same)
        # A level that is not asked for is undecided, as in a study.
        asked = (Level.GLOBAL,) if request.when_differing and same else request.levels
        readers = self.team.readers(request.agent) if Level.LOOKAHEAD in asked else ()
        local = self._verdict(request, "local") if Level.LOCAL in asked else Verdict.UNDECIDED
        lookahead = tuple((reader, self._verdict(request, reader)) for reader in readers)
        return Comparison(request.input_key, local, lookahead, glob, same)

    def _both_orders(self, request: Request) -> Verdict:
        return combined(self._verdict(request, "global"), self._verdict(request, "turned"))

    def _verdict(self, request: Request, level: str) -> Verdict:
        return self.verdicts[self._drawn(f"verdict {level}", request, len(self.verdicts))]

    def _drawn(self, what: str, request: Request, below: int) -> int:
        return rank(self.seed, what, request.id) % below


def play(optimizer: Optimizer, problem: Problem, answers: Answers, recorded: Sequence[Results] = ()) -> Iterator[Ask]:
    """Answer a search until it ends; yield every ``Ask``, the last one, without requests, at its end.

    The first ones get the results that are ``recorded``, one item for each ``Ask``, as when a run is resumed.
    """
    search, before = optimizer.search(problem), iter(recorded)
    try:
        ask = next(search)
        while True:
            yield ask
            known = next(before, None)
            if known is None:
                known = tuple(answers.answer(request) for request in ask.requests)
            ask = search.send(known)
    except StopIteration as stop:
        last: Ask = stop.value
        yield last


@dataclass(frozen=True, slots=True)
class Played:
    """A whole search: every ``Ask`` of it, the last one at its end."""

    asks: tuple[Ask, ...]

    @property
    def end(self) -> Ask:
        """Where it ended."""
        return self.asks[-1]

    @property
    def requests(self) -> tuple[Request, ...]:
        """All that was asked for."""
        return tuple(request for ask in self.asks for request in ask.requests)

    @property
    def events(self) -> tuple[Event, ...]:
        """All that it told."""
        return tuple(event for ask in self.asks for event in ask.events)


def played(optimizer: Optimizer, problem: Problem, answers: Answers, recorded: Sequence[Results] = ()) -> Played:
    """Return a whole search, answered until it ends; see ``play``."""
    return Played(tuple(play(optimizer, problem, answers, recorded)))


# ── the contract ─────────────────────────────────────────────────────────────────────────────────────────────────────


def check_optimizer(optimizer: Optimizer, problem: Problem) -> None:
    """Check the contract of an optimizer on a problem, with mixed verdicts, with wins alone, and when much fails.

    A search asks for what can be done, for agents that may be rewritten and on the inputs of the problem alone; ids are
    unique in it; it ends; and it is a function of problem and results, so that it goes on from any part of a record.

    Raises:
        AssertionError: a rule is broken; says which.

    """
    mixed = Oracle(problem.team, problem.seed)
    for oracle in (mixed, replace(mixed, verdicts=(Verdict.WIN,)), replace(mixed, failures=2)):
        _check_replays(optimizer, problem, oracle, _checked(optimizer, problem, oracle))


def _checked(optimizer: Optimizer, problem: Problem, oracle: Oracle) -> Played:
    """Return a whole search that keeps the rules of what may be asked, and changes nothing that it got or gave."""
    given, asks, seen = deepcopy(problem), list[Ask](), list[Ask]()
    noting = _Noting(oracle, {*problem.seed_prompts.values(), *problem.carried.values()})
    for ask in islice(play(optimizer, problem, noting), _MOST_ASKS):
        _check_prompts(ask.prompts, problem)
        noting.check_used(ask.prompts)
        for request in (*ask.requests, *ask.ahead):
            _check_request(request, problem)
            if isinstance(request, Compare):
                noting.check_used(request.changes)
        asks.append(ask)
        seen.append(deepcopy(ask))
    ids = [request.id for ask in asks for request in ask.requests]
    rule(len(ids) == len(set(ids)), "no two requests of a search share an id")
    rule(not asks[-1].requests, f"a search ends, without requests, and asks no more than {_MOST_ASKS:,} times")
    rule(all(ask.requests for ask in asks[:-1]), "an Ask without requests is only the end: it is returned, not yielded")
    begun = {one.id: one for ask in asks for one in ask.ahead}
    collected = all(begun.get(one.id) == one for ask in asks if ask.begun for one in ask.requests)
    rule(collected, "an Ask that waits for what was begun ahead asks for that, as it stood there")
    rule(problem == given, "a search does not change the problem that it is given")
    rule(asks == seen, "a search does not change prompts, requests or events that it has handed out")
    return Played(tuple(asks))


@dataclass(slots=True)
class _Noting:
    """Passes on what an oracle answers, and notes which texts may be prompts."""

    inner: Oracle
    usable: set[str]
    asked: bool = field(default=False, init=False)
    """Whether a model was asked a text of the search's own."""

    def answer(self, request: Request) -> Result:
        """Return the result of one request."""
        result = self.inner.answer(request)
        self.asked = self.asked or isinstance(request, AskModel)
        if isinstance(result, Drafts):
            self.usable |= {draft.text for draft in result.drafts if not draft.rejected}
        return result

    def check_used(self, prompts: Prompts) -> None:
        """Check that nothing of an answer is used as a prompt that might break a rule."""
        known = not self.asked or all(text in self.usable for text in prompts.values())
        rule(known, "a search that asks a model in its own words uses as prompts only texts that Vet did not refuse")


def _check_prompts(prompts: Prompts, problem: Problem) -> None:
    team = problem.team
    rule(prompts.keys() == team.everyone, "joint prompts hold one prompt for every agent")
    frozen = team.everyone.difference(team.rewritten)
    kept = all(prompts[name] == problem.seed_prompts[name] for name in frozen)
    rule(kept, "agents that may not be rewritten keep their prompts")


def _check_request(request: Request, problem: Problem) -> None:
    """Check that what is asked for can be done, and leaves alone whom it has to."""
    match request:
        case Propose():
            keys = {*request.inputs, *(case.input_key for case in request.cases)}
            keys |= {one.input_key for one in request.outcomes}
            allowed = request.purpose != EXAMPLES or bool(problem.examples)
            rule(allowed, "worked examples are asked for only where the problem allows them")
            prompts, changed = request.prompts, {request.agent}
        case Compare():
            keys, prompts, changed = {request.input_key}, request.reference, set(request.changes)
            rule(bool(changed), "a comparison changes at least one agent")
        case AblateEdge():
            keys, prompts, changed = {request.input_key}, request.prompts, set[str]()
            readers = problem.team.successors.get(request.source, ())
            rule(request.reader in readers, "only edges of the team are cut")
        case AskModel():
            _check_question(request, problem)
            return
        case Vet():
            keys, prompts, changed = set[str](), request.prompts, {request.agent}
        case Endure():
            keys, prompts, changed = {request.input_key}, request.prompts, set[str]()
            rule(request.fault in problem.faults, "only faults of the problem are met")
        case ScoreOutput() | Observe():
            keys, prompts, changed = {request.input_key}, request.prompts, set[str]()
        case Calibrate():
            keys, prompts, changed = set(request.inputs), request.prompts, set[str]()
    known = set(problem.inputs)
    rule({parted(key, known)[0] for key in keys} <= known, "only inputs of the problem are asked for")
    rule(changed <= set(problem.team.rewritten), "only agents that may be rewritten are changed or proposed for")
    _check_prompts(prompts, problem)


def _check_question(request: AskModel, problem: Problem) -> None:
    """Check that a question shows texts that may be shown, each where its mark stands."""
    rule(bool(request.messages), "a question to a model has a message")
    said = "\n".join(text for _, text in request.messages)
    rule(all(mark and mark in said for mark in request.shown), "each mark of a question stands in one of its messages")
    everyone = problem.team.everyone
    rule(
        {request.agent, *(one.agent for one in request.shown.values())} <= {"", *everyone},
        "only agents are asked about",
    )
    for one in request.shown.values():
        rule(one.input_key in problem.inputs, "only inputs of the problem are asked for")
        _check_prompts(one.prompts, problem)


def _check_replays(optimizer: Optimizer, problem: Problem, oracle: Oracle, search: Played) -> None:
    """Check that a search is a function of problem and results."""
    again = played(optimizer, problem, oracle)
    rule(again == search, "the same results lead to the same requests and events")
    side_by_side = zip_longest(*(play(optimizer, problem, oracle) for _ in range(2)))
    two = all(
        one == other == ask for (one, other), ask in zip_longest(side_by_side, search.asks, fillvalue=(None, None))
    )
    rule(two, "searches of one optimizer do not know of one another")
    record = [tuple(oracle.answer(request) for request in ask.requests) for ask in search.asks[:-1]]
    for stop in range(0, len(record) + 1, 1 + len(record) // _REPLAYS):
        # A record comes from a file, so its results are equal to those that were sent, not the same objects.
        gone_on = played(optimizer, deepcopy(problem), oracle, deepcopy(record[:stop]))
        rule(gone_on == search, "a search that is replayed from a record goes on as if nothing had happened")
