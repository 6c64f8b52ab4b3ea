"""The setting of a search: what it is given and never changes."""

from __future__ import annotations

from dataclasses import dataclass

from maspo.search.plan import Plan
from maspo.search.work import Team


@dataclass(frozen=True, slots=True)
class Setting:
    """What a search is given: the plan, who reads whom, the keys of the search inputs, and the seed."""

    plan: Plan
    team: Team
    inputs: tuple[str, ...]
    seed: int
    reserve: int = 0
    """Calls that the final test will need, at most."""
    labelled: frozenset[str] = frozenset()
    """Inputs whose global verdict is a label's, at no call."""
