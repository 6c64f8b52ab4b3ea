"""The package of docs/extending.md in an empty environment: it runs, is killed, goes on, and its record is read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pydantic
import pytest

from maspo.events import Event, PromptChanged, PromptKept, RunFinished, RunStarted, StepStarted
from maspo.store import RecordedResult, RunStore, decode
from tests.docs.test_docs_run import blocks
from tests.packages import build, unpack, write

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"
SECONDS = 60
CALLS_BEFORE_THE_KILL = 70
COUNTED = '''
"""The client of the example; it writes down what it is asked, and after so many calls it answers no more."""

import asyncio
import os

from maspo_example.client import Simulated


class Counted(Simulated):
    asked = 0

    async def complete(self, request):
        self.asked += 1
        with open(os.environ["COUNTED_FILE"], "a") as file:
            print(request.key, file=file)
        if self.asked > int(os.environ.get("COUNTED_MOST", "1000000")):
            print("no further answer", flush=True)
            await asyncio.Event().wait()
        return await super().complete(request)
'''
BY_NAME = {
    "models.client": "counted",
    "search.method": "one-by-one",
    "judge.kind": "plain",
    "judge.options.criterion": "brevity",
    "proposer.kind": "small-edits",
    "runner.kind": "second-look",
}
POINTS = {
    "one-by-one": "maspo.optimizers",
    "plain": "maspo.judges",
    "small-edits": "maspo.proposers",
    "second-look": "maspo.runners",
    "counted": "maspo.model_clients",
}


@dataclass(frozen=True)
class Environment:
    """An environment with maspo in it, and a folder to work in."""

    python: Path
    folder: Path

    @property
    def packages(self) -> Path:
        return next((self.python.parents[1] / "lib").glob("python3*/site-packages"))

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python), "-m", "maspo", *arguments]

    def variables(self, **more: str) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "XDG_STATE_HOME") if name in os.environ}
        return {**kept, "HOME": str(self.folder), "COUNTED_FILE": str(self.folder / "asked"), **more}

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def asked(self) -> list[str]:
        """Return the keys of the calls that the client was asked for."""
        return (self.folder / "asked").read_text(encoding="utf-8").split()


def environment(place: Path, *wheels: Path) -> Environment:
    """Make an empty environment with these wheels; what maspo depends on is seen where it is installed already."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "env")], check=True)
    made = Environment(place / "env" / "bin" / "python", place)
    for wheel in wheels:
        unpack(wheel, made.packages)
    dependencies = Path(str(pydantic.__file__)).parents[1]
    (made.packages / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheels of this source tree, and of the package that the page shows."""
    project = tmp_path_factory.mktemp("project")
    for block in blocks(PAGE):
        if "file" in block.said:
            file = project / block.said["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
    return build(ROOT, tmp_path_factory.mktemp("maspo")), build(project, tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def whole(wheels: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with maspo and the package, in a folder with a team and sums."""
    made = environment(tmp_path_factory.mktemp("whole"), *wheels)
    write(made.packages, "maspo-counted", {"maspo.model_clients": {"counted": "counted:Counted"}}, {"counted": COUNTED})
    (team,) = (block.text for block in blocks(PAGE) if block.said.get("file") == "team.yaml")
    (made.folder / "team.yaml").write_text(team, encoding="utf-8")
    rows = "".join(f"{json.dumps({'a': number, 'b': 7 * number})}\n" for number in range(60))
    (made.folder / "sums.jsonl").write_text(rows, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def bare(wheels: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with maspo alone."""
    return environment(tmp_path_factory.mktemp("bare"), wheels[0])


@pytest.fixture(scope="module")
def killed(whole: Environment) -> Path:
    """A run folder whose process was killed in the middle of its search."""
    sets = [f"--set={name}={value}" for name, value in BY_NAME.items()]
    command = whole.command("optimize", "team.yaml", "--task", "sums", "--data", "sums.jsonl", "--out", "killed", *sets)
    with subprocess.Popen(
        command,
        cwd=whole.folder,
        env=whole.variables(COUNTED_MOST=str(CALLS_BEFORE_THE_KILL)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "no further answer\n")
        told = "".join(line for line in _until_the_end(said))
        assert process.poll() is None, told
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, told
    return whole.folder / "killed"


def _until_the_end(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        assert line, "the process has ended by itself"
        yield line


def recorded_keys(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "run.db")) as database:
        return {key for (key,) in database.execute("SELECT key FROM calls")}


def events(folder: Path) -> list[Event]:
    store = RunStore.read(folder / "run.db")
    try:
        recorded = [decode(entry) for entry in store.journal()]
    finally:
        store.close_reader()
    return [one for one in recorded if not isinstance(one, RecordedResult)]


@pytest.mark.slow
def test_x01_a_run_of_outside_parts_is_killed_goes_on_and_is_read_back(whole: Environment, killed: Path) -> None:
    before, recorded = len(whole.asked()), recorded_keys(killed)
    assert CALLS_BEFORE_THE_KILL // 2 < len(recorded) <= CALLS_BEFORE_THE_KILL
    folder = whole.folder / "gone-on"
    shutil.copytree(killed, folder)
    whole.run("resume", "gone-on")
    again = whole.asked()[before:]
    assert again, "the run was not over when it was killed"
    assert not recorded & set(again), "a recorded call is repeated"
    assert len(again) == len(set(again))

    told = events(folder)
    started = next(event for event in told if isinstance(event, RunStarted))
    assert started.method == "one-by-one"
    assert [event.agent for event in told if isinstance(event, StepStarted)] == ["solver", "critic"]
    assert any(isinstance(event, PromptChanged | PromptKept) for event in told)
    finished = next(event for event in told if isinstance(event, RunFinished))
    assert finished.complete
    assert finished.usage["agent"].calls > 0 < finished.usage["proposer"].calls

    assert "rewritten" in whole.run("report", "gone-on").stdout
    (found,) = (run for run in _runs(whole) if run["dir"] == "gone-on")
    assert (found["verdict"], found["state"]) == (finished.verdict, "finished")


def _runs(where: Environment) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(where.run("runs", ".", "--json").stdout.splitlines()[-1])["runs"]
    return found


@pytest.mark.slow
def test_x02_killed_or_not_the_result_is_the_same(whole: Environment, killed: Path) -> None:
    sets = [f"--set={name}={value}" for name, value in BY_NAME.items()]
    whole.run("optimize", "team.yaml", "--task", "sums", "--data", "sums.jsonl", "--out", "unhurt", *sets)
    folder = whole.folder / "once-more"
    shutil.copytree(killed, folder)
    whole.run("resume", "once-more")
    one, other = ((place / "prompts.json").read_bytes() for place in (whole.folder / "unhurt", folder))
    assert one == other
    finished = next(event for event in events(whole.folder / "unhurt") if isinstance(event, RunFinished))
    used = sum(usage.calls for purpose, usage in finished.usage.items() if not purpose.startswith("other."))
    told = whole.run("estimate", "team.yaml", "--task", "sums", "--data", "sums.jsonl", *sets, "--json").stdout
    most = json.loads(told.splitlines()[-1])["calls"]["total"]
    assert used <= most, "what is said beforehand holds, also when a runner calls an agent twice"


@pytest.mark.slow
def test_x03_without_the_package_it_is_reported_and_not_gone_on_with(bare: Environment, killed: Path) -> None:
    folder = bare.folder / "killed"
    shutil.copytree(killed, folder)
    journal, keys = events(folder), recorded_keys(folder)
    assert "agent" in bare.run("report", "killed").stdout
    assert (folder / "report.html").stat().st_size > 0
    refused = bare.run("resume", "killed", code=2).stderr
    for name, group in POINTS.items():
        assert repr(name) in refused, refused
        assert repr(group) in refused, refused
    assert "install the package" in refused
    assert (events(folder), recorded_keys(folder)) == (journal, keys), "nothing was paid, nothing was recorded"


@pytest.mark.slow
def test_x04_the_scorer_is_chosen_by_name(whole: Environment) -> None:
    rows = [{"id": 1, "output": "It is 4", "answer": 4}, {"id": 2, "output": "It is 4.4", "answer": 4}]
    (whole.folder / "outputs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    for name, right in (("last-number", [True, False]), ("last-number:0.5", [True, True])):
        lines = whole.run("score", "outputs.jsonl", "--scorer", name).stdout.splitlines()
        assert [json.loads(line)["correct"] for line in lines] == right


@pytest.mark.slow
def test_x05_a_broken_package_disturbs_only_who_asks_for_it(whole: Environment, wheels: tuple[Path, Path]) -> None:
    points = {"maspo.judges": {"broken": "broken_judge:Judge"}, "maspo.tasks": {"lost": "broken_judge:Task"}}
    write(whole.packages, "maspo-broken", points, {"broken_judge": "import a_module_that_is_gone"})
    check = ["check", "team.yaml", "--task", "sums", "--data", "sums.jsonl", "--base-url", "http://127.0.0.1:9/v1"]
    whole.run(*check)
    for arguments in (["--set", "judge.kind=broken"], ["--task", "lost"]):
        told = whole.run(*check, *arguments, code=2).stderr
        for words in ("maspo-broken", "a_module_that_is_gone", "entry point", "update or remove"):
            assert words in told
