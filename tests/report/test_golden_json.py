"""The files for scripts, ``result.json`` and its kin, are what they were: every name, every number, in their order.

To take them anew, on purpose, after adding a figure:

    MASPO_RENEW_GOLDEN=1 python -m pytest tests/report/test_golden_json.py
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from maspo.core.verdict import Reading, Verdict
from maspo.data.tasks.task import Task
from maspo.events import CallUnsettled, ConflictFound, Event, JudgeChecked, ProxyTold
from maspo.report.evaluation import evaluation_of
from maspo.report.fold import fold
from maspo.report.folder import look
from maspo.report.judge_check import check_of
from maspo.report.result import result_of
from maspo.study.attention import Attention
from maspo.study.evaluation.calibration import calibrate
from maspo.study.evaluation.evaluate import evaluate
from maspo.study.evaluation.job import Evaluation
from maspo.study.evaluation.judge_check import judge_check
from maspo.study.optimize import DATABASE
from maspo.testing.runs import Recorder
from maspo.world import World
from tests.report.conftest import search_events, started
from tests.study.test_evaluation import world_evaluation

FILE = Path(__file__).with_name("golden.json")
STORED = Path(__file__).parents[1] / "store" / "runs"
RUNS = {str(file.parent.relative_to(STORED)): file.parent for file in sorted(STORED.rglob(DATABASE))}
WORDS = (Verdict.WIN, Verdict.LOSS, Verdict.TIE, Verdict.UNDECIDED)
READINGS = tuple(
    Reading(f"p{number}", WORDS[number % 4], WORDS[number % 3], WORDS[number % 2] if number % 5 else None)
    for number in range(12)
)
MORE: list[Event] = [
    ProxyTold(20, 12, 6, 2, 40, 7, 3, (0.39, 0.89), 0.012, None),
    ConflictFound("r2", ("algebra", "critic"), (0.11, 0.07), -0.2, ("k1", "k2")),
    JudgeChecked(READINGS),
    CallUnsettled(3, "key", "agent", "algebra", "small", None),
]


def small(**changes: object) -> Evaluation:
    whole = world_evaluation(**changes)
    return replace(whole, task=Task("small", whole.task.test_rows[:10], scorer="exact"), repeats=1)


EVALUATIONS = {
    "exact": small(),
    "alone": small(before=None),
    "judge": small(scorer="judge"),
    "rubric": small(scorer="judge", before=None, rubric="It is right."),
}


@cache
def evaluated(name: str) -> dict[str, object]:
    """Return what an evaluation on the world is found to be, without what differs from run to run."""
    import tempfile

    with tempfile.TemporaryDirectory() as out:
        attention = Attention(Recorder())
        if name == "check":
            evaluation = replace(small(), world=World().spec)
            checked = asyncio.run(judge_check(evaluation, 4, Path(out), attention))
            checked = replace(checked, run="run", seconds=1.5)
            return check_of(checked, calibrate(checked.readings, {checked.pairs[0].id: Verdict.WIN})).dump()
        evaluation = replace(EVALUATIONS[name], world=World().spec)
        found = asyncio.run(evaluate(evaluation, Path(out), attention))
        return evaluation_of(replace(found, run="run", seconds=1.5)).dump()


def compare(name: str, content: dict[str, object]) -> None:
    text = json.dumps(content, indent=2)
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    if os.environ.get("MASPO_RENEW_GOLDEN"):
        renewed = dict(sorted({**known, name: text.split("\n")}.items()))
        FILE.write_text(json.dumps(renewed, indent=1) + "\n", encoding="utf-8")
        return
    assert text == "\n".join(known[name])


@pytest.mark.parametrize("name", RUNS)
def test_j01_the_result_of_a_stored_run_is_byte_for_byte_what_it_was(name: str) -> None:
    compare(f"run {name}", result_of(look(RUNS[name]).view).dump())


@pytest.mark.parametrize("name", ["whole_run", "real_run", "worse_run", "cannot_tell_run", "interrupted_run"])
def test_j02_so_is_that_of_every_state_of_a_run(name: str, request: pytest.FixtureRequest) -> None:
    compare(name, result_of(fold(request.getfixturevalue(name))).dump())


def test_j03_so_are_the_rarer_parts() -> None:
    compare("rarer parts", result_of(fold([started(), *search_events(), *MORE])).dump())
    compare("nothing", result_of(fold([])).dump())


@pytest.mark.parametrize("name", [*EVALUATIONS, "check"])
def test_j04_so_are_evaluations_and_checks_of_a_judge(name: str) -> None:
    compare(f"evaluation {name}", evaluated(name))
