"""Long texts that repeat one sign: a pattern that looks from each sign to the end of all of them would take minutes."""

from __future__ import annotations

import pytest

from maspo.data.groups import groups_of
from maspo.data.inputs import make_inputs
from maspo.models import Reply
from maspo.models.thoughts import without_thoughts
from maspo.proposers.contacts import contacts

MANY = 100_000


@pytest.mark.parametrize("sign", ["(", "-"])
def test_l01_rows_of_one_sign_are_grouped(sign: str) -> None:
    rows = make_inputs([{"input": sign * MANY}, {"input": "How many?"}])
    assert len(set(groups_of(rows, ["input"]).of.values())) == 2


def test_l02_blanks_behind_a_channel_are_no_answer() -> None:
    assert without_thoughts(Reply("<|channel|>" + " " * MANY + "x"), "").text == ""


def test_l03_a_word_without_an_end_names_nobody() -> None:
    assert list(contacts("ask me on telegram " + "a" * MANY)) == []
