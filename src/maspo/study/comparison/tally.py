"""What a comparison found: from answers input by input to standings and corrected tests. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal, TypeAlias

from maspo.core.team_cost import Cost
from maspo.events import VerdictWord
from maspo.stats.bootstrap import paired_bootstrap
from maspo.stats.holm import holm
from maspo.stats.looks import FIRST, Taken, by_number
from maspo.stats.paired import group_differences, group_interval, group_mean, mcnemar, sign_flip_test
from maspo.stats.share import grouped_share_interval
from maspo.study.holdout import claim

SEED = "seed"
"""The name of the seed prompts, which all others are compared with."""
RERUN = "seed again"
"""The seed prompts a second time: whatever differs is noise."""
BEST_OF_2 = "best of 2"
"""Two further runs of the seed prompts, of which the judge picks one: what more calls an input bring without search."""
CONTROLS = (RERUN, BEST_OF_2)
Kind: TypeAlias = Literal["seed", "control", "method", "own"]
DecidedBy: TypeAlias = Literal["judge", "labels"]
Claim: TypeAlias = VerdictWord | Literal["vetoed"]
"""What is said of a contestant; ``vetoed``: whatever it wins elsewhere, it breaks a guard input."""


@dataclass(frozen=True, slots=True)
class InputMet:
    """One hold-out input: what each prompt set came to on it, by the name of the set.

    ``net`` is seen against the seed prompts: 1 won, 0 equal, −1 lost, None where nothing can be told. ``correct`` is
    empty where a judge decides.
    """

    label: str
    group: str
    """Inputs that ask the same are one group."""
    net: Mapping[str, int | None]
    correct: Mapping[str, bool | None]
    text: str = ""
    """What it asks, to name it by where it has no id of its own."""
    cost: Mapping[str, Cost | None] = field(default_factory=dict)
    """What the team took for it with each prompt set; None where a run brought no answer."""


@dataclass(frozen=True, slots=True)
class GuardMet:
    """One guard input: whether each prompt set keeps it, by the name of the set.

    Of the seed prompts: whether they keep it twice. What they do not keep themselves can veto nothing.
    """

    label: str
    held: Mapping[str, bool]
    text: str = ""
    """What it asks, to name it by where it has no id of its own."""

    @property
    def binding(self) -> bool:
        """Whether it can veto."""
        return self.held[SEED]

    def broken_by(self, sets: Sequence[str]) -> bool:
        """Return whether one of some prompt sets breaks it."""
        return self.binding and not all(self.held[name] for name in sets)


@dataclass(frozen=True, slots=True)
class Guarded:
    """What became of the guard inputs."""

    met: tuple[GuardMet, ...] = ()
    left_out: int = 0
    """Guard inputs that a cap left out. While there are any, nothing is claimed: each might have been broken."""

    def broken_by(self, sets: Sequence[str]) -> tuple[str, ...]:
        """Return the labels of the guard inputs that some prompt sets break."""
        return tuple(one.label for one in self.met if one.broken_by(sets))


@dataclass(frozen=True, slots=True)
class Contestant:
    """One line of the table: a method with the prompt sets that its seeds found, prompts of one's own, or a control."""

    name: str
    kind: Kind
    sets: tuple[str, ...]
    """The names of its prompt sets; of a method one a seed."""


@dataclass(frozen=True, slots=True)
class Alone:
    """One prompt set against the seed prompts, as if it were all: what a protocol reports seed by seed.

    Only inputs that are decided count. Inputs of one group are counted as if they were independent.
    """

    name: str
    won: int
    """Inputs that it has right and the seed prompts wrong; where a judge decides, that it wins."""
    lost: int
    net: float
    """Wins minus losses, an input."""
    accuracy: float | None
    """None where a judge decides."""
    mcnemar: float
    """Two-sided and exact."""
    mcnemar_adjusted: float
    """By Holm's method over all prompt sets of the comparison."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a contestant did on the hold-out. Means over seeds; inputs, or groups of them, are what is independent."""

    name: str
    kind: Kind
    repeats: int
    """Prompt sets behind the figures."""
    accuracy: float | None
    """None where a judge decides."""
    accuracy_interval: tuple[float, float] | None
    net: float
    """Wins minus losses against the seed prompts, a prompt set and an input."""
    interval: tuple[float, float]
    bootstrap: tuple[float, float]
    """Of net, by the paired bootstrap over inputs, or groups of them; no claim rests on it."""
    won: tuple[str, ...]
    """Inputs won more often than lost, over the seeds."""
    lost: tuple[str, ...]
    ties: int
    undecided: int
    p_value: float
    """For better than the seed prompts, one-sided and exact; it holds if all undecided inputs were lost."""
    p_worse: float
    p_adjusted: float | None
    """By Holm's method over all that are tested; None of controls, of which nothing is claimed."""
    p_worse_adjusted: float | None
    verdict: Claim | None
    alone: tuple[Alone, ...] = ()
    """Each of its prompt sets by itself; nothing of controls."""
    broken: tuple[str, ...] = ()
    """Guard inputs that the seed prompts keep and one of its prompt sets does not: a veto."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contestants on the same inputs: the first minus the second."""

    one: str
    other: str
    net: float
    interval: tuple[float, float]
    bootstrap: tuple[float, float]
    """As of a standing."""
    only_one: tuple[str, ...]
    """Inputs on which the first did better."""
    only_other: tuple[str, ...]
    p_value: float
    """Two-sided and exact; it holds if all undecided inputs spoke against the difference."""
    p_adjusted: float
    better: str
    """Who is claimed to be better; empty without a claim."""


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that the answers on the hold-out say. Each family of tests has ``level`` for itself."""

    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    inputs: int
    groups: int
    decided_by: DecidedBy
    look: int
    level: float
    """The level of this look, halved where contestants are also tested against each other."""


def table_of(
    inputs: Sequence[InputMet],
    contestants: Sequence[Contestant],
    decided_by: DecidedBy,
    look: Taken = FIRST,
    guarded: Guarded | None = None,
) -> Table:
    """Return standings and tests. ``look`` says the how manyth look at this hold-out it is.

    One comparison is one look, however many it tests: Holm's method keeps the level of the look over all claims of one
    kind. Claims against the seed prompts and claims against each other are two kinds, and each gets half of the level.
    A contestant that breaks a guard input is claimed to be better than nobody; that takes claims away and adds none.
    """
    guarded = guarded or Guarded()
    tested = [one for one in contestants if one.kind in ("method", "own")]
    barred = frozenset(one.name for one in tested if guarded.left_out or guarded.broken_by(one.sets))
    level = level_of(look) / (2 if len(tested) > 1 else 1)
    raw = {one.name: _p_values(inputs, one.sets) for one in contestants if one.kind != SEED}
    better = dict(zip((one.name for one in tested), holm([raw[one.name][0] for one in tested]), strict=True))
    worse = dict(zip((one.name for one in tested), holm([raw[one.name][1] for one in tested]), strict=True))
    alone = _each_alone(inputs, [name for one in tested for name in one.sets], decided_by)
    standings = []
    for one in contestants:
        p_value, p_worse = raw.get(one.name, (1.0, 1.0))
        adjusted = (better[one.name], worse[one.name]) if one in tested else None
        found = _standing(inputs, one, (p_value, p_worse), adjusted, level, decided_by, guarded)
        standings.append(replace(found, alone=tuple(alone[name] for name in one.sets) if one in tested else ()))
    return Table(
        standings=tuple(standings),
        pairs=_pairs(inputs, tested, level, barred),
        inputs=len(inputs),
        groups=len({met.group for met in inputs}),
        decided_by=decided_by,
        look=look.number,
        level=level,
    )


def level_of(look: Taken) -> float:
    """Return what a comparison spends of a look, so that something is left for the table over all tasks."""
    return min(look.level, by_number(look.number).level)


def _standing(
    inputs: Sequence[InputMet],
    one: Contestant,
    p_values: tuple[float, float],
    adjusted: tuple[float, float] | None,
    level: float,
    decided_by: DecidedBy,
    guarded: Guarded,
) -> Standing:
    whole = [(met, net) for met in inputs if (net := _net(met, one.sets)) is not None]
    nets, groups, repeats = [net for _, net in whole], [met.group for met, _ in whole], len(one.sets)
    decided = sum(map(bool, group_differences(nets, groups)))
    broken = guarded.broken_by(one.sets) if adjusted else ()
    accuracy, interval = _accuracy(inputs, one.sets) if decided_by == "labels" else (None, None)
    return Standing(
        name=one.name,
        kind=one.kind,
        repeats=repeats,
        accuracy=accuracy,
        accuracy_interval=interval,
        net=group_mean(nets, groups, repeats),
        interval=group_interval(nets, groups, repeats),
        bootstrap=paired_bootstrap(nets, groups, repeats),
        won=tuple(met.label for met, net in whole if net > 0),
        lost=tuple(met.label for met, net in whole if net < 0),
        ties=sum(net == 0 for net in nets),
        undecided=len(inputs) - len(whole),
        p_value=p_values[0],
        p_worse=p_values[1],
        p_adjusted=adjusted[0] if adjusted else None,
        p_worse_adjusted=adjusted[1] if adjusted else None,
        verdict=_verdict(claim(adjusted, adjusted, decided, level), broken, guarded) if adjusted else None,
        broken=broken,
    )


def _verdict(found: VerdictWord, broken: Sequence[str], guarded: Guarded) -> Claim:
    """Return what is said of a contestant once the guard inputs are heard."""
    if found == "worse":
        return found
    if broken:
        return "vetoed"
    return "no_evidence" if found == "improved" and guarded.left_out else found


def _pairs(
    inputs: Sequence[InputMet], tested: Sequence[Contestant], level: float, barred: Collection[str]
) -> tuple[Pair, ...]:
    found = []
    for one, other in combinations(tested, 2):
        # Methods have equally many seeds; prompts of one's own are one set, which counts as often as they do.
        scale = len(one.sets) * len(other.sets)
        bounds = [_difference(met, one, other) for met in inputs]
        whole = [(met, low) for met, (low, high) in zip(inputs, bounds, strict=True) if low == high]
        nets, groups = [net for _, net in whole], [met.group for met, _ in whole]
        every = [met.group for met in inputs]
        better = sign_flip_test(group_differences([low for low, _ in bounds], every))
        worse = sign_flip_test([-net for net in group_differences([high for _, high in bounds], every)])
        found.append(
            Pair(
                one=one.name,
                other=other.name,
                net=group_mean(nets, groups, scale),
                interval=group_interval(nets, groups, scale),
                bootstrap=paired_bootstrap(nets, groups, scale),
                only_one=tuple(met.label for met, net in whole if net > 0),
                only_other=tuple(met.label for met, net in whole if net < 0),
                p_value=min(1.0, 2 * min(better, worse)),
                p_adjusted=1.0,
                better=one.name if better <= worse else other.name,
            )
        )
    adjusted = holm([pair.p_value for pair in found])
    return tuple(
        replace(
            pair,
            p_adjusted=p_adjusted,
            better=pair.better if p_adjusted <= level and pair.better not in barred else "",
        )
        for pair, p_adjusted in zip(found, adjusted, strict=True)
    )


def _each_alone(inputs: Sequence[InputMet], sets: Sequence[str], decided_by: DecidedBy) -> Mapping[str, Alone]:
    """Return what each prompt set comes to by itself, with McNemar's test corrected over all of them."""
    counts = [tuple(sum(met.net[name] == sign for met in inputs) for sign in (1, -1)) for name in sets]
    raw = [mcnemar(won, lost) for won, lost in counts]
    found = {}
    for name, (won, lost), p_value, adjusted in zip(sets, counts, raw, holm(raw), strict=True):
        decided = sum(met.net[name] is not None for met in inputs)
        net = (won - lost) / decided if decided else 0.0
        known = [right for met in inputs if (right := met.correct.get(name)) is not None]
        accuracy = sum(known) / len(known) if decided_by == "labels" and known else None
        found[name] = Alone(name, won, lost, net, accuracy, p_value, adjusted)
    return found


def _net(met: InputMet, sets: Sequence[str]) -> int | None:
    """Return wins minus losses over prompt sets; None when one of them is undecided."""
    nets = [met.net[name] for name in sets]
    return None if None in nets else sum(net for net in nets if net is not None)


def _p_values(inputs: Sequence[InputMet], sets: Sequence[str]) -> tuple[float, float]:
    """Return the p-values for better and for worse; each holds if everything undecided spoke against it."""
    groups = [met.group for met in inputs]
    found = []
    for sign in (1, -1):
        nets = [sum(-1 if net is None else sign * net for net in (met.net[name] for name in sets)) for met in inputs]
        found.append(sign_flip_test(group_differences(nets, groups)))
        known = [(sign * net, met.group) for met in inputs if (net := _net(met, sets)) is not None]
        of_known = sign_flip_test(group_differences([net for net, _ in known], [group for _, group in known]))
        found[-1] = max(found[-1], of_known)
    return found[0], found[1]


def _difference(met: InputMet, one: Contestant, other: Contestant) -> tuple[int, int]:
    """Return the least and the greatest the first can be ahead by, in parts of the product of their prompt sets."""
    ends = []
    for unknown in (-1, 1):
        mine = sum(unknown if net is None else net for net in (met.net[name] for name in one.sets))
        theirs = sum(-unknown if net is None else net for net in (met.net[name] for name in other.sets))
        ends.append(mine * len(other.sets) - theirs * len(one.sets))
    return ends[0], ends[1]


def _accuracy(inputs: Sequence[InputMet], sets: Sequence[str]) -> tuple[float, tuple[float, float]]:
    """Return the share of right answers with its interval, over inputs on which each prompt set was run."""
    whole = [met for met in inputs if all(met.correct[name] is not None for name in sets)]
    counts = [sum(bool(met.correct[name]) for name in sets) for met in whole]
    share = sum(counts) / (len(counts) * len(sets)) if counts else 0.0
    return share, grouped_share_interval(counts, [met.group for met in whole], len(sets))
