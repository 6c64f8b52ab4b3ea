"""Traces of rollouts: loops, branches, handoffs, agents as tools, tools, agents side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence

from maspo.apps.tracing import Known, trace_of
from maspo.core.trace import Trace
from maspo.gateway.wire import WireCall
from tests.apps.wires import tool, wire

DRAFT = "A first draft of the letter, which is a little too long."
NOTES = "Shorten the second half of it, and name the date."
FINAL = "The letter as it should be, short and dated."


def trace(calls: Sequence[WireCall], order: str = "writer critic editor") -> Trace:
    return trace_of("k", calls, "answer", order.split(), Known(("the question",), {}))


def shape(found: Trace) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(call.agent, call.nth, call.reads) for call in found.calls]


def test_a_loop_is_unrolled_by_call() -> None:
    calls = [
        wire("writer", DRAFT, "the question"),
        wire("critic", NOTES, DRAFT),
        wire("writer", FINAL, "the question", ("assistant", DRAFT), NOTES),
        wire("critic", "fine as it is now, nothing to add", FINAL),
    ]
    assert shape(trace(calls)) == [("writer", 0, ()), ("critic", 0, (0,)), ("writer", 1, (1,)), ("critic", 1, (2,))]


def test_tools_that_are_used_within_a_turn_are_part_of_it() -> None:
    calls = [
        wire("writer", "", "the question", tools=(tool("add", '{"a": 2}', "4"), tool("now", "{}", "noon"))),
        wire("writer", "", "the question", ("tool", "4"), ("tool", "noon"), tools=(tool("add", '{"a": 4}', "8"),)),
        wire("writer", DRAFT, "the question", ("tool", "4"), ("tool", "noon"), ("tool", "8")),
        wire("critic", NOTES, DRAFT),
    ]
    found = trace(calls)
    assert shape(found) == [("writer", 0, ()), ("critic", 0, (0,))]
    assert [(use.name, use.result) for use in found.calls[0].tools] == [("add", "4"), ("now", "noon"), ("add", "8")]
    assert found.calls[0].paid_for == 3, "two of its tools were asked for at once"
    assert (found.calls[0].output, found.calls[0].tokens_in) == (DRAFT, 30)


def test_an_agent_as_a_tool_reads_the_one_call_and_is_read_by_the_next() -> None:
    task = "Find out when the next train to Lyon leaves from here."
    answer = "The next train to Lyon leaves at ten past nine."
    calls = [
        wire("writer", "", "the question", tools=(tool("ask", json.dumps({"task": task}), answer),)),
        wire("critic", answer, task),
        wire("writer", FINAL, "the question", ("tool", answer)),
    ]
    found = trace(calls)
    assert shape(found) == [("writer", 0, ()), ("critic", 0, (0,)), ("writer", 1, (1,))]
    assert found.calls[0].output == f"ask({json.dumps({'task': task})})"


def test_a_handoff_is_read_by_who_takes_over() -> None:
    calls = [
        wire("writer", "", "the question", tools=(tool("transfer_to_editor", "{}", '{"assistant": "editor"}'),)),
        wire("editor", FINAL, "the question", ("tool", '{"assistant": "editor"}')),
    ]
    assert shape(trace(calls)) == [("writer", 0, ()), ("editor", 0, (0,))]


def test_agents_side_by_side_come_in_one_order_whoever_was_faster() -> None:
    first = [wire("writer", DRAFT, "the question"), wire("writer", FINAL, "another question")]
    last = wire("critic", NOTES, f"{DRAFT}\n{FINAL}")
    one = trace([*first, last])
    assert one == trace([*reversed(first), last])
    assert shape(one) == [("writer", 0, ()), ("writer", 1, ()), ("critic", 0, (0, 1))]


def test_calls_of_nobody_are_left_out_and_what_they_pass_on_is_not() -> None:
    calls = [
        wire("writer", DRAFT, "the question"),
        wire(None, "a repaired letter that is now valid JSON", DRAFT),
        wire("critic", NOTES, "a repaired letter that is now valid JSON"),
    ]
    assert shape(trace(calls)) == [("writer", 0, ()), ("critic", 0, (0,))]
