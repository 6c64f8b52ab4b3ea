"""The known-answer check of a search: what it passes, and that each kind of failure is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maspo.arena.programme import NOTHING_TO_CLAIM, WORLDS
from maspo.arena.records import Record
from maspo.arena.selftest import CHECKS, SEEDS, checked


def good(record: Record) -> list[Record]:
    """Return records of a search that does all that is demanded: it gains most, and claims only what is there."""
    return [
        replace(
            record,
            world=world,
            seed=seed,
            seed_accuracy=0.5,
            optimum=0.5 if world == "no effect" else 0.9,
            shipped=0.5 if world in NOTHING_TO_CLAIM else 0.8,
            verdict="no_evidence" if world in NOTHING_TO_CLAIM else "improved",
        )
        for world in CHECKS
        for seed in range(SEEDS)
    ]


def failed(records: list[Record]) -> set[str]:
    return {one.world for one in checked(records) if not one.passed}


def test_a70_a_search_that_finds_avoids_and_refuses_passes(record: Record) -> None:
    assert failed(good(record)) == set()
    assert CHECKS.keys() <= WORLDS.keys()
    assert CHECKS.keys() >= NOTHING_TO_CLAIM


@pytest.mark.parametrize(
    ("world", "change"),
    [
        ("no traps", {"shipped": 0.55}),  # finds little
        ("base", {"shipped": 0.4}),  # falls into a trap
        ("no effect", {"verdict": "improved"}),  # claims what is not there
        ("coin flip", {"verdict": "improved"}),
    ],
)
def test_a71_each_failure_is_seen_where_it_happens(record: Record, world: str, change: dict[str, object]) -> None:
    bad = [replace(one, **change) if one.world == world else one for one in good(record)]  # type: ignore[arg-type]
    assert failed(bad) == {world}


def test_a72_one_false_claim_of_four_is_chance_and_one_fall_is_none(record: Record) -> None:
    records = good(record)
    once = [replace(one, verdict="improved") if one.world == "coin flip" and one.seed == 1 else one for one in records]
    assert failed(once) == set()
    fall = [replace(one, shipped=0.45) if one.world == "base" and one.seed == 1 else one for one in records]
    assert failed(fall) == {"base"}


def test_a73_methods_are_checked_apart(record: Record) -> None:
    bad = [replace(one, rival="worse", shipped=0.5) for one in good(record)]
    assert {(one.rival, one.world) for one in checked([*good(record), *bad]) if not one.passed} == {
        ("worse", "no traps")
    }
