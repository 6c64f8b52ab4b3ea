"""The course of a search: which prompts it held after so many calls, and what these are worth on the hold-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean

from maspo.core.prompts import Prompts
from maspo.core.sums import add_up
from maspo.events import PromptChanged
from maspo.events.base import SearchEvent
from maspo.models.prices import PriceBook
from maspo.store.run_store import RunStore
from maspo.study.afterwards import costs_now
from maspo.study.comparison.plan import Comparison, Run
from maspo.study.comparison.tally import SEED, InputMet


@dataclass(frozen=True, slots=True)
class Held:
    """The prompts that a search held at a moment; ``name`` is the prompt set that they are measured as."""

    name: str
    prompts: Prompts
    calls: int
    """Recorded calls of the search until then."""
    usd: float | None
    """What these cost; None where a price is unknown."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a method held at a moment, as a mean over its seeds; the first point of a curve are the seed prompts."""

    calls: float
    usd: float | None
    accuracy: float | None
    """None where a judge decides."""
    net: float
    """Wins minus losses against the seed prompts, an input."""


def course_of(
    comparison: Comparison, run: Run, record: RunStore, winners: Prompts, prices: PriceBook
) -> tuple[Held, ...]:
    """Return what a search held at equal steps of its calls, or its money, and what it ended with.

    ``prices`` are those known by now, for calls that had none.

    A moment after the end is the end. A search that does not tell of its changes, such as one of another package, has
    its end alone.
    """
    seed = comparison.system.prompts
    told = [entry for entry in record.read_since() if isinstance(entry.item, SearchEvent)]
    calls_made = record.spent()
    costs = costs_now(calls_made, prices)
    spent = sorted(zip((one.at for one in calls_made), costs, strict=True), key=lambda one: one[0])
    over = max((entry.at for entry in told), default=0.0)
    changes = [(entry.at, entry.item) for entry in told if isinstance(entry.item, PromptChanged)]
    own = [usd for at, usd in spent if at <= over] if told else [usd for _, usd in spent]
    end = Held(run.name, winners, len(own), _sum(own))
    if _prompts_at(seed, changes, over) != dict(winners):
        return (end,)
    names = {_key(winners): run.name, _key(seed): SEED}
    found = []
    for number in range(1, comparison.points + 1):
        calls = number * comparison.calls // (comparison.points + 1)
        if comparison.bought:
            calls = _calls_for(own, number * comparison.usd / (comparison.points + 1))
        if calls >= len(own):
            found.append(end)
            continue
        prompts = _prompts_at(seed, changes, spent[calls - 1][0])
        name = names.setdefault(_key(prompts), f"{run.name} after {calls} calls")
        found.append(Held(name, prompts, calls, _sum(own[:calls])))
    return (*found, end)


def _calls_for(own: Sequence[float | None], usd: float) -> int:
    """Return with how many calls a search had spent so much; more than it made where it never did."""
    spent = accumulate(cost or 0.0 for cost in own)
    return next((calls for calls, sum_ in enumerate(spent, 1) if sum_ >= usd), len(own) + 1)


def _key(prompts: Prompts) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(prompts.items()))


def _prompts_at(seed: Prompts, changes: Sequence[tuple[float, PromptChanged]], moment: float) -> dict[str, str]:
    return {**seed, **{change.agent: change.after for at, change in changes if at <= moment}}


def _sum(costs: Sequence[float | None]) -> float | None:
    known = [usd for usd in costs if usd is not None]
    return add_up(known) if len(known) == len(costs) else None


def sets_on_the_way(courses: Mapping[str, Sequence[Held]]) -> dict[str, Prompts]:
    """Return the prompt sets that are measured for the curves alone, by name."""
    return {
        held.name: held.prompts for run, course in courses.items() for held in course if held.name not in (SEED, run)
    }


def curves_of(
    comparison: Comparison, courses: Mapping[str, Sequence[Held]], inputs: Sequence[InputMet]
) -> Mapping[str, tuple[CurvePoint, ...]]:
    """Return the curve of each method, from the seed prompts to what it ended with; means over its seeds."""
    found = {}
    for method in comparison.methods:
        own = [courses[run.name] for run in comparison.runs if run.method.name == method.name]
        length = min(map(len, own))
        moments = [*zip(*(course[:-1] for course in own), strict=False)][: length - 1]
        ends = tuple(course[-1] for course in own)
        start = CurvePoint(0, 0.0, *_average(inputs, (SEED,)))
        found[method.name] = (start, *(_point(inputs, held) for held in (*moments, ends)))
    return found


def _point(inputs: Sequence[InputMet], held: Sequence[Held]) -> CurvePoint:
    costs = [one.usd for one in held if one.usd is not None]
    usd = fmean(costs) if len(costs) == len(held) else None
    return CurvePoint(fmean(one.calls for one in held), usd, *_average(inputs, [one.name for one in held]))


def _average(inputs: Sequence[InputMet], names: Sequence[str]) -> tuple[float | None, float]:
    """Return accuracy, where labels decide, and net wins of some prompt sets, over what could be told."""
    right = [met.correct[name] for met in inputs for name in names if met.correct.get(name) is not None]
    nets = [net for met in inputs for name in names if (net := met.net[name]) is not None]
    return (fmean(map(bool, right)) if right else None), (fmean(nets) if nets else 0.0)
