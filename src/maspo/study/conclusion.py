"""The end of a run: winners meet the seed prompts once, on inputs that the search never saw, and it is concluded.

What the verdicts there come to is decided in ``maspo.study.holdout``, which is pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.sums import add_up
from maspo.core.team_cost import CostChange
from maspo.core.verdict import Comparison, Level, Reading, Verdict
from maspo.events import (
    ApprovalAsked,
    CallLost,
    HoldoutResult,
    JudgeChecked,
    LeftOut,
    PromptChanged,
    PromptKept,
    RerunCompared,
    RunFinished,
)
from maspo.models.base import AGENT, JUDGE_GLOBAL
from maspo.optimizers.base import Ask, Compare
from maspo.scoring.answers import same_answer
from maspo.study.batches import batches
from maspo.study.holdout import MOST_SEARCHED, conclude, ends_with, needs_search, parts_of_test, result_of, with_search
from maspo.study.resolve import Study, holdout_calls_of_an_input, judged_pairs, texts_of_inputs
from maspo.study.session import Session
from maspo.study.steering import Steering
from maspo.study.team_cost import change_of_cost
from maspo.world import World

_HOLDOUT_CHUNK = 8
"""Hold-out inputs judged side by side under a cap, so that a cap cuts off whole inputs."""
_SLOWER = 1.25
"""How much more time is kept for the hold-out test than is expected of it: endpoints slow down, calls fail once."""


async def conclude_run(
    study: Study, session: Session, steering: Steering, end: Ask, cap: str
) -> RunFinished | ApprovalAsked:
    """Let the winners meet the seed prompts once on the hold-out, and conclude, or ask whether they may ship.

    ``end`` is where the search ended, and ``cap`` what cut it short, if anything did.
    """
    job, seed = study.job, study.job.system.prompts
    winners = job.system.with_shared(end.prompts)
    changed = winners != seed
    result, comparisons = result_of(()), list[Comparison]()
    if changed:
        result, comparisons = await _test(study, session, winners)
        await _look_closer(study, session, winners, comparisons)
    await session.settle()
    result = replace(result, cost=_cost_in_use(study, session, winners))
    verdict = conclude(result, job.config.holdout.ship_if, changed, study.decided_by)
    if verdict.shipped == "optimized" and job.config.holdout.approve == "each":
        agents = [name for name in seed if winners[name] != seed[name] and job.system.by_name[name].prompt_of == name]
        asked = steering.ask_approval(winners, agents, verdict, result)
        if steering.approval_of(asked).waiting:
            await steering.look()  # what was said before the question is no answer to it
            if session.recorded(ApprovalAsked)[-1:] != (asked,):
                await session.publish(asked)
            return asked
    shipped = winners if verdict.shipped == "optimized" else seed
    missing = len(study.split.holdout) - len(comparisons) - result.spared if changed else 0
    cut_test = session.ledger.reached if missing else ""
    world = None if job.world is None else World(job.world)
    return RunFinished(
        verdict=verdict.verdict,
        shipped=verdict.shipped,
        why=_why(session, verdict.why, cap, changed, _left_out(missing, cut_test)),
        holdout=result,
        prompts=shipped,
        winners=winners,
        usage=session.ledger.usage(),
        seconds=session.ledger.seconds,
        complete=not cap and not missing,
        truth=None if world is None else (world.accuracy(job.system, seed), world.accuracy(job.system, shipped)),
        cap=cap or cut_test,
    )


def _why(session: Session, why: str, cap: str, changed: bool, left_out: str) -> str:
    """Return why it ended so, with what a cap and failures left out."""
    short = f" The search was cut short by {cap}." if cap else ""
    undecided = not session.recorded(PromptKept) and not session.recorded(PromptChanged)
    if cap and not changed and undecided:
        why, short = _cut_off(cap), ""
    short += left_out
    if lost := len(session.recorded(CallLost)):
        short += f" Calls that failed for good: {lost}; what depended on them is undecided or lost."
    return why + short


def _left_out(missing: int, cap: str) -> str:
    """Say how many hold-out inputs a cap left out; empty where it left out none."""
    if not missing:
        return ""
    were = "input was" if missing == 1 else "inputs were"
    return f" {missing} hold-out {were} left out by {cap or 'a cap'}."


def _cut_off(cap: str) -> str:
    """Say that a cap ended a search before it had decided anything, and what helps."""
    said = (
        f"{cap} ended the search before any change was tried to the end. Go on with more (`maspo estimate` tells what "
        "a run without a cap takes)"
    )
    if cap.startswith("--max-calls"):
        return f"{said}."
    return f"{said}; where money or minutes are short, begin anew with fewer --max-calls: a run is planned for them."


# ── the test ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _test(study: Study, session: Session, winners: Prompts) -> tuple[HoldoutResult, list[Comparison]]:
    """Let the winners meet the seed prompts on the hold-out; return what it says, with inputs of the search beside it.

    It ends with its first part where that proves it.
    """
    work, holdout = await _look(study, session, winners), study.split.holdout
    texts = texts_of_inputs(study.job, holdout)
    found: list[Comparison] = []
    result = result_of(found)
    parts = parts_of_test(holdout, study.job.config.holdout.first_part)
    for part in parts:
        found += await _test_on_holdout(study, session, winners, part.inputs[len(found) :])
        cut = len(found) < len(part.inputs)  # by a cap: it is looked at no more, so it is the end
        seen_before = _tested_before(session, winners).get(len(found))  # to open a run again is no look
        look = session.looks.numbered(seen_before) if seen_before else await session.looks.taken(work, texts)
        result = result_of(found, study.split.groups, look, parts[-1].share if cut else part.share)
        if cut:
            break
        if len(found) < len(holdout) and ends_with(result):
            result = replace(result, spared=len(holdout) - len(found))
            break
    if result.spent is not None and not seen_before:
        await session.looks.end(work, texts, result.spent)
    if study.job.config.holdout.ship_if == "likely" and needs_search(result):
        searched = await _meet_on_search(study, session, winners)
        result = with_search(result, found, searched, study.split.groups) if searched else result
    return result, found


async def _look(study: Study, session: Session, winners: Prompts) -> str:
    """Count a look at the hold-out, before it is taken; return by what the session knows it.

    To test the same prompts again on inputs that were tested before is the same look, answered from the record; on
    more inputs, because a cap had left some out, it is another one.
    """
    cut = [size for size in _tested_before(session, winners) if size < len(study.split.holdout)]
    # Of versions that did not count, the ends of runs tell what was looked at.
    seed = study.job.system.prompts
    earlier = [f"{prompts_id(end.winners)}/0" for end in session.recorded(RunFinished) if end.winners != seed]
    work = f"{prompts_id(winners)}/{len(cut)}"
    await session.looks.take(work, texts_of_inputs(study.job, study.split.holdout), earlier)
    return work


def _tested_before(session: Session, winners: Prompts) -> dict[int, int]:
    """Return on how many hold-out inputs these prompts were tested when the run ended before, and as which look."""
    ends = [end.holdout for end in session.recorded(RunFinished) if end.winners == winners]
    return {one.n + one.undecided + one.spared: one.look for one in reversed(ends)}


def holdout_id(winners: Prompts, key: str, place: str = "holdout") -> str:
    """Return the id of the comparison of winners on a hold-out input; with an empty key, how all of theirs begin."""
    return f"{place}/{prompts_id(winners)}/{key}"


def _holdout_request(study: Study, winners: Prompts, key: str, first: bool = True, place: str = "holdout") -> Compare:
    """Ask how the winners do against the seed prompts on a hold-out input, by their final answers, in both orders."""
    output = study.job.system.output
    return Compare(
        id=holdout_id(winners, key, place),
        reference=study.job.system.prompts,
        changes={output: winners[output], **winners},
        input_key=key,
        candidate_first=first,
        levels=(Level.GLOBAL,),
        orders=2,
        purpose="holdout",
    )


async def _test_on_holdout(study: Study, session: Session, winners: Prompts, keys: Sequence[str]) -> list[Comparison]:
    """Return how the winners do on some hold-out inputs; a cap leaves out the last of them."""
    most = _HOLDOUT_CHUNK if session.ledger.is_capped else None
    found: list[Comparison] = []
    for batch in batches(session.ledger, keys, holdout_calls_of_an_input(study.problem.team), most):
        requests = [_holdout_request(study, winners, key) for key in batch]
        try:
            results = await session.submit(requests, "holdout")
        except BudgetReached:
            return found + await _before_the_cut(session, requests)
        found += [result for result in results if isinstance(result, Comparison)]
    return found


async def _before_the_cut(session: Session, requests: Sequence[Compare]) -> list[Comparison]:
    """Return what is recorded of inputs that were begun together, up to the first that a cap has cut."""
    found: list[Comparison] = []
    with suppress(BudgetReached):
        for request in requests:
            found += [one for one in await session.submit([request], "holdout") if isinstance(one, Comparison)]
    return found


async def _meet_on_search(study: Study, session: Session, winners: Prompts) -> list[Comparison]:
    """Return how the winners do against the seed prompts on inputs of the search, to decide what is shipped.

    All or none of them: a part, where a cap stops it, would be those that came first.
    """
    keys = study.split.search[:MOST_SEARCHED]
    requests = [_holdout_request(study, winners, key, place="searched") for key in keys]
    with suppress(BudgetReached):
        return [one for one in await session.submit(requests, "holdout") if isinstance(one, Comparison)]
    return []


def _cost_in_use(study: Study, session: Session, winners: Prompts) -> CostChange | None:
    """Return what the held-out inputs cost the team, with either prompts; None where no runs of them are kept."""
    job, runs = study.job, session.runs_compared(holdout_id(winners, ""))
    return change_of_cost(runs, job.system, job.config.models, study.prices)


# ── what more is told of it ──────────────────────────────────────────────────────────────────────────────────────────


async def _look_closer(study: Study, session: Session, winners: Prompts, met: Sequence[Comparison]) -> None:
    """Ask what else is to be told of the test: of the judge, of chance, and of each agent's part in it."""
    if study.job.config.labels == "use":
        await _check_judge(study, session, winners, met)
    if study.job.config.holdout.rerun:
        await _rerun(study, session)
    if study.job.config.holdout.leave_one_out:
        await _leave_out(study, session, winners)


async def _check_judge(study: Study, session: Session, winners: Prompts, met: Sequence[Comparison]) -> None:
    """Ask the judge, in both orders, about hold-out inputs on which labels have decided; a cap leaves it out."""
    if session.recorded(JudgeChecked):
        return
    labelled = {row.key for row in study.job.inputs.rows if row.answer is not None}
    differing = [one for one in met if one.input_key in labelled and not (one.same_answer or one.failed)]
    asked = differing[: judged_pairs(session.planned_calls)]
    requests = [
        replace(
            _holdout_request(study, winners, one.input_key, first, f"judge/{'first' if first else 'second'}"),
            orders=1,
            decided_by="judge",
            purpose="judge_check",
        )
        for one in asked
        for first in (True, False)
    ]
    with suppress(BudgetReached):
        results = [result for result in await session.submit(requests, "holdout") if isinstance(result, Comparison)]
        readings = tuple(
            Reading(one.input_key, first.glob, turned.glob, one.glob)
            for one, first, turned in zip(asked, results[::2], results[1::2], strict=True)
            if not (first.failed or turned.failed)
        )
        if readings:
            await session.publish(JudgeChecked(readings))


async def _rerun(study: Study, session: Session) -> None:
    """Run the seed prompts once more on hold-out inputs, with calls of their own; a cap leaves it out."""
    if session.recorded(RerunCompared):
        return
    system = study.job.system
    keys = study.split.holdout[: study.job.config.holdout.rerun]
    with suppress(BudgetReached):
        pairs = await together(_both_runs(session, system.prompts, key) for key in keys)
        found = [pair for pair in pairs if pair is not None]
        same = [same_answer(system.final_answer, *pair) for pair in found]
        await session.publish(RerunCompared(len(found), sum(one == other for one, other in found), sum(same)))


async def _leave_out(study: Study, session: Session, winners: Prompts) -> None:
    """Let the winners meet themselves without the changes of each agent, on the hold-out; a cap leaves agents out."""
    seed, output, all_of_them = study.job.system.prompts, study.job.system.output, prompts_id(winners)
    told = {event.agent for event in session.recorded(LeftOut) if event.winners == all_of_them}
    labels = {row.key: row.label for row in study.job.inputs.rows}
    for agent in study.problem.team.rewritten:
        if winners[agent] == seed[agent] or agent in told:
            continue
        without = study.job.system.with_shared({**winners, agent: seed[agent]})
        requests = [
            Compare(
                id=f"without/{agent}/{all_of_them}/{key}",
                reference=without,
                changes={output: winners[output], **winners},
                input_key=key,
                candidate_first=True,
                levels=(Level.GLOBAL,),
                orders=2,
                purpose="leave_one_out",
            )
            for key in study.split.holdout
        ]
        with suppress(BudgetReached):
            found = [one for one in await session.submit(requests, "holdout") if isinstance(one, Comparison)]
            helped, hurt = (
                tuple(labels[one.input_key] for one in found if one.glob is verdict and not one.failed)
                for verdict in (Verdict.WIN, Verdict.LOSS)
            )
            inputs = sum(not one.failed for one in found)
            await session.publish(LeftOut(all_of_them, agent, inputs, helped, hurt))


async def _both_runs(session: Session, prompts: Prompts, key: str) -> tuple[str, str] | None:
    """Return the final outputs of two runs of the same prompts; None where a call failed for good."""
    try:
        first, second = await together(session.runner(repeat).run(prompts, key) for repeat in (0, 1))
    except CallFailed:
        return None
    return first.output, second.output


# ── what is kept for it meanwhile ────────────────────────────────────────────────────────────────────────────────────


def reserve_for_holdout(study: Study, session: Session, found: Prompts) -> None:
    """Set aside for the hold-out test what it may need, at most half of each cap.

    ``found`` are the prompts that would be tested if the search ended here. While they are the seed prompts there is
    nothing to test, so nothing is kept: a test that never comes would only end the search before it finds anything.
    """
    if found == study.problem.seed_prompts:
        session.ledger.keep_back()
        return
    caps, needed = study.job.config.caps, study.holdout_calls
    share = min(0.5, needed / max(session.planned_calls, 1))
    session.ledger.keep_back(
        calls=min(needed, caps.calls // 2) if caps.calls else 0,
        usd=caps.usd * share if caps.usd else 0.0,
        seconds=min(caps.minutes * 60 / 2, _holdout_seconds(study, session, share)) if caps.minutes else 0.0,
    )


def _holdout_seconds(study: Study, session: Session, share: float) -> float:
    """Return how long the hold-out test may take, by the tempo of answers so far.

    Before that is known, it is the test's ``share`` of the planned calls, as a part of the time cap. Inputs go side by
    side in chunks: a chunk waits for its slowest input, two runs of the team and the judge after them, and no test
    takes less than its calls do at the pace that the endpoint bears.
    """
    tempo, keys = session.ledger.tempo, study.split.holdout
    if not tempo.is_known:
        return (study.job.config.caps.minutes or 0.0) * 60 * share
    # The judge answers in both orders, perhaps one after the other.
    chain = (*[AGENT] * study.job.system.flow.longest, JUDGE_GLOBAL, JUDGE_GLOBAL)
    sizes = [len(keys[begin : begin + _HOLDOUT_CHUNK]) for begin in range(0, len(keys), _HOLDOUT_CHUNK)]
    longest = add_up(tempo.longest(chain, 2 * size) for size in sizes)
    return _SLOWER * max(longest, tempo.shortest_for(study.holdout_calls))
