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

from maspo.models.base import Message, Reply
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
_LONGEST = 1_000_000
"""Characters of a list of parts that is read from a text."""


def unwrapped(reply: Reply, messages: Sequence[Message]) -> Reply:
    """Return a reply without what a server has put around its text; ``messages`` are those of the request."""
    text = _after_request(reply.text, messages)
    if _PARTS.match(text) and (parts := _parts_in(text)) is not None:
        text, thought = said_and_thought(parts)
        return replace(reply, text=text, thoughts="\n".join(one for one in (reply.thoughts, thought) if one))
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
        place = _end_of_marks(text, place)
        if not text.startswith(content, place):
            return text
        place += len(content)
    return text[_end_of_marks(text, place) :]


def _end_of_marks(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return place if found is None else found.end()


def _parts_in(text: str) -> list[object] | None:
    """Return the parts of content that a text is, as JSON or as Python prints them; None for any other text."""
    if len(text) > _LONGEST:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        kinds = [part.get("type", "text") if isinstance(part, dict) else None for part in found]
        return found if kinds and _KINDS.issuperset(kinds) else None
    return None


def _decoded(text: str, messages: Sequence[Message]) -> str:
    """Return a text that came as a text of JSON, lines and all; where the request speaks of JSON, it was asked for."""
    if not (text[:1] == text[-1:] == '"' and "\\n" in text and "\n" not in text):
        return text
    if any("json" in message.content.lower() for message in messages):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, str) else text
