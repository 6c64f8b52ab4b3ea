"""Bad input gets one clear message and exit code 2, before anything is paid."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from maspo.cli.running import agreed

if TYPE_CHECKING:
    from tests.cli.conftest import Run


ARGUMENTS = ["system.yaml", "--inputs", "inputs.jsonl", "--base-url", "http://127.0.0.1:9/v1"]


@pytest.fixture(autouse=True)
def _nothing_is_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("the run was started")

    monkeypatch.setattr("maspo.cli.optimize.start", refuse)


def put(name: str, text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_text(text)

    return write


def nothing(_: Path) -> None:
    return None


def a_run_in_it(folder: Path) -> None:
    (folder / "taken").mkdir()
    (folder / "taken" / "run.db").touch()


TWO = "agents: {a: {prompt: x, reads: [%s]}, b: {prompt: y, reads: [%s]}}"
BAD: list[Any] = [
    pytest.param(["gone.yaml", "--inputs", "inputs.jsonl"], nothing, r"gone\.yaml: no such file", id="no system"),
    pytest.param(["system.yaml", "--inputs", "gone.csv"], nothing, r"gone\.csv: no such file", id="no inputs"),
    pytest.param(ARGUMENTS, put("system.yaml", "agents: [\n"), r"system\.yaml, line 2, column 1: not valid", id="YAML"),
    pytest.param(ARGUMENTS, put("system.yaml", TWO % ("b", "a")), r"system\.yaml: agents: a cycle", id="cycle"),
    pytest.param(
        ARGUMENTS, put("system.yaml", TWO % ("", "c")), r"agents\.b\.reads\[0\]: unknown agent 'c'", id="unknown agent"
    ),
    pytest.param(ARGUMENTS, put("system.yaml", TWO % ("", "")), r"output: missing", id="two terminals"),
    pytest.param(ARGUMENTS, put("inputs.jsonl", "\n"), r"inputs\.jsonl: no inputs", id="empty inputs"),
    pytest.param(ARGUMENTS, put("inputs.jsonl", "{"), r"inputs\.jsonl, line 1: not JSON", id="broken inputs"),
    pytest.param(
        ARGUMENTS,
        put("inputs.jsonl", '{"id": 1, "input": "a"}\n{"id": 1, "input": "b"}'),
        r"row 2: id '1' is taken",
        id="duplicate ids",
    ),
    pytest.param(
        ARGUMENTS, put("inputs.jsonl", '{"question": "a"}'), r"maspo: inputs\.jsonl: no column `input`", id="no column"
    ),
    pytest.param(
        ["system.yaml", "--inputs", "mine.csv", *ARGUMENTS[3:]],
        put("mine.csv", "question,answer\nwhat is it?,7\n"),
        r"maspo: mine\.csv: no column `input`",
        id="no column of a CSV",
    ),
    pytest.param(
        [*ARGUMENTS, "--out", "system.yaml/x"], nothing, r"--out system\.yaml/x: .* is a file", id="out a file"
    ),
    pytest.param([*ARGUMENTS, "--out", "taken"], a_run_in_it, r"holds a run already; .*maspo resume taken", id="taken"),
    pytest.param([*ARGUMENTS, "--max-usd", "1"], nothing, r"--max-usd: no price is known", id="no price"),
    pytest.param([*ARGUMENTS, "--max-calls", "0"], nothing, r"--max-calls: 0 is given", id="cap of nothing"),
    pytest.param([*ARGUMENTS, "--set", "search.pases=1"], nothing, r"did you mean 'search\.passes'", id="set"),
    pytest.param(
        [*ARGUMENTS, "--focus", "solver,judge"],
        nothing,
        r"--focus: 'judge' is no agent; agents that may be rewritten: solver, critic",
        id="focus",
    ),
    pytest.param([*ARGUMENTS, "--base-url", "ftp://x"], nothing, r"--base-url 'ftp://x': not an address", id="address"),
    pytest.param(ARGUMENTS[:3], nothing, r"OPENAI_API_KEY is not set", id="no key"),
]


@pytest.mark.parametrize(("arguments", "prepare", "message"), BAD)
def test_i01_optimize_refuses(
    maspo: Run, folder: Path, arguments: list[str], prepare: Callable[[Path], None], message: str
) -> None:
    prepare(folder)
    said = maspo("optimize", *arguments, "--json")
    assert said.code == 2, said
    assert re.search(message, said.err), said.err
    assert said.json["exit_code"] == 2
    assert not (folder / "maspo-runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["optimize", "--json"],
        ["optimize", "system.yaml", "--no-such-option", "--json"],
        ["evaluate", "--json", "system.yaml", "--repeats", "x"],
        ["demo", "--seed", "x", "--json"],
        ["diff", "--json"],
        ["nothing", "--json"],
        ["store", "copy", "--json"],
        ["inputs", "from-traces", "--json", "--nothing"],
        ["optimize", "gone.yaml", "--inputs", "inputs.jsonl", "--json"],
    ],
)
def test_i14_a_program_is_told_of_wrong_usage_as_json_whatever_found_it(maspo: Run, arguments: list[str]) -> None:
    said = maspo(*arguments)
    assert said.code == 2
    (line,) = said.out.splitlines()
    assert set(json.loads(line)) == {"error", "exit_code"} and json.loads(line)["exit_code"] == 2
    assert json.loads(line)["error"].splitlines()[0] in said.err
    people = maspo(*[word for word in arguments if word != "--json"])
    assert (people.code, people.out) == (2, "")


@pytest.mark.parametrize(("arguments", "prepare", "message"), [case for case in BAD if case.id != "no key"])
@pytest.mark.parametrize("command", ["check", "estimate"])
def test_i02_check_and_estimate_refuse_the_same(
    maspo: Run, folder: Path, command: str, arguments: list[str], prepare: Callable[[Path], None], message: str
) -> None:
    prepare(folder)
    said = maspo(command, *arguments)
    assert said.code == 2, said
    assert re.search(message, said.err), said.err


def test_i03_a_wrong_option_is_a_usage_error(maspo: Run) -> None:
    assert maspo("optimize", *ARGUMENTS, "--max-calls", "many").code == 2
    assert maspo("optimize", *ARGUMENTS, "--nonsense").code == 2
    assert maspo("optimize").code == 2
    assert maspo("nonsense").code == 2


@pytest.mark.parametrize(
    "arguments",
    [["resume", "gone"], ["report", "gone"], ["runs", "gone"], ["diff", "gone"], ["diff", "gone", "a", "b"]],
)
def test_i04_a_folder_without_a_run_is_refused(maspo: Run, arguments: list[str]) -> None:
    said = maspo(*arguments)
    assert said.code == 2
    assert said.err.startswith("maspo: gone") or said.err.startswith("maspo: a: no such file")


@pytest.mark.parametrize("command", ["apply", "resume", "report", "diff", "steer"])
def test_a_folder_that_holds_no_run_is_told_by_all_alike(maspo: Run, command: str) -> None:
    said = maspo(command, ".", *(["pause"] if command == "steer" else []))
    assert said.code == 2, said.err
    assert "holds no run" in said.err


@pytest.mark.parametrize("command", ["apply", "resume", "report", "diff", "steer"])
@pytest.mark.parametrize(
    ("given", "why"), [("my-rum", "there is no such folder"), (".", "run.db is missing")], ids=["mistyped", "above"]
)
def test_the_run_that_was_probably_meant_is_named_by_all_alike(maspo: Run, command: str, given: str, why: str) -> None:
    Path("my-run").mkdir()
    Path("my-run/run.db").touch()
    said = maspo(command, given, *(["pause"] if command == "steer" else []))
    assert said.code == 2, said.err
    assert said.err.startswith(f"maspo: {given}: holds no run ({why})")
    assert said.err.rstrip().endswith("; did you mean my-run?")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["evaluate", *ARGUMENTS, "--prompts", "my-rum"], "my-run"),
        (["evaluate", *ARGUMENTS, "--prompts", "my-run/prompts.jso"], "my-run/prompts.json"),
        (["check", *ARGUMENTS, "--config", "mine.tml"], "mine.toml"),
        (["score", "outputs.json", "--scorer", "exact"], "outputs.jsonl"),
    ],
)
def test_the_file_that_was_probably_meant_is_named(maspo: Run, arguments: list[str], meant: str) -> None:
    Path("my-run").mkdir()
    for name in ("my-run/run.db", "my-run/prompts.json", "mine.toml", "outputs.jsonl"):
        Path(name).touch()
    said = maspo(*arguments)
    assert said.code == 2, said.err
    assert said.err.rstrip().endswith(f": no such file; did you mean {meant}?")


def test_where_runs_may_lie_is_told_where_a_folder_is_not_there(maspo: Run) -> None:
    said = maspo("runs", "maspo-runs")
    assert said.code == 2 and "`maspo runs` alone lists those of this folder and below" in said.err


@pytest.mark.parametrize(("given", "told"), [("app.py", "app:FUNCTION"), ("./app.py", "`python ./app.py`")])
def test_a_file_of_python_in_the_place_of_an_app_is_told(maspo: Run, folder: Path, given: str, told: str) -> None:
    (folder / "app.py").write_text("def answer(row): return row\n")
    said = maspo("discover", "--app", given, "--inputs", "inputs.jsonl")
    assert said.code == 2 and told in said.err and "--app" in said.err
    missing = maspo("discover", "--app", "gone.py", "--inputs", "inputs.jsonl")
    assert missing.code == 2 and "gone.py: no such file" in missing.err


def test_rows_in_the_place_of_a_system_file_are_told(maspo: Run, folder: Path) -> None:
    said = maspo("check", "inputs.jsonl", "--inputs", "system.yaml")
    assert said.code == 2
    assert "inputs.jsonl: rows, by its name" in said.err and "--inputs inputs.jsonl" in said.err


def test_i05_control_characters_of_a_file_do_not_reach_the_terminal(maspo: Run, folder: Path) -> None:
    (folder / "system.yaml").write_text('agents: {a: {prompt: x, reads: ["\\e[2J"]}}')
    said = maspo("check", *ARGUMENTS)
    assert said.code == 2
    assert "\x1b" not in said.err


def test_i09_a_folder_that_may_not_be_looked_into_is_refused(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    exists = Path.exists

    def closed(path: Path, **given: Any) -> bool:
        if "closed" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path, **given)

    monkeypatch.setattr(Path, "exists", closed)
    said = maspo("optimize", *ARGUMENTS, "--out", "closed/run")
    assert said.code == 2
    assert re.search(r"--out closed/run: no permission to look at closed", said.err), said.err


def test_i06_an_unexpected_error_is_short_and_asks_for_a_report(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> NoReturn:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("maspo.cli.prepare.load_system", fail)
    said = maspo("check", *ARGUMENTS, "--json")
    assert said.code == 1
    assert "unexpected ZeroDivisionError: boom" in said.err
    assert "please report" in said.err
    assert "Traceback" not in said.err
    assert said.json["exit_code"] == 1


def test_i07_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from maspo.cli.app import guarded

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("MASPO_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        guarded(fail)()


def test_i08_without_a_person_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert agreed()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "runner.options.stres=0.4",
            r"has no option 'stres'; did you mean 'stress'\?.*: stress, faults$",
        ),
        ("runner.options.plan=1", r"'prompt_graph' has no option 'plan'"),
        ("runner.options.stress=lots", r"runner\.options\.stress: 'lots' is given; expected a share from 0 to 1"),
        ('runner.options={"faults": ["nonsens@solver"]}', r"did you mean 'nonsense@solver'\?"),
        ('runner.options={"faults": ["nonsense@nobody"]}', r"'nonsense@nobody' cannot be met in this team"),
        ('runner.options={"faults": "nonsense@solver"}', r"expected a list of KIND@AGENT"),
        ("judge.options.mood=1", r"judge\.options: 'pairwise' has no option 'mood'\. It takes none"),
        ("proposer.options.shown=1", r"proposer\.options: 'rewrite' has no option 'shown'.*shown_characters"),
        ("proposer.options.passages=1", r"'rewrite' has no option 'passages'"),
    ],
)
def test_i08_options_of_parts_are_refused_by_all_alike(maspo: Run, given: str, message: str) -> None:
    said = [maspo(command, *ARGUMENTS, "--set", given) for command in ("check", "estimate", "optimize")]
    assert [one.code for one in said] == [2, 2, 2], said
    assert len({one.err for one in said}) == 1
    assert re.search(message, said[0].err.strip()), said[0].err


def test_i09_what_is_offered_in_place_of_prompts_is_taken(maspo: Run) -> None:
    for name in ("--prompts", "--against"):
        said = maspo("evaluate", *ARGUMENTS, name, "shipped")
        assert said.code == 2 and "shipped: no such file; give seed, a run folder" in said.err, said
        assert "winners" not in said.err
    said = maspo("apply", "gone")
    assert said.code == 2 and "winners" not in said.err


def test_i10_more_rows_than_there_are_and_a_missing_rubric_are_told(maspo: Run) -> None:
    said = maspo("check", *ARGUMENTS, "--rows", "1000")
    assert "--rows 1,000: 12 rows in all, of which none is left out" in said.err
    assert "are taken" not in maspo("check", *ARGUMENTS, "--rows", "12").err
    said = maspo("check", *ARGUMENTS, "--rubric", "gone.txt")
    assert said.code == 2 and "gone.txt: cannot be read (No such file or directory)" in said.err, said


def test_i11_a_cap_under_which_no_round_ends_names_one_under_which_it_does(maspo: Run) -> None:
    own = (*ARGUMENTS, "--set", "search.calls=1399")  # the usual plan would follow the cap
    found = re.search(r"with about (\d+) or more it ends", maspo("check", *own, "--max-calls", "100").err)
    assert found
    assert "may not end" not in maspo("check", *own, "--max-calls", found[1]).err
    assert "may not end" in maspo("check", *own, "--max-calls", str(int(found[1]) - 1)).err


def test_i12_a_plan_tells_no_more_calls_than_its_cap_lets_pass(maspo: Run) -> None:
    said = maspo("estimate", *ARGUMENTS).out
    (whole,) = re.findall(r"^calls +about [\d,]+ \(planned by agents[^)]*\), at most ([\d,]+)$", said, re.MULTILINE)
    capped = maspo("estimate", *ARGUMENTS, "--max-calls", "500").out
    (most,) = re.findall(
        r"^calls +about 425, at most 500 by --max-calls \(this plan without it: ([\d,]+)\)$", capped, re.MULTILINE
    )
    assert int(most.replace(",", "")) <= int(whole.replace(",", ""))
    own = maspo("estimate", *ARGUMENTS, "--set", "search.calls=1000", "--max-calls", "500").out
    assert re.search(r"^calls +at most 500 by --max-calls", own, re.MULTILINE)
