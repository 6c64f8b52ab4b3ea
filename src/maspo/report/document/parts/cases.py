"""Misalignment cases and held-out inputs in a document. Pure."""

from __future__ import annotations

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison
from maspo.events import CaseShown
from maspo.report import sentences
from maspo.report.document import model
from maspo.report.document.extras import Extras
from maspo.report.document.room import MOST_CASES, MOST_TEXT, Room, short
from maspo.report.fold import RunView
from maspo.report.visible import visible

_CASES = 70_000
"""Bytes for the texts of cases; `_INPUTS` those for held-out inputs: what is looked at most gets most."""
_INPUTS = 110_000
_MOST_INPUTS = 400


def cases_of(view: RunView, known: Extras) -> tuple[model.Case, ...]:
    """Return the cases of the latest steps first."""
    place = {step.step: number for number, step in enumerate(view.steps)}
    ordered = sorted(enumerate(view.cases), key=lambda one: (-place.get(one[1].step, -1), one[0]))[:MOST_CASES]
    room = Room(_CASES)
    return tuple(_case(number, case, known, room) for number, case in ordered)


def _case(number: int, case: CaseShown, known: Extras, room: Room) -> model.Case:
    compared = known.compared_cases.get(number)
    key = compared.request if compared else ""
    result = compared.result if compared else None
    names = list(dict.fromkeys((*case.reference_outputs, *case.candidate_outputs)))[:12]
    return model.Case(
        id=f"case-{number + 1}",
        agent=short(case.agent),
        input_key=short(case.input_key),
        label=short(case.label or case.input_key),
        input=room.fit(case.input_text, MOST_TEXT),
        step=short(case.step),
        candidate=prompt_id(case.candidate_prompt),
        reference=prompt_id(case.reference_prompt),
        outputs=tuple(
            (
                short(name),
                room.fit(case.reference_outputs.get(name, ""), MOST_TEXT),
                room.fit(case.candidate_outputs.get(name, ""), MOST_TEXT),
            )
            for name in names
        ),
        lost=tuple(short(name) for name in case.lost[:12]),
        loss=visible(sentences.describe_loss(case.lost)),
        final=result.glob.value if isinstance(result, Comparison) else "loss" if "global" in case.lost else "",
        settled=isinstance(result, Comparison) and result.settled,
        said=known.traces[key].said if key in known.traces else (),
        trace=key,
    )


def inputs_of(known: Extras) -> tuple[model.InputRow, ...]:
    """Return the held-out inputs with what was answered before and after."""
    room = Room(_INPUTS)
    return tuple(
        model.InputRow(
            id=short(line.id),
            outcome=line.outcome,
            input=room.fit(line.input, MOST_TEXT),
            before=None if line.answer_before is None else room.fit(line.answer_before, MOST_TEXT),
            after=None if line.answer_after is None else room.fit(line.answer_after, MOST_TEXT),
            verdicts=line.verdicts,
            reason=room.fit(line.reason, MOST_TEXT),
            trace=known.line_traces.get(line.id, ""),
        )
        for line in known.lines[:_MOST_INPUTS]
    )
