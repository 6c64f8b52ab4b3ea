"""Reading the verdict of a judge's reply: strict, in linear time, and not from what the reply quotes. Pure."""

from __future__ import annotations

import re

from maspo.core.quoting import without_thinking

_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}
_MARKS = r"*_`'\"“”‘’.:()\[\]"
"""What models put around a word: Markdown, quotation marks, brackets, a full stop."""
_AROUND = rf"[\s\u200b\u2060\ufeff{_MARKS}]*+"
_OPENED = re.compile(r"<\s*+verdict\b", re.IGNORECASE)


def _pattern(said: str) -> str:
    return rf"<\s*+verdict\s*+>{_AROUND}({said}){_AROUND}<\s*+/\s*+verdict\s*+>"


_VERDICT = re.compile(_pattern("1|2|tie"), re.IGNORECASE)
_OPTIONS = re.compile(rf"{_AROUND},?+{_AROUND}(?:or)?+{_AROUND}".join(map(_pattern, ("1", "2", "tie"))), re.IGNORECASE)
"""The options as our prompts list them: repeated by a judge they say nothing."""
_LONE = re.compile(rf"^[ \t>#{_MARKS}]*+{_VERDICT.pattern}[ \t{_MARKS}]*+$", re.IGNORECASE | re.MULTILINE)
_THOUGHT = re.compile(r"<think(?:ing)?+>[^<]*+(?:<(?!/?+think)[^<]*+)*+</think(?:ing)?+>", re.IGNORECASE)
_LONGEST_END = 500_000
"""Characters at either end of a reply that are read: no judge writes that much, and its ends tell what it decided."""
_SPOKEN_OF = re.compile(r"[<\[({;]\s*+/?+\s*+verdict", re.IGNORECASE)


def read_verdict(reply: str) -> str | None:
    """Return ``1``, ``2`` or ``tie``: the last verdict tag of a reply, or None when that one cannot be read.

    Tags within thinking, and a mere echo of the three options, do not count.
    """
    said = _said(reply)
    opened = [match.start() for match in _OPENED.finditer(said)]
    verdict = _VERDICT.match(said, opened[-1]) if opened else None
    return verdict[1].lower() if verdict else None


def read_lone_verdict(reply: str) -> str | None:
    """Return the verdict of a reply about texts that hold verdict tags themselves, which the reply may quote.

    Only tags that have a line of their own count, as our prompts ask: the last of them must end the reply, and no
    other may contradict it. Else None.
    """
    said = _said(reply)
    lone = list(_LONE.finditer(said))
    if not lone or re.fullmatch(_AROUND, said[lone[-1].end() :]) is None:
        return None
    verdicts = {match[1].lower() for match in lone}
    return verdicts.pop() if len(verdicts) == 1 else None


def speaks_of_verdicts(text: str) -> bool:
    """Return whether a text holds something that a reply could quote as a verdict tag."""
    return _SPOKEN_OF.search(_plain(text)) is not None


def _said(reply: str) -> str:
    if len(reply) > 2 * _LONGEST_END:
        reply = f"{reply[:_LONGEST_END]}\n…\n{reply[-_LONGEST_END:]}"
    return _OPTIONS.sub("", _THOUGHT.sub("", without_thinking(_plain(reply))))


def _plain(text: str) -> str:
    """Return the text with full-width letters, digits and signs as plain ones."""
    return text if text.isascii() else text.translate(_FULL_WIDTH)
