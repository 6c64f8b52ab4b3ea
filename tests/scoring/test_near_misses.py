"""No accepted answer is accepted for a gold that is wrong by a little: a letter, a sign, a digit, a place, a unit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from maspo.scoring.base import Sample
from maspo.scoring.mathematics.equality import Same, same
from maspo.scoring.registry import scorer_of
from tests.lengths import length
from tests.scoring.real_rows import rows
from tests.scoring.test_reply_rows import OWN, Row, sample_of

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?")
_UNITS = {"cm": "m", "km": "m", "kg": "g", "minutes": "hours", "dollars": "cents", "a.m.": "p.m.", "p.m.": "a.m."}
_EITHER_SIGN = re.compile(r"\\(?:pm|ne|text)|[A-Za-z]{3}|[,;:|=<>?(\[{]")
"""What is no value, or the same with the other sign."""
_WITH_WORKING = re.compile(r"####|answer")


def near(row: Row, neighbour: str = "") -> Iterator[str]:
    """Yield golds that are wrong, by little, where this row's is right; the neighbour is another row's gold."""
    gold = str(row["answer"])
    if row["scorer"] == "choice":
        wanted = gold.strip("() .").upper()
        yield from (letter for letter in "ABCDE" if letter != wanted)
        return
    if _WITH_WORKING.search(gold):
        return
    if row["scorer"] == "exact" and neighbour and _letters(neighbour) != _letters(gold):
        yield neighbour
    numbers = list(_NUMBER.finditer(gold))
    last = numbers[-1] if numbers else None
    if last is not None:
        yield f"{gold[: last.start()]}{float(last[0]) + 1:.15g}{gold[last.end() :]}"
    if _PLAIN.fullmatch(gold) and float(gold):
        yield gold[1:] if gold[0] == "-" else f"-{gold}"
        yield f"{float(gold) * 10:.15g}"
    elif row["scorer"] == "math" and last is not None and not _EITHER_SIGN.search(gold) and gold != "0":
        yield gold[1:] if gold[0] == "-" else f"-({gold})"
    for unit, other in _UNITS.items():
        if re.search(rf"(?<![A-Za-z]){re.escape(unit)}(?![A-Za-z])", gold):
            yield gold.replace(unit, other)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


@pytest.mark.parametrize("scorer", ["choice", "exact", "math"])
async def test_n01_no_reply_is_right_for_a_gold_that_is_wrong_by_a_little(scorer: str) -> None:
    right = [row for row in OWN if row["scorer"] == scorer and row["correct"] and isinstance(row["answer"], str)]
    await nothing_is_accepted(scorer, right[:: length(3, 1)])


@pytest.mark.parametrize("scorer", ["choice", "exact", "math"])
async def test_n02_nor_is_one_of_the_rows_beside_the_repository(scorer: str) -> None:
    data = [row for row in rows("reply_rows") if row["scorer"] == scorer and row["correct"]]
    await nothing_is_accepted(scorer, data[:: length(3, 1)])


async def nothing_is_accepted(scorer: str, right: Sequence[Row]) -> None:
    samples = [
        Sample(str(place), sample_of(row).output, gold, question=row.get("question") or "")
        for place, row in enumerate(right)
        for gold in near(row, str(right[place - 1]["answer"]))
    ]
    scores = await scorer_of(scorer).score(samples)
    accepted = [
        (sample.output, right[int(sample.id)]["answer"], sample.answer)
        for sample, score in zip(samples, scores, strict=True)
        if score.correct
    ]
    assert len(samples) > len(right) // 2
    assert accepted == []


def test_n03_every_kind_of_near_miss_is_made() -> None:
    row = json.loads((Path(__file__).parent / "reply_cases.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert list(near({**row, "scorer": "math", "answer": "-5"})) == ["-6", "5", "-50"]
    assert list(near({**row, "scorer": "math", "answer": "3 cm"})) == ["4 cm", "-(3 cm)", "3 m"]
    assert list(near({**row, "scorer": "choice", "answer": "C"})) == ["A", "B", "D", "E"]


@pytest.mark.parametrize(
    ("output", "gold", "right"),
    [
        ("n^2, n > 5", "n^2, n > 7", False),
        ("2n+1, n > 0", "2n+1, n > 3", False),
        ("2n+1, n > 0", "2n+1, n >= 1", True),
        ("2x+1, x > 0", "2x+1, x >= 1", False),
        ("3^n, n >= 1", "3^n, n >= 4", False),
        ("3^n, n >= 4", "3^n, n >= 4", True),
        ("3^n, n >= 1", "3^n", True),
        ("a_n = n^2 (n = 0, 1, 2, \\dots)", "a_n = n^2 (n = 1, 2, 3, \\dots)", False),
        ("a_n = n^2 (n = 1, 2, 3, \\dots)", "a_n = n^2, n >= 1", True),
    ],
)
async def test_n04_a_formula_that_holds_elsewhere_is_another(output: str, gold: str, right: bool) -> None:
    (score,) = await scorer_of("math").score([Sample("1", output, gold)])
    assert score.correct is right


@pytest.mark.parametrize(("output", "right"), [("B or D? D.", True), ("Why not option D? D", False)])
async def test_n05_a_letter_after_another_question_than_the_tasks_is_no_answer(output: str, right: bool) -> None:
    (score,) = await scorer_of("choice").score([Sample("1", output, "D")])
    assert score.correct is right


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("twelve apples", "12", Same.YES),
        ("two pi", "2", Same.NO),
        ("three gross", "3", Same.NO),
        ("three roots", "3", Same.NO),
        ("math.log(8, 2)", "3", Same.YES),
        ("math.log(8)", "\\ln 8", Same.YES),
        ("2**factorial(3)", "64", Same.YES),
    ],
)
def test_n06_words_and_calls_of_programs_are_the_number_that_they_say(one: str, other: str, found: Same) -> None:
    assert same(one, other) is found
