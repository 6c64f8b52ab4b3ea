"""``judge_check``: pairs of outputs with a known better one are put to the judge in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached
from maspo.core.quoting import nonce_of
from maspo.core.seeded import rank
from maspo.core.trace import Trace
from maspo.core.verdict import Reading, Verdict
from maspo.events import CallUnsettled
from maspo.models.base import JUDGE_GLOBAL
from maspo.scoring.answers import same_answer
from maspo.scoring.base import Scorer
from maspo.study.attention import Attention
from maspo.study.evaluation.job import Evaluation, EvaluationEnd, Side
from maspo.study.evaluation.rows import open_evaluation, over_rows, question, questions_of, scorer_for, trace_of
from maspo.study.fruitless import check_answers, check_judge, check_roles
from maspo.study.session import Session

DATABASE = "judge.db"
_EQUAL_SHARE = 4
"""One pair in so many may be of outputs that are both wrong or both right: they tell least, so few are asked about."""

_HOPELESS = 32
"""Rows without one pair that tells after which no more are run: at most one row in eleven has one then (95 %)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two different final outputs on one row; ``truth`` is seen from the candidate, None without a label."""

    id: str
    """The content address of the pair."""
    row: str
    question: str
    candidate: str
    reference: str
    truth: Verdict | None


@dataclass(frozen=True, kw_only=True)
class CheckedPairs(EvaluationEnd):
    """The pairs, and what the judge said of them."""

    pairs: tuple[Pair, ...]
    readings: tuple[Reading, ...]
    rows: int
    """Rows that were run to find the pairs."""
    all_wrong: int = 0
    """Rows whose outputs differ, all of them wrong by label or scorer: none of them is known to be better."""
    all_right: int = 0
    unscored: int = 0
    """Rows whose outputs differ and could not be scored."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A pair with the traces that it came from."""

    pair: Pair
    candidate: Trace
    reference: Trace
    right: bool | None
    """Whether the candidate is right; None without a scorer."""


@dataclass(frozen=True, slots=True)
class _NoPair:
    """A row without a pair: its outputs give the same answer, or some that differ could not be scored."""

    unscored: bool


async def judge_check(evaluation: Evaluation, most: int, out: Path, attention: Attention) -> CheckedPairs:
    """Form at most ``most`` pairs, one a row, and ask the judge; a folder that holds the same check is gone on with.

    Raises what ``evaluate`` raises.
    """
    labelled = any(row.answer is not None or row.tests for row in evaluation.task.test_rows)
    scorer = scorer_for(evaluation) if labelled else None
    async with open_evaluation(evaluation, out / DATABASE, attention) as session:
        simulated = await session.probe(questions_of(evaluation, judged=True))
        runs: list[bool] = []
        """Of every run of the team, whether it brought an answer."""

        def enough(found: Mapping[str, _Found | _NoPair]) -> bool:
            check_answers(runs, session.events, ended=False)
            chosen = _chosen(_pairs(found), most)
            # Or a cap would pay for pairs, and no verdict on them; those of an earlier process are paid already.
            paid = session.ledger.usage().get(JUDGE_GLOBAL)
            session.ledger.keep_back(calls=max(0, 2 * len(chosen) - (paid.calls if paid else 0)))
            return len(chosen) >= most or (not chosen and len(found) >= _HOPELESS)

        rows = await over_rows(
            session, most_calls(evaluation, most), lambda key: _pair(evaluation, session, scorer, key, runs), enough
        )
        check_answers(runs, session.events, ended=True)
        cap = session.ledger.reached
        session.ledger.release()
        pairs = _pairs(rows.found)
        equal = [one.right for one in pairs if one.pair.truth is Verdict.TIE]
        chosen = _chosen(pairs, most)
        readings = await together(_reading(evaluation, session, one) for one in chosen)
        check_roles(session.events, session.ledger.usage(), ended=True)
        verdicts = [verdict for one in readings if one is not None for verdict in (one.first, one.turned)]
        check_judge(verdicts, session.events, session.ledger.usage())
        return CheckedPairs(
            evaluation=evaluation,
            run=session.run,
            pairs=tuple(one.pair for one in chosen),
            readings=tuple(one for one in readings if one is not None),
            rows=len(rows.found),
            all_wrong=equal.count(False),
            all_right=equal.count(True),
            unscored=sum(isinstance(one, _NoPair) and one.unscored for one in rows.found.values()),
            cap=cap or session.ledger.reached,
            simulated=simulated,
            usage=session.ledger.usage(),
            seconds=session.ledger.seconds,
            unsettled=session.recorded(CallUnsettled),
        )


def most_calls(evaluation: Evaluation, most: int) -> int:
    """Return an upper bound of the model calls."""
    rows = len(evaluation.task.test.rows)
    runs = rows * evaluation.repeats * len(evaluation.sides) * evaluation.calls_of_a_run
    return runs + 2 * min(most, rows)


def _pairs(found: Mapping[str, _Found | _NoPair]) -> list[_Found]:
    return [one for one in found.values() if isinstance(one, _Found)]


def _chosen(found: Sequence[_Found], most: int) -> list[_Found]:
    """Return at most so many pairs, few of them of outputs that are equally right."""
    telling = [one for one in found if one.pair.truth is not Verdict.TIE][:most]
    equal = [one for one in found if one.pair.truth is Verdict.TIE][: len(telling) // (_EQUAL_SHARE - 1)]
    return [*telling[: max(0, most - len(equal))], *equal]


async def _pair(
    evaluation: Evaluation, session: Session, scorer: Scorer | None, key: str, answered: list[bool]
) -> _Found | _NoPair:
    """Run a row and return its most telling pair, if there is any."""
    places: list[tuple[Side, int]] = [(side, at) for at in range(evaluation.repeats) for side in evaluation.sides]
    runs = await together(trace_of(session, evaluation.sides[side], key, at) for side, at in places)
    answered += [trace is not None for trace in runs]
    traces = [trace for trace in runs if trace is not None]
    right: list[bool | None] | None = None
    """Which outputs are right by their label; None for one that could not be scored."""
    if scorer is not None:
        scores = await scorer.score([evaluation.task.sample(trace.input_key, trace.output) for trace in traces])
        right = [None if score.outcome == "failed" else score.correct for score in scores]
    spec = evaluation.system.final_answer
    pairs = [
        (one, other)
        for one, other in combinations(range(len(traces)), 2)
        if not same_answer(spec, traces[one].output, traces[other].output)
    ]
    differ = bool(pairs)
    if right is not None:
        pairs = [pair for pair in pairs if None not in (right[pair[0]], right[pair[1]])]
        pairs.sort(key=lambda pair: right[pair[0]] == right[pair[1]])
    if not pairs:
        return _NoPair(unscored=differ)
    one, other = pairs[0] if rank(evaluation.config.seed, "judge check", key) % 2 else pairs[0][::-1]
    truth = None
    if right is not None:
        truth = Verdict.TIE if right[one] == right[other] else Verdict.WIN if right[one] else Verdict.LOSS
    candidate, reference = traces[one], traces[other]
    sample = evaluation.task.sample(candidate.input_key, "")
    name = nonce_of(0, sample.question, candidate.output, reference.output)
    pair = Pair(name, sample.id, sample.question, candidate.output, reference.output, truth)
    return _Found(pair, candidate, reference, None if right is None else right[one])


async def _reading(evaluation: Evaluation, session: Session, found: _Found) -> Reading | None:
    """Ask in both orders; None when a cap forbids it."""
    asked = question(evaluation, found.reference, found.candidate)
    try:
        first, turned = await together([session.judge.compare(asked), session.judge.compare(asked.turned)])
    except BudgetReached:
        return None
    return Reading(found.pair.id, first, turned, found.pair.truth)
