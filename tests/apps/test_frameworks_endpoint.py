"""The endpoint that frameworks are run against calls each tool once, in every dialect, plain and streamed."""

from __future__ import annotations

import json
import re
import runpy
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from frameworks.endpoint import Endpoint, Heard, endpoint, framed
from frameworks.environments import HERE, NAMES
from frameworks.examples import AWAIT, EXAMPLES
from frameworks.trials import foreign_in

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


def test_programs_that_are_shipped_are_of_frameworks_that_are_run_and_say_how_they_are_asked() -> None:
    assert set(EXAMPLES) <= set(NAMES)
    for examples in EXAMPLES.values():
        for one in examples:
            compile(one.call.removeprefix(AWAIT), one.path, "eval")
            compile(one.first, one.path, "exec")
            assert one.declared > 1


PAGE = """
A page with a program.

```python
import inspect
MODEL = "a model of theirs"
def ask(question):
    assert inspect.getsource(ask).startswith("def ask(question):")
    return f"{MODEL}: {question}"
```

```bash
exit 1
```

```python
print(ask("a question of its own"))
```
"""
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["A notebook."]},
        {"cell_type": "code", "source": ["%pip install nothing\n", "MODEL = 'a model of theirs'"]},
        {"cell_type": "code", "source": ["async def ask(question):\n", "    return f'{MODEL}: {question}'"]},
        {"cell_type": "code", "source": ["print(ask('a question of its own'))"]},
    ]
}


@pytest.mark.parametrize(("name", "text"), [("page.md", PAGE), ("page.ipynb", json.dumps(NOTEBOOK))])
def test_a_program_on_a_page_is_asked_as_it_stands_with_another_model(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "stdin", sys.stdin)
    (tmp_path / name).write_text(text)
    (tmp_path / "program.py").write_bytes((HERE / "program.py").read_bytes())
    told: dict[str, Any] = {
        "path": str(tmp_path / name),
        "folder": str(tmp_path),
        "blocks": [],
        "until": "print(ask(",
        "typed": "",
    }
    told |= {"models": [("a model of theirs", "ours")], "first": "", "call": "ask(row['input'])", "awaits": True}
    (tmp_path / "program.json").write_text(json.dumps(told))
    assert runpy.run_path(str(tmp_path / "program.py"))["answer"]({"input": "which?"}) == "ours: which?"
    assert capsys.readouterr().out == ""
    (tmp_path / "program.json").write_text(json.dumps({**told, "models": [("no such model", "ours")]}))
    with pytest.raises(ValueError, match="has changed"):
        runpy.run_path(str(tmp_path / "program.py"))


def heard(tag: int, number: int | None = None, process: int | None = None) -> Heard:
    said = "a task" if number is None else f"Question number {number}: which?"
    return Heard((("system", f"You help. Rollout {tag}."), ("user", said)), key=f"process {process}" if process else "")


def test_prompts_of_another_rollout_are_counted_whatever_a_request_shows_of_its_own() -> None:
    of_each = [[heard(one, one, 100 + one), heard(one, None, 100 + one)] for one in range(3)]
    unequal = [*of_each[0], *of_each[1], *of_each[1], *of_each[2], of_each[2][1]]
    assert foreign_in(unequal) == 0, "rollouts may ask differently, where their processes are told"
    assert foreign_in([*unequal, heard(2, None, 100)]) == 1, "sent to the address of another rollout"
    assert foreign_in([*unequal, heard(0, 1, 100)]) == 1, "the input of another rollout"
    assert foreign_in([*unequal, heard(0, None, 102), heard(1, 1, 100)]) == 2
    unknown = [replace(one, key="") for ones in of_each for one in ones]
    assert foreign_in(unknown) == 0
    assert foreign_in([*unknown, heard(1), heard(2, 1)]) == 2, "one more than others have, and one of another input"


def test_an_answer_has_the_fields_that_dspy_asks_for_each_of_its_type() -> None:
    fields = (
        "`[[ ## why ## ]]`, then `[[ ## kind ## ]]` (must be formatted as a valid Python Kind), then `[[ ## sure ## ]]`"
        " (must be formatted as a valid Python bool), then `[[ ## all ## ]]` (must be formatted as a valid Python "
        "list[str]), and then ending with the marker for `[[ ## completed ## ]]`."
    )
    text = "{kind}        # note: the value you produce must exactly match (no extra characters) one of: bug; wish"
    found = dict(re.findall(r"\[\[ ## (\w+) ## \]\]\n?(.*)", framed(fields, text, "because")))
    assert found == {"why": "because", "kind": "bug", "sure": "True", "all": "[]", "completed": ""}
