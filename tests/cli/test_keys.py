"""What is said before a run where an endpoint is asked without a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from maspo.cli.prepare import describe_endpoints, key_missing
from maspo.config import ModelSettings
from maspo.study.connections import key_unset

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.mark.parametrize(
    "address",
    [
        "https://api.openai.com/v1",
        "https://eu.api.openai.com/v1",
        "https://openrouter.ai/api/v1",
        "https://api.groq.com/openai/v1",
        "https://x.openai.azure.com/openai/v1",
    ],
)
def test_k01_a_provider_that_answers_nobody_without_a_key_is_told_before_a_run(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    assert "OPENAI_API_KEY is not set" in key_missing(ModelSettings(base_url=address))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert not key_missing(ModelSettings(base_url=address))


def test_k02_a_key_in_a_header_of_the_settings_is_one() -> None:
    headers = {"api-key": "$AZURE_OPENAI_API_KEY"}
    azure = ModelSettings(base_url="https://x.openai.azure.com/openai/v1", headers=headers)
    assert not key_missing(azure)
    assert not key_unset(azure)
    plain = ModelSettings(base_url="https://x.openai.azure.com/openai/v1", headers={"X-Team": "a"})
    assert key_missing(plain)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"base_url": "https://models.example.com/v1"},
            ["OPENAI_API_KEY is not set, so https://models.example.com/v1"],
        ),
        ({"base_url": "https://models.example.com/v1", "api_key_env": "MINE"}, ["MINE is not set"]),
        ({"base_url": "http://127.0.0.1:8000/v1"}, []),
        ({"base_url": "http://gpu-box:8000/v1"}, []),
        (
            {"base_url": "http://127.0.0.1:8000/v1", "roles": {"judge": {"base_url": "https://models.example.com/v1"}}},
            ["OPENAI_API_KEY is not set, so https://models.example.com/v1"],
        ),
    ],
)
def test_k03_elsewhere_it_is_a_remark(given: Mapping[str, Any], said: list[str]) -> None:
    found = key_unset(ModelSettings.model_validate(given))
    assert len(found) == len(said)
    assert all(told.startswith(begin) for told, begin in zip(found, said, strict=True))


def test_k04_check_says_so(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.cli.planning.remarks_on_context", lambda *_: ())
    command = ("check", "system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "m", "--base-url")
    away = maspo(*command, "https://models.example.com/v1/chat/completions", "--json")
    assert away.code == 0
    assert "note: OPENAI_API_KEY is not set, so https://models.example.com/v1 is asked without a key" in away.err
    assert "/chat/completions is left out" in away.err
    assert any("OPENAI_API_KEY" in one for one in away.json["notes"])
    near = maspo(*command, "http://127.0.0.1:9/v1")
    assert "OPENAI_API_KEY" not in near.err


def test_k04_a_client_of_another_package_is_named_and_no_address_that_it_was_not_given() -> None:
    assert describe_endpoints(ModelSettings(agent="small", client="smollm2")) == "the model client smollm2 (small)"
    given = ModelSettings(agent="small", client="smollm2", base_url="http://127.0.0.1:9/v1")
    assert describe_endpoints(given) == "the model client smollm2, given http://127.0.0.1:9/v1 (small)"
    assert describe_endpoints(ModelSettings(agent="small")) == "https://api.openai.com/v1 (small)"
