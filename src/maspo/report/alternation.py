"""What prompts and structure came to in turns: a summary, ``result.json``, ``report.md``, and the team as files.

All text of models and files is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maspo.core.errors import StoreError
from maspo.core.plain import Dumped
from maspo.core.plain_files import MOST_TEXT, read_plain
from maspo.core.usage import Usage
from maspo.events import HoldoutResult
from maspo.events.base import reader
from maspo.report import phrases
from maspo.report.structure import SYSTEM_FILE, TeamFigures, TriedChange, describe_teams, team_figures, tried_change
from maspo.report.text import judge_lines
from maspo.report.visible import visible
from maspo.stats.paired import SIGNIFICANT
from maspo.stats.shown import write_number
from maspo.store.files import write_whole
from maspo.study.alternation.alternate import AlternationFindings, TurnEnd
from maspo.study.alternation.plan import Turn
from maspo.study.alternation.tally import Stage, Verdict, better_stages, p_better
from maspo.study.evaluation.structure import worse_bound
from maspo.team.load import dump_system

RESULT = "result.json"
MARKDOWN = "report.md"
PROMPTS = "prompts.json"
_SAID: Mapping[Verdict, str] = {
    "unchanged": "Neither prompts nor structure were changed.",
    "untested": "A cap left the test out, so nothing is known of the new team on inputs that no turn has seen.",
    "better": "On inputs that no turn has seen the new team is better than the one that you gave.",
    "as_good": "On inputs that no turn has seen the smaller team is as good as the given one, within the margin.",
    "worse": "On inputs that no turn has seen the new team is worse: keep the one that you have.",
    "not_proven": "On inputs that no turn has seen it is not proven that the new team is better, or as good for less: "
    "keep the one that you have, or give more inputs.",
}
STAGES: Mapping[Stage, str] = {
    "given": "as given",
    "prompts": "new prompts alone",
    "joint": "prompts and structure",
}


@dataclass(frozen=True, slots=True)
class StageFigures(Dumped):
    """A team on the hold-out, against the given one."""

    stage: Stage
    wins: int
    losses: int
    ties: int
    undecided: int
    net: float | None
    """Wins minus losses an input; None where nothing was decided."""
    p_better: float
    proven_better: bool
    """By Holm's method over the teams that were tested."""
    worse_by_at_most: float
    """An upper bound (95 %, one-sided) of losses minus wins, as a share of the inputs."""
    cost: TeamFigures | None
    interval: tuple[float, float] | None = None
    """Of the net win rate, 95 %; None where nothing was decided."""


@dataclass(frozen=True, slots=True)
class TurnFigures(Dumped):
    """A turn: what it changed, and what it took."""

    turn: Turn
    folder: str
    rewritten: tuple[str, ...]
    changes: tuple[str, ...]
    calls: int
    seconds: float
    cap: str
    planned: int | None = None
    """Calls, if the turns before used theirs; None in results of earlier versions."""
    tried: tuple[TriedChange, ...] = ()


@dataclass(frozen=True, slots=True)
class AlternationFigures(Dumped):
    """The object of ``result.json`` of prompts and structure in turns."""

    verdict: Verdict
    ships: Stage
    """The stage whose team stands in ``system.yaml``."""
    changes: tuple[str, ...]
    turns: tuple[TurnFigures, ...]
    given: TeamFigures | None
    stages: tuple[StageFigures, ...]
    level: float | None
    look: int | None
    margin: float
    method: str
    structure: str
    """How the structure was searched."""
    system: str
    search_inputs: int
    holdout_inputs: int
    complete: bool
    calls_planned: int
    calls: int
    usd: float | None
    seconds: float
    seed: int
    simulated: bool
    run: str
    cap: str = ""
    """What ended the work early."""
    test_planned: int | None = None
    """Calls that were kept for the test, at most."""


def figures_of(found: AlternationFindings) -> AlternationFigures:
    """Return what was found as figures."""
    asked, tested = found.asked, next(iter(found.results.values()), None)
    spent = found.usage
    return AlternationFigures(
        verdict=found.verdict,
        ships=found.ships,
        changes=tuple(map(str, found.changes)),
        turns=tuple(map(_turn, found.turns, asked.planned.values())),
        given=team_figures(found.sides.get("given")),
        stages=tuple(_stage(found, name, one) for name, one in found.results.items()),
        level=None if tested is None else tested.level,
        look=None if tested is None else tested.look,
        margin=asked.plan.margin,
        method=asked.job.config.search.method,
        structure=asked.method,
        system=asked.job.system.name,
        search_inputs=len(asked.split.search),
        holdout_inputs=len(asked.split.holdout),
        complete=not found.cap,
        calls_planned=asked.calls,
        calls=spent.calls,
        usd=spent.usd,
        seconds=found.seconds,
        seed=asked.job.config.seed,
        simulated=found.simulated,
        run=found.run,
        cap=found.cap,
        test_planned=asked.test_calls,
    )


def figures_in(out: Path) -> AlternationFigures | None:
    """Return what the ``result.json`` of a folder holds; None where there is none yet.

    Raises:
        StoreError: it holds something else.

    """
    file = out / RESULT
    try:
        content = json.loads(read_plain(file, MOST_TEXT).decode("utf-8"))
        found: AlternationFigures = reader(AlternationFigures).validate_python(content)
        return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{file}: is no result of prompts and structure in turns ({error})") from error


def headline(found: AlternationFigures) -> str:
    """Return what came out, in a sentence or two."""
    proven = " That is proven of the new prompts alone, so the structure stays as it is."
    return _SAID[found.verdict] + (proven if found.ships == "prompts" else "")


def _turn(end: TurnEnd, planned: int) -> TurnFigures:
    changes, tried = tuple(map(str, end.changes)), tuple(map(tried_change, end.tried))
    spent = end.usage.calls, end.seconds
    return TurnFigures(end.turn, end.folder, end.rewritten, changes, *spent, end.cap, planned, tried)


def _stage(found: AlternationFindings, name: Stage, one: HoldoutResult) -> StageFigures:
    return StageFigures(
        stage=name,
        wins=one.wins,
        losses=one.losses,
        ties=one.ties,
        undecided=one.undecided,
        net=one.net,
        p_better=p_better(one),
        proven_better=name in better_stages(found.results),
        worse_by_at_most=worse_bound(one) if one.n else 1.0,
        cost=team_figures(found.sides.get(name)),
        interval=one.interval if one.n else None,
    )


def alternation_summary(found: AlternationFigures) -> str:
    """Return what was found in plain lines."""
    spent = Usage(calls=found.calls, usd=found.usd)
    rows = [(f"turn {number}", describe_turn(turn)) for number, turn in enumerate(found.turns, 1)]
    rows += [(STAGES[one.stage], _score(found, one)) for one in found.stages]
    rows += [("proof", line) for line in needed(found)]
    rows += [("an input", line) for line in _costs(found)]
    rows += [("spent", phrases.plural(spent.calls, "call")), ("money", phrases.money_spent(spent, found.simulated))]
    rows += [("budget", line) for line in shared_out(found)]
    lines = [
        headline(found),
        *([phrases.SIMULATED] if found.simulated else []),
        *cut_short(found),
        "",
        *judge_lines(rows),
    ]
    return visible("\n".join(lines))


def cut_short(found: AlternationFigures) -> list[str]:
    """Return what ended the work early, if anything did."""
    return [] if found.complete else [f"A cap ended the work early{f': {found.cap}' if found.cap else ''}."]


def shared_out(found: AlternationFigures) -> list[str]:
    """Return how the calls were shared out between turns and test, which a small cap makes surprising."""
    if found.test_planned is None or not found.calls_planned:
        return []
    kept, used = found.test_planned, sum(turn.calls for turn in found.turns)
    share = f"{kept / found.calls_planned:.0%}"
    return [
        f"of {phrases.plural(found.calls_planned, 'call')} up to {phrases.number(kept)} ({share}) are kept for the "
        f"test; the turns used {phrases.number(used)} of the other {phrases.number(found.calls_planned - kept)}, "
        f"the test {phrases.number(max(0, found.calls - used))}"
    ]


def describe_turn(turn: TurnFigures) -> str:
    """Return what a turn came to, and what it took."""
    return f"{changed(turn)}; {phrases.plural(turn.calls, 'call')}" + (", cut short" if turn.cap else "")


def changed(turn: TurnFigures) -> str:
    """Return what a turn changed."""
    if turn.turn == "prompts":
        return f"prompts of {phrases.list_names(turn.rewritten)} rewritten" if turn.rewritten else "no prompt changed"
    return ", ".join(turn.changes) or "the structure stays"


def _score(found: AlternationFigures, one: StageFigures) -> str:
    level = (found.level or SIGNIFICANT) / len(found.stages)  # of two teams one has the half of it
    undecided = f", {one.undecided} undecided" if one.undecided else ""
    proven = ", proven better" if one.proven_better else ", not proven better"
    proven = f"; {phrases.p_value(one.p_better, level)}{proven}" if one.net is not None else ""
    score = f"{one.wins} won, {one.losses} lost, {one.ties} level{undecided}"
    return f"{score} of {found.holdout_inputs} held-out inputs{proven}"


def needed(found: AlternationFigures) -> list[str]:
    """Return which p a claim needs, at this look and among so many teams."""
    tested = [one for one in found.stages if one.net is not None]
    if not tested or found.look is None or found.level is None:
        return []
    line = phrases.looks(found.look, found.level) or f"a claim needs p ≤ {write_number(found.level)}"
    return [f"{line}; of two teams the one with the smaller p half of that (Holm)" if len(tested) > 1 else line]


def _costs(found: AlternationFigures) -> list[str]:
    after = next((one.cost for one in found.stages if one.stage == "joint"), None)
    return describe_teams(found.given, after)


def markdown(found: AlternationFigures) -> str:
    """Return the report: what can be said, turn by turn, and the teams on the hold-out."""
    lines = [
        "# Prompts and structure",
        "",
        headline(found),
        "",
        "| turn | what it changed | calls |",
        "|---|---|---|",
        *(
            f"| {turn.turn} | {_cell('; '.join(turn.changes) or ', '.join(turn.rewritten) or 'nothing')} | "
            f"{turn.calls:,} |"
            for turn in found.turns
        ),
        "",
        "| team | won | lost | level | undecided | p | calls an input |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found.stages:
        calls = "" if one.cost is None else f"{one.cost.calls:.3g}"
        figures = f"{one.wins} | {one.losses} | {one.ties} | {one.undecided} | {one.p_better:.4f}"
        lines.append(f"| {STAGES[one.stage]} | {figures} | {calls} |")
    for line in (*needed(found), *shared_out(found)):
        lines += ["", f"{line[0].upper()}{line[1:]}."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|").replace("\n", " ")


def write_alternation(out: Path, found: AlternationFindings) -> None:
    """Write figures, a text, and the team that a person may go on with, which nobody uses before.

    Raises:
        StoreError: one of them cannot be written.

    """
    write_whole(out / SYSTEM_FILE, dump_system(found.system))
    write_whole(out / PROMPTS, json.dumps(dict(found.system.prompts), ensure_ascii=False, indent=2) + "\n")
    figures = figures_of(found)
    write_whole(out / MARKDOWN, markdown(figures))
    write_whole(out / RESULT, json.dumps(figures.dump(), indent=2) + "\n")
