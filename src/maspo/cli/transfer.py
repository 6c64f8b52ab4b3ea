"""``maspo transfer``: whether the prompts of a run help with another model too, before a search is paid for there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maspo.cli.agreeing import agree_to_app, agree_to_file
from maspo.cli.evaluate import begin_evaluation, fitting_scorer, name_prompt_set, with_seen_rows
from maspo.cli.options import Arguments, scorer_name
from maspo.cli.prepare import draw_rows, key_missing
from maspo.cli.settings import Sources, load_settings
from maspo.core.errors import ConfigInvalid, UsageError, typed
from maspo.data.inputs import Inputs
from maspo.data.tasks.registry import file_task
from maspo.data.tasks.task import Task, TaskRow
from maspo.events import RunFinished
from maspo.report.folder import look
from maspo.report.sentences import holdout_counts
from maspo.runners.messages import check_inputs
from maspo.study.connections import endpoints_of, require_model
from maspo.study.evaluation.job import Evaluation
from maspo.study.job import Job
from maspo.study.optimize import recorded_job
from maspo.study.resolve import split_of


def run_transfer(folder: Path, arguments: Arguments) -> None:
    """Let the prompts that a run found meet its seed prompts with the models that the settings name now.

    By default on the run's own hold-out, which its search has never seen.
    """
    job, finished = _finished(folder)
    # Who runs is said on the command line now, and not by the folder.
    agents = tuple(replace(agent, model=None) for agent in job.system.agents)
    system = replace(job.system, agents=agents, models={})
    task = _held_out(job) if arguments.inputs is None else file_task(arguments.inputs)
    if arguments.rows is not None:
        chosen = draw_rows(task.test, arguments.rows).rows
        task = replace(task, test_rows=tuple(task.row(row.key) for row in chosen))
    settings = load_settings(Sources(arguments.flags, arguments.sets, arguments.config, {}))
    models = settings.config.models
    require_model(models, system)
    evaluation = Evaluation(
        system=system,
        task=task,
        config=settings.config,
        after=finished.winners,
        before=job.system.prompts,
        scorer=scorer_name(fitting_scorer(task, None), False, settings.config.sandbox.packages),
        names={"before": "seed", "after": name_prompt_set(str(folder))},
    )
    evaluation = with_seen_rows(evaluation, [str(folder)])
    endpoints_of(models)
    if missing := key_missing(models):
        raise ConfigInvalid(missing)
    agree_to_app(system, folder, arguments.trust)
    agree_to_file(settings, arguments.trust)
    found = f"found with {job.config.models.agent}, there {holdout_counts(finished.holdout)} on its hold-out"
    if finished.shipped == "seed":
        found += ", so they did not ship"
    if job.config.models.agent == models.agent:
        found += "; --agent-model names the same model"
    notes = [found, *settings.notes, *check_inputs(system, task.test), *evaluation.remarks]
    begin_evaluation(evaluation, notes, arguments)


def _finished(folder: Path) -> tuple[Job, RunFinished]:
    """Return a run that found other prompts.

    Raises:
        UsageError: it has not finished, found none, or is one of an app.

    """
    finished = look(folder).view.finished
    if finished is None:
        raise UsageError(f"{folder}: its run has not finished; go on with `maspo resume {typed(folder)}` first")
    job = recorded_job(folder)
    if job.system.app is not None:
        raise UsageError(
            f"{folder}: an app chooses its models itself; change the model there, and use "
            f"`maspo evaluate SYSTEM --prompts {typed(folder)}`"
        )
    if finished.winners == job.system.prompts:
        raise UsageError(f"{folder}: its search kept the seed prompts, so there is nothing to carry over")
    return job, finished


def _held_out(job: Job) -> Task:
    """Return the hold-out of a run as a task."""
    keys = frozenset(split_of(job).holdout)
    rows = Inputs(tuple(row for row in job.inputs.rows if row.key in keys)).rows
    return Task(
        name=f"{job.system.name}, hold-out",
        test_rows=tuple(TaskRow(columns=row.columns, id=row.label, answer=row.answer) for row in rows),
    )
