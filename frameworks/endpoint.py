"""An endpoint on this machine that answers at once and keeps what it is asked.

It speaks chat completions, Responses, and Gemini's generateContent.
"""

from __future__ import annotations

import json
import re
import secrets
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from maspo.models.base import AGENT, Message, Reply, Request, ToolAsked
from maspo.world import World, completions, responses
from maspo.world.serve import FINGERPRINT, purpose_of

INSTRUCTING = ("system", "developer")
SAID: Mapping[str, Any] = {"id": "c", "created": 1, "model": "m", "system_fingerprint": FINGERPRINT}

_FRAMED = re.compile(r"Respond with the corresponding output fields, (starting with the field .*)")
"""How DSPy says which fields it wants, each framed, and of what type where that is no text."""
_FIELD = re.compile(r"`\[\[ ## (\w+) ## \]\]`(?: \(must be formatted as a valid Python ([^)]*)\))?")
_WRITTEN = re.compile(r"'function': \{'name': '(\w+)'")
"""How smolagents shows a model what it has called: as a text."""
_CODED = "final_answer("
"""What an agent of smolagents that writes code is told about."""
_MANAGED = re.compile(r"^def (\w+)\(task: str", re.MULTILINE)
"""Those that it may call."""


@dataclass(frozen=True)
class Heard:
    """A request: its texts with the roles that say them, and what it is for (``maspo.models.base``)."""

    texts: tuple[tuple[str, str], ...]
    purpose: str = AGENT
    schema: Mapping[str, Any] | None = None
    """What the answer has to be an instance of."""
    tools: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Tools that may be called and were not yet, with the schemas of their arguments."""
    key: str = ""
    """The key that it came with."""

    @property
    def prompt(self) -> str:
        """What instructs in it."""
        return "\n".join(text for role, text in self.texts if role in INSTRUCTING)

    @property
    def said(self) -> str:
        """What does not."""
        return "\n".join(text for role, text in self.texts if role not in INSTRUCTING)


@dataclass
class Endpoint:
    """Answers agents as a model might, judge and proposer as a simulated world; fails as often as it is told."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    fails: int = 0
    uses_tools: bool = False
    """Whether every tool that is offered is called once, one after another."""
    word: str = ""
    """What a reply ends with where the prompt holds it: a word by which an app knows that work is done."""
    kept: dict[str, list[Any]] = field(default_factory=dict)
    """Conversations by the responses that they came to, for requests that go on with one (Responses)."""
    _world: World = field(default_factory=World)

    def answer(self, heard: Heard) -> str:
        """Return what a model says; DSPy wants its fields framed."""
        if heard.purpose != AGENT:
            messages = [Message("system" if role in INSTRUCTING else "user", text) for role, text in heard.texts]
            return self._world.reply(Request("m", tuple(messages), heard.purpose)).text
        text = "\n".join(text for _, text in heard.texts)
        if heard.schema is not None:
            return json.dumps(instance(heard.schema, heard.schema))
        said = f"It asks which letter follows another one, case {len(text) % 97}."
        if self.word and self.word in heard.prompt:
            said += f" {self.word}"
        if fields := _FRAMED.findall(text):
            return framed(fields[-1], text, said)
        if _CODED in heard.prompt:
            called = "".join(f"found = {name}(task='Look it up.')\n" for name in _MANAGED.findall(heard.prompt)[:1])
            return f"<code>\n{called}final_answer({said!r})\n</code>"
        return said

    def agents(self) -> list[Heard]:
        """Return the requests of agents."""
        return [one for one in self.heard if one.purpose == AGENT]

    def prompts(self) -> list[str]:
        """Return what instructs in each request of an agent."""
        return [one.prompt for one in self.agents()]


def framed(fields: str, text: str, said: str) -> str:
    """Return an answer in the fields that DSPy asks for, each of its type."""
    values = {"bool": "True", "int": "1", "float": "1.0"}
    parts = list[str]()
    for name, kind in _FIELD.findall(fields):
        choice = re.search(rf"\{{{name}\}}[^\n]*one of: ([^;\n]+)", text)
        bare = kind.removeprefix("Union[").removeprefix("Optional[").partition(",")[0].partition("]")[0]
        value = choice[1] if choice else "[]" if kind.startswith("list[") else values.get(bare, said)
        parts.append(f"[[ ## {name} ## ]]\n{value}")
    return "\n\n".join([*(part for part in parts if "## completed ##" not in part), "[[ ## completed ## ]]"])


def items_in(body: Mapping[str, Any], kept: Mapping[str, list[Any]]) -> list[Any]:
    """Return the items of a conversation, in either dialect, with those of the response that a body goes on with."""
    items = body.get("messages") or body.get("input") or []
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    return [*kept.get(body.get("previous_response_id") or "", ()), *items]


def from_gemini(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a body of generateContent asks, as a body of chat completions."""
    messages: list[dict[str, Any]] = []
    if "systemInstruction" in body:
        messages.append({"role": "system", "content": body["systemInstruction"]["parts"]})
    for content in body.get("contents", ()):
        role = "assistant" if content.get("role") == "model" else "user"
        parts = content.get("parts", ())
        calls = [{"function": part["functionCall"]} for part in parts if "functionCall" in part]
        messages.append({"role": role, "content": parts, "tool_calls": calls})
    declared = [one for tool in body.get("tools") or () for one in tool.get("functionDeclarations", ())]
    spelled = ("parametersJsonSchema", "parameters_json_schema", "parameters")
    nothing = {"type": "object"}
    schemas = [next((one[name] for name in spelled if one.get(name)), nothing) for one in declared]
    tools = [
        {"type": "function", "function": {"name": one["name"], "parameters": schema}}
        for one, schema in zip(declared, schemas, strict=True)
    ]
    return {"messages": messages, "tools": tools}


def in_gemini(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chat completion as generateContent answers."""
    message = said["choices"][0]["message"]
    parts = [
        {"functionCall": {"name": one["function"]["name"], "args": json.loads(one["function"]["arguments"])}}
        for one in message.get("tool_calls", ())
    ]
    content = {"role": "model", "parts": parts or [{"text": message["content"]}]}
    used = {"promptTokenCount": 20, "candidatesTokenCount": 9, "totalTokenCount": 29}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": used}


def heard_in(body: Mapping[str, Any], items: Sequence[Any], purpose: str) -> Heard:
    """Return what a body asks with the items of its conversation, in either dialect."""
    texts = [(str(one.get("role", "tool")), text_of(one.get("content", one.get("output", "")))) for one in items]
    if isinstance(body.get("instructions"), str):
        texts.insert(0, ("system", body["instructions"]))
    messages = [Message("system" if role in INSTRUCTING else "user", text) for role, text in texts]
    form = body.get("text", {}).get("format") or body.get("response_format", {}).get("json_schema") or {}
    tools = [one.get("function", one) for one in body.get("tools") or () if one.get("type") == "function"]
    called = {one["function"]["name"] for item in items for one in item.get("tool_calls") or () if "function" in one}
    called |= {one["name"] for one in items if one.get("type") == "function_call"}
    called |= {name for _, text in texts for name in _WRITTEN.findall(text)}
    offered = tuple((one["name"], one.get("parameters") or {}) for one in tools if one["name"] not in called)
    return Heard(tuple(texts), purpose or purpose_of(messages), form.get("schema"), offered)


def instance(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> object:
    """Return a small instance of a JSON schema: yes, one, a text, and every member of an object."""
    if "$ref" in schema:
        return instance(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return instance(choices[0], whole)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date":
        return "2025-01-10"
    match str(schema.get("type")).lower():
        case "object":
            return {name: instance(one, whole) for name, one in schema.get("properties", {}).items()}
        case "array":
            return [instance(schema.get("items", {}), whole)]
        case "boolean":
            return True
        case "integer" | "number":
            return 1
    return "a text"


def text_of(content: object) -> str:
    """Return a content as text."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


def calling(heard: Heard) -> Reply:
    """Return a reply that calls the next tool."""
    name, schema = heard.tools[0]
    call = ToolAsked(f"call_{len(heard.texts)}_{len(heard.tools)}", name, json.dumps(instance(schema, schema)))
    return Reply("", tokens_in=20, tokens_out=9, asks=(call,))


def in_dialect(reply: Reply, is_response: bool, streams: bool) -> Any:
    """Return a reply as a response or a chat completion, or the events of its stream."""
    said = {**SAID, "id": f"resp_{secrets.token_hex(8)}"}
    if is_response:
        return responses.events(said, reply, [reply.text]) if streams else responses.whole(said, reply)
    if streams:
        return [*completions.events(said, reply, [reply.text] if reply.text else [], tells_usage=True), "[DONE]"]
    return completions.whole(said, reply)


def lines(events: Sequence[object]) -> str:
    """Return events of a stream as they are sent."""
    return "".join(
        (f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else "")
        + f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n"
        for event in events
    )


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Serve on this machine."""
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            """Answer."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            gemini = "enerateContent" in self.path
            body = from_gemini(body) if gemini else body
            items = items_in(body, found.kept)
            heard = heard_in(body, items, self.headers.get("X-Maspo-Purpose", ""))
            key = self.headers.get("Authorization", "").removeprefix("Bearer ")
            heard = replace(heard, key=key or self.headers.get("x-goog-api-key", ""))
            found.heard.append(heard)
            if found.fails:
                found.fails -= 1
                self._send(500, "application/json", json.dumps({"error": {"message": "broken"}}))
                return
            is_response = self.path.endswith("/responses")
            calls = found.uses_tools and heard.tools
            reply = calling(heard) if calls else Reply(found.answer(heard), tokens_in=20, tokens_out=9)
            said = in_dialect(reply, is_response, bool(body.get("stream")))
            if is_response:
                whole = said[-1]["response"] if isinstance(said, list) else said
                found.kept[whole["id"]] = [*items, *whole["output"]]
            if gemini:
                said = in_gemini(said)
                said = [said] if "stream" in self.path else said
            if isinstance(said, list):
                self._send(200, "text/event-stream", lines(said))
            else:
                self._send(200, "application/json", json.dumps(said))

        def _send(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        request_queue_size = 1024  # fifty rollouts with some calls side by side each
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Tell of all but a client that has ended."""
            if not isinstance(sys.exc_info()[1], ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
