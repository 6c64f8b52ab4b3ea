"""The record of an evaluation: what it was begun with, what it found, and prices that are known later."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from maspo.core.errors import MaspoError, RunChanged, StoreError
from maspo.core.plain_files import is_there
from maspo.store.records import Keeping
from maspo.store.run_store import RunStore
from maspo.study import trust
from maspo.study.afterwards import price_afterwards
from maspo.study.evaluation.job import EVALUATION, FOUND, Evaluation, EvaluationFindings, changes
from maspo.study.reach import Reach, of_evaluation
from maspo.study.record import make_folder, open_for_reading, priced_config
from maspo.study.resolve import known_prices
from maspo.study.team_cost import priced_by_now

DATABASE = "evaluation.db"
"""Beside a run's own database, so that a run and an evaluation of its prompts can share a folder."""
NOTED = "evaluation"
"""The value of the record that holds what it was begun with."""
FOUND_NOTED = "found"


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
        if FOUND_NOTED not in noted:
            return EarlierEnd(None, store.damage)
        evaluation = _evaluation_in(noted, out / DATABASE)
        found = FOUND.load(noted[FOUND_NOTED], evaluation=evaluation, outputs=())
        with suppress(MaspoError):  # settings that cannot be used any more tell no price
            found = _priced_afterwards(found, store)
        return EarlierEnd(found, store.damage)


def _priced_afterwards(found: EvaluationFindings, store: RunStore) -> EvaluationFindings:
    """Return what was found with what it cost by the prices that are known by now."""
    if found.simulated:
        return found
    evaluation = found.evaluation
    prices = known_prices(evaluation.job)
    usage = price_afterwards(found.usage, store, prices)
    system, models = evaluation.system, evaluation.config.models
    costs = {side: priced_by_now(cost, system, models, prices) for side, cost in found.costs.items()}
    return replace(found, usage=usage, costs=costs)


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


def open_record(evaluation: Evaluation, database: Path, keeping: Keeping) -> AbstractAsyncContextManager[RunStore]:
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
