"""Errors that stand in for answers: told by what came before, and honest texts about errors stay answers."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from maspo.core.errors import ProviderError
from maspo.models import Message, Reply, Request
from maspo.models.layers.error_texts import ErrorTexts, is_error_shaped

ENVOY = "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: timeout"
DIALOGUE = Path(__file__).parents[1] / "real" / "dialogue.jsonl.xz"


def ask(question: int) -> Request:
    return Request("m", (Message("system", "You solve it."), Message("user", f"What is {question} + 4?")), "agent")


def test_x01_one_error_for_different_questions_without_tokens_is_none_of_a_model() -> None:
    seen = ErrorTexts()
    assert not seen.told(ask(0), Reply("7", 5, 5))
    told = [seen.told(ask(number), Reply(f"Error: {ENVOY} (id {number}f00ba7)")) for number in range(1, 4)]
    assert told[:2] == ["", ""]
    assert "3 different questions" in told[2]
    assert "upstream connect error" in told[2]


def test_x02_where_nothing_else_ever_came_no_call_is_worth_making() -> None:
    seen = ErrorTexts()
    for number in range(4):
        assert not seen.told(ask(number), Reply(ENVOY, 0, 0))
    with pytest.raises(ProviderError, match="5 different questions were answered by the same error"):
        seen.told(ask(4), Reply(ENVOY, 0, 0))


@pytest.mark.parametrize("tokens", [5, None])
def test_x03_a_team_that_is_asked_about_errors_may_name_them(tokens: int | None) -> None:
    seen = ErrorTexts()
    for number in range(30):
        text = "Gateway timeout" if number % 2 else f"Disk {number}"
        assert not seen.told(ask(number), Reply(text, 5, tokens))
    again = ErrorTexts()
    for _ in range(30):
        assert not again.told(ask(1), Reply(ENVOY)), "one question asked again and again tells nothing"


def test_x04_no_text_of_a_real_model_reads_as_an_error() -> None:
    with lzma.open(DIALOGUE, "rt", encoding="utf-8") as lines:
        texts = [value for line in lines for value in strings(json.loads(line))]
    assert len(texts) > 500
    assert not [text for text in texts if is_error_shaped(text)]
    assert not any(
        map(is_error_shaped, ("500 apples", "Error: the proof divides by zero", "404", "The server is a waiter"))
    )


def strings(found: object) -> list[str]:
    if isinstance(found, str):
        return [found]
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [text for one in inner for text in strings(one)]
