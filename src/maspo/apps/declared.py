"""What an app's framework says of its agents, as readers tell it, put beside what was seen on the wire. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maspo.apps.templates import FEWEST_FIXED, Template

_VALUES = re.compile(r"\{%.*?%\}|(?<!\{)\{+[^{}]*\}+|\$+\{?\w*\}?", re.DOTALL)
"""What may be a value in a framework's own text of a prompt: as ``str.format``, Jinja or Google ADK write it."""


@dataclass(frozen=True, slots=True)
class Declared:
    """An agent as its framework knows it: its name, the passages of its prompt, and whom it may hand over to."""

    name: str
    passages: tuple[str, ...]
    hands_over_to: tuple[str, ...] = ()
    reader: str = ""
    is_guess: bool = False
    """Whether the passages may be any text: they name a prompt of which they are the most, and nobody is missed."""
    failed: str = ""
    """Why a reader told nothing."""


def declared(told: Iterable[Mapping[str, Any]]) -> tuple[Declared, ...]:
    """Return what readers have told, each agent once. It comes from the app's process: anything else is left out."""
    found = []
    for one in told:
        reader = str(one.get("reader", ""))
        if one.get("error"):
            found.append(Declared("", (), reader=reader, failed=str(one["error"])))
        elif isinstance(one.get("name"), str) and one["name"].strip():
            told_of = _texts(one.get("passages")), _texts(one.get("hands_over_to"))
            found.append(Declared(one["name"], *told_of, reader, is_guess=bool(one.get("guess"))))
    return tuple(dict.fromkeys(found))


def names_of(told: Sequence[Declared], templates: Sequence[Template]) -> dict[int, str]:
    """Return what the framework calls the agents behind some prompts, by place; none where several could be meant.

    A name that several prompts have tells nobody apart: a framework gives it to whoever is given none.
    """
    found: dict[int, str] = {}
    for place, template in enumerate(templates):
        fitting = [agent for agent in told if _fits(agent, template)]
        longest = max((_length(agent) for agent in fitting), default=0)
        names = {agent.name for agent in fitting if _length(agent) == longest}
        if len(names) == 1:
            found[place] = names.pop()
    often = Counter(found.values())
    return {place: name for place, name in found.items() if often[name] == 1}


def never_called(told: Sequence[Declared], templates: Sequence[Template], rollouts: int) -> Iterator[str]:
    """Return who is there and was not seen, with what helps; and which readers could not read."""
    for agent in told:
        if agent.failed:
            yield f"the reader of {agent.reader} could not read the app's agents ({agent.failed}); names are guessed"
        elif agent.is_guess:
            continue
        elif _length(agent) >= FEWEST_FIXED and not any(_fits(agent, template) for template in templates):
            callers = [other.name for other in told if agent.name in other.hands_over_to]
            by = f", though {' and '.join(callers)} may hand over to it" if callers else ""
            yield (
                f"{agent.name}: is in the app and was never called on {rollouts} inputs{by}; give rows that need it, "
                "more of them (--rows), or it cannot be improved"
            )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str) and text.strip()) if isinstance(value, list) else ()


def _length(agent: Declared) -> int:
    """Return the characters of an agent's passages that are no values."""
    return sum(len(piece) for passage in agent.passages for piece in _pieces(passage))


def _fits(agent: Declared, template: Template) -> bool:
    """Say whether a prompt holds all passages of an agent, however white space is set, and these are long enough."""
    if _length(agent) < FEWEST_FIXED or (agent.is_guess and 2 * _length(agent) < len(template.prompt)):
        return False
    texts = [_flat(text) for text in (template.prompt, *template.texts)]
    return any(all(_holds(text, passage) for passage in agent.passages) for text in texts)


def _holds(text: str, passage: str) -> bool:
    """Say whether a text holds what is fixed in a passage, in its order; the values between may be anything."""
    at = 0
    for piece in _pieces(passage):
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _pieces(passage: str) -> list[str]:
    return [piece for found in _VALUES.split(passage) if (piece := _flat(found))]


def _flat(text: str) -> str:
    return " ".join(text.split())
