"""Patterns that are looked for only where a sign of them is: most texts hold none, and are done with at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from maspo.core.late import late


@dataclass(frozen=True, slots=True)
class Sought:
    """A pattern with signs of it: whatever it matches in an ASCII text holds one of them, in lower case.

    Beyond ASCII letters have other cases and blanks other forms, so there the pattern is looked for in any case.
    """

    pattern: re.Pattern[str]
    signs: tuple[str, ...]

    def may_be_in(self, text: str) -> bool:
        """Return whether a text holds a sign; without one it has no match."""
        small = _small(text)
        return small is None or any(map(small.__contains__, self.signs))

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match in a text."""
        return self.pattern.search(text) if self.may_be_in(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Return the matches in a text."""
        return self.pattern.finditer(text) if self.may_be_in(text) else iter(())

    def findall(self, text: str) -> list[str]:
        """Return what is matched in a text, or the groups of it."""
        return self.pattern.findall(text) if self.may_be_in(text) else []

    def sub(self, instead: str | Callable[[re.Match[str]], str], text: str) -> str:
        """Return a text with something else in place of each match."""
        return self.pattern.sub(instead, text) if self.may_be_in(text) else text


@lru_cache(16)  # a text is searched for dozens of patterns
def _small(text: str) -> str | None:
    """Return an ASCII text in lower case; None for any other."""
    return text.lower() if text.isascii() else None


DIGITS = tuple("0123456789")


def sought(pattern: str, *signs: str, flags: re.RegexFlag = re.IGNORECASE) -> Sought:
    """Return a pattern with its signs; case makes no difference unless ``flags`` say so."""
    return Sought(late(pattern, flags), signs)


def listed(row: str) -> tuple[str, ...]:
    """Return signs that are listed with a bar between them."""
    return tuple(row.split("|"))
