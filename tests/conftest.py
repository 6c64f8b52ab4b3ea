"""Where the tests write, in memory where there is enough of it, and what the garbage collector need not look at."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from pathlib import Path

import hypothesis

# A property is no measurement: an example that takes long on a busy machine is no failure.
hypothesis.settings.register_profile("maspo", deadline=None)
hypothesis.settings.load_profile("maspo")

MEMORY = Path("/dev/shm")
ENOUGH = 1 << 30
"""Bytes that must be free; what tests that passed have written is deleted at once."""


def pytest_configure() -> None:
    """Let ``tmp_path`` lie in memory: hundreds of runs are recorded, and each waits for the disk again and again.

    What a test can see of that waiting, the order of what is written and who sees it when, is the same in memory.
    """
    if sys.platform != "linux" or not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return
    programs_run = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC  # some tests build what they run
    if programs_run and shutil.disk_usage(MEMORY).free >= ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """Take what lasts to the end, all modules and tests, from what is searched for garbage."""
    gc.collect()
    gc.freeze()
