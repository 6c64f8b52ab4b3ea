"""Programs scored in other processes: the same scores, in order, and none is lost with a process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

import pytest

from maspo.core.errors import ConfigInvalid
from maspo.core.workers import WorkerLost, Workers, processes
from maspo.scoring import elsewhere
from maspo.scoring.base import Sample, Score
from maspo.scoring.elsewhere import PART, CodeElsewhere, check_scored_elsewhere, scoring
from maspo.scoring.registry import scorer_of
from tests.scoring.test_code_scorer import GOOD, TESTS

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
OUTPUTS = (GOOD, "def double(x):\n    return 3 * x", "", "def double(x:\n", "I cannot.")


def samples(count: int) -> list[Sample]:
    return [Sample(str(number), OUTPUTS[number % len(OUTPUTS)], tests=TESTS) for number in range(count)]


@contextmanager
def two(*_: object) -> Iterator[Workers]:
    with processes(2) as workers:
        yield workers


async def test_ce01_scores_are_those_of_this_process_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "open_workers", two)
    asked = samples(PART + 3)
    with scoring("code", "ray") as scorer:
        assert await scorer.score(asked) == await scorer_of("code").score(asked)
        assert await scorer.score([]) == []


class Losing:
    """Workers that lose what they are given so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def submit(self, work: Callable[[Unpack[Ts]], T], *given: *Ts) -> Future[T]:
        done: Future[T] = Future()
        self.left -= 1
        if self.left >= 0:
            done.set_exception(WorkerLost("its node is gone"))
        else:
            done.set_result(work(*given))
        return done

    def stop(self) -> None: ...


async def test_ce02_a_part_that_is_lost_begins_anew_and_is_not_scored_once_it_is_lost_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(elsewhere, "_score_there", lambda _, given: [Score(one.id, "correct") for one in given])
    (found,) = await CodeElsewhere("", Losing(2)).score(samples(1))
    assert found.outcome == "correct"
    (lost,) = await CodeElsewhere("", Losing(3)).score(samples(1))
    assert lost.outcome == "failed"
    assert "lost 3 times: its node is gone" in lost.why


async def test_ce03_what_cannot_be_used_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "open_workers", two)
    with scoring("code:no-such-package", "ray") as scorer, pytest.raises(ConfigInvalid, match="no-such-package"):
        await scorer.score(samples(1))


def test_ce04_only_programs_are_scored_elsewhere() -> None:
    check_scored_elsewhere("code:numpy", "ray:auto")
    check_scored_elsewhere("exact", "")
    with pytest.raises(ConfigInvalid, match="only programs are scored elsewhere"):
        check_scored_elsewhere("exact", "ray")
    with pytest.raises(ConfigInvalid, match="expected ray, ray:auto"):
        check_scored_elsewhere("code", "dask")


def _die_once(argument: str, given: tuple[Sample, ...]) -> object:
    marker = Path(argument)
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return [Score(one.id, "correct") for one in given]


async def test_ce05_a_process_that_is_killed_loses_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "_score_there", _die_once)
    with processes(1) as workers:
        found = await CodeElsewhere(str(tmp_path / "marker"), workers).score(samples(2 * PART))
    assert [one.outcome for one in found] == ["correct"] * (2 * PART)
