"""Regular expressions that are compiled when they are first used: a run needs few of those that read every wording."""

from __future__ import annotations

import re
from typing import Any, cast


class _Late:
    """What stands for a pattern. A method that was asked for once is the compiled pattern's own from then on."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._written = pattern, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._written), name)
        setattr(self, name, found)
        return found


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern that is compiled at its first use; its methods are those of a compiled one."""
    return cast("re.Pattern[str]", _Late(pattern, flags))
