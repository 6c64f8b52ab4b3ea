"""Playing many cases side by side, in processes of their own; records come as they are finished."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import replace

from maspo.arena.cases import Case
from maspo.arena.play import play, truth, truth_key
from maspo.arena.records import Record, Truth


def play_all(cases: Sequence[Case], jobs: int) -> Iterator[Record]:
    """Yield the records of cases in the order in which they are finished.

    When the caller stops, cases that have not begun are dropped and running ones are ended.
    """
    with tempfile.TemporaryDirectory(prefix="maspo-arena-") as scratch:
        # Spawned, not forked: a copy of a process with threads may hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(jobs, context, _enter, (scratch,))
        try:
            yield from _played(pool, cases)
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _enter(scratch: str) -> None:
    """Begin a process: Ctrl-C is the caller's affair, and what a run leaves behind goes with the hall."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = scratch


def _played(pool: ProcessPoolExecutor, cases: Sequence[Case]) -> Iterator[Record]:
    truths: dict[object, Future[Truth]] = {}
    played: dict[Future[Record], Case] = {}
    for case in cases:
        place = truth_key(case)
        if place not in truths:
            truths[place] = pool.submit(truth, case)
        played[pool.submit(play, case)] = case
    for done in as_completed(played):
        known = truths[truth_key(played[done])].result()
        yield replace(done.result(), seed_accuracy=known.seed, optimum=known.optimum)
