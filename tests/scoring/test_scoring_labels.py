"""The scorers exact and choice: what is read, what is right, and what could not be read."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.scoring.base import Sample, Score
from maspo.scoring.choices import read_choice
from maspo.scoring.options import letters_of, options_of
from maspo.scoring.readable import without_thinking
from maspo.scoring.registry import scorer_of
from tests.lengths import length
from tests.scoring.real_rows import rows

OPTIONS = "How far is it?\nOptions:\nA) 12 km\nB) 1,500 m\nC) 0.5\nD) None of these\nE) 20 %"
CASES = [
    json.loads(line) for line in (Path(__file__).parent / "choice_cases.jsonl").read_text(encoding="utf-8").splitlines()
]
"""A question (with its options, or empty), an output, and the letter that it chooses; None where nobody could say."""


async def scored(name: str, samples: Sequence[Sample]) -> list[Score]:
    scores = list(await scorer_of(name).score(samples))
    assert [score.id for score in scores] == [sample.id for sample in samples]
    return scores


@pytest.mark.parametrize(
    ("output", "label", "outcome"),
    [
        ("42", "42", "correct"),
        (" 42. ", "42", "correct"),
        ("1,000", "1000", "correct"),
        ("Paris", "paris", "correct"),
        ("I think <answer>Paris</answer>", "Paris", "correct"),
        (r"so \boxed{Paris}", r"\boxed{paris}", "correct"),
        ("<think>London</think>Paris", "Paris", "correct"),
        ("It is Paris", "Paris", "correct"),
        ("London", "Paris", "wrong"),
        ("", "Paris", "unread"),
        (" \n", "Paris", "unread"),
        ("<answer></answer>", "Paris", "unread"),
        ("<think>Paris", "Paris", "unread"),
        ("Paris", None, "failed"),
    ],
)
async def test_e01_exact_compares_the_marked_answer_or_all_of_it(output: str, label: str | None, outcome: str) -> None:
    (score,) = await scored("exact", [Sample("1", output, label)])
    assert score.outcome == outcome
    assert score.correct is (outcome == "correct")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["output"][:40])
async def test_e02_the_chosen_letter_is_read(case: dict[str, str | None]) -> None:
    output, letter, question = str(case["output"]), case["letter"], str(case["question"])
    (score,) = await scored("choice", [Sample("1", output, letter or "A", question=question)])
    assert score.read == letter
    assert score.outcome == ("correct" if letter else "unread")


@pytest.mark.parametrize(
    ("output", "label", "right"),
    [
        ("**Paris**.", "paris", True),
        ('"Paris"', "Paris", True),
        (r"\boxed{\text{Paris}}", "Paris", True),
        (r"\(42\)", "42.0", True),
        ('{"answer": 42}', "42", True),
        ('{"answer": 42}', '{"answer": 42}', True),
        ("cafe\u0301", "caf\u00e9", True),
        ("**Paris** or **Rome**", "Paris", False),
        ('"Paris" or "Rome"', 'Paris" or "Rome', False),
        ("10\u00b2", "102", False),
        ("Paris?", "Paris", False),
    ],
)
async def test_e14_marks_around_a_whole_answer_do_not_count(output: str, label: str, right: bool) -> None:
    (score,) = await scored("exact", [Sample("1", output, label)])
    assert score.outcome == ("correct" if right else "wrong")


@pytest.mark.parametrize(
    "begin", ["answer", "answer is", "only", "so", "Answer: B", "not", "i think", "</p><a", "A)", "x = "]
)
async def test_e15_a_claim_that_never_comes_costs_no_time(begin: str) -> None:
    begun = time.process_time()
    outputs = (
        begin + " " * 40_000 + "B",
        begin + "\n" * 40_000,
        "\n" * 40_000 + "A) 1\nB) 2",
        (begin + " " * 20) * 2000,
    )
    await scored("choice", [Sample("1", output, "B", question=OPTIONS) for output in outputs])
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("label", ["B", "(B)", "b", "B) 1,500 m", r"\boxed{B}", "<answer>B</answer>", "1,500 m"])
async def test_e04_a_label_may_be_written_in_any_way(label: str) -> None:
    scores = await scored("choice", [Sample(letter, letter, label, question=OPTIONS) for letter in "BC"])
    assert [score.outcome for score in scores] == ["correct", "wrong"]


async def test_e05_a_label_that_names_no_letter_is_the_fault_of_the_row() -> None:
    (score,) = await scored("choice", [Sample("1", "B", "forty-two")])
    assert score.outcome == "failed"
    assert "forty-two" in score.why


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("What?\nA) 1\nB) 2\nC) 3", {"A": "1", "B": "2", "C": "3"}),
        ("What?\nA ) 1 ( x )\nB ) 2", {"A": "1 ( x )", "B": "2"}),
        ("What? (A) one (B) two (C) three", {"A": "one", "B": "two", "C": "three"}),
        ("Given P ( A ) and P ( B ) .\nA ) 1\nB ) 2", {"A": "1", "B": "2"}),
        ("A ) A ) 59\nB ) B ) 69", {"A": "59", "B": "69"}),
        ("What?\n  (a) no letter\n", {}),
        ("Plan A. Then go.", {}),
        ("", {}),
    ],
)
def test_e06_options_are_found_in_the_question(question: str, options: dict[str, str]) -> None:
    assert options_of(question) == options
    assert letters_of(question) == "".join(options)


def question_of(row: dict[str, object]) -> str:
    assert isinstance(row["options"], list)
    return f"{row['question']}\nOptions:\n" + "\n".join(map(str, row["options"]))


def gold_of(row: dict[str, object]) -> str:
    return str(row.get("answer") or row["correct"])


@pytest.mark.parametrize("name", ["aqua", "aqua_val"])
@pytest.mark.parametrize("form", ["{}", "({})", "The answer is {}.", r"$\boxed{\text{({})}}$", "<answer>{}</answer>"])
async def test_e07_real_golds_are_equal_to_themselves(name: str, form: str) -> None:
    data = rows(name)
    scores = await scored(
        "choice",
        [
            Sample(str(place), form.replace("{}", gold_of(row)), gold_of(row), question=question_of(row))
            for place, row in enumerate(data)
        ],
    )
    assert [score for score in scores if not score.correct] == []


@pytest.mark.parametrize("name", ["aqua", "aqua_val"])
async def test_e08_the_text_of_an_option_is_read_and_others_are_wrong(name: str) -> None:
    data = rows(name)
    options = [str(row["options"][ord(gold_of(row)) - ord("A")]) for row in data]
    right = await scored(
        "choice",
        [
            Sample(str(place), option, gold_of(row), question=question_of(row))
            for place, (row, option) in enumerate(zip(data, options, strict=True))
        ],
    )
    assert sum(score.correct for score in right) >= 0.99 * len(data)
    wrong = await scored(
        "choice",
        [
            Sample(str(place), f"The answer is {gold_of(data[place - 1])}", gold_of(row), question=question_of(row))
            for place, row in enumerate(data)
            if gold_of(row) != gold_of(data[place - 1])
        ],
    )
    assert {score.outcome for score in wrong} == {"wrong"}


@pytest.mark.parametrize("name", ["aqua", "aqua_val"])
async def test_e09_written_solutions_never_read_as_another_letter(name: str) -> None:
    data = rows(name)
    scores = await scored(
        "choice", [Sample(str(place), row["rationale"], gold_of(row)) for place, row in enumerate(data)]
    )
    assert sum(score.correct for score in scores) >= 0.85 * len(data)
    assert sum(score.outcome == "wrong" for score in scores) <= 0.01 * len(data)


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        ("<think>a</think>b", "b"),
        ("a<think>b</think>c<thinking>d</thinking>e", "ace"),
        ("a</think>b", "b"),
        ("a<think>b", "a"),
        ("<THINK>a</THINK>b", "b"),
        ("a < think > b", "a < think > b"),
        ("<think><think>a</think>b", "b"),
    ],
)
def test_e10_thinking_is_no_output(output: str, kept: str) -> None:
    assert without_thinking(output) == kept


WORDS = [
    "A",
    "B",
    "(C)",
    "answer",
    "is",
    "not",
    "or",
    "and",
    "Option",
    "the",
    ":",
    ".",
    "\n",
    "**",
    "correct",
    "so",
    ",",
]


@given(
    st.one_of(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join), st.text(st.characters(), max_size=60)),
    st.sampled_from(["", OPTIONS]),
)
@settings(max_examples=length(500, 20_000), deadline=None)
def test_e11_no_text_breaks_the_reading_of_choices(output: str, question: str) -> None:
    letter = read_choice(output, None, question)
    assert letter is None or letter in "ABCDEFGHIJ"
    assert read_choice(output, output, question) in (None, *"ABCDEFGHIJ")
    options_of(output)


PARTS = [
    "<answer>",
    r"\boxed{",
    "answer is ",
    "A or ",
    " ",
    "Option ",
    "{",
    '\n{"answer":',
    "</think>",
    "$",
    r"\(",
    "1,111",
    "\ud800",
    "\n",
    "<b></b>",
    "→ ",
    r"\frac{",
    "x = 0.5 ",
    "is A. So ",
    "option ",
]


@pytest.mark.parametrize("name", ["exact", "choice", "math"])
async def test_e12_ten_megabytes_are_read_in_seconds(name: str) -> None:
    scorer = scorer_of(name)
    for part in PARTS:
        output = part * (10_000_000 // len(part))
        begun = time.process_time()
        scores = await scorer.score([Sample("1", output, "B"), Sample("2", output + r"\boxed{B}", "B")])
        assert time.process_time() - begun < 4, part
        assert [score.id for score in scores] == ["1", "2"]
