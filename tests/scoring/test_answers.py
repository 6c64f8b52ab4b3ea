"""Final answers: what counts as the answer of an output, and when two outputs say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.scoring.answers import final_answer, is_correct, normalized, same_answer
from maspo.team.system import FINAL_ANSWERS

SPECS = [*FINAL_ANSWERS, "tag:answer", r"regex:answer is (\w+)", "json:answer", "json:a.0.b"]


@pytest.mark.parametrize(
    ("spec", "output", "answer"),
    [
        ("tag:answer", "x <answer> B </answer>", "B"),
        ("tag:answer", "<answer>A</answer> no, <answer>B</answer>", "B"),
        ("tag:answer", "<Answer>B</ANSWER>", "B"),
        ("tag:answer", "İİ <answer>BC</answer>", "BC"),
        ("tag:answer", "<answer>B", None),
        ("tag:answer", "B</answer>", None),
        ("tag:answer", "</answer> <answer>", None),
        ("tag:answer", "<answer></answer>", ""),
        ("tag:a.b", "<axb>1</axb>", None),
        ("tag:answer", '<answer confidence="0.9">B</answer>', "B"),
        ("tag:answer", "Write <answer here> or <answer>: B</answer>", ": B"),
        ("tag:answer", "<analysis>Maybe <answer>B</answer>?</analysis>\nI do not know.", None),
        ("tag:answer", "<analysis>So it is <answer>B</answer></analysis>", "B"),
        ("tag:analysis", "<analysis>It is even.</analysis>\nB", "It is even."),
        ("boxed", "**Thinking:** \\boxed{1}? No.\n\n**Answer:** \\boxed{2}, as \\boxed{2} fits", "2"),
        ("auto", "Thinking: <answer>A</answer>? No.\nAnswer: B", None),
        ("auto", "Thinking: <answer>A</answer>? No.\nAnswer: \\boxed{B}", "B"),
        ("auto", "Reasoning: blah\n<answer>4</answer>\nFinal answer: 4", "4"),
        ("tag:answer", "Reasoning: x\nAnswer:\n<answer>3</answer>\nAnswer: 3", "3"),
        ("boxed", "### Analysis\nx\n\\boxed{7}\n\n### Answer\n7", "7"),
        ("boxed", "### Analysis\nIs it \\boxed{7}$?\n\n### Answer\n8", None),
        ("choice", "Reasoning: it is so. The answer is B.\nAnswer: the second option", "B"),
        ("choice", "The answer is D. None of the options is correct.", "D"),
        (
            "tag:email",
            "<draft>\n<email>Dear Bob, hello there</email>\n</draft>\nLet me know if it is fine.",
            "Dear Bob, hello there",
        ),
        ("tag:id", "<work_order>the order <id>7</id></work_order>\nThanks", "7"),
        ("auto", "<work>3+4=7 so \\boxed{7}</work>\nDone.", "7"),
        ("auto", "<answer>1</answer> then <final>2</final>", "2"),
        ("auto", r"<answer>1</answer> then \boxed{3}", "1"),
        ("auto", r"so \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        ("auto", "the answer is 4", None),
        ("boxed", r"\boxed{1} and \boxed{2}", "2"),
        ("boxed", r"\boxed{{a}{b}} end", "{a}{b}"),
        ("boxed", r"\boxed{open", None),
        ("choice", "The answer is (C).", "C"),
        ("choice", "Answer: **D**", "D"),
        ("choice", "Option A is wrong. The correct choice is B", "B"),
        ("choice", "<answer>E) 42</answer>", "E"),
        ("choice", r"\boxed{\text{B}}", "B"),
        ("choice", "reasons\n(B)", "B"),
        ("choice", "Anything goes", None),
        ("choice", "The answer is Another", None),
        ("choice", "<answer>none</answer> answer: B", None),
        (r"regex:answer is (\w+)", "answer is x, answer is y", "y"),
        ("regex:[0-9]+", "1 then 22", "22"),
        ("regex:z", "abc", None),
        ("json:answer", 'text\n{"answer": "B"}\n', "B"),
        ("json:answer", 'inline {"answer": 5} end', "5"),
        ("json:answer", '{\n "steps": [\n  {\n   "n": 1\n  }\n ],\n "answer": "B"\n}', "B"),
        ("json:answer", '{"answer": "A"}\n{"answer": "B"}', "B"),
        ("json:answer", 'int main()\n{\n return 0;\n}\n{"answer": "B"}', "B"),
        ("json:a.0.b", '{"a": [{"b": true}]}', "true"),
        ("json:a.1.b", '{"a": [{"b": 1}]}', None),
        ("json:answer", '[{"answer": "B"}]', "B"),
        ("json:answer", '{"answer": "B", "score": NaN}\n[1] a source', "B"),
        ("json:answer", '{"answer": ', None),
        ("json:answer", "no json", None),
        ("whole", "  all of it ", "  all of it "),
        ("none", "<answer>B</answer>", None),
    ],
)
def test_f01_the_last_answer_counts(spec: str, output: str, answer: str | None) -> None:
    assert final_answer(spec, output) == answer


@pytest.mark.parametrize(
    ("one", "other"),
    [("B", " b. "), ("1,000", "1000.00"), ("+5", "5"), ("$12$", "12"), ("x  y", "X Y"), ("0.50", "0.5")],
)
def test_f02_equal_answers_are_equal_however_they_are_written(one: str, other: str) -> None:
    assert normalized(one) == normalized(other)


@pytest.mark.parametrize(("one", "other"), [("1", "10"), ("-1", "1"), ("1e3", "1000"), ("a", "b"), ("12,34", "1234")])
def test_f03_different_answers_stay_different(one: str, other: str) -> None:
    assert normalized(one) != normalized(other)


def test_f04_outputs_without_an_answer_are_equal_only_when_identical() -> None:
    assert same_answer("tag:answer", "same", "same")
    assert not same_answer("tag:answer", "one", "two")
    assert same_answer("tag:answer", "first <answer>B</answer>", "second <answer>b</answer>")
    assert same_answer("tag:answer", "<answer>**B**</answer>", "so <answer>B</answer>")
    assert not same_answer("none", "<answer>B</answer>", "x <answer>B</answer>")


@pytest.mark.parametrize(
    ("spec", "output", "label", "right"),
    [
        ("tag:answer", "<answer>B</answer>", "B", True),
        ("tag:answer", "<answer>B</answer>", "x <answer>B</answer>", True),
        ("boxed", r"\boxed{1,000}", "1000", True),
        ("tag:answer", "<answer>B</answer>", "C", False),
        ("tag:answer", "B", "B", False),
        ("none", "B", "B", False),
        ("whole", " B.", "b", True),
        ("whole", "**Paris**", "paris", True),
        ("tag:answer", "<answer>**Paris**</answer>", "Rome", False),
    ],
)
def test_f05_a_label_may_be_the_bare_answer_or_written_as_an_output(
    spec: str, output: str, label: str, right: bool
) -> None:
    assert is_correct(spec, output, label) is right


@given(st.sampled_from(SPECS), st.text())
def test_f06_no_text_breaks_a_reader(spec: str, output: str) -> None:
    answer = final_answer(spec, output)
    assert answer is None or isinstance(answer, str)
    assert same_answer(spec, output, output)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize(
    "part",
    [
        "<answer>",
        "</answer>",
        r"\boxed{",
        "{",
        '{"a":',
        "{\n",
        "[",
        "answer ",
        "answer is ",
        " " * 50,
        "A ",
        "1,111",
        '\n{"a',
        "✅\n",
    ],
)
def test_f07_large_hostile_outputs_are_read_at_once(spec: str, part: str) -> None:
    output = part * (200_000 // len(part))
    same_answer(spec, output, output + "x")
