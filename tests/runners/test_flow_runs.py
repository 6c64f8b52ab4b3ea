"""Runs of teams that loop, branch, share prompts and map over lists: the contract of runners holds for each."""

from __future__ import annotations

import json
import time

import pytest

from maspo.core.errors import CallFailed
from maspo.data.inputs import make_inputs
from maspo.models.base import Request, RoleSettings
from maspo.models.scripted import ScriptedModel
from maspo.runners.base import PROMPT_GRAPH
from maspo.runners.conditions import Conditions, entries, holds_quickly, is_quick
from maspo.runners.prompt_graph import PromptGraph
from maspo.team import System
from maspo.team.flow import Condition
from maspo.team.load import parse_system
from maspo.testing.runners import check_runner

SHAPES = {
    "critic": "{w: {prompt: W, reads: [c], rounds: 3, until: {agent: c, matches: 'said-[0-3]'}}, "
    "c: {prompt: C, reads: [w]}}",
    "debate": "{a: {prompt: A, reads: [b, c], rounds: 2}, b: {prompt: B, reads: [a, c]}, "
    "c: {prompt: C, reads: [a, b]}}",
    "self": "{a: {prompt: A, reads: [a], rounds: 3}, b: {prompt: B, reads: [a]}}",
    "routed": "{r: {prompt: R}, x: {prompt: X, reads: [r], when: {agent: r, matches: 'said-[0-7]'}}, "
    "y: {prompt: Y, when: {agent: r, matches: 'said-[89a-f]'}}, z: {prompt: Z, reads: [x, y]}}",
    "gated": "{r: {prompt: R}, x: {prompt: X, reads: [r], when: {agent: r, matches: 'said-[0-7]'}}, "
    "y: {prompt: '{x} and {r}', reads: [x]}, z: {prompt: '{y} or {r}', reads: [r, y]}}",
    "shared": "{a: {prompt: A}, b: {same_prompt_as: a, reads: [a]}, c: {same_prompt_as: a, reads: [a, b]}}",
    "each": "{p: {prompt: P}, r: {prompt: R, each: {agent: p, path: t}}, c: {prompt: C, reads: [r, p]}}",
}


def team(shape: str) -> System:
    output = {"critic": "\noutput: w", "debate": "\noutput: c"}.get(shape, "")
    return parse_system(f"agents: {SHAPES[shape]}{output}")


@pytest.mark.parametrize("shape", SHAPES)
async def test_f01_the_contract_of_runners_holds(shape: str) -> None:
    await check_runner(PROMPT_GRAPH, team(shape))


def graph(system: System, script: object) -> tuple[PromptGraph, ScriptedModel, str]:
    (row,) = make_inputs(["the question"]).rows
    model = ScriptedModel(script)  # type: ignore[arg-type]  # what it answers is not told by its type
    return PromptGraph(system, {row.key: row}, model, RoleSettings("m")), model, row.key


async def test_f02_a_circle_ends_when_its_condition_holds_and_the_reader_reads_the_last() -> None:
    written: list[str] = []

    def script(request: Request) -> str:
        written.append(request.agent)
        return "GOOD" if request.agent == "c" and written.count("c") == 2 else f"{request.agent}{len(written)}"

    text = (
        "{w: {prompt: W, reads: [c]}, c: {prompt: C, reads: [w], rounds: 5, until: {agent: c, equals: good}}, "
        "e: {prompt: E, reads: [w]}}"
    )
    runner, _, key = graph(parse_system(f"agents: {text}"), script)
    trace = await runner.run(runner.system.prompts, key)
    assert [call.agent for call in trace.calls] == ["w", "c", "w", "c", "e"]
    assert [call.reads for call in trace.calls] == [(), (0,), (1,), (2,), (2,)]


async def test_f03_only_the_branch_is_called_and_a_run_without_an_answer_has_failed() -> None:
    system = parse_system(
        "agents: {r: {prompt: R}, x: {prompt: X, when: {agent: r, equals: x}}, "
        "y: {prompt: Y, when: {agent: r, equals: y}}}"
    )
    said = ["I think it is\n**y**."]
    runner, model, key = graph(system, lambda request: said[0] if request.agent == "r" else "the answer")
    assert (await runner.run(system.prompts, key)).output == "the answer"
    assert [request.agent for request in model.requests] == ["r", "y"]
    said[0] = "neither"
    other, _, key = graph(system, lambda request: said[0] if request.agent == "r" else "the answer")
    with pytest.raises(CallFailed, match="nobody was called whose output is the answer"):
        await other.run(system.prompts, key)


async def test_f04_an_agent_is_called_for_each_entry_and_its_reader_sees_all() -> None:
    system = parse_system(
        "agents: {p: {prompt: P}, r: {prompt: R, each: {agent: p, path: plan.tasks, most: 2}}, "
        "c: {prompt: C, reads: [r]}}"
    )
    plan = 'Here it is:\n```json\n{"plan": {"tasks": ["lift", {"go": "home"}, "too many"]}}\n```'

    def script(request: Request) -> str:
        shown = request.messages[-1].content
        return (
            plan if request.agent == "p" else f"did {shown.rpartition(chr(10))[2]}" if request.agent == "r" else shown
        )

    runner, _, key = graph(system, script)
    trace = await runner.run(system.prompts, key)
    assert [call.item for call in trace.by_agent["r"]] == ["lift", json.dumps({"go": "home"})]
    assert "did lift\n\ndid " in trace.output and "too many" not in trace.output
    assert trace.read_in(trace.by_agent["r"][0])["item"] == "lift"


async def test_f05_a_chat_keeps_its_other_messages() -> None:
    system = parse_system(
        "agents: {a: {prompt: [{role: user, content: 'Sum?'}, {role: assistant, content: '4'}, "
        "{role: system, content: You solve.}, {role: user, content: 'Now: {input}'}]}}"
    )
    runner, model, key = graph(system, lambda _: "done")
    await runner.run({"a": "You solve better."}, key)
    (request,) = model.requests
    assert [(one.role, one.content) for one in request.messages] == [
        ("user", "Sum?"),
        ("assistant", "4"),
        ("system", "You solve better."),
        ("user", "Now: the question"),
    ]


def test_f06_the_bound_counts_rounds_and_entries() -> None:
    system = parse_system(
        "agents: {p: {prompt: P, reads: [r], rounds: 3}, r: {prompt: R, each: {agent: p}}, c: {prompt: C, reads: [p]}}"
    )
    assert PromptGraph.most_calls(system) == {"p": 3, "r": 24}


# ── conditions, in bounded time ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pattern", ["GOOD", "yes|no", r"^a\+b$", "[*+]x", "said-[0-7]", "(?:ok)?"])
def test_c01_patterns_without_repeats_are_quick(pattern: str) -> None:
    assert is_quick(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", ".*x", "a{3}", "a?" * 20])
def test_c02_all_others_are_not(pattern: str) -> None:
    assert not is_quick(pattern)


async def test_c03_a_pattern_that_could_take_for_ever_ends() -> None:
    conditions, hostile = Conditions(), Condition("a", matches="(a+)+$")
    try:
        assert await conditions.holds(hostile, "aaa")
        began = time.process_time()
        assert not await conditions.holds(hostile, "a" * 5000 + "b")
        assert time.process_time() - began < 1  # the time is another process's, and it is stopped
    finally:
        conditions.close()


@pytest.mark.parametrize("text", ["math", " Math.\n", "I choose:\n**math**", "<answer>math</answer> as it seems"])
def test_c04_equals_looks_at_what_is_said(text: str) -> None:
    assert holds_quickly(Condition("a", equals="math"), text)
    assert not holds_quickly(Condition("a", equals="law"), text)


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        ('["a", 2, {"b": 1}]', "", ["a", "2", '{"b": 1}']),
        ('{"x": ["a"]} then {"x": ["b", "c"]}', "x", ["b", "c"]),
        ("no list at all", "x", ["no list at all"]),
        ('[" ", ""]', "", ['[" ", ""]']),
        ("[" * 10_000, "", ["[" * 10_000]),
        ('{"x":' * 2_000, "x", ['{"x":' * 2_000]),
    ],
    ids=["list", "last", "none", "blank", "brackets", "nested"],
)
def test_c05_entries_of_a_list(text: str, path: str, found: list[str]) -> None:
    assert entries(text, path) == found
