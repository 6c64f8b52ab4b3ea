"""``maspo apply --branch`` and ``--patch``: one commit for each agent, and nothing else changes."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maspo.cli import apply
from maspo.cli.sources import sources_of
from maspo.core.running import run
from maspo.team.load import dump_system, load_system
from maspo.testing.runs import SMALL, begin, with_config, world_job
from maspo.world.spec import WorldSpec
from tests.cli.conftest import Run

Json = dict[str, Any]


def git(folder: Path, *arguments: str) -> str:
    # One who commits, whatever this machine knows, and no settings of its user.
    names = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, env={**os.environ, **names}
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a team, whose run lies beside it in ``run``."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "somebody@example.com")
    job = world_job(spec=WorldSpec(seed=5), inputs=24)
    holdout = job.config.holdout.model_copy(update={"ship_if": "better"})
    job = with_config(job, search=SMALL["race"].model_copy(update={"passes": 4}), holdout=holdout)
    place = tmp_path / "repository"
    (place / "teams").mkdir(parents=True)
    file = place / "teams" / "team.yaml"
    file.write_text(dump_system(job.system))
    git(place, "init", "--quiet", "--initial-branch", "main")
    git(place, "add", ".")
    git(place, "commit", "--quiet", "--message", "A team")
    outcome = run(begin(replace(job, sources={"system": str(file)}), tmp_path / "run"))
    assert outcome.finished is not None and outcome.finished.shipped == "optimized"
    return place


def test_a_branch_has_a_commit_for_each_agent_and_the_checkout_stays(repository: Path, maspo: Run) -> None:
    file, record = repository / "teams" / "team.yaml", repository.parent / "run"
    before, seed = file.read_text(), load_system(file).prompts
    said = maspo("apply", str(record), "--branch", "better")
    assert said.code == 0, said.err
    assert file.read_text() == before
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "branch", "--show-current") == "main"
    assert git(repository, "worktree", "list").count("\n") == 0
    subjects = git(repository, "log", "--format=%s", "main..better").splitlines()
    assert sorted(subjects) == ["New prompt of critic", "New prompt of solver"]
    body = git(repository, "log", "-1", "--format=%B", "better")
    for part in ("net win rate", "95% interval", "In the search:", "Run "):
        assert part in " ".join(body.split())
    assert all(len(line) <= 72 for line in body.splitlines())
    git(repository, "checkout", "--quiet", "better")
    now = load_system(file).prompts
    assert all(now[name] != seed[name] for name in seed)
    assert maspo("apply", str(record), "--check").code == 0
    stands = maspo("apply", str(record), "--check", "--json").json
    assert stands["exit_code"] == 0 and {one["state"] for one in stands["agents"].values()} == {"there"}
    assert all(place.startswith(f"{file}:") for one in stands["agents"].values() for place in one["places"])
    again = maspo("apply", str(record))
    assert again.code == 0 and "already written back" in again.out and "team.yaml:" in again.out


def test_how_each_prompt_stands_is_told_as_json(repository: Path, maspo: Run) -> None:
    file, record = repository / "teams" / "team.yaml", str(repository.parent / "run")

    def told(*options: str) -> Json:
        said = maspo("apply", record, "--json", *options)
        assert said.json["exit_code"] == said.code
        return {**said.json, "agents": {name: one["state"] for name, one in said.json["agents"].items()}}

    nothing: Json = {"files": [], "branch": None, "patch": None}
    states = {state: dict.fromkeys(("solver", "critic"), state) for state in ("there", "open", "written", "refused")}
    assert told("--check") == {**nothing, "agents": states["open"], "exit_code": 1}
    assert told() == {**nothing, "agents": states["open"], "exit_code": 0}, "nobody agreed to write"
    patch = repository.parent / "new.patch"
    assert told("--patch", str(patch)) == {**nothing, "agents": states["written"], "patch": str(patch), "exit_code": 0}
    assert told("--branch", "new") == {**nothing, "agents": states["written"], "branch": "new", "exit_code": 0}
    before = file.read_text()
    file.write_text("agents: {}\n")
    assert told("--yes") == {**nothing, "agents": states["refused"], "exit_code": 2}
    assert told("--check") == {**nothing, "agents": states["refused"], "exit_code": 1}
    file.write_text(before)
    assert told("--yes") == {**nothing, "agents": states["written"], "files": [str(file)], "exit_code": 0}
    assert told("--yes") == {**nothing, "agents": states["there"], "exit_code": 0}


def test_a_prompt_that_is_refused_is_told_with_its_place(repository: Path, maspo: Run) -> None:
    record, folder = repository.parent / "run", repository / "prompts"
    folder.mkdir()
    seed = load_system(repository / "teams" / "team.yaml").prompts
    for name, prompt in seed.items():
        (folder / f"{name}.j2").write_text(f"{prompt}\n")
    new = {name: f"{prompt} Write {{{{% endraw %}}}}." for name, prompt in seed.items()}
    (record / "prompts.json").write_text(json.dumps(new))
    said = maspo("apply", str(record), "--to", str(folder), "--template", "jinja")
    told = " ".join(said.err.split())
    assert said.code == 2
    for name in seed:
        assert f"{name}: {folder / name}.j2:1: the new prompt holds the word that ends a raw block" in told


def test_a_system_file_of_an_app_that_git_does_not_know_is_said_to_stay(
    repository: Path, maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = repository / "system.yaml"
    (repository / ".git" / "info" / "exclude").write_text("system.yaml\n")
    described.write_text("agents: {}\n")
    found = sources_of
    monkeypatch.setattr(apply, "sources_of", lambda *told: replace(found(*told), described=described))
    said = maspo("apply", str(repository.parent / "run"), "--branch", "better")
    assert said.code == 0, said.err
    assert "system.yaml is not under version control, so it keeps the old prompts" in " ".join(said.err.split())
    assert described.read_text() == "agents: {}\n"


def test_a_patch_is_one_that_git_takes(repository: Path, maspo: Run) -> None:
    record, patch = repository.parent / "run", repository.parent / "new.patch"
    assert maspo("apply", str(record), "--patch", str(patch)).code == 0
    assert git(repository, "status", "--porcelain") == ""
    git(repository / "teams", "apply", str(patch))
    assert maspo("apply", str(record), "--check").code == 0


def test_a_dirty_checkout_a_branch_that_is_there_and_a_bad_name_are_refused(repository: Path, maspo: Run) -> None:
    record = str(repository.parent / "run")
    assert "there is one already" in maspo("apply", record, "--branch", "main").err
    assert maspo("apply", record, "--branch", "--force").code != 0
    assert maspo("apply", record, "--branch", "a b").code == 2
    (repository / "teams" / "team.yaml").write_text((repository / "teams" / "team.yaml").read_text() + "\n")
    said = maspo("apply", record, "--branch", "better")
    assert (said.code, "not committed" in said.err) == (2, True)
    assert git(repository, "branch", "--list", "better") == ""


def test_hooks_do_not_run(repository: Path, maspo: Run) -> None:
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "post-checkout", "post-commit", "reference-transaction"):
        hook = hooks / name
        hook.write_text(f"#!/bin/sh\ntouch {repository.parent / 'ran'}\nexit 1\n")
        hook.chmod(0o755)
    assert maspo("apply", str(repository.parent / "run"), "--branch", "better").code == 0
    assert not (repository.parent / "ran").exists()


@pytest.mark.parametrize(
    ("option", "why"), [("--branch", "is not a valid branch name"), ("--patch", "is a folder; give the name of a file")]
)
def test_a_place_without_a_name_is_refused_and_nothing_is_written(
    repository: Path, maspo: Run, option: str, why: str
) -> None:
    file = repository / "teams" / "team.yaml"
    before = file.read_text()
    said = maspo("apply", str(repository.parent / "run"), option, "", "--yes")
    assert said.code in (1, 2)
    assert why in said.err
    assert file.read_text() == before
