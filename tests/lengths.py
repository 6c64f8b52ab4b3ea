"""How long a test of a promise is: short on every run, long in ``make soak``."""

from __future__ import annotations

import os


def length(ci: int, soak: int) -> int:
    """Return how many cases to try: ``soak`` when MASPO_SOAK is set, else ``ci``."""
    return soak if os.environ.get("MASPO_SOAK") else ci
