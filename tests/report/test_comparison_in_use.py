"""What contestants cost in use, beside how good they are: U01 to U06."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from maspo.core.team_cost import Cost
from maspo.core.usage import Usage
from maspo.report.comparison import comparison_of, comparison_sheet, markdown, summary, write_comparison
from maspo.report.comparison_in_use import in_use
from maspo.study.comparison.compare import Compared
from maspo.study.comparison.plan import Comparison
from maspo.study.comparison.tally import BEST_OF_2, RERUN, SEED, Guarded, GuardMet, InputMet, table_of
from maspo.testing.runs import world_job
from tests.study.test_comparison import asked, own, play

CONTROLS = (RERUN, BEST_OF_2)


def met(number: int, right: dict[str, bool], costs: dict[str, Cost | None]) -> InputMet:
    right = {**right, **dict.fromkeys(CONTROLS, right[SEED])}
    nets = {name: int(found) - int(right[SEED]) for name, found in right.items()}
    return InputMet(f"i{number}", f"g{number}", nets, right, cost={**costs, **dict.fromkeys(CONTROLS, costs[SEED])})


def compared(inputs: tuple[InputMet, ...], *own: str) -> Compared:
    job = world_job(inputs=len(inputs))
    comparison = Comparison(job.system, job.inputs, asked().config, (), (0,), {name: {} for name in own})
    return Compared(
        comparison=comparison,
        table=table_of(inputs, comparison.contestants, "labels"),
        inputs=inputs,
        runs=(),
        guarded=Guarded(),
        courses={},
        measuring=Usage(usd=0.0),
        seconds=1.0,
        left_out=0,
        cut=(),
        simulated=False,
    )


SIZES = st.tuples(st.integers(0, 5), st.integers(1, 5))


@given(st.lists(SIZES, min_size=3, max_size=3))
def test_u01_on_the_front_is_who_has_nobody_as_good_for_less(made: list[tuple[int, int]]) -> None:
    names = (SEED, "a", "b")
    of = dict(zip(names, made, strict=True))
    inputs = tuple(
        met(
            number,
            {name: number < good for name, (good, _) in of.items()},
            {name: Cost(2, 100.0 * size, 10, size / 1000) for name, (_, size) in of.items()},
        )
        for number in range(5)
    )
    found = {one.standing.name: one for one in in_use(compared(inputs, "a", "b"))}
    assert set(found) == set(names), "controls are no prompts to use"
    for name, (good, size) in of.items():
        ahead = {
            other
            for other, (its_good, its_size) in of.items()
            if its_good >= good and its_size <= size and (its_good, its_size) != (good, size)
        }
        assert set(found[name].ahead) == ahead
    assert any(not one.ahead for one in found.values()), "somebody is on the front"


def test_u02_inputs_on_which_a_run_brought_no_answer_count_for_nobody() -> None:
    right = {SEED: False, "a": True}
    whole = met(0, right, {SEED: Cost(1, 10, 1, 0.1), "a": Cost(2, 20, 2, 0.2)})
    silent = met(1, right, {SEED: Cost(9, 90, 9, 0.9), "a": None})
    found = {one.standing.name: one.cost for one in in_use(compared((whole, silent), "a"))}
    assert found == {SEED: Cost(1, 10, 1, 0.1), "a": Cost(2, 20, 2, 0.2)}
    assert in_use(compared((silent,), "a")) == []
    part = "What they cost in use is by the 1 of 2 hold-out inputs on which every run tells it."
    for inputs, note in (((whole,), ""), ((whole, silent), part), ((silent,), "is not told")):
        for said in (summary(compared(inputs, "a")), markdown(compared(inputs, "a"))):
            assert ("What they cost in use is" in said) == bool(note) and note in said


def test_u06_who_breaks_a_guard_input_is_ahead_of_nobody() -> None:
    costs = {SEED: Cost(2, 20, 2, 0.2), "a": Cost(1, 10, 1, 0.1)}
    found = compared((met(0, {SEED: False, "a": True}, dict(costs)),), "a")
    assert [one.ahead for one in in_use(found)] == [("a",), ()]
    guarded = Guarded((GuardMet("g", {SEED: True, "a": False}),))
    table = table_of(found.inputs, found.comparison.contestants, "labels", guarded=guarded)
    assert [one.ahead for one in in_use(replace(found, table=table, guarded=guarded))] == [(), ()]


def test_u03_what_is_unknown_is_told_so_and_costs_are_compared_by_what_is_known_of_all() -> None:
    right = {SEED: False, "a": False}
    by_tokens = met(0, right, {SEED: Cost(1, 10, 1, None), "a": Cost(2, 5, 1, 0.5)})
    found = compared((by_tokens,), "a")
    assert [one.ahead for one in in_use(found)] == [("a",), ()], "fewer tokens"
    assert "unknown" in summary(found).split("in use")[1].split("\n")[1]
    by_calls = met(0, right, {SEED: Cost(1, None, None, None), "a": Cost(2, 5, 1, None)})
    assert [one.ahead for one in in_use(compared((by_calls,), "a"))] == [(), (SEED,)], "fewer calls"


def test_u04_a_record_without_costs_and_the_seed_alone_have_no_such_part() -> None:
    bare = replace(met(0, {SEED: False, "a": True}, {SEED: None, "a": None}), cost={})
    found = compared((bare,), "a")
    assert in_use(found) == []
    assert "in use" not in summary(found) and "in use" not in markdown(found)
    assert all("cost in use" not in part.title for part in comparison_sheet(found).parts if part)
    alone = compared((met(0, {SEED: True}, {SEED: Cost(1, 1, 1, 1)}),))
    assert in_use(alone) == []


def test_u05_a_comparison_measures_it_and_tells_it_everywhere(tmp_path: Path) -> None:
    found, _ = play(own(asked()), tmp_path)
    every = {one.standing.name: one for one in in_use(found)}
    assert set(every) == {SEED, "mine"}
    assert all(one.cost.calls == 2 and one.cost.tokens_in and one.cost.tokens_out for one in every.values())
    assert every[SEED].cost.tokens_in != every["mine"].cost.tokens_in, "prompts of other lengths"
    write_comparison(tmp_path, found)
    figures = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    told = {one["name"]: one for one in figures["standings"]}
    assert told["mine"]["per_1000_inputs"]["calls"] == 2000
    assert told[RERUN]["per_1000_inputs"] is None and told[RERUN]["as_good_for_less"] is None
    assert [tuple(one.as_good_for_less or ()) for one in comparison_of(found).standings if one.name in every] == [
        one.ahead for one in every.values()
    ]
    judged, _ = play(own(asked(labels=False)), tmp_path / "judged")
    [drawn] = [one.curves[0].curves[0] for one in comparison_sheet(judged).parts if "cost in use" in one.title]
    assert (drawn.name, drawn.points[0].low, drawn.points[0].high) == (SEED, 0.0, 0.0), "all others are measured by it"
    [part] = [one for one in comparison_sheet(found).parts if "cost in use" in one.title]
    assert [curve.name for curve in part.curves[0].curves] == [SEED, "mine"]
    assert "in use, 1,000 inputs" in summary(found) and "| in use, 1,000 inputs |" in markdown(found)
