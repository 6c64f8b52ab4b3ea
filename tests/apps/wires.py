"""Calls on the wire, written down by hand."""

from __future__ import annotations

from typing import Any

from maspo.gateway.wire import ToolCall, WireCall, WireText


def tool(name: str, arguments: str = "{}", result: str | None = None, id: str = "") -> ToolCall:
    return ToolCall(id or f"call_{name}", name, arguments, result)


def wire(agent: str | None, output: str, *shown: str | tuple[str, str], prompt: str = "", **fields: Any) -> WireCall:
    """Return a call; what is shown are user messages, or (role, text)."""
    texts: list[WireText] = [WireText(("messages", 0, "content"), "system", prompt or f"You are {agent}.")]
    for text in shown:
        role, said = ("user", text) if isinstance(text, str) else text
        texts.append(WireText(("messages", len(texts), "content"), role, said))  # type: ignore[arg-type]
    base: dict[str, Any] = {
        "rollout": "r",
        "number": 0,
        "dialect": "chat",
        "model": "m",
        "texts": tuple(texts),
        "offered": (),
        "output": output,
        "tools": (),
        "finish": "stop",
        "tokens_in": 10,
        "tokens_out": 5,
        "seconds": 0.5,
        "key": f"key of {agent} {output}",
        "cached": False,
        "agent": agent,
    }
    return WireCall(**{**base, **fields})
