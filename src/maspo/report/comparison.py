"""What a comparison found: a summary for the terminal, ``comparison.json``, ``comparison.md``, its page's document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev

from maspo.core.plain import Dumped
from maspo.core.prompts import Prompts
from maspo.core.sums import add_up
from maspo.core.usage import Usage, total
from maspo.events import VerdictWord
from maspo.report import phrases
from maspo.report.bundle import sheet_html
from maspo.report.comparison_in_use import InUse, in_use, in_use_cells, in_use_columns, in_use_note, in_use_part
from maspo.report.curves import columns, draw_line, drawn
from maspo.report.document.extras import name_input
from maspo.report.document.sheet import Dot, Dots, Fold, Link, Part, Passage, Sheet, cells, headings, sheet, spent_facts
from maspo.report.folder import COMPARISON_PAGE, REPORT
from maspo.report.result import Tokens, tokens_of
from maspo.report.team_cost import CostFigures, cost_figures
from maspo.report.visible import clipped, visible
from maspo.stats.looks import by_number
from maspo.stats.paired import SIGNIFICANT
from maspo.stats.shown import beside, write_number
from maspo.store.files import write_whole
from maspo.study.comparison.compare import Compared, RunEnd
from maspo.study.comparison.course import CurvePoint, curves_of
from maspo.study.comparison.plan import Comparison, Equal
from maspo.study.comparison.tally import (
    BEST_OF_2,
    RERUN,
    Claim,
    DecidedBy,
    GuardMet,
    InputMet,
    Kind,
    Pair,
    Standing,
    Table,
)

PAGE = COMPARISON_PAGE
RESULT = "comparison.json"
MARKDOWN = "comparison.md"
_MOST_LABELS = 12
"""Ids of inputs that a cell of the text lists, each cut to 40 letters; ``comparison.json`` has all."""
_CLAIMS: Mapping[Claim, str] = {
    "improved": "better than seed",
    "worse": "worse than seed",
    "no_evidence": "no evidence",
    "cannot_tell": "cannot tell",
    "vetoed": "vetoed",
}
_SIGNS = {1: "+", -1: "−", 0: "·"}


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def headline(found: Compared) -> str:
    """Return the outcome in a few sentences: who is claimed to be better than the seed prompts or worse, than whom."""
    if found.mismatch:
        return "No final answer equals its label, so labels tell nobody apart: see the notes."
    better = [one.name for one in found.table.standings if one.verdict == "improved"]
    what = "preferred by the judge to" if found.table.decided_by == "judge" else "better than"
    verb = "are" if len(better) > 1 else "is"
    claim = f"{_both_or_all(better)} {verb} {what} the seed prompts." if better else ""
    behind: dict[str, list[str]] = {}
    for pair in found.table.pairs:
        if pair.better:
            behind.setdefault(pair.better, []).append(_worse(pair))
    pairs = [f"{name} is ahead of {_both_or_all(others)}" for name, others in behind.items()]
    ahead = f" {'; '.join(pairs)}." if pairs else ""
    nothing = f"Nothing is proven to be {what} the seed prompts{_looked(found)}."
    vetoed = [one.name for one in found.table.standings if one.broken]
    barred = f" Guard inputs veto {_both_or_all(vetoed)}." if vetoed else ""
    return (claim or nothing) + _said_of_worse(found) + ahead + barred


def _said_of_worse(found: Compared) -> str:
    """Return who is claimed to be worse than the seed prompts, as a further sentence."""
    worse = [one.name for one in found.table.standings if one.verdict == "worse"]
    if not worse:
        return ""
    if found.table.decided_by == "judge":
        return f" The judge prefers the seed prompts to {_both_or_all(worse)}."
    return f" {_both_or_all(worse)} {'are' if len(worse) > 1 else 'is'} worse than the seed prompts."


def _both_or_all(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) == 2 else phrases.list_names(names)


def _looked(found: Compared) -> str:
    """Return whom earlier looks alone keep from a claim, as the end of a sentence; empty where they keep nobody."""
    of = found.table
    tested = [one for one in of.standings if one.verdict in ("no_evidence", "cannot_tell")]
    p_value, name = min(((one.p_adjusted or 0.0, one.name) for one in tested), default=(1.0, ""))
    first = by_number(1).level / (2 if of.pairs else 1)
    looked = phrases.blamed_on_looks("no_evidence", ((p_value, p_value),), of.look, of.level, first)
    return f": {looked} (Holm) for {name}" if looked else ""


def _worse(pair: Pair) -> str:
    return pair.other if pair.better == pair.one else pair.one


_COST = ("calls", "tokens", "money", "time")
"""What a run took, on average; prompts of one's own were not searched for."""


def _columns(found: Compared) -> tuple[str, ...]:
    first = "accuracy" if found.table.decided_by == "labels" else "net wins"
    guards = ("guards broken",) if found.guarded.met else ()
    cost = _COST if found.runs else ()
    return ("", first, "95% interval", "won", "lost", *guards, "p (Holm)", "verdict", *cost)


def _cells(found: Compared, one: Standing) -> tuple[str, ...]:
    if one.accuracy is not None and one.accuracy_interval is not None:
        low, high = map(phrases.percent, one.accuracy_interval)
        figures: tuple[str, ...] = (phrases.percent(one.accuracy), f"{low} to {high}")
    elif one.kind == "seed":
        figures = ("–", "–")
    else:
        low, high = map(phrases.signed_percent, one.interval)
        figures = (phrases.signed_percent(one.net), f"{low} to {high}")
    compared = ("", "") if one.kind == "seed" else (str(len(one.won)), str(len(one.lost)))
    tested = one.p_worse_adjusted if one.verdict == "worse" else one.p_adjusted
    p_value = "" if tested is None else _p(tested)
    met_guards = one.kind in ("method", "own")  # the seed prompts bind them, and controls do not meet them
    guards = ((str(len(one.broken)) if met_guards else ""),) if found.guarded.met else ()
    return (_name(one), *figures, *compared, *guards, p_value, _said_of(found, one), *_cost(found, one))


_UNGUARDED = "no claim: guard inputs left out"
"""Said where only guard inputs that a cap left out keep something from a claim."""


def _said_of(found: Compared, one: Standing) -> str:
    if one.verdict is None:
        return ""
    passed = one.p_adjusted is not None and one.p_adjusted <= found.table.level
    if one.verdict == "no_evidence" and passed and found.guarded.left_out:
        return _UNGUARDED
    return _CLAIMS[one.verdict]


def _p(value: float) -> str:
    """Return a p-value to two or three digits: corrected ones are compared with levels far below a thousandth."""
    return beside(value, value)


def _name(one: Standing) -> str:
    return one.name + (f" ({one.repeats} seeds)" if one.repeats > 1 else "")


def _cost(found: Compared, one: Standing) -> tuple[str, ...]:
    """Return calls, tokens, money and time of a run, on average; nothing for what was not searched for."""
    if not found.runs:
        return ()
    ends = runs_of(found, one.name)
    if not ends:
        return ("",) * len(_COST)
    spent, n = total(end.usage for end in ends), len(ends)
    mean = Usage(calls=round(spent.calls / n), usd=None if spent.usd is None else spent.usd / n)
    return (
        phrases.number(mean.calls),
        phrases.tokens(round((spent.tokens_in + spent.tokens_out) / n), spent),
        phrases.money_spent(mean, _is_free(found)),
        phrases.duration(add_up(end.finished.seconds for end in ends) / n),
    )


def _is_free(found: Compared) -> bool:
    """Tell whether nothing was paid; at equal money the runs on a simulated world have theirs at the prices given."""
    return found.simulated and not found.comparison.bought


def runs_of(found: Compared, name: str) -> list[RunEnd]:
    """Return the runs of a method."""
    return [end for end in found.runs if end.run.method.name == name]


def _pair_cells(found: Compared, pair: Pair) -> tuple[str, ...]:
    low, high = map(phrases.signed_percent, pair.interval)
    return (
        f"{pair.one} − {pair.other}",
        phrases.signed_percent(pair.net),
        f"{low} to {high}",
        str(len(pair.only_one)),
        str(len(pair.only_other)),
        _p(pair.p_adjusted),
        pair.better or _why_nobody(found, pair),
    )


def _why_nobody(found: Compared, pair: Pair) -> str:
    """Return why neither of two is claimed to be better: a difference that is proven may be barred by guard inputs."""
    if pair.p_adjusted > found.table.level:
        return "no evidence"
    ahead = pair.one if pair.net > 0 else pair.other
    broken = next(one.broken for one in found.table.standings if one.name == ahead)
    return f"{ahead} is vetoed" if broken else _UNGUARDED


def _task_columns(found: Compared) -> tuple[str, ...]:
    return ("net wins by task", *found.tasks)


def _task_cells(found: Compared) -> list[tuple[str, ...]]:
    """Return of each contestant what it came to in each task, and what is claimed there."""
    tables = [{one.name: one for one in table.standings} for table in found.tasks.values()]
    names = [_name(one) for one in found.table.standings if one.kind != "seed"]
    rows = [[table[one.name] for table in tables] for one in found.table.standings if one.kind != "seed"]
    return [(name, *map(_in_a_task, row)) for name, row in zip(names, rows, strict=True)]


def _in_a_task(one: Standing) -> str:
    low, high = map(phrases.signed_percent, one.interval)
    claim = f", {_CLAIMS[one.verdict]}" if one.verdict in ("improved", "worse", "vetoed") else ""
    return f"{phrases.signed_percent(one.net)} ({low} to {high}{claim})"


_RESAMPLED_COLUMNS = ("drawn again", "net wins", "bootstrap")


def _resampled_cells(of: Table) -> list[tuple[str, ...]]:
    """Return the bootstrap intervals, over the seed prompts and among contestants: the field's protocol has them."""
    over = [(_name(one), one.net, one.bootstrap) for one in of.standings if one.verdict is not None]
    among = [(f"{pair.one} − {pair.other}", pair.net, pair.bootstrap) for pair in of.pairs]
    signed = phrases.signed_percent
    return [(name, signed(net), f"{signed(low)} to {signed(high)}") for name, net, (low, high) in (*over, *among)]


_ALONE_COLUMNS = ("each by itself", "right, seed wrong", "wrong, seed right", "McNemar", "p (Holm)")


def _alone_cells(of: Table) -> list[tuple[str, ...]]:
    """Return each prompt set by itself, where labels decide: the lines of the field's protocol."""
    found = [alone for one in of.standings for alone in one.alone] if of.decided_by == "labels" else []
    return [(one.name, str(one.won), str(one.lost), _p(one.mcnemar), _p(one.mcnemar_adjusted)) for one in found]


_SPREAD_COLUMNS = ("seed by seed", "mean", "standard deviation", "each")


def _spread_cells(of: Table) -> list[tuple[str, ...]]:
    """Return of methods with several seeds how far these differ: accuracy, or net wins where a judge decides."""
    rows: list[tuple[str, ...]] = []
    for one in of.standings:
        if one.repeats > 1 and one.alone:
            met = [alone.net if alone.accuracy is None else alone.accuracy for alone in one.alone]
            said = phrases.percent if of.decided_by == "labels" else phrases.signed_percent
            each = ", ".join(map(said, met))
            rows.append((one.name, said(fmean(met)), phrases.percent(stdev(met)), each))
    return rows


_PAIR_COLUMNS = ("", "difference", "95% interval", "first ahead", "second ahead", "p (Holm)", "better")


def notes(found: Compared) -> list[str]:
    """Return how to read the table, and what speaks against its figures."""
    of, said = found.table, []
    inputs = phrases.plural(of.inputs, "hold-out input")
    grouped = f" in {phrases.plural(of.groups, 'independent group')}" if of.groups < of.inputs else ""
    by = "their labels decide" if of.decided_by == "labels" else "the judge decides, in both orders"
    unseen = "; no search saw them" if found.runs else ""  # of prompts of one's own nobody knows who saw what
    said.append(f"{inputs}{grouped}, the same for all{unseen}; {by}.")
    tested = _tested(of)
    families = " of each kind (against the seed prompts; against each other)" if of.pairs else ""
    corrected = "p-values are corrected by Holm's method, and " if tested > 1 else ""
    said.append(
        f"{phrases.plural(tested, 'contestant')} met one hold-out: {corrected}a claim"
        f"{families} needs p ≤ {write_number(of.level)}. This was look {of.look} at this hold-out: all looks at it "
        f"together claim wrongly in {SIGNIFICANT:.0%} of cases at most."
    )
    if any(one.kind == "control" for one in of.standings):
        said.append(
            f"Two lines are controls, of which nothing is claimed: {RERUN}, the seed prompts a second time, and "
            f"{BEST_OF_2}, two further runs of them, of which the judge picks one. Who gains no more could be replaced "
            "by asking twice."
        )
    again = next((one for one in of.standings if one.kind == "control"), None)
    if again is not None:
        differ = len(again.won) + len(again.lost)
        noise = f"{phrases.plural(differ, 'input')}: as many may differ by chance" if differ else "no input"
        said.append(f"The same prompts run twice differ on {noise}.")
    if found.tasks:
        said.append(
            f"Over {phrases.plural(len(found.tasks), 'task')}, {phrases.list_names(list(found.tasks))}: each input "
            "counts once, and costs are means over the runs of all. Each task has a page of its own."
        )
    elif found.runs:
        said.append(f"{_planned(found.comparison)}; the table shows what it took.")
    shipped = [_named(end) for end in found.runs if end.finished.shipped == "seed"]
    if shipped:
        said.append(
            f"Measured is what a search ended with. By their own test these runs keep the seed prompts: "
            f"{phrases.list_names(shipped)}."
        )
    if alike := _ended_alike(found):
        said.append(
            f"All seeds of {phrases.list_names(alike)} ended with the same prompts: their mean is that of one run, and "
            "their spread says nothing."
        )
    if found.cut:
        said.append(f"Cut short by a cap over all: {phrases.list_names(found.cut)}; they may have come further.")
    said += _guard_notes(found)
    if found.left_out:
        said.append(f"A cap left out {phrases.plural(found.left_out, 'hold-out input')}.")
    if said_in_use := in_use_note(found):
        said.append(said_in_use)
    said += found.comparison.remarks
    if found.mismatch:
        said.append(f"{found.mismatch[0].upper()}{found.mismatch[1:]}.")
    undecided = max((one.undecided for one in of.standings), default=0)
    if undecided:
        said.append(f"Up to {phrases.plural(undecided, 'input')} undecided; claims hold if all of them were lost.")
    return said


def _ended_alike(found: Compared) -> list[str]:
    """Return the methods with several seeds of which none found other prompts than the first."""
    ends: dict[str, list[Prompts]] = {}
    for end in found.runs:
        ends.setdefault(end.run.method.name, []).append(end.finished.winners)
    return [name for name, each in ends.items() if len(each) > 1 and all(one == each[0] for one in each)]


def _tested(of: Table) -> int:
    """Return how many contestants something may be claimed of: neither the seed prompts nor controls."""
    return sum(one.verdict is not None for one in of.standings)


def _planned(of: Comparison) -> str:
    """Return what each run was there for: calls, or money and the calls that it should pay for."""
    if not of.bought:
        return f"{phrases.number(of.calls)} calls were planned for each run"
    bought = phrases.list_names([f"{phrases.number(calls)} calls of {name}" for name, calls in of.bought.items()])
    return f"Each run might cost {phrases.money(of.usd)}, which was expected to pay for {bought}"


def _guard_notes(found: Compared) -> list[str]:
    """Return what became of the guard inputs."""
    guarded, said = found.guarded, []
    if guarded.met:
        binding = [one for one in guarded.met if one.binding]
        broken = {one.label for one in binding if not all(one.held.values())}
        states = f"{len(broken)} of these {'is' if len(broken) == 1 else 'are'}" if broken else "none of these is"
        kept = (
            f"{len(binding)} twice; {states} broken by other prompts, and who breaks one is vetoed."
            if binding
            else "none twice, so they guard nothing: choose inputs that the team does right."
        )
        unseen = " that no search saw" if found.runs else ""
        said.append(f"{phrases.plural(len(guarded.met), 'guard input')}{unseen}. The seed prompts keep {kept}")
    if guarded.left_out:
        said.append(f"A cap left out {phrases.plural(guarded.left_out, 'guard input')}: so nothing is claimed better.")
    return said


def summary(found: Compared) -> str:
    """Return the outcome in plain lines."""
    lines = [headline(found), *([phrases.SIMULATED] if found.simulated else []), ""]
    lines += _grid(_columns(found), [_cells(found, one) for one in found.table.standings])
    if found.tasks:
        lines += ["", *_grid(_task_columns(found), _task_cells(found))]
    if found.table.pairs:
        lines += ["", *_grid(_PAIR_COLUMNS, [_pair_cells(found, pair) for pair in found.table.pairs])]
    if spread := _spread_cells(found.table):
        lines += ["", *_grid(_SPREAD_COLUMNS, spread)]
    if used := in_use_cells(in_use(found), _is_free(found)):
        lines += ["", *_grid(in_use_columns(found.table.decided_by), used)]
    lines += ["", *notes(found), ""]
    spent = found.spent
    measuring = f"{phrases.number(found.measuring.calls)} to measure"
    lines.append(
        f"spent     {phrases.plural(spent.calls, 'call')} ({measuring}), "
        f"{phrases.tokens(spent.tokens_in, spent)} tokens in, {phrases.tokens(spent.tokens_out, spent)} out, "
        f"{phrases.money_spent(spent, _is_free(found))}, {phrases.duration(found.seconds)}"
    )
    return visible("\n".join(lines))


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    aligned = (
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (columns, *rows)
    )
    return [text.rstrip() for text in aligned]


def markdown(found: Compared) -> str:
    """Return the tables for a page or a pull request."""
    parts = [f"**{_cell(headline(found))}**", *([phrases.SIMULATED] if found.simulated else [])]
    parts.append(_markdown_table(_columns(found), [_cells(found, one) for one in found.table.standings]))
    if found.tasks:
        parts.append(_markdown_table(_task_columns(found), _task_cells(found)))
    if found.table.pairs:
        parts.append(_markdown_table(_PAIR_COLUMNS, [_pair_cells(found, pair) for pair in found.table.pairs]))
    if spread := _spread_cells(found.table):
        parts.append(_markdown_table(_SPREAD_COLUMNS, spread))
    if used := in_use_cells(in_use(found), _is_free(found)):
        parts.append(_markdown_table(in_use_columns(found.table.decided_by), used))
    parts.append(_markdown_table(_RESAMPLED_COLUMNS, _resampled_cells(found.table)))
    if alone := _alone_cells(found.table):
        parts.append(_markdown_table(_ALONE_COLUMNS, alone))
    if curves := _curves(found):
        width = len(columns(curves))
        headed = ("on the way", *columns(curves)[1:])
        parts.append(_markdown_table(headed, [draw_line(name, curve, width) for name, curve in curves.items()]))
    parts.append("\n".join(f"- {_cell(note)}" for note in notes(found)))
    met, guards = _names(found.inputs), _names(found.guarded.met)
    others = [one for one in found.table.standings if one.kind != "seed"]
    won = [(one.name, _listed(one.won, met), _listed(one.lost, met)) for one in others]
    parts.append(_markdown_table(("", "inputs won against the seed prompts", "lost"), won))
    if broken := [(one.name, _listed(one.broken, guards)) for one in others if one.broken]:
        parts.append(_markdown_table(("", "guard inputs broken"), broken))
    return visible("\n\n".join(parts)) + "\n"


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, cells)) + " |" for cells in lines)


def _cell(content: str) -> str:
    """Return a text that ends no cell and begins no tag: names of files and inputs may hold anything."""
    flat = " ".join(content.split()).replace("\\", "\\\\").replace("|", "\\|")
    return flat.replace("<", "&lt;").replace("`", "'").replace("[", "\\[").replace("!", "\\!")


def _names(met: Sequence[InputMet | GuardMet]) -> Mapping[str, str]:
    """Return what inputs are called: by their ids, or where nobody gave one by how they begin."""
    return {one.label: _called(one.label, one.text) for one in met}


def _called(label: str, text: str) -> str:
    task, colon, own = label.rpartition(": ")  # as a table over several tasks has it
    return f"{task}{colon}{name_input(own, text)}"


def _listed(labels: Sequence[str], names: Mapping[str, str]) -> str:
    return phrases.list_names([phrases.name_of_row(names[label]) for label in labels], _MOST_LABELS)


# ── for scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RunFigures(Dumped):
    """One run of a method, and its folder below that of the comparison."""

    seed: int
    folder: str
    complete: bool
    shipped: str
    verdict: VerdictWord
    calls: int
    tokens: Tokens
    usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class StandingFigures(Dumped):
    """One line of the table; net is wins minus losses against the seed prompts, an input and a prompt set."""

    name: str
    kind: Kind
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    net: float
    interval: tuple[float, float]
    bootstrap: tuple[float, float]
    """Of net, by the paired bootstrap over inputs."""
    wins: int
    losses: int
    ties: int
    undecided: int
    p_value: float
    p_adjusted: float | None
    p_worse: float
    p_worse_adjusted: float | None
    verdict: Claim | None
    won: tuple[str, ...]
    lost: tuple[str, ...]
    broken: tuple[str, ...]
    """Guard inputs that the seed prompts keep and one of its prompt sets does not."""
    alone: tuple[Mapping[str, object], ...]
    """Each prompt set by itself: what it came to, McNemar's two-sided p-value, and by Holm's method over all sets."""
    runs: tuple[RunFigures, ...]
    per_1000_inputs: CostFigures | None
    """What its prompts cost in use; None of controls, and where a run told none."""
    as_good_for_less: tuple[str, ...] | None
    """Who is ahead of it on the Pareto front, by estimates; None where the cost is."""


@dataclass(frozen=True, slots=True)
class ComparisonFigures(Dumped):
    """The object of ``comparison.json``."""

    why: str
    decided_by: DecidedBy
    inputs: int
    groups: int
    left_out: int
    look: int
    level: float
    equal: Equal
    """What all runs had as much of."""
    calls_of_a_run: int
    """0 where money is equal."""
    usd_of_a_run: float | None
    """None where calls are equal."""
    calls_bought: Mapping[str, int]
    """By method: the calls that the money of a run was expected to pay for."""
    standings: tuple[StandingFigures, ...]
    pairs: tuple[Mapping[str, object], ...]
    rows: tuple[Mapping[str, object], ...]
    guards: tuple[Mapping[str, object], ...]
    guards_left_out: int
    tasks: Mapping[str, Mapping[str, object]]
    """By task, where there are several: its folder, and of each contestant net wins, interval, accuracy, verdict."""
    curves: Mapping[str, tuple[Mapping[str, object], ...]]
    """By method: what it held on its way, from the seed prompts on."""
    cut: tuple[str, ...]
    notes: tuple[str, ...]
    calls: int
    calls_of_the_holdout: int
    tokens: Tokens
    usd: float | None
    seconds: float
    complete: bool
    simulated: bool


def comparison_of(found: Compared) -> ComparisonFigures:
    """Return what a comparison found as figures."""
    of, spent = found.table, found.spent
    used = {one.standing.name: one for one in in_use(found)}
    return ComparisonFigures(
        why=headline(found),
        decided_by=of.decided_by,
        inputs=of.inputs,
        groups=of.groups,
        left_out=found.left_out,
        look=of.look,
        level=of.level,
        equal=found.comparison.equal,
        calls_of_a_run=found.comparison.calls,
        usd_of_a_run=found.comparison.usd if found.comparison.bought else None,
        calls_bought=dict(found.comparison.bought),
        standings=tuple(_standing(found, one, used.get(one.name)) for one in of.standings),
        pairs=tuple(_pair(pair) for pair in of.pairs),
        rows=tuple({"id": met.label, "net": dict(met.net), "correct": dict(met.correct)} for met in found.inputs),
        guards=tuple({"id": met.label, "held": dict(met.held)} for met in found.guarded.met),
        guards_left_out=found.guarded.left_out,
        tasks={name: _task(name, table) for name, table in found.tasks.items()},
        curves={name: tuple(asdict(point) for point in curve) for name, curve in _curves(found).items()},
        cut=found.cut,
        notes=tuple(notes(found)),
        calls=spent.calls,
        calls_of_the_holdout=found.measuring.calls,
        tokens=tokens_of(spent),
        usd=spent.usd,
        seconds=found.seconds,
        complete=not (found.cut or found.left_out or found.guarded.left_out),
        simulated=found.simulated,
    )


def _task(name: str, table: Table) -> dict[str, object]:
    standings = {
        one.name: {
            "net": one.net,
            "interval": list(one.interval),
            "bootstrap": list(one.bootstrap),
            "accuracy": one.accuracy,
            "p_adjusted": one.p_adjusted,
            "verdict": one.verdict,
        }
        for one in table.standings
    }
    return {"folder": f"tasks/{name}", "inputs": table.inputs, "look": table.look, "standings": standings}


def _standing(found: Compared, one: Standing, used: InUse | None) -> StandingFigures:
    return StandingFigures(
        name=one.name,
        kind=one.kind,
        accuracy=one.accuracy,
        accuracy_interval=one.accuracy_interval,
        net=one.net,
        interval=one.interval,
        bootstrap=one.bootstrap,
        wins=len(one.won),
        losses=len(one.lost),
        ties=one.ties,
        undecided=one.undecided,
        p_value=one.p_value,
        p_adjusted=one.p_adjusted,
        p_worse=one.p_worse,
        p_worse_adjusted=one.p_worse_adjusted,
        verdict=one.verdict,
        won=one.won,
        lost=one.lost,
        broken=one.broken,
        alone=tuple(asdict(alone) for alone in one.alone),
        runs=tuple(_run(end) for end in runs_of(found, one.name)),
        per_1000_inputs=cost_figures(used.cost) if used else None,
        as_good_for_less=used.ahead if used else None,
    )


def _run(end: RunEnd) -> RunFigures:
    return RunFigures(
        seed=end.run.seed,
        folder=end.folder,
        complete=end.finished.complete,
        shipped=end.finished.shipped,
        verdict=end.finished.verdict,
        calls=end.usage.calls,
        tokens=tokens_of(end.usage),
        usd=end.usage.usd,
        seconds=end.finished.seconds,
    )


def _pair(pair: Pair) -> dict[str, object]:
    return {
        "one": pair.one,
        "other": pair.other,
        "net": pair.net,
        "interval": list(pair.interval),
        "bootstrap": list(pair.bootstrap),
        "one_ahead": list(pair.only_one),
        "other_ahead": list(pair.only_other),
        "p_value": pair.p_value,
        "p_adjusted": pair.p_adjusted,
        "better": pair.better,
    }


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def comparison_sheet(found: Compared) -> Sheet:
    """Return the document of a comparison."""
    of = found.table
    standings = cells("Result", headings(_columns(found)), [_cells(found, one) for one in of.standings])
    pairs = cells("Against each other", headings(_PAIR_COLUMNS), [_pair_cells(found, pair) for pair in of.pairs])
    resampled = cells("Bootstrap", headings(_RESAMPLED_COLUMNS), _resampled_cells(of))
    alone = cells("Each by itself", headings(_ALONE_COLUMNS), _alone_cells(of))
    spread = cells("Seed by seed", headings(_SPREAD_COLUMNS), _spread_cells(of))
    label, tone = _in_a_word(of)
    return sheet(
        "comparison",
        f"{found.comparison.system.name}: comparison",
        line=f"{phrases.plural(_tested(of), 'contestant')} on {phrases.plural(of.inputs, 'hold-out input')}",
        label=label,
        tone=tone,
        headline=headline(found),
        simulated=found.simulated,
        facts=spent_facts(found.spent, _is_free(found), found.seconds),
        parts=(
            Part("Result", words=tuple(notes(found)), tables=(standings,)),
            _by_task(found),
            Part("Against the seed prompts", dots=(_net_wins(of),)),
            in_use_part(found, _is_free(found)),
            Part("Against each other", tables=(pairs,) if of.pairs else ()),
            Part(
                "As the field's protocol reports it",
                words=("Inputs drawn again with replacement, and runs one by one. No claim rests on these.",),
                tables=(*([spread] if spread.rows else []), resampled, *([alone] if alone.rows else [])),
            ),
            _on_the_way(_curves(found), found.comparison.equal),
            _input_by_input(found),
            _guards(found),
            Part("Its runs", links=tuple(_link(end) for end in found.runs)),
        ),
        summary=summary(found),
    )


def _in_a_word(of: Table) -> tuple[str, VerdictWord]:
    """Return what is found in a word or two, the best of it first, and its colour."""
    found = {one.verdict for one in of.standings}
    if "improved" in found:
        return "Better than the seed prompts", "improved"
    if "vetoed" in found:
        return "Vetoed", "worse"
    return ("Worse than the seed prompts", "worse") if "worse" in found else ("No evidence", "no_evidence")


def _by_task(found: Compared) -> Part:
    """Return what each contestant came to in each task, and the ways to their pages."""
    if not found.tasks:
        return Part("Task by task")
    table = cells("Net wins by task", headings(_task_columns(found)), _task_cells(found))
    links = tuple(
        Link(name, f"{phrases.plural(of.inputs, 'hold-out input')}", f"tasks/{name}", f"tasks/{name}/{PAGE}")
        for name, of in found.tasks.items()
    )
    return Part("Task by task", tables=(table,), links=links)


def _link(end: RunEnd) -> Link:
    """Return the way to the page of a run, which is written before that of the comparison."""
    return Link(_named(end), "its candidates, cases and calls", end.folder, f"{end.folder}/{REPORT}")


def _named(end: RunEnd) -> str:
    """Return the name of a run, with its task where there are several."""
    task = end.place.strip("/").rpartition("/")[2]
    return f"{task}/{end.run.name}" if task else end.run.name


def _net_wins(of: Table) -> Dots:
    """Return the net wins of each line over the seed prompts with their 95 % interval."""
    dots = tuple(Dot("", _name(one), one.net, *one.interval) for one in of.standings if one.kind != "seed")
    return Dots("Net wins over the seed prompts, with 95% intervals", "signed percent", dots, -1.0, 1.0, 0.0)


def _curves(found: Compared) -> Mapping[str, tuple[CurvePoint, ...]]:
    return curves_of(found.comparison, found.courses, found.inputs) if found.inputs and found.courses else {}


def _on_the_way(curves: Mapping[str, tuple[CurvePoint, ...]], equal: Equal) -> Part:
    """Return what each method held on its way: curves, and the figures behind them."""
    if not curves:
        return Part("On the way")
    width = len(columns(curves))
    table = cells(
        "On the way", headings(columns(curves)), [draw_line(name, curve, width) for name, curve in curves.items()]
    )
    words = "Means over seeds on the common hold-out. Calls are those of the search. Nothing of this is claimed."
    return Part("On the way", words=(words,), curves=tuple(drawn(curves, equal)), tables=(table,))


def _guards(found: Compared) -> Part:
    """Return which prompt sets keep which guard inputs, those that are broken first."""
    if not found.guarded.met:
        return Part("Guard inputs")
    names = [name for one in found.table.standings if one.kind in ("method", "own") for name in _sets(found, one.name)]
    called = _names(found.guarded.met)
    order = sorted(found.guarded.met, key=lambda met: (not met.binding, all(met.held.values())))
    rows = [
        (
            clipped(called[met.label], 60),
            "kept" if met.binding else "not kept",
            *(_state_of(met, name) for name in names),
        )
        for met in order
    ]
    return Part("Guard inputs", tables=(cells("Guard inputs", ("Input", "Seed, twice", *names), rows),))


def _state_of(met: GuardMet, name: str) -> str:
    return "kept" if met.held[name] else "broken" if met.binding else "not kept"


def _input_by_input(found: Compared) -> Part:
    """Return which inputs each prompt set wins and loses against the seed prompts, those that tell most first."""
    names = [name for one in found.table.standings if one.kind != "seed" for name in _sets(found, one.name)]
    called = _names(found.inputs)
    order = sorted(found.inputs, key=lambda met: -sum(bool(met.net[name]) for name in names))
    telling = [met for met in order if any(met.net[name] != 0 for name in names)]
    rows = [(clipped(called[met.label], 60), *(_sign(met, name) for name in names)) for met in telling]
    legend = "+ won against the seed prompts, − lost, · equal, ? undecided."
    tables = (cells("Input by input", ("Input", *names), rows),) if rows else ()
    told_of = {met.label for met in telling}
    same = [called[met.label] for met in order if met.label not in told_of]
    title = f"{phrases.plural(len(same), 'input')} on which all of them are as good as the seed prompts"
    folds = (Fold(title, (Passage("", "\n".join(same)),)),) if same else ()
    return Part("Input by input", words=(legend,), tables=tables, folds=folds)


def _sets(found: Compared, name: str) -> tuple[str, ...]:
    return next(one.sets for one in found.comparison.contestants if one.name == name)


def _sign(met: InputMet, name: str) -> str:
    net = met.net[name]
    return "?" if net is None else _SIGNS[net]


def write_comparison(folder: Path, found: Compared) -> None:
    """Write ``comparison.json``, ``comparison.md`` and ``comparison.html``.

    Raises:
        StoreError: the folder cannot be written.

    """
    write_whole(folder / RESULT, json.dumps(comparison_of(found).dump(), indent=2) + "\n")
    write_whole(folder / MARKDOWN, markdown(found))
    write_whole(folder / PAGE, sheet_html(comparison_sheet(found)))
