"""A contract test for people who write a search, and an oracle that answers its work without any model.

::

    def test_my_search() -> None:
        check_method(my_search, setting, seed_prompts)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from maspo.judges.judge import combined
from maspo.prompts import Prompts
from maspo.search.draw import rank, shuffled
from maspo.search.methods import Method
from maspo.search.setting import Setting
from maspo.search.work import Compare, Draft, Drafts, Propose, Result, Withhold, Work
from maspo.verdict import Comparison, Level, Verdict

Order = Callable[[tuple[Work, ...]], tuple[Work, ...]]
"""In which order, and how much of it, outstanding work is answered."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """Answers work by hash: equal work gets equal answers, whenever and in whatever order it is asked.

    ``verdicts`` are drawn from evenly, so listing one twice makes it twice as likely. One in eight drafts is refused,
    one in eight repeats the parent.
    """

    successors: Mapping[str, tuple[str, ...]]
    seed: int = 0
    verdicts: tuple[Verdict, ...] = (Verdict.WIN, Verdict.WIN, Verdict.LOSS, Verdict.TIE, Verdict.UNDECIDED)

    def answer(self, work: Work) -> Result:
        """Return the result of one piece of work."""
        match work:
            case Propose():
                return self._drafts(work)
            case Compare():
                return self._comparison(work)
            case Withhold():
                glob = self._verdict(work, "global")
                return Comparison(work.input_key, glob, (), glob, same_answer=glob is Verdict.TIE)

    def _drafts(self, work: Propose) -> Drafts:
        parent = work.prompts[work.agent]
        found = []
        for number in range(work.count):
            drawn = rank(self.seed, "draft", work.id, number)
            match drawn % 8:
                case 0:
                    found.append(Draft(f"refused {drawn}", "drawn to be refused"))
                case 1:
                    found.append(Draft(parent))
                case _:
                    found.append(Draft(f"{work.agent} {drawn:x}"))
        return Drafts(tuple(found))

    def _comparison(self, work: Compare) -> Comparison:
        readers = self.successors[work.agent] if Level.LOOKAHEAD in work.levels else ()
        glob = self._verdict(work, "global")
        if work.orders == 2:
            glob = combined(glob, self._verdict(work, "turned"))
        return Comparison(
            work.input_key,
            self._verdict(work, "local") if self.successors[work.agent] else glob,
            tuple((reader, self._verdict(work, reader)) for reader in readers),
            glob,
            same_answer=glob is Verdict.TIE,
        )

    def _verdict(self, work: Work, level: str) -> Verdict:
        return self.verdicts[rank(self.seed, "verdict", work.id, level) % len(self.verdicts)]


def play(method: Method, state: Any, oracle: Oracle, order: Order = lambda work: work) -> Iterator[Any]:
    """Answer a search until it is done; yield every state on the way, the given one first."""
    yield state
    while outstanding := method.ask(state):
        state = method.tell(state, {work.id: oracle.answer(work) for work in order(outstanding)})
        yield state


def final_state(method: Method, state: Any, oracle: Oracle, order: Order = lambda work: work) -> Any:
    """Return the state in which a search ends."""
    for current in play(method, state, oracle, order):
        state = current
    return state


def one_by_one(seed: int) -> Order:
    """Answer one piece of work at a time, drawn at random."""
    return lambda work: (_drawn(work, seed)[0],)


def in_parts(seed: int) -> Order:
    """Answer a random share of the work at a time."""
    return lambda work: _drawn(work, seed)[: 1 + rank(seed, "part", len(work), work[0].id) % len(work)]


def replayed(method: Method, state: Any, journal: Mapping[str, Result]) -> Any:
    """Return where a search stands after the results that a journal holds."""
    while known := {work.id: journal[work.id] for work in method.ask(state) if work.id in journal}:
        state = method.tell(state, known)
    return state


def check_method(method: Method, setting: Setting, seed_prompts: Prompts) -> None:
    """Check the contract of a search: pure, order of arrival irrelevant, replay exact, frozen agents left alone."""
    oracle = Oracle(setting.team.successors, setting.seed)
    first = method.begin(setting, seed_prompts)
    _rule(first == method.begin(setting, seed_prompts), "begin is a function of setting and prompts")
    asked: list[Work] = []
    for state in play(method, first, oracle):
        _rule(method.ask(state) == method.ask(state), "ask is a function of the state")
        asked += method.ask(state)
    end = state
    ids = [work.id for work in asked]
    _rule(len(ids) == len(set(ids)), "no two pieces of work of a run share an id")
    rewritten = {work.agent for work in asked if not isinstance(work, Withhold)}
    _rule(rewritten <= set(setting.team.rewritten), "only agents that may be rewritten are asked for")
    for order in (one_by_one(1), in_parts(2)):
        _rule(final_state(method, first, oracle, order) == end, "the order of arrival changes nothing")
    journal = {work.id: oracle.answer(work) for work in asked}
    for stop in range(0, len(ids), 1 + len(ids) // 10):
        known = replayed(method, first, {name: journal[name] for name in ids[:stop]})
        _rule(final_state(method, known, oracle) == end, "a replayed journal goes on as if nothing had happened")


def _drawn(work: tuple[Work, ...], seed: int) -> tuple[Work, ...]:
    by_id = {item.id: item for item in work}
    return tuple(by_id[name] for name in shuffled(by_id, seed, len(work)))


def _rule(kept: bool, rule: str) -> None:
    if not kept:
        raise AssertionError(rule)
