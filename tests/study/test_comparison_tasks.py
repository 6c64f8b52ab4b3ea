"""Comparisons over several tasks: one table over all, equal parts of the caps, and going on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.config import Caps
from maspo.core.errors import ConfigInvalid, ProviderError
from maspo.data.inputs import make_inputs
from maspo.stats.looks import by_number
from maspo.stats.paired import SIGNIFICANT
from maspo.store.looks import LookLedger
from maspo.study.comparison.compare import Compared
from maspo.study.comparison.plan import Comparison
from maspo.study.comparison.tally import SEED, Contestant, InputMet, table_of
from maspo.study.comparison.tasks import look_at_all, names_of, over_all, part_of
from maspo.testing.runs import Counted, counted_world, world_job
from maspo.world import World
from maspo.world.spec import WorldSpec
from tests.study.test_comparison import Stopping, asked, figures, own, play

TASKS = ("first", "second")


def of_task(name: str) -> Comparison:
    """Return what is compared on a task: the same methods on inputs of its own."""
    whole = own(asked("spo"))
    return replace(whole, inputs=make_inputs(World().inputs(24, start=100 * TASKS.index(name))))


def together(tasks: Mapping[str, Compared], looks: LookLedger | None = None) -> Compared:
    return over_all(tasks, look_at_all(tasks, looks))


def play_all(out: Path, world: Counted | None = None, looks: LookLedger | None = None) -> tuple[Compared, Counted]:
    model = world or counted_world(world_job())
    return together({name: play(of_task(name), out / name, model, looks)[0] for name in TASKS}, looks), model


def test_k01_inputs_of_all_tasks_are_the_units_of_one_table(tmp_path: Path) -> None:
    found, world = play_all(tmp_path)
    assert found.table.inputs == sum(of.inputs for of in found.tasks.values())
    assert found.table.groups == sum(of.groups for of in found.tasks.values())
    for one in found.table.standings:
        apart = [next(each for each in of.standings if each.name == one.name) for of in found.tasks.values()]
        assert len(one.won) == sum(len(each.won) for each in apart)
        assert len(one.lost) == sum(len(each.lost) for each in apart)
    assert found.spent.calls == world.calls
    # Another look than those of the tasks, and half of its level for each kind of claims.
    assert found.table.look == 2
    assert found.table.level == pytest.approx(by_number(2).level / 2)


def test_k08_the_table_over_all_is_a_look_at_each_hold_out_counted_once(tmp_path: Path) -> None:
    file = tmp_path / "looks.jsonl"
    ledger = LookLedger(file)
    found, _ = play_all(tmp_path / "one", looks=ledger)
    assert found.table.look == 2
    assert found.table.level == pytest.approx(by_number(2).level / 2)
    counted = file.read_text()
    assert figures(play_all(tmp_path / "one", looks=ledger)[0]) == figures(found)
    assert file.read_text() == counted
    alone, _ = play(of_task("first"), tmp_path / "alone", looks=ledger)
    assert alone.table.look == 3
    assert alone.table.level == pytest.approx(by_number(3).level / 2)
    again, _ = play_all(tmp_path / "two", looks=ledger)
    assert again.table.look == 5
    spent = [json.loads(line)["spent"] for line in file.read_text().splitlines()]
    assert sum(one for one in spent if one is not None) <= len(TASKS) * SIGNIFICANT


def test_k09_a_world_of_this_process_is_no_hold_out_of_anybody(tmp_path: Path) -> None:
    file = tmp_path / "looks.jsonl"
    found, _ = play(own(replace(of_task("first"), methods=(), world=WorldSpec())), tmp_path)
    assert look_at_all({"first": found}, LookLedger(file)) == by_number(2)
    assert not file.exists()


def test_k02_small_gains_in_every_task_are_proven_over_all_of_them() -> None:
    rows = [InputMet(f"i{n}", f"g{n}", {SEED: 0, "a": 1}, {}) for n in range(4)]
    contestants = [Contestant("a", "own", ("a",))]
    assert table_of(rows, contestants, "judge").standings[0].verdict != "improved"
    both = [*rows, *(replace(met, group=f"other {met.group}") for met in rows)]
    assert table_of(both, contestants, "judge", look=by_number(2)).standings[0].verdict == "improved"


def test_k06_an_input_that_stands_in_two_tasks_counts_once(tmp_path: Path) -> None:
    found, _ = play(own(replace(of_task("first"), methods=())), tmp_path)
    twice = together({"first": found, "copy": found})
    assert twice.table.inputs == 2 * found.table.inputs
    assert twice.table.groups == found.table.groups
    assert [one.p_value for one in twice.table.standings] == [one.p_value for one in found.table.standings]


def test_k07_what_speaks_against_a_task_is_told_with_the_table_over_all(tmp_path: Path) -> None:
    good = own(replace(of_task("first"), methods=()))
    rows = tuple(replace(row, answer="never") for row in of_task("second").inputs.rows)
    never = replace(good, inputs=replace(good.inputs, rows=rows), remarks=("a remark of the second",))
    found = together({name: play(one, tmp_path / name)[0] for name, one in zip(TASKS, (good, never), strict=True)})
    assert found.comparison.remarks[0] == "second: a remark of the second"
    assert found.comparison.remarks[1].startswith("second: on none of 24 inputs with a label")


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_k03_a_killed_one_goes_on_in_the_task_that_it_was_in_and_repeats_no_recorded_call(
    tmp_path: Path, share: float
) -> None:
    whole, once = play_all(tmp_path / "whole")
    world = counted_world(world_job(), Stopping(int(share * once.calls)))
    with pytest.raises(ProviderError):
        play_all(tmp_path / "cut", world)
    answered = Counter(world.keys)
    found, again = play_all(tmp_path / "cut")
    assert figures(found) == figures(whole)
    assert once.calls <= sum(answered.values()) + again.calls <= once.calls + 128
    assert play_all(tmp_path / "cut")[1].calls == 0


def test_k04_parts_of_caps_are_equal_and_never_more_than_the_caps() -> None:
    part = part_of(Caps(calls=1000, usd=3.0, minutes=9.0), 3)
    assert (part.calls, part.usd, part.minutes) == (333, 1.0, 3.0)
    assert part_of(Caps(), 3) == Caps()


def test_k05_names_of_tasks_are_names_of_folders_and_stand_once() -> None:
    assert names_of(["gpqa", "my rows/a", ".."]) == ("gpqa", "my-rows-a", "task")
    with pytest.raises(ConfigInvalid, match="twice"):
        names_of(["a b", "a-b"])
