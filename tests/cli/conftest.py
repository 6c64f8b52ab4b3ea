"""A small system with inputs in an empty working folder, and the command line as users call it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app

SYSTEM = """\
name: small team
agents:
  solver: {prompt: Solve the problem.}
  critic: {prompt: Check the solution., reads: [solver]}
"""


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out.splitlines()[-1])
        assert isinstance(found, dict)
        return found


Run = Callable[..., Said]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MASPO_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "system.yaml").write_text(SYSTEM)
    rows = [json.dumps({"input": f"problem {number}"}) for number in range(12)]
    (tmp_path / "inputs.jsonl").write_text("\n".join(rows))
    yield tmp_path


@pytest.fixture(scope="session")
def maspo() -> Run:
    def run(*arguments: str) -> Said:
        result = CliRunner().invoke(app, list(arguments))
        return Said(result.exit_code, result.stdout, result.stderr)

    return run
