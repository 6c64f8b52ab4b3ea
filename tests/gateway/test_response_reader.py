"""Responses are taken apart alike however their bytes are cut, and what breaks the rules is told: H01 to H05."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.gateway.message_reader import NotHttp
from maspo.gateway.response_reader import ResponseReader

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
RESPONSES = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", True),
    "chunks": (CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", 200, b"hello", True),
    "trailers": (CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nX: 2\r\n\r\n", 200, b"hello", True),
    "capitals": (CHUNKED.upper() + b"A\r\n" + b"\r\n" * 5 + b"\r\n000\r\n\r\n", 200, b"\r\n" * 5, True),
    "bare lines": (CHUNKED.replace(b"\r", b"") + b"5\nhello\n0\n\n", 200, b"hello", True),
    "an empty line first": (b"HTTP/1.1 200 OK\nContent-Length: 4\n\n\r\nok", 200, b"\r\nok", True),
    "told to wait": (
        b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + CHUNKED + b"0\r\n\r\n",
        200,
        b"",
        True,
    ),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    "nothing": (b"HTTP/1.1 429\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n", 429, b"", True),
    "closes": (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", False),
    "old": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", False),
    "old and kept": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", True),
    "both": (CHUNKED[:-2] + b"Content-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, b"ok", False),
    "too much": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", 200, b"ok", False),
}


@pytest.mark.parametrize("name", RESPONSES)
@given(cuts=st.lists(st.integers(0, 200), max_size=12))
def test_h01_a_response_is_the_same_however_it_is_cut(name: str, cuts: list[int]) -> None:
    raw, status, body, kept = RESPONSES[name]
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    for pieces in ([raw[a:b] for a, b in pairwise(edges)], [bytes([one]) for one in raw]):
        reader, found = ResponseReader(), b""
        for piece in pieces:
            if not reader.ended:
                found += reader.feed(piece)
        assert (reader.head and reader.head.status, found, reader.ended) == (status, body, True)
        assert reader.kept == kept or name == "too much"  # cut at its end, more has not come yet


def test_h02_without_a_length_the_end_of_the_connection_is_that_of_the_body_and_else_it_is_cut() -> None:
    reader = ResponseReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhello") == b"hello"
    assert not reader.ended
    assert reader.close()
    assert not reader.kept
    for raw, _, _, _ in RESPONSES.values():
        if raw.startswith(CHUNKED):
            cut = ResponseReader()
            cut.feed(raw[:-2])
            assert not cut.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nna me: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000,
        b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        CHUNKED + b"0x5\r\nhello",
        CHUNKED + b"-5\r\nhello",
        CHUNKED + b"5_0\r\nhello",
        CHUNKED + b"\r\nhello",
        CHUNKED + b"5\r\nhello!\r\n",
        CHUNKED + b"5" * 10_000,
    ],
)
def test_h03_what_is_no_response_is_refused(raw: bytes) -> None:
    with pytest.raises(NotHttp):
        ResponseReader().feed(raw)


def test_h05_a_response_to_head_has_no_body_whatever_length_it_tells() -> None:
    reader = ResponseReader(asked=b"HEAD")
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") == b""
    assert reader.ended
    assert reader.kept


def test_h04_headers_are_those_that_stand_there() -> None:
    reader = ResponseReader()
    reader.feed(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; b\r\nset-cookie:c\r\nX-Long: one\r\n two\r\nContent-Length: 0\r\n\r\n"
    )
    assert reader.head is not None
    headers = (("Set-Cookie", "a=1; b"), ("set-cookie", "c"), ("X-Long", "one two"), ("Content-Length", "0"))
    assert reader.head.headers == headers


def test_h06_a_long_head_may_come_byte_by_byte() -> None:
    reader = ResponseReader()
    for byte in b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000 + b"Content-Length: 0\r\n\r\n":
        assert reader.feed(bytes([byte])) == b""
    assert reader.head is not None
    assert len(reader.head.headers) == 50_001
    assert reader.ended
