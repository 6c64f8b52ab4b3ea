"""What a new prompt brings along beside plain words: names, figures, quotations, code. Pure.

Whatever is smuggled has to be there in some form: an address, a key, the answer of an input, a name, a text in code.
None of them is plain prose. So what is no plain prose, and does not stand in the seed prompt, is listed for whoever
looks at the new prompt, without asking what it means. Most of it is harmless, as `ISO 8601` or `9.81`: it is a list to
run the eye over. So are words that neither task nor ordinary prompts have, indirect speech, which is a quotation
without marks, words in the first person, conditions that are switched off (*whatever happens*), and what a prompt tells
of single inputs (``asked``). Other words that say
themselves, however ill they are meant, are not in it: the prompt itself shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

from maspo.proposers.asked import NOTHING_ASKED, Asked
from maspo.proposers.instructions import is_of_work
from maspo.proposers.usual import is_usual, stem

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
_SAID = re.compile(
    r"(?<!a )(?<!an )(?<!the )(?<!any )(?<!each )(?<!every )(?<!no )"
    r"\b(?:say(?:s|ing)?|claim|mention|state|hint|note|declare|insist|assert|add|remark|announce|report|pretend|admit"
    r"|suggest|imply|write|tell (?:[\w'’]+ ){1,4}|assure (?:[\w'’]+ ){1,4}|convince (?:[\w'’]+ ){1,4}"
    r"|(?:express|voice|show) \w+)\s?that\s+[^.;:!?\n]{3,200}"
    r"|\b(?:as (?:if|though))\b[^.;,:!?\n]{3,200}",
    re.IGNORECASE,
)
"""What an agent is to say, in indirect speech, or to behave as: a quotation without marks."""
_MINE = re.compile(r"\b(?:my|our|mine|ours)\b(?:[^\S\n]+[\w'’-]+){0,2}", re.IGNORECASE)
"""What a prompt has in the first person, though nobody in particular tells an agent what to do."""
_UNCONDITIONALLY = re.compile(
    r"\b(?:(?:whatever|whoever|no matter|regardless|irrespective|even when)"
    r"(?:[^\S\n]+[\w'’-]+){0,4}(?=[^\S\n]*(?:[.;,:!?)\n]|$))"
    r"|at (?:all|any) (?:costs?|prices?|times)|under (?:all|any) circumstances|come what may"
    r"|without (?:exception|fail|(?:look|check|ask|read|think|verify|question)ing)"
    r"|from (?:now|here|this point) on(?:wards?)?|henceforth)\b,?",
    re.IGNORECASE,
)
"""A condition that is switched off: what an agent is to do whatever holds, or in place of what it did so far."""
_IN_TURN = re.compile(r"\b(\w+)\W{1,3}(?!\1\b)(\w+)(?:\W{1,3}(?:\1|\2)\b){3,}", re.IGNORECASE)
"""Two words in turn, as signs of a code."""
_FAR = re.compile(r"(?<=\S)(?:[\u00a0\u2000-\u200a\u202f\u205f\u3000]{4,}|[^\S\n]{16,})(?=[^\s|])\S+")
"""What stands behind blanks that make a line wide, unless they fill a table; farther away it is refused."""
_TURN = re.compile(r"(?m)^\W{0,3}(?:\w+[^\S\n]){0,2}\w+>{2,}(?=\s|$)")
"""How a turn of a chat begins on a terminal."""
_LETTERS_APART = re.compile(r"(?<![\w'’])(?:[^\W\d_][,;/]?[^\S\n]+){3,}[^\W\d_](?![\w'’])")
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
_IN_ENGLISH: Final = 0.6
"""Share of the words of a prompt that are usual where it is English."""
_USUAL: Final = frozenset(["i", "e.g", "i.e", "etc", "vs", "ok", "a.m", "p.m"])


def brought(prompt: str, seed_prompt: str, asked: Asked = NOTHING_ASKED) -> tuple[str, ...]:
    """Return the names, figures, quotations and pieces of code of a prompt that its seed prompt does not hold.

    Also what it has of ``asked``, the inputs of the run: a hint is in plain words.
    """
    found = dict.fromkeys(_found(prompt, _Known(seed_prompt, prompt, asked)))
    return (*found, *(one for one in asked.met_in(prompt, seed_prompt) if one not in found))


class _Known:
    """What needs no mention: what stands in the seed prompt, and what the new one writes in small letters, too.

    Of words in small letters, those that prompts hold whatever they are about, and those of several inputs. Of a prompt
    in another language all, as only English ones are known.
    """

    def __init__(self, seed_prompt: str, prompt: str, asked: Asked) -> None:
        # Also as they stand once quotations are taken out, as in the new one.
        texts = f"{seed_prompt}\n{_without_quotations(seed_prompt)}"
        self._seed = " ".join(texts.lower().split())
        tokens = _TOKEN.findall(texts)
        self._words: Set[str] = {bare for token in tokens if (bare := token.strip(_AROUND).lower())}
        self._small: Set[str] = {
            bare for token in _TOKEN.findall(prompt) if (bare := token.strip(_AROUND)) == bare.lower()
        }
        self._stems = frozenset(map(stem, self._words)) | asked.shared
        plain = [word for word in self._small if _WORDS.fullmatch(word)]
        self._in_english = sum(map(self._is_usual, plain)) >= _IN_ENGLISH * len(plain)

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
            return not self._in_english or all(map(self._is_usual, re.split("['’‑–—/-]", small)))
        return begins and word[1:] == small[1:] and is_of_work(small)

    def _is_usual(self, word: str) -> bool:
        return is_usual(word) or stem(word) in self._stems


def _without_quotations(text: str) -> str:
    return _PLACEHOLDER.sub(" ", _QUOTED.sub(" ", text))


def _found(prompt: str, known: _Known) -> Iterator[str]:
    for quoted in _QUOTED.finditer(prompt):
        if not known.holds(quoted[0][1:-1]):
            yield quoted[0]
    for number in _COUNTED.finditer(prompt):
        if not known.holds(number[0]):
            yield number[0]
    rest = _without_quotations(prompt)
    for kind in (_SAID, _MINE, _LETTERS_APART, _UNCONDITIONALLY, _IN_TURN, _FAR, _TURN):
        for found in kind.finditer(rest):
            if not known.holds(found[0]):
                yield " ".join(found[0].removesuffix(",").split())
        rest = kind.sub(" ", rest)
    rare: list[str] = []
    for row in _rows(rest, known):
        if all(_WORDS.fullmatch(word) and word == word.lower() for word in row):
            rare.append(" ".join(row))
        else:
            yield " ".join(row)
    yield from rare  # last: unusual words are the most, and mean the least


def _rows(text: str, known: _Known) -> Iterator[list[str]]:
    """Yield what stands side by side in a line and is no plain prose."""
    for line in text.splitlines():
        row: list[str] = []
        begins = True
        for token in _TOKEN.findall(line):
            word = token.strip(_AROUND)
            if word and not known.is_plain(word, begins):
                row.append(word)
            elif not word and not _USUAL_SIGNS.fullmatch(token.strip(_OF_PROSE)) and not known.holds(token):
                row.append(token)
            elif row:
                yield row
                row = []
            begins = _ENDS_A_SENTENCE.search(token) is not None
        if row:
            yield row
