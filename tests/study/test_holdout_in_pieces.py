"""The common hold-out of a comparison in pieces: the same figures and calls, and nothing paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

import pytest

from maspo.config import Caps
from maspo.core.errors import ProviderError
from maspo.core.usage import Usage
from maspo.core.workers import WorkerLost, Workers
from maspo.data.inputs import make_inputs
from maspo.report.comparison_in_use import in_use
from maspo.report.wholes import records_of_whole
from maspo.study.answering import MODEL, answered_in, seen_by_all
from maspo.study.comparison import compare as comparing
from maspo.study.comparison.compare import Compared, SideBySide, _is_ample, compare, settled, wait_for_runs
from maspo.study.comparison.holdout import CHUNK
from maspo.study.comparison.pieces import DATABASE, met_in, parts_of, pieces_of
from maspo.study.comparison.plan import Comparison
from maspo.study.record import COMPARED, open_for_reading
from maspo.testing.runs import Counted, Recorder, counted_world, world_job
from maspo.world import World
from tests.study.test_comparison import Stopping, asked, figures, own, play

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Here:
    """Workers that are one thread of this process, so that a test sees what they ask; the first pieces may get lost."""

    def __init__(self, lost: int = 0) -> None:
        self.begun: list[str] = []
        self._lost = lost
        self._thread = ThreadPoolExecutor(1)

    def submit(self, work: Callable[[Unpack[Ts]], T], *given: *Ts) -> Future[T]:
        self.begun.append(work.__name__)
        found = self._thread.submit(work, *given)
        if len(self.begun) > self._lost:
            return found
        gone: Future[T] = Future()
        found.add_done_callback(lambda _: gone.set_exception(WorkerLost("its node is gone")))
        return gone

    def stop(self) -> None: ...


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """Workers of this process in place of others."""
    workers = Here()

    @contextmanager
    def opened(*_: object) -> Iterator[Workers]:
        yield workers

    monkeypatch.setattr(comparing, "open_workers", opened)
    return workers


def beside(comparison: Comparison, out: Path, model: Counted | None = None, jobs: int = 2) -> tuple[Compared, Counted]:
    world = model or counted_world(world_job())
    attention = SideBySide(Recorder(), world.provider, jobs=jobs)
    return asyncio.run(compare(settled(comparison, out), out, attention)), world


def mine(calls: int = 10_000) -> Comparison:
    """A comparison without runs: all that it does is to measure, on every input."""
    return own(asked(calls=calls))


def guarding(comparison: Comparison) -> Comparison:
    return replace(comparison, guards=make_inputs(World().inputs(6, 900)))


def keys(out: Path) -> list[set[str]]:
    """Return the recorded calls of each piece."""
    found = []
    for record in sorted(out.glob(f"holdout/*/{DATABASE}")):
        with open_for_reading(record) as store:
            found.append({key for (key,) in store._database.select("SELECT key FROM calls")})
    return found


@pytest.mark.parametrize("labels", [True, False])
def test_hp01_pieces_find_and_ask_what_one_process_does(tmp_path: Path, here: Here, labels: bool) -> None:
    comparison = guarding(own(asked(labels=labels)))
    alone, once = play(comparison, tmp_path / "alone")
    found, world = beside(comparison, tmp_path / "beside")
    assert figures(found) == figures(alone)
    assert found.guarded == alone.guarded
    assert world.keys.keys() == once.keys.keys()
    assert (found.measuring.calls, found.spent.calls) == (world.calls, world.calls)
    assert found.measuring.calls - alone.measuring.calls == world.calls - once.calls
    assert here.begun == ["measure_alone"] * len(pieces_of(comparison))
    again, idle = beside(comparison, tmp_path / "beside")
    assert (figures(again), idle.calls) == (figures(found), 0)
    assert again.measuring.calls == found.measuring.calls
    assert len(here.begun) == len(pieces_of(comparison)), "what has ended is read, not done again"


def test_hp11_a_price_that_is_known_by_now_reaches_what_pieces_have_measured(tmp_path: Path, here: Here) -> None:
    comparison = own(asked())
    models = comparison.config.models
    priced = models.model_copy(update={"prices": {models.agent: (1.0, 2.0)}})
    now = replace(comparison, config=comparison.config.model_copy(update={"models": priced}))
    beside(comparison, tmp_path)
    found, idle = beside(now, tmp_path)
    assert idle.calls == 0
    for one in in_use(found):
        assert one.cost.usd is not None and one.cost.tokens_in is not None and one.cost.tokens_out is not None
        assert one.cost.usd == pytest.approx((one.cost.tokens_in + 2 * one.cost.tokens_out) / 1e6)


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_hp02_whoever_goes_on_with_however_many_processes_repeats_no_recorded_call(
    tmp_path: Path, here: Here, share: float, jobs: int
) -> None:
    whole, once = beside(mine(), tmp_path / "whole")
    world = counted_world(world_job(), Stopping(int(share * once.calls)))
    with pytest.raises(ProviderError):
        beside(mine(), tmp_path / "cut", world)
    recorded = set[str]().union(*keys(tmp_path / "cut"))
    found, again = beside(mine(), tmp_path / "cut", jobs=jobs)
    assert figures(found) == figures(whole)
    assert recorded
    assert not recorded & again.keys.keys()


def test_hp03_what_one_process_has_begun_stays_in_its_record(tmp_path: Path, here: Here) -> None:
    whole, once = play(mine(), tmp_path / "whole")
    with pytest.raises(ProviderError):
        play(mine(), tmp_path / "cut", counted_world(world_job(), Stopping(once.calls // 2)))
    found, _ = beside(mine(), tmp_path / "cut")
    assert figures(found) == figures(whole)
    assert not here.begun
    assert not (tmp_path / "cut" / "holdout").exists()


def test_hp04_a_piece_that_is_lost_is_gone_on_with(tmp_path: Path, here: Here) -> None:
    alone, once = play(mine(), tmp_path / "alone")
    here._lost = 2
    found, world = beside(mine(), tmp_path / "beside")
    assert figures(found) == figures(alone)
    assert world.keys.keys() == once.keys.keys()
    assert world.calls == once.calls, "what a lost piece has recorded is not asked again"
    assert len(here.begun) == len(pieces_of(mine())) + 2


@pytest.mark.parametrize("cap", [60, 150, 200])
def test_hp05_one_process_keeps_to_a_cap_that_may_cut_the_measuring(tmp_path: Path, here: Here, cap: int) -> None:
    found, world = beside(mine(calls=cap), tmp_path / "beside")
    alone, _ = play(mine(calls=cap), tmp_path / "alone")
    assert world.calls == found.spent.calls <= cap
    assert found.left_out
    assert figures(found) == figures(alone)
    assert len(found.inputs) >= cap // 8 - CHUNK
    assert not here.begun
    more, again = beside(mine(calls=5000), tmp_path / "beside")
    assert not more.left_out
    assert not set(world.keys) & set(again.keys) - {key for key in world.keys if world.keys[key] > 1}
    assert more.spent.calls == world.calls + again.calls


def test_hp10_under_a_cap_on_money_or_time_pieces_are_measured_where_it_leaves_ample_room() -> None:
    spent = Usage(calls=100, usd=1.0)
    for caps, ample in (
        (Caps(), True),
        (Caps(calls=49), False),
        (Caps(calls=50), True),
        (Caps(usd=1.9), False),
        (Caps(usd=2.0), True),
        (Caps(minutes=1.9), False),
        (Caps(minutes=2.0), True),
        (Caps(calls=49, usd=9.0), False),
    ):
        assert _is_ample(caps, 50, spent, 60.0) is ample, caps
    assert not _is_ample(Caps(usd=9.0), 50, Usage(), 0.0), "nothing is known of what calls cost"
    assert not _is_ample(Caps(usd=9.0), 50, Usage(calls=100, usd=None), 60.0)


def test_hp06_inputs_that_ask_the_same_are_in_one_piece_and_all_inputs_in_one_each() -> None:
    comparison = mine()
    row = comparison.inputs.rows[0]
    twins = tuple(replace(row, key=f"twin{number}", label=f"twin{number}") for number in range(9))
    comparison = guarding(
        replace(comparison, inputs=replace(comparison.inputs, rows=(*comparison.inputs.rows, *twins)))
    )
    pieces = pieces_of(comparison)
    held = [key for piece in pieces if piece.kind == "inputs" for key in piece.keys]
    assert sorted(held) == sorted(comparison.holdout)
    assert [key for piece in pieces if piece.kind == "guards" for key in piece.keys] == [
        row.key for row in comparison.guarding
    ]
    (with_twins,) = (piece for piece in pieces if "twin0" in piece.keys)
    assert {one.key for one in (row, *twins)} <= set(with_twins.keys)
    many = replace(comparison, inputs=make_inputs(World().inputs(900)))
    assert len([piece for piece in pieces_of(many) if piece.kind == "inputs"]) <= 32


def test_hp07_parts_of_a_cap_are_no_more_than_it() -> None:
    calls, none = [24, 8, 3], Usage(usd=0.0)
    parts = parts_of(Caps(calls=40, usd=1.0, minutes=5.0), none, calls)
    assert [part and part.calls for part in parts] == [27, 9, 3]
    assert sum(part.usd or 0 for part in parts if part) == pytest.approx(1.0)
    assert [part and part.calls for part in parts_of(Caps(calls=35), none, calls)] == calls
    assert parts_of(Caps(calls=4), none, calls)[1] is None
    assert parts_of(Caps(), none, calls) == [Caps()] * 3
    assert parts_of(Caps(calls=9), Usage(calls=9), calls) == [None] * 3


def test_hp08_a_model_that_answers_a_piece_makes_the_look_a_real_one() -> None:
    world, model = {"answered_by": '["world"]'}, frozenset({MODEL})
    assert answered_in(seen_by_all(world, [model, frozenset()])) == {MODEL, "world"}
    assert answered_in(seen_by_all(world, [])) == {"world"}


def test_hp09_what_looks_at_a_comparison_looks_at_its_pieces(tmp_path: Path, here: Here) -> None:
    beside(mine(), tmp_path)
    records = set(tmp_path.glob(f"holdout/*/{DATABASE}"))
    assert records
    assert records <= set(records_of_whole(tmp_path / COMPARED))
    said = list[str]()
    wait_for_runs(mine(), tmp_path, said.append)
    assert said == []
    assert all(met_in(record, mine()).met.inputs for record in records)
