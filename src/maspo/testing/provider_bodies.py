"""Bodies that providers send with status 200 and careless code falls over."""

from __future__ import annotations

import json
from collections.abc import Mapping

from maspo.testing.provider import completion

_TEN_MEGABYTES = 10_000_000
_TOOL = {"id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}


def odd_bodies(text: str) -> Mapping[str, bytes]:
    """Return odd completions by name; those that hold an answer hold ``text``."""
    good = completion({"content": text})
    return {
        "null": completion({"content": None}),
        "empty": completion({"content": ""}),
        "blank": completion({"content": " \n\t"}),
        "absent": completion({}),
        "number": completion({"content": 5}),
        "tool calls": completion({"content": None, "tool_calls": [_TOOL]}, "tool_calls"),
        "refusal": completion({"content": None, "refusal": text}),
        "filtered": completion({"content": ""}, "content_filter"),
        "truncated": completion({"content": text}, "length"),
        "nothing before the limit": completion({"content": "", "reasoning_content": text}, "length"),
        "parts": completion({"content": [{"type": "text", "text": text}, {"type": "image_url"}, 5, None]}),
        "several choices": _several(text),
        "no choices": b'{"choices": []}',
        "an error": b'{"error": {"message": "overloaded"}}',
        "surrogates": completion({"content": f"\ud800{text}\udfff"}),
        "NUL": completion({"content": f"\0{text}\0"}),
        "bidi": completion({"content": f"\u202e{text}\u2066\u200f"}),
        "10 MB": completion({"content": text + "x" * _TEN_MEGABYTES}),
        "html": b"<!doctype html><title>Sign in</title><p>Please sign in to this network.",
        "cut": good[: len(good) // 2],
        "cut in a character": '{"choices": [{"message": {"content": "é'.encode()[:-1],
        "nothing": b"",
        "no JSON": b"data: [DONE]\n\n",
        "deep": b"[" * 100_000,
        "a long number": b'{"choices": ' + b"9" * 10_000 + b"}",
        "no usage": completion({"content": text}, usage=None),
        "negative usage": completion({"content": text}, usage=(-5, -5)),
        "huge usage": completion({"content": text}, usage=(10**30, 10**30)),
        "usage in words": completion({"content": text}, usage=("many", None)),
        "odd finish": completion({"content": text}, {"why": ["stop"]}),
    }


def _several(text: str) -> bytes:
    choices = [{"index": index, "message": {"content": text * (index == 0)}} for index in range(3)]
    return json.dumps({"choices": choices}).encode()
