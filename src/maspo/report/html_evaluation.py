"""The page of an evaluation: one file that opens offline. All text of models and files is escaped."""

from __future__ import annotations

from pathlib import Path

from maspo.report import words
from maspo.report.evaluation import (
    apart_words,
    cost_words,
    difference_name,
    difference_words,
    evaluation_of,
    headline,
    listed,
    missing_words,
    models_asked,
    models_line,
    proof_words,
    rows_jsonl,
    rows_words,
    share_words,
    summary,
)
from maspo.report.html import document
from maspo.report.html_cost import unsettled
from maspo.report.html_parts import diff_block, folded, heading, quiet, section, table, text_block
from maspo.report.markup import Html, h, join
from maspo.store.files import write_whole
from maspo.study.evaluation.job import Evaluated

PAGE = "evaluation.html"
RESULT = "evaluation.json"
ROWS = "rows.jsonl"
_ROWS_LISTED = 500


def render_evaluation(found: Evaluated) -> str:
    """Return the whole page of an evaluation."""
    name = f"{found.evaluation.system.name}: evaluation"
    evaluation = found.evaluation
    line = f"run {found.run} · seed {evaluation.config.seed} · {models_line(models_asked(evaluation))}"
    return document(f"maspo: {name}", heading("Evaluation report", name, line), _main(found))


def write_evaluation(out: Path, found: Evaluated) -> None:
    """Write ``evaluation.json``, ``evaluation.html`` and, of an evaluation that has just ended, ``rows.jsonl``.

    What the record tells later is without outputs, and leaves ``rows.jsonl`` as it is.

    Raises:
        StoreError: one of them cannot be written.

    """
    import json

    if found.outputs:
        write_whole(out / ROWS, "".join(f"{line}\n" for line in rows_jsonl(found)))
    write_whole(out / PAGE, render_evaluation(found))
    write_whole(out / RESULT, json.dumps(evaluation_of(found).dump(), indent=2) + "\n")


def _main(found: Evaluated) -> Html:
    simulated = h("p", {"class": "banner", "role": "note"}, h("strong", {}, words.SIMULATED))
    parts = [
        _verdict(found),
        _rows(found),
        _prompts(found),
        section("cost", "Cost", unsettled(found.unsettled)) if found.unsettled else join(),
        section("summary", "In plain text", text_block(summary(found))),
    ]
    return h("main", {}, simulated if found.simulated else join(), *parts)


def _verdict(found: Evaluated) -> Html:
    figures = [("Rows", rows_words(found))]
    for side, share in found.shares.items():
        apart = apart_words(share)
        figures.append((found.evaluation.names[side], share_words(found, share) + (f"; {apart}" if apart else "")))
    if found.difference is not None:
        figures.append((difference_name(found).capitalize(), difference_words(found.difference)))
        figures.append(("Test", proof_words(found.difference)))
        if found.difference.missing:
            figures.append(("Missing", missing_words(found.difference)))
    figures += [
        (f"1,000 inputs, {found.evaluation.names[side]}", cost_words(cost)) for side, cost in found.costs.items()
    ]
    shown = (h("div", {}, h("dt", {}, name), h("dd", {}, text)) for name, text in figures)
    kind = found.verdict or "open"
    title = words.VERDICT_NAMES[found.verdict] if found.verdict else "Evaluated"
    return h(
        "section",
        {"id": "verdict", "class": f"verdict {kind}"},
        h("p", {"class": "label"}, title),
        h("h2", {}, headline(found)),
        h("dl", {"class": "figures"}, *shown),
        *(quiet(f"Note: {remark}.") for remark in found.evaluation.remarks),
    )


def _rows(found: Evaluated) -> Html:
    if found.difference is None:
        return join()
    rows = (
        ("won", listed(found.difference.won, _ROWS_LISTED)),
        ("lost", listed(found.difference.lost, _ROWS_LISTED)),
        ("left out", listed(found.difference.missing, _ROWS_LISTED)),
    )
    told = [row for row in rows if row[1]]
    caption = "Rows that differ, by their ids"
    remark = quiet(f"By their ids; {ROWS} holds every question and output.")
    return section("rows", "Rows that differ", remark, table(caption, ("Rows", "Ids"), told)) if told else join()


def _prompts(found: Evaluated) -> Html:
    before = found.evaluation.before
    shown = []
    for name, text in found.evaluation.after.items():
        if before is None:
            shown.append(folded(name, text_block(text)))
        elif before.get(name) != text:
            shown.append(folded(name, diff_block(before.get(name, ""), text)))
    return section("prompts", "Prompts that differ" if before is not None else "Prompts", *shown) if shown else join()
