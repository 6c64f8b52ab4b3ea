"""Attack programs: none gets out of the sandbox or passes its tests, at no level, as no user."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

import maspo
from maspo.sandbox.launch import Level
from maspo.sandbox.selftest import examine
from maspo.sandbox.worker import ForkServer
from tests.sandbox.attacks.assault import broken
from tests.sandbox.attacks.attack import Forgery
from tests.sandbox.attacks.breaks import BREAKS
from tests.sandbox.attacks.forgeries import FORGERIES
from tests.sandbox.attacks.naive import SUCCESS

ROOT = Path(__file__).parents[2]
NOBODY = 65534
LEVELS: tuple[Level, ...] = ("full", "prelude")


@pytest.fixture
def unsafe() -> Iterator[ForkServer]:
    worker = ForkServer("unsafe")
    yield worker
    worker.close()


def holds(level: Level) -> None:
    """Skip where a level cannot be had; a level that can be had must hold."""
    finding = examine(level)
    if not finding.holds and "attacks succeeded" not in finding.why:
        pytest.skip(f"the level {level} is not to be had here: {finding.why}")


def assault(python: str, folder: Path, level: Level, user: int) -> dict[str, object]:
    command = [python, "-B", "-m", "tests.sandbox.attacks.assault", level]
    others = {"user": user, "group": user, "extra_groups": []} if user != os.getuid() else {}
    environment = {"PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}", "PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, **others)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


@functools.cache
def python_for_anybody() -> str | None:
    """Return an interpreter that a normal user may run; this one can stand in a folder that is closed to others."""
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (str(Path(sys.executable).resolve()), "/usr/bin/python3"):
        try:
            done = subprocess.run([python, "-c", code], cwd="/", user=NOBODY, group=NOBODY, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return None


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_x01_no_attack_succeeds(level: Level) -> None:
    holds(level)
    assert assault(sys.executable, ROOT, level, os.getuid()) == {"uid": os.getuid(), "succeeded": []}


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_x02_no_attack_of_a_normal_user_succeeds(level: Level) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another user; the test before this one ran as a normal user")
    holds(level)
    python = python_for_anybody()
    if python is None:
        pytest.skip("no interpreter (3.11 or newer) that a normal user may run")
    folder = Path(tempfile.mkdtemp(prefix="maspo-assault-"))  # not below a folder that is closed to others
    try:
        shutil.copytree(Path(str(maspo.__file__)).parent, folder / "src" / "maspo")
        shutil.copytree(ROOT / "tests" / "sandbox" / "attacks", folder / "tests" / "sandbox" / "attacks")
        subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
        assert assault(python, folder, level, NOBODY) == {"uid": NOBODY, "succeeded": []}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_x03_there_are_many_attacks_and_each_has_its_name() -> None:
    names = [attack.name for attack in (*FORGERIES, *BREAKS)]
    assert len(names) == len(set(names)) >= 60


@pytest.mark.parametrize("forgery", [one for one in FORGERIES if one.fools_naive], ids=lambda one: one.name)
def test_x04_control_a_forgery_fools_a_harness_in_its_own_process(forgery: Forgery) -> None:
    naive = Path(__file__).parent / "attacks" / "naive.py"
    job = json.dumps(asdict(forgery)).encode()
    done = subprocess.run([sys.executable, "-S", str(naive)], input=job, capture_output=True, timeout=20, check=False)
    assert done.returncode == 0 or SUCCESS.encode() in done.stdout, done.stderr.decode()


def test_x05_control_harmless_breaks_succeed_without_a_sandbox(unsafe: ForkServer) -> None:
    harmless = [one for one in BREAKS if one.harmless]
    assert len(harmless) >= 30
    assert set(broken(unsafe, harmless)) == {one.name for one in harmless}
