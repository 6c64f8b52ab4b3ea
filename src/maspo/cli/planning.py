"""``maspo check`` and ``maspo estimate``: what can be known before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import typer

from maspo.cli.looked import remarks_on_looks
from maspo.cli.options import Arguments
from maspo.cli.prepare import PreparedJob, describe_endpoints, key_missing, model_missing, prepare
from maspo.cli.terminal import lay_out, note, note_each, print_json, say, table
from maspo.config import Caps
from maspo.core.errors import EXIT_USAGE
from maspo.core.plain import FLAT, Dumped, named
from maspo.core.running import run
from maspo.models.leases import NANO
from maspo.models.prices import HOW_TO_PRICE
from maspo.report.phrases import duration, list_names, money, number, plural
from maspo.report.visible import visible
from maspo.runners.tools.toolbox import Toolbox
from maspo.store.budgets import BudgetState
from maspo.study.bound import remarks_on_budget
from maspo.study.connections import key_unset
from maspo.study.fit import remarks_on_fit, told_contexts
from maspo.study.job import Estimate
from maspo.study.reach import Reach, of_system
from maspo.study.resolve import Study, planned_search, resolve
from maspo.study.trust import is_trusted
from maspo.study.within_caps import plan_within_caps
from maspo.team import System
from maspo.team.flow import Part, describe_calls

_MOST_NAMED = 30
"""Agents of a team that the plan names one by one, on a few lines; of larger ones it names the ends."""


def print_estimate(arguments: Arguments) -> None:
    """Print the plan, and behind it the calls by purpose."""
    prepared = prepare(arguments)
    study = plan_within_caps(resolve(prepared.job))
    plan = study.plan
    remarks = remarks_on(prepared, study)
    note_each(remarks)
    say(plan_text(prepared, study))
    say()
    cap = prepared.job.config.caps.calls
    rows = [*plan.calls.items(), ("together", plan.most)]
    say(table(("purpose", "calls at most"), [(name, f"{_capped(calls, cap):,}") for name, calls in rows]))
    if sum(plan.calls.values()) > plan.most:
        say("Each line is the worst case of its own; they cannot all happen in one run, so they do not add up.")
    if arguments.as_json:
        print_json(_figures(plan, remarks, cap))


def print_check(arguments: Arguments) -> None:
    """Print the plan, once everything that it needs was found to be fine."""
    prepared = prepare(arguments)
    study = plan_within_caps(resolve(prepared.job))
    plan = study.plan
    missing = key_missing(prepared.job.config.models) or model_missing(prepared.job.config, prepared.job.system)
    long = () if missing else remarks_on_context(prepared, arguments.trust)
    tools = _remarks_on_tools(prepared, arguments.trust)
    keyless = () if missing else key_unset(prepared.job.config.models)
    remarks = list(dict.fromkeys((*remarks_on(prepared, study), *keyless, *long, *tools)))
    note_each(remarks)
    say(all_is_fine(missing))
    say()
    say(plan_text(prepared, study))
    if arguments.as_json:
        system = prepared.job.system
        figures = _figures(plan, [*remarks, missing] if missing else remarks, prepared.job.config.caps.calls)
        print_json(_CheckFigures(not missing, system.name, tuple(system.order), system.output, figures))
    end_without(missing)


def all_is_fine(missing: str) -> str:
    """Say that what can be checked without a call is fine, but for a key or a model that is missing."""
    return f"Everything {'else ' if missing else ''}that can be checked without a call is fine."


def end_without(missing: str) -> None:
    """End a check as a run would end that lacks a key or a model; where none is missing, go on."""
    if missing:
        note(f"maspo: no run can begin: {missing}")
        raise typer.Exit(EXIT_USAGE)


def remarks_on(prepared: PreparedJob, study: Study) -> list[str]:
    """Return what is worth knowing before anything is paid."""
    plan = study.plan
    remarks = (*prepared.notes, *plan.notes, *remarks_on_looks(study.job, study.split.holdout))
    if (budget := prepared.budget) is not None:
        calls, usd = _left_of(budget)
        remarks += tuple(remarks_on_budget(budget.name, calls, usd, plan))
    return list(dict.fromkeys(remarks))


def _left_of(budget: BudgetState) -> tuple[int | None, float | None]:
    """Return the calls and the US dollars that a budget has left, None of what it does not cap."""
    free = budget.cap.free(budget.charged)
    return (
        None if budget.cap.calls is None else max(free.calls, 0),
        None if budget.cap.nano is None else max(free.nano, 0) / NANO,
    )


def limits_of(caps: Caps, budget: BudgetState | None) -> str:
    """Return the caps of a run, and what is left of the budget that it spends from, in words."""
    limits = [money(caps.usd)] if caps.usd is not None else []
    limits += [plural(caps.calls, "call")] if caps.calls is not None else []
    limits += [f"{caps.minutes:g} minute{'s' * (caps.minutes != 1)}"] if caps.minutes is not None else []
    limits += [_limit_of(budget)] if budget is not None else []
    return ", ".join(limits) or "none"


def _limit_of(budget: BudgetState) -> str:
    """Return what a budget caps, in words."""
    calls, usd = _left_of(budget)
    left = [] if usd is None else [money(usd)]
    left += [] if calls is None else [plural(calls, "call")]
    return f"{' and '.join(left) or 'no cap'} left of the budget {visible(budget.name)}"


def remarks_on_context(prepared: PreparedJob, allowed: str) -> list[str]:
    """Return what does not fit into the models' contexts, as far as these are given or their servers tell them.

    No model is called. Nobody is asked whom a file of others names and its user has not agreed to.
    """
    job = prepared.job
    told = run(told_contexts(job.config.models, job.system)) if _is_agreed(prepared.settings.reach, allowed) else {}
    return remarks_on_fit(job, told)


def _remarks_on_tools(prepared: PreparedJob, allowed: str) -> list[str]:
    """Import the functions that agents may call, if that was agreed to; else say that they were not looked at.

    Raises:
        ConfigInvalid: one cannot be had.

    """
    system = prepared.job.system
    if not system.has_tools:
        return []
    reach = of_system(system)
    if not _is_agreed(reach, allowed):
        return [f"tools are not looked at before you allow them: --trust {reach.fingerprint}"]
    Toolbox(system)
    return []


def _is_agreed(reach: Reach, allowed: str) -> bool:
    return not reach.settings or allowed == reach.fingerprint or is_trusted(reach)


def plan_text(prepared: PreparedJob, study: Study) -> str:
    """Return the plan of a run for people: what is optimized, on what, where, and what it costs at most."""
    plan = study.plan
    system, config = prepared.job.system, prepared.job.config
    models, caps, levels = config.models, config.caps, system.levels
    if len(system.order) <= _MOST_NAMED:
        shape = " → ".join(", ".join(map(_drawn, level)) for level in system.flow.levels)
    else:
        size = f"{number(len(system.order))} agents in {number(len(levels))} levels"
        shape = f"{list_names(levels[0])} → … → {list_names(levels[-1])} ({size})"
    price = f"unknown: no price is known for {', '.join(plan.unpriced)}; {HOW_TO_PRICE}"
    return lay_out(
        ("system", f"{system.name}: {shape}"),
        *_flow_lines(system),
        ("inputs", f"{plan.search_inputs} for the search, {_held_out(plan)} for the final test"),
        ("endpoint", describe_endpoints(models)),
        ("calls", _calls(study, caps.calls)),
        ("tokens", _tokens(plan)),
        ("money", price if plan.usd is None else _money(plan, plan.usd)),
        *_time(plan, models.concurrency),
        ("caps", limits_of(caps, prepared.budget)),
        ("folder", str(prepared.out)),
    )


def _drawn(part: Part) -> str:
    """Return agents that go side by side with others; a circle as one round of it, and how often it goes round."""
    inside = " → ".join(", ".join(layer) for layer in part.layers)
    if part.rounds == 1:
        return inside
    end = f" until {part.until}" if part.until else ""
    return f"[{inside}] × {part.rounds}{end}"


def _flow_lines(system: System) -> list[tuple[str, str]]:
    """Return of each agent that is not simply called once what decides it; in the columns of the plan."""
    told = [(agent.name, describe_calls(agent)) for agent in system.agents]
    lines = [f"{name}: {what}" for name, what in told if what]
    return [("" if place else "flow", line) for place, line in enumerate(lines[:_MOST_NAMED])]


def _calls(study: Study, cap: int | None) -> str:
    plan = study.plan
    most = _capped(plan.most, cap)
    by_agents = " (planned by agents: more inputs take no more)" if _is_planned_by_agents(study) else ""
    about = f"about {plan.about:,}{by_agents}, " if plan.about < most else ""
    without = f" by --max-calls (this plan without it: {plan.most:,})" if most < plan.most else ""
    return f"{about}at most {most:,}{without}"


def _is_planned_by_agents(study: Study) -> bool:
    """Say whether a run takes the calls that are usual for as many agents, whatever the inputs, and no set number."""
    search = planned_search(study.job)
    return search.planned_calls(study.problem.team) is not None and getattr(search, "calls", None) is None


def _capped(calls: int, cap: int | None) -> int:
    return calls if cap is None else min(cap, calls)


def _tokens(plan: Estimate) -> str:
    most = f"at most {plan.tokens_in:,} in, {plan.tokens_out:,} out"
    if plan.expected is None:
        return most
    return f"about {plan.expected.tokens_in:,} in, {plan.expected.tokens_out:,} out; {most}"


def _money(plan: Estimate, usd: float) -> str:
    most = f"at most {money(usd)}"
    return most if plan.expected is None or plan.expected.usd is None else f"about {money(plan.expected.usd)}, {most}"


def _time(plan: Estimate, concurrency: int) -> list[tuple[str, str]]:
    if plan.expected is None:
        return []
    a_call = plan.expected.seconds / max(plan.about, 1)
    alone = duration(plan.expected.seconds)
    if concurrency == 1:
        return [("time", f"about {alone}, one call after the other at {a_call:g} s each")]
    best = duration(plan.expected.seconds / concurrency)
    return [("time", f"from {best} ({concurrency} calls at a time) to {alone} (one), at {a_call:g} s a call")]


def _held_out(plan: Estimate) -> str:
    groups = f" in {plan.holdout_groups} independent groups" if plan.holdout_groups < plan.holdout_inputs else ""
    return f"{plan.holdout_inputs} held out{groups}"


@dataclass(frozen=True, slots=True)
class _Tokens(Dumped):
    in_: int = field(metadata=named("in"))
    out: int


@dataclass(frozen=True, slots=True)
class _Inputs(Dumped):
    search: int
    holdout: int
    holdout_groups: int


@dataclass(frozen=True, slots=True)
class _ExpectedFigures(Dumped):
    """What the expected calls come to; seconds if each waited for the one before."""

    tokens: _Tokens
    usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class _PlanFigures(Dumped):
    """What ``--json`` prints of a plan; tokens and ``usd`` are at most, ``usd`` is None when a price is unknown."""

    calls: Mapping[str, int]
    """At most, by purpose; what the run is planned for, what it is expected to take, and at most together."""
    tokens: _Tokens
    usd: float | None
    unpriced: tuple[str, ...]
    inputs: _Inputs
    notes: tuple[str, ...]
    expected: _ExpectedFigures | None
    """None where there is a bound only."""


@dataclass(frozen=True, slots=True)
class _CheckFigures(Dumped):
    """What ``--json`` prints of a check without a call."""

    ok: bool
    system: str
    agents: tuple[str, ...]
    output: str
    plan: _PlanFigures = field(metadata=FLAT)


def _figures(plan: Estimate, remarks: Sequence[str], cap: int | None) -> _PlanFigures:
    found = plan.expected
    most = {name: _capped(calls, cap) for name, calls in plan.calls.items()}
    tokens = _Tokens(found.tokens_in, found.tokens_out) if found else _Tokens(0, 0)
    return _PlanFigures(
        calls={**most, "planned": plan.planned, "expected": plan.about, "total": _capped(plan.most, cap)},
        tokens=_Tokens(plan.tokens_in, plan.tokens_out),
        usd=plan.usd,
        unpriced=plan.unpriced,
        inputs=_Inputs(plan.search_inputs, plan.holdout_inputs, plan.holdout_groups),
        notes=tuple(remarks),
        expected=None if found is None else _ExpectedFigures(tokens, found.usd, found.seconds),
    )
