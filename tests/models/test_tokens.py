"""Usage in every form in the wild is read as one: what is billed is never read as less."""

from __future__ import annotations

import random

import pytest

from maspo.models.tokens import MOST_TOKENS, Tokens, read_tokens
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
        # Readings that differ: the one that costs more. More than was read cannot be true.
        ({"prompt_tokens": 100, "cached_tokens": 60, "prompt_tokens_details": {"cached_tokens": 50}}, 100, 50),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 101}}, 100, 0),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": -5}}, 100, 0),
        ({"prompt_tokens": 100, "prompt_tokens_details": None}, 100, 0),
        ({"prompt_tokens_details": {"cached_tokens": 60}}, None, 0),
    ],
)
def test_i04_cached_tokens_are_kept_apart(usage: dict[str, object], read: int | None, cached: int) -> None:
    found = read_tokens({"completion_tokens": 3, **usage})
    assert found == Tokens(read, 3, cached)


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
