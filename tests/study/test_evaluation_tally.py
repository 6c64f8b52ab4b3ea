"""From outcomes row by row to shares, a difference, bounds and a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.verdict import Reading, Verdict
from maspo.report.text import judge_figures
from maspo.stats.paired import net_win_interval, sign_test
from maspo.stats.share import share_interval
from maspo.study.evaluation.calibration import calibrate
from maspo.study.evaluation.tally import Mark, RowFound, difference_of, share_of, verdict_of

WIN, LOSS, TIE, TURNED, LOST = (
    Verdict.WIN,
    Verdict.LOSS,
    Verdict.TIE,
    Verdict.CONTRADICTED,
    Verdict.UNDECIDED,
)
MARKS: tuple[Mark, ...] = ("correct", "wrong", "unread", "failed", "lost")


def row(before: Mark, after: Mark, name: str = "r") -> RowFound:
    return RowFound(name, (before,), (after,))


def rows(wins: int, losses: int, ties: int) -> list[RowFound]:
    found = [row("wrong", "correct")] * wins + [row("correct", "wrong")] * losses + [row("wrong", "unread")] * ties
    return [RowFound(f"r{number}", one.before, one.after) for number, one in enumerate(found)]


def test_e01_single_runs_are_the_exact_paired_test() -> None:
    found = difference_of(rows(9, 2, 20))
    assert (len(found.won), len(found.lost), found.ties, found.rows) == (9, 2, 20, 31)
    assert found.p_value == sign_test(9, 2)
    assert found.p_worse == sign_test(2, 9)
    assert found.p_two_sided == pytest.approx(2 * sign_test(9, 2))
    assert found.interval == net_win_interval(9, 2, 31)
    assert found.bounds == (found.mean, found.mean)


def test_e02_verdicts() -> None:
    assert verdict_of(difference_of(rows(9, 1, 20))) == "improved"
    assert verdict_of(difference_of(rows(1, 9, 20))) == "worse"
    assert verdict_of(difference_of(rows(6, 4, 20))) == "no_evidence"
    assert verdict_of(difference_of(rows(3, 1, 20))) == "cannot_tell"


def test_e03_a_claim_must_survive_what_is_missing() -> None:
    proven = rows(8, 1, 20)
    assert verdict_of(difference_of(proven)) == "improved"
    missing = [row("failed", "correct", f"m{number}") for number in range(6)]
    found = difference_of([*proven, *missing])
    assert found.p_value <= 0.05
    assert verdict_of(found) == "improved"  # a missing score of the old prompts can at worst make a tie
    missing = [row("correct", "lost", f"m{number}") for number in range(6)]
    found = difference_of([*proven, *missing])
    assert found.p_value <= 0.05 < found.p_bounds[0]
    assert verdict_of(found) == "no_evidence"
    turned = difference_of([RowFound(one.id, one.after, one.before) for one in [*proven, *missing]])
    assert turned.p_worse <= 0.05 < turned.p_bounds[1]
    assert verdict_of(turned) == "no_evidence"
    assert found.bounds == ((7 - 6) / 35, 7 / 35)
    assert len(found.missing) == 6
    assert found.rows == 29


def test_e04_shares_count_what_cannot_be_read_as_wrong_and_leave_out_what_is_missing() -> None:
    marks: list[tuple[Mark, ...]] = [("correct",), ("wrong",), ("unread",), ("failed",), ("lost",), ("correct",)]
    found = share_of(marks)
    assert (found.correct, found.trials, found.rows) == (2, 4, 4)
    assert (found.unread, found.failed, found.lost) == (1, 1, 1)
    assert found.interval == share_interval(2, 4)
    assert found.bounds == (2 / 6, 4 / 6)
    assert share_of([]).share is None


def test_e05_repeats_are_counted_by_row() -> None:
    found = difference_of(
        [
            RowFound("a", ("wrong", "wrong"), ("correct", "wrong")),
            RowFound("b", ("correct", "wrong"), ("wrong", "correct")),
            RowFound("c", ("correct", "correct"), ("wrong", "wrong")),
            RowFound("d", ("correct", "lost"), ("correct", "correct")),
        ]
    )
    assert found.won == ("a",)
    assert found.lost == ("c",)
    assert found.missing == ("d",)
    assert found.mean == pytest.approx((1 + 0 - 2) / 6)
    assert found.bounds == pytest.approx(((1 + 0 - 2 + 0) / 8, (1 + 0 - 2 + 1) / 8))


def test_e06_a_judges_verdicts_are_wins_and_losses() -> None:
    found = difference_of(
        [RowFound(f"r{number}", verdicts=(one,)) for number, one in enumerate((WIN, WIN, LOSS, TIE, TURNED, LOST))]
    )
    assert (found.won, found.lost, found.missing) == (("r0", "r1"), ("r2",), ("r5",))
    assert found.contradicted == 1
    assert found.bounds == ((2 - 1 - 1) / 6, (2 - 1 + 1) / 6)


@given(st.lists(st.tuples(st.sampled_from(MARKS), st.sampled_from(MARKS)), min_size=1, max_size=60))
def test_e07_bounds_hold_whatever_the_missing_scores_were(pairs: list[tuple[Mark, Mark]]) -> None:
    found = difference_of([row(before, after, str(number)) for number, (before, after) in enumerate(pairs)])
    known = {"failed": "correct", "lost": "correct"}
    for filled in (known, dict.fromkeys(known, "wrong")):
        whole = [
            RowFound("r", (filled.get(before, before),), (filled.get(after, after),))  # type: ignore[arg-type]
            for before, after in pairs
        ]
        assert found.bounds[0] - 1e-9 <= difference_of(whole).mean <= found.bounds[1] + 1e-9
    assert found.rows + len(found.missing) == len(pairs)


def test_e08_swapping_the_sides_swaps_everything() -> None:
    one = rows(7, 3, 12)
    turned = [RowFound(each.id, each.after, each.before) for each in one]
    there, back = difference_of(one), difference_of(turned)
    assert there.won == back.lost
    assert there.p_value == back.p_worse
    assert there.mean == -back.mean


# ── calibration ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_e09_a_judges_record() -> None:
    found = calibrate(
        [
            Reading("right", WIN, WIN, WIN),
            Reading("wrong", LOSS, LOSS, WIN),
            Reading("follows the position", WIN, LOSS, WIN),
            Reading("half readable", LOST, LOSS, LOSS),
            Reading("unreadable", LOST, LOST, WIN),
            Reading("both wrong", TIE, TIE, TIE),
            Reading("no label", LOSS, LOSS),
        ],
        human={"right": WIN, "both wrong": LOSS, "somebody else's": WIN},
    )
    assert found.pairs == 7
    assert (found.known.count, found.known.n) == (2, 4)
    assert (found.labels.rate.count, found.labels.rate.n) == (3, 5)
    assert (found.flip.count, found.flip.n) == (1, 4)
    assert (found.first_position.count, found.first_position.n) == (1 + 1 + 2 + 1, 8)
    assert (found.tie.count, found.tie.n) == (2, 10)
    assert (found.unreadable.count, found.unreadable.n) == (3, 14)
    assert found.human is not None
    assert (found.human.rate.count, found.human.rate.n) == (1, 2)


def test_e10_a_judge_that_always_takes_the_first_output_is_found_out() -> None:
    found = calibrate([Reading(str(number), WIN, LOSS, WIN) for number in range(30)])
    assert found.first_position.share == 1.0
    assert found.flip.share == 1.0
    assert found.known.share == 0.0
    assert found.labels.kappa is None or found.labels.kappa <= 0


def test_e12_figures_below_zero_have_the_sign_of_all_other_figures() -> None:
    readings = [
        Reading(str(number), one, one, other) for number, (one, other) in enumerate([(WIN, LOSS), (LOSS, WIN)] * 9)
    ]
    figures = dict(judge_figures(calibrate(readings)))
    assert figures["  beyond chance, κ"].startswith("−1.00 (95% interval −1.00")


def test_e11_nothing_to_count_is_no_error() -> None:
    found = calibrate([])
    assert found.pairs == 0
    assert found.known.share is None
    assert found.labels.kappa is None
    assert found.human is None
