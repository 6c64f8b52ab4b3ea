"""Where the gain came from: the search's estimate, summed as it was told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maspo.core.prompts import prompt_id
from maspo.events import CandidateScored, Event, LevelCounts, PromptChanged, PromptKept, RunStarted
from maspo.report.fold import Gain, estimate_gains, fold
from maspo.report.result import result_of

NONE = LevelCounts()


def scored(step: str, agent: str, text: str, score: float, kept: bool = True) -> CandidateScored:
    return CandidateScored(step, agent, prompt_id(text), text, "p", 0.0, score, NONE, NONE, NONE, 5, 0, kept)


def found(whole_run: list[Event], *events: Event) -> dict[str, Gain]:
    start = next(event for event in whole_run if isinstance(event, RunStarted))
    return {name: gain for name, gain in estimate_gains(fold([start, *events])).items() if gain.worth}


def test_g01_a_merged_prompt_is_worth_what_its_candidates_are(whole_run: list[Event]) -> None:
    assert found(
        whole_run,
        scored("r1/algebra", "algebra", "one", 0.125),
        scored("r1/algebra", "algebra", "two", 0.125),
        scored("r1/algebra", "algebra", "three", 0.5, kept=False),
        PromptChanged("r1/algebra", "algebra", "seed", "one and two", "won"),
        scored("r1/critic", "critic", "x", 0.25),
        PromptChanged("r1/critic", "critic", "seed", "x", "won"),
    ) == {"algebra": Gain(0.25, 0.5), "critic": Gain(0.25, 0.5)}


def test_g02_of_a_beam_only_the_winner_counts_also_from_an_earlier_step(whole_run: list[Event]) -> None:
    assert found(
        whole_run,
        scored("g1", "algebra", "winner", 0.3),
        scored("g0", "critic", "winner", 0.9),
        scored("g2", "algebra", "other", 0.2),
        PromptChanged("g2", "algebra", "seed", "winner", "won"),
    ) == {"algebra": Gain(0.3, 1.0)}


def test_g05_what_a_person_set_back_is_worth_nothing_any_more(whole_run: list[Event]) -> None:
    seed = next(event for event in whole_run if isinstance(event, RunStarted)).seed_prompts["algebra"]
    steps = (
        scored("r1/algebra", "algebra", "one", 0.25),
        PromptChanged("r1/algebra", "algebra", seed, "one", "won"),
        scored("r2/algebra", "algebra", "two", 0.5),
        PromptChanged("r2/algebra", "algebra", "one", "two", "won"),
    )
    assert (
        found(whole_run, *steps, PromptChanged("decided-2/algebra", "algebra", "two", "one", "a veto"))["algebra"].worth
        == 0.25
    )
    assert found(whole_run, *steps, PromptChanged("decided-2/algebra", "algebra", "two", seed, "a pin")) == {}


def test_g03_what_was_kept_in_the_beam_but_never_accepted_is_worth_nothing(whole_run: list[Event]) -> None:
    kept = PromptKept("s", "algebra", "none was better")
    assert found(whole_run, scored("s", "algebra", "x", 0.4), kept) == {}


def test_g04_worth_of_several_rounds_is_summed(whole_run: list[Event]) -> None:
    rounds: list[Event] = []
    for number, score in enumerate((0.125, 0.25)):
        text = f"text {number}"
        rounds += [scored(f"r{number}", "critic", text, score), PromptChanged(f"r{number}", "critic", "s", text, "won")]
    assert found(whole_run, *rounds) == {"critic": Gain(0.375, 1.0)}


def test_g05_nothing_to_share_out_gives_no_shares(whole_run: list[Event]) -> None:
    changed = PromptChanged("s", "critic", "s", "x", "won")
    assert found(whole_run, scored("s", "critic", "x", -0.1), changed) == {"critic": Gain(-0.1, None)}


def test_g06_shares_add_up_and_are_in_the_result(whole_run: list[Event]) -> None:
    first, second = scored("p1.algebra.g3", "algebra", "new", 0.2), scored("p1.critic.g3", "critic", "new", 0.1)
    events = [
        *(replace(event, text="") if isinstance(event, CandidateScored) else event for event in whole_run[:1]),
        first,
        PromptChanged("p1.algebra.g3", "algebra", "s", "new", "won"),
        second,
        PromptChanged("p1.critic.g3", "critic", "s", "new", "won"),
    ]
    agents = result_of(fold(events)).dump()["agents"]
    assert isinstance(agents, dict)
    assert sum(one["share_of_worth"] for one in agents.values()) == pytest.approx(1)
    assert (agents["algebra"]["expected_worth"], agents["numbers"]["expected_worth"]) == (0.2, 0.0)
