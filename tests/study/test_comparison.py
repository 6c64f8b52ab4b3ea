"""Comparisons: equal calls, one hold-out, one cap over all, and going on without repeating a recorded call."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import pytest

from maspo.arena.clock import run_virtually
from maspo.config import PROFILES, Caps, ModelSettings, RunConfig
from maspo.core.errors import ConfigInvalid, Interrupted, ProviderError, RunChanged, StoreError
from maspo.data.inputs import make_inputs
from maspo.models.base import Request
from maspo.report import phrases
from maspo.report.comparison import comparison_sheet, headline, markdown, notes, summary
from maspo.stats.bootstrap import paired_bootstrap
from maspo.stats.holm import holm
from maspo.stats.looks import Taken, by_number
from maspo.stats.paired import mcnemar, sign_test
from maspo.store.looks import Look, LookLedger
from maspo.store.run_store import RunStore
from maspo.store.writer import changes_waiting
from maspo.study.comparison.compare import Compared, SideBySide, compare, folder_of, is_cut, settled
from maspo.study.comparison.methods import Choice, choice_of, seeds_of, settings_of_others, variant_of
from maspo.study.comparison.plan import Comparison, Method
from maspo.study.comparison.tally import BEST_OF_2, RERUN, SEED, Contestant, InputMet, table_of
from maspo.study.ended import end_of
from maspo.study.optimize import DATABASE, recorded_job
from maspo.study.record import COMPARED
from maspo.study.resolve import split_of
from maspo.testing.runs import Counted, Recorder, counted_world, world_job

INPUTS = 40
CALLS = 300


def method(name: str) -> Method:
    profile = name if name in PROFILES else "default"
    search = {} if name in PROFILES else {"method": name}
    given = {"profile": profile, "search": search, "models": {"agent": "simulated"}}
    return Method(name, RunConfig.model_validate(given))


def asked(*names: str, seeds: tuple[int, ...] = (0,), labels: bool = True, **caps: float) -> Comparison:
    job = world_job(inputs=INPUTS)
    inputs = job.inputs if labels else replace(job.inputs, rows=tuple(replace(r, answer=None) for r in job.inputs.rows))
    search = {"calls": CALLS}
    config = RunConfig.model_validate({"search": search, "models": {"agent": "simulated"}, "caps": caps})
    return Comparison(job.system, inputs, config, tuple(map(method, names)), seeds)


def own(comparison: Comparison) -> Comparison:
    first = comparison.system.order[0]
    return replace(comparison, against={"mine": {first: "Verify each step. Check the edge cases."}})


def play(
    comparison: Comparison, out: Path, model: Counted | None = None, looks: LookLedger | None = None
) -> tuple[Compared, Counted]:
    """Compare as against an endpoint: the world answers, and nobody is told that it is one."""
    world = model or counted_world(world_job())
    found = asyncio.run(compare(settled(comparison, out), out, SideBySide(Recorder(), world.provider, looks=looks)))
    return found, world


def figures(found: Compared) -> object:
    return found.table, found.inputs, [(end.run.name, end.finished.winners) for end in found.runs]


# ── equal terms ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_q01_every_method_plans_the_same_calls_and_one_without_a_plan_is_capped_at_them(tmp_path: Path) -> None:
    found, _ = play(asked("default", "spo", "naive-joint", "paper"), tmp_path)
    calls = found.comparison.calls
    assert calls == CALLS
    for end in found.runs:
        config = recorded_job(folder_of(tmp_path, end.run)).config
        if end.run.method.name == "paper":
            assert config.caps.calls == calls
            assert end.usage.calls <= calls
        else:
            assert getattr(config.search, "calls", None) == calls
            assert config.caps.calls is None


def test_q02_a_cap_on_all_calls_is_shared_out_in_equal_parts() -> None:
    comparison = settled(replace(asked("default", "spo", seeds=(0, 1), calls=1400)), Path("nowhere"))
    share = (1400 - comparison.measuring_calls) // 4
    assert comparison.calls <= CALLS
    larger = replace(asked("default", "spo", seeds=(0, 1), calls=1400), config=_planning(600, 1400))
    comparison = settled(larger, Path("nowhere"))
    assert 0.85 * share <= comparison.calls <= share


def test_q02_a_cap_is_shared_out_beside_a_hold_out_of_the_size_that_such_plans_have(tmp_path: Path) -> None:
    """The usual plan holds out more inputs than a smaller one: what those would take is no reason to plan less."""
    cap = 4_000
    usual = replace(asked("default", "spo", seeds=(0, 1)), inputs=world_job(inputs=120).inputs)
    capped = settled(replace(usual, config=_planning(1_400, cap)), tmp_path)
    left = 0.9 * ((cap - capped.measuring_calls) // 4)
    assert len(capped.holdout) < len(settled(replace(usual, config=_planning(1_400, 60_000)), tmp_path).holdout)
    assert 0.9 * left <= capped.calls <= left


def _planning(calls: int, cap: int) -> RunConfig:
    return RunConfig(
        search=method("default").config.search.model_copy(update={"calls": calls}),
        models=ModelSettings(agent="simulated"),
        caps=Caps(calls=cap),
    )


def test_q03_no_run_plans_more_than_the_smallest_plan_of_a_method() -> None:
    job = asked("default", "spo")
    made = settled(replace(job, config=_planning(100_000, 1_000_000)), Path("nowhere"))
    planned = {one.config.search.planned_calls(job.system.team) for one in made.methods}
    assert planned == {made.calls}


def test_q04_all_runs_hold_out_the_same_inputs_and_search_on_the_same_others(tmp_path: Path) -> None:
    found, _ = play(asked("default", "paper", seeds=(0, 3)), tmp_path)
    splits = [split_of(recorded_job(folder_of(tmp_path, end.run))) for end in found.runs]
    (split,) = {(one.search, one.holdout) for one in splits}
    labels = {row.key: row.label for row in found.comparison.inputs.rows}
    assert [labels[key] for key in split[1]] == [met.label for met in found.inputs]
    assert not set(split[0]) & set(split[1])


def test_q05_without_methods_all_inputs_are_held_out_and_nothing_is_searched(tmp_path: Path) -> None:
    found, world = play(own(asked()), tmp_path)
    assert len(found.inputs) == INPUTS
    assert found.runs == ()
    assert not any(purpose.startswith("proposer") for purpose in world.purposes)
    assert [one.name for one in found.table.standings] == [SEED, RERUN, BEST_OF_2, "mine"]


def test_q07_the_time_of_a_comparison_holds_what_measuring_took_also_when_it_is_read_again(tmp_path: Path) -> None:
    async def wait(_: Request) -> None:
        await asyncio.sleep(1)

    comparison, world = own(asked()), counted_world(world_job(), wait)

    def compared() -> Compared:
        beside = SideBySide(Recorder(), world.provider)
        return run_virtually(compare(settled(comparison, tmp_path), tmp_path, beside), changes_waiting)

    found = compared()
    least = len(comparison.system.agents)
    assert found.seconds >= least, "agents wait for each other"
    calls = world.calls
    assert compared().seconds == pytest.approx(found.seconds, abs=1) and world.calls == calls


@pytest.mark.parametrize("labels", [True, False])
def test_q06_labels_decide_where_there_are_some_else_the_judge(tmp_path: Path, labels: bool) -> None:
    found, _ = play(own(asked(labels=labels)), tmp_path)
    seed, again, *_, mine = found.table.standings
    assert found.table.decided_by == ("labels" if labels else "judge")
    assert (mine.accuracy is not None) is labels
    assert seed.net == 0
    # The world writes by content and draw, so a second run differs here and there, and never wins by much.
    assert abs(again.net) < 0.2
    if labels:
        assert mine.accuracy is not None
        assert seed.accuracy is not None
        assert mine.net == pytest.approx(mine.accuracy - seed.accuracy)


# ── one cap over all ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("cap", [520, 700, 900])
def test_q10_a_cap_on_calls_holds_over_runs_and_holdout_together(tmp_path: Path, cap: int) -> None:
    found, world = play(own(asked("default", "spo", calls=cap)), tmp_path)
    assert world.calls == found.spent.calls <= cap
    assert found.left_out == 0, "what the hold-out needs is kept for it"


def test_q11_a_cap_on_money_holds_over_all(tmp_path: Path) -> None:
    whole = own(asked("default", "spo"))
    prices = {"simulated": (1.0, 4.0)}
    models = ModelSettings(agent="simulated", prices=prices, max_tokens=600)
    configs = [method(name).config.model_copy(update={"models": models}) for name in ("default", "spo")]
    methods = tuple(Method(name, config) for name, config in zip(("default", "spo"), configs, strict=True))
    config = whole.config.model_copy(update={"models": models, "caps": Caps(usd=0.25)})
    found, _ = play(replace(whole, methods=methods, config=config), tmp_path)
    assert found.spent.usd is not None
    assert 0 < found.spent.usd <= 0.25


@pytest.mark.parametrize(("names", "told"), [(("default", "spo"), "2 runs and"), (("spo",), "1 run and")])
def test_q12_a_cap_that_leaves_nothing_to_search_with_is_refused_and_what_it_asks_for_is_enough(
    tmp_path: Path, names: tuple[str, ...], told: str
) -> None:
    with pytest.raises(ConfigInvalid, match=f"--max-calls 120: {told}") as refused:
        settled(asked(*names, calls=120), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    enough = int(str(refused.value).partition("give ")[2].partition(" or more")[0].replace(",", ""))
    assert settled(asked(*names, calls=enough), tmp_path / "out").calls > 0
    with pytest.raises(ConfigInvalid):
        settled(asked(*names, calls=enough - 10), tmp_path / "out")


def test_q13_a_higher_cap_goes_on_with_what_was_cut_at_the_same_plan(tmp_path: Path) -> None:
    small, world = play(asked("default", "spo", calls=700), tmp_path)
    again, _ = play(asked("default", "spo", calls=700), tmp_path, world)
    assert figures(again) == figures(small)
    large, _ = play(asked("default", "spo", calls=5000), tmp_path, world)
    assert large.comparison.calls == small.comparison.calls
    assert large.cut == ()
    assert max(world.keys.values()) <= _asked_by_each_run(world, large)


def test_q14_a_run_that_a_cap_ends_beyond_its_plan_had_its_calls(tmp_path: Path) -> None:
    larger = replace(asked("default", "spo", calls=1400), config=_planning(600, 1400))
    found, _ = play(_auditing(larger), tmp_path / "beyond")
    first, planned = found.runs[0], found.comparison.calls
    assert not first.finished.complete and first.usage.calls >= planned, "choose a plan that this search goes beyond"
    assert found.cut == ()
    short = replace(first, usage=replace(first.usage, calls=planned - 1))
    assert is_cut(found.comparison, short) and not is_cut(found.comparison, first)


def _auditing(comparison: Comparison) -> Comparison:
    """Return a comparison of which the first method looks at pairs of agents, on top of its plan."""
    first, *others = comparison.methods
    search = first.config.search.model_copy(update={"audited_rounds": 2})
    first = replace(first, config=first.config.model_copy(update={"search": search}))
    return replace(comparison, methods=(first, *others))


def _asked_by_each_run(world: Counted, found: Compared) -> int:
    """Return how often equal questions may come: once a record."""
    assert world.calls == found.spent.calls
    return len(found.runs) + 1


# ── going on ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Stopping:
    """Ends the work at the so-manyth call, as a kill would: nothing further is answered."""

    def __init__(self, after: int) -> None:
        self.left = after

    async def __call__(self, request: Request) -> None:
        self.left -= 1
        if self.left < 0:
            raise ProviderError("gone")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.48, 0.7, 0.95])
def test_q20_a_killed_comparison_goes_on_and_repeats_no_recorded_call(tmp_path: Path, share: float) -> None:
    comparison = own(asked("default", "spo"))
    whole, once = play(comparison, tmp_path / "whole")
    world = counted_world(world_job(), Stopping(int(share * once.calls)))
    with pytest.raises(ProviderError):
        play(comparison, tmp_path / "cut", world)
    answered = Counter(world.keys)
    again = counted_world(world_job())
    found, _ = play(comparison, tmp_path / "cut", again)
    assert figures(found) == figures(whole)
    # Every record asks each question once; the questions that met the end were not answered.
    assert once.calls <= sum(answered.values()) + again.calls <= once.calls + IN_FLIGHT
    third, idle = play(comparison, tmp_path / "cut")
    assert idle.calls == 0
    assert figures(third) == figures(whole)


IN_FLIGHT = 64 * 2
"""Calls that may be in flight at the end, and the first questions that are refused as well."""


def test_q21_after_the_first_run_was_stopped_the_others_begin_and_the_first_is_left_alone(tmp_path: Path) -> None:
    comparison = settled(asked("default", "spo"), tmp_path)
    first, second = comparison.runs
    stop = asyncio.Event()
    world = counted_world(world_job())

    class Ending(Recorder):
        def on_event(self, event: object) -> None:
            if type(event).__name__ == "RunFinished":
                stop.set()

    with pytest.raises(Interrupted):
        asyncio.run(compare(comparison, tmp_path, SideBySide(Ending(), world.provider, stop)))
    ended = end_of(folder_of(tmp_path, first))
    assert ended is not None
    assert end_of(folder_of(tmp_path, second)) is None
    found, _ = play(comparison, tmp_path, world)
    assert found.runs[0].finished == ended
    assert world.calls == found.spent.calls


def test_q25_what_was_killed_before_it_noted_what_it_was_to_do_begins_anew(tmp_path: Path) -> None:
    comparison = asked("spo")

    async def killed(record: Path) -> None:
        record.parent.mkdir(parents=True, exist_ok=True)
        async with RunStore.create(record):
            pass

    asyncio.run(killed(folder_of(tmp_path, comparison.runs[0]) / DATABASE))
    asyncio.run(killed(tmp_path / COMPARED))
    found, _ = play(comparison, tmp_path)
    assert [end.run.name for end in found.runs] == ["spo-0"]
    assert found.runs[0].usage.calls


def test_q24_records_are_verified_a_few_times_each_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[str] = Counter()
    verifies = RunStore.read

    def counted(path: str | Path) -> RunStore:
        read[str(path)] += 1
        return verifies(path)

    monkeypatch.setattr(RunStore, "read", counted)
    found, _ = play(asked("spo", seeds=(0, 1, 2, 3)), tmp_path)
    for end in found.runs:
        assert read[str(folder_of(tmp_path, end.run) / DATABASE)] <= 3


def test_q22_another_comparison_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    play(own(asked()), tmp_path)
    for other in (own(asked(labels=False)), own(asked("spo")), replace(asked(), against={"mine": {}})):
        with pytest.raises(RunChanged, match="another comparison"):
            settled(other, tmp_path)  # before a plan is shown and agreed to


def test_q23_a_folder_of_runs_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "runs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="link"):
        settled(asked("spo"), tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []


# ── tests and looks ──────────────────────────────────────────────────────────────────────────────────────────────────


def met(number: int, **nets: int | None) -> InputMet:
    return InputMet(f"i{number}", f"g{number}", {SEED: 0, **nets}, {})


def test_q30_p_values_are_sign_tests_corrected_over_contestants() -> None:
    rows = [met(n, a=1, b=1 if n < 6 else 0, c=0) for n in range(9)] + [met(9, a=0, b=-1, c=0)]
    contestants = [Contestant(SEED, "seed", (SEED,)), *(Contestant(name, "own", (name,)) for name in "abc")]
    table = table_of(rows, contestants, "judge")
    raw = [sign_test(9, 0), sign_test(6, 1), 1.0]
    assert [one.p_value for one in table.standings[1:]] == pytest.approx(raw)
    assert [one.p_adjusted for one in table.standings[1:]] == pytest.approx(holm(raw))
    # 3 · 1/512 = 0.0059; 2 · 8/128 = 0.125; 1. The level of the first look, halved: 0.02.
    assert [one.p_adjusted for one in table.standings[1:]] == pytest.approx([3 / 512, 0.125, 1.0])
    assert table.level == pytest.approx(0.02)
    assert [one.verdict for one in table.standings[1:]] == ["improved", "no_evidence", "cannot_tell"]
    assert table.standings[1].won == tuple(f"i{n}" for n in range(9))


def test_q31_pairs_are_two_sided_and_corrected_over_all_pairs() -> None:
    rows = [met(n, a=1, b=0, c=0) for n in range(10)]
    contestants = [Contestant(name, "own", (name,)) for name in "abc"]
    table = table_of(rows, contestants, "judge")
    assert [(pair.one, pair.other) for pair in table.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [pair.p_adjusted for pair in table.pairs] == pytest.approx([3 * 2 / 1024, 3 * 2 / 1024, 1.0])
    assert [pair.better for pair in table.pairs] == ["a", "a", ""]


def test_q32_seeds_are_repeats_and_no_further_inputs() -> None:
    one = [met(n, a0=1) for n in range(5)]
    three = [met(n, a0=1, a1=1, a2=1) for n in range(5)]
    alone = table_of(one, [Contestant("a", "method", ("a0",))], "judge").standings[0]
    repeated = table_of(three, [Contestant("a", "method", ("a0", "a1", "a2"))], "judge").standings[0]
    assert repeated.p_value == alone.p_value == sign_test(5, 0)
    assert repeated.net == alone.net == 1.0


def test_q43_each_prompt_set_by_itself_has_mcnemars_test_corrected_over_all() -> None:
    rows = [met(n, a0=1, a1=0, b0=-1) for n in range(8)] + [met(8, a0=-1, a1=None, b0=0)]
    contestants = [Contestant("a", "method", ("a0", "a1")), Contestant("b", "method", ("b0",))]
    standings = table_of(rows, [Contestant("seed again", "control", ("a0",)), *contestants], "judge").standings
    assert standings[0].alone == ()
    found = [alone for one in standings for alone in one.alone]
    assert [(one.name, one.won, one.lost) for one in found] == [("a0", 8, 1), ("a1", 0, 0), ("b0", 0, 8)]
    assert [one.net for one in found] == pytest.approx([7 / 9, 0, -8 / 9])
    assert [one.accuracy for one in found] == [None] * 3, "no label decides"
    raw = [mcnemar(8, 1), 1.0, mcnemar(0, 8)]
    assert [one.mcnemar for one in found] == pytest.approx(raw)
    assert [one.mcnemar_adjusted for one in found] == pytest.approx(holm(raw))
    assert standings[2].bootstrap == paired_bootstrap([-1] * 8 + [0], [one.group for one in rows])


@pytest.mark.parametrize("labels", [True, False])
def test_q45_how_far_the_seeds_of_a_method_differ_is_told(tmp_path: Path, labels: bool) -> None:
    found, _ = play(asked("spo", seeds=(0, 1, 2), labels=labels), tmp_path)
    one = next(one for one in found.table.standings if one.name == "spo")
    each = [alone.net if alone.accuracy is None else alone.accuracy for alone in one.alone]
    assert len(each) == 3
    assert all((alone.accuracy is not None) == labels for alone in one.alone)
    if labels:
        assert fmean(each) == pytest.approx(one.accuracy)
    cells = [line.split("|") for line in markdown(found).splitlines() if line.startswith("| spo | ")]
    spread = next(row for row in cells if len(row) == len(("", "spo", "mean", "deviation", "each", "")))
    assert spread[3].strip() == phrases.percent(stdev(each))
    assert spread[4].count(",") == 2
    assert "seed by seed" in summary(found)
    lines = tuple(replace(line, alone=line.alone[:1], repeats=1) for line in found.table.standings)
    single = replace(found, table=replace(found.table, standings=lines))
    assert "seed by seed" not in summary(single) + markdown(single), "one run has no spread"


def test_q46_labels_that_no_answer_meets_are_told_of_before_anything_else(tmp_path: Path) -> None:
    comparison = own(asked())
    inputs = comparison.inputs
    never = replace(comparison, inputs=replace(inputs, rows=tuple(replace(row, answer="never") for row in inputs.rows)))
    for name, one, told in (("met", comparison, False), ("never", never, True)):
        found, _ = play(one, tmp_path / name)
        assert headline(found).startswith("No final answer equals its label") == told
        assert (f"On none of {INPUTS} inputs with a label" in "\n".join(notes(found))) == told


def test_q47_inputs_without_an_id_are_named_by_how_they_begin(tmp_path: Path) -> None:
    comparison = own(asked())
    unnamed = make_inputs([row.columns for row in comparison.inputs.rows])
    found, _ = play(replace(comparison, inputs=unnamed), tmp_path)
    shown = markdown(found) + json.dumps(comparison_sheet(found).dump(), ensure_ascii=False)
    told = [met for met in found.inputs if met.net["mine"]]
    assert told
    assert [met.label for met in found.inputs if met.label in shown] == []
    for met in found.inputs:
        assert " ".join(met.text.split())[:30] in shown


def test_q48_of_prompts_of_ones_own_nobody_says_that_no_search_saw_the_inputs(tmp_path: Path) -> None:
    mine, _ = play(own(asked()), tmp_path / "mine")
    searched, _ = play(own(asked("spo")), tmp_path / "searched")
    assert [any("no search saw them" in one for one in notes(found)) for found in (mine, searched)] == [False, True]


def test_q33_inputs_that_ask_the_same_count_once() -> None:
    rows = [replace(met(n, a=1), group="same") for n in range(30)]
    found = table_of(rows, [Contestant("a", "own", ("a",))], "judge").standings[0]
    assert found.p_value == 0.5
    assert found.verdict == "cannot_tell"


def test_q34_what_is_undecided_speaks_against_every_claim() -> None:
    rows = [met(n, a=1, b=0) for n in range(12)] + [met(n, a=None, b=0) for n in range(12, 20)]
    contestants = [Contestant(name, "own", (name,)) for name in "ab"]
    table = table_of(rows, contestants, "judge")
    assert table.standings[0].p_value == pytest.approx(sign_test(12, 8))
    assert table.standings[0].undecided == 8
    assert table.pairs[0].p_value == pytest.approx(2 * sign_test(12, 8))
    assert table.pairs[0].better == ""


def test_q35_controls_are_shown_and_not_tested_for_a_claim() -> None:
    rows = [met(n, a=1, **{RERUN: 1}) for n in range(10)]
    contestants = [Contestant(RERUN, "control", (RERUN,)), Contestant("a", "own", ("a",))]
    again, mine = table_of(rows, contestants, "judge").standings
    assert again.verdict is None
    assert again.p_adjusted is None
    assert mine.p_adjusted == mine.p_value


def test_q36_a_comparison_is_one_look_and_the_next_one_another(tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / "looks.jsonl")
    comparison = asked("default", "spo", seeds=(0, 1))
    first, _ = play(comparison, tmp_path / "one", looks=ledger)
    assert first.table.look == 1
    assert first.table.level == pytest.approx(by_number(1).level / 2)
    assert len((tmp_path / "looks.jsonl").read_text().splitlines()) == 2  # it began, and ended
    again, _ = play(comparison, tmp_path / "one", looks=ledger)
    assert again.table.look == 1
    second, _ = play(comparison, tmp_path / "two", looks=ledger)
    assert second.table.look == 2
    assert second.table.level == pytest.approx(by_number(2).level / 2)


def test_q37_the_runs_together_claim_at_no_more_than_half_of_the_level(tmp_path: Path) -> None:
    found, _ = play(asked("default", "spo", "naive-joint"), tmp_path)
    levels = [
        end.finished.holdout.level for end in found.runs if end.finished.winners != found.comparison.system.prompts
    ]
    assert levels
    assert max(levels) * len(found.runs) <= by_number(1).level / 2


class Elsewhere:
    """A ledger in which others have looked three times before."""

    def take(self, look: Look) -> Taken:
        return by_number(4)

    def end(self, look: Look, spent: float) -> None:
        assert spent == by_number(4).level


def test_q38_looks_of_other_runs_count(tmp_path: Path) -> None:
    world = counted_world(world_job())
    comparison = settled(own(asked()), tmp_path)
    found = asyncio.run(compare(comparison, tmp_path, SideBySide(Recorder(), world.provider, looks=Elsewhere())))
    assert found.table.look == 4
    assert found.table.level == by_number(4).level


def test_q39_of_eight_methods_that_gain_nothing_one_is_seldom_claimed_to() -> None:
    """Where signs are as likely as their opposites, any claim at all comes in at most 4 % of first looks."""
    names, drawn, n = "abcdefgh", random.Random(18), 400
    contestants = [Contestant(name, "own", (name,)) for name in names]
    claimed = 0
    for _ in range(n):
        rows = [met(place, **{name: drawn.choice((-1, 0, 1)) for name in names}) for place in range(24)]
        table = table_of(rows, contestants, "judge")
        claimed += any(one.verdict == "improved" for one in table.standings) or any(pair.better for pair in table.pairs)
    assert claimed <= 0.04 * n


# ── what is asked for ────────────────────────────────────────────────────────────────────────────────────────────────


def test_q40_seeds_and_methods_are_read_or_refused_with_what_to_do() -> None:
    assert seeds_of("0-2") == (0, 1, 2)
    assert seeds_of("0,3,3") == (0, 3)
    for text in ("", "a", "1-", "-1", "2-1", "0 1"):
        with pytest.raises(ConfigInvalid, match="--seeds"):
            seeds_of(text)
    assert choice_of("paper") == Choice("paper", "paper", "ascent")
    assert choice_of("opro") == Choice("opro", "default", "opro")
    with pytest.raises(ConfigInvalid, match="promptbreeder"):
        choice_of("oprah")


def test_q40_a_variant_is_a_method_with_settings_of_its_own() -> None:
    lean = variant_of("lean=default search.drafts=3 proposer.options.note='two words' labels=ignore")
    assert lean == Choice(
        "lean", "default", "race", ("search.drafts=3", "proposer.options.note=two words", "labels=ignore")
    )
    assert [variant_of(f"it={name} judge.kind=x").base for name in ("paper", "cheap", "spo", "default")] == [
        "paper",
        "cheap",
        "spo",
        "default",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lean", "NAME=METHOD"),
        ("lean=default", "NAME=METHOD"),
        ("=default search.drafts=3", "NAME=METHOD"),
        ("", "NAME=METHOD"),
        ("lean=default search.drafts", "NAME=METHOD"),
        ("lean=default search.drafts='3", "NAME=METHOD"),
        ("lean=oprah search.drafts=3", "promptbreeder"),
        ("spo=default search.drafts=3", "another name"),
        ("lean=default search.dafts=3", r"did you mean search\.drafts"),
        ("lean=default search.batch=3", "has no setting"),
        ("lean=default search.method=spo", "name the method"),
        ("lean=default search.calls=300", "all runs plan as many"),
        ("lean=default holdout.share=0.3", "same for all methods"),
        ("lean=default models.agent=dear", "same for all methods"),
        ("lean=default seed=3", "same for all methods"),
    ],
)
def test_q40_a_variant_that_would_not_meet_the_others_on_equal_terms_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigInvalid, match=told):
        variant_of(text)


def test_q40_each_method_has_the_settings_of_its_own_optimizer_alone() -> None:
    race, spo = choice_of("default"), choice_of("spo")
    assert settings_of_others(race, [race]) == frozenset()
    others = settings_of_others(spo, [race, spo])
    assert "union_inputs" in others
    assert not others & spo.search_settings


def test_q43_seeds_that_all_end_with_the_same_prompts_are_told_to_be_one_run(tmp_path: Path) -> None:
    told = "ended with the same prompts"
    found, _ = play(asked("spo", seeds=(0, 1)), tmp_path)
    first, second = (end.finished.winners for end in found.runs)
    assert any(told in line for line in notes(found)) == (first == second)
    alike = [replace(end, finished=replace(end.finished, winners=first)) for end in found.runs]
    assert any("All seeds of spo " + told in line for line in notes(replace(found, runs=tuple(alike))))
    other = replace(alike[0], finished=replace(alike[0].finished, winners={**first, "solver": "Another one."}))
    assert not any(told in line for line in notes(replace(found, runs=(alike[0], other))))


def test_q41_nothing_to_compare_and_a_name_given_twice_are_refused() -> None:
    with pytest.raises(ConfigInvalid, match="--methods"):
        settled(asked(), Path("nowhere"))
    with pytest.raises(ConfigInvalid, match="twice"):
        settled(asked("spo", "spo"), Path("nowhere"))
    with pytest.raises(ConfigInvalid, match="seed"):
        settled(replace(asked(), against={SEED: {}}), Path("nowhere"))


def test_q42_the_record_reads_back_as_the_comparison(tmp_path: Path) -> None:
    from maspo.study.comparison.plan import COMPARISON, differences

    comparison = settled(own(asked("default", "spo", "paper", seeds=(0, 2))), tmp_path)
    again = COMPARISON.load(COMPARISON.dump(comparison))
    assert differences(comparison, again) == ()
    assert json.loads(COMPARISON.dump(again)) == json.loads(COMPARISON.dump(comparison))


@pytest.mark.parametrize(("profile", "inputs"), [("default", 24), ("thorough", 40)])
def test_q44_what_was_begun_with_defaults_of_before_goes_on_with_them(
    tmp_path: Path, profile: str, inputs: int
) -> None:
    from maspo.study.comparison.plan import COMPARISON, differences

    now = settled(asked(profile), tmp_path)
    noted = json.loads(COMPARISON.dump(now))
    for search in (noted["config"]["search"], noted["methods"][0]["config"]["search"]):
        search["shared_inputs"] = inputs
        del search["design"], search["verdicts_on_answers"]
    text = json.dumps(noted)

    async def begin() -> None:
        async with RunStore.create(tmp_path / COMPARED) as store:
            await store.append([], {"run": "of-before", "comparison": text})

    asyncio.run(begin())
    again = settled(asked(profile), tmp_path)
    assert differences(COMPARISON.load(text), again) == ()
    begun = again.methods[0].config.search.model_dump()
    assert (begun["shared_inputs"], begun["design"], begun["verdicts_on_answers"]) == (inputs, "drawn", 0)
    other = asked(profile)
    search = other.methods[0].config.search.model_copy(update={"shared_inputs": 21})
    wanted = replace(other.methods[0], config=other.methods[0].config.model_copy(update={"search": search}))
    with pytest.raises(RunChanged) as refused:
        settled(replace(other, methods=(wanted,)), tmp_path)
    assert refused.value.differences == (f"config.search.shared_inputs: was {inputs}, is 21",)
