"""What a refusal of a limit of tokens allows: a bound, one value, or nothing that can be told."""

from __future__ import annotations

import pytest

from maspo.models.base import AGENT, Message, Request
from maspo.models.context import exactly_written
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
