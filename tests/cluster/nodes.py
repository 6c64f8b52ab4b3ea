"""A Ray cluster of this machine, whose nodes can be killed."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from tests.going_on import children

_STORE = 80 * 2**20


class Nodes:
    """A head without processors and two nodes with one each, as processes; what was killed is there again."""

    def __init__(self) -> None:
        self._cluster: Any = None

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def fill(self) -> None:
        """Begin what is not there."""
        if self._cluster is None:
            head = {"num_cpus": 0, "include_dashboard": False, **_of_a_node()}
            cluster = import_module("ray.cluster_utils").Cluster
            self._cluster = _begun(lambda: cluster(initialize_head=True, head_node_args=head))
        while len(self._cluster.worker_nodes) < 2:
            _begun(lambda: self._cluster.add_node(num_cpus=1, **_of_a_node()))

    def working(self) -> list[int]:
        """Return the processes of the nodes that work."""
        governing = [node.all_processes["raylet"][0].process.pid for node in self._cluster.worker_nodes]
        return [*governing, *(pid for each in governing for pid in all_below(each))]

    def kill_node(self, draw: random.Random) -> None:
        """Kill a node: all of its processes at once, or the one that governs them, as if it was cut off."""
        node = draw.choice(sorted(self._cluster.worker_nodes, key=id))
        with_all = draw.random() < 0.5
        (governs,) = node.all_processes["raylet"]
        below = list(all_below(governs.process.pid)) if with_all else []
        governs.process.kill()
        for pid in below:
            _kill(pid)
        self._cluster.remove_node(node, allow_graceful=False)

    def kill_head(self) -> None:
        """Kill the head; nodes without one end by themselves."""
        for each in self._cluster.head_node.all_processes.values():
            for info in each:
                info.process.kill()

    def end(self) -> None:
        """End all, also what is left of a cluster without a head."""
        if self._cluster is None:
            return
        for node in (*self._cluster.worker_nodes, self._cluster.head_node):
            below = [
                pid for each in node.all_processes.values() for info in each for pid in all_below(info.process.pid)
            ]
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
            for pid in below:
                _kill(pid)
        self._cluster = None


_ATTEMPTS = 40
"""An hour of a busy machine."""
_NOT_BEGUN = ("timed out during startup", "Timed out waiting for file")


def _begun(begin: Callable[[], Any]) -> Any:
    """Begin a node; again where the machine does other work: Ray (2.60) waits 30 seconds for one, whatever is set.

    What an attempt has begun ends with it: the next would have to share the processors with that.
    """
    before = set(children(os.getpid()))
    for _ in range(_ATTEMPTS):
        try:
            return begin()
        except Exception as error:
            if not any(said in str(error) for said in _NOT_BEGUN):
                raise
            for child in set(children(os.getpid())) - before:
                for pid in (*all_below(child), child):
                    _kill(pid)
    return begin()


def _of_a_node() -> dict[str, Any]:
    return {"object_store_memory": _STORE, "node_ip_address": "127.0.0.1"}


def all_below(pid: int) -> Iterator[int]:
    """Yield a process's own processes, and theirs."""
    for child in children(pid):
        yield child
        yield from all_below(child)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
