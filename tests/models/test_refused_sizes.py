"""What a refusal of a limit of tokens allows: a bound, one value, or nothing that can be told."""

from __future__ import annotations

import pytest

from maspo.models.base import AGENT, Message, Request
from maspo.models.context import exactly_written, most_written, sizes_in
from maspo.models.counts import with_plain_numbers
from maspo.models.dialects import STANDARD, learn

BOUNDS = {
    "max_tokens must be <=4096": 4096,
    "max_tokens must be ≤ 4096": 4096,
    "'max_tokens' must be <4097": 4096,
    "max_tokens must be < 4097": 4096,
    "max_tokens must be less than 4097": 4096,
    "max_tokens should be <=4096": 4096,
    "max_completion_tokens must be ≤4096": 4096,
    "max_tokens must be 4096 tokens maximum": 4096,
    "max_tokens must be 4096 tokens max": 4096,
    "max_tokens must be 4096 (max)": 4096,
    "max_tokens must be 4096, at most": 4096,
    "max_tokens must be 4096 or fewer": 4096,
    "max_tokens must be 16 <= x <= 4096": 4096,
    "max_tokens must be up to 4096": 4096,
}
NEITHER = (
    *("max_tokens must be >=16", "max_tokens must be > 16", "max_tokens must be ~4096", "max_tokens must be 4096-"),
    *("max_tokens must be 4096 in total", "max_tokens must be 4096 less the prompt", "max_tokens must be 16-4096"),
    *("max_tokens must be 4096 minus the prompt", "max_tokens must be 16..4096", "max_tokens must be -1"),
)
EXACT = ("max_tokens must be exactly 4096", 'max_tokens must be \\"4096\\" for this model', "max_tokens must be 4096.")


def asking(tokens: int) -> Request:
    return Request("m", (Message("user", "x"),), AGENT, max_tokens=tokens)


@pytest.mark.parametrize("words", BOUNDS)
def test_z01_a_bound_is_no_single_value_and_smaller_calls_go_on(words: str) -> None:
    learned = learn(STANDARD, f'{{"error":{{"message":"{words}"}}}}', asking(8192))
    assert learned is not None
    assert (learned.dialect.most_tokens, learned.dialect.exact_tokens) == (BOUNDS[words], 0)
    assert learned.dialect.limit(asking(1024)) == 1024


@pytest.mark.parametrize("words", NEITHER)
def test_z02_what_may_be_anything_is_no_single_value(words: str) -> None:
    assert exactly_written(words) is None


@pytest.mark.parametrize("words", EXACT)
def test_z03_a_single_value_is_learned(words: str) -> None:
    learned = learn(STANDARD, f'{{"error":{{"message":"{words}"}}}}', asking(8192))
    assert learned is not None
    assert learned.dialect.exact_tokens == 4096


@pytest.mark.parametrize(
    "size", ["8192", "8,192", "8.192", "8'192", "8’192", "8\u202f192", "8\u00a0192", "8 192", "[8192]"]
)
def test_z04_sizes_are_read_with_their_marks_of_thousands(size: str) -> None:
    words = f"this model's maximum context length is {size} tokens. please reduce the length of the messages"
    found = sizes_in(words, 100)
    assert found is not None
    assert found.context == 8192
    assert most_written(f"max_tokens is too large: at most {size} completion tokens are allowed", 16_000) == 8192
    assert exactly_written(f"max_tokens must be exactly {size}") in (
        8192,
        None,
    )  # a plain blank: what follows is no bound


@pytest.mark.parametrize(("size", "tokens"), [("128k", 128_000), ("1.5k", 1500), ("8 K", 8000), ("1m", 1_000_000)])
def test_z05_a_size_in_thousands_is_not_read_as_its_digits(size: str, tokens: int) -> None:
    words = f"maximum context length is {size} tokens, and the prompt is too long".lower()
    found = sizes_in(words, 100)
    assert found is not None
    assert found.context == tokens


@pytest.mark.parametrize(
    "words",
    [
        *(
            "retry in 12.345s",
            "after 1.500 seconds",
            "llama-3.1.405",
            "moonshot-v1-128k",
            "gpt-4-32k",
            "version 1.234.5",
        ),
        *("10.0.0.127", "0.001", "5,000.123", "per 1m", "12 345", "v2.000", "8,192 tokens", "8192"),
    ],
)
def test_z06_times_versions_names_and_plain_numbers_stay(words: str) -> None:
    assert with_plain_numbers(words) == words
