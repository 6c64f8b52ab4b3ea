"""maspo: joint, label-free prompt optimization for teams of LLM agents.

The public names are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from maspo.__about__ import __version__

if TYPE_CHECKING:
    from maspo.api import (
        Parts,
        Result,
        discover,
        discover_async,
        optimize,
        optimize_async,
        resume,
        resume_async,
        watch,
        watch_async,
    )
    from maspo.config import Caps, RunConfig
    from maspo.core.errors import MaspoError
    from maspo.team import Agent, System

_HOMES = {
    "Agent": "maspo.team",
    "Caps": "maspo.config",
    "MaspoError": "maspo.core.errors",
    "Parts": "maspo.api",
    "Result": "maspo.api",
    "RunConfig": "maspo.config",
    "System": "maspo.team",
    "discover": "maspo.api",
    "discover_async": "maspo.api",
    "optimize": "maspo.api",
    "optimize_async": "maspo.api",
    "resume": "maspo.api",
    "resume_async": "maspo.api",
    "watch": "maspo.api",
    "watch_async": "maspo.api",
}

__all__ = [
    "Agent",
    "Caps",
    "MaspoError",
    "Parts",
    "Result",
    "RunConfig",
    "System",
    "__version__",
    "discover",
    "discover_async",
    "optimize",
    "optimize_async",
    "resume",
    "resume_async",
    "watch",
    "watch_async",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'maspo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Name what can be used, also before it is loaded: editors and notebooks complete it."""
    return __all__
