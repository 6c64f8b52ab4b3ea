"""Plain data: dataclasses as JSON knows them, nothing lost and nothing converted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from maspo.core.plain import FLAT, Dumped, named, plain


@dataclass(frozen=True)
class Inner(Dumped):
    in_: int = field(metadata=named("in"))
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer(Dumped):
    first: Inner | None = field(metadata=FLAT)
    second: Mapping[str, Inner]
    last: float | None = None


def test_p01_fields_come_in_their_order_under_their_names() -> None:
    found = Outer(Inner(1, ("a",)), {"x": Inner(2)}).dump()
    assert list(found) == ["in", "texts", "second", "last"]
    assert found == {"in": 1, "texts": ["a"], "second": {"x": {"in": 2, "texts": []}}, "last": None}


def test_p02_of_what_is_not_there_nothing_stands_in_its_place() -> None:
    assert list(Outer(None, {}).dump()) == ["second", "last"]


def test_p03_numbers_and_texts_are_what_they_were() -> None:
    found = plain((1, 1.0, True, "\ud800", None, ({"a": (2,)},)))
    assert json.dumps(found) == '[1, 1.0, true, "\\ud800", null, [{"a": [2]}]]'
