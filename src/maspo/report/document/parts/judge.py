"""How far the judge can be trusted, in a document: against labels, both orders, and a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maspo.core.verdict import Level, Reading, Verdict
from maspo.report.document import model
from maspo.report.fold import RunView
from maspo.report.holdout import HoldoutLine
from maspo.report.result import agreement_of, calibration_of
from maspo.report.text import judge_figures
from maspo.study.evaluation.calibration import Agreement, Calibration, agreement, calibrate


def judge_of(view: RunView, lines: Sequence[HoldoutLine]) -> Calibration | None:
    """Return the judge's record: against labels where it was measured, else what both orders of the hold-out tell."""
    if view.judge is not None:
        return calibrate(view.judge.readings)
    readings = [
        Reading(line.id, Verdict(line.verdicts[0]), Verdict(line.verdicts[1]), None)
        for line in lines
        if len(line.verdicts) == 2
    ]
    return calibrate(readings) if readings else None


def agreement_with_people(cases: Sequence[model.Case], blind: Mapping[str, Verdict]) -> Agreement | None:
    """Return how far the judge agrees with a person on the cases that the person judged blind; None without any."""
    pairs = list[tuple[Verdict, Verdict]]()
    for case in cases:
        said = blind.get(case.trace) or blind.get(case.id)
        judged = _judged_last(case)
        if said is not None and judged is not None:
            pairs.append((said, judged))
    found = agreement(pairs)
    return found if found.rate.n else None


def _judged_last(case: model.Case) -> Verdict | None:
    """Return what the judge said of the outputs that a person is shown, the last ones; None where it was not asked."""
    if not case.outputs:
        return None
    last = case.outputs[-1][0]
    said = [one for one in case.said if one.agent == last]
    ordered = sorted(said, key=lambda one: one.level != Level.GLOBAL.value)
    return Verdict(ordered[0].verdict) if ordered else None


def judge_figures_of(view: RunView, judge: Calibration | None, people: Agreement | None) -> model.JudgeFigures:
    """Return how far the judge can be trusted, and how often levels of its verdicts agreed."""
    source: model.JudgeSource = "none" if judge is None else "labels" if view.judge else "holdout"
    ended = view.ended
    levels = (("local", ended.local), ("lookahead", ended.lookahead)) if ended else ()
    return model.JudgeFigures(
        source=source,
        figures=calibration_of(judge) if judge else None,
        words=tuple((name.strip(), words) for name, words in judge_figures(judge)) if judge else (),
        agreement=tuple((name, one.agreed, one.disagreed) for name, one in levels),
        unreadable=view.judged.unreadable,
        contradicted=view.judged.contradicted,
        people=agreement_of(people) if people else None,
    )
