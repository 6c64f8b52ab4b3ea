"""Records that the arena's tests share."""

from __future__ import annotations

import pytest

from maspo.arena.records import Record


@pytest.fixture
def record() -> Record:
    """Return the record of one run."""
    return one_record()


def one_record() -> Record:
    """Return the record of one run."""
    return Record(
        key="k",
        graph="reflect",
        world="base",
        rival="default",
        without="",
        labels="ignore",
        seed=100,
        winners=0.7,
        shipped=0.7,
        verdict="improved",
        changed=True,
        calls={"agent": 80, "judge.global": 15, "judge.local": 3, "proposer": 2},
        repeats=0,
        conflicts=0,
        tokens_in=1000,
        tokens_out=500,
        own_ms=0.5,
        peak_mb=60.0,
        depth=None,
        wall=None,
        seconds=1.0,
        seed_accuracy=0.5,
        optimum=0.9,
    )
