r"""Placeholders: the only braces of a prompt that mean anything.

A prompt without placeholders is a system message. A prompt with placeholders is a template. Only names that the
system knows are placeholders; every other brace is text, so ``\boxed{x}`` and JSON survive unchanged.
Rendering is one pass over the template: text that is filled in is never scanned again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_BRACED = re.compile(r"\{([^{}\n]+)\}")


def placeholders(prompt: str, known: Collection[str]) -> frozenset[str]:
    """Return the placeholders of a prompt: the braced names that ``known`` holds."""
    return frozenset(name for name in _BRACED.findall(prompt) if name in known)


def render(prompt: str, values: Mapping[str, str]) -> str:
    """Fill each known placeholder in one pass; braces around unknown names stay as they are."""
    return _BRACED.sub(lambda match: values.get(match.group(1), match.group(0)), prompt)
