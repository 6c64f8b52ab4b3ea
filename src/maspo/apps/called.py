"""What an app's own source calls its prompts: a name for an agent that no framework names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from maspo.apps.writeback import TEXT_FILES, Place, describes_app, find_places, may_say

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_SAYS_NOTHING: Final = frozenset(
    [
        *("prompt", "prompts", "system", "sys", "instruction", "instructions", "message", "messages", "msg", "content"),
        *("template", "templates", "tmpl", "tpl", "text", "texts", "default", "base", "description", "goal", "answer"),
        *("run", "main", "make", "build", "get", "create", "agent", "agents", "team", "developer", "user", "config"),
        *("settings", "data", "readme", "notes", "str", "value", "input", "output", "response", "role"),
    ]
)
"""Words that say only that something is a prompt, or in what it stands."""


def places_of(sources: Mapping[str, str], prompts: Sequence[str]) -> list[list[Place]]:
    """Return where each prompt stands in some files; ``sources`` are their texts, by path."""
    return [
        [
            place
            for file, source in sources.items()
            if may_say(source, prompt)
            for place in find_places(file, source, prompt)
        ]
        for prompt in prompts
    ]


def names_in(places: Sequence[Sequence[Place]]) -> dict[int, str]:
    """Return what files call prompts, by the number of each; none of one that stands nowhere, or under several names.

    ``places`` are those in which each stands.
    """
    found = dict[int, str]()
    for number, ones in enumerate(places):
        names = {name for place in ones if (name := telling([*place.said.called, _stem(place.file)]))}
        if len(names) == 1:
            found[number] = names.pop()
    often = list(found.values())
    return {number: name for number, name in found.items() if often.count(name) == 1}


def shared_texts(
    sources: Mapping[str, str], places: Sequence[Sequence[Place]], names: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield each text that says the prompts of several agents, as file and line, with these agents."""
    told = dict[tuple[str, int], list[int]]()
    for number, ones in enumerate(places):
        for place in ones:
            if not describes_app(place.file, sources[place.file]):
                told.setdefault((place.file, place.line), []).append(number)
    alone = {number for number in range(len(names)) if sum(number in ones for ones in told.values()) == 1}
    for (file, line), numbers in told.items():
        if len(numbers) > 1 and alone.issuperset(numbers):
            yield f"{file}:{line}", [names[number] for number in numbers]


def telling(names: Sequence[str]) -> str:
    """Return the first of some names that says more than that it is a prompt, without the words that say that."""
    for name in names:
        words = [word for word in _WORD.findall(name) if word.lower() not in _SAYS_NOTHING]
        if any(len(word) > 1 and not word.isdigit() for word in words):
            return "_".join(word.lower() for word in words)
    return ""


def _stem(file: str) -> str:
    """Return the name of a file of text; that of others says nothing of what is in it."""
    name = file.rpartition("/")[2]
    stem, _, kind = name.partition(".")
    return stem if f".{kind}" in TEXT_FILES else ""
