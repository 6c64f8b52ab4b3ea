"""``maspo check`` and ``maspo estimate``: what can be known before anything is paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maspo.cli.options import Asked, job_command
from maspo.cli.terminal import note, print_json, say, table

if TYPE_CHECKING:
    from maspo.cli.prepare import Prepared
    from maspo.engine.job import Estimate
    from maspo.graph import System

_MOST_SHOWN = 30


def plan_text(prepared: Prepared, planned: Estimate) -> str:
    """Return the plan of a run for people: what is optimized, on what, where, and what it costs at most."""
    from maspo.models.endpoint import Endpoint

    job, models = prepared.job, prepared.job.config.models
    names = ", ".join(dict.fromkeys([models.agent, models.for_judge(), models.for_proposer()]))
    rows = [
        ("system", f"{job.system.name}: {_shape(job.system)}"),
        ("inputs", f"{planned.search_inputs} for the search, {planned.holdout_inputs} held out for the final test"),
        ("endpoint", f"{Endpoint(models.base_url).shown} ({names})"),
        ("calls", _calls(planned)),
        ("tokens", f"about {planned.tokens_in:,} in, {planned.tokens_out:,} out"),
        ("money", _money(planned)),
        ("caps", _caps(prepared)),
        ("folder", str(prepared.out)),
    ]
    return "\n".join(f"{name:<10}{text}" for name, text in rows)


def _shape(system: System) -> str:
    """Return who comes after whom: every agent of a small team, the ends of a large one."""
    from maspo.report.words import names, number

    agents, levels = len(system.order), system.levels
    if agents <= _MOST_SHOWN:
        return " → ".join(", ".join(level) for level in levels)
    ends = f"{names(levels[0])} → … → {names(levels[-1])}"
    return f"{ends} ({number(agents)} agents in {number(len(levels))} levels)"


def _calls(planned: Estimate) -> str:
    about = f"about {planned.planned:,}, " if planned.planned < planned.most else ""
    return f"{about}at most {planned.most:,}"


def _money(planned: Estimate) -> str:
    from maspo.report.words import money

    if planned.usd is not None:
        return f"at most {money(planned.usd)}"
    return f"unknown: no price is known for {', '.join(planned.unpriced)}"


def _caps(prepared: Prepared) -> str:
    from maspo.report.words import money

    caps = prepared.job.config.caps
    parts = [money(caps.usd)] if caps.usd is not None else []
    parts += [f"{caps.calls:,} calls"] if caps.calls is not None else []
    parts += [f"{caps.minutes:g} minutes"] if caps.minutes is not None else []
    return ", ".join(parts) or "none"


@job_command
def estimate(asked: Asked) -> None:
    """State calls, tokens and money beforehand.

    Calls are planned and bounded; no model is asked.
    """
    from maspo.cli.prepare import prepare
    from maspo.engine.estimate import estimate as planned_cost

    prepared = prepare(asked)
    planned = planned_cost(prepared.job)
    remarks = list(dict.fromkeys((*prepared.notes, *planned.notes)))
    for remark in remarks:
        note(f"note: {remark}")
    rows = [*planned.calls.items(), ("together", planned.most)]
    say(table(("purpose", "calls at most"), [(name, f"{calls:,}") for name, calls in rows]))
    say()
    say(plan_text(prepared, planned))
    if asked.as_json:
        print_json(_estimate_json(planned, remarks))


def _estimate_json(planned: Estimate, remarks: Sequence[str]) -> dict[str, object]:
    """Return the machine's form of an estimate; ``usd`` is null when a price is unknown."""
    return {
        "calls": {**planned.calls, "planned": planned.planned, "total": planned.most},
        "tokens": {"in": planned.tokens_in, "out": planned.tokens_out},
        "usd": planned.usd,
        "unpriced": list(planned.unpriced),
        "inputs": {"search": planned.search_inputs, "holdout": planned.holdout_inputs},
        "notes": list(remarks),
    }


@job_command
def check(asked: Asked) -> None:
    """Check everything without a single call.

    Reads system, inputs and settings, and looks whether the run folder could be written.
    """
    from maspo.cli.prepare import key_missing, prepare
    from maspo.engine.estimate import estimate as planned_cost

    prepared = prepare(asked)
    planned = planned_cost(prepared.job)
    missing = key_missing(prepared.job.config.models)
    remarks = list(dict.fromkeys((*prepared.notes, *planned.notes, *([missing] if missing else []))))
    for remark in remarks:
        note(f"note: {remark}")
    say("Everything that can be checked without a call is fine.")
    say()
    say(plan_text(prepared, planned))
    if asked.as_json:
        system = prepared.job.system
        facts = {"ok": True, "system": system.name, "agents": list(system.order), "output": system.output}
        print_json({**facts, **_estimate_json(planned, remarks)})
