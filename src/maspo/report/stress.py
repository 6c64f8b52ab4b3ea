"""The page of a team under stress: what faults of agents cost, how far a planted note travels, who adds what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor
from pathlib import Path

from maspo.core.usage import total
from maspo.report import phrases
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import Cells, Dot, Dots, Part, Sheet, Unit, cells, sheet, spent_facts
from maspo.report.folder import STRESS_PAGE
from maspo.runners.faults import PLANTED, Kind
from maspo.stats.shapley import Contribution
from maspo.store.files import write_whole
from maspo.study.stress import Cell, Figure, StressFindings

FEW = 25
"""Inputs below which even no difference at all leaves a tenth of them open (``stats.paired.net_loss_bound``)."""
_MEANS = {
    Kind.MISSING: "the agent is not called",
    Kind.NONSENSE: "its words arrive in a drawn order",
    Kind.LATE: "it is cut off after a third",
    Kind.FORMAT: "its tags, braces, brackets and quotes are lost",
    Kind.PLANTED_INPUT: "a note stands at the end of what it reads",
    Kind.PLANTED_OUTPUT: "a note stands at the end of what it writes",
    Kind.PLANTED_TOOL: "a note stands at the end of what its tools tell",
}


def write_stress_page(out: Path, found: StressFindings, seed: int) -> None:
    """Write ``stress.html``.

    Raises:
        StoreError: it cannot be written.

    """
    write_whole(out / STRESS_PAGE, sheet_html(stress_sheet(found, seed)))


def stress_sheet(found: StressFindings, seed: int) -> Sheet:
    """Return the document of a team under stress."""
    spoilt = [one for one in found.cells if one.kind not in PLANTED]
    planted = [one for one in found.cells if one.kind in PLANTED]
    clean = phrases.percent(found.clean.mean) + _between(found.clean) if found.clean else ""
    return sheet(
        "stress",
        f"{found.system}: stress",
        line=f"run {found.run} · seed {seed} · prompts {found.prompts}",
        label="Under stress",
        headline=stress_headline(found),
        simulated=found.simulated,
        facts=[
            ("Measured", "by labels" if found.measure == "labels" else "by the judge, in both orders"),
            ("Right without a fault", clean),
            *spent_facts(total(found.usage.values()), found.simulated, found.seconds),
        ],
        remarks=stress_remarks(found),
        parts=(_faults(found, spoilt), _notes(planted), _shares(found)),
    )


def stress_remarks(found: StressFindings) -> tuple[str, ...]:
    """Return what is worth knowing of the figures, a sentence each."""
    few = f"{phrases.plural(found.inputs, 'input')} can tell little: take 50 or more." if found.inputs < FEW else ""
    left = f"A cap left out {phrases.plural(found.left_out, 'input')}." if found.left_out else ""
    mismatch = f"{found.mismatch[0].upper()}{found.mismatch[1:]}." if found.mismatch else ""
    return tuple(line for line in (few, left, mismatch) if line)


_HAPPENS = {
    Kind.MISSING: "is missing",
    Kind.NONSENSE: "writes nonsense",
    Kind.LATE: "is cut off",
    Kind.FORMAT: "loses its format",
    Kind.PLANTED_INPUT: "reads a planted note",
    Kind.PLANTED_OUTPUT: "writes a planted note",
    Kind.PLANTED_TOOL: "is told a planted note by a tool",
}
"""What goes wrong at an agent, as the end of a clause."""


_MOST_TIED = 4
"""Faults that cost alike and are named one by one."""


def stress_headline(found: StressFindings) -> str:
    """Return what a team under stress comes to, in one sentence."""
    inputs = phrases.plural(found.inputs, "input")
    sure = [cell for cell in found.cells if cell.cost.interval[0] > 0]
    if not sure:
        return f"On {inputs} no fault of any agent is shown to cost the team anything."
    most = max(cell.cost.mean for cell in sure)
    worst = [cell for cell in sure if cell.cost.mean == most]
    told = " or ".join(f"when {cell.agent} {_HAPPENS[cell.kind]}" for cell in worst[:_MOST_TIED])
    told += f" or at {phrases.plural(len(worst) - _MOST_TIED, 'other fault')}" if len(worst) > _MOST_TIED else ""
    alike = ", alike" if len(worst) > 1 else ""
    return f"The team loses most {told}: {phrases.percent(most)} of the answers{alike}, on {inputs}."


def _faults(found: StressFindings, cells_of: Sequence[Cell]) -> Part:
    what = "turn wrong, less those that turn right" if found.measure == "labels" else "lose against those without it"
    kinds = list(dict.fromkeys(cell.kind for cell in cells_of))
    words = (
        f"The cost of a fault: the share of answers that {what}, with its 95% interval.",
        *(f"{kind}: {_MEANS[kind]}." for kind in kinds),
    )
    table = _matrix("What each fault of each agent costs", cells_of, kinds)
    drawn = _dots("Cost by fault", ((str(cell.kind), cell.agent, cell.cost) for cell in cells_of), 0.0, costs=True)
    return Part("Faults", words=words, dots=drawn, tables=(table,)) if cells_of else Part("Faults")


def _notes(planted: Sequence[Cell]) -> Part:
    if not planted:
        return Part("Planted notes")
    kinds = list(dict.fromkeys(cell.kind for cell in planted))
    words = (
        "A harmless note asks for a certain word, and to be repeated. Whoever has the word has followed it.",
        *(f"{kind}: {_MEANS[kind]}." for kind in kinds),
    )
    rows = [
        (
            cell.kind,
            cell.agent,
            _write_figure(cell.answers),
            _write_figure(cell.spread),
            _write_figure(cell.cost, signed=True),
        )
        for cell in planted
    ]
    columns = ("Note", "Agent", "Answers that follow it", "Agents that follow it", "Cost")
    follow = ((str(cell.kind), cell.agent, cell.answers) for cell in planted if cell.answers is not None)
    drawn = _dots("Answers that follow the note", follow, None)
    return Part("Planted notes", words=words, dots=drawn, tables=(cells("Planted notes", columns, rows, names=2),))


def _shares(found: StressFindings) -> Part:
    if not found.shares:
        return Part("Who contributes what")
    if found.clean is not None and found.clean.mean == 0:
        return Part("Who contributes what", words=("No answer is right, so it cannot be told who contributes.",))
    words = (
        "What an agent adds when it joins, on average over all orders in which agents may join (Shapley value).",
        _droppable(found),
    )
    rows = [(one.player, _write_figure(one, signed=True)) for one in found.shares]
    drawn = _dots("Share in the outcome", (("", one.player, one) for one in found.shares), 0.0)
    table = cells("Shares in the outcome", ("Agent", "Share"), rows)
    return Part("Who contributes what", words=words, dots=drawn, tables=(table,))


def _droppable(found: StressFindings) -> str:
    if not found.droppable:
        return "None of them looks unneeded: each has a share above nothing, or a loss is seen without it."
    return (
        f"No loss is seen without {phrases.list_names(found.droppable)}. That is a hint and no proof; maspo structure "
        "drops whom it can show to be unneeded."
    )


def _matrix(caption: str, of: Sequence[Cell], kinds: Sequence[Kind]) -> Cells:
    """Return agents by faults; a fault that is none of an agent's is a dash."""
    agents = dict.fromkeys(cell.agent for cell in of)
    by = {(cell.agent, cell.kind): cell for cell in of}
    rows = [
        (agent, *(_write_figure(by[agent, kind].cost, signed=True) if (agent, kind) in by else "–" for kind in kinds))
        for agent in agents
    ]
    return cells(caption, ("Agent", *(kind.capitalize() for kind in kinds)), rows)


def _dots(
    caption: str, of: Iterable[tuple[str, str, Figure | Contribution]], fair: float | None, *, costs: bool = False
) -> tuple[Dots, ...]:
    dots = tuple(Dot(group, name, one.mean, *one.interval) for group, name, one in of)
    if not dots:
        return ()
    # Ends of the axis that are whole tenths: shares of inputs read best so.
    least = floor(10 * min(0.0, *(one.low for one in dots))) / 10
    most = ceil(10 * max(0.1, *(one.high for one in dots))) / 10
    unit: Unit = "signed percent" if least < 0 else "percent"
    return (Dots(caption, unit, dots, least, most, fair, lower_is_better=costs),)


def _write_figure(figure: Figure | Contribution | None, signed: bool = False) -> str:
    if figure is None:
        return "–"
    if not signed:
        return f"{phrases.percent(figure.mean)}{_between(figure)}"
    low, high = map(phrases.signed_percent, figure.interval)
    return f"{phrases.signed_percent(figure.mean)} ({low} to {high})"


def _between(figure: Figure | Contribution) -> str:
    low, high = map(phrases.percent, figure.interval)
    return f" ({low} to {high})"
