"""What a watch does and when it acts: sizes, thresholds, and what it may spend in a month. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from maspo.core.errors import ConfigInvalid
from maspo.stats.drift import WEAK_TOO, Bets

ChangesBetOn: TypeAlias = Literal["strong", "weak too"]
TrialEnds: TypeAlias = Literal["early", "late"]
Fallback: TypeAlias = Literal["better", "shipped"]
FurtherSearch: TypeAlias = Literal["always", "where it may help"]
BETS: Final[Mapping[ChangesBetOn, Mapping[str, Bets]]] = {
    "strong": {},
    "weak too": {"lengths": WEAK_TOO, "words": WEAK_TOO},
}
"""The bets of those streams to which every input of a window belongs; on all others they are on strong changes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a watch is set up. Counts are of inputs unless they say otherwise."""

    window: int = 60
    """Inputs of a window: after each one is decided."""
    compared: int = 10
    """Inputs of a window on which the shipped prompts meet the anchor."""
    repeated: int = 5
    """Earlier inputs that are run again in a window, and as many earlier pairs that are judged again."""
    canary: float = 0.3
    """Share of a window on which a candidate runs beside the shipped prompts."""
    windows_per_alarm: int = 1000
    """While nothing changes, at least so many windows pass on average before a false alarm."""
    level: float = 0.005
    """The highest chance with which a candidate that the judge does not prefer is promoted."""
    canary_windows: int = 40
    """Windows after which a candidate is given up that has not shown that it is better."""
    search_windows: int = 2
    """Latest windows whose inputs a search is given."""
    fresh_windows: int = 2
    """Windows since a change seems to have begun that a search waits for: before, its inputs are mostly old ones."""
    searches: int = 2
    """Searches after an alarm, at most: where nothing came of one, another follows on newer inputs."""
    again: FurtherSearch = "where it may help"
    """When another follows: not from the anchor where the shipped prompts have kept their lead over it; and where one
    from a candidate that was ahead found nothing better, the trial of that goes on. ``always`` of watches that began
    before."""
    hopeless: TrialEnds = "early"
    """When a trial ends whose candidate is not going to show that it is better: as soon as somewhat better luck would
    not suffice. ``late``, after all windows, of watches that began before."""
    from_candidate: bool = True
    """Whether the next search starts from a candidate that was given up while it was ahead."""
    fallback: Fallback = "better"
    """What is rolled back to after a promotion: the prompts before it, or the anchor where that did better since the
    change. ``shipped``, the former always, of watches that began before."""
    follow_judge: bool = False
    """Whether to search and promote by a judge whose taste has changed. Otherwise that waits until somebody says so."""
    bets: ChangesBetOn = "weak too"
    """Changes that the evidence is gathered for: ``strong`` of watches that began before there was another choice."""
    search_share: float = 0.4
    """Calls of a search, as a share of what one from scratch plans: it starts from prompts that worked, and there is
    another where nothing comes of it (docs/design/0031-watching.md)."""
    held_out: int | None = 4
    """Inputs of a search that are held out, at most: what it finds meets new inputs anyway. None, as many as the
    settings of the hold-out say, of watches that began before."""
    calls: int | None = None
    """Calls in a month, searches included; None: no limit."""
    usd: float | None = None
    """Money in a month."""
    seed: int = 0

    def __post_init__(self) -> None:
        counts = ("window", "compared", "repeated", "windows_per_alarm", "canary_windows", "search_windows", "searches")
        for name in counts:
            if getattr(self, name) < 1:
                raise ConfigInvalid(f"watch: {name} is {getattr(self, name)}; expected 1 or more")
        for name in ("canary", "level", "search_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigInvalid(f"watch: {name} is {getattr(self, name)}; expected a share above 0, at most 1")
        if self.held_out is not None and self.held_out < 1:
            raise ConfigInvalid(f"watch: held_out is {self.held_out}; expected 1 or more, or None")
        if self.fresh_windows < 0:
            raise ConfigInvalid(f"watch: fresh_windows is {self.fresh_windows}; expected 0 or more")
        if self.compared > self.window:
            raise ConfigInvalid(
                f"watch: {self.compared} of {self.window} inputs of a window cannot be compared; make the window "
                f"larger (--window), or compare fewer (--compared {self.window})"
            )
        if self.repeated > self.window:
            raise ConfigInvalid(
                f"watch: window is {self.window}; expected {self.repeated} or more, since in each so many earlier "
                "inputs are run again"
            )

    def with_means_of(self, now: Plan) -> Plan:
        """Return the plan with what may be another when a watch goes on: what it may spend, and whom it follows."""
        return replace(self, calls=now.calls, usd=now.usd, follow_judge=now.follow_judge)

    @property
    def pairs(self) -> int:
        """Pairs of the reference that the judge is asked about at the beginning, twice."""
        return 4 * self.repeated

    @property
    def judged(self) -> int:
        """Pairs of the reference that it is asked about again in a window."""
        return 2 * self.repeated

    @property
    def in_canary(self) -> int:
        """Inputs of a window on which a candidate runs."""
        return max(1, round(self.canary * self.window))


BEFORE: Final[Mapping[str, object]] = {
    "level": 0.01,
    "search_share": 0.5,
    "fresh_windows": 0,
    "searches": 1,
    "from_candidate": False,
    "follow_judge": True,
    "bets": "strong",
    "again": "always",
    "canary_windows": 20,
    "hopeless": "late",
    "fallback": "shipped",
    "held_out": None,
}
"""What a watch goes on with that began before: defaults of then, and of what its record does not say."""
SINCE: Final[Mapping[str, tuple[object, ...]]] = {"search_share": (0.3,)}
"""Further defaults between those and today's."""


def was_usual(name: str, value: object) -> bool:
    """Return whether a value was the default of an earlier version."""
    return name in BEFORE and value in (BEFORE[name], *SINCE.get(name, ()))


@dataclass(frozen=True, slots=True)
class Costs:
    """The calls that parts of a watch take at most, so that no part is begun which the month cannot pay."""

    look: int
    """A window in which the shipped prompts meet the anchor, and earlier runs and pairs are repeated."""
    canary: int
    """A window in which a candidate meets the shipped prompts."""
    search: int
    """A search as the plan has it."""
