"""Whether the changes of two agents are in conflict: both together meet either of them alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.seeded import rank
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.optimizers.base import Answers, Asking, Compare, Request
from maspo.stats.paired import sign_test

_PROVEN = 0.1
"""Of either of two tests that both have to hold (the intersection-union test of Berger 1982): where one change is
merely bad, the other alone does better than both, and both do no worse than the bad one. In 40 worlds without
conflicts, 40 with them and 30 with them and a dull judge, levels of 0.07 to 0.15 found and told falsely the same
(docs/design/0040-conflicts-proven.md)."""
_LOOK = 8
"""Inputs after which it is looked at: a pair in no conflict mostly ends with the first or the second."""


class Proves(Protocol):
    """What a proof needs of the search that it is part of."""

    def ask(self, requests: Sequence[Request]) -> Asking[Answers]:
        """Ask for comparisons."""
        ...


@dataclass(frozen=True, slots=True)
class Proof:
    """What was seen so far: by the agent whose change was added to the other's, its comparisons."""

    added: dict[str, list[Comparison]]

    def counts(self) -> list[tuple[int, int]]:
        """Return for either agent on how many inputs its change lost and won beside the other's."""
        verdicts = [[one.glob for one in found] for found in self.added.values()]
        return [(found.count(Verdict.LOSS), found.count(Verdict.WIN)) for found in verdicts]

    @property
    def holds(self) -> bool:
        """Whether both together lose against either alone."""
        return all(sign_test(lost, won) <= _PROVEN for lost, won in self.counts())

    @property
    def is_hopeless(self) -> bool:
        """Whether one of them rather helps beside the other."""
        return any(lost < won for lost, won in self.counts())

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs on which both together lost against either alone; where there are none, against one of them."""
        lost = [{one.input_key for one in found if one.glob is Verdict.LOSS} for found in self.added.values()]
        return tuple(sorted(set.intersection(*lost) or set.union(*lost)))


def prove(
    search: Proves, where: str, anchor: Prompts, changes: Prompts, inputs: Sequence[str], seed: int
) -> Asking[Proof]:
    """Let the changes of two agents together meet either alone, until they are proven to clash, or seem not to."""
    proof = Proof({name: [] for name in changes})
    for begin in range(0, len(inputs), _LOOK):
        asked = [
            Compare(
                id=f"{where}/prove/{prompts_id(changes)}/{name}/{key}",
                reference={**anchor, **{other: text for other, text in changes.items() if other != name}},
                changes={name: text},
                input_key=key,
                candidate_first=rank(seed, "prove", name, key) % 2 == 0,
                levels=(Level.GLOBAL,),
                orders=2,
                when_differing=True,
                purpose="prove",
            )
            for name, text in changes.items()
            for key in inputs[begin : begin + _LOOK]
        ]
        for request, result in (yield from search.ask(asked)):
            if isinstance(request, Compare) and isinstance(result, Comparison):
                proof.added[request.agent].append(result)
        if proof.holds or proof.is_hopeless:
            break
    return proof
