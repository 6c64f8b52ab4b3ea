"""``evaluate``: prompts against prompts on the same rows. Going on is the same work over a longer record of calls."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from maspo.config import Caps
from maspo.core.concurrency import together
from maspo.core.errors import RunChanged, StoreError, UsageError
from maspo.core.quoting import tagged
from maspo.core.trace import Trace
from maspo.core.verdict import Level, Verdict
from maspo.judges.base import Question, compare_both_orders
from maspo.models.prices import PriceBook
from maspo.scoring.answers import final_answer, is_correct, same_answer
from maspo.scoring.base import Score, Scorer
from maspo.scoring.judged import RubricScorer
from maspo.scoring.labelled import LabelScorer
from maspo.scoring.registry import scorer_of
from maspo.store.run_store import RunStore
from maspo.study.cleanup import nothing_left_unless_answered
from maspo.study.evaluation.job import (
    EVALUATION,
    EXACT,
    FOUND,
    JUDGE,
    Cost,
    Evaluated,
    Evaluation,
    Output,
    Side,
    changes,
    with_caps,
)
from maspo.study.evaluation.rows import Rows, over_rows, trace_of
from maspo.study.evaluation.tally import Mark, RowFound, Share, difference_of, share_of, verdict_of
from maspo.study.job import Provider, Watcher
from maspo.study.optimize import stoppable
from maspo.study.providers import provider as default_provider
from maspo.study.resolve import prices_of
from maspo.study.session import Session, opened

DATABASE = "evaluation.db"
"""Beside a run's own database, so that a run and an evaluation of its prompts can share a folder."""
NOTED = "evaluation"
"""The value of the record that holds what it was begun with."""
_FOUND = "found"

Traces: TypeAlias = Mapping[tuple[Side, int], Trace | None]
"""The runs of one row, by side and repeat; None where a call failed for good."""
Scores: TypeAlias = Mapping[tuple[str, Side, int], Score]
"""The score of every output, by input, side and repeat."""


@dataclass(frozen=True)
class Attention:
    """Who looks on, where replies come from, and who may stop the work."""

    watcher: Watcher
    provider: Provider = default_provider
    stop: asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    """What the models said of one row."""

    traces: Traces
    verdicts: tuple[Verdict, ...] = ()
    scores: Mapping[tuple[Side, int], Score] = field(default_factory=dict)
    """What the judge says of each output, where it judges outputs one by one."""


async def evaluate(evaluation: Evaluation, out: Path, attention: Attention) -> Evaluated:
    """Evaluate into a folder; one that holds the same evaluation is gone on with, and no recorded call is repeated.

    Raises:
        RunChanged: the folder holds another evaluation.
        UsageError: something given cannot be used; nothing was paid.
        ProviderError, Interrupted: no further call can be made; what was recorded is kept.

    """
    scorer = scorer_for(evaluation)
    async with begun(evaluation, out / DATABASE, attention) as session:
        judge = [evaluation.config.models.for_judge()] if evaluation.scorer == JUDGE else []
        simulated = await session.probe([*agent_models(evaluation), *judge])
        rows = await over_rows(session, evaluation.most_calls, lambda key: _row(evaluation, session, key))
        scores = await _scores(evaluation, rows.found, scorer)
        found = _evaluated(evaluation, session, rows, scores, simulated)
        await session.save({_FOUND: FOUND.dump(found)})
    return found


async def resume_evaluation(out: Path, caps: Caps | None, attention: Attention) -> Evaluated:
    """Go on with the evaluation of a folder; ``caps`` replace those that they name. Raises what ``evaluate`` raises."""
    return await evaluate(with_caps(recorded(out / DATABASE), caps), out, attention)


def holds_evaluation(out: Path) -> bool:
    """Return whether a folder holds an evaluation that was begun."""
    return (out / DATABASE).is_file()


def recorded(database: Path) -> Evaluation:
    """Return the evaluation that a record was begun with.

    Raises:
        StoreError: it cannot be read.

    """
    return _evaluation_in(_noted(database).values, database)


@dataclass(frozen=True, slots=True)
class Looked:
    """What an evaluation found when it last came to an end, without its outputs; None before that.

    ``damage`` says what is wrong with the record; then only what could be salvaged is told.
    """

    found: Evaluated | None
    damage: str


def look_at(out: Path) -> Looked:
    """Return what the record of an evaluation tells. Works while it goes on; nothing is run, judged or scored.

    Raises:
        StoreError: the record cannot be read.

    """
    noted = _noted(out / DATABASE)
    text = noted.values.get(_FOUND)
    found = (
        None if text is None else FOUND.load(text, evaluation=_evaluation_in(noted.values, out / DATABASE), outputs=())
    )
    return Looked(found, noted.damage)


@dataclass(frozen=True, slots=True)
class _Noted:
    """The values that a record keeps, and what is wrong with it."""

    values: Mapping[str, str]
    damage: str


def _noted(database: Path) -> _Noted:
    store = RunStore.read(database)
    try:
        return _Noted(store.meta(), store.damage)
    finally:
        store.close_reader()


def _evaluation_in(noted: Mapping[str, str], database: Path) -> Evaluation:
    if NOTED not in noted:
        raise StoreError(f"{database}: what it was begun with is not recorded; repeat the command that began it")
    return EVALUATION.load(noted[NOTED])


def _opened_record(evaluation: Evaluation, database: Path) -> RunStore:
    """Open the record of the same evaluation, or make a new one.

    Raises:
        RunChanged: it holds another evaluation.
        UsageError: the folder cannot be written.

    """
    out = database.parent
    if database.is_file():
        before = _noted(database).values.get(NOTED)
        differences = changes(EVALUATION.load(before), evaluation) if before is not None else ()
        if differences:
            what = f"{database.name} was begun with something else"
            raise RunChanged(f"--out {out}: {what}; give another folder. What differs:", differences)
        return RunStore.open(database)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror}); give a folder you may write") from error
    return RunStore.create(database)


def scorer_for(evaluation: Evaluation) -> Scorer | None:
    """Return the scorer of single outputs; None is the judge, who asks models.

    ``exact`` reads the final answer as the system file says.
    """
    spec = evaluation.system.final_answer
    if evaluation.scorer == EXACT and spec != "auto":
        return LabelScorer(
            lambda sample: final_answer(spec, sample.output),
            lambda _, sample: is_correct(spec, sample.output, str(sample.answer)),
        )
    return None if evaluation.scorer == JUDGE else scorer_of(evaluation.scorer)


@asynccontextmanager
async def begun(evaluation: Evaluation, database: Path, attention: Attention) -> AsyncIterator[Session]:
    """Open the record of an evaluation, new or gone on with, and a session to work at it; keep what was spent.

    Raises what ``evaluate`` raises.
    """
    prices = prices_of(evaluation.job)
    with nothing_left_unless_answered(database):
        async with _opened_record(evaluation, database) as store:
            run = store.meta().get("run") or uuid.uuid4().hex[:12]
            await store.append([], {"run": run, NOTED: EVALUATION.dump(evaluation)})
            async with (
                attention.provider(evaluation.job, run) as bare,
                opened(
                    Session(evaluation.job, store, bare, attention.watcher, prices=prices), attention.watcher
                ) as session,
                stoppable(session.ledger, attention.stop or asyncio.Event()),
            ):
                try:
                    session.runner()  # before the first call: one that cannot be made costs nothing
                    await session.list_unsettled()
                    yield session
                finally:
                    await session.save()


def agent_models(evaluation: Evaluation) -> list[str]:
    """Return the model of each agent."""
    return [agent.model or evaluation.config.models.agent for agent in evaluation.system.agents]


# ── running and judging ──────────────────────────────────────────────────────────────────────────────────────────────


async def _row(evaluation: Evaluation, session: Session, key: str) -> _Row:
    repeats = range(evaluation.repeats)
    places = [(side, repeat) for repeat in repeats for side in evaluation.sides]
    runs = await together(trace_of(session, evaluation.sides[side], key, repeat) for side, repeat in places)
    traces = dict(zip(places, runs, strict=True))
    if evaluation.pairwise:
        return _Row(traces, tuple(await together(_judged(evaluation, session, traces, repeat) for repeat in repeats)))
    if evaluation.scorer == JUDGE:
        return _Row(traces, scores=await _rated(evaluation, session, traces))
    return _Row(traces)


async def _rated(evaluation: Evaluation, session: Session, traces: Traces) -> dict[tuple[Side, int], Score]:
    scorer = RubricScorer(session.model, evaluation.config.models.of_judge(), evaluation.rubric, evaluation.config.seed)
    written = {place: trace for place, trace in traces.items() if trace is not None}
    samples = [evaluation.task.sample(trace.input_key, trace.output) for trace in written.values()]
    return dict(zip(written, await scorer.score(samples), strict=True))


async def _judged(evaluation: Evaluation, session: Session, traces: Traces, repeat: int) -> Verdict:
    before, after = traces["before", repeat], traces["after", repeat]
    if before is None or after is None:
        return Verdict.UNDECIDED
    if same_answer(evaluation.system.final_answer, after.output, before.output):
        return Verdict.TIE
    return await compare_both_orders(session.judge, question(evaluation, before, after))


def question(evaluation: Evaluation, before: Trace, after: Trace) -> Question:
    """Return the comparison of two final outputs; the rubric, if there is one, says what counts."""
    system = evaluation.system
    sample = evaluation.task.sample(after.input_key, "")
    read = tagged("input", sample.question)
    if evaluation.rubric:
        read += f"\n\nWhat counts, and nothing else:\n{tagged('criteria', evaluation.rubric)}"
    role = system.by_name[system.output].description
    return Question(Level.GLOBAL, system.output, role, read, after.output, before.output, candidate_first=True)


async def _scores(evaluation: Evaluation, rows: Mapping[str, _Row], scorer: Scorer | None) -> Scores:
    """Return the scores of all outputs; none where a judge compares pairs."""
    if scorer is None:
        return {(key, *place): score for key, row in rows.items() for place, score in row.scores.items()}
    found = [
        ((key, side, repeat), trace.output)
        for key, row in rows.items()
        for (side, repeat), trace in row.traces.items()
        if trace is not None
    ]
    scores = await scorer.score([evaluation.task.sample(place[0], output) for place, output in found])
    return {place: score for (place, _), score in zip(found, scores, strict=True)}


# ── what was found ───────────────────────────────────────────────────────────────────────────────────────────────────


def _evaluated(
    evaluation: Evaluation,
    session: Session,
    rows: Rows[_Row],
    scores: Scores,
    simulated: bool,
) -> Evaluated:
    labels = {row.key: row.label for row in evaluation.task.test.rows}

    def marks(key: str, side: Side) -> tuple[Mark, ...]:
        places = [(key, side, repeat) for repeat in range(evaluation.repeats)]
        return tuple(scores[place].outcome if place in scores else "lost" for place in places)

    found = [
        RowFound(labels[key], verdicts=row.verdicts)
        if evaluation.pairwise
        else RowFound(labels[key], marks(key, "before") if evaluation.before else (), marks(key, "after"))
        for key, row in rows.found.items()
    ]
    compared = difference_of(found) if evaluation.before is not None and found else None
    return Evaluated(
        evaluation=evaluation,
        run=session.run,
        rows=tuple(found),
        shares={} if evaluation.pairwise else {side: _share(found, side) for side in evaluation.sides},
        difference=compared,
        verdict=verdict_of(compared) if compared else None,
        costs=_costs(evaluation, list(rows.found.values())),
        outputs=tuple(
            Output(labels[key], side, repeat, trace.output if trace else None, scores.get((key, side, repeat)))
            for key, row in rows.found.items()
            for (side, repeat), trace in row.traces.items()
        ),
        left_out=rows.left_out,
        cap=session.ledger.reached if rows.left_out else "",
        simulated=simulated,
        usage=session.ledger.usage(),
        seconds=session.ledger.seconds,
        unsettled=session.unsettled,
    )


def _share(rows: Sequence[RowFound], side: Side) -> Share:
    return share_of([row.before if side == "before" else row.after for row in rows])


def _costs(evaluation: Evaluation, rows: Sequence[_Row]) -> dict[Side, Cost]:
    """Return the mean cost of a run by side. Calls that two runs share are counted for both: each would make them."""
    models = evaluation.config.models
    prices = PriceBook(models.prices, models.base_url)
    found: dict[Side, Cost] = {}
    for side in evaluation.sides:
        traces = [trace for row in rows for (of, _), trace in row.traces.items() if of == side and trace]
        if traces:
            found[side] = _cost(evaluation, traces, prices)
    return found


def _cost(evaluation: Evaluation, traces: Sequence[Trace], prices: PriceBook) -> Cost:
    calls = [call for trace in traces for call in trace.calls]
    own = {agent.name: agent.model or evaluation.config.models.agent for agent in evaluation.system.agents}
    tokens_in = _sum([call.tokens_in for call in calls])
    tokens_out = _sum([call.tokens_out for call in calls])
    usd: float | None = 0.0
    for call in calls:
        price = prices.price(own[call.agent], call.tokens_in or 0)
        if price is None or call.tokens_in is None or call.tokens_out is None or usd is None:
            usd = None
            break
        usd += price.of(call.tokens_in, call.tokens_out)
    n = len(traces)
    return Cost(
        calls=len(calls) / n,
        tokens_in=None if tokens_in is None else tokens_in / n,
        tokens_out=None if tokens_out is None else tokens_out / n,
        usd=None if usd is None else usd / n,
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
