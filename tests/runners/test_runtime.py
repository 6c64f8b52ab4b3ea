"""The runtime: level by level and side by side, re-running only what a change can reach."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.arena.clock import run_virtually
from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed, Interrupted, MaspoError, ProviderError
from maspo.core.trace import Call, Trace
from maspo.data.inputs import make_inputs
from maspo.models.base import Request, RoleSettings
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.runners.messages import NO_OUTPUT
from maspo.runners.prompt_graph import PromptGraph
from maspo.team import Agent, System

DIAMOND = System(
    (Agent("a", "A"), Agent("b", "B", ("a",)), Agent("c", "C", ("a",)), Agent("d", "D", ("b", "c"))), name="diamond"
)
ROWS = make_inputs(["first", "second"]).rows
KEY, OTHER = ROWS[0].key, ROWS[1].key


def echo(request: Request) -> str:
    """Answer with everything that was asked: any change upstream shows."""
    return "|".join(message.content for message in request.messages)


def runtime_of(script: Callable[[Request], Any] = echo, system: System = DIAMOND) -> tuple[PromptGraph, ScriptedModel]:
    model = ScriptedModel(script)
    return PromptGraph(system, {row.key: row for row in ROWS}, model, RoleSettings("m", 0.0, 50)), model


def call_of(trace: Trace, agent: str) -> Call:
    (call,) = trace.by_agent[agent]
    return call


def called(model: ScriptedModel) -> Counter[str]:
    return Counter(request.agent for request in model.requests)


async def test_u01_a_trace_holds_what_each_agent_read_and_wrote() -> None:
    runtime, model = runtime_of()
    trace = await runtime.run(DIAMOND.prompts, KEY)
    assert [call.agent for call in trace.calls] == ["a", "b", "c", "d"]
    assert trace.output == trace.written_by("d")
    assert trace.read_by("d") == {"b": trace.written_by("b"), "c": trace.written_by("c")}
    assert [call_of(trace, request.agent).key for request in model.requests] == [each.key for each in model.requests]
    assert {(request.purpose, request.model, request.max_tokens) for request in model.requests} == {("agent", "m", 50)}


async def test_u02_whole_outputs_are_passed_on() -> None:
    long = "x" * 100_000 + "the end"
    runtime, model = runtime_of(lambda request: long if request.agent == "a" else "short")
    await runtime.run(DIAMOND.prompts, KEY)
    assert all(long in request.messages[1].content for request in model.requests if request.agent in ("b", "c"))


async def test_u03_agents_of_a_level_run_side_by_side_and_levels_in_order() -> None:
    both = asyncio.Barrier(2)
    ended: list[str] = []

    async def script(request: Request) -> Scripted:
        if request.agent in ("b", "c"):
            assert ended[:1] == ["a"]
            await asyncio.wait_for(both.wait(), 5)
        ended.append(request.agent)
        return request.agent

    runtime, _ = runtime_of(script)
    await runtime.run(DIAMOND.prompts, KEY)
    assert ended[0] == "a" and ended[-1] == "d"


async def test_u04_only_what_lies_downstream_of_a_change_is_run_again() -> None:
    runtime, model = runtime_of()
    await runtime.run(DIAMOND.prompts, KEY)
    model.requests.clear()
    changed = await runtime.run({**DIAMOND.prompts, "b": "B2"}, KEY, base=DIAMOND.prompts)
    assert called(model) == {"b": 1, "d": 1}
    model.requests.clear()
    alone, _ = runtime_of()
    assert changed == await alone.run({**DIAMOND.prompts, "b": "B2"}, KEY), "as if all had run"


async def test_u05_a_change_that_does_not_show_in_the_output_stops_there() -> None:
    runtime, model = runtime_of(lambda request: "same" if request.agent == "b" else echo(request))
    await runtime.run(DIAMOND.prompts, KEY)
    model.requests.clear()
    await runtime.run({**DIAMOND.prompts, "b": "B2"}, KEY, base=DIAMOND.prompts)
    assert called(model) == {"b": 1}


async def test_u06_the_base_is_run_when_it_is_not_known_yet() -> None:
    runtime, model = runtime_of()
    await runtime.run({**DIAMOND.prompts, "d": "D2"}, KEY, base=DIAMOND.prompts)
    assert called(model) == {"a": 1, "b": 1, "c": 1, "d": 2}


async def test_u06b_a_base_and_a_change_of_it_take_as_long_as_one_of_them() -> None:
    async def script(request: Request) -> Scripted:
        await asyncio.sleep(1)
        return echo(request)

    async def both() -> tuple[float, Counter[str]]:
        runtime, model = runtime_of(script)
        prompts = {**DIAMOND.prompts, "b": "B2"}
        await together([runtime.run(DIAMOND.prompts, KEY), runtime.run(prompts, KEY, base=DIAMOND.prompts)])
        return asyncio.get_running_loop().time(), called(model)

    took, asked = await asyncio.to_thread(run_virtually, both())
    assert took == pytest.approx(3), "of three levels"
    assert asked == {"a": 1, "b": 2, "c": 1, "d": 2}, "and nothing is asked twice"


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["X", "Y"])),
    st.sampled_from("abcd"),
    st.lists(st.integers(0, 5), min_size=8, max_size=8),
    st.booleans(),
)
async def test_u06c_side_by_side_is_the_same_at_the_same_calls_in_whatever_order_replies_come(
    other: dict[str, str], quiet: str, waits: list[int], base_first: bool
) -> None:
    prompts = {**DIAMOND.prompts, **other}

    def made(waiting: list[int]) -> tuple[PromptGraph, ScriptedModel]:
        async def script(request: Request) -> Scripted:
            for _ in range(waiting.pop() if waiting else 0):
                await asyncio.sleep(0)
            return "same" if request.agent == quiet else echo(request)

        return runtime_of(script)

    beside, asked = made(list(waits))
    runs = [beside.run(DIAMOND.prompts, KEY), beside.run(prompts, KEY, base=DIAMOND.prompts)]
    found = await together(runs if base_first else runs[::-1])
    in_turn, asked_in_turn = made([])
    expected = [await in_turn.run(DIAMOND.prompts, KEY), await in_turn.run(prompts, KEY, base=DIAMOND.prompts)]
    assert (found if base_first else found[::-1]) == expected
    assert called(asked) == called(asked_in_turn)


@pytest.mark.parametrize("failing", DIAMOND.order)
async def test_u06d_a_base_that_fails_beside_a_change_takes_it_along_and_is_not_remembered(failing: str) -> None:
    lost = [failing]

    def script(request: Request) -> str | MaspoError:
        if request.agent in lost:
            lost.clear()
            return CallFailed("lost")
        return echo(request)

    runtime, model = runtime_of(script)
    prompts = {**DIAMOND.prompts, "d": "D2"}
    runs = (runtime.run(DIAMOND.prompts, KEY), runtime.run(prompts, KEY, base=DIAMOND.prompts))
    first, second = await asyncio.gather(*runs, return_exceptions=True)
    assert isinstance(first, CallFailed)
    assert isinstance(second, CallFailed) or failing == "d", "only the last agent's failure leaves the other its own"
    asked = called(model)
    again = await runtime.run(prompts, KEY, base=DIAMOND.prompts)
    fresh, _ = runtime_of()
    assert again == await fresh.run(prompts, KEY)
    assert all(asked[name] <= 1 for name in "abc")


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["X", "Y"])), st.sampled_from("abcd"))
async def test_u07_taking_over_steps_never_changes_a_trace(other: dict[str, str], quiet: str) -> None:
    def script(request: Request) -> str:
        return "same" if request.agent == quiet else echo(request)

    prompts = {**DIAMOND.prompts, **other}
    reusing, _ = runtime_of(script)
    plain, _ = runtime_of(script)
    taken = await reusing.run(prompts, KEY, base=DIAMOND.prompts)
    fresh = await plain.run(prompts, KEY)
    assert [(call.agent, call.output) for call in taken.calls] == [(call.agent, call.output) for call in fresh.calls]


async def test_u08_equal_runs_are_shared_in_flight_and_afterwards() -> None:
    runtime, model = runtime_of()
    runs = await asyncio.gather(*(runtime.run(DIAMOND.prompts, KEY) for _ in range(10)))
    assert await runtime.run(dict(DIAMOND.prompts), KEY) is runs[0]
    assert called(model) == {"a": 1, "b": 1, "c": 1, "d": 1}
    await runtime.run(DIAMOND.prompts, OTHER)
    assert called(model)["a"] == 2


async def test_u09_failures_are_not_remembered() -> None:
    answers = iter([CallFailed("lost"), *["fine"] * 9])
    runtime, model = runtime_of(lambda _: next(answers))
    with pytest.raises(CallFailed):
        await runtime.run(DIAMOND.prompts, KEY)
    assert (await runtime.run(DIAMOND.prompts, KEY)).output == "fine"
    assert called(model)["a"] == 2


async def test_u10_a_waiter_that_is_cancelled_takes_nobody_with_it() -> None:
    going = asyncio.Event()

    async def script(_: Request) -> Scripted:
        await going.wait()
        return "x"

    runtime, model = runtime_of(script)
    first = asyncio.create_task(runtime.run(DIAMOND.prompts, KEY))
    second = asyncio.create_task(runtime.run(DIAMOND.prompts, KEY))
    await asyncio.sleep(0)
    first.cancel()
    going.set()
    assert (await second).output == "x"
    assert called(model)["a"] == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_u11_closing_cancels_what_still_runs() -> None:
    runtime, _ = runtime_of(lambda _: asyncio.Event().wait())
    run = asyncio.create_task(runtime.run(DIAMOND.prompts, KEY))
    await asyncio.sleep(0)
    await runtime.close()
    with pytest.raises(asyncio.CancelledError):
        await run


async def test_u12_an_agent_may_have_its_own_model() -> None:
    system = System((Agent("a", "A", model="big"), Agent("b", "B", ("a",))))
    runtime, model = runtime_of(system=system)
    await runtime.run(system.prompts, KEY)
    assert {request.agent: request.model for request in model.requests} == {"a": "big", "b": "m"}


async def test_u13_three_hundred_agents_in_layers_run() -> None:
    layers = 30
    agents = [
        Agent(f"n{layer}_{place}", f"p{layer}", tuple(f"n{layer - 1}_{other}" for other in range(10) if layer))
        for layer in range(layers)
        for place in range(10)
    ]
    system = System((*agents, Agent("end", "E", tuple(f"n{layers - 1}_{place}" for place in range(10)))))
    runtime, model = runtime_of(lambda request: request.agent, system)
    trace = await runtime.run(system.prompts, KEY)
    assert len(trace.calls) == len(model.requests) == 301
    await runtime.run({**system.prompts, "n29_0": "new"}, KEY, base=system.prompts)
    assert len(model.requests) == 302, "its output is the same, so nobody downstream runs again"


# ── running things side by side ──────────────────────────────────────────────────────────────────────────────────────


async def test_u14_results_come_in_order_and_nothing_gives_nothing() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert await together(after(turns) for turns in (5, 0, 3)) == [5, 0, 3]
    assert await together([]) == []
    assert await together([after(1)]) == [1]


async def test_u15_when_one_fails_the_others_finish_because_they_are_paid_for() -> None:
    ended: list[str] = []

    async def paid() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        ended.append("paid")

    with pytest.raises(BudgetReached):
        await together([raising(BudgetReached("cap")), paid()])
    assert ended == ["paid"]


@pytest.mark.parametrize("final", [BudgetReached("cap"), Interrupted("stop"), ProviderError("key")])
async def test_u16_the_end_of_all_calls_outweighs_one_failed_call(final: MaspoError) -> None:
    with pytest.raises(type(final)) as error:
        await together([raising(CallFailed("one")), raising(final), raising(CallFailed("two"))])
    assert error.value is final


async def test_u17_a_bug_is_raised_as_it_is_and_cancels_the_others() -> None:
    cancelled = asyncio.Event()

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def bug() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        await together([waiting(), bug()])
    assert cancelled.is_set()


def raising(error: Exception) -> Coroutine[Any, Any, None]:
    async def fail() -> None:
        raise error

    return fail()


# ── withheld outputs ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_u30_a_withheld_output_is_replaced_by_a_note_for_that_reader_alone() -> None:
    runtime, model = runtime_of()
    known = await runtime.run(DIAMOND.prompts, KEY)
    model.requests.clear()
    trace = await runtime.run_without(DIAMOND.prompts, KEY, "a", "b")
    reader = next(request for request in model.requests if request.agent == "b")
    assert f"Output of a:\n{NO_OUTPUT}" in reader.messages[1].content
    assert known.written_by("a") not in reader.messages[1].content
    assert called(model) == {"b": 1, "d": 1}, "only the reader and what lies downstream runs again"
    assert (call_of(trace, "a"), call_of(trace, "c")) == (call_of(known, "a"), call_of(known, "c"))
    assert list(trace.read_by("b")) == [] and list(trace.read_by("d")) == ["b", "c"]
    assert trace.written_by("d") != known.written_by("d")


async def test_u31_what_is_not_moved_by_it_does_not_run_again() -> None:
    runtime, model = runtime_of(lambda request: f"always {request.agent}")
    await runtime.run(DIAMOND.prompts, KEY)
    model.requests.clear()
    trace = await runtime.run_without(DIAMOND.prompts, KEY, "c", "d")
    assert called(model) == {"d": 1}
    assert list(trace.read_by("d")) == ["b"]
    await runtime.run_without(DIAMOND.prompts, KEY, "a", "b")
    assert called(model) == {"d": 1, "b": 1}, "the reader wrote the same, so nobody downstream is asked"


async def test_u32_a_template_shows_the_note_where_the_output_would_stand() -> None:
    system = System((Agent("a", "A"), Agent("b", "Check <{a}> for {input}.", ("a",))))
    runtime, model = runtime_of(system=system)
    await runtime.run_without(system.prompts, KEY, "a", "b")
    assert model.requests[-1].messages[0].content == f"Check <{NO_OUTPUT}> for first."
