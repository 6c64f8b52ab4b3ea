"""Contract tests for people who write a task of their own.

Each function runs the whole contract and raises ``AssertionError`` with the rule that was broken::

    async def test_my_task() -> None:
        check_benchmark(Riddles(), Path("riddles.jsonl"))
        await check_gold(Riddles().load(Path("riddles.jsonl"), TaskOptions()), scorer_of("exact"))
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maspo.core.errors import InputsInvalid, SystemInvalid
from maspo.data.tasks.task import Benchmark, Task, TaskOptions
from maspo.scoring.base import Scorer
from maspo.team import Agent, System
from maspo.testing.rules import rule

UNLABELLED = ("judge",)
"""Scorers that need neither labels nor tests."""
WRONG_AT_LEAST = 0.995
"""Share of gold outputs that must score wrong on another row: a few rows may have equal answers in other words."""


def check_benchmark(benchmark: Benchmark, data: Path) -> None:
    """Check the contract of ``Benchmark``; ``data`` is a file or folder that it can read."""
    task = benchmark.load(data, TaskOptions())
    rule(task.name == benchmark.name, f"the task has the benchmark's name: {task.name!r}, not {benchmark.name!r}")
    rule(task == benchmark.load(data, TaskOptions()), "the same data give the same task")
    try:
        benchmark.load(None, TaskOptions())
    except InputsInvalid as error:
        rule(bool(str(error)), "without data the error says where they are to be had")
    else:
        raise AssertionError("without data nothing is fetched unless a download was agreed to: raise InputsInvalid")
    check_task(task)


def check_task(task: Task) -> None:
    """Check that a task can be run, scored and optimized on without its labels leaking."""
    rows = [(item, task.row(item.key)) for item in task.test.rows]
    rule(task.test.merged == 0, f"no two test rows are the same to an agent; {task.test.merged} repeat another")
    for item, row in rows:
        where = f"row {item.label}"
        hidden = {"answer", "gold", "tests", "setup", "entry_point"} & item.columns.keys()
        rule(not hidden, f"{where}: agents see no {', '.join(sorted(hidden))}")
        shown = "\n".join(item.columns.values())
        rule(row.gold == "" or row.gold not in shown, f"{where}: agents do not see the gold output")
        sample = task.sample(item.key, "an output")
        rule(sample.id == item.label, f"{where}: a sample has the label of its input, not {sample.id!r}")
        rule(sample.output == "an output", f"{where}: the output is passed on as it is")
        rule(bool(sample.question), f"{where}: a sample says what was asked")
        scored = task.scorer in UNLABELLED or sample.answer is not None or bool(sample.tests)
        rule(scored, f"{where}: there is something to score by: an answer, or tests")
        rule(task.scorer != "code" or bool(row.tests), f"{where}: code is scored by tests")
    if task.pool_rows:
        both = {item.key for item in task.pool.rows} & {item.key for item in task.test.rows}
        rule(not both, f"pool and test share no row; they share {len(both)}")
    try:
        System((Agent("solver", "Solve it."),), final_answer=task.final_answer)
    except SystemInvalid as error:
        raise AssertionError(f"final_answer is one that a system file may have: {error}") from None


async def check_gold(task: Task, scorer: Scorer) -> None:
    """Check that every right output that the source gives scores correct, and that those of other rows do not."""
    known = [(item, row) for item in task.test.rows if (row := task.row(item.key)).gold]
    rule(bool(known), "some rows have a gold output")
    right = [task.sample(item.key, row.gold) for item, row in known]
    found = await scorer.score(right)
    failed = [score for score in found if not score.correct]
    rule(not failed, f"gold scores correct; not so: {[(s.id, s.outcome, s.why) for s in failed[:3]]}")
    shifted = [
        replace(task.sample(item.key, other.gold), id=f"{item.label} with another answer")
        for (item, row), (_, other) in zip(known, known[1:] + known[:1], strict=True)
        if row.answer is None or row.answer != other.answer
    ]
    if shifted:
        wrong = [score for score in await scorer.score(shifted) if not score.correct]
        share = len(wrong) / len(shifted)
        rule(share >= WRONG_AT_LEAST, f"the gold of another row scores wrong; {1 - share:.1%} scored correct")
