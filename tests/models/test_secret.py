"""A key is cut out of whatever comes back, however it is spelled, and ordinary text stays as it is."""

from __future__ import annotations

import base64
import json
import random
import re
import time
from collections.abc import Callable
from itertools import product

import pytest

from maspo.core.errors import ProviderError
from maspo.models.base import Message, Request
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.models.secret import CUT, Secret, stands_in, too_short
from maspo.models.sieve import Signs, Strings
from maspo.testing.provider import Body, Rule, completion, fake_provider
from tests.security.keys import (
    IN_NUMBERS_AND_PIECES,
    KEY,
    RARELY_SPELLED,
    SPELLED,
    TAKEN_APART,
    shows_key,
    shows_key_somehow,
)
from tests.security.ordinary import PROMPTS

ASK = Request("m", (Message("user", "hello"),), "agent")


@pytest.mark.parametrize("spelling", SPELLED)
def test_k01_a_key_is_cut_out_in_every_spelling(spelling: str) -> None:
    for text in (SPELLED[spelling], f"could not handle: {SPELLED[spelling]}"):
        without = Secret(KEY).cut_from(text)
        assert CUT in without and not shows_key(without), without


@pytest.mark.parametrize("spelling", RARELY_SPELLED)
def test_k01_in_rare_ones_too(spelling: str) -> None:
    spelled = RARELY_SPELLED[spelling]
    for text in (spelled, f"could not handle: {spelled}"):
        without = Secret(KEY).cut_from(text)
        assert CUT in without and not shows_key(without), without
        assert len(without) < len(text) - len(spelled) / 2


@pytest.mark.parametrize("spelling", TAKEN_APART)
def test_k01_and_taken_apart(spelling: str) -> None:
    without = Secret(KEY).cut_from(f"could not handle: {TAKEN_APART[spelling]} was refused")
    assert CUT in without and not shows_key(without), without
    assert without.startswith("could not handle: ") and without.endswith(" was refused")


@pytest.mark.parametrize("spelling", IN_NUMBERS_AND_PIECES)
def test_k01_and_in_numbers_or_pieces(spelling: str) -> None:
    spelled = IN_NUMBERS_AND_PIECES[spelling]
    without = Secret(KEY).cut_from(f"could not handle: {spelled} was refused")
    assert CUT in without and not shows_key(without), without
    assert without.startswith("could not handle: ") and without.endswith(" was refused")
    assert len(without) < len("could not handle:  was refused") + len(spelled) * 0.85


def test_k21_numbers_and_parts_of_other_texts_stay() -> None:
    secret = Secret(KEY)
    table = "\n".join(f"{one:08x}  {one * 7919 % 256:3d}  {one * 104729}" for one in range(400))
    for text in (table, json.dumps(list(range(256)) * 4), f"It begins with {KEY[:10]}, as all of them do.", *PROMPTS):
        assert secret.cut_from(text) == text


@pytest.mark.parametrize(
    ("spelling", "status"), [*product(SPELLED, [200, 400, 401, 500]), *product(RARELY_SPELLED, [200, 401])]
)
async def test_k02_no_spelling_comes_through_the_client(spelling: str, status: int) -> None:
    said = f"the header was {(SPELLED | RARELY_SPELLED)[spelling]}"
    parts = completion(
        {"content": [{"type": "text", "text": said[: len(said) // 2]}, {"text": said[len(said) // 2 :]}]}
    )
    bodies = [parts, completion({"content": said}), completion({"content": None, "refusal": said})]
    if status != 200:
        refusal = {"message": said, "code": said, "param": said}
        bodies = [said.encode(), json.dumps({"error": refusal}).encode(), json.dumps({"detail": [refusal]}).encode()]
    for body in bodies:
        async with (
            fake_provider([Rule(Body(body, status))]) as provider,
            ChatClient(Endpoint(provider.base_url, KEY)) as client,
        ):
            try:
                reply = await client.complete(ASK)
                told = reply.text + reply.missing
            except ProviderError as error:
                told = f"{error!s}{error!r}{error.__cause__}{error.args}"
        assert CUT in told and not shows_key(told), told


IN_HEADERS = [name for name, said in SPELLED.items() if said.isascii() and said.isprintable()]


@pytest.mark.parametrize(
    ("where", "spelling"),
    [*product(["finish_reason"], SPELLED | RARELY_SPELLED), *product(["Content-Type"], IN_HEADERS)],
)
async def test_k02_nor_from_what_is_quoted_in_part_or_in_other_letters(where: str, spelling: str) -> None:
    said = (SPELLED | RARELY_SPELLED)[spelling]
    bodies = {
        "finish_reason": Body(completion({"content": "forty-two"}, f"error {said}")),
        "Content-Type": Body(b"forty-two", content_type=f"text/plain; of={said}"),
    }
    async with (
        fake_provider([Rule(bodies[where])]) as provider,
        ChatClient(Endpoint(provider.base_url, KEY)) as client,
    ):
        try:
            told = (await client.complete(ASK)).missing
        except ProviderError as error:
            told = str(error)
    assert CUT in told, told
    assert not shows_key_somehow(told), told


def test_k03_ordinary_text_stays_as_it_is_and_long_texts_are_read_at_once() -> None:
    secrets = [Secret(KEY), Secret("sk-secret-0123456789"), Secret("ordinary")]
    for text in PROMPTS:
        assert [secret.cut_from(text) for secret in secrets] == [text] * 3
    before = time.process_time()
    for unit in ("s", "sk-canary-\n", "%7", "\\u00", " "):
        Secret(KEY).cut_from(unit * (1_000_000 // len(unit)))
    assert time.process_time() - before < 10


@pytest.mark.parametrize("length", [100, 129, 250, 1500, 20_000])
def test_k04_tokens_of_clouds_are_cut_out_whole_however_long(length: int) -> None:
    chance = random.Random(length)
    key = "".join(chance.choice("abcdefghijkLMNOPQRSTUV0123456789._-") for _ in range(length))
    secret = Secret(key)
    assert secret.cut_from(f"the token {key} is wrong") == f"the token {CUT} is wrong"
    assert secret.cut_from(f"wrong: {key[:100]}") == f"wrong: {CUT}"
    escaped = "".join(f"\\u{ord(one):04x}" for one in key[:500])
    assert f"{ord(key[1]):04x}\\u{ord(key[2]):04x}" not in secret.cut_from(escaped)


@pytest.mark.parametrize("size", [1, 3, 7, 20])
@pytest.mark.parametrize("form", ["server-sent events", "lines of JSON", "with events and comments"])
def test_k05_a_key_that_is_split_over_the_parts_of_a_stream_is_cut_out_and_the_rest_stays_readable(
    size: int, form: str
) -> None:
    said = f"the header was {json.dumps(KEY)[1:-1]}, they say"
    pieces = [said[start : start + size] for start in range(0, len(said), size)]
    if form == "lines of JSON":
        lines = [json.dumps({"model": "m", "message": {"role": "assistant", "content": one}}) for one in pieces]
        without = Secret(KEY).cut_from_parts("\n".join(lines) + "\n")
        told = "".join(json.loads(line)["message"]["content"] for line in without.splitlines())
    else:
        between = "event: part\n: still here\n" if form == "with events and comments" else ""
        events = [f"{between}data: {json.dumps({'choices': [{'delta': {'content': one}}]})}\n\n" for one in pieces]
        without = Secret(KEY).cut_from_parts("".join(events) + "data: [DONE]\n\n")
        found = [line.removeprefix("data: ") for line in without.splitlines() if line.startswith("data: {")]
        told = "".join(json.loads(one)["choices"][0]["delta"]["content"] for one in found)
        assert without.endswith("data: [DONE]\n\n")
    assert told == f"the header was {CUT}, they say"


@pytest.mark.parametrize(
    "word",
    [
        "x",
        "none",
        "EMPTY",
        "ollama",
        "sk-no-key-required",
        "no-key-needed",
        "lm-studio",
        "sk-1234",
        "dummy",
        "sk-xxxx",
        "your-api-key-here",
        "not-needed",
        "placeholder",
        "000000000000",
        "test-key",
        "abc123",
        "YourApiKeyHere",
        "api_key",
        "token",
    ],
)
async def test_k07_a_word_that_stands_in_for_a_key_is_no_secret_and_mangles_no_text(word: str) -> None:
    assert stands_in(word) and not too_short(word)
    said = f"HTTP 400: {word}: six boxes need no extra {word}, {word}2 none"
    assert Secret(word).cut_from(said, shortest=1) == said == Secret(word).cut_from_parts(said)
    async with (
        fake_provider([Rule(Body(json.dumps({"error": {"message": said}}).encode(), 400))]) as provider,
        ChatClient(Endpoint(provider.base_url, word)) as client,
    ):
        with pytest.raises(ProviderError, match=re.escape(said)):
            await client.complete(ASK)


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "hunter2hunter2",
        "sk-proj-aB3dE6gH9",
        "correcthorse",
        "sk-secret-9f8e7d6c",
        "a1b2c3d4e5f6",
        "a-b-c-d-1-2-3-4",
        "straße-aB3dE6gH9",
    ],
)
def test_k08_what_may_be_a_key_is_cut_out(key: str) -> None:
    assert not stands_in(key) and not too_short(key)
    assert key not in Secret(key).cut_from(f"wrong key: {key}")


def test_k09_a_short_key_is_cut_out_of_errors_as_a_word_and_what_it_cannot_be_told_from_is_said() -> None:
    text = "hunter2 is wrong; hunters2 and xhunter2x are words"
    assert Secret("hunter2").cut_from(text) == text
    assert Secret("hunter2").cut_from(text, shortest=1) == f"{CUT} is wrong; hunters2 and xhunter2x are words"
    assert Secret("qz").cut_from("qz qz", shortest=1) == "qz qz"
    assert "7 characters" in too_short("hunter2") and "errors only" in too_short("hunter2")
    assert "of nothing" in too_short("qz")


@pytest.mark.parametrize("middle", ["...", "…", "********", "•••"])
def test_k13_a_key_whose_middle_is_starred_is_cut_out_once(middle: str) -> None:
    for key in ("sk-wrong-key", "sk-wrong-key-0123", "sk-12345678901234567890"):
        for begin, end in ((6, 4), (8, 6), (10, 6)):
            told = f"Incorrect API key provided: {key[:begin]}{middle}{key[-end:]}. {key} is none, nor [key]."
            assert Secret(key).cut_from(told, 1) == "Incorrect API key provided: [key]. [key] is none, nor [key]."


@pytest.mark.parametrize("first", ["sk-", "-_s", "7Zk", "éa-", "=x%", "Ks+", "\\u0"])
def test_k10_keys_are_found_whatever_they_begin_with(first: str) -> None:
    key = f"{first}canary-0123456789abcdefXYZ"
    raw = key.encode()
    spellings = {
        "as it is": key,
        "other case": key.swapcase(),
        "backwards": key[::-1],
        "base64": base64.b64encode(raw).decode(),
        "base64 behind others": base64.b64encode(b"ab" + raw).decode(),
        "hexadecimal": raw.hex(),
        "in capitals": raw.hex().upper(),
        "decimals": " ".join(map(str, raw)),
        "octals": " ".join(format(one, "o") for one in raw),
        "bits": " ".join(format(one, "08b") for one in raw),
        "escaped": "".join(f"\\u{ord(one):04x}" for one in key),
        "in a URL": "".join(f"%{one:02X}" for one in key.encode("latin-1")),
        "in HTML": "".join(f"&#{ord(one)};" for one in key),
        "with gaps": " ".join(key),
        "broken off": key[:10],
    }
    for name, spelled in spellings.items():
        for before in ("", "is it s or k, they ask: "):
            without = Secret(key).cut_from(before + spelled)
            assert CUT in without, (name, without)
            assert len(without) < len(before) + len(CUT) + 7, (name, without)


def test_k11_a_text_full_of_parts_of_a_key_is_read_once_however_many() -> None:
    parts = 100_000  # where each cut copied the whole text, this took ten seconds
    assert Secret(KEY).cut_from(f"{KEY[8:28]} " * parts) == f"{CUT} " * parts


def _escapes(key: str, rng: random.Random) -> str:
    """Return a key in which each sign is written in one of the ways that are known, with a gap before some."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda one: one,
        lambda one: one.swapcase(),
        lambda one: chr(ord(one) - 0x21 + 0xFF01),
        lambda one: f"\\u{ord(one):04x}",
        lambda one: f"\\x{ord(one):02X}",
        lambda one: f"\\{ord(one):03o}",
        lambda one: f"%{ord(one):02x}",
        lambda one: f"%25{ord(one):02X}",
        lambda one: f"&amp;#{ord(one)};",
        lambda one: f"&#x{ord(one):x};",
        lambda one: f"={ord(one):02X}",
    )
    few = rng.sample(ways, rng.randint(1, 3))
    gaps = ["", "", *rng.sample(["\n", "\\n", "\\\\\\\\n", " ", "\u200b", "\u00ad", '"\n"', "-", "%0A", "\\r\\n"], 2)]
    return "".join(rng.choice(gaps) + rng.choice(few)(one) for one in key)


BETWEEN = (
    " ",
    ", ",
    "",
    "\n",
    "_2 ",
    "\u2082 ",
    "\\u2082 ",
    " (x2) ",
    " (5) ",
    "',2) + chr('",
    ".0; ",
    "\\n",
    " 0",
    ") chr(",
)
"""What stands between the numbers of a key: blanks, bases, other digits, names of calls."""


def _numbers(key: str) -> list[str]:
    forms = ("d", "x", "02X", "o", "03o", "b", "07b", "08b")
    texts = [gap.join(format(one, form) for one in key.encode()) for form in forms for gap in BETWEEN]
    halves = [f"{one >> 4:04b} {one & 15:04b}" for one in key.encode()]
    return texts + [gap.join(halves) for gap in (" ", "", " | ", "_2 ")]


def _after_a_backslash(key: str, rng: random.Random) -> list[str]:
    """Return spellings that a path's backslash stands before: with the first letter it looks like an escape."""
    at, based = rng.randrange(1, len(key)), base64.b64encode(key.encode()).decode()
    gaps = ["", "", "\\n", "\\n\\t", "\\r\\n"]
    texts = [key, key[:at] + "\\n" + key[at:], "".join(one + rng.choice(gaps) for one in key), key[::-1], based]
    return ["\\" + text for text in [*texts, based[:at] + "\\n" + based[at:], key.lower()]]


LONG = 500
"""Characters of a key of which a few texts are enough: each takes a second."""


def test_k14_strings_are_seen_wherever_they_stand_and_whatever_their_lengths() -> None:
    rng = random.Random(14)
    signs = ("abc019-_", "aé9€", "ab\ud800\n", "01")
    for _ in range(300):
        lengths = rng.choice(((1, 7), (8, 16), (14, 24), (23, 70), (1, 200)))
        sought = ["".join(rng.choices(rng.choice(signs), k=rng.randint(*lengths))) for _ in range(rng.randint(1, 30))]
        strings = Strings(sought)
        for one in rng.sample(sought, min(len(sought), 5)):
            for before in range(17):
                assert strings.may_stand_in("z" * before + one + "é" * rng.randrange(9))
    assert not Strings([]).may_stand_in("anything")
    assert not Strings(["sk-9fKx2Qm4ZtW81"]).may_stand_in("So he said that he would come again, and that was that.")


def test_k12_a_sieve_stops_no_text_that_holds_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(12)
    signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+/="
    for size in (8, 9, 12, 20, 33, 51, 140, 700):
        key = rng.choice("nrtNsx") + "".join(rng.choices(rng.choice((signs, "0123456789abcdef")), k=size - 1))
        raw, secret = key.encode(), Secret(key)
        texts = [_escapes(key, rng) for _ in range(12)]
        texts += ["".join(one + " " * by for one in key) for by in (1, 2, 4, 11)]
        texts += ["0x" + ", 0x".join(f"{one:02x}" for one in raw), "\\n".join(base64.b64encode(raw).decode())]
        texts += [*_numbers(key), *_after_a_backslash(key, rng)]
        texts += ["".join(chr(one ^ 3) for one in raw), base64.b85encode(raw).decode(), key[::2] + " " + key[1::2]]
        texts += ["".join(f'data: {{"text":"{key[at : at + 3]}"}}\n\n' for at in range(0, size, 3))]
        few = texts[:: 6 if size > LONG else 1]
        texts = [before + text + " and so on" for text in few for before in ("", "The key 'No. 12' \\u2019s: ")]
        told = [(secret.cut_from(text), secret.cut_from_parts(text)) for text in texts]
        with monkeypatch.context() as opened:
            opened.setattr(Signs, "may_stand_in", lambda *_: True)
            opened.setattr(Strings, "may_stand_in", lambda *_: True)
            opened.setattr(Secret, "_in_letters", False)
            opened.setattr(Secret, "_fewest_ones", 0)
            plain = Secret(key)
            assert told == [(plain.cut_from(text), plain.cut_from_parts(text)) for text in texts]
