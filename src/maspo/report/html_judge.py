"""The page's part on the judge: its verdicts against labels, where labels decided."""

from __future__ import annotations

from maspo.report.calibration import calibration_figures
from maspo.report.fold import RunView
from maspo.report.html_parts import quiet, section, table
from maspo.report.markup import Html, join
from maspo.study.evaluation.calibration import Calibration, calibrate

_REMARK = (
    "Labels decided the global comparisons. On hold-out inputs whose answers differ, the judge was asked as well, in "
    "both orders: this is how far it could have been trusted without labels."
)


def judge(view: RunView) -> Html:
    """Show the judge's record; nothing when it was not measured."""
    if view.judge is None:
        return join()
    return calibrated("The judge against labels", _REMARK, calibrate(view.judge.readings))


def calibrated(title: str, remark: str, found: Calibration) -> Html:
    """Show a judge's record."""
    return section("judge", title, quiet(remark), table(title, ("The judge", "Figure"), calibration_figures(found)))
