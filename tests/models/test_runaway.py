"""A reply that grows far beyond its limit of tokens is ended while it is read, and no other is."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from maspo.models import Ledger, PriceBook
from maspo.models.base import LONGEST_TOKEN, Message, Request
from maspo.models.budget import Limits
from maspo.models.replies import read_reply
from maspo.models.runaway import Runaway, ended
from maspo.testing.provider import completion, in_pieces
from tests.models.test_client import asking, layered, serving

LIMIT = 50
ASK = Request("m", (Message("user", "Tell me."),), "agent", max_tokens=LIMIT)
ENGLISH = "There is nothing in it that anybody would call a token of its own. "
SCRIPTS = {
    "English": ENGLISH,
    "Russian": "Здесь нет ничего, что кто-нибудь назвал бы. ",
    "Chinese": "这里没有什么特别的东西。",
    "Hindi": "यहाँ कुछ भी विशेष नहीं है। ",
    "emoji": "🙂🙃",
    "escapes": '"\\\n\t"',
}


def seen_after(text: str, size: int) -> int | None:
    """Return how many characters of a text had come when it was seen to run away; None: it was not."""
    watch, raw, came = Runaway(LIMIT), bytearray(), 0
    for piece in in_pieces(json.loads(completion({"content": text})), size):
        raw += piece
        came += size
        if watch.sees(piece, raw):
            return came
    return None


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("size", [1, 4, 60, 4000])
def test_f01_a_stream_is_ended_when_its_text_is_surely_beyond_its_limit_and_never_before(
    script: str, size: int
) -> None:
    one = SCRIPTS[script]
    most = LONGEST_TOKEN * LIMIT
    within = one * (most // len(one.encode()))
    assert seen_after(within, size) is None
    beyond = one * (20 * most // len(one.encode()))
    came = seen_after(beyond, size)
    assert came is not None
    assert len(beyond[:came].encode()) <= 3 * most + 4 * size


def test_f02_what_came_is_read_as_a_reply_that_was_cut_wherever_the_stream_is_left() -> None:
    text = ENGLISH * 3
    stream = b"".join(in_pieces(json.loads(completion({"content": text}))))
    for end in range(stream.index(b"\n\n", 300), len(stream), 37):
        reply = read_reply(ended(stream[:end]), 0.0, "here")
        assert reply.truncated or end > stream.index(b'"finish_reason": "stop"')
        assert text.startswith(reply.text)


async def test_f03_thoughts_are_not_counted() -> None:
    watch, raw = Runaway(LIMIT), bytearray()
    for piece in in_pieces(json.loads(completion({"content": "4", "reasoning_content": ENGLISH * 500}))):
        raw += piece
        assert not watch.sees(piece, raw)


async def test_f04_an_endpoint_that_writes_without_end_is_left_and_what_came_is_charged() -> None:
    left, sent = asyncio.Event(), 0

    async def without_end(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while sent < 1_000_000:
                for piece in in_pieces(json.loads(completion({"content": ENGLISH * 10}, usage=None)))[:-2]:
                    await response.write(piece)
                    sent += 7
        finally:
            left.set()
        return response

    ledger = Ledger(Limits(usd=1.0), PriceBook({"m": (0.0, 10.0)}))
    async with serving(without_end) as server, asking(server) as client:
        reply = await layered(client, ledger).complete(ASK)
        async with asyncio.timeout(10):
            await left.wait()
    size = len(reply.text.encode())
    assert reply.truncated
    assert LONGEST_TOKEN * LIMIT < size < 10 * LONGEST_TOKEN * LIMIT
    assert sent < 1_000_000
    assert ledger.usd == pytest.approx(size * 10e-6), "nobody tells its tokens: one a byte, at most"
    assert ledger.usage()["agent"].cut == 1
