"""``maspo optimize``, ``resume`` and ``demo``: the main job."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from maspo.apps.elsewhere import check_elsewhere, rollouts_on
from maspo.cli.agreeing import agree, agree_to_file
from maspo.cli.discover import is_looked_at, with_system_file
from maspo.cli.options import Arguments
from maspo.cli.planning import plan_text, remarks_on, remarks_on_context
from maspo.cli.prepare import check_folder, key_missing, model_missing, prepare
from maspo.cli.prices import adopt_prices
from maspo.cli.printed import ended
from maspo.cli.running import Begin, confirm, make_whole, run_watched, told_by_the_clock
from maspo.cli.settings import Sources, load_settings
from maspo.cli.stores import keeping_of, reach
from maspo.cli.terminal import can_ask, note, note_each, print_json, say, width_for_people
from maspo.cli.watch import JsonLines, told_so_far
from maspo.core.errors import EXIT_BUDGET, ConfigInvalid, typed
from maspo.core.executors import check_executor
from maspo.core.plain_files import is_there
from maspo.events import Event
from maspo.report.folder import JOURNAL, REPORT, RUNS, Look, free_folder, write_results
from maspo.report.sentences import cap_of, is_cut_off
from maspo.store.looks import LookLedger
from maspo.study.job import Job, Outcome, Watcher
from maspo.study.optimize import reach_in, resume, start, system_in
from maspo.study.record import check_free
from maspo.study.resolve import Parts, resolve
from maspo.study.within_caps import plan_within_caps


def run_search(arguments: Arguments) -> None:
    """Read everything, state the plan, and run it once it is agreed to."""
    before = _before_work(arguments)
    arguments = with_system_file(arguments)
    prepared = prepare(arguments)
    check_free(prepared.out)
    missing = key_missing(prepared.job.config.models) or model_missing(prepared.job.config, prepared.job.system)
    if missing:
        raise ConfigInvalid(missing)
    check_elsewhere(prepared.job.system, arguments.executor, arguments.carried)
    study = plan_within_caps(resolve(prepared.job))
    note_each(remarks_on(prepared, study))
    agree_to_file(prepared.settings, arguments.trust)
    note_each(remarks_on_context(prepared, arguments.trust))
    confirm(plan_text(prepared, study), arguments.yes)
    out, keeping = prepared.out, keeping_of(arguments, prepared.out / JOURNAL)

    with rollouts_on(arguments.executor, arguments.carried) as rollouts:
        there = replace(study, parts=replace(study.parts, rollouts=rollouts))

        def begin(watcher: Watcher, stop: asyncio.Event) -> Awaitable[Outcome]:
            return start(there, out, watcher, stop=stop, looks=LookLedger(), keeping=keeping)

        _run(begin, out, arguments.as_json, before=before)


def _before_work(arguments: Arguments) -> list[str]:
    """Return what comes before a run that these arguments start, in words, where it may take a while."""
    looks = ["a look at the app"] if is_looked_at(arguments) else []
    answers = ["your answer"] if can_ask() and not arguments.yes else []
    return ["reading what was given", *looks, *answers]


def run_demo(topology: str, seed: int, inputs: int, out: Path | None, as_json: bool) -> None:
    """Run the main job with a team of this shape on inputs of the world with this seed."""
    from maspo.config import RunConfig
    from maspo.data.inputs import make_inputs
    from maspo.world import World, WorldSpec

    spec = WorldSpec(seed=seed)
    world = World(spec)
    config = RunConfig.model_validate({"seed": seed, "models": {"agent": "simulated"}})
    job = Job(world.system(topology), make_inputs(world.inputs(inputs), source="demo"), config, world=spec)
    folder = out or free_folder(RUNS, f"demo-{topology}")
    check_folder(folder)
    check_free(folder)
    note("Simulated world: no language model is asked; agents, judge and proposer are seeded stand-ins.")
    _run(lambda watcher, stop: start(resolve(job), folder, watcher, stop=stop), folder, as_json)


def go_on(
    folder: Path,
    cap_flags: Mapping[str, str | None],
    allowed: str,
    as_json: bool,
    store: str = "",
    executor: str = "",
    carried: str = "",
) -> None:
    """Go on with the run or the evaluation that a folder holds, under the caps that flags give, if any."""
    from maspo.study.evaluation.recorded import holds_evaluation

    check_executor(executor, carried)
    caps = None
    if any(value is not None for value in cap_flags.values()):
        # The environment and a settings file count only when a run starts.
        caps = load_settings(Sources(cap_flags, file=Path(os.devnull)), environ={}).config.caps
    reach(folder, store, allowed)
    if holds_evaluation(folder) and not is_there(folder / JOURNAL):
        from maspo.cli.evaluate import go_on_evaluating

        if executor:
            raise ConfigInvalid(
                f"--executor {executor}: {folder} holds an evaluation, which goes on here; leave it out"
            )
        raise typer.Exit(go_on_evaluating(folder, caps, allowed, as_json))
    if is_there(folder / JOURNAL):
        allowed = agree(reach_in(folder), folder, allowed)
        check_elsewhere(system_in(folder), executor, carried)
    make_whole(folder / JOURNAL, needed="job")
    adopt_prices(folder)
    looks = LookLedger()
    with rollouts_on(executor, carried) as rollouts:
        parts = Parts(rollouts=rollouts)
        _run(
            lambda watcher, stop: resume(folder, watcher, caps, stop=stop, parts=parts, allowed=allowed, looks=looks),
            folder,
            as_json,
            told_so_far(folder / JOURNAL),
        )


def _run(
    begin: Begin[Outcome], out: Path, as_json: bool, past: Sequence[Event] = (), before: Sequence[str] = ()
) -> None:
    """Run to the end, print how the run ended, and exit.

    ``past`` is what a run that goes on has told, ``before`` names what came before a run that is new.
    """
    outcome = run_watched(begin, out / JOURNAL, beside=(JsonLines(print_json),) if as_json else (), past=past)
    if not past and (told := told_by_the_clock(outcome.seconds, before)):
        note(told)
    show_end(outcome, out, as_json)
    raise typer.Exit(outcome.exit_code)


def _calls_needed(looked: Look) -> int | None:
    """Return the calls that a run is expected to take in all: as many at least as let its first round end."""
    if looked.expected is None or not is_cut_off(looked.view):
        return looked.expected
    return max(looked.expected, looked.first_round or 0)


def show_end(outcome: Outcome, out: Path, as_json: bool) -> None:
    """Write result and report into the run folder, and print how the run ended."""
    from maspo.report.closing import WIDTH, closing
    from maspo.report.higher_cap import higher_cap
    from maspo.report.result import result_of

    looked = write_results(out)
    view = looked.view
    say(closing(view, width_for_people(WIDTH)))
    say()
    say(f"report    {out / REPORT}")
    if outcome.finished is not None:
        say(f"prompts   {out / 'prompts.json'}")
    cap = cap_of(view) if outcome.finished and outcome.exit_code == EXIT_BUDGET else ""
    needed = _calls_needed(looked)
    if more := higher_cap(cap, view.usage, outcome.seconds, needed):  # none of a budget that runs share
        say(f"go on     maspo resume {typed(out)} {more}")
    if outcome.finished is None or outcome.message != outcome.finished.why:
        note(outcome.message)  # of a run that has not finished it names the command that goes on
    if as_json:
        print_json(ended(result_of(view), outcome.exit_code, out, REPORT))
