"""What a report says of agents in conflict, and of a race in mixed runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from maspo.core.prompts import prompt_id
from maspo.events import CandidateScored, CaseShown, ConflictFound, Event, LevelCounts, RunStarted, StepStarted
from maspo.report import sentences
from maspo.report.fold import by_rounds, fold, rank_conflict
from maspo.report.result import result_of
from maspo.report.text import summary
from tests.report.pages import document

FOUND = ConflictFound("r3", ("algebra", "critic"), (0.05, 0.1), -0.15, ("k1", "k2"))
TEXTS = {"critic": "out"}
ROUND = StepStarted("r3/critic", "critic", 3, 1, 12, 1)


def case(agent: str = "critic", key: str = "k2", step: str = "r3/critic", label: str = "tank") -> CaseShown:
    return CaseShown(agent, key, "text", "new", "old", TEXTS, TEXTS, ("global",), step, label)


@pytest.mark.parametrize(
    ("alone", "expected"),
    [
        ((0.05, 0.1), [("critic", 0.1), ("algebra", 0.05)]),
        ((0.2, 0.1), [("algebra", 0.2), ("critic", 0.1)]),
        ((0.1, 0.1), [("algebra", 0.1), ("critic", 0.1)]),
    ],
)
def test_c01_the_better_change_is_kept_and_of_equal_ones_the_first(
    alone: tuple[float, float], expected: list[tuple[str, float]]
) -> None:
    assert rank_conflict(replace(FOUND, alone=alone)) == expected


def test_c02_page_and_summary_say_who_and_by_how_much(whole_run: list[Event]) -> None:
    view = fold([*whole_run[:-1], FOUND, whole_run[-1]])
    (shown,) = document(view)["conflicts"]
    assert (shown["agents"], shown["alone"], shown["together"]) == (["algebra", "critic"], [0.05, 0.1], -0.15)
    assert shown["inputs"] == [["k1", ""], ["k2", ""]]
    said = (
        "the changes of critic and algebra each won alone (+0.100 and +0.050) and lost together (−0.150, on 2 inputs "
        "where neither lost alone); that of critic was kept"
    )
    assert [line for line in summary(view).splitlines() if line.startswith("conflict")] == [f"conflict  {said}"]
    assert sentences.describe_conflict(replace(FOUND, inputs=("k1",))).count("on 1 input where") == 1


def test_c03_an_input_leads_to_the_case_of_the_agent_that_gave_way(whole_run: list[Event]) -> None:
    found = replace(FOUND, alone=(0.1, 0.05))
    others = [case(agent="algebra"), case(key="k9"), case(step="r2/critic"), case(step="r31/critic")]
    page = document(fold([*whole_run, ROUND, found, *others, case(), case(key="k3")]))
    (name, leads) = page["conflicts"][0]["inputs"][1]
    (led,) = [one for one in page["cases"] if one["id"] == leads]
    assert (name, led["agent"], led["step"], led["input_key"]) == ("tank", "critic", "r3/critic", "k2")
    assert page["conflicts"][0]["inputs"][0] == ["k1", ""]


def test_c04_a_case_that_is_not_on_the_page_is_named_without_a_link(whole_run: list[Event]) -> None:
    found = replace(FOUND, alone=(0.1, 0.05))
    others = [case(agent="algebra", key=f"x{n}") for n in range(20)]
    page = document(fold([*whole_run, ROUND, found, *others, case()]))
    assert page["conflicts"][0]["inputs"] == [["k1", ""], ["tank", ""]]
    assert len(page["cases"]) == 20


def test_c05_the_result_holds_every_conflict(whole_run: list[Event]) -> None:
    again = replace(FOUND, step="r5", alone=(0.2, 0.1), inputs=("k1",))
    view = fold([*whole_run, FOUND, again])
    assert json.loads(json.dumps(result_of(view).dump()))["conflicts"] == [
        {"agents": ["algebra", "critic"], "alone": [0.05, 0.1], "together": -0.15, "inputs": 2},
        {"agents": ["algebra", "critic"], "alone": [0.2, 0.1], "together": -0.15, "inputs": 1},
    ]
    said = summary(view)
    assert "that of algebra was kept" in said and "that of critic was kept" not in said
    assert "1 earlier conflict in the report" in said


def test_c06_a_run_without_conflicts_does_not_speak_of_them(whole_run: list[Event]) -> None:
    view = fold(whole_run)
    assert document(view)["conflicts"] == [] and "conflict" not in summary(view)
    assert result_of(view).dump()["conflicts"] == []


def test_c08_many_conflicts_do_not_flood_the_page(whole_run: list[Event]) -> None:
    keys = tuple(f"k{number}" for number in range(17))
    many = [replace(FOUND, step=f"r{number}", inputs=keys) for number in range(23)]
    page = document(fold([*whole_run, *many]))
    assert (len(page["conflicts"]), page["conflicts_count"]) == (20, 23)
    assert {(len(one["inputs"]), one["inputs_count"]) for one in page["conflicts"]} == {(12, 17)}


# ── the race ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def race(start: RunStarted) -> list[Event]:
    """A round of the race: by reward the second candidate is ahead, by what it is worth alone the first."""
    step, some = "r2/critic", LevelCounts(wins=4, losses=1, ties=15)

    def scored(text: str, reward: float, worth: float, kept: bool) -> CandidateScored:
        return CandidateScored(step, "critic", prompt_id(text), text, "p", reward, worth, some, some, some, 20, 1, kept)

    return [
        start,
        StepStarted(step, "critic", 2, 1, 12, 1),
        scored("first", 0.02, 0.0234, kept=True),
        scored("second", 0.26, -0.0041, kept=False),
    ]


def test_c09_a_race_is_told_in_rounds_and_expected_worth(whole_run: list[Event]) -> None:
    start = whole_run[0]
    assert isinstance(start, RunStarted)
    view = fold(race(start))
    assert (view.by_rounds, view.steps[0].label) == (True, "2")
    assert view.steps[0].best is not None and view.steps[0].best.text == "first"
    (step,) = document(view)["steps"]
    worth = [(one["reward"], one["score"], one["kept"]) for one in step["candidates"]]
    assert step["label"] == "2" and (0.26, -0.0041, False) in worth


def test_c10_algorithm_1_is_told_in_passes(whole_run: list[Event]) -> None:
    labels = {step["label"] for step in document(fold(whole_run))["steps"]}
    assert {"1.1", "2.0", "2.3"} <= labels


def test_c11_the_profile_paper_has_passes_only(whole_run: list[Event]) -> None:
    start = whole_run[0]
    assert isinstance(start, RunStarted)
    assert fold(race(replace(start, profile="paper"))).steps[0].label == "2.1"
    assert fold(race(replace(start, method="ascent"))).steps[0].label == "2.1"
    assert fold(race(replace(start, profile="paper", method="race"))).steps[0].label == "2"
    assert by_rounds(StepStarted("s", "a", 1, 1, 3, 1))
    assert not by_rounds(StepStarted("s", "a", 1, 1, 3, 3)) and not by_rounds(StepStarted("s", "a", 1, 0, 3, 1))
