"""What frameworks do to prompts, and whether maspo finds the teams in them: each in its newest release.

    .venv-dev/bin/python frameworks/run.py [--only agno,dspy] [--environments DIR] [--write]

For each team in ``teams/``: an environment of its own, made where it is missing; the app alone against an endpoint on
this machine that keeps what it is asked; then ``maspo discover``. With ``--write`` the tables in docs/frameworks.md are
renewed. Exit code 1 where an agent was missed, a call was attributed wrongly, or a framework did not run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import yaml

from maspo.apps.pool import QUIET

HERE: Final = Path(__file__).resolve().parent
PAGE: Final = HERE.parent / "docs" / "frameworks.md"
PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "agent_framework": ("agent-framework-core", "agent-framework-openai"),
    "agno": ("agno", "openai"),
    "crewai": ("crewai",),
    "dspy": ("dspy",),
    "google_adk": ("google-adk", "litellm"),
    "langgraph": ("langgraph", "langchain", "langchain-openai"),
    "llama_index": ("llama-index-core", "llama-index-llms-openai-like"),
    "openai_agents": ("openai-agents",),
    "pydantic_ai": ("pydantic-ai-slim[openai]",),
    "smolagents": ("smolagents[openai]",),
    "strands": ("strands-agents[openai]",),
}
"""What is installed; the version of the first is told."""
READ: Final = {file.stem for file in (HERE.parent / "src" / "maspo" / "apps" / "readers").glob("[!_]*.py")}
"""Frameworks whose own names of agents are read; of the others, names are those that their prompts give."""
FIRST, LAST = "You write down what the problem asks for.", "End of the instructions."
TEXTS: Final[Mapping[str, str]] = {
    "`{x}`": "{x}",
    "`{{y}}`": "{{y}}",
    "`{% z %}`": "{% z %}",
    "`$v`": "$v ${w}",
    "LaTeX": r"\frac{a}{b} \n",
    "white space": "two  spaces\n    and an indented line",
}
"""What stands between the first and the last sentence of a prompt; each in a run of its own."""
PROMPTS: Final[Mapping[str, str]] = {"scout": FIRST, "author": "ive the letter of the answer"}
"""Who is called in each team, and a passage by which the endpoint knows its calls."""
FAILURES: Final = 2
"""Refusals with HTTP 500 after which the endpoint answers, when retries are counted."""
ROWS: Final = [
    {"input": f"Question number {number}: which letter follows {letter}?"} for number, letter in enumerate("KQSVE")
]
_SECONDS: Final = 180
_TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n)((?:\|.*\n)*)(<!-- end -->)")


@dataclass
class Endpoint:
    """Answers chat completions, plain and streamed; keeps requests; fails as often as it is told."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    fails: int = 0

    def answer(self, body: dict[str, Any]) -> str:
        """Return what a model might say; DSPy wants its fields framed."""
        text = json.dumps(body["messages"])
        framed = re.findall(r"starting with the field `\[\[ ## (\w+) ## \]\]", text)
        said = f"It asks which letter follows another one, case {len(text) % 97}."
        return f"[[ ## {framed[-1]} ## ]]\n{said}\n\n[[ ## completed ## ]]" if framed else said

    def prompts(self) -> list[str]:
        """Return what instructs in each request."""
        return [
            "\n".join(text_of(one["content"]) for one in body["messages"] if one["role"] in ("system", "developer"))
            for body in self.heard
        ]


def text_of(content: object) -> str:
    """Return a content as text."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Serve on this machine."""
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            """Answer."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.heard.append(body)
            if found.fails:
                found.fails -= 1
                self._send(500, "application/json", json.dumps({"error": {"message": "broken"}}))
                return
            said = {"id": "c", "created": 1, "model": "m"}
            text, usage = found.answer(body), {"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29}
            if body.get("stream"):
                deltas = [({"role": "assistant", "content": text}, None), ({}, "stop")]
                chunks: list[dict[str, Any]] = [
                    {"choices": [{"index": 0, "delta": d, "finish_reason": e}]} for d, e in deltas
                ]
                chunks.append({"choices": [], "usage": usage})
                events = [json.dumps({**said, "object": "chat.completion.chunk", **chunk}) for chunk in chunks]
                self._send(200, "text/event-stream", "".join(f"data: {one}\n\n" for one in [*events, "[DONE]"]))
                return
            message = {"role": "assistant", "content": text}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            whole = {**said, "object": "chat.completion", "choices": choices, "usage": usage}
            self._send(200, "application/json", json.dumps(whole))

        def _send(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Tell of all but a client that has ended."""
            if not isinstance(sys.exc_info()[1], ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield found
    finally:
        server.shutdown()


ALONE: Final = """
import asyncio, inspect, json, os, sys
name, row, prompts = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
for prompt in prompts:
    os.environ["SCOUT_PROMPT"] = prompt
    sys.modules.pop(name, None)
    try:
        answer = getattr(__import__(name), "answer")(row)
        if inspect.isawaitable(answer):
            async def run(): return await answer
            asyncio.run(run())
        told = ""
    except Exception as error:
        told = type(error).__name__
    print("told " + json.dumps([prompt, told]), flush=True)
"""
"""Runs a team with one prompt after another, the team's own module anew for each."""


def environment(name: str, folder: Path) -> Path:
    """Return the interpreter of a framework's environment; make that if it is not there."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
        try:
            subprocess.run([*pip, *PACKAGES[name]], check=True)
        except BaseException:  # half an environment would be taken for a whole one
            shutil.rmtree(folder / name)
            raise
    return python


def version(name: str, python: Path) -> str:
    """Return package and version."""
    package = PACKAGES[name][0].partition("[")[0]
    code = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return f"{package} {done.stdout.strip()}"


def alone(name: str, python: Path, server: Endpoint, *prompts: str) -> Mapping[str, str]:
    """Run a team with each prompt, without maspo; return the names of the errors that it ended with, by prompt."""
    server.heard.clear()
    settings = {**QUIET, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "x"}
    command = [str(python), "-c", ALONE, f"{name}_team", json.dumps(ROWS[0]), json.dumps(prompts)]
    done = subprocess.run(
        command,
        check=True,
        cwd=HERE / "teams",
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    told = [line.removeprefix("told ") for line in done.stdout.splitlines() if line.startswith("told ")]
    return dict(json.loads(line) for line in told)


def arrival(server: Endpoint, begins: str, middle: str, failed: str) -> str:
    """Return what became of a text on its way."""
    prompts = [text for text in server.prompts() if begins in text]
    if not prompts:
        return failed or "not sent"
    found = prompts[0].partition(begins)[2].partition(LAST)[0]
    if found == f" {middle} ":
        return "unchanged"
    if " ".join(found.split()) == " ".join(middle.split()):
        return "white space changed"
    return f"becomes `{' '.join(found.split())}`" if found.strip() else "left out"


@dataclass(frozen=True)
class Row:
    """What was found of one framework."""

    name: str
    version: str
    arrivals: Mapping[str, str]
    own: int
    """Characters of the first call's instructions beyond the prompt."""
    calls: int
    """Calls of one run; two agents are called once each."""
    attempts: int
    """Requests that a call takes which is refused twice with HTTP 500: 3, or 1 where nobody tries again."""
    found: tuple[str, ...]
    counted: Mapping[str, int]
    """Calls of each agent at the endpoint, in the rollouts of ``maspo discover``."""
    told: Mapping[str, int]
    """The same as maspo tells them."""
    warned: bool
    """Whether it names the agent that is never called."""

    @property
    def right(self) -> bool:
        """Whether every agent was found, under its own name where that is read, and every call is told as its own."""
        if self.name in READ:
            return self.warned and all(self.told.get(one) == self.counted[one] > 0 for one in PROMPTS)
        return len(self.found) == len(PROMPTS) and sorted(self.told.values()) == sorted(self.counted.values())


def measure(name: str, python: Path) -> Row:
    """Run one framework's team."""
    with endpoint() as server:
        begins = {text: f"{FIRST} Form {number}." for number, text in enumerate(TEXTS)}
        prompts = {text: f"{begins[text]} {middle} {LAST}" for text, middle in TEXTS.items()}
        failed = alone(name, python, server, *prompts.values())
        arrivals = {
            text: arrival(server, begins[text], middle, failed[prompts[text]]) for text, middle in TEXTS.items()
        }
        alone(name, python, server, FIRST)
        calls, first = len(server.heard), next((text for text in server.prompts() if FIRST in text), "")
        server.fails = FAILURES
        alone(name, python, server, FIRST)
        attempts = max(1, len(server.heard) - calls + 1)
        server.fails = 0
        server.heard.clear()
        with tempfile.TemporaryDirectory() as folder:
            said = discovered(name, python, server, Path(folder))
        counted = Counter(agent for text in server.prompts() for agent, passage in PROMPTS.items() if passage in text)
    return Row(
        name,
        version(name, python),
        arrivals,
        len(first.strip()) - len(FIRST),
        calls,
        attempts,
        tuple(said["agents"]),
        counted,
        {agent: sum(one["models"].values()) for agent, one in said["agents"].items()},
        any(note.casefold().startswith("auditor: ") for note in said["notes"]),
    )


def discovered(name: str, python: Path, server: Endpoint, folder: Path) -> dict[str, Any]:
    """Return what ``maspo discover`` says of a team."""
    (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    settings = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "x", "XDG_STATE_HOME": str(folder)}
    command = [
        sys.executable,
        "-m",
        "maspo",
        "discover",
        "--app",
        f"{name}_team:answer",
        "--python",
        str(python),
        "--json",
    ]
    command += ["--inputs", str(folder / "rows.jsonl"), "--out", str(folder / "system.yaml"), "--workers", "2"]
    done = subprocess.run(
        command,
        check=False,
        cwd=HERE / "teams",
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=2 * _SECONDS,
    )
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return {"agents": {}, "notes": []}
    yaml.safe_load((folder / "system.yaml").read_text())
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def tables(rows: list[Row]) -> Mapping[str, str]:
    """Return the tables of the page."""
    texts = ["framework", *TEXTS]
    calls = ["framework", "own text", "calls", "requests for a call refused twice", "agents found", "never called"]
    arrived = [[row.version, *row.arrivals.values()] for row in rows]
    counted = [
        [
            row.version,
            f"{row.own:,} characters" if row.own else "none",
            f"{row.calls} for 2 agents",
            str(row.attempts),
            ", ".join(agent_cell(row, agent) for agent in row.found),
            "named" if row.warned else "not named",
        ]
        for row in rows
    ]
    return {"texts": table(texts, arrived), "calls": table(calls, counted)}


def agent_cell(row: Row, agent: str) -> str:
    """Return an agent with its calls: those that are told as its own, of those that reached the endpoint."""
    return f"{agent} {row.told[agent]}" + (f" of {row.counted[agent]}" if agent in row.counted else "")


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def merged(before: str, now: str) -> str:
    """Return a table with the rows of now, and those of before that are of other frameworks."""
    head, rule, *rows = now.splitlines(keepends=True)
    kept = {line.split()[1]: line for line in (*before.splitlines(keepends=True)[2:], *rows)}
    return "".join((head, rule, *(kept[name] for name in sorted(kept))))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names, with commas")
    parser.add_argument("--environments", type=Path, default=HERE.parent / ".venv-frameworks")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(PACKAGES)
    if unknown := sorted(set(names) - set(PACKAGES)):
        raise SystemExit(f"--only: no team of {', '.join(unknown)}; there are {', '.join(PACKAGES)}")
    rows = []
    for name in names:
        try:
            row = measure(name, environment(name, given.environments.resolve()))
        except subprocess.SubprocessError as error:  # the others may work
            print(f"{name}: {error}\n{str(getattr(error, 'stderr', None) or '')[-2000:]}", file=sys.stderr, flush=True)
            continue
        print(json.dumps(vars(row)), flush=True)
        rows.append(row)
    found = tables(rows)
    print("\n".join(found.values()))
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_TABLE.sub(lambda one: one[1] + merged(one[3], found[one[2]]) + one[4], page), encoding="utf-8")
    raise SystemExit(0 if len(rows) == len(names) and all(row.right for row in rows) else 1)


if __name__ == "__main__":
    main()
