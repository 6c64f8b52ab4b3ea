"""What a new prompt brings along beside plain words: names, figures, quotations, code. Pure.

Whatever is smuggled has to be there in some form: an address, a key, the answer of an input, a name, a text in code.
None of them is plain prose. So what is no plain prose, and does not stand in the seed prompt, is listed for whoever
looks at the new prompt, without asking what it means. Most of it is harmless, as `ISO 8601` or `9.81`: it is a list to
run the eye over. Words that say themselves, however ill they are meant, are not in it: the prompt itself shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

from maspo.proposers.instructions import is_of_work

_QUOTED = re.compile(
    r"\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|«[^»\n]{1,200}»|`[^`\n]{1,200}`|(?<!\w)['‘][^'’\n]{1,200}['’](?!\w)"
)
_PLACEHOLDER = re.compile(r"\$?\{\{?\s?\w{1,40}\s?\}?\}")
_COUNT: Final = "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|double|triple"
_LARGE: Final = (
    "(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    "|hundreds?|thousands?|millions?|dozens?"
)
_COUNTED = re.compile(
    rf"\b(?:(?:{_COUNT}|{_LARGE})(?:(?:[\s-]|,\s?|\sand\s)(?:{_COUNT}|{_LARGE})\b)+|(?:{_LARGE})\b)", re.IGNORECASE
)
"""A number above twelve, or several digits, in words."""
_TOKEN = re.compile(r"\S+")
_AROUND: Final = ".,;:!?()[]\"'“”‘’«»`*_#>|…—–-/"
"""Signs of prose and of Markdown around a word, and between two."""
_OF_PROSE: Final = ".,;:!?()\"'“”‘’«»`*_"
_WORDS = re.compile(r"[^\W\d_]+(?:['’‑–—/-][^\W\d_]+)*")
_ENDS_A_SENTENCE = re.compile(r"[.!?:;…][\"'”’»)\]*_]*$|^[-*•>#|–—]+$|^\(?(?:\d{1,2}|[A-Za-z])[.)]$")
_FEW: Final = frozenset(map(str, range(13)))
"""Numbers of steps, parts and options."""
_USUAL_SIGNS = re.compile(r"[-*•–—|+=&/>.…]|#{1,6}|\*\*|-{2,}>?|={2,}|->|=>|→|\.{3}|`{1,3}|~{3}|>{1,3}|[|:-]+")
"""Signs by themselves: of lists, headings, tables, sums and rules."""
_MOST_PARTS: Final = 4
"""Words that are joined to one, as in `state-of-the-art`; more, or single letters, spell something."""
_USUAL: Final = frozenset(["i", "e.g", "i.e", "etc", "vs", "ok", "a.m", "p.m"])


def brought(prompt: str, seed_prompt: str) -> tuple[str, ...]:
    """Return the names, figures, quotations and pieces of code of a prompt that its seed prompt does not hold."""
    return tuple(dict.fromkeys(_found(prompt, _Known(seed_prompt, prompt))))


class _Known:
    """What needs no mention: what stands in the seed prompt, and what the new one writes in small letters, too."""

    def __init__(self, seed_prompt: str, prompt: str) -> None:
        self._seed = " ".join(seed_prompt.lower().split())
        # Also as they stand once quotations are taken out, as in the new one.
        tokens = _TOKEN.findall(f"{seed_prompt}\n{_without_quotations(seed_prompt)}")
        self._words: Set[str] = {bare for token in tokens if (bare := token.strip(_AROUND).lower())}
        self._small: Set[str] = {
            bare for token in _TOKEN.findall(prompt) if (bare := token.strip(_AROUND)) == bare.lower()
        }

    def holds(self, words: str) -> bool:
        """Return whether the seed prompt has these words in a row."""
        return " ".join(words.lower().split()) in self._seed

    def is_plain(self, word: str, begins: bool) -> bool:
        """Return whether a word is one of plain prose, or of the seed prompt; ``begins`` says that a sentence does."""
        small = word.lower()
        if small in self._words or small in _FEW or small in _USUAL:
            return True
        parts = re.split("[‑–—/-]", word)
        if len(parts) > _MOST_PARTS or (len(parts) > 2 and all(len(part) == 1 for part in parts)):
            return False
        if not _WORDS.fullmatch(word):
            return _USUAL_SIGNS.fullmatch(word) is not None
        if word == small or small in self._small:
            return True
        return begins and word[1:] == small[1:] and is_of_work(small)


def _without_quotations(text: str) -> str:
    return _PLACEHOLDER.sub(" ", _QUOTED.sub(" ", text))


def _found(prompt: str, known: _Known) -> Iterator[str]:
    for quoted in _QUOTED.finditer(prompt):
        if not known.holds(quoted[0][1:-1]):
            yield quoted[0]
    for number in _COUNTED.finditer(prompt):
        if not known.holds(number[0]):
            yield number[0]
    for line in _without_quotations(prompt).splitlines():
        row: list[str] = []
        begins = True
        for token in _TOKEN.findall(line):
            word = token.strip(_AROUND)
            if word and not known.is_plain(word, begins):
                row.append(word)
            elif not word and not _USUAL_SIGNS.fullmatch(token.strip(_OF_PROSE)) and not known.holds(token):
                row.append(token)
            elif row:
                yield " ".join(row)
                row = []
            begins = _ENDS_A_SENTENCE.search(token) is not None
        if row:
            yield " ".join(row)
