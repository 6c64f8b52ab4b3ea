"""Keys go only to their host: which addresses are taken, and which may be asked over plain http."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from aiohttp import web

from maspo.core.errors import CallFailed, ConfigInvalid, ProviderError
from maspo.models.base import Adapted
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.models.refusals import read_refusal
from maspo.testing.provider import Exchange, Refuse, Rule, fake_provider

KEY = "sk-canary-0123456789/abc"
TAKEN = [
    "https://api.openai.com/v1",
    "https://api.openai.com:8443/v1",
    "https://name.openai.azure.com/openai/deployments/x?api-version=2024-10-21",
    "https://10.0.0.7/v1",
    "https://[2001:db8::1]/v1",
    "https://xn--bcher-kva.example/v1",
    "http://localhost:11434/v1",
    "http://LOCALHOST/v1",
    "http://127.0.0.1:8000/v1",
    "http://127.0.0.2/v1",
    "http://[::1]:8000/v1",
]
REFUSED = [
    # plain http to somebody else, however it is dressed
    "http://api.openai.com/v1",
    "http://127.0.0.1.evil.com/v1",
    "http://localhost.evil.com/v1",
    "http://localhost./v1",
    "http://evil.com/localhost",
    "http://10.0.0.7/v1",
    "http://192.168.1.5:11434/v1",
    "http://169.254.169.254/v1",
    "http://0.0.0.0/v1",
    "http://[::]/v1",
    "http://[2001:db8::1]/v1",
    "http://0x7f.1/v1",
    "http://0x7f000001/v1",
    "http://2130706433/v1",
    "http://017700000001/v1",
    "http://127.1/v1",
    "http://127.0.0.1%2eevil.com/v1",
    # somebody else behind a name that looks right
    "http://localhost@evil.com/v1",
    "https://user:secret-word@evil.com/v1",
    "https://api.openai.com@evil.com/v1",
    "https://api.openai.com:443@evil.com/v1",
    "http://127.0.0.1\\@evil.com/v1",
    "http://127.0.0.1#@evil.com/v1",
    "https://api.openai.com\\.evil.com/v1",
    "https://аpi.openai.com/v1",
    "http://ⓛocalhost/v1",
    "http://localhoſt/v1",
    "http://１２７.0.0.1/v1",
    "https://api.openai.com\t.evil.com/v1",
    "https://api.openai.com\r\nHost: evil.com/v1",
    " https://api.openai.com/v1",
    "https://exa mple.com/v1",
    # no address
    "",
    "localhost:8000/v1",
    "ftp://localhost/v1",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://",
    "http:///v1",
    "https://x:0/v1",
    "https://x:99999/v1",
    "http://[::1/v1",
    "https://_.%00/v1",
    # what would be recorded
    "https://api.example/v1?key=secret-word",
    "https://api.example/v1?api-version=1&token=secret-word",
    "https://api.example/v1#secret-word",
]


@pytest.mark.parametrize("url", TAKEN)
def test_e01_these_addresses_are_taken(url: str) -> None:
    Endpoint(url, KEY).check_private()


@pytest.mark.parametrize("url", REFUSED)
def test_e02_these_are_refused_before_anything_is_sent_and_no_secret_is_shown(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="--base-url") as caught:
        ChatClient(Endpoint(url, KEY))
    assert "secret-word" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_e03_plain_http_can_be_allowed_by_name() -> None:
    with pytest.raises(ConfigInvalid, match=r"models\.allow_http=true"):
        ChatClient(Endpoint("http://10.0.0.7/v1"))
    ChatClient(Endpoint("http://10.0.0.7/v1", allow_http=True))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_e04_no_redirect_is_followed(status: int) -> None:
    from tests.models.test_client import ASK

    async with fake_provider() as other:
        move = Refuse(status, "moved", headers={"Location": f"{other.base_url}/chat/completions"})
        async with fake_provider([Rule(move)]) as provider, ChatClient(Endpoint(provider.base_url, KEY)) as client:
            with pytest.raises(ProviderError, match="redirects: give the final address"):
                await client.complete(ASK)
            assert provider.seen[0].headers["Authorization"] == f"Bearer {KEY}"
        assert other.seen == []


@dataclass(frozen=True)
class WithASlash:
    """Sends those elsewhere who ask without a slash at the end of the path, as some frameworks do."""

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        path = asked.request.path
        return None if path.endswith("/") else await Refuse(307, headers={"Location": f"{path}/"}).answer(asked)


async def test_e04_a_slash_behind_the_path_is_learned_from_a_redirect_that_adds_nothing_else() -> None:
    from tests.models.test_client import ASK

    async with fake_provider([Rule(WithASlash())]) as provider, ChatClient(Endpoint(provider.base_url)) as client:
        with pytest.raises(Adapted, match="slash") as learned:
            await client.complete(ASK)
        assert "a slash behind their path" in learned.value.said
        assert (await client.complete(ASK)).text
        assert [seen.path for seen in provider.seen] == ["/v1/chat/completions", "/v1/chat/completions/"]


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("Access denied due to missing or invalid subscription key.", "api-key"),
        ("No x-goog-api-key in the request", "x-goog-api-key"),
    ],
)
async def test_e04_a_key_that_belongs_into_another_header_is_told(body: str, header: str) -> None:
    from tests.models.test_client import ASK

    async with fake_provider([Rule(Refuse(401, body))]) as provider:
        async with ChatClient(Endpoint(provider.base_url, KEY)) as client:
            with pytest.raises(ProviderError, match=f'headers = {{ "{header}" = '):
                await client.complete(ASK)
        async with ChatClient(Endpoint(provider.base_url, KEY, more_headers={header: KEY})) as client:
            with pytest.raises(ProviderError, match="check the key in the environment"):
                await client.complete(ASK)


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("Missing required parameter: 'reasoning_effort'.", "give it with --set models.effort=…"),
        ("Parameter 'safety_profile' is required", "give it with --set models.extra.safety_profile=…"),
        ("tenant: Field required", "give it with --set models.extra.tenant=…"),
        ("messages: Field required", ""),
        ("X-PAYMENT header is required", ""),
        ("authorization: Field required", ""),
    ],
)
def test_e04_a_parameter_that_a_refusal_misses_can_be_given(body: str, fix: str) -> None:
    error = str(read_refusal(Endpoint("https://x/v1"), 400, {}, body.encode()))
    assert error.endswith(fix or body)


@pytest.mark.parametrize(
    ("query", "fix"), [("", "ends in its version"), ("?api-version=2024-10-21", "check the model's name")]
)
def test_e04_a_deployment_that_is_not_found_without_a_version_is_told_of_it(query: str, fix: str) -> None:
    endpoint = Endpoint(f"https://x.openai.azure.com/openai/deployments/d{query}")
    assert fix in str(read_refusal(endpoint, 404, {}, b'{"error": {"message": "Resource not found"}}'))


def test_e04_what_another_api_has_for_a_call_is_no_matter_of_the_model() -> None:
    said = "Function tools are not supported for m in /v1/chat/completions. Use /v1/responses, or leave them out."
    found = read_refusal(Endpoint("https://x/v1"), 400, {}, said.encode())
    assert isinstance(found, CallFailed) and "name one for chats" not in str(found)


def test_e05_nothing_shows_a_key_or_an_address_with_a_query() -> None:
    endpoint = Endpoint("https://x.example/v1?api-version=hidden", KEY)
    assert KEY not in repr(endpoint)
    assert "hidden" not in repr(endpoint) + endpoint.shown


@pytest.mark.parametrize("spelled", [KEY, json.dumps(KEY)[1:-1], KEY.replace("/", "\\/"), KEY.replace("/", "%2F")])
def test_e06_a_key_is_taken_out_however_it_is_spelled(spelled: str) -> None:
    body = f'{{"echo": "{spelled}"}}'.encode()
    assert Endpoint("https://x/v1", KEY).redacted(body) == b'{"echo": "[key]"}'


def test_e07_a_word_that_stands_in_for_a_key_stays_a_word_in_replies() -> None:
    assert Endpoint("https://x/v1", "x").redacted(b"six boxes") == b"six boxes"
