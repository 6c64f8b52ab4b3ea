"""What must stay the same of what a command tells about a run, an evaluation or a judge check."""

from __future__ import annotations

from math import isclose
from typing import Any

_PASSING = frozenset({"seconds", "cached", "exit_code", "out", "report"})
"""Time, how often the record answered, and places: they differ from one telling to the next."""


def essence(told: Any) -> Any:
    """Return a result without what may differ, at any depth."""
    if isinstance(told, dict):
        return {name: essence(inner) for name, inner in told.items() if name not in _PASSING}
    return [essence(inner) for inner in told] if isinstance(told, list) else told


_SAID = (".why", ".holdout.needed")


def missing(before: Any, now: Any, at: str = "") -> list[str]:
    """Return one line for each value of ``before`` that is not the same in ``now``; new ones do not count.

    Nor do words and advice: they may become better.
    """
    if at in _SAID:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        return [line for name, one in before.items() for line in missing(one, now.get(name), f"{at}.{name}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [
            line
            for number, (one, other) in enumerate(zip(before, now, strict=True))
            for line in missing(one, other, f"{at}[{number}]")
        ]
    if isinstance(before, float) and isinstance(now, float) and isclose(before, now, rel_tol=1e-9):
        return []  # money is summed in the order in which replies came
    return [] if before == now else [f"{at}: {before!r} became {now!r}"]
