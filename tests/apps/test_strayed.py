"""An app that no longer sends the prompts of its system file, and prompts that tell when they were written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maspo.apps.moments import moments_in
from maspo.apps.runner import AppRunner, wire_agents
from maspo.apps.strayed import Strayed, first_difference
from maspo.core.errors import EXIT_ERROR, AppChanged
from maspo.data.inputs import make_inputs
from maspo.gateway.attribution import NOBODY, Team
from maspo.gateway.dialects.base import Asked
from maspo.gateway.wire import WireCall
from maspo.models.base import RoleSettings
from maspo.models.scripted import ScriptedModel
from maspo.team import Agent, System
from maspo.team.app import App
from maspo.team.load import dump_system, parse_system
from maspo.testing.runners import echo
from tests.apps.conftest import WriteApp
from tests.apps.teams import ASK, OverTheWire
from tests.apps.test_discovery import found, seen
from tests.apps.wires import wire

PLAN = "You plan the reply to a letter, in three short points."
REPLY = "Today is 2026-11-28. You write the reply to a letter by the plan that you are given."
LATER = REPLY.replace("28", "29")
REPAIR = "The text below is no valid JSON. Mend it and return nothing else."
NOW = datetime(2026, 11, 28, 21, 36, tzinfo=UTC)
DESK = System((Agent("plan", PLAN), Agent("today", REPLY, reads=("plan",))), app=App("desk:main"))


def run_of(*prompts: str, system: System = DESK) -> list[WireCall]:
    """Return the calls of a run, as the gateway tells whose they are."""
    team, calls = Team(wire_agents(system)), []
    for prompt in prompts:
        call = wire(None, "said", "a letter", prompt=prompt)
        agent = team.attribute(Asked(model="m", texts=call.texts, offered=(), streamed=False)).agent
        calls.append(wire(agent, "said", "a letter", prompt=prompt, unattributed="" if agent else NOBODY))
    return calls


def told(system: System, *runs: list[WireCall]) -> list[str]:
    strayed = Strayed(system)
    return [strayed.after(calls, f"row {number}") for number, calls in enumerate(runs)]


async def test_an_app_whose_prompt_has_changed_ends_the_work_after_a_few_runs(app: WriteApp) -> None:
    code = f"{ASK}\ndef answer(row):\n    plan = ask({PLAN!r}, row['input'])\n    return ask({LATER!r}, plan)"
    system = System(DESK.agents, app=app(code, workers=1))
    model = ScriptedModel(echo)
    inputs = make_inputs([f"letter number {number}" for number in range(8)])
    runner = AppRunner(system, {row.key: row for row in inputs.rows}, OverTheWire(model), RoleSettings("m"))
    try:
        ends = await asyncio.gather(
            *(runner.run(system.prompts, row.key) for row in inputs.rows), return_exceptions=True
        )
    finally:
        await runner.close()
    assert [isinstance(end, AppChanged) for end in ends] == [False] * 2 + [True] * 6
    assert len(model.requests) == 3 * 2, "what waits is not paid for"
    error = ends[-1]
    assert isinstance(error, AppChanged) and error.exit_code == EXIT_ERROR
    for part in ("agents.today", "'Today is 2026-11-28. You write the'", "'Today is 2026-11-29. You write the'"):
        assert part in str(error)
    assert "maspo discover --app 'team:answer'" in str(error)


def test_an_agent_that_is_merely_not_reached_is_no_fault() -> None:
    rare = System(
        (*DESK.agents, Agent("refund", "You handle refunds, and name the sum.", sometimes=True)), app=DESK.app
    )
    assert not any(told(rare, *[run_of(PLAN, REPLY, REPAIR, system=rare)] * 50))
    assert not any(told(DESK, *[run_of(PLAN)] * 50)), "no call is nobody's"
    branch = run_of(PLAN, LATER)
    assert not any(told(DESK, run_of(PLAN, REPLY), *[branch] * 10, run_of(PLAN, REPLY), *[branch] * 10))


def test_a_prompt_that_changes_in_the_middle_or_altogether_is_told() -> None:
    assert "agents.today" in told(DESK, *[run_of(PLAN, REPLY)] * 5, *[run_of(PLAN, LATER)] * 20)[-1]
    ends = told(DESK, *[run_of(PLAN, REPAIR)] * 8)
    assert not any(ends[:-1]) and "such as 'The text below" in ends[-1] and "sometimes: true" in ends[-1]
    assert not any(told(DESK, run_of(PLAN), *[run_of(PLAN, REPAIR)] * 20)), "not in every run"


WHOLE = replace(DESK, app=App("desk:main", whole_prompts=True))
ADDED = "\nAlways answer in French.\nNever name a price."


def test_a_prompt_that_was_extended_is_told_after_three_inputs() -> None:
    runs = [run_of(PLAN + ADDED, REPLY)] * 3
    ends = told(WHOLE, *runs)
    assert not any(ends[:-1]) and "agents.plan" in ends[-1] and "'Always answer in French. Never" in ends[-1]
    assert "maspo discover --app 'desk:main'" in ends[-1] and "whole_prompts" in ends[-1]
    assert told(WHOLE, *[run_of(f"{ADDED}\n{PLAN}", REPLY)] * 3)[-1], "ahead of it, too"
    dated = [run_of(f"{PLAN}{ADDED} Row {number}.", REPLY) for number in range(3)]
    assert told(WHOLE, *dated)[-1], "with a value in it"
    assert not any(told(DESK, *runs)), "a file that does not say what the look saw"
    strayed = Strayed(WHOLE)
    assert not any(strayed.after(calls, "one row") for calls in runs), "one input may have words of its own"


def test_words_that_some_inputs_bring_along_are_no_extension() -> None:
    plain, other = run_of(PLAN, REPLY), run_of(PLAN + ADDED, REPLY)
    assert not any(told(WHOLE, other, other, plain, *[other] * 10))
    assert not any(told(WHOLE, *[run_of(f"{PLAN} {word}", REPLY) for word in ("One.", "Two.", "Three.", "Four.")]))
    assert told(WHOLE, plain, *[other] * 20)[-1], "edited while it runs"


def test_what_frameworks_set_around_a_prompt_and_values_are_no_extension() -> None:
    def framed(goal: str, day: str = "") -> str:
        return f"You are a clerk. You know the desk.\nYour personal goal is: {goal}{day}"

    def look(*prompts: str) -> System:
        runs = (
            seen(f"{number}", f"question {number}", "so", wire("t", "so", f"{number}", prompt=prompt))
            for number, prompt in enumerate(prompts)
        )
        return found(*runs).system

    system = look(*[framed(PLAN)] * 3)
    (agent,) = system.agents
    assert agent.prompt == PLAN and system.app is not None and system.app.whole_prompts
    assert load_again(system) == system
    dated = [run_of(framed(PLAN, f"\n\nCurrent Date: {day}"), system=system) for day in ("Monday", "Friday", "Sunday")]
    assert not any(told(system, *dated))
    assert "'Always answer" in told(system, *[run_of(framed(PLAN + ADDED), system=system)] * 3)[-1]
    named = look(*[f"You help {name} with whatever is on the desk today." for name in ("Ann", "Bob", "Eve")])
    others = [f"You help {name} with whatever is on the desk today." for name in ("Kim", "Lee", "Zoe and Max")]
    assert not any(told(named, *[run_of(other, system=named) for other in others]))
    longer = [run_of(f"{other} Be brief.", system=named) for other in others]
    assert "'Be brief.'" in told(named, *longer)[-1]


def load_again(system: System) -> System:
    assert system.app is not None
    again = parse_system(dump_system(system, Path(system.app.folder)), folder=Path(system.app.folder))
    assert again.app is not None
    return replace(again, app=replace(again.app, folder=system.app.folder))


@pytest.mark.parametrize(
    ("prompt", "text", "expected"),
    [
        ("Write it short.", "Some frame. Write it long.", ("Write it short.", "Write it long.")),
        ("On {value} you write a letter.", "On 5 May you write two letters.", ("{value} you write a letter.", "")),
        ("One two three four.", "One two\x1b three five.", ("One two three four.", "")),
    ],
)
def test_the_first_difference_is_shown_with_a_few_words(prompt: str, text: str, expected: tuple[str, str]) -> None:
    ours, theirs = first_difference(prompt, text)
    assert ours == expected[0] and theirs.endswith(expected[1])


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        (REPLY, ["2026-11-28"]),
        ("It is Saturday, November 28, 2026 at 9:36 PM. Go on.", ["Saturday, November 28, 2026 at 9:36 PM"]),
        ("Now: 2026-11-28T21:36:05.123+00:00.", ["2026-11-28T21:36:05.123+00:00"]),
        ("Heute ist der 28.11.2026 (Tokyo: 29/11/2026, 06:36).", ["29/11/2026, 06:36", "28.11.2026"]),
        ("Session 123e4567-e89b-12d3-a456-426614174000.", ["123e4567-e89b-12d3-a456-426614174000"]),
        ("By the law of 2021-05-01, open 10:00-18:15. Version 2026.11.28-rc1, a ratio of 3:1.", []),
    ],
)
def test_the_day_and_time_of_a_look_are_no_words_of_a_prompt(text: str, moments: list[str]) -> None:
    seen_in = moments_in(text, NOW)
    assert [one for one in seen_in if not any(one != other and one in other for other in seen_in)] == moments


def test_a_look_within_a_day_makes_the_day_a_value_and_says_so() -> None:
    def look(at: datetime | None) -> tuple[dict[str, str], str]:
        runs = [seen(key, f"question {key}", "so", wire("t", "so", key, prompt=REPLY)) for key in "123"]
        discovery = found(*runs, now=at)
        return {one.name: one.prompt for one in discovery.system.agents}, "\n".join(discovery.notes)

    prompts, notes = look(NOW)
    (prompt,) = prompts.values()
    assert prompt == REPLY.replace("2026-11-28", "{value}") and "'2026-11-28' in its prompt" in notes
    system = System((Agent("today", prompt),), app=DESK.app)
    assert [call.agent for call in run_of(LATER, REPLY, system=system)] == ["today", "today"]
    assert set(look(None)[0].values()) == {REPLY}


def again(system: System, *runs: list[WireCall], rows: int = 30) -> str:
    """Return what is wrong with an app that makes these runs, one after another, on each of some inputs."""
    strayed = Strayed(system)
    said = (strayed.after(calls, f"row {row}") for calls in runs for row in range(rows))
    return next(filter(None, said), "")


def test_an_app_that_keeps_answers_of_its_own_ends_the_work() -> None:
    whole, rest = run_of(PLAN, REPLY), run_of(REPLY)
    assert not again(DESK, whole, whole, whole)
    assert "agents.plan" in again(DESK, whole, [], rows=3) and not again(DESK, whole, [], rows=2)
    assert "cache" in again(DESK, [], rows=8) and not again(DESK, [], rows=7)
    assert "agents.plan" in again(DESK, whole, rest, rows=20), "only the first agent's answers are kept"
    assert "agents.plan" in again(DESK, whole, rest + run_of(REPAIR), rows=20)


def test_an_app_that_chooses_itself_whom_it_asks_keeps_no_answers() -> None:
    whole, rest = run_of(PLAN, REPLY), run_of(REPLY)
    assert not again(DESK, whole, rest, rows=19)
    assert not again(DESK, *[whole, rest] * 3, rows=19)
    strayed = Strayed(DESK)
    for row in range(40):
        for calls in (whole, rest, whole) if row == 0 else (whole, rest):
            assert not strayed.after(calls, str(row)), "once somebody was asked again, it is no cache"
    strayed = Strayed(DESK)
    for row in range(40):
        for calls in (whole, [], whole) if row == 0 else (whole, []):
            assert not strayed.after(calls, str(row)), "nor where a tool that failed was answered without a call"
    assert not again(DESK, whole, run_of(PLAN), rows=40), "who comes later may hang on what was tried"
    rare = System(tuple(replace(one, sometimes=True) for one in DESK.agents), app=DESK.app)
    assert not again(rare, [], rows=40)
