"""MATH-500 and the MATH part of AGIEval: competition problems with a short answer, and MATH's training rows as pool."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.data.published import Hub, Part, PublishedRows
from maspo.data.records import Record
from maspo.data.tasks.task import TaskRow
from maspo.scoring.answers import final_answer

_TRAIN = Hub("DigitalLearningGmbH/MATH-lighteval", "train", revision="0530c78699ea5e8eb5530600900e1f328b48acad")
_TRAIN_NAMES = ("math_train", "MATH/train", "train")
_LICENCE = "MATH (Hendrycks et al. 2021), MIT licence"


def _row(record: Record) -> TaskRow:
    """Read a row with ``problem`` (or ``question``), ``solution`` and perhaps ``answer``; AGIEval nests some."""
    inner = record.get("other")
    known = {**(inner if isinstance(inner, Mapping) else {}), **record}
    problem = str(known["problem"] if "problem" in known else known["question"])
    solution = str(known.get("solution") or "")
    answer = known.get("answer") or final_answer("boxed", solution)
    return TaskRow(
        columns={"input": problem},
        id=str(known.get("unique_id") or known.get("file") or ""),
        answer=None if answer is None else str(answer),
        gold=solution,
    )


def _hardest(record: Record) -> bool:
    """Return whether a row is of level 5, written as a number or in words; rows that do not say so count."""
    inner = record.get("other")
    level = record.get("level", inner.get("level", 5) if isinstance(inner, Mapping) else 5)
    return str(level).strip().endswith("5")


MATH_500 = PublishedRows(
    name="math-500",
    row=_row,
    test=Part(
        ("math_500", "MATH-500/test", "test"),
        Hub("HuggingFaceH4/MATH-500", "test", revision="6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be"),
    ),
    pool=Part(_TRAIN_NAMES, _TRAIN),
    scorer="math",
    final_answer="boxed",
    source=f"500 test problems of {_LICENCE}; pool: its training problems",
    size=500,
)

AGIEVAL_MATH = PublishedRows(
    name="agieval-math",
    row=_row,
    test=Part(
        ("agieval_math", "AGIEval/math", "data/v1/math", "v1/math"),
        Hub(
            "lighteval/agi_eval_en",
            "train",
            revision="821d6142e58221922e95d816823f3b6ca08312a4",
            file="data/math.jsonl",
        ),
        keep=_hardest,
    ),
    pool=Part(_TRAIN_NAMES, _TRAIN, keep=_hardest),
    scorer="math",
    final_answer="boxed",
    source=f"AGIEval (Zhong et al. 2023), its problems of level 5 from {_LICENCE}; pool: training problems of level 5",
    size=256,
)
