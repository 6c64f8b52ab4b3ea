"""The part of an output that speaks to its reader: without hidden thinking, and no longer than anybody reads. Pure."""

from __future__ import annotations

import re

LONGEST_OUTPUT = 1_000_000
"""Characters; of a longer output only the end is looked at."""
LONGEST_TAIL = 50_000
_THOUGHT = re.compile(r"<(/?)(think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)


def without_thinking(output: str) -> str:
    """Return an output without its thinking blocks; what follows one that is never closed is thinking as well."""
    output = output[-LONGEST_OUTPUT:]
    kept: list[str] = []
    begin = depth = 0
    for mark in _THOUGHT.finditer(output):
        if mark[1]:
            # A closing mark alone: some endpoints cut the opening one off.
            kept = kept if depth else []
            begin, depth = mark.end(), 0
        elif not depth:
            kept.append(output[begin : mark.start()])
            depth = 1
    return "".join(kept) if depth else "".join((*kept, output[begin:]))


def last_found(pattern: str | re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the last match of a pattern, because answers stand at the end; None when there is none."""
    found = None
    for found in re.finditer(pattern, text):  # noqa: B007 - the last one is wanted
        pass
    return found


def tail(text: str) -> str:
    """Return the end of a text, where answers stand."""
    return text[-LONGEST_TAIL:]


def last_line(text: str) -> str:
    """Return the last line that is not blank."""
    return text.rstrip().rpartition("\n")[2].strip()
