"""What an evaluation found, for scripts: ``evaluation.json`` and ``rows.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from maspo.core.plain import FLAT, Dumped
from maspo.core.usage import Usage, total
from maspo.events import VerdictWord
from maspo.report.evaluation.words import headline, models_by_role, remarks_on
from maspo.report.result import ReplyFigures, Tokens, Unsettled, replies_of, tokens_of, unsettled_of
from maspo.report.team_cost import CostFigures, cost_figures
from maspo.study.evaluation.job import JUDGE, EvaluationFindings, OnSeen, Side
from maspo.study.evaluation.tally import Difference, Share

_NO_OUTPUT = "no output, because a call failed"


@dataclass(frozen=True, slots=True)
class ShareFigures(Dumped):
    """How many outputs of a prompt set are right, and what is counted apart."""

    accuracy: float | None
    interval: tuple[float, float]
    correct: int
    scored: int
    rows: int
    unread: int
    failed: int
    lost: int
    bounds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SideFigures(Dumped):
    """One prompt set; without a share where a judge compares pairs."""

    name: str
    share: ShareFigures | None = field(metadata=FLAT)
    per_1000_inputs: CostFigures | None


@dataclass(frozen=True, slots=True)
class DifferenceFigures(Dumped):
    """The paired comparison of two prompt sets."""

    mean: float
    interval: tuple[float, float]
    rows: int
    wins: int
    losses: int
    ties: int
    contradicted: int
    p_value: float
    p_worse: float
    mcnemar_p: float
    missing: tuple[str, ...]
    bounds: tuple[float, float]
    won: tuple[str, ...]
    lost: tuple[str, ...]
    groups: int
    """Independent groups among the rows; each counts once in test and interval."""
    look: int
    """The so-manyth comparison on these rows, other evaluations and runs included."""
    level: float
    """What p has to reach at this look for a claim."""


@dataclass(frozen=True, slots=True)
class SeenFigures(Dumped):
    """Rows that the search has seen, from which nothing is claimed; shares are None where a judge compares pairs."""

    rows: int
    before: ShareFigures | None
    after: ShareFigures | None
    mean: float | None
    """The difference; this and what follows is None without a comparison."""
    interval: tuple[float, float] | None
    won: tuple[str, ...] | None
    lost: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class EvaluationFigures(Dumped):
    """The object of ``evaluation.json``; without a comparison verdict and difference are None.

    Both, and the shares of the prompt sets, are of the rows that no search has seen; all are None without such rows.
    """

    verdict: VerdictWord | None
    why: str
    system: str
    task: str
    scorer: str
    models: Mapping[str, str]
    rows: int
    repeats: int
    complete: bool
    left_out: int
    remarks: tuple[str, ...]
    before: SideFigures | None
    after: SideFigures | None
    difference: DifferenceFigures | None
    seen: SeenFigures | None
    """The other rows; None where there are none."""
    calls: Mapping[str, int]
    """By purpose."""
    cached: int
    tokens: Tokens
    usd: float | None
    usd_afterwards: float
    """Of ``usd``: what calls cost that had no price when they were made."""
    replies: ReplyFigures
    possibly_billed_twice: tuple[Unsettled, ...]
    seconds: float
    seed: int
    simulated: bool
    run: str


def evaluation_of(found: EvaluationFindings) -> EvaluationFigures:
    """Return what an evaluation found as figures."""
    evaluation = found.evaluation
    spent = total(found.usage.values())
    return EvaluationFigures(
        verdict=found.verdict,
        why=headline(found),
        system=evaluation.system.name,
        task=evaluation.task.name,
        scorer=evaluation.scorer,
        models=models_by_role(evaluation, evaluation.scorer == JUDGE),
        rows=len(found.rows),
        repeats=evaluation.repeats,
        complete=not found.left_out,
        left_out=found.left_out,
        remarks=remarks_on(found),
        before=_side(found, "before"),
        after=_side(found, "after"),
        difference=_difference(found.difference) if found.difference else None,
        seen=_seen(found.on_seen) if found.on_seen else None,
        calls=calls_by_purpose(found.usage),
        cached=spent.cached,
        tokens=tokens_of(spent),
        usd=spent.usd,
        usd_afterwards=spent.usd_afterwards,
        replies=replies_of(spent),
        possibly_billed_twice=tuple(unsettled_of(call) for call in found.unsettled),
        seconds=found.seconds,
        seed=evaluation.config.seed,
        simulated=found.simulated,
        run=found.run,
    )


def calls_by_purpose(usage: Mapping[str, Usage]) -> dict[str, int]:
    """Return how many calls were sent for each purpose."""
    return {purpose: one.calls for purpose, one in usage.items()}


def _side(found: EvaluationFindings, side: Side) -> SideFigures | None:
    if side not in found.evaluation.sides:
        return None
    share, cost = found.shares.get(side), found.costs.get(side)
    return SideFigures(
        name=found.evaluation.names[side],
        share=_share(share) if share else None,
        per_1000_inputs=cost_figures(cost) if cost else None,
    )


def _seen(seen: OnSeen) -> SeenFigures:
    before, after, paired = seen.shares.get("before"), seen.shares.get("after"), seen.difference
    return SeenFigures(
        rows=seen.rows,
        before=_share(before) if before else None,
        after=_share(after) if after else None,
        mean=paired.mean if paired else None,
        interval=paired.interval if paired else None,
        won=paired.won if paired else None,
        lost=paired.lost if paired else None,
    )


def _share(share: Share) -> ShareFigures:
    return ShareFigures(
        accuracy=share.share,
        interval=share.interval,
        correct=share.correct,
        scored=share.trials,
        rows=share.rows,
        unread=share.unread,
        failed=share.failed,
        lost=share.lost,
        bounds=share.bounds,
    )


def _difference(difference: Difference) -> DifferenceFigures:
    return DifferenceFigures(
        mean=difference.mean,
        interval=difference.interval,
        rows=difference.rows,
        wins=len(difference.won),
        losses=len(difference.lost),
        ties=difference.ties,
        contradicted=difference.contradicted,
        p_value=difference.p_value,
        p_worse=difference.p_worse,
        mcnemar_p=difference.p_two_sided,
        missing=difference.missing,
        bounds=difference.bounds,
        won=difference.won,
        lost=difference.lost,
        groups=difference.rows if difference.groups is None else difference.groups,
        look=difference.look,
        level=difference.level,
    )


@dataclass(frozen=True, slots=True)
class OutputLine(Dumped):
    """A line of ``rows.jsonl``: an output, and its score if it has one."""

    id: str
    question: str
    side: Side
    repeat: int
    output: str | None
    outcome: str | None
    read: str | None
    why: str


@dataclass(frozen=True, slots=True)
class VerdictLine(Dumped):
    """A line of ``rows.jsonl``: what the judge said of a row in a repeat."""

    id: str
    repeat: int
    verdict: str


def rows_jsonl(found: EvaluationFindings) -> Iterator[str]:
    """Return one line for each output: row, question, side, repeat, text, its score if any; then each verdict."""
    task = found.evaluation.task
    questions = {row.label: task.sample(row.key, "").question for row in task.test.rows}
    for output in found.outputs:
        score = output.score
        line = OutputLine(
            id=output.row,
            question=questions[output.row],
            side=output.side,
            repeat=output.repeat,
            output=output.text,
            outcome=score.outcome if score else None,
            read=score.read if score else None,
            why=score.why if score else _NO_OUTPUT * (output.text is None),
        )
        yield json.dumps(line.dump())
    for row in found.rows:
        for repeat, verdict in enumerate(row.verdicts):
            yield json.dumps(VerdictLine(row.id, repeat, verdict.value).dump())
