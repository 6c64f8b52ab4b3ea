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
from maspo.core.usage import total
from maspo.events import HoldoutResult
from maspo.report import phrases
from maspo.report.structure import SYSTEM_FILE, TeamFigures, team_figures
from maspo.report.text import judge_lines
from maspo.report.visible import visible
from maspo.store.files import write_whole
from maspo.study.alternation.alternate import Alternated, TurnEnd
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
_STAGES: Mapping[Stage, str] = {
    "given": "as given",
    "prompts": "new prompts alone",
    "joint": "prompts and structure",
}


@dataclass(frozen=True, slots=True)
class StageFigures(Dumped):
    """A team on the hold-out, against the given one."""

    stage: str
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


@dataclass(frozen=True, slots=True)
class TurnFigures(Dumped):
    """A turn: what it changed, and what it took."""

    turn: str
    folder: str
    rewritten: tuple[str, ...]
    changes: tuple[str, ...]
    calls: int
    seconds: float
    cap: str


@dataclass(frozen=True, slots=True)
class AlternationFigures(Dumped):
    """The object of ``result.json`` of prompts and structure in turns."""

    verdict: str
    ships: str
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


def figures_of(found: Alternated) -> AlternationFigures:
    """Return what was found as figures."""
    asked, tested = found.asked, next(iter(found.results.values()), None)
    spent = found.usage
    return AlternationFigures(
        verdict=found.verdict,
        ships=found.ships,
        changes=tuple(map(str, found.changes)),
        turns=tuple(map(_turn, found.turns)),
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
    )


def headline_in(out: Path) -> str:
    """Return what the ``result.json`` of a folder says in a sentence; where there is none yet, that it goes on.

    Raises:
        StoreError: it holds something else.

    """
    file = out / RESULT
    try:
        content = json.loads(read_plain(file, MOST_TEXT).decode("utf-8"))
        return _headline(content["verdict"], content["ships"])
    except FileNotFoundError:
        return "Not finished: the command that began it goes on with the same --out."
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise StoreError(f"{file}: is no result of prompts and structure in turns ({error})") from error


def _headline(verdict: Verdict, ships: str) -> str:
    alone = " That is proven of the new prompts alone, so the structure stays as it is." if ships == "prompts" else ""
    return _SAID[verdict] + alone


def _turn(end: TurnEnd) -> TurnFigures:
    changes = tuple(map(str, end.changes))
    return TurnFigures(end.turn, end.folder, end.rewritten, changes, end.usage.calls, end.seconds, end.cap)


def _stage(found: Alternated, name: Stage, one: HoldoutResult) -> StageFigures:
    return StageFigures(
        stage=name,
        wins=one.wins,
        losses=one.losses,
        ties=one.ties,
        undecided=one.undecided,
        net=one.net,
        p_better=one.p_value,
        proven_better=name in better_stages(found.results),
        worse_by_at_most=worse_bound(one) if one.n else 1.0,
        cost=team_figures(found.sides.get(name)),
    )


def alternation_summary(found: Alternated) -> str:
    """Return what was found in plain lines."""
    spent = total([found.usage])
    rows = [(f"turn {number}", _told(end)) for number, end in enumerate(found.turns, 1)]
    rows += [(_STAGES[name], _score(found, name, one)) for name, one in found.results.items()]
    rows += [("proof", line) for line in _needed(found)]
    rows += [("an input", line) for line in _costs(found)]
    rows += [("spent", phrases.plural(spent.calls, "call")), ("money", phrases.money_spent(spent, found.simulated))]
    lines = [
        _headline(found.verdict, found.ships),
        *([phrases.SIMULATED] if found.simulated else []),
        *([f"A cap ended the work early: {found.cap}."] if found.cap else []),
        "",
        *judge_lines(rows),
    ]
    return visible("\n".join(lines))


def _told(end: TurnEnd) -> str:
    calls = phrases.plural(end.usage.calls, "call")
    if end.turn == "prompts":
        what = f"prompts of {phrases.list_names(end.rewritten)} rewritten" if end.rewritten else "no prompt changed"
    else:
        what = ", ".join(map(str, end.changes)) or "the structure stays"
    return f"{what}; {calls}" + (", cut short" if end.cap else "")


def _score(found: Alternated, name: Stage, one: HoldoutResult) -> str:
    undecided = f", {one.undecided} undecided" if one.undecided else ""
    proven = ", proven better" if name in better_stages(found.results) else ", not proven better"
    proven = f"; {phrases.p_value(p_better(one))}{proven}" if one.n else ""
    score = f"{one.wins} won, {one.losses} lost, {one.ties} level{undecided}"
    return f"{score} of {len(found.asked.split.holdout)} held-out inputs{proven}"


def _needed(found: Alternated) -> list[str]:
    """Return which p a claim needs, at this look and among so many teams."""
    tested = [one for one in found.results.values() if one.n]
    if not tested:
        return []
    look, level = tested[0].look, tested[0].level
    line = phrases.looks(look, level) or f"a claim needs p ≤ {level:.2g}"
    return [f"{line}; of two teams the one with the smaller p half of that (Holm)" if len(tested) > 1 else line]


def _costs(found: Alternated) -> list[str]:
    before, after = found.sides.get("given"), found.sides.get("joint")
    return [] if before is None or after is None else [f"{before.calls:.3g} → {after.calls:.3g} calls"]


def markdown(found: Alternated) -> str:
    """Return the report: what can be said, turn by turn, and the teams on the hold-out."""
    lines = [
        "# Prompts and structure",
        "",
        _headline(found.verdict, found.ships),
        "",
        "| turn | what it changed | calls |",
        "|---|---|---|",
        *(
            f"| {end.turn} | {_cell('; '.join(map(str, end.changes)) or ', '.join(end.rewritten) or 'nothing')} | "
            f"{end.usage.calls:,} |"
            for end in found.turns
        ),
        "",
        "| team | won | lost | level | undecided | p | calls an input |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found.results.items():
        side = found.sides.get(name)
        calls = "" if side is None else f"{side.calls:.3g}"
        figures = f"{one.wins} | {one.losses} | {one.ties} | {one.undecided} | {p_better(one):.4f}"
        lines.append(f"| {_STAGES[name]} | {figures} | {calls} |")
    for line in _needed(found):
        lines += ["", f"{line[0].upper()}{line[1:]}."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|").replace("\n", " ")


def write_alternation(out: Path, found: Alternated) -> None:
    """Write figures, report, and the team that a person may go on with, which nobody uses before.

    Raises:
        StoreError: one of them cannot be written.

    """
    write_whole(out / SYSTEM_FILE, dump_system(found.system))
    write_whole(out / PROMPTS, json.dumps(dict(found.system.prompts), ensure_ascii=False, indent=2) + "\n")
    write_whole(out / MARKDOWN, markdown(found))
    write_whole(out / RESULT, json.dumps(figures_of(found).dump(), indent=2) + "\n")
