"""Inputs from recorded traces.

``traces/`` holds exports that the real instrumentations have made of one small app: a planner and a writer, asked five
or six questions, one of them twice and one in other spelling, and once within a conversation. Attributes that name the
machine were taken out. ``langfuse_observations.json`` was put into the form of the API by the models of its package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import make_inputs
from maspo.data.records import read_records
from maspo.data.traces.base import messages
from maspo.data.traces.harvest import FORMATS, LATER_TURN, NO_QUESTION, NO_TEXT, UNNAMED, Harvest, begun_in, harvest

TRACES = Path(__file__).parent / "traces"
LANGCHAIN = {"lc": 1, "id": ["langchain", "HumanMessage"], "type": "constructor", "kwargs": {"content": "Why?"}}
PARTS = [{"type": "text", "text": "Why?"}, {"type": "image"}]
ASKED = [
    "How do I return a jacket that does not fit?",
    "Where is order 1187?",
    "Can I change the delivery address of order 2210?",
    "Is the shop open on Sunday? (FAIL)",
]


def harvested(name: str, wanted: str = "auto") -> Harvest:
    return harvest(read_records(TRACES / name), wanted)


@pytest.mark.parametrize(
    ("name", "wanted", "column", "questions", "skipped"),
    [
        ("otel_genai.jsonl", "otel", "input", 4, {LATER_TURN: 1}),
        ("otel_printed.jsonl", "otel", "input", 1, {}),
        ("openinference_openai.jsonl", "openinference", "input", 4, {LATER_TURN: 1}),
        ("openinference_agents.jsonl", "openinference", "input", 2, {}),
        ("langfuse_otlp.jsonl", "otel", "input", 4, {}),
        ("langfuse_observations.json", "langfuse", "input", 4, {}),
        ("langsmith.jsonl", "langsmith", "question", 4, {}),
        ("openai_agents_chat.json", "openai-agents", "input", 4, {}),
        ("openai_agents_responses.json", "openai-agents", "input", 0, {NO_TEXT: 1}),
        ("otel_without_content.jsonl", "otel", "input", 0, {NO_TEXT: 2}),
    ],
)
def test_what_the_app_was_asked_is_taken_once(
    name: str, wanted: str, column: str, questions: int, skipped: Mapping[str, int]
) -> None:
    found = harvested(name)
    assert [row[column] for row in found.rows] == ASKED[:questions]
    assert all(set(row) == {"id", column} for row in found.rows)
    assert found.skipped == skipped
    assert found.unknown == 0
    assert found.traces == questions + found.copies + found.near_copies + sum(skipped.values())
    assert found.near_copies == (1 if questions else 0)
    assert harvested(name, wanted) == found


@pytest.mark.parametrize("file", sorted(TRACES.iterdir()), ids=lambda file: file.name)
def test_order_of_the_records_changes_nothing(file: Path) -> None:
    records = read_records(file)
    rows = {json.dumps(row, sort_keys=True) for row in harvest(records).rows}
    assert len({json.dumps(row, sort_keys=True) for row in harvest([*reversed(records)]).rows}) == len(rows)


def test_a_format_that_is_not_asked_for_is_passed_over() -> None:
    found = harvested("langsmith.jsonl", "otel")
    assert (found.traces, found.rows) == (0, ())
    assert found.unknown == len(read_records(TRACES / "langsmith.jsonl"))
    with pytest.raises(InputsInvalid, match="openinference"):
        harvested("langsmith.jsonl", "helicone")


def test_formats_may_stand_in_one_file() -> None:
    records = [*read_records(TRACES / "langsmith.jsonl"), *read_records(TRACES / "otel_genai.jsonl"), {"a": "b"}]
    found = harvest(records)
    assert set(found.formats) == {"otel", "langsmith"}
    assert found.unknown == 1


def run(inputs: object, **more: object) -> dict[str, Any]:
    return {"id": "1", "trace_id": "1", "run_type": "chain", "dotted_order": "1", "inputs": inputs, **more}


@pytest.mark.parametrize(
    ("inputs", "row"),
    [
        ({"question": "Why?", "language": "en"}, {"question": "Why?", "language": "en"}),
        ({"input": "Why?", "history": [], "user": None}, {"input": "Why?"}),
        ({"messages": [{"role": "user", "content": "Why?"}]}, {"input": "Why?"}),
        ({"messages": [["system", "x"], {"type": "human", "content": "Why?"}]}, {"input": "Why?"}),
        ({"messages": [[LANGCHAIN]]}, {"input": "Why?"}),
        ({"messages": [{"role": "user", "content": PARTS}]}, {"input": "Why?"}),
        ({"args": ["Why?"], "kwargs": {}}, {"input": "Why?"}),
        ({"args": [], "kwargs": {"topic": "tea"}}, {"topic": "tea"}),
        ({"answer": "B", "id": 3, "question": "Why?"}, {"question": "Why?"}),
        ('{"question": "Why?"}', {"question": "Why?"}),
        ("Why {not}?", {"input": "Why {not}?"}),
    ],
)
def test_what_a_step_was_given_becomes_a_row(inputs: object, row: Mapping[str, object]) -> None:
    assert harvest([run(inputs)]).rows == ({"id": "1", **row},)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"args": ["Why?", "en"], "kwargs": {}}, UNNAMED),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, LATER_TURN),
        ({"messages": [{"role": "system", "content": "Be good."}]}, NO_QUESTION),
        (None, NO_TEXT),
        ({}, NO_TEXT),
    ],
)
def test_what_gives_no_input_is_said(inputs: object, reason: str) -> None:
    found = harvest([run(inputs)])
    assert (found.rows, found.skipped) == ((), {reason: 1})


_KEYS = ("messages", "role", "content", "parts", "kwargs", "args", "input", "message", "text", "id")
_RECORD_KEYS = ("resourceSpans", "context", "attributes", "traceId", "type", "observations", "run_type", "post", "runs")
_MORE_KEYS = ("object", "span_data", "data", "inputs", "input", "trace_id", "id")
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3),
    max_leaves=10,
)
_RECORDS = st.dictionaries(
    st.sampled_from((*_RECORD_KEYS, *_MORE_KEYS)),
    _JSON | st.sampled_from(["trace.span", "GENERATION", "llm"]),
    max_size=6,
)


@given(st.lists(_RECORDS, max_size=4))
def test_no_record_breaks_it_and_every_row_can_be_used(records: list[dict[str, Any]]) -> None:
    found = harvest(records)
    if found.rows:
        assert len(make_inputs(found.rows).rows) == len(found.rows)


@given(_JSON)
def test_messages_are_read_of_anything(value: object) -> None:
    assert all(one.text.strip() for one in messages(value))


_NINES = "9" * 5000
_NAMES = (
    "openinference.span.kind",
    "gen_ai.operation.name",
    "gen_ai.input.messages",
    "input.value",
    *(f"llm.input_messages.{number}.message.content" for number in ("0", _NINES)),
    *(f"gen_ai.prompt.{number}.content" for number in ("1", _NINES)),
)
_KNOWN = (
    *("resourceSpans", "scopeSpans", "spans", "traceId", "spanId", "parentSpanId", "startTimeUnixNano", "attributes"),
    *("key", "value", "values", "arrayValue", "kvlistValue", "stringValue", "context", "trace_id", "span_id"),
    *("observations", "type", "id", "parentObservationId", "startTime", "input", "run_type", "post", "runs", "inputs"),
    *("object", "span_data", "parent_id", "started_at", "dotted_order", "data", "messages", "role", "content", *_NAMES),
)
_ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from((*_NAMES, "[{", "llm", "user", "")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KNOWN), inner, max_size=3),
    max_leaves=8,
)
_ATTRIBUTES = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from(_NAMES), "value": _ANY})
    | st.fixed_dictionaries({"key": _ANY, "value": st.dictionaries(st.sampled_from(_KNOWN), _ANY, max_size=2)}),
    max_size=3,
)
_MARKS: tuple[dict[str, Any], ...] = (
    {"context": {}},
    {"run_type": "llm"},
    {"post": [{}]},
    {"runs": []},
    {"traceId": "1", "type": "span"},
    {"observations": [{}]},
    {"object": "trace.span"},
)
"""What a reader knows a record of its format by."""
_OF_FORMATS = st.one_of(
    st.builds(
        lambda span, told: otlp({**span, "attributes": told}),
        st.dictionaries(st.sampled_from(_KNOWN), _ANY),
        _ATTRIBUTES,
    ),
    st.builds(
        lambda more, one: {**more, **one},
        st.dictionaries(st.sampled_from(_KNOWN), _ANY, max_size=6),
        st.sampled_from(_MARKS),
    ),
)


def otlp(span: Mapping[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def attribute(name: str, value: object) -> dict[str, Any]:
    return otlp({"traceId": "1", "spanId": "1", "attributes": [{"key": name, "value": value}]})


@given(_OF_FORMATS | st.dictionaries(st.sampled_from(_KNOWN), _ANY, max_size=6))
def test_any_record_of_any_format_is_read_or_passed_over(record: dict[str, Any]) -> None:
    rows, skipped = begun_in(record)
    assert all(rows)
    assert skipped >= 0
    for reader in FORMATS:
        if reader.knows(record):
            for step in reader.steps(record):
                assert all(isinstance(text, str) for text in (step.trace, step.id, step.parent, step.order))
    harvest([record])


def nested(depth: int) -> object:
    value: object = {"stringValue": "Why?"}
    for _ in range(depth):
        value = {"arrayValue": {"values": [value]}}
    return value


@pytest.mark.parametrize(
    "record",
    [
        *(attribute("input.value", {"arrayValue": odd}) for odd in (5, None, [1], {"values": 5})),
        *(attribute("input.value", {"kvlistValue": odd}) for odd in (5, None, [1], {"values": [1]})),
        *(attribute(name, {"stringValue": "Why?"}) for name in _NAMES if _NINES in name),
        attribute("input.value", nested(5000)),
        {"post": [], "runs": 5},
        {"post": 5, "runs": []},
    ],
)
def test_odd_records_give_no_row(record: dict[str, Any]) -> None:
    assert begun_in(record)[0] == []


def test_a_value_within_arrays_is_read() -> None:
    assert begun_in(attribute("input.value", nested(0)))[0] == [{"input": "Why?"}]
    asked = {"kvlistValue": {"values": [{"key": "content", "value": nested(1)}, *_ROLE]}}
    told = {"arrayValue": {"values": [asked]}}
    assert begun_in(attribute("gen_ai.input.messages", told))[0] == [{"input": "Why?"}]


_ROLE = [{"key": "role", "value": {"stringValue": "user"}}]
