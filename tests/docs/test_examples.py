"""The examples run offline, each in an empty folder, with warnings as errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
SAYS = {
    "optimize_in_python.py": ["verdict ", "truth ", "report "],
    "custom_topology.py": ["layers    optimist, sceptic → checker → editor", "checker   as before"],
    "stop_and_resume.py": ["optimize    ended with exit code 130", "resume      ended with exit code 0", "verdict: "],
}


def test_d31_every_example_has_an_expectation() -> None:
    assert [path.name for path in EXAMPLES] == sorted(SAYS)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_d32_an_example_runs_without_key_or_network(example: Path, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "MASPO_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        cwd=tmp_path,
        env={**kept, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [words for words in SAYS[example.name] if words not in done.stdout] == []
