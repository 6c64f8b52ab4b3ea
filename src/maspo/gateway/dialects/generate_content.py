"""Gemini generateContent and streamGenerateContent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from maspo.gateway.dialects.base import (
    READY,
    READY_TOKENS,
    Asked,
    Incoming,
    Provider,
    ToolResult,
    compact,
    count_of,
    failure_in,
    loads,
    member,
    metered,
    objects,
    sse_values,
    text_of,
    tool_calls,
    unreadable,
)
from maspo.gateway.wire import JsonObject, Place, Role, WireReply, WireText
from maspo.models.tokens import later_usage

_PATH: Final = re.compile(r"/models/([^/:]+):(generateContent|streamGenerateContent)$")
_ROLES: Final[dict[str, Role]] = {"model": "assistant", "function": "tool", "system": "system"}


class GenerateContent:
    """``POST …/models/MODEL:generateContent``, or ``:streamGenerateContent``."""

    name = "generate_content"
    provider: Provider = "gemini"

    def takes(self, path: str) -> bool:
        """Say whether a path generates content."""
        return _PATH.search(path) is not None

    def read_request(self, incoming: Incoming) -> Asked:
        """Return what a request asks; members may be written in camel or snake case, as in JSON of protocol buffers."""
        body = incoming.body
        found = _PATH.search(incoming.path)
        name, instruction = _either(body, "systemInstruction", "system_instruction")
        _, config = _either(body, "generationConfig", "generation_config")
        given = body.get("contents")
        contents = [given] if isinstance(given, dict) else given if isinstance(given, list) else []
        return Asked(
            model=unquote(found[1]) if found else "",
            texts=(
                *_instruction((name,), instruction),
                *(text for number, content in enumerate(contents) for text in _content(number, content, given)),
            ),
            offered=tuple(_offered(objects(body.get("tools")))),
            results=tuple(_results(contents)),
            streamed=found is not None and found[2] == "streamGenerateContent",
            max_tokens=count_of(_either(config, "maxOutputTokens", "max_output_tokens")[1]),
        )

    def read_reply(self, body: bytes, streamed: bool) -> WireReply:
        """Return what a reply says, or the chunks of its stream: server-sent events, or one JSON array."""
        if not streamed:
            found = loads(body)
            return _said([found]) if isinstance(found, dict) else unreadable(body)
        if body.lstrip()[:1] == b"[":
            array = loads(body)
            chunks = objects(array)
            said = _said(chunks)
            return said if isinstance(array, list) else WireReply(whole=False, failure="the array breaks off")
        return _said([chunk for chunk in sse_values(body) if isinstance(chunk, dict)])

    def ready(self, incoming: Incoming) -> Incoming:
        """Return the small question."""
        body = {
            "contents": [{"role": "user", "parts": [{"text": READY}]}],
            "generationConfig": {"maxOutputTokens": READY_TOKENS},
        }
        return Incoming(incoming.path.replace(":streamGenerateContent", ":generateContent"), body)


def _either(found: object, camel: str, snake: str) -> tuple[str, Any]:
    """Return a member and the name that it goes by."""
    return (
        (snake, member(found, snake)) if isinstance(found, dict) and snake in found else (camel, member(found, camel))
    )


def _parts(place: Place, role: Role, content: object) -> Iterator[WireText]:
    found = member(content, "parts")
    listed = [found] if isinstance(found, dict) else found if isinstance(found, list) else []
    for number, part in enumerate(listed):
        at: Place = (*place, "parts") if isinstance(found, dict) else (*place, "parts", number)
        answer = _either(part, "functionResponse", "function_response")[1]
        if isinstance(answer, dict):
            yield WireText(None, "tool", compact(answer.get("response")))
        elif isinstance(member(part, "text"), str) and not member(part, "thought"):
            yield WireText((*at, "text"), role, part["text"])


def _instruction(place: Place, found: object) -> Iterator[WireText]:
    if isinstance(found, str):
        yield WireText(place, "system", found)
    else:
        yield from _parts(place, "system", found)


def _content(number: int, content: object, given: object) -> Iterator[WireText]:
    place: Place = ("contents",) if isinstance(given, dict) else ("contents", number)
    if isinstance(content, str):
        yield WireText(place, "user", content)
    else:
        yield from _parts(place, _ROLES.get(str(member(content, "role")), "user"), content)


def _offered(tools: list[JsonObject]) -> Iterator[str]:
    for tool in tools:
        declared = objects(_either(tool, "functionDeclarations", "function_declarations")[1])
        yield from (text_of(function.get("name")) for function in declared)
        yield from (name for name in tool if name not in ("functionDeclarations", "function_declarations"))


def _results(contents: list[Any]) -> Iterator[ToolResult]:
    for content in contents:
        for part in objects(member(content, "parts")):
            answer = _either(part, "functionResponse", "function_response")[1]
            if isinstance(answer, dict):
                name = text_of(answer.get("name"))
                yield ToolResult(text_of(answer.get("id")), name, compact(answer.get("response")))


def _said(chunks: list[JsonObject]) -> WireReply:
    """Put chunks together; of several candidates the first."""
    texts: list[str] = []
    calls: list[tuple[str, str, object]] = []
    finish, failure = "", ""
    usage: object = None
    for chunk in chunks:
        failure = failure or failure_in(chunk)
        usage = later_usage(usage, chunk.get("usageMetadata"))
        blocked = text_of(member(chunk.get("promptFeedback"), "blockReason"))
        finish = blocked or finish
        for candidate in objects(chunk.get("candidates"))[:1]:
            finish = text_of(candidate.get("finishReason")) or finish
            for part in objects(member(candidate.get("content"), "parts")):
                call = part.get("functionCall")
                if isinstance(call, dict):
                    calls.append((text_of(call.get("id")), text_of(call.get("name")), call.get("args", {})))
                elif not part.get("thought"):
                    texts.append(text_of(part.get("text")))
    if not finish and not failure:
        failure = "it ends without a finishReason"
    whole = bool(finish) and not failure
    return WireReply("".join(texts), tool_calls(calls), finish, whole=whole, failure=failure, **metered(usage))
