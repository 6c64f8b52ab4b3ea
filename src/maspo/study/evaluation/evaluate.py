"""``evaluate``: prompts against prompts on the same rows. Going on is the same work over a longer record of calls."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from maspo.config import Caps, capped, in_form_of
from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed, MaspoError, ProviderError, RunChanged, StoreError
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.trace import Trace
from maspo.core.verdict import Level, Verdict
from maspo.events import CallUnsettled
from maspo.judges.base import Question, compare_both_orders, task_shown
from maspo.models.base import Request
from maspo.models.prices import Price
from maspo.scoring.answers import same_answer
from maspo.scoring.base import Score, Scorer
from maspo.scoring.elsewhere import scoring
from maspo.scoring.judged import RubricScorer
from maspo.scoring.labelled import LabelScorer
from maspo.scoring.registry import scorer_of
from maspo.store.records import Keeping
from maspo.store.run_store import RunStore
from maspo.study import trust
from maspo.study.afterwards import price_afterwards
from maspo.study.attention import Attention
from maspo.study.bound import describe_groups, remark_on_few
from maspo.study.calls import share
from maspo.study.connections import price_book
from maspo.study.evaluation.exact import exact_scorer
from maspo.study.evaluation.job import (
    EVALUATION,
    EXACT,
    FOUND,
    JUDGE,
    Cost,
    Evaluation,
    EvaluationFindings,
    OnSeen,
    Output,
    Side,
    changes,
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
from maspo.study.reach import Reach, of_evaluation
from maspo.study.record import make_folder, nothing_left_unless_answered, open_for_reading, priced_config
from maspo.study.resolve import groups_in, known_prices, prices_of, texts_of_inputs
from maspo.study.session import Session, at_work

DATABASE = "evaluation.db"
"""Beside a run's own database, so that a run and an evaluation of its prompts can share a folder."""
NOTED = "evaluation"
"""The value of the record that holds what it was begun with."""
_FOUND = "found"
_ROWS_UNDER_A_CAP = 16
"""Rows that are begun together under a cap, so that a cap leaves few rows half done."""
T = TypeVar("T")

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
        """Of every run of the team, whether it brought an answer."""

        async def one(key: str) -> _RowRun:
            found = await _row(evaluation, session, key, scorer)
            _count(evaluation, session, found)
            answered.extend(trace is not None for trace in found.traces.values())
            try:
                check_answers(answered, session.events, ended=False)
            except ProviderError as error:
                session.ledger.halt(error)
                raise
            return found

        rows = await over_rows(session, evaluation.most_calls, one)
        check_answers(answered, session.events, ended=True)
        look = await session.looks.taken(work, _texts(evaluation)) if compared else 1
        scores = await _scores(evaluation, rows, scorer, attention.executor)
        found = _conclude(evaluation, session, rows, scores, simulated, look)
        await session.save({_FOUND: FOUND.dump(found)})
    return found


async def _look(evaluation: Evaluation, session: Session) -> str:
    """Count a comparison on these rows, before it is made; return by what the session knows it.

    One that a cap cut short and that goes on is another.
    """
    noted, cut = session.noted(_FOUND), 0
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


def holds_evaluation(out: Path) -> bool:
    """Return whether a folder holds an evaluation that was begun."""
    return is_there(out / DATABASE)


def recorded(database: Path) -> Evaluation:
    """Return the evaluation that a record was begun with.

    Raises:
        StoreError: it cannot be read.

    """
    with open_for_reading(database) as store:
        return _evaluation_in(store.meta(), database)


def reach_in(out: Path) -> Reach:
    """Return what the folder of an evaluation asks for.

    Raises:
        StoreError: its record cannot be read.

    """
    with open_for_reading(out / DATABASE) as store:
        noted = store.meta()
    return of_evaluation(_evaluation_in(noted, out / DATABASE), noted.get("run", ""))


@dataclass(frozen=True, slots=True)
class EarlierEnd:
    """What an evaluation found when it last came to an end, without its outputs; None before that.

    ``damage`` says what is wrong with the record; then only what could be salvaged is told.
    """

    found: EvaluationFindings | None
    damage: str


def look_at(out: Path) -> EarlierEnd:
    """Return what the record of an evaluation tells. Works while it goes on; nothing is run, judged or scored.

    Raises:
        StoreError: the record cannot be read.

    """
    with open_for_reading(out / DATABASE) as store:
        noted = store.meta()
        if _FOUND not in noted:
            return EarlierEnd(None, store.damage)
        evaluation = _evaluation_in(noted, out / DATABASE)
        found = FOUND.load(noted[_FOUND], evaluation=evaluation, outputs=())
        with suppress(MaspoError):  # settings that cannot be used any more tell no price
            found = _priced_afterwards(found, store)
        return EarlierEnd(found, store.damage)


def _priced_afterwards(found: EvaluationFindings, store: RunStore) -> EvaluationFindings:
    """Return what was found with what it cost by the prices that are known by now."""
    if found.simulated:
        return found
    evaluation = found.evaluation
    usage = price_afterwards(found.usage, store, known_prices(evaluation.job))
    models = evaluation.config.models
    own = {agent.model or models.agent for agent in evaluation.system.agents}
    price = price_book(models).price(own.pop(), endpoint=models.of_agents().endpoint) if len(own) == 1 else None
    return replace(found, usage=usage, costs={side: _priced(cost, price) for side, cost in found.costs.items()})


def _priced(cost: Cost, price: Price | None) -> Cost:
    if price is None or cost.usd is not None or cost.tokens_in is None or cost.tokens_out is None:
        return cost
    return replace(cost, usd=cost.tokens_in * price.token_in + cost.tokens_out * price.token_out)


async def add_prices_to_evaluation(out: Path, prices: Mapping[str, tuple[float, ...]]) -> tuple[str, ...]:
    """Note prices in the record of an evaluation for models that have none there; return the names of these models.

    Raises:
        StoreError: the record cannot be read, or somebody works on it.

    """
    evaluation, agreed = recorded(out / DATABASE), trust.is_trusted(reach_in(out))
    new = tuple(model for model in prices if model not in evaluation.config.models.prices)
    if new:
        priced = replace(evaluation, config=priced_config(evaluation.config, prices))
        async with RunStore.open(out / DATABASE) as store:
            await store.append([], {NOTED: EVALUATION.dump(priced)})
        if agreed:  # what is asked for has not grown
            trust.remember(reach_in(out), out)
    return new


def _evaluation_in(noted: Mapping[str, str], database: Path) -> Evaluation:
    if NOTED not in noted:
        raise StoreError(f"{database}: what it was begun with is not recorded; repeat the command that began it")
    return EVALUATION.load(noted[NOTED])


def _open_record(evaluation: Evaluation, database: Path, keeping: Keeping) -> AbstractAsyncContextManager[RunStore]:
    """Open the record of the same evaluation, or make a new one.

    Raises:
        RunChanged: it holds another evaluation.
        UsageError: the folder cannot be written.

    """
    out = database.parent
    if not is_there(database):
        with make_folder(out):
            pass
        return keeping.created(database)
    with open_for_reading(database) as store:
        before = store.meta().get(NOTED)
    differences = changes(EVALUATION.load(before), evaluation) if before is not None else ()
    if differences:
        what = f"{database.name} was begun with something else"
        raise RunChanged(f"--out {out}: {what}; give another folder. What differs:", differences)
    return keeping.opened(database)


def scorer_for(evaluation: Evaluation) -> Scorer | None:
    """Return the scorer of single outputs; None is the judge, who asks models.

    ``exact`` reads the final answer as the system file says.
    """
    if evaluation.scorer == EXACT:
        return exact_scorer(evaluation.system.final_answer)
    return None if evaluation.scorer == JUDGE else scorer_of(evaluation.scorer)


@asynccontextmanager
async def open_evaluation(evaluation: Evaluation, database: Path, attention: Attention) -> AsyncIterator[Session]:
    """Open the record of an evaluation, new or gone on with, and a session to work at it; keep what was spent.

    Raises what ``evaluate`` raises.
    """
    prices = prices_of(evaluation.job)
    with nothing_left_unless_answered(database):
        async with _open_record(evaluation, database, attention.keeping) as store:
            noted = store.meta()
            run = noted.get("run") or uuid.uuid4().hex[:12]
            if NOTED in noted:
                before = EVALUATION.load(noted[NOTED])
                config = in_form_of(evaluation.config, before.config)
                evaluation = replace(evaluation, config=priced_config(config, before.config.models.prices))
            # First, or a process that is killed in between leaves a record that its own user has to agree to.
            trust.remember(of_evaluation(evaluation, run), database.parent)
            await store.append([], {"run": run, NOTED: EVALUATION.dump(evaluation)})
            share(store, evaluation.job, attention.provider, "evaluation")
            async with attention.provider(evaluation.job, run) as bare:
                session = Session(evaluation.job, store, bare, attention.watcher, prices=prices, looks=attention.looks)
                async with at_work(session, attention.watcher, attention.stop):
                    try:
                        session.runner()  # before the first call: one that cannot be made costs nothing
                        await session.list_unsettled()
                        yield session
                    finally:
                        await session.tell_adapted()
                        await session.save()


def questions_of(evaluation: Evaluation, judged: bool) -> list[Request]:
    """Return the small question to the model of each agent, and to the judge's if one is asked.

    The models of an app answer it alone, and are not asked by anybody else.
    """
    models, system = evaluation.config.models, evaluation.system
    agents = system.agents if system.app is None else ()
    asked = [models.of_agents().ready_question(agent.model) for agent in agents]
    return [*asked, *([models.of_judge().ready_question()] if judged else [])]


# ── row by row, under the caps ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RowsDone(Generic[T]):
    """What was found for each input, by its key, in the order of the inputs; ``left_out`` are those cut by a cap."""

    found: Mapping[str, T]
    left_out: int


async def over_rows(
    session: Session,
    planned: int,
    one: Callable[[str], Awaitable[T]],
    enough: Callable[[Mapping[str, T]], bool] | None = None,
) -> RowsDone[T]:
    """Find something for each input; stop when it is enough.

    Inputs are taken in an order drawn from their content, so that a cap leaves out no particular part of a file.
    """
    keys = [row.key for row in session.job.inputs.rows]
    session.begin_stage("evaluation", len(keys), planned)
    caps = session.job.config.caps
    size = _ROWS_UNDER_A_CAP if enough or any((caps.calls, caps.usd, caps.minutes)) else len(keys)
    order = shuffled(keys, session.job.config.seed, "evaluate")
    found: dict[str, T] = {}

    async def row(key: str) -> None:
        try:
            with suppress(BudgetReached):
                found[key] = await one(key)
        finally:
            session.stage.advance()

    for begin in range(0, len(order), size):
        await together(map(row, order[begin : begin + size]))
        await session.save()
        if enough and enough(found):
            break
    return RowsDone({key: found[key] for key in keys if key in found}, len(keys) - len(found))


async def trace_of(session: Session, prompts: Prompts, input_key: str, repeat: int) -> Trace | None:
    """Return a run on one input, or None when a call of it failed for good; raises what else the model raises."""
    try:
        return await session.runner(repeat).run(prompts, input_key)
    except CallFailed:
        return None


# ── running and judging ──────────────────────────────────────────────────────────────────────────────────────────────


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


def question(evaluation: Evaluation, before: Trace, after: Trace) -> Question:
    """Return the comparison of two final outputs; the rubric, if there is one, says what counts."""
    system = evaluation.system
    sample = evaluation.task.sample(after.input_key, "")
    read = task_shown(sample.question, evaluation.rubric)
    role = system.by_name[system.output].description
    return Question(Level.GLOBAL, system.output, role, read, after.output, before.output, candidate_first=True)


# ── what was found ───────────────────────────────────────────────────────────────────────────────────────────────────


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
    look: int,
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

    def figures(of: Sequence[RowFound], look: int) -> tuple[dict[Side, Share], Difference | None]:
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
        costs=_costs(evaluation, list(rows.found.values())),
        outputs=tuple(
            Output(labels[key], side, repeat, trace.output if trace else None, scores.get((key, side, repeat)))
            for key, row in rows.found.items()
            for (side, repeat), trace in row.traces.items()
        ),
        left_out=rows.left_out,
        on_seen=OnSeen(len(seen), *figures(seen, 1)) if seen else None,
        cap=session.ledger.reached if rows.left_out else "",
        simulated=simulated,
        usage=session.ledger.usage(),
        seconds=session.ledger.seconds,
        unsettled=session.recorded(CallUnsettled),
    )


def _costs(evaluation: Evaluation, rows: Sequence[_RowRun]) -> dict[Side, Cost]:
    """Return the mean cost of a run by side. Calls that two runs share are counted for both: each would make them."""
    models = evaluation.config.models
    prices, endpoint = price_book(models), models.of_agents().endpoint
    own = {agent.name: agent.model or models.agent for agent in evaluation.system.agents}
    found: dict[Side, Cost] = {}
    for side in evaluation.sides:
        traces = [trace for row in rows for (of, _), trace in row.traces.items() if of == side and trace]
        if not traces:
            continue
        calls, n = [call for trace in traces for call in trace.calls], len(traces)
        tokens_in, tokens_out = _sum(call.tokens_in for call in calls), _sum(call.tokens_out for call in calls)
        usd: float | None = 0.0
        for call in calls:
            price = prices.price(own[call.agent], call.tokens_in or 0, endpoint)
            if price is None or call.tokens_in is None or call.tokens_out is None or usd is None:
                usd = None
                break
            usd += price.of(call.tokens_in, call.tokens_out)
        found[side] = Cost(
            calls=len(calls) / n,
            tokens_in=None if tokens_in is None else tokens_in / n,
            tokens_out=None if tokens_out is None else tokens_out / n,
            usd=None if usd is None else usd / n,
        )
    return found


def _sum(values: Iterable[int | None]) -> int | None:
    """Return a sum, None when a part of it is unknown."""
    found = list(values)
    return None if None in found else sum(value for value in found if value is not None)
