"""GPQA Diamond: questions of experts with four options. Its authors ask that no question is shown in public."""

from __future__ import annotations

import hashlib
import re

from maspo.data.published import Hub, Part, PublishedRows
from maspo.data.records import Record
from maspo.data.tasks.aqua import LETTERS, with_options
from maspo.data.tasks.task import TaskRow

WRONG = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_ONE_LETTER = re.compile(r"\(?([A-J])\)?[.):]?")


def _row(record: Record) -> TaskRow:
    """Read the official form, or the common one: ``question`` with its options in the text, ``answer`` a letter.

    An official row lists the right answer first; the options are put in an order drawn from their content.
    """
    if "Question" not in record:
        found = _ONE_LETTER.fullmatch(str(record["answer"]).strip())
        if found is None:
            raise ValueError("answer is no letter")
        columns = {"input": str(record["question"]).strip()}
        return TaskRow(columns, str(record.get("id") or ""), found[1], gold=f"The answer is {found[1]}.")
    question = str(record["Question"]).strip()
    right = str(record["Correct Answer"]).strip()
    options = sorted([right, *(str(record[name]).strip() for name in WRONG)], key=lambda text: _draw(question, text))
    letter = LETTERS[options.index(right)]
    return TaskRow(
        columns=with_options(question, options),
        id=str(record.get("Record ID") or ""),
        answer=letter,
        gold=f"The answer is {letter}.",
    )


def _draw(question: str, option: str) -> bytes:
    return hashlib.sha256(f"{question}\0{option}".encode("utf-8", "surrogatepass")).digest()


GPQA_DIAMOND = PublishedRows(
    name="gpqa-diamond",
    row=_row,
    test=Part(
        ("gpqa_diamond", "gpqa/gpqa_diamond", "dataset/gpqa_diamond"),
        Hub("Idavidrein/gpqa", "train", "gpqa_diamond", gated=True),
    ),
    scorer="choice",
    final_answer="choice",
    source="GPQA Diamond (Rein et al. 2023), CC-BY-4.0; keep its questions off the web; pool: a quarter by content",
    size=198,
    share=0.25,
)
