"""benchmarks/paper: the paper's table, end to end on the simulated world, resumable, with the published row below."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from benchmarks.paper import run as paper
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.core.errors import MaspoError
from maspo.data.inputs import load_inputs
from maspo.team.load import load_system
from tests.data.conftest import jsonl
from tests.data.test_benchmarks import mbpp_row

SETTINGS = ("passes=1", "generations=1", "drafts=1", "edits=1", "batch=2", "beam_width=1", "stages=[2]")
SMALL = [part for one in (*SETTINGS, "shared_inputs=2", "union_inputs=2") for part in ("--set", f"search.{one}")]


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    """Return the base URL of a simulated world."""
    command = [sys.executable, "-m", "maspo", "world", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder with rows of two tasks: AQuA with a pool of its own, MBPP with too small a one."""
    options = ["A)1", "B)2", "C)3", "D)4", "E)5"]
    rows = [{"question": f"How much is {n} - {n - 2}?", "options": options, "correct": "B"} for n in range(60)]
    jsonl(tmp_path / "data" / "aqua.jsonl", rows[:30])
    jsonl(tmp_path / "data" / "aqua_val.jsonl", rows[30:])
    jsonl(tmp_path / "data" / "mbpp.jsonl", [mbpp_row(number) for number in range(5, 70)])
    return tmp_path / "data"


class Commands:
    """Runs `maspo` commands in this process, remembers them, and can be told to fail before one of them."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.fails_at = ""

    def __call__(self, *arguments: str) -> None:
        if arguments[0] == self.fails_at:
            raise MaspoError("stopped")
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, done.output
        self.seen.append((arguments[0], Path(arguments[1]).stem))


def table(world: str, data: Path, out: Path, more: Sequence[str] = ()) -> int:
    given = ["--base-url", world, "--model", "w", "--data", str(data), "--out", str(out), "--rows", "6", "--pool", "8"]
    chosen = ["--tasks", "aqua,mbpp", "--systems", "sequential", "--yes"]
    return paper.main([*given, *chosen, *SMALL, *more])


@pytest.mark.slow
def test_t01_the_table_is_played_resumed_and_printed(
    world: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands()
    monkeypatch.setattr(paper, "maspo", commands)
    out = tmp_path / "out"
    commands.fails_at = "evaluate"
    assert table(world, data, out, ["--methods", "default"]) == 1
    assert commands.seen == [("optimize", "sequential-choice")]
    commands.fails_at = ""
    assert table(world, data, out) == 0
    assert commands.seen[1:] == [
        *[("optimize", "sequential-choice"), ("evaluate", "sequential-choice"), ("evaluate", "sequential-choice")],
        *[("optimize", "sequential-code"), ("evaluate", "sequential-code")] * 2,
    ]
    played = len(commands.seen)
    shown = capsys.readouterr()
    assert table(world, data, out) == 0
    assert len(commands.seen) == played, "what is done is not done again"
    lines = shown.out.splitlines()
    assert [line[:19].strip() for line in lines[:5]] == [
        "accuracy, %",
        "sequential, seed",
        "published",
        "sequential, paper",
        "change",
    ]
    assert lines[2].split()[:3] == ["published", "83.47", "57.26"]
    assert lines[-1].startswith("Simulated world")
    assert (out / "table.txt").read_text() == capsys.readouterr().out
    assert "All 4 cells: at most" in shown.err and "an unknown amount" in shown.err


@pytest.mark.slow
def test_t06_rows_of_other_methods_and_of_structure_are_played_beside_them(
    world: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands()
    monkeypatch.setattr(paper, "maspo", commands)
    methods = ["--methods", "spo,agent-dropout,spo+agent-dropout", "--tasks", "aqua"]
    assert table(world, data, tmp_path / "out", methods) == 0
    assert [name for name, _ in commands.seen] == [*("optimize", "evaluate"), *("structure", "evaluate") * 2]
    printed = capsys.readouterr().out
    assert "means over all six tasks alone: agent-dropout 66.89." in printed, "and none of what was not played"
    lines = [line[:36].split() for line in printed.splitlines() if line]
    names = [line[1] for line in lines if line[0] == "sequential,"]
    assert names == ["seed", "spo", "agent-dropout", "spo+agent-dropout"]
    assert sum(line[0] == "change" for line in lines) == 1, "a changed team is not paired with the seed team"
    assert sum(line[0] == "published" for line in lines) == 2
    out = tmp_path / "other"
    assert table(world, data, out, ["--methods", "spo+agent-dropout", "--tasks", "aqua"]) == 1
    assert "needs the prompts of spo" in capsys.readouterr().err


def test_t02_the_rows_of_pool_and_test_are_apart_and_the_pool_is_unlabelled(data: Path, tmp_path: Path) -> None:
    asked = paper.parsed(["--base-url", "u", "--model", "w", "--data", str(data), "--out", str(tmp_path / "o")])
    for name in ("aqua", "mbpp"):
        task = paper.prepare(asked, name)
        pool = load_inputs(asked.rows_file(name, "pool"))
        test = load_inputs(asked.rows_file(name, "test"))
        texts = [{row.columns["input"] for row in inputs.rows} for inputs in (pool, test)]
        assert not texts[0] & texts[1]
        assert (len(pool.rows), len(test.rows)) == (len(task.pool_rows), len(task.test_rows))
        assert all(row.answer is None for row in pool.rows)
        assert "tests" not in pool.columns
    first = json.loads(asked.rows_file("mbpp", "test").read_text().splitlines()[0])
    assert len(first["tests"]) == 5 and first["setup"] == "import math"


def test_t03_every_system_is_there_for_every_kind_of_task() -> None:
    for system in paper.SYSTEMS:
        for kind in set(paper.KINDS.values()):
            loaded = load_system(paper.HERE / "systems" / f"{system}-{kind}.yaml")
            assert len(loaded.agents) == 4
            assert len(loaded.levels) == (4 if system == "sequential" else 2)
            assert loaded.by_name[loaded.output].protect


def test_t04_the_published_figures_have_the_means_that_the_paper_gives() -> None:
    means = {("sequential", "seed"): 65.31, ("sequential", "paper"): 70.39, ("sequential", "TPE"): 66.49}
    means |= {("hierarchical", "seed"): 68.32, ("hierarchical", "paper"): 71.05, ("hierarchical", "SPO"): 69.01}
    rows = paper.published()
    for place, mean in means.items():
        assert sum(float(rows[place][task]) for task in paper.TASKS) / 6 == pytest.approx(mean, abs=0.05)


def test_t05_without_an_answer_nothing_is_started(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paper, "maspo", lambda *_: pytest.fail("nobody agreed"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    out = ["--out", str(tmp_path / "o"), "--tasks", "aqua", "--systems", "hierarchical", "--pool", "8"]
    given = ["--base-url", "http://127.0.0.1:9/v1", "--model", "w", "--data", str(data), *out, "--methods", "default"]
    assert paper.main(given) == 1
    assert "Give --yes to start" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        paper.main([*given, "--tasks", "aqa"])
    assert "--tasks aqa: expected some of math-500" in capsys.readouterr().err


def test_t09_a_folder_holds_the_cells_of_one_table(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def begun(*more: str) -> str:
        given = ("--base-url", "http://127.0.0.1:9/v1", "--model", "w", "--data", str(data), "--tasks", "aqua")
        assert paper.main([*given, "--out", str(tmp_path / "o"), "--rows", "6", "--pool", "8", *more]) != 0, (
            "nobody agreed to it"
        )
        return capsys.readouterr().err

    assert "Give --yes" in begun(*SMALL)
    assert "Give --yes" in begun(
        *SMALL, "--base-url", "http://127.0.0.1:8/v1", "--methods", "spo", "--set", "caps.calls=900"
    )
    assert "--rows was 6 and is 20; give the same, or another --out" in begun(*SMALL, "--rows", "20")
    assert "--judge-model was None and is 'j'" in begun(*SMALL, "--judge-model", "j")
    assert "--set was" in begun(*SMALL, "--set", "search.batch=3")


def test_t07_of_several_seeds_mean_and_spread_are_shown_and_columns_line_up(data: Path, tmp_path: Path) -> None:
    given = ["--base-url", "u", "--model", "w", "--data", str(data), "--out", str(tmp_path), "--systems", "sequential"]
    asked = paper.parsed(
        [*given, "--tasks", "aqua,mbpp", "--methods", "default,default+agent-dropout", "--seeds", "0,2"]
    )
    assert len({asked.folder(cell) for cell in asked.cells}) == len(asked.cells) == 8
    for cell in asked.cells:
        share = 0.5 + 0.1 * cell.seed + 0.05 * (cell.task == "mbpp")
        side = {"accuracy": share, "interval": [share - 0.1, share + 0.1]}
        before = {"accuracy": 0.4, "interval": [0.3, 0.5]}
        difference = {"mean": share - 0.4, "interval": [0.0, 0.2]}
        found = {"before": before, "after": side, "difference": difference, "simulated": False, "complete": True}
        file = asked.folder(cell) / "evaluation" / "evaluation.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(found))
    lines = list(paper.table(asked))
    told = {line[:33].strip(): line[33:].split("  ") for line in lines[: lines.index("")]}
    shown = {name: [cell.strip() for cell in cells if cell] for name, cells in told.items()}
    assert shown["accuracy, %"] == ["aqua", "mbpp", "mean"]
    assert shown["sequential, seed"] == ["40.0 (30 to 50)", "40.0 (30 to 50)", "40.00"]
    assert shown["sequential, default"] == ["60.0 ± 14.1", "65.0 ± 14.1", "62.50"]
    assert shown["change"] == ["+20.0 ± 14.1", "+25.0 ± 14.1", "+22.50"]
    assert shown["sequential, default+agent-dropout"] == shown["sequential, default"]
    assert len({len(line) for line in lines[: lines.index("")]}) == 1
    assert "mean over 2 seeds" in "\n".join(lines) and "Simulated" not in "\n".join(lines)


def test_t08_what_is_set_of_models_holds_where_a_cell_is_evaluated_too(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["--base-url", "u", "--model", "w", "--data", str(data), "--out", str(tmp_path), "--systems", "sequential"]
    sets = ["--set", "models.max_tokens=48", "--set", "search.calls=100", "--set", "caps.calls=90"]
    asked = paper.parsed([*given, "--tasks", "aqua", "--methods", "default,agent-dropout", *sets])
    commands: dict[str, list[str]] = {}

    def played(name: str, *arguments: str) -> None:
        commands[name] = [text for flag, text in pairwise(arguments) if flag == "--set"]

    monkeypatch.setattr(paper, "maspo", played)
    monkeypatch.setattr(paper, "prompts_of", lambda *_: {})
    task = paper.prepare(asked, "aqua")
    for cell in asked.cells:
        asked.folder(cell).mkdir(parents=True)
        paper.play(asked, cell, task)
        assert commands.pop("evaluate") == ["models.max_tokens=48"]
    assert set(commands) == {"optimize", "structure"}
    assert commands["structure"] == ["seed=0", "models.max_tokens=48", "caps.calls=90"]
    assert {"search.calls=100", "models.max_tokens=48", "caps.calls=90"} <= set(commands["optimize"])
