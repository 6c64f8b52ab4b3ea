"""Whether the model that an endpoint says has answered is the one that was asked for, by their names alone.

A name stands for many: ``gpt-5`` is answered by ``gpt-5-2026-08-07``, ``mistral-large-latest`` by
``mistral-large-2411``, ``llama3.2`` by ``/models/llama3.2.gguf``. ``gpt-5-mini`` is another model, and so is the one
that a server has loaded, whatever is asked for.
"""

from __future__ import annotations

import re

_NO_PART_OF_IT = re.compile(
    r"(?<!\d)(?:\d{4}-)?\d{2}-\d{2}(?!\d)|\d{4}-\d{2}(?!\d)|(?<!\d)\d{3,}(?!\d)(?!b\b)"
    r"|(?<![a-z\d])(?:latest|preview|exp|gguf|default|i?q\d(?:_[a-z\d]+)*|b?fp?(?:8|16))\b"
)
"""Dates and numbers of a state of a model, how its weights are packed, and words that name none."""
_MOVES = re.compile(r"latest|auto|router|default")
"""Names for whatever model is the newest, or fits."""


def is_another(asked: str, told: str) -> bool:
    """Return whether ``told`` names another model than ``asked``; a name that stands for none of its own does not."""
    if not told.strip() or asked == "default":
        return False
    wanted, answered = _parts(asked), _parts(told)
    if _MOVES.search(asked.lower()):
        return not wanted <= answered
    return wanted != answered


def is_own_name(asked: str, told: str) -> bool:
    """Return whether ``asked`` says nothing of the model that was told, as the name of an own deployment may."""
    return not _parts(asked) & _parts(told)


def _parts(name: str) -> set[str]:
    """Return the words and numbers of a name that tell a model from another: not who offers it, nor where it lies."""
    own = name.lower().rstrip("/").rpartition("/")[2]
    return set(re.findall(r"[^\W_]+", _NO_PART_OF_IT.sub(" ", own)))
