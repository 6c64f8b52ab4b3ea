"""What a worker process of a scorer may use. Plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

MOST_WORKERS = 8
PATIENCE = 8.0
"""Wall-clock seconds for each CPU second that an answer may take."""


def cores() -> int:
    """Return how many workers keep this machine busy: one a core, at least two, so that one slow answer stalls none."""
    return max(2, min(MOST_WORKERS, os.cpu_count() or 2))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use before it is killed."""

    seconds: float = 1.8
    """CPU seconds for one answer: a busy machine must not make right answers wrong. Where a core is free, an answer
    costs less than 2 s of waiting; ``PATIENCE`` times the limit ends it in any case."""
    memory_mb: int = 1024
    """Address space in MiB."""
    workers: int = field(default_factory=cores)
    """Processes."""
