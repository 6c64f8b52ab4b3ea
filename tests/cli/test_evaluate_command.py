"""``maspo evaluate`` and ``maspo resume`` of it, against a simulated world over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.study.evaluation.recorded import recorded
from maspo.world import World
from tests.cli.test_commands import world_server

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
    agents = [f"  {name}: {json.dumps(_agent(system.by_name[name]))}" for name in system.order]
    Path("team.yaml").write_text("name: team\nagents:\n" + "\n".join(agents))
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in world.inputs(ROWS)))
    prompts = {name: f"{prompt} Check the edge cases. Verify each step." for name, prompt in system.prompts.items()}
    Path("prompts.json").write_text(json.dumps(prompts))


def _agent(agent: object) -> dict[str, object]:
    return {"prompt": agent.prompt, "reads": list(agent.reads)}  # type: ignore[attr-defined]


def evaluate(maspo: Run, url: str, *more: str) -> Said:
    return maspo("evaluate", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "out", *more)


def test_f01_two_prompt_sets_meet_and_everything_is_written(maspo: Run, url: str) -> None:
    said = evaluate(maspo, url, "--prompts", "prompts.json", "--json")
    assert said.code == 0, said
    assert {"evaluation.json", "evaluation.html", "rows.jsonl", "evaluation.db"} <= {
        file.name for file in Path("out").iterdir()
    }
    written = json.loads(Path("out/evaluation.json").read_text())
    assert written.items() <= said.json.items()
    assert said.json["verdict"] in ("improved", "no_evidence", "worse", "cannot_tell")
    difference = said.json["difference"]
    assert difference["wins"] + difference["losses"] + difference["ties"] == ROWS
    assert difference["interval"][0] <= difference["mean"] <= difference["interval"][1]
    assert said.json["after"]["per_1000_inputs"]["calls"] == 2000
    assert len(Path("out/rows.jsonl").read_text().splitlines()) == 2 * ROWS
    assert "at most 80" in said.err
    assert said.json["simulated"] is True


def test_f02_seed_prompts_alone(maspo: Run, url: str) -> None:
    said = evaluate(maspo, url, "--json")
    assert said.code == 0, said
    assert said.json["verdict"] is None
    assert said.json["before"] is None
    assert 0 <= said.json["after"]["accuracy"] <= 1
    alone = maspo(
        "evaluate", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "alone", "--prompts",
        "prompts.json", "--against", "none", "--json",
    )  # fmt: skip
    assert alone.json["before"] is None


def test_f03_a_cap_ends_with_exit_code_4_and_resume_ends_it(maspo: Run, url: str) -> None:
    said = evaluate(maspo, url, "--prompts", "prompts.json", "--max-calls", "40", "--json")
    assert said.code == 4, said
    assert said.json["complete"] is False
    assert sum(said.json["calls"].values()) <= 40
    assert "maspo resume out" in said.err
    done = maspo("resume", "out", "--max-calls", "1000", "--json")
    assert done.code == 0, done
    assert done.json["complete"] is True
    assert done.json["rows"] == ROWS
    assert sum(done.json["calls"].values()) == 81


def test_f04_the_same_command_again_pays_nothing(maspo: Run, url: str) -> None:
    first = evaluate(maspo, url, "--json")
    again = evaluate(maspo, url, "--json")
    assert again.json["calls"] == first.json["calls"]
    assert again.json["after"] == first.json["after"]
    other = evaluate(maspo, url, "--repeats", "2")
    assert other.code == 2
    assert "begun with something else" in other.err


def test_f05_the_judge_and_a_rubric(maspo: Run, url: str) -> None:
    Path("rubric.txt").write_text("The answer is stated in a tag.")
    said = evaluate(maspo, url, "--prompts", "prompts.json", "--rubric", "rubric.txt", "--rows", "8", "--json")
    assert said.code == 0, said
    assert said.json["scorer"] == "judge"
    assert said.json["rows"] == 8
    assert "preferred by the judge" in said.json["why"]


def test_f06_a_benchmark_by_name(maspo: Run, url: str) -> None:
    rows = [
        {
            "question": f"{n} + 1 = ?",
            "options": [f"A){n}", f"B){n + 1}", "C)0", "D)9", "E)8"],
            "rationale": "",
            "correct": "B",
        }
        for n in range(5)
    ]
    Path("test.json").write_text("\n".join(json.dumps(row) for row in rows))
    said = maspo(
        "evaluate", "team.yaml", "--task", "aqua", "--data", "test.json", "--base-url", url, "--out", "out", "--json"
    )
    assert said.code == 0, said
    assert said.json["task"] == "aqua"
    assert said.json["scorer"] == "choice"
    assert said.json["rows"] == 5


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([], "either as --inputs FILE or as --task NAME"),
        (["--inputs", "rows.jsonl", "--task", "aqua"], "either as --inputs FILE or as --task NAME"),
        (["--inputs", "none.jsonl"], "no such file"),
        (["--inputs", "rows.jsonl", "--scorer", "judge"], "give --prompts or --rubric"),
        (["--inputs", "rows.jsonl", "--scorer", "best"], "unknown scorer"),
        (["--inputs", "rows.jsonl", "--scorer", "jugde"], "did you mean 'judge'"),
        (["--inputs", "rows.jsonl", "--repeats", "0"], "--repeats 0"),
        (["--inputs", "rows.jsonl", "--rows", "0"], "--rows 0"),
        (["--inputs", "rows.jsonl", "--prompts", "none.json"], "no such file"),
        (["--inputs", "rows.jsonl", "--rubric", "none.txt"], "--rubric none.txt"),
        (["--inputs", "rows.jsonl", "--rubric", "rows.jsonl", "--scorer", "exact"], "read by the judge"),
        (["--inputs", "rows.jsonl", "--data", "x"], "--data"),
        (["--task", "unheard-of"], "unheard-of"),
        (["--inputs", "rows.jsonl", "--base-url", "http://192.0.2.1/v1", "--yes"], "plain http to another machine"),
    ],
)
def test_f07_what_cannot_be_used_is_said_before_a_call(maspo: Run, arguments: list[str], what: str) -> None:
    said = maspo("evaluate", "team.yaml", "--base-url", "http://127.0.0.1:9/v1", "--out", "out", *arguments)
    assert said.code == 2, said
    assert what in said.err
    assert not Path("out").exists()


def test_f08_an_endpoint_that_is_not_there(maspo: Run) -> None:
    said = evaluate(maspo, "http://127.0.0.1:9/v1", "--set", "models.attempts=1", "--json")
    assert said.code == 5, said
    assert said.json["exit_code"] == 5


def with_tests() -> None:
    rows = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()[:4]]
    tests = [{"input": row["input"], "tests": "import yaml\nassert True"} for row in rows]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, tests)))


def test_f20_packages_of_programs_are_given_anywhere_recorded_and_the_same_later(
    maspo: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("yaml")
    with_tests()
    first = evaluate(maspo, url, "--scorer", "code", "--sandbox-packages", "yaml", "--max-calls", "3", "--json")
    assert first.code == 4, first
    assert recorded(Path("out/evaluation.db")).scorer == "code:yaml"
    other = evaluate(maspo, url, "--scorer", "code", "--json")
    assert other.code == 2 and "scorer" in other.err
    monkeypatch.setenv("MASPO_SANDBOX_PACKAGES", "yaml")
    same = evaluate(maspo, url, "--scorer", "code", "--json")
    assert same.code == 0, same
    assert same.json["scorer"] == "code:yaml"
    monkeypatch.delenv("MASPO_SANDBOX_PACKAGES")
    Path("maspo.toml").write_text('[sandbox]\npackages = ["yaml"]\n')
    asked = evaluate(maspo, url, "--scorer", "code", "--json")
    assert asked.code == 2 and "sandbox.packages" in asked.err, "a file of others asks for it"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--scorer", "exact", "--sandbox-packages", "yaml"], "runs no programs"),
        (["--scorer", "code", "--sandbox-packages", "no_such"], "no such package"),
        (["--scorer", "code", "--sandbox-packages", "unsafe"], "stands for no sandbox"),
        (["--scorer", "code", "--sandbox-packages", "yaml", "--unsafe-exec"], "every package"),
    ],
)
def test_f21_packages_that_cannot_be_given_are_refused(maspo: Run, url: str, more: list[str], said: str) -> None:
    with_tests()
    found = evaluate(maspo, url, *more)
    assert found.code == 2, found
    assert said in " ".join(found.err.split())
    Path("outputs.jsonl").write_text('{"id": 1, "output": "x = 1", "tests": "assert x"}')
    scored = maspo("score", "outputs.jsonl", *more)
    assert scored.code == 2, scored


def test_f22_the_same_prompts_twice_are_no_look(maspo: Run, url: str) -> None:
    Path("same.json").write_text("{}")
    for _ in range(2):
        same = evaluate(maspo, url, "--prompts", "same.json", "--json")
        assert "both prompt sets are the same" in same.err and same.json["difference"]["look"] == 1
    other = maspo(
        "evaluate", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "other", "--prompts",
        "prompts.json", "--json",
    )  # fmt: skip
    assert other.json["difference"]["look"] == 1


def test_f24_prompts_of_a_run_that_were_written_back_are_told_with_what_they_may_meet(maspo: Run, url: str) -> None:
    run = Path("run")
    run.mkdir()
    (run / "prompts.json").write_text("{}")
    (run / "seed_prompts.json").write_text('{"solver": "You solve it."}')
    written = evaluate(maspo, url, "--prompts", "run/prompts.json", "--against", "seed")
    told = " ".join(written.err.split())
    assert f"--against {run / 'seed_prompts.json'} names those of before" in told, written
    (run / "seed_prompts.json").write_text("{}")
    assert "names those of before" not in evaluate(maspo, url, "--prompts", "run/prompts.json").err, "the same again"
    Path("alone.json").write_text("{}")
    assert "names those of before" not in evaluate(maspo, url, "--prompts", "alone.json").err


@pytest.mark.parametrize("scorer", ["exact", "math"])
def test_f23_labels_that_no_answer_meets_are_told_everywhere(maspo: Run, url: str, scorer: str) -> None:
    rows = [{**row, "answer": "never"} for row in World().inputs(ROWS)]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    said = evaluate(maspo, url, "--scorer", scorer, "--json")
    told = f"on none of {ROWS} inputs with a label was a final answer equal to it"
    assert any(told in one for one in said.json["remarks"])
    assert told in said.err and told in Path("out/evaluation.html").read_text(encoding="utf-8")
