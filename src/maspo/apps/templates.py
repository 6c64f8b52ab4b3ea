"""Telling agents apart by their instructions: which texts are one prompt, and what of it is fixed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import count

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_WORD = re.compile(r"\w")
FEWEST_FIXED = 12
"""Characters of fixed passages by which a prompt can be told from others: two or three words."""
_FEWEST_IN_PASSAGE = 3
"""Words of a passage between two values: fewer stand in both by chance, as `the` does."""
_ALIKE = 0.5
"""Share of words that two texts of one prompt have in common; prompts of two agents share less as a rule."""
_VALUE = re.compile(r"\{value\d*\}")


_SHORTEST_VALUE = 8
"""Characters of a text that is known to vary and is taken for a value wherever it stands: shorter ones are words."""
_SHORTEST_WORD = 2
"""Characters of a short value: a single letter stands everywhere."""
_HOLE = "\0"
"""Stands for a value while texts are compared."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a call is told to do, and where it was seen."""

    text: str
    row: str
    """The key of the input."""
    offered: frozenset[str] = frozenset()
    varying: tuple[str, ...] = ()
    """Texts that are known to vary: the input, and what others wrote."""
    given: tuple[str, ...] = ()
    """The columns of the input, which are among them."""
    moments: tuple[str, ...] = ()
    """Parts that hang on when or in which run it was made, the longest first."""

    @property
    def masked(self) -> str:
        """The text with holes where something stands that is known to vary."""
        text = self.text
        for value in sorted(self.varying, key=len, reverse=True):
            if len(value.strip()) >= _SHORTEST_VALUE:
                text = text.replace(value.strip(), _HOLE)
        for moment in self.moments:
            text = text.replace(moment, _HOLE)
        return text

    @property
    def wholly_masked(self) -> str:
        """The same with holes also for short values, where they stand as words of their own."""
        text = self.masked
        for value in sorted({one.strip() for one in self.given}, key=len, reverse=True):
            if _SHORTEST_WORD <= len(value) < _SHORTEST_VALUE:
                text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", _HOLE, text)
        return text


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt: fixed passages, with ``{value}``, ``{value2}``, … where texts differ."""

    prompt: str
    texts: frozenset[str]
    """The texts that it was seen as."""
    masked: tuple[str, ...] = ()
    """The same with holes where something stands that is known to vary, each once."""

    @property
    def fixed(self) -> int:
        """Characters of its fixed passages."""
        return len(_VALUE.sub("", self.prompt).strip())


def find_templates(instructions: Iterable[Instruction]) -> list[Template]:
    """Return the prompts behind instructions, in the order in which they were first seen.

    A text that is the same for two inputs is a prompt as it is. Texts that were seen for one input each are one prompt
    where they are alike, and what differs are its values. So at least two inputs are needed to tell.
    """
    seen: dict[str, list[Instruction]] = {}
    for text, one in _masked(list(instructions)):
        seen.setdefault(text, []).append(one)
    rows = {one.row for found in seen.values() for one in found}
    fixed = {text for text, found in seen.items() if len({one.row for one in found}) > 1 or len(rows) == 1}
    groups: list[list[str]] = []
    for text, found in seen.items():
        alike = (
            group
            for group in groups
            if seen[group[0]][0].offered == found[0].offered
            # Of a prompt that is known, only a value may differ.
            and (
                _aligned([group[0], text]) == _aligned([group[0]]) if group[0] in fixed else _are_alike(text, group[0])
            )
        )
        group = None if text in fixed else next(alike, None)
        if group is None:
            groups.append([text])
        else:
            group.append(text)
    return [
        Template(_aligned(group), frozenset(one.text for text in group for one in seen[text]), tuple(group))
        for group in groups
    ]


def joined(templates: Sequence[Template]) -> Template:
    """Return several prompts as one, with a value wherever any two of them differ."""
    masked = tuple(text for one in templates for text in one.masked)
    return Template(_aligned(masked), frozenset(text for one in templates for text in one.texts), masked)


def _masked(instructions: Sequence[Instruction]) -> list[tuple[str, Instruction]]:
    """Return instructions with their texts without what is known to vary.

    A short value of the input, such as a name or a language, is a word like others: it is taken out where texts of
    different inputs become the same by that. Two inputs may share it, and it is no part of the prompt for that.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for one in instructions:
        found.setdefault(one.wholly_masked, set()).add((one.masked, one.row))
    differ = {
        text
        for text, seen in found.items()
        if len({masked for masked, _ in seen}) > 1 and len({row for _, row in seen}) > 1
    }
    return [(one.wholly_masked if one.wholly_masked in differ else one.masked, one) for one in instructions]


def _are_alike(text: str, other: str) -> bool:
    """Return whether enough of the words of the shorter text stand in both in the same order."""
    words, others = ([token for token in _TOKEN.findall(one) if _WORD.match(token)] for one in (text, other))
    shorter = min(len(words), len(others))
    blocks = SequenceMatcher(None, words, others, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= _FEWEST_IN_PASSAGE) >= _ALIKE * shorter > 0


def _aligned(texts: Sequence[str]) -> str:
    """Return the passages that all texts share, with placeholders between them."""
    tokens = _TOKEN.findall(texts[0])
    for text in texts[1:]:
        tokens = _shared(tokens, _TOKEN.findall(text))
    names = (f"value{number if number > 1 else ''}" for number in count(1))
    return "".join("{" + next(names) + "}" if token == _HOLE else token for token in tokens)


def _shared(tokens: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return what two sequences of tokens share, with holes between."""
    found: list[str] = []
    at = other_at = 0
    for block in SequenceMatcher(None, tokens, others, autojunk=False).get_matching_blocks():
        passage = tokens[block.a : block.a + block.size]
        words = sum(bool(_WORD.match(token)) for token in passage)
        is_end = block.a + block.b == 0 or (block.a + block.size, block.b + block.size) == (len(tokens), len(others))
        if passage and words < _FEWEST_IN_PASSAGE and not is_end:
            continue
        if (block.a > at or block.b > other_at) and found[-1:] != [_HOLE]:
            found.append(_HOLE)
        found += passage[1:] if found[-1:] == [_HOLE] and passage[:1] == [_HOLE] else passage
        at, other_at = block.a + block.size, block.b + block.size
    return found
