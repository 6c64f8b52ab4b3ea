"""Tasks by name: the six benchmarks, those of other packages, and any file without code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from maspo.core.errors import ConfigInvalid, InputsInvalid
from maspo.core.registry import Registry
from maspo.data.inputs import ID_COLUMN, LABEL_COLUMN, as_label, as_tests, as_text
from maspo.data.records import read_records
from maspo.data.tasks.mas_bench import NOT_HERE
from maspo.data.tasks.task import Benchmark, Task, TaskOptions, TaskRow

TASKS: Registry[Benchmark | type[Benchmark]] = Registry(
    group="maspo.tasks",
    what="--task",
    own={
        "math-500": "maspo.data.tasks.math:MATH_500",
        "agieval-math": "maspo.data.tasks.math:AGIEVAL_MATH",
        "aqua": "maspo.data.tasks.aqua:AQUA",
        "gpqa-diamond": "maspo.data.tasks.gpqa:GPQA_DIAMOND",
        "mbpp": "maspo.data.tasks.code:MBPP",
        "humaneval-et": "maspo.data.tasks.code:HUMANEVAL_ET",
        "mas-bench-math": "maspo.data.tasks.mas_bench:MAS_BENCH_MATH",
        "mas-bench-gpqa": "maspo.data.tasks.mas_bench:MAS_BENCH_GPQA",
        "mas-bench-hotpotqa": "maspo.data.tasks.mas_bench:MAS_BENCH_HOTPOTQA",
        "mas-bench-apps": "maspo.data.tasks.mas_bench:MAS_BENCH_APPS",
        "mas-bench-lcb": "maspo.data.tasks.mas_bench:MAS_BENCH_LCB",
        "mas-bench-bfcl": "maspo.data.tasks.bfcl:MAS_BENCH_BFCL",
    },
    method="load",
)
"""The six benchmarks of the paper, six tasks of MAS-PromptBench, and those of other packages: an object with ``name``
and ``load``, or its class."""
DATA_VARIABLE = "MASPO_DATA"
DOWNLOAD_VARIABLE = "MASPO_DOWNLOAD"
_HIDDEN = (ID_COLUMN, LABEL_COLUMN, "tests", "setup", "entry_point", "gold")


def task_of(
    name: str,
    data: str | Path | None = None,
    options: TaskOptions | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Task:
    """Return a task by name, read from a file or folder (else from ``MASPO_DATA``).

    Raises:
        ConfigInvalid: no task has that name; lists those that there are.
        InputsInvalid: its rows cannot be had or used; says what was looked for and how to get it.

    """
    if why := NOT_HERE.get(name):
        others = ", ".join(one for one in task_names() if one.startswith("mas-bench-"))
        raise ConfigInvalid(
            f"--task {name}: not among our tasks, because {why}; expected one of {others}, or run it from inside of "
            "MAS-PromptBench (examples/mas_promptbench)"
        )
    if name not in task_names():
        raise ConfigInvalid(f"--task {name!r}: no such task; expected one of {', '.join(task_names())}")
    benchmark: Benchmark = TASKS.make(name)
    asked = options or TaskOptions()
    given = data if data is not None else environ.get(DATA_VARIABLE) or None
    if environ.get(DOWNLOAD_VARIABLE, "").lower() in ("1", "true", "yes"):
        asked = replace(asked, download=True)
    path = None if given is None else Path(given)
    if path is not None and not path.exists():
        raise InputsInvalid(f"--data {path}: no such file or folder; give where the rows of {name} are")
    return benchmark.load(path, asked)


def task_names() -> tuple[str, ...]:
    """Return the names of all tasks, our own first."""
    return TASKS.names()


def file_task(path: str | Path, scorer: str = "exact") -> Task:
    """Return any JSON Lines, JSON, CSV or Parquet file as a task.

    Columns: ``answer`` (the label), ``id``, and for code ``tests`` (statements, or objects with ``stdin`` and
    ``stdout``), ``setup``, ``entry_point``; all others are what agents see.

    Raises:
        InputsInvalid: the file cannot be read or a row cannot be used; names file, row and fix.

    """
    file = Path(path)
    rows = []
    for number, record in enumerate(read_records(file), start=1):
        try:
            tests = as_tests(record.get("tests"))
        except ValueError as error:
            raise InputsInvalid(f"{file}, row {number}: {error}") from None
        row = TaskRow(
            columns={as_text(name): as_text(value) for name, value in record.items() if name not in _HIDDEN},
            id=as_text(record.get(ID_COLUMN)),
            answer=as_label(record.get(LABEL_COLUMN)),
            tests=tests,
            setup=as_text(record.get("setup")),
            entry_point=as_text(record.get("entry_point")),
            gold=as_text(record.get("gold")),
        )
        rows.append(row)
    return Task(file.stem, tuple(rows), scorer=scorer, source=str(file))
