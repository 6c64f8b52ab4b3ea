"""A key is cut out of whatever comes back, however it is spelled, and ordinary text stays as it is."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from maspo.core.errors import ProviderError
from maspo.models.base import Message, Request
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.models.secret import CUT, Secret
from maspo.testing.provider import Body, Rule, completion, fake_provider
from tests.security.ordinary import PROMPTS

KEY = "sk-canary-0123456789/abcDEF+x=Zq"
ASK = Request("m", (Message("user", "hello"),), "agent")


def each(spell: Callable[[str], str]) -> str:
    return "".join(map(spell, KEY))


SPELLED = {
    "plain": KEY,
    "JSON": json.dumps(KEY)[1:-1],
    "JSON with escaped slashes": KEY.replace("/", "\\/"),
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps({"a": KEY}))),
    "JSON code points": each(lambda one: f"\\u{ord(one):04x}"),
    "JSON code points in JSON": each(lambda one: f"\\\\u{ord(one):04X}"),
    "one code point": KEY.replace("c", "\\u0063"),
    "URL": quote(KEY, safe=""),
    "URL, each sign": each(lambda one: f"%{ord(one):02X}"),
    "URL, twice": each(lambda one: f"%25{ord(one):02x}"),
    "HTML": each(lambda one: f"&#{ord(one)};"),
    "HTML, hexadecimal": each(lambda one: f"&#x{ord(one):x};"),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 of user and key": base64.b64encode(f"user:{KEY}\n".encode()).decode(),
    "base64 in lines": base64.encodebytes(b"xx" * 20 + KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(b"a" + KEY.encode()).decode(),
    "base32": base64.b32encode(KEY.encode()).decode(),
    "hexadecimal": KEY.encode().hex(),
    "hexadecimal, apart": KEY.encode().hex(" ").upper(),
    "escapes of C": each(lambda one: f"\\x{ord(one):02x}"),
    "quoted printable": each(lambda one: f"={ord(one):02X}"),
    "numbers": " ".join(str(ord(one)) for one in KEY),
    "backwards": KEY[::-1],
    "upper case": KEY.upper(),
    "full width": each(lambda one: chr(ord(one) - 0x21 + 0xFF01)),
    "two lines": f"{KEY[:9]}\n{KEY[9:]}",
    "two lines in JSON": f"{KEY[:9]}\\n{KEY[9:]}",
    "two texts": f'{KEY[:9]}", "{KEY[9:]}',
    "a sum of texts": f'{KEY[:9]}" + "{KEY[9:]}',
    "apart": " ".join(KEY),
    "apart by hyphens": "-".join(KEY),
    "with what hides": f"{KEY[:5]}\u200b{KEY[5:]}",
    "cut off": f"{KEY[:20]}…",
}


def shows_key(text: str) -> bool:
    """Whether eight signs of the key in a row stand in a text, plain or in one of its other alphabets."""
    others = (KEY, KEY.upper(), KEY[::-1], KEY.encode().hex(), base64.b64encode(KEY.encode()).decode().rstrip("="))
    return any(one[start : start + 8] in text for one in others for start in range(len(one) - 7))


@pytest.mark.parametrize("spelling", SPELLED)
def test_k01_a_key_is_cut_out_in_every_spelling(spelling: str) -> None:
    for text in (SPELLED[spelling], f"could not handle: {SPELLED[spelling]}"):
        without = Secret(KEY).cut_from(text)
        assert CUT in without and not shows_key(without), without


@pytest.mark.parametrize("spelling", SPELLED)
@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_k02_no_spelling_comes_through_the_client(spelling: str, status: int) -> None:
    said = f"the header was {SPELLED[spelling]}"
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


def test_k03_ordinary_text_stays_as_it_is_and_long_texts_are_read_at_once() -> None:
    secrets = [Secret(KEY), Secret("sk-secret-0123456789"), Secret("ordinary")]
    for text in PROMPTS:
        assert [secret.cut_from(text) for secret in secrets] == [text] * 3
    before = time.process_time()
    for unit in ("s", "sk-canary-\n", "%7", "\\u00", " "):
        Secret(KEY).cut_from(unit * (1_000_000 // len(unit)))
    assert time.process_time() - before < 10
