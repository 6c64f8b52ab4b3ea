"""Errors that stand in for answers: told by what came before, and honest texts about errors stay answers."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.core.errors import ProviderError
from maspo.models import Message, Reply, Request
from maspo.models.budget import Ledger
from maspo.models.layers.compose import compose
from maspo.models.layers.error_texts import _SHAPE, ErrorTexts, is_error_shaped
from maspo.models.layers.retried import RetryPolicy
from maspo.testing.models import MemoryStore

ENVOY = "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: timeout"
DIALOGUE = Path(__file__).parents[1] / "real" / "dialogue.jsonl.xz"


def ask(question: int) -> Request:
    return Request("m", (Message("system", "You solve it."), Message("user", f"What is {question} + 4?")), "agent")


def test_x01_one_error_for_different_questions_without_tokens_is_none_of_a_model() -> None:
    seen = ErrorTexts()
    assert not seen.find_error(ask(0), Reply("7", 5, 5))
    told = [seen.find_error(ask(number), Reply(f"Error: {ENVOY} (id {number}f00ba7)")) for number in range(1, 4)]
    assert told[:2] == ["", ""]
    assert "3 different questions" in told[2]
    assert "upstream connect error" in told[2]


def test_x02_where_nothing_else_ever_came_no_call_is_worth_making() -> None:
    seen = ErrorTexts()
    for number in range(4):
        assert not seen.find_error(ask(number), Reply(ENVOY, 0, 0))
    with pytest.raises(ProviderError, match="5 different questions were answered by the same error"):
        seen.find_error(ask(4), Reply(ENVOY, 0, 0))


@pytest.mark.parametrize("tokens", [5, None])
def test_x03_a_team_that_is_asked_about_errors_may_name_them(tokens: int | None) -> None:
    seen = ErrorTexts()
    for number in range(30):
        text = "Gateway timeout" if number % 2 else f"Disk {number}"
        assert not seen.find_error(ask(number), Reply(text, 5, tokens))
    again = ErrorTexts()
    for _ in range(30):
        assert not again.find_error(ask(1), Reply(ENVOY)), "one question asked again and again tells nothing"


@pytest.mark.parametrize("counted", [False, True])
def test_x05_rows_that_are_sorted_by_class_get_one_label_after_the_other(counted: bool) -> None:
    seen = ErrorTexts()
    if counted:
        seen.find_error(ask(99), Reply("Disk full", 5, 5))
    labels = ["Connection timeout"] * 4 + ["Unauthorized"] * 4 + [f"HTTP status {500 + number}" for number in range(5)]
    assert not any(seen.find_error(ask(number), Reply(label)) for number, label in enumerate(labels))
    # Named in the question, a label may have any length and come any number of times.
    named = "upstream connect error of the gateway in the second region"
    for number in range(30):
        line = Request("m", (Message("user", f"Line {number}: is it {named}, or “disk full”?"),), "agent")
        assert not seen.find_error(line, Reply(f"“{named.capitalize()}”."))
        assert not seen.asks_again(line, Reply(named))


def test_x06_where_no_reply_is_counted_one_label_alone_ends_no_run() -> None:
    seen = ErrorTexts()
    assert not any(seen.find_error(ask(number), Reply("Connection timeout")) for number in range(30))
    # An error has a number of the request, however short it is.
    other = ErrorTexts()
    with pytest.raises(ProviderError, match="5 different questions"):
        for number in range(5):
            other.find_error(ask(number), Reply(f"Service unavailable: {number}f00ba7"))


def test_x07_what_the_model_was_counted_for_is_its_own() -> None:
    seen = ErrorTexts()
    seen.find_error(ask(0), Reply(ENVOY, 5, 5))
    assert not any(seen.find_error(ask(number), Reply(ENVOY)) for number in range(1, 20))


async def test_x08_honest_texts_about_errors_are_asked_for_again_ever_more_rarely() -> None:
    class Honest:
        asked = 0

        async def complete(self, request: Request) -> Reply:
            self.asked += 1
            return Reply(f"The request timed out in zone {chr(0x4E00 + int(request.messages[-1].content.split()[2]))}")

    model = Honest()
    layers = compose(model, MemoryStore(), Ledger(), RetryPolicy(attempts=3, base=0.0, cap=0.0), 4)
    for number in range(100):
        await layers.complete(ask(number))
    assert model.asked <= 100 + 3 + 5


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


@settings(max_examples=500, deadline=None)
@given(
    st.from_regex(re.compile(_SHAPE.pattern.pattern, re.IGNORECASE), fullmatch=True),
    st.booleans(),
    st.sampled_from(["", "Error: ", "<html><title>"]),
)
def test_x09_whatever_words_an_error_has_it_is_not_passed_over(words: str, shout: bool, before: str) -> None:
    said = before + (words.upper() if shout else words)
    assert is_error_shaped(said) == bool(_SHAPE.pattern.search(said.strip()[:160]))
