"""``maspo steer`` and ``maspo ui`` as people call them; what a run tells in JSON, and in ten lines at its end."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from maspo.core.errors import EXIT_APPROVAL
from maspo.core.running import run
from maspo.report.closing import closing
from maspo.report.document import build_document
from maspo.report.folder import look
from maspo.study.decisions import DECISIONS
from maspo.testing.runs import SMALL, begin, with_config, world_job
from maspo.world.spec import WorldSpec
from tests.cli.conftest import Run


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    """A run whose new prompts wait for approval."""
    job = world_job(spec=WorldSpec(seed=5), inputs=24)
    holdout = job.config.holdout.model_copy(update={"ship_if": "better", "approve": "each"})
    job = with_config(job, search=SMALL["race"].model_copy(update={"passes": 4}), holdout=holdout)
    outcome = run(begin(job, tmp_path / "run"))
    assert outcome.exit_code == EXIT_APPROVAL
    return tmp_path / "run"


def test_what_is_decided_is_noted_and_said_to_be_taken_later(waiting: Path, maspo: Run) -> None:
    said = maspo("steer", str(waiting), "approve", "solver", "--json")
    assert said.code == 0
    assert (said.json["action"], said.json["agents"]) == ("approve", ["solver"])
    assert "maspo resume" in said.err
    said = maspo("steer", str(waiting), "reject", "critic", "--reason", "Too long.")
    assert said.code == 0
    lines = [json.loads(line)["decision"] for line in (waiting / DECISIONS).read_text().splitlines()]
    assert [line["action"] for line in lines] == ["approve", "reject"]
    assert lines[1]["reason"] == "Too long."


def test_what_waits_is_shown_with_its_test_input_by_input(waiting: Path) -> None:
    found = build_document(waiting)
    figures = found.approval.figures if found.approval else None
    assert figures is not None and found.holdout is None
    outcomes = Counter(row.outcome for row in found.inputs)
    assert (outcomes["won"], outcomes["lost"], outcomes.total()) == (figures.wins, figures.losses, figures.n)
    assert found.inputs_count == figures.n and all(row.trace in found.traces for row in found.inputs)
    assert found.judge.source == "holdout" and found.judge.figures is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dance"], "no such action; expected one of"),
        (["veto"], "name one agent"),
        (["veto", "solver", "critic"], "name one agent"),
        (["approve", "nobody"], "no agent of this run"),
        (["approve", "solver", "--prompt", "0123456789ab"], "waits for no approval"),
        (["pause", "solver"], "is about the run"),
        (["pause"], "no process works on this run"),
        (["raise-cap", "--max-usd", "5"], "maspo resume"),
        (["raise-cap"], "name one cap"),
        (["raise-cap", "--max-calls", "many"], "calls"),
        (["veto", "solver", "--max-usd", "5"], "usd"),
        (["pin", "nobody"], "no agent of this run; it has critic, solver"),
        (["pin", "solver", "--prompt", "0123456789ab"], "has had no prompt 0123456789ab"),
        (["veto", "solver", "--prompt", "0123456789ab"], "has had no prompt 0123456789ab"),
        (["veto", "solver", "--reason", "r" * 3000], "2000"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_not_noted(
    waiting: Path, maspo: Run, arguments: list[str], said: str
) -> None:
    found = maspo("steer", str(waiting), *arguments)
    assert "awaiting approval" in maspo("runs", str(waiting.parent)).out
    assert found.code == 2
    assert said in found.err
    assert not (waiting / DECISIONS).exists()


def test_without_a_question_nothing_is_approved(tmp_path: Path, maspo: Run) -> None:
    run(begin(world_job(inputs=8), tmp_path / "run"))
    found = maspo("steer", str(tmp_path / "run"), "approve")
    assert (found.code, "no new prompt waits" in found.err) == (2, True)
    for action in (["stop"], ["pause"], ["raise-cap", "--max-calls", "900"]):
        found = maspo("steer", str(tmp_path / "run"), *action)
        assert (found.code, "the run has finished" in found.err, "maspo resume" in found.err) == (2, True, False), found


def test_a_folder_that_is_none_is_not_served(tmp_path: Path, maspo: Run) -> None:
    assert maspo("ui", str(tmp_path / "none")).code == 2


def test_every_event_is_a_line_of_json_and_the_result_is_the_last(tmp_path: Path, maspo: Run) -> None:
    said = maspo("demo", "--inputs", "8", "--out", str(tmp_path / "run"), "--json")
    lines = [json.loads(line) for line in said.out.splitlines() if line.startswith("{")]
    kinds = [line.get("event") for line in lines]
    assert kinds[0] == "run_started" and kinds[-2:] == ["run_finished", None]
    assert all("kind" not in line for line in lines)
    assert said.json["exit_code"] == 0


def test_a_run_ends_with_ten_answers_to_ten_questions(tmp_path: Path, waiting: Path) -> None:
    run(begin(world_job(inputs=8), tmp_path / "finished"))
    for folder in (tmp_path / "finished", waiting):  # what the team costs in use is told beside them
        answers, _, notes = closing(look(folder).view).partition("\n\n")
        names = [line.split("  ")[0] for line in answers.splitlines() if not line.startswith((" ", "in use "))]
        assert len(names) == 10 and "in use " in answers and names[0] == "helped" and "cost" in names
        assert "Known when the run has finished" not in answers, "a test that is over is told"
        assert all(line.startswith(("note ", "look at ", " ")) for line in notes.splitlines())


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_answers_fit_the_screen_and_say_the_same_on_each(waiting: Path, width: int) -> None:
    view = look(waiting).view
    lines = closing(view, width).splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(closing(view, width).split()) == " ".join(closing(view, 1000).split())
