"""Equal money: what a call of each method costs, and how many calls an equal part of the money buys. Pure.

A search is planned in calls. So the part of a run is its cap, and its plan are the calls that this part should pay for:
fewer of a method whose calls are dearer. What calls cost is first expected from lengths of texts, then measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from maspo.config import Caps, Role
from maspo.core.errors import ConfigInvalid
from maspo.core.sums import add_up
from maspo.core.usage import Usage
from maspo.models.base import AGENT, JUDGE_GLOBAL
from maspo.models.prices import PriceBook
from maspo.runners.base import RUNNERS, most_calls
from maspo.study.bound import Bound, expected_costs
from maspo.study.comparison.plan import (
    FEWEST_CALLS,
    MOST_OF_A_CAP,
    PLANNED_OF_A_SHARE,
    Comparison,
    Method,
    Run,
    bound_of_calls,
    holding_out,
    planning,
    with_one_holdout,
)
from maspo.study.job import Job
from maspo.study.resolve import known_prices, prices_of, team_of

_LEAST_PART = 0.25
"""Part of the calls at first expected that a run plans at least, however dear they are: the hold-out is chosen for so
few, and stays the same once prices are measured. Replies four times as long as assumed are those of models that think;
a run that is planned for more than its money pays for ends at its cap."""
_LOOKS_AT_A_PRICE, _SAME = 8, 0.02
"""How often a price is looked up at another plan, at most, and the change of a plan that is none: rounds are dearer."""
_AS_EXPECTED: Mapping[Role, float] = {"agent": 1.0, "judge": 1.0}


def equal_money(asked: Comparison, noted: Comparison | None) -> Comparison:
    """Return a comparison whose runs may cost the same; those of ``noted`` keep their part, plan and hold-out.

    Raises:
        ConfigInvalid: no cap in money is given or it leaves too little, a price is unknown, or nothing costs anything.
        UsageError: what ``resolve`` raises.

    """
    if asked.config.caps.usd is None:
        raise ConfigInvalid(
            "--equal money: give --max-usd N, the most that all runs and the common hold-out may cost together; each "
            "run gets an equal part of it"
        )
    try:
        for method in asked.methods:
            prices_of(replace(asked.job, config=method.config.model_copy(update={"caps": Caps(usd=1.0)})))
    except ConfigInvalid as error:
        raise ConfigInvalid(f"--equal money: {error} (with --max-calls, leave out --equal money, too)") from error
    if noted is not None:
        made = replace(asked, usd=noted.usd, bought=noted.bought, came_to=noted.came_to)
        return holding_out(_with_calls(made, noted.bought), noted.methods[0].config.holdout.most or len(noted.holdout))
    wanted = asked.config.search.planned_calls(team_of(asked.job)) or FEWEST_CALLS
    each = {method.name: wanted for method in asked.methods}
    first = _shared_out(with_one_holdout(_with_calls(asked, each)), _AS_EXPECTED)
    few = {name: int(_LEAST_PART * calls) for name, calls in first.bought.items()}
    made = _shared_out(with_one_holdout(_with_calls(first, few)), _AS_EXPECTED)
    if min(made.bought.values()) < FEWEST_CALLS:
        raise ConfigInvalid(_too_little(made))
    return made


def at_prices(comparison: Comparison, came_to: Mapping[Role, float]) -> Comparison:
    """Return a comparison at what calls came to, as a part of what was expected."""
    made = _shared_out(comparison, came_to)
    least = {name: max(FEWEST_CALLS, int(_LEAST_PART * calls)) for name, calls in comparison.bought.items()}
    calls = {name: max(least[name], bought) for name, bought in made.bought.items()}
    return replace(_with_calls(made, calls), came_to=dict(came_to))


def parts_met(comparison: Comparison, usage: Mapping[str, Usage]) -> Mapping[Role, float]:
    """Return what recorded calls of the agents and of the judge cost, as a part of what was expected of them.

    Nobody has called the judge where all answers were the same; then its calls are as dear, or cheap, as the agents'.
    """
    job, prices = comparison.job, known_prices(comparison.job)
    often = most_calls(RUNNERS.get(job.config.runner.kind), job.system, job.config.runner.options)
    of_agents = bound_of_calls({name: often.get(name, 1) for name in job.system.order}, judge=0)
    agents = _part(usage.get(AGENT), _cost(job, of_agents, prices, "agent"), 1.0)
    judge = _part(usage.get(JUDGE_GLOBAL), _cost(job, bound_of_calls({}, judge=1), prices, "judge"), agents)
    return {"agent": agents, "judge": judge}


def _part(met: Usage | None, expected: float, otherwise: float) -> float:
    """Return what calls cost as a part of what was expected."""
    return met.usd / met.calls / expected if met is not None and met.usd and met.calls and expected else otherwise


def _cost(job: Job, calls: Bound, prices: PriceBook, role: Role) -> float:
    """Return what is expected of a call of a role, in USD."""
    return (expected_costs(job, calls, prices) or {role: 0.0})[role]


def _shared_out(comparison: Comparison, came_to: Mapping[Role, float]) -> Comparison:
    """Return a comparison with equal parts of the cap in money, and plans for the calls that they pay for."""
    cap = comparison.config.caps.usd or 0.0
    kept = min(MOST_OF_A_CAP * cap, measuring_usd(comparison, came_to))
    usd = (cap - kept) / len(comparison.runs)
    bought = {
        method.name: _bought(comparison, method, PLANNED_OF_A_SHARE * usd, came_to) for method in comparison.methods
    }
    return _with_calls(replace(comparison, usd=usd), bought)


def _bought(comparison: Comparison, method: Method, usd: float, came_to: Mapping[Role, float]) -> int:
    """Return how many calls of a method so much money pays for.

    The longer a search, the smaller the part of its hold-out test, and the greater that of the proposer. So the price
    of a call is looked up at the plan that the last price allows, until it stays.
    """
    team, calls = team_of(comparison.job), method.calls or comparison.calls_of(method)
    for _ in range(_LOOKS_AT_A_PRICE):
        before, calls = calls, int(usd / _price_of(comparison, planning(method, max(FEWEST_CALLS, calls)), came_to))
        most = planning(method, max(FEWEST_CALLS, calls)).config.search.planned_calls(team)
        calls = calls if most is None else min(calls, most)
        if abs(calls - before) <= _SAME * calls:
            break
    return calls


def _price_of(comparison: Comparison, method: Method, came_to: Mapping[Role, float]) -> float:
    """Return what a call of a method costs on average, in USD.

    Raises:
        ConfigInvalid: it costs nothing.

    """
    study = comparison.study_of(Run(method, comparison.seeds[0]), Caps())
    usd = _at(expected_costs(study.job, study.bound, study.prices), came_to)
    if usd <= 0:
        raise ConfigInvalid(
            "--equal money: calls of these models cost nothing, so no money is there to be shared out; compare at "
            "equal calls (leave out --equal money), or say with models.prices what they cost you"
        )
    return usd


def measuring_usd(comparison: Comparison, came_to: Mapping[Role, float]) -> float:
    """Return what all measuring is expected to cost at most, in USD."""
    costs = expected_costs(comparison.job, comparison.measuring, known_prices(comparison.job))
    return comparison.measuring_calls * _at(costs, came_to)


def _at(costs: Mapping[Role, float] | None, came_to: Mapping[Role, float]) -> float:
    """Return what a call costs.

    Nobody has called the proposer before the searches: it is taken to differ from what was expected as the agents do.
    Where that is too little the cap ends the search and money stays equal; a plan for too few calls would leave some.
    """
    return add_up(usd * came_to.get(role, came_to["agent"]) for role, usd in (costs or {}).items())


def _with_calls(comparison: Comparison, calls: Mapping[str, int]) -> Comparison:
    """Return a comparison whose runs plan so many calls, by method."""
    methods = (planning(method, max(FEWEST_CALLS, calls.get(method.name, 0))) for method in comparison.methods)
    return replace(comparison, bought=dict(calls), methods=tuple(methods))


def _too_little(made: Comparison) -> str:
    """Return that the money is too little, and how much is enough."""
    prices = [_price_of(made, planning(method, FEWEST_CALLS), _AS_EXPECTED) for method in made.methods]
    measuring = measuring_usd(made, _AS_EXPECTED)
    needed = measuring + len(made.runs) * FEWEST_CALLS * max(prices) / PLANNED_OF_A_SHARE
    name, calls = min(made.bought.items(), key=lambda one: one[1])
    return (
        f"--max-usd {made.config.caps.usd:g}: {made.runs_counted} and the common hold-out (about ${measuring:.2g}) "
        f"leave ${made.usd:.2g} a run, about {calls} calls of {name}, and a search needs {FEWEST_CALLS}; give "
        f"{_rounded_up(needed)} or more, or fewer methods or seeds"
    )


def _rounded_up(usd: float) -> str:
    """Return an amount in two digits that is enough."""
    return f"{usd * 1.05:.2g}"
