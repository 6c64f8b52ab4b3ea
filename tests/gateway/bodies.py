"""One exchange of each dialect, written by hand after the providers' documentation: with a tool, plain and streamed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

SYSTEM = "You are the solver.\nAnswer in one word."
QUESTION = "What is the capital of France? {x} $y"
RESULT = "Paris, since 987"
TEXT = "Paris — é🙂"


def sse(*events: Any, named: bool = False, done: bool = False) -> bytes:
    lines = []
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        lines.append(f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n")
    return ("".join(lines) + ("data: [DONE]\n\n" if done else "")).encode()


@dataclass(frozen=True)
class Exchange:
    """A conversation of one dialect: the second request of a tool loop, and replies to it."""

    dialect: str
    path: str
    stream_path: str
    request: dict[str, Any]
    stream_flag: dict[str, Any]
    """What a request holds beside, when it asks for a stream; its absence, when it does not."""
    plain_flag: dict[str, Any]
    text: bytes
    """A reply that is a text."""
    text_stream: bytes
    tool: bytes
    """A reply that asks for a tool."""
    tool_stream: bytes
    stream_kind: str = "text/event-stream"
    tool_id: str = "call_2"
    arguments: str = '{"city": "Paris"}'
    finish: str = "stop"
    tool_finish: str = "tool_calls"


PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def chat() -> Exchange:
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"city": "Paris"}'}}
    request = {
        "model": "gpt-4.1-mini",
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": RESULT},
        ],
        "tools": [{"type": "function", "function": {"name": "look_up", "parameters": PARAMETERS}}],
        "max_completion_tokens": 200,
    }
    usage = {"prompt_tokens": 41, "completion_tokens": 7, "total_tokens": 48}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini"}
    part = {**head, "object": "chat.completion.chunk"}

    def whole(message: Any, finish: str) -> bytes:
        choice = {"index": 0, "message": {"role": "assistant", **message}, "logprobs": None, "finish_reason": finish}
        return json.dumps({**head, "choices": [choice], "usage": usage}).encode()

    def chunk(delta: Any, finish: str | None = None) -> Any:
        return {**part, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    def called(**function: str) -> Any:
        return {"tool_calls": [{"index": 0, "function": function}]}

    first = {
        "tool_calls": [
            {"index": 0, "id": "call_2", "type": "function", "function": {"name": "look_up", "arguments": ""}}
        ]
    }
    told = {**part, "choices": [], "usage": usage}
    return Exchange(
        dialect="chat_completions",
        path="/v1/chat/completions",
        stream_path="/v1/chat/completions",
        request=request,
        stream_flag={"stream": True, "stream_options": {"include_usage": True}},
        plain_flag={},
        text=whole({"content": TEXT, "refusal": None}, "stop"),
        text_stream=sse(
            chunk({"role": "assistant", "content": "", "refusal": None}),
            chunk({"content": TEXT[:4]}),
            chunk({"content": TEXT[4:]}),
            chunk({}, "stop"),
            told,
            done=True,
        ),
        tool=whole({"content": None, "tool_calls": [{**call, "id": "call_2"}]}, "tool_calls"),
        tool_stream=sse(
            chunk({"role": "assistant", "content": None}),
            chunk(first),
            chunk(called(arguments='{"city": ')),
            chunk(called(arguments='"Paris"}')),
            chunk({}, "tool_calls"),
            told,
            done=True,
        ),
    )


def responses() -> Exchange:
    request = {
        "model": "gpt-4.1-mini",
        "instructions": SYSTEM,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
            {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": '{"city": "Paris"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": RESULT},
        ],
        "tools": [{"type": "function", "name": "look_up", "parameters": PARAMETERS, "strict": False}],
        "max_output_tokens": 200,
    }

    def response(output: list[Any], status: str = "completed") -> Any:
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": SYSTEM,
            "max_output_tokens": 200,
            "model": "gpt-4.1-mini",
            "output": output,
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": {
                "input_tokens": 41,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 7,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 48,
            },
            "metadata": {},
        }

    def message(text: str, status: str = "completed") -> Any:
        content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}] if text else []
        return {"id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": content}

    def call(arguments: str, status: str = "completed") -> Any:
        named = {"call_id": "call_2", "name": "look_up", "arguments": arguments}
        return {"id": "fc_1", "type": "function_call", "status": status, **named}

    def events(*between: Any, item: Any, opened: Any) -> bytes:
        begun = {**response([], "in_progress"), "usage": None}
        listed = [
            {"type": "response.created", "response": begun},
            {"type": "response.in_progress", "response": begun},
            {"type": "response.output_item.added", "output_index": 0, "item": opened},
            *between,
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": response([item])},
        ]
        return sse(*({**event, "sequence_number": at} for at, event in enumerate(listed)), named=True)

    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    where = {"item_id": "fc_1", "output_index": 0}
    arguments = '{"city": "Paris"}'
    return Exchange(
        dialect="responses",
        path="/v1/responses",
        stream_path="/v1/responses",
        request=request,
        stream_flag={"stream": True},
        plain_flag={},
        text=json.dumps(response([message(TEXT)])).encode(),
        text_stream=events(
            {"type": "response.content_part.added", **place, "part": part},
            {"type": "response.output_text.delta", **place, "delta": TEXT[:4], "logprobs": []},
            {"type": "response.output_text.delta", **place, "delta": TEXT[4:], "logprobs": []},
            {"type": "response.output_text.done", **place, "text": TEXT, "logprobs": []},
            {"type": "response.content_part.done", **place, "part": {**part, "text": TEXT}},
            item=message(TEXT),
            opened=message("", "in_progress"),
        ),
        tool=json.dumps(response([call(arguments)])).encode(),
        tool_stream=events(
            {"type": "response.function_call_arguments.delta", **where, "delta": arguments[:9]},
            {"type": "response.function_call_arguments.delta", **where, "delta": arguments[9:]},
            {"type": "response.function_call_arguments.done", **where, "name": "look_up", "arguments": arguments},
            item=call(arguments),
            opened=call("", "in_progress"),
        ),
        finish="completed",
        tool_finish="completed",
    )


def messages() -> Exchange:
    request = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 200,
        "system": [{"type": "text", "text": SYSTEM}],
        "messages": [
            {"role": "user", "content": QUESTION},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"city": "Paris"}}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": RESULT}]}
                ],
            },
        ],
        "tools": [{"name": "look_up", "input_schema": PARAMETERS}],
    }
    usage = {"input_tokens": 41, "output_tokens": 7, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}

    def message(content: list[Any], stop: str | None) -> Any:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5",
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": usage,
        }

    def events(block: Any, deltas: list[Any], stop: str) -> bytes:
        begun = {**message([], None), "usage": {**usage, "output_tokens": 1}}
        return sse(
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "ping"},
            *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": stop, "stop_sequence": None},
                "usage": {"output_tokens": 7},
            },
            {"type": "message_stop"},
            named=True,
        )

    use = {"type": "tool_use", "id": "call_2", "name": "look_up"}
    return Exchange(
        dialect="messages",
        path="/v1/messages",
        stream_path="/v1/messages",
        request=request,
        stream_flag={"stream": True},
        plain_flag={},
        text=json.dumps(message([{"type": "text", "text": TEXT}], "end_turn")).encode(),
        text_stream=events(
            {"type": "text", "text": ""},
            [{"type": "text_delta", "text": TEXT[:4]}, {"type": "text_delta", "text": TEXT[4:]}],
            "end_turn",
        ),
        tool=json.dumps(message([{**use, "input": {"city": "Paris"}}], "tool_use")).encode(),
        tool_stream=events(
            {**use, "input": {}},
            [
                {"type": "input_json_delta", "partial_json": ""},
                {"type": "input_json_delta", "partial_json": '{"city": '},
                {"type": "input_json_delta", "partial_json": '"Paris"}'},
            ],
            "tool_use",
        ),
        finish="end_turn",
        tool_finish="tool_use",
    )


def generate_content() -> Exchange:
    called = {"name": "look_up", "args": {"city": "Paris"}}
    request = {
        "systemInstruction": {"parts": [{"text": SYSTEM}], "role": "user"},
        "contents": [
            {"role": "user", "parts": [{"text": QUESTION}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"id": "call_1", "name": "look_up", "args": {"city": "Paris"}}}],
            },
            {
                "role": "user",
                "parts": [{"functionResponse": {"id": "call_1", "name": "look_up", "response": {"result": RESULT}}}],
            },
        ],
        "tools": [{"functionDeclarations": [{"name": "look_up", "parameters": PARAMETERS}]}],
        "generationConfig": {"maxOutputTokens": 200},
    }
    usage = {"promptTokenCount": 41, "candidatesTokenCount": 7, "totalTokenCount": 48}

    def reply(parts: list[Any], finish: str | None) -> Any:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
        ended = {"finishReason": finish} if finish else {}
        return {
            "candidates": [{**candidate, **ended}],
            "usageMetadata": usage,
            "modelVersion": "gemini-2.5-flash",
            "responseId": "r1",
        }

    call = {"functionCall": {**called, "id": "call_2"}}
    return Exchange(
        dialect="generate_content",
        path="/v1beta/models/gemini-2.5-flash:generateContent",
        stream_path="/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        request=request,
        stream_flag={},
        plain_flag={},
        text=json.dumps(reply([{"text": "hm", "thought": True}, {"text": TEXT}], "STOP")).encode(),
        text_stream=sse(reply([{"text": TEXT[:4]}], None), reply([{"text": TEXT[4:]}], "STOP")),
        tool=json.dumps(reply([call], "STOP")).encode(),
        tool_stream=sse(reply([call], "STOP")),
        finish="STOP",
        tool_finish="STOP",
    )


def ollama_chat() -> Exchange:
    request = {
        "model": "qwen3:0.6b",
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": QUESTION},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"function": {"name": "look_up", "arguments": {"city": "Paris"}}}],
            },
            {"role": "tool", "tool_name": "look_up", "content": RESULT},
        ],
        "tools": [{"type": "function", "function": {"name": "look_up", "parameters": PARAMETERS}}],
        "options": {"num_predict": 200},
    }

    def line(message: Any, done: bool = False) -> Any:
        head = {"model": "qwen3:0.6b", "created_at": "2026-11-28T08:00:00Z"}
        last = {"done_reason": "stop", "total_duration": 5, "prompt_eval_count": 41, "eval_count": 7} if done else {}
        return {**head, "message": {"role": "assistant", **message}, "done": done, **last}

    def lines(*found: Any) -> bytes:
        return "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in found).encode()

    call = {"content": "", "tool_calls": [{"function": {"name": "look_up", "arguments": {"city": "Paris"}}}]}
    return Exchange(
        dialect="ollama_chat",
        path="/api/chat",
        stream_path="/api/chat",
        request=request,
        stream_flag={},
        plain_flag={"stream": False},
        text=json.dumps(line({"content": TEXT}, True)).encode(),
        text_stream=lines(line({"content": TEXT[:4]}), line({"content": TEXT[4:]}), line({"content": ""}, True)),
        tool=json.dumps(line(call, True)).encode(),
        tool_stream=lines(line(call), line({"content": ""}, True)),
        stream_kind="application/x-ndjson",
        tool_id="",
        tool_finish="stop",
    )


EXCHANGES = {one.dialect: one for one in (chat(), responses(), messages(), generate_content(), ollama_chat())}
