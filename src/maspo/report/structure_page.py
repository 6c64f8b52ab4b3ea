"""The page of a search for a better structure: what was tried and kept, what a test on unseen inputs says, the cost."""

from __future__ import annotations

from pathlib import Path

from maspo.core.usage import total
from maspo.optimizers.structure.base import ChangeTrial
from maspo.report import phrases
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import (
    Dot,
    Dots,
    Part,
    Sheet,
    SheetTone,
    cells,
    sheet,
    spent_facts,
    unsettled_part,
)
from maspo.report.evaluation import subtitle
from maspo.report.folder import STRUCTURE_PAGE
from maspo.report.structure import SAID, money_of_many, structure_summary, team_figures, why_refused
from maspo.report.team_cost import PER_INPUTS
from maspo.stats.paired import net_win_interval
from maspo.store.files import write_whole
from maspo.study.evaluation.structure import StructureFindings, worse_bound
from maspo.team.changes import kind_of

_TONES: dict[str, SheetTone] = {
    "better": "improved",
    "as_good": "improved",
    "worse": "worse",
    "not_proven": "cannot_tell",
}


def write_structure_page(out: Path, found: StructureFindings) -> None:
    """Write ``structure.html``.

    Raises:
        StoreError: it cannot be written.

    """
    write_whole(out / STRUCTURE_PAGE, sheet_html(structure_sheet(found)))


def structure_sheet(found: StructureFindings) -> Sheet:
    """Return the document of a search for a better structure."""
    kept = phrases.plural(len(found.changes), "change")
    return sheet(
        "structure",
        f"{found.evaluation.system.name}: structure",
        line=subtitle(found.run, found.evaluation, judge=True),
        label="Structure",
        headline=SAID[found.verdict],
        simulated=found.simulated,
        tone=_TONES.get(found.verdict, "open"),
        facts=[
            ("Kept", f"{kept}, of {phrases.number(len(found.tried))} that were tried"),
            ("Method", f"{found.method}, as good within {found.plan.margin:.0%} of the inputs"),
            ("Inputs", f"{found.searched} to search, {found.held_out} held out"),
            *spent_facts(total(found.usage.values()), found.simulated, found.seconds),
        ],
        remarks=[f"A cap ended the work early: {found.cap}."] if found.cap else (),
        parts=(_tried(found), _tested(found), _costs(found), unsettled_part(found.unsettled)),
        summary=structure_summary(found),
    )


def _tried(found: StructureFindings) -> Part:
    if not found.tried:
        return Part("What was tried")
    why = why_refused(found.method, found.plan)
    kept = "What saves calls is kept where it is as good; what costs more, where it is better."
    words = (
        "Each change was put against the team before it, on inputs of the search. "
        + ("What is better is kept." if found.method == "agent-dropout" else kept),
        *(() if all(one.kept for one in found.tried) else (f"{why[0].upper()}{why[1:]}.",)),
    )
    rows = [
        (
            str(one.change),
            kind_of(one.change),
            "kept" if one.kept else "refused",
            *(phrases.number(count) for count in (one.tally.wins, one.tally.losses, one.tally.n)),
            f"{one.tally.worse_by:.0%}" if one.tally.n else "–",
        )
        for one in found.tried
    ]
    table = cells("Changes", ("Change", "Kind", "Outcome", "Won", "Lost", "Inputs", "May be worse by"), rows, names=3)
    dots = tuple(_dot(one) for one in found.tried if one.tally.n)
    drawn = (Dots("Net win rate of the changed team", "signed percent", dots, -1.0, 1.0, 0.0),) if dots else ()
    return Part("What was tried", words=words, dots=drawn, tables=(table,))


def _dot(one: ChangeTrial) -> Dot:
    wins, losses, n = one.tally.wins, one.tally.losses, one.tally.n
    low, high = net_win_interval(wins, losses, n)
    return Dot("Kept" if one.kept else "Refused", str(one.change), (wins - losses) / n, low, high)


def _tested(found: StructureFindings) -> Part:
    held = found.holdout
    if held is None or not held.n:
        return Part("On inputs that the search has not seen")
    bound = f"{max(worse_bound(held), 0.0):.0%}"
    words = (
        f"The changed team is worse on {bound} of the inputs at most (95%, one-sided); allowed are "
        f"{found.plan.margin:.0%}.",
    )
    rows = [
        (name, phrases.number(count))
        for name, count in (("Won", held.wins), ("Lost", held.losses), ("Level", held.ties))
    ]
    rows += [("Undecided", phrases.number(held.undecided))] if held.undecided else []
    dot = Dot("", "changed team", (held.wins - held.losses) / held.n, *held.interval)
    drawn = Dots("Net win rate against the team as it was", "signed percent", (dot,), -1.0, 1.0, 0.0)
    table = cells("Hold-out", ("Outcome", "Inputs"), rows)
    return Part("On inputs that the search has not seen", words=words, dots=(drawn,), tables=(table,))


def _costs(found: StructureFindings) -> Part:
    before, after = team_figures(found.before), team_figures(found.after)
    if before is None or after is None:
        return Part("What an input costs")
    rows = [
        ("Agents", phrases.number(before.agents), phrases.number(after.agents)),
        ("Calls", f"{before.calls:.3g}", f"{after.calls:.3g}"),
    ]
    if before.tokens and after.tokens:
        rows.append(("Tokens", f"{before.tokens:,.0f}", f"{after.tokens:,.0f}"))
    if before.usd is not None and after.usd is not None:
        rows.append((f"Money for {PER_INPUTS:,}", money_of_many(before), money_of_many(after)))
    return Part("What an input costs", tables=(cells("To answer an input", ("", "Before", "After"), rows),))
