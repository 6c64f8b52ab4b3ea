"""Replies as models write them, kind by kind: rows that lie beside the repository, and rows of our own."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from maspo.scoring import calls_written, choices, closing, corrections, marked, named, reply, ticks
from maspo.scoring.accepted import AnyLabel
from maspo.scoring.base import Sample, Score
from maspo.scoring.mathematics import reading
from maspo.scoring.mathematics.equality import Same, same
from maspo.scoring.registry import scorer_of
from tests.scoring.real_rows import rows

Row = Mapping[str, Any]
OWN: Sequence[Row] = [
    json.loads(line) for line in (Path(__file__).parent / "reply_cases.jsonl").read_text(encoding="utf-8").splitlines()
]
"""Hand-made rows: scorer, kind, output, answer, whether it is correct; for code its tests."""
SCORERS = ("exact", "choice", "math", "code")
SURE = (
    "a refusal with an offer",
    "what cannot be done in a problem is no refusal",
    "no answer is said, and a number beside it",
    "none of the above, and that none is right",
    "a mark within what is thought aloud",
    "thinking aloud under a heading",
    "open ends of intervals as square brackets turned around",
)


def sample_of(row: Row) -> Sample:
    return Sample(
        id="1",
        output=row["output"],
        answer=row["answer"],
        tests=tuple(row.get("tests") or ()),
        setup=row.get("setup") or "",
        entry_point=row.get("entry_point") or "",
        question=row.get("question") or "",
    )


async def misread(scorer: str, data: Sequence[Row]) -> list[tuple[Row, Score]]:
    """Return the rows of a scorer that it misjudges."""
    own = [row for row in data if row["scorer"] == scorer]
    scores = await scorer_of(scorer).score([sample_of(row) for row in own])
    assert len(scores) == len(own) > 0
    return [(row, score) for row, score in zip(own, scores, strict=True) if score.correct != row["correct"]]


@pytest.mark.parametrize("scorer", SCORERS)
async def test_r01_replies_are_judged_as_people_judge_them(scorer: str) -> None:
    data = rows("reply_rows")
    missed = await misread(scorer, data)
    accepted = [row for row, score in missed if score.correct]
    assert accepted == []
    kinds = Counter(row["kind"] for row, _ in missed)
    assert len(missed) <= 0.02 * sum(row["scorer"] == scorer for row in data), kinds


@pytest.mark.parametrize("scorer", SCORERS)
async def test_r02_rows_of_our_own_are_judged_right(scorer: str) -> None:
    missed = await misread(scorer, OWN)
    assert [row for row, score in missed if score.correct] == []
    assert len(missed) <= 0.02 * sum(row["scorer"] == scorer for row in OWN), [row["output"] for row, _ in missed]


@pytest.mark.parametrize("kind", SURE)
async def test_r09_of_kinds_with_a_sure_sign_every_row_is_read(kind: str) -> None:
    own = [row for row in OWN if row["kind"] == kind]
    for scorer in {row["scorer"] for row in own}:
        assert [row for row, _ in await misread(scorer, own)] == []


def test_r03_our_own_rows_hold_right_and_wrong_answers_of_every_scorer() -> None:
    counts = Counter((row["scorer"], row["correct"]) for row in OWN)
    assert all(counts[scorer, right] >= 3 for scorer in SCORERS for right in (True, False)), counts


@pytest.mark.parametrize(
    ("scorer", "output", "answer", "others", "outcome"),
    [
        ("exact", "Rome", "Roma", ("Rome",), "correct"),
        ("exact", "Paris", "Roma", ("Rome",), "wrong"),
        ("math", r"\boxed{3}", "2", ("3",), "correct"),
        ("math", r"\boxed{4}", "2", ("3",), "wrong"),
        ("math", "I cannot tell.", "2", ("3",), "unread"),
        ("choice", "The answer is B.", "A", ("B",), "correct"),
        ("choice", "The answer is C.", "A", ("B",), "wrong"),
    ],
)
async def test_r04_any_of_several_accepted_answers_is_right(
    scorer: str, output: str, answer: str, others: tuple[str, ...], outcome: str
) -> None:
    (score,) = await AnyLabel(scorer_of(scorer)).score([Sample("1", output, answer, others)])
    assert score.outcome == outcome


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        ("The answer is 5.<|im_end|>\n<|im_start|>user\nNext?", "The answer is 5."),
        ("<|im_start|>assistant\nB<|im_end|>", "\nB"),
        ("<|channel|>analysis<|message|>so A<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>", "B"),
        ("&lt;answer&gt;B&lt;/answer&gt;", "<answer>B</answer>"),
        ("a\r\nb", "a\nb"),
        ("\ufeffa\u200bb\u00a0c", "ab c"),
        ("~~A~~ B", " B"),
        ("x = '<s>' if y else [1]", "x = '<s>' if y else [1]"),
        ("plain", "plain"),
    ],
)
def test_r05_only_what_speaks_to_the_reader_is_the_reply(output: str, kept: str) -> None:
    assert reply.reply_of(output) == kept


READERS: Mapping[str, Callable[[str], object]] = {
    "reply": reply.reply_of,
    "parts": reply.parts_of,
    "marked": marked.marked_answer,
    "named": named.named_answer,
    "choice": choices.chosen,
    "closing": closing.without_closing,
    "corrected": corrections.corrected,
    "begun_again": corrections.begins_to_correct,
    "ticked": ticks.ticked,
    "math": reading.read_math,
    "label": reading.label_of,
    "calls": calls_written.calls_of,
}
PARTS = [
    "<answer>",
    "</answer>",
    "\\boxed{",
    "{",
    '{"a":',
    "[",
    "answer",
    "answer_is_",
    "A_",
    "1,111",
    ">_",
    "-_",
    "*_",
    "**",
    "(",
    "._",
    "答案",
    "réponse_",
    "A)_",
    "1_in_",
    "at_least_",
    "`",
    "```",
    "$",
    "\\(",
    "$_",
    "is_",
    "x_=_",
    "not_",
    "Q:_",
    "<|a",
    "<s>",
    "&lt;",
    "[x]_",
    "✓",
    "A✓",
    "...",
    "1.",
    "or_",
    "and_",
    "I_",
    "C_",
    "Answer:_",
    "the_",
    "(_",
    "if_",
    "one_half_",
    "is_not_",
    "½",
    "١",
    "many_students_",
    "'",
    '"',
    '",',
    '"answer":"',
    "{answer:",
    "\\",
    "\\frac{",
    "^",
    "_",
    "=",
    "<",
    ">",
    "|",
    "|A_",
    "3_hours_",
    "No,_",
    "wait_",
    "\\text{",
    "}",
    "\\hat",
    "\\sqrt",
    "1/2_",
    "x'_",
    "f'(",
    "\\in\\mathbb{N}",
    "for_all_",
    "oo_",
    "(62%)_",
    "1_(",
    "0.1",
    "\\dots",
    "3:30_",
    "twenty-",
    "C(1,2)",
    "\\begin{aligned}",
    "\\\\",
    "&",
    "x<1_or_",
    "mod_",
    "+_C",
    "元",
    "12_см_",
    "Label:_",
    "not_",
    "..._no,_",
    "<plan>",
    "</x><plan>",
    "[think]",
    "\nLabel:_x",
    "**Label:**_\n",
    "The_answer_is_",
    "not_B_but_",
    "(b)_is_",
    "not_(b_",
    "a_(b_c_d_",
    "._A_b",
    "[1",
    "«",
    "_to=f",
    "Action:_f\n",
    "<tool_call>f",
]


@pytest.mark.parametrize("name", READERS)
def test_r06_no_repeated_part_makes_a_reader_slow(name: str) -> None:
    for part in [
        *(part.replace("_", " ") for part in PARTS),
        " ",
        "\n",
        "\t",
        "\n\n",
        "\nA) ",
        "\n- ",
        "\n1. ",
        "\n> ",
    ]:
        output = part * (60_000 // len(part))
        begun = time.process_time()
        READERS[name](output)
        # A linear reader needs some hundredths of a second; a quadratic one ten seconds and more.
        assert time.process_time() - begun < 2, (name, part)


def test_r07_no_repeated_part_makes_a_comparison_slow() -> None:
    for part in [*(part.replace("_", " ") for part in PARTS), " "]:
        answer = (part * (2000 // len(part) + 1))[:2000]
        begun = time.process_time()
        same(answer, "5")
        same(answer, r"\text{5 apples}")
        assert time.process_time() - begun < 1, part


def test_r07_a_long_word_behind_a_number_is_tried_as_a_unit_once() -> None:
    assert same("1" + "é" * 60 + "!", "5") is not Same.YES  # tried in all its parts, it would take years


CAPITAL = "What is the capital of Portugal?\nA) Porto\nB) Lisbon\nC) Faro"


@pytest.mark.parametrize(
    ("scorer", "output", "answer", "question", "outcome"),
    [
        ("choice", "A) Porto is wrong. Lisbon it is.", "B", CAPITAL, "correct"),
        ("choice", "A) Porto is clearly not right. B) Lisbon it is.", "B", CAPITAL, "correct"),
        ("choice", "(A) is incorrect. The capital is Lisbon.", "B", CAPITAL, "correct"),
        ("choice", "C) Faro is wrong. I do not know the capital.", "C", CAPITAL, "unread"),
        ("choice", "A) It is wrong. No reason holds.", "A", "Is it so?\nA) It is wrong\nB) It is right", "correct"),
        ("math", "I could not determine y but x = 5", "5", "", "correct"),
        ("math", "I was unable to prove it, however, the answer should be 12.", "12", "", "correct"),
        ("math", "I could not determine x after 5 attempts.", "5", "", "unread"),
        ("math", "x = 5, but I could not determine y.", "y = 5", "", "unread"),
        ("exact", "Oh, no, Bob", "Bob", "Who called?", "correct"),
    ],
)
async def test_r08_what_is_called_wrong_or_given_up_is_left_and_what_is_said_instead_is_read(
    scorer: str, output: str, answer: str, question: str, outcome: str
) -> None:
    (score,) = await scorer_of(scorer).score([Sample("1", output, answer, question=question)])
    assert score.outcome == outcome
