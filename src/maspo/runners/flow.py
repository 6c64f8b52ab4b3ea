"""One run of a team, as a generator: it asks for calls and conditions, is sent the answers, and returns the answer.

Pure: whoever drives it asks models (``maspo.runners.prompt_graph``), or plays a simulation of them (``maspo.world``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from maspo.runners.conditions import entries
from maspo.runners.messages import NO_OUTPUT
from maspo.team import System
from maspo.team.flow import Condition, Part


@dataclass(frozen=True, slots=True, eq=False)
class FinishedCall:
    """A call that was made: its place among all of the run, and what came of it."""

    agent: str
    place: int
    output: str


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A call to be made: what the agent reads by whom, in the order of its ``reads``, and its entry of a list."""

    agent: str
    nth: int
    reads: Mapping[str, tuple[FinishedCall, ...]]
    """The newest calls of each agent that it reads and that was called; none of a source that is withheld."""
    withheld: str = ""
    item: str = ""

    @property
    def read_places(self) -> tuple[int, ...]:
        """The places of the calls that it reads, without those of a source that is withheld."""
        return tuple(call.place for source, calls in self.reads.items() if source != self.withheld for call in calls)

    @property
    def shown(self) -> dict[str, str]:
        """What it reads, in words."""
        found = {source: "\n\n".join(call.output for call in calls) for source, calls in self.reads.items()}
        return {source: text if source != self.withheld else NO_OUTPUT for source, text in found.items()}


@dataclass(frozen=True, slots=True)
class Question:
    """A condition to be looked at."""

    condition: Condition
    text: str


Wanted: TypeAlias = Turn | Question
Answer: TypeAlias = str | bool
"""What a call wrote, or whether a condition holds."""
T = TypeVar("T")
Asking: TypeAlias = Generator[list[Wanted], Sequence[Answer], T]


class Rollout:
    """One run under way; ``cut`` is an edge (source, reader) that carries nothing."""

    def __init__(self, system: System, cut: tuple[str, str] = ("", "")) -> None:
        self._system = system
        self._cut = cut
        self._newest: dict[str, tuple[FinishedCall, ...]] = {}
        self._made = 0
        """Calls so far; they are numbered in an order that hangs on no clock."""
        self._often: Counter[str] = Counter()

    def run(self) -> Asking[str | None]:
        """Run the team; return its answer, or None when nobody was called whose output is one."""
        for level in self._system.flow.levels:
            yield from _side_by_side([self._part(part) for part in level])
        system = self._system
        answering = [name for name, agent in system.by_name.items() if name == system.output or agent.answers]
        last = [calls[-1] for name in answering if (calls := self._newest.get(name))]
        return max(last, key=lambda call: call.place).output if last else None

    def _part(self, part: Part) -> Asking[None]:
        for _ in range(part.rounds):
            for layer in part.layers:
                yield from _side_by_side([self._agent(name) for name in layer])
            if part.until is not None and (yield from self._holds(part.until)):
                return

    def _agent(self, name: str) -> Asking[None]:
        agent, fresh = self._system.by_name[name], self._system.flow.fresh[name]
        # Looked at before anything is asked: whoever goes side by side with it reads nothing that it writes now.
        reads = {source: self._newest[source] for source in agent.reads if source in self._newest}
        if fresh and not any(source in reads for source in fresh):
            return
        if agent.when is not None and not (yield from self._holds(agent.when)):
            return
        items = [""]
        if agent.each is not None:
            listed = "\n\n".join(call.output for call in reads.get(agent.each.agent, ()))
            items = entries(listed, agent.each.path)[: agent.each.most]
        source = self._cut[0] if self._cut[1] == name else ""
        if source in reads:
            items = [NO_OUTPUT if agent.each and agent.each.agent == source else item for item in items]
        turns: list[Wanted] = []
        for item in items:
            turns.append(Turn(name, self._often[name], reads, source, item))
            self._often[name] += 1
        outputs = yield turns
        made = []
        for output in outputs:
            made.append(FinishedCall(name, self._made, str(output)))
            self._made += 1
        self._newest[name] = tuple(made)

    def _holds(self, condition: Condition) -> Asking[bool]:
        if (written := self._newest.get(condition.agent)) is None:
            return False
        (holds,) = yield [Question(condition, "\n\n".join(call.output for call in written))]
        return bool(holds)


def _side_by_side(parts: Iterable[Asking[None]]) -> Asking[None]:
    """Ask what several parts ask, together, until all of them have ended."""
    going: list[tuple[Asking[None], list[Wanted]]] = []
    for part in parts:
        asked = _advanced(part, None)
        if asked is not None:
            going.append((part, asked))
    while going:
        answers = yield [wanted for _, asked in going for wanted in asked]
        still, start = [], 0
        for part, asked in going:
            more = _advanced(part, answers[start : start + len(asked)])
            start += len(asked)
            if more is not None:
                still.append((part, more))
        going = still


def _advanced(part: Asking[None], answers: Sequence[Answer] | None) -> list[Wanted] | None:
    """Return what a part asks next; None at its end."""
    try:
        return next(part) if answers is None else part.send(answers)
    except StopIteration:
        return None
