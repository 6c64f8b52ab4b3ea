"""Prompt sets: one prompt per agent, identified by content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeAlias

Prompts: TypeAlias = Mapping[str, str]
"""One prompt per agent name (P of Eq. 2)."""


_IDS_REMEMBERED: Final = 4096
"""Prompts in use at a time: those of 300 agents with a dozen candidates each, whose ids are needed time and again."""


@lru_cache(_IDS_REMEMBERED)
def prompt_id(text: str) -> str:
    """Return the content address of a prompt: 12 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def prompts_id(prompts: Prompts) -> str:
    """Return the content address of a prompt set, independent of the order of agents."""
    digest = hashlib.sha256()
    for name in sorted(prompts):
        digest.update(f"{name}\0{prompt_id(prompts[name])}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
