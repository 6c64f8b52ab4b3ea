"""Where whole pieces of work may be done, by the name that a user gives: processes of this machine, or a cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager

from maspo.core.clusters import RAY, on_ray
from maspo.core.errors import ConfigInvalid
from maspo.core.workers import Workers, processes


def check_executor(executor: str) -> None:
    """Check the name of an executor: empty for processes, ``ray``, or ``ray:ADDRESS``.

    Raises:
        ConfigInvalid: it is none.

    """
    kind, _, address = executor.partition(":")
    if executor and (kind != RAY or (address and not address.isprintable()) or executor.endswith(":")):
        raise ConfigInvalid(f"--executor {executor}: expected ray, ray:auto or ray:HOST:PORT")


def open_workers(executor: str, count: int) -> AbstractContextManager[Workers]:
    """Open workers that do so many pieces of work at a time; with a cluster 0 is as many as it has processors for.

    Raises:
        ConfigInvalid: the executor cannot be used.

    """
    check_executor(executor)
    return on_ray(executor.partition(":")[2], count) if executor else processes(count)
