"""``evaluate``: prompts against prompts on the same rows. Going on is the same work over a longer record of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from maspo.config import Caps, capped
from maspo.core.concurrency import together
from maspo.core.errors import ProviderError
from maspo.core.team_cost import Cost
from maspo.core.trace import Trace
from maspo.core.verdict import Verdict
from maspo.events import CallUnsettled
from maspo.judges.base import compare_both_orders
from maspo.models.prices import PriceBook
from maspo.scoring.answers import same_answer
from maspo.scoring.base import Score, Scorer
from maspo.scoring.elsewhere import scoring
from maspo.scoring.judged import RubricScorer
from maspo.scoring.labelled import LabelScorer
from maspo.stats.looks import FIRST, Taken
from maspo.study import trust
from maspo.study.attention import Attention
from maspo.study.bound import describe_groups, remark_on_few
from maspo.study.evaluation.job import FOUND, JUDGE, Evaluation, EvaluationFindings, OnSeen, Output, Side
from maspo.study.evaluation.recorded import DATABASE, FOUND_NOTED, reach_in, recorded
from maspo.study.evaluation.rows import (
    RowsDone,
    open_evaluation,
    over_rows,
    question,
    questions_of,
    scorer_for,
    trace_of,
)
from maspo.study.evaluation.tally import (
    Difference,
    Mark,
    RowFound,
    Share,
    difference_of,
    share_of,
    value_of,
    verdict_of,
)
from maspo.study.fruitless import check_answers
from maspo.study.resolve import groups_in, texts_of_inputs
from maspo.study.session import Session
from maspo.study.team_cost import mean_cost

Traces: TypeAlias = Mapping[tuple[Side, int], Trace | None]
"""The runs of one row, by side and repeat; None where a call failed for good."""
Scores: TypeAlias = Mapping[tuple[str, Side, int], Score]
"""The score of every output, by input, side and repeat."""


@dataclass(frozen=True, slots=True)
class _RowRun:
    """What the models said of one row."""

    traces: Traces
    verdicts: tuple[Verdict, ...] = ()
    scores: Mapping[tuple[Side, int], Score] = field(default_factory=dict)
    """What the judge says of each output, where it judges outputs one by one."""


async def evaluate(evaluation: Evaluation, out: Path, attention: Attention) -> EvaluationFindings:
    """Evaluate into a folder; one that holds the same evaluation is gone on with, and no recorded call is repeated.

    Raises:
        RunChanged: the folder holds another evaluation.
        UsageError: something given cannot be used; nothing was paid.
        ProviderError, Interrupted: no further call can be made; what was recorded is kept.

    """
    scorer = scorer_for(evaluation)
    async with open_evaluation(evaluation, out / DATABASE, attention) as session:
        simulated = await session.probe(questions_of(evaluation, judged=evaluation.scorer == JUDGE))
        # The same prompts twice claim nothing, nor do rows that are all seen: so they use up nothing of the level.
        compared = evaluation.before not in (None, evaluation.after) and bool(evaluation.unseen)
        work = await _look(evaluation, session) if compared else ""

        answered: list[bool] = []
        """Of the runs of the team, row by row in the order of rows, whether they brought an answer."""

        async def one(key: str) -> _RowRun:
            found = await _row(evaluation, session, key, scorer)
            _count(evaluation, session, found)
            return found

        def follow(found: _RowRun) -> None:
            """End where nothing can be learned. Not by who came first: refusals come sooner than answers."""
            answered.extend(trace is not None for trace in found.traces.values())
            try:
                check_answers(answered, session.events, ended=False)
            except ProviderError as error:
                session.ledger.halt(error)
                raise

        rows = await over_rows(session, evaluation.most_calls, one, last=evaluation.seen, follow=follow)
        check_answers(answered, session.events, ended=True)
        look = await session.looks.taken(work, _texts(evaluation)) if compared else FIRST
        scores = await _scores(evaluation, rows, scorer, attention.executor)
        found = _conclude(evaluation, session, rows, scores, simulated, look)
        if compared and found.difference is not None and found.difference.spent is not None:
            await session.looks.end(work, _texts(evaluation), found.difference.spent)
        await session.save({FOUND_NOTED: FOUND.dump(found)})
    return found


async def _look(evaluation: Evaluation, session: Session) -> str:
    """Count a comparison on these rows, before it is made; return by what the session knows it.

    One that a cap cut short and that goes on is another.
    """
    noted, cut = session.noted(FOUND_NOTED), 0
    if noted is not None:
        cut = FOUND.load(noted, evaluation=evaluation, outputs=()).left_out
    await session.looks.take(f"rows/{cut}", _texts(evaluation))
    return f"rows/{cut}"


def _texts(evaluation: Evaluation) -> list[str]:
    return texts_of_inputs(evaluation.job, evaluation.unseen)


def remarks_on_rows(evaluation: Evaluation) -> list[str]:
    """Return what is worth knowing of the independent rows of a comparison before anything is paid.

    Raises:
        InputsInvalid: no row has the column that ``--group-by`` names.

    """
    keys = evaluation.unseen
    if not keys:
        return []
    groups = groups_in(evaluation.job).count(keys)
    notes = []
    if groups < len(keys):
        notes.append(f"{describe_groups(len(keys), groups, evaluation.config.holdout.group_by)}; each counts once")
    if evaluation.before is not None:
        what = f"{groups} rows" if groups == len(keys) else f"{groups} independent groups of rows"
        notes.append(remark_on_few(groups, len(keys), what))
    return [note for note in notes if note]


async def resume_evaluation(
    out: Path, caps: Caps | None, attention: Attention, allowed: str = ""
) -> EvaluationFindings:
    """Go on with the evaluation of a folder; ``caps`` replace those that they name.

    ``allowed`` is the fingerprint of what a record may ask for that was not written here.

    Raises:
        NotTrusted: it asks for what this user has not agreed to. Nothing was opened to write, nothing sent.
        MaspoError: what ``evaluate`` raises.

    """
    trust.require(reach_in(out), out, allowed)
    evaluation = recorded(out / DATABASE)
    return await evaluate(replace(evaluation, config=capped(evaluation.config, caps)), out, attention)


async def _row(evaluation: Evaluation, session: Session, key: str, scorer: Scorer | None) -> _RowRun:
    """Run a row, and ask the judge what it is there to say: of pairs, or of each output. Labels are compared here, too.

    Programs are not run here but all together at the end, as many at a time as there are processors.
    """
    repeats, config = range(evaluation.repeats), evaluation.config
    places = [(side, repeat) for repeat in repeats for side in evaluation.sides]
    runs = await together(trace_of(session, evaluation.sides[side], key, repeat) for side, repeat in places)
    traces = dict(zip(places, runs, strict=True))

    async def judged(repeat: int) -> Verdict:
        before, after = traces["before", repeat], traces["after", repeat]
        if before is None or after is None:
            return Verdict.UNDECIDED
        if same_answer(evaluation.system.final_answer, after.output, before.output):
            return Verdict.TIE
        return await compare_both_orders(session.judge, question(evaluation, before, after))

    if evaluation.pairwise:
        return _RowRun(traces, tuple(await together(map(judged, repeats))))
    if evaluation.scorer != JUDGE and not isinstance(scorer, LabelScorer):
        return _RowRun(traces)
    judge = session.job.config.models.of_judge()
    by = (
        scorer
        if isinstance(scorer, LabelScorer)
        else RubricScorer(session.model, judge, evaluation.rubric, config.seed)
    )
    written = {place: trace for place, trace in traces.items() if trace is not None}
    samples = [evaluation.task.sample(trace.input_key, trace.output) for trace in written.values()]
    return _RowRun(traces, scores=dict(zip(written, await by.score(samples), strict=True)))


def _count(evaluation: Evaluation, session: Session, row: _RowRun) -> None:
    """Tell whoever looks on what a row came to; rows of which something is missing are not counted."""
    repeats = range(evaluation.repeats)
    marks = {
        side: [row.scores[side, repeat].outcome for repeat in repeats if (side, repeat) in row.scores]
        for side in evaluation.sides
    }
    values = {side: value_of(found) for side, found in marks.items() if len(found) == evaluation.repeats}
    after, before = values.get("after"), values.get("before")
    verdicts = list(row.verdicts)
    if after is not None and before is not None:
        verdicts.append(Verdict.WIN if after > before else Verdict.LOSS if after < before else Verdict.TIE)
    session.stage.count(after or 0, 0 if after is None else evaluation.repeats, verdicts)


async def _scores(evaluation: Evaluation, rows: RowsDone[_RowRun], scorer: Scorer | None, executor: str) -> Scores:
    """Return the scores of the outputs; where a judge compares pairs, none has one."""
    if scorer is None or isinstance(scorer, LabelScorer):
        return {(key, *place): score for key, row in rows.found.items() for place, score in row.scores.items()}
    written = [
        ((key, side, repeat), trace.output)
        for key, row in rows.found.items()
        for (side, repeat), trace in row.traces.items()
        if trace is not None
    ]
    samples = [evaluation.task.sample(place[0], output) for place, output in written]
    with ExitStack() as opened:
        if executor:  # a cluster takes seconds to begin
            scorer = await asyncio.to_thread(opened.enter_context, scoring(evaluation.scorer, executor))
        given = await scorer.score(samples)
    return {place: score for (place, _), score in zip(written, given, strict=True)}


def _conclude(
    evaluation: Evaluation,
    session: Session,
    rows: RowsDone[_RowRun],
    scores: Scores,
    simulated: bool,
    look: Taken,
) -> EvaluationFindings:
    """Return what the scores of outputs, or the judge's verdicts on pairs, come to."""
    labels = {row.key: row.label for row in evaluation.task.test.rows}
    of = groups_in(evaluation.job).of
    groups = {label: of.get(key, key) for key, label in labels.items()}

    def marks(key: str, side: Side) -> tuple[Mark, ...]:
        places = [(key, side, repeat) for repeat in range(evaluation.repeats)]
        return tuple(scores[place].outcome if place in scores else "lost" for place in places)

    found = {
        key: RowFound(labels[key], verdicts=row.verdicts)
        if evaluation.pairwise
        else RowFound(labels[key], marks(key, "before") if evaluation.before else (), marks(key, "after"))
        for key, row in rows.found.items()
    }

    def figures(of: Sequence[RowFound], look: Taken) -> tuple[dict[Side, Share], Difference | None]:
        if not of:
            return {}, None
        own = [groups[row.id] for row in of]
        sides = () if evaluation.pairwise else evaluation.sides
        shares = {side: share_of([getattr(row, side) for row in of], own) for side in sides}
        return shares, difference_of(of, groups, look) if evaluation.before is not None else None

    known = frozenset(evaluation.seen)
    seen = [row for key, row in found.items() if key in known]
    shares, compared = figures([row for key, row in found.items() if key not in known], look)
    return EvaluationFindings(
        evaluation=evaluation,
        run=session.run,
        rows=tuple(found.values()),
        shares=shares,
        difference=compared,
        verdict=verdict_of(compared) if compared else None,
        costs=_costs(evaluation, session.ledger.prices, list(rows.found.values())),
        outputs=tuple(
            Output(labels[key], side, repeat, trace.output if trace else None, scores.get((key, side, repeat)))
            for key, row in rows.found.items()
            for (side, repeat), trace in row.traces.items()
        ),
        left_out=rows.left_out,
        on_seen=OnSeen(len(seen), *figures(seen, FIRST)) if seen else None,
        cap=session.ledger.reached if rows.left_out else "",
        simulated=simulated,
        usage=session.ledger.usage(),
        seconds=session.ledger.seconds,
        unsettled=session.recorded(CallUnsettled),
    )


def _costs(evaluation: Evaluation, prices: PriceBook, rows: Sequence[_RowRun]) -> dict[Side, Cost]:
    """Return the mean cost of a run by side."""
    found: dict[Side, Cost] = {}
    for side in evaluation.sides:
        traces = [trace for row in rows for (of, _), trace in row.traces.items() if of == side and trace]
        cost = mean_cost(traces, evaluation.system, evaluation.config.models, prices)
        if cost is not None:
            found[side] = cost
    return found
