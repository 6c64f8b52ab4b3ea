"""Usage adds up in one place: figures are summed, and money is known only when all of it is."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.usage import Tally, Usage, total

MONEY = ("usd", "usd_afterwards")
COUNTS = [one.name for one in fields(Usage) if one.name not in MONEY]


@given(st.lists(st.from_type(Usage), max_size=4))
def test_u01_every_figure_is_summed(usages: list[Usage]) -> None:
    found = total(usages)
    for name in COUNTS:
        assert getattr(found, name) == sum(getattr(one, name) for one in usages)


@given(st.from_type(Usage), st.lists(st.from_type(Usage), max_size=4))
def test_u01_what_grows_in_place_is_the_same_sum(start: Usage, usages: list[Usage]) -> None:
    tally, summed = Tally(start), start
    for one in usages:
        tally.add(usd=one.usd, **{name: getattr(one, name) for name in COUNTS if getattr(one, name)})
        summed += replace(one, usd_afterwards=0.0)
    assert repr(tally.usage) == repr(summed)  # NaN is NaN


@pytest.mark.parametrize(
    ("usages", "usd"),
    [
        ([], 0),
        ([Usage(calls=1, usd=0.25), Usage(calls=2, usd=0.5)], 0.75),
        ([Usage(calls=1, usd=0.25), Usage(calls=2)], None),
        ([Usage(calls=1, usd=0.25), Usage(cached=9)], 0.25),
        ([Usage(cached=9, usd=0.0)], 0),
    ],
)
def test_u02_money_is_unknown_when_that_of_any_call_is(usages: list[Usage], usd: float | None) -> None:
    assert total(usages).usd == usd


def test_u03_once_a_part_is_unknown_the_sum_is() -> None:
    assert (Usage(usd=0.0) + Usage(calls=1)).usd is None
    assert (Usage(calls=1, usd=0.5) + Usage(cached=1, usd=0.0)).usd == 0.5


def test_u05_what_was_priced_afterwards_is_summed_beside_all_money() -> None:
    found = total([Usage(calls=1, usd=0.75, usd_afterwards=0.5), Usage(calls=1, usd=0.25, usd_afterwards=0.25)])
    assert (found.usd, found.usd_afterwards) == (1.0, 0.75)


def test_u04_a_usage_dumps_itself_as_files_show_it() -> None:
    names = ["calls", "cached", "failed", "tokens_in", "tokens_out", "unmetered", "usd", "cut"]
    names += ["tokens_cached", "tokens_thought", "refused", "broken", "silent", "lost"]
    names += ["thoughts_untold", "usd_afterwards"]
    assert list(Usage().dump()) == names
    assert Usage(**Usage(3, 1, usd=0.5).dump()) == Usage(3, 1, usd=0.5)
