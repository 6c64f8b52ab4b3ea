"""Alternating: turn after turn, each in a folder of its own, then one test of what they came to.

Going on is the same program over longer records: a turn that has ended is left alone, one that was cut off goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, Interrupted
from maspo.core.plain_files import is_there
from maspo.core.prompts import prompt_id
from maspo.core.sums import add_up
from maspo.core.usage import Usage, total
from maspo.core.verdict import Comparison, Verdict
from maspo.events import HoldoutResult
from maspo.optimizers.structure.base import ChangeTrial, Meet
from maspo.store.records import beside
from maspo.store.run_store import RunStore
from maspo.study.alternation.plan import ALTERNATION, TURNS, Alternation, Turn, differences
from maspo.study.alternation.tally import Stage, verdict_of
from maspo.study.alternation.tally import Verdict as Outcome
from maspo.study.alternation.whole import OfTheWhole
from maspo.study.attention import Attention
from maspo.study.batches import batches
from maspo.study.ended import end_of, spent_in
from maspo.study.evaluation.job import Evaluation
from maspo.study.evaluation.rows import open_evaluation, questions_of
from maspo.study.evaluation.structure import DATABASE as STRUCTURE_DATABASE
from maspo.study.evaluation.structure import (
    METHODS,
    Side,
    check_changeable,
    cost_of,
    drive,
    meet_teams,
    worse_bound,
)
from maspo.study.holdout import result_of
from maspo.study.job import to_nobody
from maspo.study.optimize import DATABASE as RUN_DATABASE
from maspo.study.optimize import resume, start
from maspo.study.record import JOINT, Begun, as_it_began, open_for_reading, refuse_links, take_back_unbegun
from maspo.study.resolve import groups_in, prices_of, resolve, texts_of_inputs
from maspo.study.session import Session, at_work
from maspo.team import System
from maspo.team.changes import Change, possible_changes

_BEGUN = Begun(JOINT, "alternation", ALTERNATION, differences, "something else")


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """What a turn came to, and what it took."""

    turn: Turn
    folder: str
    system: System
    """The team after it."""
    usage: Usage
    seconds: float
    changes: tuple[Change, ...] = ()
    """Changes of the structure that it kept."""
    tried: tuple[ChangeTrial, ...] = ()
    rewritten: tuple[str, ...] = ()
    """Agents whose prompts it changed."""
    cap: str = ""
    """The cap that ended it early."""


@dataclass(frozen=True, slots=True)
class AlternationFindings:
    """What prompts and structure came to together, and prompts alone beside it."""

    asked: Alternation
    turns: tuple[TurnEnd, ...]
    results: Mapping[Stage, HoldoutResult]
    """Each tested team against the given one."""
    sides: Mapping[Stage, Side | None]
    """What an input costs with each of them."""
    verdict: Outcome
    ships: Stage
    """The team that a person may go on with."""
    system: System
    """That team."""
    usage: Usage
    seconds: float
    cap: str
    simulated: bool
    run: str

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of the structure that were kept."""
        return tuple(change for turn in self.turns for change in turn.changes)


async def alternate(
    asked: Alternation, out: Path, attention: Attention, tell: Callable[[str], None] = to_nobody
) -> AlternationFindings:
    """Alternate into a folder; one that holds the same is gone on with, and no recorded call is repeated.

    ``tell`` is told which turn begins.

    Raises:
        ConfigInvalid: the budget is too small, or nothing of the structure can be changed.
        RunChanged: the folder holds something else.
        StoreError: the folder of a turn leads elsewhere.
        Interrupted: it was asked to stop; what was recorded is kept.
        MaspoError: what ``start`` and ``resume`` of a run raise.

    """
    asked.check()
    check_changeable(asked.job.system, asked.plan)
    refuse_links(*turn_folders(out))
    async with _BEGUN.opened(asked, out, attention.keeping) as store:
        attention = replace(attention, keeping=beside(store))
        turns: list[TurnEnd] = []
        system = asked.job.system
        for number, turn in enumerate(TURNS):
            spent = _spent(turns)
            take = _rewrite if turn == "prompts" else _restructure
            tell(f"turn {number + 1} of {len(TURNS)}: {turn}")
            seen = replace(attention, watcher=OfTheWhole(attention.watcher, asked, *spent))
            end = await take(asked, number, system, spent, out, seen)
            turns.append(end)
            system = end.system
        tell(f"the test, on {len(asked.split.holdout)} inputs that no turn has seen")
        seen = replace(attention, watcher=OfTheWhole(attention.watcher, asked, *_spent(turns)))
        return await _test(asked, turns, store, seen)


def _spent(turns: Sequence[TurnEnd]) -> tuple[Usage, float]:
    """Return what turns cost, and the seconds that they took."""
    return total(end.usage for end in turns), add_up(end.seconds for end in turns)


def as_begun(asked: Alternation, out: Path) -> Alternation:
    """Return what is asked for with the search that was usual when that of the folder was begun, if it holds one.

    Raises:
        RunChanged: the folder holds something else.
        StoreError: what it holds cannot be read.

    """
    if not is_there(out / JOINT):
        return asked
    with open_for_reading(out / JOINT) as store:
        noted = store.meta().get(_BEGUN.name)
    if noted is None:
        return asked
    then = ALTERNATION.load(noted)
    config = as_it_began(json.loads(noted)["job"]["config"], then.job.config, asked.job.config)
    now = replace(asked, job=replace(asked.job, config=config))
    _BEGUN.check(then, now, out)
    return now


def turn_folders(out: Path) -> tuple[Path, ...]:
    """Return where each turn is recorded."""
    return tuple(out / f"{number + 1}-{turn}" for number, turn in enumerate(TURNS))


def recorded_alternation(out: Path) -> Alternation:
    """Return what a folder was begun with; works while it is worked at.

    Raises:
        StoreError: that is not recorded, or cannot be read.

    """
    with open_for_reading(out / JOINT) as store:
        return _BEGUN.noted_in(store, out)


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _rewrite(
    asked: Alternation, number: int, system: System, spent: tuple[Usage, float], out: Path, attention: Attention
) -> TurnEnd:
    """Search for prompts; what the search ended with is taken, since the test at the end decides."""
    folder = turn_folders(out)[number]
    finished = end_of(folder)
    if finished is None:
        job = asked.prompts_job(system, number, *spent)
        take_back_unbegun(folder / RUN_DATABASE)
        if is_there(folder / RUN_DATABASE):
            outcome = await resume(folder, attention.watcher, job.config.caps, attention.provider, attention.stop)
        else:
            outcome = await start(
                resolve(job),
                folder,
                attention.watcher,
                attention.provider,
                attention.stop,
                keeping=attention.keeping,
            )
        finished = outcome.finished
    if finished is None:
        raise Interrupted("Stopped as asked.")
    usage, seconds = spent_in(folder / RUN_DATABASE)
    rewritten = tuple(name for name, text in finished.winners.items() if text != system.prompts[name])
    cap = "" if finished.complete else f"turn {number + 1} has used its part"
    after = system.with_prompts(finished.winners)
    return TurnEnd("prompts", folder.name, after, usage, seconds, rewritten=rewritten, cap=cap)


async def _restructure(
    asked: Alternation, number: int, system: System, spent: tuple[Usage, float], out: Path, attention: Attention
) -> TurnEnd:
    """Search for a better structure under the prompts that the turn before has found."""
    folder = turn_folders(out)[number]
    if next(possible_changes(system, asked.plan.kinds, asked.plan.models), None) is None:  # by what the prompts say now
        return TurnEnd("structure", folder.name, system, Usage(usd=0.0), 0.0)
    database, caps = folder / STRUCTURE_DATABASE, asked.structure_caps(number, *spent)
    if is_there(turn_folders(out)[number + 1] / RUN_DATABASE):
        # The next turn has begun from what this one found: under higher caps it must not find more.
        caps = caps.model_copy(update={"calls": max(1, spent_in(database)[0].calls)})
    evaluation = asked.evaluation(system, asked.split.search, caps)
    async with open_evaluation(evaluation, database, attention) as session:
        await session.probe(questions_of(evaluation, judged=True))
        session.planned_calls = evaluation.config.caps.calls or 0
        found, cap = await drive(METHODS[asked.method](system, asked.split.search, asked.plan), session, evaluation)
    usage, seconds = spent_in(database)
    return TurnEnd(
        "structure", folder.name, found.system, usage, seconds, changes=found.changes, tried=found.tried, cap=cap
    )


# ── the test ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _test(asked: Alternation, turns: list[TurnEnd], store: RunStore, attention: Attention) -> AlternationFindings:
    """Let prompts alone, and prompts with structure, meet the given team once on inputs that no turn has seen."""
    given, keys = asked.job.system, asked.split.holdout
    changed = contestants(given, turns[0].system, turns[-1].system)
    spent, seconds = _spent(turns)
    evaluation = asked.evaluation(given, keys, asked.test_caps(spent, seconds))
    run = store.meta()["run"]
    results: dict[Stage, HoldoutResult] = {}
    sides: dict[Stage, Side | None] = {}
    async with attention.provider(evaluation.job, run) as bare:
        session = Session(
            evaluation.job,
            store,
            bare,
            attention.watcher,
            prices=prices_of(evaluation.job),
            planned_calls=asked.test_calls,
            looks=attention.looks,
        )
        async with at_work(session, attention.watcher, attention.stop):
            simulated = await session.probe(questions_of(evaluation, judged=True))
            if changed:
                results = await _results(asked, session, evaluation, changed, turns)
                measured: dict[Stage, System] = {"given": given, **changed}
                for stage, team in measured.items():
                    sides[stage] = await _side(session, evaluation, team, keys)
            await session.save()
            usage, own = total(session.ledger.usage().values()), session.ledger.seconds
            reached = session.ledger.reached
    joint, last = results.get("joint"), turns[-1].system
    cheaper = joint is not None and len(last.agents) <= len(given.agents) and bool(turns[1].changes)
    bound = worse_bound(joint) if joint is not None and joint.n and cheaper else float("inf")
    verdict, ships = verdict_of(results, bound, asked.plan.margin)
    return AlternationFindings(
        asked=asked,
        turns=tuple(turns),
        results=results,
        sides=sides,
        verdict=verdict,
        ships=ships,
        system=given if ships == "given" else changed[ships],
        usage=total([spent, usage]),
        seconds=seconds + own,
        cap=reached or next((end.cap for end in turns if end.cap and end.turn == "prompts"), ""),
        simulated=simulated,
        run=run,
    )


def contestants(given: System, prompts: System, joint: System) -> dict[Stage, System]:
    """Return the teams that meet the given one; where nothing came after the first prompts there is one claim."""
    teams: dict[Stage, System] = {"prompts": prompts, "joint": joint}
    return {name: team for name, team in teams.items() if team != given and (name == "joint" or team != joint)}


async def _results(
    asked: Alternation,
    session: Session,
    evaluation: Evaluation,
    changed: Mapping[Stage, System],
    turns: Sequence[TurnEnd],
) -> dict[Stage, HoldoutResult]:
    """Return how each changed team does against the given one: one look at the hold-out for all of them."""
    keys, texts = asked.split.holdout, texts_of_inputs(asked.job, asked.split.holdout)
    # Named by both teams also where they are one, as by versions that tested it twice: to go on is no other look.
    both = (team for team in (turns[0].system, turns[-1].system) if team != asked.job.system)
    work = "joint/" + prompt_id("\n".join(map(_content, both)))
    await session.looks.take(work, texts)
    session.begin_stage("holdout", len(keys) * len(changed))
    met: dict[Stage, list[Comparison]] = {name: [] for name in changed}
    for batch in batches(session.ledger, keys, asked.test_calls // max(len(keys), 1)):
        each = await together(_meet(session, evaluation, team, key) for team in changed.values() for key in batch)
        for place, name in enumerate(changed):
            met[name] += each[place * len(batch) : (place + 1) * len(batch)]
    look, groups = await session.looks.taken(work, texts), groups_in(asked.job)
    results = {name: result_of(found, groups, look) for name, found in met.items()}
    spent = [one.spent for one in results.values() if one.spent is not None]
    if len(spent) == len(results):
        await session.looks.end(work, texts, min(look.level, add_up(spent)))
    return results


def _content(system: System) -> str:
    return "\n".join([*(f"{agent.name}: {agent.reads} {agent.prompt}" for agent in system.agents)])


async def _meet(session: Session, evaluation: Evaluation, team: System, key: str) -> Comparison:
    """Return how a team does against the given one; what a cap leaves out is undecided."""
    try:
        return await meet_teams(evaluation, session, Meet(evaluation.system, team, key))
    except BudgetReached:
        return Comparison(key, Verdict.UNDECIDED, (), Verdict.UNDECIDED, failed=True, failed_run="both")
    finally:
        session.stage.advance()


async def _side(session: Session, evaluation: Evaluation, team: System, keys: tuple[str, ...]) -> Side | None:
    """Return what an input costs with a team; None where a cap left some out."""
    with suppress(BudgetReached):
        return await cost_of(session, evaluation, team, keys)
    return None
