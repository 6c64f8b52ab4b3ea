"""Base URLs as people write them: with the path of a request, or without the ``/v1`` that most end in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from maspo.config import ModelSettings
from maspo.core.errors import ConfigInvalid, ProviderError
from maspo.models import Endpoint, Ledger, Message, Request, RetryPolicy, compose
from maspo.models.base import Adapted
from maspo.models.chat_completions import ChatClient
from maspo.models.layers.limited import Health
from maspo.study.connections import remarks_on_addresses
from maspo.testing.models import MemoryStore
from maspo.testing.provider import completion

ASK = Request("m", (Message("user", "Hi"),), purpose="agent", agent="solver")


@dataclass
class Server:
    """Answers chats at one path; elsewhere it says what it says there."""

    at: str
    status: int = 404
    page: str = "404 page not found"
    root: str = ""
    paths: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        if request.path == self.at:
            return web.Response(body=completion({"content": "Hello"}, usage=(3, 2)), content_type="application/json")
        return web.Response(status=self.status, text=self.page)


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.root = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("given", "shown", "left_out"),
    [
        ("https://x/v1", "https://x/v1", ""),
        ("https://x/v1/", "https://x/v1", ""),
        ("https://x/v1//", "https://x/v1", ""),
        ("https://x/v1/chat/completions", "https://x/v1", "/chat/completions"),
        ("https://x/v1/chat/completions/", "https://x/v1", "/chat/completions"),
        ("https://x/v1/completions", "https://x/v1", "/completions"),
        ("https://x/v1/responses", "https://x/v1", "/responses"),
        ("https://x/v1/embeddings", "https://x/v1", "/embeddings"),
        ("https://x/v1/models", "https://x/v1", "/models"),
        ("https://x/models/v1", "https://x/models/v1", ""),
        ("https://x.services.ai.azure.com/models?api-version=1", "https://x.services.ai.azure.com/models", ""),
        ("https://x", "https://x", ""),
    ],
)
def test_b01_the_path_of_a_request_is_left_out_and_said(given: str, shown: str, left_out: str) -> None:
    endpoint = Endpoint(given)
    assert (endpoint.shown, endpoint.left_out) == (shown, left_out)
    assert endpoint.url.partition("?")[0] == f"{shown}/chat/completions"
    remarks = remarks_on_addresses(ModelSettings(base_url=given))
    assert [f"{left_out} is left out" in one and one.endswith(f"give {shown}") for one in remarks] == (
        [True] if left_out else []
    )


def test_b02_a_query_stays_and_is_not_shown() -> None:
    endpoint = Endpoint("https://x/deployments/m/chat/completions?api-version=1")
    assert endpoint.url == "https://x/deployments/m/chat/completions?api-version=1"
    assert endpoint.shown == "https://x/deployments/m"


@pytest.mark.parametrize("given", ["https://x/v1", "https://x/api/v3", "https://x/v1beta/openai", "https://x/v4/"])
def test_b03_a_path_that_tells_a_version_gets_no_other(given: str) -> None:
    assert Endpoint(given).under_v1 is None


@pytest.mark.parametrize(
    ("status", "page"),
    [
        (404, "404 page not found"),
        (404, '{"error": {"message": "Unknown request URL"}}'),
        (405, "Method Not Allowed"),
        (200, '{"error": "Unexpected endpoint or method. (POST /chat/completions)"}'),
        (200, "<!doctype html><title>A chat</title>"),
    ],
    ids=["404", "404 in JSON", "405", "an error with 200", "a page"],
)
@pytest.mark.parametrize("before", ["", "/api"])
async def test_b04_chats_that_are_answered_under_v1_alone_are_found_there_once_and_said(
    status: int, page: str, before: str
) -> None:
    async with serving(Server(f"{before}/v1/chat/completions", status, page)) as server:
        health = Health()
        async with ChatClient(Endpoint(server.root + before)) as client:
            layered = compose(client, MemoryStore(), Ledger(), RetryPolicy(), 8, health)
            replies = await asyncio.gather(*(layered.complete(replace(ASK, identity=str(n))) for n in range(20)))
    assert {reply.text for reply in replies} == {"Hello"}
    (said,) = [what for what in health.adapted if what]
    assert f"--base-url {server.root}{before}: " in said
    assert f"{server.root}{before}/v1" in said
    assert server.paths.count(f"{before}/v1/chat/completions") == 20
    assert server.paths.count(f"{before}/chat/completions") <= 8, "those that were in flight together"


async def test_b05_where_neither_answers_the_address_as_given_is_the_error_and_both_are_named() -> None:
    async with serving(Server("nowhere")) as server, ChatClient(Endpoint(server.root)) as client:
        with pytest.raises(Adapted):
            await client.complete(ASK)
        for _ in range(2):
            with pytest.raises(ProviderError, match="HTTP 404") as caught:
                await client.complete(ASK)
            assert not isinstance(caught.value, Adapted)
            if not server.paths[2:]:
                assert f"nor are chats answered at {server.root}/v1" in str(caught.value)
        assert client.endpoint.shown == server.root
    assert server.paths == ["/chat/completions", "/v1/chat/completions", "/chat/completions"]


async def test_b06_an_endpoint_that_has_answered_is_not_looked_for_elsewhere() -> None:
    async with serving(Server("/chat/completions")) as server, ChatClient(Endpoint(server.root)) as client:
        assert (await client.complete(ASK)).text == "Hello"
        server.at = "nowhere"
        with pytest.raises(ProviderError, match="HTTP 404") as caught:
            await client.complete(ASK)
    assert not isinstance(caught.value, Adapted)
    assert server.paths == ["/chat/completions"] * 2


async def test_b08_an_endpoint_that_answers_while_another_is_tried_is_asked_from_then_on() -> None:
    """One model is not there, which is HTTP 404 as well, while a call of another is under way."""
    gate = asyncio.Event()

    class Waits(Server):
        async def handle(self, request: web.Request) -> web.Response:
            if (await request.json())["model"] == "gone":
                return web.Response(status=404, text="no such model")
            await gate.wait()
            return await super().handle(request)

    async with serving(Waits("/chat/completions")) as server, ChatClient(Endpoint(server.root)) as client:
        first = asyncio.create_task(client.complete(ASK))
        await asyncio.sleep(0.05)
        with pytest.raises(Adapted):
            await client.complete(replace(ASK, model="gone"))
        assert client.endpoint.shown == f"{server.root}/v1"
        gate.set()
        assert (await first).adapted == ""
        assert (await client.complete(ASK)).text == "Hello"
        with pytest.raises(ProviderError, match="no such model"):
            await client.complete(replace(ASK, model="gone"))
    assert server.paths == ["/chat/completions"] * 2


@pytest.mark.parametrize("given", ["localhost:8801/v1", "api.openai.com/v1", "127.0.0.1:8000", "gpu.lan:8000/v1"])
def test_b07_what_lacks_its_scheme_is_told_so(given: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"write http:// or https:// before it"):
        Endpoint(given)
    with pytest.raises(ConfigInvalid, match=r"expected e\.g\. https://"):
        Endpoint("ftp://x/v1")
