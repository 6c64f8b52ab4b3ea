"""``maspo compare`` against a simulated world over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.world import World
from tests.cli.test_commands import world_server
from tests.report.pages import sheet_in, told_by

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Said

ROWS = 20


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    world = World()
    system = world.system("reflect")
    agents = {
        name: {"prompt": system.by_name[name].prompt, "reads": list(system.by_name[name].reads)}
        for name in system.order
    }
    lines = [f"  {name}: {json.dumps(agent)}" for name, agent in agents.items()]
    Path("team.yaml").write_text("name: team\nagents:\n" + "\n".join(lines))
    rows = [dict(row) for row in world.inputs(ROWS)]
    rows[0]["id"] = "<script>alert(1)</script>|x"
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    mine = {name: f"{prompt} Check the edge cases. Verify each step." for name, prompt in system.prompts.items()}
    Path("mine.json").write_text(json.dumps(mine))


def compare(maspo: Run, url: str, *more: str) -> Said:
    shared = ("--inputs", "rows.jsonl", "--base-url", url, "--agent-model", "simulated", "--out", "out", "--yes")
    return maspo("compare", "team.yaml", *shared, *more)


def test_two_methods_and_prompts_of_ones_own_meet_and_everything_is_written(maspo: Run, url: str) -> None:
    asked = ("--methods", "default,spo", "--against", "mine.json", "--max-calls", "620", "--json")
    said = compare(maspo, url, *asked)
    assert said.code in (0, 4), said
    found = said.json
    assert [one["name"] for one in found["standings"]] == ["seed", "seed again", "best of 2", "default", "spo", "mine"]
    assert found["calls"] <= 620
    assert found["simulated"] is True
    assert found["decided_by"] == "labels"
    assert len(found["rows"]) == found["inputs"]
    assert len(found["pairs"]) == 3
    assert {one["folder"] for each in found["standings"] for one in each["runs"]} == {"runs/default-0", "runs/spo-0"}
    assert {path.name for path in Path("out").iterdir()} >= {
        "comparison.db",
        "comparison.html",
        "comparison.md",
        "runs",
    }
    assert json.loads(Path("out/comparison.json").read_text()).items() <= found.items()
    assert Path("out/runs/spo-0/report.html").is_file()
    assert re.findall(r"run \d of 2: \S+", said.err) == ["run 1 of 2: default-0", "run 2 of 2: spo-0"]
    again = compare(maspo, url, *asked)
    assert again.json["calls"] == found["calls"]
    assert again.json["standings"] == found["standings"]


def test_settings_go_to_the_methods_that_have_them_and_variants_to_lines_of_their_own(maspo: Run, url: str) -> None:
    Path("maspo.toml").write_text('[search]\nmethod = "opro"\ncalls = 200\n')
    variant = ("--variant", "lean=default search.union_inputs=8")
    asked = ("--methods", "default,paper", *variant, "--set", "search.union_inputs=9")
    said = compare(maspo, url, *asked, "--json")
    assert said.code in (0, 4), said
    assert [one["name"] for one in said.json["standings"]][3:] == ["default", "paper", "lean"]
    assert "lean is default with search.union_inputs=8." in said.json["notes"]
    assert "search.union_inputs is set for default, lean; paper cannot have it" in said.err
    search = {
        name: json.loads(Path(f"out/runs/{name}-0/config.json").read_text())["search"]
        for name in ("default", "paper", "lean")
    }
    assert [search[name]["method"] for name in search] == ["race", "ascent", "race"]
    assert (search["default"]["union_inputs"], search["lean"]["union_inputs"]) == (9, 8)
    assert search["default"]["calls"] == search["lean"]["calls"] == said.json["calls_of_a_run"] == 200
    again = compare(maspo, url, *asked, "--json")
    assert again.json["standings"] == said.json["standings"]


def test_methods_meet_at_equal_money_and_every_file_says_what_each_had(maspo: Run, url: str) -> None:
    prices = ("--set", 'models.prices={"simulated": [1, 4]}', "--set", "models.max_tokens=600")
    asked = ("--methods", "opro,spo", "--equal", "money", "--max-usd", "0.6", *prices, "--json")
    said = compare(maspo, url, *asked)
    assert said.code == 0, said
    found = said.json
    assert found["equal"] == "money"
    assert found["usd"] <= 0.6
    assert found["calls_bought"].keys() == {"opro", "spo"}
    for one in found["standings"]:
        assert all(0.5 * found["usd_of_a_run"] <= run["usd"] <= found["usd_of_a_run"] for run in one["runs"])
    assert "before prices are measured" in said.err
    assert "Each run might cost" in Path("out/comparison.md").read_text()
    parts = {part.title: part.curves for part in sheet_in(Path("out/comparison.html").read_text()).parts if part.curves}
    assert [one.caption for one in parts["What they cost in use"]] == ["Accuracy against what 1,000 inputs cost"]
    first, second = parts["On the way"]
    assert (first.caption, second.caption) == ("Accuracy against money", "Accuracy against calls of the search")
    again = compare(maspo, url, *asked)
    assert again.json["calls"] == found["calls"]


def test_two_prompt_sets_meet_without_a_search_and_no_text_acts_on_the_page(maspo: Run, url: str) -> None:
    said = compare(maspo, url, "--methods", "", "--against", "mine.json", "--json")
    assert said.code == 0, said
    assert said.json["inputs"] == ROWS
    assert said.json["pairs"] == []
    page, table = Path("out/comparison.html").read_text(), Path("out/comparison.md").read_text()
    assert "<script>" in told_by(sheet_in(page)), "as text"
    assert "<script" not in table
    lines = [line for line in table.splitlines() if line.startswith("| mine")]
    assert len(lines) == 5, "the result, its cost in use, drawn again, by itself, its inputs"
    (mine,) = (one for one in said.json["standings"] if one["name"] == "mine")
    (alone,) = mine["alone"]
    assert (alone["won"], alone["lost"]) == (mine["wins"], mine["losses"])
    assert mine["bootstrap"][0] <= mine["net"] <= mine["bootstrap"][1]


def test_guard_inputs_and_curves_stand_in_every_file_and_no_guard_is_searched_on(maspo: Run, url: str) -> None:
    rows = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    Path("keep.jsonl").write_text("\n".join(map(json.dumps, rows[:3])))
    said = compare(
        maspo, url, "--methods", "spo", "--max-calls", "500", "--guard", "keep.jsonl", "--points", "2", "--json"
    )
    assert said.code in (0, 4), said
    assert "3 inputs set apart" in said.err
    found = said.json
    assert len(found["guards"]) == 3
    assert {"seed", "spo-0"} == found["guards"][0]["held"].keys()
    (curve,) = found["curves"].values()
    assert len(curve) == 4
    assert curve[0]["calls"] == 0
    page, text = Path("out/comparison.html").read_text(), Path("out/comparison.md").read_text()
    parts = {part.title: part for part in sheet_in(page).parts}
    assert [one.caption for one in parts["On the way"].curves] == ["Accuracy against calls of the search"]
    assert "seed prompts" in text
    assert "<script>" in str(parts["Guard inputs"].tables), "the name of a guard input is text"
    assert "<script" not in text


def test_folders_of_runs_are_contestants_by_their_whole_names(maspo: Run, url: str) -> None:
    for name in ("found-0.3", "found-1"):
        Path(name).mkdir()
        (Path(name) / "prompts.json").write_text(Path("mine.json").read_text())
    said = compare(maspo, url, "--methods", "", "--against", "found-0.3", "--against", "found-1", "--json")
    assert said.code == 0, said
    assert {one["name"] for one in said.json["standings"]} >= {"found-0.3", "found-1"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--methods", "oprah"), "no such profile or optimizer"),
        (("--methods", ""), "nothing to compare"),
        (("--methods", "spo", "--set", "search.union_inputs=3"), "compare one that has it"),
        (("--methods", "spo", "--variant", "lean=default"), "--variant 'lean=default': expected NAME=METHOD"),
        (("--methods", "spo", "--variant", "lean=default judge.kind=none"), "none"),
        (("--methods", "spo,spo"), "stands twice"),
        (("--seeds", "x"), "--seeds 'x'"),
        (("--methods", "spo", "--max-calls", "50"), "--max-calls 50"),
        (("--methods", "spo", "--equal", "money"), "give --max-usd"),
        (("--methods", "spo", "--equal", "money", "--max-usd", "1"), "no price is known for simulated"),
        (("--methods", "spo", "--guard", "rows.jsonl"), "every input"),
        (("--methods", "spo", "--guard", "none.jsonl"), "--guard none.jsonl"),
        (("--methods", "", "--against", "none.json"), "no such file"),
        (("--methods", "", "--against", "mine.json", "--against", "mine.json"), "another one"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_written(
    maspo: Run, url: str, more: tuple[str, ...], told: str
) -> None:
    said = compare(maspo, url, *more)
    assert said.code == 2, said
    assert told in said.err
    assert not Path("out").exists()


def test_another_comparison_in_the_folder_is_refused(maspo: Run, url: str) -> None:
    assert compare(maspo, url, "--methods", "", "--against", "mine.json").code == 0
    said = compare(maspo, url, "--methods", "spo", "--max-calls", "600")
    assert said.code == 2, said
    assert "another comparison" in said.err
    assert "--methods: was " in said.err


def test_several_tasks_meet_under_one_cap_and_one_table_is_over_all(maspo: Run, url: str) -> None:
    lines = Path("rows.jsonl").read_text().splitlines()
    more = [json.dumps({**dict(row), "id": f"more-{n}"}) for n, row in enumerate(World().inputs(ROWS, start=ROWS))]
    Path("more.jsonl").write_text("\n".join(more))
    asked = ("--methods", "spo", "--seeds", "0,1", "--against", "mine.json", "--also", "more.jsonl", "--json")
    said = compare(maspo, url, *asked, "--max-calls", "1700")
    assert said.code in (0, 4), said
    found = said.json
    assert found["calls"] <= 1700
    assert list(found["tasks"]) == ["rows", "more"]
    own = {name: json.loads(Path(f"out/tasks/{name}/comparison.json").read_text()) for name in found["tasks"]}
    assert found["inputs"] == sum(one["inputs"] for one in own.values())
    assert found["calls"] == sum(one["calls"] for one in own.values())
    assert all(one["calls"] <= 850 for one in own.values())
    assert found["look"] == max(one["look"] for one in own.values()) + 1
    mine, *_ = (one for one in found["standings"] if one["name"] == "mine")
    apart = [next(one for one in each["standings"] if one["name"] == "mine") for each in own.values()]
    assert len(mine["won"]) == sum(len(one["won"]) for one in apart)
    assert mine["won"][0].startswith("rows: ")
    (spo,) = (one for one in found["standings"] if one["name"] == "spo")
    assert len(spo["runs"]) == 4
    assert all(Path("out", run["folder"], "report.html").is_file() for run in spo["runs"])
    assert len(lines) == ROWS
    page, table = Path("out/comparison.html").read_text(), Path("out/comparison.md").read_text()
    assert "<script" not in table
    assert "net wins by task" in table
    (part,) = (part for part in sheet_in(page).parts if part.title == "Task by task")
    assert all(Path("out", link.page).is_file() for link in part.links)
    again = compare(maspo, url, *asked, "--max-calls", "1700")
    assert again.json["calls"] == found["calls"]
    assert again.json["standings"] == found["standings"]


def test_one_task_and_several_are_not_mixed_in_a_folder(maspo: Run, url: str) -> None:
    Path("more.jsonl").write_text(Path("rows.jsonl").read_text())
    own = ("--methods", "", "--against", "mine.json")
    for first, then, held in (((), ("--also", "more.jsonl"), "one task"), (("--also", "more.jsonl"), (), "several")):
        out = ("--out", f"held-{held}")
        assert compare(maspo, url, *own, *first, *out).code == 0
        said = compare(maspo, url, *own, *then, *out)
        assert said.code == 2, said
        assert f"holds a comparison over {held}" in said.err


def test_what_is_no_comparison_over_several_tasks_is_refused(maspo: Run, url: str) -> None:
    for more, told in (
        (("--also", "rows.jsonl"), "rows stands twice"),
        (("--also", "none.jsonl"), "none.jsonl"),
        (("--also", "more.jsonl", "--guard", "rows.jsonl"), "--guard"),
    ):
        said = compare(maspo, url, "--methods", "spo", *more)
        assert said.code == 2, said
        assert told in said.err
        assert not Path("out").exists()


def test_labels_that_no_answer_meets_are_told(maspo: Run, url: str) -> None:
    rows = [{**row, "answer": "never"} for row in World().inputs(ROWS)]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    said = compare(maspo, url, "--methods", "", "--against", "mine.json", "--json")
    told = "n none of"
    assert any(told in note for note in said.json["notes"])
    assert told in told_by(sheet_in(Path("out/comparison.html").read_text(encoding="utf-8")))
