"""AQuA-RAT: algebra word problems with five options; the validation rows are the pool."""

from __future__ import annotations

import re
from collections.abc import Sequence

from maspo.data.published import Hub, Part, PublishedRows
from maspo.data.records import Record
from maspo.data.tasks.task import TaskRow

_LETTER = re.compile(r"(?<!\s)\s*+(?:\(\s*+)?[A-J]\s*+[).:]\s*")
LETTERS = "ABCDEFGHIJ"


def with_options(question: str, options: Sequence[str]) -> dict[str, str]:
    """Return the columns of a question with options: each on a line of its own behind its letter."""
    listed = "\n".join(f"{letter}) {option}" for letter, option in zip(LETTERS, options, strict=False))
    return {"input": f"{question}\n\nOptions:\n{listed}", "question": question, "options": listed}


def _row(record: Record) -> TaskRow:
    """Read a row with ``question``, ``options`` (each with its letter) and ``correct``, in some copies ``answer``."""
    options = record["options"]
    if not isinstance(options, list):
        raise TypeError("options are no list")
    letter = str(record["correct"] if "correct" in record else record["answer"]).strip()
    plain = [_LETTER.sub("", str(option), count=1).strip() for option in options]
    return TaskRow(
        columns=with_options(str(record["question"]).strip(), plain),
        id=str(record.get("id") or ""),
        answer=letter,
        gold=f"The answer is {letter}.",
    )


def _hub(split: str) -> Hub:
    return Hub("deepmind/aqua_rat", split, "raw", revision="33301c6a050c96af81f63cad5562cb5363e88971")


AQUA = PublishedRows(
    name="aqua",
    row=_row,
    test=Part(("aqua", "aqua_test", "AQuA/test", "test"), _hub("test")),
    pool=Part(("aqua_val", "aqua_validation", "aqua_dev", "AQuA/dev", "dev", "validation"), _hub("validation")),
    scorer="choice",
    final_answer="choice",
    source="AQuA-RAT (Ling et al. 2017), test; pool: its validation rows; Apache licence 2.0",
    size=254,
)
