"""Whether the changes of two agents are in conflict: both together meet either of them alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.optimizers.base import Asking, Compare
from maspo.optimizers.parts.balance import shown_first
from maspo.optimizers.parts.reward import JudgeOrder
from maspo.optimizers.race.search import Asks
from maspo.stats.paired import sign_test
from maspo.team.graph import Team

PROVE = "prove"
"""The purpose of these comparisons; their calls are not counted in the plan of a search."""
_LOOK = 8
"""Inputs after which it is looked at: most pairs in no conflict end with the first, or with the second."""


def calls_of_proof(team: Team) -> int:
    """Return the calls that a proof takes on one input, at most: three runs, and two comparisons in both orders."""
    return 3 * team.calls_of(team.everyone) + 4


@dataclass(frozen=True, slots=True)
class Standard:
    """When two changes are said to clash.

    Both of two tests have to hold at ``level`` (the intersection-union test of Berger 1982): where one change is
    merely bad, the other alone does better than both, and both do no worse than the bad one.
    """

    level: float
    ends: tuple[int, ...]
    """Inputs that one of them won beside the other, less those it lost, by which it rather helps, after the first
    look, the second, and so on: that ends a proof. The last holds for all further looks."""
    pooled: float = 1.0
    """Level at which the two tests have to hold as one, over the inputs of both; 1 asks nothing more."""

    def after(self, looks: int) -> Standard:
        """Return the standard of a pair that is thought to be in no conflict: as if it had been looked at before."""
        return replace(self, ends=self.ends[looks:] or self.ends[-1:])


@dataclass(frozen=True, slots=True)
class Proof:
    """What was seen so far: by the agent whose change was added to the other's, its comparisons."""

    added: dict[str, list[Comparison]]
    standard: Standard

    def counts(self) -> list[tuple[int, int]]:
        """Return for either agent on how many inputs its change lost and won beside the other's."""
        verdicts = [[one.glob for one in found] for found in self.added.values()]
        return [(found.count(Verdict.LOSS), found.count(Verdict.WIN)) for found in verdicts]

    @property
    def holds(self) -> bool:
        """Whether both together lose against either alone."""
        counts, standard = self.counts(), self.standard
        apart = all(sign_test(lost, won) <= standard.level for lost, won in counts)
        lost, won = map(sum, zip(*counts, strict=True))
        return apart and sign_test(lost, won) <= standard.pooled

    @property
    def is_hopeless(self) -> bool:
        """Whether one of them rather helps beside the other, among those that were looked at."""
        ends = self.standard.ends
        looks = [math.ceil(len(found) / _LOOK) for found in self.added.values()]
        return any(
            won - lost >= ends[min(look, len(ends)) - 1]
            for look, (lost, won) in zip(looks, self.counts(), strict=True)
            if look
        )

    @property
    def the_worse(self) -> str:
        """The agent without whose change more of these inputs are won."""
        return max(zip(self.added, self.counts(), strict=True), key=lambda one: one[1][0] - one[1][1])[0]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs on which both together lost against either alone; where there are none, against one of them."""
        lost = [{one.input_key for one in found if one.glob is Verdict.LOSS} for found in self.added.values()]
        return tuple(sorted(set.intersection(*lost) or set.union(*lost)))


def prove(
    search: Asks,
    where: str,
    anchor: Prompts,
    changes: Prompts,
    inputs: Sequence[str],
    standard: Standard,
    order: JudgeOrder,
    seed: int,
) -> Asking[Proof]:
    """Let the changes of two agents together meet either alone, until they are proven to clash, or seem not to.

    At each look one change is added to the other, then, where it does not help, the other way round: in the order of
    ``changes``, the one that takes fewer calls first.
    """
    proof = Proof({name: [] for name in changes}, standard)
    for begin in range(0, len(inputs), _LOOK):
        keys = inputs[begin : begin + _LOOK]
        for name, text in changes.items():
            first = shown_first(keys, order, seed, ("prove", where, name), (where, name))
            asked = [
                Compare(
                    id=f"{where}/prove/{name}/{prompts_id(changes)}/{key}",
                    reference={**anchor, **{other: text for other, text in changes.items() if other != name}},
                    changes={name: text},
                    input_key=key,
                    candidate_first=key in first,
                    levels=(Level.GLOBAL,),
                    orders=2,
                    when_differing=True,
                    purpose=PROVE,
                )
                for key in keys
            ]
            for _, result in (yield from search.ask(asked)):
                if isinstance(result, Comparison):
                    proof.added[name].append(result)
            if proof.is_hopeless:
                return proof
        if proof.holds:
            break
    return proof
