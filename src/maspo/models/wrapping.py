"""What servers put around a reply that is none of it: the request before it, JSON or a list of parts as its text. Pure.

Text-generation servers send the prompt back unless they are told not to; gateways turn a list of parts, or a text, into
a text of it once too often. Read as the reply, a prompt would be an agent's answer, and nothing would show it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import replace

from maspo.models.base import Message, Reply, whole_characters
from maspo.models.thoughts import said_and_thought

_MARK = (
    r"<[|｜][^|｜<>\n]{1,30}[|｜]>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>"
    r"|(?:#{1,4}\s*)?\b(?:system|user|assistant|human|model|ai)\b[ \t]*(?::|(?=[\n<]))"
    r"|#{1,4}\s*(?:instruction|input|response)\b:?"
)
"""What a template writes between messages: tokens, and the names of who speaks."""
_BETWEEN = re.compile(rf"\s*(?:(?:{_MARK})\s*)*", re.IGNORECASE)
_PARTS = re.compile(r"""\s*\[\s*\{\s*["'](?:type|text|thinking)["']\s*:""")
_KINDS = frozenset({"text", "output_text", "thinking", "reasoning", "redacted_thinking"})
_FIELDS = _KINDS | {"type", "signature", "data", "summary", "annotations", "citations", "logprobs", "id", "index"}
"""What a part of content holds; an object with anything else is the answer of an agent that reports texts."""
_COMMAND = re.compile(r"\\n(?:u|e|eq|abla|ot|otin|eg|i|mid)(?![a-z])")
"""A command of LaTeX that begins as the end of a line does in JSON."""
_LONGEST = 1_000_000
"""Characters of a list of parts that is read from a text."""


def unwrapped(reply: Reply, messages: Sequence[Message]) -> Reply:
    """Return a reply without what a server has put around its text; ``messages`` are those of the request."""
    text = _after_request(reply.text, messages)
    if _PARTS.match(text) and (parts := _parts_in(text, _asks_for_json(messages))) is not None:
        text, thought = said_and_thought(parts)
        text, thoughts = whole_characters(text), whole_characters(thought)
        return replace(reply, text=text, thoughts="\n".join(one for one in (reply.thoughts, thoughts) if one))
    text = _decoded(text, messages)
    return reply if text is reply.text else replace(reply, text=text)


def _after_request(text: str, messages: Sequence[Message]) -> str:
    """Return what stands behind all messages of a request, each whole and in their order; else the text.

    A single message is not looked for: whoever repeats a question before answering it has answered.
    """
    spoken = [content for message in messages if (content := message.content.strip())]
    if len(spoken) < 2:
        return text
    place = 0
    for content in spoken:
        begin = _end_of_marks(text, place)
        if not text.startswith(content, begin) or 0 < place == begin:
            return text  # Templates part messages: what runs on is said.
        place = begin + len(content)
    return text[_end_of_marks(text, place) :]


def _end_of_marks(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return place if found is None else found.end()


def _asks_for_json(messages: Sequence[Message]) -> bool:
    return any("json" in message.content.lower() for message in messages)


def _parts_in(text: str, only_typed: bool) -> list[object] | None:
    """Return the parts of content that a text is, as JSON or as Python prints them; None for any other text.

    A list of objects with nothing but a text may have been asked for; one that names the type of each may hardly.
    """
    if len(text) > _LONGEST:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        parts = [part for part in found if isinstance(part, dict) and _FIELDS.issuperset(part) and _holds_text(part)]
        kinds = [part.get("type", "" if only_typed else "text") for part in parts]
        return found if len(parts) == len(found) and kinds and all(map(_is_kind, kinds)) else None
    return None


def _holds_text(part: dict[str, object]) -> bool:
    """Say whether what a part says is text, or holds some: a number would be lost."""
    return all(isinstance(part[name], str | list | dict) for name in _KINDS if name in part)


def _is_kind(told: object) -> bool:
    return isinstance(told, str) and told in _KINDS


def _decoded(text: str, messages: Sequence[Message]) -> str:
    """Return a text that came as a text of JSON, lines and all; where the request speaks of JSON, it was asked for."""
    if not (text[:1] == text[-1:] == '"' and "\\n" in text and "\n" not in text):
        return text
    if _asks_for_json(messages) or _COMMAND.search(text):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    lines = found.split("\n") if isinstance(found, str) else []
    return found if lines and all(line.replace("\t", " ").isprintable() for line in lines) else text
