"""Codecs: everything that is recorded comes back as it was."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maspo.errors import StoreError
from maspo.events import CallLost, CaseShown, DraftRejected, Event
from maspo.search.work import Draft, Drafts
from maspo.store.codec import Entry, Told, decode, decode_trace, encode, encode_trace
from maspo.testing.models import HARD_TEXTS
from maspo.trace import Step, Trace
from maspo.verdict import Comparison, Verdict

EVENTS = get_args(Event)
RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_same(found: object, expected: object) -> None:
    assert type(found) is type(expected)
    # A NaN is not equal to itself.
    assert found == expected or "nan" in repr(expected)


@pytest.mark.parametrize("kind", EVENTS)
def test_i01_every_event_comes_back(kind: type[Event]) -> None:
    @RELAXED
    @given(st.from_type(kind))
    def check(event: Event) -> None:
        assert_same(decode(encode(event)), event)
        assert encode(event).kind == event.kind

    check()


@RELAXED
@given(st.text(), st.one_of(st.from_type(Drafts), st.from_type(Comparison)))
def test_i02_every_result_comes_back_with_its_work(work: str, result: Drafts | Comparison) -> None:
    told = Told(work, result)
    assert decode(encode(told)) == told


@RELAXED
@given(st.from_type(Trace))
def test_i03_every_trace_comes_back_in_order(trace: Trace) -> None:
    found = decode_trace(encode_trace(trace))
    assert_same(found, trace)
    assert list(found.steps) == list(trace.steps)


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_i04_any_text_survives(text: str) -> None:
    told = Told("w", Drafts((Draft(text, text),)))
    assert decode(encode(told)) == told
    comparison = Told("w", Comparison(text, Verdict.WIN, ((text, Verdict.TIE),), Verdict.LOSS))
    assert decode(encode(comparison)) == comparison
    trace = Trace(text, {text: Step(text, (text,), text, None, 1, 0.5, text)}, text)
    assert decode_trace(encode_trace(trace)) == trace
    rejected = DraftRejected("s", "a", text, text)
    assert decode(encode(rejected)) == rejected
    shown = CaseShown("a", "k", text, text, text, {text: text}, {}, (text,), "s")
    assert decode(encode(shown)) == shown


def test_i05_results_of_the_two_kinds_are_told_apart_even_when_empty() -> None:
    told = decode(encode(Told("w", Drafts(()))))
    assert isinstance(told, Told)
    assert told.result == Drafts(())


@pytest.mark.parametrize(
    "entry",
    [
        Entry("call_lost", "{}"),
        Entry("call_lost", "no json"),
        Entry("call_lost", "[]"),
        Entry("from the future", "{}"),
        Entry("told", '{"work": "w", "type": "other", "result": {}}'),
        Entry("told", "[]"),
    ],
)
def test_i06_what_cannot_be_read_is_a_store_error(entry: Entry) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        decode(entry)


@pytest.mark.parametrize("body", ["{}", "no json", '{"input_key": 1}'])
def test_i07_a_strange_trace_is_a_store_error(body: str) -> None:
    with pytest.raises(StoreError, match="a trace cannot be read"):
        decode_trace(body)


def test_i08_a_field_that_a_later_version_added_is_passed_over() -> None:
    body = encode(CallLost("agent", "a", "r", 2)).body.replace("{", '{"new": 1, ', 1)
    assert decode(Entry("call_lost", body)) == CallLost("agent", "a", "r", 2)
