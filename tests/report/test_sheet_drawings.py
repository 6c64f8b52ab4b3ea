"""Drawings of sheets: which side is the good one, and what grows by factors."""

from __future__ import annotations

from maspo.online.page import watch_sheet
from maspo.report.bundle.first import first_of_sheet
from maspo.report.document.sheet import Sheet, sheet
from maspo.report.stress import stress_sheet
from tests.online.test_control import PLAN
from tests.ui.sheets_for_browser import stood, stressed


def test_s01_a_cost_is_drawn_against_nothing_and_less_of_it_is_better() -> None:
    faults, notes, shares = (part.dots[0] for part in stress_sheet(stressed(), seed=0).parts if part.dots)
    assert (faults.fair, faults.lower_is_better) == (0.0, True)
    assert (shares.fair, shares.lower_is_better) == (0.0, False)
    assert notes.fair is None


def test_s02_evidence_is_drawn_by_factors_with_its_alarm() -> None:
    (curves,) = (curve for part in watch_sheet("desk", stood(), PLAN).parts for curve in part.curves)
    assert curves.growing
    assert curves.levels == (("alarm", float(PLAN.windows_per_alarm)),)


def told(headline: str) -> Sheet:
    return sheet("stress", "desk", line="run 1", label="Under stress", headline=headline, simulated=False)


def test_s03_a_headline_that_would_fill_the_screen_is_set_smaller() -> None:
    assert "<h1>" in first_of_sheet(told("All is well."))
    assert '<h1 class="long">' in first_of_sheet(told("All is well, and nothing else is to be told of it. " * 2))
