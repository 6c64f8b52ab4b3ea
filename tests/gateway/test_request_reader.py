"""Requests are taken apart alike however their bytes are cut, and what breaks the rules is told: Q01 to Q04."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.gateway.message_reader import NotHttp
from maspo.gateway.request_reader import RequestReader

POST = b"POST /v1/chat?a=b%2F HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: Chunked\r\n\r\n"
REQUESTS = {
    "length": (POST + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
    "none": (POST + b"\r\n", b"", True),
    "zero": (POST + b"Content-Length: 0\r\n\r\n", b"", True),
    "twice the same": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    "chunks": (CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello", True),
    "trailers": (CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", b"hello", True),
    "bare lines": (POST.replace(b"\r", b"") + b"Content-Length: 2\n\nok", b"ok", True),
    "mixed lines": (POST + b"Content-Length: 2\n\r\nok", b"ok", True),
    "an empty line before": (b"\r\n" + POST + b"Content-Length: 2\r\n\r\nok", b"ok", True),
    "empty lines before": (b"\r\n\r\n\n\n" + POST + b"Content-Length: 2\r\n\r\nok", b"ok", True),
    "closes": (POST + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
    "old": (POST.replace(b"1.1", b"1.0") + b"Content-Length: 2\r\n\r\nok", b"ok", False),
    "old and kept": (POST.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n\r\n", b"", True),
    "as of a proxy": (POST.replace(b"/v1", b"http://127.0.0.1:80/v1") + b"Content-Length: 2\r\n\r\nok", b"ok", True),
}


@pytest.mark.parametrize("name", REQUESTS)
@given(cuts=st.lists(st.integers(0, 200), max_size=12), more=st.sampled_from([b"", b"GET / HTTP/1.1\r\n\r\n"]))
def test_q01_a_request_is_the_same_however_it_is_cut(name: str, cuts: list[int], more: bytes) -> None:
    raw, body, kept = REQUESTS[name]
    raw += more
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    for pieces in ([raw[a:b] for a, b in pairwise(edges)], [bytes([one]) for one in raw]):
        reader, found, behind = RequestReader(), b"", b""
        for piece in pieces:
            if reader.ended:
                behind += piece
            else:
                found += reader.feed(piece)
        assert reader.head is not None
        assert (reader.head.method, reader.head.path, reader.head.named["host"]) == ("POST", "/v1/chat?a=b%2F", "x")
        assert (found, reader.ended, reader.kept, reader.surplus + behind) == (body, True, kept, more)


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / x HTTP/1.1\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
        b"G(T / HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 65_536 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000_000,
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        POST + b"Content-Length: +5\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
        CHUNKED + b"-5\r\nhello",
        CHUNKED + b"5\r\nhello!\r\n",
        CHUNKED + b"5" * 10_000,
    ],
)
def test_q02_what_is_no_request_is_refused(raw: bytes) -> None:
    with pytest.raises(NotHttp):
        RequestReader().feed(raw)


def test_q03_headers_are_those_that_stand_there_and_of_equal_ones_the_first_is_read() -> None:
    reader = RequestReader()
    reader.feed(b"GET / HTTP/1.1\r\nx-one: a\r\nX-Key:  \xe9 \r\nX-ONE: b\r\n\r\n")
    assert reader.head is not None
    assert reader.head.headers == (("x-one", "a"), ("X-Key", "\xe9"), ("X-ONE", "b"))
    assert reader.head.named == {"x-one": "a", "x-key": "\xe9"}


def test_q04_a_header_that_goes_on_in_the_next_line_is_read_however_many_blanks_it_holds() -> None:
    reader, blanks = RequestReader(), b" " * 60_000
    reader.feed(b"GET / HTTP/1.1\r\nX-One: a\r\n b\r\nX-Two: c" + blanks + b"d\r\n\r\n")
    assert reader.head is not None
    assert reader.head.named == {"x-one": "a b", "x-two": f"c{blanks.decode()}d"}
