"""A key that the endpoint repeats everywhere and in every spelling reaches no file, no screen and no report."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.team.load import dump_system
from maspo.world import World
from maspo.world.serve import read_request
from maspo.world.spec import WorldSpec
from tests.cli.test_processes import SECONDS, started, wait_for
from tests.security.keys import KEY, SPELLED, shows_key_somehow

SPEC = WorldSpec(seed=5)
SMALL = ("--set", "search.calls_per_agent=50", "--set", "models.attempts=8", "--seed", "5")


def test_k06_every_spelling_is_found_by_this_test_itself() -> None:
    assert [name for name, spelled in SPELLED.items() if not shows_key_somehow(f"x {spelled} y")] == []


@dataclass
class Echo:
    """The simulated world behind an endpoint that repeats its caller's key wherever it can."""

    url: str = ""
    asked: int = 0
    held: int = 0
    """Requests that came with the key."""
    collected: list[str] = field(default_factory=list)
    """What was sent to it as a collector of OpenTelemetry."""
    status: int = 0
    """With which every request is refused; 0 for every fifth only."""
    spellings: Iterator[str] = field(default_factory=lambda: itertools.cycle(SPELLED.values()))
    world: World = field(default_factory=lambda: World(SPEC))

    def completion(self, body: dict[str, Any], headers: Any) -> dict[str, Any]:
        reply = self.world.reply(read_request(body, headers))
        message = {"role": "assistant", "content": f"{next(self.spellings)}\n{reply.text}"}
        message["reasoning_content"] = f"the key is {next(self.spellings)}"
        usage = {"prompt_tokens": reply.tokens_in, "completion_tokens": reply.tokens_out, "note": next(self.spellings)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": KEY, "model": next(self.spellings), "choices": [choice], "usage": usage}


@contextmanager
def echoing() -> Iterator[Echo]:
    found = Echo()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send(200, json.dumps({"data": [{"id": spelled} for spelled in SPELLED.values()]}))

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith(("/metrics", "/traces")):
                found.collected.append(sent.decode())
                return self.send(200, "{}")
            body = json.loads(sent)
            found.asked += 1
            found.held += KEY in self.headers.get("Authorization", "")
            number = found.asked
            is_probe = self.headers.get("X-Maspo-Purpose", "").startswith("other.")
            if found.status or (number % 5 == 0 and not is_probe):
                status = found.status or (400, 429, 500, 503)[number // 5 % 4]
                said = next(found.spellings)
                error = {"message": f"cannot do that: {said}", "code": said, "type": said, "param": said}
                self.send(status, json.dumps({"error": error}) if number % 2 else f"<p>{said}</p>")
            elif "messages" not in body:
                self.send(404, json.dumps({"error": {"message": f"no such page for {next(found.spellings)}"}}))
            elif body.get("stream") and number % 2:
                self.send(200, "".join(self.parts(found.completion(body, self.headers))), "text/event-stream")
            else:
                self.send(200, json.dumps(found.completion(body, self.headers)))
            return None

        def parts(self, whole: dict[str, Any]) -> Iterator[str]:
            message = whole["choices"][0]["message"]
            for name in ("reasoning_content", "content"):
                text = message[name]
                for start in range(0, len(text), 7):
                    choice = {"index": 0, "delta": {name: text[start : start + 7]}, "finish_reason": None}
                    yield f"data: {json.dumps({**whole, 'usage': None, 'choices': [choice]})}\n\n"
            last = {"index": 0, "delta": {}, "finish_reason": "stop"}
            yield f"data: {json.dumps({**whole, 'choices': [last]})}\n\ndata: [DONE]\n\n"

        def send(self, status: int, text: str, kind: str = "application/json") -> None:
            data = text.encode()
            self.send_response(status, KEY)
            for name in ("X-Request-Id", "Set-Cookie", "WWW-Authenticate", "X-RateLimit-Reset-Requests"):
                self.send_header(name, KEY)
            self.send_header("Retry-After", "0" if status != 200 else KEY)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        server.shutdown()


def shown_in(folder: Path) -> list[str]:
    """Return the files of a folder that show the key, byte by byte and, of databases, value by value."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_bytes().decode("latin-1")
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as database:
                tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                for table in tables:
                    rows = database.execute(f"SELECT * FROM {table}")
                    text += "\n".join(str(value) for row in rows for value in row)
        found += [str(path)] if shows_key_somehow(text) else []
    return found


@pytest.mark.slow
def test_k07_whole_commands_keep_and_show_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("maspo.cli.doctor.choose_level", lambda: ("none", "not tried here"))  # takes seconds
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("MASPO_METRICS", "MASPO_LOG"):
        monkeypatch.setenv(name, "")  # what a command sets for its children ends with this test
    world = World(SPEC)
    (tmp_path / "system.yaml").write_text(dump_system(world.system("reflect")))
    rows = [json.dumps({**row, "answer": "7"}) + "\n" for row in world.inputs(16)]
    (tmp_path / "inputs.jsonl").write_text("".join(rows))
    with echoing() as endpoint:
        to = ("--base-url", endpoint.url, "--agent-model", "m")
        collector = endpoint.url.removesuffix("/v1")
        told = ("--json", "--metrics", collector, "--log", "operators.jsonl")
        given = ("system.yaml", "--inputs", "inputs.jsonl", *to)
        screens = []
        commands = (
            ("doctor", "--no-local", "--base-url", endpoint.url),
            ("doctor", "--no-local", "--base-url", endpoint.url, "--json"),
            ("check", *given),
            ("check", *given, "--json"),
            ("optimize", *given, *SMALL, "--max-calls", "60", "--out", "run", "--yes", *told),
            ("resume", "run", "--max-calls", "4000", *told),
            ("report", "run"),
            ("report", "run", "--json"),
            ("diff", "run"),
            ("diff", "run", "--json"),
            ("spans", "run", "--content", "--out", "spans.json"),
            ("spans", "run", "--content", "--to", collector),
            ("evaluate", *given, "--prompts", "run", "--scorer", "exact", "--out", "measured", "--yes"),
            ("judge-check", *given, "--scorer", "exact", "--out", "judged", "--yes"),
            ("runs", "."),
            ("runs", ".", "--json"),
            ("optimize", *given, "--out", "refused", "--yes", "--json"),
            ("optimize", *given, "--out", "refused", "--yes"),
        )
        for command in commands:
            endpoint.status = 401 if "refused" in command else 0
            done = CliRunner().invoke(app, list(command))
            screen = f"{done.output}{done.exception!r}"
            assert "bug" not in screen, screen
            assert done.exit_code in ((5,) if endpoint.status else (0, 4)), screen
            assert not shows_key_somehow(screen), screen
            screens.append(screen)
    assert endpoint.asked == endpoint.held > 100
    assert [sent for sent in endpoint.collected if shows_key_somehow(sent)] == []
    assert sum("[key]" in sent for sent in endpoint.collected) > 0, "spans hold what was repeated"
    assert len(endpoint.collected) > 2 and (tmp_path / "operators.jsonl").stat().st_size > 0
    assert shown_in(tmp_path) == []
    assert "[key]" in screens[-1] and "[key]" in screens[0]
    for name in ("run/run.db", "run/report.html", "spans.json", "measured/rows.jsonl"):
        assert b"[key]" in (tmp_path / name).read_bytes(), f"{name}: nothing was repeated, so nothing was tried"


def read_by_an_app(body: str) -> str:
    """Return the text of a reply as an app puts it into its next request."""
    if body.startswith("{"):
        return str(json.loads(body)["choices"][0]["message"]["content"])
    parts = [json.loads(line.removeprefix("data: ")) for line in body.splitlines() if line.startswith("data: {")]
    return "".join(part["choices"][0]["delta"].get("content", "") for part in parts)


@pytest.mark.slow
def test_k08_the_gateway_keeps_and_shows_no_key_of_an_app(tmp_path: Path) -> None:
    out = tmp_path / "calls.jsonl"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    with (
        echoing() as endpoint,
        started("gateway", "--base-url", endpoint.url, "--out", str(out), env=environment) as gateway,
    ):
        assert gateway.stdout is not None
        lines = [gateway.stdout.readline().strip() for _ in range(8)]
        url = dict(line.removeprefix("export ").split("=", 1) for line in lines)["OPENAI_BASE_URL"]
        wait_for(gateway, "Ctrl-C")
        history: list[dict[str, str]] = [{"role": "system", "content": "Solve it."}]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for number in range(2 * len(SPELLED)):
            asked = [*history[-3:], {"role": "user", "content": f"question {number}"}]
            body = {"model": "m", "messages": asked, "stream": number % 2 == 0, "temperature": 0}
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), headers)
            try:
                with opener.open(request, timeout=SECONDS) as response:
                    history.append({"role": "assistant", "content": read_by_an_app(response.read().decode())})
            except urllib.error.HTTPError as refused:
                with refused:
                    history.append({"role": "user", "content": refused.read().decode()})
        gateway.send_signal(signal.SIGINT)
        printed, notes = gateway.communicate(timeout=SECONDS)
    assert endpoint.held > len(SPELLED)
    assert not shows_key_somehow(printed + notes), printed + notes
    assert shown_in(tmp_path) == []
    assert "[key]" in out.read_text()
