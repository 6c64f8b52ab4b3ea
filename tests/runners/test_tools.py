"""Tools of agents in a system file: functions and servers, within their limits; asked for, told, recorded, replayed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.config import ModelSettings, RunConfig
from maspo.core.errors import CallFailed, ConfigInvalid, ProviderError, SystemInvalid
from maspo.core.trace import Trace
from maspo.data.inputs import make_inputs
from maspo.models.asking import decoded, encoded
from maspo.models.base import Message, Reply, Request, RoleSettings, ToolAsked, ToolOffered
from maspo.models.dialects import STANDARD, payload
from maspo.models.replies import read_reply
from maspo.models.scripted import ScriptedModel
from maspo.runners.prompt_graph import PromptGraph
from maspo.runners.tools.toolbox import Toolbox
from maspo.store.run_store import RunStore
from maspo.study.job import Job
from maspo.study.optimize import DATABASE
from maspo.study.resolve import resolve
from maspo.team import Agent, System
from maspo.team.load import dump_system, parse_system
from maspo.team.tools import Tool
from maspo.testing.runs import SMALL_RACE, Counted, begin, go_on
from maspo.world import World
from maspo.world.serve import start_server

MODULE = '''
import time

def weather(town: str, days: int = 1) -> str:
    """Tell the weather."""
    with open("{seen}", "a") as file:
        file.write(town + "\\n")
    return f"{{town}}: rain for {{days}} days"

def table(town: str) -> dict:
    return {{"town": town, "rain": True}}

def broken(town: str) -> str:
    raise RuntimeError("no such station")

def slow(town: str) -> str:
    time.sleep(0.5)
    return "late"

def long(town: str) -> str:
    return "ä" * 100

async def later(town: str) -> str:
    return town.upper()

def positional(what: str, /) -> str:
    return what

number = 3
'''
SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    method, params = asked["method"], asked.get("params", {})
    if method == "initialize":
        found = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                 "serverInfo": {"name": "s", "version": "1"}}
    elif method == "tools/list":
        schema = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
        tool = {"description": "A map.", "inputSchema": schema}
        found = {"tools": [{"name": "map.of", **tool}], "nextCursor": "2"}
        if params.get("cursor"):
            found = {"tools": [{"name": name, **tool} for name in ("map_of", "ends")]}
    elif params["name"] == "ends":
        sys.exit(3)
    else:
        town = params["arguments"]["town"]
        content = [{"type": "text", "text": f"{params['name']} {town}"}, {"type": "image", "data": "", "mimeType": "x"}]
        found = {"content": content, "isError": town == "nowhere"}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": found}), flush=True)
"""
ROWS = make_inputs(["Will it rain in Bonn?"]).rows
KEY = ROWS[0].key


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delitem(sys.modules, "tools_of_a_test", raising=False)
    (tmp_path / "tools_of_a_test.py").write_text(MODULE.format(seen=tmp_path / "seen"), "utf-8")
    (tmp_path / "server.py").write_text(SERVER, "utf-8")
    return tmp_path


def tool(folder: Path, name: str, **limits: float) -> Tool:
    return Tool(f"tools_of_a_test:{name}", folder=str(folder), **limits)  # type: ignore[arg-type]  # numbers of a test


def server(folder: Path) -> Tool:
    return Tool(f"mcp:{sys.executable} server.py", folder=str(folder))


def team(*tools: Tool) -> System:
    return System((Agent("asker", "Ask.", tools=tools), Agent("writer", "Write.", ("asker",))), name="team")


def asks(*pairs: tuple[str, object]) -> Reply:
    said = (ToolAsked("x", name, one if isinstance(one, str) else json.dumps(one)) for name, one in pairs)
    return Reply("", 10, 5, asks=tuple(said))


async def play(system: System, *replies: Reply) -> tuple[Trace, list[Request]]:
    """Run a team whose first agent gives these replies, the second an answer."""
    left = list(replies)

    def script(request: Request) -> Reply:
        return left.pop(0) if request.agent == "asker" else Reply("done", 1, 1)

    model = ScriptedModel(script)
    graph = PromptGraph(system, {KEY: ROWS[0]}, model, RoleSettings("m"))
    try:
        return await graph.run(system.prompts, KEY), model.requests
    finally:
        await graph.close()


async def results(system: System, *pairs: tuple[str, object]) -> list[str]:
    box = Toolbox(system)
    try:
        return [await box.call("asker", ToolAsked("x", name, json.dumps(given))) for name, given in pairs]
    finally:
        await box.close()


# ── in a run ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_t01_an_agent_is_told_what_its_tools_say_and_answers(folder: Path) -> None:
    system = team(tool(folder, "weather"))
    trace, requests = await play(system, asks(("weather", {"town": "Bonn", "days": 2})), Reply("It rains.", 20, 7))
    first, second, last = requests
    (offered,) = first.tools
    assert (offered.name, offered.description) == ("weather", "Tell the weather.")
    schema = json.loads(offered.parameters)
    assert schema["required"] == ["town"] and schema["properties"]["days"]["type"] == "integer"
    told = second.messages[-1]
    assert (told.role, told.content, told.answers) == ("tool", "Bonn: rain for 2 days", second.messages[-2].asks[0].id)
    (use,) = trace.calls[0].tools
    assert (use.name, json.loads(use.arguments)["town"], use.result) == ("weather", "Bonn", "Bonn: rain for 2 days")
    assert (trace.calls[0].tokens_in, trace.calls[0].tokens_out) == (30, 12), "all replies of the turn are counted"
    assert sum(call.paid_for for call in trace.calls) == len(requests)
    assert "rain for 2 days" in trace.written_by("asker"), "judge and proposer see what was asked and told"
    assert "rain for 2 days" not in last.messages[-1].content and last.tools == (), "the next one reads the answer"


async def test_t02_the_limit_of_calls_holds_and_is_told(folder: Path) -> None:
    system = team(tool(folder, "weather", calls=2))
    three = asks(*(("weather", {"town": town}) for town in ("Bonn", "Ulm", "Kiel")))
    trace, requests = await play(system, three, Reply("Enough."))
    assert len(trace.calls[0].tools) == 2 and (folder / "seen").read_text() == "Bonn\nUlm\n"
    assert requests[1].tools_over and requests[1].messages[-1].content.startswith("Not called")
    assert trace.calls[0].paid_for == 2, "three tools asked for at once are one reply"
    again = asks(("weather", {"town": "Bonn"}))
    with pytest.raises(CallFailed, match="asker asks for a tool after its 2 calls"):
        await play(system, again, again, again)
    assert PromptGraph.most_calls(system) == {"asker": 3}, "each call may take a reply of its own"


async def test_t03_what_goes_wrong_is_told_to_the_agent(folder: Path) -> None:
    slow = tool(folder, "slow", seconds=0.05)
    short = tool(folder, "long", length=9)
    system = team(*(tool(folder, name) for name in ("broken", "weather", "later", "table")), slow, short)
    found = await results(
        system,
        ("broken", {"town": "Bonn"}),
        ("weather", {"days": 1}),
        ("weather", [1]),
        ("nothing", {}),
        ("slow", {"town": "Bonn"}),
        ("long", {"town": "Bonn"}),
        ("later", {"town": "Bonn"}),
        ("table", {"town": "Bonn"}),
    )
    expected = ("RuntimeError: no such station", "town: Missing", "no JSON object", "There is no tool 'nothing'")
    assert all(part in text for part, text in zip((*expected, "within 0.05 seconds"), found, strict=False)), found
    assert found[5:] == ["ääää\n[cut here: 200 bytes in all]", "BONN", '{"town": "Bonn", "rain": true}']


async def test_t04_a_server_is_started_asked_and_ended(folder: Path) -> None:
    system = team(server(folder), tool(folder, "weather"))
    box = Toolbox(system)
    try:
        names = [one.name for one in await box.offered("asker")]
        assert names == ["map_of", "map_of_2", "ends", "weather"], "names are those that the wire allows, each once"
        one, two = [await box.call("asker", ToolAsked("x", name, '{"town": "Bonn"}')) for name in names[:2]]
        assert (one, two) == ("map.of Bonn\n[image that is no text]", "map_of Bonn\n[image that is no text]")
        assert (await box.call("asker", ToolAsked("x", "map_of", '{"town": "nowhere"}'))).startswith("The tool failed")
        assert await box.call("asker", ToolAsked("x", "ends", "{}")) == "The tool failed: the server has ended"
        again = await box.call("asker", ToolAsked("x", "map_of", '{"town": "Bonn"}'))
        assert again == one, "a server that has ended is started again"
    finally:
        await box.close()


ENDINGS = """
import asyncio, sys
class Mute(Exception):
    def __str__(self): raise ValueError("mute")
def quits(town: str): sys.exit(3)
def interrupts(town: str): raise KeyboardInterrupt
def cancels(town: str): raise asyncio.CancelledError
def stops(town: str): raise StopIteration
def mute(town: str): raise Mute
def keys(town: str): return {(1, 2): 3}
def circle(town: str):
    found = []
    found.append(found)
    return found
async def quits_later(town: str): sys.exit(3)
async def cancels_later(town: str): raise asyncio.CancelledError
"""


async def test_t04_whatever_a_function_raises_or_returns_is_a_result(folder: Path) -> None:
    (folder / "endings_of_a_test.py").write_text(ENDINGS, "utf-8")
    names = [line.split("(")[0].split()[-1] for line in ENDINGS.splitlines() if line.startswith(("def", "async"))]
    box = Toolbox(team(*(Tool(f"endings_of_a_test:{name}", folder=str(folder)) for name in names)))
    found = [await box.call("asker", ToolAsked("x", name, '{"town": "Bonn"}')) for name in names]
    assert all(one.startswith("The tool failed: ") for one in found), found


@pytest.mark.parametrize(
    "tools", ["null", "5", "[5]", "[[1]]", "{'a': 1}", "[{'name': ''}]", "[{'name': 'a', 'inputSchema': [1]}]"]
)
async def test_t05_tools_that_are_none_end_the_run_with_the_servers_name(folder: Path, tools: str) -> None:
    told = tools.replace("null", "None")
    changed = SERVER.replace(
        'found = {"tools": [{"name": "map.of", **tool}], "nextCursor": "2"}', f'found = {{"tools": {told}}}'
    )
    (folder / "server.py").write_text(changed, "utf-8")
    box = Toolbox(team(server(folder)))
    with pytest.raises(ProviderError, match=r"server\.py: the server does not tell its tools"):
        await box.offered("asker")
    await box.close()


async def test_t04_a_ctrl_c_in_the_terminal_does_not_reach_a_server(folder: Path) -> None:
    (folder / "server.py").write_text(
        SERVER.replace("f\"{params['name']} {town}\"", "str(os.getsid(0))").replace("import json", "import os, json")
    )
    box = Toolbox(team(server(folder)))
    try:
        found = await box.call("asker", ToolAsked("x", "map_of", '{"town": "Bonn"}'))
    finally:
        await box.close()
    assert int(found.split()[0]) != os.getsid(0)


@pytest.mark.parametrize("command", ["no-such-command-here", "{python} -c pass"])
async def test_t05_a_server_that_does_not_answer_ends_the_run_with_its_name(folder: Path, command: str) -> None:
    system = team(Tool(f"mcp:{command.format(python=sys.executable)}", folder=str(folder)))
    with pytest.raises(ProviderError, match=r"tools: mcp:.*the server does not tell its tools"):
        await play(system, Reply("never"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", "cannot be imported"),
        ("number", "is a int"),
        ("positional", "given by name"),
    ],
)
def test_t06_a_function_that_cannot_be_had_is_told_before_anything_is_asked(folder: Path, name: str, why: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"tools: tools_of_a_test:{name}.*{why}"):
        Toolbox(team(tool(folder, name)))


# ── in the file ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_t07_a_system_file_names_tools_and_gives_them_back(tmp_path: Path) -> None:
    tools = '["m:f", {run: "mcp:python s.py", calls: 2, seconds: 1.5, length: 9}]'
    text = f"agents:\n  a:\n    prompt: P\n    tools: {tools}\n"
    system = parse_system(text, folder=tmp_path)
    place = str(tmp_path.absolute())
    assert system.agents[0].tools == (Tool("m:f", folder=place), Tool("mcp:python s.py", 2, 1.5, 9, place))
    assert parse_system(dump_system(system), folder=tmp_path) == system


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("m:f", "tools: the text 'm:f' is given; expected a list"),
        ("[nothing]", "tools[0]: 'nothing' is given; expected module:function"),
        ("['mcp: ']", "names no command"),
        ('["mcp:python \'s"]', "is no command"),
        ("[{calls: 2}]", "tools[0].run: missing"),
        ("[{run: 'm:f', calls: 0}]", "tools[0].calls: 0 is given; expected 1 to 50"),
        ("[{run: 'm:f', seconds: 0}]", "tools[0].seconds"),
        ("[{run: 'm:f', length: 0}]", "tools[0].length"),
        ("[{run: 'm:f', times: 0}]", "unknown key 'times'"),
    ],
)
def test_t08_what_is_wrong_with_a_tool_is_told_with_its_place(given: str, why: str) -> None:
    with pytest.raises(SystemInvalid) as caught:
        parse_system(f"agents:\n  a:\n    prompt: P\n    tools: {given}\n")
    assert why in str(caught.value)


# ── on the wire, and in the record ───────────────────────────────────────────────────────────────────────────────────

OFFER = ToolOffered("weather", "Tell it.", '{"type": "object"}')
ASKED = ToolAsked("call00000", "weather", '{"town": "Bonn"}')


def test_t09_tools_are_sent_as_the_protocol_has_them() -> None:
    messages = (Message("user", "q"), Message("assistant", "", (ASKED,)), Message("tool", "rain", answers=ASKED.id))
    body = json.loads(payload(Request("m", messages, "agent", tools=(OFFER,), tools_over=True), STANDARD))
    told = {"name": "weather", "description": "Tell it.", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": told}] and body["tool_choice"] == "none"
    call = {"id": ASKED.id, "type": "function", "function": {"name": "weather", "arguments": ASKED.arguments}}
    assert body["messages"][1:] == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "rain", "tool_call_id": ASKED.id},
    ]
    merged = json.loads(payload(Request("m", messages, "agent"), replace(STANDARD, system="user")))
    assert merged["messages"] == body["messages"] and "tools" not in merged


@pytest.mark.parametrize(
    "written", ['{"asks": [["1", "weather", "{}"]], "said": "x"}', "It rains.", '{"asks": 1}', "[]"]
)
def test_t10_no_text_passes_for_a_call_of_a_tool(written: str) -> None:
    kept = encoded(Reply(written))
    assert decoded(kept) == Reply(written) and decoded(encoded(asks(("weather", {})))).asks
    assert encoded(Reply("", truncated=True)).text == "", "a reply that says nothing stays empty"


async def test_t11_the_world_asks_over_http_as_it_does_here(folder: Path) -> None:
    request = Request("any", (Message("system", "You solve."), Message("user", "[sim input 0003]")), "agent")
    expected = World().reply(replace(request, tools=(OFFER,))).asks
    assert [one.name for one in expected] == ["weather"]
    async with start_server() as base_url, aiohttp.ClientSession() as session:
        for stream in ("metered", ""):
            dialect = replace(STANDARD, stream=stream)
            body = payload(replace(request, tools=(OFFER,)), dialect)
            async with session.post(f"{base_url}/chat/completions", data=body) as response:
                reply = read_reply(await response.read(), 0.0, "here")
            assert reply.asks == expected
            said = (*request.messages, Message("assistant", "", reply.asks), Message("tool", "x", answers="asked0"))
            body = payload(replace(request, messages=said, tools=(OFFER,)), dialect)
            async with session.post(f"{base_url}/chat/completions", data=body) as response:
                assert "<answer>" in read_reply(await response.read(), 0.0, "here").text


def _job(folder: Path) -> Job:
    world = World()
    system = team(tool(folder, "weather"))
    config = RunConfig(seed=1, models=ModelSettings(agent="simulated"), search=SMALL_RACE)
    return Job(system, make_inputs(world.inputs(14)), config, world=world.spec)


async def test_t12_no_recorded_call_and_no_result_of_a_tool_is_asked_for_twice(folder: Path, tmp_path: Path) -> None:
    job, out, stop = _job(folder), tmp_path / "run", asyncio.Event()

    async def stop_later(_: Request) -> None:
        if first.calls > 60:
            stop.set()

    first, second = Counted(World(), stop_later), Counted(World())
    outcome = await begin(job, out, first, stop)
    assert outcome.finished is None
    seen = (folder / "seen").read_text().splitlines()
    outcome = await go_on(job, out, second)
    assert outcome.finished is not None
    after = (folder / "seen").read_text().splitlines()
    assert after[: len(seen)] == seen and len(after) == len(set(after)), "each input is looked up once, whoever asks"
    probe = RoleSettings("simulated").ready_question().key
    twice = {key for key in first.keys & second.keys if key != probe}
    assert len(twice) <= job.config.models.concurrency, "what was in flight when it stopped is asked again, no more"
    store = RunStore.read(out / DATABASE)
    try:
        usage = store.usage()
        assert "tool" not in usage and all(call.purpose != "tool" for call in store.calls_made())
        assert usage["agent"].calls == first.purposes["agent"] + second.purposes["agent"]
    finally:
        store.close_reader()


async def test_t13_the_bound_counts_a_reply_for_each_call_of_a_tool(folder: Path) -> None:
    job = _job(folder)
    with_tools, without = (resolve(replace(job, system=one)).plan.calls["agent"] for one in (job.system, team()))
    assert with_tools > 2 * without


def test_t14_a_file_of_others_that_names_tools_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.chdir(folder)
    (folder / "system.yaml").write_text("agents:\n  a:\n    prompt: P\n    tools: ['tools_of_a_test:weather']\n")
    (folder / "rows.jsonl").write_text("\n".join(json.dumps({"input": f"town {number}"}) for number in range(12)))
    arguments = ["optimize", "system.yaml", "--inputs", "rows.jsonl", "--base-url", "http://127.0.0.1:9/v1", "--yes"]
    result = CliRunner().invoke(app, [*arguments, "--agent-model", "m"])
    assert result.exit_code == 2 and "agents.a.tools" in result.stderr and "--trust" in result.stderr
    fingerprint = result.stderr.rpartition("--trust ")[2].split()[0]
    result = CliRunner().invoke(
        app, [*arguments, "--agent-model", "m", "--trust", fingerprint, "--set", "models.attempts=1"]
    )
    assert result.exit_code == 5, "nobody answers at that address"
