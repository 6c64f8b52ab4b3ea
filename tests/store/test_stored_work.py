"""Work of every kind with its record in a store: as in a file, killed and gone on with, brought elsewhere, listed."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.cli.stores import reach
from maspo.config import ModelSettings, RunConfig
from maspo.core.errors import ConfigInvalid, MaspoError, StoreError, UsageError
from maspo.events.base import reader
from maspo.models.base import ModelClient, Reply, Request
from maspo.models.leases import Cap
from maspo.optimizers.structure.base import StructurePlan
from maspo.report.document.sheet import sheet_in
from maspo.report.folder import find_files
from maspo.report.kept import keep, write_kept
from maspo.store import RunStore
from maspo.store.address import StoreAddress, pointer_in
from maspo.store.budgets import set_cap, state_of
from maspo.store.postgres import guarded, runs_in
from maspo.store.records import IN_FOLDER, Keeping, find, records_in, works_in
from maspo.study.alternation.alternate import alternate
from maspo.study.attention import Attention
from maspo.study.comparison import compare as comparing
from maspo.study.comparison.compare import SideBySide as Looking
from maspo.study.comparison.compare import compare, settled
from maspo.study.evaluation.evaluate import evaluate
from maspo.study.evaluation.judge_check import judge_check
from maspo.study.evaluation.structure import search_structure
from maspo.study.job import Job
from maspo.study.record import open_for_reading
from maspo.study.stores import copy_run
from maspo.study.stress import stress
from maspo.testing.runs import Recorder
from maspo.world import World, WorldSpec
from tests import postgres
from tests.cli.test_commands import world_server
from tests.lengths import length
from tests.study.test_alternation import asked as turns
from tests.study.test_comparison import asked as compared
from tests.study.test_comparison import figures
from tests.study.test_evaluation import world_evaluation
from tests.study.test_structure_search import evaluation_of


@pytest.fixture
def address() -> StoreAddress:
    return postgres.shared().database()


IN_FLIGHT = 8
FEW = ModelSettings(agent="simulated", concurrency=IN_FLIGHT)
FEW_AT_ONCE = RunConfig(models=FEW)
PROBES = 3
"""Small questions of each process: to the models of two agents and the judge's."""


class Dying:
    """A client that notes each request, and ends its process before one of them, as ``kill -9`` does."""

    def __init__(self, inner: ModelClient, log: Path, left: int) -> None:
        self._inner, self._left = inner, left
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def complete(self, request: Request) -> Reply:
        self._left -= 1
        if not self._left:
            os._exit(9)
        os.write(self._log, f"{request.key}\n".encode())
        return await self._inner.complete(request)

    @asynccontextmanager
    async def provider(self, _job: Job, _run: str) -> AsyncIterator[ModelClient]:
        yield self


def _evaluated(out: Path, model: Dying, keeping: Keeping) -> object:
    found = asyncio.run(
        evaluate(world_evaluation(config=FEW_AT_ONCE), out, Attention(Recorder(), model.provider, keeping=keeping))
    )
    return found.rows, found.difference, found.shares


def _checked(out: Path, model: Dying, keeping: Keeping) -> object:
    attention = Attention(Recorder(), model.provider, keeping=keeping)
    found = asyncio.run(judge_check(world_evaluation(config=FEW_AT_ONCE), 8, out, attention))
    return found.pairs, found.readings


def _stressed(out: Path, model: Dying, keeping: Keeping) -> object:
    attention = Attention(Recorder(), model.provider, keeping=keeping)
    found = asyncio.run(stress(world_evaluation(config=FEW_AT_ONCE, before=None), out, attention, shares=False))
    return found.cells, found.clean


def _structured(out: Path, model: Dying, keeping: Keeping) -> object:
    attention = Attention(Recorder(), model.provider, keeping=keeping)
    evaluation = replace(evaluation_of("diamond", 20), config=FEW_AT_ONCE)
    found = asyncio.run(search_structure(evaluation, "greedy", StructurePlan(), out, attention))
    return found.changes, found.holdout


def _compared(out: Path, model: Dying, keeping: Keeping) -> object:
    attention = Looking(Recorder(), model.provider, keeping=keeping)
    given = compared("default", "spo")
    methods = tuple(replace(one, config=one.config.model_copy(update={"models": FEW})) for one in given.methods)
    given = replace(given, config=given.config.model_copy(update={"models": FEW}), methods=methods)
    found = asyncio.run(compare(settled(given, out), out, attention))
    return found.table, [(end.run.name, end.finished.winners) for end in found.runs]


def _alternated(out: Path, model: Dying, keeping: Keeping) -> object:
    attention = Attention(Recorder(), model.provider, keeping=keeping)
    found = asyncio.run(alternate(turns("reflect", 20, 500), out, attention))
    # What was in flight at a kill is charged, and the next turn has so much less.
    return [end.turn for end in found.turns], found.ships in found.results or found.ships == "given"


WORK: dict[str, Callable[[Path, Dying, Keeping], object]] = {
    "evaluation": _evaluated,
    "judge": _checked,
    "stress": _stressed,
    "structure": _structured,
    "comparison": _compared,
    "joint": _alternated,
}


def _in_a_process(work: Callable[[], object]) -> int:
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("kind", WORK)
def test_w01_work_in_a_store_finds_the_same_and_pays_no_recorded_call_twice_when_it_is_killed(
    kind: str, tmp_path: Path, address: StoreAddress
) -> None:
    work, log, plain, name = WORK[kind], tmp_path / "log", tmp_path / "plain", "work"
    world = World()
    expected = work(tmp_path / "in-folder", Dying(world, plain, 0), IN_FOLDER)
    calls = Counter(plain.read_text().splitlines())
    chance, kills = Random(kind), length(3, 20)
    store = Keeping(address)

    def one(left: int) -> Callable[[], object]:
        return lambda: work(tmp_path / name, Dying(world, log, left), store)

    ends = [_in_a_process(one(chance.randint(2, calls.total() // kills))) for _ in range(kills)]
    assert set(ends) <= {0, 9} and 9 in ends
    assert work(tmp_path / name, Dying(world, log, 0), store) == expected
    asked = Counter(log.read_text().splitlines())
    # What was in flight when a process died, and the small question of each process, are asked again.
    if kind != "joint":
        again = (asked - calls).total()
        assert again <= kills * (IN_FLIGHT + PROBES), f"{again} calls were asked again"
    for record, _ in records_in(tmp_path / name):
        assert pointer_in(record) is not None, f"{record} lies in the folder"
    before = asked.total()
    assert work(tmp_path / name, Dying(world, log, 0), store) == expected
    again = Counter(log.read_text().splitlines()).total() - before
    assert again == 0, f"{again} calls of work that had ended"


async def test_w02_parts_lie_where_the_whole_does_under_its_name_and_are_brought_and_copied_with_it(
    tmp_path: Path, address: StoreAddress
) -> None:
    asked = settled(compared("default", "spo"), tmp_path / "cmp")
    looking = Looking(Recorder(), Dying(World(), tmp_path / "log", 0).provider, keeping=Keeping(address))
    await compare(asked, tmp_path / "cmp", looking)
    (work,) = works_in(address)
    names = sorted((run.name, run.file) for run in work.records)
    assert names == [("cmp", "comparison.db"), ("cmp/runs/default-0", "run.db"), ("cmp/runs/spo-0", "run.db")]
    assert not reach(tmp_path / "elsewhere" / "cmp", address.shown)
    found = [path.relative_to(tmp_path / "elsewhere") for path, _ in records_in(tmp_path / "elsewhere" / "cmp")]
    assert sorted(map(str, found)) == [f"{name}/{file}" for name, file in names]
    await copy_run(tmp_path / "elsewhere" / "cmp", tmp_path / "file")
    assert [pointer_in(path) for path, _ in records_in(tmp_path / "file")] == [None] * 3
    await copy_run(tmp_path / "file", tmp_path / "again", address)
    assert sorted((run.name, run.file) for run in find(address, "again").records) == [
        (name.replace("cmp", "again"), file) for name, file in names
    ]
    with pytest.raises(UsageError, match="no run 'runs'"):
        find(address, "runs")


async def test_w03_two_of_one_name_are_told_apart_and_a_run_and_its_evaluation_are_one(
    tmp_path: Path, address: StoreAddress
) -> None:
    for place, file in (("a", "run.db"), ("a", "evaluation.db"), ("b", "run.db")):
        (tmp_path / place / "same").mkdir(parents=True, exist_ok=True)
        async with RunStore.create(tmp_path / place / "same" / file, address) as store:
            await store.append([], {"run": place})
    works = works_in(address)
    assert len(works) == 2 and all(work.name.startswith("same~") for work in works)
    assert sorted(len(work.records) for work in works) == [1, 2]
    with pytest.raises(UsageError, match="several runs"):
        find(address, "same")
    assert find(address, works[0].name) == works[0]


async def test_w04_names_that_others_wrote_into_a_store_lead_nowhere_else(
    tmp_path: Path, address: StoreAddress
) -> None:
    (tmp_path / "cmp").mkdir()
    (tmp_path / "cmp" / "x").mkdir()
    async with RunStore.create(tmp_path / "cmp" / "comparison.db", address) as whole:
        await whole.append([], {"run": "1"})
        async with RunStore.create(tmp_path / "cmp" / "x" / "run.db", address, whole.path) as part:
            await part.append([], {"run": "2"})
    with guarded(address) as server:
        server.execute("UPDATE maspo.runs SET name = 'cmp/../../../etc' WHERE file = 'run.db'")
    find(address, "cmp").place(address, tmp_path / "there")
    assert all(path.is_relative_to(tmp_path / "there") for path, _ in records_in(tmp_path / "there"))
    assert not list(tmp_path.parent.glob("etc*"))
    with guarded(address) as server:
        server.execute("UPDATE maspo.runs SET file = '../../run.db' WHERE file = 'run.db'")
    with pytest.raises(StoreError, match="no maspo does"):
        find(address, "cmp").place(address, tmp_path / "other")


@pytest.mark.parametrize("name", ["../up.json", "maspo.toml", "run.db", "other.html", "a/b.json"])
async def test_w05_no_other_file_is_written_than_maspo_keeps(name: str, tmp_path: Path, address: StoreAddress) -> None:
    async with RunStore.create(tmp_path / "stress.db", address) as store:
        await store.append([], {"files": json.dumps({name: "{}"})})
    with pytest.raises(StoreError, match="no maspo kept"):
        write_kept(tmp_path / "stress.db")


async def test_w06_a_page_from_a_store_is_drawn_anew(tmp_path: Path, address: StoreAddress) -> None:
    async with RunStore.create(tmp_path / "stress.db", address) as store:
        await store.append([], {"files": json.dumps({"stress.html": "<script>alert(1)</script>"})})
    with pytest.raises(StoreError, match="cannot be read"):
        write_kept(tmp_path / "stress.db")
    async with RunStore.create(tmp_path / "run.db") as store:
        await store.append([], {"run": "1"})
    await keep(tmp_path / "run.db", ["gone.json"])  # in a folder nothing is kept twice
    with open_for_reading(tmp_path / "run.db") as kept:
        assert "files" not in kept.meta()


async def test_w07_all_work_spends_from_a_budget_and_goes_on_with_it(tmp_path: Path, address: StoreAddress) -> None:
    set_cap(address, "team", Cap(None, 40))
    model = Dying(World(), tmp_path / "log", 0)
    kept = Keeping(address, "team")
    found = await evaluate(world_evaluation(), tmp_path / "one", Attention(Recorder(), model.provider, keeping=kept))
    assert found.left_out
    assert state_of(address, "team").charged.calls <= 40
    with pytest.raises(UsageError, match="spends from the budget 'team'"):
        await evaluate(
            world_evaluation(),
            tmp_path / "one",
            Attention(Recorder(), model.provider, keeping=Keeping(address, "other")),
        )
    with pytest.raises(ConfigInvalid, match="budgets lie in a store"):
        await evaluate(
            world_evaluation(), tmp_path / "two", Attention(Recorder(), model.provider, keeping=Keeping(None, "team"))
        )


@pytest.mark.slow
def test_w09_a_run_on_a_machine_that_shares_no_folder_is_found_in_the_store(
    tmp_path: Path, address: StoreAddress
) -> None:
    given = replace(compared("default", "spo"), world=WorldSpec(seed=1))
    whole = asyncio.run(compare(settled(given, tmp_path / "in"), tmp_path / "in", Looking(Recorder())))
    out, elsewhere = tmp_path / "cmp", tmp_path / "nowhere" / "cmp"
    keeping = Keeping(address)

    class Far:
        """Workers that see no folder of their caller's."""

        def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
            told: Future[Any] = Future()
            with ThreadPoolExecutor(1) as thread:
                told.set_result(thread.submit(work, *given[:-1], replace(given[-1], out=elsewhere)).result())
            return told

        def stop(self) -> None: ...

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "open_workers", lambda *_: nullcontext(Far()))
        looking = Looking(Recorder(), keeping=keeping, executor="ray")
        found = asyncio.run(compare(settled(given, out), out, looking))
        assert figures(found) == figures(whole)
        assert not elsewhere.exists()
        assert json.loads((out / "runs" / "spo-0" / "prompts.json").read_text())
        with pytest.raises(MaspoError, match="give --store"):
            asyncio.run(compare(settled(given, tmp_path / "no"), tmp_path / "no", replace(looking, keeping=IN_FOLDER)))


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────

SYSTEM = "name: team\nagents:\n  solver: {prompt: Solve it.}\n  critic: {prompt: Check it., reads: [solver]}\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


def maspo(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code in (0, 4), done.output
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_w08_commands_keep_their_records_in_a_store_and_others_list_and_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: StoreAddress, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("team.yaml").write_text(SYSTEM)
    Path("rows.jsonl").write_text("\n".join(json.dumps(dict(row)) for row in World().inputs(20)))
    store = ("--store", address.shown)
    shared = ("team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--agent-model", "m", "--yes", *store)
    maspo("evaluate", *shared, "--out", "an-evaluation")
    maspo("judge-check", *shared, "--pairs", "4", "--out", "a-check")
    maspo("stress", *shared, "--out", "a-stress", "--rows", "6")
    maspo("structure", *shared, "--out", "a-structure")
    maspo("compare", *shared, "--methods", "default,spo", "--max-calls", "344", "--jobs", "2", "--out", "a-comparison")
    listed = maspo("runs", *store)
    assert {one["dir"] for one in listed["evaluations"]} == {"an-evaluation"}
    assert {one["dir"] for one in listed["judge_checks"]} == {"a-check"}
    assert {one["dir"] for one in listed["others"]} == {"a-stress", "a-structure", "a-comparison"}
    (whole,) = (one for one in listed["others"] if one["dir"] == "a-comparison")
    assert whole["parts"] == ["runs/default-0", "runs/spo-0"] and not listed["runs"]
    assert {run.file for run in runs_in(address)} == {
        *("evaluation.db", "judge.db", "stress.db", "structure.db", "comparison.db", "run.db", "piece.db")
    }
    pages = {
        "an-evaluation": "evaluation.html",
        "a-stress": "stress.html",
        "a-structure": "structure.html",
        "a-comparison": "comparison.html",
        "a-check": "judge.html",
    }
    for name, page in pages.items():
        maspo("report", f"elsewhere/{name}", *store)
        assert sheet_in(Path("elsewhere", name, page)) == sheet_in(Path(name, page))
    assert reader(dict[str, Any]).validate_json(Path("elsewhere/a-check/judge_check.json").read_bytes())
    maspo("store", "copy", f"{address.shown}#a-comparison", "copied")
    assert len(list(find_files(Path("copied"), frozenset({"run.db", "comparison.db", "comparison.html"})))) == 4
    for number in range(2):  # the second time its name alone would not be enough
        told = maspo("store", "copy", "copied", address.shown)
        maspo("store", "copy", told["to"], f"copied-again-{number}")
    assert maspo("resume", "elsewhere/an-evaluation", *store)["exit_code"] == 0


@pytest.mark.slow
def test_w12_a_watch_with_its_record_in_a_store_sees_what_one_in_a_file_sees_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: StoreAddress, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("team.yaml").write_text(SYSTEM)
    rows = [json.dumps(dict(row)) for row in World().inputs(30)]
    small = ("--window", "10", "--compared", "3", "--once", "--month-calls", "9000")
    given = ("watch", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--agent-model", "m", *small)
    found: dict[str, list[dict[str, Any]]] = {"plain": [], "stored": []}
    for until in (20, 30):
        Path("rows.jsonl").write_text("".join(f"{row}\n" for row in rows[:until]))
        found["plain"].append(maspo(*given, "--state", "plain"))
        store = ("--store", address.shown) if until == 20 else ()  # the folder says where it lies
        found["stored"].append(maspo(*given, "--state", "stored", *store))
    assert [each["windows"] for each in found["stored"]] == [2, 3]
    lasting = ("state", "windows", "calls")
    assert [[each[key] for key in lasting] for each in found["stored"]] == [
        [each[key] for key in lasting] for each in found["plain"]
    ]
    assert pointer_in(Path("stored/watch.db")) is not None
    assert "watch.db" in {run.file for run in runs_in(address)}
    assert "stored" in json.dumps(maspo("runs", "--store", address.shown))
