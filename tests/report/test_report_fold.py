"""Invariants of the fold over a run's events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.events import (
    BudgetStopped,
    CandidateScored,
    Event,
    Paused,
    PromptChanged,
    RunFinished,
    RunStarted,
    StepStarted,
    Usage,
)
from maspo.report.fold import fold


def _without_end(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, RunFinished)]


def test_i01_nothing_is_a_view_too() -> None:
    view = fold([])
    assert view.state == "empty"
    assert view.agents == () and view.steps == () and view.usage == {}


def test_i02_every_candidate_is_in_the_step_that_scored_it(whole_run: list[Event]) -> None:
    view = fold(whole_run)
    scored = {(event.step, event.candidate) for event in whole_run if isinstance(event, CandidateScored)}
    assert {(step.step, one.candidate) for step in view.steps for one in step.candidates} == scored
    assert len(view.steps) == sum(isinstance(event, StepStarted) for event in whole_run)


def test_i03_the_latest_score_of_a_candidate_counts(whole_run: list[Event]) -> None:
    first = next(event for event in whole_run if isinstance(event, CandidateScored))
    again = replace(first, reward=0.9, kept=False)
    step = fold([*whole_run, again]).steps[0]
    assert [one.candidate for one in step.candidates].count(first.candidate) == 1
    assert step.best == again


def test_i04_a_step_knows_its_decision(whole_run: list[Event]) -> None:
    changed = [step for step in fold(whole_run).steps if isinstance(step.decision, PromptChanged)]
    assert [(step.agent, step.label) for step in changed] == [("algebra", "1.3"), ("aggregator", "1.3")]


def test_i05_prompts_before_and_after(whole_run: list[Event]) -> None:
    agents = {agent.name: agent for agent in fold(whole_run).agents}
    assert [name for name, agent in agents.items() if agent.changed] == ["algebra", "aggregator"]
    assert agents["algebra"].times_changed == 1
    assert agents["critic"].seed == agents["critic"].winner == agents["critic"].shipped


def test_i06_winners_that_are_not_shipped_are_rewritten_but_not_changed(real_run: list[Event]) -> None:
    agents = fold(real_run).agents
    assert any(agent.rewritten for agent in agents)
    assert not any(agent.changed for agent in agents)


def test_i07_before_the_end_the_prompt_in_the_system_counts(whole_run: list[Event]) -> None:
    view = fold(_without_end(whole_run))
    assert view.state == "running"
    assert [agent.name for agent in view.agents if agent.rewritten] == ["algebra", "aggregator"]
    assert all(agent.shipped is None for agent in view.agents)


def test_i08_a_pause_counts_until_the_run_goes_on(interrupted_run: list[Event]) -> None:
    paused = fold(interrupted_run)
    assert (paused.state, paused.seconds) == ("paused", 61.5)
    assert fold([*interrupted_run, StepStarted("x", "critic", 1, 1, 1, 1)]).state == "running"


def test_i09_a_finished_run_that_is_resumed_is_running_again(real_run: list[Event]) -> None:
    resumed = fold([*real_run, StepStarted("x", "critic", 3, 1, 3, 1)])
    assert resumed.state == "running" and resumed.finished is None
    assert fold([*real_run, StepStarted("x", "critic", 3, 1, 3, 1), real_run[-1]]).state == "finished"


def test_i10_a_finished_run_carries_its_own_usage(whole_run: list[Event]) -> None:
    so_far = {"agent": Usage(calls=1)}
    assert fold(_without_end(whole_run), so_far).usage == so_far
    assert fold(whole_run, so_far).usage["agent"].calls == 5230


def test_i11_shown_and_found_cases_are_counted(whole_run: list[Event]) -> None:
    view = fold(whole_run)
    assert (len(view.cases), view.cases_found) == (24, 35)


def test_i12_rejected_drafts_are_in_order(whole_run: list[Event]) -> None:
    assert [draft.step for draft in fold(whole_run).rejected][:2] == ["p1.algebra.g2", "p1.geometry.g2"]


def test_i13_every_prefix_has_the_steps_of_the_whole(whole_run: list[Event]) -> None:
    names = [step.step for step in fold(whole_run).steps]
    for end in range(0, len(whole_run), 7):
        found = [step.step for step in fold(whole_run[:end]).steps]
        assert found == names[: len(found)]


@given(st.data())
def test_i14_any_events_in_any_order_fold(whole_run: list[Event], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from([*whole_run, Paused("stop", 1.0)]), max_size=30))
    view = fold(chosen)
    assert (view.started is not None) == any(isinstance(event, RunStarted) for event in chosen)
    assert (view.state == "empty") == (not chosen)


@pytest.mark.parametrize("simulated", [True, False])
def test_i15_simulated_is_what_the_run_said(whole_run: list[Event], simulated: bool) -> None:
    assert isinstance(whole_run[0], RunStarted)
    assert fold([replace(whole_run[0], simulated=simulated)]).simulated is simulated


def test_i16_a_cap_that_was_raised_is_no_longer_reported(whole_run: list[Event]) -> None:
    stopped = [*_without_end(whole_run), BudgetStopped("--max-calls 300"), whole_run[-1]]
    assert [stop.cap for stop in fold(stopped).budget_stops] == ["--max-calls 300"]
    assert fold([*stopped, StepStarted("x", "critic", 3, 1, 3, 1), whole_run[-1]]).budget_stops == ()
