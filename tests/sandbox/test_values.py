"""Plain values cross unchanged, as exact types; nothing else does."""

from __future__ import annotations

import datetime
import enum
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.sandbox.inside.values import decode, dumps, encode, loads, refresh


class Nothing:
    """No object stays behind."""

    def keep(self, value: object) -> list[Any]:
        return ["kept", type(value).__name__]

    def find(self, data: Any) -> object:
        raise ValueError("no such object")


HASHABLE = st.one_of(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    st.integers(min_value=10**30, max_value=10**40) | st.complex_numbers(allow_nan=False) | st.fractions(),
    st.decimals(allow_nan=False) | st.dates() | st.datetimes() | st.times() | st.timedeltas(),
    st.sampled_from([int, str, list, Ellipsis, range(3), range(10, 0, -3)]),
)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(deque)
        | st.dictionaries(HASHABLE, inner)
        | st.dictionaries(HASHABLE, inner).map(OrderedDict)
        | st.sets(HASHABLE)
        | st.frozensets(HASHABLE)
        | st.lists(st.integers()).map(Counter)
        | st.binary().map(bytearray)
    ),
    max_leaves=20,
)


def crossed(value: object) -> Any:
    return decode(loads(dumps(encode(value, Nothing()))), Nothing())


@given(VALUES)
def test_v01_a_value_arrives_as_it_was(value: object) -> None:
    arrived = crossed(value)
    assert arrived == value
    assert type(arrived) is type(value)


def test_v02_special_numbers_and_texts_arrive() -> None:
    assert repr(crossed([float("nan"), float("inf"), -0.0])) == "[nan, inf, -0.0]"
    assert crossed(10**6000) == 10**6000
    assert crossed("\ud800 \x00 \u202e") == "\ud800 \x00 \u202e"


class Colour(enum.IntEnum):
    RED = 1


class AlwaysEqual(list[int]):
    def __eq__(self, other: object) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter([9])

    __hash__ = None


def test_v03_subclasses_are_left_behind() -> None:
    pair = namedtuple("pair", "a b")
    missing: defaultdict[str, int] = defaultdict(int, {"a": 1})
    for value, expected in ((Colour.RED, 1), (AlwaysEqual([1]), [1]), (pair(1, 2), (1, 2)), (missing, {"a": 1})):
        arrived = crossed(value)
        assert type(arrived) is type(expected)
        assert arrived == expected
    assert crossed(type("B", (bytearray,), {})(b"x")) == bytearray(b"x")
    assert crossed(type("C", (complex,), {})(1, 2)) == 1 + 2j
    assert crossed(type("F", (Fraction,), {})(1, 2)) == Fraction(1, 2)
    assert crossed(type("D", (Decimal,), {})("1.5")) == Decimal("1.5")
    assert crossed(type("T", (datetime.timedelta,), {})(1)) == datetime.timedelta(1)
    assert crossed(type("Y", (datetime.date,), {})(2020, 1, 2)) == datetime.date(2020, 1, 2)


@pytest.mark.parametrize("value", [object(), len, getattr, type, lambda: 1, iter([])])
def test_v04_everything_else_stays(value: object) -> None:
    assert encode(value, Nothing())[0] == "kept"


NONSENSE: tuple[Any, ...] = (
    *({}, {"a": 1}, ["unknown"], [], [["list"]], ["type", "type"], ["type", "getattr"], ["int", "z"]),
    *(["set", ["list"]], ["dict", [1]], ["range", 1.5], ["date", "x"], ["complex", "x", 1], ["bytes", "\u1234"]),
)


@pytest.mark.parametrize("data", NONSENSE)
def test_v05_data_without_sense_is_refused(data: Any) -> None:
    with pytest.raises((ValueError, TypeError, LookupError, ArithmeticError)):
        decode(data, Nothing())


def test_v06_containers_are_changed_in_place() -> None:
    inner = [1]
    outer: list[Any] = [inner, {"a": inner}, {1}, bytearray(b"x"), (inner, 2)]
    refresh(outer, [[1, 2], {"a": [3], "b": 4}, {5}, bytearray(b"yz"), ([1, 2], 2), "new"])
    assert inner == [3]  # the same list twice: the last one counts
    assert outer[1:4] == [{"a": [3], "b": 4}, {5}, bytearray(b"yz")]
    assert outer[0] is inner and outer[5] == "new"
    kept = [1]
    refresh(kept, {"a": 1})
    assert kept == [1]
