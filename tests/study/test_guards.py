"""Guard inputs and curves of a comparison: what must not break, and what a search held on its way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import Inputs, make_inputs
from maspo.models.base import Reply, Request
from maspo.report.comparison import comparison_sheet, headline, markdown, notes
from maspo.study.comparison.compare import Compared, folder_of
from maspo.study.comparison.course import curves_of
from maspo.study.comparison.guards import set_apart
from maspo.study.comparison.plan import COMPARISON, Comparison, differences
from maspo.study.comparison.tally import (
    BEST_OF_2,
    RERUN,
    SEED,
    Contestant,
    DecidedBy,
    Guarded,
    GuardMet,
    InputMet,
    table_of,
)
from maspo.study.optimize import recorded_job
from maspo.testing.runs import Counted, world_job
from maspo.world import World
from tests.study.test_comparison import INPUTS, asked, figures, own, play

GUARDS = 6
LOST = "Nobody knows."
CONTESTANTS = (Contestant(SEED, "seed", (SEED,)), *(Contestant(name, "own", (name,)) for name in "ab"))


def met(number: int, **nets: int | None) -> InputMet:
    return InputMet(f"i{number}", f"g{number}", {SEED: 0, **nets}, {})


def clear_win() -> list[InputMet]:
    return [met(number, a=1, b=0) for number in range(12)]


def guarded(comparison: Comparison, start: int = 900) -> Comparison:
    return replace(comparison, guards=make_inputs(World().inputs(GUARDS, start)))


# ── the veto ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_u01_who_breaks_a_guard_input_is_vetoed_and_ahead_of_nobody() -> None:
    free = table_of(clear_win(), CONTESTANTS, "judge")
    assert [one.verdict for one in free.standings] == [None, "improved", "cannot_tell"]
    assert free.pairs[0].better == "a"
    broken = Guarded((GuardMet("keep", {SEED: True, "a": False, "b": True}),))
    table = table_of(clear_win(), CONTESTANTS, "judge", guarded=broken)
    assert [one.verdict for one in table.standings] == [None, "vetoed", "cannot_tell"]
    assert table.standings[1].broken == ("keep",)
    assert table.pairs[0].better == ""
    assert table.standings[1].p_value == free.standings[1].p_value, "the figures stay what they are"


def test_u02_what_the_seed_prompts_do_not_keep_themselves_vetoes_nothing() -> None:
    loose = Guarded((GuardMet("keep", {SEED: False, "a": False, "b": False}),))
    assert table_of(clear_win(), CONTESTANTS, "judge", guarded=loose).standings[1].verdict == "improved"


def test_u03_one_seed_that_breaks_a_guard_input_vetoes_its_method() -> None:
    rows = [met(number, a0=1, a1=1) for number in range(12)]
    broken = Guarded((GuardMet("keep", {SEED: True, "a0": True, "a1": False}),))
    (found,) = table_of(rows, [Contestant("a", "method", ("a0", "a1"))], "judge", guarded=broken).standings
    assert found.verdict == "vetoed"


def test_u04_while_guard_inputs_are_left_out_nothing_is_claimed_to_be_better() -> None:
    table = table_of(clear_win(), CONTESTANTS, "judge", guarded=Guarded((), left_out=1))
    assert table.standings[1].verdict == "no_evidence"
    assert table.pairs[0].better == ""
    worse = [met(number, a=-1, b=0) for number in range(12)]
    assert table_of(worse, CONTESTANTS, "judge", guarded=Guarded((), left_out=1)).standings[1].verdict == "worse"


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def two_sets(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    job = asked()
    against = {name: {job.system.order[0]: f"Verify each step. Check case {name}."} for name in "ab"}
    return play(replace(job, against=against), tmp_path_factory.mktemp("two"))[0]


def told(found: Compared, broken: Guarded, decided_by: DecidedBy = "labels", again: int = 0, **nets: int) -> Compared:
    """The same comparison, with other answers on its inputs."""
    every = {RERUN: again, BEST_OF_2: 0, **nets}
    right = dict.fromkeys((SEED, *every), True)
    rows = tuple(InputMet(f"i{number}", f"g{number}", {SEED: 0, **every}, right) for number in range(INPUTS))
    table = table_of(rows, found.comparison.contestants, decided_by, guarded=broken)
    return replace(found, inputs=rows, table=table, guarded=broken)


def cells_of(found: Compared, name: str) -> list[str]:
    lines = [line.strip("| ").split(" | ") for line in markdown(found).splitlines()]
    return next(line for line in lines if line[0] == name)


BROKEN = Guarded((GuardMet("keep", {SEED: True, "a": False, "b": True}),))
BOTH_BROKEN = Guarded((GuardMet("keep", {SEED: True, "a": False, "b": False}),))
LEFT_OUT = Guarded((), left_out=2)


def test_u06_a_proven_difference_that_guard_inputs_bar_is_not_said_to_lack_evidence(two_sets: Compared) -> None:
    free = told(two_sets, Guarded(), a=1, b=0)
    assert headline(free) == "a is better than the seed prompts. a is ahead of b."
    assert cells_of(free, "a − b")[-1] == "a"
    vetoed = told(two_sets, BROKEN, a=1, b=0)
    assert headline(vetoed) == "Nothing is proven to be better than the seed prompts. Guard inputs veto a."
    assert cells_of(vetoed, "a − b")[-1] == "a is vetoed"
    assert "vetoed" in cells_of(vetoed, "a")
    left = told(two_sets, LEFT_OUT, a=1, b=0)
    assert cells_of(left, "a − b")[-1] == "no claim: guard inputs left out"
    assert "no claim: guard inputs left out" in cells_of(left, "a")
    level = told(two_sets, BROKEN, a=0, b=0)
    assert cells_of(level, "a − b")[-1] == "no evidence"


def test_u07_who_is_worse_is_named_first_of_all_with_the_p_value_of_that_claim(two_sets: Compared) -> None:
    found = told(two_sets, Guarded(), a=-1, b=0)
    assert headline(found) == (
        "Nothing is proven to be better than the seed prompts. a is worse than the seed prompts. b is ahead of a."
    )
    cells, standing = cells_of(found, "a"), found.table.standings[-2]
    assert "worse than seed" in cells and standing.p_adjusted == 1
    assert float(cells[cells.index("worse than seed") - 1]) == pytest.approx(standing.p_worse_adjusted, rel=0.05)
    page = comparison_sheet(found)
    assert (page.label, page.tone) == ("Worse than the seed prompts", "worse")
    judged = told(two_sets, BOTH_BROKEN, "judge", a=-1, b=-1)
    assert headline(judged) == (
        "Nothing is proven to be preferred by the judge to the seed prompts. The judge prefers the seed prompts to a "
        "and b. Guard inputs veto a and b."
    )


@pytest.mark.parametrize(("again", "said"), [(0, "no input."), (1, f"{INPUTS} inputs: as many may differ by chance.")])
def test_u08_the_rerun_of_the_seed_prompts_tells_how_many_inputs_differ_by_chance(
    two_sets: Compared, again: int, said: str
) -> None:
    found = told(two_sets, Guarded(), again=again, a=0, b=0)
    assert f"The same prompts run twice differ on {said}" in notes(found)


def test_u10_controls_are_explained_and_no_contestants(two_sets: Compared) -> None:
    found = told(two_sets, Guarded(), a=0, b=0)
    (controls,) = [note for note in notes(found) if "controls" in note]
    assert all(one.name in controls for one in found.table.standings if one.kind == "control")
    assert comparison_sheet(found).line.startswith("2 contestants on ")
    assert sum("2 contestants met one hold-out" in note for note in notes(found)) == 1


def test_u09_prompts_of_ones_own_took_no_search_and_have_no_column_for_what_one_took(two_sets: Compared) -> None:
    text = markdown(two_sets)
    assert "| verdict |\n" in text and "| time |" not in text
    assert not any("no search saw" in note for note in notes(told(two_sets, BROKEN, a=0, b=0)))


# ── measured ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Breaking:
    """A world in which a team with prompts of one's own cannot answer one input."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.world = World(world_job().world)

    async def complete(self, request: Request) -> Reply:
        """Answer as the world does, but for that input."""
        words = "\n".join(message.content for message in request.messages)
        mine = "Verify each step." in words or LOST in words
        if request.purpose == "agent" and self.text in words and mine:
            return Reply(f"{LOST} <answer>none</answer>", 1, 1)
        return self.world.reply(request)


@pytest.mark.parametrize("labels", [True, False])
def test_u10_an_input_that_new_prompts_break_is_found_by_labels_or_by_the_judge(tmp_path: Path, labels: bool) -> None:
    comparison = guarded(own(asked(labels=labels)))
    if not labels:
        rows = tuple(replace(row, answer=None) for row in comparison.guarding)
        comparison = replace(comparison, guards=Inputs(rows))
    whole, _ = play(comparison, tmp_path / "whole")
    assert len(whole.guarded.met) == GUARDS
    victim = next(one for one in whole.guarded.met if one.binding and one.held["mine"])
    text = next(row for row in comparison.guarding if row.label == victim.label).columns["input"]
    broken, _ = play(comparison, tmp_path / "broken", Counted(Breaking(text)))
    (found,) = (one for one in broken.guarded.met if one.label == victim.label)
    assert found.binding
    assert not found.held["mine"]
    mine = broken.table.standings[-1]
    assert victim.label in mine.broken
    assert mine.verdict in ("vetoed", "worse")


@pytest.mark.parametrize(("answer", "said"), [(None, "broken by other prompts"), ("never", "so they guard nothing")])
def test_u14_guard_inputs_that_the_seed_prompts_do_not_keep_are_said_to_guard_nothing(
    tmp_path: Path, answer: str | None, said: str
) -> None:
    comparison = guarded(own(asked()))
    rows = tuple(replace(row, answer=answer or row.answer) for row in comparison.guarding)
    found, _ = play(replace(comparison, guards=Inputs(rows)), tmp_path)
    assert any(one.binding for one in found.guarded.met) == (answer is None)
    (note,) = (note for note in notes(found) if "guard input" in note)
    assert said in note


def test_u15_controls_meet_no_guard_inputs_and_are_not_said_to_break_none(tmp_path: Path) -> None:
    found, _ = play(guarded(own(asked())), tmp_path)
    table = [line.split(" | ") for line in markdown(found).splitlines() if line.startswith("|")]
    place = table[0].index("guards broken")
    assert {line[0].strip("| "): line[place].isdecimal() for line in table[2:6]} == {
        SEED: False,
        RERUN: False,
        BEST_OF_2: False,
        "mine": True,
    }


def test_u11_no_search_sees_a_guard_input_and_the_bound_of_calls_holds(tmp_path: Path) -> None:
    comparison = guarded(asked("spo"))
    found, world = play(comparison, tmp_path)
    keys = {row.key for row in comparison.guarding}
    for end in found.runs:
        assert not keys & {row.key for row in recorded_job(folder_of(tmp_path, end.run)).inputs.rows}
    assert not keys & set(found.comparison.holdout)
    assert found.measuring.calls <= found.comparison.measuring_calls
    assert world.calls == found.spent.calls


def test_u12_inputs_that_ask_the_same_as_a_guard_input_are_set_apart() -> None:
    system = asked().system
    inputs = make_inputs(["What is 3 times 4?", "what is 3 times 4 ?", "Name a river in Peru."])
    left = set_apart(system, inputs, make_inputs(["What is 3 times 4?"]), "")
    assert [row.columns["input"] for row in left.rows] == ["Name a river in Peru."]
    with pytest.raises(InputsInvalid, match="every input"):
        set_apart(system, make_inputs(["a b c"]), make_inputs(["a b c"]), "")
    with pytest.raises(InputsInvalid, match="lacks input"):
        set_apart(system, inputs, make_inputs([{"question": "x"}]), "")


def test_u12_guard_inputs_need_no_column_that_no_agent_reads() -> None:
    system = asked().system
    inputs = make_inputs([{"input": "What is 3 times 4?", "source": "a"}, {"input": "Name a river.", "source": "b"}])
    left = set_apart(system, inputs, make_inputs([{"input": "What is 3 times 4?"}]), "")
    assert [row.columns["input"] for row in left.rows] == ["Name a river."]


def test_u13_a_killed_comparison_with_guards_and_points_goes_on_to_the_same_figures(tmp_path: Path) -> None:
    comparison = replace(guarded(asked("spo")), points=2)
    first, once = play(comparison, tmp_path)
    again, idle = play(comparison, tmp_path)
    assert idle.calls == 0
    assert once.calls > 0
    assert figures(again) == figures(first)
    assert (again.guarded, again.courses) == (first.guarded, first.courses)
    settled = first.comparison
    assert differences(settled, COMPARISON.load(COMPARISON.dump(settled))) == ()
    assert differences(settled, replace(settled, points=3)) == ("--points: was 2, is 3",)
    assert differences(settled, replace(settled, guards=None)) == ("--guard: differs",)


# ── on the way ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def on_the_way(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    comparison = replace(asked("spo", seeds=(0, 1)), points=9)
    return play(comparison, tmp_path_factory.mktemp("way"))[0]


def test_u20_a_curve_begins_with_the_seed_prompts_and_ends_with_what_was_found(on_the_way: Compared) -> None:
    curves = curves_of(on_the_way.comparison, on_the_way.courses, on_the_way.inputs)
    standings = {one.name: one for one in on_the_way.table.standings}
    assert list(curves) == ["spo"]
    for name, curve in curves.items():
        assert len(curve) == 11
        assert curve[0].accuracy == pytest.approx(standings[SEED].accuracy)
        assert curve[-1].accuracy == pytest.approx(standings[name].accuracy)
        calls = [point.calls for point in curve]
        assert calls == sorted(calls)
        assert calls[0] == 0
        assert calls[-1] <= on_the_way.comparison.most


def test_u21_what_a_search_held_is_what_its_record_says_it_held_after_so_many_calls(on_the_way: Compared) -> None:
    planned = on_the_way.comparison.calls
    seeds = on_the_way.comparison.system.prompts
    changed = 0
    for end in on_the_way.runs:
        *way, last = on_the_way.courses[end.run.name]
        assert last.prompts == end.finished.winners
        for number, held in enumerate(way, 1):
            assert held.calls <= number * planned // 10
            assert held.name in (SEED, end.run.name) or held.prompts != seeds
            changed += held.name not in (SEED, end.run.name)
    assert changed, "nothing on the way was measured"
