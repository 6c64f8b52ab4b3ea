"""An earlier run, as a new one starts from it."""

from __future__ import annotations

from pathlib import Path

from maspo.core.errors import UsageError
from maspo.report.folder import look
from maspo.study.carried import Earlier


def earlier_run(folder: Path) -> Earlier:
    """Return what a run folder's search began and ended with.

    Raises:
        UsageError: there is no run in it, or none that has finished.
        StoreError: its database cannot be read.

    """
    finished = (view := look(folder).view).finished
    if finished is None or view.started is None:
        raise UsageError(f"{folder}: its run has not finished; go on with `maspo resume {folder}` first")
    return Earlier(view.started.seed_prompts, finished.winners)
