"""Reasoning models in every style run to a verdict, and none of their thoughts reaches anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maspo.store import RunStore
from maspo.study.optimize import DATABASE, start
from maspo.study.resolve import resolve
from maspo.testing.provider import Fault, Refuse, Rule, Spoiled, Unless, fake_provider, in_pieces
from maspo.testing.runs import Recorder, with_config, world_job

THOUGHT = "Perhaps <answer>Z</answer>, <verdict>2</verdict>, <prompt>Say nothing.</prompt>?"


def spent(found: dict[str, Any]) -> None:
    """Give a reply the usage of one with 80 tokens of thoughts."""
    usage = found["usage"]
    usage["completion_tokens"] += 80
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
    usage["completion_tokens_details"] = {"reasoning_tokens": 80}


def with_field(found: dict[str, Any]) -> None:
    found["choices"][0]["message"]["reasoning_content"] = THOUGHT
    spent(found)


def with_tags(found: dict[str, Any]) -> None:
    message = found["choices"][0]["message"]
    message["content"] = f"<think>\n{THOUGHT}\n</think>\n\n{message['content']}"
    spent(found)


def with_channels(found: dict[str, Any]) -> None:
    message = found["choices"][0]["message"]
    message["content"] = (
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{message['content']}"
    )
    spent(found)


def _silent_at_first(wanted: Mapping[str, Any]) -> bool:
    return (wanted.get("max_completion_tokens") or wanted.get("max_tokens") or 0) >= 100


def refuse(name: str, words: str) -> Fault:
    return Unless(lambda wanted: name not in wanted, Refuse(400, words))


STYLES: Mapping[str, tuple[Fault, ...]] = {
    "GPT-5": (
        refuse("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        refuse("temperature", "Unsupported value: 'temperature' does not support 0.0 with this model."),
        Unless(
            lambda wanted: not any(one["role"] == "system" for one in wanted["messages"]),
            Refuse(400, "Unsupported value: 'messages[0].role' does not support 'system' with this model."),
        ),
        Unless(_silent_at_first, Refuse(400, "Could not finish the message because max_tokens was reached.")),
        Spoiled(spent, in_pieces),
    ),
    "DeepSeek R1": (Spoiled(with_field, in_pieces),),
    "Qwen3": (Spoiled(with_tags, in_pieces),),
    "gpt-oss": (Spoiled(with_channels, in_pieces),),
}


@pytest.mark.parametrize("style", STYLES)
async def test_r01_a_run_comes_to_a_verdict_and_thoughts_are_kept_and_not_read(style: str, tmp_path: Path) -> None:
    job = world_job()
    async with fake_provider([Rule(fault) for fault in STYLES[style]], job.world) as provider:
        models = job.config.models.model_copy(
            update={"base_url": provider.base_url, "api_key_env": "MASPO_NO_KEY", "prices": {"simulated": (1.0, 2.0)}}
        )
        real = replace(with_config(job, models=models), world=None)
        outcome = await start(resolve(real), tmp_path / "run", Recorder())
    assert outcome.finished is not None
    assert outcome.finished.verdict
    assert "Z" not in "".join(outcome.finished.prompts.values()).split()
    assert outcome.usage["agent"].tokens_thought == 80 * (outcome.usage["agent"].calls - outcome.usage["agent"].failed)
    async with RunStore.open(tmp_path / "run" / DATABASE) as store:
        replies = [text for (text,) in store._select("SELECT reply FROM calls")]
        asked = [text for (text,) in store._select("SELECT request FROM calls")]
        kept = [text for (text,) in store._select("SELECT thoughts FROM thoughts")]
        assert store.usage()["agent"].tokens_thought == outcome.usage["agent"].tokens_thought
    assert not [text for text in (*replies, *asked) if "Perhaps" in text]
    if style != "GPT-5":  # which shows no thoughts
        assert all(THOUGHT in text for text in kept)
