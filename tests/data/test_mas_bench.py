"""MAS-PromptBench's splits by id: whole, apart, found in real rows, and applied whatever the order of a file."""

from __future__ import annotations

import base64
import json
import os
import pickle
import random
import zlib
from collections import Counter
from pathlib import Path

import pytest

from maspo.core.errors import ConfigInvalid, InputsInvalid
from maspo.data.records import read_records
from maspo.data.tasks import mas_bench
from maspo.data.tasks.mas_bench import (
    MAS_BENCH_APPS,
    MAS_BENCH_GPQA,
    MAS_BENCH_HOTPOTQA,
    MAS_BENCH_LCB,
    MAS_BENCH_MATH,
    NOT_HERE,
    id_of,
    splits,
)
from maspo.data.tasks.registry import task_names, task_of
from maspo.scoring.registry import scorer_of
from maspo.testing.tasks import check_benchmark

COUNTS = {
    "math": (150, 50, 100),
    "gpqa": (48, 50, 100),
    "hotpotqa": (150, 50, 100),
    "apps": (150, 50, 50),
    "lcb": (150, 50, 50),
    "bfcl": (150, 50, 100),
}
DIGITS = {"math": 10, "gpqa": 10, "hotpotqa": 24}
"""Of an id: a digest of the question, but HotpotQA has ids of its own."""


def jsonl(file: Path, rows: list[dict[str, object]]) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


def test_m01_the_splits_are_whole_and_share_no_id() -> None:
    for data, counts in COUNTS.items():
        parts = splits()[data]
        assert tuple(len(parts[part]) for part in ("train", "validation", "test")) == counts
        every = [one for ids in parts.values() for one in ids]
        assert len(set(every)) == len(every)
        if data in DIGITS:
            assert all(len(one) == DIGITS[data] and set(one) <= set("0123456789abcdef") for one in every)
            assert list(parts["test"]) == sorted(parts["test"]), "as the benchmark lists it"
    kinds = Counter(one.rpartition("_")[0] for one in splits()["bfcl"]["test"])
    assert kinds == {"simple": 40, "multiple": 20, "parallel": 20, "parallel_multiple": 20}, "as its README says"
    assert list(splits()["apps"]["test"]) == [str(number) for number in range(50)]
    assert sum(COUNTS["gpqa"]) == 198, "every question of GPQA Diamond"


def test_m02_real_problems_are_found_by_their_ids(shared: Path) -> None:
    rows = list(read_records(shared / "math_500.jsonl"))
    asked = [row for row in rows if row["subject"] == "Precalculus" and str(row["level"]) == "5"]
    every = {one for ids in splits()["math"].values() for one in ids}
    assert asked and {id_of(str(row["problem"])) for row in asked} <= every
    others = [row for row in rows if row not in asked]
    assert not {id_of(str(row["problem"])) for row in others} & every


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, list[str]]]:
    """Splits of questions that are made up here, in place of those of the benchmark."""
    made = {
        data: {
            part: [id_of(f"{data} {part} {n}") for n in range(count)]
            for part, count in zip(("train", "validation", "test"), (4, 2, 3), strict=True)
        }
        for data in COUNTS
    }
    monkeypatch.setattr(mas_bench, "splits", lambda: made)
    return made


def problems(data: str) -> list[tuple[str, int]]:
    named = [(part, n) for part, count in (("test", 3), ("train", 4), ("validation", 2)) for n in range(count)]
    return [(f"{data} {part} {n}", n) for part, n in [*named, ("of no split", 0)]]


@pytest.mark.usefixtures("fake")
def test_m03_rows_go_to_their_part_whatever_their_order(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"problem": f" {text}\n", "solution": f"So \\boxed{{{n}}}, no: \\boxed{{{n + 1}}}.", "level": "Level 5"}
        for text, n in problems("math")
    ]
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        task = task_of("mas-bench-math", jsonl(tmp_path / "competition_math.jsonl", rows), environ={})
        assert {row.columns["input"] for row in task.test_rows} == {f"math test {n}" for n in range(3)}
        assert len(task.pool_rows) == 6
        assert {row.columns["input"]: row.answer for row in task.test_rows}["math test 2"] == "3"
        assert task.test_rows[0].id == f"math_{id_of(task.test_rows[0].columns['input'])}"


@pytest.mark.usefixtures("fake")
def test_m04_options_stand_in_the_order_that_the_benchmark_draws(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"Question": text, "Correct Answer": "right", **{f"Incorrect Answer {k}": f"wrong {k}" for k in (1, 2, 3)}}
        for text, _ in problems("gpqa")
    ]
    task = task_of("mas-bench-gpqa", jsonl(tmp_path / "gpqa_diamond.jsonl", rows), environ={})
    assert (len(task.test_rows), len(task.pool_rows)) == (3, 6)
    letters = set()
    for row in (*task.test_rows, *task.pool_rows):
        order = list(range(4))
        random.Random(f"0|{row.id}").shuffle(order)
        shown = [line[3:] for line in row.columns["options"].splitlines()]
        assert shown == [["right", "wrong 1", "wrong 2", "wrong 3"][place] for place in order]
        assert shown["ABCD".index(str(row.answer))] == "right"
        letters.add(row.answer)
    assert len(letters) > 1


def test_m05_a_file_without_rows_of_the_split_is_an_error_and_few_rows_are_told(tmp_path: Path) -> None:
    row: dict[str, object] = {"problem": "What is 1 + 1?", "solution": "\\boxed{2}"}
    with pytest.raises(InputsInvalid, match="mas-bench-math: no test rows"):
        task_of("mas-bench-math", jsonl(tmp_path / "competition_math.jsonl", [row]), environ={})
    with pytest.raises(InputsInvalid, match="nothing is downloaded unasked"):
        task_of("mas-bench-gpqa", environ={})


@pytest.mark.usefixtures("fake")
def test_m06_they_keep_the_contract_of_tasks(tmp_path: Path) -> None:
    math: list[dict[str, object]] = [{"problem": text, "solution": f"\\boxed{{{n}}}"} for text, n in problems("math")]
    gpqa: list[dict[str, object]] = [
        {"Question": text, "Correct Answer": "r", **{f"Incorrect Answer {k}": f"w{k}" for k in (1, 2, 3)}}
        for text, _ in problems("gpqa")
    ]
    check_benchmark(MAS_BENCH_MATH, jsonl(tmp_path / "competition_math.jsonl", math))
    check_benchmark(MAS_BENCH_GPQA, jsonl(tmp_path / "gpqa_diamond.jsonl", gpqa))


def asked(number: int, name: str, *, hub: bool) -> dict[str, object]:
    """Return a made-up row under an id of the benchmark, as its authors or as the Hub has it."""
    context = [("Wells", ["A well is deep. ", f"It is {number} m deep."]), ("Hills", ["Hills are high."])]
    found: object = {"title": [one for one, _ in context], "sentences": [one for _, one in context]} if hub else context
    return {
        "id" if hub else "_id": name,
        "question": f"How deep is well {number}?",
        "answer": f"{number} m",
        "context": found,
    }


@pytest.mark.parametrize("hub", [False, True])
async def test_m07_hotpotqa_is_known_by_its_own_ids_and_agents_are_shown_its_paragraphs(
    tmp_path: Path, hub: bool
) -> None:
    ids = splits()["hotpotqa"]
    named = [*ids["test"], *ids["train"], *ids["validation"], "f" * 24]
    rows = [asked(number, name, hub=hub) for number, name in enumerate(named)]
    random.Random(0).shuffle(rows)
    check_benchmark(MAS_BENCH_HOTPOTQA, jsonl(tmp_path / "hotpotqa.jsonl", rows))
    task = task_of("mas-bench-hotpotqa", tmp_path, environ={})
    assert {row.id.removeprefix("hotpotqa_") for row in task.test_rows} == set(ids["test"])
    assert {row.id.removeprefix("hotpotqa_") for row in task.pool_rows} == {*ids["train"], *ids["validation"]}
    row, key = task.test_rows[0], task.test.rows[0].key
    assert row.columns["input"].startswith(row.columns["question"])
    assert f"Wells: A well is deep. It is {row.answer} deep.\n\nHills:" in row.columns["input"]
    outputs = (f"It says so. \\boxed{{{row.answer}}}", "It is 777 m deep. \\boxed{777 m}")
    scores = await scorer_of(task.scorer).score([task.sample(key, output) for output in outputs])
    assert [score.correct for score in scores] == [True, False]


def apps_row(number: int) -> dict[str, object]:
    """Return a made-up problem under an id of APPS: of both kinds, in both forms of the answers."""
    if number % 2:
        cases: dict[str, object] = {"fn_name": "plus", "inputs": [[1, number]], "outputs": [[1 + number]]}
        starter = "class Solution:\n    def plus(self, a, b):" if number % 4 == 1 else "def plus(a, b):\n\t"
        solution = f"{starter.rstrip()}\n        return a + b"
    else:
        cases = {"inputs": [f"{number}\n", ["1", "2"]], "outputs": [f"{number + 1}\n", ["2"]]}
        starter, solution = "", "print(int(input()) + 1)"
    return {
        "problem_id": number,
        "question": f"What is one more than number {number}?",
        "solutions": json.dumps([solution]),
        "input_output": json.dumps(cases),
        "starter_code": starter,
        "difficulty": "interview",
    }


async def test_m08_programs_of_apps_read_their_input_or_are_called(tmp_path: Path) -> None:
    ids = splits()["apps"]
    named = [int(one) for one in (*ids["test"], *ids["train"], *ids["validation"])]
    file = jsonl(tmp_path / "apps.jsonl", [apps_row(number) for number in [*reversed(named), 2999, 60]])
    check_benchmark(MAS_BENCH_APPS, file)
    task = task_of("mas-bench-apps", file, environ={})
    assert [(len(task.test_rows), len(task.pool_rows))] == [(50, 200)]
    rows = {row.id: row for row in task.test_rows}
    assert rows["apps_4"].tests == ('{"stdin": "4\\n", "stdout": "5\\n"}', '{"stdin": "1\\n2", "stdout": "2"}')
    chosen = [rows[f"apps_{number}"] for number in (4, 5, 7)]
    keys = {row.id: item.key for row, item in zip(task.test_rows, task.test.rows, strict=True)}
    right = [task.sample(keys[row.id], row.gold) for row in chosen]
    wrong = [task.sample(keys[row.id], row.gold.replace("a + b", "a - b").replace("+ 1)", "+ 2)")) for row in chosen]
    scores = await scorer_of(task.scorer).score([*right, *wrong])
    assert [(score.outcome, score.why) for score in scores[:3]] == [("correct", "")] * 3
    assert [score.outcome for score in scores[3:]] == ["wrong"] * 3


async def test_m08_what_a_problem_of_apps_expects_is_no_name_that_a_program_defines(tmp_path: Path) -> None:
    cases = {"fn_name": "least", "inputs": [[[]]], "outputs": [float("inf")]}
    row = {**apps_row(1), "problem_id": 0, "input_output": json.dumps(cases), "starter_code": "def least(numbers):"}
    task = task_of("mas-bench-apps", jsonl(tmp_path / "apps.jsonl", [row]), environ={})
    key = task.test.rows[0].key
    right = "def least(numbers):\n    return min(numbers, default=float('inf'))"
    wrong = "inf = 3\ndef least(numbers):\n    return inf"
    scores = await scorer_of("code").score([task.sample(key, right), task.sample(key, wrong)])
    assert [score.outcome for score in scores] == ["correct", "wrong"]


def packed(cases: object) -> str:
    """Return hidden tests as LiveCodeBench packs them: the text of JSON, pickled, in zlib, in base64."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


def lcb_row(name: str, number: int) -> dict[str, object]:
    """Return a made-up problem under an id of LiveCodeBench: a program, or a method of two arguments."""
    method = number % 2 == 1
    pairs = [
        (f"{number}\n[1, {k}]", f"{number + 1 + k}") if method else (f"{number}\n{k}\n", f"{number + k}\n")
        for k in (3, 4)
    ]
    kind = "functional" if method else "stdin"
    cases = [{"input": given, "output": wanted, "testtype": kind} for given, wanted in pairs]
    return {
        "question_id": name,
        "question_content": f"Add up what is given, number {number}.",
        "starter_code": "class Solution:\n    def total(self, first: int, others: List[int]) -> int:\n        "
        if method
        else "",
        "metadata": json.dumps({"func_name": "total"} if method else {}),
        "public_test_cases": json.dumps(cases[:1]),
        "private_test_cases": packed(cases) if number % 3 else json.dumps(cases),
    }


TOTAL = {
    0: "print(int(input()) + int(input()))",
    1: "class Solution:\n    def total(self, first, others: List[int]) -> int:\n        return first + sum(others)",
}


async def test_m12_hidden_tests_of_livecodebench_are_unpacked_and_run(tmp_path: Path) -> None:
    ids = splits()["lcb"]
    named = [*ids["test"], *ids["train"], *ids["validation"], "of_no_split"]
    folder = tmp_path / "code_generation_lite"
    folder.mkdir()
    rows = [lcb_row(name, number) for number, name in enumerate(named)]
    jsonl(folder / "test.jsonl", rows[::2])
    jsonl(folder / "test2.jsonl", rows[1::2])
    task = task_of("mas-bench-lcb", tmp_path, environ={})
    assert {row.id for row in task.test_rows} == {f"lcb_{one}" for one in ids["test"]}
    assert {row.id for row in task.pool_rows} == {f"lcb_{one}" for one in (*ids["train"], *ids["validation"])}
    assert '"output"' not in str(task.test_rows[0].columns), "tests are for the scorer"
    chosen = {number: next(row for row in task.test_rows if row.id == f"lcb_{named[number]}") for number in range(6)}
    keys = {row.id: item.key for row, item in zip(task.test_rows, task.test.rows, strict=True)}
    right = [task.sample(keys[row.id], TOTAL[number % 2]) for number, row in chosen.items()]
    wrong = [task.sample(keys[row.id], TOTAL[number % 2].replace(" + ", " - ")) for number, row in chosen.items()]
    scores = await scorer_of(task.scorer).score([*right, *wrong])
    assert [(score.outcome, score.why) for score in scores[:6]] == [("correct", "")] * 6
    assert [score.outcome for score in scores[6:]] == ["wrong"] * 6
    assert MAS_BENCH_LCB.size == len(task.test_rows)


class Harmful:
    """A pickle that runs a program where it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("kind", ["harmful", "bomb", "no base64", "no zlib"])
def test_m13_a_pickle_among_the_tests_is_read_and_never_loaded(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mas_bench, "_MOST_UNPACKED", 1000)
    made = tmp_path / "made"
    tests = {
        "harmful": base64.b64encode(zlib.compress(pickle.dumps(Harmful(made)))).decode(),
        "bomb": packed([{"input": "1" * 10_000, "output": ""}]),
        "no base64": "§",
        "no zlib": base64.b64encode(b"plain").decode(),
    }
    row = {**lcb_row(splits()["lcb"]["test"][0], 2), "private_test_cases": tests[kind]}
    with pytest.raises(InputsInvalid, match="mas-bench-lcb, row 1: cannot be read"):
        task_of("mas-bench-lcb", jsonl(tmp_path / "lcb.jsonl", [row]), environ={})
    assert not made.exists()


def bfcl_folder(folder: Path) -> Path:
    """Write the eight files of BFCL with a made-up row under each id of the splits, and some beside them."""
    (folder / "possible_answer").mkdir()
    named = [*(one for ids in splits()["bfcl"].values() for one in ids), "simple_1", "multiple_1"]
    for part in ("simple", "multiple", "parallel", "parallel_multiple"):
        ids = [one for one in named if one.rpartition("_")[0] == part]
        function = {"name": "wait", "parameters": {"type": "dict", "properties": {"days": {"type": "integer"}}}}
        asked: list[dict[str, object]] = [
            {"id": one, "question": [[{"role": "user", "content": f"Wait {one}."}]], "function": [function]}
            for one in ids
        ]
        calls = {one: [{"wait": {"days": [place, place + 1], "why": ["rain", ""]}}] for place, one in enumerate(ids)}
        jsonl(folder / f"BFCL_v3_{part}.json", asked)
        jsonl(
            folder / "possible_answer" / f"BFCL_v3_{part}.json",
            [{"id": one, "ground_truth": calls[one] * (2 if part == "parallel" else 1)} for one in reversed(ids)],
        )
    return folder


async def test_m09_calls_of_bfcl_are_joined_with_what_is_accepted(tmp_path: Path) -> None:
    task = task_of("mas-bench-bfcl", bfcl_folder(tmp_path), environ={})
    ids = splits()["bfcl"]
    assert [row.id for row in task.test_rows] == [f"bfcl_{one}" for one in ids["test"]], "in its order"
    assert {row.id for row in task.pool_rows} == {f"bfcl_{one}" for one in (*ids["train"], *ids["validation"])}
    assert '"name": "wait"' in task.test_rows[0].columns["input"]
    assert "rain" not in str(task.test_rows[0].columns), "what is accepted is for the scorer"
    samples = [task.sample(item.key, row.gold) for item, row in zip(task.test.rows, task.test_rows, strict=True)]
    assert all(score.correct for score in await scorer_of(task.scorer).score(samples))
    others = [task.sample(item.key, "[wait(days=99999)]") for item in task.test.rows]
    assert not any(score.correct for score in await scorer_of(task.scorer).score(others))


def test_m10_bfcl_says_which_file_is_missing_and_is_never_fetched(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match=r"give the folder that holds BFCL_v3_simple\.json"):
        task_of("mas-bench-bfcl", environ={"MASPO_DOWNLOAD": "1"})
    (bfcl_folder(tmp_path) / "possible_answer" / "BFCL_v3_parallel.json").unlink()
    with pytest.raises(InputsInvalid, match=r"possible_answer/BFCL_v3_parallel\.json: no such file"):
        task_of("mas-bench-bfcl", tmp_path, environ={})
    jsonl(tmp_path / "possible_answer" / "BFCL_v3_parallel.json", [])
    with pytest.raises(InputsInvalid, match=r"BFCL_v3_parallel\.json, row 1: 'parallel_"):
        task_of("mas-bench-bfcl", tmp_path, environ={})


def test_m11_the_nine_are_here_or_refused_with_their_reason(tmp_path: Path) -> None:
    ours = {name for name in task_names() if name.startswith("mas-bench-")}
    assert len(ours) + len(NOT_HERE) == 9 and not ours & NOT_HERE.keys()
    for name, why in NOT_HERE.items():
        with pytest.raises(ConfigInvalid) as refused:
            task_of(name, tmp_path)
        assert why in str(refused.value) and "mas-bench-hotpotqa" in str(refused.value)
