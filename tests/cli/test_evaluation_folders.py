"""Evaluations looked at afterwards, rows that cannot be scored, and rows that the search has seen."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.models.base import Message, Request
from maspo.scoring.registry import UNSAFE_CODE
from maspo.store import RunStore
from maspo.study.evaluation.job import EVALUATION
from maspo.study.evaluation.recorded import DATABASE, look_at, recorded
from maspo.world import World
from tests.cli.test_commands import world_server
from tests.report.pages import sheet_in

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Said

ROWS = 16
TEAM = """agents:
  solver: {prompt: You solve the problem.}
  critic: {prompt: "You end with the answer in <answer></answer>.", reads: [solver]}
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    Path("team.yaml").write_text(TEAM)
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in World().inputs(ROWS)))
    Path("prompts.json").write_text(json.dumps({"solver": "You solve the problem. Verify each step."}))


def evaluate(maspo: Run, url: str, *more: str) -> Said:
    return maspo("evaluate", "team.yaml", "--base-url", url, "--out", "out", *more)


def test_v01_a_report_is_written_again_from_the_record(maspo: Run, url: str) -> None:
    first = evaluate(maspo, url, "--inputs", "rows.jsonl", "--prompts", "prompts.json", "--json")
    outputs = Path("out/rows.jsonl").read_text()
    page = Path("out/evaluation.html").read_text()
    for name in ("evaluation.html", "evaluation.json"):
        Path("out", name).unlink()
    said = maspo("report", "out", "--json")
    assert said.code == 0, said
    assert said.json["difference"] == first.json["difference"]
    assert said.json.items() >= json.loads(Path("out/evaluation.json").read_text()).items()
    assert Path("out/evaluation.html").read_text() == page
    assert Path("out/rows.jsonl").read_text() == outputs


def test_v02_runs_lists_evaluations_with_their_verdict(maspo: Run, url: str) -> None:
    done = evaluate(maspo, url, "--inputs", "rows.jsonl", "--prompts", "prompts.json", "--json")
    said = maspo("runs", ".", "--json")
    assert said.code == 0, said
    assert said.json["runs"] == []
    (one,) = said.json["evaluations"]
    assert one["dir"] == "out"
    assert one["verdict"] == done.json["verdict"]
    assert done.json["verdict"] in said.err


def test_v03_an_evaluation_without_an_end_says_how_to_go_on(maspo: Run, url: str) -> None:
    evaluate(maspo, url, "--inputs", "rows.jsonl")
    forget("found")
    assert "not finished" in maspo("runs", ".").out
    said = maspo("report", "out")
    assert said.code == 2, said
    assert "maspo resume out" in said.err
    assert maspo("resume", "out").code == 0
    assert look_at(Path("out")).found is not None


def forget(name: str) -> None:
    """Take a value out of the record, as if the process had been killed before it."""
    connection = sqlite3.connect(Path("out", DATABASE))
    connection.execute("DELETE FROM meta WHERE key = ?", (name,))
    connection.commit()
    connection.close()


def test_v04_calls_in_flight_at_a_kill_are_listed_once(maspo: Run, url: str) -> None:
    evaluate(maspo, url, "--inputs", "rows.jsonl")
    question = Request("gpt-4.1-mini", (Message("user", "?"),), "agent", agent="solver")

    async def die_in_flight() -> None:
        async with RunStore.open(Path("out", DATABASE)) as store:
            await store.sent(question, 0.25)

    asyncio.run(die_in_flight())
    for _ in range(2):
        said = maspo("resume", "out", "--json")
        assert said.code == 0, said
        (call,) = said.json["possibly_billed_twice"]
        assert (call["purpose"], call["agent"], call["usd"]) == ("agent", "solver", 0.25)
        assert "1 call in flight when the run was killed, possibly billed twice: at most $0.25" in said.err
        assert "Possibly billed twice" in Path("out/evaluation.html").read_text()


def test_v05_a_folder_cannot_ask_for_code_without_a_sandbox(maspo: Run, url: str) -> None:
    evaluate(maspo, url, "--inputs", "rows.jsonl")
    hostile = EVALUATION.dump(replace(recorded(Path("out", DATABASE)), scorer=UNSAFE_CODE))

    async def plant() -> None:
        async with RunStore.open(Path("out", DATABASE)) as store:
            await store.append([], {"evaluation": hostile})

    asyncio.run(plant())
    said = maspo("resume", "out")
    assert said.code == 2, said
    assert "--unsafe-exec" in said.err


@pytest.mark.parametrize(("scorer", "column"), [("exact", "answer"), ("math", "answer"), ("code", "tests")])
def test_v06_rows_that_nothing_can_score_cost_nothing(maspo: Run, scorer: str, column: str) -> None:
    Path("bare.csv").write_text("id,input,answer\na,What is 2+2?,\nb,What is 3+3?, \n")
    said = evaluate(maspo, "http://127.0.0.1:9/v1", "--inputs", "bare.csv", "--scorer", scorer)
    assert said.code == 2, said
    assert f"no row has `{column}`" in said.err
    assert not Path("out").exists()


def test_v07_an_empty_cell_is_no_label(maspo: Run, url: str) -> None:
    Path("part.csv").write_text("id,input,answer\na,What is 2+2?,4\nb,What is 3+3?,\n")
    said = evaluate(maspo, url, "--inputs", "part.csv", "--json")
    assert "rows without `answer`, which cannot be scored: 1" in said.err
    assert said.json["after"]["failed"] == 1
    assert said.json["after"]["scored"] == 1
    Path("outputs.jsonl").write_text('{"id": "b", "output": "6", "answer": ""}')
    scored = maspo("score", "outputs.jsonl", "--scorer", "exact")
    assert json.loads(scored.out.splitlines()[0])["outcome"] == "failed"


def test_v08_rows_that_the_search_has_seen_are_told(maspo: Run, url: str) -> None:
    done = maspo(
        "optimize", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "run", "--profile", "cheap",
        "--max-calls", "150", "--yes",
    )  # fmt: skip
    assert done.code in (0, 4), done
    said = evaluate(maspo, url, "--inputs", "rows.jsonl", "--prompts", "run", "--json")
    (remark,) = said.json["remarks"]
    assert "has seen 8 of these 16 rows" in remark
    assert remark in said.err
    assert "so the claim rests on the other 8" in remark
    page = Path("out/evaluation.html").read_text()
    assert remark in page
    assert said.err.count("has seen") == 2, "before it begins, and where the figures stand"
    assert "8 rows that the search has seen, from which nothing is claimed" in said.err
    figures = said.json
    assert figures["difference"]["rows"] == 8
    assert figures["seen"]["rows"] == 8
    assert figures["after"]["rows"] == 8
    assert "8 (and 8 seen)" in maspo("runs", ".").out
    searched = recorded(Path("out", DATABASE)).seen
    Path("seen.jsonl").write_text(
        "\n".join(
            json.dumps({"input": row.columns["input"], "answer": row.answer})
            for row in recorded(Path("out", DATABASE)).task.test.rows
            if row.key in searched
        )
    )
    all_seen = maspo(
        "evaluate",
        "team.yaml",
        "--inputs",
        "seen.jsonl",
        "--base-url",
        url,
        "--out",
        "all",
        "--prompts",
        "run",
        "--json",
    )
    assert (all_seen.json["verdict"], all_seen.json["difference"]) == (None, None)
    assert all_seen.json["why"].startswith("No claim: the search that wrote these prompts has seen all 8 rows")
    assert "no claim" in maspo("runs", ".").out
    Path("fresh.jsonl").write_text("\n".join(json.dumps(row) for row in World().inputs(4, start=500)))
    fresh = maspo(
        "evaluate", "team.yaml", "--inputs", "fresh.jsonl", "--base-url", url, "--out", "fresh", "--prompts", "run",
        "--json",
    )  # fmt: skip
    assert fresh.json["remarks"] == []


def test_v09_a_damaged_record_is_told_mended_and_gone_on_with(maspo: Run, url: str) -> None:
    def damage() -> None:
        record = Path("out", DATABASE)
        record.write_bytes(record.read_bytes().replace(b"SQLite", b"sqlite", 1))

    first = evaluate(maspo, url, "--inputs", "rows.jsonl", "--json")
    damage()
    for said in (maspo("runs", "."), maspo("report", "out")):
        assert said.code == 0, said
        assert "note: out: the record is damaged (its header is gone)" in said.err
        assert "maspo resume out" in said.err
    resumed = maspo("resume", "out", "--json")
    assert resumed.code == 0, resumed
    assert "evaluation.damaged-1.db" in resumed.err
    assert (resumed.json["after"], resumed.json["calls"]) == (first.json["after"], first.json["calls"])
    damage()
    again = evaluate(maspo, url, "--inputs", "rows.jsonl", "--json")
    assert "evaluation.damaged-2.db" in again.err
    assert (again.json["after"], again.json["calls"]) == (first.json["after"], first.json["calls"])
    Path("out", DATABASE).write_text("no record")
    refused = evaluate(maspo, url, "--inputs", "rows.jsonl")
    assert refused.code == 1
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("command", ["evaluate", "judge-check"])
def test_v10_a_folder_that_cannot_be_one_is_refused_before_anything_is_asked(maspo: Run, command: str) -> None:
    said = maspo(command, "team.yaml", "--inputs", "rows.jsonl", "--base-url", "http://127.0.0.1:9/v1", "--out",
        "rows.jsonl")  # fmt: skip
    assert said.code == 2, said
    assert "--out rows.jsonl: rows.jsonl is a file; give a folder" in said.err
    assert "at most" not in said.err


def test_v11_each_output_stands_beside_its_question(maspo: Run, url: str) -> None:
    rows = [{"input": f"How much is {number} and 1?", "answer": "2"} for number in range(4)]
    Path("unnamed.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert evaluate(maspo, url, "--inputs", "unnamed.jsonl", "--prompts", "prompts.json").code == 0
    lines = [json.loads(line) for line in Path("out/rows.jsonl").read_text().splitlines()]
    assert sorted(line["question"] for line in lines) == sorted(row["input"] for row in rows for _ in range(2))


def test_v12_without_a_difference_the_page_has_no_empty_parts(maspo: Run, url: str) -> None:
    said = evaluate(maspo, url, "--inputs", "rows.jsonl", "--prompts", "seed", "--json")
    page = Path("out/evaluation.html").read_text()
    assert said.json["why"] == "Too few rows differ to tell whether the seed prompts are better than the seed prompts."
    assert [part.title for part in sheet_in(page).parts] == ["How good, and how sure"]


def test_v13_beside_a_run_an_evaluation_goes_on_by_its_own_command(maspo: Run, url: str) -> None:
    Path("out").mkdir()
    Path("out/run.db").write_bytes(b"")
    cut = evaluate(maspo, url, "--inputs", "rows.jsonl", "--max-calls", "20")
    assert cut.code == 4, cut
    assert re.search(r"^go on +the same command with --out out --max-calls", cut.out, re.MULTILINE), cut
    Path("out/run.db").unlink()
    again = evaluate(maspo, url, "--inputs", "rows.jsonl", "--max-calls", "20")
    assert re.search(r"^go on +maspo resume out --max-calls", again.out, re.MULTILINE), again
