"""Damaged records of evaluations and judge checks: what is whole is saved, the rest is asked again, no traceback."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from maspo.core.errors import StoreError
from maspo.data.tasks.task import Task
from maspo.models.base import PROBE, Reply, Request
from maspo.store import mend
from maspo.store.sqlite import SqliteDatabase
from maspo.study.attention import Attention
from maspo.study.evaluation import judge_check as checking
from maspo.study.evaluation.evaluate import evaluate, resume_evaluation
from maspo.study.evaluation.judge_check import judge_check
from maspo.study.evaluation.recorded import DATABASE, NOTED, look_at
from maspo.testing.runs import Before, Counted, Recorder
from maspo.world import World
from tests.lengths import length
from tests.store.test_damage import flip, log_of, mutate
from tests.study.test_evaluation import world_evaluation

EVALUATION = replace(
    world_evaluation(), task=Task("small", world_evaluation().task.test_rows[:8], scorer="exact"), repeats=1
)
PAIRS = 4


class Endpoint(Counted):
    """The world behind an endpoint that says so, as ``maspo world serve`` does."""

    def __init__(self, before: Before | None = None) -> None:
        super().__init__(World(), before)

    async def complete(self, request: Request) -> Reply:
        return replace(await super().complete(request), simulated=True)


@dataclass(frozen=True)
class Kind:
    """One kind of work with a record: the file, and how it is done into a folder; returns what was found."""

    database: str
    work: Callable[[Path, Endpoint], Coroutine[Any, Any, object]]


async def evaluated(out: Path, model: Endpoint) -> object:
    found = await evaluate(EVALUATION, out, Attention(Recorder(), model.provider))
    return (found.rows, found.difference, found.verdict, found.outputs, found.simulated)


async def resumed(out: Path, model: Endpoint) -> object:
    found = await resume_evaluation(out, None, Attention(Recorder(), model.provider))
    return (found.rows, found.difference, found.verdict, found.outputs, found.simulated)


async def checked(out: Path, model: Endpoint) -> object:
    found = await judge_check(EVALUATION, PAIRS, out, Attention(Recorder(), model.provider))
    return (found.pairs, found.readings, found.rows, found.simulated)


EVALUATE = Kind(DATABASE, evaluated)
CHECK = Kind(checking.DATABASE, checked)


def recorded(path: Path) -> set[str]:
    with closing(SqliteDatabase.read(path).reader) as reader:
        return {key for (key,) in reader.execute("SELECT key FROM calls")}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [EVALUATE, CHECK], ids=["evaluate", "judge-check"])
def test_w01_a_mutated_record_is_whole_mended_or_refused_and_ends_alike(kind: Kind, quick: Path) -> None:
    wanted = asyncio.run(kind.work(quick / "whole", Endpoint()))
    how: Counter[str] = Counter()
    for seed in range(length(40, 400)):
        out = quick / "copy"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(quick / "whole", out)
        path = out / kind.database
        mutate(path, random.Random(seed))
        try:
            said = mend(path, needed="")
        except StoreError as error:
            assert "\n" not in str(error)
            how["refused"] += 1
            continue
        known, model = recorded(path), Endpoint()
        assert asyncio.run(kind.work(out, model)) == wanted
        assert not known & model.keys.keys()
        how["mended" if said else "whole"] += 1
    assert how["refused"] <= 0.1 * how.total()
    assert how["mended"] > 0.5 * how.total()


# A killed process leaves a log behind


def killed(kind: Kind, out: Path) -> set[str]:
    """Leave a folder as a process does that is killed after most of its work; return the calls that it recorded."""
    calls = 0

    async def before(_: Request) -> None:
        nonlocal calls
        calls += 1
        if calls == 30:
            shutil.copytree(out.parent / "alive", out)

    asyncio.run(kind.work(out.parent / "alive", Endpoint(before)))
    log = log_of(out / kind.database)
    assert log.stat().st_size > 50_000
    return recorded(out / kind.database)


def cut(log: Path) -> None:
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])


@pytest.mark.parametrize("kind", [EVALUATE, CHECK], ids=["evaluate", "judge-check"])
@pytest.mark.parametrize("damage", [lambda log: flip(log, log.stat().st_size // 2), cut, Path.unlink])
def test_w02_a_damaged_or_missing_log_costs_only_what_it_held(
    kind: Kind, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    wanted = asyncio.run(kind.work(tmp_path / "whole", Endpoint()))
    before = killed(kind, tmp_path / "dead")
    path = tmp_path / "dead" / kind.database
    damage(log_of(path))
    mend(path, needed="")
    known, model = recorded(path), Endpoint()
    assert known <= before
    assert asyncio.run(kind.work(tmp_path / "dead", model)) == wanted
    assert not known & model.keys.keys()


def test_w03_behind_a_flipped_byte_of_the_log_calls_are_saved(tmp_path: Path) -> None:
    before = killed(EVALUATE, tmp_path / "dead")
    path = tmp_path / "dead" / EVALUATE.database
    flip(log_of(path), log_of(path).stat().st_size // 3)
    assert "is kept as evaluation.damaged-1.db" in mend(path, NOTED)
    known, model = recorded(path), Endpoint()
    assert len(known) >= len(before) - 2
    asyncio.run(resumed(tmp_path / "dead", model))
    assert not known & model.keys.keys()


# What the record alone can tell


def forge(path: Path, old: bytes, new: bytes) -> None:
    assert path.read_bytes().count(old) >= 2
    path.write_bytes(path.read_bytes().replace(old, new))


def test_w04_without_what_it_was_begun_with_only_the_same_command_goes_on(tmp_path: Path) -> None:
    wanted = asyncio.run(evaluated(tmp_path, Endpoint()))
    path = tmp_path / EVALUATE.database
    forge(path, b'"test_rows"', b'"lost_rows"')
    with pytest.raises(StoreError, match="cannot be used"):
        mend(path, NOTED)
    assert "Saved: 33 recorded calls" in mend(path, needed="")
    with pytest.raises(StoreError, match="repeat the command that began it"):
        asyncio.run(resumed(tmp_path, Endpoint()))
    model = Endpoint()
    assert asyncio.run(evaluated(tmp_path, model)) == wanted
    assert model.calls == 0
    assert asyncio.run(resumed(tmp_path, Endpoint())) == wanted


def test_w05_that_a_world_answered_is_not_forgotten(tmp_path: Path) -> None:
    wanted = asyncio.run(evaluated(tmp_path, Endpoint()))
    path = tmp_path / EVALUATE.database
    forge(path, b"simulatedtrue", b"simulatedtrxe")
    mend(path, NOTED)
    model = Endpoint()
    assert asyncio.run(resumed(tmp_path, model)) == wanted
    assert model.purposes == {PROBE: 1}


def test_w06_a_damaged_record_is_shown_as_far_as_it_is_whole(tmp_path: Path) -> None:
    asyncio.run(evaluated(tmp_path, Endpoint()))
    assert look_at(tmp_path).damage == ""
    path = tmp_path / EVALUATE.database
    path.write_bytes(path.read_bytes().replace(b"You are", b"You arX", 1))
    flip(path, 0)
    looked = look_at(tmp_path)
    assert looked.damage
    assert looked.found is not None
    assert looked.found.verdict is not None
