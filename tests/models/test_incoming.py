"""A body while it comes in: what it tells, however it is cut into chunks."""

from __future__ import annotations

import json

import pytest

from maspo.models.incoming import Incoming
from maspo.models.replies import read_reply

SILENCE = 120.0


def piece(said: str, ended: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": said}, "finish_reason": ended}
    return b"data: " + json.dumps({"choices": [choice]}).encode()


PIECES = [piece("a: [DONE] b"), piece("\ndata: [DONE]\n"), b": [DONE]", piece(" c", "stop")]
SAID = "a: [DONE] b\ndata: [DONE]\n c"
ENDS = ["data: [DONE]", "data:[DONE]", 'data: "[DONE]"', "data:   [done]", "DATA: [DONE]", "event: end\ndata: [DONE]"]


def fed(*chunks: bytes) -> tuple[Incoming, list[float | None]]:
    """Feed chunks, none of them the last."""
    incoming = Incoming(100, SILENCE, lambda: 0.0)
    return incoming, [incoming.deadline_after(chunk, False) for chunk in chunks if incoming.take(chunk)]


@pytest.mark.parametrize("between", ["\n\n", "\r\n\r\n", "\r\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("end", ENDS)
def test_n01_the_end_is_seen_wherever_a_chunk_ends(end: str, between: str) -> None:
    lines = [*PIECES, end.replace("\n", between[: len(between) // 2]).encode(), b": bye"]
    body = between.encode().join(lines) + between.encode()
    assert read_reply(body, 1.0, "here").text == SAID
    for cut in range(1, len(body)):
        incoming, _ = fed(body[:cut], body[cut:])
        assert incoming.over, body[cut - 9 : cut + 9]
    assert fed(*(body[at : at + 1] for at in range(len(body))))[0].over


def test_n02_nothing_else_is_taken_for_the_end() -> None:
    body = b"\n\n".join([*PIECES[:3], b"event: [DONE]", b"id: data: [DONE]", b""])
    for cut in range(1, len(body)):
        incoming, _ = fed(body[:cut], body[cut:])
        assert not incoming.over and not incoming.ended, body[cut - 9 : cut + 9]


@pytest.mark.parametrize(
    "line",
    [b": queued\n\n", b"event: ping\ndata: {}\n\n", b'data: {"type": "ping"}\n\n', b": queued\r\n\r\n", b": a\r\r"],
)
def test_n03_what_keeps_a_connection_awake_is_no_part_of_a_reply_wherever_a_chunk_ends(line: bytes) -> None:
    body = 2 * line
    for cut in range(1, len(body)):
        incoming, deadlines = fed(body[:cut], body[cut:])
        assert not incoming.first_part and deadlines == [None, None], body[:cut]


def test_n04_after_the_text_has_ended_the_rest_comes_soon_or_not_at_all() -> None:
    body = b"\n\n".join([*PIECES, b""])
    last = body.rindex(b"data:")
    for cut in range(last, len(body)):
        incoming, deadlines = (
            fed(body[:last], body[last:cut], body[cut:]) if cut > last else fed(body[:last], body[last:])
        )
        assert incoming.ended and not incoming.over
        assert deadlines[-1] == 5.0 or deadlines[-2] == 5.0


def test_n05_pieces_that_all_tell_an_end_tell_none() -> None:
    incoming, deadlines = fed(*(piece("a", "stop") + b"\n\n" for _ in range(3)))
    assert not incoming.ended
    assert deadlines[0] == SILENCE


def test_n06_what_comes_after_the_end_of_the_text_takes_no_longer_than_the_end() -> None:
    moments = iter([0.0, 0.0, 60.0, 61.0, 62.0, 63.0])
    incoming = Incoming(100, SILENCE, lambda: next(moments))
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 5}}'
    deadlines = []
    for chunk in (piece("a"), piece("", "stop"), usage, piece("b"), piece("", "stop")):
        incoming.take(chunk + b"\n\n")
        deadlines.append(incoming.deadline_after(chunk + b"\n\n", False))
    assert deadlines == [SILENCE, 65.0, 66.0, 62.0 + SILENCE, 68.0]
