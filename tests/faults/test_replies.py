"""No reply can break the client: fuzzed bodies of every shape become a text, or a failure with a reason."""

from __future__ import annotations

import json
import random
import time
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from resource import RUSAGE_SELF, getrusage

import pytest
from aiohttp import web

from maspo.core.errors import CallFailed, EmptyReply, ProviderError
from maspo.models import Ledger, Message, ModelClient, Reply, Request, RetryPolicy, chat_completions, compose
from maspo.models.base import Transient
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.models.layers.compose import Cached, Metered, OnceMore
from maspo.models.refusals import read_refusal
from maspo.models.replies import is_stream, read_reply
from maspo.models.scripted import ScriptedModel
from maspo.testing.models import MemoryStore
from maspo.testing.provider import (
    Body,
    Exchange,
    FakeProvider,
    Refuse,
    Rule,
    When,
    completion,
    fake_provider,
    odd_bodies,
)
from tests.lengths import length

CASES = length(5_000, 100_000)
ASK = Request("m", (Message("user", "Hi"),), "agent", "solver")
TEXT = "The answer is 7."
ANSWERS = {
    "truncated",
    "parts",
    "several choices",
    "surrogates",
    "NUL",
    "bidi",
    "no usage",
    "negative usage",
    "huge usage",
    "usage in words",
    "odd finish",
}
"""Shapes that hold an answer."""
LEAVES: tuple[object, ...] = (
    None, True, False, 0, -1, 2**70, 1.5, "", " ", TEXT, "\ud800", "\0", "\u202e", [], {}, [None], {"x": []}, "length",
)  # fmt: skip


@asynccontextmanager
async def asked(script: Sequence[Rule]) -> AsyncIterator[tuple[ChatClient, FakeProvider]]:
    async with fake_provider(script) as provider, ChatClient(Endpoint(provider.base_url)) as client:
        yield client, provider


def reading(model: ModelClient) -> ModelClient:
    """Return a model with the layers around it that read replies."""
    ledger = Ledger()
    return Cached(OnceMore(Metered(model, ledger), ledger), MemoryStore(), ledger)


async def outcome(body: bytes) -> Reply | CallFailed:
    """Return what becomes of a body on its way through the layers that read it."""

    def script(_: Request) -> Reply | Exception:
        try:
            return read_reply(body, 0.1, "place")
        except CallFailed as error:
            return error

    try:
        return await reading(ScriptedModel(script)).complete(ASK)
    except CallFailed as error:
        return error


def check(found: Reply | CallFailed) -> None:
    if isinstance(found, Reply):
        assert found.text.strip()
        found.text.encode()
        assert all(count is None or 0 <= count <= 2**40 for count in (found.tokens_in, found.tokens_out))
    else:
        assert str(found).isprintable()
        assert len(str(found)) < 600


@pytest.mark.parametrize("shape", odd_bodies(TEXT))
async def test_p01_every_odd_body_is_an_answer_or_a_failure_with_a_reason(shape: str) -> None:
    async with asked([Rule(Body(odd_bodies(TEXT)[shape]))]) as (client, _):
        model = reading(client)
        if shape in ANSWERS:
            assert TEXT in (await model.complete(ASK)).text
            return
        with pytest.raises(CallFailed) as caught:
            await model.complete(ASK)
    check(caught.value)


def mutated(body: bytes, chance: random.Random) -> bytes:
    """Cut, flip, repeat or insert bytes."""
    place = chance.randrange(len(body) + 1)
    other = chance.randrange(len(body) + 1)
    first, last = min(place, other), max(place, other)
    match chance.randrange(5):
        case 0:
            return body[:place]
        case 1:
            return body[:first] + body[last:]
        case 2:
            return body[:place] + chance.randbytes(chance.randrange(1, 8)) + body[place:]
        case 3:
            return body[:place] + body[first:last] * 3 + body[place:]
        case _:
            return body[:place] + bytes([chance.randrange(256)]) + body[place + 1 :]


def replaced(value: object, chance: random.Random) -> object:
    """Put something else at a random place of a JSON value."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.15:
        return chance.choice(LEAVES)
    if isinstance(value, list):
        at = chance.randrange(len(value))
        return [replaced(item, chance) if number == at else item for number, item in enumerate(value)]
    name = chance.choice(list(value))
    return {**value, name: replaced(value[name], chance)}


def bytes_of(body: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randrange(1, 4)):
        body = mutated(body, chance)
    return body


def json_of(body: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return bytes_of(body, chance)
    for _ in range(chance.randrange(1, 4)):
        value = replaced(value, chance)
    return json.dumps(value).encode()


SMALL = {name: body for name, body in odd_bodies(TEXT).items() if len(body) < 50_000 and name != "a long number"}


@pytest.mark.parametrize("change", [bytes_of, json_of])
@pytest.mark.parametrize("shape", sorted(SMALL))
async def test_p02_fuzzed_replies_never_break_anything(
    shape: str, change: Callable[[bytes, random.Random], bytes]
) -> None:
    chance = random.Random(shape)
    kinds = set()
    for _ in range(CASES // 2):
        found = await outcome(change(SMALL[shape], chance))
        check(found)
        kinds.add(type(found))
    assert any(issubclass(kind, CallFailed) for kind in kinds)


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 429, 500, 503])
def test_p03_fuzzed_refusals_are_errors_of_ours(status: int) -> None:
    chance, endpoint = random.Random(status), Endpoint("https://x/v1", "sk-canary-0123456789")
    body = b'{"error": {"message": "no sk-canary-0123456789", "code": "some_code", "details": [{"a": 1}]}}'
    for _ in range(CASES // 8):
        headers = {name: chance.choice(["1", "soon", "", "\udcff", "-1"]) for name in ("Retry-After", "Date")}
        error = read_refusal(endpoint, status, headers, json_of(body, chance) if chance.random() < 0.5 else body)
        assert isinstance(error, ProviderError)
        assert str(error).isprintable()
        assert "sk-canary-0123456789" not in str(error)


async def test_p04_a_body_beyond_the_limit_is_not_read_to_its_end() -> None:
    async with asked([Rule(Body(b" " * 30_000_000))]) as (client, _):
        with pytest.raises(Transient, match="a body of more than 4,000,000 bytes"):
            await client.complete(ASK)


async def test_p05_a_reply_without_an_answer_is_paid_for_and_asked_for_once_more() -> None:
    empty = completion({"content": ""})
    async with asked([Rule(Body(empty), When(numbers=frozenset({1, 3, 4})))]) as (client, _):
        store, ledger = MemoryStore(), Ledger()
        model = compose(client, store, ledger, RetryPolicy(base=0.001), 4)
        assert (await model.complete(ASK)).attempts == 2
        with pytest.raises(
            EmptyReply, match=r"without an answer: the content is empty.*models\.reasoning_tokens="
        ) as caught:
            await model.complete(Request("m", (Message("user", "other"),), "agent"))
    assert caught.value.attempts == 2
    assert [bool(reply.text) for reply in store.replies.values()] == [True, False]
    assert ledger.usage()["agent"].tokens_in >= 3 * 7


async def test_p06_the_world_behind_the_fake_provider_is_the_world() -> None:
    async with asked([Rule(Refuse(503), When(purposes=("judge",)))]) as (client, provider):
        assert (await client.complete(ASK)).simulated
        with pytest.raises(Transient, match="503"):
            await client.complete(Request("m", (Message("user", "Hi"),), "judge.local"))
    assert [seen.purpose for seen in provider.seen] == ["agent", "judge.local"]
    assert (provider.requests_of("judge"), provider.requests_of()) == (1, 2)


async def test_p07_a_small_reply_that_unpacks_to_much_is_refused_before_it_is_unpacked() -> None:
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)  # piece by piece, so that nothing large was in memory before
    small = b"".join([*(packing.compress(bytes(1 << 20)) for _ in range(200)), packing.flush()])
    assert len(small) < 1_000_000
    before = getrusage(RUSAGE_SELF).ru_maxrss
    async with asked([Rule(Packed(small))]) as (client, _):
        with pytest.raises(ProviderError):
            await client.complete(ASK)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64_000, "KiB"


@dataclass(frozen=True)
class Packed:
    """A reply that says it is packed."""

    body: bytes

    async def answer(self, _: Exchange) -> web.StreamResponse | None:
        response = web.Response(body=self.body, content_type="application/json")
        response.headers["Content-Encoding"] = "gzip"
        return response


def _chunks(pieces: Sequence[str]) -> bytes:
    told = [*((piece, None) for piece in pieces), ("", "stop")]
    found = [{"choices": [{"delta": {"content": piece}, "finish_reason": end}]} for piece, end in told]
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in found)


def _over_lines(body: bytes) -> bytes:
    pieces = [json.loads(line[6:]) for line in body.split(b"\n\n") if line]
    spread = ("".join(f"data: {line}\n" for line in json.dumps(one, indent=1).split("\n")) for one in pieces)
    return "\n".join(spread).encode()


OLDER = {"choices": [{"text": TEXT, "index": 0, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (_chunks(["The ", "The answer ", TEXT, TEXT]), TEXT),  # each the text so far, the last of them once more
        (_chunks(["1", "10"]), "110"),  # as few tell nothing of that
        (_chunks(["no", "no", "no", "no"]), "nononono"),
        (_over_lines(_chunks(["The answer", " is 7."])), TEXT),
        (json.dumps(OLDER).encode(), TEXT),
        (b"data: " + json.dumps(OLDER).encode() + b"\n\n", TEXT),
        (json.dumps({"choices": [{"message": {"content": " \n\u200b"}, "finish_reason": "stop"}]}).encode(), ""),
    ],
)
def test_p08_forms_of_a_reply_that_are_less_known(body: bytes, text: str) -> None:
    reply = read_reply(body, 0.0, "here")
    assert (reply.text, bool(reply.missing)) == (text, not text)


@pytest.mark.parametrize(("status", "charset"), [(201, "utf-8"), (203, "utf-8"), (200, "iso-8859-1"), (200, "gbk")])
async def test_p09_replies_with_other_status_and_charset_are_read(status: int, charset: str) -> None:
    said = "Caf\u00e9" if charset == "iso-8859-1" else "\u7b54\u6848"

    body = json.dumps({"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}, ensure_ascii=False)
    async with asked([Rule(Body(body.encode(charset), status, charset=charset))]) as (client, _):
        assert (await client.complete(ASK)).text == said


BARE = tuple(piece.removeprefix(b"data: ") for piece in _chunks(["The answer", " is 7."]).split(b"\n\n") if piece)


FIELDS = (b"", b"\n", b": ping\n", b"event: x\n", b"retry: 5\n", b"id: 1\r\n\r\n")
WORDS = "\u6392\u961f\n".encode()


@pytest.mark.parametrize(("between", "first"), [*((one, at) for one in FIELDS for at in range(3)), (WORDS, 2)])
def test_p10_what_stands_between_bare_lines_of_a_stream_is_no_part_of_it(between: bytes, first: int) -> None:
    body = b"".join((between if number >= first else b"") + line + b"\n" for number, line in enumerate(BARE))
    assert read_reply(body, 0.0, "here").text == TEXT


HOSTILE = {
    "names": b'{"a":1' + b'"delta"}' * 2400 + b"x\n\n",
    "ends": b"{" + b'"delta"' * 1200 + b"} " * 5000 + b"\n",
    "no name closes": b"{" + b'"delta"' * 2800 + b"\n",
    "blanks": b'{"delta"}' + b" \t\r" * 6000 + b"\nx",
    "lines": b"\n" * 20_000,
    "comments": b"{}\n" + b":\n" * 10_000,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_p11_no_beginning_makes_it_slow_to_tell_a_stream(shape: str) -> None:
    started = time.process_time()
    for _ in range(20):
        assert not is_stream(HOSTILE[shape])
    assert time.process_time() - started < 0.6


async def test_p12_of_a_large_body_it_is_asked_once_whether_it_is_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_at = list[int]()

    def noting(body: bytes | bytearray) -> bool:
        asked_at.append(len(body))
        return is_stream(body)

    monkeypatch.setattr(chat_completions, "is_stream", noting)
    piece = json.dumps({"choices": [{"delta": {"reasoning_content": "", "padding": "x" * 9000}}]}).encode() + b"\n"
    async with asked([Rule(Body(piece * 1000 + b"\n".join(BARE)))]) as (client, _):
        assert (await client.complete(ASK)).text == TEXT
    assert len(asked_at) < 10
