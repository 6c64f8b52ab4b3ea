"""What a worker process of a scorer may use. Plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

MOST_WORKERS = 8
PATIENCE = 2.0
"""Wall-clock seconds that an answer may take when it is asked about first."""
LAST_PATIENCE = 20.0
"""The same for its second try, alone: a busy machine must not make right answers wrong."""


def cores() -> int:
    """Return how many workers keep this machine busy: one a core, at least two, so that one slow answer stalls none."""
    return max(2, min(MOST_WORKERS, os.cpu_count() or 2))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use before it is killed."""

    seconds: float = 1.2
    """CPU seconds for one answer: honest ones need up to 0.2, an integral 0.4; slower machines twice as much."""
    memory_mb: int = 1024
    """Address space in MiB."""
    workers: int = field(default_factory=cores)
    """Processes."""
