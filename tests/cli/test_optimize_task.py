"""``maspo optimize --task NAME``: the pool of a task is optimized on, and its test rows are never seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.data.tasks.registry import task_of
from maspo.study.optimize import recorded_job
from tests.cli.test_commands import world_server

if TYPE_CHECKING:
    from tests.cli.conftest import Run

TEAM = """final_answer: choice
agents:
  solver: {prompt: You solve the problem.}
  critic: {prompt: Check the solution., reads: [solver]}
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


def aqua(numbers: range) -> str:
    rows = [
        {"question": f"{n} + 1 = ?", "options": [f"A){n}", f"B){n + 1}", "C)0"], "rationale": "", "correct": "B"}
        for n in numbers
    ]
    return "\n".join(json.dumps(row) for row in rows)


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    Path("team.yaml").write_text(TEAM)
    Path("AQuA").mkdir()
    Path("AQuA/test.json").write_text(aqua(range(100, 108)))
    Path("AQuA/dev.json").write_text(aqua(range(12)))


TASK = ("team.yaml", "--task", "aqua", "--data", "AQuA")


def test_o01_the_pool_is_optimized_on_and_the_test_rows_are_not_seen(maspo: Run, url: str) -> None:
    more = ("--base-url", url, "--profile", "cheap", "--max-calls", "120", "--labels", "use", "--out", "run")
    done = maspo("optimize", *TASK, *more, "--json")
    assert done.code in (0, 4), done
    job, task = recorded_job(Path("run")), task_of("aqua", "AQuA")
    assert [row.key for row in job.inputs.rows] == [row.key for row in task.pool.rows]
    assert {row.answer for row in job.inputs.rows} == {"B"}
    assert not {row.key for row in job.inputs.rows} & {row.key for row in task.test.rows}
    found = maspo("evaluate", *TASK, "--base-url", url, "--prompts", "run", "--out", "out", "--json")
    assert found.code == 0, found
    assert (found.json["rows"], found.json["remarks"]) == (8, [])
    assert maspo("resume", "run", "--max-calls", "121").code in (0, 4)


def test_o02_rows_are_drawn_by_content_and_the_run_goes_on(maspo: Run, url: str) -> None:
    more = ("--base-url", url, "--profile", "cheap", "--max-calls", "60", "--rows", "6")
    inputs = ("team.yaml", "--inputs", "rows.jsonl")
    Path("rows.jsonl").write_text("\n".join(json.dumps({"input": f"{n} + 1 = ?"}) for n in range(12)))
    for out, source in (("task", TASK), ("file", inputs)):
        assert maspo("optimize", *source, *more, "--out", out).code in (0, 4)
        assert len(recorded_job(Path(out)).inputs.rows) == 6
        assert maspo("resume", out, "--max-calls", "70").code in (0, 4)
    turned = Path("AQuA/dev.json").read_text().splitlines()[::-1]
    Path("AQuA/dev.json").write_text("\n".join(turned))
    assert maspo("optimize", *TASK, *more, "--out", "turned").code in (0, 4)
    first, again = (recorded_job(Path(out)).inputs.rows for out in ("task", "turned"))
    assert {row.key for row in first} == {row.key for row in again}


@pytest.mark.parametrize("command", ["check", "estimate"])
def test_o03_it_can_be_checked_and_estimated(maspo: Run, command: str) -> None:
    said = maspo(command, *TASK, "--base-url", "http://127.0.0.1:9/v1", "--json")
    assert said.code == 0, said
    assert said.json["inputs"]["search"] + said.json["inputs"]["holdout"] == 12
    assert "final_answer" not in said.err
    Path("team.yaml").write_text(TEAM.replace("final_answer: choice\n", ""))
    unread = maspo(command, *TASK, "--base-url", "http://127.0.0.1:9/v1", "--json")
    assert "aqua are read with `final_answer: choice`" in unread.err
    assert any("aqua are read with" in remark for remark in unread.json["notes"])


def test_o04_what_cannot_be_optimized_on_is_said(maspo: Run) -> None:
    dead = ("--base-url", "http://127.0.0.1:9/v1")
    Path("mbpp.jsonl").write_text(
        "\n".join(
            json.dumps({"task_id": n, "prompt": f"Write f{n}.", "code": "", "test_list": [f"assert f{n}() == 1"]})
            for n in (*range(11, 15), *range(601, 605))
        )
    )
    unlabelled = maspo("optimize", "team.yaml", "--task", "mbpp", "--data", "mbpp.jsonl", "--labels", "use", *dead)
    assert unlabelled.code == 2, unlabelled
    assert "no input has an `answer`" in unlabelled.err
    for arguments, what in (
        ((), "either as --inputs FILE or as --task NAME"),
        (("--task", "aqua", "--data", "AQuA/test.json"), "no rows to optimize on"),
        (("--task", "aqua", "--data", "AQuA", "--rows", "0"), "--rows 0"),
        (("--inputs", "inputs.jsonl", "--data", "AQuA"), "--data"),
    ):
        said = maspo("optimize", "team.yaml", *arguments, *dead)
        assert said.code == 2, said
        assert what in said.err
    Path("AQuA/dev.json").write_text(aqua(range(99, 102)))
    overlapping = maspo("optimize", *TASK, *dead)
    assert overlapping.code == 2
    assert "2 pool rows are also test rows" in overlapping.err
    assert not Path("maspo-runs").exists()
