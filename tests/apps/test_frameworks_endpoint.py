"""The endpoint that frameworks are run against calls each tool once, in every dialect, plain and streamed."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from frameworks.endpoint import Endpoint, endpoint
from frameworks.environments import NAMES
from frameworks.examples import EXAMPLES

from maspo.gateway.dialects.base import Dialect
from maspo.gateway.dialects.chat_completions import ChatCompletions
from maspo.gateway.dialects.generate_content import GenerateContent
from maspo.gateway.dialects.responses import Responses

SCHEMA = {"type": "object", "properties": {"day": {"type": "string", "format": "date"}, "many": {"type": "integer"}}}
GIVEN = {"day": "2025-01-10", "many": 1}
TOOLS = ("look", "book")


def ask(server: Endpoint, path: str, body: dict[str, Any]) -> bytes:
    request = urllib.request.Request(server.url.removesuffix("/v1") + path, json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return bytes(answer.read())


def chat(messages: list[Any], streams: bool, _: str) -> tuple[Dialect, str, dict[str, Any]]:
    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in TOOLS]
    body = {"model": "m", "messages": messages, "tools": tools, "stream": streams}
    return ChatCompletions(), "/v1/chat/completions", body


def responses(messages: list[Any], streams: bool, previous: str) -> tuple[Dialect, str, dict[str, Any]]:
    tools = [{"type": "function", "name": name, "parameters": SCHEMA} for name in TOOLS]
    body = {"model": "m", "input": messages, "tools": tools, "stream": streams}
    return Responses(), "/v1/responses", body | ({"previous_response_id": previous} if previous else {})


def gemini(messages: list[Any], streams: bool, _: str) -> tuple[Dialect, str, dict[str, Any]]:
    tools = [{"functionDeclarations": [{"name": name, "parameters": SCHEMA} for name in TOOLS]}]
    ending = "streamGenerateContent?alt=sse" if streams else "generateContent"
    return GenerateContent(), f"/v1beta/models/m:{ending}", {"contents": messages, "tools": tools}


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("form", [chat, responses, gemini])
def test_each_tool_is_called_once_and_then_an_answer_given(form: Any, streams: bool) -> None:
    with endpoint() as server:
        server.uses_tools = True
        messages: list[Any] = [{"role": "user", "content": "a question", "parts": [{"text": "a question"}]}]
        called, previous, said = [], "", ""
        for _ in range(len(TOOLS) + 1):
            dialect, path, body = form(messages, streams, previous)
            reply = dialect.read_reply(ask(server, path, body), streams)
            assert reply.whole
            for tool in reply.tools:
                called.append((tool.name, json.loads(tool.arguments)))
                if form is responses:  # the endpoint keeps what was before
                    messages = [{"type": "function_call_output", "call_id": tool.id, "output": "done"}]
                else:
                    function = {"name": tool.name, "arguments": tool.arguments}
                    calls = [{"id": tool.id, "type": "function", "function": function}]
                    parts = [{"functionCall": {"name": tool.name, "args": json.loads(tool.arguments)}}]
                    messages.append({"role": "model", "content": None, "tool_calls": calls, "parts": parts})
            previous, said = reply.id, reply.text
        assert called == [(name, GIVEN) for name in TOOLS]
        assert "which letter follows" in said
        assert "a question" in server.heard[-1].said


def test_programs_that_are_shipped_are_of_frameworks_that_are_run_and_start_with_their_python() -> None:
    assert set(EXAMPLES) <= set(NAMES)
    for examples in EXAMPLES.values():
        for one in examples:
            assert "{python}" in one.command
            assert one.command.format(python="python")
            assert one.declared > 1
