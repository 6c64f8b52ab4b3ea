"""``holdout.jsonl``: the hold-out test input by input, what got worse first, with the judge's words.

Everything is read from the record: texts from the traces of both runs, the judge's words by the question that it was
asked, whose content address finds the reply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from maspo.core.plain import Dumped
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.data.inputs import Input
from maspo.judges.base import Question, task_shown
from maspo.judges.pairwise import fitting, request_for, verdict_in
from maspo.store import RunStore
from maspo.store.comparisons import ComparedRuns
from maspo.study.job import Job
from maspo.study.texts import role_of, texts_of

InputOutcome: TypeAlias = Literal["won", "lost", "tied", "undecided"]
_OUTCOMES: Mapping[Verdict, InputOutcome] = {
    Verdict.WIN: "won",
    Verdict.LOSS: "lost",
    Verdict.TIE: "tied",
    Verdict.CONTRADICTED: "tied",
    Verdict.UNDECIDED: "undecided",
}
_ORDER = ("lost", "undecided", "won", "tied")
"""What a person looks for first."""
_OWN_JUDGE = "pairwise"
"""Whose questions can be told again. A judge of another package is not called for that: a record may name any."""
_UNANSWERED = {
    "candidate": "the new prompts brought no answer",
    "reference": "the seed prompts brought no answer",
    "both": "neither prompts brought an answer",
    "": "a call failed for good",
}


@dataclass(frozen=True, slots=True)
class HoldoutLine(Dumped):
    """A line of ``holdout.jsonl``. Answers are the final outputs of the team, None where the record has none.

    ``verdicts`` are the judge's in both orders (the new answer was shown first, second), seen from the new prompts;
    empty where no judge was asked. ``reason`` is what it wrote, or why it was not asked.
    """

    id: str
    outcome: InputOutcome
    input: str
    answer_before: str | None
    answer_after: str | None
    verdicts: tuple[str, ...]
    reason: str


def lines_in(
    store: RunStore, job: Job, compared: Mapping[str, tuple[Comparison, ComparedRuns | None]]
) -> list[HoldoutLine]:
    """Return the lines of comparisons on the hold-out, the lost ones first."""
    found = {one.input_key: (one, runs) for one, runs in compared.values()}
    return sorted(_lines(job, store, found), key=lambda line: _ORDER.index(line.outcome)) if found else []


def _lines(
    job: Job, store: RunStore, found: Mapping[str, tuple[Comparison, ComparedRuns | None]]
) -> Iterator[HoldoutLine]:
    texts = texts_of(job.system, job.inputs.rows)
    for row in job.inputs.rows:
        if row.key in found:
            comparison, runs = found[row.key]
            shown = texts.input_text(row)
            verdicts, reason = _said(job, store, row, shown, comparison, runs)
            lost = comparison.failed_run == "candidate"
            yield HoldoutLine(
                id=row.label,
                outcome="lost" if lost else _OUTCOMES[comparison.glob],
                input=shown,
                answer_before=runs.reference.output if runs else None,
                answer_after=runs.candidate.output if runs else None,
                verdicts=verdicts,
                reason=reason,
            )


def _said(
    job: Job, store: RunStore, row: Input, shown: str, comparison: Comparison, runs: ComparedRuns | None
) -> tuple[tuple[str, ...], str]:
    """Return the judge's verdicts in both orders and its words, or no verdicts and why there are none."""
    if comparison.failed:
        return (), _UNANSWERED[comparison.failed_run]
    if comparison.same_answer:
        return (), "equal answers: the judge was not asked"
    if job.config.labels == "use" and row.answer is not None:
        return (), "the label decided"
    if runs is None or job.config.judge.kind != _OWN_JUDGE:
        return (), ""
    output = job.system.output
    question = Question(
        Level.GLOBAL,
        output,
        role_of(job.system.by_name[output]),
        task_shown(shown, job.config.judge.rubric),
        runs.candidate.output,
        runs.reference.output,
        candidate_first=True,
    )
    settings, verdicts, words = job.config.models.of_judge(), [], []
    for asked, place in ((question, "first"), (question.turned, "second")):
        keys = (request_for(shown, settings, job.config.seed).key for shown in fitting(asked))
        reply = next((found for key in keys if (found := store.get(key)) is not None), None)
        if reply is not None:
            verdicts.append(verdict_in(reply.text, asked).value)
            words.append(f"[the new answer was shown {place}] {reply.text.strip()}")
    return tuple(verdicts), "\n\n".join(words)
