"""Codecs: everything that is recorded comes back as it was."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maspo.core.errors import StoreError
from maspo.core.trace import Call, ToolUse, Trace
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CallLost, CaseShown, DraftRejected, Event
from maspo.events.base import registered
from maspo.online.plan import ChangesBetOn, FurtherSearch, Plan
from maspo.optimizers.base import Draft, Drafts
from maspo.store.codec import Entry, RecordedResult, decode, encode
from maspo.store.traces import decode_trace, encode_trace
from maspo.testing.models import HARD_TEXTS

EVENTS = [kind for kind in registered() if kind.__module__.startswith("maspo.")]
st.register_type_strategy(
    Plan,
    st.builds(
        Plan,
        *(st.integers(60, 500), st.integers(1, 60), st.integers(1, 60), st.floats(0.01, 1.0), st.integers(1, 9999)),
        *(st.floats(0.001, 1.0), st.integers(1, 50), st.integers(1, 9), st.integers(0, 9), st.integers(1, 3)),
        again=st.sampled_from(get_args(FurtherSearch)),
        hopeless=st.sampled_from(("early", "late")),
        from_candidate=st.booleans(),
        follow_judge=st.booleans(),
        bets=st.sampled_from(get_args(ChangesBetOn)),
        search_share=st.floats(0.01, 1.0),
    ),
)
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
    told = RecordedResult(work, result)
    assert decode(encode(told)) == told


@RELAXED
@given(st.from_type(Trace))
def test_i03_every_trace_comes_back_in_order(trace: Trace) -> None:
    found = decode_trace(encode_trace(trace) or "")
    assert_same(found, trace)
    assert [call.agent for call in found.calls] == [call.agent for call in trace.calls]


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_i04_any_text_survives(text: str) -> None:
    told = RecordedResult("w", Drafts((Draft(text, text),)))
    assert decode(encode(told)) == told
    comparison = RecordedResult("w", Comparison(text, Verdict.WIN, ((text, Verdict.TIE),), Verdict.LOSS))
    assert decode(encode(comparison)) == comparison
    trace = Trace(text, (Call(text, text, (0,), 1, None, 1, 0.5, text, (ToolUse(text, text, text),)),), text)
    assert decode_trace(encode_trace(trace) or "") == trace
    rejected = DraftRejected("s", "a", text, text)
    assert decode(encode(rejected)) == rejected
    shown = CaseShown("a", "k", text, text, text, {text: text}, {}, (text,), "s")
    assert decode(encode(shown)) == shown


def test_i05_results_of_the_two_kinds_are_told_apart_even_when_empty() -> None:
    told = decode(encode(RecordedResult("w", Drafts(()))))
    assert isinstance(told, RecordedResult)
    assert told.result == Drafts(())


@pytest.mark.parametrize(
    "entry",
    [
        Entry("call_lost", "{}"),
        Entry("call_lost", "no json"),
        Entry("call_lost", "[]"),
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


OLD = """{"input_key": "k", "output_agent": "c", "steps": {
"a": {"agent": "a", "reads": [], "output": "one", "tokens_in": 3, "tokens_out": null, "seconds": 0.5, "call": "k1"},
"b": {"agent": "b", "reads": ["a"], "output": "two", "tokens_in": 4, "tokens_out": 5, "seconds": 0.25, "call": "k2"},
"c": {"agent": "c", "reads": ["b", "a"], "output": "end", "tokens_in": 6, "tokens_out": 7, "seconds": 1.0, "call": "k3"}
}}"""


def test_i09_a_trace_of_an_older_format_is_a_list_of_calls() -> None:
    found = decode_trace(OLD)
    assert found == Trace(
        "k",
        (
            Call("a", "one", tokens_in=3, seconds=0.5, key="k1"),
            Call("b", "two", reads=(0,), tokens_in=4, tokens_out=5, seconds=0.25, key="k2"),
            Call("c", "end", reads=(1, 0), tokens_in=6, tokens_out=7, seconds=1.0, key="k3"),
        ),
        "end",
    )
    assert found.read_by("c") == {"b": "two", "a": "one"}
    assert decode_trace(encode_trace(found) or "") == found


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        ('"output_agent": "c"', '"output_agent": "nobody"'),
        ('"output_agent": "c", ', ""),
        ('"reads": ["a"]', '"reads": ["nobody"]'),
        ('"output": "two", ', ""),
        ('"steps": {', '"steps": [], "others": {'),
    ],
)
def test_i10_a_trace_of_an_older_format_that_lacks_something_is_a_store_error(what: str, instead: str) -> None:
    assert what in OLD
    with pytest.raises(StoreError, match="a trace cannot be read"):
        decode_trace(OLD.replace(what, instead))


def test_i08_a_field_that_a_later_version_added_is_passed_over() -> None:
    body = encode(CallLost("agent", "a", "r", 2)).body.replace("{", '{"new": 1, ', 1)
    assert decode(Entry("call_lost", body)) == CallLost("agent", "a", "r", 2)
