"""Faults on purpose: what arrives of an output, who meets which fault, and how far a planted note travels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import ConfigInvalid
from maspo.data.inputs import make_inputs
from maspo.models.base import Reply, Request, RoleSettings
from maspo.models.scripted import ScriptedModel
from maspo.runners.faults import MARK, NOTE, Fault, Kind, Plan, faults_of, is_followed, plan_of
from maspo.runners.messages import NO_OUTPUT
from maspo.runners.prompt_graph import PromptGraph
from maspo.team import Agent, System
from maspo.team.flow import Condition

TEAM = System((Agent("a", "A"), Agent("b", "B", ("a",)), Agent("c", "C", ("b",))), name="team")
ROWS = make_inputs([f"question {number}" for number in range(400)]).rows
KEY = ROWS[0].key


def answer(request: Request) -> Reply:
    text = "\n".join(message.content for message in request.messages)
    followed = f"\n{MARK} {NOTE}" if NOTE in text and request.agent != "c" else ""
    return Reply(f"<answer>{request.agent}</answer> one two three four{followed}")


async def run(*faults: Fault, system: System = TEAM) -> tuple[dict[str, str], str, list[str]]:
    model = ScriptedModel(answer)
    graph = PromptGraph(system, {KEY: ROWS[0]}, model, RoleSettings("m"), plan=Plan(faults))
    trace = await graph.run(system.prompts, KEY)
    return {call.agent: call.output for call in trace.calls}, trace.output, [one.agent for one in model.requests]


async def test_f01_who_is_missing_is_not_called_and_readers_are_told() -> None:
    said, output, called = await run(Fault(Kind.MISSING, "b"))
    assert called == ["a", "c"] and said["b"] == NO_OUTPUT and "<answer>c</answer>" in output
    _, output, called = await run(Fault(Kind.MISSING, "c"))
    assert called == ["a", "b"] and "<answer>b</answer>" in output, "what was written last stands in its place"
    assert (await run(*(Fault(Kind.MISSING, name) for name in "abc")))[1] == NO_OUTPUT


@pytest.mark.parametrize("kind", [Kind.NONSENSE, Kind.LATE, Kind.FORMAT])
async def test_f02_what_is_spoilt_arrives_spoilt_and_nothing_else_is(kind: Kind) -> None:
    clean, _, _ = await run()
    said, _, called = await run(Fault(kind, "a"))
    assert said["a"] != clean["a"] and called == ["a", "b", "c"]
    expected: Mapping[Kind, Callable[[str], bool]] = {
        Kind.NONSENSE: lambda text: sorted(text.split()) == sorted(clean["a"].split()),
        Kind.LATE: lambda text: clean["a"].startswith(text) and 0 < len(text) < len(clean["a"]) / 2,
        Kind.FORMAT: lambda text: text == "a one two three four",
    }
    assert expected[kind](said["a"])


async def test_f03_a_note_travels_as_far_as_it_is_followed() -> None:
    for fault in (Fault(Kind.PLANTED_INPUT, "a"), Fault(Kind.PLANTED_OUTPUT, "a")):
        said, output, _ = await run(fault)
        assert is_followed(said["b"]) and not is_followed(output), "c does not follow it"
        assert is_followed(said["a"]) is (fault.kind is Kind.PLANTED_INPUT), "to pass it on is not to follow it"
    assert not is_followed(NOTE) and is_followed(f"x {MARK}")


def test_f04_each_agent_has_the_faults_that_it_can_meet() -> None:
    assert {fault.agent for fault in faults_of(TEAM)} == {"a", "b"}, "what the last one writes is read by nobody"
    inputs = [fault.agent for fault in faults_of(TEAM) if fault.kind is Kind.PLANTED_INPUT]
    assert inputs == ["a"] and not any(fault.kind is Kind.PLANTED_TOOL for fault in faults_of(TEAM))
    assert faults_of(System((Agent("a", "A"),))) == [Fault(Kind.PLANTED_INPUT, "a")]
    branches = [Agent(name, name, when=Condition("router", equals=name)) for name in "xy"]
    found = [fault for fault in faults_of(System((Agent("router", "R"), *branches))) if fault.agent == "router"]
    spoilt = [Kind.MISSING, Kind.NONSENSE, Kind.LATE, Kind.FORMAT]
    assert [one.kind for one in found] == [*spoilt, Kind.PLANTED_INPUT], "a condition looks at it, nobody reads it"


@given(st.floats(0.05, 0.9))
def test_f05_a_share_of_the_inputs_meets_a_fault_the_same_at_every_time(share: float) -> None:
    plan = plan_of(TEAM, share, [])
    met = [plan.on(row.key) for row in ROWS]
    assert met == [plan.on(row.key) for row in ROWS]
    assert abs(sum(map(bool, met)) / len(ROWS) - share) < 0.12 and all(len(found) <= 1 for found in met)


@pytest.mark.parametrize(
    ("share", "faults", "why"),
    [
        (1.5, (), "expected a share from 0 to 1"),
        (0.5, ("nothing@a",), "expected KIND@AGENT"),
        (0.5, ("missing",), "expected KIND@AGENT"),
        (0.5, ("missing@c",), "cannot be met in this team; possible are missing@a"),
    ],
)
def test_f06_what_cannot_be_met_is_told(share: float, faults: tuple[str, ...], why: str) -> None:
    with pytest.raises(ConfigInvalid, match=why):
        plan_of(TEAM, share, faults)
    assert plan_of(TEAM, 0.0, faults) == Plan()
    assert plan_of(TEAM, 1.0, ("missing@a",)).on(KEY) == {"a": Fault(Kind.MISSING, "a")}
