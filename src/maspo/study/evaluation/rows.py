"""Work over the rows of an evaluation, in one session and under its caps: what evaluations of all kinds do."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from maspo.config import in_form_of
from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed
from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.trace import Trace
from maspo.core.verdict import Level
from maspo.judges.base import Question, task_shown
from maspo.models.base import Request
from maspo.scoring.base import Scorer
from maspo.scoring.registry import scorer_of
from maspo.study import trust
from maspo.study.attention import Attention
from maspo.study.batches import MOST_BEGUN, batches
from maspo.study.calls import share
from maspo.study.evaluation.exact import exact_scorer
from maspo.study.evaluation.job import EVALUATION, EXACT, JUDGE, Evaluation
from maspo.study.evaluation.recorded import NOTED, open_record
from maspo.study.reach import of_evaluation
from maspo.study.record import nothing_left_unless_answered, priced_config
from maspo.study.resolve import prices_of
from maspo.study.session import Session, at_work

T = TypeVar("T")


@asynccontextmanager
async def open_evaluation(evaluation: Evaluation, database: Path, attention: Attention) -> AsyncIterator[Session]:
    """Open the record of an evaluation, new or gone on with, and a session to work at it; keep what was spent.

    Raises what ``evaluate`` raises.
    """
    prices = prices_of(evaluation.job)
    with nothing_left_unless_answered(database):
        async with open_record(evaluation, database, attention.keeping) as store:
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


def scorer_for(evaluation: Evaluation) -> Scorer | None:
    """Return the scorer of single outputs; None is the judge, who asks models.

    ``exact`` reads the final answer as the system file says.
    """
    if evaluation.scorer == EXACT:
        return exact_scorer(evaluation.system.final_answer)
    return None if evaluation.scorer == JUDGE else scorer_of(evaluation.scorer, (JUDGE,))


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
    last: Collection[str] = (),
    follow: Callable[[T], None] | None = None,
) -> RowsDone[T]:
    """Find something for each input; stop when it is enough. ``planned`` is what all of them take at most, in calls.

    Inputs are taken in an order drawn from their content, so that a cap leaves out no particular part of a file; those
    that are to come ``last`` begin when all others have ended, in the same order: what a cap allows goes to the others.
    ``follow`` is given what was found in that order, whatever came first: it may raise, and what it raises by is the
    same whoever is answered sooner.
    """
    keys = [row.key for row in session.job.inputs.rows]
    session.begin_stage("evaluation", len(keys), planned)
    order, later = shuffled(keys, session.job.config.seed, "evaluate"), frozenset(last)
    parts = [key for key in order if key not in later], [key for key in order if key in later]
    found: dict[str, T] = {}
    ended: set[str] = set()
    following = [key for part in reversed(parts) for key in reversed(part)]

    async def row(key: str) -> None:
        try:
            with suppress(BudgetReached):
                found[key] = await one(key)
            ended.add(key)
            while following and following[-1] in ended:
                if (next_key := following.pop()) in found and follow:
                    follow(found[next_key])
        finally:
            session.stage.advance()

    calls, most = -(-planned // max(len(keys), 1)), MOST_BEGUN if enough else None
    for batch in (batch for part in parts for batch in batches(session.ledger, part, calls, most)):
        await together(map(row, batch))
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


def question(evaluation: Evaluation, before: Trace, after: Trace) -> Question:
    """Return the comparison of two final outputs; the rubric, if there is one, says what counts."""
    system = evaluation.system
    sample = evaluation.task.sample(after.input_key, "")
    read = task_shown(sample.question, evaluation.rubric)
    role = system.by_name[system.output].description
    return Question(Level.GLOBAL, system.output, role, read, after.output, before.output, candidate_first=True)
