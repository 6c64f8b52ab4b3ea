"""Rows of real benchmarks, which lie beside the repository and are never part of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "data"


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a data set; skips the test where it is absent."""
    found = rows_there(name)
    if not found:
        pytest.skip(f"the data set {name}.jsonl is not beside the repository (shared/data); nothing real to read")
    return found


def rows_there(name: str) -> list[dict[str, Any]]:
    """Return the rows of a data set; none where it is absent."""
    file = FOLDER / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
