"""What a record or a settings file asks for: done once its user has agreed, and only exactly that."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.config import ModelSettings, RunConfig
from maspo.configure import list_fields
from maspo.core.errors import ProviderError
from maspo.store.tables import META, put
from maspo.study import reach, trust
from maspo.study.optimize import DATABASE, reach_in, resume
from maspo.study.reach import Reach
from maspo.testing.runs import Recorder, begin, counted_world, with_config
from tests.store.faulty_runs import small_job

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's agreements lie; none yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "maspo" / "trusted"


@pytest.fixture
def mine(state: Path, tmp_path: Path) -> Path:
    """A run that this user's maspo began and that stopped early."""
    out, stop = tmp_path / "mine", asyncio.Event()
    job = with_config(small_job(), models=ModelSettings(base_url=NOWHERE, attempts=1))

    async def stop_soon(_: object) -> None:
        stop.set()

    asyncio.run(begin(job, out, counted_world(small_job(), stop_soon), stop))
    return out


def change(out: Path, **models: object) -> None:
    with closing(sqlite3.connect(out / DATABASE, isolation_level=None)) as connection:
        found = dict(connection.execute("SELECT key, value FROM meta"))
        job = json.loads(found["job"])
        job["config"]["models"] |= models
        salt = int(connection.execute("SELECT value FROM spare WHERE key = 'salt'").fetchone()[0])
        put(connection, META, [("job", json.dumps(job))], salt)
    config = json.loads((out / "config.json").read_text())
    config["models"] |= models
    (out / "config.json").write_text(json.dumps(config))


def goes_on(maspo: Run, out: Path, *more: str) -> bool:
    """Return whether a run is gone on with: nobody listens at its address. Else it must be told how to allow it."""
    said = maspo("resume", str(out), *more)
    assert said.code in (2, 5), said
    assert (said.code == 2) == ("Allow exactly this with --trust" in said.err), said
    return said.code == 5


def test_g01_what_this_user_began_goes_on_unasked_also_from_another_place(mine: Path, state: Path, maspo: Run) -> None:
    assert goes_on(maspo, mine)
    moved = mine.with_name("moved")
    mine.rename(moved)
    assert goes_on(maspo, moved)
    shutil.copytree(moved, mine)
    assert goes_on(maspo, mine)
    assert [stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()] == [0o600]
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


CHANGES: list[dict[str, object]] = [
    {"base_url": "http://127.0.0.1:7/v1"},
    {"api_key_env": "HOME"},
    {"use_proxy": True},
    {"allow_http": True},
    {"attribution": False},
    {"client": "another"},
    {"agent": "dearer"},
    {"prices": {"gpt-4.1-mini": [0.0, 0.0]}},
    {"concurrency": 1000},
]


@pytest.mark.parametrize("models", CHANGES, ids=lambda one: next(iter(one)))
def test_g02_a_record_that_was_changed_since_is_asked_about_again(
    mine: Path, maspo: Run, models: dict[str, object]
) -> None:
    change(mine, **models)
    assert not goes_on(maspo, mine)


def test_g03_a_flag_allows_exactly_what_it_names_and_is_remembered(mine: Path, maspo: Run) -> None:
    change(mine, api_key_env="PATH")
    named = reach_in(mine).fingerprint
    for wrong in ("yes", "0" * 32, named[:-1], named.upper()):
        assert not goes_on(maspo, mine, "--trust", wrong)
    change(mine, api_key_env="HOME")
    assert not goes_on(maspo, mine, "--trust", named), "it was changed between two commands"
    asked = re.search(r"--trust (\w{32})", maspo("resume", str(mine)).err)
    assert asked
    assert goes_on(maspo, mine, "--trust", asked[1])
    assert goes_on(maspo, mine)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 5), ("n\n", 1), ("\n", 1), ("", 1)])
def test_g04_a_person_is_shown_what_is_asked_for(
    mine: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    change(mine, api_key_env="MY_KEY", base_url="http://127.0.0.1:9/\x1b[2J")
    monkeypatch.setenv("MY_KEY", "value")
    monkeypatch.setattr("maspo.cli.agreeing.can_ask", lambda: True)
    said = CliRunner().invoke(app, ["resume", str(mine)], input=answer)
    assert said.exit_code in (code, 2 if code == 5 else code)  # 2: no address, found after the question
    assert "MY_KEY is set here" in said.stderr
    assert "models.base_url" in said.stderr
    assert "\x1b" not in said.stderr
    assert "value" not in said.stderr.replace("what it holds", "")
    assert trust.is_trusted(reach_in(mine)) == (code == 5)


def test_g05_python_is_told_too(mine: Path) -> None:
    change(mine, base_url="http://127.0.0.1:7/v1")
    with pytest.raises(trust.NotTrusted, match='in Python: trust="') as error:
        asyncio.run(resume(mine, Recorder()))
    with pytest.raises(ProviderError):
        asyncio.run(resume(mine, Recorder(), allowed=error.value.reach.fingerprint))


def test_g06_where_nothing_can_be_remembered_the_question_comes_again(
    mine: Path, maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    named = reach_in(mine).fingerprint
    assert not goes_on(maspo, mine)
    assert goes_on(maspo, mine, "--trust", named)
    assert not goes_on(maspo, mine)


def test_g07_an_entry_that_is_a_link_or_of_another_user_is_none(
    mine: Path, state: Path, maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert goes_on(maspo, mine)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert not goes_on(maspo, mine)


@pytest.mark.parametrize("given", ['base_url = "http://127.0.0.1:9/v1"', 'api_key_env = "HOME"', "use_proxy = true"])
def test_g08_a_settings_file_is_asked_about_and_options_are_the_users_own(
    folder: Path, state: Path, maspo: Run, given: str
) -> None:
    (folder / "maspo.toml").write_text(f"[models]\n{given}\nattempts = 1\n")
    asks = ["optimize", "system.yaml", "--inputs", "inputs.jsonl", "--yes", "--out", "out"]
    key = given.partition(" ")[0]
    away = [] if key == "base_url" else ["--base-url", NOWHERE]
    refused = maspo(*asks, *away)
    assert refused.code == 2
    assert f"models.{key}" in refused.err
    assert "attempts" not in refused.err
    own = {"base_url": NOWHERE, "api_key_env": "OPENAI_API_KEY", "use_proxy": False}[key]
    assert maspo(*asks, *away, "--set", f"models.{key}={json.dumps(own)}").code == 5
    named = re.search(r"--trust (\w{32})", refused.err)
    assert named
    assert maspo(*asks, *away, "--trust", named[1]).code == 5
    assert maspo(*asks, *away).code == 5
    assert maspo("check", *asks[1:], *away).code == 0


def test_g09_harmless_settings_are_not_asked_about(folder: Path, state: Path, maspo: Run) -> None:
    (folder / "maspo.toml").write_text('profile = "cheap"\n[models]\nagent = "m"\nattempts = 1\n[caps]\ncalls = 5\n')
    asks = ["optimize", "system.yaml", "--inputs", "inputs.jsonl", "--yes", "--out", "out", "--base-url", NOWHERE]
    assert maspo(*asks).code == 5


@pytest.mark.parametrize("role", ["agent", "judge", "proposer"])
def test_g12_a_role_of_a_file_may_name_a_model_and_nothing_that_reaches_elsewhere(role: str) -> None:
    assert not reach.of_file({f"models.{role}": {"model": "m", "effort": "low", "reasoning_tokens": 9}}).settings
    for name in ("base_url", "key_env", "headers", "extra", "something new"):
        asked = reach.of_file({f"models.{role}": {"model": "m", name: "x"}})
        assert asked.settings == {f"models.{role}": {"model": "m", name: "x"}}


def test_g10_every_setting_is_known_to_be_harmless_or_asked_about() -> None:
    paths = {".".join(path) for path, _ in list_fields(RunConfig)}
    asked = {path for path in paths if not reach._is_harmless(path, None)}
    assert {path for path in paths if path.startswith("models.roles.")} <= asked
    assert {path for path in asked if not path.startswith("models.roles.")} == {
        *("models.base_url", "models.api_key_env", "models.client", "models.attribution", "models.allow_http"),
        *("models.use_proxy", "runner.kind", "runner.options", "judge.kind", "judge.options"),
        *("proposer.kind", "proposer.options", "models.extra", "models.headers", "models.form", "models.stream"),
        *("sandbox.packages", "proposer.examples"),  # the latter writes inputs of its user into prompts
    }, "decide whether a new setting reaches beyond a file, in maspo.study.reach"


def test_g11_anything_can_be_asked_about_such_as_a_command(state: Path) -> None:
    asked = Reach("a system file", {"app": ["python", "team.py"]})
    with pytest.raises(trust.NotTrusted, match=r"team\.py"):
        trust.require(asked, "system.yaml")
    trust.require(asked, "system.yaml", asked.fingerprint)
    trust.require(asked, "system.yaml")
    with pytest.raises(trust.NotTrusted):
        trust.require(replace(asked, settings={"app": ["python", "other.py"]}), "system.yaml")
