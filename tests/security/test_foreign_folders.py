"""Folders of somebody else: looking changes nothing outside, no key leaves this machine, nothing hangs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.config import ModelSettings
from maspo.data.tasks.task import Task
from maspo.models.base import Request
from maspo.study.attention import Attention
from maspo.study.evaluation.evaluate import evaluate
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder, counted_world, with_config
from tests.security.foreign.folders import MAKERS, NEWER, OLDER, Place
from tests.store.faulty_runs import small_job
from tests.study.test_evaluation import world_evaluation

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s3cret-of-this-machine"
VARIABLE = "MASPO_TEST_SECRET"
SECONDS = 60
"""That a command may take on a very busy machine; each takes a fraction of one."""
MEMORY = 3 << 30
"""Bytes of address space that a command may add."""
EXIT_CODES = {0, 1, 2, 4, 5}


@dataclass
class Theirs:
    """A server of somebody else on this machine; it counts requests, and those that hold the secret."""

    url: str = ""
    requests: int = 0
    lines: int = 0
    """Connections, whatever is spoken on them."""
    told: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def theirs() -> Iterator[Theirs]:
    found = Theirs()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
            found.requests += 1
            said = f"{self.path}\n{self.headers}\n{body}"
            if SECRET in said:
                found.told.append(said)
            reply = json.dumps({"choices": [{"message": {"content": "x"}}], "data": []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def handle(self) -> None:
            found.lines += 1
            super().handle()

        do_GET = do_POST = do_CONNECT = answer

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


@pytest.fixture(scope="session")
def template(theirs: Theirs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an interrupted run and a finished evaluation, as somebody else's machine wrote it."""
    out = tmp_path_factory.mktemp("theirs") / "run"
    models = ModelSettings(base_url=f"{theirs.url}/v1", api_key_env=VARIABLE, agent="m")
    world = small_job()
    job = with_config(replace(world, world=None), models=models)

    async def work() -> None:
        stop = asyncio.Event()

        async def stop_in_the_middle(_: Request) -> None:
            if model.calls == 12:
                stop.set()

        model = counted_world(world, stop_in_the_middle)
        await start(resolve(job), out, Recorder(), model.provider, stop)
        evaluation = world_evaluation()
        small = Task("small", evaluation.task.test_rows[:3], scorer="exact")
        asked = replace(evaluation, task=small, repeats=1, world=None, config=job.config)
        await evaluate(
            asked, out, Attention(Recorder(), counted_world(replace(world, world=evaluation.world)).provider)
        )

    with on_another_machine(tmp_path_factory.mktemp("state")):
        asyncio.run(work())
    (out / "judge.db").write_bytes((out / "evaluation.db").read_bytes())
    (out / "judge_check.json").write_text("{}")
    (out / "prompts.json").write_text(json.dumps({"solver": "Solve it."}))
    (out / "system.yaml").write_text("agents:\n  solver: {prompt: Solve the problem.}\n")
    (out / "pair.yaml").write_text(
        "agents:\n  solver: {prompt: Solve it.}\n  checker: {prompt: Check it., reads: [solver]}\n"
    )
    (out / "inputs.jsonl").write_text(
        "".join(json.dumps({"input": f"problem {n}", "answer": "x"}) + "\n" for n in range(8))
    )
    return out


@contextmanager
def on_another_machine(state: Path) -> Iterator[None]:
    before = os.environ["XDG_STATE_HOME"]
    os.environ["XDG_STATE_HOME"] = str(state)
    try:
        yield
    finally:
        os.environ["XDG_STATE_HOME"] = before


def contents(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return everything about what lies in a folder that may not change."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        data = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
        found[str(path.relative_to(folder))] = (about.st_mode, about.st_size, about.st_mtime_ns, data)
    return found


class Hung(Exception):
    pass


@contextmanager
def bounded() -> Iterator[None]:
    """Let what is run neither hang nor fill the memory."""

    def hung(*_: object) -> None:
        raise Hung

    before, limits = signal.signal(signal.SIGALRM, hung), resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, limits[1]))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.signal(signal.SIGALRM, before)


def commands(place: Place) -> list[list[str]]:
    run, rows = str(place.folder), next(place.folder.glob("inputs.jsonl*"), place.folder / "inputs.jsonl")
    given = [str(place.folder / "system.yaml"), "--inputs", str(rows)]
    # Where nobody listens. Without settings of theirs an address must be given, or the default one would be asked.
    nowhere = ["--base-url", "http://127.0.0.1:9/v1", "--set", "models.attempts=1"]
    away = [*nowhere, "--agent-model", "m"]
    bare = [] if os.path.lexists(place.folder / "maspo.toml") else nowhere
    return [
        ["runs", str(place.folder.parent)],
        ["diff", run, "seed", "winners"],
        ["diff", run, "seed", run],
        ["check", *given],
        ["estimate", *given],
        ["doctor", "--no-local", *bare[:2]],
        ["apply", run, "--check"],
        ["apply", run, "--yes"],
        ["report", run],
        ["resume", run],
        ["resume", run, "--max-calls", "100000"],
        ["evaluate", *given, "--yes", "--prompts", run, "--out", str(place.folder / "new"), *bare],
        ["evaluate", *given, "--yes", "--prompts", run, "--out", run, *away],
        ["optimize", *given, "--yes", "--out", str(place.folder / "other"), *bare],
        ["compare", *given, "--yes", "--methods", "default", "--out", run, *away],
        ["judge-check", *given, "--yes", "--scorer", "exact", "--out", run, *away],
    ]


@pytest.fixture
def place(theirs: Theirs, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    outside, folder = tmp_path / "outside", tmp_path / "runs" / "theirs"
    outside.mkdir()
    shutil.copytree(template, folder)
    (outside / "victim.txt").write_text("this stays as it is")
    (outside / "secret.txt").write_text(SECRET)
    (outside / "secret.json").write_text(json.dumps({"solver": SECRET}))
    (outside / "super").touch()
    shutil.copy(folder / "run.db", outside / "other.db")
    for name in ("OPENAI_API_KEY", VARIABLE, "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, theirs.url)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr("maspo.cli.doctor.choose_level", lambda: ("none", "not tried here"))  # takes seconds
    monkeypatch.chdir(folder)
    yield Place(folder, outside, theirs.url)
    folder.chmod(0o755)


def newer_commands(place: Place) -> list[list[str]]:
    run = str(place.folder)
    rows = str(place.folder / "inputs.jsonl")
    given = [str(place.folder / "system.yaml"), "--inputs", rows, "--yes", "--base-url", "http://127.0.0.1:9/v1"]
    given += ["--set", "models.attempts=1", "--agent-model", "m"]
    return [
        ["runs", str(place.folder.parent)],
        ["report", run],
        ["steer", run, "stop"],
        ["steer", run, "approve"],
        ["stress", *given, "--out", run],
        ["structure", str(place.folder / "pair.yaml"), *given[1:], "--out", run],
        ["watch", *given, "--state", run, "--once"],
        ["watch", *given, "--state", run, "--show"],
        ["transfer", run, *given[3:], "--out", str(place.folder / "moved")],
        ["store", "copy", run, str(place.folder / "copied")],
        ["import-prompts", str(place.folder / "prompts.json"), "--out", str(place.folder / "team.yaml")],
        ["inputs", "from-traces", rows, "--out", str(place.folder / "rows.jsonl")],
        ["resume", run],
    ]


def newest_commands(place: Place) -> list[list[str]]:
    run, library = str(place.folder), str(place.folder / "library.jsonl")
    rows = str(place.folder / "inputs.jsonl")
    given = [str(place.folder / "system.yaml"), "--inputs", rows, "--yes", "--base-url", "http://127.0.0.1:9/v1"]
    given += ["--set", "models.attempts=1", "--agent-model", "m"]
    return [
        ["runs", str(place.folder.parent)],
        ["report", run],
        ["diff", run, "seed", "winners"],
        ["library", library],
        ["library", library, run],
        ["optimize", *given, "--start-from", library, "--out", str(place.folder / "other")],
        ["optimize", *given, "--out", run],
        ["score", library, "--scorer", "exact"],
        ["spans", run],
        ["steer", run, "stop"],
        ["resume", run],
    ]


LOOKING = ("apply", "runs", "diff", "check", "estimate", "doctor")
"""Commands that leave the folder itself as it is."""


@pytest.mark.parametrize("name", [*MAKERS][:OLDER])
def test_f01_a_folder_of_somebody_else_reaches_nothing_outside(name: str, place: Place, theirs: Theirs) -> None:
    reaches_nothing(name, place, theirs, commands)


@pytest.mark.parametrize("name", [*MAKERS][OLDER:NEWER])
def test_f04_nor_do_newer_commands(name: str, place: Place, theirs: Theirs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    reaches_nothing(name, place, theirs, newer_commands)


@pytest.mark.parametrize("name", [*MAKERS][NEWER:])
def test_f05_nor_do_the_newest(name: str, place: Place, theirs: Theirs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    reaches_nothing(name, place, theirs, newest_commands)


def reaches_nothing(name: str, place: Place, theirs: Theirs, given: Callable[[Place], list[list[str]]]) -> None:
    """Check that commands over a folder change nothing outside, tell no secret and end."""
    MAKERS[name](place)
    before, requests, looked = contents(place.outside), theirs.requests + theirs.lines, at_a_glance(place.folder)
    for command in given(place):
        with bounded():
            done = CliRunner().invoke(app, command)
        said = f"{command}: {done.exit_code} {done.output[-2000:]} {done.exception!r}"
        assert done.exit_code in EXIT_CODES, said
        assert "This is a bug" not in done.output, said
        assert "too little memory" not in done.output, said
        assert SECRET not in done.output, said
        assert contents(place.outside) == before, said
        assert (theirs.requests + theirs.lines, theirs.told) == (requests, []), said
        if command[0] in LOOKING and given is commands:
            assert at_a_glance(place.folder) == looked, said
    assert list(Path(tempfile.gettempdir()).glob("maspo-*")) == [], "a copy was left"


def at_a_glance(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Return what lies in a folder and would tell of a change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if "deep" not in path.parts:
            about = path.lstat()
            found[path] = (about.st_ino, about.st_size, about.st_mtime_ns)
    return found


def test_f03_the_page_counts_the_folders_that_are_made() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = page.partition("<!-- table: foreign folders -->")[2].partition("<!-- end of table -->")[0]
    counted = [int(row) for row in re.findall(r"^\|[^|]+\| (\d+) \|", table, re.MULTILINE)]
    assert sum(counted) == len(MAKERS)
    assert f"{len(MAKERS)} of them" in (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
