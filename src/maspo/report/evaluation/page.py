"""What an evaluation found, as the document of its page; and all of its files."""

from __future__ import annotations

import json
import math
from pathlib import Path

from maspo.core.usage import total
from maspo.report import phrases
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import (
    Cells,
    Dot,
    Dots,
    Fold,
    Part,
    Passage,
    Sheet,
    cells,
    sheet,
    spent_facts,
    unsettled_part,
)
from maspo.report.evaluation.figures import evaluation_of, rows_jsonl
from maspo.report.evaluation.words import (
    describe_difference,
    describe_missing,
    describe_rows,
    describe_seen,
    describe_share,
    describe_tests,
    describe_unscored,
    headline,
    list_ids,
    models_by_role,
    remarks_on,
    summary,
)
from maspo.report.folder import EVALUATION_PAGE
from maspo.report.team_cost import PER_INPUTS, describe_cost
from maspo.store.files import write_whole
from maspo.study.evaluation.job import JUDGE, Evaluation, EvaluationFindings

PAGE = EVALUATION_PAGE
RESULT = "evaluation.json"
ROWS = "rows.jsonl"
_MOST_SHOWN_IDS = 500
"""Ids of rows that the page names, which share one cell."""


def write_evaluation(out: Path, found: EvaluationFindings) -> None:
    """Write ``evaluation.json``, ``evaluation.html`` and, of an evaluation that has just ended, ``rows.jsonl``.

    What the record tells later is without outputs, and leaves ``rows.jsonl`` as it is.

    Raises:
        StoreError: one of them cannot be written.

    """
    if found.outputs:
        write_whole(out / ROWS, "".join(f"{line}\n" for line in rows_jsonl(found)))
    write_whole(out / PAGE, sheet_html(evaluation_sheet(found)))
    write_whole(out / RESULT, json.dumps(evaluation_of(found).dump(), indent=2) + "\n")


def evaluation_sheet(found: EvaluationFindings) -> Sheet:
    """Return the document of an evaluation."""
    evaluation, names = found.evaluation, found.evaluation.names
    facts = [("Rows", describe_rows(found))]
    for side, share in found.shares.items():
        unscored = describe_unscored(share)
        facts.append((names[side], describe_share(found, share) + (f"; {unscored}" if unscored else "")))
    if found.difference is not None:
        what = "Preference" if evaluation.pairwise else "Difference"
        facts += [(what, describe_difference(found.difference)), ("Test", describe_tests(found.difference))]
        facts += [("Missing", describe_missing(found.difference))]
    facts += [("Seen by the search", "; ".join(describe_seen(found)))]
    facts += [
        (f"{PER_INPUTS:,} inputs, {names[side]}", describe_cost(cost, found.simulated))
        for side, cost in found.costs.items()
    ]
    facts += spent_facts(total(found.usage.values()), found.simulated, found.seconds)
    return sheet(
        "evaluation",
        f"{evaluation.system.name}: evaluation",
        line=subtitle(found.run, evaluation, evaluation.scorer == JUDGE),
        label=_label(found),
        tone=found.verdict or "open",
        headline=headline(found),
        simulated=found.simulated,
        facts=facts,
        remarks=[f"{remark}." for remark in remarks_on(found)],
        parts=(
            Part("How good, and how sure", dots=_drawn(found)),
            Part("Rows that differ", words=_where_rows_are(found), tables=_differing(found)),
            Part("Prompts that differ" if evaluation.before is not None else "Prompts", folds=_prompts(evaluation)),
            unsettled_part(found.unsettled),
        ),
        summary=summary(found),
    )


def _label(found: EvaluationFindings) -> str:
    if found.verdict is not None:
        return phrases.VERDICT_NAMES[found.verdict]
    return "No claim" if found.on_seen and not found.shares and found.difference is None else "Evaluated"


def subtitle(run: str, evaluation: Evaluation, judge: bool) -> str:
    """Return the line below the title of a page: the run, its seed and the models."""
    models = [f"{role} {model}" for role, model in models_by_role(evaluation, judge).items()]
    return " · ".join((f"run {run}", f"seed {evaluation.config.seed}", *models))


def _drawn(found: EvaluationFindings) -> tuple[Dots, ...]:
    """Return the share of each prompt set and their difference, each with its 95 % interval."""
    names, drawn = found.evaluation.names, list[Dots]()
    shares = [
        Dot("", names[side], one.share, *one.interval) for side, one in found.shares.items() if one.share is not None
    ]
    if shares:
        what = "meet the rubric, says the judge" if found.evaluation.scorer == JUDGE else "are correct"
        drawn.append(Dots(f"Outputs that {what}", "percent", tuple(shares), 0.0, 1.0, None))
    if (paired := found.difference) is not None:
        dot = Dot("", f"{names['after']} − {names['before']}", paired.mean, *paired.interval)
        bound = math.ceil(10 * max(map(abs, (paired.mean, *paired.interval, 0.1)))) / 10
        what = "Preferred minus not preferred, row by row" if found.evaluation.pairwise else "Difference, row by row"
        drawn.append(Dots(what, "signed percent", (dot,), -bound, bound, 0.0))
    return tuple(drawn)


def _where_rows_are(found: EvaluationFindings) -> tuple[str, ...]:
    by = f"By their ids, or without one by how they begin; {ROWS} holds every question and output."
    return (by,) if _differing(found) else ()


def _differing(found: EvaluationFindings) -> tuple[Cells, ...]:
    kinds = list[tuple[str, tuple[str, ...]]]()
    for which, paired in (("", found.difference), (", seen", found.on_seen.difference if found.on_seen else None)):
        if paired is not None:
            kinds += [(f"won{which}", paired.won), (f"lost{which}", paired.lost), (f"left out{which}", paired.missing)]
    rows = [
        (name, phrases.number(len(ids)), list_ids(found.evaluation, ids, _MOST_SHOWN_IDS)) for name, ids in kinds if ids
    ]
    return (cells("Rows that differ", ("Rows", "How many", "Which"), rows, names=3),) if rows else ()


def _prompts(evaluation: Evaluation) -> tuple[Fold, ...]:
    before = evaluation.before
    return tuple(
        Fold(name, (Passage(name, text, None if before is None else before.get(name, "")),))
        for name, text in evaluation.after.items()
        if before is None or before.get(name) != text
    )
