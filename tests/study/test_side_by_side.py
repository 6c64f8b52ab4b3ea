"""Runs of a comparison in processes of their own: the same results, the same caps, and an end when they are told to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.config import Caps
from maspo.core.errors import EXIT_PROVIDER, Interrupted, MaspoError
from maspo.core.workers import WorkerLost, processes, told_to_stop
from maspo.store.locks import RecordLock
from maspo.store.looks import LookLedger
from maspo.study.comparison import compare as comparing
from maspo.study.comparison.beside import Whole
from maspo.study.comparison.compare import (
    Compared,
    SideBySide,
    _alone,
    compare,
    folder_of,
    settled,
    wait_for_runs,
)
from maspo.study.comparison.plan import Comparison, Run
from maspo.study.job import Looks, Progress, Provider
from maspo.study.optimize import DATABASE
from maspo.testing.runs import Recorder
from maspo.world import WorldSpec
from tests.going_on import wait_until
from tests.study.test_comparison import asked, figures


def in_a_world(comparison: Comparison, seed: int = 1) -> Comparison:
    """Return a comparison that is answered in each process by a world of its own."""
    return replace(comparison, world=WorldSpec(seed=seed))


def play(comparison: Comparison, out: Path, jobs: int, stop: asyncio.Event | None = None) -> Compared:
    looks = LookLedger(out.parent / f"{out.name}.looks")
    return asyncio.run(
        compare(settled(comparison, out), out, SideBySide(Recorder(), stop=stop, looks=looks, jobs=jobs))
    )


@pytest.mark.slow
def test_sb01_runs_side_by_side_find_what_they_find_one_after_the_other(tmp_path: Path) -> None:
    comparison = in_a_world(asked("default", "spo", seeds=(0, 1)))
    alone, beside = play(comparison, tmp_path / "alone", 1), play(comparison, tmp_path / "beside", 2)
    assert figures(alone) == figures(beside)
    assert [end.usage.calls for end in alone.runs] == [end.usage.calls for end in beside.runs]


def test_sb01_what_nobody_foresaw_ends_a_comparison_with_nothing_left_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        def __init__(self) -> None:
            self.begun: list[Future[None]] = []

        def submit(self, *_: object) -> Future[None]:
            self.begun.append(Future())
            if len(self.begun) == 2:
                self.begun[1].set_exception(ZeroDivisionError("nobody foresaw this"))
            return self.begun[-1]

        def stop(self) -> None: ...

    @contextmanager
    def opened(*_: object) -> Iterator[Failing]:
        yield workers

    async def played(comparison: Comparison) -> set[str]:
        with pytest.raises(ZeroDivisionError):
            await compare(settled(comparison, tmp_path), tmp_path, SideBySide(Recorder(), jobs=3))
        return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}

    workers = Failing()
    monkeypatch.setattr(comparing, "open_workers", opened)
    assert not asyncio.run(played(in_a_world(asked("spo", seeds=(0, 1, 2)))))
    assert [one.cancelled() for one in workers.begun] == [True, False, True]


@pytest.mark.slow
def test_sb02_the_cap_over_all_holds_and_a_comparison_that_was_stopped_goes_on(tmp_path: Path) -> None:
    comparison = in_a_world(asked("default", "spo", calls=1500))
    once = play(comparison, tmp_path / "once", 2)
    assert once.spent.calls <= 1500

    class Stopping(Recorder):
        def on_progress(self, progress: Progress) -> None:
            stop.set()

    async def stopped(out: Path) -> None:
        await compare(settled(comparison, out), out, SideBySide(Stopping(), stop=stop, jobs=2))

    stop, out = asyncio.Event(), tmp_path / "again"
    with pytest.raises(Interrupted):
        asyncio.run(stopped(out))
    assert figures(play(comparison, out, 2)) == figures(once)


def fail(code: int) -> None:
    raise MaspoError(f"ended with {code}")


def rest(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def test_sb03_work_is_done_in_other_processes_and_an_error_comes_back() -> None:
    with processes(1) as workers:
        assert workers.submit(rest, 0.0).result() != os.getpid()
        with pytest.raises(MaspoError, match="ended with 5"):
            workers.submit(fail, EXIT_PROVIDER).result()


def die_at_first(marker: str) -> str:
    """End this process as ``kill -9`` does, but for the second time."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_sb05_a_process_that_is_killed_is_told_of_and_replaced_and_the_others_go_on(tmp_path: Path) -> None:
    with processes(2) as workers:
        killed, other = workers.submit(die_at_first, str(tmp_path / "one")), workers.submit(rest, 0.5)
        with pytest.raises(WorkerLost, match="without a word"):
            killed.result()
        assert other.result() != os.getpid()
        assert workers.submit(die_at_first, str(tmp_path / "one")).result() == "done"


def listen(marker: str) -> str:
    """Say in which process this is, and wait for the word to stop."""

    def mark() -> None:
        Path(marker).write_text(str(os.getpid()))

    async def work() -> str:
        stop = told_to_stop()
        await asyncio.sleep(0.2)  # the thread that listens has begun
        mark()
        await stop.wait()
        return "stopped"

    return asyncio.run(work())


def test_sb09_who_was_killed_while_it_listened_holds_up_nobody_who_is_told_to_stop(tmp_path: Path) -> None:
    with processes(2) as workers:
        marks = [tmp_path / "one", tmp_path / "other"]
        killed, other = (workers.submit(listen, str(mark)) for mark in marks)
        wait_until(
            lambda: all(mark.exists() and mark.read_text() for mark in marks), lambda: len(list(tmp_path.iterdir()))
        )
        os.kill(int(marks[0].read_text()), signal.SIGKILL)
        with pytest.raises(WorkerLost):
            killed.result()
        telling = threading.Thread(target=workers.stop, daemon=True)
        telling.start()
        assert other.result() == "stopped"
        telling.join(60)
        assert not telling.is_alive(), "waits for a process that is gone"
        assert workers.submit(listen, str(tmp_path / "late")).result() == "stopped"


def _killed_once(
    comparison: Comparison, run: Run, caps: Caps, looks: Looks, provider: Provider, whole: Whole
) -> object:
    if run.name == "spo-0":
        die_at_first(str(whole.out / "marker"))
    if run.name == "default-0" and (whole.out / "always").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return _alone(comparison, run, caps, looks, provider, whole)


@pytest.mark.slow
def test_sb06_a_run_whose_process_is_killed_is_gone_on_with_and_named_when_it_is_killed_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison, told = in_a_world(asked("default", "spo")), list[str]()
    alone = play(comparison, tmp_path / "alone", 1)
    monkeypatch.setattr(comparing, "_alone", _killed_once)

    def beside(out: Path) -> Compared:
        return asyncio.run(compare(settled(comparison, out), out, SideBySide(Recorder(), jobs=2, tell=told.append)))

    assert figures(beside(tmp_path / "beside")) == figures(alone)
    (said,) = (text for text in told if "gone on with" in text)
    assert "run spo-0" in said
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "always").touch()
    with pytest.raises(Interrupted, match="run default-0 was lost 3 times"):
        beside(tmp_path / "again")
    (tmp_path / "again" / "always").unlink()
    assert figures(beside(tmp_path / "again")) == figures(alone)


@pytest.mark.slow
def test_sb07_who_goes_on_waits_for_runs_whose_command_was_killed_and_says_so(tmp_path: Path) -> None:
    comparison = in_a_world(asked("default"))
    play(comparison, tmp_path / "out", 1)
    record, told = folder_of(tmp_path / "out", comparison.runs[0]) / DATABASE, list[str]()
    lock = RecordLock(record)

    def tell(text: str) -> None:
        told.append(text)
        lock.release()

    wait_for_runs(comparison, tmp_path / "out", tell)
    wait_for_runs(comparison, tmp_path / "out", tell)
    assert told == ["waits until the processes of a command that is gone have left default-0"]


_CALLER = """
import sys, time
from maspo.core.workers import processes
from tests.study.test_side_by_side import rest

if __name__ == "__main__":
    with processes(1) as workers:
        print(workers.submit(rest, 0.0).result(), flush=True)
        workers.submit(rest, 3600.0)
        time.sleep(3600)
"""


def test_sb04_workers_end_when_their_caller_is_killed(tmp_path: Path) -> None:
    (tmp_path / "caller.py").write_text(_CALLER)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(Path.cwd()), *sys.path))}
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "caller.py")], stdout=subprocess.PIPE, text=True, env=environment
    ) as caller:
        assert caller.stdout is not None
        worker = int(caller.stdout.readline())
        caller.send_signal(signal.SIGKILL)
    began = time.monotonic()
    while Path(f"/proc/{worker}/stat").exists() and " Z " not in Path(f"/proc/{worker}/stat").read_text():
        assert time.monotonic() < began + 30, "the worker goes on alone"
        os.sched_yield()


def _never_begins(*_: object) -> None:
    raise MaspoError("a node of the cluster has maspo 0.1, and the caller 0.2")


def _breaks(*_: object) -> None:
    raise ZeroDivisionError("nobody foresaw this")


@pytest.mark.parametrize(("work", "error"), [(_never_begins, MaspoError), (_breaks, ZeroDivisionError)])
def test_sb08_what_ends_a_run_before_it_begins_is_what_the_command_ends_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[..., None], error: type[Exception]
) -> None:
    monkeypatch.setattr(comparing, "_alone", work)
    with pytest.raises(error, match=r"run spo-0: a node .* has maspo 0.1|nobody foresaw this"):
        play(in_a_world(asked("spo")), tmp_path / "out", 2)
