"""The example in the docstring of each port works: it is taken out as it stands, and keeps the port's contract."""

from __future__ import annotations

import inspect
import json
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from maspo.core.errors import InputsInvalid
from maspo.core.trace import Call
from maspo.core.verdict import Verdict
from maspo.data import inputs, records
from maspo.data.tasks import task
from maspo.judges import base as judges
from maspo.models import base as models
from maspo.models.base import Message, Request
from maspo.optimizers import base as optimizers
from maspo.optimizers.base import Problem
from maspo.proposers import base as proposers
from maspo.proposers import drafts
from maspo.runners import base as runners
from maspo.scoring import base as scoring
from maspo.scoring.base import Sample
from maspo.team import Agent, System
from maspo.testing.judges import check_judge
from maspo.testing.models import check_model_client
from maspo.testing.optimizers import check_optimizer
from maspo.testing.proposers import check_proposer
from maspo.testing.runners import check_runner
from maspo.testing.scorers import check_scorer
from maspo.testing.tasks import check_benchmark

NAMES = {
    **vars(models),
    **vars(inputs),
    **vars(records),
    **vars(drafts),
    "Verdict": Verdict,
    "Call": Call,
    "System": System,
}
"""What the examples use beside the module that they stand in."""


def example(module: ModuleType, port: str) -> Any:
    """Return the class that the docstring of a port shows."""
    text = inspect.cleandoc(getattr(module, port).__doc__)
    block = text.split("::\n\n", 1)[1]
    lines = []
    for line in block.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line)
    code = textwrap.dedent("\n".join(lines))
    assert len(code.splitlines()) < 60
    names: dict[str, Any] = {**NAMES, **vars(module)}
    known = set(names)
    exec(compile(f"from __future__ import annotations\n{code}", f"{port}'s example", "exec"), names)
    (made,) = [names[name] for name in names.keys() - known if inspect.isclass(names[name])]
    return made


def test_e01_the_optimizer() -> None:
    team = System((Agent("solver", "Solve it."), Agent("critic", "Check it.", ("solver",)))).team
    prompts = {"solver": "Solve it.", "critic": "Check it."}
    made = example(optimizers, "Optimizer")
    check_optimizer(made(made.Config()), Problem(team, prompts, tuple(f"input {n}" for n in range(6)), 0))


async def test_e02_the_judge() -> None:
    await check_judge(example(judges, "Judge"))


async def test_e03_the_proposer() -> None:
    await check_proposer(example(proposers, "Proposer"))


async def test_e04_the_runner() -> None:
    await check_runner(example(runners, "Runner"), System((Agent("solver", "Solve it."),)))


async def test_e05_the_model_client() -> None:
    await check_model_client(example(models, "ModelClient")(), Request("m", (Message("user", "Hello"),), "agent"))


async def test_e06_the_scorer() -> None:
    right, wrong = Sample("1", " rain ", "rain"), Sample("2", "snow", "rain")
    await check_scorer(example(scoring, "Scorer")(), [right], [wrong])


def test_e07_the_task(tmp_path: Path) -> None:
    rows = [{"riddle": f"What is number {number}?", "answer": str(number)} for number in range(20)]
    file = tmp_path / "riddles.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    made = example(task, "Benchmark")()
    check_benchmark(made, file)
    with pytest.raises(InputsInvalid, match="give the file"):
        made.load(None, task.TaskOptions())
