"""``maspo stress``: the table, the file, the shares; resumed without a further call; and a search under stress."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.team.load import dump_system
from maspo.world import World
from tests.cli.test_commands import world_server
from tests.report.pages import sheet_in

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


@pytest.fixture
def team(folder: Path) -> Path:
    world = World()
    Path("team.yaml").write_text(dump_system(world.system("reflect")))
    for name, label in (("labelled", True), ("plain", False)):
        rows = [{key: value for key, value in row.items() if label or key != "answer"} for row in world.inputs(12)]
        Path(f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


@pytest.mark.parametrize(("rows", "measure"), [("labelled", "labels"), ("plain", "judge")])
def test_q11_every_fault_of_every_agent_is_met_and_told(
    maspo: Run, url: str, team: Path, rows: str, measure: str
) -> None:
    given = ("stress", "team.yaml", "--inputs", f"{rows}.jsonl", "--base-url", url, "--shares", "--out", "s", "--json")
    said = maspo(*given)
    assert said.code == 0, said
    found = said.json["found"]
    kinds = {"missing", "nonsense", "late", "format", "planted-input", "planted-output"}
    assert {cell["kind"] for cell in found["cells"]} == kinds and found["measure"] == measure
    assert all(
        low <= cell["cost"]["mean"] <= high for cell in found["cells"] for low, high in [cell["cost"]["interval"]]
    )
    planted = {cell["kind"]: cell for cell in found["cells"]}["planted-output"]
    assert planted["answers"]["mean"] > 0.4, "seed prompts follow notes"
    assert {one["player"] for one in found["shares"]} == {"solver", "critic"}
    whole = found["clean"]["mean"] if measure == "labels" else 1.0
    assert sum(one["mean"] for one in found["shares"]) == pytest.approx(whole)
    assert json.loads((team / "s" / "stress.json").read_text())["found"] == found
    assert "nonsense" in said.err and "share in the outcome" in said.err and "without: nobody" not in said.err
    sure = [cell for cell in found["cells"] if cell["cost"]["interval"][0] > 0]
    most = [cell for cell in sure if cell["cost"]["mean"] == max(one["cost"]["mean"] for one in sure)]
    page = sheet_in((team / "s" / "stress.html").read_text(encoding="utf-8"))
    assert page.headline.count(" when ") == min(len(most), 4), "faults that cost alike are all named"
    assert page.headline in said.err.splitlines() and f"Measured by {measure}; cost: " in said.err
    assert "−0%" not in said.err, "nothing has no sign"
    (listed,) = maspo("runs", ".", "--json").json["others"]
    assert (listed["kind"], listed["page"]) == ("stress", "s/stress.html") and "12 inputs" in listed["headline"]
    again = maspo(*given).json["found"]
    calls = [{purpose: one["calls"] for purpose, one in each["usage"].items()} for each in (found, again)]
    assert calls[0] == calls[1] and again["cells"] == found["cells"], "what is recorded is not asked again"


def test_q12_a_cap_leaves_out_rows_and_an_app_is_told_that_it_cannot_be(maspo: Run, url: str, team: Path) -> None:
    said = maspo("stress", "team.yaml", "--inputs", "plain.jsonl", "--base-url", url, "--max-calls", "60", "--out", "c")
    assert said.code == 4 and "c --max-calls" in said.out
    for command in ("report", "resume"):
        other = maspo(command, "c")
        assert other.code == 2 and "c: holds a team under stress, whose report is c/stress.html" in other.err, other
    assert json.loads((team / "c" / "stress.json").read_text())["found"]["left_out"] > 0


def test_q14_nobody_is_said_to_be_needless_in_a_team_that_never_answers_right(maspo: Run, url: str, team: Path) -> None:
    rows = [{**json.loads(line), "answer": "never"} for line in (team / "labelled.jsonl").read_text().splitlines()]
    (team / "never.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    said = maspo("stress", "team.yaml", "--inputs", "never.jsonl", "--base-url", url, "--shares", "--out", "n")
    assert "scorer    labels" in said.err and "n/stress.json" in said.out
    assert "No answer is right, so it cannot be told who contributes." in said.out and "no loss" not in said.out
    found = json.loads((team / "n" / "stress.json").read_text())["found"]
    assert found["droppable"] == []
    mismatch = "on none of 12 inputs with a label was a final answer equal to it"
    assert mismatch in found["mismatch"]
    assert mismatch[1:] in said.out and mismatch[1:] in (team / "n" / "stress.html").read_text(encoding="utf-8")
    assert "Simulated world: no language model was asked." in said.out and "nothing (simulated)" in said.out
    assert re.search(r"\d+ calls", said.out) and not re.search(r"-\d", said.out), "a minus is a minus everywhere"


def test_q13_a_search_can_be_asked_to_go_under_stress(maspo: Run, url: str, team: Path) -> None:
    small = ("--set", "search.passes=1", "--set", "search.stages=[6]", "--set", "search.drafts=1")
    given = ("optimize", "team.yaml", "--inputs", "plain.jsonl", "--base-url", url, *small)
    said = maspo(*given, "--set", "runner.options.stress=0.5", "--out", "r")
    assert said.code == 0, said
    assert json.loads((team / "r" / "config.json").read_text())["runner"]["options"] == {"stress": 0.5}
    assert "a fault is met on 50% of the inputs" in said.err and "search.calls_per_agent=1400" in said.err, said
    said = maspo(*given, "--set", 'runner.options={"stress": 0.5, "faults": ["nonsense@nobody"]}', "--out", "wrong")
    assert said.code == 2 and "cannot be met in this team" in said.err
