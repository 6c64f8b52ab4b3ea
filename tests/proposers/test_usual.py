"""What counts as a usual word stands in texts of the repository, or was written down by hand."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from maspo.proposers.brought import brought
from maspo.proposers.usual import is_usual, stem

ROOT = Path(__file__).parents[2]
TEXTS = (("docs", ("*.md",)), ("src", ("*.py", "*.txt", "*.json")), ("tests", ("*.py",)), ("benchmarks", ("*.py",)))
NAME = "usual_words.txt"
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def sections() -> list[list[str]]:
    """Return the words that were counted, and those that were written down by hand."""
    found: list[list[str]] = []
    after_words = True
    for line in resources.files("maspo.proposers").joinpath(NAME).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            found[-1].extend(line.split())
        elif after_words:
            found.append([])
        after_words = not line.startswith("#")
    return found


def test_u01_each_word_is_a_stem_in_its_place_and_stands_there_once() -> None:
    counted, by_hand = sections()
    assert counted == sorted(counted) and by_hand == sorted(by_hand)
    assert len({*counted, *by_hand}) == len(counted) + len(by_hand)


def test_u02_counted_words_stand_in_texts_of_the_repository() -> None:
    counted, _ = sections()
    said: set[str] = set()
    for folder, kinds in TEXTS:
        for path in (found for kind in kinds for found in (ROOT / folder).rglob(kind)):
            if path.name != NAME and "bundle" not in path.parts:
                said.update(WORD.findall(path.read_text(encoding="utf-8").lower()))
    stems = {stem(part) for word in said for part in (word, *word.split("-"))}
    gone = [word for word in counted if word not in stems]
    assert len(gone) <= 0.01 * len(counted), gone


@pytest.mark.parametrize(
    "line",
    [
        "If the question is ambiguous, say which reading you take.",
        "Highlight deadlines and penalties, and list alternatives.",
        "Look for outliers and mark missing values in the spreadsheet.",
        "Reject hypotheses that the data contradict.",
        "Be rigorous, coherent and succinct.",
    ],
)
def test_u03_common_words_of_school_and_office_are_usual(line: str) -> None:
    assert brought(f"Solve it.\n{line}", "Solve it.") == ()


@pytest.mark.parametrize("word", ["heron", "cabinet", "vault", "porcupine", "nairobi"])
def test_u04_things_and_names_are_not(word: str) -> None:
    assert not is_usual(word)
