"""Simulated outputs: how agents write and how readers, judge and proposer read them. Nothing else carries state."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from maspo.core.quoting import SEAL, SEAL_SAID
from maspo.models.base import Request, ToolAsked
from maspo.runners.faults import MARK, NOTE
from maspo.runners.messages import NO_OUTPUT
from maspo.world.catalogue import PLANTED, SENSELESS, split
from maspo.world.latents import FOLLOWED, MISLED, STRAYED, STRAYED_LOOKS, Latents, Turn
from maspo.world.noise import unit
from maspo.world.signals import signals

USABLE_ENOUGH = 0.6
"""A reader complains of outputs less usable than this, a little more than those of seed prompts."""
LOOKED_UP = 0.5
"""Quality that an agent has from a result of a tool, half of a seed prompt's: chosen so that a tool clearly helps."""
_NOTHING_TOLD = ("The tool ", "There is no tool", "Not called")
"""How results begin that tell of a failure (``maspo.runners.tools``)."""
INPUT_NAME = "[sim input {number:04d}]"
_INPUT_NAME = re.compile(r"\[sim input (\d{1,12})\]")
_MARKER = re.compile(
    r"\[simulated: x=([\w-]+) quality ([+-]\d+\.\d\d) appeal ([+-]\d+\.\d\d) handoff (\d\.\d\d) form=([A-F]*)-\]"
)
_SEAL = SEAL.format("[0-9a-f]{16}")
_NONCE = re.compile(rf'(?<=<output_[12]) id="[0-9a-f]{{16}}"| \(id [0-9a-f]{{16}}\)|{SEAL_SAID.format(_SEAL)}|{_SEAL}')
_SHOWN = re.compile(r"^Output of [^\n]+:\n", re.MULTILINE)
_ANSWER = re.compile(r"(?:<|&lt;)answer>([A-E])(?:<|&lt;)/answer>")
_LISTED = {
    label: re.compile(rf"^{label}: ([^\n]*)\.$", re.MULTILINE)
    for label in ("Missed", "Manner", "Hard to use from", "Led astray by", "Misled by")
}


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What an output visibly shows: aspects checked and missed, its manner, and how many outputs were hard to use."""

    checked: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    manners: tuple[str, ...] = ()
    hard_to_use: int = 0
    followed: bool = False
    """It does what a planted note asks for."""
    misled: int = 0
    """Senseless texts that it took seriously."""


def encode(turn: Turn, symptoms: Symptoms, role: str = "", seed: int = 0) -> str:
    """Write an output; ``role`` may ask for further lines (``maspo.world.signals``)."""
    lines = ["This output is simulated; no language model wrote it."]
    shown = {"Checked": symptoms.checked, "Missed": symptoms.missed, "Manner": symptoms.manners}
    lines += [f"{label}: {', '.join(items)}." for label, items in shown.items() if items]
    if symptoms.hard_to_use:
        lines.append(f"Hard to use from: {symptoms.hard_to_use} of the outputs read.")
    if symptoms.followed:
        lines.append("Led astray by: a note.")
    if symptoms.misled:
        lines.append(f"Misled by: {symptoms.misled} of the outputs read.")
    marker = (
        f"[simulated: x={turn.key} quality {turn.quality:+.2f} appeal {turn.appeal:+.2f} "
        f"handoff {turn.usable:.2f} form={turn.form}-]"
    )
    answer = f"<answer>{turn.answer}</answer>"
    lines += signals(role, seed, turn.key, turn.quality, f"{answer} {marker}")
    planted = [MARK, NOTE] if symptoms.followed else []
    return "\n".join([*lines, answer, marker, *planted])


def decode(text: str) -> tuple[Turn, ...]:
    """Return the outputs that a text holds, in its order; an output without an answer has the answer ''."""
    turns: list[Turn] = []
    start = 0
    for found in _MARKER.finditer(text):
        answers = _ANSWER.findall(text, start, found.start())
        key, quality, appeal, usable, form = found.groups()
        turns.append(Turn(key, answers[-1] if answers else "", float(quality), float(appeal), float(usable), form))
        start = found.end()
    return tuple(turns)


def listed(text: str, label: str) -> tuple[str, ...]:
    """Return what all lines of a label list, repeats included: ``Missed``, ``Manner`` or ``Hard to use from``."""
    return tuple(item for line in _LISTED[label].findall(text) for item in line.split(", "))


def world_input(text: str) -> str | None:
    """Return the identity of a world input that a text holds, or None."""
    found = _INPUT_NAME.search(text)
    return f"sim-{int(found.group(1)):04d}" if found else None


def sections(text: str, tag: str) -> tuple[str, ...]:
    """Return the contents of all ``<tag …>…</tag>``; innermost pairs, so a mere mention of the tag is harmless."""
    pattern = rf"<{tag}(?:\s[^<>]*)?>((?:(?!<{tag}[\s>]).)*?)</{tag}>"
    return tuple(re.findall(pattern, text, re.DOTALL))


def unnamed(text: str) -> str:
    """Return a request without the nonces of its tags: they say nothing about it, and noise must not hang on them."""
    return _NONCE.sub("", text)


def section(text: str, tags: Sequence[str]) -> str:
    """Return the last section of any of the tags, or the empty text."""
    found = [content for tag in tags for content in sections(text, tag)]
    return found[-1] if found else ""


def template_role(agent: str) -> str:
    """Return the role of an agent whose prompt is a template."""
    return f"template of {agent}"


def asked_tools(request: Request) -> tuple[ToolAsked, ...]:
    """Return the tools that a simulated agent asks for: each that it is offered, once, before it answers."""
    if request.tools_over or any(message.role == "tool" for message in request.messages):
        return ()
    key = world_input("\n".join(message.content for message in request.messages)) or ""
    return tuple(
        ToolAsked(f"asked{place}", tool.name, json.dumps(_arguments(json.loads(tool.parameters), key)))
        for place, tool in enumerate(request.tools)
    )


def _arguments(schema: Mapping[str, Any], key: str) -> dict[str, object]:
    """Return something for each argument that has to be given: the name of the input where a text is wanted."""
    kinds: Mapping[str, object] = {"string": key, "integer": 1, "number": 1, "boolean": True}
    known = schema.get("properties", {})
    return {name: kinds.get(known.get(name, {}).get("type"), key) for name in schema.get("required", ())}


def _quality_of_tools(request: Request) -> float:
    """Return the quality that an agent has from what tools told it: a tool that failed told it nothing."""
    results = [message.content for message in request.messages if message.role == "tool"]
    return LOOKED_UP if any(text.strip() and not text.startswith(_NOTHING_TOLD) for text in results) else 0.0


def _senseless(user: str) -> int:
    """Return how many of the outputs that an agent is shown are none of this world; a missing one is not shown."""
    shown = _SHOWN.split(user)[1:]
    return sum(not _MARKER.search(text) and text.strip() != NO_OUTPUT for text in shown)


def answer_agent(latents: Latents, request: Request) -> str:
    """Return an agent's output.

    The role is the system message without catalogue sentences; a template prompt comes as one user message, in which
    role and input cannot be told apart, so there the agent's name is the role.
    """
    system = "\n".join(message.content for message in request.messages if message.role == "system")
    user = "\n".join(message.content for message in request.messages if message.role != "system")
    if system:
        role, sentences = split(system)
    else:
        role, sentences = template_role(request.agent), split(user)[1]
    profile = latents.profile(role, sentences)
    read = decode(user)
    # An input is known by its token, else by what the outputs read say, else by the text itself.
    key = world_input(user)
    if key is None and read:
        key = read[0].key
    elif key is None:
        key = hashlib.blake2b(split(user)[0].encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    more, draw = _quality_of_tools(request), (latents.spec.seed, key, role, profile.version)
    followed = NOTE in user and unit(*draw, "follows") < FOLLOWED * (1 - latents.guarded(role, sentences, PLANTED))
    senseless = _senseless(user)
    misled = sum(unit(*draw, "misled", n) >= latents.guarded(role, sentences, SENSELESS) for n in range(senseless))
    more -= MISLED * misled + STRAYED * followed
    turn = latents.turn(profile, key, read, request.identity, more=more)
    if followed:
        turn = replace(turn, appeal=round(turn.appeal - STRAYED_LOOKS, 2))
    missed = latents.missed(profile, key)
    checked = tuple(aspect for aspect, _ in latents.input(key).aspects if aspect not in missed)
    hard_to_use = sum(turn.usable < USABLE_ENOUGH for turn in read)
    return encode(
        turn, Symptoms(checked, missed, profile.manners, hard_to_use, followed, misled), role, latents.spec.seed
    )
