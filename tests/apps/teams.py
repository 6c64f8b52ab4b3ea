"""Teams as people have them, in nothing but the standard library, and a model that answers them over the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from textwrap import dedent

from maspo.models.base import ModelClient, Reply, Request

ASK = dedent(
    """
    import json, os, urllib.request

    BASE_URL = os.environ["OPENAI_BASE_URL"]

    def ask(system, *said, tools=()):
        messages = [{"role": "system", "content": system}]
        messages += [one if isinstance(one, dict) else {"role": "user", "content": one} for one in said]
        body = {"model": "m", "messages": messages}
        if tools:
            body["tools"] = [{"type": "function", "function": {"name": name}} for name in tools]
        request = urllib.request.Request(
            BASE_URL + "/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as response:
            message = json.load(response)["choices"][0]["message"]
        return message if tools else message["content"]
    """
)
"""What stands for a framework."""

PAIR = ASK + dedent(
    """
    def answer(row):
        draft = ask("You are a solver. Work step by step.", row["input"])
        return ask("You are a critic. Check the solution.", row["input"] + "\\n\\nSolution: " + draft)
    """
)
"""Two agents in a row."""


def chat(text: str, tools: list[dict[str, object]] | None = None) -> str:
    """Return a chat completion, as the record holds it."""
    message = {"role": "assistant", "content": text, **({"tool_calls": tools} if tools else {})}
    body = {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if tools else "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
    return f"200 application/json\n{json.dumps(body)}"


@dataclass
class OverTheWire:
    """Turns the plain replies of a model into chat completions."""

    model: ModelClient

    async def complete(self, request: Request) -> Reply:
        reply = await self.model.complete(request)
        return replace(reply, text=chat(reply.text))
