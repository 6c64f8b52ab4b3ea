"""Telling when an app no longer sends the prompts of its system file, before a search pays for nothing. Pure.

A prompt that was edited in the source, or that holds what has changed since (a date, a version), is found in no
request: its agent's calls are nobody's then, and whatever is tried in its place is never run. One that was extended is
found, and what is tried would be run with the words that were added, which no prompt of the search knows. And an app
that keeps answers of its own asks nobody a second time: it knows its own prompt alone, so it answers for each prompt
that is tried with what the first of them wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from maspo.apps.beside import pattern_of, told_beside
from maspo.gateway.attribution import NOBODY
from maspo.gateway.wire import INSTRUCTING, WireCall
from maspo.team import Agent, System
from maspo.team.template import values_of

_FEW = 3
"""Runs without a call of an agent that is always called, each with one of nobody that is nearly its prompt; inputs on
which an agent was told the same beside its prompt."""
_MANY = 20
"""The same for an agent that is called on some inputs only, or was called before: a branch may be much alike."""
_ALL = 8
"""Runs, all so far, in which somebody who is always called was not while others' calls were nobody's."""
_ALIKE = 0.5
"""Share of a prompt's words that stand in such a call, in passages of three or more; two agents share less."""
_FEWEST_IN_PASSAGE = 3
_WORDS = 1000
"""Words of a text that are compared: what was changed in a longer one leaves enough of them."""
_LOOKS = 200
"""Runs in which an agent is looked for in calls of nobody: an app may have such calls in each run."""
_CONTEXT = 3
_SHOWN = 80
"""Words around a difference, and characters of it, that an error shows."""
_HOLE = "\0"
_CACHED = (
    "It keeps answers of its own, as a cache of replies does. It knows no prompt but its own, so it answers for each "
    "that is tried with what another one wrote, and no further run is paid for. Switch its cache off where maspo runs "
    "it, and empty it: answers to prompts that were tried may be kept in it"
)


class Strayed:
    """Counts, over the runs of an app, whose calls came, and looks for the prompts of the others."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._runs = 0
        self._runs_with_strays = 0
        self._called: set[str] = set()
        self._looks: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        """Per agent, runs since its last call in which nearly its prompt was nobody's."""
        app = system.app
        whole = system.agents if app is not None and app.whole_prompts else ()
        self._patterns = {agent.name: pattern_of(agent.prompt) for agent in whole}
        self._alone: set[str] = set()
        """Agents that were told their prompt alone."""
        self._added: dict[str, tuple[str, set[str]]] = {}
        """Per agent, what it was told beside its prompt since it last was told that alone, and on which inputs."""
        self._first: dict[str, str] = {}
        """Per input, whom its first run asked first: no prompt that is tried decides about that."""
        self._unasked: dict[str, str] = {}
        """Inputs on which the last run did not ask that agent again."""
        self._is_open = False
        """Whether one of them was asked again after all: the app itself chooses whom it asks."""

    def after(self, calls: Sequence[WireCall], row: str) -> str:
        """Take up the calls of one run on an input (its key); return what is wrong with the system file, or nothing."""
        for call in calls:
            if problem := self._look_beside(call, row):
                return problem
        if problem := self._look_again(calls, row):
            return problem
        called = {call.agent for call in calls if call.agent is not None}
        strays = _strays(calls)
        self._runs += 1
        self._runs_with_strays += bool(strays)
        self._called |= called
        for name in called:
            self._missed[name] = 0
        if not strays:
            return ""
        for agent in self._system.agents:
            if agent.name not in called and (problem := self._look_for(agent, strays)):
                return problem
        return ""

    def _look_again(self, calls: Sequence[WireCall], row: str) -> str:
        """Look whether whoever was asked first on an input is asked again, by each run on it: a cache answers else."""
        first = self._first.get(row)
        if first is None:
            told = next((call.agent for call in calls), None)
            if told is not None:
                self._first[row] = told
            if calls or self._called or self._runs + 1 < _ALL or any(one.sometimes for one in self._system.agents):
                return ""
            return (
                f"the app answered {self._runs + 1} times and asked no model, while the system file says that "
                f"{self._system.agents[0].name} is always called. {_CACHED}"
            )
        if any(call.agent == first for call in calls):
            self._is_open |= self._unasked.pop(row, None) is not None
            return ""
        self._unasked[row] = first
        # A cache that answered once answers again. An app that asked after all has its own reasons, such as a tool
        # that failed.
        if self._is_open or len(self._unasked) < (_MANY if calls else _FEW):
            return ""
        return (
            f"agents.{first}: the app asks this agent on an input once, and not when it is run on it again "
            f"({len(self._unasked)} inputs so far). {_CACHED}"
        )

    def _look_beside(self, call: WireCall, row: str) -> str:
        """Look whether an agent is told the same beside its prompt on several inputs: else it is a value."""
        name = call.agent
        rest = None if name not in self._patterns else told_beside(call, self._patterns[name])
        if name is None or rest is None:
            return ""
        if not rest:
            self._alone.add(name)
            self._added.pop(name, None)
            return ""
        kept, rows = self._added.get(name, (rest, set()))
        if kept != rest and not _is_nearly(kept, rest):
            kept, rows = rest, set()
        rows.add(row)
        self._added[name] = kept, rows
        if len(rows) < (_MANY if name in self._alone else _FEW):
            return ""
        return (
            f"agents.{name}: the app tells this agent more than the system file says: beside its prompt stands "
            f"{_clipped(kept.split())!r}. What is tried would be run with it and could not be written back, so no "
            f"further run is paid for. {self._again()}, or, where it shall stay beside the prompt, leave "
            "`whole_prompts: true` out of the system file"
        )

    def _look_for(self, agent: Agent, strays: Sequence[str]) -> str:
        name = agent.name
        is_rare = agent.sometimes or name in self._called
        if self._looks[name] < _LOOKS:
            self._looks[name] += 1
            alike = next((text for text in strays if _is_nearly(agent.prompt, text)), None)
            if alike is not None:
                self._missed[name] += 1
                if self._missed[name] >= (_MANY if is_rare else _FEW):
                    return self._describe(agent, alike)
        if not is_rare and self._runs_with_strays == self._runs >= _ALL:
            return self._describe(agent, strays[0])
        return ""

    def _describe(self, agent: Agent, text: str) -> str:
        if _is_nearly(agent.prompt, text):
            ours, theirs = first_difference(agent.prompt, text)
            what = f"calls that hold nearly its prompt. The system file says {ours!r}, the app {theirs!r}"
            more = "or, where what differs changes from run to run, write {value} in its place in the system file"
        else:
            what = f"calls that hold nobody's prompt, such as {_clipped(text.split())!r}"
            more = "or write `sometimes: true` for an agent that is called on few inputs only"
        return (
            f"agents.{agent.name}: the app no longer sends this agent's prompt: it was not called, while there were "
            f"{what}. What is tried in its place would reach nobody, so no further run is paid for. "
            f"{self._again()}, {more}"
        )

    def _again(self) -> str:
        run = "" if self._system.app is None else f" --app {self._system.app.run!r}"
        return (
            f"Look at the app again (`maspo discover{run} --inputs … --out NEW.yaml`, and name that file from now on; "
            "a command that is given the app itself reads the system file that it names at its start: delete that one)"
        )


def _strays(calls: Sequence[WireCall]) -> list[str]:
    """Return what calls of nobody are told, each text once."""
    found: dict[str, None] = {}
    for call in calls:
        if call.agent is None and call.unattributed == NOBODY:
            texts = [one.text for one in call.texts if one.role in INSTRUCTING and one.text.strip()]
            found.update(dict.fromkeys(texts or [one.text for one in call.texts if one.role == "user"][:1]))
    return list(found)


@lru_cache(maxsize=256)
def _compared(prompt: str, text: str) -> SequenceMatcher[str]:
    return SequenceMatcher(None, _words_of(prompt), text.split()[:_WORDS], autojunk=False)


def _words_of(prompt: str) -> list[str]:
    """Return the words of a prompt, those with a value in them as holes."""
    names = [f"{{{name}}}" for name in values_of(prompt)]
    return [_HOLE if any(name in word for name in names) else word for word in prompt.split()[:_WORDS]]


def _is_nearly(prompt: str, text: str) -> bool:
    """Return whether enough of the words of a prompt stand in a text in the same order."""
    blocks = _compared(prompt, text).get_matching_blocks()
    fixed = sum(word != _HOLE for word in _words_of(prompt))
    return sum(block.size for block in blocks if block.size >= _FEWEST_IN_PASSAGE) >= _ALIKE * fixed > 0


def first_difference(prompt: str, text: str) -> tuple[str, str]:
    """Return what stands in a prompt where a text first differs from it, and in that text, with a few words around."""
    words, others = prompt.split()[:_WORDS], text.split()[:_WORDS]
    holed = _words_of(prompt)
    for what, start, end, other_start, other_end in _compared(prompt, text).get_opcodes():
        is_value = what == "replace" and set(holed[start:end]) == {_HOLE}
        is_around = what == "insert" and start in (0, len(words))  # the prompt is a part of the text
        if what != "equal" and not is_value and not is_around:
            ours = words[max(0, start - _CONTEXT) : end + _CONTEXT]
            theirs = others[max(0, other_start - _CONTEXT) : other_end + _CONTEXT]
            return _clipped(ours), _clipped(theirs)
    return _clipped(words), _clipped(others)


def _clipped(words: Sequence[str]) -> str:
    text = " ".join(words)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
