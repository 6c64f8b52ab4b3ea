r"""Sets of real numbers: intervals, unions, what is left out of them, as one ordered list of intervals. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from maspo.scoring.mathematics.calculator import close, formula
from maspo.scoring.mathematics.forms import Form, form_of
from maspo.scoring.mathematics.formulas import Unreadable
from maspo.scoring.mathematics.spelling import compact

End: TypeAlias = tuple[float, int]
"""A place between the real numbers: just before (-1) or just after (1) a number."""
Interval: TypeAlias = tuple[End, End]

_INFINITE = {"\\infty": float("inf"), "+\\infty": float("inf"), "-\\infty": float("-inf")}
_ALL = re.compile(r'\\mathbb\{?R\}?|"?allreal(?:numbers?|values?)"?')
_WITHOUT = re.compile(r"\\(?:setminus|backslash)(?![A-Za-z])|\"except\"")
_EVERYTHING: Interval = ((float("-inf"), 1), (float("inf"), -1))


def is_set(form: Form) -> bool:
    """Whether an answer is more than a number, a list or one interval: a union, all numbers but some."""
    if form.kind == "value":
        text = form.text  # cheap looks first: most answers are numbers
        without = ("\\" in text or '"' in text) and _WITHOUT.search(text) is not None
        return without or (("R" in text or "real" in text) and _ALL.fullmatch(compact(text)) is not None)
    return form.kind == "union" or any(part.brackets == "!=" for part in (form, *form.items))


def real_set(form: Form) -> list[Interval] | None:
    """Return the intervals of a set of real numbers, in order and apart; None for what is no such set."""
    if form.kind in ("union", "set"):
        parts = _all(real_set(item) if form.kind == "union" else _point(item) for item in form.items)
        return None if parts is None else _joined(part for found in parts for part in found)
    if form.is_interval:
        low, high = (_number(item) for item in form.items)
        ends = -1 if form.brackets[0] == "[" else 1, 1 if form.brackets[1] == "]" else -1
        return None if low is None or high is None else _joined([((low, ends[0]), (high, ends[1]))])
    if form.kind == "list" and is_set(form):
        conditions = _all(real_set(item) for item in form.items)
        return None if conditions is None else _without([_EVERYTHING], map(_outside, conditions))
    if form.kind == "value" and is_set(form):
        return _described(form.text)
    point = _point(form.items[1]) if form.brackets == "!=" and len(form.items) == 2 else None
    return None if point is None else _outside(point)


def _described(text: str) -> list[Interval] | None:
    whole, *removed = _WITHOUT.split(text)
    begun = [_EVERYTHING] if _ALL.fullmatch(compact(whole)) else real_set(form_of(whole))
    gone = _all(_removed(form_of(part)) for part in removed)
    return None if begun is None or gone is None else _without(begun, gone)


def _removed(form: Form) -> list[Interval] | None:
    """Return what is left out: a set, or a number that stands for itself ("all real numbers except 2")."""
    if form.kind == "list":
        points = _all(_point(item) for item in form.items)
        return None if points is None else _joined(part for found in points for part in found)
    return real_set(form) or _point(form)


def _all(found: Iterable[list[Interval] | None]) -> list[list[Interval]] | None:
    """Return sets; None when one of them is none."""
    sets: list[list[Interval]] = []
    for one in found:
        if one is None:
            return None
        sets.append(one)
    return sets


def same_sets(one: list[Interval], other: list[Interval]) -> bool:
    """Return whether two sets hold the same numbers."""
    ends = [[end for interval in intervals for end in interval] for intervals in (one, other)]
    return len(one) == len(other) and all(
        first[1] == second[1] and (first[0] == second[0] or close(complex(first[0]), complex(second[0])))
        for first, second in zip(*ends, strict=True)
    )


def _number(item: Form) -> float | None:
    infinite = _INFINITE.get(compact(item.text))
    read = formula(item.text) if infinite is None else None
    if infinite is not None or read is None or not read.constant:
        return infinite
    try:
        value = complex(read.at(0))
    except (Unreadable, OverflowError):
        return None
    return value.real if not value.imag else None


def _point(item: Form) -> list[Interval] | None:
    number = _number(item)
    return None if number is None else [((number, -1), (number, 1))]


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Put intervals in order and join those that touch; empty ones are gone."""
    found: list[Interval] = []
    for low, high in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _outside(intervals: list[Interval]) -> list[Interval]:
    """Return all real numbers but those of a set."""
    ends = [_EVERYTHING[0], *(end for interval in intervals for end in interval), _EVERYTHING[1]]
    return _joined(zip(ends[::2], ends[1::2], strict=True))


def _without(intervals: list[Interval], removed: Iterable[list[Interval]]) -> list[Interval]:
    """Return what is left of a set without others."""
    gone = [part for found in removed for part in found]
    return _outside(_joined([*_outside(intervals), *gone]))
