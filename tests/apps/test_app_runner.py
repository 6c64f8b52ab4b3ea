"""The app runner: the contract of runners, prompts that arrive as they are, and failures that cost one rollout."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from maspo.apps.inside import maspo_tools
from maspo.apps.inside.maspo_tools import replayed
from maspo.apps.probe import look
from maspo.apps.runner import AppRunner
from maspo.core.errors import BudgetReached, CallFailed, UsageError
from maspo.data.inputs import Input, make_inputs
from maspo.gateway.tools import ToolRecord
from maspo.models.base import ModelClient, Reply, Request, RoleSettings
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.store.run_store import RunStore
from maspo.study.calls import Keeping
from maspo.team import Agent, System
from maspo.team.app import App
from maspo.testing.runners import check_runner, echo
from tests.apps.conftest import WriteApp
from tests.apps.teams import ASK, PAIR, OverTheWire
from tests.security.keys import KEY, shows_key

SOLVER = Agent("solver", "You are a solver. Work step by step.")
CRITIC = Agent("critic", "You are a critic. Check the solution.", reads=("solver",))
SETTINGS = RoleSettings("m")


class Runner(AppRunner):
    """Answers what models say as chat completions."""

    def __init__(self, system: System, rows: Mapping[str, Input], model: ModelClient, settings: RoleSettings) -> None:
        super().__init__(system, rows, OverTheWire(model), settings)


def team(app: App, *agents: Agent, **fields: Any) -> System:
    return System(agents or (SOLVER, CRITIC), app=app, **fields)


async def run(system: System, script: Any = echo, prompts: Mapping[str, str] | None = None, **columns: str) -> Any:
    """Run a team on one input, and return trace and requests."""
    model = ScriptedModel(script)
    inputs = make_inputs([columns or {"input": "what?"}])
    runner = Runner(system, {row.key: row for row in inputs.rows}, model, SETTINGS)
    try:
        trace = await runner.run({**system.prompts, **(prompts or {})}, inputs.rows[0].key)
    finally:
        await runner.close()
    return trace, model.requests


@pytest.mark.slow
async def test_an_app_of_two_agents_keeps_the_contract_of_runners(app: WriteApp) -> None:
    await check_runner(Runner, team(app(PAIR)), make_inputs(["an input that is not short"]))


HARD = "Braces {x} {{y}} {value} {% raw %} $z ${w} %s \\n \\frac{a}{b} \"quotes\" 'single' <tag> é \u2028 end."


async def test_a_prompt_arrives_byte_for_byte(app: WriteApp) -> None:
    trace, requests = await run(team(app(PAIR)), prompts={"critic": HARD})
    (body,) = [json.loads(one.messages[0].content) for one in requests if one.agent == "critic"]
    assert body["messages"][0]["content"] == HARD
    assert trace.calls[1].reads == (0,)


async def test_values_stand_where_the_new_prompt_has_them(app: WriteApp) -> None:
    code = ASK + "\ndef answer(row): return ask('Today is ' + row['day'] + '. Be a brief helper, please.', 'hello')"
    system = team(app(code), Agent("helper", "Today is {value}. Be a brief helper, please."))
    _, (request,) = await run(system, prompts={"helper": "Be long {x}. ({value})"}, day="Monday {y}")
    assert json.loads(request.messages[0].content)["messages"][0]["content"] == "Be long {x}. (Monday {y})"


@pytest.mark.parametrize(
    ("code", "options", "reason"),
    [
        ("def answer(row): raise RuntimeError('no key')", {}, "RuntimeError: no key"),
        ("import time\ndef answer(row): time.sleep(1000)", {"seconds": 0.5}, "took longer than 0.5 seconds"),
        (ASK + "\ndef answer(row):\n    for _ in range(9): ask('x', str(_))", {"calls": 3}, "3 calls"),
    ],
)
async def test_a_rollout_without_an_answer_is_told_with_the_reason(
    app: WriteApp, code: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CallFailed, match=reason):
        await run(team(app(code, **options)))


async def test_what_is_waited_for_is_told(app: WriteApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: Request) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr("maspo.apps.runner._SHORT", 0.0)
    asks = app(ASK + "\ndef answer(row): return ask('You are a solver.', 'hello')", seconds=2.0)
    with pytest.raises(
        CallFailed, match=r"took longer than 2 seconds, while a call of it had waited \d s for the reply"
    ):
        await run(team(asks), never)
    monkeypatch.setattr("maspo.apps.probe._SILENCE", 0.5)
    said = list[str]()
    with pytest.raises(UsageError, match="had waited"):
        await look(asks, make_inputs(["one", "two"]).rows, OverTheWire(ScriptedModel(never)), "team", told=said.append)
    assert said[0].startswith("0 of 3 rollouts have ended after ") and "(each for 2 s at most)" in said[0]
    assert any("wait for a model's reply, for" in one for one in said)


KEYED = ASK.replace('"application/json"}', '"application/json", "Authorization": "Bearer " + KEY}').replace(
    "BASE_URL =", f"KEY = {KEY!r}\nBASE_URL ="
)


async def test_an_app_that_repeats_its_key_has_it_in_no_answer_trace_or_reason(app: WriteApp) -> None:
    code = KEYED + "\ndef answer(row): return ask('You are a solver.', 'my key is ' + KEY) + KEY[::-1]"
    trace, requests = await run(team(app(code)))
    kept, _ = requests[0].kept(Reply("said"))
    assert "[key]" in trace.output and not shows_key(repr(trace)) and not shows_key(repr(kept.messages))
    printed = "print(KEY.encode().hex(), flush=True); import os; os._exit(3)"
    for ending in ("raise RuntimeError('wrong key ' + KEY)", printed):
        with pytest.raises(CallFailed) as caught:
            await run(team(app(f"{KEYED}\ndef answer(row):\n    ask('You are a solver.', 'q'); {ending}")))
        assert "[key]" in str(caught.value) and not shows_key(str(caught.value))


async def test_an_app_that_hides_a_failed_call_has_no_answer_all_the_same(app: WriteApp) -> None:
    code = (
        ASK + "\ndef answer(row):\n    try: return ask('You are a solver.', 'q')\n    except Exception: return 'sorry'"
    )

    def lost(_: Request) -> Scripted:
        return CallFailed("the endpoint is tired")

    with pytest.raises(CallFailed, match="the endpoint is tired"):
        await run(team(app(code)), lost)


async def test_the_end_of_all_calls_is_told_as_such(app: WriteApp) -> None:
    def over(_: Request) -> Scripted:
        return BudgetReached("$5 are spent")

    with pytest.raises(BudgetReached):
        await run(team(app(PAIR)), over)


async def test_fifty_rollouts_side_by_side_see_their_own_prompts_only(app: WriteApp) -> None:
    system = team(app(PAIR, workers=50, seconds=120.0))
    model = ScriptedModel(echo)
    inputs = make_inputs([f"question number {number}" for number in range(5)])
    runner = Runner(system, {row.key: row for row in inputs.rows}, model, SETTINGS)
    jobs = [
        ({name: f"{prompt} Variant {number}." for name, prompt in system.prompts.items()}, row.key)
        for number in range(10)
        for row in inputs.rows
    ]
    try:
        traces = await asyncio.gather(*(runner.run(prompts, key) for prompts, key in jobs))
    finally:
        await runner.close()
    alone = {request.key: request for request in model.requests}
    for (prompts, key), trace in zip(jobs, traces, strict=True):
        asked = [json.loads(alone[call.key].messages[0].content)["messages"] for call in trace.calls]
        assert [messages[0]["content"] for messages in asked] == list(prompts.values())
        row = next(row for row in inputs.rows if row.key == key)
        assert all(row.columns["input"] in messages[1]["content"] for messages in asked)


async def test_the_files_of_the_app_stay_as_they_are(app: WriteApp, tmp_path: Path) -> None:
    system = team(app(PAIR))
    before = contents(tmp_path)
    await run(system, prompts={"critic": HARD})
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts}


TOOLS = """
import os, pathlib, maspo_tools
CALLED = pathlib.Path("called.txt")

def took_note(name):
    with CALLED.open("a") as file:
        file.write(name + " ")

@maspo_tools.replayed
def look_up(topic, most=3):
    took_note(topic)
    return {"topic": topic, "found": ["a", "b"][:most]}

@maspo_tools.replayed
async def ask(topic):
    took_note("ask-" + topic)
    return topic.upper()

@maspo_tools.replayed
def fails(topic):
    took_note("fails")
    raise ValueError(topic)

@maspo_tools.replayed
def unwritten(topic):
    took_note("set")
    return {topic}

async def answer(row):
    found = look_up(row["input"]), look_up(topic=row["input"]), look_up(row["input"], most=1)
    try:
        fails("x")
    except ValueError:
        pass
    return [*found, await ask(row["input"]), sorted(unwritten("s"))]
"""


@pytest.mark.parametrize("replays", [True, False])
async def test_a_tool_call_seen_before_is_answered_from_the_record(
    app: WriteApp, tmp_path: Path, *, replays: bool
) -> None:
    system = team(app(TOOLS, replay_tools=replays))
    inputs = make_inputs(["one", "two"]).rows
    runner = Runner(system, {row.key: row for row in inputs}, ScriptedModel(echo), SETTINGS)
    answers = []
    try:
        for prompts in (system.prompts, {**system.prompts, "solver": "Another prompt of a solver, which is long."}):
            answers += [(await runner.run(prompts, row.key)).output for row in inputs]
    finally:
        await runner.close()
    assert answers[:2] == answers[2:]
    assert json.loads(answers[0])[2:] == [{"topic": "one", "found": ["a"]}, "ONE", ["s"]]
    called = (tmp_path / "called.txt").read_text().split()
    each = 1 if replays else 2
    assert called.count("one") == (2 if replays else 6)  # with two different arguments
    assert called.count("ask-two") == each
    assert (called.count("fails"), called.count("set")) == (4, 4)


KINDS = """
import enum, functools, pathlib, maspo_tools

class Kind(str, enum.Enum):
    PEN = "pen"

def took_note(name):
    with pathlib.Path("called.txt").open("a") as file:
        file.write(name + " ")

def made_for(name, told):
    @maspo_tools.replayed
    def search(topic):
        took_note(name)
        return f"{name} on {topic}" if topic != "again" else search("pens")
    return search if told else maspo_tools.replayed(lambda topic: name)

def timed(function):
    @functools.wraps(function)
    def called(*given):
        return function(*given)
    return called

@maspo_tools.replayed
@timed
def wrapped(topic):
    took_note("wrapped")
    return topic

@maspo_tools.replayed
def kind(topic):
    took_note("kind")
    return Kind.PEN

@maspo_tools.replayed
def adds(found):
    took_note("adds")
    found.append("pen")
    return len(found)

def repeated(times):
    def around(function):
        @functools.wraps(function)
        def called(*given):
            return function(*given) * times
        return called
    return around

def said(times):
    took_note("said")
    return times

TWICE, THRICE = (maspo_tools.replayed(repeated(times)(said)) for times in (2, 3))
ONE, TWO = (made_for(name, True) for name in ("law", "sport"))
HELD = maspo_tools.replayed(functools.partial(str.upper))

def answer(row):
    found = []
    adds(found)
    short = [made_for(name, False)("x") for name in ("law", "sport")]
    around = [TWICE("a"), THRICE("a")]
    return [ONE("pens"), TWO("pens"), ONE("again"), wrapped("w"), kind("x").name, found, short, HELD("a"), around]
"""


async def test_only_a_tool_call_that_json_tells_whole_is_answered_from_the_record(
    app: WriteApp, tmp_path: Path
) -> None:
    """What a tool was made with is asked for, too; nothing that a call does beside its result is left out."""
    system = team(app(KINDS, replay_tools=True))
    (row,) = make_inputs(["one"]).rows
    runner = Runner(system, {row.key: row}, ScriptedModel(echo), SETTINGS)
    try:
        others = {name: f"{text} Be exact." for name, text in system.prompts.items()}
        answers = [(await runner.run(prompts, row.key)).output for prompts in (system.prompts, others)]
    finally:
        await runner.close()
    right = ["law on pens", "sport on pens", "law on pens", "w", "PEN", ["pen"], ["law", "sport"], "A", ["aa", "aaa"]]
    assert [json.loads(one) for one in answers] == [right, right]
    called = Counter((tmp_path / "called.txt").read_text().split())
    assert called == {
        "law": 2,
        "sport": 1,
        "wrapped": 1,
        "kind": 2,
        "adds": 2,
        "said": 2,
    }  # ONE ran once for "again", too


def test_a_tool_runs_as_ever_where_maspo_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("MASPO_TOOLS", f"http://127.0.0.1:{port}/tools")
    assert replayed(divmod_of)(7, 2) == [3, 1]


def said_of(topic: str) -> str:
    return f"on {topic}"


def around(name: str) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    def decorate(function: Callable[[str], str]) -> Callable[[str], str]:
        @functools.wraps(function)
        def called(topic: str) -> str:
            return f"{name} {function(topic)}"

        return called

    return decorate


def by_default(name: str) -> Callable[[str], str]:
    @functools.wraps(said_of)
    def called(topic: str, source: str = name) -> str:
        return f"{source} {said_of(topic)}"

    return called


def by_a_helper(name: str) -> Callable[[str], str]:
    def tell(topic: str, source: str = name) -> str:
        return f"{source} on {topic}"

    def search(topic: str) -> str:
        return tell(topic)

    return search


def by_a_keyword(name: str) -> Callable[[str], str]:
    def tell(topic: str, *, source: str = name) -> str:
        return f"{source} on {topic}"

    def search(topic: str) -> str:
        return tell(topic)

    return search


def by_an_attribute(name: str) -> Callable[[str], str]:
    def search(topic: str) -> str:
        return f"{vars(search)['source']} on {topic}"

    vars(search)["source"] = name
    return search


def by_what_it_decorates(name: str) -> Callable[[str], str]:
    tell = around(name)(said_of)

    def search(topic: str) -> str:
        return tell(topic)

    return search


class Source(str):
    """A text that holds more than its letters."""

    told: str

    def search(self) -> str:
        return f"{self.told} on {self}"


def by_its_owner(name: str) -> Callable[[str], str]:
    def search(topic: str) -> str:
        owner = Source(topic)
        owner.told = name
        told: str = replayed(Source.search)(owner)
        return told

    return search


@pytest.mark.parametrize(
    "made",
    [by_default, by_a_helper, by_a_keyword, by_an_attribute, by_what_it_decorates, by_its_owner],
)
def test_a_tool_is_not_answered_with_what_one_that_was_made_otherwise_told(
    made: Callable[[str], Callable[[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    known: dict[str, Any] = {}

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        place = json.dumps([asked["name"], asked["arguments"]])
        if "result" in asked:
            known.setdefault(place, asked["result"])
        return {"result": known[place]} if place in known else {}

    monkeypatch.setenv("MASPO_TOOLS", "http://127.0.0.1:1/tools")
    monkeypatch.setattr(maspo_tools, "_ask_gateway", answer)
    assert [replayed(made(name))("pens") for name in ("law", "sport")] == ["law on pens", "sport on pens"]
    assert replayed(said_of)("pens") == "on pens"
    asked = len(known)
    assert replayed(said_of)("pens") == "on pens" and len(known) == asked, "what holds nothing is told by its name"


def divmod_of(number: int, by: int) -> list[int]:
    return list(divmod(number, by))


SIDE_BY_SIDE = (
    ASK
    + """
import pathlib

def answer(row):
    with pathlib.Path("runs.txt").open("a+") as file:
        file.write("x")
        file.seek(0)
        runs = len(file.read())
    asked = ["You are a solver. Work step by step.", "You are a critic. Look for mistakes."]
    said = [ask(one, row["input"]) for one in sorted(asked, reverse=runs % 2 > 0)]
    return ask("You are an editor. Put it together.", "\\n".join(sorted(said)) + CLOCK)
"""
)


@pytest.mark.parametrize(("clock", "is_told"), [("''", False), ("f' It is {runs}.'", True)])
async def test_agents_in_another_order_are_asked_the_same(app: WriteApp, clock: str, *, is_told: bool) -> None:
    """One input is looked at twice: once in each order."""
    asked = app(SIDE_BY_SIDE.replace("CLOCK", clock))
    looked = await look(asked, make_inputs(["one"]).rows, OverTheWire(ScriptedModel(echo)), "team")
    assert any("ask their models differently" in note for note in looked.notes) == is_told


CACHED = (
    ASK
    + """
import json, pathlib

def kept(prompt, text):
    file = pathlib.Path("kept.json")
    found = json.loads(file.read_text()) if file.exists() else {}
    if text not in found:
        found[text] = ask(prompt, text)
        file.write_text(json.dumps(found))
    return found[text]

def answer(row):
    return LAST("You are a critic. Look for mistakes.", kept("You are a solver. Work step by step.", row["input"]))
"""
)


@pytest.mark.parametrize(("last", "told"), [("kept", "0 of 2"), ("ask", "1 of 2")])
async def test_a_look_tells_of_an_app_that_keeps_answers(app: WriteApp, last: str, told: str) -> None:
    rows = make_inputs(["one", "two"]).rows
    cached = app(CACHED.replace("LAST", last), workers=1)
    looked = await look(cached, rows, OverTheWire(ScriptedModel(echo)), "team")
    (note,) = [note for note in looked.notes if "a cache" in note]
    assert f"asked {told} questions again" in note
    if last == "kept":
        with pytest.raises(UsageError, match="a cache"):
            await look(cached, rows, OverTheWire(ScriptedModel(echo)), "team")


LOOKED_UP = PAIR.replace(
    "def answer(row):",
    """import maspo_tools, pathlib

@maspo_tools.replayed
def look_up(topic):
    with pathlib.Path("called.txt").open("a") as file:
        file.write(topic + " ")
    return topic

def answer(row):
    look_up(row["input"])""",
)


@pytest.mark.parametrize(("replays", "times"), [(True, 1), (False, 2)])
async def test_a_look_runs_a_tool_as_often_as_a_search_would(
    app: WriteApp, tmp_path: Path, *, replays: bool, times: int
) -> None:
    looked = await look(
        app(LOOKED_UP, replay_tools=replays), make_inputs(["one", "two"]).rows, OverTheWire(ScriptedModel(echo)), "team"
    )
    assert len(looked.found.system.agents) == 2
    assert (tmp_path / "called.txt").read_text().split().count("one") == times  # the first input is looked at twice


async def test_what_tools_answered_stays_in_the_record_for_a_run_that_goes_on(app: WriteApp, tmp_path: Path) -> None:
    system = team(app(TOOLS, replay_tools=True))
    (row,) = make_inputs(["one"]).rows
    answers = []
    for _ in range(2):
        file = tmp_path / "run.db"
        store = RunStore.open(file) if file.exists() else RunStore.create(file)
        runner = AppRunner(system, {row.key: row}, Keeping(OverTheWire(ScriptedModel(echo)), store), SETTINGS)
        try:
            answers.append((await runner.run(system.prompts, row.key)).output)
        finally:
            await runner.close()
            await store.close()
    assert answers[0] == answers[1]
    called = (tmp_path / "called.txt").read_text().split()
    assert (called.count("one"), called.count("ask-one")) == (2, 1)  # with two different arguments, in the first run
    assert (called.count("fails"), called.count("set")) == (2, 2)


async def test_of_results_that_two_rollouts_tell_the_first_is_kept_and_none_that_holds_a_key() -> None:
    record = ToolRecord()
    asked = {"name": "look_up", "arguments": {"topic": "pens"}}
    assert await record.answer("one", asked) == {}
    assert await record.answer("one", {**asked, "result": [1]}) == {"result": [1]}
    assert await record.answer("one", {**asked, "result": [2]}) == {"result": [1]} == await record.answer("one", asked)
    assert await record.answer("two", asked) == {}

    def without_keys(text: str) -> str:
        return text.replace(KEY, "…")

    assert await record.answer("two", {**asked, "result": f"the key is {KEY}"}, without_keys) == {}
    assert await record.answer("two", asked) == {}
