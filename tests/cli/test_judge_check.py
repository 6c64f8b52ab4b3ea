"""``maspo judge-check`` against a simulated world, with labels and with a person at the terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.cli.judge_check import HUMAN, ask_person, read_verdicts
from maspo.core.errors import UsageError
from maspo.core.verdict import Verdict
from maspo.models.base import Message, Request
from maspo.store import RunStore
from maspo.study.evaluation.judge_check import Pair
from maspo.study.evaluation.recorded import recorded
from maspo.world import World
from tests.cli.conftest import Run, Said
from tests.cli.test_commands import world_server
from tests.optimum import best_prompts
from tests.report.pages import embedded

MIXED = World()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    system = MIXED.system("reflect")
    agents = {name: {"prompt": one.prompt, "reads": list(one.reads)} for name, one in system.by_name.items()}
    Path("team.yaml").write_text(json.dumps({"name": "team", "agents": agents}))
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in MIXED.inputs(40)))
    Path("prompts.json").write_text(json.dumps(dict(best_prompts())))


def check(url: str, *more: str, typed: str = "") -> Said:
    arguments = ["judge-check", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "out", *more]
    result = CliRunner().invoke(app, arguments, input=typed)
    return Said(result.exit_code, result.stdout, result.stderr)


def test_g01_the_judge_is_measured_against_labels(url: str) -> None:
    said = check(url, "--prompts", "prompts.json", "--pairs", "10", "--json")
    assert said.code == 0, said
    found = said.json
    assert found["pairs"] == 10
    assert 8 <= found["known_pairs"]["n"] + 2 <= 12
    assert found["calls"]["judge.global"] == 20
    for name in ("first_position", "flip", "tie", "unreadable", "known_pairs"):
        low, high = found[name]["interval"]
        assert 0 <= low <= (found[name]["share"] or 0) <= high <= 1
    assert -1 <= found["labels"]["kappa"] <= 1
    assert found["human"] is None
    assert json.loads(Path("out/judge_check.json").read_text()).items() <= found.items()
    assert len(Path("out/pairs.jsonl").read_text().splitlines()) == 10
    assert "right on known pairs" in said.err


def test_g02_without_other_prompts_repeats_differ(url: str) -> None:
    said = check(url, "--pairs", "5", "--json")
    assert said.code == 0, said
    assert "temperature 0.7" in said.err
    assert said.json["pairs"] > 0


def test_g03_a_person_judges_blind_and_goes_on_later(url: str) -> None:
    first = check(url, "--prompts", "prompts.json", "--pairs", "6", "--human", "--json", typed="1\nwhat\n2\ns\nq\n")
    assert first.code == 0, first
    assert "Please answer" in first.err
    assert len(read_verdicts(Path("out"))) == 3
    assert first.json["human"]["agreement"]["n"] == 2
    assert "candidate" not in first.err
    assert "prompts.json" not in first.err.split("── pair 1")[1]
    later = check(url, "--prompts", "prompts.json", "--pairs", "6", "--human", "--json", typed="t\nt\nt\n")
    assert "pair 1 of 3" in later.err
    assert len(read_verdicts(Path("out"))) == 6
    assert later.json["human"]["agreement"]["n"] == 5
    assert later.json["calls"] == first.json["calls"]
    done = check(url, "--prompts", "prompts.json", "--pairs", "6", "--human", typed="")
    assert "── pair" not in done.err
    assert "agrees with the person" in done.out


def test_g04_a_persons_file_that_is_broken_is_said(url: str, folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / HUMAN).write_text('{"pair": "x", "verdict": "perhaps"}\n')
    with pytest.raises(UsageError, match=HUMAN):
        read_verdicts(folder / "out")


def test_g05_what_cannot_be_used_is_said(maspo: Run, url: str) -> None:
    assert check(url, "--pairs", "0").code == 2
    assert maspo("judge-check", "team.yaml", "--base-url", url).code == 2
    assert not Path("out").exists()


def test_g12_a_team_whose_answers_are_all_alike_is_told_before_its_rows_are_paid(url: str) -> None:
    said = check(url, "--pairs", "10", "--repeats", "1", "--json")
    assert said.code == 0, said
    assert said.json["pairs"] == 0
    assert said.json["rows"] == 32, "of 40"
    assert "at a higher --set models.agent_temperature" in said.err + said.out


def test_g06_a_verdict_is_about_the_output_that_was_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Reader:
        """A person who always takes the good output, wherever it stands."""

        def readline(self) -> str:
            first = next(text for text in reversed(shown) if "output 1" in text)
            return "1\n" if "good" in first else "2\n"

    monkeypatch.setattr("maspo.cli.judge_check.note", shown.append)
    monkeypatch.setattr("sys.stdin", Reader())
    pairs = [Pair(f"p{number}", "r", "q", "good", "poor", None) for number in range(20)]
    ask_person(pairs, folder, seed=1)
    assert set(read_verdicts(folder).values()) == {Verdict.WIN}
    firsts = ["good" in text for text in shown if "output 1" in text]
    assert 3 < sum(firsts) < 17


def test_g09_the_judge_cannot_say_which_outputs_are_right(url: str) -> None:
    said = check(url, "--scorer", "judge")
    assert said.code == 2, said
    assert "the judge is what is checked" in said.err


def test_g11_a_rubric_goes_to_the_judge_and_labels_still_say_what_is_right(url: str) -> None:
    Path("rubric.txt").write_text("Only the letter counts.")
    said = check(url, "--prompts", "prompts.json", "--rubric", "rubric.txt", "--pairs", "4", "--json")
    assert said.code == 0, said
    begun = recorded(Path("out") / "judge.db")
    assert (begun.rubric, begun.scorer) == ("Only the letter counts.", "exact")


def test_g07_a_damaged_record_is_mended_by_the_same_command(url: str) -> None:
    first = check(url, "--prompts", "prompts.json", "--pairs", "5", "--json")
    record = Path("out/judge.db")
    record.write_bytes(record.read_bytes().replace(b"SQLite", b"sqlite", 1))
    again = check(url, "--prompts", "prompts.json", "--pairs", "5", "--json")
    assert again.code == 0, again
    assert "judge.damaged-1.db" in again.err
    assert (again.json["known_pairs"], again.json["calls"]) == (first.json["known_pairs"], first.json["calls"])


def test_g08_what_may_be_billed_twice_is_in_the_file_on_the_page_and_on_the_screen(url: str) -> None:
    first = check(url, "--prompts", "prompts.json", "--pairs", "5", "--json")
    assert first.json["possibly_billed_twice"] == []
    assert "billed twice" not in first.out + embedded(Path("out/judge.html").read_text()).lower()
    assert first.json["models"] == {"agent": "default", "judge": "default"}

    async def die_in_flight() -> None:
        async with RunStore.open(Path("out/judge.db")) as store:
            await store.sent(Request("gpt-4.1-mini", (Message("user", "?"),), "judge.global"), 0.25)

    asyncio.run(die_in_flight())
    for _ in range(2):
        said = check(url, "--prompts", "prompts.json", "--pairs", "5", "--json")
        (call,) = said.json["possibly_billed_twice"]
        assert (call["purpose"], call["usd"]) == ("judge.global", 0.25)
        assert json.loads(Path("out/judge_check.json").read_text())["possibly_billed_twice"] == [call]
        assert "1 call in flight when the run was killed, possibly billed twice: at most $0.25" in said.err
        assert said.json["report"] == "out/judge.html"
        assert "billed twice" in embedded(Path("out/judge.html").read_text()).lower()


def test_g10_runs_lists_judge_checks_and_names_one_that_cannot_be_read(maspo: Run, url: str) -> None:
    done = check(url, "--prompts", "prompts.json", "--pairs", "6", "--json").json
    said = maspo("runs", ".", "--json")
    (found,) = said.json["judge_checks"]
    assert {name: found[name] for name in ("dir", "judge", "pairs")} == {
        "dir": "out",
        "judge": done["judge"],
        "pairs": 6,
    }
    assert found["known_pairs"]["share"] == done["known_pairs"]["share"]
    assert "judge check" in said.err
    assert f"{sum(done['calls'].values())}" in said.err
    reported = maspo("report", "out")
    assert (reported.code, "out/judge.html" in reported.err) == (2, True)
    Path("out/judge_check.json").write_text("[]")
    broken = maspo("runs", ".")
    assert (broken.code, "out/judge_check.json: cannot be read" in broken.err) == (0, True)
    Path("out/judge_check.json").unlink()
    assert "not finished" in maspo("runs", ".").out


def test_g13_labels_that_fit_no_output_are_named_as_the_reason(url: str) -> None:
    rows = [{**row, "answer": "never"} for row in MIXED.inputs(40)]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    said = check(url)
    assert said.code == 0, said
    assert "outputs differ, but none of them is right by its label" in said.out and "--scorer exact" in said.out
    assert "agent_temperature" not in said.out.split("\n\n")[1]
    assert "from 32 rows" in said.out or "from 40 rows" in said.out
    page = embedded(Path("out/judge.html").read_text(encoding="utf-8"))
    assert "none of them is right by its label" in json.dumps(page)


def test_g14_that_labels_are_missing_and_why_pairs_are_few_is_told(url: str) -> None:
    rows = [{key: value for key, value in row.items() if key != "answer"} for row in MIXED.inputs(12)]
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    said = check(url, "--repeats", "2", "--yes", "--json")
    assert said.code == 0, said
    before, _, _ = said.err.partition("calls")
    assert "no row has a label (`answer`)" in before and "not how often it is right" in before
    found = said.json
    assert 0 < found["pairs"] < found["rows"] == 12
    assert f"On {12 - found['pairs']} rows all outputs give the same answer" in said.err
    assert found["known_pairs"]["n"] == 0


def test_g15_what_goes_on_after_a_cap_is_told_and_does(url: str) -> None:
    asked = ("--prompts", "prompts.json", "--pairs", "10")
    capped = check(url, *asked, "--max-calls", "30", "--yes")
    assert capped.code == 4, capped
    assert "higher one go on with: the same command with --out out" in capped.out
    whole = check(url, *asked, "--max-calls", "300", "--yes")
    assert whole.code == 0, whole
    assert "go on with" not in whole.out
