"""Documents of work that is over for the browser tests: one of each kind, a large one, and one of hostile texts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

from maspo.arena.page import arena_sheet
from maspo.arena.records import Record
from maspo.core.errors import Interrupted
from maspo.core.usage import Usage
from maspo.online.control import Standing
from maspo.online.page import watch_sheet
from maspo.optimizers.structure.base import StructurePlan
from maspo.report.alternation import write_alternation
from maspo.report.comparison import comparison_sheet
from maspo.report.document.sheet import Part, Sheet, cells, sheet
from maspo.report.evaluation import evaluation_sheet
from maspo.report.joint_page import joint_sheet
from maspo.report.judge_check import judge_sheet
from maspo.report.stress import stress_sheet
from maspo.report.structure_page import structure_sheet
from maspo.runners.faults import PLANTED, Kind
from maspo.stats.shapley import Contribution
from maspo.study.alternation.alternate import alternate
from maspo.study.attention import Attention
from maspo.study.comparison.compare import SideBySide as ComparedBy
from maspo.study.comparison.compare import compare, settled
from maspo.study.comparison.plan import Comparison
from maspo.study.evaluation.calibration import calibrate
from maspo.study.evaluation.judge_check import judge_check
from maspo.study.evaluation.structure import StructureFindings, search_structure
from maspo.study.stress import Cell, Figure, StressFindings
from maspo.testing.runs import Counted, Recorder, counted_world, world_job
from tests.online.test_control import PLAN, Life, live
from tests.report.payloads import HTML_PAYLOADS
from tests.study.test_alternation import asked as turns
from tests.study.test_alternation import stopping
from tests.study.test_comparison import asked, own
from tests.study.test_evaluation import counted, run, world_evaluation
from tests.study.test_structure_search import WORLD, attention, evaluation_of


def sheets(work: Path, record: Record) -> dict[str, Sheet]:
    """Return a sheet of each kind by name; ``work`` holds their records."""
    evaluated = asyncio.run(run(world_evaluation(names={"before": "seed", "after": "run-3"}), work / "evaluation"))
    checked = asyncio.run(
        judge_check(world_evaluation(), 20, work / "judge", Attention(Recorder(), counted().provider))
    )
    comparison = own(asked("default", "spo"))
    evaluation, in_turns = evaluation_sheet(evaluated), joint(work)
    return {
        "evaluation": evaluation,
        "judgecheck": judge_sheet(checked, calibrate(checked.readings)),
        "comparison": comparison_sheet(asyncio.run(_compared(comparison, work / "comparison"))),
        "arena": arena_sheet(list(_records(record)), {"graphs": "reflect, diamond", "seeds": 4}),
        "stress": stress_sheet(stressed(), seed=0),
        "structure": structure_sheet(structured(work / "structure")),
        **in_turns,
        "watch": watch_sheet("desk", stood(), PLAN),
        "evaluation_empty": sheet(
            "evaluation", "nothing", line="run 1", label="Evaluated", headline="Nothing was evaluated.", simulated=False
        ),
        "evaluation_large": replace(evaluation, parts=(*evaluation.parts, _long())),
        "hostile_sheet": planted(
            evaluation,
            arena_sheet(list(_records(record)), {"seeds": 4}),
            watch_sheet("desk", stood(), PLAN),
            in_turns["joint"],
        ),
    }


def stressed() -> StressFindings:
    """Return what stress could have found of a team of four."""
    agents = ("solver", "critic", "researcher_of_sources", "writer")
    found = []
    for place, agent in enumerate(agents):
        for number, kind in enumerate(Kind):
            if kind is Kind.PLANTED_TOOL and place:
                continue
            cost = Figure(0.09 * place - 0.02 * number, (0.09 * place - 0.02 * number - 0.1, 0.09 * place + 0.1))
            told = Figure(0.2 * place, (0.15 * place, 0.25 * place + 0.1)) if kind in PLANTED else None
            found.append(Cell(kind, agent, 60, cost, told, told))
    shares = tuple(
        Contribution(name, 0.2 * place, (0.2 * place - 0.1, 0.2 * place + 0.1)) for place, name in enumerate(agents)
    )
    clean = Figure(0.7, (0.57, 0.8))
    spent = {"agent": Usage(calls=2400, cached=310)}
    return StressFindings(
        "0123456789ab", "desk", "seed", "labels", 60, 2, clean, tuple(found), shares, ("solver",), spent, 75.0, True
    )


def structured(out: Path) -> StructureFindings:
    """Return what a search for a structure finds in the simulated world."""
    plan = StructurePlan()
    return asyncio.run(search_structure(evaluation_of(inputs=40), "greedy", plan, out, attention(Counted(WORLD))))


def stood() -> list[Standing]:
    """Return where a watch stood that found a change, and promoted what its search found."""
    past, end = live(Life(12, 0.9), 40)
    return [*(ask.standing for ask, _ in past), end.standing]


def joint(work: Path) -> dict[str, Sheet]:
    """Return prompts and structure in turns: when they are over, and as they stand when they are stopped in a turn."""
    plan = turns("rumours", 60, 900)
    found = asyncio.run(alternate(plan, work / "joint", attention(Counted(WORLD))))
    write_alternation(work / "joint", found)
    stop = asyncio.Event()
    with suppress(Interrupted):
        asyncio.run(
            alternate(plan, work / "cut", attention(stopping(stop, found.turns[0].usage.calls + 20), stop=stop))
        )
    return {"joint": joint_sheet(work / "joint"), "joint_cut": joint_sheet(work / "cut")}


async def _compared(comparison: Comparison, out: Path) -> Any:
    world = counted_world(world_job())
    return await compare(settled(comparison, out), out, ComparedBy(Recorder(), world.provider))


def _records(record: Record) -> Iterator[Record]:
    for graph in ("reflect", "diamond", "chain5"):
        for place, rival in enumerate(("default", "cheap", "spo", "naive-joint")):
            for seed in range(4):
                one = replace(record, graph=graph, rival=rival, seed=seed, shipped=0.55 + 0.04 * place + 0.02 * seed)
                one = replace(one, calls={"agent": 600 + 900 * place, "judge.global": 80})
                yield one
                yield replace(one, world="dull judge", shipped=one.shipped - 0.07)
                if rival == "default":
                    yield replace(one, without="patience", shipped=one.shipped - 0.02 * seed)


def _long() -> Part:
    rows = [(f"row-{n:04}", f"{n}", " ".join(f"id-{n + k}" for k in range(40))) for n in range(1200)]
    return Part("A long table", tables=(cells("Many rows", ("Row", "Number", "Ids"), rows),))


def planted(*of: Sheet) -> Sheet:
    """Return a sheet with a payload in every text of the parts of some."""
    ring = cycle(HTML_PAYLOADS)

    def texts(value: Any) -> Any:
        if isinstance(value, str):
            return f"{next(ring)} {next(ring)}"
        if isinstance(value, tuple):
            return tuple(texts(one) for one in value)
        if not hasattr(value, "__dataclass_fields__"):
            return value
        kept = {"unit", "x_unit", "kind", "tone", "format", "before", "state"}
        names = [name for name in value.__dataclass_fields__ if name not in kept]
        return replace(value, **{name: texts(getattr(value, name)) for name in names})

    found: Sheet = texts(replace(of[0], parts=tuple(part for one in of for part in one.parts)))
    return found
