"""The tasks that come with the small model: a team, rows to optimize on, and fresh rows to measure what was gained.

The rows are our own. Three kinds of work: a label of free text, fields as JSON, and small sums.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from maspo.core.errors import ConfigInvalid
from maspo.data.tasks.task import Task, TaskRow
from maspo.real.package import SLOTS
from maspo.team import System
from maspo.team.load import parse_system

NAMES = ("reviews", "orders", "sums")
AGENT_MODEL = "smollm2-135m-instruct"
SETTINGS: Mapping[str, Any] = {
    "profile": "cheap",
    "labels": "use",
    "proposer": {"kind": "edits"},
    "search": {
        # The model is no judge (docs/real_models.md): it is asked at the end, to be measured.
        "partial_inputs": 0,
        "partial_differing": False,
        # What that saves goes into larger rounds. Edits are blind, and most do nothing or harm; a few do much.
        "calls": 1200,
        "stages": [32],
        "shared_inputs": 20,
        "union_inputs": 20,
        "optimism": 0.0,
        "spread": 0.1,
        "prune": 12,
    },
    "holdout": {"rerun": 20},
    "models": {
        "client": "smollm2",
        "agent": AGENT_MODEL,
        # A label or a field needs a few tokens; the model fills whatever it is given.
        "max_tokens": 24,
        "concurrency": SLOTS,
        # A busy machine is slow, and a call in a queue is not lost.
        "timeout": 600.0,
        "deadline": 3600.0,
        "prices": {AGENT_MODEL: (0.0, 0.0)},
    },
}
"""Of ``maspo demo --real``, as in ``maspo.toml``."""


@dataclass(frozen=True, slots=True)
class RealTask:
    """A team and its rows: ``pool`` to optimize on, ``test`` to measure on, which no run has seen."""

    system: System
    rows: Task


def real_task(name: str) -> RealTask:
    """Return a task by name.

    Raises:
        ConfigInvalid: there is none of that name.

    """
    if name not in NAMES:
        raise ConfigInvalid(f"--task {name!r}: expected one of {', '.join(NAMES)}")
    system = parse_system(_text(f"{name}.yaml"), f"{name}.yaml")
    return RealTask(
        system, Task(name, _rows(f"{name}_fresh.jsonl"), _rows(f"{name}.jsonl"), source="written for maspo")
    )


def _rows(file: str) -> tuple[TaskRow, ...]:
    rows = map(json.loads, _text(file).splitlines())
    return tuple(TaskRow({"input": row["input"]}, answer=row["answer"]) for row in rows)


def _text(file: str) -> str:
    return resources.files(__package__).joinpath("rows", file).read_text(encoding="utf-8")
