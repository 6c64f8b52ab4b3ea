"""Agents in conflict: changes that each won alone and lost together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maspo.events import CaseShown, ConflictFound
from maspo.report import words
from maspo.report.conflicts import MOST_CONFLICTS, MOST_INPUTS, case_place, sides
from maspo.report.fold import RunView
from maspo.report.html_cases import case_id, newest
from maspo.report.html_parts import left_out, section, table
from maspo.report.markup import Html, h, join

_TITLE = "Agents in conflict"
_COLUMNS = ("Change kept", "Alone", "Gave way", "Alone", "Together", "Lost together on")


def conflicts(view: RunView) -> Html:
    """Show which agents must change with regard to each other; nothing when no conflict was found."""
    if not view.conflicts:
        return join()
    labels = {case.input_key: case.label or case.input_key for case in view.cases}
    cases = newest(view)
    shown = view.conflicts[::-1][:MOST_CONFLICTS]
    return section(
        "conflicts",
        _TITLE,
        h(
            "p",
            {},
            "Tried alone, the changes of these two agents each won; tried together, they lost. The better change was "
            "kept. When the other agent is rewritten next, the proposer is shown inputs on which both lost together "
            "and neither lost alone. Newest first.",
        ),
        table(_TITLE, _COLUMNS, [_row(found, _inputs(found, cases, labels)) for found in shown]),
        h(
            "p",
            {"class": "quiet"},
            "Alone and together: the mean score against the anchor of that round, from −½ (all lost) to ½ (all won). "
            "An input that is a link leads to its misalignment case.",
        ),
        left_out(len(view.conflicts) - len(shown), "earlier conflict", "earlier conflicts"),
    )


def _row(found: ConflictFound, inputs: Html) -> tuple[str | Html, ...]:
    two = sides(found)
    return (
        two.kept,
        words.worth(two.kept_alone),
        two.gave_way,
        words.worth(two.gave_way_alone),
        words.worth(found.together),
        inputs,
    )


def _inputs(found: ConflictFound, cases: Sequence[CaseShown], labels: Mapping[str, str]) -> Html:
    """Name the inputs; those whose misalignment case is on the page lead to it."""
    count = words.plural(len(found.inputs), "input", "inputs")
    parts: list[str | Html] = []
    for key in found.inputs[:MOST_INPUTS]:
        place, name = case_place(cases, found, key), labels.get(key, key)
        parts += [", ", name if place is None else h("a", {"href": f"#{case_id(place)}"}, name)]
    rest = len(found.inputs) - MOST_INPUTS
    more = f" and {words.number(rest)} more" if rest > 0 else ""
    return join(f"{count}: ", *parts[1:], more)
