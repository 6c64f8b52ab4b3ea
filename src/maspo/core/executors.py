"""Where whole pieces of work may be done, by the name that a user gives: processes of this machine, or a cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from maspo.core.clusters import RAY, on_ray
from maspo.core.errors import ConfigInvalid
from maspo.core.workers import TwoWayWorkers, processes


def check_executor(executor: str, carried: str = "") -> None:
    """Check the name of an executor: empty for processes, ``ray``, or ``ray:ADDRESS``; and a folder that it carries.

    Raises:
        ConfigInvalid: it is none.

    """
    if carried and not executor:
        raise ConfigInvalid(f"--carry {carried}: a folder is carried to the nodes of a cluster; give --executor, too")
    if carried and not Path(carried).is_dir():
        raise ConfigInvalid(f"--carry {carried}: no such folder; give the one that holds the app")
    kind, _, address = executor.partition(":")
    if executor and (kind != RAY or (address and not address.isprintable()) or executor.endswith(":")):
        raise ConfigInvalid(f"--executor {executor}: expected ray, ray:auto or ray:HOST:PORT")


def open_workers(executor: str, count: int, carried: str = "") -> AbstractContextManager[TwoWayWorkers]:
    """Open workers that do so many pieces of work at a time; with a cluster 0 is as many as it has processors for.

    ``carried`` is a folder that a cluster brings to its nodes.

    Raises:
        ConfigInvalid: the executor cannot be used.

    """
    check_executor(executor)
    return on_ray(executor.partition(":")[2], count, carried) if executor else processes(count)
