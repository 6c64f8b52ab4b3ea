"""The contract kit for tasks: kept by the six benchmarks, and it notices what is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.core.errors import InputsInvalid
from maspo.data.tasks.registry import file_task
from maspo.data.tasks.task import Task, TaskOptions, TaskRow
from maspo.models.base import RoleSettings
from maspo.runners.prompt_graph import PromptGraph
from maspo.scoring.base import Sample, Score
from maspo.scoring.registry import scorer_of
from maspo.testing.tasks import check_benchmark, check_gold, check_task
from maspo.world import World
from tests.data.conftest import jsonl
from tests.data.published import BENCHMARKS
from tests.data.test_benchmarks import Riddles, gpqa_rows
from tests.lengths import length

GOOD = Task("good", (TaskRow({"input": "a"}, "1", "x", gold="x"), TaskRow({"input": "b"}, "2", "y", gold="y")))


class Same:
    """Scores an output correct when it is the answer."""

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        return [Score(one.id, "correct" if one.output == one.answer else "wrong") for one in samples]


class Kind:
    """Finds everything correct."""

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        return [Score(one.id, "correct") for one in samples]


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name != "gpqa-diamond"])
def test_k01_the_benchmarks_keep_the_contract_on_real_rows(shared: Path, name: str) -> None:
    check_benchmark(BENCHMARKS[name], shared)


def test_k02_gpqa_keeps_the_contract_on_rows_of_its_form(tmp_path: Path) -> None:
    check_benchmark(BENCHMARKS["gpqa-diamond"], jsonl(tmp_path / "gpqa_diamond.jsonl", gpqa_rows(60)))


async def test_k03_a_task_of_ones_own_is_one_class(tmp_path: Path) -> None:
    rows = [
        {"input": "What has keys?", "answer": "a piano", "gold": "a piano"},
        {"input": "What falls?", "answer": "rain"},
    ]
    file = jsonl(tmp_path / "riddles.jsonl", rows)
    check_benchmark(Named("riddles"), file)
    await check_gold(file_task(file), Same())


class Named(Riddles):
    """Riddles under whatever name, with a task that may be spoilt."""

    def __init__(self, name: str, spoil: Callable[[Task], Task] = lambda task: task, eager: bool = False) -> None:
        self._name = name
        self._spoil = spoil
        self._eager = eager

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._name

    def load(self, data: Path | None, options: TaskOptions) -> Task:
        if data is None and self._eager:
            return GOOD
        return self._spoil(super().load(data, options))


def _counted() -> Callable[[Task], Task]:
    calls: list[int] = []

    def spoil(task: Task) -> Task:
        calls.append(1)
        return replace(task, source=f"load {len(calls)}")

    return spoil


@pytest.mark.parametrize(
    ("benchmark", "rule"),
    [
        (Named("puzzles"), "the task has the benchmark's name"),
        (Named("riddles", _counted()), "the same data give the same task"),
        (Named("riddles", eager=True), "nothing is fetched unless"),
    ],
)
def test_k04_a_broken_benchmark_is_noticed(tmp_path: Path, benchmark: Named, rule: str) -> None:
    file = jsonl(tmp_path / "riddles.jsonl", [{"input": "What has keys?", "answer": "a piano"}])
    with pytest.raises(AssertionError, match=rule):
        check_benchmark(benchmark, file)


class Mixed(Task):
    """Gives a sample of the wrong row."""

    def sample(self, input_key: str, output: str) -> Sample:
        return replace(super().sample(input_key, output), id="another")


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        (replace(GOOD, test_rows=(GOOD.test_rows[0], replace(GOOD.test_rows[0]))), "no two test rows are the same"),
        (Task("t", (TaskRow({"input": "a"}, "1"),)), "there is something to score by"),
        (Task("t", (TaskRow({"input": "a"}, "1", "x"),), scorer="code"), "code is scored by tests"),
        (Task("t", (TaskRow({"input": "a", "gold": "x"}, "1", "x"),)), "agents see no gold"),
        (Task("t", (TaskRow({"input": "a: it is x"}, "1", "x", gold="it is x"),)), "agents do not see the gold"),
        (replace(GOOD, final_answer="telepathy"), "final_answer is one that a system file may have"),
        (Mixed("t", GOOD.test_rows), "a sample has the label of its input"),
    ],
)
def test_k05_a_broken_task_is_noticed(task: Task, rule: str) -> None:
    check_task(GOOD)
    with pytest.raises(AssertionError, match=rule):
        check_task(task)


async def test_k06_gold_that_fails_and_scorers_that_please_are_noticed() -> None:
    await check_gold(GOOD, Same())
    with pytest.raises(AssertionError, match="the gold of another row scores wrong"):
        await check_gold(GOOD, Kind())
    spoilt = replace(GOOD, test_rows=(replace(GOOD.test_rows[0], gold="z"), GOOD.test_rows[1]))
    with pytest.raises(AssertionError, match=r"gold scores correct; not so: \[\('1', 'wrong'"):
        await check_gold(spoilt, Same())
    with pytest.raises(AssertionError, match="some rows have a gold output"):
        await check_gold(Task("t", (TaskRow({"input": "a"}, "1", "x"),)), Same())


def test_k07_two_ids_alike_are_refused_where_inputs_are_made() -> None:
    with pytest.raises(InputsInvalid, match="id '1' is taken"):
        check_task(Task("t", (TaskRow({"input": "a"}, "1", "x"), TaskRow({"input": "b"}, "1", "y"))))


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name != "gpqa-diamond"])
async def test_k08_gold_of_real_rows_scores_correct_and_that_of_other_rows_wrong(shared: Path, name: str) -> None:
    task = BENCHMARKS[name].load(shared, TaskOptions(split=0))
    most = length(10, 1000) if task.scorer == "code" else 1000
    scorer = scorer_of(task.scorer)
    try:
        await check_gold(replace(task, test_rows=task.test_rows[:most]), scorer)
    finally:
        getattr(scorer, "close", lambda: None)()  # some keep processes


async def test_k09_gpqa_is_scored_by_letter(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "gpqa_diamond.jsonl", gpqa_rows(60))
    await check_gold(BENCHMARKS["gpqa-diamond"].load(file, TaskOptions()), scorer_of("choice"))


async def test_k10_a_file_of_the_simulated_world_is_scored_exactly(tmp_path: Path) -> None:
    world = World()
    task = file_task(jsonl(tmp_path / "world.jsonl", world.inputs(60)))
    system = world.system("reflect")
    runtime = PromptGraph(system, {row.key: row for row in task.test.rows}, world, RoleSettings("w"))
    samples = [task.sample(row.key, (await runtime.run(system.prompts, row.key)).output) for row in task.test.rows]
    scores = await scorer_of("exact").score(samples)
    assert {score.outcome for score in scores} == {"correct", "wrong"}
    assert sum(score.correct for score in scores) / 60 == pytest.approx(world.accuracy(system, system.prompts), abs=0.2)
