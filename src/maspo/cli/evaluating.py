"""What ``maspo evaluate`` and ``maspo judge-check`` share: rows, prompts and settings, read before a call is paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maspo.cli.folder import read_prompts
from maspo.cli.options import Asked, Rows, executed
from maspo.cli.prepare import check_endpoint, check_rows, check_writable, drawn, given, key_missing
from maspo.cli.settings import load_settings
from maspo.config import RunConfig
from maspo.core.errors import ConfigInvalid, StoreError, UsageError
from maspo.core.prompts import Prompts
from maspo.data.tasks.registry import file_task, task_of
from maspo.data.tasks.task import Task
from maspo.runners.messages import check_inputs
from maspo.scoring.registry import CODE, UNSAFE_CODE
from maspo.study.evaluation.evaluate import scorer_for
from maspo.study.evaluation.job import EXACT, JUDGE, Evaluation, Side
from maspo.study.optimize import DATABASE, recorded_job
from maspo.study.resolve import split_of
from maspo.team import System
from maspo.team.load import load_system

_LABELLED = ("exact", "choice", "math")
SEED = "seed"
NONE = "none"


@dataclass(frozen=True)
class Sides:
    """Which prompts are used: ``seed``, a prompts.json or a run folder; ``against`` may be ``none``."""

    prompts: str | None = None
    against: str | None = None


@dataclass(frozen=True)
class Scoring:
    """How outputs are judged; None: as the rows suggest."""

    scorer: str | None = None
    rubric: Path | None = None
    repeats: int = 1
    unsafe_exec: bool = False
    """Programs may run without a sandbox."""


@dataclass(frozen=True)
class Read:
    """An evaluation that can start, and remarks worth reading first."""

    evaluation: Evaluation
    notes: tuple[str, ...]


def read_evaluation(asked: Asked, sides: Sides, scoring: Scoring) -> Read:
    """Read and check everything; creates nothing and asks no model.

    Raises:
        UsageError: something cannot be used; says what, where and how to fix it.

    """
    read = read_outputs(asked, sides, scoring)
    evaluation = read.evaluation
    _check_scorer(evaluation)
    remarks = _seen(evaluation.task, sides)
    notes = (*read.notes, *_unscorable(evaluation.task, evaluation.scorer), *remarks, *_repeats(evaluation))
    return Read(replace(evaluation, remarks=remarks), tuple(dict.fromkeys(notes)))


def read_outputs(asked: Asked, sides: Sides, scoring: Scoring) -> Read:
    """Read what outputs are made of, and the scorer; whether it can tell what prompts are worth is not checked.

    Raises what ``read_evaluation`` raises.
    """
    system = load_system(asked.system)
    task = _task(asked.rows)
    settings = load_settings(given(asked))
    notes = [*settings.notes, *task.notes, *check_inputs(system, task.test)]
    names, before, after = _prompts(system, sides)
    rubric = "" if scoring.rubric is None else _rubric(scoring.rubric)
    scorer = scoring.scorer or (JUDGE if rubric else _fitting(task, asked.rows))
    if before == after:
        notes.append("both prompt sets are the same, so that nothing can differ")
    if scoring.repeats < 1:
        raise ConfigInvalid(f"--repeats {scoring.repeats}: expected 1 or more")
    evaluation = Evaluation(
        system=system,
        task=task,
        config=settings.config,
        after=after,
        before=before,
        scorer=executed(scorer, scoring.unsafe_exec),
        rubric=rubric,
        repeats=scoring.repeats,
        names=names,
        sources={"system": str(asked.system.absolute())},
    )
    scorer_for(evaluation)
    if asked.out is not None:
        check_writable(asked.out)
    _check_models(settings.config)
    return Read(evaluation, tuple(dict.fromkeys(notes)))


def bound(calls: int) -> str:
    """Return an upper bound of calls in words."""
    return f"at most {calls:,}, besides one small question to each model and retries"


def _task(rows: Rows) -> Task:
    check_rows(rows)
    task = file_task(rows.inputs) if rows.inputs is not None else task_of(str(rows.task), rows.data)
    if rows.most is None:
        return replace(task, pool_rows=())
    return replace(task, pool_rows=(), test_rows=tuple(task.row(row.key) for row in drawn(task.test, rows.most).rows))


def _prompts(system: System, sides: Sides) -> tuple[Mapping[Side, str], Prompts | None, Prompts]:
    """Return what the two sides are called, and their prompts; with nothing given, the seed prompts alone."""
    alone = sides.prompts is None and sides.against is None
    after_name = sides.prompts or SEED
    before_name = NONE if alone else (sides.against or SEED)
    names: Mapping[Side, str] = {"before": _called(before_name), "after": _called(after_name)}
    before = None if before_name == NONE else _complete(system, before_name)
    return names, before, _complete(system, after_name)


def _called(name: str) -> str:
    """Return what people call a prompt set: ``seed``, or the folder and the file."""
    path = Path(name).resolve()
    if name in (SEED, NONE):
        return name
    return f"{path.parent.name}/{path.name}" if path.name == "prompts.json" else path.name or name


def _complete(system: System, name: str) -> Prompts:
    """Return the prompts of a set; agents that it does not name keep their seed prompts."""
    return system.prompts if name == SEED else system.with_prompts(read_prompts(Path(name))).prompts


def _rubric(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--rubric {file}: cannot be read ({error}); give a UTF-8 text file") from None
    if not text:
        raise UsageError(f"--rubric {file}: is empty; write the criteria that an output must meet")
    return text


def _fitting(task: Task, rows: Rows) -> str:
    """Return the scorer that fits the rows: a task's own; tests are run, answers compared, and else the judge asked."""
    if rows.task is not None:
        return task.scorer
    if all(row.tests for row in task.test_rows):
        return CODE
    return EXACT if any(row.answer is not None for row in task.test_rows) else JUDGE


def _check_scorer(evaluation: Evaluation) -> None:
    judged = evaluation.scorer == JUDGE
    if judged and evaluation.before is None and not evaluation.rubric:
        raise ConfigInvalid(
            "the judge compares two prompt sets, or tells whether outputs meet a rubric: give --prompts or --rubric "
            "(or rows with an answer column and another --scorer)"
        )
    if evaluation.rubric and not judged:
        raise ConfigInvalid(f"--rubric is read by the judge; give --scorer judge instead of {evaluation.scorer}")


def _repeats(evaluation: Evaluation) -> list[str]:
    if evaluation.repeats == 1 or evaluation.config.models.agent_temperature:
        return []
    return ["repeats at temperature 0 differ only as far as the endpoint does; see models.agent_temperature"]


def _unscorable(task: Task, scorer: str) -> list[str]:
    """Return a note on rows that lack what the scorer needs.

    Raises:
        ConfigInvalid: all of them do, so that every call would be paid for nothing.

    """
    if scorer in (CODE, UNSAFE_CODE):
        what, without = "tests", [row for row in task.test_rows if not row.tests]
    elif scorer in _LABELLED:
        what, without = "answer", [row for row in task.test_rows if row.answer is None]
    else:
        return []
    if len(without) == len(task.test_rows):
        raise ConfigInvalid(
            f"--scorer {scorer}: no row has `{what}`, so nothing could be scored; add that column, or let the judge "
            "compare: --scorer judge"
        )
    return [f"rows without `{what}`, which cannot be scored: {len(without)}"] if without else []


def _seen(task: Task, sides: Sides) -> tuple[str, ...]:
    """Return a remark for each prompt set that was found with the help of some of these rows: they flatter it."""
    named = {name for name in (sides.prompts, sides.against) if name is not None} - {SEED, NONE}
    remarks = []
    for name in sorted(named):
        searched = _searched(Path(name) if Path(name).is_dir() else Path(name).parent)
        seen = sum(row.key in searched for row in task.test.rows)
        if seen:
            remarks.append(
                f"the search that wrote {_called(name)} has seen {seen} of these {len(task.test.rows)} rows: "
                "figures on them flatter it; use rows that it has not seen"
            )
    return tuple(remarks)


def _searched(folder: Path) -> frozenset[str]:
    """Return the inputs that the search of a run has seen; none where there is no run, or its record cannot be read."""
    if not (folder / DATABASE).is_file():
        return frozenset()
    try:
        return frozenset(split_of(recorded_job(folder)).search)
    except StoreError:
        return frozenset()


def _check_models(config: RunConfig) -> None:
    check_endpoint(config.models)
    missing = key_missing(config.models)
    if missing:
        raise ConfigInvalid(missing)
