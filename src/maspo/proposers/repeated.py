"""Lines that a draft says twice: small models write a rule over and over, and every call would pay for it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_FEWEST_WORDS: Final = 4
"""Of a line that is left out: shorter ones may be headings, or marks around something."""
_BULLET = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,3}[.)])\s+")
_WORD = re.compile(r"\w+")
_BLOCK = re.compile(r"^\s*(?:```|~~~|</?\w[\w-]*>\s*$)", re.MULTILINE)
"""Code, and texts between tags on lines of their own: there a line may have to come again."""


def without_repeats(draft: str, parent: str) -> str:
    """Return a draft without the lines that an earlier one says already, bullets and spaces apart.

    That is a list's, or stands right behind what it repeats: in examples a line may have to come again. What the prompt
    that it was written from says twice may be said twice. A draft that holds code, or texts between tags, stays as it
    is.
    """
    lines = draft.split("\n")
    said = [_said(line) for line in lines]
    if len(set(said)) == len(said) or _BLOCK.search(draft):
        return draft
    before, seen, kept = Counter(map(_said, parent.split("\n"))), Counter[str](), list[str]()
    last = ""
    for line, what in zip(lines, said, strict=True):
        seen[what] += 1
        again = seen[what] > max(1, before[what]) and len(_WORD.findall(what)) >= _FEWEST_WORDS
        if not (again and (what == last or _BULLET.match(line))):
            kept.append(line)
            last = what or last
    return "\n".join(kept)


def _said(line: str) -> str:
    return " ".join(_BULLET.sub("", line, count=1).split()).casefold()
