r"""Decimal numbers that go on for ever, in one notation: 0.(36), 0.3636… and 0.\overline{36}. Pure."""

from __future__ import annotations

import re

_BRACKETED = re.compile(r"(?<![\w.])(\d+\.\d*)\((\d{1,12})\)")
_DOTTED = re.compile(r"(?<![\w.])(\d+)\.(\d{2,40})\s*\\dots(?![A-Za-z])")
_DOTS = re.compile(r"\.{3,}")
_BLOCK = re.compile(r"(\d*?)(\d{1,12}?)\2+")


def periodic(text: str) -> str:
    r"""Return a text with its periodic decimals as \overline; dots after digits that repeat nothing are left."""
    if "..." in text:
        text = _DOTS.sub(r"\\dots ", text)
    if "\\dots" not in text and not ("." in text and "(" in text):
        return text
    return _DOTTED.sub(_repeated, _BRACKETED.sub(r"\1\\overline{\2}", text))


def _repeated(found: re.Match[str]) -> str:
    digits = _BLOCK.fullmatch(found[2])
    if digits is None:
        return found[0]
    return rf"{found[1]}.{digits[1]}\overline{{{digits[2]}}}"
