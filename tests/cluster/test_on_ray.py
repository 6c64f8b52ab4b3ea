"""Runs on a Ray cluster of this machine: what they find and pay is what processes find and pay, whoever is killed.

Skipped where Ray is not installed; ``make ray`` installs it into an environment of its own and runs these tests where
nothing outside can reach the cluster.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from maspo.core.clusters import on_ray
from maspo.core.errors import ConfigInvalid
from maspo.core.workers import WorkerLost
from maspo.store.looks import LookLedger
from maspo.study.comparison.compare import Attention, Compared, compare, settled
from maspo.study.comparison.plan import Comparison
from maspo.testing.runs import Recorder
from tests.lengths import length
from tests.study.test_comparison import asked, figures
from tests.study.test_side_by_side import die_at_first, fail, in_a_world, rest

pytest.importorskip("ray", reason="Ray is not installed: make ray")
_STORE = 80 * 2**20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without processors, and two nodes with one each, as processes."""
    from importlib import import_module

    made = import_module("ray.cluster_utils").Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **_of_a_node()}
    )
    for _ in range(2):
        made.add_node(num_cpus=1, **_of_a_node())
    yield made
    made.shutdown()


def _of_a_node() -> dict[str, Any]:
    return {"object_store_memory": _STORE, "node_ip_address": "127.0.0.1"}


def play(comparison: Comparison, out: Path, executor: str = "", told: list[str] | None = None) -> Compared:
    looks = LookLedger(out.parent / f"{out.name}.looks")
    tell = (told if told is not None else []).append
    attention = Attention(Recorder(), looks=looks, jobs=0 if executor else 1, executor=executor, tell=tell)
    return asyncio.run(compare(settled(comparison, out), out, attention))


def calls(found: Compared) -> list[int]:
    return [end.usage.calls - end.usage.failed for end in found.runs]


def test_ray1_runs_find_and_pay_what_they_do_one_after_the_other(tmp_path: Path, cluster: Any) -> None:
    for seed in range(length(1, 10)):
        comparison = in_a_world(asked("default", "spo", seeds=(seed,)))
        alone = play(comparison, tmp_path / f"alone-{seed}")
        there = play(comparison, tmp_path / f"there-{seed}", f"ray:{cluster.address}")
        assert figures(there) == figures(alone)
        assert [end.usage for end in there.runs] == [end.usage for end in alone.runs]


def test_ray2_a_node_that_is_killed_costs_what_was_in_flight_and_nothing_else(tmp_path: Path, cluster: Any) -> None:
    comparison = in_a_world(asked("default", "spo", seeds=(0, 1)))
    alone, chance = play(comparison, tmp_path / "alone"), Random(5)
    for number in range(length(1, 20)):
        told = list[str]()

        def kill() -> None:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

        clock = threading.Timer(chance.uniform(5, 15), kill)
        clock.start()
        there = play(comparison, tmp_path / f"there-{number}", f"ray:{cluster.address}", told)
        clock.cancel()
        clock.join()
        while len(cluster.worker_nodes) < 2:
            cluster.add_node(num_cpus=1, **_of_a_node())
        assert figures(there) == figures(alone)
        assert calls(there) == calls(alone)
        assert sum(end.usage.failed for end in there.runs) <= 64 * len(told)


def test_ray3_a_process_that_is_killed_is_told_of_and_an_error_comes_back(tmp_path: Path, cluster: Any) -> None:
    with on_ray(cluster.address, 1) as workers:
        with pytest.raises(WorkerLost, match="gone"):
            workers.submit(die_at_first, str(tmp_path / "one")).result()
        assert workers.submit(die_at_first, str(tmp_path / "one")).result() == "done"
        with pytest.raises(Exception, match="ended with 5"):
            workers.submit(fail, 5).result()
        workers.submit(rest, 0.0).result()


def test_ray4_an_address_without_a_cluster_is_told_before_anything_begins() -> None:
    with pytest.raises(ConfigInvalid, match="no cluster at nonsense"), on_ray("nonsense", 1):
        pass
