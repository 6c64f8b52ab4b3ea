"""``structure``: a search for a better structure of a team, and a test of what it found on inputs it has not seen.

The changed team meets the given one as prompts meet prompts: by final answers, judged in both orders or by labels.
Going on after a stop is the same work over a longer record of calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed, ConfigInvalid
from maspo.core.prompts import prompt_id
from maspo.core.team_cost import Cost
from maspo.core.trace import Trace
from maspo.core.verdict import Comparison, FailedRun, Verdict
from maspo.events import CallUnsettled, HoldoutResult
from maspo.judges.base import compare_both_orders
from maspo.optimizers.structure.agent_dropout import drop_out, most_meetings
from maspo.optimizers.structure.base import (
    ChangeTrial,
    FoundTeam,
    Meet,
    Method,
    SearchesStructure,
    StructurePlan,
    StructureSearch,
)
from maspo.optimizers.structure.greedy import search_greedily
from maspo.scoring.answers import is_correct, same_answer
from maspo.stats.paired import net_loss_bound
from maspo.study.attention import Attention
from maspo.study.batches import batches
from maspo.study.evaluation.job import Evaluation, EvaluationEnd
from maspo.study.evaluation.rows import open_evaluation, question, questions_of
from maspo.study.fruitless import check_roles
from maspo.study.holdout import result_of
from maspo.study.job import Split
from maspo.study.resolve import groups_in, split_of, texts_of_inputs
from maspo.study.session import Session
from maspo.study.team_cost import mean_cost
from maspo.team import System
from maspo.team.changes import Change, possible_changes

DATABASE = "structure.db"
METHODS: dict[Method, SearchesStructure] = {"greedy": search_greedily, "agent-dropout": drop_out}


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two teams costs in use: an input of the hold-out, on average."""

    agents: int
    cost: Cost


@dataclass(frozen=True, kw_only=True)
class StructureFindings(EvaluationEnd):
    """What a search for a better structure found, and how it did on inputs that it had not seen."""

    method: Method
    plan: StructurePlan
    system: System
    """The team with the changes that were kept; the given one when none was."""
    changes: tuple[Change, ...]
    tried: tuple[ChangeTrial, ...]
    searched: int
    """Inputs of the search."""
    held_out: int
    """Inputs of the test."""
    holdout: HoldoutResult | None
    """The changed team against the given one; None when nothing was changed, or a cap left the test out."""
    before: Side | None
    after: Side | None

    @property
    def verdict(self) -> str:
        """What can be said of the changed team: better, as good for less, worse, or that nothing is proven."""
        return verdict_of(self.method, self.changes, self.holdout, self.plan.margin)


def verdict_of(method: Method, changes: Sequence[Change], holdout: HoldoutResult | None, margin: float) -> str:
    """Return what can be said of a changed team by its test: better, as good for less, worse, or nothing proven.

    What AgentDropout drops is said to do harm, so a team that loses more without it is not as good, however little.
    """
    if not changes:
        return "unchanged"
    if holdout is None or not holdout.n:
        return "untested"
    if max(holdout.p_value, (holdout.p_bounds or (0.0, 0.0))[0]) <= holdout.level:
        return "better"
    leans_against = method == "agent-dropout" and holdout.losses + holdout.undecided > holdout.wins
    if worse_bound(holdout) <= margin and not leans_against:
        return "as_good"
    if max(holdout.p_worse, (holdout.p_bounds or (0.0, 0.0))[1]) <= holdout.level:
        return "worse"
    return "not_proven"


def worse_bound(result: HoldoutResult) -> float:
    """Return how much worse a changed team may be at most, as a share of inputs: an upper bound of 95 % on one side.

    Undecided inputs count as lost; groups of inputs that are not independent count once each.
    """
    n = result.n + result.undecided
    worth = min(1.0, ((result.groups if result.groups is not None else result.n) + result.undecided) / n)
    return net_loss_bound(worth * (result.losses + result.undecided), worth * result.wins, worth * n)


async def search_structure(
    evaluation: Evaluation, method: Method, plan: StructurePlan, out: Path, attention: Attention
) -> StructureFindings:
    """Search on some of the inputs, test on the others; a folder that holds the same search is gone on with.

    Raises:
        ConfigInvalid: the team is an app's, or nothing of it can be changed.
        MaspoError: what ``evaluate`` raises.

    """
    check_changeable(evaluation.system, plan)
    split = split_of(evaluation.job)
    async with open_evaluation(evaluation, out / DATABASE, attention) as session:
        simulated = await session.probe(questions_of(evaluation, judged=True))
        _reserve_for_holdout(evaluation, session, split)
        session.planned_calls = most_calls(evaluation, method, plan, split)
        search = METHODS[method](evaluation.system, split.search, plan)
        found, cap = await drive(search, session, evaluation)
        check_roles(session.events, session.ledger.usage(), ended=True)
        session.ledger.release()
        tested = await _test(evaluation, session, plan, split, found) if found.changes else _HoldoutTest()
        return StructureFindings(
            evaluation=evaluation,
            run=session.run,
            method=method,
            plan=plan,
            system=found.system,
            changes=found.changes,
            tried=found.tried,
            searched=len(split.search),
            held_out=len(split.holdout),
            holdout=tested.holdout,
            before=tested.before,
            after=tested.after,
            cap=cap or session.ledger.reached,
            simulated=simulated,
            usage=session.ledger.usage(),
            seconds=session.ledger.seconds,
            unsettled=session.recorded(CallUnsettled),
        )


def _reserve_for_holdout(evaluation: Evaluation, session: Session, split: Split) -> None:
    """Set aside for the test what it may need, at most half of the cap on calls."""
    cap = evaluation.config.caps.calls
    if cap is not None:
        session.ledger.keep_back(calls=min(_test_calls(evaluation, split), cap // 2), usd=0.0, seconds=0.0)


def check_changeable(system: System, plan: StructurePlan) -> None:
    """Check that there is something to try.

    Raises:
        ConfigInvalid: the team is an app's, or nothing of it can be changed.

    """
    if system.app is not None:
        raise ConfigInvalid("an app decides itself who reads whom: its structure is changed in its own source")
    if "models" in plan.kinds and not plan.models:
        raise ConfigInvalid("--change models: by which? Name them with --try-model, once for each")
    if next(possible_changes(system, plan.kinds, plan.models), None) is None:
        raise ConfigInvalid(
            f"{system.name}: nothing of {', '.join(plan.kinds)} can be changed without touching a prompt or a condition"
        )


def most_calls(evaluation: Evaluation, method: Method, plan: StructurePlan, split: Split) -> int:
    """Return an upper bound of the model calls, by how many changes there are to try at the beginning.

    A verifier brings new changes with it, so with verifiers it is twice that.
    """
    most = _most_of_a_run(evaluation, plan)
    keys, judged = min(plan.stages[-1], len(split.search)), 2
    if method == "agent-dropout":
        meetings = most_meetings(evaluation.system, plan, len(split.search))
    else:
        changes = sum(1 for _ in possible_changes(evaluation.system, plan.kinds, plan.models))
        meetings = keys * changes * (2 if "verifiers" in plan.kinds else 1)
    # The runs of the given team are made once; each meeting runs a changed one.
    search = len(split.search) * most + meetings * (most + judged)
    return search + _test_calls(evaluation, split, most)


def _most_of_a_run(evaluation: Evaluation, plan: StructurePlan) -> int:
    """Return the calls of a run of a changed team, at most."""
    return evaluation.calls_of_a_run + ("verifiers" in plan.kinds)


def _test_calls(evaluation: Evaluation, split: Split, of_a_run: int | None = None) -> int:
    """Return the calls of the test at most: two runs of a team on each input, and the judge in both orders."""
    return len(split.holdout) * (2 * (of_a_run or evaluation.calls_of_a_run) + 2)


async def drive(search: StructureSearch, session: Session, evaluation: Evaluation) -> tuple[FoundTeam, str]:
    """Drive a search to its end, or to a cap, which is named: then it ends with the changes that were kept by then."""
    done: dict[Meet, Verdict] = {}
    try:
        wanted = next(search)
    except StopIteration as stop:
        return _found_in(stop), ""

    async def meet(one: Meet) -> None:
        if one not in done:
            met = await meet_teams(evaluation, session, one)
            done[one] = Verdict.LOSS if met.failed_run == "candidate" else met.glob
        session.stage.advance()

    try:
        while True:
            session.begin_stage("structure", len(wanted))
            await together(map(meet, dict.fromkeys(wanted)))
            await session.save()
            wanted = search.send(tuple(done[one] for one in wanted))
    except StopIteration as stop:
        return _found_in(stop), ""
    except BudgetReached as error:
        cap = session.ledger.reached or str(error)
        try:
            search.throw(error)
        except StopIteration as stop:
            return _found_in(stop), cap
        raise


def _found_in(stop: StopIteration) -> FoundTeam:
    found: FoundTeam = stop.value
    return found


# ── the test ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _HoldoutTest:
    """What the test on the hold-out brought; nothing where a cap left it out."""

    holdout: HoldoutResult | None = None
    before: Side | None = None
    after: Side | None = None


async def _test(
    evaluation: Evaluation, session: Session, plan: StructurePlan, split: Split, found: FoundTeam
) -> _HoldoutTest:
    """Let the changed team meet the given one on each input of the hold-out; what a cap leaves out is undecided."""
    work = "structure/" + prompt_id("\n".join(map(str, found.changes)))
    texts = texts_of_inputs(evaluation.job, split.holdout)
    await session.looks.take(work, texts)
    session.begin_stage("holdout", len(split.holdout))

    async def meet(key: str) -> Comparison:
        try:
            return await meet_teams(evaluation, session, Meet(evaluation.system, found.system, key))
        except BudgetReached:
            return Comparison(key, Verdict.UNDECIDED, (), Verdict.UNDECIDED, failed=True, failed_run="both")
        finally:
            session.stage.advance()

    calls = _test_calls(evaluation, split, _most_of_a_run(evaluation, plan)) // max(len(split.holdout), 1)
    met: list[Comparison] = []
    for batch in batches(session.ledger, split.holdout, calls):
        met += await together(map(meet, batch))
    try:
        before, after = [
            await cost_of(session, evaluation, system, split.holdout) for system in (evaluation.system, found.system)
        ]
    except BudgetReached:
        before = after = None
    look = await session.looks.taken(work, texts)
    result = result_of(met, groups_in(evaluation.job), look)
    if result.spent is not None:
        await session.looks.end(work, texts, result.spent)
    return _HoldoutTest(result, before, after)


async def cost_of(session: Session, evaluation: Evaluation, system: System, keys: Sequence[str]) -> Side | None:
    """Return what inputs cost with a team, from runs that are recorded; None where none brought an answer.

    Raises:
        BudgetReached: a cap left some out.

    """
    runs = await together(run_of_team(session, evaluation, system, key) for key in keys)
    traces = [one for one in runs if one is not None]
    cost = mean_cost(traces, system, evaluation.config.models, session.ledger.prices)
    return None if cost is None else Side(len(system.agents), cost)


# ── two teams on an input ────────────────────────────────────────────────────────────────────────────────────────────


async def run_of_team(session: Session, evaluation: Evaluation, system: System, key: str) -> Trace | None:
    """Return a run of a team, or None when a call of it failed for good. Equal calls of two teams are asked once."""
    runner = session.runner(other=None if system == evaluation.system else system)
    try:
        return await runner.run(system.prompts, key)
    except CallFailed:
        return None


async def meet_teams(evaluation: Evaluation, session: Session, meet: Meet) -> Comparison:
    """Return how the candidate's final answer does against the reference's; where only it has none, it lost."""
    key = meet.input_key
    reference, candidate = await together(
        [run_of_team(session, evaluation, system, key) for system in (meet.reference, meet.candidate)]
    )
    if reference is None or candidate is None:
        verdict = Verdict.LOSS if reference is not None else Verdict.UNDECIDED
        failed: FailedRun = "candidate" if reference is not None else "both" if candidate is None else "reference"
        return Comparison(key, verdict, (), verdict, failed=True, failed_run=failed)
    verdict, same = await _judged(evaluation, session, reference, candidate)
    return Comparison(key, verdict, (), verdict, same)


async def _judged(evaluation: Evaluation, session: Session, reference: Trace, candidate: Trace) -> tuple[Verdict, bool]:
    spec = evaluation.system.final_answer
    if same_answer(spec, candidate.output, reference.output):
        return Verdict.TIE, True
    label = None
    if evaluation.config.labels == "use":
        label = evaluation.task.sample(candidate.input_key, "").answer
    if label is not None:
        right = is_correct(spec, candidate.output, str(label)), is_correct(spec, reference.output, str(label))
        return {(True, False): Verdict.WIN, (False, True): Verdict.LOSS}.get(right, Verdict.TIE), False
    return await compare_both_orders(session.judge, question(evaluation, reference, candidate)), False
