"""What an app's own source calls its prompts: a name for an agent that no framework names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from maspo.apps.writeback import find_places, may_say

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


def names_in(sources: Mapping[str, str], prompts: Sequence[str]) -> dict[int, str]:
    """Return what files call prompts, by the place of each; none of one that stands nowhere, or under several names.

    ``sources`` are the texts of files, by path.
    """
    found = dict[int, str]()
    for number, prompt in enumerate(prompts):
        places = [
            place
            for file, source in sources.items()
            if may_say(source, prompt)
            for place in find_places(file, source, prompt)
        ]
        names = {name for place in places if (name := telling([*place.said.called, _stem(place.file)]))}
        if len(names) == 1:
            found[number] = names.pop()
    often = list(found.values())
    return {number: name for number, name in found.items() if often.count(name) == 1}


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
    return stem if kind in ("txt", "md", "prompt", "prompty", "j2", "jinja", "jinja2") else ""
