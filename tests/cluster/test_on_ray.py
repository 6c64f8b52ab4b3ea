"""Runs on a Ray cluster of this machine: what they find and pay is what processes find and pay.

Skipped where Ray is not installed; ``make ray`` installs it into an environment of its own and runs these tests where
nothing outside can reach the cluster.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from maspo.core.clusters import on_ray
from maspo.core.errors import ConfigInvalid
from maspo.core.workers import WorkerLost
from maspo.scoring.elsewhere import PART, scoring
from maspo.scoring.registry import scorer_of
from maspo.store.looks import LookLedger
from maspo.study.comparison.compare import Compared, SideBySide, compare, settled
from maspo.study.comparison.plan import Comparison
from maspo.testing.runs import Recorder
from tests.cluster.nodes import Nodes
from tests.lengths import length
from tests.scoring.test_code_elsewhere import samples
from tests.study.test_comparison import asked, figures
from tests.study.test_side_by_side import die_at_first, fail, in_a_world, rest

pytest.importorskip("ray", reason="Ray is not installed: make ray")


def play(comparison: Comparison, out: Path, executor: str = "") -> Compared:
    looks = LookLedger(out.parent / f"{out.name}.looks")
    attention = SideBySide(Recorder(), looks=looks, jobs=0 if executor else 2, executor=executor)
    return asyncio.run(compare(settled(comparison, out), out, attention))


def test_ray1_runs_and_holdout_find_and_pay_what_they_do_in_processes_of_this_machine(
    tmp_path: Path, nodes: Nodes
) -> None:
    shipped = 0
    for seed in range(1, 1 + (worlds := length(1, 20))):
        comparison = in_a_world(asked("default", "spo", seeds=(seed,)), seed)
        alone = play(comparison, tmp_path / f"alone-{seed}")
        there = play(comparison, tmp_path / f"there-{seed}", f"ray:{nodes.address}")
        assert figures(there) == figures(alone)
        assert [end.usage for end in there.runs] == [end.usage for end in alone.runs]
        assert there.measuring.calls == alone.measuring.calls
        shipped += any(end.finished.winners != comparison.system.prompts for end in there.runs)
    print(f"{worlds} worlds, new prompts in {shipped}")
    assert shipped >= worlds // 2


def test_ray2_a_process_that_is_killed_is_told_of_and_an_error_comes_back(tmp_path: Path, nodes: Nodes) -> None:
    with on_ray(nodes.address, 1) as workers:
        with pytest.raises(WorkerLost, match="gone"):
            workers.submit(die_at_first, str(tmp_path / "one")).result()
        assert workers.submit(die_at_first, str(tmp_path / "one")).result() == "done"
        with pytest.raises(Exception, match="ended with 5"):
            workers.submit(fail, 5).result()
        workers.submit(rest, 0.0).result()


def test_ray4_programs_are_scored_on_the_cluster_as_they_are_here(nodes: Nodes) -> None:
    asked = samples(3 * PART)
    with scoring("code", f"ray:{nodes.address}") as scorer:
        there = asyncio.run(scorer.score(asked))
    assert there == asyncio.run(scorer_of("code").score(asked))
    assert {score.outcome for score in there} >= {"correct", "wrong", "unread"}


def test_ray3_an_address_without_a_cluster_is_told_before_anything_begins() -> None:
    with pytest.raises(ConfigInvalid, match="no cluster at nonsense"), on_ray("nonsense", 1):
        pass
