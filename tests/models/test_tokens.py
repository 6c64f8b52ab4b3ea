"""Usage in every form in the wild is read as one: what is billed is never read as less."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from maspo.models import tokens as reading
from maspo.models.counts import MOST_TOKENS, count_of
from maspo.models.tokens import Tokens, later_usage, read_tokens
from tests.lengths import length

CASES = length(5_000, 200_000)
ODD: tuple[object, ...] = (None, True, -1, -0.5, 2**41, 10**400, 1e300, float("nan"), float("inf"), "many", "", [], {})
"""What is no count."""


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3}, Tokens(7, 3)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}, Tokens(7, 3)),
        ({"input_tokens": 7, "output_tokens": 3}, Tokens(7, 3)),
        ({"prompt_tokens": "7", "completion_tokens": "3.0"}, Tokens(7, 3)),
        ({"prompt_tokens": 7.0, "completion_tokens": 2.5}, Tokens(7, 3)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, Tokens(0, 0)),
        ({"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}, Tokens(7, 3)),
        ({"promptTokens": 7, "completionTokens": 3}, Tokens(7, 3)),
        ({"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}, Tokens(7, 3)),
        ({"promptTokenCount": 7, "candidatesTokenCount": 3, "thoughtsTokenCount": 80}, Tokens(7, 83, 0, 80)),
        ({"promptTokenCount": 7, "cachedContentTokenCount": 5, "candidatesTokenCount": 3}, Tokens(7, 3, 5)),
        ({"prompt_eval_count": 7, "eval_count": 3}, Tokens(7, 3)),
        ({"input_token_count": 7, "generated_token_count": 3}, Tokens(7, 3)),
        ({"tokens": {"input_tokens": 7, "output_tokens": 3}}, Tokens(7, 3)),
        ({"billed_units": {"input_tokens": 7, "output_tokens": 3}, "tokens": {"input_tokens": 9}}, Tokens(9, 3)),
        ({"input_tokens": 7, "output_tokens": 3, "output_token_details": {"reasoning": 80}}, Tokens(7, 83, 0, 80)),
        (
            {
                **{"input_tokens": 2, "output_tokens": 3},
                "iterations": [
                    {"type": "compaction", "input_tokens": 5, "output_tokens": 80},
                    {"type": "message", "input_tokens": 2, "output_tokens": 3},
                ],
            },
            Tokens(7, 83),
        ),
        ({"input_tokens": 7, "output_tokens": 3, "iterations": [{"output_tokens": None}, None]}, Tokens(7, 3)),
        (
            {"input_tokens": 7, "output_tokens": 3, "output_tokens_details": {"thinking_tokens": 80}},
            Tokens(7, 83, 0, 80),
        ),
        (
            {
                "promptTokens": 7,
                "completionTokens": 90,
                "totalTokens": 97,
                "completionTokensDetails": {"reasoningTokens": 80},
            },
            Tokens(7, 90, 0, 80),
        ),
        ({"prompt_tokens": 7, "completion_tokens": 3, "thinking_tokens": 80}, Tokens(7, 83, 0, 80)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "num_reasoning_tokens": 80}, Tokens(7, 83, 0, 80)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "native_tokens_reasoning": 80}, Tokens(7, 83, 0, 80)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "reasoning": {"tokens": 80}}, Tokens(7, 83, 0, 80)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "reasoning": {"effort": "high"}}, Tokens(7, 3)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "tokens": {"total": 90}}, Tokens(7, 83)),
        ({"tokens": {"input": 7, "output": 3}}, Tokens(7, 3)),
        (
            {
                "prompt_tokens": 7,
                "completion_tokens": 3,
                "completion_tokens_details": [
                    {"modality": "TEXT", "token_count": 3},
                    {"modality": "THOUGHT", "token_count": 80},
                ],
            },
            Tokens(7, 83, 0, 80),
        ),
        ({"promptTokenCount": 7, "candidatesTokenCount": 3, "details": ["THOUGHT", {"type": 4}, None]}, Tokens(7, 3)),
        ({7: 3}, Tokens()),
        (None, Tokens()),
        ([7, 3], Tokens()),
        ({}, Tokens()),
    ],
)
def test_i01_names_and_types(usage: object, tokens: Tokens) -> None:
    assert read_tokens(usage) == tokens


@pytest.mark.parametrize(
    ("usage", "written"),
    [
        # Inside: the total says so.
        ({"completion_tokens": 90, "total_tokens": 97, "completion_tokens_details": {"reasoning_tokens": 80}}, 90),
        # Beside: the total says so, with and without details.
        ({"completion_tokens": 10, "total_tokens": 97, "completion_tokens_details": {"reasoning_tokens": 80}}, 90),
        ({"completion_tokens": 10, "total_tokens": 97}, 90),
        # Beside: more than all that was written, though the total was added up without it.
        ({"completion_tokens": 10, "total_tokens": 17, "completion_tokens_details": {"reasoning_tokens": 80}}, 90),
        # Nobody says: the larger reading.
        ({"completion_tokens": 90, "completion_tokens_details": {"reasoning_tokens": 80}}, 170),
        ({"output_tokens": 10, "output_tokens_details": {"reasoning_tokens": "80"}}, 90),
        ({"completion_tokens": 10, "reasoning_tokens": 80}, 90),
        # A total that is too small says nothing.
        ({"completion_tokens": 90, "total_tokens": 3}, 90),
        ({"completion_tokens": 90, "total_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 8}}, 98),
        # Only the total.
        ({"total_tokens": 97}, 90),
        ({"total_tokens": 3}, None),
    ],
)
def test_i02_thinking_is_written_wherever_it_is_told(usage: dict[str, object], written: int | None) -> None:
    tokens = read_tokens({"prompt_tokens": 7, **usage})
    assert (tokens.read, tokens.written) == (7, written)
    details = usage.get("completion_tokens_details", usage.get("output_tokens_details", usage))
    assert isinstance(details, dict)
    assert tokens.thought == int(details.get("reasoning_tokens", 0)), "thinking is told apart, too"


def test_i03_without_the_prompts_count_all_of_the_total_but_one_is_written() -> None:
    assert read_tokens({"total_tokens": 97}) == Tokens(None, 96)
    assert read_tokens({"completion_tokens": 10, "total_tokens": 97}) == Tokens(None, 96)


@pytest.mark.parametrize(
    ("usage", "read", "cached"),
    [
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 60}}, 100, 60),
        ({"prompt_tokens": 100, "prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40}, 100, 60),
        ({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60}}, 100, 60),
        ({"prompt_tokens": 100, "cached_tokens": 60}, 100, 60),
        # Beside ``input_tokens``, in the way of Anthropic, and inside ``prompt_tokens``.
        ({"input_tokens": 40, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 5}, 105, 60),
        ({"prompt_tokens": 100, "cache_read_input_tokens": 60}, 100, 60),
        # Readings that differ: the one that costs more. What has no room in the prompt stands beside it.
        ({"prompt_tokens": 100, "cached_tokens": 60, "prompt_tokens_details": {"cached_tokens": 50}}, 100, 50),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 101}}, 201, 101),
        ({"prompt_tokens": 40, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 5}, 105, 60),
        ({"prompt_tokens": 40, "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 5}}, 105, 60),
        ({"prompt_tokens": 40, "prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40}, 100, 60),
        ({"inputTokens": 40, "cacheReadInputTokens": 60, "cacheWriteInputTokens": 5}, 105, 60),
        ({"inputTokens": 100, "cachedInputTokens": 60}, 100, 60),
        ({"inputTokens": {"total": 100, "noCache": 35, "cacheRead": 60, "cacheWrite": 5}}, 100, 60),
        ({"input_tokens": 100, "input_token_details": {"cache_read": 60, "cache_creation": 5, "audio": 9}}, 100, 60),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": -5}}, 100, 0),
        ({"prompt_tokens": 100, "prompt_tokens_details": None}, 100, 0),
        ({"prompt_tokens_details": {"cached_tokens": 60}}, None, 0),
    ],
)
def test_i04_cached_tokens_are_kept_apart(usage: dict[str, object], read: int | None, cached: int) -> None:
    found = read_tokens({"completion_tokens": 3, **usage})
    assert replace(found, stored=0, storing=1.0) == Tokens(read, 3, cached)


@pytest.mark.parametrize("odd", ODD)
def test_i05_what_is_no_count_is_unknown(odd: object) -> None:
    assert read_tokens({"prompt_tokens": odd, "completion_tokens": odd, "total_tokens": odd}) == Tokens()
    assert read_tokens({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": odd}) == Tokens(7, 3)


def test_i06_no_usage_is_read_as_less_than_any_part_of_it_says() -> None:
    chance = random.Random(6)
    names = ("completion_tokens", "output_tokens", "total_tokens", "prompt_tokens", "input_tokens", "cached_tokens")
    for _ in range(CASES):
        usage: dict[str, object] = {
            name: chance.choice([chance.randrange(1000), str(chance.randrange(1000)), chance.choice(ODD)])
            for name in chance.sample(names, chance.randrange(len(names) + 1))
        }
        usage["completion_tokens_details"] = {"reasoning_tokens": chance.choice([chance.randrange(1000), None])}
        found = read_tokens(usage)
        assert 0 <= found.cached <= (found.read or 0) <= MOST_TOKENS
        told = {name: value if type(value) is int and 0 <= value < 1000 else 0 for name, value in usage.items()}
        assert (found.read or 0) >= max(told.get("prompt_tokens", 0), told.get("input_tokens", 0))
        assert (found.written or 0) >= max(told.get("completion_tokens", 0), told.get("output_tokens", 0))
        if found.written is not None:
            read = 1 if found.read is None else found.read
            assert read + found.written >= told.get("total_tokens", 0)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *((text, 1070) for text in ("1070", "1,070", "1.070", "1 070", "1'070", "1’070", "1_070", "1\u00a0070")),
        *((text, 1070) for text in ("1\u202f070", "1\u2009070", "1٬070", "１,０７０", "١٬٠٧٠", "+1,070", "~1,070")),
        *((text, 1070) for text in ("1,070.0", "1.070,0", "1070,0", "1070.0", "1.07e3", "1,070 tokens", '"1,070"')),
        *((text, 1071) for text in ("1,070.5", "1.070,5", "1070,5", "1 070,5")),
        *((text, 1_234_567) for text in ("1,234,567", "1.234.567", "12,34,567", "1 234 567", "1'234'567.0")),
        *((text, 3) for text in ("3", " 3\n", "3.0", "2,5", "2.5", "2.50", "3 Tokens")),
        *((text, 1) for text in ("0.500", "0,500", "0.5")),
        ("0", 0),
        ("7,000", 7000),
        *(
            (text, None)
            for text in ("", "many", "-1,070", "-7", "nan", "inf", "1,,070", "1,070,", ",070", "1,070/4,096")
        ),
        *((text, None) for text in ("9,999,999,999,999", "9" * 99, "1" + ",000" * 20, "1,070 USD", "1 2 3", "tokens")),
    ],
)
def test_i07_a_count_that_comes_as_text_is_read_with_its_marks(text: str, count: int | None) -> None:
    assert count_of(text) == count
    expected = Tokens() if count is None else Tokens(count, count)
    assert read_tokens({"prompt_tokens": text, "completion_tokens": text}) == expected


def test_i08_a_number_in_any_dress_is_the_number() -> None:
    chance = random.Random(8)
    for _ in range(CASES):
        number = chance.randrange(10 ** chance.randrange(1, 13))
        plain, mark = f"{number:,}", chance.choice([",", ".", " ", "'", "_", "\u202f", "\u2019", ""])
        rest = chance.choice(["", ".0", ".5"] if mark != "." else ["", ",0", ",5"])
        text = chance.choice(["", "~", " "]) + plain.replace(",", mark) + rest + chance.choice(["", " tokens", "\n"])
        assert count_of(text) == number + (rest[1:] == "5"), text


@pytest.mark.parametrize(
    ("usage", "written", "thought"),
    [
        # Sound beside thoughts and text, with and without a total that was added up without them.
        ({"completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 50}}, 100, 30),
        (
            {
                **{"completion_tokens": 20, "total_tokens": 27},
                "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 50},
            },
            *(100, 30),
        ),
        # Each would have room inside, but not both.
        (
            {
                **{"completion_tokens": 60, "total_tokens": 67},
                "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 50},
            },
            *(140, 30),
        ),
        # Inside: the total, or the sum of all parts, says so.
        (
            {
                **{"completion_tokens": 100, "total_tokens": 107},
                "completion_tokens_details": {
                    "reasoning_tokens": 30,
                    "audio_tokens": 50,
                    "rejected_prediction_tokens": 9,
                },
            },
            *(100, 30),
        ),
        (
            {
                "completion_tokens": 100,
                "completion_tokens_details": {"text_tokens": 20, "reasoning_tokens": 30, "audio_tokens": 50},
            },
            *(100, 30),
        ),
        ({"outputTokens": {"total": 90, "text": 10, "reasoning": 80}}, 90, 80),
        # Beside: text alone fills the whole.
        (
            {
                **{"completion_tokens": 20, "total_tokens": 27},
                "completion_tokens_details": {"text_tokens": 20, "audio_tokens": 15},
            },
            *(35, 0),
        ),
        ({"completion_tokens": 20, "completion_tokens_details": {"text_tokens": 35}}, 35, 0),
        # Text that was foreseen is text; what was foreseen in vain is billed, too.
        (
            {
                **{"completion_tokens": 20, "total_tokens": 27},
                "completion_tokens_details": {"accepted_prediction_tokens": 15, "rejected_prediction_tokens": 40},
            },
            *(60, 0),
        ),
        # At the first level, by others' names, as text, in a list, and in other dialects' details.
        ({"completion_tokens": 20, "reasoning_tokens": 30, "audio_tokens": 50}, 100, 30),
        ({"completion_tokens": 20, "completion_audio_tokens": "1,050"}, 1070, 0),
        ({"output_tokens": 20, "output_token_details": {"reasoning": 30, "audio": 50}}, 100, 30),
        ({"output_tokens": 20, "output_tokens_details": {"image_tokens": "1,050"}}, 1070, 0),
        (
            {
                "candidatesTokenCount": 20,
                "candidatesTokensDetails": [
                    {"modality": "AUDIO", "tokenCount": 50},
                    {"modality": "TEXT", "tokenCount": 20},
                ],
            },
            *(70, 0),
        ),
        ({"completion_tokens": 20, "tokens": {"completion_tokens_details": {"audio_tokens": 50}}}, 70, 0),
        # The same parts told twice are billed once; what is no count of tokens is none.
        (
            {"completion_tokens": 20, "audio_tokens": 50, "completion_tokens_details": {"output_audio_tokens": 50}},
            *(70, 0),
        ),
        ({"completion_tokens": 20, "completion_tokens_details": {"web_search_requests": 4, "cost": 0.3}}, 20, 0),
    ],
)
def test_i09_every_part_that_has_no_room_in_the_whole_stands_beside_it(
    usage: dict[str, object], written: int, thought: int
) -> None:
    assert read_tokens({"prompt_tokens": 7, **usage}) == Tokens(7, written, 0, thought)


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        ({"prompt_tokens": 20, "prompt_tokens_details": {"audio_tokens": 500}}, 520),
        ({"prompt_tokens": 20, "prompt_tokens_details": {"text_tokens": 20, "audio_tokens": 500}}, 520),
        ({"prompt_tokens": 20, "prompt_tokens_details": {"text_tokens": 20, "image_tokens": 10}}, 30),
        ({"prompt_tokens": 20, "total_tokens": 23, "prompt_tokens_details": {"image_tokens": "1,050"}}, 1070),
        ({"prompt_tokens": 520, "prompt_tokens_details": {"text_tokens": 20, "audio_tokens": 500}}, 520),
        # What is cached is text as well.
        ({"prompt_tokens": 20, "prompt_tokens_details": {"text_tokens": 20, "cached_tokens": 15}}, 20),
        ({"prompt_tokens": 20, "input_audio_tokens": 50}, 70),
        ({"promptTokenCount": 20, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 50}]}, 70),
        ({"promptTokenCount": 20, "toolUsePromptTokenCount": 50, "totalTokenCount": 73}, 70),
        ({"prompt_tokens": 20, "total_tokens": 23, "citation_tokens": 50}, 70),
    ],
)
def test_i10_the_same_of_what_is_read(usage: dict[str, object], read: int) -> None:
    found = read_tokens({"completion_tokens": 3, **usage})
    assert (found.read, found.written) == (read, 3)


def test_i11_usage_that_comes_as_a_text_of_json_is_read() -> None:
    assert read_tokens('{"prompt_tokens": 7, "completion_tokens": "1,070"}') == Tokens(7, 1070)
    assert read_tokens("{") == read_tokens("[" * 100_000) == read_tokens("7") == Tokens()


def test_i12_of_a_stream_the_later_figures_count_but_for_what_tells_nothing() -> None:
    told = {"completion_tokens": "1,070", "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 50}}
    nothing = {"completion_tokens": "0", "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": None}}
    assert later_usage(told, nothing) == told
    assert later_usage(told, None) == later_usage(None, told) == later_usage(nothing, told) == told
    assert later_usage(told, {"completion_tokens": 2000}) == {**told, "completion_tokens": 2000}
    assert later_usage("default", "priority") == "priority"


@pytest.mark.parametrize("unknown", [-1, "n/a", "many", True, math.nan, math.inf, 10**30, {"x": -1}, ["?"], "done"])
def test_i12b_what_is_no_count_takes_none_back(unknown: object) -> None:
    told = {"prompt_tokens": 1000, "completion_tokens": 200, "service_tier": "default"}
    assert later_usage(7, unknown) == 7
    assert later_usage(told, unknown) == told or isinstance(unknown, dict)
    assert read_tokens(later_usage(told, dict.fromkeys(told, unknown))) == Tokens(1000, 200)


def test_i13_no_part_that_is_told_is_left_out() -> None:
    """Whatever is billed, told in parts that stand beside the whole or in it, is never read as less."""
    chance = random.Random(13)
    for _ in range(CASES):
        parts = {kind: chance.randrange(300) for kind in ("text", "reasoning", "audio", "image")}
        within = {kind for kind in parts if kind == "text" or chance.random() < 0.5}
        billed, whole = sum(parts.values()), sum(parts[kind] for kind in within)
        details: dict[str, object] = {
            f"{kind}_tokens": chance.choice([n, f"{n:,}", float(n)]) for kind, n in parts.items()
        }
        usage: dict[str, object] = {
            "prompt_tokens": 7,
            "completion_tokens": whole,
            "completion_tokens_details": details,
        }
        if chance.random() < 0.5:
            usage["total_tokens"] = 7 + chance.choice([whole, billed])
        found = read_tokens(usage)
        assert found.written is not None
        assert found.written >= billed, usage
        if within == set(parts):
            assert found == Tokens(7, billed, 0, parts["reasoning"]), "what is inside is billed once"


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        # OpenAI's chat, with the details that it always tells, and its responses
        (
            {
                **{"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500},
                "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
                "completion_tokens_details": {
                    **{"reasoning_tokens": 192, "audio_tokens": 0},
                    **{"accepted_prediction_tokens": 60, "rejected_prediction_tokens": 40},
                },
            },
            Tokens(1200, 300, 1024, 192),
        ),
        (
            {
                **{"input_tokens": 1200, "output_tokens": 300, "total_tokens": 1500},
                "input_tokens_details": {"cached_tokens": 1024},
                "output_tokens_details": {"reasoning_tokens": 192},
            },
            Tokens(1200, 300, 1024, 192),
        ),
        # OpenAI's speech: what is cached is told once more by what it is
        (
            {
                **{"input_tokens": 150, "output_tokens": 250, "total_tokens": 400},
                "input_token_details": {
                    **{"text_tokens": 100, "audio_tokens": 50, "cached_tokens": 64},
                    "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0},
                },
                "output_token_details": {"text_tokens": 50, "audio_tokens": 200},
            },
            Tokens(150, 250, 64),
        ),
        # xAI: thinking stands beside what is written; cached text is text
        (
            {
                **{"prompt_tokens": 1200, "completion_tokens": 10, "total_tokens": 1310},
                "prompt_tokens_details": {
                    **{"text_tokens": 1200, "audio_tokens": 0, "image_tokens": 0},
                    "cached_tokens": 1100,
                },
                "completion_tokens_details": {"reasoning_tokens": 100, "audio_tokens": 0},
                "num_sources_used": 3,
            },
            Tokens(1200, 110, 1100, 100),
        ),
        # Anthropic, with caches of two ages; Bedrock
        (
            {
                **{"input_tokens": 20, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 880},
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
                **{"output_tokens": 300, "service_tier": "standard", "server_tool_use": {"web_search_requests": 2}},
            },
            Tokens(1200, 300, 880),
        ),
        (
            {
                **{"inputTokens": 20, "outputTokens": 300, "totalTokens": 1500},
                **{"cacheReadInputTokens": 880, "cacheWriteInputTokens": 300},
            },
            Tokens(1200, 300, 880),
        ),
        # Google
        (
            {
                **{"promptTokenCount": 1200, "candidatesTokenCount": 100, "thoughtsTokenCount": 200},
                **{"totalTokenCount": 1500, "cachedContentTokenCount": 1024, "trafficType": "ON_DEMAND"},
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1200}],
                "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 1024}],
                "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 100}],
            },
            Tokens(1200, 300, 1024, 200),
        ),
        # DeepSeek, Qwen, Mistral, Groq, OpenRouter, Cohere, llama.cpp
        (
            {
                **{"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500},
                **{"prompt_cache_hit_tokens": 1024, "prompt_cache_miss_tokens": 176},
                "prompt_tokens_details": {"cached_tokens": 1024},
                "completion_tokens_details": {"reasoning_tokens": 192},
            },
            Tokens(1200, 300, 1024, 192),
        ),
        (
            {
                **{"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500},
                "prompt_tokens_details": {"text_tokens": 1200, "audio_tokens": None, "video_tokens": 0},
                "completion_tokens_details": {"text_tokens": 108, "reasoning_tokens": 192},
            },
            Tokens(1200, 300, 0, 192),
        ),
        (
            {
                **{"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500},
                **{"prompt_audio_seconds": {}, "num_cached_tokens": 1024},
            },
            Tokens(1200, 300, 1024),
        ),
        (
            {
                **{"queue_time": 0.05, "prompt_tokens": 1200, "prompt_time": 0.002, "completion_tokens": 300},
                **{"completion_time": 0.4, "total_tokens": 1500, "total_time": 0.45},
            },
            Tokens(1200, 300),
        ),
        (
            {
                **{"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500, "cost": 0.00492},
                **{"is_byok": False, "cost_details": {"upstream_inference_cost": None}},
                "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 1024, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 192, "image_tokens": 0},
            },
            Tokens(1200, 300, 0, 192),
        ),
        (
            {
                "billed_units": {"input_tokens": 1150, "output_tokens": 300},
                **{"tokens": {"input_tokens": 1200, "output_tokens": 300}, "cached_tokens": 1024},
            },
            Tokens(1200, 300, 1024),
        ),
        (
            {
                **{"cache_n": 1024, "prompt_n": 176, "prompt_ms": 30.9, "prompt_per_token_ms": 0.17},
                **{"predicted_n": 300, "predicted_ms": 661.0, "predicted_per_second": 52.9},
            },
            Tokens(1200, 300, 1024),
        ),
    ],
)
def test_i14_usage_as_providers_document_it_is_read_as_what_they_bill(usage: dict[str, object], tokens: Tokens) -> None:
    found = read_tokens(usage)
    assert replace(found, stored=0, storing=1.0) == tokens
    texts = {name: f"{told:,}" if type(told) is int else told for name, told in usage.items()}
    assert read_tokens(texts) == found, "as text, too"


def test_i15_plain_usage_is_read_as_usage_in_any_form_is() -> None:
    draw, plain = random.Random(15), 0
    counts = (*ODD, 0, 1, 7, 10, 3, MOST_TOKENS, MOST_TOKENS + 1, "7")
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "input_tokens")
    for _ in range(CASES):
        told = [0, 3, 7, 10, MOST_TOKENS] if draw.random() < 0.5 else counts
        usage = {name: draw.choice(told) for name in names[:3] if draw.random() < 0.9}
        usage |= {name: draw.choice((None, 7, {})) for name in names[3:] if draw.random() < 0.2}
        found = reading._read_plain(usage)
        plain += found is not None
        assert found in (None, reading._read_any(usage)), usage
    assert plain > CASES // 10


@pytest.mark.parametrize(
    ("usage", "stored"),
    [
        ({"input_tokens": 40, "output_tokens": 7, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 5}, 5),
        ({"inputTokens": 40, "outputTokens": 7, "cacheWriteInputTokens": 30}, 30),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 0, "cache_creation_tokens": 20}}, 20),
        ({"prompt_tokens": 100, "completion_tokens": 7}, 0),
    ],
)
def test_tokens_put_into_a_cache_are_told_apart(usage: dict[str, object], stored: int) -> None:
    assert read_tokens(usage).stored == stored
