"""Equal terms: as many calls for each run, or as much money, and one hold-out for all."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from maspo.core.errors import ConfigInvalid
from maspo.study.comparison.money import equal_money
from maspo.study.comparison.plan import FEWEST_CALLS, PLANNED_OF_A_SHARE, Comparison, planning, with_one_holdout
from maspo.study.comparison.tally import CONTROLS, SEED
from maspo.study.resolve import team_of

_SAME = 0.02
"""Part of a plan that makes no difference: a search ends its last round beyond it, or before it, by more."""


def compare_equally(asked: Comparison, noted: Comparison | None = None) -> Comparison:
    """Return a comparison whose runs have equal calls, or equal money, and the same hold-out.

    ``noted`` is one that is gone on with, perhaps under another cap: its runs keep their part. Else, with a cap on all
    calls, each run plans an equal part of what the common hold-out leaves, less some to end its last round; without
    one, what the settings say. No run plans more than the least of the methods can use.

    Raises:
        ConfigInvalid: nothing is compared, a name stands twice, or the cap leaves too little.
        UsageError: what ``resolve`` raises.

    """
    names = [*(method.name for method in asked.methods), *asked.against, SEED, *CONTROLS]
    if not (asked.methods or asked.against):
        raise ConfigInvalid("nothing to compare: give --methods such as default,opro, or --against prompts.json")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ConfigInvalid(f"--methods, --against: {', '.join(twice)} stands twice or is taken; give each one name")
    if not asked.methods:
        return asked
    if noted is not None and noted.equal != asked.equal:
        noted = None
    if asked.equal == "money":
        return equal_money(asked, noted)
    return _equal_calls(asked) if noted is None else _with_calls(asked, noted.calls)


def _equal_calls(asked: Comparison) -> Comparison:
    """Return the comparison whose runs plan the most calls that a cap leaves, at most the usual number.

    A smaller plan holds out fewer inputs, so less is set aside to measure, which leaves more to plan with.
    """
    usual = asked.config.search.planned_calls(team_of(asked.job)) or FEWEST_CALLS
    made, total = _with_calls(asked, usual), asked.config.caps.calls
    if total is None or made.calls <= _left_by(total, made):
        return made
    fits = _with_calls(asked, FEWEST_CALLS)
    if (left := _left_by(total, fits)) < FEWEST_CALLS:
        needed = fits.measuring_calls + ceil(FEWEST_CALLS / PLANNED_OF_A_SHARE) * len(fits.runs)
        raise ConfigInvalid(
            f"--max-calls {total:,}: {fits.runs_counted} and the common hold-out ({fits.measuring_calls:,} calls "
            f"at most) leave {max(left, 0)} calls a run; give {needed:,} or more, or fewer methods or seeds"
        )
    enough, too_many = FEWEST_CALLS, made.calls
    while too_many - enough > _SAME * too_many:
        calls = (enough + too_many) // 2
        tried = _with_calls(asked, calls)
        if tried.calls <= _left_by(total, tried):
            fits, enough = tried, calls
        else:
            too_many = calls
    return fits


def _left_by(total: int, made: Comparison) -> int:
    """Return the calls that a cap leaves each run to plan, beside what is set aside for the common hold-out."""
    return int(PLANNED_OF_A_SHARE * ((total - made.measuring_calls) // len(made.runs)))


def _with_calls(asked: Comparison, calls: int) -> Comparison:
    """Return the comparison with as many calls a run, if all methods can use them, and one hold-out for all."""
    team = team_of(asked.job)
    methods = [planning(method, calls) for method in asked.methods]
    planned = [method.config.search.planned_calls(team) for method in methods]
    least = min([calls, *(number for number in planned if number is not None)])
    return with_one_holdout(
        replace(asked, calls=least, methods=tuple(planning(method, least) for method in asked.methods))
    )
