"""What is learned from the words in which endpoints refuse roles and limits: one row for each wording."""

from __future__ import annotations

import json

import pytest

from maspo.models import Message, Request
from maspo.models.dialects import STANDARD, learn

ASK = Request("m", (Message("system", "Be brief."), Message("user", "Hi")), purpose="agent", max_tokens=4000)
NO_SYSTEM = (
    "messages[0].role: only 'user' and 'assistant' roles are supported",
    "Only 'user' and 'assistant' roles are allowed",
    'Only "user" and "assistant" roles are allowed',
    "This model only supports `user` and `assistant` messages",
    "'system' role is not supported by this model",
    "role 'system' not supported",
    "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
    "messages.0.role: Input should be 'user' or 'assistant'",
    "Please use a valid role: user, model.",
)


@pytest.mark.parametrize("words", NO_SYSTEM)
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "in JSON"])
def test_w01_a_model_without_a_system_role_gets_prompts_before_the_input(words: str, wrapped: bool) -> None:
    learned = learn(STANDARD, json.dumps({"error": {"message": words}}) if wrapped else words, ASK)
    assert learned is not None
    assert learned.dialect.system == "user"


def test_w02_where_developer_is_among_the_values_prompts_go_as_developers() -> None:
    learned = learn(STANDARD, "Invalid value: 'system'. Supported values are: 'developer', 'user'.", ASK)
    assert learned is not None
    assert learned.dialect.system == "developer"


@pytest.mark.parametrize(
    "words",
    [
        "messages.2.role: Input should be 'user', 'assistant' or 'system'",
        "Invalid value: 'tool'. Supported values are: 'system', 'user' and 'assistant'.",
        "messages.1.content: Input should be a string",
    ],
)
def test_w03_another_role_that_is_refused_leaves_the_system_role(words: str) -> None:
    learned = learn(STANDARD, words, ASK)
    assert learned is None or learned.dialect.system == "system"


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("max_new_tokens must be <= 1024", 1024),
        ("`max_new_tokens` must be <= 1024", 1024),
        ("'max_tokens' : must be between 1 and 2048", 2048),
        ("Output tokens limit is 2048", 2048),
        ("Requested token count exceeds the model's maximum output of 1,024 tokens.", 1024),
        ("The model can write at most 1,024 tokens", 1024),
        ("This deployment allows at most 2048 completion tokens", 2048),
        ("The maximum generation length is 1024 tokens", 1024),
        ("max_completion_tokens limit is 2,048", 2048),
    ],
)
def test_w04_a_limit_of_tokens_is_learned_from_its_words(words: str, most: int) -> None:
    learned = learn(STANDARD, json.dumps({"error": {"message": words}}), ASK)
    assert learned is not None
    assert learned.dialect.most_tokens == most


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens must be between 1 and 8192",
        "Output tokens per minute: limit is 2048, try again in 3 s",
        "You may write at most 1000 output tokens per min",
        "at most 1,000 output tokens/min",
        "Your completion quota is at most 2048 tokens per minute",
        "The output schema has at most 200 properties",
        "stop sequences: at most 16 allowed for generation",
    ],
)
def test_w05_a_number_that_is_no_lower_limit_of_a_reply_is_not_learned_as_one(words: str) -> None:
    learned = learn(STANDARD, words, ASK)
    assert learned is None or not learned.dialect.most_tokens
