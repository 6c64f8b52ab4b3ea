"""What servers put around a reply is none of it, and what a model says itself stays."""

from __future__ import annotations

import pytest

from maspo.models.base import Message, Reply
from maspo.models.wrapping import unwrapped

ASKED = (Message("system", "You solve it."), Message("user", "What is 3 + 4?"))


def read(text: str, asked: tuple[Message, ...] = ASKED) -> Reply:
    return unwrapped(Reply(text=text), asked)


@pytest.mark.parametrize(
    "before",
    [
        "You solve it.\nWhat is 3 + 4?\n",
        "You solve it.\n\nWhat is 3 + 4?\n\n",
        "<|im_start|>system\nYou solve it.<|im_end|>\n<|im_start|>user\nWhat is 3 + 4?<|im_end|>\n"
        "<|im_start|>assistant\n",
        "<s>[INST] <<SYS>>\nYou solve it.\n<</SYS>>\n\nWhat is 3 + 4? [/INST] ",
        "system: You solve it.\nuser: What is 3 + 4?\nassistant: ",
        "### System:\nYou solve it.\n\n### User:\nWhat is 3 + 4?\n\n### Assistant:\n",
        "",
    ],
)
@pytest.mark.parametrize("said", ["7", "**7**", "-7", "(B) is right.", "What is 3 + 4? It is 7.", "The user asks: 7"])
def test_w01_a_request_that_comes_back_before_the_reply_is_left_out(before: str, said: str) -> None:
    assert read(before + said).text == said


@pytest.mark.parametrize(
    "text",
    [
        "What is 3 + 4? It is 7.",
        "You solve it. I solve it: 7",
        "You solve it.\nBut what is 3 + 4?\n7",
        "It is 7. You solve it.\nWhat is 3 + 4?",
        '[{"type": "refund", "text": "no"}]',
        '[{"text": 1}, 5]',
        '[{"type": "text", "text": "cut',
        "[{'type': 'text', 'text': open('x')}]",
        '"7"',
        '"He said: \\"7\\""',
        '"a\\nb" is what I say',
        '"a\\n',
        '[{"text": "great", "label": "good"}, {"text": "late", "label": "bad"}]',
        '[{"type": "text", "value": "name"}]',
        "[{'text': 'great', 'sentiment': 'good'}]",
        '"C:\\new\\folder"',
        '"\\nu = 5"',
        '"x \\neq 3"',
        "You solve it.What is 3 + 4?7",
        '[{"type": ["text"], "text": "no"}]',
        '[{"type": {"text": 1}, "text": "no"}]',
        '[{"text": 5}]',
        '[{"text": true}, {"text": "yes"}]',
        "[{'text': {[]: 1}}]",
        "[{'text': {(): []}, 'type': ('text',)}]",
    ],
)
def test_w02_what_a_model_says_itself_stays(text: str) -> None:
    assert read(text).text == text


def test_w03_a_single_message_that_is_told_again_stays() -> None:
    assert read("Copy me.\nCopy me.", (Message("user", "Copy me."),)).text == "Copy me.\nCopy me."


def test_w04_a_list_of_parts_is_read_and_its_thoughts_are_kept() -> None:
    for parts in (
        '[{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a\\nb"}]',
        "[{'type': 'thinking', 'thinking': 'hm'}, {'type': 'text', 'text': 'a\\nb'}]",
    ):
        assert (read(parts).text, read(parts).thoughts) == ("a\nb", "hm")
    assert read("[" * 100_000).text == "[" * 100_000


def test_w06_objects_with_a_text_are_the_answer_where_json_was_asked_for() -> None:
    asked = (*ASKED, Message("user", "Report the passages as JSON."))
    assert read('[{"text": "a"}, {"text": "b"}]', asked).text == '[{"text": "a"}, {"text": "b"}]'
    assert read('[{"text": "a"}, {"text": "b"}]').text == "ab"
    assert read('[{"type": "text", "text": "a"}]', asked).text == "a"


def test_w05_a_text_of_json_is_read_unless_json_was_asked_for() -> None:
    assert read('"a\\nb"').text == "a\nb"
    assert read('"a\\nb"', (*ASKED, Message("user", "Answer with a JSON string."))).text == '"a\\nb"'


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff"])
def test_w07_half_a_character_in_a_list_of_parts_becomes_none_that_cannot_be_kept(half: str) -> None:
    reply = read(f'[{{"type": "thinking", "thinking": "a{half}"}}, {{"type": "text", "text": "b{half}"}}]')
    assert (reply.text.encode()[:1], reply.thoughts.encode()[:1]) == (b"b", b"a")
