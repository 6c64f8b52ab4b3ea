"""What an earlier run found meets the seed prompts before anything else, and is taken over at once where it wins. Pure.

All of it together, and not sentence by sentence: whether prompts that won elsewhere win here is told by a dozen inputs,
which of their sentences do by hundreds of runs. Looked at after every few inputs, so that it ends soon either way; what
is taken over wrongly meets the hold-out like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.events import SearchEvent
from maspo.optimizers.base import Asking
from maspo.optimizers.parts.record import decision_event, tally
from maspo.optimizers.race.mixture import Mixture
from maspo.optimizers.race.search import Tries

STEP = "carried"
"""The step, and the purpose of its comparisons."""
LOOK = 8
"""Inputs after which it is looked at."""


@dataclass(frozen=True, slots=True)
class HeadStart:
    """How what was carried over did against the seed prompts, and whether it is taken over."""

    changes: Prompts
    comparisons: tuple[Comparison, ...]
    taken_over: bool

    def events(self, before: Prompts) -> list[SearchEvent]:
        """Return what becomes of each prompt."""
        seen = tally(self.comparisons)
        reason = f"carried over from an earlier run, all of it together: {seen}"
        if not self.taken_over:
            reason = f"what an earlier run found does not win here: {seen}"
        return [
            decision_event(f"{STEP}/{name}", name, before[name], text if self.taken_over else before[name], reason)
            for name, text in self.changes.items()
        ]


def meet(search: Tries, changes: Prompts, inputs: Sequence[str], net: int) -> Asking[HeadStart]:
    """Let changes meet the prompts of the beginning, until they are ``net`` inputs ahead, or nearly as far behind.

    Where neither comes about they are taken over if they have won more inputs than they lost.
    """
    seen: list[Comparison] = []
    ahead = 0
    for begin in range(0, len(inputs), LOOK):
        keys = inputs[begin : begin + LOOK]
        (trial,) = yield from search.try_each(STEP, {f"{STEP}/unite/{begin // LOOK}": Mixture((), changes)}, keys)
        seen += trial.comparisons
        ahead = sum((one.glob is Verdict.WIN) - (one.glob is Verdict.LOSS) for one in seen)
        if ahead >= net or ahead <= 1 - net:
            break
    return HeadStart(changes, tuple(seen), ahead > 0)
