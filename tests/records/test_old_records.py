"""Records of commit 84bce21 and of earlier ones open, render and go on as they did there (``README.md`` beside this).

Only the command line and the files that users see are used, so that these tests outlive whatever is rebuilt inside.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from tests.records.endpoint import Proxy, environment, served_world
from tests.records.essence import essence, missing

HERE = Path(__file__).parent
ARCHIVE = HERE / "84bce21.tar.xz"
STORED = HERE.parent / "store" / "runs"
EXPECTED: Mapping[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
RESULTS = {"run": "result.json", "evaluation": "evaluation.json", "judge check": "judge_check.json"}
PAGES = {"run": "report.html", "evaluation": "evaluation.html", "judge check": "judge.html"}
REFUSED = (1, 2)
"""Exit codes of the reference for what it could not go on with; it said why."""
# Without a result of its own, a record goes on to what its folder holds already: it was finished.
GOING_ON = [name for name, case in EXPECTED.items() if case["code"] not in REFUSED]
UNFINISHED = [name for name in GOING_ON if EXPECTED[name]["result"] is not None]
FINISHED = [name for name in GOING_ON if EXPECTED[name]["result"] is None]


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """What the last line holds, as ``--json`` promises it."""
        return json.loads(self.out.splitlines()[-1])


def maspo(*arguments: str) -> Said:
    done = CliRunner().invoke(app, list(arguments))
    return Said(done.exit_code, done.stdout, done.stderr)


def agreed(*arguments: str) -> Said:
    """Run a command; where a record that was not written here must be agreed to, do that, as it says."""
    said = maspo(*arguments)
    if asked := re.search(r"Allow exactly this with (--trust) (\w+)", said.err):
        return maspo(*arguments, *asked.groups())
    return said


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All records, unpacked; only to be copied from or looked at."""
    folder = tmp_path_factory.mktemp("records")
    with tarfile.open(ARCHIVE) as archive:
        # Python before 3.11.4 knows no filters, and takes no word of one.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    # The races stored there are of the commit that the archive holds many of; format 3 is not of an earlier version.
    shutil.copytree(STORED, folder / "stored", ignore=shutil.ignore_patterns("README.md", "race*", "format3"))
    return folder


@pytest.fixture(scope="session")
def worlds() -> Iterator[Mapping[tuple[str, ...], str]]:
    """Worlds by their options, each served once it is asked for."""
    with ExitStack() as stack:

        class Served(dict[tuple[str, ...], str]):
            def __missing__(self, options: tuple[str, ...]) -> str:
                self[options] = stack.enter_context(served_world(*options))
                return self[options]

        yield Served()


@pytest.fixture
def folder(records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what the records were made from; the environment leads nowhere."""
    for file in records.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    use(monkeypatch, "http://127.0.0.1:9")
    return tmp_path


def use(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Send whatever maspo asks for to a proxy."""
    wanted = environment(proxy)
    for name in os.environ.keys() - wanted.keys():
        monkeypatch.delenv(name)
    for name in ("http_proxy", "OPENAI_API_KEY", "NO_COLOR"):
        monkeypatch.setenv(name, wanted[name])


def copied(name: str, records: Path) -> Path:
    """Copy a record into the working folder; return where it is, as the expected commands name it."""
    shutil.copytree(records / name, name)
    return Path(name)


def kept(case: Mapping[str, Any], record: Path) -> Any:
    """Return what the commit that made a record wrote as its result; None when it did not come to that."""
    file = record / RESULTS[case["kind"]]
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def text(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


# ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_o01_every_record_has_its_expectation(records: Path) -> None:
    found = {
        file.parent.relative_to(records).as_posix()
        for name in ("run", "evaluation", "judge")
        for file in records.rglob(f"{name}.db")
    }
    assert found == EXPECTED.keys()
    assert len(UNFINISHED) > 20
    assert len(FINISHED) > 20


def test_o02_records_name_no_folder_of_a_machine(records: Path) -> None:
    for file in records.rglob("*"):
        if file.is_file():
            content = file.read_bytes().replace(b"/home/user/demo/", b"")
            assert not [place for place in (b"/home/", b"/root/", b"/tmp/") if place in content], file


def test_o03_runs_lists_every_record(records: Path, folder: Path) -> None:
    said = maspo("runs", str(shutil.copytree(records, folder / "all")), "--json")
    assert said.code == 0, said
    assert "note:" not in said.err and "cannot be read" not in said.err
    listed = {
        kind: {Path(one["dir"]).relative_to(folder / "all").as_posix(): one for one in said.told[name]}
        for kind, name in (("run", "runs"), ("evaluation", "evaluations"), ("judge check", "judge_checks"))
    }
    assert {name: kind for kind, found in listed.items() for name in found} == {
        name: case["kind"] for name, case in EXPECTED.items()
    }
    for name, case in EXPECTED.items():
        now = listed[case["kind"]][name]
        assert name.rsplit("/", 1)[-1] in said.out
        # What was still running when it was recorded was killed: nobody works on it now.
        assert now.get("state") == {"running": "stopped"}.get(case["state"], case["state"]), name
        before = essence(case["report"] or kept(case, folder / "all" / name))
        if "error" not in before:
            assert not missing(before, now), name


# ── rendering ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", EXPECTED)
def test_o04_report_tells_what_the_record_told(name: str, records: Path, folder: Path) -> None:
    case, record = EXPECTED[name], copied(name, records)
    before = case["report"] or kept(case, record)
    page = record / PAGES[case["kind"]]
    if case["report_code"] == 0:
        page.unlink(missing_ok=True)
    said = maspo("report", name, "--json")
    assert said.code == case["report_code"], said
    if said.code == 0:
        assert not missing(essence(before), said.told)
        assert not missing(essence(before), text(record / RESULTS[case["kind"]]))
        shown = unescape(page.read_text(encoding="utf-8"))
        assert "<html" in shown
        told = [line for line in said.err.splitlines() if not line.startswith("note:")]
        assert told[0] and told[0] in shown
        assert not [agent for agent in said.told.get("agents", ()) if agent not in shown]


@pytest.mark.parametrize("name", [name for name, case in EXPECTED.items() if case["kind"] == "run"])
def test_o05_diff_shows_the_prompts_that_were_shipped(name: str, records: Path, folder: Path) -> None:
    record, done = copied(name, records), EXPECTED[name]["state"] == "finished"
    seed = text(record / "seed_prompts.json")
    said = maspo("diff", name, *([] if done else ["seed", "winners"]), "--json")
    assert said.code == 0, said
    changed = said.told["changed"]
    assert {agent: one["before"] for agent, one in changed.items()} == {agent: seed[agent] for agent in changed}
    if done:
        assert {**seed, **{agent: one["after"] for agent, one in changed.items()}} == text(record / "prompts.json")


# ── going on ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", UNFINISHED)
def test_o06_what_was_not_finished_goes_on_to_the_same_end_and_repeats_no_recorded_call(
    name: str,
    records: Path,
    folder: Path,
    worlds: Mapping[tuple[str, ...], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, record = EXPECTED[name], copied(name, records)
    with Proxy(worlds[tuple(case["world"])]).listening() as proxy:
        use(monkeypatch, proxy.url)
        said = agreed(*case["go_on"])
    assert said.code == case["code"], said
    assert set(proxy.asked).isdisjoint(case["recorded"])
    assert len(proxy.asked) == case["asked"]
    assert not missing(case["result"], said.told)
    assert not missing(case["result"], text(record / RESULTS[case["kind"]]))
    if case["prompts"] is not None:
        assert text(record / "prompts.json") == case["prompts"]
    assert "<html" in (record / PAGES[case["kind"]]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FINISHED)
def test_o07_what_was_finished_stays_as_it_is_and_nothing_is_paid(
    name: str,
    records: Path,
    folder: Path,
    worlds: Mapping[tuple[str, ...], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, record = EXPECTED[name], copied(name, records)
    before = kept(case, record)
    with Proxy(worlds[tuple(case["world"])]).listening() as proxy:
        use(monkeypatch, proxy.url)
        said = agreed(*case["go_on"])
    assert said.code == case["code"], said
    assert proxy.asked == []
    assert not missing(essence(before), said.told)
    assert not missing(essence(before), text(record / RESULTS[case["kind"]]))
    if case["prompts"] is not None:
        assert text(record / "prompts.json") == case["prompts"]


@pytest.mark.parametrize("name", [name for name, case in EXPECTED.items() if case["code"] in REFUSED])
def test_o08_what_the_reference_could_not_go_on_with_goes_on_or_is_refused_in_words(
    name: str, records: Path, folder: Path
) -> None:
    case = EXPECTED[name]
    copied(name, records)
    said = agreed(*case["go_on"])
    if said.code != 0:
        assert said.code == case["code"], said
        assert "version of maspo" in said.err or "give another folder" in said.err
        assert "unexpected" not in said.err
