"""The example app as its owner would use it: discovered, checked, optimized, resumed, evaluated; and who may run it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.cli.discover import DiscoverOptions, say_next
from maspo.study.optimize import recorded_job
from maspo.team import System
from maspo.team.app import App
from maspo.team.load import load_system
from maspo.world import World
from tests.cli.conftest import Run

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "app" / "team.py"
ROWS = ("--inputs", "questions.jsonl")
CALLS = "150"


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    """Return the base URL of a simulated world."""
    command = [sys.executable, "-m", "maspo", "world", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.fixture
def example(folder: Path, world: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the example app and rows of the world into the folder."""
    monkeypatch.setenv("OPENAI_BASE_URL", world)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    shutil.copy(EXAMPLE, folder / "team.py")
    rows = [json.dumps(row) for row in World().inputs(24)]
    (folder / "questions.jsonl").write_text("\n".join(rows))
    return folder


def discovered(maspo: Run) -> System:
    said = maspo(
        "discover", "--app", "team:answer", "--inputs", "questions.jsonl", "--rows", "12", "--out", "team.yaml"
    )
    assert said.code == 0, said.err
    return load_system("team.yaml")


@pytest.mark.slow
def test_an_app_is_used_as_a_prompt_graph_is(example: Path, maspo: Run) -> None:
    before = (example / "team.py").read_bytes()
    system = discovered(maspo)
    assert {agent.name: set(agent.reads) for agent in system.agents} == {
        "solver": set(),
        "critic": {"solver"},
        "arbiter": {"solver", "critic"},
    }
    for command in ("check", "estimate"):
        said = maspo(command, "team.yaml", *ROWS, "--json")
        assert said.code == 0, said.err
    said = maspo("optimize", "team.yaml", *ROWS, "--max-calls", CALLS, "--out", "run", "--json")
    assert said.code in (0, 4), said.err
    used = said.json["calls"]
    assert used["agent"] + used["judge"] + used["proposer"] <= int(CALLS)
    assert used["agent"] > 50
    for command in ("resume", "report", "diff"):
        said = maspo(command, "run")
        assert said.code in (0, 4), said.err
    said = maspo(
        "evaluate", "team.yaml", "--inputs", "questions.jsonl", "--prompts", "run", "--out", "measured", "--json"
    )
    assert said.code == 0, said.err
    assert (example / "team.py").read_bytes() == before
    applied(maspo, example)


@pytest.mark.slow
def test_an_app_is_looked_at_on_the_way(example: Path, maspo: Run) -> None:
    said = maspo(
        *("optimize", "team:answer", "--inputs", "questions.jsonl", "--max-calls", "60", "--out", "run", "--json"),
        *("--python", sys.executable),
    )
    assert said.code in (0, 4), said.err
    left = recorded_job(example / "run").config.caps.calls
    assert left is not None and 0 < left < 60, "what the look took is part of the cap"
    app = load_system("team.answer.system.yaml").app
    assert app is not None and app.python == sys.executable
    said = maspo("optimize", "team:answer", *ROWS, "--python", "other/bin/python", "--out", "other", "--yes")
    assert said.code == 2 and "team.answer.system.yaml says how its app is run" in said.err
    for command in ("check", "estimate"):
        said = maspo(command, "team:answer", *ROWS)
        assert said.code == 0, said.err
    loop(maspo, example)


def loop(maspo: Run, example: Path) -> None:
    """Write prompts back, search again on the same system file, and extend a prompt by hand."""
    seed = json.loads((example / "run" / "seed_prompts.json").read_text())
    shipped = {name: f"{text}\n- Keep it short." for name, text in seed.items()}
    (example / "run" / "prompts.json").write_text(json.dumps(shipped))
    shutil.copy(example / "team.py", example / "copy_of_team.py")
    shutil.copytree(example / "run", example / "w1")
    said = maspo("apply", "run", "--check")
    assert said.code == 1 and "team.py:" in said.out and "it can be written" in said.out
    (example / "team.answer.system.yaml").write_text(
        f"# Ours.\n{(example / 'team.answer.system.yaml').read_text()}", encoding="utf-8"
    )
    said = maspo("apply", "run", "--yes")
    assert said.code == 0, said.err
    assert (example / "copy_of_team.py").read_text() == EXAMPLE.read_text()
    assert load_system("team.answer.system.yaml").prompts == shipped
    assert (example / "team.answer.system.yaml").read_text().startswith("# Ours.")
    assert maspo("apply", "run", "--check").code == 0
    assert "nothing to write" in maspo("apply", "run", "--yes").out
    again = ("optimize", "team:answer", *ROWS, "--max-calls", "60", "--json", "--out")
    said = maspo(*again, "again")
    assert said.code in (0, 4), said.err
    with (example / "team.py").open("a") as file:
        file.write('\nSOLVER += "\\nAlways answer in French.\\nNever name a price."\n')
    said = maspo(*again, "extended")
    assert said.code == 1
    assert "agents.solver" in said.err and "'Always answer in French. Never name a price.'" in said.err


def test_a_system_file_of_another_function_is_not_taken_for_an_apps(example: Path, maspo: Run) -> None:
    def file(run: str) -> str:
        return f"app: {{run: '{run}'}}\nagents: {{solve: {{prompt: You solve the problem.}}}}\n"

    (example / "team.other.system.yaml").write_text(file("team:answer"))
    for command in ("optimize", "check", "estimate"):
        said = maspo(command, "team:other", *ROWS)
        assert said.code == 2
        assert "team.other.system.yaml: is of team:answer, not of team:other; move it away" in said.err
    (example / "team.system.yaml").write_text(file("team:answer"))
    said = maspo("optimize", "team:nothing", *ROWS)
    assert said.code == 2 and "AttributeError" in said.err, "an earlier file of another function plays no part"
    said = maspo("check", "team:nothing", *ROWS)
    assert said.code == 2 and "maspo discover team:nothing" in said.err
    assert maspo("check", "team:answer", *ROWS).code == 0, "an earlier file of this function is read"
    (example / "system.yaml").write_text(file("team:third"))
    assert maspo("check", "team:third", *ROWS).code == 0, "as maspo discover names it"
    assert maspo("check", "team:nothing", *ROWS).code == 2


@pytest.mark.slow
def test_an_app_in_a_file_of_others_is_run_only_where_that_is_allowed(
    example: Path, maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    discovered(maspo)
    arguments = ("optimize", "team.yaml", *ROWS, "--max-calls", "10")
    monkeypatch.setenv("XDG_STATE_HOME", str(example / "another machine"))
    said = maspo(*arguments, "--out", "refused")
    assert said.code == 2
    fingerprint = re.findall(r"--trust (\w+)", said.err)[0]
    assert "app.run" in said.err and "team:answer" in said.err
    assert not (example / "refused").exists()
    assert maspo(*arguments, "--out", "allowed", "--trust", fingerprint).code in (0, 4)
    assert maspo(*arguments, "--out", "remembered").code in (0, 4)
    monkeypatch.setenv("XDG_STATE_HOME", str(example / "a third machine"))
    refused = maspo("resume", "allowed")
    assert refused.code == 2 and "app.run" in refused.err and "--trust" in refused.err
    (example / "team.py").write_text((example / "team.py").read_text() + "# as it was\n")
    written = (example / "team.py").read_bytes()
    for more in ((), ("--yes",), ("--check",)):
        refused = maspo("apply", "allowed", *more)
        assert "app.folder" in refused.err or "nothing to write" in refused.out
    assert (example / "team.py").read_bytes() == written


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--app", "team:nothing"), "AttributeError"),
        (("--app", "not_there:answer"), "--python .venv/bin/python"),
        (("--app", "cat"), "made no call"),
        (("--app", "'"), "--app"),
        (("there.py:answer",), "--app: there.py:answer: no such file"),
        (("team.py",), "give team:FUNCTION, which takes a row and returns the answer, or `python team.py`"),
        (("team.mjs --fast",), "is a file and no command; give `node team.mjs --fast`"),
        (("team:answer", "--app", "team:answer"), "give the app once"),
        (("--app", "team:answer", "--rows", "1", "--out", "inputs.jsonl"), "is there already"),
    ],
)
def test_an_app_that_cannot_be_looked_at_says_why(
    example: Path, maspo: Run, arguments: tuple[str, ...], told: str
) -> None:
    (example / "team.mjs").touch()
    said = maspo("discover", *ROWS, "--rows", "2", "--out", "new.yaml", *arguments)
    assert said.code == 2
    assert told in said.err


def test_nothing_is_paid_where_columns_do_not_fit(folder: Path, maspo: Run) -> None:
    (folder / "team.py").write_text("def answer(question, context):\n    raise SystemExit('it was run')\n")
    (folder / "rows.csv").write_text("question,ctx\nwhich?,none\nwho?,none\n")
    (folder / "system.yaml").write_text("app: {run: 'team:answer'}\nagents: {solve: {prompt: You solve it.}}\n")
    for words in (
        ("discover", "team:answer", "--out", "new.yaml"),
        ("check", "system.yaml"),
        ("estimate", "system.yaml"),
        ("optimize", "team:answer", "--out", "run", "--yes"),
    ):
        said = maspo(*words, "--inputs", "rows.csv")
        assert said.code == 2, words
        assert "team:answer takes question, context, and no row has context" in said.err
        assert "call the column ctx context" in said.err and "it was run" not in said.err


def test_a_function_may_be_named_by_its_file(example: Path, maspo: Run) -> None:
    (example / "sub").mkdir()
    shutil.copy(EXAMPLE, example / "sub")
    for given, run in (("team.py:answer", "team:answer"), ("./sub/team.py:answer", "sub.team:answer")):
        said = maspo("discover", given, *ROWS, "--rows", "2", "--out", f"{run}.yaml")
        assert said.code == 0, said.err
        app = load_system(f"{run}.yaml").app
        assert app is not None and app.run == run
        checks, optimizes = [line.split()[-5:] for line in said.out.strip().splitlines()[-2:]]
        assert optimizes == ["maspo", "optimize", *checks[2:]]
        assert maspo(*checks[1:]).code == 0, "what is said to come next is typed as it stands"
    (example / "team.answer.system.yaml").write_text((example / "team:answer.yaml").read_text())
    assert maspo("check", "team.py:answer", *ROWS).code == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("../{here}/team.py:answer", "go to its folder and give team:answer"),
        ("my-team.py:answer", "call it my_team.py"),
        ("there.py:answer", "no such file"),
        ("team.py", "an app is given by its function: team:FUNCTION"),
        ("sh team.sh", "`maspo discover 'sh team.sh' --inputs FILE` looks at it"),
        ("http://127.0.0.1:1/ask", "`maspo discover http://127.0.0.1:1/ask --inputs FILE` looks at it"),
    ],
)
def test_a_file_that_cannot_be_imported_is_answered_with_what_to_do(
    example: Path, maspo: Run, given: str, told: str
) -> None:
    shutil.copy(EXAMPLE, example / "my-team.py")
    said = maspo("optimize", given.format(here=example.name), *ROWS, "--max-calls", CALLS, "--out", "run")
    assert said.code == 2
    assert told in said.err
    assert not (example / "run").exists()


@pytest.mark.slow
def test_an_app_that_is_kept_alive_and_keeps_what_it_saw_is_told(example: Path, maspo: Run) -> None:
    source = (example / "team.py").read_text()
    kept = source.replace(
        '    question = row["input"]\n', '    SEEN.append(row["input"])\n    question = "\\n".join(SEEN)\n'
    )
    (example / "team.py").write_text(f"{kept}\n\nSEEN: list[str] = []\n")
    for keeps, told in (([], False), (["--keep-alive", "--workers", "1"], True)):
        out = f"team{told}.yaml"
        said = maspo("discover", "--app", "team:answer", *ROWS, "--rows", "3", "--out", out, *keeps)
        assert said.code == 0, said.err
        assert ("was shown another input" in said.err) is told


def applied(maspo: Run, example: Path) -> None:
    """Write prompts back into the app, and look at it again: that is what it tells its models now."""
    prompts = example / "run" / "prompts.json"
    seed = json.loads((example / "run" / "seed_prompts.json").read_text())
    shipped = {name: f'{text}\n- Keep {{x}}, "quotes" and \\frac.' for name, text in seed.items()}
    prompts.write_text(json.dumps(shipped))
    assert maspo("apply", "run", "--check").code == 1
    assert "--template" in maspo("apply", "run").err
    shown = maspo("apply", "run", "--template", "none")
    assert shown.out.startswith("---")
    assert "Nothing was written" in shown.err
    said = maspo("apply", "run", "--yes", "--template", "none")
    assert said.code == 0, said.err
    assert maspo("apply", "run", "--check").code == 0
    again = maspo("discover", "--app", "team:answer", *ROWS, "--rows", "12", "--out", "again.yaml")
    assert again.code == 0, again.err
    assert sorted(load_system("again.yaml").prompts.values()) == sorted(shipped.values())


def test_the_next_commands_ask_where_discover_asked(capsys: pytest.CaptureFixture[str]) -> None:
    url = "http://127.0.0.1:8801/v1"
    given = DiscoverOptions(
        App("team:answer"), Path("q.jsonl"), Path("new.yaml"), flags={"base-url": url}, sets=("models.attempts=2",)
    )
    say_next(given)
    said = "".join(capsys.readouterr())
    for command in ("check", "optimize"):
        assert f"maspo {command} new.yaml --inputs q.jsonl --base-url {url} --set models.attempts=2" in said
    say_next(replace(given, flags={"base-url": None}, sets=()))
    assert "--base-url" not in "".join(capsys.readouterr())
