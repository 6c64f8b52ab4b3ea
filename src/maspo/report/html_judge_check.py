"""The page of a judge check: one file that opens offline. All text of models and files is escaped."""

from __future__ import annotations

import json
from pathlib import Path

from maspo.core.verdict import Reading, Verdict
from maspo.report import words
from maspo.report.evaluation import agents_and_judge, models_line
from maspo.report.html import document
from maspo.report.html_cost import unsettled
from maspo.report.html_judge import calibrated
from maspo.report.html_parts import folded, heading, left_out, quiet, section, text_block
from maspo.report.judge_check import RESULT, check_of, judge_summary, pairs_jsonl
from maspo.report.markup import Html, h, join
from maspo.store.files import write_whole
from maspo.study.evaluation.calibration import Calibration, verdict_of
from maspo.study.evaluation.judge_check import Checked, Pair

PAGE = "judge.html"
PAIRS = "pairs.jsonl"
_MOST_PAIRS = 30
_REMARK = "Pairs of outputs on the same row were put to the judge in both orders, blind to where they came from."
_SAID = {
    Verdict.WIN: "A",
    Verdict.LOSS: "B",
    Verdict.TIE: "tie",
    Verdict.UNDECIDED: "unreadable",
}


def render_judge_check(found: Checked, calibration: Calibration) -> str:
    """Return the whole page of a judge check."""
    evaluation = found.evaluation
    name = f"{evaluation.system.name}: judge check"
    line = f"run {found.run} · seed {evaluation.config.seed} · {models_line(agents_and_judge(evaluation))}"
    simulated = h("p", {"class": "banner", "role": "note"}, h("strong", {}, words.SIMULATED))
    main = h(
        "main",
        {},
        simulated if found.simulated else join(),
        calibrated("How far the judge can be trusted", _REMARK, calibration) if calibration.pairs else join(),
        _misjudged(found),
        section("cost", "Cost", unsettled(found.unsettled)) if found.unsettled else join(),
        section("summary", "In plain text", text_block(judge_summary(found, calibration))),
    )
    return document(f"maspo: {name}", heading("Judge check", name, line), main)


def write_judge_check(out: Path, found: Checked, calibration: Calibration) -> None:
    """Write ``pairs.jsonl``, ``judge.html`` and ``judge_check.json``.

    Raises:
        StoreError: one of them cannot be written.

    """
    write_whole(out / PAIRS, "".join(f"{line}\n" for line in pairs_jsonl(found)))
    write_whole(out / PAGE, render_judge_check(found, calibration))
    write_whole(out / RESULT, json.dumps(check_of(found, calibration).dump(), indent=2) + "\n")


def _misjudged(found: Checked) -> Html:
    """Show the pairs that speak against the judge: where to look before it is believed."""
    pairs = {pair.id: pair for pair in found.pairs}
    wrong = [one for one in found.readings if _turned(one) or (one.truth is not None and verdict_of(one) != one.truth)]
    if not wrong:
        return join()
    shown = [_pair(pairs[one.pair], one) for one in wrong[:_MOST_PAIRS]]
    remark = quiet(
        "Which of the outputs A and B is better, by the label and by the judge. The judge disagrees with the label, "
        "cannot be read, or says the opposite when the order is turned."
    )
    rest = left_out(len(wrong) - len(shown), "pair", "pairs")
    return section("pairs", "Pairs to look at", remark, *shown, rest)


def _turned(one: Reading) -> bool:
    return {one.first, one.turned} == {Verdict.WIN, Verdict.LOSS}


def _pair(pair: Pair, said: Reading) -> Html:
    truth = f"label {_SAID[pair.truth]}, " if pair.truth else ""
    title = f"{pair.row}: {truth}judge {_SAID[said.first]} with A shown first, {_SAID[said.turned]} with B first"
    texts = (("Question", pair.question), ("A", pair.candidate), ("B", pair.reference))
    return folded(title, *(join(h("h3", {}, name), text_block(text)) for name, text in texts))
