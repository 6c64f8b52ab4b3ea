"""The commands end to end, on the simulated world: what is printed, written and returned."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
import typer

from maspo.cli.app import KINDS, SECTIONS, BySection, app
from maspo.cli.commands import beforehand, improve, in_use, look, measure
from maspo.report.folder import free_folder
from maspo.world import WorldSpec
from maspo.world.serve import Address, Faults, serve

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Said


SMALL = ["--profile", "cheap", "--set", "search.passes=1"]


@contextmanager
def world_server(faults: Faults | None = None) -> Iterator[str]:
    """Serve a world from another thread, because commands run their own event loop in this one."""
    ready, urls = Event(), list[str]()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def on_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve(WorldSpec(), faults or Faults(), Address(), stop, on_ready))
        loop.close()

    thread = Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


def optimize(maspo: Run, url: str, *more: str) -> Said:
    return maspo("optimize", "system.yaml", "--inputs", "inputs.jsonl", "--base-url", url, *SMALL, *more)


def test_check_makes_no_call_and_no_folder(maspo: Run, folder: Path) -> None:
    said = maspo("check", "system.yaml", "--inputs", "inputs.jsonl", "--json")
    assert (said.code, said.json["ok"]) == (2, False), "as maspo optimize ends"
    assert said.json["agents"] == ["solver", "critic"]
    assert "Everything else that can be checked without a call is fine." in said.err
    assert said.err.count("OPENAI_API_KEY is not set") == 1, "it is said once"
    assert said.err.rstrip().splitlines()[-1].startswith("maspo: no run can begin: OPENAI_API_KEY is not set")
    assert not (folder / "maspo-runs").exists()


def test_many_inputs_are_announced_before_they_are_looked_through(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = maspo("check", "system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "m")
    assert "takes a while" not in said.err
    monkeypatch.setattr("maspo.cli.prepare._MANY_ROWS", 12)
    said = maspo("check", "system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "m")
    assert said.err.startswith("12 inputs: to find out which ask the same takes a while; --rows N draws fewer")


def test_estimate_states_calls_tokens_and_unknown_money(maspo: Run) -> None:
    said = maspo("estimate", "system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "nobody", "--json")
    assert said.code == 0
    assert said.json["usd"] is None
    assert said.json["unpriced"] == ["nobody"]
    calls = said.json["calls"]
    assert max(calls["agent"], calls["judge"], calls["proposer"], calls["planned"]) <= calls["total"]
    assert calls["total"] < calls["agent"] + calls["judge"] + calls["proposer"]
    assert "unknown: no price is known for nobody" in said.err
    assert "so they do not add up" in said.err
    assert re.search(r"^time +from .* \(64 calls at a time\) to .* \(one\), at 3 s a call$", said.err, re.MULTILINE)
    assert said.err.index("\nmoney ") < said.err.index("\npurpose "), "what it costs is told first"


def test_estimate_says_by_what_calls_are_planned_and_no_bound_is_above_the_cap(maspo: Run) -> None:
    asked = ["estimate", "system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "nobody", "--json"]
    said, capped = maspo(*asked), maspo(*asked, "--max-calls", "400")
    assert "(planned by agents: more inputs take no more)" in said.err and "[models.prices]" in said.err
    assert "planned by agents" not in capped.err, "but by the cap"
    assert all(capped.json["calls"][name] <= 400 < said.json["calls"]["total"] for name in capped.json["calls"])
    (without,) = re.findall(r"at most 400 by --max-calls \(this plan without it: ([\d,]+)\)", capped.err)
    assert int(without.replace(",", "")) < said.json["calls"]["total"], "another plan than that without a cap"
    together = re.search(r"^together +([\d,]+)$", capped.err, re.MULTILINE)
    assert together is not None and together[1] == "400"


def test_estimate_knows_the_price_that_is_given(maspo: Run) -> None:
    prices = 'models.prices={"nobody": [1, 2]}'
    said = maspo(
        "estimate", "system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "nobody", "--set", prices, "--json"
    )
    # Money, tokens in and tokens out are each of the mix of calls that makes it the largest.
    together = (said.json["tokens"]["in"] + 2 * said.json["tokens"]["out"]) / 1e6
    assert 0.7 * together < said.json["usd"] <= together


def test_optimize_writes_the_run_folder_and_says_the_same_everywhere(maspo: Run, url: str, folder: Path) -> None:
    said = optimize(maspo, url, "--json")
    assert said.code == 0, said
    out = folder / "maspo-runs" / "small-team-1"
    names = {"prompts.json", "result.json", "report.html", "run.db", "seed_prompts.json", "config.json"}
    assert names <= {file.name for file in out.iterdir()}
    result = json.loads((out / "result.json").read_text())
    assert result.items() <= said.json.items()
    assert set(json.loads((out / "prompts.json").read_text())) == {"solver", "critic"}
    assert "calls     at most " in said.err
    assert said.err.count("round 1 of at most 1\n") == 1, "one line for both agents"
    again = optimize(maspo, url, "--json")
    assert again.json["out"] == "maspo-runs/small-team-2"


def test_check_names_the_ends_of_a_large_team(maspo: Run, folder: Path) -> None:
    chain = [f"  a{place}: {{prompt: Go on., reads: [{f'a{place - 1}' if place else ''}]}}" for place in range(40)]
    (folder / "large.yaml").write_text("\n".join(["agents:", *chain]), encoding="utf-8")
    said = maspo("check", "large.yaml", "--inputs", "inputs.jsonl", "--base-url", "http://127.0.0.1:9/v1")
    assert said.code == 0, said.err
    assert "system    large: a0 → … → a39 (40 agents in 40 levels)" in said.out


def test_a_focus_is_checked_planned_and_kept_in_the_settings(maspo: Run, url: str) -> None:
    said = maspo("check", "system.yaml", "--inputs", "inputs.jsonl", "--focus", "critic", "--json")
    assert "only critic is rewritten (--focus)" in said.json["notes"]
    said = optimize(maspo, url, "--focus", "critic", "--json", "--out", "focused")
    assert said.code == 0, said
    assert said.json["agents"]["solver"]["rewritten"] is False
    assert json.loads(Path("focused/config.json").read_text())["focus"] == ["critic"]


def test_a_finished_run_that_is_resumed_with_another_cap_says_that_there_is_nothing_to_do(maspo: Run, url: str) -> None:
    before = optimize(maspo, url, "--json", "--out", "done")
    said = maspo("resume", "done", "--max-calls", "5000", "--json")
    assert said.code == 0
    assert "This run is finished, and no cap had cut it short" in said.err
    assert "--set search.calls_per_agent=N" in said.err, "it had no cap"
    assert "This run is finished" not in before.err
    assert said.json["calls"] == before.json["calls"]


def test_optimize_stops_at_the_cap_with_exit_code_4(maspo: Run, url: str) -> None:
    said = optimize(maspo, url, "--max-calls", "30", "--json", "--out", "capped")
    assert said.code == 4
    assert said.json["complete"] is False
    calls = said.json["calls"]
    assert calls["agent"] + calls["judge"] + calls["proposer"] + calls["other"] <= 30
    assert "budget reached: --max-calls 30" in said.err


def test_commands_that_are_told_can_be_typed_where_folders_have_spaces(maspo: Run, url: str) -> None:
    said = optimize(maspo, url, "--max-calls", "30", "--out", "büro/my run's")
    (line,) = [line for line in said.out.splitlines() if line.startswith("go on ")]
    told, _, calls = line.rpartition(" ")
    assert told == "go on     maspo resume 'büro/my run'\"'\"'s' --max-calls"
    assert int(calls) > 30
    assert maspo("resume", "büro/my run's", "--max-calls", calls).code == 0, "it is one that does"
    again = optimize(maspo, url, "--max-calls", "30", "--out", "büro/my run's")
    assert again.code == 2
    assert "go on with `maspo resume 'büro/my run'\"'\"'s'`" in again.err


def test_a_refused_key_ends_with_exit_code_5_and_never_shows_the_key(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key")
    with world_server(Faults(api_key="right")) as guarded:
        said = optimize(maspo, guarded, "--out", "refused", "--json")
    assert said.code == 5
    assert "401" in said.err
    assert "sk-wrong-key" not in said.out + said.err
    assert not Path("refused").exists()  # nothing was paid, so nothing is left behind


def test_an_unreachable_endpoint_ends_with_exit_code_5(maspo: Run) -> None:
    said = optimize(maspo, "http://127.0.0.1:9/v1", "--set", "models.attempts=1", "--json")
    assert said.code == 5
    assert said.json["exit_code"] == 5
    assert "unreachable" in said.err


@pytest.fixture(scope="module")
def demo(maspo: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A finished demo: its folder, and what was said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("finished"))
        said = maspo("demo", "--inputs", "16", "--seed", "1", "--out", "demo", "--json")
        return Path("demo").absolute(), said


@pytest.fixture
def done(demo: tuple[Path, Said], folder: Path) -> Said:
    """What the demo said whose folder now lies here, as a copy: it is the same run for each test."""
    shutil.copytree(demo[0], folder / "demo")
    return demo[1]


def test_demo_needs_nothing_and_says_that_it_is_simulated(done: Said) -> None:
    assert done.code == 0, done
    assert done.json["simulated"] is True
    assert len(done.json["truth"]) == 2
    assert "Simulated world" in done.err
    assert Path(done.json["report"]).is_file()


@pytest.mark.usefixtures("done")
def test_a_folder_that_holds_a_run_is_not_overwritten(maspo: Run) -> None:
    said = maspo("demo", "--out", "demo")
    assert said.code == 2
    assert "maspo resume demo" in said.err


def test_demo_refuses_an_unknown_topology(maspo: Run) -> None:
    assert maspo("demo", "--topology", "ring").code == 2


def in_folder(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}


def test_a_report_that_is_written_elsewhere_leaves_the_folder_as_it_is(maspo: Run, done: Said) -> None:
    before = in_folder(Path("demo"))
    said = maspo("report", "demo", "--out", "page.html", "--json")
    assert said.code == 0, said.err
    assert in_folder(Path("demo")) == before
    assert Path("page.html").read_text() == Path("demo/report.html").read_text()
    assert said.json["verdict"] == done.json["verdict"] and said.json["report"] == "page.html"


def test_report_is_written_again(maspo: Run, done: Said) -> None:
    file = Path("demo/report.html")
    before = file.read_text()
    file.unlink()
    said = maspo("report", "demo", "--json")
    assert said.code == 0
    assert file.read_text() == before
    assert said.json["verdict"] == done.json["verdict"]


def test_runs_lists_what_is_there_and_names_what_cannot_be_read(maspo: Run, done: Said) -> None:
    Path("broken").mkdir()
    Path("broken/run.db").write_text("no database")
    said = maspo("runs", ".", "--json")
    assert said.code == 0
    assert [run["dir"] for run in said.json["runs"]] == ["demo"]
    assert done.json["verdict"] in said.err
    assert "broken" in said.err


def test_help_lists_every_command_in_one_section_and_cuts_no_line(maspo: Run) -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(commands())
    assert "..." not in maspo("--help").out.partition("Make a team better:")[2]


@pytest.mark.parametrize("command", [(), ("optimize",), ("world",), ("world", "serve")], ids=" ".join)
def test_h_is_help_everywhere(maspo: Run, command: tuple[str, ...]) -> None:
    short = maspo(*command, "-h")
    assert (short.code, short.out) == (0, maspo(*command, "--help").out)


def commands() -> Mapping[str, Any]:
    found = typer.main.get_command(app)
    assert isinstance(found, BySection)
    return found.commands


def test_help_tells_options_by_kind_each_once(maspo: Run) -> None:
    said = maspo("optimize", "--help").out
    titles = re.findall(r"^(\S.*):$", said, re.MULTILINE)
    assert titles == list(KINDS), "what nobody can do without comes first"
    shown = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said, re.MULTILINE)
    assert len(shown) == len(set(shown))
    of_command = [option for one in commands()["optimize"].params for option in one.opts if option[:2] == "--"]
    assert set(shown) == {"--help", *of_command}
    assert said.index("\nCaps:") < said.index("--max-usd") < said.index("\nOptions:") < said.index("--focus")


def test_every_kind_names_parameters_that_some_command_has() -> None:
    there = {one.name for command in commands().values() for one in command.params}
    assert {name for names in KINDS.values() for name in names.split()} <= there


def test_annotations_of_commands_are_no_texts_that_are_compiled_whenever_one_begins() -> None:
    for section in (beforehand, improve, in_use, look, measure):
        for command in section.COMMANDS:
            texts = [name for name, kind in inspect.get_annotations(command).items() if isinstance(kind, str)]
            assert not texts, f"{section.__name__}: {command.__name__} has texts for {texts}; see maspo.cli.commands"


def test_a_shell_completes_commands_and_options(folder: Path) -> None:
    def complete(line: str) -> list[str]:
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_MASPO_COMPLETE": "complete_bash"}
        done = subprocess.run(
            [sys.executable, "-m", "maspo"],
            cwd=folder,
            env={**os.environ, **asked},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert complete("maspo optim") == ["optimize"]
    assert complete("maspo optimize --max-") == ["--max-usd", "--max-calls", "--max-minutes"]


def test_runs_of_this_folder_are_listed_wherever_they_were_put(maspo: Run) -> None:
    maspo("demo", "--inputs", "8", "--out", "mine/of-today")
    assert [entry["dir"] for entry in maspo("runs", "--json").json["runs"]] == ["mine/of-today"]


@pytest.mark.parametrize(
    ("name", "slug"), [("équipe à deux", "equipe-a-deux-1"), ("团队", "run-1"), ("a/../b", "a-..-b-1")]
)
def test_a_folder_is_named_as_the_team_in_letters_of_every_file_system(folder: Path, name: str, slug: str) -> None:
    assert free_folder(folder, name) == folder / slug


def test_runs_of_an_empty_folder(maspo: Run) -> None:
    said = maspo("runs", ".", "--json")
    assert said.json == {"runs": [], "evaluations": [], "judge_checks": [], "others": []}


@pytest.mark.usefixtures("done")
def test_diff_shows_words_and_takes_files(maspo: Run) -> None:
    seeds = json.loads(Path("demo/seed_prompts.json").read_text())
    Path("mine.json").write_text(json.dumps({**seeds, "solver": seeds["solver"] + " \x1b[2Jtwice"}))
    said = maspo("diff", "demo", "seed", "mine.json", "--json")
    assert said.code == 0
    assert "twice+}" in said.err
    assert "\x1b" not in said.out + said.err
    assert list(said.json["changed"]) == ["solver"]
    assert "unchanged: critic" in said.err
    same = maspo("diff", "demo", "demo", "shipped", "--json")
    assert same.json == {"changed": {}}


def test_diff_tells_of_prompts_that_were_found_and_do_not_ship(maspo: Run, url: str) -> None:
    said = optimize(maspo, url, "--ship-if", "proven", "--set", "holdout.one_in=6", "--out", "held", "--json")
    assert said.json["verdict"] == "cannot_tell", "few inputs held out prove nothing"
    told = maspo("diff", "held")
    assert "`maspo diff held seed winners` shows them" in told.out and told.err == ""


@pytest.mark.parametrize("content", ["[]", "{", '{"a": 1}'])
def test_diff_refuses_what_is_no_prompt_set(maspo: Run, content: str) -> None:
    Path("bad.json").write_text(content)
    said = maspo("diff", "anywhere", "bad.json")
    assert said.code == 2
    assert "bad.json" in said.err


def test_world_serve_refuses_a_public_host(maspo: Run) -> None:
    said = maspo("world", "serve", "--host", "0.0.0.0")
    assert said.code == 2


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            "optimize",
            "A system file (YAML), or an app: module:function. For example: maspo optimize team.yaml --inputs",
        ),
        ("report", "A run folder. For example: maspo report maspo-runs/team-1"),
        ("store", ""),
    ],
)
def test_a_missing_argument_is_told_with_what_to_type(maspo: Run, command: str, told: str) -> None:
    said = maspo(command)
    assert said.code == 2
    assert told in said.err


def test_json_stands_alone_on_stdout_and_people_read_beside_it(maspo: Run, folder: Path) -> None:
    first = maspo("demo", "--inputs", "8", "--out", "run", "--json")
    assert first.code == 0 and "helped" in first.err
    assert [json.loads(line) for line in first.out.splitlines()][-1] == first.json
    commands = [
        ("check", "system.yaml", "--inputs", "inputs.jsonl", "--base-url", "http://127.0.0.1:9/v1"),
        ("runs", "."),
        ("report", "run"),
        ("diff", "run"),
    ]
    for command in commands:
        plain, asked = maspo(*command), maspo(*command, "--json")
        assert plain.code == asked.code == 0, command
        assert len(asked.out.splitlines()) == 1 and asked.json, command
        if plain.out:
            assert plain.out.splitlines()[0] in asked.err, command
    assert maspo("runs", ".").out.startswith("run")  # and without it people read stdout again


def test_help_names_what_to_type_and_no_types_of_python(maspo: Run) -> None:
    for command in (name for names in SECTIONS.values() for name in names):
        said = maspo(command, "--help").out
        assert not re.search(r"<(?:int|str|path|list|Path|float)\b|\[\[", said), command
    assert re.search(r"\n  DIR +Run folders", maspo("ui", "--help").out)
