"""Every kind of endpoint that people use: it works, is adapted to and that is said, or refused with what to do.

The rows are those of docs/tried/endpoints.md.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import html
import json
import math
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp import web

from maspo.config import ModelSettings
from maspo.core.errors import EXIT_OK, EXIT_PROVIDER, CallFailed, MaspoError, ProviderError
from maspo.events import CallLost, EndpointAdapted, RunFinished
from maspo.models import Endpoint, Ledger, Message, PriceBook, Reply, Request, RetryPolicy, compose
from maspo.models.base import ready_question
from maspo.models.chat_completions import ChatClient
from maspo.models.layers.limited import Health
from maspo.optimizers.registry import make_config
from maspo.report.folder import look
from maspo.report.result import health_of
from maspo.study.job import Outcome
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.models import MemoryStore
from maspo.testing.provider import (
    Body,
    Exchange,
    Fault,
    Refuse,
    Reset,
    Rule,
    Slow,
    Spoiled,
    Unless,
    fake_provider,
    in_pieces,
)
from maspo.testing.runs import Recorder, with_config, world_job
from maspo.world.spec import WorldSpec
from tests.models.test_endpoint import WithASlash

SPEC = WorldSpec(seed=7)
_SMALLEST = make_config({"method": "ascent", "passes": 1, "drafts": 1, "generations": 1, "batch": 2, "promotion": (2,)})
"""A search of 34 calls that changes a prompt in this world, so that a reply that is misread changes its end."""
ASK = Request(
    "m",
    (Message("system", "You solve it. Answer in <answer></answer>."), Message("user", "What is 3 + 4?")),
    "agent",
    "solver",
    max_tokens=2000,
    identity="draw",
)
DOCS = Path(__file__).parents[2] / "docs" / "tried" / "endpoints.md"
Expected = Literal["works", "adapted", "counted", "refused"]
THOUGHT = "Hm, <answer>WRONG</answer>, or <verdict>2</verdict>?"


@dataclass(frozen=True)
class Row:
    """An endpoint: what it does, what becomes of it, and words of what is said."""

    fault: Fault
    expected: Expected
    said: str = ""


def spoiled(change: Callable[[dict[str, Any]], object], streamed: bool = False) -> Spoiled:
    return Spoiled(change, in_pieces if streamed else None)


def message(**fields: object) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found["choices"][0]["message"].update(fields)

    return change


def text(form: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        said = found["choices"][0]["message"]
        said["content"] = form.replace("ANSWER", said["content"]).replace("THOUGHT", THOUGHT)

    return change


def parts(*kinds: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        said = found["choices"][0]["message"]
        said["content"] = [*kinds, {"type": "text", "text": said["content"]}]

    return change


def ends(finish: object, content: str | None = None) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found["choices"][0]["finish_reason"] = finish
        if content is not None:
            found["choices"][0]["message"]["content"] = content

    return change


def content(found: Mapping[str, Any]) -> str:
    return str(found["choices"][0]["message"]["content"])


def usage(value: object) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        if value is None:
            del found["usage"]
        else:
            found["usage"] = value

    return change


def without(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: not any(name in wanted for name in names)


def roles(*refused: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: not any(one["role"] in refused for one in wanted["messages"])


def parts_only(wanted: Mapping[str, Any]) -> bool:
    return all(isinstance(one["content"], list) for one in wanted["messages"])


def exactly(tokens: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: wanted.get("max_tokens") == tokens


def bare(stream: bytes) -> bytes:
    """Return the pieces of a stream as lines of JSON, without what makes them events."""
    lines = (line.removeprefix(b"data: ") for line in stream.split(b"\n\n") if line.startswith(b"data: {"))
    return b"".join(line + b"\n" for line in lines)


def error_as_text(error: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found["choices"][0]["message"]["content"] = error
        found.pop("usage", None)

    return change


def thinks_uncounted(found: dict[str, Any]) -> None:
    """Tell thoughts by their number only, as a part of what was written."""
    used = found["usage"]
    used["completion_tokens"] += 30
    used["completion_tokens_details"] = {"reasoning_tokens": 30}


def at_most(tokens: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: wanted.get("max_tokens", 0) <= tokens


def needs_room(wanted: Mapping[str, Any]) -> bool:
    return (wanted.get("max_tokens") or wanted.get("max_completion_tokens") or 0) >= 100


@dataclass(frozen=True)
class Sent:
    """A reply whose bytes and headers are another's: ``made`` gets the completion, and its pieces if it is a stream."""

    made: Callable[[bytes], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False
    status: int = 200

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        body = b"".join(in_pieces(json.loads(asked.body))) if self.streamed else asked.body
        headers = {"Content-Type": "text/event-stream" if self.streamed else "application/json", **self.headers}
        return web.Response(status=self.status, body=self.made(body), headers=headers)


@dataclass(frozen=True)
class Wire:
    """A reply written onto the connection as it is, which then ends; ``made`` gets the completion."""

    made: Callable[[bytes], bytes]

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        assert asked.request.transport is not None
        asked.request.transport.write(self.made(asked.body))
        await asyncio.sleep(0)
        asked.request.transport.close()
        return web.Response()


@dataclass
class Once:
    """Another fault, for the first request only after the small question."""

    fault: Fault
    met: int = 0

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        if asked.seen.purpose == "other.probe":
            return None
        self.met += 1
        return await self.fault.answer(asked) if self.met == 1 else None


@dataclass
class Some:
    """Another fault, for one in so many questions after the small one: always, or ``once``; or for all from one on."""

    fault: Fault
    every: int = 3
    begin: int = 0
    once: bool = False
    met: set[int] = field(default_factory=set)

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        question = zlib.crc32(json.dumps(asked.wanted["messages"]).encode())
        due = asked.seen.number >= self.begin if self.begin else question % self.every == 0
        if not due or asked.seen.purpose == "other.probe" or (self.once and question in self.met):
            return None
        self.met.add(question)
        return await self.fault.answer(asked)


@dataclass
class Slots:
    """An endpoint that answers so many requests at a time; more of them wait, or are refused."""

    slots: int
    refuse: Fault | None = None
    busy: int = 0
    free: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        if self.refuse is not None and self.busy >= self.slots:
            return await self.refuse.answer(asked)
        async with self.free:
            await self.free.wait_for(lambda: self.busy < self.slots)
            self.busy += 1
        await asyncio.sleep(0.001)
        async with self.free:
            self.busy -= 1
            self.free.notify()
        return None


@dataclass(frozen=True)
class Several:
    """Faults of which the first that answers decides."""

    faults: tuple[Fault, ...]

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        for fault in self.faults:
            if (found := await fault.answer(asked)) is not None:
                return found
        return None


def halved(found: dict[str, Any]) -> None:
    ends("length", content(found)[: len(content(found)) // 2])(found)


def halved_by(reason: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        halved(found)
        ends(reason)(found)

    return change


def halved_by_object(found: dict[str, Any]) -> None:
    halved(found)
    ends({"type": "length", "length": 9})(found)


def broken_off_by(piece: bytes) -> Callable[[bytes], bytes]:
    """Let a piece that is none of the reply end a stream after its first pieces, as if it were whole."""
    return lambda stream: b"\n\n".join(
        [*stream.split(b"\n\n")[:3], b"event: error\ndata: " + piece, b"data: [DONE]\n\n"]
    )


def unread(found: dict[str, Any]) -> None:
    if "<verdict>" in content(found):
        message(content="Both are fine.")(found)


def only(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: wanted.keys() <= set(names)


def shorter_than(size: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: len(json.dumps(wanted["messages"])) <= size


def choice(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda found: found["choices"][0].update(fields)


def body(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda found: found.update(fields)


def each(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    """Change every piece of a stream."""

    def made(stream: bytes) -> bytes:
        pieces = []
        for line in stream.split(b"\n\n"):
            if line.startswith(b"data: {"):
                piece = json.loads(line[6:])
                change(piece)
                pieces.append(b"data: " + json.dumps(piece).encode())
            else:
                pieces.append(line)
        return b"\n\n".join(pieces)

    return made


def cumulative(stream: bytes) -> bytes:
    said = ""

    def change(piece: dict[str, Any]) -> None:
        nonlocal said
        for one in piece["choices"]:
            if "content" in one["delta"]:
                said += one["delta"]["content"]
                one["delta"]["content"] = said

    return each(change)(stream)


def repeated(stream: bytes) -> bytes:
    """Let the last piece hold the whole message once more."""
    said: list[str] = []

    def change(piece: dict[str, Any]) -> None:
        for one in piece["choices"]:
            said.append(one["delta"].get("content", ""))
            if one["finish_reason"]:
                one["message"] = {"role": "assistant", "content": "".join(said)}

    return each(change)(stream)


def on_several_lines(stream: bytes) -> bytes:
    """Write every piece over several lines of data, as the standard allows."""
    pieces = [line[6:] for line in stream.split(b"\n\n") if line.startswith(b"data: {")]
    spread = [json.dumps(json.loads(piece), indent=0).encode().replace(b"\n", b"\ndata: ") for piece in pieces]
    return b"".join(b"data: " + piece + b"\n\n" for piece in spread) + b"data: [DONE]\n\n"


def beside(words: str) -> Callable[[bytes], bytes]:
    """Write a second choice beside the first in every piece."""
    other = {"index": 1, "delta": {"content": words}, "finish_reason": None}
    return each(lambda piece: piece["choices"].insert(0, other))


def last_twice(stream: bytes) -> bytes:
    pieces = stream.split(b"\n\n")
    at = next(place for place, piece in enumerate(pieces) if b'"stop"' in piece)
    return b"\n\n".join([*pieces[: at + 1], *pieces[at:]])


def put_into(envelope: Callable[[dict[str, Any]], object]) -> Sent:
    """Put the completion into an envelope."""
    return Sent(lambda body: json.dumps(envelope(json.loads(body))).encode())


def said_as_text(piece: dict[str, Any]) -> None:
    for one in piece["choices"]:
        if "content" in one["delta"]:
            one["delta"] = {"text": one["delta"]["content"]}


def delta_as_text(piece: dict[str, Any]) -> None:
    for one in piece["choices"]:
        one["delta"] = one["delta"].get("content", "")


def at_index(piece: dict[str, Any], index: int) -> None:
    for one in piece["choices"]:
        one["index"] = index


def choices_by_index(piece: dict[str, Any]) -> None:
    piece["choices"] = {str(one["index"]): one for one in piece["choices"]}


def end_first(stream: bytes) -> bytes:
    """Let the piece that tells the end come right after the first."""
    first, *rest = stream.split(b"\n\n")
    return b"\n\n".join([first, *sorted(rest, key=lambda piece: b'"stop"' not in piece)])


def remade(made: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Write the data of every piece in another way."""
    return lambda stream: b"\n\n".join(
        b"data: " + made(piece[6:]) if piece.startswith(b"data: {") else piece for piece in stream.split(b"\n\n")
    )


in_quotes = remade(lambda data: json.dumps(data.decode()).encode())
in_base64 = remade(base64.b64encode)
in_halves = remade(lambda data: data[:50] + b"\n\ndata: " + data[50:])


def done_as(line: bytes) -> Sent:
    return Sent(lambda stream: stream.replace(b"data: [DONE]", line), streamed=True)


def told(sentence: str, status: int = 400) -> Refuse:
    return Refuse(status, sentence)


def bare_http(body: bytes) -> bytes:
    return b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body


def in_chunks(*parts: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def smaller_than(size: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: len(json.dumps(wanted)) <= size


def as_message(piece: dict[str, Any]) -> None:
    for one in piece["choices"]:
        one.update(message=one["delta"], delta=None)


def in_parts(piece: dict[str, Any]) -> None:
    for one in piece["choices"]:
        if "content" in one["delta"]:
            one["delta"]["content"] = [{"type": "text", "text": one["delta"]["content"]}]


def as_groq(piece: dict[str, Any]) -> None:
    if "usage" in piece:
        piece["x_groq"] = {"usage": piece.pop("usage")}


THINKING_PART = (
    b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"'
    + THOUGHT.encode()
    + b'"}]}]}}]}\n\n'
)


@dataclass(frozen=True)
class KeepAlive:
    """A stream of so many comments before the reply."""

    comments: int

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(asked.request)
        for _ in range(self.comments):
            await response.write(b": keep-alive\n\n")
            await asyncio.sleep(0.001)
        await response.write(b"".join(in_pieces(json.loads(asked.body))))
        return response


@dataclass(frozen=True)
class EndsByCount:
    """Half of a reply that is said to have stopped, with as many tokens as it may have."""

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        found = json.loads(asked.body)
        halved_by("stop")(found)
        found["usage"]["completion_tokens"] = asked.wanted["max_tokens"]
        return web.json_response(found)


def on_the_wire(head: bytes) -> Callable[[bytes], bytes]:
    """Write a reply with a head of its own, in which a length stands in the place of ``%d``."""
    return lambda body: b"HTTP/1.1 " + head.replace(b"%d", b"%d" % len(body)) + b"\r\n\r\n" + body


def ends_in_every_piece(piece: dict[str, Any]) -> None:
    for one in piece["choices"]:
        one["finish_reason"] = "stop"


def as_texts(piece: dict[str, Any]) -> None:
    for one in piece["choices"]:
        if "content" in one["delta"]:
            one["delta"]["content"] = [one["delta"]["content"]]


def twice(stream: bytes) -> bytes:
    pieces = stream.split(b"\n\n")
    return b"\n\n".join(again for one in pieces for again in ([one, one] if b'"content"' in one else [one]))


def escaped(found: dict[str, Any]) -> None:
    message(content=html.escape(content(found), quote=False))(found)


def as_json(found: dict[str, Any]) -> None:
    message(content=json.dumps({"role": "assistant", "content": content(found)}))(found)


def another_name(found: dict[str, Any]) -> None:
    found["model"] = f"n-{zlib.crc32(content(found).encode())}b"


TEXT_PART = {"type": "text"}
HANDED_IN = {"id": "1", "type": "function", "function": {"name": "final_answer", "arguments": '{"answer": "C"}'}}


@dataclass(frozen=True)
class WithItsPrompt:
    """A reply behind the whole request, as servers of text generation send it; ``opens`` begins the turn."""

    form: str = "{content}\n"
    opens: str = ""

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        found = json.loads(asked.body)
        before = "".join(self.form.format_map(one) for one in asked.wanted["messages"])
        message(content=before + self.opens + content(found))(found)
        return web.json_response(found)


def said_as(written: Callable[[str], str]) -> Callable[[dict[str, Any]], None]:
    return lambda found: message(content=written(content(found)))(found)


def in_stream_of(protocol: str) -> Sent:
    """Return a reply as a stream of another protocol, or of none."""

    def made(body: bytes) -> bytes:
        said = content(json.loads(body))
        events: dict[str, list[dict[str, Any]]] = {
            "anthropic": [
                {"type": "message_start", "message": {"role": "assistant", "content": []}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": said}},
                {"type": "message_stop"},
            ],
            "responses": [{"type": "response.output_text.delta", "delta": said}, {"type": "response.completed"}],
            "ai_sdk": [{"type": "start"}, {"type": "text-delta", "id": "0", "delta": said}, {"type": "finish"}],
            "dify": [{"event": "message", "answer": said}, {"event": "message_end"}],
        }
        if protocol == "words":
            return b"".join(b"data: " + word.encode() + b"\n\n" for word in said.split()) + b"data: [DONE]\n\n"
        if protocol == "lines":
            pieces = (piece for piece in in_pieces(json.loads(body)) if piece.startswith(b"data: {"))
            return b"".join(b"data: " + json.dumps(json.loads(one[6:]), indent=1).encode() + b"\n\n" for one in pieces)
        return b"".join(
            f"event: {one.get('type', 'message')}\ndata: {json.dumps(one)}\n\n".encode() for one in events[protocol]
        )

    return Sent(made, {"Content-Type": "text/event-stream"})


def in_signed_chunk(body: bytes, behind_its_size: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x" % len(body) + behind_its_size + b"\r\n" + body + b"\r\n0\r\n\r\n"


JSON_HEAD = b"200 OK\r\nContent-Type: application/json\r\n"


ROWS: dict[str, Row] = {
    # Replies
    "a reply in one piece": Row(spoiled(lambda found: None), "works"),
    "a stream": Row(spoiled(lambda found: None, streamed=True), "works"),
    "a stream without usage, whole replies with it": Row(
        Spoiled(lambda found: None, lambda found: in_pieces({**found, "usage": None})), "works"
    ),
    "a stream that was not asked for": Row(
        Body(b'data: {"choices":[{"delta":{"content":"<answer>A</answer>"}}]}\n\ndata: [DONE]\n\n'), "works"
    ),
    "a stream without blank lines": Row(
        Spoiled(lambda found: None, lambda found: [piece.replace(b"\n\n", b"\n") for piece in in_pieces(found)]),
        "works",
    ),
    "a stream that breaks off": Row(
        Spoiled(lambda found: None, lambda found: in_pieces(found)[:-3]), "adapted", "whole"
    ),
    "a stream that ends in an error": Row(
        Spoiled(
            lambda found: None, lambda found: [*in_pieces(found)[:4], b'data: {"error": {"message": "overloaded"}}\n\n']
        ),
        "refused",
        "failed while it wrote",
    ),
    "content in parts": Row(spoiled(parts()), "works"),
    "several choices": Row(
        spoiled(lambda found: found["choices"].append({"index": 1, "message": {"content": "WRONG"}})), "works"
    ),
    # Reasoning
    "thoughts in reasoning_content (DeepSeek, Qwen, vLLM)": Row(spoiled(message(reasoning_content=THOUGHT)), "works"),
    "the same as a stream": Row(spoiled(message(reasoning_content=THOUGHT), streamed=True), "works"),
    "thoughts in reasoning (OpenRouter, Groq)": Row(spoiled(message(reasoning=THOUGHT)), "works"),
    "thoughts in reasoning_details": Row(
        spoiled(message(reasoning_details=[{"type": "reasoning.text", "text": THOUGHT}])), "works"
    ),
    "thoughts in thinking (Ollama)": Row(spoiled(message(thinking=THOUGHT)), "works"),
    "thinking_blocks (LiteLLM)": Row(
        spoiled(message(thinking_blocks=[{"type": "thinking", "thinking": THOUGHT}])), "works"
    ),
    "parts of type thinking (Mistral)": Row(
        spoiled(parts({"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]})), "works"
    ),
    "parts marked thought (Gemini)": Row(spoiled(parts({"type": "text", "text": THOUGHT, "thought": True})), "works"),
    "<think> in the text (DeepSeek R1, Qwen3)": Row(spoiled(text("<think>\nTHOUGHT\n</think>\n\nANSWER")), "works"),
    "the same as a stream of text": Row(spoiled(text("<think>\nTHOUGHT\n</think>\n\nANSWER"), streamed=True), "works"),
    "<think> that the template opened": Row(spoiled(text("THOUGHT\n</think>\n\nANSWER")), "works"),
    "an empty <think> (Qwen3 without thinking)": Row(spoiled(text("<think>\n\n</think>\n\nANSWER")), "works"),
    "several thoughts between steps": Row(
        spoiled(text("<think>THOUGHT</think>\nANSWER\n<think>THOUGHT</think>\n")), "works"
    ),
    "<seed:think>": Row(spoiled(text("<seed:think>THOUGHT</seed:think>ANSWER")), "works"),
    "[THINK] (Magistral)": Row(spoiled(text("[THINK]THOUGHT[/THINK]ANSWER")), "works"),
    "◁think▷ (Kimi)": Row(spoiled(text("◁think▷THOUGHT◁/think▷ANSWER")), "works"),
    "START_THINKING marks (Command)": Row(spoiled(text("<|START_THINKING|>THOUGHT<|END_THINKING|>ANSWER")), "works"),
    "begin_of_thought marks (OpenThinker)": Row(
        spoiled(text("<|begin_of_thought|>THOUGHT<|end_of_thought|>ANSWER")), "works"
    ),
    "begin_of_thought and begin_of_solution marks (OpenThinker)": Row(
        spoiled(
            text(
                "<|begin_of_thought|>\n\nTHOUGHT\n\n<|end_of_thought|>\n\n"
                "<|begin_of_solution|>\n\nANSWER\n\n<|end_of_solution|>"
            )
        ),
        "works",
    ),
    "begin_of_solution marks": Row(spoiled(text("<|begin_of_solution|>ANSWER<|end_of_solution|>")), "works"),
    "<think> before an <answer> around the reply (Hunyuan)": Row(
        spoiled(text("<think>\nTHOUGHT\n</think>\n<answer>\nANSWER\n</answer>")), "works"
    ),
    "thoughts in reasoning_content before an <answer> around the reply": Row(
        spoiled(lambda found: (text("<answer>\nANSWER\n</answer>")(found), message(reasoning_content=THOUGHT)(found))),
        "works",
    ),
    "Thinking... done thinking. (Ollama's command line)": Row(
        spoiled(text("Thinking...\nTHOUGHT\n...done thinking.\n\nANSWER")), "works"
    ),
    "the same with one sign for the dots": Row(
        spoiled(text("Thinking…\nTHOUGHT\n…done thinking.\n\nANSWER"), streamed=True), "works"
    ),
    "a Thinking... that never ends": Row(
        spoiled(lambda found: (text("Thinking...\nTHOUGHT and so on")(found), ends("length")(found))),
        "refused",
        "reasoning_tokens=",
    ),
    'details of type="reasoning" (Open WebUI)': Row(
        spoiled(
            text(
                '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n'
                "THOUGHT\n</details>\nANSWER"
            )
        ),
        "works",
    ),
    "channels (gpt-oss)": Row(
        spoiled(
            text(
                "<|channel|>analysis<|message|>THOUGHT<|end|><|start|>assistant<|channel|>final<|message|>ANSWER<|return|>"
            )
        ),
        "works",
    ),
    "channels without their marks (gpt-oss)": Row(spoiled(text("analysisTHOUGHTassistantfinalANSWER")), "works"),
    "a thought that never ends": Row(
        spoiled(text("<think>\nTHOUGHT and so on")), "refused", "thoughts and no answer.*reasoning_tokens="
    ),
    "a channel that never comes to its answer": Row(
        spoiled(text("<|channel|>analysis<|message|>THOUGHT")), "refused", "reasoning_tokens="
    ),
    "no text at 16 tokens, thoughts only": Row(Unless(needs_room, spoiled(ends("length", ""))), "works"),
    "HTTP 400 at 16 tokens, as OpenAI says it": Row(
        Unless(
            needs_room,
            Refuse(400, "Could not finish the message because max_tokens or model output limit was reached."),
        ),
        "works",
    ),
    "no text at any limit": Row(spoiled(ends("length", "")), "refused", "reasoning_tokens=8192"),
    # Endings
    "finish_reason error": Row(spoiled(ends("error")), "refused", "finish_reason: error"),
    "finish_reason content_filter": Row(spoiled(ends("content_filter")), "refused", "content filter"),
    "a refusal in place of content": Row(
        spoiled(message(content=None, refusal="I cannot help with that.")), "refused", "refused by the model"
    ),
    "a tool call in place of an answer": Row(
        spoiled(message(content=None, tool_calls=[{"id": "1"}])), "refused", "asks for a tool"
    ),
    "an error with HTTP 200": Row(
        Body(b'{"error": {"message": "Provider returned error", "code": 502}}'), "refused", "Provider returned error"
    ),
    "HTML with HTTP 200": Row(
        Body(b"<html><body>Sign in</body></html>"), "refused", "a web page “Sign in”.*--base-url"
    ),
    # Parameters
    "max_completion_tokens in place of max_tokens": Row(
        Unless(
            without("max_tokens"),
            Refuse(400, "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
        ),
        "adapted",
        "max_completion_tokens",
    ),
    "no temperature but 1 (GPT-5)": Row(
        Unless(
            without("temperature"),
            Refuse(400, "Unsupported value: 'temperature' does not support 0.0 with this model. Only 1 is supported."),
        ),
        "adapted",
        "no temperature",
    ),
    "the same within HTTP 500": Row(
        Unless(
            without("temperature"),
            Refuse(500, "litellm.BadRequestError: Unsupported value: 'temperature' does not support 0.0"),
        ),
        "adapted",
        "no temperature",
    ),
    "no seed": Row(Unless(without("seed"), Refuse(422, "seed: Extra inputs are not permitted")), "adapted", "no seed"),
    "no seed, in Google's words": Row(
        Unless(without("seed"), Refuse(400, 'Invalid JSON payload received. Unknown name "seed": Cannot find field.')),
        "adapted",
        "no seed",
    ),
    "no stream_options": Row(
        Unless(without("stream_options"), Refuse(400, "Unrecognized request argument supplied: stream_options")),
        "adapted",
        "tokens in streams",
    ),
    "no streams": Row(
        Unless(without("stream"), Refuse(400, "'stream' is not supported for this model")), "adapted", "whole"
    ),
    "a limit of tokens": Row(
        Unless(
            at_most(512),
            Refuse(400, "max_tokens is too large: 2000. This model supports at most 512 completion tokens."),
        ),
        "adapted",
        "at most 512 tokens",
    ),
    "a limit of tokens, in DeepSeek's words": Row(
        Unless(at_most(512), Refuse(400, "Invalid max_tokens value, the valid range of max_tokens is [1, 512]")),
        "adapted",
        "at most 512 tokens",
    ),
    "a context that leaves less for the reply": Row(
        Unless(
            at_most(964),
            Refuse(
                400,
                "'max_tokens' is too large: 2000. This model's maximum context length is 1024 tokens and your request "
                "has 60 input tokens (2000 > 1024 - 60).",
            ),
        ),
        "adapted",
        "context is 1,024 tokens",
    ),
    "a prompt beyond the context (OpenAI)": Row(
        Refuse(
            400,
            "This model's maximum context length is 512 tokens. However, your messages resulted in 800 tokens.",
            "context_length_exceeded",
        ),
        "refused",
        "does not fit: 800 tokens.*context of 512",
    ),
    "a prompt beyond the context (Anthropic)": Row(
        Refuse(400, "prompt is too long: 210000 tokens > 200000 maximum"), "refused", "210,000 tokens.*200,000"
    ),
    "a prompt beyond the context (Gemini)": Row(
        Refuse(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
        "refused",
        "1,200,000 tokens.*1,048,576",
    ),
    # Roles
    "no system role": Row(
        Unless(roles("system", "developer"), Refuse(400, "System role not supported")), "adapted", "before the input"
    ),
    "no system role, in a template's words": Row(
        Unless(
            roles("system", "developer"),
            Refuse(500, "Conversation roles must alternate user/assistant/user/assistant/..."),
        ),
        "adapted",
        "before the input",
    ),
    "developer in place of system": Row(
        Unless(
            roles("system"),
            Refuse(400, "Unsupported value: 'messages[0].role' does not support 'system' with this model."),
        ),
        "adapted",
        "developer",
    ),
    "Gemma at Gemini's address": Row(
        Unless(roles("system", "developer"), Refuse(400, "Developer instruction is not enabled for models/gemma-3")),
        "adapted",
        "before the input",
    ),
    # Requests written otherwise
    "content as a list of parts, in OpenAI's words": Row(
        Unless(
            parts_only,
            Refuse(
                400, "Invalid type for 'messages[0].content': expected an array of objects, but got a string instead."
            ),
        ),
        "adapted",
        "a list of parts",
    ),
    "content as a list of parts, in FastAPI's words": Row(
        Unless(
            parts_only,
            told(
                "[{'type': 'list_type', 'loc': ('body', 'messages', 0, 'content'), 'msg': 'Input should be a list'}]",
                422,
            ),
        ),
        "adapted",
        "a list of parts",
    ),
    "content must not be a text": Row(
        Unless(parts_only, Refuse(400, "messages.content can not be a string for this model")),
        "adapted",
        "a list of parts",
    ),
    "content as a list of parts, and no system role": Row(
        Several(
            (
                Unless(parts_only, Refuse(400, "`content` must be an array of content parts")),
                Unless(roles("system"), Refuse(400, "System role not supported")),
            )
        ),
        "adapted",
        "a list of parts",
    ),
    "one limit of tokens only": Row(
        Unless(exactly(1024), Refuse(400, "max_tokens must be 1024 for this model")), "adapted", "must be 1,024"
    ),
    "one limit of tokens only, in other words": Row(
        Unless(exactly(512), told("`max_tokens` only supports the value 512", 422)), "adapted", "must be 512"
    ),
    "one limit of tokens only, larger than a call may have": Row(
        Unless(exactly(200000), Refuse(400, "max_tokens should be equal to 200000")),
        "refused",
        "models.max_tokens=200000",
    ),
    # Streams and errors in other forms
    "a stream of bare lines of JSON": Row(Sent(bare, streamed=True), "works"),
    "a stream of bare lines of JSON, and [DONE]": Row(
        Sent(lambda stream: bare(stream) + b"[DONE]\n", {"Content-Type": "application/x-ndjson"}, streamed=True),
        "works",
    ),
    "a stream of bare lines that breaks off": Row(
        Sent(lambda stream: b"\n".join(bare(stream).split(b"\n")[:3]) + b"\n", streamed=True), "refused", "broke off"
    ),
    "an error as the answer (Envoy)": Row(
        spoiled(error_as_text("upstream connect error or disconnect/reset before headers. reset reason: overflow")),
        "refused",
        "answered by the same error",
    ),
    "an error as the answer, with its number": Row(
        spoiled(error_as_text("Error code: 502 - {'error': {'message': 'Bad gateway', 'request_id': 'a1b2c3d4'}}")),
        "refused",
        "answered by the same error",
    ),
    "an error as the answer, as a stream": Row(
        spoiled(error_as_text("⚠️ Error: Internal Server Error"), streamed=True), "refused", "answered by the same error"
    ),
    # What gateways and servers of 2026 say
    "no stream_options, in xAI's words": Row(
        Unless(without("stream_options"), told("Argument not supported: stream_options")),
        "adapted",
        "tokens in streams",
    ),
    "no stream_options, in Groq's older words": Row(
        Unless(without("stream_options"), told("property 'stream_options' is unsupported, did you mean 'stream'?")),
        "adapted",
        "tokens in streams",
    ),
    "no streams (o1)": Row(
        Unless(
            without("stream"),
            told("Unsupported value: 'stream' does not support true with this model. Supported values are: false."),
        ),
        "adapted",
        "whole",
    ),
    "no seed (LiteLLM)": Row(
        Unless(
            without("seed"),
            told("litellm.UnsupportedParamsError: watsonx does not support parameters: ['seed'], for model=m."),
        ),
        "adapted",
        "no seed",
    ),
    "no temperature (LiteLLM)": Row(
        Unless(
            without("temperature"),
            told(
                "litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0.7. Only 1 is supported.", 500
            ),
        ),
        "adapted",
        "no temperature",
    ),
    "no temperature (Claude at a gateway)": Row(
        Unless(without("temperature"), told("`temperature` may only be set to 1 when thinking is enabled.")),
        "adapted",
        "no temperature",
    ),
    "no temperature (Moonshot)": Row(
        Unless(without("temperature"), told("invalid temperature: only 1 is allowed for this model")),
        "adapted",
        "no temperature",
    ),
    "a temperature above 0 (Cerebras)": Row(
        Unless(without("temperature"), told("temperature: Input should be greater than 0", 422)),
        "adapted",
        "no temperature",
    ),
    "no max_tokens (Perplexity behind a gateway)": Row(
        Unless(without("max_tokens"), told("Unrecognized request argument supplied: max_tokens")),
        "adapted",
        "max_completion_tokens",
    ),
    "one system prompt only, at the beginning (Qwen's template)": Row(
        Unless(roles("system"), told("System message must be at the beginning. System role not supported otherwise.")),
        "adapted",
        "no system message",
    ),
    "errors of Cloudflare": Row(
        Sent(lambda _: b'{"result":null,"success":false,"errors":[{"code":7009,"message":"Upstream unavailable"}]}'),
        "refused",
        "Upstream unavailable",
    ),
    "errors of Cloudflare, with HTTP 400": Row(
        Sent(
            lambda _: b'{"result":null,"success":false,"errors":[{"code":5007,"message":"No such model"}]}', status=400
        ),
        "refused",
        "No such model",
    ),
    "a result around the completion (Cloudflare)": Row(
        Sent(lambda found: b'{"result":' + found + b',"success":true,"errors":[],"messages":[]}'), "works"
    ),
    "data around the completion": Row(Sent(lambda found: b'{"code":0,"msg":"ok","data":' + found + b"}"), "works"),
    "a provider that does not exist (Cloudflare)": Row(told("Invalid provider", 400), "refused", "Invalid provider"),
    "errors of watsonx": Row(
        Sent(
            lambda _: b'{"errors":[{"code":"model_not_supported","message":"Model m is not supported"}],"trace":"f2"}',
            status=404,
        ),
        "refused",
        "Model m is not supported",
    ),
    "error_code and message (Databricks)": Row(
        Sent(lambda _: b'{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Endpoint m does not exist"}', status=404),
        "refused",
        "Endpoint m does not exist",
    ),
    "a title and a detail (RFC 9457)": Row(
        Sent(
            lambda _: b'{"type":"about:blank","title":"Bad Request","status":400,"detail":"model is not deployed"}',
            status=400,
        ),
        "refused",
        "model is not deployed",
    ),
    "an error code of SageMaker": Row(
        Sent(lambda _: b'{"ErrorCode":"CLIENT_ERROR","OriginalMessage":"no such model"}', status=424),
        "refused",
        "no such model",
    ),
    "a text beside the choices of a gateway": Row(spoiled(body(provider="X", warnings=["deprecated"])), "works"),
    "thoughts and text both in the content of vLLM's parser": Row(
        spoiled(text("THOUGHT\n</think>\n\nANSWER")), "works"
    ),
    "annotations and citations (Perplexity)": Row(
        spoiled(lambda found: (found.update(citations=["x"], search_results=[]), message(annotations=[])(found))),
        "works",
    ),
    "audio of null, refusal of null": Row(spoiled(message(audio=None, refusal=None, function_call=None)), "works"),
    "a service tier and time of the queue (Groq)": Row(
        spoiled(body(service_tier="on_demand", x_groq={"id": "req"}, usage_breakdown=None)), "works"
    ),
    "time_info (Cerebras)": Row(spoiled(body(time_info={"queue_time": 0.1, "total_time": 0.2})), "works"),
    "prompt logprobs of null (vLLM)": Row(
        spoiled(body(prompt_logprobs=None, kv_transfer_params=None, prompt_token_ids=None)), "works"
    ),
    "a stop_reason beside (vLLM)": Row(spoiled(choice(stop_reason=151643, token_ids=None)), "works"),
    "timings beside (llama.cpp)": Row(spoiled(body(timings={"predicted_ms": 5.0}), streamed=True), "works"),
    "stats beside (LM Studio)": Row(spoiled(body(stats={}, model_info={"arch": "qwen3"})), "works"),
    "an object of another name": Row(spoiled(body(object="chat.completions")), "works"),
    "content filter results beside (Azure)": Row(
        spoiled(choice(content_filter_results={"hate": {"filtered": False, "severity": "safe"}})), "works"
    ),
    "moderation beside (Mistral)": Row(spoiled(body(prompt_filter_results=[])), "works"),
    "finish_reason eos_token (TGI)": Row(spoiled(ends("eos_token")), "works"),
    "finish_reason stop_token": Row(spoiled(ends("stop_token")), "works"),
    "finish_reason DONE": Row(spoiled(ends("DONE")), "works"),
    "finish_reason repetition": Row(spoiled(halved_by("repetition")), "counted"),
    "finish_reason model_context_window_exceeded": Row(spoiled(halved_by("model_context_window_exceeded")), "counted"),
    "finish_reason content_filtered (Bedrock)": Row(spoiled(ends("content_filtered")), "refused", "content filter"),
    "finish_reason PROHIBITED_CONTENT (Gemini)": Row(spoiled(ends("PROHIBITED_CONTENT")), "refused", "content filter"),
    "finish_reason server_error": Row(spoiled(ends("server_error")), "refused", "server_error"),
    "finish_reason timeout": Row(spoiled(ends("timeout")), "refused", "timeout"),
    "a model that is not pulled (Ollama)": Row(
        told('model "m" not found, try pulling it first', 404), "refused", "try pulling it first"
    ),
    "a model for the responses API alone (OpenAI)": Row(
        told("This model is only supported in v1/responses and not in v1/chat/completions.", 404),
        "refused",
        "but at v1/responses, which is not asked: name one for chats.*LiteLLM",
    ),
    "a model that is none for chats (OpenAI)": Row(
        told(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
            "Did you mean to use v1/completions?",
            404,
        ),
        "refused",
        "but at v1/completions",
    ),
    "chats are not taken (a gateway)": Row(
        told("Unsupported legacy protocol: /v1/chat/completions is not supported. Please use /v1/responses."),
        "refused",
        "but at v1/responses",
    ),
    "no worker is left (SGLang's router)": Row(
        told("No available workers (all circuits open or unhealthy)", 503), "refused", "No available workers"
    ),
    "a key that may not use this model (LiteLLM)": Row(
        told("key not allowed to access model. This key can only access models=['other']", 401),
        "refused",
        "only access",
    ),
    "a region without the model (Vertex)": Row(
        told("Publisher Model `m` was not found or your project does not have access to it.", 404),
        "refused",
        "Publisher",
    ),
    "a deployment that is none (Azure)": Row(
        told("The API deployment for this resource does not exist.", 404), "refused", "deployment"
    ),
    "a model in the wrong form (OpenRouter)": Row(told("m is not a valid model ID"), "refused", "not a valid model"),
    "data policy (OpenRouter)": Row(
        told("No endpoints found matching your data policy. Configure: settings/privacy", 404), "refused", "data policy"
    ),
    "an email that is not verified": Row(told("Please verify your email address", 403), "refused", "verify your email"),
    "one 429 with a reset in milliseconds": Row(
        Once(Refuse(429, "Too fast", headers={"x-ratelimit-reset-requests": "20ms"})), "works"
    ),
    "one 502 in HTML (Vercel)": Row(
        Once(Sent(lambda _: b"<html><title>502</title></html>", {"Content-Type": "text/html"}, status=502)), "works"
    ),
    "one 503 of a cold start (Hugging Face)": Row(Once(told("Model is starting", 503)), "works"),
    "<reasoning_content> in the text": Row(
        spoiled(text("<reasoning_content>THOUGHT</reasoning_content>ANSWER")), "works"
    ),
    "<reflection> before the answer": Row(spoiled(text("<reflection>THOUGHT</reflection>\nANSWER")), "works"),
    "a final channel in brackets": Row(
        spoiled(
            text(
                "<|channel|>analysis<|message|>THOUGHT<|end|><|start|>assistant<|channel|>final<|message|>ANSWER<|return|>"
            )
        ),
        "works",
    ),
    "thinking as a field of a part": Row(spoiled(parts({"type": "reasoning", "text": THOUGHT})), "works"),
    "reasoning_summary beside": Row(spoiled(message(reasoning_summary=THOUGHT)), "works"),
    "thinking content beside (Qwen Code)": Row(spoiled(message(thinking_content=THOUGHT)), "works"),
    "reasoning in a stream, then null": Row(spoiled(message(reasoning_content=THOUGHT), streamed=True), "works"),
    # Usage
    "no usage": Row(spoiled(usage(None)), "works"),
    "usage of zeros": Row(spoiled(usage({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})), "works"),
    # Every call
    "a wrong key": Row(Refuse(401, "Incorrect API key provided", "invalid_api_key"), "refused", "check key"),
    "no credit": Row(Refuse(402, "Insufficient Balance"), "refused", "no credit"),
    "a quota that is used up": Row(
        Refuse(429, "You exceeded your current quota", "insufficient_quota"), "refused", "check key, credit"
    ),
    "an unknown model": Row(Refuse(404, "The model `m` does not exist", "model_not_found"), "refused", "model name"),
    "a redirect": Row(Refuse(308, headers={"Location": "http://127.0.0.1:1/v1"}), "refused", "give the final address"),
    "headers that it does not know": Row(
        Refuse(400, "Unexpected header(s): X-Maspo-Purpose"), "refused", "models.attribution=false"
    ),
    "a refusal of every prompt": Row(
        Refuse(400, "The prompt triggered Azure OpenAI's content management policy.", "content_filter"),
        "refused",
        "content filter",
    ),
    "slow": Row(Slow(0.02), "works"),
    # Forms of a reply that people meet in gateways and local servers
    "a byte order mark before the JSON": Row(Sent(lambda body: b"\xef\xbb\xbf" + body), "works"),
    "blank lines before the JSON (DeepSeek)": Row(Sent(lambda body: b"\n\n\n" + body), "works"),
    "UTF-16": Row(Sent(lambda body: body.decode().encode("utf-16")), "works"),
    "the type of plain text": Row(Sent(bytes, {"Content-Type": "text/plain"}), "works"),
    "gzip": Row(Sent(gzip.compress, {"Content-Encoding": "gzip"}), "works"),
    "deflate": Row(Sent(zlib.compress, {"Content-Encoding": "deflate"}), "works"),
    "gzip that is none": Row(Sent(bytes, {"Content-Encoding": "gzip"}), "refused", "decode"),
    "HTTP/1.0": Row(Wire(bare_http), "works"),
    "one byte a chunk": Row(Wire(lambda body: in_chunks(*(bytes([one]) for one in body))), "works"),
    "garbage after the JSON": Row(Sent(lambda body: body + b"\n<!-- proxy -->"), "works"),
    "a body that is cut": Row(Sent(lambda body: body[: len(body) // 2]), "refused", "no chat completion"),
    "an empty body": Row(Body(b""), "refused", "no chat completion"),
    "HTTP 204": Row(Body(b"", 204), "refused", "HTTP 204"),
    "HTTP 202, accepted for later": Row(Body(b"", 202), "refused", "HTTP 202"),
    "lines end with CR and LF": Row(Sent(lambda body: body.replace(b"\n", b"\r\n"), streamed=True), "works"),
    "no blank after data:": Row(Sent(lambda body: body.replace(b"data: ", b"data:"), streamed=True), "works"),
    "event: lines": Row(Sent(lambda body: body.replace(b"data: ", b"event: message\ndata: "), streamed=True), "works"),
    "id: and retry: lines": Row(
        Sent(lambda body: b"retry: 10\n" + body.replace(b"data: ", b"id: 1\ndata: "), streamed=True), "works"
    ),
    "comments between pieces (OpenRouter)": Row(
        Sent(lambda body: body.replace(b"\n\n", b"\n\n: OPENROUTER PROCESSING\n\n"), streamed=True), "works"
    ),
    "a byte order mark before a stream": Row(Sent(lambda body: b"\xef\xbb\xbf" + body[9:], streamed=True), "works"),
    "no [DONE]": Row(Sent(lambda body: body.replace(b"data: [DONE]\n\n", b""), streamed=True), "works"),
    "nothing that ends a stream": Row(
        Sent(lambda body: body.replace(b"data: [DONE]\n\n", b"").replace(b'"stop"', b"null"), streamed=True),
        "refused",
        "broke off",
    ),
    "the whole message as one piece": Row(Sent(lambda body: b"data: " + body + b"\n\ndata: [DONE]\n\n"), "works"),
    "the whole message again in the last piece": Row(Sent(repeated, streamed=True), "works"),
    "each piece holds all so far": Row(Sent(cumulative, streamed=True), "works"),
    "a first piece without choices (Azure)": Row(
        Sent(lambda body: b'data: {"choices":[],"prompt_filter_results":[]}\n\n' + body, streamed=True), "works"
    ),
    "null content in the first piece": Row(
        Sent(
            lambda body: body.replace(b'{"role": "assistant"}', b'{"role": "assistant", "content": null}'),
            streamed=True,
        ),
        "works",
    ),
    "the index as text": Row(Sent(lambda body: body.replace(b'"index": 0', b'"index": "0"'), streamed=True), "works"),
    "an empty finish_reason in every piece": Row(
        Sent(lambda body: body.replace(b'"finish_reason": null', b'"finish_reason": ""'), streamed=True), "works"
    ),
    "usage in every piece (vLLM)": Row(
        Sent(each(body(usage={"prompt_tokens": 5, "completion_tokens": 9})), streamed=True), "works"
    ),
    "an error as the first piece": Row(
        Body(b'event: error\ndata: {"error": {"message": "out of capacity"}}\n\n'), "refused", "out of capacity"
    ),
    "an error within a choice (OpenRouter)": Row(
        spoiled(choice(error={"code": 502, "message": "Provider went away"})), "refused", "Provider went away"
    ),
    "an error beside choices": Row(spoiled(body(error={"message": "interrupted"})), "refused", "interrupted"),
    "an error as text": Row(
        Body(b'{"error": "model runner has unexpectedly stopped"}'), "refused", "unexpectedly stop"
    ),
    "code and msg (gateways in China)": Row(
        Body(b'{"code": 500, "msg": "busy", "data": null}'), "refused", "no chat completion.*busy"
    ),
    "base_resp (MiniMax)": Row(
        Body(b'{"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": null}'),
        "refused",
        "insufficient balance",
    ),
    "no choices": Row(spoiled(body(choices=[])), "refused", "no chat completion"),
    "choices of null": Row(spoiled(body(choices=None)), "refused", "no chat completion"),
    "text of the older completions": Row(
        Body(b'{"choices": [{"text": "<answer>A</answer>", "finish_reason": "stop"}]}'), "works"
    ),
    "the form of Ollama's own address": Row(
        Body(b'{"message": {"role": "assistant", "content": "A"}, "done": true}'), "refused", "no chat completion"
    ),
    "the form of Anthropic's own address": Row(
        Body(b'{"content": [{"type": "text", "text": "A"}], "stop_reason": "end_turn"}'),
        "refused",
        "no chat completion",
    ),
    "parts of type output_text": Row(
        spoiled(lambda found: message(content=[{"type": "output_text", "text": content(found)}])(found)), "works"
    ),
    "a list of plain texts": Row(spoiled(lambda found: message(content=[content(found)])(found)), "works"),
    "a refusal as a part": Row(
        spoiled(message(content=[{"type": "refusal", "refusal": "No."}])), "refused", "refused by the model"
    ),
    "null content and thoughts that ended": Row(
        spoiled(message(content=None, reasoning_content=THOUGHT)), "refused", "thoughts and no answer"
    ),
    "a tool call beside text": Row(spoiled(message(tool_calls=[])), "works"),
    # Ways to end
    "finish_reason end_turn": Row(spoiled(ends("end_turn")), "works"),
    "finish_reason eos": Row(spoiled(ends("eos")), "works"),
    "finish_reason STOP": Row(spoiled(ends("STOP")), "works"),
    "no finish_reason": Row(spoiled(ends(None)), "works"),
    "finish_reason insufficient_system_resource (DeepSeek)": Row(
        spoiled(ends("insufficient_system_resource")), "refused", "insufficient_system_resource"
    ),
    "finish_reason network_error (Zhipu)": Row(spoiled(ends("network_error")), "refused", "network_error"),
    "finish_reason abort (vLLM)": Row(spoiled(ends("abort")), "refused", "finish_reason: abort"),
    "finish_reason guardrail_intervened (Bedrock)": Row(
        spoiled(ends("guardrail_intervened")), "refused", "content filter"
    ),
    "finish_reason SAFETY (Gemini)": Row(spoiled(ends("SAFETY")), "refused", "content filter"),
    "finish_reason IMAGE_SAFETY, with text": Row(spoiled(ends("IMAGE_SAFETY")), "refused", "content filter"),
    # Tokens
    "usage of null": Row(spoiled(body(usage=None)), "works"),
    "usage as text": Row(spoiled(body(usage={"prompt_tokens": "7", "completion_tokens": "3"})), "works"),
    "usage with null in it": Row(spoiled(body(usage={"prompt_tokens": None, "completion_tokens": None})), "works"),
    "usage by another's names": Row(spoiled(body(usage={"input_tokens": 7, "output_tokens": 3})), "works"),
    # Passing troubles
    "HTTP 429 with a date to come back": Row(
        Once(Refuse(429, "slow down", headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"})), "works"
    ),
    "HTTP 429 with words in milliseconds": Row(Once(told("Please try again in 3ms.", 429)), "works"),
    "HTTP 400 as a limit (Bedrock)": Row(Once(told("ThrottlingException: Too many requests")), "works"),
    "HTTP 403 as a limit (Google)": Row(Once(told("rateLimitExceeded: User Rate Limit Exceeded", 403)), "works"),
    "HTTP 498 (Groq)": Row(Once(told("Flex tier capacity exceeded", 498)), "works"),
    "HTTP 424 (Bedrock)": Row(Once(told("The model failed to answer", 424)), "works"),
    "HTTP 529 (Anthropic)": Row(Once(told("Overloaded", 529)), "works"),
    "HTTP 524 in HTML (Cloudflare)": Row(
        Once(Body(b"<html><title>A timeout occurred</title>", 524, "text/html")), "works"
    ),
    "a model that crashed and loads again (LM Studio)": Row(Once(told("The model has crashed.")), "works"),
    "a model that is still loading (Hugging Face)": Row(
        Once(Body(b'{"error": "Model m is currently loading", "estimated_time": 20.0}', 503)), "works"
    ),
    "a connection that breaks once": Row(Once(Reset()), "works"),
    # Refusals of every call
    "HTTP 307": Row(Refuse(307, headers={"Location": "http://127.0.0.1:1/v1"}), "refused", "give the final address"),
    "HTTP 403 in HTML (Cloudflare)": Row(
        Body(b"<html><title>Just a moment...</title></html>", 403, "text/html"), "refused", "Just a moment"
    ),
    "HTTP 404 in HTML": Row(
        Body(b"<html>nginx</html>", 404, "text/html"), "refused", "a web page “nginx”.*--base-url ends as"
    ),
    "a plain text with HTTP 200": Row(
        Body(b"Service is up", content_type="text/plain"), "refused", "“Service is up”, text/plain"
    ),
    "XML with HTTP 200": Row(
        Body(b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", content_type="application/xml"),
        "refused",
        "AccessDenied.*application/xml",
    ),
    "the state of a server with HTTP 200": Row(Body(b'{"status": "ok"}'), "refused", "no chat completion.*ok"),
    "no credit with HTTP 400 (Anthropic)": Row(
        told("Your credit balance is too low to access the Anthropic API."), "refused", "check key, credit"
    ),
    "a key that has expired, with HTTP 400 (Gemini)": Row(
        told("API key expired. Please renew the API key."), "refused", "check key, credit"
    ),
    "no model is loaded (LM Studio)": Row(
        told("No models loaded. Please load a model in the developer page.", 404), "refused", "No models loaded"
    ),
    "a name that a gateway does not know (LiteLLM)": Row(
        told("Invalid model name passed in model=m."), "refused", "model name"
    ),
    "a model that was switched off (Groq)": Row(
        told("The model `m` has been decommissioned and is no longer supported."), "refused", "decommissioned"
    ),
    "a model for another address": Row(
        told("This model is only supported in v1/responses and not in v1/chat/completions.", 404),
        "refused",
        "v1/responses",
    ),
    "an api-version that is missing (Azure)": Row(told("Resource not found", 404), "refused", "--base-url ends as"),
    "the filter of DeepSeek": Row(told("Content Exists Risk"), "refused", "content filter"),
    "the filter of Qwen": Row(
        told("DataInspectionFailed: Input data may contain inappropriate content."), "refused", "content filter"
    ),
    "the filter of xAI, with HTTP 403": Row(
        told("Content violates usage guidelines.", 403), "refused", "content filter"
    ),
    # Parameters, roles and sizes in other words
    "temperature must be positive (TGI)": Row(
        Unless(without("temperature"), told("`temperature` must be strictly positive", 422)),
        "adapted",
        "no temperature",
    ),
    "temperature of 1 only (Anthropic)": Row(
        Unless(without("temperature"), told("`temperature` may only be set to 1 when thinking is enabled.")),
        "adapted",
        "no temperature",
    ),
    "temperature only 0.6 (Kimi)": Row(
        Unless(without("temperature"), told("invalid temperature: only 0.6 is allowed for this model")),
        "adapted",
        "no temperature",
    ),
    "temperature, in Chinese (Zhipu)": Row(
        Unless(without("temperature"), told("temperature参数非法。请检查文档。")), "adapted", "no temperature"
    ),
    "a seed of 16 bits": Row(
        Unless(without("seed"), told("Seed must be an integer between 0 and 65535")), "adapted", "no seed"
    ),
    "a seed, in a schema's words": Row(
        Unless(without("seed"), told("Additional properties are not allowed ('seed' was unexpected)")),
        "adapted",
        "no seed",
    ),
    "streams only for verified organizations (OpenAI)": Row(
        Unless(without("stream"), told("Your organization must be verified to stream this model.")), "adapted", "whole"
    ),
    "a limit of tokens (Bedrock)": Row(
        Unless(at_most(512), told("The maximum tokens you requested exceeds the model limit of 512.")),
        "adapted",
        "at most 512 tokens",
    ),
    "a limit of tokens (Gemini)": Row(
        Unless(
            at_most(512), told("maxOutputTokens value of 2000 but the supported range is from 1 to 513 (exclusive).")
        ),
        "adapted",
        "at most 512 tokens",
    ),
    "a limit of tokens (NVIDIA)": Row(
        Unless(
            at_most(512), told("'loc': ('body', 'max_tokens'), 'msg': 'Input should be less than or equal to 512'", 422)
        ),
        "adapted",
        "at most 512 tokens",
    ),
    "a limit of tokens (Groq)": Row(
        Unless(
            at_most(512),
            told(
                "`max_tokens` must be less than or equal to `512`, the maximum value for `max_tokens` is less than the "
                "`context_window` for this model"
            ),
        ),
        "adapted",
        "at most 512 tokens",
    ),
    "a limit of tokens (older Groq)": Row(
        Unless(at_most(512), told("max_tokens for `m` must be less than or equal to 512")),
        "adapted",
        "at most 512 tokens",
    ),
    "a limit of tokens that is not named (Groq behind a gateway)": Row(
        Unless(at_most(512), told("must be less than or equal to `512`")), "adapted", "at most 512 tokens"
    ),
    "a context that leaves less (TGI)": Row(
        Unless(
            at_most(964),
            told("`inputs` tokens + `max_new_tokens` must be <= 1024. Given: 44 `inputs` tokens and 2000", 422),
        ),
        "adapted",
        "context is 1,024 tokens",
    ),
    "no system role, in pydantic's words": Row(
        Unless(
            roles("system", "developer"),
            told("'loc': ('body', 'messages', 0, 'role'), 'msg': \"Input should be 'user'\", 'input': 'system'", 422),
        ),
        "adapted",
        "before the input",
    ),
    "no system role, as in Anthropic's own protocol": Row(
        Unless(roles("system", "developer"), told('messages: Unexpected role "system".')), "adapted", "before the input"
    ),
    "a first message that must be the user's": Row(
        Unless(roles("system", "developer"), told("The first message must be from the user")),
        "adapted",
        "before the input",
    ),
    "a prompt beyond the context (vLLM)": Row(
        told("The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (LM Studio)": Row(
        told(
            "Trying to keep the first 5000 tokens, but the model is loaded with context length of only 4096 tokens, "
            "which is not enough"
        ),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (Cohere)": Row(
        told("too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000."),
        "refused",
        "5,000 tokens.*4,081",
    ),
    "a prompt beyond the context (Bedrock)": Row(
        told("Input is too long for requested model."), "refused", "does not fit"
    ),
    "a prompt beyond the context (xAI)": Row(
        told("This model's maximum prompt length is 131072 but the request contains 200000 tokens."),
        "refused",
        "200,000 tokens.*131,072",
    ),
    "a prompt beyond the context (Moonshot)": Row(
        told("Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)"),
        "refused",
        "9,000 tokens.*8,192",
    ),
    "a prompt beyond the minute's tokens (Groq)": Row(
        told(
            "Request too large on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size",
            413,
        ),
        "refused",
        "9,000 tokens.*6,000",
    ),
    "a prompt beyond the minute's tokens (OpenAI)": Row(
        told("Request too large on tokens per min (TPM): Limit 6000, Requested 9000. Reduce your prompt.", 429),
        "refused",
        "does not fit",
    ),
    # What comes and goes
    "some HTTP 429": Row(Some(Refuse(429, "slow down", headers={"retry-after-ms": "1"}), once=True), "works"),
    "some HTTP 502 in HTML": Row(
        Some(Body(b"<html>502 Bad Gateway" + b"x" * 5000, 502, "text/html"), once=True), "works"
    ),
    "some errors with HTTP 200": Row(
        Some(Body(b'{"error": {"message": "Provider returned error"}}'), once=True), "works"
    ),
    "some replies without choices": Row(Some(spoiled(body(choices=[])), once=True), "works"),
    "some empty replies": Row(Some(spoiled(message(content="")), once=True), "works"),
    "some replies that end with an error": Row(Some(spoiled(ends("error", "half")), once=True), "works"),
    "one slot and a queue": Row(Slots(1), "works"),
    "at most four at a time, else HTTP 429": Row(Slots(4, Refuse(429, "Max concurrency of 4 reached")), "works"),
    "HTTP 429 always": Row(Refuse(429, "slow down", headers={"retry-after-ms": "1"}), "refused", "slow down"),
    "HTTP 429 once, for a day": Row(
        Once(Refuse(429, "daily limit", headers={"Retry-After": "86400"})), "counted", "daily limit"
    ),
    "a quota that is used up in the middle": Row(
        Some(Refuse(429, "You exceeded your current quota", "insufficient_quota"), begin=12), "refused", "check key"
    ),
    "a key that expires in the middle": Row(
        Some(Refuse(401, "Your API key has expired."), begin=12), "refused", "check the key"
    ),
    "some replies are cut": Row(Some(spoiled(halved)), "counted"),
    "some replies are thoughts that never end": Row(
        Some(spoiled(choice(message={"content": None, "reasoning_content": THOUGHT}, finish_reason="length"))),
        "counted",
    ),
    "some replies are refused by a filter": Row(Some(spoiled(ends("content_filter", ""))), "counted"),
    "some prompts are refused by a filter, with HTTP 400": Row(
        Some(told("The response was filtered due to Azure OpenAI's content management policy.")), "counted"
    ),
    "some replies are refusals": Row(Some(spoiled(message(content=None, refusal="No."))), "counted"),
    "some replies ask for a tool": Row(
        Some(spoiled(message(content=None, tool_calls=[{"id": "1"}])), every=2), "counted"
    ),
    "a judge without verdicts": Row(spoiled(unread), "counted"),
    "a context for short prompts only": Row(
        Unless(
            shorter_than(2500),
            told("This model's maximum context length is 512 tokens. However, your messages resulted in 800 tokens."),
        ),
        "counted",
    ),
    "every reply is cut": Row(spoiled(halved), "counted"),
    # Several at once, and other words
    "no max_tokens and no temperature (GPT-5)": Row(
        Several(
            (
                Unless(without("max_tokens"), told("Unsupported parameter: 'max_tokens' is not supported.")),
                Unless(without("temperature"), told("Unsupported value: 'temperature' does not support 0.0.")),
            )
        ),
        "adapted",
        "max_completion_tokens",
    ),
    "all of GPT-5 at once, and no text at 16 tokens": Row(
        Several(
            (
                Unless(without("max_tokens"), told("Unsupported parameter: 'max_tokens' is not supported.")),
                Unless(without("temperature"), told("Unsupported value: 'temperature' does not support 0.0.")),
                Unless(roles("system"), told("Unsupported value: 'messages[0].role' does not support 'system'.")),
                Unless(needs_room, spoiled(ends("length", ""))),
                spoiled(thinks_uncounted, streamed=True),
            )
        ),
        "adapted",
        "prompts go as developer's",
    ),
    "nothing but four parameters": Row(
        Several(
            tuple(
                Unless(without(name), Refuse(422, f"'loc': ['body', '{name}']: Extra inputs are not permitted"))
                for name in ("stream_options", "stream", "seed")
            )
        ),
        "adapted",
        "no seed",
    ),
    "temperature is deprecated (Claude)": Row(
        Unless(without("temperature"), told("`temperature` is deprecated for this model.")), "adapted", "no temperature"
    ),
    "max_tokens is required (Anthropic)": Row(
        Unless(lambda wanted: "max_tokens" in wanted, told("max_tokens: Field required")), "works"
    ),
    "no content at 16 tokens (Gemini)": Row(
        Unless(
            needs_room, spoiled(lambda found: (ends("length")(found), found["choices"][0]["message"].pop("content")))
        ),
        "works",
    ),
    "a country that is not served": Row(
        Refuse(403, "Country, region, or territory not supported"), "refused", "not supported"
    ),
    "a key in the wrong header (Azure)": Row(
        Refuse(401, "Access denied due to missing or invalid subscription key."), "refused", "check the key"
    ),
    # What gateways, proxies and servers of 2026 do besides
    "data on several lines": Row(Sent(on_several_lines, streamed=True), "works"),
    "a stream of the type of JSON": Row(
        Sent(lambda body: body, {"Content-Type": "application/json"}, streamed=True), "works"
    ),
    "pings and empty data": Row(
        Sent(lambda body: b": ping\n\ndata:\n\nevent: ping\ndata: {}\n\n" + body, streamed=True), "works"
    ),
    "several choices in a stream": Row(Sent(beside("WRONG"), streamed=True), "works"),
    "choices out of order": Row(
        spoiled(lambda found: found["choices"].insert(0, {"index": 1, "message": {"content": "WRONG"}})), "works"
    ),
    "text of the older completions, as a stream": Row(
        Body(
            b'data: {"choices":[{"text":"<answer>","index":0}]}\n\n'
            b'data: {"choices":[{"text":"A</answer>","index":0,"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        ),
        "works",
    ),
    "a character in two halves": Row(
        Body(
            rb'data: {"choices":[{"delta":{"content":"<answer>A</answer> \ud83d"}}]}' + b"\n\n"
            rb'data: {"choices":[{"delta":{"content":"\ude00"},"finish_reason":"stop"}]}' + b"\n\n"
        ),
        "works",
    ),
    "a role in every piece": Row(
        Sent(each(lambda piece: [one["delta"].update(role="assistant") for one in piece["choices"]]), streamed=True),
        "works",
    ),
    "the last piece twice": Row(Sent(last_twice, streamed=True), "works"),
    "the name of another model": Row(spoiled(body(model="tiny-1b")), "adapted", "tiny-1b wrote them"),
    "NaN within the JSON": Row(spoiled(choice(logprobs={"token_logprobs": [math.nan]})), "works"),
    "a comma too many in the JSON": Row(Sent(lambda body: body.rstrip(b"}") + b",}"), "refused", "no chat completion"),
    "the lines of Ollama's own address": Row(
        Body(
            b'{"model":"m","message":{"role":"assistant","content":"A"},"done":false}\n'
            b'{"model":"m","done":true,"done_reason":"stop","eval_count":5}\n',
            content_type="application/x-ndjson",
        ),
        "refused",
        "Ollama's own address.*/v1",
    ),
    "the form of Gemini's own address": Row(
        Body(b'{"candidates":[{"content":{"parts":[{"text":"A"}]},"finishReason":"STOP"}]}'),
        "refused",
        "Gemini's own address.*v1beta/openai",
    ),
    "the form of the address of responses": Row(
        Body(b'{"object":"response","output":[{"type":"message","content":[{"type":"output_text","text":"A"}]}]}'),
        "refused",
        "address of responses.*chat/completions",
    ),
    "a completion within another object": Row(
        Sent(lambda body: b'{"success": true, "result": ' + body + b"}"), "works"
    ),
    "success: false": Row(Body(b'{"success": false, "message": "out of order"}'), "refused", "out of order"),
    "brotli that is none": Row(Sent(lambda body: body, {"Content-Encoding": "br"}), "refused"),
    "zstd that is none": Row(Sent(lambda body: b"\x28\xb5\x2f\xfd" + body, {"Content-Encoding": "zstd"}), "refused"),
    "chunks without an end": Row(Wire(lambda body: in_chunks(body)[: -len(b"0\r\n\r\n")]), "refused"),
    "a charset that is another": Row(
        Sent(lambda body: body, {"Content-Type": "application/json; charset=iso-8859-1"}), "works"
    ),
    "early hints": Row(Wire(lambda body: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + in_chunks(body)), "works"),
    "a byte beyond ASCII in a header": Row(
        Wire(lambda body: in_chunks(body).replace(b"\r\n", b"\r\nX-Region: \xe4\r\n", 1)), "works"
    ),
    "a header of 40,000 bytes": Row(
        Wire(lambda body: in_chunks(body).replace(b"\r\n", b"\r\nSet-Cookie: a=" + b"x" * 40_000 + b"\r\n", 1)),
        "refused",
    ),
    "a connection closed after each reply": Row(Sent(lambda body: body, {"Connection": "close"}), "works"),
    "HTTP 201": Row(Sent(lambda body: body, status=201), "works"),
    "HTTP 206": Row(Sent(lambda body: body, status=206), "refused", "HTTP 206"),
    "a redirect to a login page": Row(Refuse(302, headers={"Location": "/login"}), "refused", "give the final address"),
    "HTTP 511, a captive portal": Row(Body(b"<html>Accept our terms", 511, "text/html"), "refused", "Accept our terms"),
    "HTTP 408 once": Row(Once(told("Request Timeout", 408)), "works"),
    "HTTP 409 once": Row(Once(told("Conflict", 409)), "works"),
    "HTTP 421 once": Row(Once(told("Misdirected Request", 421)), "works"),
    "HTTP 425 once": Row(Once(told("Too Early", 425)), "works"),
    "HTTP 499 once": Row(Once(told("client closed request", 499)), "works"),
    "HTTP 520 once (Cloudflare)": Row(Once(Body(b"<html>unknown error", 520, "text/html")), "works"),
    "HTTP 530 once (Cloudflare)": Row(Once(Body(b"error code: 1033", 530, "text/html")), "works"),
    "HTTP 429 with a fraction of a second": Row(Once(Refuse(429, "slow", headers={"Retry-After": "0.01"})), "works"),
    "HTTP 503 with a date in the past": Row(
        Once(Refuse(503, "busy", headers={"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"})), "works"
    ),
    "HTTP 503 as a limit": Row(Once(told("Rate limit exceeded, too many concurrent requests", 503)), "works"),
    "HTTP 200 as a limit": Row(Once(Body(b'{"error": {"message": "Rate limit exceeded", "code": 429}}')), "works"),
    "HTTP 200 in HTML once": Row(Once(Body(b"<html>We are back soon", content_type="text/html")), "works"),
    "a stream that breaks off once": Row(Once(Sent(lambda body: body[: len(body) // 2], streamed=True)), "works"),
    "no memory left on the server": Row(
        told("CUDA out of memory. Tried to allocate 2 GiB", 500), "refused", "CUDA out"
    ),
    "usage in fractions": Row(spoiled(body(usage={"prompt_tokens": 7.0, "completion_tokens": 3.0})), "works"),
    "usage below zero": Row(spoiled(body(usage={"prompt_tokens": -1, "completion_tokens": -1})), "works"),
    "usage beyond every number": Row(
        Sent(lambda body: re.sub(rb'"completion_tokens": \d+', b'"completion_tokens": 1e999', body)), "works"
    ),
    "usage as a number": Row(spoiled(body(usage=12)), "works"),
    "usage as a list": Row(spoiled(body(usage=[{"prompt_tokens": 3}])), "works"),
    "usage of no object within": Row(
        spoiled(body(usage={"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": 4})), "works"
    ),
    "content as a number": Row(spoiled(message(content=7)), "refused"),
    "content as an object": Row(spoiled(lambda found: message(content={"text": content(found)})(found)), "works"),
    "content of no parts": Row(spoiled(message(content=[])), "refused", "content is empty"),
    "content of blanks that show nothing": Row(spoiled(message(content=" \n\u200b ")), "refused", "content is empty"),
    "a message of null": Row(spoiled(choice(message=None)), "refused"),
    "choices as an object": Row(
        spoiled(lambda found: found.update(choices={"0": found["choices"][0]})), "refused", "no chat completion"
    ),
    "a function call of the older form": Row(
        spoiled(choice(message={"content": None, "function_call": {"name": "f"}}, finish_reason="function_call")),
        "refused",
        "asks for a tool",
    ),
    "finish_reason tool_calls, with text": Row(spoiled(ends("tool_calls")), "works"),
    "finish_reason stop_sequence": Row(spoiled(ends("stop_sequence")), "works"),
    "finish_reason COMPLETE (Cohere)": Row(spoiled(ends("COMPLETE")), "works"),
    "finish_reason abort as an object (SGLang)": Row(
        spoiled(ends({"type": "abort", "message": "Aborted"})), "refused", "finish_reason: abort"
    ),
    "every reply is cut, told as an object (SGLang)": Row(spoiled(halved_by_object), "counted"),
    "an error in words of its own within a stream": Row(
        Sent(broken_off_by(b'{"code": 500, "msg": "boom"}'), streamed=True), "refused", "failed while it wrote.*boom"
    ),
    "a prompt beyond the context (llama.cpp)": Row(
        Body(
            b'{"error": {"code": 400, "message": "the request exceeds the available context size, try increasing it", '
            b'"type": "exceed_context_size_error", "n_prompt_tokens": 5000, "n_ctx": 4096}}',
            400,
        ),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "finish_reason as an object": Row(spoiled(ends({"type": "stop"})), "works"),
    "finish_reason MALFORMED_RESPONSE (Gemini)": Row(
        spoiled(ends("MALFORMED_RESPONSE")), "refused", "MALFORMED_RESPONSE"
    ),
    "finish_reason USER_CANCEL (Cohere)": Row(spoiled(ends("USER_CANCEL")), "refused", "USER_CANCEL"),
    "every reply ends at the context (Anthropic)": Row(spoiled(halved_by("model_context_window_exceeded")), "counted"),
    "every reply ends at the limit (Cohere)": Row(spoiled(halved_by("ERROR_LIMIT")), "counted"),
    # More marks of thoughts and of answers
    "<thought> (EXAONE)": Row(spoiled(text("<thought>\nTHOUGHT\n</thought>\n\nANSWER")), "works"),
    "<thinking> in the text": Row(spoiled(text("<thinking>\nTHOUGHT\n</thinking>\n\nANSWER")), "works"),
    "[BEGIN FINAL RESPONSE] (Apriel)": Row(
        spoiled(text("Here are my reasoning steps:\nTHOUGHT\n[BEGIN FINAL RESPONSE]\nANSWER\n[END FINAL RESPONSE]")),
        "works",
    ),
    "inner_prefix marks (Apertus)": Row(spoiled(text("<|inner_prefix|>THOUGHT<|inner_suffix|>ANSWER")), "works"),
    "reasoning_text (Copilot)": Row(spoiled(message(reasoning_text=THOUGHT)), "works"),
    "reasoning as an object": Row(spoiled(message(reasoning={"content": THOUGHT})), "works"),
    "begin_of_box marks (GLM)": Row(spoiled(text("<|begin_of_box|>ANSWER<|end_of_box|>")), "works"),
    "stop tokens in the text": Row(spoiled(text("ANSWER<|im_end|>")), "works"),
    "a header of the template in the text": Row(
        spoiled(text("<|start_header_id|>assistant<|end_header_id|>\n\nANSWER<|eot_id|>")), "works"
    ),
    "a token of the assistant before the text": Row(spoiled(text("<|assistant|>\nANSWER")), "works"),
    "a token of the assistant after the text": Row(spoiled(text("ANSWER\n<|assistant|>")), "works"),
    # Refusals in other words
    "a fewest of tokens": Row(
        Unless(
            lambda wanted: wanted.get("max_tokens", 0) >= 64,
            told("Invalid 'max_tokens': integer below minimum value. Expected a value >= 64, but got 16 instead."),
        ),
        "works",
    ),
    "a context that leaves less (vLLM)": Row(
        Unless(
            at_most(964),
            told(
                "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is "
                "1024 tokens and your request has 60 input tokens"
            ),
        ),
        "adapted",
        "context is 1,024 tokens",
    ),
    "only user and assistant (Mistral's template)": Row(
        Unless(roles("system", "developer"), told("Only user and assistant roles are supported!")),
        "adapted",
        "before the input",
    ),
    "roles must alternate": Row(
        Unless(
            roles("system", "developer"),
            told("Conversation roles must alternate user/assistant/user/assistant/...", 500),
        ),
        "adapted",
        "before the input",
    ),
    "extra fields, in FastAPI's words": Row(
        Unless(
            without("stream_options"),
            Body(
                b'{"detail":[{"loc":["body","stream_options"],"msg":"extra fields not permitted"}]}',
                422,
            ),
        ),
        "adapted",
        "tokens in streams",
    ),
    "a header of a version is missing (Anthropic)": Row(
        told("anthropic-version: header is required"), "refused", "anthropic-version"
    ),
    "billing is disabled (Google)": Row(
        told("This API method requires billing to be enabled.", 403), "refused", "billing"
    ),
    "a quota with HTTP 403": Row(told("Quota exceeded for quota metric 'Requests'", 403), "refused", "Quota exceeded"),
    "credit for fewer tokens (OpenRouter)": Row(
        told("This request requires more credits, or fewer max_tokens. You requested up to 2000 tokens.", 402),
        "refused",
        "no credit",
    ),
    "a model without access (Bedrock)": Row(
        told("You don't have access to the model with the specified model ID.", 403), "refused", "access to the model"
    ),
    "an inference profile is needed (Bedrock)": Row(
        told(
            "Invocation of model ID m with on-demand throughput isn't supported. Retry your request with the ID of an "
            "inference profile that contains this model."
        ),
        "refused",
        "inference profile",
    ),
    "terms that were not accepted (Groq)": Row(
        told("The model `m` requires terms acceptance."), "refused", "terms acceptance"
    ),
    "HTTP 410": Row(told("This version was retired.", 410), "refused", "was retired"),
    "HTTP 413 without words": Row(Refuse(413, "Payload Too Large"), "refused", "413"),
    "HTTP 415": Row(Refuse(415, "Unsupported Media Type"), "refused", "415"),
    "HTTP 426": Row(Refuse(426, "Upgrade Required"), "refused", "426"),
    "HTTP 431": Row(Refuse(431, "Request Header Fields Too Large"), "refused", "431"),
    "HTTP 501": Row(Refuse(501, "Not Implemented"), "refused", "501"),
    "a prompt beyond the context (OpenRouter)": Row(
        told(
            "This endpoint's maximum context length is 4096 tokens. However, you requested about 7000 tokens "
            "(5000 of text input, 2000 in the output)."
        ),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (Together)": Row(
        told("Input validation error: `inputs` must have less than 4096 tokens. Given: 5000", 422),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (Fireworks)": Row(
        told("The prompt is too long: 5000, model maximum context length: 4096"), "refused", "5,000 tokens.*4,096"
    ),
    "a prompt beyond the context (Cerebras)": Row(
        told("Please reduce the length of the messages or completion. Current length is 5000 while limit is 4096"),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (SGLang)": Row(
        told(
            "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of "
            "7000 tokens: 5000 tokens from the input messages and 2000 tokens for the completion."
        ),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (watsonx)": Row(
        told("the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model"),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (TensorRT-LLM)": Row(
        told("Prompt length (5000) exceeds maximum input length (4096)."), "refused", "5,000 tokens.*4,096"
    ),
    "a prompt beyond the context (Databricks)": Row(
        told("BAD_REQUEST: Exceeded max input token limit. Got 5000 tokens, limit 4096."),
        "refused",
        "5,000 tokens.*4,096",
    ),
    # Sizes of requests
    "a size of requests, with HTTP 413": Row(
        Unless(smaller_than(1500), Refuse(413, "Request body too large. Limit is 1500 bytes.")), "counted"
    ),
    "a size of requests that is not named (nginx)": Row(
        Unless(smaller_than(1500), Body(b"<html><title>413 Request Entity Too Large</title></html>", 413, "text/html")),
        "counted",
    ),
    "a size of requests in tokens, with HTTP 413 (GitHub)": Row(
        Unless(
            shorter_than(700), Refuse(413, "Request body too large for gpt-4o model. Max size: 200 tokens.", "tokens")
        ),
        "counted",
    ),
    "HTTP 413 for every request": Row(Refuse(413, "Payload reached size limit."), "refused", "413: Payload reached"),
    # Refusals in further shapes
    "a limit of tokens, as a detail of a field (FastAPI)": Row(
        Unless(
            at_most(512),
            Body(b'{"detail":[{"loc":["body","max_tokens"],"msg":"Input should be less than or equal to 512"}]}', 422),
        ),
        "adapted",
        "at most 512 tokens",
    ),
    "max_completion_tokens, in another's words (OpenRouter)": Row(
        Unless(
            without("max_tokens"),
            Body(
                b'{"error": {"message": "Provider returned error", "metadata": {"raw": "{\\"error\\": {\\"message\\": '
                b'\\"Unsupported parameter: \'max_tokens\' is not supported with this model.\\"}}"}}}',
                400,
            ),
        ),
        "adapted",
        "max_completion_tokens",
    ),
    "a prompt beyond the context, in another's words (OpenRouter)": Row(
        Body(
            b'{"error": {"message": "Provider returned error", "metadata": {"raw": "{\\"message\\": \\"This model\'s '
            b'maximum context length is 512 tokens. However, your messages resulted in 800 tokens.\\"}"}}}',
            400,
        ),
        "refused",
        "800 tokens.*context of 512",
    ),
    "parameters that nobody takes (OpenRouter)": Row(
        Unless(without("seed"), told("No endpoints found that support the requested parameters: seed", 404)),
        "adapted",
        "no seed",
    ),
    "no seed, in a list of errors (Google)": Row(
        Unless(without("seed"), Body(b'[{"error": {"message": "Unknown name \\"seed\\": Cannot find field."}}]', 400)),
        "adapted",
        "no seed",
    ),
    "no seed, in a list of errors (Cloudflare)": Row(
        Unless(without("seed"), Body(b'{"errors": [{"message": "AiError: unknown property \'seed\'"}]}', 400)),
        "adapted",
        "no seed",
    ),
    "no seed, by its name alone": Row(
        Unless(without("seed"), Body(b'{"error": {"message": "Invalid request", "param": "seed"}}', 400)),
        "adapted",
        "no seed",
    ),
    "no seed, in German": Row(
        Unless(without("seed"), told("Der Parameter 'seed' wird nicht unterstützt")), "adapted", "no seed"
    ),
    "temperature, in Chinese": Row(
        Unless(without("temperature"), told("参数错误：temperature 取值范围为 (0, 1)")), "adapted", "no temperature"
    ),
    "a template that begins with the user": Row(
        Unless(
            roles("system", "developer"),
            told("Jinja Exception: Conversation must start with a user prompt", 500),
        ),
        "adapted",
        "before the input",
    ),
    "thinking must be switched off (Qwen)": Row(
        told("parameter.enable_thinking must be set to false for non-streaming calls"), "refused", "enable_thinking"
    ),
    "a budget that is used up (LiteLLM)": Row(
        told("Budget has been exceeded! Current cost: 10.5, Max budget: 10.0"), "refused", "check key, credit"
    ),
    "a spending limit (OpenAI)": Row(
        Refuse(400, "Billing hard limit has been reached", "billing_hard_limit_reached"), "refused", "check key, credit"
    ),
    "a spending limit (xAI)": Row(
        Body(b'{"code": "no permission", "error": "Your team has used all available credits."}', 403),
        "refused",
        "check key, credit",
    ),
    "a model that needs more memory (Ollama)": Row(
        told("model requires more system memory (8.0 GiB) than is available (3.1 GiB)", 500), "refused", "more system"
    ),
    "a model that nobody serves (Hugging Face)": Row(
        told("The requested model 'm' is not supported by any provider you have enabled."), "refused", "any provider"
    ),
    "some prompts are refused by a filter (Azure)": Row(
        Some(
            Body(
                b'{"error": {"message": "The response was filtered due to the prompt triggering the content management '
                b'policy.", "code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}',
                400,
            )
        ),
        "counted",
        "content filter",
    ),
    "no temperature, as an error with HTTP 200 (OpenRouter)": Row(
        Unless(
            without("temperature"),
            Body(b'{"error": {"code": 400, "message": "\'temperature\' does not support 0.0 with this model."}}'),
        ),
        "adapted",
        "no temperature",
    ),
    "no seed, as an error in a stream": Row(
        Unless(
            without("seed"),
            Body(b'data: {"error": {"message": "seed is not supported"}}\n\n', 200, "text/event-stream"),
        ),
        "adapted",
        "no seed",
    ),
    "a prompt beyond the context, with HTTP 200": Row(
        Body(
            b'{"error": {"code": 400, "message": "This model\'s maximum context length is 512 tokens. However, your '
            b'messages resulted in 800 tokens."}}'
        ),
        "refused",
        "800 tokens.*context of 512",
    ),
    "HTTP 407": Row(Refuse(407, "Proxy Authentication Required"), "refused", "HTTPS_PROXY"),
    "HTTP 423 once": Row(Once(Refuse(423, "Locked")), "works"),
    "HTTP 429 in HTML once (Cloudflare)": Row(
        Once(Body(b"<html><title>Access denied</title>error code: 1015</html>", 429, "text/html")), "works"
    ),
    "HTTP 429 with a unit in Retry-After": Row(Once(Refuse(429, headers={"Retry-After": "0.01s"})), "works"),
    "HTTP 429 with two times in Retry-After": Row(Once(Refuse(429, headers={"Retry-After": "0, 0"})), "works"),
    "HTTP 429 with a word in Retry-After": Row(Once(Refuse(429, headers={"Retry-After": "soon"})), "works"),
    "HTTP 429 with words in seconds (Azure)": Row(
        Once(Refuse(429, "Requests have exceeded the call rate limit. Please retry after 0.01 seconds.")), "works"
    ),
    "headers that say that nothing is left": Row(
        Sent(lambda body: body, {"x-ratelimit-remaining-requests": "0", "Retry-After": "3600"}), "works"
    ),
    "a redirect within the address": Row(
        Refuse(308, headers={"Location": "/v2/chat/completions"}), "refused", r"it leads to http://127.0.0.1:\d+/v2\)"
    ),
    "no HTTP": Row(Wire(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n"), "refused", "does not speak HTTP.*port"),
    # Bodies
    "JSON within text": Row(Sent(lambda body: json.dumps(body.decode()).encode()), "refused", "no chat completion"),
    "a list around the completion": Row(Sent(lambda body: b"[" + body + b"]"), "works"),
    "a delta where nothing is streamed": Row(
        spoiled(lambda found: found["choices"][0].update(delta=found["choices"][0].pop("message"))), "works"
    ),
    "bytes that are no character": Row(
        Sent(lambda body: body.replace(b'"content": "', b'"content": "\xff\xfe ', 1)), "works"
    ),
    "line breaks within a text of JSON": Row(Sent(lambda body: body.replace(b"\\n", b"\n")), "works"),
    "gzip without its header": Row(Sent(gzip.compress), "refused", "compressed bytes"),
    "deflate without its frame": Row(
        Sent(lambda body: zlib.compress(body)[2:-4], {"Content-Encoding": "deflate"}), "works"
    ),
    "trailers after the chunks": Row(Wire(lambda body: in_chunks(body)[:-2] + b"X-Sum: 1\r\n\r\n"), "works"),
    "HTTP 100 before the reply": Row(Wire(lambda body: b"HTTP/1.1 100 Continue\r\n\r\n" + in_chunks(body)), "works"),
    # Streams
    "messages in place of deltas": Row(Sent(each(as_message), streamed=True), "works"),
    "parts in the pieces (Mistral)": Row(Sent(each(in_parts), streamed=True), "works"),
    "thinking as parts in the pieces (Magistral)": Row(
        Sent(lambda stream: THINKING_PART + each(in_parts)(stream), streamed=True), "works"
    ),
    "two pieces in one": Row(Sent(lambda stream: stream.replace(b"}\n\ndata: {", b"}{"), streamed=True), "works"),
    "text after [DONE]": Row(
        Sent(lambda stream: stream + b'data: {"choices":[{"index":0,"delta":{"content":"WRONG"}}]}\n\n', streamed=True),
        "works",
    ),
    "usage after [DONE]": Row(
        Sent(lambda stream: stream + b'data: {"choices":[],"usage":{"prompt_tokens":9}}\n\n', streamed=True), "works"
    ),
    "usage of zeros after the usage": Row(
        Sent(
            lambda stream: stream.replace(
                b"data: [DONE]", b'data: {"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\ndata: [DONE]'
            ),
            streamed=True,
        ),
        "works",
    ),
    "usage of Groq's own in a stream": Row(Sent(each(as_groq), streamed=True), "works"),
    "Data: in capitals": Row(Sent(lambda stream: stream.replace(b"data:", b"Data:"), streamed=True), "works"),
    "lines end with CR": Row(Sent(lambda stream: stream.replace(b"\n", b"\r"), streamed=True), "works"),
    "a place in a queue, in words": Row(
        Sent(lambda stream: b"data: waiting for a free slot\n\n" + stream, streamed=True), "works"
    ),
    "a place in a queue": Row(
        Sent(
            lambda stream: b'event: status\ndata: {"status":"queued","message":"in queue","position":3}\n\n' + stream,
            streamed=True,
        ),
        "works",
    ),
    "another index of the only choice": Row(
        Sent(each(lambda piece: [one.update(index=1) for one in piece["choices"]]), streamed=True), "works"
    ),
    "a stream in several gzip members": Row(
        Sent(
            lambda stream: b"".join(gzip.compress(line + b"\n") for line in stream.split(b"\n")),
            {"Content-Encoding": "gzip"},
            streamed=True,
        ),
        "works",
    ),
    "a state of failure within a stream": Row(
        Sent(broken_off_by(b'{"status": "failed", "code": "E5"}'), streamed=True), "refused", "failed while it wrote"
    ),
    "a web page within a stream": Row(
        Sent(broken_off_by(b"\n\n<html><title>504 Gateway Time-out</title></html>"), streamed=True),
        "refused",
        "broke off",
    ),
    "a text within a stream": Row(
        Sent(broken_off_by(b"Internal Server Error"), streamed=True), "refused", "its piece 'Internal Server Error'"
    ),
    "a refusal after a part of the text": Row(
        spoiled(message(refusal="I cannot go on.")), "refused", "refused by the model"
    ),
    # Endings
    "every reply is cut, as token_limit": Row(spoiled(halved_by("token_limit")), "counted"),
    "every reply is cut, as MaxTokens": Row(spoiled(halved_by("MaxTokens")), "counted"),
    "every reply is cut, as incomplete": Row(spoiled(halved_by("incomplete")), "counted"),
    "every reply is cut for its repetitions": Row(spoiled(halved_by("repetition_truncation")), "counted"),
    "every reply is cut, as only the model behind says (OpenRouter)": Row(
        spoiled(lambda found: (halved_by("stop")(found), choice(native_finish_reason="MAX_TOKENS")(found))), "counted"
    ),
    "finish_reason OTHER (Gemini)": Row(spoiled(ends("OTHER")), "refused", "finish_reason: OTHER"),
    "finish_reason tool_error": Row(spoiled(ends("tool_error")), "refused", "tool_error"),
    "finish_reason of a limit by the minute": Row(spoiled(ends("rate_limit_exceeded")), "refused", "rate_limit"),
    "finish_reason unknown": Row(spoiled(ends("unknown")), "works"),
    "finish_reason true": Row(spoiled(ends(True)), "works"),
    # Usage and fields beside
    "more cached tokens than there were": Row(
        spoiled(usage({"prompt_tokens": 100, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 500}})),
        "works",
    ),
    "hidden tokens beside those written (xAI)": Row(
        spoiled(
            usage(
                {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 48}
                | {"completion_tokens_details": {"reasoning_tokens": 30}}
            )
        ),
        "works",
    ),
    "usage of nothing but a total": Row(spoiled(usage({"total_tokens": 500})), "works"),
    "<think> with attributes": Row(spoiled(text('<think duration="3">\nTHOUGHT\n</think>\nANSWER')), "works"),
    "think between bars (newer templates)": Row(spoiled(text("<|think|>THOUGHT<|/think|>ANSWER")), "works"),
    "[REASONING] marks": Row(spoiled(text("[REASONING]\nTHOUGHT\n[/REASONING]\nANSWER")), "works"),
    "a fence of thinking": Row(spoiled(text("```thinking\nTHOUGHT\n```\nANSWER")), "works"),
    "a quoted thought (Poe)": Row(spoiled(text("*Thinking...*\n\n> THOUGHT\n\nANSWER")), "works"),
    "reasoning as a list of summaries": Row(
        spoiled(message(reasoning=[{"type": "summary_text", "text": THOUGHT}])), "works"
    ),
    "a redacted part": Row(spoiled(parts({"type": "redacted_thinking", "data": "AA"})), "works"),
    "a tool call with arguments as an object, beside text": Row(
        spoiled(message(tool_calls=[{"id": 1, "function": {"name": "x", "arguments": {"a": 1}}}])), "works"
    ),
    "no role, and a number as id": Row(
        spoiled(lambda found: (found["choices"][0]["message"].pop("role"), found.update(id=5, created="now"))), "works"
    ),
    "an error of nothing": Row(spoiled(body(error={}, code=200, msg="success")), "works"),
    "a prompt beyond the context (Mistral)": Row(
        told("Prompt contains 5000 tokens and 0 draft tokens, too large for model with 4096 maximum context length"),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (DeepSeek)": Row(
        told(
            "This model's maximum context length is 4096 tokens. However, you "
            "requested 7000 tokens (5000 in the messages, 2000 in the completion)."
        ),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (Qwen)": Row(
        told("InternalError.Algo.InvalidParameter: Range of input length should be [1, 4096]"),
        "refused",
        "context of 4,096",
    ),
    "a prompt beyond the context (Zhipu)": Row(told("Prompt exceeds max length"), "refused", "context of the model"),
    "a prompt beyond the context (MiniMax)": Row(
        told("invalid params, context window exceeds limit (2013)"), "refused", "context of the model"
    ),
    "a prompt beyond the context (TabbyAPI)": Row(
        told("Prompt length 5000 is greater than max_seq_len 4096"), "refused", "5,000 tokens.*4,096"
    ),
    "a prompt beyond the context (Copilot)": Row(
        told("prompt token count of 5000 exceeds the limit of 4096"), "refused", "5,000 tokens.*4,096"
    ),
    "a prompt beyond the context (Ollama)": Row(
        told("prompt too long; exceeded max context length by 904 tokens"), "refused", "context of the model"
    ),
    "a prompt beyond the context (Cloudflare)": Row(
        told(
            "The estimated number of input and maximum output tokens (7000) exceeded this model context window "
            "limit (4096).",
            413,
        ),
        "refused",
        "context of 4,096",
    ),
    "a prompt beyond the context (Vertex)": Row(
        told("Unable to submit request because the input token count is 5000 but model only supports up to 4096."),
        "refused",
        "5,000 tokens.*4,096",
    ),
    "a prompt beyond the context (AI21)": Row(
        told("Prompt has 5000 tokens, but the maximum context is 4096", 422), "refused", "5,000 tokens.*4,096"
    ),
    "a prompt beyond the context (Perplexity)": Row(
        told("Input exceeds the model's context window of 4096 tokens (got 5000)"), "refused", "5,000 tokens.*4,096"
    ),
    "a prompt beyond the context, in Chinese": Row(
        told("输入长度超过模型的最大上下文长度 4096 (当前 5000)"), "refused", "5,000 tokens.*4,096"
    ),
    # Other protocols
    "the form of Bedrock's own address": Row(
        Body(b'{"output":{"message":{"content":[{"text":"<answer>WRONG</answer>"}]}},"stopReason":"end_turn"}'),
        "refused",
    ),
    "the form of Cohere's own address": Row(
        Body(b'{"message":{"content":[{"type":"text","text":"<answer>WRONG</answer>"}]},"finish_reason":"COMPLETE"}'),
        "refused",
    ),
    "the form of TGI's own address": Row(Body(b'[{"generated_text":"<answer>WRONG</answer>"}]'), "refused"),
    "the form of llama.cpp's own address": Row(Body(b'{"content":"<answer>WRONG</answer>","stop":true}'), "refused"),
    "the form of Replicate": Row(Body(b'{"status":"succeeded","output":["<answer>","WRONG</answer>"]}'), "refused"),
    "a response alone": Row(Body(b'{"response":"<answer>WRONG</answer>"}'), "refused"),
    # Pieces
    "[done] in small letters": Row(Sent(lambda stream: stream.replace(b"[DONE]", b"[done]"), streamed=True), "works"),
    "[DONE] in quotes": Row(Sent(lambda stream: stream.replace(b"[DONE]", b'"[DONE]"'), streamed=True), "works"),
    "null between the pieces": Row(
        Sent(lambda stream: stream.replace(b"\n\ndata: {", b"\n\ndata: null\n\ndata: {"), streamed=True), "works"
    ),
    "keep-alives before the reply": Row(KeepAlive(50), "works"),
    "2,048 blanks before a stream": Row(
        Sent(lambda stream: b": " + b" " * 2048 + b"\n\n" + stream, streamed=True), "works"
    ),
    "no line after the last piece": Row(
        Sent(lambda stream: stream.partition(b"data: [DONE]")[0].rstrip(), streamed=True), "works"
    ),
    "a whole reply of the type of a stream": Row(
        Sent(lambda body: body, {"Content-Type": "text/event-stream"}), "works"
    ),
    "a delta of null, and none": Row(
        Sent(
            lambda stream: (
                b'data: {"choices":[{"index":0,"delta":null}]}\n\ndata: {"choices":[{"index":0}]}\n\n' + stream
            ),
            streamed=True,
        ),
        "works",
    ),
    "choices of null in a piece": Row(
        Sent(lambda stream: b'data: {"choices":null,"id":"x"}\n\n' + stream, streamed=True), "works"
    ),
    "an error of null in every piece": Row(Sent(each(lambda piece: piece.update(error=None)), streamed=True), "works"),
    "a list of texts in every piece": Row(Sent(each(as_texts), streamed=True), "works"),
    "an end in every piece": Row(Sent(each(ends_in_every_piece), streamed=True), "works"),
    "each piece twice": Row(Sent(twice, streamed=True), "works"),
    "an error of a message alone within a stream": Row(
        Sent(broken_off_by(b'{"message": "Overloaded"}'), streamed=True), "refused", "Overloaded"
    ),
    "a stream as a list": Row(
        Sent(lambda stream: b"[" + bare(stream).strip().replace(b"\n", b",") + b"]", streamed=True), "refused"
    ),
    # Messages
    "text as a value (Assistants)": Row(
        spoiled(lambda found: message(content=[{"type": "text", "text": {"value": content(found)}}])(found)), "works"
    ),
    "a part of null": Row(
        spoiled(lambda found: message(content=[None, {"type": "text", "text": content(found)}])(found)), "works"
    ),
    "a part of a kind that nobody knows": Row(spoiled(parts({"type": "image_url", "image_url": {}})), "works"),
    "content as an object of parts": Row(
        spoiled(lambda found: message(content={"parts": [{"text": content(found)}]})(found)), "works"
    ),
    "the message as JSON in its content": Row(spoiled(as_json), "works"),
    "text that is escaped for HTML": Row(spoiled(escaped), "works"),
    "a message that is a text": Row(spoiled(choice(message="<answer>WRONG</answer>")), "refused"),
    "choices of a text": Row(spoiled(body(choices=["<answer>WRONG</answer>"])), "refused"),
    "choices of a null": Row(spoiled(body(choices=[None])), "refused"),
    "choices under other letters": Row(spoiled(lambda found: found.update(Choices=found.pop("choices"))), "refused"),
    "a list of no tools beside text": Row(spoiled(message(tool_calls=[], function_call=None)), "works"),
    "an error of false, of nothing and of none beside choices": Row(
        spoiled(body(error=False, errors=[], error_msg="")), "works"
    ),
    "a warning beside choices": Row(
        spoiled(body(warning="This model is deprecated", message="ok", code="200")), "works"
    ),
    "the name of another model with every reply": Row(spoiled(another_name), "adapted", "wrote them"),
    "half of a character": Row(Sent(lambda body: body.replace(b'"content": "', b'"content": "\\ud83d ', 1)), "works"),
    "a sign of nought in the text": Row(spoiled(text("\0ANSWER")), "works"),
    "a number of 5,000 digits": Row(Sent(lambda body: body[:-1] + b', "n": ' + b"9" * 5000 + b"}"), "refused"),
    "JSON of 100,000 brackets": Row(Body(b"[" * 100_000), "refused"),
    "a further turn of the user (ChatML)": Row(
        spoiled(text("ANSWER<|im_end|>\n<|im_start|>user\n<answer>WRONG</answer><|im_end|>")), "works"
    ),
    "a further turn of the user (Llama)": Row(
        spoiled(text("ANSWER<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n<answer>WRONG</answer>")), "works"
    ),
    "a further turn of the user (Gemma)": Row(
        spoiled(text("ANSWER<end_of_turn>\n<start_of_turn>user\n<answer>WRONG</answer>")), "works"
    ),
    "a further turn of the user (Mistral)": Row(
        spoiled(text("ANSWER</s>[INST] <answer>WRONG</answer> [/INST]")), "works"
    ),
    "a further turn of the user (DeepSeek)": Row(
        spoiled(text("ANSWER<｜end▁of▁sentence｜><｜User｜><answer>WRONG</answer>")), "works"
    ),
    "< think > with blanks": Row(spoiled(text("< think >THOUGHT</ think >ANSWER")), "works"),
    "<internal_thoughts>": Row(spoiled(text("<internal_thoughts>THOUGHT</internal_thoughts>ANSWER")), "works"),
    # Endings and usage
    "every reply is cut, as its count alone says": Row(EndsByCount(), "counted"),
    "finish_reason of no letters": Row(spoiled(ends("")), "works"),
    "one text for every question": Row(spoiled(message(content="Hello! How can I help you today?")), "counted"),
    "usage in other words": Row(spoiled(usage({"promptTokens": 9, "completionTokens": 9})), "works"),
    "usage within the choice": Row(
        spoiled(lambda found: found["choices"][0].update(usage=found.pop("usage"))), "works"
    ),
    "a daily limit as the answer": Row(
        spoiled(error_as_text("You've reached your daily limit. Upgrade to continue.")), "refused"
    ),
    "[object Object] as the answer": Row(spoiled(error_as_text("[object Object]")), "refused"),
    # HTTP
    "parts of chunks with names of their own": Row(
        Wire(
            lambda body: (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            )
        ),
        "works",
    ),
    "no type and no words after the status": Row(Wire(on_the_wire(b"200\r\nContent-Length: %d")), "works"),
    "two lengths that differ": Row(
        Wire(on_the_wire(JSON_HEAD + b"Content-Length: %d\r\nContent-Length: 5")), "refused", "does not speak HTTP"
    ),
    "more bytes than were announced": Row(Wire(on_the_wire(JSON_HEAD + b"Content-Length: 5")), "refused"),
    "a header without a colon": Row(
        Wire(on_the_wire(JSON_HEAD + b"nonsense\r\nContent-Length: %d")), "refused", "does not speak HTTP"
    ),
    "TLS where HTTP was asked for": Row(Wire(lambda _: b"\x15\x03\x01\x00\x02\x02\x16"), "refused", "http or https"),
    "a redirect to a slash behind the path": Row(WithASlash(), "adapted", "a slash behind their path"),
    "a redirect to itself": Row(Refuse(302, headers={"Location": "/v1/chat/completions"}), "refused"),
    "HTTP 200 without a body, in chunks": Row(Wire(lambda _: in_chunks()), "refused", "empty body"),
    "HTML of the type of JSON": Row(Body(b"<html><title>Login</title></html>"), "refused", "Login"),
    # Errors
    "HTTP 429 with milliseconds (OpenAI)": Row(Once(Refuse(429, headers={"retry-after-ms": "10"})), "works"),
    "HTTP 429 with a time of inf": Row(Once(Refuse(429, headers={"Retry-After": "inf"})), "works"),
    "HTTP 429 with a time below zero": Row(Once(Refuse(429, headers={"Retry-After": "-5"})), "works"),
    "HTTP 429 with a delay in its details (Google)": Row(
        Once(Body(b'{"error":{"code":429,"details":[{"retryDelay":"0.01s"}]}}', 429)), "works"
    ),
    "HTTP 400 of a server without room": Row(Once(told("The server is overloaded, please try again later")), "works"),
    "HTTP 503 of a mesh once (Envoy)": Row(Once(Body(b"no healthy upstream", 503, "text/plain")), "works"),
    "HTTP 504 once, without words": Row(Once(Body(b"", 504, "text/plain")), "works"),
    "a throttling exception (AWS)": Row(
        Once(Body(b'{"__type":"ThrottlingException","message":"Too many requests"}', 400)), "works"
    ),
    "Message in capitals (AWS)": Row(
        Body(b'{"Message":"User is not authorized to access this resource"}', 403), "refused", "not authorized"
    ),
    "a fault (Apigee)": Row(Body(b'{"fault":{"faultstring":"Invalid ApiKey"}}', 401), "refused", "Invalid ApiKey"),
    "an error in XML": Row(
        Body(b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", 403, "application/xml"),
        "refused",
        "AccessDenied",
    ),
    "a detail with HTTP 200": Row(Body(b'{"detail":"Not authenticated"}'), "refused", "Not authenticated"),
    "a state of error with HTTP 200": Row(
        Body(b'{"status":"error","message":"model is overloaded"}'), "refused", "is overloaded"
    ),
    "an object that is an error with HTTP 200 (vLLM)": Row(
        Body(b'{"object":"error","message":"The model `m` does not exist.","code":404}'), "refused", "does not exist"
    ),
    "error_code and error_msg (Baidu)": Row(
        Body(b'{"error_code":17,"error_msg":"Open api daily request limit reached"}'), "refused", "daily request limit"
    ),
    "a default backend (Kubernetes)": Row(
        Body(b"default backend - 404", 404, "text/plain"), "refused", "default backend"
    ),
    "a login in place of a reply": Row(Body(b'{"redirect":"/login"}'), "refused", "/login"),
    "no streams, with HTTP 403": Row(
        Unless(lambda wanted: not wanted.get("stream"), told("Streaming is disabled for this deployment", 403)),
        "adapted",
        "whole",
    ),
    "a limit of tokens (Anthropic)": Row(
        Unless(
            at_most(512),
            told("max_tokens: 2000 > 512, which is the maximum allowed number of output tokens for claude-x"),
        ),
        "adapted",
        "at most 512",
    ),
    "a limit of tokens (Cohere)": Row(
        Unless(at_most(512), told("too many tokens: max tokens must be less than or equal to 512 - received 2000.")),
        "adapted",
        "at most 512",
    ),
    "a context that leaves less (Fireworks)": Row(
        Unless(at_most(964), told("max_tokens (2000) + prompt tokens (60) exceeds the model's context length of 1024")),
        "adapted",
        "1,024 tokens",
    ),
    "no seed (Bedrock)": Row(
        Unless(without("seed"), told("Malformed input request: #: extraneous key [seed] is not permitted")),
        "adapted",
        "no seed",
    ),
    "no system role (Anthropic behind a shim)": Row(
        Unless(
            roles("system", "developer"),
            told('messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter.'),
        ),
        "adapted",
        "before the input",
    ),
    # Without a word, or in words of their own
    "no stream_options, refused without a reason": Row(
        Unless(without("stream_options"), told("Bad Request")), "adapted", "no stream_options"
    ),
    "no seed, refused without a reason": Row(Unless(without("seed"), told("", 422)), "adapted", "no seed"),
    "no temperature, refused without a reason (Gemini)": Row(
        Unless(without("temperature"), told("Request contains an invalid argument.")), "adapted", "no temperature"
    ),
    "no system role, refused without a reason": Row(
        Unless(roles("system", "developer"), told("Bad Request")), "adapted", "no system message"
    ),
    "no max_tokens, refused without a reason": Row(
        Unless(without("max_tokens"), told("400 Bad Request")), "adapted", "max_completion_tokens in place"
    ),
    "no streams and no temperature, refused without a reason": Row(
        Unless(without("stream", "temperature"), told("invalid_request_error")), "adapted", "no temperature"
    ),
    "everything refused without a reason": Row(told("Bad Request"), "refused", "does not say what is wrong"),
    "the name of another model in a stream": Row(
        spoiled(body(model="tiny-1b"), streamed=True), "adapted", "tiny-1b wrote them"
    ),
    "a limit of the day (OpenAI)": Row(
        told("Rate limit reached on requests per day (RPD): Limit 200, Used 200, Requested 1.", 429),
        "refused",
        "a limit of a day or longer",
    ),
    "a limit of the day (OpenRouter)": Row(
        told("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock more", 429),
        "refused",
        "a day or longer",
    ),
    "a limit of the month that is met in the middle": Row(
        Some(told("Monthly request limit exceeded for trial key", 429), begin=12), "refused", "a day or longer"
    ),
    "some prompts are blocked by a firewall, with HTTP 403": Row(
        Some(Body(b'{"error": "Request blocked by security policy (prompt injection detected)"}', 403)),
        "counted",
        "security policy",
    ),
    "words around a thought (Granite)": Row(
        spoiled(text("Here is my thought process:\nTHOUGHT\n\nHere is my response:\nANSWER")), "works"
    ),
    "<longcat_think> (LongCat)": Row(
        spoiled(text("<longcat_think>\nTHOUGHT\n</longcat_think>\nANSWER"), streamed=True), "works"
    ),
    "details whose summary says Thinking": Row(
        spoiled(text("<details>\n<summary>Thinking for 3 s</summary>\n\nTHOUGHT\n</details>\n\nANSWER")), "works"
    ),
    # Envelopes of gateways, and other forms of a body
    "a body as text of JSON (AWS Lambda)": Row(
        put_into(lambda found: {"statusCode": 200, "headers": {}, "body": json.dumps(found)}), "works"
    ),
    "a body with another status within (AWS Lambda)": Row(
        Body(b'{"statusCode":502,"body":"{\\"message\\":\\"model crashed\\"}"}'), "refused", "model crashed"
    ),
    "a function that ran out of time (AWS Lambda)": Row(
        Body(b'{"errorMessage":"abc Task timed out after 3.00 seconds"}'), "refused", "timed out"
    ),
    "an output in a list (RunPod)": Row(
        put_into(lambda found: {"delayTime": 1, "id": "s", "status": "COMPLETED", "output": [found]}), "works"
    ),
    "a job that is still running (RunPod)": Row(
        Body(b'{"id":"sync-1","status":"IN_PROGRESS"}'), "refused", "IN_PROGRESS"
    ),
    "predictions (Vertex, KServe)": Row(put_into(lambda found: {"predictions": [found]}), "works"),
    "a body of a code, a message and a body": Row(
        put_into(lambda found: {"code": 0, "message": "success", "body": {"completion": found}}), "works"
    ),
    "a result of JSON-RPC": Row(put_into(lambda found: {"jsonrpc": "2.0", "id": 1, "result": found}), "works"),
    "an error of JSON-RPC": Row(
        Body(b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"backend is gone"}}'), "refused", "is gone"
    ),
    "errors of GraphQL": Row(Body(b'{"data":null,"errors":[{"message":"no field chat"}]}'), "refused", "no field chat"),
    "a body as a text of JSON": Row(Sent(lambda body: json.dumps(body.decode()).encode()), "refused"),
    "a body in base64": Row(Sent(base64.b64encode), "refused"),
    "a guard before the JSON": Row(Sent(lambda body: b")]}',\n" + body), "refused"),
    "JSONP": Row(Sent(lambda body: b"callback(" + body + b");"), "refused"),
    "a comment before the JSON": Row(Sent(lambda body: b"/* cached */\n" + body), "refused"),
    "a fence around the JSON": Row(Sent(lambda body: b"```json\n" + body + b"\n```"), "refused"),
    "an object as Python writes it": Row(Sent(lambda body: repr(json.loads(body)).encode()), "refused"),
    "a record of a sequence of JSON": Row(Sent(lambda body: b"\x1e" + body + b"\n"), "works"),
    "several parts (MIME)": Row(
        Sent(lambda body: b"--x\r\nContent-Type: application/json\r\n\r\n" + body + b"\r\n--x--\r\n"), "refused"
    ),
    "choices twice, the first of them empty": Row(Sent(lambda body: b'{"choices":[],' + body[1:]), "works"),
    "a charset that nobody knows": Row(
        Sent(lambda body: body, {"Content-Type": "application/json; charset=utf8mb4"}), "works"
    ),
    "packed twice": Row(
        Sent(lambda body: gzip.compress(gzip.compress(body)), {"Content-Encoding": "gzip, gzip"}), "refused"
    ),
    "a coding that nobody knows, of what is plain": Row(
        Sent(lambda body: body, {"Content-Encoding": "utf-8"}), "works"
    ),
    "UTF-32": Row(Sent(lambda body: body.decode().encode("utf-32")), "works"),
    "UTF-16 as a stream": Row(Sent(lambda stream: stream.decode().encode("utf-16"), streamed=True), "works"),
    "sizes of chunks within the body": Row(Sent(lambda body: b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)), "refused"),
    "headers within the body": Row(Sent(lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body), "refused"),
    # Streams
    "a stream of records of JSON": Row(
        Sent(lambda stream: b"".join(b"\x1e" + line + b"\n" for line in bare(stream).splitlines()), streamed=True),
        "works",
    ),
    "text in place of content, in the pieces": Row(Sent(each(said_as_text), streamed=True), "works"),
    "a text in place of a delta": Row(Sent(each(delta_as_text), streamed=True), "refused"),
    "the end before the text": Row(Sent(end_first, streamed=True), "works"),
    "a piece over two events": Row(Sent(in_halves, streamed=True), "refused"),
    "pieces as texts of JSON": Row(Sent(in_quotes, streamed=True), "works"),
    "pieces in base64": Row(Sent(in_base64, streamed=True), "refused"),
    "DONE without brackets": Row(done_as(b"data: DONE"), "works"),
    "a stop token in place of [DONE]": Row(done_as(b"data: <|endoftext|>"), "works"),
    "done as an object": Row(done_as(b'data: {"done":true}'), "works"),
    "done as an event": Row(done_as(b"event: done\ndata: {}"), "works"),
    "[DONE] in the line of the last piece": Row(
        Sent(lambda stream: stream.replace(b"\n\ndata: [DONE]", b"data: [DONE]"), streamed=True), "works"
    ),
    "an id in the line of the data": Row(
        Sent(lambda stream: stream.replace(b"data: {", b"id: 1 data: {"), streamed=True), "refused"
    ),
    "blanks around data": Row(Sent(lambda stream: stream.replace(b"data: ", b"  data : "), streamed=True), "works"),
    "numbers between the pieces": Row(
        Sent(lambda stream: stream.replace(b"\n\n", b"\n\ndata: 0\n\n", 3), streamed=True), "refused"
    ),
    "an index below zero": Row(Sent(each(lambda piece: at_index(piece, -1)), streamed=True), "works"),
    "choices as an object, in the pieces": Row(Sent(each(choices_by_index), streamed=True), "refused"),
    # Messages
    "text in place of content": Row(spoiled(lambda found: message(text=content(found), content=None)(found)), "works"),
    "messages in place of a message": Row(
        spoiled(lambda found: found["choices"][0].update(messages=[found["choices"][0].pop("message")])), "refused"
    ),
    "content beside no message": Row(
        spoiled(lambda found: found["choices"][0].update(content=found["choices"][0].pop("message")["content"])),
        "refused",
    ),
    "a message at the top": Row(put_into(lambda found: {"role": "assistant", "content": content(found)}), "refused"),
    "numbers of tokens as content": Row(spoiled(message(content=[1, 2, 3])), "refused"),
    "an error of JSON as the answer": Row(
        spoiled(error_as_text('{"error": {"message": "The server had an error", "type": "server_error"}}')), "refused"
    ),
    # Thoughts
    "<think> that is escaped for HTML": Row(spoiled(text("&lt;think&gt;THOUGHT&lt;/think&gt;ANSWER")), "works"),
    "＜think＞ in wide signs": Row(spoiled(text("＜think＞THOUGHT＜/think＞ANSWER")), "works"),
    "<think> within <think>": Row(spoiled(text("<think>Hm. <think>So.</think> THOUGHT</think>ANSWER")), "works"),
    "an empty <think/>": Row(spoiled(text("<think/>ANSWER")), "works"),
    "<think> set as code": Row(spoiled(text("`<think>`\nTHOUGHT\n`</think>`\nANSWER")), "works"),
    "<think_fast>": Row(spoiled(text("<think_fast>THOUGHT</think_fast>ANSWER")), "works"),
    "think_start marks": Row(spoiled(text("<|think_start|>THOUGHT<|think_end|>ANSWER")), "works"),
    "startofthought marks": Row(spoiled(text("<|startofthought|>THOUGHT<|endofthought|>ANSWER")), "works"),
    "<reason> before the answer": Row(spoiled(text("<reason>THOUGHT</reason>\nANSWER")), "works"),
    "<cot> before the answer": Row(spoiled(text("<cot>THOUGHT</cot>\nANSWER")), "works"),
    "<thinking_process> before the answer": Row(
        spoiled(text("<thinking_process>THOUGHT</thinking_process>\nANSWER")), "works"
    ),
    "<analysis> before the answer": Row(spoiled(text("<analysis>THOUGHT</analysis>\nANSWER")), "works"),
    "<思考> before the answer": Row(spoiled(text("<思考>THOUGHT</思考>\nANSWER")), "works"),
    "commentary without its marks (gpt-oss)": Row(spoiled(text("commentaryTHOUGHTassistantfinalANSWER")), "works"),
    "the mark of a message alone (gpt-oss)": Row(spoiled(text("<|message|>ANSWER<|return|>")), "works"),
    # HTTP
    "HTTP 203": Row(Sent(lambda body: body, status=203), "works"),
    "HTTP 303 to a page that waits (Modal)": Row(
        Refuse(303, headers={"Location": "/v1/chat/completions?call=fc-1"}), "refused", "redirects"
    ),
    "HTTP 304": Row(Refuse(304), "refused"),
    "HTTP 406": Row(Refuse(406, "not acceptable"), "refused", "not acceptable"),
    "HTTP 411": Row(Refuse(411, "length required"), "refused", "length required"),
    "HTTP 420": Row(Refuse(420, "enhance your calm"), "refused", "enhance"),
    "HTTP 451": Row(Refuse(451, "legal reasons"), "refused", "legal"),
    "HTTP 500 always": Row(Refuse(500, "Internal server error"), "refused", "Internal server error"),
    "HTTP 522 always (Cloudflare)": Row(Refuse(522, "error code: 522"), "refused", "522"),
    "HTTP where HTTPS is spoken (nginx)": Row(
        Body(
            b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
            400,
            "text/html",
        ),
        "refused",
        "sent to HTTPS port",
    ),
    "a name of a host that is not allowed": Row(
        Body(b"Invalid host header", 400, "text/plain"), "refused", "host header"
    ),
    "an address that is not allowed": Row(
        told("Your IP address is not authorized to access this API", 401), "refused", "IP address"
    ),
    "an organization of another key (OpenAI)": Row(
        told("OpenAI-Organization header should match organization for API key", 401), "refused", "Organization"
    ),
    "an error of a call behind the gateway, once (LocalAI)": Row(
        Once(Refuse(500, "rpc error: code = Unavailable desc = error reading from server: EOF")), "works"
    ),
    "an engine that is dead (vLLM)": Row(
        Refuse(500, "EngineCore encountered an issue. See stack trace (above)."), "refused", "EngineCore"
    ),
    "HTTP 429 with a wait in its body (Discord)": Row(
        Once(Body(b'{"message":"You are being rate limited.","retry_after":0.01}', 429)), "works"
    ),
    "HTTP 429 with a header of the draft": Row(
        Once(Refuse(429, "slow down", headers={"RateLimit": '"default";r=0;t=0'})), "works"
    ),
    "a model that is being pulled (Ollama)": Row(Body(b'{"status":"pulling manifest"}'), "refused", "pulling"),
    "only streams (Qwen)": Row(
        Unless(lambda wanted: bool(wanted.get("stream")), told("This model only support stream mode")), "works"
    ),
    "a parameter that is missed": Row(
        Unless(lambda wanted: "user" in wanted, told("Missing required parameter: 'user'.")),
        "refused",
        "models.extra.user",
    ),
    "no temperature beside a seed": Row(
        Unless(
            lambda wanted: not {"temperature", "seed"} <= wanted.keys(),
            told("temperature and seed cannot both be specified for this model. Please use only one."),
        ),
        "adapted",
        "takes no",
    ),
    "a seed as text": Row(
        Unless(lambda wanted: isinstance(wanted.get("seed", ""), str), told("Input should be a valid string: seed")),
        "adapted",
        "no seed",
    ),
    "a prompt beyond a number of characters": Row(
        Unless(shorter_than(100), told("Prompt length 300 exceeds maximum of 100 characters")),
        "refused",
        "does not fit",
    ),
    "a model that is deprecated": Row(
        told("The model `m` has been deprecated, learn more here: https://x", 404), "refused", "deprecated"
    ),
    "cached tokens below zero": Row(
        spoiled(usage({"prompt_tokens": 9, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": -5}})),
        "works",
    ),
    "usage within usage": Row(spoiled(usage({"usage": {"prompt_tokens": 9, "completion_tokens": 9}})), "works"),
    "usage as a text of JSON": Row(spoiled(usage('{"prompt_tokens": 9, "completion_tokens": 9}')), "works"),
    "usage of true": Row(spoiled(usage({"prompt_tokens": True, "completion_tokens": False})), "works"),
    # What stands around a reply
    "the prompt before the reply (text generation)": Row(WithItsPrompt(), "works"),
    "the prompt before the reply, in ChatML": Row(
        WithItsPrompt("<|im_start|>{role}\n{content}<|im_end|>\n", "<|im_start|>assistant\n"), "works"
    ),
    "the prompt before the reply, in Llama's template": Row(
        WithItsPrompt(
            "<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>",
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        "works",
    ),
    "the prompt before the reply, with names of roles": Row(
        WithItsPrompt("{role}: {content}\n", "assistant: "), "works"
    ),
    "a list of parts as text of JSON": Row(
        spoiled(said_as(lambda said: json.dumps([TEXT_PART | {"text": said}]))), "works"
    ),
    "a list of parts as Python prints it": Row(
        spoiled(said_as(lambda said: str([TEXT_PART | {"text": said}]))), "works"
    ),
    "a list of parts with a thought as text of JSON": Row(
        spoiled(
            said_as(lambda said: json.dumps([{"type": "thinking", "thinking": THOUGHT}, TEXT_PART | {"text": said}]))
        ),
        "works",
    ),
    "content as a text of JSON": Row(spoiled(said_as(json.dumps)), "works"),
    "<response> around the reply after <think>": Row(
        spoiled(text("<think>\nTHOUGHT\n</think>\n\n<response>\nANSWER\n</response>")), "works"
    ),
    "a final channel with a constraint (gpt-oss)": Row(
        spoiled(
            text(
                "<|channel|>analysis<|message|>THOUGHT<|end|><|start|>assistant<|channel|>final <|constrain|>json"
                "<|message|>ANSWER"
            )
        ),
        "works",
    ),
    # Streams of other protocols
    "a stream of Anthropic's own address": Row(in_stream_of("anthropic"), "refused", "message_start"),
    "a stream of the address of responses": Row(in_stream_of("responses"), "refused", "output_text"),
    "a stream of Vercel's AI SDK": Row(in_stream_of("ai_sdk"), "refused", "text-delta"),
    "a stream of Dify": Row(in_stream_of("dify"), "refused", "no chat completion"),
    "a stream of bare words": Row(in_stream_of("words"), "refused"),
    "pieces set over several lines without data": Row(in_stream_of("lines"), "refused"),
    # The wire
    "frames of HTTP/2": Row(Wire(lambda _: b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"), "refused"),
    "HTTP 505": Row(Refuse(505, "HTTP Version Not Supported"), "refused", "505"),
    "a payment in place of a key (x402)": Row(
        Body(b'{"x402Version": 1, "error": "X-PAYMENT header is required", "accepts": []}', 402), "refused", "X-PAYMENT"
    ),
    "GZIP in capitals": Row(Sent(gzip.compress, {"Content-Encoding": "GZIP"}), "works"),
    "x-gzip": Row(Sent(gzip.compress, {"Content-Encoding": "x-gzip"}), "refused", "compressed"),
    "chunks with a signature": Row(Wire(lambda body: in_signed_chunk(body, b";sig=1")), "works"),
    "a chunk whose size is no number": Row(Wire(lambda body: in_signed_chunk(body, b"z")), "refused", "HTTP"),
    "a tool that hands in the answer": Row(
        spoiled(lambda found: (message(content=None, tool_calls=[HANDED_IN])(found), ends("tool_calls")(found))),
        "refused",
    ),
}


@dataclass(frozen=True)
class Asked:
    reply: Reply | None
    error: MaspoError | None
    said: tuple[str, ...]
    ledger: Ledger


async def asked(fault: Fault) -> Asked:
    """Ask as a run does: first the small question, which needs no text, then a real one, twice."""
    health, ledger = Health(), Ledger(prices=PriceBook({"m": (1.0, 10.0)}))
    async with fake_provider((Rule(fault),)) as provider, ChatClient(Endpoint(provider.base_url, timeout=5)) as client:
        policy = RetryPolicy(attempts=2, base=0.001, cap=0.002)
        model = compose(client, MemoryStore(), ledger, policy, 8, health)
        try:
            await model.complete(ready_question("m"))
        except CallFailed:
            pass
        except ProviderError as error:
            return Asked(None, error, tuple(health.adapted), ledger)
        try:
            reply = await model.complete(ASK)
            before = len(provider.seen)
            again = await model.complete(replace(ASK, identity="another draw"))
            assert len(provider.seen) == before + 1, "what was learned is not asked again"
            assert again.text
        except ProviderError as error:
            return Asked(None, error, tuple(health.adapted), ledger)
        return Asked(reply, None, tuple(health.adapted), ledger)


AT_ONCE = [
    name
    for name, row in ROWS.items()
    if row.expected != "counted" and not re.search("in the middle|as the answer", name)
]
"""Rows of which a few calls show what they are."""


@pytest.mark.parametrize("name", AT_ONCE)
async def test_e01_every_endpoint_works_is_adapted_to_or_refused_with_a_reason(name: str) -> None:
    row = ROWS[name]
    found = await asked(row.fault)
    if row.expected == "refused":
        assert found.error is not None, "silently wrong"
        assert re.search(row.said, str(found.error), re.DOTALL), str(found.error)
        assert found.error.exit_code == EXIT_PROVIDER
        return
    assert found.error is None, str(found.error)
    assert found.reply is not None
    assert "<answer>" in found.reply.text
    assert "WRONG" not in found.reply.text, "a thought is no answer"
    assert not re.search(r"think|channel|◁|THINK|assistantfinal", found.reply.text), "no mark of a thought is left"
    assert bool(found.said) == (row.expected == "adapted"), found.said
    assert row.said in " ".join(found.said)
    if re.search(r"think|thought|channel|reasoning|THINK", name) and "16 tokens" not in name and "empty" not in name:
        assert THOUGHT in found.reply.thoughts, "thoughts are kept"


@pytest.mark.parametrize("name", ["no usage", "usage of zeros", "a stream that was not asked for"])
async def test_e02_what_is_not_told_is_charged_at_its_most_and_never_zero(name: str) -> None:
    used = (await asked(ROWS[name].fault)).ledger.usage()["agent"]
    assert used.unmetered == 2
    assert used.usd is not None
    assert used.usd > 2 * 2000 * 10 / 1e6


def test_e03_the_documented_table_is_this_one() -> None:
    documented = dict(
        re.findall(r"^\| ([^|]+?) \| (works|adapted|counted|refused)[^|]*\|", DOCS.read_text("utf-8"), re.M)
    )
    assert {name: row.expected for name, row in ROWS.items()} == {
        name.replace("`", ""): outcome for name, outcome in documented.items()
    }


PORTAL = b"<!-- v2 --><!DOCTYPE html><html><head><title>Sign in &amp; go on</title><style>b{}</style></head></html>"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (PORTAL, "text/html; charset=utf-8", ["a web page “Sign in & go on”, text/html", "sign in", "--base-url"]),
        (b"<html><body><script>x</script>Welcome  to\nnginx", "text/html", ["a web page “Welcome to nginx”"]),
        (b"Bad gateway", "text/plain", ["“Bad gateway”, text/plain", "choices[0].message.content"]),
        (b"", "application/json", ["an empty body, application/json"]),
        (b'{"status": "ok"}', "application/json", ['({"status": "ok"})']),
    ],
)
async def test_e05_what_is_no_completion_is_said_at_once_after_few_tries(
    body: bytes, kind: str, said: list[str]
) -> None:
    ledger = Ledger(prices=PriceBook({"m": (1.0, 10.0)}))
    async with (
        fake_provider((Rule(Sent(lambda _: body, {"Content-Type": kind})),)) as provider,
        ChatClient(Endpoint(provider.base_url)) as client,
    ):
        model = compose(client, MemoryStore(), ledger, RetryPolicy(base=0.001, cap=0.002), 8)
        with pytest.raises(ProviderError) as found:
            await model.complete(ASK)
        assert not isinstance(found.value, CallFailed), "every other call would meet it, too"
        assert all(words in str(found.value) for words in (*said, f"{provider.base_url}/chat/completions"))
        assert len(provider.seen) == 3
    free = b"<html" in body
    assert (ledger.usd == 0) == free, "a web page costs nothing"


async def optimized(fault: Fault, out: Path) -> tuple[Outcome | None, MaspoError | None, Recorder]:
    """Run the main job against an endpoint."""
    watcher = Recorder()
    async with fake_provider((Rule(fault),), SPEC) as provider:
        models = ModelSettings(agent="simulated", base_url=provider.base_url, attempts=3, concurrency=16)
        job = replace(with_config(world_job(inputs=6, spec=SPEC), models=models, search=_SMALLEST), world=None)
        try:
            return await start(resolve(job), out, watcher), None, watcher
        except MaspoError as error:
            return None, error, watcher


OTHER_TEXTS = frozenset(
    {"text of the older completions", "a stream that was not asked for", "several thoughts between steps"}
    | {"text of the older completions, as a stream", "a character in two halves", "bytes that are no character"}
    | {"half of a character", "a sign of nought in the text"}
)
"""Rows whose replies are not those of the world, letter by letter."""


CURED = {
    "some errors with HTTP 200": "lost",
    "some replies without choices": "lost",
    "some empty replies": "silent",
    "some replies that end with an error": "broken",
}
"""Rows of which a retry makes answers, and the count that tells of it."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> RunFinished:
    outcome, _, _ = asyncio.run(optimized(Spoiled(lambda found: None), tmp_path_factory.mktemp("clean") / "run"))
    assert outcome is not None and outcome.finished is not None
    found = outcome.finished
    assert found.winners != found.prompts, "a run that changes nothing would prove nothing"
    return found


@pytest.mark.parametrize("name", ROWS)
async def test_e04_no_endpoint_makes_a_run_silently_wrong(
    name: str, tmp_path: Path, clean: RunFinished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maspo.study.session.RetryPolicy", partial(RetryPolicy, base=0.001, cap=0.002))
    row = ROWS[name]
    outcome, error, watcher = await optimized(row.fault, tmp_path / "run")
    if row.expected == "refused":
        ended = error.exit_code if error is not None else outcome.exit_code if outcome is not None else EXIT_OK
        assert ended == EXIT_PROVIDER, "silently wrong"
        return
    assert error is None, str(error)
    assert outcome is not None and outcome.finished is not None
    assert outcome.exit_code == EXIT_OK
    if row.expected == "counted":
        health = health_of(look(tmp_path / "run").view)
        counts = [health.replies.cut, health.unreadable_verdicts, health.empty, health.refused, health.shortened]
        lost = [event.reason for event in watcher.events if isinstance(event, CallLost)]
        assert any(counts) or lost, "silently wrong"
        assert row.said in " ".join(lost)
        return
    assert not [event for event in watcher.events if isinstance(event, CallLost)]
    if name in CURED:
        replies = health_of(look(tmp_path / "run").view).replies
        assert getattr(replies, CURED[name]), "what a retry has cured is counted"
    adapted = [event.what for event in watcher.events if isinstance(event, EndpointAdapted)]
    assert bool(adapted) == (row.expected == "adapted"), adapted
    if row.expected == "works" and name not in OTHER_TEXTS:
        found = outcome.finished
        assert (found.winners, found.holdout, found.shipped) == (clean.winners, clean.holdout, clean.shipped)
