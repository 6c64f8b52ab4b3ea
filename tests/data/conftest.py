"""Real rows for the tests of tasks, and files in the forms in which benchmarks are published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    """The folder of real benchmark rows."""
    if not SHARED.is_dir():
        pytest.skip("no real rows: the folder shared/data is not beside the repository")
    return SHARED


def jsonl(file: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write rows as JSON Lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file
