"""What of the inputs a new prompt speaks of in plain words: an answer, or words of one question. Pure.

A table of questions and answers is refused (``tables``). A single hint such as *when asked for a moon, say titan* is no
table, and ordinary prompts hold some words of some inputs. So it is listed for whoever looks at the new prompt: answers
that few inputs have, and sentences with several words that tell one input, or it with its answer, from nearly all.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from maspo.core.spelling import SAY_LITTLE, tokens
from maspo.proposers.instructions import says_work
from maspo.proposers.usual import stem

_SENTENCE = re.compile(r"[^.!?;\n。！？]+")
_SHARE: Final = 0.02
"""Share of the inputs that may have a word, or an answer, which still tells them from the others."""
_SEVERAL: Final = 2
"""Inputs that have a word of the task."""
_LETTERS: Final = 2
_ANSWER_WORDS: Final = 6
"""Words of an answer that is looked for whole; a longer one is a passage (``passages``)."""
_TOGETHER: Final = 2
"""Words of one input in one sentence that are met by chance no more."""


class Asked:
    """Questions with their labels, to be looked for in new prompts. What they tell is counted when it is needed."""

    def __init__(self, rows: Iterable[tuple[str, str | None]]) -> None:
        """Take inputs with their labels."""
        self._rows = tuple(rows)

    def met_in(self, prompt: str, seed_prompt: str) -> tuple[str, ...]:
        """Return answers and words of single inputs that a prompt has in a sentence, and its seed prompt nowhere."""
        return tuple(dict.fromkeys(self._met(prompt, frozenset(_stems(tokens(seed_prompt)))))) if self._rows else ()

    def _met(self, prompt: str, known: frozenset[str]) -> Iterator[str]:
        for sentence in _SENTENCE.findall(prompt):
            said = tokens(sentence)
            stems = _stems(said)
            answers: set[str] = set()
            for size in range(1, _ANSWER_WORDS + 1):
                for at in range(len(said) - size + 1):
                    words = stems[at : at + size]
                    if words in self._answers and not known.issuperset(words):
                        answers.update(words)
                        yield f"{' '.join(said[at : at + size])} (answer of an input)"
            old = known | answers
            spelled = {short: word for short, word in zip(stems, said, strict=True) if short not in old}
            its: dict[int, list[str]] = defaultdict(list)
            for short, word in spelled.items():
                for row in self._holders.get(short, ()):
                    its[row].append(word)
            yield from (f"{' … '.join(words)} (of one input)" for words in its.values() if len(words) >= _TOGETHER)

    @cached_property
    def shared(self) -> frozenset[str]:
        """The stems of words that several inputs have: what the task is about."""
        counted = Counter(one for text, _ in self._rows for one in {stem(word) for word in tokens(text)})
        return frozenset(word for word, count in counted.items() if count >= _SEVERAL)

    @cached_property
    def _most(self) -> int:
        return max(1, int(_SHARE * len(self._rows)))

    @cached_property
    def _answers(self) -> frozenset[Sequence[str]]:
        """The answers that few inputs have, and that are no words of every prompt."""
        counted = Counter(_stems(tokens(answer)) for _, answer in self._rows if answer)
        return frozenset(
            answer
            for answer, count in counted.items()
            if count <= self._most and 0 < len(answer) <= _ANSWER_WORDS and any(map(_tells, answer))
        )

    @cached_property
    def _holders(self) -> Mapping[str, Sequence[int]]:
        """The inputs that have a word, or whose short answer has it, for each word that few have."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, (text, answer) in enumerate(self._rows):
            told = tokens(answer or "")
            for word in {*_stems(tokens(text)), *_stems(told if len(told) <= _ANSWER_WORDS else ())}:
                if _tells(word):
                    found[word].append(number)
        return {word: rows for word, rows in found.items() if len(rows) <= self._most}


NOTHING_ASKED: Final = Asked(())
"""Where no inputs are known."""


def _stems(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(stem, words))


def _tells(word: str) -> bool:
    """Return whether a word can tell one input from another: it is a name or a thing, and no word of every prompt."""
    return len(word) >= _LETTERS and word.isalpha() and word not in SAY_LITTLE and not says_work(word)
