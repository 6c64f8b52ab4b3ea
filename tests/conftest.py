"""Where the tests write, in memory where there is enough of it, and what the garbage collector need not look at."""

from __future__ import annotations

import atexit
import functools
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest
import typer.main
import typer.testing

# A property is no measurement: an example that takes long on a busy machine is no failure.
hypothesis.settings.register_profile("maspo", deadline=None)
hypothesis.settings.load_profile("maspo")

# Typer builds the command with its hundred options anew whenever a test calls it, though it never changes.
vars(typer.testing)["_get_command"] = functools.cache(typer.main.get_command)

MEMORY = Path("/dev/shm")
ENOUGH = 1 << 30
"""Bytes that must be free; what tests that passed have written is deleted at once."""


def pytest_configure() -> None:
    """Let ``tmp_path`` lie in memory, and keep what tests agree to out of the user's own state.

    Hundreds of runs are recorded, and each waits for the disk again and again. What a test can see of that waiting, the
    order of what is written and who sees it when, is the same in memory.
    """
    state = tempfile.mkdtemp(prefix="maspo-state-")
    os.environ["XDG_STATE_HOME"] = state
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    if sys.platform != "linux" or not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return
    programs_run = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC  # some tests build what they run
    if programs_run and shutil.disk_usage(MEMORY).free >= ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(autouse=True)
def _no_look_before() -> None:
    """Let no test count the looks of another; what was agreed to stays, since tests share runs."""
    Path(os.environ["XDG_STATE_HOME"], "maspo", "looks.jsonl").unlink(missing_ok=True)


def pytest_collection_finish() -> None:
    """Take what lasts to the end, all modules and tests, from what is searched for garbage."""
    gc.collect()
    gc.freeze()
