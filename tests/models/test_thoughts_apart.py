"""What stands at the ends of a reply: a template's tokens and wrappers go, what the user asked for stays."""

from __future__ import annotations

import pytest

from maspo.models import Reply
from maspo.models.thoughts import without_thoughts


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("<|assistant|>\n7", "", "7"),
        ("7\n<|assistant|>", "", "7"),
        ("7<|im_end|>\n<|endoftext|>", "", "7"),
        ("<|begin_of_solution|>\n7\n<|end_of_solution|>", "", "7"),
        ("The token is <|im_end|>", "", None),
        ("<|im_end|>", "", None),
        ("7<|im_end|>", "Which token ends a turn, <|im_end|> or </s>?", None),
        ("<answer>7</answer>", "", None),
        ("<think>a</think><answer>7</answer>", "", "7"),
        ("<think>a</think><answer>7</answer>", "Write <answer></answer>.", "<answer>7</answer>"),
        ("<think>a</think><answer>\n<answer>7</answer>\n</answer>", "Write <answer></answer>.", "<answer>7</answer>"),
        (
            "<think>a</think><answer>7</answer> or <answer>8</answer>",
            "<answer>",
            "<answer>7</answer> or <answer>8</answer>",
        ),
        ("Thinking...\na\n...done thinking.\n\n7", "", "7"),
        ("Thinking…\na ...done thinking. b\n… done thinking\n7", "", "7"),
        ("Thinking...\nThe answer is 7.", "", None),
        ("Thinking of it, 7.", "", None),
        ("Here's my thought process:\na\nHere's my response: 7", "", "7"),
        ("Here is my thought process: I add, so it is 7.", "", None),
        ("<my_think>a</my_think>7", "", "7"),
        ("<my_think>a</my_think>7", "Reason within <my_think> first.", None),
        ("<details><summary>Reasoning</summary>a</details>\n7", "", "7"),
        ("<details><summary>Sources</summary>a</details>\n7", "", None),
    ],
)
def test_t01_what_the_template_left_goes_and_what_was_meant_stays(text: str, asked: str, said: str | None) -> None:
    assert without_thoughts(Reply(text), asked).text == (text if said is None else said)


def test_t02_a_thought_in_words_that_the_limit_has_cut_is_none_of_the_answer() -> None:
    found = without_thoughts(Reply("Thinking...\nIs it 7?", truncated=True), "")
    assert (found.text, found.thoughts) == ("", "Is it 7?")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("You are an analyst. Analyse the case.", "<analysis>Clause 3 fails.</analysis>\n\nAsk for more."),
        ("Write a memo for use within the company; reasoning comes first.", "<reasons>Cost.</reasons>\nRegards"),
        ("Convert the internals to XML.", "<internal>1</internal>\n<external/>"),
    ],
)
def test_t03_elements_named_for_what_was_asked_are_the_answer(asked: str, said: str) -> None:
    assert without_thoughts(Reply(said), asked).text == said
    apart = without_thoughts(Reply(said), "Solve it.")
    assert apart.text and apart.text != said
