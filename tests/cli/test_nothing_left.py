"""Commands whose endpoint never answers leave no folder behind, and keep what was there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.world import World
from maspo.world.serve import Faults
from tests.cli.test_commands import world_server

if TYPE_CHECKING:
    from tests.cli.conftest import Run

DEAD = "http://127.0.0.1:9/v1"
COMMANDS = ("optimize", "evaluate", "judge-check")


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    with world_server(Faults(api_key="right")) as base_url:
        yield base_url


def arguments(command: str, url: str) -> list[str]:
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in World().inputs(8)))
    return [command, "system.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--set", "models.attempts=1"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("refusal", [("", 5), ("sk-wrong", 5), ("sk\nkey", 2)])
@pytest.mark.parametrize("out", [(), ("--out", "deep/out")], ids=["default", "out"])
def test_h01_nothing_is_left(
    maspo: Run,
    monkeypatch: pytest.MonkeyPatch,
    guarded: str,
    command: str,
    refusal: tuple[str, int],
    out: tuple[str, ...],
) -> None:
    key, code = refusal
    monkeypatch.setenv("OPENAI_API_KEY", key)
    line = arguments(command, guarded if key else DEAD)
    before = sorted(Path().rglob("*"))
    said = maspo(*line, *out)
    assert said.code == code, said
    assert sorted(Path().rglob("*")) == before
    assert "resume" not in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_h02_a_folder_that_was_there_stays_with_all_in_it(maspo: Run, command: str) -> None:
    Path("out").mkdir()
    Path("out/notes.txt").write_text("mine")
    assert maspo(*arguments(command, DEAD), "--out", "out").code == 5
    assert [file.name for file in Path("out").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_h03_what_was_paid_for_stays(maspo: Run, guarded: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "right")
    line = arguments(command, guarded)
    assert maspo(*line, "--max-calls", "12", "--out", "out").code == 4
    records = sorted(Path("out").glob("*.db"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    assert maspo(*line, "--out", "out").code == 5
    assert sorted(Path("out").glob("*.db")) == records


@pytest.mark.parametrize("command", COMMANDS)
def test_h04_a_folder_that_cannot_be_made_is_said_before_a_call(maspo: Run, command: str) -> None:
    said = maspo(*arguments(command, DEAD), "--out", "/proc/x/y")
    assert said.code == 2, said
    assert "--out /proc/x/y: " in said.err and "give a folder that you may write to" in said.err


@pytest.mark.parametrize("command", ["check", "estimate"])
@pytest.mark.parametrize(
    ("out", "why"),
    [("rows.jsonl/out", "is a file; give a folder"), ("/proc/x/y", "no permission to write in /proc")],
)
def test_h05_what_makes_no_call_says_it_too(maspo: Run, command: str, out: str, why: str) -> None:
    said = maspo(*arguments(command, DEAD), "--out", out)
    assert said.code == 2, said
    assert f"--out {out}" in said.err and why in said.err


def test_h06_a_folder_that_only_root_may_write_is_written_by_root_and_left_as_it_was(maspo: Run) -> None:
    Path("closed").mkdir(mode=0o555)
    said = maspo(*arguments("check", DEAD), "--out", "closed/out")
    assert said.code == (0 if os.geteuid() == 0 else 2), said
    assert not list(Path("closed").iterdir())
