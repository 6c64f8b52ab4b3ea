"""Which comparisons of a search keep their traces: all of an ordinary run, a drawn share of a very large one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from maspo.core.seeded import rank
from maspo.events.base import SEARCH

MOST_COMPARISONS: Final = 10_000
"""Of a search. More than anybody looks through; at the one or two kilobytes of a small team about 15 MB."""
_RANKS: Final = 1 << 64
"""How many ranks there are, see ``maspo.core.seeded``."""


@dataclass(slots=True)
class TraceQuota:
    """Counts the comparisons whose traces are kept.

    What is drawn depends on seed and request alone, so a run that goes on keeps what one without a stop would have.
    """

    seed: int
    kept: int = 0
    most: int = MOST_COMPARISONS

    def grants(self, request: str, stage: str, planned_calls: int) -> bool:
        """Say whether the traces of a request are kept. Stages beside the search have few requests: all of theirs are.

        No comparison comes without a call, by and large, so of a run that plans more calls than traces can be kept a
        share is drawn that would do if each call was a comparison: early and late ones alike.
        """
        if stage != SEARCH.id:
            return True
        share = self.most / max(planned_calls, self.most)
        granted = self.kept < self.most and rank(self.seed, "traces", request) < share * _RANKS
        self.kept += granted
        return granted
