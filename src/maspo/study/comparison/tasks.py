"""Several tasks: a comparison for each under an equal part of the caps, and one table over all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from maspo.config import Caps
from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import prompt_id
from maspo.core.sums import add_up
from maspo.core.usage import total
from maspo.stats.looks import Taken, by_number
from maspo.study.comparison.compare import Compared, look_of
from maspo.study.comparison.tally import Guarded, level_of, table_of
from maspo.study.job import Looks

TASKS = "tasks"
"""The folder of the comparisons of tasks."""


def names_of(given: Iterable[str]) -> tuple[str, ...]:
    """Return the names of tasks as those of folders.

    Raises:
        ConfigInvalid: two have one name.

    """
    names = [re.sub(r"[^\w.-]+", "-", name).strip(".") or "task" for name in given]
    alike = [name.casefold() for name in names]  # some disks tell no A from a
    if twice := [name for name in dict.fromkeys(names) if alike.count(name.casefold()) > 1]:
        raise ConfigInvalid(
            f"--inputs, --also: {', '.join(twice)} stands twice; give each task's file a name of its own"
        )
    return tuple(names)


def part_of(caps: Caps, tasks: int) -> Caps:
    """Return what each of several tasks may spend.

    Fixed parts, whatever a task leaves: so going on needs to know nothing of the others.
    """
    return Caps(
        calls=None if caps.calls is None else max(1, caps.calls // tasks),
        usd=None if caps.usd is None else caps.usd / tasks,
        minutes=None if caps.minutes is None else caps.minutes / tasks,
    )


def look_at_all(tasks: Mapping[str, Compared], looks: Looks | None) -> Taken:
    """Count the table over all tasks as one more look at each of their hold-outs.

    It is the latest of these looks, at the least of their levels, which it spends at each. The same table of the same
    winners is counted once, however often it is made.
    """
    found = by_number(max(one.table.look for one in tasks.values()) + 1)
    if looks is None or any(one.comparison.world is not None for one in tasks.values()):
        return found
    together = prompt_id("\n".join(one.work for one in tasks.values()))
    own = [look_of(one.comparison, f"{one.work}/tasks/{together}", one.simulated) for one in tasks.values()]
    taken = [found, *map(looks.take, own)]
    found = Taken(max(one.number for one in taken), min(one.level for one in taken))
    for one in own:
        looks.end(one, level_of(found))
    return found


def over_all(tasks: Mapping[str, Compared], look: Taken) -> Compared:
    """Return what comparisons of the same contestants found, as one: inputs of all tasks are the units of its tests.

    Each input counts once, also one that stands in two tasks, so a task with more inputs counts more. ``look`` is the
    one that ``look_at_all`` has counted. Labels decide where they do in every task; else what counts are wins and
    losses alone.
    """
    first, *_ = tasks.values()
    inputs = tuple(replace(met, label=f"{name}: {met.label}") for name, found in tasks.items() for met in found.inputs)
    labelled = all(found.table.decided_by == "labels" for found in tasks.values())
    remarks = (
        (name, remark) for name, found in tasks.items() for remark in (*found.comparison.remarks, found.mismatch)
    )
    return Compared(
        comparison=replace(first.comparison, remarks=tuple(f"{name}: {remark}" for name, remark in remarks if remark)),
        table=table_of(inputs, first.comparison.contestants, "labels" if labelled else "judge", look),
        inputs=inputs,
        runs=tuple(replace(end, place=f"{TASKS}/{name}/") for name, found in tasks.items() for end in found.runs),
        guarded=Guarded(),
        courses={},
        measuring=total(found.measuring for found in tasks.values()),
        seconds=add_up(found.seconds for found in tasks.values()),
        left_out=sum(found.left_out for found in tasks.values()),
        cut=tuple(f"{name}/{run}" for name, found in tasks.items() for run in found.cut),
        simulated=any(found.simulated for found in tasks.values()),
        tasks={name: found.table for name, found in tasks.items()},
    )
