"""Guard inputs: what the seed prompts do reliably and no change may break, however much it wins elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, InputsInvalid
from maspo.core.prompts import Prompts
from maspo.data.groups import groups_of
from maspo.data.inputs import Input, Inputs, input_text
from maspo.runners.messages import columns_read
from maspo.scoring.base import Scorer
from maspo.study.comparison.holdout import CHUNK, is_right, judge_against_seed
from maspo.study.comparison.plan import Comparison
from maspo.study.comparison.tally import SEED, GuardMet
from maspo.study.evaluation.exact import exact_scorer
from maspo.study.evaluation.rows import trace_of
from maspo.study.session import Session
from maspo.team import System


def set_apart(system: System, inputs: Inputs, guards: Inputs, group_by: str) -> Inputs:
    """Return the inputs without those that ask the same as a guard input: a guard that a search saw guards little.

    Raises:
        InputsInvalid: guard inputs lack a column that agents read, or nothing else is left.

    """
    if missing := sorted(set(columns_read(system, inputs)) - guards.columns):
        raise InputsInvalid(
            f"--guard: a row lacks {', '.join(missing)}, which agents read; give every guard input its own"
        )
    keys = {row.key for row in guards.rows}
    both = Inputs((*guards.rows, *(row for row in inputs.rows if row.key not in keys)))
    of = groups_of(both, columns_read(system, both), group_by).of
    guarded = {of[key] for key in keys}
    left = tuple(row for row in inputs.rows if row.key not in keys and of[row.key] not in guarded)
    if not left:
        raise InputsInvalid("--guard: every input asks the same as a guard input; give others to search and test on")
    return replace(inputs, rows=left)


async def measure_guards(
    comparison: Comparison, session: Session, sets: Mapping[str, Prompts], keys: Sequence[str]
) -> dict[str, GuardMet]:
    """Run every prompt set once on guard inputs, and the seed prompts twice; a cap leaves out the last of them."""
    rows = {row.key: row for row in comparison.guarding}
    labelled = any(row.answer is not None for row in comparison.guarding)
    scorer = exact_scorer(comparison.system.final_answer) if labelled else None
    found: dict[str, GuardMet] = {}
    for begin in range(0, len(keys), CHUNK):
        chunk = keys[begin : begin + CHUNK]
        try:
            met = await together(_who_keeps(comparison, session, rows[key], sets, scorer) for key in chunk)
        except BudgetReached:
            break
        found |= zip(chunk, met, strict=True)
    return found


async def _who_keeps(
    comparison: Comparison, session: Session, row: Input, sets: Mapping[str, Prompts], scorer: Scorer | None
) -> GuardMet:
    """Return who keeps a guard input: by its label where it has one, else unless the judge says that it got worse.

    What nobody can tell, a failed call or an unreadable verdict, is not kept: a veto errs on the side of caution.
    """
    seed = comparison.system.prompts
    base, again = await together(trace_of(session, seed, row.key, repeat) for repeat in (0, 1))
    runs = await together(trace_of(session, prompts, row.key, 0) for prompts in sets.values())
    if scorer is not None and row.answer is not None:
        first, second, *others = [await is_right(scorer, row, trace) is True for trace in (base, again, *runs)]
        return GuardMet(row.label, {SEED: first and second, **dict(zip(sets, others, strict=True))}, input_text(row))
    nets = await together(judge_against_seed(comparison, session, row, base, trace) for trace in (again, *runs))
    kept = [net is not None and net >= 0 for net in nets]
    return GuardMet(row.label, dict(zip((SEED, *sets), kept, strict=True)), input_text(row))
