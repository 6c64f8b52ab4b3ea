"""Names that stand for the same model, and names that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maspo.models.answered_by import is_another
from maspo.models.base import ready_question
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.testing.provider import Rule, Spoiled, fake_provider


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("gpt-5", "gpt-5-2026-08-07"),
        ("gpt-4", "gpt-4-0613"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("claude-sonnet-latest", "claude-sonnet-4-5-20250929"),
        ("gemini-2.5-flash", "models/gemini-2.5-flash-preview-05-20"),
        ("llama3.2", "llama3.2:latest"),
        ("qwen3", "/models/qwen3.gguf"),
        ("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_K_M.gguf"),
        ("meta-llama/Llama-3.1-8B", "llama-3.1-8b"),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620"),
        ("default", "whatever.gguf"),
        ("m", ""),
    ],
)
def test_n01_a_state_or_a_place_of_a_model_is_no_other_one(asked: str, told: str) -> None:
    assert not is_another(asked, told)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("gpt-5", "gpt-5-mini-2026-08-07"),
        ("gpt-5", "gpt-5.1"),
        ("mistral-large-latest", "mistral-small-2411"),
        ("llama-3.1-8b", "llama-3.1-70b"),
        ("llama-405b", "llama-70b"),
        ("openrouter/auto", "openai/gpt-5"),
        ("my-model", "qwen2.5-0.5b-instruct-q4_k_m.gguf"),
    ],
)
def test_n02_another_size_version_or_name_is(asked: str, told: str) -> None:
    assert is_another(asked, told)


@pytest.mark.parametrize(("base_url", "own"), [("/openai/deployments/my-team", True), ("/v1", False)])
async def test_n03_a_deployment_bears_whatever_name_its_owner_gave_it(base_url: str, own: bool) -> None:
    def answer(found: dict[str, Any]) -> None:
        found["model"] = "gpt-4o-2024-08-06"

    async with fake_provider([Rule(Spoiled(answer))]) as provider:
        address = provider.base_url.removesuffix("/v1") + base_url
        async with ChatClient(Endpoint(address)) as client:
            for asked, told in (("my-team", not own), ("gpt-4", True)):
                reply = await client.complete(replace(ready_question(asked), identity=asked))
                assert ("wrote them" in reply.adapted) is told
