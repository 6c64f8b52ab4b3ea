"""Several servers of an app's models behind one gateway: as those of a run's own calls, by the same code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from maspo.config import ModelSettings
from maspo.core.errors import ConfigInvalid
from maspo.gateway.gateway import Gateway
from maspo.models.budget import Ledger
from maspo.models.layers.compose import compose
from maspo.models.layers.limited import Health
from maspo.models.routed import Routed
from maspo.study.upstreams import wires_to
from maspo.testing.models import MemoryStore
from tests.gateway.bodies import chat, responses
from tests.gateway.conftest import AT_ONCE
from tests.gateway.upstream import Answer, Upstream, upstream

GONE = "http://127.0.0.1:9"
"""Nobody listens there (RFC 863, and no such service is started)."""
LONG = "It is answered in a few words. " * 8


@dataclass
class Served:
    """An app before a gateway before some servers."""

    servers: list[Upstream]
    url: str
    app: aiohttp.ClientSession
    health: Health
    ledger: Ledger

    async def ask(self, prompt: str, question: str) -> int:
        """Ask in the words of Chat Completions; return the status."""
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
        body = {"messages": messages, "model": "m", "temperature": 0}
        async with self.app.post(f"{self.url}/chat/completions", json=body) as answer:
            await answer.read()
            return answer.status

    async def respond(self, prompt: str, question: str) -> int:
        """Ask in the words of Responses, in whose bodies SDKs put what is asked before the instructions."""
        body = {"input": question, "instructions": prompt, "model": "m"}
        async with self.app.post(f"{self.url}/responses", json=body) as answer:
            await answer.read()
            return answer.status


@asynccontextmanager
async def served(*more: str, servers: int = 2, dialect: str = "chat") -> AsyncIterator[Served]:
    """Open a gateway before the addresses given and so many servers that answer."""
    async with AsyncExitStack() as opened:
        found = [await opened.enter_async_context(upstream()) for _ in range(servers)]
        for one in found:
            one.will(Answer(chat().text if dialect == "chat" else responses().text))
        addresses = [*more, *(f"{one.url}/v1" for one in found)]
        models = ModelSettings.model_validate({"base_url": ",".join(addresses)})
        wires, health, ledger = await opened.enter_async_context(wires_to(models)), Health(), Ledger()
        model = compose(Routed({"": wires.lanes}), MemoryStore(), ledger, AT_ONCE, 64, health)
        gateway = await opened.enter_async_context(Gateway(model, sender=wires.sender))
        app = await opened.enter_async_context(aiohttp.ClientSession())
        yield Served(found, gateway.open().base_url, app, health, ledger)


@pytest.mark.parametrize("dialect", ["chat", "responses"])
async def test_gs1_calls_with_one_prompt_meet_one_server_and_prompts_are_shared(dialect: str) -> None:
    async with served(servers=3, dialect=dialect) as found:
        ask = found.ask if dialect == "chat" else found.respond
        for number in range(72):
            assert await ask(f"You are agent {number % 24}. {LONG}", f"Question {number}: how much is it?") == 200
        places: dict[str, set[int]] = {}
        for place, server in enumerate(found.servers):
            for heard in server.heard:
                body = json.loads(heard.body)
                prompt = body["instructions"] if dialect == "responses" else body["messages"][0]["content"]
                places.setdefault(prompt, set()).add(place)
    assert len(places) == 24
    assert all(len(met) == 1 for met in places.values())
    assert len(set[int]().union(*places.values())) > 1


async def test_gs2_one_that_is_gone_costs_the_app_nothing_and_is_told_of() -> None:
    async with served(f"{GONE}/v1", servers=1) as found:
        for number in range(12):
            assert await found.ask(f"You are agent {number}. {LONG}", "How much is it?") == 200
        assert len(found.servers[0].heard) == 12
        assert found.ledger.calls == 12
        (remark,) = found.health.adapted
        assert "127.0.0.1:9" in remark


async def test_gs3_one_that_is_drained_is_left_alone() -> None:
    async with served() as found:
        drained, other = found.servers
        drained.will(Answer(b"{}", 503, headers=(("Retry-After", "60"),)))
        for number in range(24):
            assert await found.ask(f"You are agent {number}. {LONG}", "How much is it?") == 200
        assert len(drained.heard) <= 1
        assert len(other.heard) == 24


async def test_gs4_what_is_no_model_call_goes_to_the_first_that_can_be_reached() -> None:
    async with served(f"{GONE}/v1", servers=1) as found, found.app.get(f"{found.url}/models") as answer:
        assert answer.status == 200
        assert [heard.line for heard in found.servers[0].heard] == ["GET /v1/models HTTP/1.1"]
    async with served(f"{GONE}/v1", servers=0) as found, found.app.get(f"{found.url}/models") as answer:
        assert answer.status == 502
        assert "127.0.0.1:9" in await answer.text()


async def test_gs5_an_app_s_key_goes_to_no_provider_beside_other_hosts() -> None:
    models = ModelSettings.model_validate({"base_url": "https://api.openai.com/v1,https://gpu-1.example.com/v1"})
    with pytest.raises(ConfigInvalid, match="same key"):
        async with wires_to(models):
            pass
