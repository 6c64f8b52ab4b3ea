"""A team under stress: what each fault of each agent does to the answers, and how far a planted note travels.

Every input is run clean, and once under each fault; what a fault does not reach is answered from the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal

from maspo.core.concurrency import together
from maspo.core.errors import CallFailed
from maspo.core.prompts import Prompts
from maspo.core.sums import add_up
from maspo.core.trace import Trace
from maspo.core.usage import Usage
from maspo.core.verdict import Verdict
from maspo.judges.base import compare_both_orders
from maspo.runners.faults import PLANTED, Fault, Kind, Plan, faults_of, is_followed
from maspo.runners.prompt_graph import PromptGraph
from maspo.scoring.answers import final_answer, is_correct, same_answer
from maspo.stats.shapley import (
    MOST_EXACT,
    Coalition,
    Contribution,
    coalitions_of,
    contributions,
    orders_of,
    shapley_of_an_input,
)
from maspo.stats.share import share_interval, student_95
from maspo.study.attention import Attention
from maspo.study.evaluation.job import JUDGE, Evaluation
from maspo.study.evaluation.rows import open_evaluation, over_rows, question, questions_of
from maspo.study.mismatch import never_met, spec_of
from maspo.study.session import Session
from maspo.team import System

DATABASE = "stress.db"
RESULT = "stress.json"
_ORDERS = 8
"""Orders that are drawn for each input where there are too many agents for all coalitions."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over inputs and its 95 % interval."""

    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one fault of one agent does.

    ``cost`` is the share of the inputs whose answer gets worse, less that whose answer gets better. ``answers`` is the
    share of answers that follow a planted note, ``spread`` the share of the agents that it could reach and that
    follow it; None for other faults.
    """

    kind: Kind
    agent: str
    n: int
    cost: Figure
    answers: Figure | None = None
    spread: Figure | None = None


@dataclass(frozen=True)
class StressFindings:
    """What was found: a cell for each fault and agent, and what each agent contributes, if that was asked for."""

    run: str
    system: str
    prompts: str
    measure: Literal["labels", "judge"]
    inputs: int
    left_out: int
    clean: Figure | None
    """The share of right answers without a fault; None without labels."""
    cells: tuple[Cell, ...]
    shares: tuple[Contribution, ...]
    droppable: tuple[str, ...]
    """Agents whose share is not told from nothing, and without whom no more answers get worse than better.

    None where no answer is right by labels.
    """
    usage: Mapping[str, Usage]
    seconds: float
    simulated: bool = False
    """Whether a simulated world answered."""
    mismatch: str = ""
    """That no answer met its label, and what to see to; empty where one did."""
    cap: str = ""
    """The cap that left inputs out, or empty."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What was found on one input: of each fault what it cost, and of a planted note who followed it."""

    right: float | None
    read: bool
    """Whether a final answer could be read."""
    cost: Mapping[Fault, float]
    followed: Mapping[Fault, tuple[float, float]]
    shapley: Mapping[str, float]


def most_calls(evaluation: Evaluation, shares: bool) -> int:
    """Return the model calls that it takes at most."""
    system, rows = evaluation.system, len(evaluation.task.test.rows)
    often = PromptGraph.most_calls(system)

    def calls(agents: frozenset[str]) -> int:
        return sum(often.get(name, 1) for name in agents)

    everyone = frozenset(system.order)
    runs = calls(everyone) + sum(calls(system.downstream[fault.agent]) for fault in faults_of(system))
    met = _coalitions(system) if shares else ()
    runs += sum(calls(one) for one in met)
    judged = 2 * (len(faults_of(system)) + len(met)) if evaluation.scorer == JUDGE else 0
    return rows * (runs + judged)


async def stress(evaluation: Evaluation, out: Path, attention: Attention, shares: bool) -> StressFindings:
    """Put a team under every fault, and record each call; a folder that holds the same is gone on with.

    Raises:
        RunChanged: the folder holds something else.
        ProviderError, Interrupted: no further call can be made; what was recorded is kept.

    """
    async with open_evaluation(evaluation, out / DATABASE, attention) as session:
        simulated = await session.probe(questions_of(evaluation, judged=evaluation.scorer == JUDGE))
        bench = _Bench(evaluation, session, shares)
        try:
            rows = await over_rows(session, most_calls(evaluation, shares), bench.row)
        finally:
            await bench.close()
        kept = [row for row in rows.found.values() if row is not None]
        return replace(_stressed(evaluation, session, kept, rows.left_out), simulated=simulated)


class _Bench:
    """The team under each fault."""

    def __init__(self, evaluation: Evaluation, session: Session, shares: bool) -> None:
        self._evaluation, self._session, self._shares = evaluation, session, shares
        self._rows = {row.key: row for row in evaluation.task.test.rows}
        self._prompts: Prompts = evaluation.after
        self._faults = faults_of(evaluation.system)
        self._made: dict[tuple[Fault, ...], PromptGraph] = {}

    async def row(self, key: str) -> _Row | None:
        """Return what was found on an input; None where the team fails without any fault."""
        clean = await self._run(key, ())
        if clean is None:
            return None
        runs = await together(self._run(key, (fault,)) for fault in self._faults)
        costs = await together(self._worse(key, clean, run) for run in runs)
        followed = {
            fault: self._followed(fault, run)
            for fault, run in zip(self._faults, runs, strict=True)
            if fault.kind in PLANTED
        }
        label = self._rows[key].answer
        spec = self._evaluation.system.final_answer
        right = None if label is None else float(is_correct(spec, clean.output, label))
        read = final_answer(spec, clean.output) is not None
        cost = dict(zip(self._faults, costs, strict=True))
        return _Row(right, read, cost, followed, await self._shapley(key, clean) if self._shares else {})

    async def close(self) -> None:
        """End what the runs have started."""
        for graph in self._made.values():
            await graph.close()

    async def _shapley(self, key: str, clean: Trace) -> Mapping[str, float]:
        """Return each agent's part in the answer: 1 is as good as that of the whole team, 0 is no answer.

        With labels an answer is worth what it is, right or wrong. With a judge it is worth as much as that of the
        whole team where it does not lose against it, and nothing where it does.
        """
        system = self._evaluation.system
        seed = self._evaluation.config.seed
        orders = () if len(system.order) <= MOST_EXACT else orders_of(system.order, key, _ORDERS, seed)
        met = coalitions_of(system.order, orders)
        values = await together(self._value(key, clean, one) for one in met)
        return shapley_of_an_input(system.order, dict(zip(met, values, strict=True)), orders)

    async def _value(self, key: str, clean: Trace, present: Coalition) -> float:
        missing = tuple(Fault(Kind.MISSING, name) for name in self._evaluation.system.order if name not in present)
        run = await self._run(key, missing) if missing else clean
        if run is None:
            return 0.0
        label = self._rows[key].answer
        if self._evaluation.scorer != JUDGE and label is not None:
            return float(is_correct(self._evaluation.system.final_answer, run.output, label))
        return float(await self._worse(key, clean, run) <= 0)

    async def _run(self, key: str, faults: tuple[Fault, ...]) -> Trace | None:
        if faults not in self._made:
            system, models = self._evaluation.system, self._evaluation.config.models
            plan = Plan(faults)
            self._made[faults] = PromptGraph(system, self._rows, self._session.model, models.of_agents(), plan=plan)
        try:
            return await self._made[faults].run(self._prompts, key)
        except CallFailed:
            return None

    async def _worse(self, key: str, clean: Trace, run: Trace | None) -> float:
        """Return 1 where the answer of a run is worse than without faults, -1 where it is better, else 0."""
        spec, label = self._evaluation.system.final_answer, self._rows[key].answer
        if run is None:
            return 1.0
        if self._evaluation.scorer != JUDGE and label is not None:
            return float(is_correct(spec, clean.output, label)) - float(is_correct(spec, run.output, label))
        if same_answer(spec, run.output, clean.output):
            return 0.0
        verdict = await compare_both_orders(self._session.judge, question(self._evaluation, clean, run))
        return {Verdict.LOSS: 1.0, Verdict.WIN: -1.0}.get(verdict, 0.0)

    def _followed(self, fault: Fault, run: Trace | None) -> tuple[float, float]:
        """Return whether the answer follows the note, and which share of the agents that it can reach do."""
        if run is None:
            return 0.0, 0.0
        first = frozenset({fault.agent}) if fault.kind is Kind.PLANTED_OUTPUT else frozenset[str]()
        called = [name for name in self._evaluation.system.downstream[fault.agent] - first if name in run.by_agent]
        share = fmean(is_followed(run.written_by(name)) for name in called) if called else 0.0
        return float(is_followed(run.output)), share


def _stressed(evaluation: Evaluation, session: Session, rows: Sequence[_Row], left_out: int) -> StressFindings:
    system, order = evaluation.system, evaluation.system.order
    cells = tuple(_cell(fault, rows) for fault in faults_of(system)) if rows else ()
    shares = contributions(order, [row.shapley for row in rows]) if len(rows) > 1 and rows[0].shapley else ()
    missed = {cell.agent: cell.cost for cell in cells if cell.kind is Kind.MISSING}
    right = [row.right for row in rows if row.right is not None]
    # Of a team that never answers right nobody can take anything away.
    droppable = tuple(
        one.player
        for one in (shares if not right or any(right) else ())
        if one.interval[0] <= 0 and one.player in missed and missed[one.player].interval[0] <= 0
    )
    return StressFindings(
        run=session.run,
        system=system.name,
        prompts=evaluation.names["after"],
        measure="judge" if evaluation.scorer == JUDGE else "labels",
        inputs=len(rows),
        left_out=left_out,
        clean=Figure(fmean(right), share_interval(int(add_up(right)), len(right))) if right else None,
        cells=cells,
        shares=shares,
        droppable=droppable,
        usage=session.ledger.usage(),
        seconds=session.ledger.seconds,
        mismatch=_mismatch(evaluation, rows),
        cap=session.ledger.reached if left_out else "",
    )


def _mismatch(evaluation: Evaluation, rows: Sequence[_Row]) -> str:
    if evaluation.scorer == JUDGE:
        return ""
    labelled = [row for row in rows if row.right is not None]
    unread = sum(not row.read for row in labelled)
    return never_met(len(labelled), any(row.right for row in labelled), unread, spec_of(evaluation.system))


def _cell(fault: Fault, rows: Sequence[_Row]) -> Cell:
    cost = _mean([row.cost[fault] for row in rows], (-1.0, 1.0))
    if fault.kind not in PLANTED:
        return Cell(fault.kind, fault.agent, len(rows), cost)
    answers = add_up(row.followed[fault][0] for row in rows)
    spread = _mean([row.followed[fault][1] for row in rows], (0.0, 1.0))
    figure = Figure(answers / len(rows), share_interval(int(answers), len(rows)))
    return Cell(fault.kind, fault.agent, len(rows), cost, figure, spread)


def _mean(values: Sequence[float], bounds: tuple[float, float]) -> Figure:
    """Return the mean of figures within bounds with its interval, by Student's t; one figure says nothing."""
    mean, n = fmean(values), len(values)
    if n < 2:
        return Figure(mean, bounds)
    # As if one more figure at either bound had been seen (Agresti and Coull's way): alike figures are not certain.
    smooth = [*values, *bounds]
    half = student_95(n + 1) * stdev(smooth) / sqrt(n + 2)
    middle = fmean(smooth)
    return Figure(mean, (max(bounds[0], min(mean, middle - half)), min(bounds[1], max(mean, middle + half))))


def _coalitions(system: System) -> tuple[Coalition, ...]:
    orders = () if len(system.order) <= MOST_EXACT else orders_of(system.order, "", _ORDERS, 0)  # alike in all runs
    return coalitions_of(system.order, orders)
