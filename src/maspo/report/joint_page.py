"""The page of prompts and structure in turns: what came out, what each turn changed, how the budget was shared out.

It is made from the folder alone, so it can be looked at while turns are taken, and after one was cut off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from maspo.core.plain_files import MOST_TEXT, is_there, read_plain
from maspo.core.usage import Usage
from maspo.report import phrases
from maspo.report.alternation import (
    PROMPTS,
    STAGES,
    AlternationFigures,
    StageFigures,
    TurnFigures,
    alternation_summary,
    changed,
    cut_short,
    figures_in,
    headline,
    needed,
)
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import (
    Bar,
    Bars,
    Dot,
    Dots,
    Fold,
    Link,
    Part,
    Passage,
    Sheet,
    SheetState,
    SheetTone,
    cells,
    sheet,
)
from maspo.report.folder import JOURNAL, REPORT, Look, look
from maspo.report.structure import money_of_many
from maspo.report.team_cost import PER_INPUTS
from maspo.stats.paired import net_win_interval
from maspo.stats.shown import beside
from maspo.store.files import write_whole
from maspo.study.alternation.alternate import recorded_alternation, turn_folders
from maspo.study.alternation.plan import TURNS, Alternation, Turn
from maspo.study.decisions import works
from maspo.study.ended import spent_in
from maspo.study.evaluation.structure import DATABASE as STRUCTURE_DATABASE
from maspo.study.record import JOINT
from maspo.team import System

KIND: Final = "prompts and structure"
GOES_ON: Final = "repeat the command that began it, with the same --out; no recorded call is asked again"
_TONES: Mapping[str, SheetTone] = {
    "better": "improved",
    "as_good": "improved",
    "worse": "worse",
    "not_proven": "no_evidence",
    "untested": "cannot_tell",
    "unchanged": "no_evidence",
}
_LABELS: Mapping[str, str] = {
    "better": "Better",
    "as_good": "As good for less",
    "worse": "Worse",
    "not_proven": "Not proven",
    "untested": "Not tested",
    "unchanged": "Unchanged",
}
_DOES: Mapping[Turn, str] = {
    "prompts": "rewrites prompts",
    "structure": "finds out who is needed",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a turn is, or what it came to."""

    turn: Turn
    folder: str
    planned: int | None
    calls: int
    seconds: float
    state: str
    """``to come``, ``at work``, ``ended``; ``cut off`` where nobody works at it any more."""
    changed: str = ""

    @property
    def words(self) -> str:
        """The state, and what was changed."""
        return f"{self.state}: {self.changed}" if self.changed else self.state


def write_joint_page(out: Path) -> None:
    """Write ``report.html``.

    Raises:
        StoreError: the record cannot be read, or the page cannot be written.

    """
    write_whole(out / REPORT, sheet_html(joint_sheet(out)))


def joint_sheet(out: Path, looked: Callable[[Path], Look] = look) -> Sheet:
    """Return the document of prompts and structure in turns, as far as they are. ``looked`` reads the run of a turn.

    Raises:
        StoreError: the record cannot be read.

    """
    asked = recorded_alternation(out)
    found = figures_in(out)
    state: SheetState = "running" if works(out / JOINT) else "stopped" if found is None else "finished"
    if found is None or state == "running":
        return _so_far(asked, out, looked, state)
    turns = [_standing_of(turn) for turn in found.turns]
    return sheet(
        KIND,
        f"{asked.job.system.name}, {KIND}",
        line=f"run {found.run}, seed {found.seed}, prompts by {found.method}, structure by {found.structure}",
        label=_LABELS[found.verdict],
        tone=_TONES[found.verdict],
        headline=headline(found),
        simulated=found.simulated,
        facts=[
            ("To use", _to_use(found)),
            ("Spent", phrases.plural(found.calls, "call")),
            ("Money", phrases.money_spent(Usage(calls=found.calls, usd=found.usd), found.simulated)),
            ("Time", phrases.duration(found.seconds)),
            ("Inputs", f"{found.search_inputs} that all turns saw, {found.holdout_inputs} that none of them saw"),
        ],
        remarks=cut_short(found),
        parts=(
            _tested(found),
            _turns(out, turns),
            _budget(asked, turns, max(0, found.calls - sum(turn.calls for turn in found.turns))),
            _tried(found.turns),
            _cost(found),
            _team(asked.job.system, out),
        ),
        summary=alternation_summary(found),
    )


def _so_far(asked: Alternation, out: Path, looked: Callable[[Path], Look], state: SheetState) -> Sheet:
    """Return the document of turns that have not come to their end."""
    turns, simulated = _standings(asked, out, looked, state)
    at = next((place for place, one in enumerate(turns, 1) if one.state != "ended"), None)
    where = (
        "The turns are over; the test comes next."
        if at is None
        else f"Turn {at} of {len(turns)}: {turns[at - 1].turn}."
    )
    lines = {
        "running": where,
        "stopped": f"Stopped. {where}",
    }
    spent = sum(one.calls for one in turns)
    return sheet(
        KIND,
        f"{asked.job.system.name}, {KIND}",
        line=f"seed {asked.job.config.seed}, prompts by {asked.job.config.search.method}, structure by {asked.method}",
        label="Running" if state == "running" else "Not finished",
        headline=lines[state],
        simulated=simulated,
        facts=[
            ("To go on", "" if state == "running" else GOES_ON),
            ("So far", f"{phrases.plural(spent, 'call')} of {phrases.number(asked.calls)}"),
            (
                "Inputs",
                f"{len(asked.split.search)} that all turns see, {len(asked.split.holdout)} that none of them sees",
            ),
            ("At the end", "the test on inputs that no turn has seen; nothing is claimed before"),
        ],
        parts=(_turns(out, turns), _budget(asked, turns, None)),
        state=state,
    )


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _standing_of(turn: TurnFigures) -> Standing:
    state = "cut short by a cap" if turn.cap else "ended"
    return Standing(turn.turn, turn.folder, turn.planned, turn.calls, turn.seconds, state, changed(turn))


def _standings(
    asked: Alternation, out: Path, looked: Callable[[Path], Look], state: SheetState
) -> tuple[list[Standing], bool]:
    found, simulated, folders = list[Standing](), False, turn_folders(out)
    begun = [is_there(folder / JOURNAL) or is_there(folder / STRUCTURE_DATABASE) for folder in folders]
    at_work = "at work" if state == "running" else "cut off"
    for number, (turn, folder, planned) in enumerate(zip(TURNS, folders, asked.planned.values(), strict=True)):
        if not begun[number]:
            # Where nothing can be changed, a turn leaves no record.
            passed = any(begun[number + 1 :])
            found.append(Standing(turn, folder.name, planned, 0, 0.0, "ended" if passed else "to come"))
        elif turn == "structure":
            usage, seconds = spent_in(folder / STRUCTURE_DATABASE)
            over = any(begun[number + 1 :])
            found.append(Standing(turn, folder.name, planned, usage.calls, seconds, "ended" if over else at_work))
        else:
            view = looked(folder).view
            simulated = simulated or view.simulated
            calls = sum(one.calls for one in view.usage.values())
            rewritten = [agent.name for agent in view.agents if agent.rewritten]
            told = f"prompts of {phrases.list_names(rewritten)} rewritten" if rewritten else ""
            over = view.finished is not None
            seconds = view.seconds or 0.0
            found.append(Standing(turn, folder.name, planned, calls, seconds, "ended" if over else at_work, told))
    return found, simulated


def _turns(out: Path, turns: Sequence[Standing]) -> Part:
    words = (
        "Each turn goes on with the team that the one before has left. Its own test has one input and decides nothing: "
        "what the turns came to is tested once, at the end.",
    )
    rows = [
        (
            f"{number}. {one.turn}",
            _DOES[one.turn],
            one.words,
            phrases.number(one.calls),
            phrases.duration(one.seconds) if one.seconds else "",
        )
        for number, one in enumerate(turns, 1)
    ]
    table = cells("Turn by turn", ("Turn", "What it does", "What came of it", "Calls", "Time"), rows, names=3)
    return Part("Turn by turn", words=words, tables=(table,), links=tuple(_links(out, turns)))


def _links(out: Path, turns: Sequence[Standing]) -> Iterator[Link]:
    for number, one in enumerate(turns, 1):
        if one.turn == "prompts" and is_there(out / one.folder / JOURNAL):
            page = f"{one.folder}/{REPORT}" if is_there(out / one.folder / REPORT) else ""
            yield Link(f"Turn {number}: {one.turn}", "its candidates, cases and calls", one.folder, page)


def _budget(asked: Alternation, turns: Sequence[Standing], test: int | None) -> Part:
    """Return how the calls were shared out, and what was used."""
    shares = [Bar(f"Turn {number}: {one.turn}", one.calls, one.planned) for number, one in enumerate(turns, 1)]
    bars = Bars(
        "Calls used, of those planned", "number", (*shares, Bar("The test at the end", test or 0, asked.test_calls))
    )
    kept = f"{asked.test_calls / asked.calls:.0%}"
    words = (
        f"Of {phrases.plural(asked.calls, 'call')} up to {phrases.number(asked.test_calls)} ({kept}) are kept for the "
        "test: three teams answer every input that was held out, and two of them are judged. The turns share the rest; "
        "what one leaves over goes to those after it, and a search may end its last round beyond its plan.",
    )
    return Part("The budget", words=words, bars=(bars,))


def _tried(turns: Sequence[TurnFigures]) -> Part:
    tried = [one for turn in turns for one in turn.tried]
    if not tried:
        return Part("What was tried of the structure")
    rows = [
        (
            one.change,
            one.kind,
            "kept" if one.kept else "refused",
            *map(phrases.number, (one.wins, one.losses, one.inputs)),
        )
        for one in tried
    ]
    dots = tuple(
        Dot(
            "Kept" if one.kept else "Refused",
            one.change,
            (one.wins - one.losses) / one.inputs,
            *net_win_interval(one.wins, one.losses, one.inputs),
        )
        for one in tried
        if one.inputs
    )
    drawn = (Dots("Net win rate of the changed team", "signed percent", dots, -1.0, 1.0, 0.0),) if dots else ()
    table = cells("Changes", ("Change", "Kind", "Outcome", "Won", "Lost", "Inputs"), rows, names=3)
    words = ("On inputs of the turns. What saves calls is kept where the team is as good without it.",)
    return Part("What was tried of the structure", words=words, dots=drawn, tables=(table,))


# ── the test ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _to_use(found: AlternationFigures) -> str:
    if found.ships == "given":
        return "the team that you gave; system.yaml holds it"
    return f"system.yaml of the folder: {STAGES[found.ships]}"


def _tested(found: AlternationFigures) -> Part:
    """Return the two claims: new prompts alone, and the whole, each against the given team."""
    title = "The test, on inputs that no turn has seen"
    decided = [one for one in found.stages if one.net is not None]
    if not decided:
        return Part(title, words=("Nothing was tested.",) if found.stages or found.cap else ())
    dots = tuple(Dot("", STAGES[one.stage], one.net or 0.0, *(one.interval or _interval(one))) for one in decided)
    drawn = Dots("Net win rate against the team as given, with 95% intervals", "signed percent", dots, -1.0, 1.0, 0.0)
    rows = [
        (
            STAGES[one.stage],
            "proven better" if one.proven_better else "not proven better",
            *map(phrases.number, (one.wins, one.losses, one.ties, one.undecided)),
            beside(one.p_better, one.p_better),
            f"{max(one.worse_by_at_most, 0.0):.0%}",
        )
        for one in found.stages
    ]
    columns = ("Team", "Claim", "Won", "Lost", "Level", "Undecided", "p", "Worse by at most")
    words = [f"{line[0].upper()}{line[1:]}." for line in needed(found)]
    words.append(
        "Worse by at most: an upper bound of losses minus wins (95%, one-sided). A smaller team counts as good up to "
        f"{found.margin:.0%}."
    )
    return Part(title, words=tuple(words), dots=(drawn,), tables=(cells("Two claims", columns, rows, names=2),))


def _interval(one: StageFigures) -> tuple[float, float]:
    """Return the interval of a result that was written before results held it."""
    return net_win_interval(one.wins, one.losses, one.wins + one.losses + one.ties)


def _cost(found: AlternationFigures) -> Part:
    teams = [("given", found.given), *((one.stage, one.cost) for one in found.stages)]
    told = [(name, cost) for name, cost in teams if cost is not None]
    priced = any(cost.usd is not None for _, cost in told)
    rows = [
        (
            STAGES[name],
            phrases.number(cost.agents),
            f"{cost.calls:.3g}",
            f"{cost.tokens:,.0f}" if cost.tokens else "–",
            *((money_of_many(cost),) if priced else ()),
        )
        for name, cost in told
    ]
    if not rows:
        return Part("What an input costs")
    columns = ("Team", "Agents", "Calls", "Tokens", *((f"Money for {PER_INPUTS:,}",) if priced else ()))
    return Part("What an input costs", tables=(cells("To answer an input", columns, rows),))


def _team(given: System, out: Path) -> Part:
    """Return the team that a person may go on with, against the one that was given."""
    title = "The team in system.yaml"
    try:
        content = json.loads(read_plain(out / PROMPTS, MOST_TEXT).decode("utf-8"))
        prompts = {str(name): str(text) for name, text in content.items()}
    except (OSError, ValueError, AttributeError, RecursionError):  # somebody has changed the file
        return Part(title)
    gone = [name for name in given.prompts if name not in prompts]
    words = [f"Without {phrases.list_names(gone)}."] if gone else []
    same = [name for name, text in prompts.items() if given.prompts.get(name) == text]
    words += [f"Unchanged: {phrases.list_names(same)}."] if same else []
    folds = tuple(
        Fold(name, (Passage(name, text, given.prompts.get(name)),))
        for name, text in prompts.items()
        if name not in same
    )
    return Part(title, words=tuple(words), folds=folds)
