"""The sentences that mean something to the simulated world, and how they are found in a prompt.

A prompt is role text plus catalogue sentences, on lines of their own or within a paragraph. Everything else in it is
neutral.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from string import whitespace

from maspo.world.wording import FIXES, HANDOFFS, RUBBISH, STYLES, TRAPS, USELESS


class Kind(StrEnum):
    """What a sentence does."""

    FIX = "fix"
    """Addresses one aspect in which agents fail."""
    HANDOFF = "handoff"
    """Makes an output more usable for its readers; locally invisible or slightly ugly."""
    STYLE = "style"
    """Local appeal only."""
    TRAP = "trap"
    """Strong local appeal; hurts quality and what readers can use."""
    USELESS = "useless"
    RUBBISH = "rubbish"
    """Hurts everything and looks bad."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One instruction of the catalogue.

    ``aspect`` is what a fix addresses; ``manner`` is how the output visibly changes under a style or a trap.
    """

    text: str
    kind: Kind
    aspect: str = ""
    manner: str = ""


def _catalogue() -> Iterable[Sentence]:
    for aspect, texts in FIXES.items():
        yield from (Sentence(text, Kind.FIX, aspect=aspect) for text in texts)
    yield from (Sentence(text, Kind.HANDOFF) for text in HANDOFFS)
    yield from (Sentence(text, Kind.STYLE, manner=manner) for text, manner in STYLES.items())
    yield from (Sentence(text, Kind.TRAP, manner=manner) for text, manner in TRAPS.items())
    yield from (Sentence(text, Kind.USELESS) for text in USELESS)
    yield from (Sentence(text, Kind.RUBBISH) for text in RUBBISH)


CATALOGUE: tuple[Sentence, ...] = tuple(_catalogue())
ASPECTS: tuple[str, ...] = tuple(FIXES)
BY_TEXT: Mapping[str, Sentence] = {sentence.text: sentence for sentence in CATALOGUE}

_ANY = re.compile("|".join(map(re.escape, BY_TEXT)))
_BULLETS = "-*• "


def of_kind(*kinds: Kind) -> tuple[Sentence, ...]:
    """Return the sentences of some kinds, in the order of the catalogue."""
    return tuple(sentence for sentence in CATALOGUE if sentence.kind in kinds)


def sentence_of(line: str) -> Sentence | None:
    """Return the sentence that a line holds, with or without a bullet, or None."""
    return BY_TEXT.get(line.strip().lstrip(_BULLETS).rstrip())


@lru_cache(maxsize=8192)
def split(text: str) -> tuple[str, frozenset[Sentence]]:
    """Split a text into its role text (white space collapsed) and its catalogue sentences."""
    return " ".join(role_text(text).replace("&lt;", "<").split()), frozenset(sentences_in(text))


def sentences_in(text: str) -> tuple[Sentence, ...]:
    """Return the catalogue sentences of a text in their order, repeats included."""
    return tuple(BY_TEXT[found] for found in _ANY.findall(text))


def role_text(text: str) -> str:
    """Return a text without catalogue sentences; lines that hold nothing else are gone."""
    lines = []
    for line in text.splitlines():
        rest, found = _ANY.subn("", line)
        if not found:
            lines.append(line)
        elif rest.strip(_BULLETS + whitespace):
            lines.append(rest.rstrip())
    return "\n".join(lines)


def on_lines_of_their_own(prompt: str) -> str:
    """Return the prompt with each of its sentences as a line behind the role text."""
    return "\n".join([role_text(prompt), *(f"- {sentence.text}" for sentence in dict.fromkeys(sentences_in(prompt)))])


def added(prompt: str, sentence: Sentence) -> str:
    """Return the prompt with a sentence as its last line."""
    return f"{prompt.rstrip()}\n- {sentence.text}"


def removed(prompt: str, sentence: Sentence) -> str:
    """Return the prompt without the lines that hold a sentence; all other lines stay as they are."""
    return "\n".join(line for line in prompt.split("\n") if sentence_of(line) != sentence)


def replaced(prompt: str, old: Sentence, new: Sentence) -> str:
    """Return the prompt with one sentence in the place of another."""
    return "\n".join(f"- {new.text}" if sentence_of(line) == old else line for line in prompt.split("\n"))
