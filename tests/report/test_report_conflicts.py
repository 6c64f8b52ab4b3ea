"""What a report says of agents in conflict, and of a race in mixed runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from maspo.core.prompts import prompt_id
from maspo.events import CandidateScored, CaseShown, ConflictFound, Event, LevelCounts, RunStarted, StepStarted
from maspo.report import phrases
from maspo.report.fold import by_rounds, fold, rank_conflict
from maspo.report.html import render
from maspo.report.page import MOST_CONFLICT_INPUTS, MOST_CONFLICTS
from maspo.report.result import result_of
from maspo.report.text import summary

FOUND = ConflictFound("r3", ("algebra", "critic"), (0.05, 0.1), -0.15, ("k1", "k2"))
TEXTS = {"critic": "out"}
ROUND = StepStarted("r3/critic", "critic", 3, 1, 12, 1)


def case(agent: str = "critic", key: str = "k2", step: str = "r3/critic", label: str = "tank") -> CaseShown:
    return CaseShown(agent, key, "text", "new", "old", TEXTS, TEXTS, ("global",), step, label)


def part(page: str, name: str) -> str:
    return page.partition(f'<section id="{name}">')[2].partition("</section>")[0]


def links(page: str) -> tuple[set[str], set[str]]:
    """Return where the page's links lead, and the ids of its elements."""
    return set(re.findall(r'href="#([^"]*)"', page)), set(re.findall(r' id="([^"]*)"', page))


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
    text = part(render(view), "conflicts")
    cells = '<th scope="row">critic</th><td>+0.100</td><td>algebra</td><td>+0.050</td><td>−0.150</td>'
    assert cells + "<td>2 inputs: k1, k2</td>" in text
    said = (
        "the changes of critic and algebra each won alone (+0.100 and +0.050) and lost together (−0.150, on 2 inputs "
        "where neither lost alone); that of critic was kept"
    )
    assert [line for line in summary(view).splitlines() if line.startswith("conflict")] == [f"conflict  {said}"]
    assert phrases.describe_conflict(replace(FOUND, inputs=("k1",))).count("on 1 input where") == 1


def test_c03_an_input_leads_to_the_case_of_the_agent_that_gave_way(whole_run: list[Event]) -> None:
    found = replace(FOUND, alone=(0.1, 0.05))
    others = [case(agent="algebra"), case(key="k9"), case(step="r2/critic"), case(step="r31/critic")]
    page = render(fold([*whole_run, ROUND, found, *others, case(), case(key="k3")]))
    assert '<td>2 inputs: k1, <a href="#case-2">tank</a></td>' in part(page, "conflicts")
    assert page.count('<details class="case" id="case-2"><summary><strong>critic</strong> on input tank') == 1
    leads, ids = links(page)
    assert leads == ids and [name for name in ids if name.startswith("case-")] == ["case-2"]
    assert "changes of two agents lost together" in part(page, "cases")


def test_c04_a_case_that_is_not_on_the_page_is_named_without_a_link(whole_run: list[Event]) -> None:
    found = replace(FOUND, alone=(0.1, 0.05))
    page = render(fold([*whole_run, ROUND, found, case(), *[case(agent="algebra", key=f"x{n}") for n in range(20)]]))
    assert "<td>2 inputs: k1, tank</td>" in part(page, "conflicts")
    assert "case-" not in page


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
    page = render(view)
    assert "conflict" not in page.lower() and "lost together" not in page and "conflict" not in summary(view)
    assert result_of(view).dump()["conflicts"] == []


def test_c07_names_and_inputs_never_act(whole_run: list[Event]) -> None:
    attack = "<script>alert(1)</script>"
    found = ConflictFound(attack, (attack, f"{attack}2"), (0.1, 0.05), -0.1, (attack,))
    shown = replace(case(f"{attack}2", attack, f"{attack}/x", attack), input_text=attack)
    page = render(fold([*whole_run[:1], found, shown]))
    assert attack not in page and "&lt;script&gt;alert(1)" in part(page, "conflicts")
    assert "#case-1" in part(page, "conflicts")


def test_c08_many_conflicts_do_not_flood_the_page(whole_run: list[Event]) -> None:
    keys = tuple(f"k{number}" for number in range(MOST_CONFLICT_INPUTS + 5))
    many = [replace(FOUND, step=f"r{number}", inputs=keys) for number in range(MOST_CONFLICTS + 3)]
    page = render(fold([*whole_run, *many]))
    assert part(page, "conflicts").count("and 5 more") == MOST_CONFLICTS
    assert "Not shown: 3 earlier conflicts." in page
    leads, ids = links(page)
    assert leads == ids


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
    text = part(render(view), "search")
    for said in (
        "mixed runs",
        "part of the new anchor",
        "Expected worth",
        "Best worth",
        ">Round<",
        "best reward +0.26",
    ):
        assert said in text
    assert "<td>+0.26</td><td>−0.004</td>" in text and "<td>+0.023</td><td>5.0%</td>" in text
    assert "Pass.gen" not in text and "better it did than its reference" not in text


def test_c10_algorithm_1_is_told_in_passes_and_rewards(whole_run: list[Event]) -> None:
    text = part(render(fold(whole_run)), "search")
    assert "Pass.gen" in text and "better it did than its reference" in text
    assert "mixed runs" not in text and "new anchor" not in text


def test_c11_the_profile_paper_has_passes_only(whole_run: list[Event]) -> None:
    start = whole_run[0]
    assert isinstance(start, RunStarted)
    assert fold(race(replace(start, profile="paper"))).steps[0].label == "2.1"
    assert fold(race(replace(start, method="ascent"))).steps[0].label == "2.1"
    assert fold(race(replace(start, profile="paper", method="race"))).steps[0].label == "2"
    assert by_rounds(StepStarted("s", "a", 1, 1, 3, 1))
    assert not by_rounds(StepStarted("s", "a", 1, 1, 3, 3)) and not by_rounds(StepStarted("s", "a", 1, 0, 3, 1))
