"""Misalignment cases: where an agent did its own job better and the team did not gain."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.events import CaseShown
from maspo.report import words
from maspo.report.conflicts import pointed_at
from maspo.report.fold import RunView
from maspo.report.html_parts import diff_block, folded, left_out, quiet, section, text_block
from maspo.report.markup import Attributes, Html, h

_MOST_CASES = 20
_MOST_OUTPUTS = 8
_OUTPUT = 3000


def newest(view: RunView) -> Sequence[CaseShown]:
    """Return the misalignment cases that the page has room for, newest first.

    The steps tell which are new: texts are recorded late, and many at once.
    """
    place = {step.step: number for number, step in enumerate(view.steps)}
    return sorted(view.cases, key=lambda case: place.get(case.step, -1))[::-1][:_MOST_CASES]


def case_id(place: int) -> str:
    """Return the id by which the page links to the case at a place of ``newest``."""
    return f"case-{place + 1}"


def cases(view: RunView) -> Html:
    """Show the newest misalignment cases, both traces side by side."""
    title = "Misalignment cases"
    if not view.cases:
        found = f"{words.number(view.cases_found)} found, none recorded with texts." if view.cases_found else "None."
        return section("cases", title, quiet(found))
    shown = newest(view)
    linked = pointed_at(shown, view.conflicts)
    clashes = " So are inputs on which changes of two agents lost together." if view.conflicts else ""
    count = words.plural(view.cases_found, "case", "cases")
    return section(
        "cases",
        title,
        h(
            "p",
            {},
            f"{count}: inputs on which a candidate prompt won its own comparison and the team did not gain (Eq. 6). "
            f"They are shown to the proposer as hard negatives.{clashes} Newest first.",
        ),
        *(_case(case, {"id": case_id(place)} if place in linked else {}) for place, case in enumerate(shown)),
        left_out(view.cases_found - len(shown), "older case", "older cases"),
    )


def _case(case: CaseShown, name: Attributes) -> Html:
    names = _names(case)
    return h(
        "details",
        {"class": "case", **name},
        h(
            "summary",
            {},
            h("strong", {}, case.agent),
            f" on input {case.label or case.input_key}: {words.lost_words(case.lost)}",
        ),
        h("h3", {}, "Input"),
        text_block(case.input_text, _OUTPUT),
        *(_outputs(case, name) for name in names[:_MOST_OUTPUTS]),
        left_out(len(names) - _MOST_OUTPUTS, "more agent", "more agents"),
        folded("The prompts: reference → candidate", diff_block(case.reference_prompt, case.candidate_prompt)),
    )


def _names(case: CaseShown) -> list[str]:
    """Return the agents of both traces; in a large team the rewritten agent and what was lost come first."""
    names = list(dict.fromkeys([*case.candidate_outputs, *case.reference_outputs]))
    if len(names) <= _MOST_OUTPUTS:
        return names
    return sorted(names, key=lambda name: name != case.agent and name not in case.lost)


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
