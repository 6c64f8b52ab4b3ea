"""What is compared, and what each run may spend: equal calls, one hold-out, one cap over all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil

from maspo.config import Caps, RunConfig
from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import Prompts
from maspo.data.inputs import Input, Inputs
from maspo.runners.base import RUNNERS, most_calls
from maspo.study.comparison.tally import BEST_OF_2, CONTROLS, RERUN, SEED, Contestant, DecidedBy
from maspo.study.job import Job
from maspo.study.record import Serialized, differences_between
from maspo.study.resolve import Study, groups_in, resolve, split_of, team_of
from maspo.team import System
from maspo.world.spec import WorldSpec

_FEWEST_CALLS = 100
"""The smallest plan of our own search (``search.calls``); all methods get as many."""
_PLANNED_OF_A_SHARE = 0.9
"""Part of its share of a cap that a run plans: a search may end its last round beyond its plan, and calls are repeated
where an endpoint fails. What is left over goes to the runs that follow."""
_MOST_OF_A_CAP = 0.5
"""Part of a cap that is kept for the common hold-out, at most: as of a single run."""


@dataclass(frozen=True)
class Method:
    """A way to find prompts: its name in the table, and the settings of its runs but for seed and caps."""

    name: str
    config: RunConfig

    @property
    def calls(self) -> int | None:
        """The calls that a run is told to plan; None of a method that makes no plan, such as the paper's."""
        return getattr(self.config.search, "calls", None)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a comparison."""

    method: Method
    seed: int

    @property
    def name(self) -> str:
        """What its prompt set is called, and its folder."""
        return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{self.method.name}-{self.seed}")


@dataclass(frozen=True)
class Comparison:
    """Everything that determines a comparison; ``compare_equally`` makes one whose methods have equal calls."""

    system: System
    inputs: Inputs
    config: RunConfig
    """Models, judge, caps over all, and what the runs have in common."""
    methods: tuple[Method, ...] = ()
    seeds: tuple[int, ...] = (0,)
    against: Mapping[str, Prompts] = field(default_factory=dict)
    """Prompts of one's own by name, measured beside what the methods find."""
    guards: Inputs | None = None
    """Inputs that must not break: no search sees them, and prompts that break one are not claimed to be better."""
    points: int = 0
    """Moments within each search whose prompts are measured, too: the curve over calls."""
    calls: int = 0
    """The calls of each run; 0 without methods."""
    sources: Mapping[str, str] = field(default_factory=dict)
    world: WorldSpec | None = None
    remarks: tuple[str, ...] = ()
    """What readers of the figures must know about the prompts."""

    @property
    def guarding(self) -> tuple[Input, ...]:
        """The guard inputs."""
        return self.guards.rows if self.guards is not None else ()

    @property
    def job(self) -> Job:
        """What the common hold-out is measured with."""
        return Job(self.system, self.inputs, self.config, self.sources, self.world)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs, seed by seed, so that what is done early covers every method."""
        return tuple(Run(method, seed) for seed in self.seeds for method in self.methods)

    def study_of(self, run: Run, caps: Caps) -> Study:
        """Return a run, resolved, under what it may spend."""
        config = run.method.config.model_copy(update={"seed": run.seed, "caps": caps})
        return resolve(Job(self.system, self.inputs, config, self.sources, self.world))

    @cached_property
    def holdout(self) -> tuple[str, ...]:
        """The inputs that no run searches on; all inputs where nothing is searched."""
        if not self.methods:
            return tuple(row.key for row in self.inputs.rows)
        return split_of(replace(self.job, config=self.methods[0].config)).holdout

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """The group of each hold-out input."""
        of = groups_in(self.job).of
        return {key: of.get(key, key) for key in self.holdout}

    @property
    def decided_by(self) -> DecidedBy:
        """Labels where every hold-out input has one, else the judge."""
        held_out = set(self.holdout)
        labelled = all(row.answer is not None for row in self.inputs.rows if row.key in held_out)
        return "labels" if labelled else "judge"

    @property
    def contestants(self) -> tuple[Contestant, ...]:
        """The lines of the table."""
        found = [Contestant(SEED, "seed", (SEED,)), *(Contestant(name, "control", (name,)) for name in CONTROLS)]
        for method in self.methods:
            sets = tuple(run.name for run in self.runs if run.method.name == method.name)
            found.append(Contestant(method.name, "method", sets))
        return (*found, *(Contestant(name, "own", (name,)) for name in self.against))

    @property
    def measuring_calls(self) -> int:
        """Upper bound of the calls of all measuring.

        On the hold-out a run of each prompt set, those on the way included, and three of the seed prompts; on guard
        inputs a run of each prompt set, and two of the seed prompts.
        """
        ends = len(self.runs) + len(self.against)
        sets = ends + len(self.runs) * self.points
        often = most_calls(RUNNERS.get(self.config.runner.kind), self.system, self.config.runner.options)
        of_a_run = sum(often.get(name, 1) for name in self.system.order)
        judged = 2 if self.decided_by == "labels" else 2 * (1 + sets + len((RERUN, BEST_OF_2)))
        guarded = len(self.guarding) * ((ends + 2) * of_a_run + 2 * (ends + 1))
        return len(self.holdout) * ((sets + 3) * of_a_run + judged) + guarded

    @property
    def most(self) -> int:
        """Upper bound of all calls, as far as methods tell theirs."""
        of_runs = sum(
            self.calls if method.calls is None else self.study_of(Run(method, 0), Caps()).plan.most
            for method in self.methods
        )
        return of_runs * len(self.seeds) + self.measuring_calls


COMPARISON = Serialized(Comparison, "the comparison's record")


def cap_of(method: Method, calls: int, share: int | None) -> int | None:
    """Return the cap on the calls of a run: its share; a method without a plan has that of the others as its cap."""
    own = None if method.calls is not None else calls
    known = [cap for cap in (own, share) if cap is not None]
    return min(known) if known else None


def compare_equally(asked: Comparison, calls: int | None = None) -> Comparison:
    """Return a comparison whose runs have equal calls and the same hold-out.

    ``calls`` are those of a comparison that is gone on with, perhaps under another cap. Else, with a cap on all calls,
    each run plans an equal part of what the common hold-out leaves, less some to end its last round; without one, what
    the settings say. No run plans more than the least of the methods can use.

    Raises:
        ConfigInvalid: nothing is compared, a name stands twice, or the cap leaves too few calls.
        UsageError: what ``resolve`` raises.

    """
    names = [*(method.name for method in asked.methods), *asked.against, SEED, *CONTROLS]
    if not (asked.methods or asked.against):
        raise ConfigInvalid("nothing to compare: give --methods such as default,opro, or --against prompts.json")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ConfigInvalid(f"--methods, --against: {', '.join(twice)} stands twice or is taken; give each one name")
    if not asked.methods:
        return asked
    if calls is not None:
        return _with_calls(asked, calls)
    wanted = asked.config.search.planned_calls(team_of(asked.job)) or _FEWEST_CALLS
    total = asked.config.caps.calls
    made = _with_calls(asked, wanted)
    if total is not None:
        share = (total - made.measuring_calls) // len(made.runs)
        wanted = min(wanted, int(_PLANNED_OF_A_SHARE * share))
        if wanted < _FEWEST_CALLS:
            needed = made.measuring_calls + ceil(_FEWEST_CALLS / _PLANNED_OF_A_SHARE) * len(made.runs)
            raise ConfigInvalid(
                f"--max-calls {total}: {len(made.runs)} runs and the common hold-out ({made.measuring_calls} calls at "
                f"most) leave {max(wanted, 0)} calls a run; give {needed:,} or more, or fewer methods or seeds"
            )
        made = _with_calls(asked, wanted)
    return made


def _with_calls(asked: Comparison, calls: int) -> Comparison:
    """Return the comparison with as many calls a run, if all methods can use them, and one hold-out for all."""
    team = team_of(asked.job)

    def planning(method: Method, number: int) -> Method:
        search = method.config.search
        if not hasattr(search, "calls"):
            return method
        search = search.model_copy(update={"calls": number})
        return replace(method, config=method.config.model_copy(update={"search": search}))

    methods = [planning(method, calls) for method in asked.methods]
    planned = [method.config.search.planned_calls(team) for method in methods]
    least = min([calls, *(number for number in planned if number is not None)])
    methods = [planning(method, least) for method in asked.methods]
    splits = [split_of(replace(asked.job, config=method.config)).holdout for method in methods]
    size = min(map(len, splits))
    return replace(asked, calls=least, methods=tuple(_holding_out(method, size) for method in methods))


def _holding_out(method: Method, most: int) -> Method:
    # Nothing ships from a comparison, so nothing waits for approval in one.
    holdout = method.config.holdout.model_copy(update={"most": most, "approve": "none"})
    return replace(method, config=method.config.model_copy(update={"holdout": holdout}))


def differences(before: Comparison, now: Comparison) -> tuple[str, ...]:
    """Return one line for each thing that differs; caps and paths do not count."""
    lines = list(differences_between(before.job, now.job))
    was, new = ({one.name: one.config for one in each.methods} for each in (before, now))
    if list(was) != list(new):
        lines.append(f"--methods: was {', '.join(was)}, is {', '.join(new)}")
    if before.seeds != now.seeds:
        lines.append(f"--seeds: was {_listed(before.seeds)}, is {_listed(now.seeds)}")
    if before.against != now.against:
        lines.append("--against: differs")
    if before.guarding != now.guarding:
        lines.append("--guard: differs")
    if before.points != now.points:
        lines.append(f"--points: was {before.points}, is {now.points}")
    for name in was.keys() & new.keys():
        both = [replace(one.job, config=configs[name]) for one, configs in ((before, was), (now, new))]
        lines += [line for line in differences_between(*both) if line not in lines]
    return tuple(lines)


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def kept_for_holdout(comparison: Comparison) -> Caps:
    """Return what of each cap is kept for the common hold-out."""
    caps, measuring = comparison.config.caps, comparison.measuring_calls
    planned = measuring + comparison.calls * len(comparison.runs)
    part = min(_MOST_OF_A_CAP, measuring / max(planned, 1))
    return Caps(
        calls=None if caps.calls is None else max(1, min(measuring, int(_MOST_OF_A_CAP * caps.calls))),
        usd=None if caps.usd is None else part * caps.usd,
        minutes=None if caps.minutes is None else part * caps.minutes,
    )
