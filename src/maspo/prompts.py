"""Prompt sets: one prompt per agent, identified by content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TypeAlias

Prompts: TypeAlias = Mapping[str, str]
"""One prompt per agent name (P of Eq. 2)."""


def prompt_id(text: str) -> str:
    """Return the content address of a prompt: 12 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def prompts_id(prompts: Prompts) -> str:
    """Return the content address of a prompt set, independent of the order of agents."""
    digest = hashlib.sha256()
    for name in sorted(prompts):
        digest.update(f"{name}\0{prompt_id(prompts[name])}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
