"""One agent whose prompt comes in several forms: how many, in which tone, a line that only some inputs need. Pure.

A text that two inputs share is a prompt as it is (``templates``). But a program that puts a prompt together from what
it knows of an input says the same form for many inputs, and each would be an agent of its own: rewritten apart, on a
part of the inputs, and never to be written back. Forms are one agent's where one text of the source says them, or where
they differ in numbers and in passages that stand in one of them only; in either case no rollout may have called both,
since two that work side by side are two, whatever they are told. Only numbers that one text of the source puts in may
differ within a rollout, too: they count what an agent does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from typing import Final, Literal

from maspo.apps.templates import Template, joined

_WORD: Final = re.compile(r"\{value\d*\}|\w+")
_VALUE: Final = re.compile(r"\{value\d*\}")
_SHARED_BY_ONE_TEXT: Final = 2 / 3
"""Share of the longer form's words that stand in both, where one text of the source says both: less is a frame into
which the duties of several agents are put."""
_SHARED: Final = 0.5
_FEWEST_SHARED: Final = 8
"""The same, and words at least, where nothing but the forms themselves tells that they are one."""
_SHOWN: Final = 60
_MOST_SHOWN: Final = 3

_Kind = Literal["value", "number", "passage", "words"]


@dataclass(frozen=True, slots=True)
class Form:
    """A prompt as it was seen, with what tells whose it may be."""

    template: Template
    offered: frozenset[str]
    """Tools that its calls may use."""
    rollouts: frozenset[str]
    """Those that have called it."""
    places: frozenset[tuple[str, int]] = frozenset()
    """Where the source says it: file and line."""
    names: frozenset[str] = frozenset()
    """What its framework calls it, or a hand-over."""


@dataclass(frozen=True, slots=True)
class OneAgent:
    """Forms of one agent as one prompt, and by what they differ."""

    template: Template
    forms: int
    differ: tuple[str, ...]
    place: tuple[str, int] | None
    """The one text of the source that says them."""


def one_agents(forms: Sequence[Form]) -> list[OneAgent]:
    """Return the prompts behind some forms, in the order in which they were first seen."""
    groups = [[number] for number in range(len(forms))]
    pairs = {pair: _Pair(forms[pair[0]], forms[pair[1]]) for pair in combinations(range(len(forms)), 2)}
    while (both := _next(groups, pairs)) is not None:
        one, other = both
        groups[one] = sorted(groups[one] + groups[other])
        del groups[other]
    return [_as_one([forms[number] for number in group]) for group in groups]


def _next(groups: Sequence[Sequence[int]], pairs: Mapping[tuple[int, int], _Pair]) -> tuple[int, int] | None:
    for one, other in combinations(range(len(groups)), 2):
        across = [pairs[min(a, b), max(a, b)] for a in groups[one] for b in groups[other]]
        if all(pair.may_be_one for pair in across) and any(pair.is_one for pair in across):
            return one, other
    return None


class _Pair:
    """Two forms beside each other; words are compared only where all else lets them be one."""

    def __init__(self, one: Form, other: Form) -> None:
        self._texts = one.template.prompt, other.template.prompt
        self._one_text = bool(one.places & other.places)
        several_texts = bool(one.places and other.places) and not self._one_text
        several_names = bool(one.names and other.names) and one.names != other.names
        self._apart = one.rollouts.isdisjoint(other.rollouts)
        self.may_be_one = (
            one.offered == other.offered
            and not several_texts
            and not several_names
            and (self._apart or (self._one_text and self._differs_in_numbers()))
        )
        self.is_one = self.may_be_one and self._are_forms()

    def _differs_in_numbers(self) -> bool:
        kinds = {kind for kind, _ in differences(*self._texts)}
        return "number" in kinds and kinds <= {"number", "value"}

    def _are_forms(self) -> bool:
        words = [Counter(_WORD.findall(text)) for text in self._texts]
        longer = max(sum(one.values()) for one in words)
        if sum((words[0] & words[1]).values()) < _SHARED * longer:
            return False
        found = list(differences(*self._texts))
        shared = longer - max(sum(len(both[side].split()) for _, both in found) for side in (0, 1))
        if self._one_text:
            return shared >= _SHARED_BY_ONE_TEXT * longer
        # What stands in either but not in the other would be two texts for two cases, or for two agents.
        sides = {bool(both[0]) for kind, both in found if kind == "passage"}
        alike = len(sides) < 2 and all(kind != "words" for kind, _ in found)
        return alike and shared >= max(_FEWEST_SHARED, _SHARED * longer)


def differences(one: str, other: str) -> Iterator[tuple[_Kind, tuple[str, str]]]:
    """Yield what two prompts do not share, as words of each, and of what kind that is."""
    words, others = _WORD.findall(one), _WORD.findall(other)
    # Values have numbers by their places, which differ behind the first that only one has.
    plain, plain_others = ([_VALUE.sub("{value}", word) for word in both] for both in (words, others))
    for what, start, end, other_start, other_end in SequenceMatcher(
        None, plain, plain_others, autojunk=False
    ).get_opcodes():
        if what != "equal":
            both = plain[start:end], plain_others[other_start:other_end]
            yield _kind(*both), (" ".join(both[0]), " ".join(both[1]))


def _kind(one: Sequence[str], other: Sequence[str]) -> _Kind:
    if any(words and all(map(_VALUE.fullmatch, words)) for words in (one, other)):
        return "value"
    if not one or not other:
        return "passage"
    return "number" if all(word.isdigit() for word in (*one, *other)) else "words"


def _as_one(forms: Sequence[Form]) -> OneAgent:
    if len(forms) == 1:
        return OneAgent(forms[0].template, 1, (), None)
    template = joined([form.template for form in forms])
    told = dict[str, None]()
    for one, other in combinations(forms, 2):
        for _, both in differences(one.template.prompt, other.template.prompt):
            told.update(dict.fromkeys(words for words in both if words and not _VALUE.fullmatch(words)))
    places = frozenset[tuple[str, int]].intersection(*(form.places for form in forms))
    return OneAgent(template, len(forms), tuple(told), min(places, default=None))


def said_of(name: str, agent: OneAgent) -> str:
    """Say that forms were taken for one prompt, and what to do where they are not."""
    shown = [one if len(one) <= _SHOWN else f"{one[: _SHOWN - 1]}…" for one in agent.differ[:_MOST_SHOWN]]
    more = " …" if len(agent.differ) > _MOST_SHOWN else ""
    where = "" if agent.place is None else f", and {agent.place[0]}:{agent.place[1]} says them all"
    return (
        f"agents.{name}: {agent.forms} prompts that differ in {' and '.join(map(repr, shown))}{more} are taken for one "
        f"with a value there, since no run called two of them{where}. Where they are several agents, give each a text "
        "of its own"
    )
