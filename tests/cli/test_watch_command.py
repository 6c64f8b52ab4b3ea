"""``maspo watch``: a stranger's first minutes with it, and what scripts hold on to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import maspo
from maspo.cli.metrics import VARIABLE, Metrics
from maspo.online.plan import Plan
from maspo.online.received import RECEIVED
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import sheet, sheet_in
from maspo.team.load import dump_system
from maspo.testing.drifting import DriftingWorld
from maspo.world import World
from tests.cli.test_commands import world_server
from tests.online.test_received import of_service, request

if TYPE_CHECKING:
    from maspo.study.job import Progress
    from tests.cli.conftest import Run

SMALL = ("--window", "10", "--compared", "3", "--once")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


@pytest.fixture
def asked(folder: Path) -> Path:
    world = DriftingWorld(0)
    (folder / "team.yaml").write_text(dump_system(world.world.system("reflect")))
    file = folder / "asked.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in islice(world.inputs(100), 20)))
    return file


def test_t01_what_is_there_is_looked_at_and_more_when_it_is_there(maspo: Run, url: str, asked: Path) -> None:
    given = ("watch", "team.yaml", "--inputs", "asked.jsonl", "--base-url", url, *SMALL, "--month-calls", "9000")
    said = maspo(*given)
    assert said.code == 0, said
    assert re.search(r"9,000 calls, which pay a search and at least [1-9]\d+ windows", said.err), said
    assert said.out.startswith("Simulated world: no language model was asked.\n")
    assert "seen       2 windows of 10 inputs" in said.out and "of 9,000 calls" in said.out
    assert json.loads(Path("maspo-watch/prompts.json").read_text()).keys() == {"solver", "critic"}
    with asked.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in islice(DriftingWorld(0).inputs(300), 10)))
    said = maspo(*given, "--json")
    assert said.code == 0 and said.json["windows"] == 3 and said.json["state"] == "learning"
    states = [json.loads(line)["windows"] for line in said.out.splitlines()]
    assert states == [2, 3, 3], "a line at every step, the last one is where it stands"
    page = sheet_in(Path("maspo-watch/watch.html"))
    assert page.simulated and said.json["simulated"] is True
    windows = next(part for part in page.parts if part.title == "Windows").tables[0].rows
    assert page.headline.startswith("After 3 windows of 10 inputs") and [row[0] for row in windows] == ["3", "2", "1"]
    shown = maspo("watch", "--show")
    assert shown.code == 0 and "seen       3 windows" in shown.out
    assert maspo("watch", "--show", "--json").json == said.json


def test_t11_traces_are_received_where_the_address_says_and_kept_ones_are_looked_at(
    maspo: Run, url: str, asked: Path, unused_tcp_port: int
) -> None:
    texts = [json.loads(line)["input"] for line in asked.read_text().splitlines()]
    kept = [json.dumps(request(*of_service(number, text))) for number, text in enumerate(texts, 1)]
    Path("maspo-watch").mkdir()
    (Path("maspo-watch") / RECEIVED).write_text("".join(f"{line}\n" for line in kept))
    address = f"otlp://127.0.0.1:{unused_tcp_port}"
    said = maspo("watch", "team.yaml", "--inputs", address, "--base-url", url, *SMALL, "--month-calls", "9000")
    assert said.code == 0, said
    assert f"Traces are received at http://127.0.0.1:{unused_tcp_port}/v1/traces" in said.err
    assert "seen       2 windows of 10 inputs" in said.out
    said = maspo("watch", "team.yaml", "--inputs", "otlp://0.0.0.0", "--base-url", url, "--state", "other")
    assert said.code == 2 and "only this machine is listened to" in said.err
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ((), "give SYSTEM and --inputs"),
        (("--show",), "holds no watch"),
        (("team.yaml", "--inputs", "nowhere.jsonl", "--base-url", "http://127.0.0.1:9/v1"), "no such file or folder"),
        (("team.yaml", "--inputs", "asked.jsonl", "--window", "0"), "watch: window is 0"),
        (("team.yaml", "--inputs", "asked.jsonl", "--prompts", "none.json"), "no such file"),
        (
            ("team.yaml", "--inputs", "asked.jsonl", "--month-calls", "50", "--base-url", "http://127.0.0.1:9/v1"),
            "does not pay a single search",
        ),
    ],
)
def test_t02_what_cannot_be_done_is_said_in_words(maspo: Run, asked: Path, given: tuple[str, ...], why: str) -> None:
    said = maspo("watch", *given)
    assert said.code == 2 and why in said.err, said
    assert "which pay a search" not in said.err, "nor is the opposite said before"
    assert asked.is_file()


def test_t04_what_waits_for_a_full_window_and_what_is_no_input_is_said(maspo: Run, url: str, asked: Path) -> None:
    with asked.open("a") as file:
        file.write("no JSON\n" + json.dumps({"input": "What is 7 times 8?"}) + "\n")
    said = maspo("watch", "team.yaml", "--inputs", "asked.jsonl", "--base-url", url, *SMALL)
    assert said.code == 0 and "left out: 1 of 22" in said.err, said
    assert "1 of the 10 inputs of the next window" in said.err


def test_t12_what_it_does_is_told_a_line_each_and_nothing_again_by_a_watch_that_goes_on(
    maspo: Run, url: str, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("watch", "team.yaml", "--inputs", "asked.jsonl", "--base-url", url, *SMALL, "--month-calls", "9000")
    lines = maspo(*given).err.splitlines()
    assert "waiting for 10 inputs of window 1" in lines
    closed = [line for line in lines if re.match(r"window \d+: learning; [\d,]+ of 9,000 calls in 20\d\d-\d\d; ", line)]
    assert [line.split(":")[0] for line in closed] == ["window 1", "window 2"]
    with asked.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in islice(DriftingWorld(0).inputs(300), 10)))
    again = maspo(*given).err.splitlines()
    assert "goes on after 2 windows: learning" in again
    assert [line.split(":")[0] for line in again if line.startswith("window")] == ["window 3"]
    assert not any(
        line.startswith(("window", "waiting", "goes on")) for line in maspo(*given, "--json").err.splitlines()
    )
    monkeypatch.setenv("MASPO_PROGRESS", "none")
    assert "goes on" not in maspo(*given).err


def test_t03_in_python_a_function_brings_inputs(url: str, folder: Path) -> None:
    system, stream, left = World().system("reflect"), DriftingWorld(0).inputs(100), [2]

    def source() -> list[dict[str, object]] | None:
        left[0] -= 1
        return None if left[0] < 0 else [dict(row) for row in islice(stream, 10)]

    seen: list[str] = []
    now = maspo.watch(
        system,
        source,
        state=folder / "state",
        plan=Plan(window=10, compared=3),
        screen=lambda standing: seen.append(standing.state),
        base_url=url,
        agent_model="m",
    )
    assert now.windows == 2 and now.shipped == system.prompts and set(seen) == {"learning"}


def test_t05_the_variable_and_the_option_serve_figures_while_it_works(
    maspo: Run, url: str, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Progress] = []
    monkeypatch.setattr(Metrics, "on_progress", lambda _, progress: told.append(progress))
    monkeypatch.setenv(VARIABLE, "0")
    given = ("watch", "team.yaml", "--inputs", "asked.jsonl", "--base-url", url, *SMALL)
    said = maspo(*given, "--json")
    assert said.code == 0 and "Metrics: http://127.0.0.1:" in said.err, said
    assert told[-1].calls == said.json["calls"] and told[-1].in_flight == 0
    monkeypatch.delenv(VARIABLE)
    assert "Metrics:" not in maspo(*given).err
    monkeypatch.setenv(VARIABLE, "")
    assert "Metrics: http://127.0.0.1:" in maspo(*given, "--metrics", "0").err


def test_t06_a_long_outcome_is_cut_at_its_end_in_the_list_of_runs(maspo: Run, folder: Path) -> None:
    (folder / "state").mkdir()
    headline = "After many windows " + "all is as usual " * 8
    page = sheet("watch", "a: watch", line="", label="Watch", headline=headline, simulated=False)
    (folder / "state" / "watch.html").write_text(sheet_html(page))
    (row,) = (line for line in maspo("runs", ".").out.splitlines() if line.startswith("state"))
    assert f"{headline[:89].rstrip()}…" in row and "characters left out" not in row
