"""Every kind of endpoint that people use: it works, is adapted to and that is said, or refused with what to do.

The rows are those of docs/endpoints.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from maspo.core.errors import EXIT_PROVIDER, CallFailed, MaspoError, ProviderError
from maspo.models import Endpoint, Ledger, Message, PriceBook, Reply, Request, RetryPolicy, compose
from maspo.models.base import ready_question
from maspo.models.chat_completions import ChatClient
from maspo.models.layers.limited import Health
from maspo.testing.models import MemoryStore
from maspo.testing.provider import Body, Fault, Refuse, Rule, Slow, Spoiled, Unless, fake_provider, in_pieces

ASK = Request(
    "m",
    (Message("system", "You solve it. Answer in <answer></answer>."), Message("user", "What is 3 + 4?")),
    "agent",
    "solver",
    max_tokens=2000,
    identity="draw",
)
DOCS = Path(__file__).parents[2] / "docs" / "endpoints.md"
Expected = Literal["works", "adapted", "refused"]
THOUGHT = "Hm, <answer>WRONG</answer>, or <verdict>2</verdict>?"


@dataclass(frozen=True)
class Row:
    """An endpoint: what it does, what becomes of it, and words of what is said."""

    fault: Fault
    expected: Expected
    said: str = ""


def spoiled(change: Callable[[dict[str, Any]], object], streamed: bool = False) -> Spoiled:
    return Spoiled(change, in_pieces if streamed else None)


def message(**fields: object) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found["choices"][0]["message"].update(fields)

    return change


def text(form: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        said = found["choices"][0]["message"]
        said["content"] = form.replace("ANSWER", said["content"]).replace("THOUGHT", THOUGHT)

    return change


def parts(*kinds: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        said = found["choices"][0]["message"]
        said["content"] = [*kinds, {"type": "text", "text": said["content"]}]

    return change


def ends(finish: object, content: str | None = None) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found["choices"][0]["finish_reason"] = finish
        if content is not None:
            found["choices"][0]["message"]["content"] = content

    return change


def usage(value: object) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        if value is None:
            del found["usage"]
        else:
            found["usage"] = value

    return change


def without(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: not any(name in wanted for name in names)


def roles(*refused: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: not any(one["role"] in refused for one in wanted["messages"])


def at_most(tokens: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda wanted: wanted.get("max_tokens", 0) <= tokens


def needs_room(wanted: Mapping[str, Any]) -> bool:
    return (wanted.get("max_tokens") or wanted.get("max_completion_tokens") or 0) >= 100


ROWS: dict[str, Row] = {
    # Replies
    "a reply in one piece": Row(spoiled(lambda found: None), "works"),
    "a stream": Row(spoiled(lambda found: None, streamed=True), "works"),
    "a stream without usage, whole replies with it": Row(
        Spoiled(lambda found: None, lambda found: in_pieces({**found, "usage": None})), "works"
    ),
    "a stream that was not asked for": Row(
        Body(b'data: {"choices":[{"delta":{"content":"<answer>A</answer>"}}]}\n\ndata: [DONE]\n\n'), "works"
    ),
    "a stream without blank lines": Row(
        Spoiled(lambda found: None, lambda found: [piece.replace(b"\n\n", b"\n") for piece in in_pieces(found)]),
        "works",
    ),
    "a stream that breaks off": Row(
        Spoiled(lambda found: None, lambda found: in_pieces(found)[:-3]), "refused", "broke off"
    ),
    "a stream that ends in an error": Row(
        Spoiled(
            lambda found: None, lambda found: [*in_pieces(found)[:4], b'data: {"error": {"message": "overloaded"}}\n\n']
        ),
        "refused",
        "failed while it wrote",
    ),
    "content in parts": Row(spoiled(parts()), "works"),
    "several choices": Row(
        spoiled(lambda found: found["choices"].append({"index": 1, "message": {"content": "WRONG"}})), "works"
    ),
    # Reasoning
    "thoughts in reasoning_content (DeepSeek, Qwen, vLLM)": Row(spoiled(message(reasoning_content=THOUGHT)), "works"),
    "the same as a stream": Row(spoiled(message(reasoning_content=THOUGHT), streamed=True), "works"),
    "thoughts in reasoning (OpenRouter, Groq)": Row(spoiled(message(reasoning=THOUGHT)), "works"),
    "thoughts in reasoning_details": Row(
        spoiled(message(reasoning_details=[{"type": "reasoning.text", "text": THOUGHT}])), "works"
    ),
    "thoughts in thinking (Ollama)": Row(spoiled(message(thinking=THOUGHT)), "works"),
    "thinking_blocks (LiteLLM)": Row(
        spoiled(message(thinking_blocks=[{"type": "thinking", "thinking": THOUGHT}])), "works"
    ),
    "parts of type thinking (Mistral)": Row(
        spoiled(parts({"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]})), "works"
    ),
    "parts marked thought (Gemini)": Row(spoiled(parts({"type": "text", "text": THOUGHT, "thought": True})), "works"),
    "<think> in the text (DeepSeek R1, Qwen3)": Row(spoiled(text("<think>\nTHOUGHT\n</think>\n\nANSWER")), "works"),
    "the same as a stream of text": Row(spoiled(text("<think>\nTHOUGHT\n</think>\n\nANSWER"), streamed=True), "works"),
    "<think> that the template opened": Row(spoiled(text("THOUGHT\n</think>\n\nANSWER")), "works"),
    "an empty <think> (Qwen3 without thinking)": Row(spoiled(text("<think>\n\n</think>\n\nANSWER")), "works"),
    "several thoughts between steps": Row(
        spoiled(text("<think>THOUGHT</think>\nANSWER\n<think>THOUGHT</think>\n")), "works"
    ),
    "<seed:think>": Row(spoiled(text("<seed:think>THOUGHT</seed:think>ANSWER")), "works"),
    "[THINK] (Magistral)": Row(spoiled(text("[THINK]THOUGHT[/THINK]ANSWER")), "works"),
    "◁think▷ (Kimi)": Row(spoiled(text("◁think▷THOUGHT◁/think▷ANSWER")), "works"),
    "START_THINKING marks (Command)": Row(spoiled(text("<|START_THINKING|>THOUGHT<|END_THINKING|>ANSWER")), "works"),
    "begin_of_thought marks (OpenThinker)": Row(
        spoiled(text("<|begin_of_thought|>THOUGHT<|end_of_thought|>ANSWER")), "works"
    ),
    "channels (gpt-oss)": Row(
        spoiled(
            text(
                "<|channel|>analysis<|message|>THOUGHT<|end|><|start|>assistant<|channel|>final<|message|>ANSWER<|return|>"
            )
        ),
        "works",
    ),
    "channels without their marks (gpt-oss)": Row(spoiled(text("analysisTHOUGHTassistantfinalANSWER")), "works"),
    "a thought that never ends": Row(
        spoiled(text("<think>\nTHOUGHT and so on")), "refused", "thoughts and no answer.*reasoning_tokens="
    ),
    "a channel that never comes to its answer": Row(
        spoiled(text("<|channel|>analysis<|message|>THOUGHT")), "refused", "reasoning_tokens="
    ),
    "no text at 16 tokens, thoughts only": Row(Unless(needs_room, spoiled(ends("length", ""))), "works"),
    "HTTP 400 at 16 tokens, as OpenAI says it": Row(
        Unless(
            needs_room,
            Refuse(400, "Could not finish the message because max_tokens or model output limit was reached."),
        ),
        "works",
    ),
    "no text at any limit": Row(spoiled(ends("length", "")), "refused", "reasoning_tokens=8192"),
    # Endings
    "finish_reason error": Row(spoiled(ends("error")), "refused", "finish_reason: error"),
    "finish_reason content_filter": Row(spoiled(ends("content_filter")), "refused", "content filter"),
    "a refusal in place of content": Row(
        spoiled(message(content=None, refusal="I cannot help with that.")), "refused", "refused by the model"
    ),
    "a tool call in place of an answer": Row(
        spoiled(message(content=None, tool_calls=[{"id": "1"}])), "refused", "asks for a tool"
    ),
    "an error with HTTP 200": Row(
        Body(b'{"error": {"message": "Provider returned error", "code": 502}}'), "refused", "Provider returned error"
    ),
    "HTML with HTTP 200": Row(Body(b"<html><body>Sign in</body></html>"), "refused", "no chat completion"),
    # Parameters
    "max_completion_tokens in place of max_tokens": Row(
        Unless(
            without("max_tokens"),
            Refuse(400, "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
        ),
        "adapted",
        "max_completion_tokens",
    ),
    "no temperature but 1 (GPT-5)": Row(
        Unless(
            without("temperature"),
            Refuse(400, "Unsupported value: 'temperature' does not support 0.0 with this model. Only 1 is supported."),
        ),
        "adapted",
        "no temperature",
    ),
    "the same within HTTP 500": Row(
        Unless(
            without("temperature"),
            Refuse(500, "litellm.BadRequestError: Unsupported value: 'temperature' does not support 0.0"),
        ),
        "adapted",
        "no temperature",
    ),
    "no seed": Row(Unless(without("seed"), Refuse(422, "seed: Extra inputs are not permitted")), "adapted", "no seed"),
    "no seed, in Google's words": Row(
        Unless(without("seed"), Refuse(400, 'Invalid JSON payload received. Unknown name "seed": Cannot find field.')),
        "adapted",
        "no seed",
    ),
    "no stream_options": Row(
        Unless(without("stream_options"), Refuse(400, "Unrecognized request argument supplied: stream_options")),
        "adapted",
        "tokens in streams",
    ),
    "no streams": Row(
        Unless(without("stream"), Refuse(400, "'stream' is not supported for this model")), "adapted", "whole"
    ),
    "a limit of tokens": Row(
        Unless(
            at_most(512),
            Refuse(400, "max_tokens is too large: 2000. This model supports at most 512 completion tokens."),
        ),
        "adapted",
        "at most 512 tokens",
    ),
    "a limit of tokens, in DeepSeek's words": Row(
        Unless(at_most(512), Refuse(400, "Invalid max_tokens value, the valid range of max_tokens is [1, 512]")),
        "adapted",
        "at most 512 tokens",
    ),
    "a context that leaves less for the reply": Row(
        Unless(
            at_most(964),
            Refuse(
                400,
                "'max_tokens' is too large: 2000. This model's maximum context length is 1024 tokens and your request "
                "has 60 input tokens (2000 > 1024 - 60).",
            ),
        ),
        "adapted",
        "context is 1,024 tokens",
    ),
    "a prompt beyond the context (OpenAI)": Row(
        Refuse(
            400,
            "This model's maximum context length is 512 tokens. However, your messages resulted in 800 tokens.",
            "context_length_exceeded",
        ),
        "refused",
        "does not fit: 800 tokens.*context of 512",
    ),
    "a prompt beyond the context (Anthropic)": Row(
        Refuse(400, "prompt is too long: 210000 tokens > 200000 maximum"), "refused", "210,000 tokens.*200,000"
    ),
    "a prompt beyond the context (Gemini)": Row(
        Refuse(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
        "refused",
        "1,200,000 tokens.*1,048,576",
    ),
    # Roles
    "no system role": Row(
        Unless(roles("system", "developer"), Refuse(400, "System role not supported")), "adapted", "before the input"
    ),
    "no system role, in a template's words": Row(
        Unless(
            roles("system", "developer"),
            Refuse(500, "Conversation roles must alternate user/assistant/user/assistant/..."),
        ),
        "adapted",
        "before the input",
    ),
    "developer in place of system": Row(
        Unless(
            roles("system"),
            Refuse(400, "Unsupported value: 'messages[0].role' does not support 'system' with this model."),
        ),
        "adapted",
        "developer",
    ),
    "Gemma at Gemini's address": Row(
        Unless(roles("system", "developer"), Refuse(400, "Developer instruction is not enabled for models/gemma-3")),
        "adapted",
        "before the input",
    ),
    # Usage
    "no usage": Row(spoiled(usage(None)), "works"),
    "usage of zeros": Row(spoiled(usage({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})), "works"),
    # Every call
    "a wrong key": Row(Refuse(401, "Incorrect API key provided", "invalid_api_key"), "refused", "check key"),
    "no credit": Row(Refuse(402, "Insufficient Balance"), "refused", "no credit"),
    "a quota that is used up": Row(
        Refuse(429, "You exceeded your current quota", "insufficient_quota"), "refused", "check key, credit"
    ),
    "an unknown model": Row(Refuse(404, "The model `m` does not exist", "model_not_found"), "refused", "model name"),
    "a redirect": Row(Refuse(308, headers={"Location": "http://127.0.0.1:1/v1"}), "refused", "give the final address"),
    "headers that it does not know": Row(
        Refuse(400, "Unexpected header(s): X-Maspo-Purpose"), "refused", "models.attribution=false"
    ),
    "a refusal of every prompt": Row(
        Refuse(400, "The prompt triggered Azure OpenAI's content management policy.", "content_filter"),
        "refused",
        "content filter",
    ),
    "slow": Row(Slow(0.3), "works"),
}


@dataclass(frozen=True)
class Outcome:
    reply: Reply | None
    error: MaspoError | None
    said: tuple[str, ...]
    ledger: Ledger


async def asked(fault: Fault) -> Outcome:
    """Ask as a run does: first the small question, which needs no text, then a real one, twice."""
    health, ledger = Health(), Ledger(prices=PriceBook({"m": (1.0, 10.0)}))
    async with fake_provider((Rule(fault),)) as provider, ChatClient(Endpoint(provider.base_url, timeout=5)) as client:
        policy = RetryPolicy(attempts=2, base=0.001, cap=0.002)
        model = compose(client, MemoryStore(), ledger, policy, 8, health)
        try:
            await model.complete(ready_question("m"))
        except CallFailed:
            pass
        except ProviderError as error:
            return Outcome(None, error, tuple(health.adapted), ledger)
        try:
            reply = await model.complete(ASK)
            before = len(provider.seen)
            again = await model.complete(replace(ASK, identity="another draw"))
            assert len(provider.seen) == before + 1, "what was learned is not asked again"
            assert again.text
        except ProviderError as error:
            return Outcome(None, error, tuple(health.adapted), ledger)
        return Outcome(reply, None, tuple(health.adapted), ledger)


@pytest.mark.parametrize("name", ROWS)
async def test_e01_every_endpoint_works_is_adapted_to_or_refused_with_a_reason(name: str) -> None:
    row = ROWS[name]
    found = await asked(row.fault)
    if row.expected == "refused":
        assert found.error is not None, "silently wrong"
        assert re.search(row.said, str(found.error), re.DOTALL), str(found.error)
        assert found.error.exit_code == EXIT_PROVIDER
        return
    assert found.error is None, str(found.error)
    assert found.reply is not None
    assert "<answer>" in found.reply.text
    assert "WRONG" not in found.reply.text, "a thought is no answer"
    assert not re.search(r"think|channel|◁|THINK|assistantfinal", found.reply.text), "no mark of a thought is left"
    assert bool(found.said) == (row.expected == "adapted"), found.said
    assert row.said in " ".join(found.said)
    if re.search(r"think|thought|channel|reasoning|THINK", name) and "16 tokens" not in name and "empty" not in name:
        assert THOUGHT in found.reply.thoughts, "thoughts are kept"


@pytest.mark.parametrize("name", ["no usage", "usage of zeros", "a stream that was not asked for"])
async def test_e02_what_is_not_told_is_charged_at_its_most_and_never_zero(name: str) -> None:
    used = (await asked(ROWS[name].fault)).ledger.usage()["agent"]
    assert used.unmetered == 2
    assert used.usd is not None
    assert used.usd > 2 * 2000 * 10 / 1e6


def test_e03_the_documented_table_is_this_one() -> None:
    documented = dict(re.findall(r"^\| ([^|]+?) \| (works|adapted|refused)[^|]*\|", DOCS.read_text("utf-8"), re.M))
    assert {name: row.expected for name, row in ROWS.items()} == {
        name.replace("`", ""): outcome for name, outcome in documented.items()
    }
