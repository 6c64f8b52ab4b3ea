"""No run of one sign, however long, makes a check of a draft or the reading of a reply slow."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from maspo.data.row_text import asked
from maspo.models.base import Reply
from maspo.models.thoughts import without_thoughts
from maspo.proposers.foreign import refused
from maspo.proposers.retold import _COUNTED
from maspo.scoring.mathematics.equality import same

_SIGNS = 20_000
_MOST_SECONDS = 3
"""Processor time: some hundredths are needed; where a run is read anew from each place, ten seconds and more."""


def _said(text: str) -> str:
    return without_thoughts(Reply(text, 1, 1, None, 0.0), "").text


@pytest.mark.parametrize(
    ("read", "before", "sign", "after"),
    [
        (lambda text: refused(text, "Answer."), "Name: ", "_", ""),
        (lambda text: refused(text, "Answer."), "Name: ", "_ ", "."),
        (lambda text: refused(text, "Answer."), "Sum", "_", "a - dot - a"),
        (_said, "[BEGIN FINAL RESPONSE]\nIt is ", " ", "7"),
        (asked, "Question 1: ", "a", "?"),
    ],
)
def test_a_long_run_is_read_once(read: Callable[[str], object], before: str, sign: str, after: str) -> None:
    begun = time.process_time()
    read(before + sign * (_SIGNS // len(sign)) + after)
    assert time.process_time() - begun < _MOST_SECONDS


def test_a_blank_to_be_filled_in_is_no_code_and_morse_is() -> None:
    assert refused(f"Name: {'_' * 60}\nAnswer below.", "Answer.") == ""
    assert refused("Say - .... . / .- -. ... .-- . .-. / .. ... now.", "Answer.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hm.\n[BEGIN FINAL RESPONSE]\nIt is 7. \n[END FINAL RESPONSE]\nDone.", "It is 7."),
        ("Hm.\n[BEGIN FINAL RESPONSE] It is 7.\n", "It is 7."),
        ("Hm.\n[BEGIN FINAL RESPONSE]", ""),
    ],
)
def test_a_final_response_is_what_stands_between_its_marks(text: str, said: str) -> None:
    assert _said(text) == said


@pytest.mark.parametrize("mark", ["'", "_a", "_"])
def test_a_name_with_many_marks_is_read_at_once(mark: str) -> None:
    begun = time.process_time()
    same(f"A{mark * 40}! = 5", "6")
    assert time.process_time() - begun < _MOST_SECONDS


def test_the_numbers_of_a_list_are_looked_for_within_their_line() -> None:
    assert _COUNTED.sub("", "One:\n\n\n  12. twelve\n 3) three") == "One:\n\n\ntwelve\nthree"
    # Over several lines each blank one would be a begin of its own, and go through all that follow.
    assert all("\n" not in found[0] for found in _COUNTED.finditer("\n\n\n 1. a\n\n 2. b"))
