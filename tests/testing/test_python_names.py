"""What ``import maspo`` offers to who works in Python: caps of a resumed run, and apps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import maspo
from maspo.core.errors import BudgetReached, ConfigInvalid, UsageError
from maspo.study.optimize import recorded_job
from maspo.team.load import load_system, parse_system
from tests.model_server import Model, served

APP = """\
import json, os, urllib.request

DRAFT = "You draft an answer to the question, in one line."
CHECK = "You check the draft and end with the final answer."


def ask(prompt, text):
    messages = [{"role": "system", "content": prompt}, {"role": "user", "content": text}]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    sent = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(sent))["choices"][0]["message"]["content"]


def answer(row):
    return ask(CHECK, "Draft: " + ask(DRAFT, row["input"]))
"""


@pytest.fixture
def model() -> Iterator[Model]:
    with served() as found:
        yield found


@pytest.fixture
def inputs() -> list[str]:
    return [f"What is {n} and {'more ' * (n % 7)}of it?" for n in range(24)]


def test_p01_every_name_that_is_offered_is_there() -> None:
    assert {name: getattr(maspo, name) for name in maspo.__all__}.keys() >= {"Caps", "RunConfig", "discover", "resume"}
    done = subprocess.run(
        [sys.executable, "-c", "import maspo; print(*dir(maspo))"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == sorted(maspo.__all__), "a notebook completes them before any is loaded"


def test_p02_a_run_that_met_a_cap_goes_on_under_another_given_by_name(
    model: Model, inputs: list[str], tmp_path: Path
) -> None:
    team = maspo.System((maspo.Agent("solver", "You solve it."),), "small")
    cut = maspo.optimize(
        team, inputs, tmp_path / "run", profile="cheap", max_calls=60, base_url=model.url, agent_model="m"
    )
    assert not cut.finished.complete
    asked = len(model.asked)
    more = maspo.resume(tmp_path / "run", max_calls=20_000)
    assert more.finished.complete
    assert asked <= 60 < len(model.asked)


def test_p03_caps_are_said_in_one_way_and_have_to_be_possible(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="max_calls: caps are given as well"):
        maspo.resume(tmp_path, caps=maspo.Caps(calls=5), max_calls=9)
    with pytest.raises(ConfigInvalid, match="max_calls"):
        maspo.resume(tmp_path, max_calls=0)


def test_p04_an_app_is_found_and_optimized_from_python(
    model: Model, inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    system = maspo.discover(
        "shop:answer", inputs, "team.yaml", base_url=model.url, rows=3, max_calls=20, progress=said.append
    )
    assert {agent.prompt for agent in system.agents} == {
        "You draft an answer to the question, in one line.",
        "You check the draft and end with the final answer.",
    }
    assert load_system(tmp_path / "team.yaml") == system
    with pytest.raises(ConfigInvalid, match=r"team\.yaml is there already"):
        maspo.discover("shop:answer", inputs, "team.yaml", base_url=model.url)
    result = maspo.optimize("shop:answer", inputs, tmp_path / "run", profile="cheap", base_url=model.url, max_calls=120)
    assert result.prompts.keys() == system.prompts.keys()


def test_p05_what_is_no_app_is_refused_before_anything_is_run(inputs: list[str]) -> None:
    for given, said in (("", "empty"), ("no such 'thing", "close its quotes"), ("gone.py", "no such file")):
        with pytest.raises(ConfigInvalid, match=said):
            maspo.discover(given, inputs)
    with pytest.raises(ConfigInvalid, match="rows: 0"):
        maspo.discover("shop:answer", inputs, rows=0)


def test_p06_a_look_at_an_app_counts_under_the_caps_of_the_run(
    model: Model, inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    maspo.optimize("shop:answer", inputs, tmp_path / "run", profile="cheap", base_url=model.url, max_calls=40)
    looked_at = 5 * 2
    assert looked_at < len(model.asked) <= 40
    assert recorded_job(tmp_path / "run").config.caps.calls == 40 - looked_at
    for cap, said in ((3, "max_calls=3: too low for a look at shop:answer on 5 rows"), (10, "nothing is left")):
        asked = len(model.asked)
        with pytest.raises(BudgetReached, match=said):
            maspo.optimize("shop:answer", inputs, tmp_path / "other", base_url=model.url, max_calls=cap)
        assert len(model.asked) <= asked + cap


def test_p07_a_folder_that_cannot_be_used_is_told_before_the_look_is_paid(
    model: Model, inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.db").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="holds a run already"):
        maspo.optimize("shop:answer", inputs, "run", base_url=model.url)
    with pytest.raises(ConfigInvalid, match="in a folder that is not there"):
        maspo.discover("shop:answer", inputs, "nowhere/team.yaml", base_url=model.url)
    assert model.asked == []


def answer(row: dict[str, str]) -> str:
    """Answer, as an app does."""
    return row["input"]


@pytest.mark.parametrize("given", [None, 3, {"agents": {}}, [maspo.Agent("solver", "You solve it.")], answer])
def test_p08_what_is_neither_a_team_nor_an_app_is_told(inputs: list[str], given: Any) -> None:
    with pytest.raises(ConfigInvalid, match="expected a System, the path of a system file, or an app"):
        maspo.optimize(given, inputs)
    with pytest.raises(ConfigInvalid, match=r"app: .*is given.*; expected 'module:function'"):
        maspo.discover(given, inputs)


def test_p09_a_function_is_told_by_what_name_it_can_be_given(inputs: list[str]) -> None:
    with pytest.raises(ConfigInvalid, match=r"by name, '.*test_python_names:answer'"):
        maspo.discover(answer, inputs)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["You solve it. " * 400, "agents:\n  solver:\n    prompt: You solve it.\n", "a\0b"])
def test_p10_a_text_in_the_place_of_a_file_is_told(inputs: list[str], text: str) -> None:
    with pytest.raises(UsageError):
        maspo.optimize(text, inputs)


def test_p11_settings_and_caps_of_another_kind_are_told(inputs: list[str], tmp_path: Path) -> None:
    team: Any = maspo.System((maspo.Agent("solver", "You solve it."),), "small")
    wrong: Any = {"calls": 5}
    with pytest.raises(ConfigInvalid, match="config: a dict is given; expected such as"):
        maspo.optimize(team, inputs, config=wrong)
    with pytest.raises(ConfigInvalid, match="caps: a dict is given; expected such as"):
        maspo.resume(tmp_path, caps=wrong)


def test_p12_a_team_is_printed_as_its_system_file() -> None:
    team = maspo.System((maspo.Agent("solver", "You solve it.\x1b[2J"), maspo.Agent("critic", "Check.", ("solver",))))
    assert parse_system(str(team)) == team
    assert "\x1b" not in str(team)
