"""The page's part on the judge: its verdicts against labels, where labels decided."""

from __future__ import annotations

from maspo.engine.evaluate_calibration import calibrate
from maspo.report.calibration import calibration_lines
from maspo.report.fold import RunView
from maspo.report.html_parts import quiet, section, text_block
from maspo.report.markup import Html, join

_REMARK = (
    "Labels decided the global comparisons. On hold-out inputs whose answers differ, the judge was asked as well, in "
    "both orders: this is how far it could have been trusted without labels."
)


def judge(view: RunView) -> Html:
    """Show the judge's record; nothing when it was not measured."""
    if view.judge is None:
        return join()
    lines = calibration_lines(calibrate(view.judge.readings))
    return section("judge", "The judge against labels", quiet(_REMARK), text_block("\n".join(lines)))
