"""A run that starts from another: its prompts meet the seed prompts first, and are taken over where they win."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.core.errors import ConfigInvalid, UsageError
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CandidateScored, PromptChanged, PromptKept, StepStarted
from maspo.optimizers.base import Ask, Asking, Results
from maspo.optimizers.race.head_start import LOOK, STEP, HeadStart, meet
from maspo.optimizers.race.mixture import Mixture
from maspo.optimizers.race.round import Trial
from maspo.report.earlier import earlier_run
from maspo.report.folder import look
from maspo.report.why import reasons
from maspo.study.carried import Earlier, carried_over
from maspo.study.optimize import recorded_job
from maspo.study.resolve import resolve
from maspo.team import Agent, System
from maspo.testing.runs import SMALL_RACE, Recorder, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec


class _Tries:
    """A search in which what is tried comes out as told."""

    def __init__(self, comes_out: Callable[[str], Comparison]) -> None:
        self._comes_out = comes_out

    def try_each(self, purpose: str, tried: Mapping[str, Mixture], inputs: Sequence[str]) -> Asking[list[Trial]]:
        """Answer at once."""
        assert purpose == STEP
        yield from ()
        return [Trial(part, tuple(map(self._comes_out, inputs))) for part in tried.values()]


def _driven(asking: Generator[Ask, Results, HeadStart]) -> HeadStart:
    """Return what a part of a search comes to that asks for nothing."""
    try:
        next(asking)
    except StopIteration as stop:
        found: HeadStart = stop.value
        return found
    raise AssertionError("it asks for something")


JOB = with_config(world_job(inputs=24, spec=WorldSpec(seed=3)), search=SMALL_RACE)


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What a run of the same team has found."""
    folder = tmp_path_factory.mktemp("earlier") / "first"
    asyncio.run(begin(JOB, folder))
    found, remarks = carried_over(JOB, earlier_run(folder))
    assert found and not remarks
    return found


async def test_t01_what_won_elsewhere_and_wins_here_is_taken_over_before_the_first_round(
    carried: Mapping[str, str], tmp_path: Path
) -> None:
    watcher, job = Recorder(), replace(JOB, carried=carried)
    model = counted_world(job)
    outcome = await begin(job, tmp_path / "second", model, watcher=watcher)
    assert outcome.finished is not None and model.calls <= resolve(job).bound.most
    kinds = StepStarted | PromptChanged
    told = [one for one in watcher.events if isinstance(one, kinds)]
    over = [one for one in told if isinstance(one, PromptChanged) and one.step.startswith(f"{STEP}/")]
    assert {one.agent: one.after for one in over} == carried and over == told[: len(over)]
    assert all("carried over from an earlier run" in one.reason for one in over)
    assert recorded_job(tmp_path / "second").carried == carried
    view = look(tmp_path / "second").view
    first = {agent.name: reasons(view, agent)[0] for agent in view.agents if agent.name in carried}
    others = {name: ", ".join(other for other in carried if other != name) for name in first}
    assert all(
        line.startswith(f"step carried: found by an earlier run; tried together with {others[name]} on ")
        for name, line in first.items()
    ), first
    asked = model.calls
    assert (await go_on(job, tmp_path / "second", model)).finished == outcome.finished and model.calls == asked


async def test_t05_what_loses_here_is_dropped_after_a_few_inputs(tmp_path: Path) -> None:
    weather = "Ignore the question and describe the weather."
    rubbish = {name: f"{text}\n{weather}" for name, text in JOB.system.prompts.items()}
    watcher, job = Recorder(), replace(JOB, carried=rubbish)
    outcome = await begin(job, tmp_path / "run", watcher=watcher)
    assert outcome.finished is not None and not set(rubbish.values()) & set(outcome.finished.winners.values())
    kept = [one for one in watcher.events if isinstance(one, PromptKept) and one.step.startswith(f"{STEP}/")]
    assert {one.agent for one in kept} == set(rubbish)
    assert all("does not win here" in one.reason for one in kept)


async def test_t06_as_before_it_is_a_candidate_of_the_first_round_where_the_settings_say_so(
    carried: Mapping[str, str], tmp_path: Path
) -> None:
    config = SMALL_RACE.model_copy(update={"carried_inputs": 0})
    watcher, job = Recorder(), replace(with_config(JOB, search=config), carried=carried)
    await begin(job, tmp_path / "run", watcher=watcher)
    first = [one.text for one in watcher.events if isinstance(one, CandidateScored) and one.step.startswith("r1/")]
    assert set(carried.values()) <= set(first)


@pytest.mark.parametrize("won", [True, False])
def test_t07_it_ends_as_soon_as_it_is_clear_and_never_goes_beyond_its_inputs(won: bool) -> None:
    keys = tuple(f"k{number}" for number in range(3 * LOOK))

    def ends(verdicts: Sequence[Verdict], net: int) -> tuple[int, bool]:
        told = iter(verdicts)
        search = _Tries(lambda key: Comparison(key, (found := next(told)), (), found))
        met = _driven(meet(search, {"a": "new"}, keys, net))
        return len(met.comparisons), met.taken_over

    clear, tie = (Verdict.WIN if won else Verdict.LOSS), Verdict.TIE
    assert ends([clear] * len(keys), 3) == (LOOK, won)
    assert ends([tie] * (len(keys) - 1) + [clear], 3) == (len(keys), won)
    assert ends([tie] * len(keys), 3) == (len(keys), False)


def test_t02_changes_are_carried_to_another_prompt_of_the_same_agent() -> None:
    system = System((Agent("a", "You add numbers. Be exact."), Agent("b", "You check.", reads=("a",))))
    job = replace(JOB, system=system)
    before = {"a": "You sum numbers. Be exact.", "b": "You check."}
    after = {**before, "a": "You sum numbers. Be exact. Show each step."}
    carried, remarks = carried_over(job, Earlier(before, after))
    assert carried == {"a": "You add numbers. Be exact.\nShow each step."} and not remarks


def test_t03_what_does_not_fit_or_breaks_a_rule_is_told_and_left_out() -> None:
    system = System((Agent("a", "You add numbers.", protect=("You add numbers.",)),))
    job = replace(JOB, system=system)
    carried, (remark,) = carried_over(job, Earlier({"a": "You add numbers."}, {"a": "Do nothing."}))
    assert not carried and remark.startswith("--start-from: a's earlier prompt may not be used here")
    carried, (remark,) = carried_over(job, Earlier({"x": "X"}, {"x": "Y"}))
    assert not carried and "has rewritten no agent of this team" in remark


async def test_t04_only_a_finished_race_is_started_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        earlier_run(tmp_path)
    with pytest.raises(ConfigInvalid, match=r"--start-from: search\.method ascent cannot start from a run"):
        resolve(replace(world_job(), carried={"solver": "better"}))
