"""Whose call is it? Prompts are found in the texts of a request, and other prompts put in their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from maspo.gateway.dialects.base import Asked
from maspo.gateway.wire import INSTRUCTING, JsonObject, Place, WireAgent, WireText

_PLACEHOLDER: Final = re.compile(r"\{([^\W\d]\w*)\}")
NOBODY: Final = "it holds the prompt of no agent"
"""Why a call is nobody's where its texts tell nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """A prompt that stands in a text, from ``start`` to ``end``; ``fixed`` counts its characters beside the values."""

    start: int
    end: int
    fixed: int
    values: Mapping[str, str]


class Pattern:
    """A prompt as it is looked for: its fixed passages in order, with any text where a value stands.

    White space is compared loosely: any run of it is as good as another, and that at both ends of the prompt, and
    around values, may be missing. Frameworks strip, dedent and indent.
    """

    def __init__(self, prompt: str, placeholders: frozenset[str] | None = None) -> None:
        self._exact = prompt.strip()
        passages, self._names = _split(self._exact, placeholders)
        self.fixed = sum(len(passage) for passage in passages)
        """Characters of the fixed passages: the longer prompt is the better told."""
        last = len(passages) - 1
        self._passages = [_loose(passage, 0 < at < last, at < last) for at, passage in enumerate(passages)]
        self._spaced = [passage[:1].isspace() or not passage for passage in passages]
        """Whether white space before a passage is the prompt's own, and no part of a value."""
        self.words = "\0".join(" ".join(passage.split()) for passage in passages)
        """The same for prompts that cannot be told apart by their text."""

    def find(self, text: str, since: int = 0) -> Found | None:
        """Return where the prompt stands first in a text, or None.

        The passages are looked for one after the other, each where it stands first behind the one before: if that
        fails, no other choice succeeds, so the time is that of one pass for each passage.
        """
        if not self._names:
            at = text.find(self._exact, since) if self._exact else -1
            if at >= 0:
                return Found(at, at + len(self._exact), self.fixed, {})
        if not self.words.strip("\0"):
            return None
        start, at = -1, since
        values: dict[str, str] = {}
        for number, passage in enumerate(self._passages):
            if passage is None:  # an end of the prompt that is a value: it takes all there is
                found_at, end = (since, since) if number == 0 else (len(text), len(text))
            else:
                found = passage.search(text, at)
                if found is None:
                    return None
                found_at, end = found.span()
            if number:
                value = text[at:found_at]
                values.setdefault(self._names[number - 1], value.rstrip() if self._spaced[number] else value)
            start = found_at if start < 0 else start
            at = end
        return Found(start, at, self.fixed, values)


def _split(prompt: str, placeholders: frozenset[str] | None) -> tuple[list[str], list[str]]:
    """Return the passages of a prompt and the names of the values between them."""
    passages, names, at = [], [], 0
    for found in _PLACEHOLDER.finditer(prompt):
        if placeholders is None or found[1] in placeholders:
            passages.append(prompt[at : found.start()])
            names.append(found[1])
            at = found.end()
    return [*passages, prompt[at:]], names


def _loose(passage: str, between: bool, before_value: bool) -> re.Pattern[str] | None:
    """Return the pattern of a passage; None of an empty one at an end of the prompt."""
    words = passage.split()
    if not words:
        return re.compile(r"\s+" if passage else "") if between else None
    # Looked for from its first word: white space ahead of it would be tried at every blank of a long text.
    return re.compile(r"\s+".join(map(re.escape, words)) + (r"\s*" if before_value and passage[-1].isspace() else ""))


@dataclass(frozen=True, slots=True)
class Standing:
    """A prompt that stands in a request: in which text, where, and whose it may be."""

    text: WireText
    found: Found
    agents: tuple[WireAgent, ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose call it is; ``agent`` None is nobody's that can be named, and ``why`` says why."""

    agent: str | None
    why: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    standing: tuple[Standing, ...] = ()
    """All prompts that stand in the request, each of those that may be swapped."""


class Team:
    """The agents of a team, as they are recognized."""

    def __init__(self, agents: Iterable[WireAgent]) -> None:
        self.agents = {agent.name: agent for agent in agents}
        grouped: dict[str, list[WireAgent]] = {}
        patterns: dict[str, Pattern] = {}
        for agent in self.agents.values():
            pattern = Pattern(agent.prompt, agent.placeholders)
            grouped.setdefault(pattern.words, []).append(agent)
            patterns.setdefault(pattern.words, pattern)
        self._patterns = [(patterns[words], tuple(agents)) for words, agents in grouped.items()]

    def attribute(self, asked: Asked, declared: str = "") -> Attribution:
        """Return whose call a request is: the agent whose prompt stands first in it, the longest where several do.

        Texts that instruct are looked at first, what users say only where none of those holds a prompt; what models
        and tools wrote never is. ``declared`` is a name that the app itself gives.
        """
        standing = tuple(self._standing([text for text in asked.texts if text.role in INSTRUCTING]))
        if not standing:
            standing = tuple(self._standing([text for text in asked.texts if text.role == "user"]))[:1]
        first = next(iter(standing), None)
        if declared in self.agents:
            own = next((one for one in standing if any(agent.name == declared for agent in one.agents)), None)
            values = own.found.values if own is not None else {}
            return Attribution(declared, values=values, standing=_settled(standing, own, declared))
        if first is None:
            return Attribution(None, NOBODY)
        agents = first.agents if len(first.agents) == 1 else _told_apart(first.agents, asked)
        if len(agents) != 1:
            names = ", ".join(sorted(agent.name for agent in first.agents))
            return Attribution(None, f"{names} have the same prompt; tools or a marker must tell them apart")
        name = agents[0].name
        return Attribution(name, values=first.found.values, standing=_settled(standing, first, name))

    def _standing(self, texts: Sequence[WireText]) -> Iterator[Standing]:
        """Return the prompts that stand in texts, in order, none within another."""
        for text in texts:
            at = 0
            while True:
                found = [
                    Standing(text, match, agents)
                    for pattern, agents in self._patterns
                    if (match := pattern.find(text.text, at)) is not None
                ]
                if not found:
                    break
                first = min(found, key=lambda one: (one.found.start, -one.found.fixed))
                yield first
                at = max(first.found.end, at + 1)


def _told_apart(agents: tuple[WireAgent, ...], asked: Asked) -> tuple[WireAgent, ...]:
    """Return those of agents with equal prompts that a request may come from: by their markers, then by their tools."""
    marked = tuple(one for one in agents if one.marker and any(one.marker in text.text for text in asked.texts))
    if marked:
        return marked
    offered = frozenset(asked.offered)
    exactly = tuple(one for one in agents if one.tools is not None and one.tools == offered)
    if exactly:
        return exactly
    # What is offered beside an agent's own tools, such as hand-overs, is not always declared.
    within = [one for one in agents if one.tools is not None and one.tools <= offered]
    most = max((len(one.tools or ()) for one in within), default=0)
    return tuple(one for one in within if len(one.tools or ()) == most)


def _settled(standing: tuple[Standing, ...], own: Standing | None, name: str) -> tuple[Standing, ...]:
    """Return what may be swapped: prompts of one agent alone, and the attributed one."""
    return tuple(
        Standing(one.text, one.found, tuple(agent for agent in one.agents if agent.name == name))
        if own is not None and one.agents == own.agents
        else one
        for one in standing
        if len(one.agents) == 1 or (own is not None and one.agents == own.agents)
    )


def filled(prompt: str, values: Mapping[str, str]) -> str:
    """Return a prompt with values in the places of their names; every other brace is text."""
    if not values:
        return prompt
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), prompt)


def swap(body: JsonObject, attribution: Attribution, team: Team, prompts: Mapping[str, str]) -> bool:
    """Put prompts in the places of seed prompts, in a request's own body; return whether anything was changed.

    What is written stands there byte for byte: it is put in after the framework has done its formatting.
    """
    pieces: dict[Place, list[Standing]] = {}
    for one in attribution.standing:
        name = one.agents[0].name
        if one.text.place is not None and prompts.get(name, team.agents[name].prompt) != team.agents[name].prompt:
            pieces.setdefault(one.text.place, []).append(one)
    for place, found in pieces.items():
        text, at, written = found[0].text.text, 0, []
        for one in found:
            written += [text[at : one.found.start], filled(prompts[one.agents[0].name], one.found.values)]
            at = one.found.end
        _put(body, place, "".join([*written, text[at:]]))
    return bool(pieces)


def _put(body: JsonObject, place: Place, text: str) -> None:
    within: Any = body
    for step in place[:-1]:
        within = within[step]
    within[place[-1]] = text


def rewrite(body: JsonObject, texts: Iterable[WireText], edit: Callable[[str], str]) -> bool:
    """Change the texts of a request in its own body; return whether anything was changed."""
    changed = False
    for text in texts:
        if text.place is not None and (edited := edit(text.text)) != text.text:
            _put(body, text.place, edited)
            changed = True
    return changed
