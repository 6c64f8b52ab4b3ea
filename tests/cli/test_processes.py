"""The program as its own process: signals, exit codes, what survives an interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

MASPO = [sys.executable, "-m", "maspo"]
SECONDS = 60


@contextmanager
def started(*arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*MASPO, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def world(*arguments: str) -> Iterator[str]:
    with started("world", "serve", "--port", "0", *arguments) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"ended without {text!r}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_world_serve_prints_its_url_first_and_ends_with_0(number: signal.Signals) -> None:
    with started("world", "serve", "--port", "0") as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("http://127.0.0.1:")
        server.send_signal(number)
        assert server.wait(SECONDS) == 0


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run([*MASPO, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("maspo ")
    assert subprocess.run([*MASPO, "resume", "gone"], capture_output=True, check=False).returncode == 2


def test_help_imports_nothing_heavy() -> None:
    heavy = ["aiohttp", "pydantic", "rich", "yaml", "sqlite3", "asyncio"]
    code = f"import sys, maspo.cli.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_simulated_run_loads_no_http_library() -> None:
    code = "import sys, maspo.cli.prepare, maspo.cli.running, maspo.study.optimize; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_an_interrupted_run_ends_with_130_and_is_resumed_to_the_same_prompts(maspo: Run, folder: Path) -> None:
    demo = ["demo", "--topology", "hierarchical", "--inputs", "60", "--json", "--out"]
    with started(*demo, "run") as run:
        wait_for(run, "round 1 of")
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=SECONDS)
    assert run.returncode == 130, err
    said = json.loads(out.splitlines()[-1])
    assert (said["verdict"], said["exit_code"]) == (None, 130)
    assert "maspo resume run" in err
    resumed, straight = maspo("resume", "run", "--json"), maspo(*demo, "straight")
    assert (resumed.code, straight.code) == (0, 0), resumed.err
    assert (folder / "run/prompts.json").read_text() == (folder / "straight/prompts.json").read_text()
    for name in ("agent", "judge", "proposer"):
        assert resumed.json["calls"][name] == straight.json["calls"][name]


def test_a_second_ctrl_c_ends_at_once() -> None:
    arguments = ["optimize", "system.yaml", "--inputs", "inputs.jsonl", "--base-url"]
    with world("--latency-ms", "3000") as url, started(*arguments, url) as run:
        wait_for(run, "2 agents")
        run.send_signal(signal.SIGINT)
        wait_for(run, "Stopping")
        run.send_signal(signal.SIGINT)
        assert run.wait(2) == 130


def test_a_closed_pipe_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*MASPO, "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert "Traceback" not in done.stderr
