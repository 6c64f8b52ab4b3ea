"""What is compared, and what each run may spend: calls or money, one hold-out, one cap over all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from maspo.config import Caps, Role, RunConfig
from maspo.core.prompts import Prompts
from maspo.data.inputs import Input, Inputs
from maspo.runners.base import RUNNERS, most_calls
from maspo.study.bound import Bound
from maspo.study.comparison.tally import BEST_OF_2, CONTROLS, RERUN, SEED, Contestant, DecidedBy
from maspo.study.job import Job
from maspo.study.record import JsonForm, as_it_began, differences_between
from maspo.study.resolve import Study, groups_in, resolve, split_of
from maspo.team import System
from maspo.world.spec import WorldSpec

FEWEST_CALLS = 100
"""The smallest plan of our own search (``search.calls``); all methods get as many."""
PLANNED_OF_A_SHARE = 0.9
"""Part of its share of a cap that a run plans: a search may end its last round beyond its plan, and calls are repeated
where an endpoint fails. Of calls, what is left over goes to the runs that follow."""
MOST_OF_A_CAP = 0.5
"""Part of a cap that is kept for the common hold-out, at most: as of a single run."""
Equal: TypeAlias = Literal["calls", "money"]
"""What all runs have as much of."""


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
    """Everything that determines a comparison; ``compare_equally`` gives its methods equal calls, or money."""

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
    """The calls of each run where calls are equal; 0 without methods."""
    equal: Equal = "calls"
    usd: float = 0.0
    """What each run may cost where money is equal."""
    bought: Mapping[str, int] = field(default_factory=dict)
    """How many calls of each method that is expected to pay for: what its runs plan."""
    came_to: Mapping[Role, float] = field(default_factory=dict)
    """What calls of the agents and the judge cost, as a part of what was expected; empty before it is measured."""
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

    @property
    def runs_counted(self) -> str:
        """How many runs there are, in words: "1 run", "6 runs"."""
        return f"{len(self.runs)} run{'' if len(self.runs) == 1 else 's'}"

    def calls_of(self, method: Method) -> int:
        """Return the calls that a run of a method is there for."""
        return self.bought.get(method.name, self.calls)

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
        """Upper bound of the calls of all measuring."""
        return self.measuring.most

    @property
    def measuring(self) -> Bound:
        """Upper bounds of the calls of all measuring.

        On the hold-out a run of each prompt set, those on the way included, and three of the seed prompts; on guard
        inputs a run of each prompt set, and two of the seed prompts.
        """
        return self.measuring_on(len(self.holdout), len(self.guarding))

    def measuring_on(self, inputs: int, guards: int) -> Bound:
        """Return upper bounds of the calls of measuring so many hold-out inputs, and guard inputs."""
        ends = len(self.runs) + len(self.against)
        sets = ends + len(self.runs) * self.points
        often = most_calls(RUNNERS.get(self.config.runner.kind), self.system, self.config.runner.options)
        runs = inputs * (sets + 3) + guards * (ends + 2)
        judged = 2 if self.decided_by == "labels" else 2 * (1 + sets + len((RERUN, BEST_OF_2)))
        judge = inputs * judged + guards * 2 * (ends + 1)
        return bound_of_calls({name: runs * often.get(name, 1) for name in self.system.order}, judge)

    @property
    def most(self) -> int:
        """Upper bound of all calls, as far as methods tell theirs."""
        of_runs = sum(
            self.calls_of(method) if method.calls is None else self.study_of(Run(method, 0), Caps()).plan.most
            for method in self.methods
        )
        return of_runs * len(self.seeds) + self.measuring_calls


def measuring_job(comparison: Comparison, caps: Caps) -> Job:
    """Return what the common hold-out and guard inputs are measured with, under caps."""
    rows = Inputs((*comparison.inputs.rows, *comparison.guarding))
    return replace(comparison.job, inputs=rows, config=comparison.config.model_copy(update={"caps": caps}))


def bound_of_calls(agents: Mapping[str, int], judge: int) -> Bound:
    """Return a bound of calls that are counted: those of each agent, and the judge's."""
    most = sum(agents.values()) + judge
    return Bound(dict(agents), judge, proposer=0, texts_shown=0, drafts=1, planned=most, most=most)


COMPARISON = JsonForm(Comparison, "the comparison's record")


def cap_of(comparison: Comparison, method: Method, share: int | None) -> int | None:
    """Return the cap on the calls of a run: its share, and of a method that plans none the calls that all have."""
    own = comparison.calls if comparison.equal == "calls" and method.calls is None else None
    known = [cap for cap in (own, share) if cap is not None]
    return min(known) if known else None


def planning(method: Method, calls: int) -> Method:
    """Return a method whose runs plan so many calls; as it is, if it makes no plan."""
    search = method.config.search
    if not hasattr(search, "calls"):
        return method
    search = search.model_copy(update={"calls": calls})
    return replace(method, config=method.config.model_copy(update={"search": search}))


def with_one_holdout(comparison: Comparison) -> Comparison:
    """Return a comparison whose methods hold out as many inputs as that of them which holds out the fewest."""
    splits = [split_of(replace(comparison.job, config=method.config)).holdout for method in comparison.methods]
    return holding_out(comparison, min(map(len, splits)))


def holding_out(comparison: Comparison, most: int) -> Comparison:
    """Return a comparison whose methods hold out so many inputs, at most."""

    def smaller(method: Method) -> Method:
        # Nothing ships from a comparison, so nothing waits for approval in one.
        holdout = method.config.holdout.model_copy(update={"most": most, "approve": "none"})
        return replace(method, config=method.config.model_copy(update={"holdout": holdout}))

    return replace(comparison, methods=tuple(map(smaller, comparison.methods)))


def differences(before: Comparison, now: Comparison) -> tuple[str, ...]:
    """Return one line for each thing that differs; caps and paths do not count."""
    lines = list(differences_between(before.job, now.job))
    was, new = ({one.name: one.config for one in each.methods} for each in (before, now))
    if list(was) != list(new):
        lines.append(f"--methods: was {', '.join(was) or 'none'}, is {', '.join(new) or 'none'}")
    if before.seeds != now.seeds:
        lines.append(f"--seeds: was {_listed(before.seeds)}, is {_listed(now.seeds)}")
    if before.against != now.against:
        lines.append("--against: differs")
    if before.guarding != now.guarding:
        lines.append("--guard: differs")
    if before.equal != now.equal:
        lines.append(f"--equal: was {before.equal}, is {now.equal}")
    if before.points != now.points:
        lines.append(f"--points: was {before.points}, is {now.points}")
    for name in was.keys() & new.keys():
        then, again = (replace(one.job, config=configs[name]) for one, configs in ((before, was), (now, new)))
        lines += [line for line in differences_between(then, again) if line not in lines]
    return tuple(lines)


def as_begun(recorded: Mapping[str, Any], then: Comparison, now: Comparison) -> Comparison:
    """Return a comparison with the searches that were usual when one that is gone on with was begun.

    ``recorded`` is that one as it stands in its record, ``then`` as it is read.
    """
    begun = {each["name"]: each["config"] for each in recorded["methods"]}
    before = {each.name: each.config for each in then.methods}
    methods = [
        replace(each, config=as_it_began(begun[each.name], before[each.name], each.config))
        if each.name in begun
        else each
        for each in now.methods
    ]
    return replace(now, methods=tuple(methods), config=as_it_began(recorded["config"], then.config, now.config))


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def kept_for_holdout(comparison: Comparison) -> Caps:
    """Return what of each cap is kept for the common hold-out; where money is equal, all that the runs do not get."""
    caps, measuring = comparison.config.caps, comparison.measuring_calls
    planned = measuring + sum(comparison.calls_of(run.method) for run in comparison.runs)
    part = min(MOST_OF_A_CAP, measuring / max(planned, 1))
    usd = None if caps.usd is None else part * caps.usd
    if caps.usd is not None and comparison.bought:
        usd = max(0.0, caps.usd - comparison.usd * len(comparison.runs))
    return Caps(
        calls=None if caps.calls is None else max(1, min(measuring, int(MOST_OF_A_CAP * caps.calls))),
        usd=usd,
        minutes=None if caps.minutes is None else part * caps.minutes,
    )
