"""Whether the changes of two agents are in conflict: both together meet either of them alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Level
from maspo.optimizers.base import Asking, Compare
from maspo.optimizers.parts.balance import shown_first
from maspo.optimizers.parts.reward import JudgeOrder
from maspo.optimizers.race.judged import JudgedAnswers
from maspo.optimizers.race.search import Asks
from maspo.team.graph import Team

PROVE = "prove"
"""The purpose of these comparisons; their calls are not counted in the plan of a search."""
_LOOK = 8
"""Inputs after which it is looked at: most pairs in no conflict end with the first, or with the second."""
_ENDS = (1.8, 1.5, 1.2, 1.0)
"""Standard errors by which a change rather helps beside the other, after the first look, the second, and so on: that
ends a proof. The last holds for all further looks (docs/design/0040-conflicts-proven.md)."""
_WON_BEFORE = 0.5
"""What a change has gained before: one input, as it was found to help alone. So it rather helps where none is lost."""


class Standard(NamedTuple):
    """Standard errors by which both together have to lose: against either alone, and against both as one.

    Both of two tests have to hold (the intersection-union test of Berger 1982): where one change is merely bad, the
    other alone does better than both, and both do no worse than the bad one. Either may hold loosely where they hold
    strictly as one (docs/design/0040-conflicts-proven.md).
    """

    either: float
    as_one: float


AT_A_LOOK: Final = Standard(1.5, 2.0)
AT_THE_END: Final = Standard(0.6, 1.6)
"""Of a search, where it is looked at once more with all that the judge has said by then."""


def calls_of_proof(team: Team) -> int:
    """Return the calls that a proof takes on one input, at most: three runs, and two comparisons in both orders."""
    return 3 * team.calls_of(team.everyone) + 4


@dataclass(frozen=True, slots=True)
class Proof:
    """What was seen so far: by the agent whose change was added to the other's, its comparisons."""

    added: dict[str, list[Comparison]]
    known: JudgedAnswers
    """What the judge said of their answers, here and elsewhere in the search."""
    spared: int = 0
    """Looks as if it had been looked at before: of a pair that is thought to be in no conflict."""

    def gains(self, name: str) -> list[float]:
        """Return what an agent's change adds beside the other's, input by input."""
        return [self.known.gain(one) for one in self.added[name]]

    @property
    def as_one(self) -> float:
        """What both changes add beside one another, in standard errors."""
        return in_errors([*chain.from_iterable(map(self.gains, self.added))])

    def holds(self, standard: Standard = AT_A_LOOK) -> bool:
        """Return whether both together lose against either alone."""
        either = max(in_errors(self.gains(name)) for name in self.added)
        return either <= -standard.either and self.as_one <= -standard.as_one

    @property
    def is_hopeless(self) -> bool:
        """Whether one of them rather helps beside the other, by what is known now."""
        looks = {name: self.spared + math.ceil(len(found) / _LOOK) for name, found in self.added.items() if found}
        ends = {name: _ENDS[min(look, len(_ENDS)) - 1] for name, look in looks.items()}
        return any(in_errors([_WON_BEFORE, *self.gains(name)]) >= end for name, end in ends.items())

    @property
    def the_worse(self) -> str:
        """The agent without whose change more of these inputs are won."""
        return min(self.added, key=lambda name: add_up(self.gains(name)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs on which both together lost against either alone; where there are none, against one of them."""
        lost = [
            {one.input_key for one, gain in zip(found, self.gains(name), strict=True) if gain < 0}
            for name, found in self.added.items()
        ]
        return tuple(sorted(set.intersection(*lost) or set.union(*lost)))


def in_errors(gains: Sequence[float]) -> float:
    """Return the sum of gains in standard errors of it, if each were as likely a loss; 0 where nothing is known."""
    error = math.hypot(*gains)
    return add_up(gains) / error if error else 0.0


def prove(
    search: Asks,
    where: str,
    anchor: Prompts,
    changes: Prompts,
    inputs: Sequence[str],
    proof: Proof,
    order: JudgeOrder,
    seed: int,
) -> Asking[None]:
    """Let the changes of two agents together meet either alone, until they are proven to clash, or seem not to.

    At each look one change is added to the other, then, where it does not help, the other way round: in the order of
    ``changes``, the one that takes fewer calls first. What the proof has seen already is not asked again.
    """
    for begin in range(0, len(inputs), _LOOK):
        for name, text in changes.items():
            met = {one.input_key for one in proof.added[name]}
            keys = [key for key in inputs[begin : begin + _LOOK] if key not in met]
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
            for _, result in (yield from search.ask(asked)) if asked else ():
                if isinstance(result, Comparison):
                    proof.added[name].append(result)
            if proof.is_hopeless:
                return
        if proof.holds():
            return
