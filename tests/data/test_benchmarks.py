"""The six benchmarks: every published form is read, pools are disjoint, and nothing is fetched unasked."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from maspo.core.errors import ConfigInvalid, InputsInvalid
from maspo.data.published import Hub
from maspo.data.tasks.registry import file_task, task_names, task_of
from maspo.data.tasks.task import Task, TaskOptions, TaskRow, without_overlap
from tests.data.conftest import jsonl
from tests.data.published import BENCHMARKS
from tests.packages import install

NAMES = ("math-500", "agieval-math", "aqua", "gpqa-diamond", "mbpp", "humaneval-et")
MAS_BENCH = tuple(f"mas-bench-{name}" for name in ("math", "gpqa", "hotpotqa", "apps", "lcb", "bfcl"))
NO_ENVIRONMENT: dict[str, str] = {}


def problem(number: int, **more: object) -> dict[str, object]:
    return {"problem": f"How much is {number} + 1?", "solution": f"It is \\boxed{{{number + 1}}}.", **more}


def load(name: str, data: Path, options: TaskOptions | None = None) -> Task:
    return task_of(name, data, options, NO_ENVIRONMENT)


def test_b01_the_six_are_there_and_an_unknown_name_lists_them() -> None:
    assert task_names()[:6] == tuple(BENCHMARKS) == NAMES
    with pytest.raises(ConfigInvalid, match="'aqa': no such task; expected one of math-500, agieval-math, aqua"):
        task_of("aqa")


@pytest.mark.parametrize("name", NAMES)
def test_b02_without_data_nothing_is_fetched_and_the_error_says_what_would_be(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)  # an import of it would fail
    with pytest.raises(InputsInvalid) as error:
        task_of(name, environ=NO_ENVIRONMENT)
    told = str(error.value)
    for words in ("nothing is downloaded unasked", "--data", "MASPO_DOWNLOAD=1", "https://huggingface.co/datasets/"):
        assert words in told
    assert any(licence in told for licence in ("MIT", "Apache", "CC-BY"))


def test_b03_data_come_from_the_argument_or_else_from_the_environment(tmp_path: Path) -> None:
    one = jsonl(tmp_path / "one.jsonl", [problem(1)])
    two = jsonl(tmp_path / "two.jsonl", [problem(1), problem(2)])
    environ = {"MASPO_DATA": str(one)}
    assert len(task_of("math-500", None, None, environ).test_rows) == 1
    assert len(task_of("math-500", str(two), None, environ).test_rows) == 2
    with pytest.raises(InputsInvalid, match="nowhere: no such file or folder; give where the rows of aqua are"):
        load("aqua", tmp_path / "nowhere")
    with pytest.raises(
        InputsInvalid, match=r"holds no data of aqua; give the file itself, or a folder with one of aqua"
    ):
        load("aqua", tmp_path)


# ── mathematics ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_b10_math_takes_its_pool_from_the_folders_of_the_training_set(tmp_path: Path) -> None:
    jsonl(tmp_path / "test.jsonl", [problem(1, answer="2", unique_id="test/1.json", level=3)])
    for number in (7, 8):
        file = tmp_path / "MATH" / "train" / "algebra" / f"{number}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(problem(number, level="Level 5" if number == 7 else "Level 2", type="Algebra")))
    task = load("math-500", tmp_path)
    assert [row.id for row in task.test_rows] == ["test/1.json"]
    assert [(row.id, row.answer) for row in task.pool_rows] == [("algebra/7.json", "8"), ("algebra/8.json", "9")]
    assert task.scorer == "math" and task.final_answer == "boxed"
    jsonl(tmp_path / "v1" / "math.jsonl", [problem(3, level=5), problem(4, level=4)])
    hardest = load("agieval-math", tmp_path)
    assert [row.answer for row in (*hardest.test_rows, *hardest.pool_rows)] == ["4", "8"]


def test_b11_agieval_is_read_in_its_own_form_too(tmp_path: Path) -> None:
    def row(number: int, level: int) -> dict[str, object]:
        other = {"solution": "Think.", "level": level, "type": "Algebra"}
        return {"passage": None, "question": f"q{number}", "options": None, "answer": str(number), "other": other}

    task = load("agieval-math", jsonl(tmp_path / "math.jsonl", [row(1, 5), row(2, 3)]))
    assert [(row.columns["input"], row.answer, row.gold) for row in task.test_rows] == [("q1", "1", "Think.")]


def test_b12_a_pool_that_repeats_test_rows_is_refused_and_can_be_cleaned(tmp_path: Path) -> None:
    jsonl(tmp_path / "math_500.jsonl", [problem(1), problem(2)])
    jsonl(tmp_path / "math_train.jsonl", [problem(2), problem(3)])
    with pytest.raises(InputsInvalid, match="1 pool rows are also test rows"):
        load("math-500", tmp_path)
    cleaned = load("math-500", tmp_path, TaskOptions(drop_overlap=True))
    assert [row.answer for row in cleaned.pool_rows] == ["4"]


# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_b20_aqua_is_read_as_published_and_as_the_paper_has_it(tmp_path: Path) -> None:
    published = {"question": "Which? ", "options": ["A)1", "B) 2", "C)(3)"], "rationale": "…", "correct": "B"}
    spaced = {"question": "Whose?", "options": ["A ) 1", "B ) 2"], "problem": "…", "answer": "A"}
    (tmp_path / "test.json").write_text(json.dumps(published) + "\n" + json.dumps(spaced))
    (tmp_path / "dev.json").write_text(json.dumps({**published, "question": "Where?"}))
    task = load("aqua", tmp_path)
    one, two = task.test_rows
    assert one.columns["options"] == "A) 1\nB) 2\nC) (3)"
    assert one.columns["input"] == "Which?\n\nOptions:\nA) 1\nB) 2\nC) (3)"
    assert two.columns["options"] == "A) 1\nB) 2"
    assert (one.answer, two.answer) == ("B", "A")
    assert [row.columns["question"] for row in task.pool_rows] == ["Where?"]
    assert load("aqua", tmp_path / "test.json").pool_rows == ()


def gpqa_rows(count: int) -> list[dict[str, str]]:
    wrong = {f"Incorrect Answer {number}": f"wrong {number}" for number in (1, 2, 3)}
    return [
        {
            "Record ID": f"rec{number}",
            "Question": f"What is made-up thing {number}?",
            "Correct Answer": "right",
            **wrong,
        }
        for number in range(count)
    ]


def test_b21_gpqa_spreads_the_right_letter_by_content(tmp_path: Path) -> None:
    file = tmp_path / "gpqa_diamond.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(gpqa_rows(1)[0]))
        writer.writeheader()
        writer.writerows(gpqa_rows(198))
    task = load("gpqa-diamond", tmp_path, TaskOptions(split=0))
    assert len(task.test_rows) == 198 and not task.notes
    letters = Counter(row.answer for row in task.test_rows)
    assert set(letters) == {"A", "B", "C", "D"} and min(letters.values()) >= 30
    for row in task.test_rows:
        assert f"{row.answer}) right" in row.columns["options"].split("\n")
    turned = load("gpqa-diamond", jsonl(tmp_path / "turned.jsonl", gpqa_rows(198)[::-1]), TaskOptions(split=0))
    assert {row.id: row.answer for row in turned.test_rows} == {row.id: row.answer for row in task.test_rows}


def test_b22_gpqa_sets_a_quarter_aside_by_content(tmp_path: Path) -> None:
    task = load("gpqa-diamond", jsonl(tmp_path / "gpqa_diamond.jsonl", gpqa_rows(198)))
    assert 30 <= len(task.pool_rows) <= 70
    assert len(task.pool_rows) + len(task.test_rows) == 198


def test_b23_gpqa_with_options_in_the_text_is_left_as_it_is(tmp_path: Path) -> None:
    row = {"question": "What?\nA) 1\nB) 2\nC) 3\nD) 4", "answer": "(C)"}
    other = {"question": "Who?\nA) 1\nB) 2\nC) 3\nD) 4", "answer": "D"}
    task = load("gpqa-diamond", jsonl(tmp_path / "q.jsonl", [row, other]), TaskOptions(split=0))
    assert [(each.columns, each.answer) for each in task.test_rows] == [
        ({"input": row["question"]}, "C"),
        ({"input": other["question"]}, "D"),
    ]
    with pytest.raises(InputsInvalid, match=r"row 1: cannot be read \(answer is no letter\)"):
        load("gpqa-diamond", jsonl(tmp_path / "bad.jsonl", [{**row, "answer": "the third"}]))


# ── code ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def mbpp_row(number: int, **changes: object) -> dict[str, object]:
    tests = [f"assert f({count}) == {count + number}" for count in range(5)]
    row = {"task_id": number, "prompt": f"Add {number}.", "test_imports": ["import math"], "test_list": tests}
    return {**row, "code": f"def f(x):\n    return x + {number}", **changes}


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_b30_mbpp_is_split_as_its_authors_did_and_shows_three_tests(tmp_path: Path, suffix: str) -> None:
    rows = [mbpp_row(number) for number in (2, 10, 11, 510, 511, 974)]
    file = tmp_path / f"sanitized-mbpp.{suffix}"
    file.write_text(json.dumps(rows)) if suffix == "json" else jsonl(file, rows)
    for data in (file, tmp_path):
        task = load("mbpp", data)
        assert [row.id for row in task.test_rows] == ["11", "510"]
        assert [row.id for row in task.pool_rows] == ["2", "10", "511", "974"]
    row = task.test_rows[0]
    assert row.columns["input"].startswith("Add 11.\n\nThe code must pass these tests:\nassert f(0) == 11\n")
    assert "f(2)" in row.columns["input"] and "f(3)" not in row.columns["input"]
    assert len(row.tests) == 5 and row.setup == "import math" and row.gold.startswith("```python\ndef f(x)")


def test_b31_mbpp_in_full_is_read_too(tmp_path: Path) -> None:
    row = mbpp_row(12, text="Add.", test_setup_code="import re", challenge_test_list=[])
    del row["prompt"], row["test_imports"]
    (found,) = load("mbpp", jsonl(tmp_path / "mbpp.jsonl", [row])).test_rows
    assert (found.columns["task"], found.setup) == ("Add.", "import re")


@pytest.mark.parametrize("column", ["test_list", "test_case_list"])
def test_b32_humaneval_et_is_scored_by_the_old_and_the_further_tests(tmp_path: Path, column: str) -> None:
    row = {
        "task_id": "HumanEval/0",
        "prompt": "def f(x):\n    '''Add one.'''\n",
        "entry_point": "f",
        "canonical_solution": "    return x + 1\n",
        "test": "\n\ndef check(candidate):\n    assert candidate(1) == 2\n",
        column: ["assert f(2) == 3", "assert f(3) == 4"],
    }
    (found,) = load("humaneval-et", jsonl(tmp_path / "et.jsonl", [row]), TaskOptions(split=0)).test_rows
    assert found.columns == {"input": row["prompt"]}
    assert found.tests[0].endswith("assert candidate(1) == 2\n\ncheck(f)")
    assert found.tests[1:] == ("assert f(2) == 3", "assert f(3) == 4")
    assert (found.setup, found.entry_point) == (row["prompt"], "f")
    assert found.gold == "```python\ndef f(x):\n    '''Add one.'''\n    return x + 1\n```"


def test_b33_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match=r"mbpp, row 1: column 'test_list' is missing; the row has task_id, prompt"):
        load("mbpp", jsonl(tmp_path / "a.jsonl", [{"task_id": 11, "prompt": "x"}]))
    with pytest.raises(InputsInvalid, match="row 1: cannot be read"):
        load("mbpp", jsonl(tmp_path / "a.jsonl", [mbpp_row(11, test_list="assert f(1)")]))


# ── files and other packages ─────────────────────────────────────────────────────────────────────────────────────────


def test_b40_any_file_is_a_task_and_hides_what_is_for_the_scorer(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": 1, "question": "f?", "hint": "h", "answer": 3},
        {"question": "g?", "tests": ["assert g()"], "setup": "import re", "entry_point": "g", "gold": "def g"},
        {"question": "h?", "tests": "assert h()"},
        {"question": "i?", "tests": [{"stdin": "1", "stdout": "2"}]},
    ]
    task = file_task(jsonl(tmp_path / "mine.jsonl", rows), "code")
    assert (task.name, task.scorer) == ("mine", "code")
    assert [set(row.columns) for row in task.test_rows] == [{"question", "hint"}, *[{"question"}] * 3]
    assert task.test_rows[0].answer == "3"
    assert task.test_rows[1] == TaskRow({"question": "g?"}, "", None, ("assert g()",), "import re", "g", "def g")
    assert task.test_rows[2].tests == ("assert h()",)
    assert task.test_rows[3].tests == ('{"stdin": "1", "stdout": "2"}',)
    with pytest.raises(InputsInvalid, match="row 1: tests hold a int; give a list of Python statements"):
        file_task(jsonl(tmp_path / "bad.jsonl", [{"input": "x", "tests": ["assert x()", 3]}]))


class Riddles:
    """A task of another package."""

    name = "riddles"

    def load(self, data: Path | None, options: TaskOptions) -> Task:
        if data is None:
            raise InputsInvalid("riddles: give a file")
        return file_task(data)


def test_b41_tasks_of_other_packages_are_found_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, {"maspo.tasks": {"riddles": f"{__name__}:Riddles"}}, {})
    assert task_names() == (*NAMES, *MAS_BENCH, "riddles")
    file = jsonl(tmp_path / "r.jsonl", [{"input": "What has keys?", "answer": "a piano"}])
    assert load("riddles", file).test_rows[0].answer == "a piano"


# ── real rows ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "test", "pool"),
    [("math-500", 300, 0), ("agieval-math", 153, 0), ("aqua", 152, 254), ("mbpp", 249, 7), ("humaneval-et", 98, 0)],
)
def test_b50_real_rows_are_all_read(shared: Path, name: str, test: int, pool: int) -> None:
    task = load(name, shared, TaskOptions(split=0))
    assert (len(task.test.rows), len(task.pool_rows)) == (test, pool)
    assert task.notes == (f"{name}: {test} test rows are given; the published test set has {BENCHMARKS[name].size}",)


def test_b51_two_of_the_tasks_share_rows_which_is_no_error(shared: Path) -> None:
    hardest, all_levels = load("agieval-math", shared).test_rows, load("math-500", shared).test_rows
    assert len(hardest) - len(without_overlap(hardest, all_levels)) == 7


def test_b52_revisions_are_commits_or_said_to_be_open() -> None:
    hubs: dict[str, Hub] = {}
    for name, benchmark in BENCHMARKS.items():
        hubs[name] = benchmark.test.hub
        if benchmark.pool:
            hubs[f"{name} pool"] = benchmark.pool.hub
    assert {name for name, hub in hubs.items() if hub.revision == "main"} == {"gpqa-diamond", "humaneval-et"}
    assert all(len(hub.revision) == 40 for hub in hubs.values() if hub.revision != "main")
