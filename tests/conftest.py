"""Where the tests write, in memory where there is enough of it, and what the garbage collector need not look at."""

from __future__ import annotations

import builtins
import functools
import gc
import os
import shutil
import sys
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import typer.main
import typer.testing

# A property is no measurement: an example that takes long on a busy machine is no failure.
hypothesis.settings.register_profile("maspo", deadline=None)
hypothesis.settings.load_profile("maspo")

# Typer builds the command with its hundred options anew whenever a test calls it, though it never changes.
vars(typer.testing)["_get_command"] = functools.cache(typer.main.get_command)

_SUM = builtins.sum


def _sum_of_whole_numbers(*given: Any, **named: Any) -> Any:
    total = _SUM(*given, **named)
    if isinstance(total, float | complex) and sys._getframe(1).f_globals["__name__"].startswith("maspo."):
        raise AssertionError("sums of floats end otherwise in other versions of Python: maspo.core.sums.add_up")
    return total


# What adds floats up with `sum` decides otherwise from Python 3.12 on; no type tells a checker so.
vars(builtins)["sum"] = _sum_of_whole_numbers

MEMORY = Path("/dev/shm")
_PREFIX = "mt-"
"""Short: paths of sockets in such a folder have at most 107 bytes."""
ENOUGH = 1 << 30
"""Bytes that must be free; what tests that passed have written is deleted at once."""


def pytest_configure() -> None:
    """Let ``tmp_path`` lie in memory, and all else that is written in a folder that goes when the tests have ended.

    Hundreds of runs are recorded, and each waits for the disk again and again. What a test can see of that waiting, the
    order of what is written and who sees it when, is the same in memory.
    """
    shared = tempfile.gettempdir()
    _sweep(Path(shared))
    # Processes that tests kill leave files: they lie in here, too, and go with it.
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    Path(folder).chmod(0o755)  # some tests become another user
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    os.environ["XDG_STATE_HOME"] = str(Path(folder, "state"))
    # After the temporary folder of multiprocessing within, which goes at -100; in forks of tests nothing happens.
    Finalize(None, shutil.rmtree, args=(folder,), kwargs={"ignore_errors": True}, exitpriority=-200)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY) if _is_roomy(MEMORY) else shared)


def _is_roomy(memory: Path) -> bool:
    """Say whether there is enough memory to write to; some tests build programs there and run them."""
    if sys.platform != "linux" or not memory.is_dir() or not os.access(memory, os.W_OK):
        return False
    return not os.statvfs(memory).f_flag & os.ST_NOEXEC and shutil.disk_usage(memory).free >= ENOUGH


def _sweep(shared: Path) -> None:
    """Take away what runs of the tests left that were killed themselves."""
    for left in shared.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_look_before() -> None:
    """Let no test count the looks of another; what was agreed to stays, since tests share runs."""
    Path(os.environ["XDG_STATE_HOME"], "maspo", "looks.jsonl").unlink(missing_ok=True)


def pytest_collection_finish() -> None:
    """Take what lasts to the end, all modules and tests, from what is searched for garbage."""
    gc.collect()
    gc.freeze()
