"""Where it is asked for, the hold-out test ends with its first part if that proves that the new prompts are better."""

from __future__ import annotations

from math import comb
from pathlib import Path

import pytest

from maspo.config import HoldoutSettings, search_of
from maspo.core.verdict import Comparison, Verdict
from maspo.events import HoldoutLooked
from maspo.stats.looks import FIRST, by_number
from maspo.study.holdout import conclude, ends_with, parts_of_test, result_of
from maspo.study.job import Job
from maspo.testing.runs import Recorder, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec

INPUTS = 58
"""Held out of 120 by default in a team of two."""
HALF = INPUTS // 2


def compared(wins: int, losses: int) -> list[Comparison]:
    found = [Verdict.WIN] * wins + [Verdict.LOSS] * losses
    return [Comparison(str(number), Verdict.UNDECIDED, (), one, False) for number, one in enumerate(found)]


def of_equal_prompts(inputs: int) -> dict[int, float]:
    """Return the chance of each number of wins, when all inputs are decided, each by a coin."""
    return {wins: comb(inputs, wins) / 2**inputs for wins in range(inputs + 1)}


@pytest.mark.parametrize(
    ("inputs", "first_part", "sizes"),
    [
        (58, 0.5, [29, 58]),
        (58, 0.34, [20, 58]),
        (58, 1.0, [58]),
        (32, 0.5, [16, 32]),
        (30, 0.5, [30]),
        (1, 0.5, [1]),
    ],
)
def test_fp01_a_test_has_a_first_part_of_sixteen_inputs_or_none(
    inputs: int, first_part: float, sizes: list[int]
) -> None:
    parts = parts_of_test([str(number) for number in range(inputs)], first_part)
    assert [len(part.inputs) for part in parts] == sizes
    assert sum(part.share for part in parts) == pytest.approx(1.0)


@pytest.mark.parametrize("look", [1, 2, 3])
def test_fp02_both_parts_together_claim_of_equal_prompts_no_more_than_their_level(look: int) -> None:
    first, whole = parts_of_test([str(number) for number in range(INPUTS)], 0.5)

    def claims(wins: int, inputs: int, share: float) -> bool:
        return ends_with(result_of(compared(wins, inputs - wins), look=by_number(look), share=share))

    ended = {wins: claims(wins, HALF, first.share) for wins in range(HALF + 1)}
    at_the_end = {wins: claims(wins, INPUTS, whole.share) for wins in range(INPUTS + 1)}
    claimed = 0.0
    for wins, chance in of_equal_prompts(HALF).items():
        later = sum(more * at_the_end[wins + won] for won, more in of_equal_prompts(HALF).items())
        claimed += chance * (1.0 if ended[wins] else later)
    assert any(ended.values())
    assert claimed <= by_number(look).level


def test_fp03_only_a_proof_ends_a_test_and_what_was_spared_is_told() -> None:
    share = parts_of_test([str(number) for number in range(INPUTS)], 0.5)[0].share
    assert ends_with(result_of(compared(7, 0), share=share))
    assert not ends_with(result_of(compared(6, 0), share=share)), "enough for a whole test, not for a part of one"
    assert not ends_with(result_of(compared(0, 12), share=share)), "that they are worse may be luck of a part"
    undecided = [Comparison("x", Verdict.UNDECIDED, (), Verdict.UNDECIDED, False)]
    assert not ends_with(result_of([*compared(7, 0), *undecided], share=share)), "undecided ones may have lost"


def a_job() -> Job:
    job = world_job(inputs=80, spec=WorldSpec(seed=2, traps=False))
    search = {"passes": 3, "drafts": 1, "edits": 5, "stages": (12,), "first_round": 1.0, "conflicts": False}
    return with_config(job, search=search_of("default", search), holdout=HoldoutSettings(one_in=1, first_part=0.5))


async def test_fp04_a_run_asks_no_more_once_it_is_proven_and_to_open_it_again_changes_nothing(tmp_path: Path) -> None:
    job = a_job()
    whole = with_config(job, holdout=HoldoutSettings(one_in=1))
    watcher, model, all_of_it = Recorder(), counted_world(job), counted_world(job)
    early = (await begin(job, tmp_path / "early", model, watcher=watcher)).finished
    late = (await begin(whole, tmp_path / "late", all_of_it)).finished
    assert early is not None and late is not None
    assert early.winners == late.winners
    tested = early.holdout
    assert (early.verdict, early.shipped, early.complete) == ("improved", "optimized", True)
    assert (tested.n + tested.undecided, tested.spared) == (20, 20)
    assert (late.holdout.n + late.holdout.undecided, late.holdout.spared) == (40, 0)
    assert "the other 20 held-out inputs were spared" in early.why
    assert model.calls < all_of_it.calls
    assert tested.level == pytest.approx(0.2 * FIRST.level)
    again = counted_world(job)
    opened = (await go_on(job, tmp_path / "early", again)).finished
    assert opened is not None
    assert (opened.holdout, opened.verdict, opened.complete, again.calls) == (tested, early.verdict, True, 0)
    assert [one.look for one in watcher.events if isinstance(one, HoldoutLooked)] == [1]


def test_fp05_nothing_is_spared_unless_it_is_asked_for() -> None:
    assert len(parts_of_test([str(number) for number in range(INPUTS)], HoldoutSettings().first_part)) == 1
    result = result_of(compared(9, 0))
    assert result.spared == 0
    assert "spared" not in conclude(result, "likely", changed=True).why
