"""Prompts are told from the instructions that were seen: which are one, and what of them is fixed."""

from __future__ import annotations

import pytest

from maspo.apps.templates import Instruction, find_templates

SOLVER = "You are a careful solver. Work step by step, and state the result in the last line."
CRITIC = "You are a strict critic. Check each step of the solution, and say what is wrong with it."


def prompts(*seen: tuple[str, str]) -> list[str]:
    return [one.prompt for one in find_templates(Instruction(text, row) for text, row in seen)]


def test_a_text_that_is_the_same_for_two_inputs_is_a_prompt_as_it_is() -> None:
    seen = [(SOLVER, "1"), (CRITIC, "1"), (SOLVER, "2"), (CRITIC, "2")]
    assert prompts(*seen) == [SOLVER, CRITIC]


def test_prompts_of_two_agents_stay_apart_however_alike_they_are() -> None:
    one, other = SOLVER.replace("solver", "physicist"), SOLVER.replace("solver", "chemist")
    assert prompts((one, "1"), (other, "1"), (one, "2"), (other, "2")) == [one, other]


@pytest.mark.parametrize(
    "template",
    [
        "You are a helpful teacher. Answer this question in a single line: {value}",
        "{value}\n\nAbove stands a question. Answer it in one line, please.",
        "Question: the user asks: {value}\nThe plan of the others is: {value2}\nNow answer as briefly as you can.",
        "Rules: {x} and {% raw %} stay, as do \\frac{a}{b} and {{y}}.\nThe question to answer: {value}",
    ],
)
@pytest.mark.parametrize("known", [0, 1, 2])
def test_what_differs_between_inputs_are_values(template: str, known: int) -> None:
    values = [
        ("What is the weight of 3 boxes", "weigh one"),
        ("How many trains leave Lyon on Sunday", "look up times; count"),
        ("Is {x} larger than 7", "compare"),
    ]
    seen = [
        Instruction(template.replace("{value}", first).replace("{value2}", second), str(number), varying=varying)
        for number, (first, second) in enumerate(values)
        for varying in [(first, second)[:known]]
    ]
    assert [one.prompt for one in find_templates(seen)] == [template]


def test_texts_that_have_little_in_common_are_prompts_of_their_own() -> None:
    assert prompts((SOLVER, "1"), (CRITIC, "2")) == [SOLVER, CRITIC]


@pytest.mark.parametrize("names", [("Ann", "Bo", "Ann", "Di"), ("en", "de", "de", "en"), ("Ann", "Ann", "Bo", "Bo")])
def test_a_short_value_that_inputs_share_is_no_part_of_the_prompt(names: tuple[str, ...]) -> None:
    template = "You answer the letters of {value}, in one line. Never name a price."
    seen = [
        Instruction(
            template.replace("{value}", name), str(number), given=(f"What does it cost, question {number}?", name)
        )
        for number, name in enumerate(names)
    ]
    assert [one.prompt for one in find_templates(seen)] == [template]


def test_a_short_value_that_is_the_same_for_all_stays_a_word() -> None:
    seen = [Instruction(SOLVER, str(number), given=(f"question {number}", "step")) for number in range(3)]
    assert [one.prompt for one in find_templates(seen)] == [SOLVER]
    other = [
        *seen,
        Instruction(CRITIC, "0", given=("question 0", "step")),
        Instruction(CRITIC, "1", given=("q", "is")),
    ]
    assert [one.prompt for one in find_templates(other)] == [SOLVER, CRITIC]
