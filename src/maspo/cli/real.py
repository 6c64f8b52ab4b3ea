"""``maspo demo --real``: the main job with a real, small language model on this machine, and what it gained."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from maspo.cli.optimize import show_end
from maspo.cli.prepare import check_folder
from maspo.cli.running import run_watched
from maspo.cli.terminal import lay_out, note, say
from maspo.config import RunConfig
from maspo.core.errors import EXIT_OK
from maspo.core.prompts import Prompts
from maspo.real.package import MODEL, weights
from maspo.real.tasks import SETTINGS, RealTask, real_task
from maspo.report.evaluation import PAGE, summary, write_evaluation
from maspo.report.folder import JOURNAL, RUNS, free_folder
from maspo.study.attention import Attention
from maspo.study.evaluation.evaluate import evaluate
from maspo.study.evaluation.job import Evaluation, EvaluationFindings
from maspo.study.evaluation.recorded import DATABASE
from maspo.study.job import Job, Outcome, Watcher
from maspo.study.optimize import start
from maspo.study.resolve import resolve


def run_real(task: str, seed: int, out: Path | None, as_json: bool) -> None:
    """Optimize the team of a task, then measure seed prompts and shipped prompts on rows that the run has not seen."""
    chosen = real_task(task)
    weights()
    folder = out or free_folder(RUNS, f"real-{task}")
    check_folder(folder)
    config = RunConfig.model_validate({**SETTINGS, "seed": seed})
    job = Job(chosen.system, chosen.rows.pool, config)
    study = resolve(job)
    note(f"{MODEL} answers on this machine, on two cores: a real language model, and a weak one.")
    note(f"About {study.plan.about:,} calls, some minutes where the cores are free; Ctrl-C stops, and nothing is lost.")

    def optimizing(watcher: Watcher, stop: asyncio.Event) -> asyncio.Future[Outcome]:
        return asyncio.ensure_future(start(study, folder, watcher, stop=stop))

    outcome = run_watched(optimizing, folder / JOURNAL)
    if outcome.finished is not None and outcome.exit_code == EXIT_OK:
        say(_measure(chosen, config, outcome.finished.prompts, folder))
        say()
    show_end(outcome, folder, as_json)
    raise typer.Exit(outcome.exit_code)


def _measure(task: RealTask, config: RunConfig, shipped: Prompts, folder: Path) -> str:
    """Return what seed prompts and shipped prompts are worth on fresh rows, in words."""
    rows = len(task.rows.test_rows)
    note(f"Now {rows} fresh rows, which the run has not seen, with the seed prompts and with the shipped ones.")
    evaluation = Evaluation(
        system=task.system,
        task=task.rows,
        config=config,
        after=shipped,
        before=task.system.prompts,
        names={"before": "seed", "after": "this run"},
    )

    def evaluating(watcher: Watcher, stop: asyncio.Event) -> asyncio.Future[EvaluationFindings]:
        return asyncio.ensure_future(evaluate(evaluation, folder, Attention(watcher, stop=stop)))

    found = run_watched(evaluating, folder / DATABASE)
    write_evaluation(folder, found)
    return f"{summary(found)}\n\n{lay_out(('fresh', str(folder / PAGE)))}"
