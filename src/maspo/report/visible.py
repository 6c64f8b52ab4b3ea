"""How text of models is shown to people: nothing invisible, nothing that acts, nothing endless."""

from __future__ import annotations

from maspo.core.invisible import visible

__all__ = ["clipped", "visible"]


def clipped(text: str, limit: int) -> str:
    """Return at most about ``limit`` characters: a longer text is cut in the middle and says by how much."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3  # twice as much of the beginning, which says what a text is
    tail = limit - head
    return f"{text[:head]}\n[… {len(text) - limit:,} characters left out …]\n{text[-tail:]}"
