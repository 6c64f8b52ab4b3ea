"""``--log``: lines of JSON for whoever operates runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maspo.cli.log import VARIABLE, Log, _opened, logged
from maspo.core.errors import ConfigInvalid, Interrupted, ProviderError
from maspo.mcp.jobs import _environment
from maspo.study.job import PAUSED, BudgetLease, Progress
from tests.cli.conftest import Run

NOW = Progress("search", 3, 10, 10, 600, 0.25, 12.5, 4)
SEED = "give the letter of your answer"
"""Stands in a prompt of the world's team."""


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def log(lines: list[str]) -> Log:
    return Log(lines.append, Path("work"))


def events(lines: list[str]) -> list[str]:
    return [json.loads(line)["event"] for line in lines]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lo01_a_run_is_told_from_its_beginning_to_its_verdict_without_a_text(
    maspo: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "run.log")
    before = datetime.now(UTC).isoformat()
    said = maspo("demo", "--out", "run", "--inputs", "8", "--json")
    assert said.code == 0, said.err
    told = read(folder / "run.log")
    names = [one["event"] for one in told]
    assert names[0] == "work_started" and names[-2:] == ["run_finished", "work_ended"]
    assert {"run_started", "phase_started", "round_ended", "search_ended", "holdout_looked"} <= set(names)
    times = [one["time"] for one in told]
    assert times == sorted(times) and before[:19] <= times[0][:19] and all(one.endswith("Z") for one in times)
    [run] = {one["run"] for one in told} - {None}
    end = next(one for one in told if one["event"] == "run_finished")
    assert (end["verdict"], end["shipped"]) == (said.json["verdict"], said.json["shipped"])
    assert end["calls"] == sum(one["calls"] for one in said.json["usage"].values())
    assert end["folder"] == str(folder / "run") and end["run"] == run
    rounds = [one["round"] for one in told if one["event"] == "round_ended"]
    assert rounds == sorted(set(rounds))
    printed = [json.loads(line) for line in said.out.splitlines() if line.startswith("{")]
    assert SEED in said.out and SEED not in (folder / "run.log").read_text()
    inputs = [one["input_text"] for one in printed if one.get("event") == "case_shown"]
    assert not any(text in (folder / "run.log").read_text() for text in inputs)


def test_lo02_a_run_that_goes_on_appends_and_says_so(maspo: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")  # what the option makes of it is taken back
    assert maspo("demo", "--out", "run", "--inputs", "8").code == 0
    said = maspo("resume", "run", "--log", "run.log")
    assert said.code == 0, said.err
    told = read(folder / "run.log")
    assert [one["event"] for one in told][:: len(told) - 1] == ["work_resumed", "work_ended"]
    assert told[0]["run"]


def test_lo03_on_stdout_the_log_is_alone(folder: Path) -> None:
    given = (sys.executable, "-m", "maspo", "demo", "--out", "run", "--inputs", "8")
    around = {**os.environ, VARIABLE: "-"}
    said = subprocess.run(given, check=True, capture_output=True, text=True, timeout=60, env=around)
    assert [json.loads(line)["event"] for line in said.stdout.splitlines()][-1] == "work_ended"
    assert "report    run/report.html" in said.stderr


def test_lo04_what_cannot_be_written_is_refused_before_the_work(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "nowhere/run.log")
    said = maspo("demo", "--out", "run", "--inputs", "8")
    assert said.code == 2 and "--log nowhere/run.log: cannot be written" in said.err


def test_lo14_what_cannot_be_written_is_refused_before_anything_is_planned(
    maspo: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in ("nowhere/run.log", str(folder)):
        monkeypatch.setenv(VARIABLE, where)
        said = maspo("optimize", "no-such-system.yaml", "--inputs", "none.jsonl")
        assert said.code == 2 and f"--log {where}: cannot be written" in said.err


def test_lo05_a_line_that_is_lost_is_said_once_and_the_work_goes_on(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "/dev/full")
    said = maspo("demo", "--out", "run", "--inputs", "8")
    assert said.code == 0 and said.err.count("a line is lost") == 1


@pytest.mark.parametrize(
    ("error", "level", "code"),
    [
        (ProviderError("a text"), "error", 5),
        (Interrupted("a text"), "warning", 130),
        (ValueError("a text"), "error", 1),
    ],
)
def test_lo06_what_ended_the_work_is_told_by_its_kind(
    error: Exception, level: str, code: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "run.log")
    with pytest.raises(type(error)), logged(folder / "work"):
        raise error
    end = read(folder / "run.log")[-1]
    assert (end["event"], end["error"]) == ("work_failed", type(error).__name__)
    assert (end["level"], end["exit_code"]) == (level, code) and "text" not in end.values()


def test_lo07_an_endpoint_that_waits_is_told_once_and_once_more_when_it_answers(log: Log, lines: list[str]) -> None:
    waits = replace(NOW, waiting="the endpoint answers 503 (a text)")
    for one in (NOW, waits, replace(waits, calls=11), NOW, replace(NOW, waiting=PAUSED), waits, NOW):
        log.on_progress(one)
    assert events(lines) == ["phase_started", *["endpoint_waits", "endpoint_answers"] * 2]
    assert "a text" not in "".join(lines)


def test_lo08_half_and_four_fifths_of_a_cap_are_told_once_each(log: Log, lines: list[str]) -> None:
    for usd in (0.4, 0.5, 0.6, 0.95, 1.0):
        log.on_progress(replace(NOW, usd=usd, usd_cap=1.0))
    told = [json.loads(line) for line in lines[1:]]
    assert [(one["event"], one["cap"], one["share"], one["usd"]) for one in told] == [
        ("cap_near", "--max-usd", 0.5, 0.5),
        ("cap_near", "--max-usd", 0.8, 0.95),
    ]


def test_lo09_each_lease_of_a_shared_budget_is_told(log: Log, lines: list[str]) -> None:
    for lease in (BudgetLease(1.0, 20, 0.1), BudgetLease(1.0, 20, 0.1), BudgetLease(2.0, 40, 0.2)):
        log.on_progress(replace(NOW, leased=lease))
    told = [json.loads(line) for line in lines[1:]]
    assert [(one["event"], one["usd_held"], one["calls_held"]) for one in told] == [
        ("lease_taken", 1.0, 20),
        ("lease_taken", 2.0, 40),
    ]


def test_lo10_no_log_is_written_where_none_is_asked_for(folder: Path) -> None:
    with logged(folder) as found:
        assert found == ()


@pytest.mark.parametrize(("where", "kept"), [("-", None), ("run.log", "run.log")])
def test_lo11_a_log_stands_not_in_the_answer_to_an_assistant(
    where: str, kept: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, where)
    assert _environment().get(VARIABLE) == kept


def test_lo12_a_folder_is_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(folder))
    with pytest.raises(ConfigInvalid, match="give a file, or - for stdout"), logged(folder):
        pass


def test_lo13_a_pipe_that_nobody_reads_is_refused_and_one_that_is_slow_loses_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigInvalid, match="cannot be written"), _opened(str(pipe)):
        pass
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with _opened(str(pipe)) as write:
            for _ in range(40):
                write("x" * 4000)
    finally:
        os.close(reader)
    assert capsys.readouterr().err.count("a line is lost") == 1
