"""Misalignment cases: where an agent did its own job better and the team did not gain."""

from __future__ import annotations

from maspo.events import CaseShown
from maspo.report import words
from maspo.report.fold import RunView
from maspo.report.html_parts import diff_block, folded, quiet, section, text_block
from maspo.report.markup import Html, h

_MOST_CASES = 20
_OUTPUT = 3000


def cases(view: RunView) -> Html:
    """Show the newest misalignment cases, both traces side by side."""
    title = "Misalignment cases"
    if not view.cases:
        found = f"{words.number(view.cases_found)} found, none recorded with texts." if view.cases_found else "None."
        return section("cases", title, quiet(found))
    shown = view.cases[::-1][:_MOST_CASES]
    rest = view.cases_found - len(shown)
    count = words.plural(view.cases_found, "case", "cases")
    return section(
        "cases",
        title,
        h(
            "p",
            {},
            f"{count}: inputs on which a candidate prompt won its own comparison and the team did not gain (Eq. 6). "
            f"They are shown to the proposer as hard negatives. Newest first"
            + (f"; {words.number(rest)} older ones are not shown." if rest > 0 else "."),
        ),
        *(_case(case) for case in shown),
    )


def _case(case: CaseShown) -> Html:
    return h(
        "details",
        {"class": "case"},
        h(
            "summary",
            {},
            h("strong", {}, case.agent),
            f" on input {case.input_key}: {words.lost_words(case.lost)}",
        ),
        h("h3", {}, "Input"),
        text_block(case.input_text, _OUTPUT),
        *(_outputs(case, name) for name in _names(case)),
        folded("The prompts: reference → candidate", diff_block(case.reference_prompt, case.candidate_prompt)),
    )


def _names(case: CaseShown) -> list[str]:
    return list(dict.fromkeys([*case.candidate_outputs, *case.reference_outputs]))


def _outputs(case: CaseShown, name: str) -> Html:
    note = "rewritten agent" if name == case.agent else ("did not improve" if name in case.lost else "reader")
    return h(
        "div",
        {"class": "pair"},
        h("h3", {}, f"{name} ({note})"),
        h("div", {}, h("h4", {}, "With the candidate prompt"), _output(case.candidate_outputs.get(name))),
        h("div", {}, h("h4", {}, "With the reference prompt"), _output(case.reference_outputs.get(name))),
    )


def _output(text: str | None) -> Html:
    return quiet("Not recorded.") if text is None else text_block(text, _OUTPUT)
