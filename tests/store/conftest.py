"""A small finished run and where it lies, for tests of the store."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from maspo.study.job import Job, Outcome
from maspo.study.optimize import DATABASE
from maspo.testing.runs import begin, counted_world
from tests.store.faulty_runs import small_job


@dataclass(frozen=True)
class SmallRun:
    """A finished run: its folder, how it ended, and how many calls it made."""

    job: Job
    folder: Path
    outcome: Outcome
    calls: int

    @property
    def database(self) -> bytes:
        return (self.folder / DATABASE).read_bytes()

    def ended_alike(self, outcome: Outcome) -> bool:
        assert self.outcome.finished is not None
        assert outcome.finished is not None
        mine, other = self.outcome.finished, outcome.finished
        return (mine.prompts, mine.winners, mine.verdict, mine.holdout) == (
            other.prompts,
            other.winners,
            other.verdict,
            other.holdout,
        )


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    job, folder = small_job(), tmp_path_factory.mktemp("small") / "run"
    model = counted_world(job)
    return SmallRun(job, folder, asyncio.run(begin(job, folder, model)), model.calls)


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of writes that wait for a disk take minutes."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)
