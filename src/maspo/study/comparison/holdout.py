"""The common hold-out: every prompt set on every input, beside one run of the seed prompts and two controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import takewhile

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached
from maspo.core.prompts import Prompts
from maspo.core.trace import Trace
from maspo.core.verdict import Level, Verdict
from maspo.data.inputs import Input, input_text
from maspo.judges.base import Question, compare_both_orders, task_shown
from maspo.scoring.answers import same_answer
from maspo.scoring.base import Sample, Scorer
from maspo.study.batches import batches
from maspo.study.comparison.plan import Comparison
from maspo.study.comparison.tally import BEST_OF_2, RERUN, SEED, InputMet
from maspo.study.evaluation.exact import exact_scorer
from maspo.study.evaluation.rows import trace_of
from maspo.study.session import Session
from maspo.study.team_cost import cost_of_run

CHUNK = 8
"""Inputs that are begun together, so that a cap leaves out whole inputs and few of them half paid."""
_NET: Mapping[Verdict, int | None] = {
    Verdict.WIN: 1,
    Verdict.LOSS: -1,
    Verdict.TIE: 0,
    Verdict.CONTRADICTED: 0,
    Verdict.UNDECIDED: None,
}


async def measure(
    comparison: Comparison, session: Session, sets: Mapping[str, Prompts], keys: Sequence[str]
) -> dict[str, InputMet]:
    """Return what every prompt set came to on hold-out inputs, by their keys; a cap leaves out the last of them."""
    rows = {row.key: row for row in comparison.inputs.rows}
    scorer = exact_scorer(comparison.system.final_answer) if comparison.decided_by == "labels" else None
    session.begin_stage("evaluation", len(keys), comparison.measuring_calls)
    found: dict[str, InputMet] = {}

    async def one(key: str) -> None:
        try:
            with suppress(BudgetReached):
                found[key] = await _meet(comparison, session, rows[key], sets, scorer)
        finally:
            session.stage.advance()

    for batch in batches(session.ledger, keys, comparison.measuring_on(inputs=1, guards=0).most, CHUNK):
        await together(map(one, batch))
        if not found.keys() >= set(batch):
            break
    # Up to the first that the cap has cut: further ones were only answered sooner, or in an earlier process.
    return {key: found[key] for key in takewhile(found.__contains__, keys)}


async def run_some(comparison: Comparison, session: Session) -> None:
    """Run the seed prompts on the first inputs, as ``measure`` will: it finds these runs in the record."""
    rows = {row.key: row for row in comparison.inputs.rows}
    some = comparison.holdout[:CHUNK]
    session.begin_stage("evaluation", len(some), comparison.measuring_calls)
    with suppress(BudgetReached):
        await together(_seed_runs(comparison, session, rows[key]) for key in some)


async def _seed_runs(comparison: Comparison, session: Session, row: Input) -> dict[str, Trace | None]:
    """Run the seed prompts on one input: for the comparison, and for both controls."""
    seed = comparison.system.prompts
    base, again, other = await together(trace_of(session, seed, row.key, repeat) for repeat in (0, 1, 2))
    return {SEED: base, RERUN: again, BEST_OF_2: await _better(comparison, session, row, again, other)}


async def _meet(
    comparison: Comparison, session: Session, row: Input, sets: Mapping[str, Prompts], scorer: Scorer | None
) -> InputMet:
    """Run everything on one input, and compare it with the first run of the seed prompts."""
    traces = await _seed_runs(comparison, session, row)
    base = traces[SEED]
    runs = await together(trace_of(session, prompts, row.key, 0) for prompts in sets.values())
    traces |= dict(zip(sets, runs, strict=True))
    correct: dict[str, bool | None] = {}
    if scorer is not None:
        correct = {name: await is_right(scorer, row, trace) for name, trace in traces.items()}
        nets = [_net_of_labels(correct[SEED], correct[name]) for name in traces]
    else:
        others = traces.values()
        nets = list(await together(judge_against_seed(comparison, session, row, base, other) for other in others))
    met, models, prices = dict(zip(traces, nets, strict=True)), comparison.config.models, session.ledger.prices
    cost = {
        name: None if run is None else cost_of_run(run, comparison.system, models, prices)
        for name, run in traces.items()
    }
    return InputMet(row.label, comparison.groups[row.key], met, correct, input_text(row), cost)


async def _better(
    comparison: Comparison, session: Session, row: Input, one: Trace | None, other: Trace | None
) -> Trace | None:
    """Return the run that the judge prefers; the first where it does not tell."""
    if one is None or other is None:
        return one or other
    return other if await judge_against_seed(comparison, session, row, one, other) == 1 else one


async def judge_against_seed(
    comparison: Comparison, session: Session, row: Input, base: Trace | None, trace: Trace | None
) -> int | None:
    """Return how a run does against that of the seed prompts: without an answer of its own it has lost."""
    if base is None:
        return None
    if trace is None:
        return -1
    system = comparison.system
    if same_answer(system.final_answer, trace.output, base.output):
        return 0
    role, read = system.by_name[system.output].description, task_shown(input_text(row), session.job.config.judge.rubric)
    question = Question(Level.GLOBAL, system.output, role, read, trace.output, base.output, candidate_first=True)
    return _NET[await compare_both_orders(session.judge, question)]


def _net_of_labels(base: bool | None, correct: bool | None) -> int | None:
    if base is None:
        return None
    return -1 if correct is None else int(correct) - int(base)


async def is_right(scorer: Scorer, row: Input, trace: Trace | None) -> bool | None:
    """Return whether a run's answer is that of the label; None where a call failed for good."""
    if trace is None:
        return None
    (score,) = await scorer.score([Sample(row.key, trace.output, row.answer, question=input_text(row))])
    return None if score.outcome == "failed" else score.correct
