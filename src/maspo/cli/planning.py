"""``maspo check`` and ``maspo estimate``: what can be known before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maspo.cli.options import Asked, job_command
from maspo.cli.terminal import note, print_json, say, table
from maspo.core.plain import FLAT, Dumped, named

if TYPE_CHECKING:
    from maspo.cli.prepare import Prepared
    from maspo.study.job import Estimate
    from maspo.team import System

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
    from maspo.study.resolve import resolve

    prepared = prepare(asked)
    planned = resolve(prepared.job).plan
    remarks = list(dict.fromkeys((*prepared.notes, *planned.notes)))
    for remark in remarks:
        note(f"note: {remark}")
    rows = [*planned.calls.items(), ("together", planned.most)]
    say(table(("purpose", "calls at most"), [(name, f"{calls:,}") for name, calls in rows]))
    say()
    say(plan_text(prepared, planned))
    if asked.as_json:
        print_json(_figures(planned, remarks))


@dataclass(frozen=True, slots=True)
class _Tokens(Dumped):
    in_: int = field(metadata=named("in"))
    out: int


@dataclass(frozen=True, slots=True)
class _Inputs(Dumped):
    search: int
    holdout: int


@dataclass(frozen=True, slots=True)
class _EstimateFigures(Dumped):
    """What ``--json`` prints of an estimate; ``usd`` is None when a price is unknown."""

    calls: Mapping[str, int]
    """At most, by purpose; what the run is planned for, and at most together."""
    tokens: _Tokens
    usd: float | None
    unpriced: tuple[str, ...]
    inputs: _Inputs
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _CheckFigures(Dumped):
    """What ``--json`` prints of a check without a call."""

    ok: bool
    system: str
    agents: tuple[str, ...]
    output: str
    estimate: _EstimateFigures = field(metadata=FLAT)


def _figures(planned: Estimate, remarks: Sequence[str]) -> _EstimateFigures:
    return _EstimateFigures(
        calls={**planned.calls, "planned": planned.planned, "total": planned.most},
        tokens=_Tokens(planned.tokens_in, planned.tokens_out),
        usd=planned.usd,
        unpriced=planned.unpriced,
        inputs=_Inputs(planned.search_inputs, planned.holdout_inputs),
        notes=tuple(remarks),
    )


@job_command
def check(asked: Asked) -> None:
    """Check everything without a single call.

    Reads system, inputs and settings, and looks whether the run folder could be written.
    """
    from maspo.cli.prepare import key_missing, prepare
    from maspo.study.resolve import resolve

    prepared = prepare(asked)
    planned = resolve(prepared.job).plan
    missing = key_missing(prepared.job.config.models)
    remarks = list(dict.fromkeys((*prepared.notes, *planned.notes, *([missing] if missing else []))))
    for remark in remarks:
        note(f"note: {remark}")
    say("Everything that can be checked without a call is fine.")
    say()
    say(plan_text(prepared, planned))
    if asked.as_json:
        system = prepared.job.system
        estimate = _figures(planned, remarks)
        print_json(_CheckFigures(True, system.name, tuple(system.order), system.output, estimate))
