"""Rows from the Hugging Face Hub: the real loading code, on local copies of the same layout, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from maspo.core.errors import InputsInvalid
from maspo.data.published import Hub, read_hub
from tests.data.published import BENCHMARKS
from tests.data.test_benchmarks import gpqa_rows, mbpp_row, problem

Rows = Sequence[Mapping[str, object]]

AQUA_ROW = {"question": "Which?", "options": ["A)1", "B)2"], "rationale": "…", "correct": "B"}
ET_ROW = {
    "task_id": "HumanEval/0",
    "prompt": "def f(x):\n    '''Add one.'''\n",
    "entry_point": "f",
    "canonical_solution": "    return x + 1\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
    "test_case_list": ["assert f(2) == 3"],
}
LOADED = """
import json, sys, warnings
from dataclasses import replace
from pathlib import Path
from maspo.data.tasks.registry import TASKS
from maspo.data.tasks.task import TaskOptions

def here(part):
    return part and replace(part, hub=replace(part.hub, repo=str(Path(sys.argv[1]) / part.hub.repo)))

found = {}
for name in TASKS.own:
    if name.startswith("mas-bench"):  # known by digests of real questions: tests/data/test_mas_bench.py
        continue
    one = TASKS.get(name)
    local = replace(one, test=here(one.test), pool=here(one.pool))
    task = local.load(None, TaskOptions(download=True, split=0))
    found[name] = [[row.id or row.columns["input"][:7] for row in rows] for rows in (task.test_rows, task.pool_rows)]
print(json.dumps(found))
"""


def dataset(folder: Path, config: str, splits: Mapping[str, Rows]) -> None:
    """Write a dataset as the Hub keeps it: Parquet files, and a README that says which split is where."""
    lines = ["---", "configs:", f"- config_name: {config or 'default'}", "  data_files:"]
    for split, rows in splits.items():
        file = folder / (config or "data") / f"{split}-00000-of-00001.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.Table.from_pylist([dict(row) for row in rows]), file)
        lines += [f"  - split: {split}", f"    path: {file.relative_to(folder).as_posix()}"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")


def copies(root: Path) -> None:
    """Write a small copy of every dataset that the benchmarks name."""
    rows = {number: mbpp_row(number) for number in (2, 11, 12, 511, 601)}
    splits = {"test": [rows[11], rows[12]], "train": [rows[601]], "validation": [rows[511]], "prompt": [rows[2]]}
    dataset(root / "google-research-datasets/mbpp", "sanitized", splits)
    aqua = {"test": [AQUA_ROW], "validation": [{**AQUA_ROW, "question": "Whose?"}], "train": [AQUA_ROW]}
    dataset(root / "deepmind/aqua_rat", "raw", aqua)
    dataset(root / "Idavidrein/gpqa", "gpqa_diamond", {"train": gpqa_rows(3)})
    dataset(root / "dz1/CodeScore-HumanEval-ET", "", {"train": [ET_ROW]})
    dataset(root / "DigitalLearningGmbH/MATH-lighteval", "", {"train": [problem(7, level="Level 5"), problem(8)]})
    (root / "HuggingFaceH4/MATH-500").mkdir(parents=True)
    lines = json.dumps(problem(1, answer="2", unique_id="test/1.json")) + "\n"
    (root / "HuggingFaceH4/MATH-500/test.jsonl").write_text(lines, encoding="utf-8")
    (root / "lighteval/agi_eval_en/data").mkdir(parents=True)
    other = {"solution": "…", "level": 5, "type": "Algebra"}
    row = {"passage": None, "question": "q1", "options": None, "label": None, "answer": "1", "other": other}
    (root / "lighteval/agi_eval_en/data/math.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")


@pytest.mark.slow
def test_u01_every_benchmark_loads_from_a_copy_of_its_dataset(tmp_path: Path) -> None:
    copies(tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "MASPO_"))}
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)],
        env={**kept, **offline},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "math-500": [["test/1.json"], ["How muc", "How muc"]],
        "agieval-math": [["q1"], ["How muc"]],
        "aqua": [["Which?\n"], ["Whose?\n"]],
        "gpqa-diamond": [["rec0", "rec1", "rec2"], []],
        "mbpp": [["11", "12"], ["601", "511", "2"]],
        "humaneval-et": [["HumanEval/0"], []],
    }


def test_u02_without_the_library_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputsInvalid, match=r"pip install 'maspo\[datasets\]'`, or give a local file"):
        read_hub(BENCHMARKS["aqua"].test.hub)


class Failing:
    """Stands for the library when the Hub cannot be reached or refuses."""

    @staticmethod
    def load_dataset(*_: object, **__: object) -> None:
        raise ConnectionError("no route")


@pytest.mark.parametrize("gated", [True, False])
def test_u03_a_fetch_that_fails_says_why_and_what_else_can_be_done(
    monkeypatch: pytest.MonkeyPatch, gated: bool
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", Failing)
    with pytest.raises(InputsInvalid, match=r"ConnectionError: no route.*or give a local file") as error:
        read_hub(replace(Hub("some/where", "test"), gated=gated))
    assert ("hf auth login" in str(error.value)) == gated


def test_u04_the_pinned_split_is_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[tuple[object, ...], dict[str, object]]] = []

    class Asked:
        @staticmethod
        def load_dataset(*args: object, **named: object) -> list[dict[str, str]]:
            asked.append((args, named))
            return [{"a": "b"}]

    monkeypatch.setitem(sys.modules, "datasets", Asked)
    assert read_hub(Hub("o/r", "test", "raw", "f" * 40)) == [{"a": "b"}]
    assert read_hub(Hub("o/r", "train", file="x.jsonl"))
    assert asked == [
        (("o/r", "raw"), {"split": "test", "revision": "f" * 40}),
        (("o/r", None), {"split": "train", "revision": "main", "data_files": "x.jsonl"}),
    ]
