"""Each dialect, plain and streamed, through the gateway: D01 to D08."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maspo.gateway.dialects.base import Incoming, loads, sse_data
from maspo.gateway.dialects.registry import DIALECTS, dialect_of
from maspo.gateway.wire import WireAgent
from tests.gateway.bodies import EXCHANGES, QUESTION, RESULT, SYSTEM, TEXT, Exchange
from tests.gateway.conftest import Opener
from tests.gateway.upstream import Answer

ALL = pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


def asked(exchange: Exchange, streamed: bool) -> tuple[str, bytes]:
    flag = exchange.stream_flag if streamed else exchange.plain_flag
    path = exchange.stream_path if streamed else exchange.path
    return path, json.dumps({**exchange.request, **flag}).encode()


def test_d01_every_dialect_has_an_exchange() -> None:
    assert {dialect.name for dialect in DIALECTS} == set(EXCHANGES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(
    JSON, st.booleans(), st.integers(0, 60), st.sampled_from([b"", b"1", b'"', b"\\", b",", b"}", b"e", b"\xff", b"\0"])
)
@example("\ud800", True, 99, b"")  # half of a character, as some programs write it
@example([[]] * 3, True, 99, b"\xef\xbb\xbf")
def test_d09_bodies_are_read_as_the_standard_library_reads_them(value: Any, ascii: bool, at: int, put: bytes) -> None:
    text = json.dumps(value, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    for body in (
        text,
        text[:at] + put + text[at:],
        text[:at] + put + text[at + 1 :],
        text.decode("latin-1").encode("utf-16"),
    ):
        try:
            expected = json.loads(body)
        except ValueError:
            expected = None
        assert repr(loads(body)) == repr(expected)


@ALL
def test_d02_a_dialect_reads_every_text_in_order_and_puts_another_in_its_place(exchange: Exchange) -> None:
    dialect = dialect_of("POST", exchange.path, {})
    assert dialect.name == exchange.dialect
    found = dialect.read_request(Incoming(exchange.path, exchange.request))
    assert [text.text for text in found.texts if text.role in ("system", "instructions")] == [SYSTEM]
    assert [text.text for text in found.texts if text.role == "user"] == [QUESTION]
    results = [text.text for text in found.texts if text.role == "tool"]
    assert len(results) == 1
    assert RESULT in results[0]
    assert (found.offered, found.max_tokens) == (("look_up",), 200)
    assert [RESULT in result.text for result in found.results] == [True]
    for text in found.texts:
        value: Any = exchange.request
        for step in text.place or ():
            value = value[step]
        assert text.place is None or value == text.text


@ALL
@FORMS
@pytest.mark.parametrize("kind", ["text", "tool"])
async def test_d03_a_reply_passes_unchanged_and_is_read_whole(
    bench: Opener, exchange: Exchange, streamed: bool, kind: str
) -> None:
    body = getattr(exchange, f"{kind}_stream" if streamed else kind)
    path, sent = asked(exchange, streamed)
    async with bench([WireAgent("solver", SYSTEM)]) as found:
        found.upstream.will(Answer(body, kind=exchange.stream_kind if streamed else "application/json"))
        async with found.app.post(found.root + path, data=sent) as response:
            assert (response.status, await response.read()) == (200, body)
        (call,) = await found.gateway.close(found.rollout)
    (heard,) = found.upstream.heard
    assert heard.body == sent
    assert heard.line.split()[1] == path
    assert (call.dialect, call.agent, call.failed, call.cached) == (exchange.dialect, "solver", "", False)
    assert (call.tokens_in, call.tokens_out) == (41, 7)
    assert call.model == exchange.request.get("model", "gemini-2.5-flash")
    if kind == "text":
        assert (call.output, call.tools, call.finish) == (TEXT, (), exchange.finish)
    else:
        (tool,) = call.tools
        assert (call.output, tool.id, tool.name) == ("", exchange.tool_id, "look_up")
        assert json.loads(tool.arguments) == {"city": "Paris"}
        assert call.finish == exchange.tool_finish


@ALL
@FORMS
async def test_d04_a_prompt_is_swapped_byte_for_byte_and_nothing_else_changes(
    bench: Opener, exchange: Exchange, streamed: bool
) -> None:
    written = "  Be {x} {{y}} {% raw %} $z ${z} \\frac{a}{b} \"quoted\" 'single' é\n\tend \r\n"
    path, sent = asked(exchange, streamed)
    async with bench([WireAgent("solver", SYSTEM)]) as found:
        rollout = found.gateway.open({"solver": written})
        found.upstream.will(Answer(exchange.text_stream if streamed else exchange.text, kind=exchange.stream_kind))
        async with found.app.post(rollout.base_url.removesuffix("/v1") + path, data=sent) as response:
            assert response.status == 200
            await response.read()
    expected = json.loads(sent)
    swapped = json.dumps(expected).replace(json.dumps(SYSTEM), json.dumps(written))
    assert json.loads(found.upstream.heard[0].body) == json.loads(swapped)


@ALL
@FORMS
async def test_d05_what_breaks_off_is_no_reply(bench: Opener, exchange: Exchange, streamed: bool) -> None:
    dialect = dialect_of("POST", exchange.path, {})
    whole = exchange.text_stream if streamed else exchange.text
    for end in range(len(whole) - 1):
        reply = dialect.read_reply(whole[:end], streamed)
        # What follows the reason to end, or ``[DONE]``, tells nothing more of the text.
        assert not reply.whole or reply.text == TEXT
    assert dialect.read_reply(whole, streamed).whole


@ALL
@FORMS
def test_d06_rubbish_is_no_reply_and_no_request_and_never_raises(exchange: Exchange, streamed: bool) -> None:
    dialect = dialect_of("POST", exchange.path, {})
    rubbish = (b"", b"[]", b"null", b"{}", b"data: 3\n\n", b"\xff\xfe", b'{"error": {"message": "no"}}', b"[" * 100_000)
    for body in rubbish:
        assert not dialect.read_reply(body, streamed).whole
    odd: list[Any] = [
        None,
        3,
        "x",
        [],
        {},
        [3],
        [[]],
        [{}],
        {"parts": 3},
        [{"role": 3, "content": [None, {"type": "text"}]}],
    ]
    names = [*exchange.request, "system", "input", "instructions", "contents", "functions", "options"]
    for name in names:
        for value in odd:
            dialect.read_request(Incoming(exchange.path, {**exchange.request, name: value}))
    for name in ("choices", "output", "content", "candidates", "message", "usage", "usageMetadata"):
        for value in odd:
            dialect.read_reply(json.dumps({name: value}).encode(), False)
            dialect.read_reply(f"data: {json.dumps({name: value})}\n\n".encode(), True)


@ALL
def test_d07_the_small_question_is_in_the_dialect(exchange: Exchange) -> None:
    dialect = dialect_of("POST", exchange.path, {})
    small = dialect.ready(Incoming(exchange.stream_path.split("?")[0], exchange.request))
    found = dialect.read_request(small)
    assert dialect.takes(small.path)
    assert (found.streamed, found.max_tokens) == (False, 16)
    assert [text.text for text in found.texts] == ["Reply with the word: ready"]


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\ndata:b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [b"a", b"b", b"c"]),
        (b": keep-alive\n\nevent: x\nid: 3\ndata: a\ndata: b\n\n: bye\n\n", [b"a\nb"]),
        (b"\xef\xbb\xbfdata\n\ndata:  two\n\n", [b"", b" two"]),
        (b"data: not ended\n", []),
    ],
)
def test_d08_events_are_read_as_the_standard_says(stream: bytes, data: list[bytes]) -> None:
    assert sse_data(stream) == data


@given(
    st.lists(st.sampled_from([b"data: a", b"data: ", b"data:", b"data", b": c", b"\n", b"\n\n", b"\n\ndata: ", b"x"]))
)
def test_d08_a_comment_before_them_or_other_line_ends_change_nothing(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    assert sse_data(stream) == sse_data(b": c\n\n" + stream) == sse_data(stream.replace(b"\n", b"\r\n"))
