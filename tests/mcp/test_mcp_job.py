"""The whole job as an assistant does it: over the standard streams of ``maspo mcp``, on the simulated world."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from maspo.core.errors import EXIT_ERROR
from maspo.mcp.jobs import Job
from maspo.world import World
from tests.mcp.conftest import Client, Json, Open

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "app" / "team.py"
SECONDS = 60


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    command = [sys.executable, "-m", "maspo", "world", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.fixture
def folder(tmp_path: Path, world: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_BASE_URL", world)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copy(EXAMPLE, tmp_path / "team.py")
    (tmp_path / "questions.jsonl").write_text("\n".join(json.dumps(row) for row in World().inputs(24)))
    return tmp_path


def schemas(client: Client) -> dict[str, Json]:
    return {tool["name"]: tool for tool in client.ask("tools/list")["tools"]}


def ended(client: Client, path: str) -> Json:
    """Return where a job stands once it has ended."""
    until = time.monotonic() + SECONDS
    while (found := client.call("status", path=path, wait=20))["state"] == "running":
        assert time.monotonic() < until
    return found


@pytest.mark.slow
def test_an_assistant_does_the_whole_job(folder: Path, opened: Open) -> None:
    before = (folder / "team.py").read_bytes()
    client = opened()
    tools = schemas(client)
    for tool in tools.values():
        for kind in ("inputSchema", "outputSchema"):
            jsonschema.Draft202012Validator.check_schema(tool[kind])

    def call(name: str, **arguments: object) -> Json:
        jsonschema.validate(arguments, tools[name]["inputSchema"])
        found = client.call(name, **arguments)
        jsonschema.validate(found, tools[name]["outputSchema"])
        return found

    found = call("discover", app="team:answer", inputs="questions.jsonl", rows=12)
    assert found["state"] == "finished"
    assert set(found["team"]["agents"]) == {"solver", "critic", "arbiter"}
    assert call("status", path="system.yaml") == found
    plan = call("estimate", system="system.yaml", inputs="questions.jsonl")
    assert plan["calls"]["total"] >= plan["calls"]["planned"] > 0
    smaller = call("estimate", system="system.yaml", inputs="questions.jsonl", planned_calls=100)
    assert smaller["calls"]["planned"] < plan["calls"]["planned"]
    assert "max_calls" in client.refused("optimize", system="system.yaml", inputs="questions.jsonl")
    started = call("optimize", system="system.yaml", inputs="questions.jsonl", max_calls=150)
    assert client.notified
    assert started["path"] == "maspo-runs/system-1"
    run = ended(client, started["path"])["run"]
    assert run["verdict"] is not None
    assert run["calls"] <= 150
    assert any("no evidence about any team" in limit for limit in run["limits"])
    assert ", tokens " in run["in_use"] and "$" not in run["in_use"], "of a simulated world"
    assert run["verdict"] == "improved" or any("not shown to be better" in limit for limit in run["limits"])
    report = call("report", path=started["path"])
    assert report["run"] == run
    (listed,) = client.ask("resources/list")["resources"]
    page = client.ask("resources/read", {"uri": listed["uri"]})["contents"][0]
    assert page["text"] == (folder / report["report"]).read_text()

    seed = json.loads((folder / started["path"] / "seed_prompts.json").read_text())
    (folder / started["path"] / "prompts.json").write_text(json.dumps({name: f"{seed[name]} Now." for name in seed}))
    patch = call("apply", path=started["path"])
    assert patch["diff"].count("\n+") >= len(seed)
    assert patch["command"].endswith("--yes")
    named = call("apply", path=started["path"], to=["team.py"], template="none")
    assert named["diff"].count("\n+") >= len(seed) and "--to=team.py --template=none" in named["command"]
    assert "leads out" in client.refused("apply", path=started["path"], to=["../team.py"])
    assert (folder / "team.py").read_bytes() == before


@pytest.mark.slow
def test_a_search_is_stopped_and_gone_on_with_by_another_server(folder: Path, opened: Open) -> None:
    client = opened(modern=False)
    client.call("discover", app="team:answer", inputs="questions.jsonl", rows=8)
    path = client.call("optimize", system="system.yaml", inputs="questions.jsonl", max_calls=3_000, out="run")["path"]
    while client.call("status", path=path)["run"] is None:
        """Its record has not begun."""
    stopped = client.call("stop", path=path)
    assert stopped["state"] == "interrupted"
    assert stopped["run"]["verdict"] is None
    assert stopped["run"]["in_use"] == ""
    assert stopped["run"]["limits"] == ["The run has not finished: nothing is known about its prompts yet."]
    other = opened()
    assert other.call("status", path=path)["state"] == "interrupted"
    other.call("resume", path=path, max_calls=stopped["run"]["calls"] + 40)
    assert ended(other, path)["run"]["verdict"] is not None


@pytest.mark.slow
def test_what_is_the_users_to_decide_is_refused(folder: Path, opened: Open) -> None:
    outside = folder.parent / "outside.jsonl"
    outside.write_text('{"input": "a secret"}')
    (folder / "link.jsonl").symlink_to(outside)
    client = opened("--app", "cat")
    for app in ("sh", "node team.mjs", "http://127.0.0.1:1/", "team:answer --out x", "cat -"):
        assert "maspo mcp --app" in client.refused("discover", app=app, inputs="questions.jsonl")
    assert "made no call" in client.refused("discover", app="cat", inputs="questions.jsonl", rows=1)
    for path in ("../outside.jsonl", str(outside), "link.jsonl"):
        assert "leads out of" in client.refused("discover", app="team:answer", inputs=path)
    assert "leads out of" in client.refused("discover", app="team:answer", inputs="questions.jsonl", out="../x.yaml")
    for python in ("/bin/sh", "../bin/python", "state/bin/python"):
        assert "python" in client.refused("discover", app="team:answer", inputs="questions.jsonl", python=python)
    unknown = {"base_url": "http://127.0.0.1:1/", "set": "models.base_url=x", "max_calls": 0}
    for name, value in unknown.items():
        why = client.refused("discover", app="team:answer", inputs="questions.jsonl", **{name: value})
        assert name in why
    (folder / "theirs.yaml").write_text("app: {run: 'team:other'}\nagents: {a: {prompt: Be good.}}\noutput: a\n")
    theirs = {"system": "theirs.yaml", "inputs": "questions.jsonl"}
    assert "--trust" in client.refused("optimize", **theirs, max_calls=5)
    assert "nothing was started" in client.refused("status", path="nowhere")


async def test_a_job_that_cannot_be_started_has_failed_and_is_not_at_work() -> None:
    for given in ("a\0b", "a" * 5_000_000):
        job = Job("out")
        await job.run(["optimize", f"--agent-model={given}"])
        assert (job.exit_code, job.ended.is_set()) == (EXIT_ERROR, True)
        assert "cannot be started" in job.said[-1]
