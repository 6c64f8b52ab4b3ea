"""What a search for a better structure found: a summary for the terminal, ``structure.json``, and the system file.

All text of models and files is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maspo.core.plain import Dumped
from maspo.core.usage import total
from maspo.optimizers.structure.base import ChangeTrial, Method, StructurePlan
from maspo.report import phrases, sentences
from maspo.report.evaluation import calls_by_purpose
from maspo.report.team_cost import PER_INPUTS
from maspo.report.text import judge_lines
from maspo.report.visible import visible
from maspo.store.files import write_whole
from maspo.study.evaluation.structure import Side, StructureFindings, worse_bound
from maspo.team.changes import kind_of
from maspo.team.load import dump_system

RESULT = "structure.json"
SYSTEM_FILE = "system.yaml"
SAID = {
    "unchanged": "No change was kept: as the team stands, nothing of it could go without loss.",
    "untested": "A cap left the test out, so nothing is known of the changed team on inputs it has not seen.",
    "better": "On inputs that the search has not seen the changed team is better.",
    "as_good": "On inputs that the search has not seen the changed team is as good, within the margin.",
    "worse": "On inputs that the search has not seen the changed team is worse: keep the team that you have.",
    "not_proven": "On inputs that the search has not seen it is not proven that the changed team is as good: keep the "
    "team that you have, or give more inputs.",
}


@dataclass(frozen=True, slots=True)
class TriedChange(Dumped):
    """A change of the structure that was tried on inputs of the search."""

    change: str
    kind: str
    wins: int
    losses: int
    inputs: int
    kept: bool


@dataclass(frozen=True, slots=True)
class TeamFigures(Dumped):
    """What a team takes to answer an input, on average over the hold-out."""

    agents: int
    calls: float
    tokens: float | None
    usd: float | None = None
    """None where a price is unknown, and in results of versions before."""


@dataclass(frozen=True, slots=True)
class StructureFigures(Dumped):
    """The object of ``structure.json``."""

    verdict: str
    changes: tuple[str, ...]
    wins: int | None
    losses: int | None
    ties: int | None
    undecided: int | None
    p_better: float | None
    worse_by_at_most: float | None
    """An upper bound (95 %, one-sided) of losses minus wins, as a share of the inputs."""
    margin: float
    before: TeamFigures | None
    after: TeamFigures | None
    tried: tuple[TriedChange, ...]
    method: str
    system: str
    search_inputs: int
    holdout_inputs: int
    complete: bool
    calls: Mapping[str, int]
    """By purpose."""
    usd: float | None
    seconds: float
    seed: int
    simulated: bool
    run: str


def figures_of(found: StructureFindings) -> StructureFigures:
    """Return what a search for a better structure found as figures."""
    held, spent = found.holdout, total(found.usage.values())
    return StructureFigures(
        verdict=found.verdict,
        changes=tuple(map(str, found.changes)),
        wins=held.wins if held else None,
        losses=held.losses if held else None,
        ties=held.ties if held else None,
        undecided=held.undecided if held else None,
        p_better=held.p_value if held else None,
        worse_by_at_most=worse_bound(held) if held and held.n else None,
        margin=found.plan.margin,
        before=team_figures(found.before),
        after=team_figures(found.after),
        tried=tuple(map(tried_change, found.tried)),
        method=found.method,
        system=found.evaluation.system.name,
        search_inputs=found.searched,
        holdout_inputs=found.held_out,
        complete=not found.cap,
        calls=calls_by_purpose(found.usage),
        usd=spent.usd,
        seconds=found.seconds,
        seed=found.evaluation.config.seed,
        simulated=found.simulated,
        run=found.run,
    )


def team_figures(side: Side | None) -> TeamFigures | None:
    """Return what a team takes as figures."""
    return None if side is None else TeamFigures(side.agents, side.cost.calls, side.cost.tokens, side.cost.usd)


def tried_change(one: ChangeTrial) -> TriedChange:
    """Return a change that was tried as figures."""
    tally = one.tally
    return TriedChange(str(one.change), kind_of(one.change), tally.wins, tally.losses, tally.n, one.kept)


def structure_summary(found: StructureFindings) -> str:
    """Return what was found in plain lines."""
    spent = total(found.usage.values())
    rows: list[tuple[str, str]] = [(_mark(one), _line(one)) for one in found.tried]
    if not all(one.kept for one in found.tried):
        rows.append(("why", why_refused(found.method, found.plan)))
    held = found.holdout
    if held is not None and held.n:
        undecided = f", {held.undecided} undecided" if held.undecided else ""
        score = f"{held.wins} won, {held.losses} lost, {held.ties} level{undecided}"
        rows += [
            ("hold-out", f"{score} of {found.held_out} inputs"),
            ("worse by", f"{max(worse_bound(held), 0.0):.0%} of inputs at most (margin {found.plan.margin:.0%})"),
        ]
    rows += [("an input", line) for line in describe_teams(team_figures(found.before), team_figures(found.after))]
    rows += [("note", line) for line in phrases.describe_replies(found.usage)]
    rows += [("spent", phrases.spent(spent)), ("money", phrases.money_spent(spent, found.simulated))]
    lines = [
        SAID[found.verdict],
        *([phrases.SIMULATED] if found.simulated else []),
        *([f"A cap ended the work early: {found.cap}."] if found.cap else []),
        "",
        *judge_lines(rows),
        *([sentences.describe_all_unsettled(found.unsettled)] if found.unsettled else []),
    ]
    return visible("\n".join(lines))


def _mark(one: ChangeTrial) -> str:
    return "taken" if one.kept else "refused"


def _line(one: ChangeTrial) -> str:
    told = f"{one.change}: {one.tally.wins} won, {one.tally.losses} lost of {one.tally.n} inputs of the search"
    return told if one.kept else f"{told}; may be worse by {one.tally.worse_by:.0%}"


def why_refused(method: Method, plan: StructurePlan) -> str:
    """Return by what rule a change is refused."""
    if method == "agent-dropout":
        return "what is light goes only where more was won than lost without it, on inputs that told no weights"
    return (
        f"a change that saves calls may be worse by {plan.for_one:.0%} of the inputs, since several add up to the "
        f"margin of {plan.margin:.0%}; one standard error is added to what was lost; a dearer one must be better"
    )


def describe_teams(before: TeamFigures | None, after: TeamFigures | None) -> list[str]:
    """Return in a line what an input takes with the given team and with another; nothing where one is not known."""
    if before is None or after is None:
        return []
    line = f"{before.calls:.3g} → {after.calls:.3g} calls"
    if before.tokens and after.tokens:
        line += f", {before.tokens:,.0f} → {after.tokens:,.0f} tokens"
    if before.usd is not None and after.usd is not None:
        line += f"; {PER_INPUTS:,} of them {money_of_many(before)} → {money_of_many(after)}"
    return [line]


def money_of_many(team: TeamFigures) -> str:
    """Return what many inputs cost, as one costs a fraction of a cent; a dash where a price is unknown."""
    return "–" if team.usd is None else phrases.money(team.usd * PER_INPUTS)


def write_structure(out: Path, found: StructureFindings) -> None:
    """Write ``structure.json``, and ``system.yaml`` with the changed team, which nobody uses before a person does.

    Raises:
        StoreError: one of them cannot be written.

    """
    write_whole(out / SYSTEM_FILE, dump_system(found.system))
    write_whole(out / RESULT, json.dumps(figures_of(found).dump(), indent=2) + "\n")
