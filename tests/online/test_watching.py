"""A watch on the simulated world: what it takes, finds and records; killed and gone on with, it ends the same."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from maspo.arena.clock import run_virtually
from maspo.config import Caps, RunConfig
from maspo.core.errors import ConfigInvalid, InputsInvalid, Interrupted, RunChanged, UsageError
from maspo.data.inputs import Inputs
from maspo.events import Event, RunFinished, RunStarted
from maspo.models.base import ModelClient, Reply, Request
from maspo.online.control import MEANS, Standing
from maspo.online.plan import BEFORE, Plan
from maspo.online.record import WatchBegan, WindowSeen
from maspo.online.screen import as_data, screen
from maspo.online.sources import Called, Source, files_at
from maspo.online.watching import (
    DATABASE,
    SEARCHES,
    Surroundings,
    Watch,
    _plan_differences,
    as_begun,
    plan_of,
    standing,
    watch,
)
from maspo.store.codec import Entry, encode
from maspo.store.run_store import RunStore
from maspo.store.writer import changes_waiting
from maspo.study.job import Job
from maspo.study.optimize import DATABASE as RUN
from maspo.study.record import JOB, open_for_reading
from maspo.testing.drifting import Drift, DriftingWorld
from maspo.testing.runs import SMALL_RACE, with_config
from maspo.world.catalogue import Kind, of_kind

PLAN = Plan(window=20, compared=10, repeated=5, canary=0.5, search_share=0.3)
KILLS = 20
TRACES = Path(__file__).parents[1] / "data" / "traces"
IN_FLIGHT = 3
Client = Callable[[Request], None]


class Asked:
    """A client that tells of each request before it is answered."""

    def __init__(self, world: DriftingWorld, before: Client = lambda _: None) -> None:
        self.world, self.before = world, before

    async def complete(self, request: Request) -> Reply:
        self.before(request)
        return await self.world.complete(request)


def watched(world: DriftingWorld, plan: Plan = PLAN) -> Watch:
    """Return the watch of a team with prompts that are better than its seed prompts, which they are held against."""
    system = world.world.system("reflect")
    better = [f"- {one.text}" for one in of_kind(Kind.FIX)[::6]]
    agents = tuple(replace(one, prompt="\n".join([one.prompt, *better])) for one in system.agents)
    config = RunConfig.model_validate({"seed": world.seed, "models": {"agent": "simulated", "concurrency": IN_FLIGHT}})
    search = SMALL_RACE.model_copy(update={"stages": (24,), "edits": 4})
    job = Job(replace(system, agents=agents), Inputs(()), config.model_copy(update={"search": search}))
    return Watch(job, system.prompts, plan)


def around(client: ModelClient, **more: object) -> Surroundings:
    @asynccontextmanager
    async def provide(_job: Job, _run: str) -> AsyncIterator[ModelClient]:
        yield client

    return replace(Surroundings(provider=provide), **more)  # type: ignore[arg-type]


def rows(world: DriftingWorld, windows: int, changed_after: int) -> list[Mapping[str, object]]:
    found, stream = list[Mapping[str, object]](), world.inputs(5000)
    for window in range(windows):
        world.changed = window >= changed_after
        found += itertools.islice(stream, PLAN.window)
    return found


def lines(given: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in given)


def live(world: DriftingWorld, windows: int, changed_after: int, state: Path) -> Standing:
    """Return where a watch stands after inputs of so many windows, of which something changes after some."""
    stream, count = world.inputs(5000), itertools.count(1)

    def source() -> list[Mapping[str, object]] | None:
        window = next(count)
        world.changed = window > changed_after
        return None if window > windows else list(itertools.islice(stream, PLAN.window))

    return asyncio.run(watch(watched(world), Called(source), state, around(Asked(world))))


@pytest.mark.parametrize("drift", ["inputs", "model"])
def test_p01_a_change_is_found_and_answered(drift: Drift, tmp_path: Path) -> None:
    world = DriftingWorld(4, drift)
    end = live(world, 16, 8, tmp_path / "state")
    drifted = [told.window for told in end.told if told.state == "drifting"]
    assert drifted and 9 <= drifted[0] <= 14
    assert standing(tmp_path / "state") == end, "and it stands in the record"
    assert plan_of(tmp_path / "state") == PLAN
    assert len(screen(end, PLAN).splitlines()) <= 20
    json.dumps(as_data(end))


def test_p15_another_taste_of_the_judge_is_told_from_pairs_on_which_it_agreed_with_itself(tmp_path: Path) -> None:
    world = DriftingWorld(4, "judge", strength=0.8)
    end = live(world, 20, 8, tmp_path / "state")
    drifted = [told for told in end.told if told.state == "drifting"]
    assert drifted and 9 <= drifted[0].window <= 16 and MEANS["judge"] in drifted[0].what
    with open_for_reading(tmp_path / "state" / DATABASE) as store:
        seen = [entry.item for entry in store.read_since() if isinstance(entry.item, WindowSeen)]
    before = [score for one in seen[1:8] for score in one.scores["judge"]]
    assert len(before) > 40 and sum(before) <= 0.05 * len(before), "at rest it contradicts itself on few of these"


def test_p02_nothing_is_found_where_nothing_changes(tmp_path: Path) -> None:
    world = DriftingWorld(3)
    end = live(world, 14, 99, tmp_path / "state")
    assert end.state == "in control" and [told.state for told in end.told] == ["in control"]


def _killed_after(state: Path, file: Path, seed: int, calls: int, log: Path) -> int:
    """Watch in a process of its own that ends, as by ``kill -9``, before its so-manyth call; return how it ended."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [calls]
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def before(request: Request) -> None:
        left[0] -= 1
        if not left[0]:
            os._exit(9)
        os.write(handle, f"{request.key}\n".encode())

    world = DriftingWorld(seed, "inputs")
    code = 1
    try:
        asyncio.run(watch(watched(world), files_at(file), state, around(Asked(world, before)), once=True))
        code = 0
    finally:
        os._exit(code)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_p03_kill_nine_at_twenty_moments_loses_nothing_and_repeats_no_recorded_call(tmp_path: Path) -> None:
    world = DriftingWorld(3, "inputs")
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 12, 5)))
    whole = asyncio.run(watch(watched(world), files_at(file), tmp_path / "whole", around(Asked(world)), once=True))
    made = world.calls
    assert any(told.state == "drifting" for told in whole.told) and made > 200
    chance, state, log = Random(7), tmp_path / "state", tmp_path / "log"
    ends = [_killed_after(state, file, 3, chance.randint(2, 2 * made // KILLS), log) for _ in range(KILLS)]
    assert set(ends) <= {0, 9} and ends.count(9) >= KILLS // 2
    before = world.calls
    again = asyncio.run(watch(watched(world), files_at(file), state, around(Asked(world)), once=True))
    assert replace(again, calls=0) == replace(whole, calls=0)
    asked = len(log.read_text().splitlines()) + world.calls - before
    assert asked <= made + IN_FLIGHT * ends.count(9), "only what was in flight at a kill is asked again"
    assert whole.calls <= again.calls <= whole.calls + IN_FLIGHT * ends.count(9), "and it is counted, too"


def test_p04_a_file_is_read_as_it_grows_and_half_lines_wait(tmp_path: Path) -> None:
    file = tmp_path / "inputs.jsonl"
    file.write_text('{"input": "one"}\n"two"\nno json\n{"inp')
    source = files_at(file)
    first = source.take("")
    assert first.rows == ({"input": "one"}, "two") and first.skipped == 1
    assert source.take(first.position).rows == ()
    with file.open("a") as grows:
        grows.write('ut": "three"}\n')
    second = source.take(first.position)
    assert second.rows == ({"input": "three"},)
    file.write_text('{"input": "four"}\n')
    third = source.take(second.position)
    assert third.rows == ({"input": "four"},), "a file that was begun anew is read anew"
    file.write_text('{"input": "five, which is longer"}\n"six"\n')
    fourth = source.take(third.position)
    assert fourth.rows == ({"input": "five, which is longer"}, "six"), "also one that is longer than it was"
    assert source.take(fourth.position).rows == () and source.take('{"inputs.jsonl": 35}').rows == ("six",)


def _said(*texts: str) -> str:
    return "".join(json.dumps({"input": text}) + "\n" for text in texts)


def _all_taken(source: Source, position: str) -> tuple[list[object], str, tuple[str, ...]]:
    """Return the inputs that are there behind a position, as a watch takes them: until nothing more comes."""
    found: list[object] = []
    anew: list[str] = []
    while True:
        taken = source.take(position)
        if not taken.rows and taken.position == position:
            return found, position, tuple(anew)
        found += [row["input"] for row in taken.rows if isinstance(row, dict)]
        anew += taken.begun_anew
        position = taken.position


@pytest.mark.parametrize("how", ["moved", "copied and emptied"])
@pytest.mark.parametrize("name", ["asked.jsonl.1", "asked.jsonl-20261201", "asked-2.jsonl", "asked.1"])
@pytest.mark.parametrize("in_folder", [False, True])
@pytest.mark.parametrize("lines_before", [1, 400])
def test_p13_what_was_written_before_a_file_was_rotated_is_seen_once(
    tmp_path: Path, how: str, name: str, in_folder: bool, lines_before: int
) -> None:
    file, old = tmp_path / "asked.jsonl", tmp_path / name
    first = [f"first {number}" for number in range(lines_before)]
    file.write_text(_said(*first))
    source = files_at(tmp_path if in_folder else file)
    found, position, _ = _all_taken(source, "")
    assert found == first
    with file.open("a") as grows:
        grows.write(_said("unseen", "unseen, too"))
    if how == "moved":
        file.rename(old)
    else:
        old.write_bytes(file.read_bytes())
        file.write_text("")
    assert not (how == "moved" and file.exists())
    rest, position, anew = _all_taken(source, position)
    assert rest == ([] if in_folder and how == "moved" and old.suffix != ".jsonl" else ["unseen", "unseen, too"])
    if how == "moved":
        with old.open("a") as still_open:
            still_open.write(_said("by one who had it open"))
    file.write_text(_said("new"))
    more, position, again = _all_taken(source, position)
    assert sorted(map(str, (*rest, *more))) == sorted(map(str, {*rest, *more})), "nothing twice"
    late = {"by one who had it open"} if how == "moved" else set()
    assert {*rest, *more} == {"unseen", "unseen, too", "new"} | late
    assert not anew and not again
    assert _all_taken(source, position)[0] == []


def test_p15_a_rotation_that_renames_files_of_a_folder_in_a_row_reads_none_twice(tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    file.write_text(_said("first"))
    source = files_at(tmp_path)
    found, position, _ = _all_taken(source, "")
    for turn in range(6):
        with file.open("a") as grows:
            grows.write(_said(f"unseen {turn}"))
        for number in (3, 2, 1):  # the oldest is written over, as by logrotate
            old = tmp_path / f"asked.{number}.jsonl"
            if old.exists():
                old.replace(tmp_path / f"asked.{number + 1}.jsonl")
        file.rename(tmp_path / "asked.1.jsonl")
        file.write_text(_said(f"new {turn}"))
        rows, position, anew = _all_taken(source, position)
        assert sorted(map(str, rows)) == [f"new {turn}", f"unseen {turn}"] and not anew
    assert found == ["first"] and _all_taken(source, position)[0] == []


def test_p14_a_file_that_was_begun_anew_without_a_trace_of_the_old_one_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    file.write_text(_said("one", "two"))
    source = files_at(file)
    _, position, _ = _all_taken(source, "")
    (tmp_path / "asked.jsonl.bak").write_text(_said("another", "file"))
    file.write_text(_said("three"))
    found, position, anew = _all_taken(source, position)
    assert (found, anew) == (["three"], ("asked.jsonl",))
    assert _all_taken(source, position) == ([], position, ())


def test_p05_a_folder_holds_files_that_grow_and_texts(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    source = files_at(folder)
    assert source.take("").rows == ()
    (folder / "a.jsonl").write_text('{"input": "one"}\n')
    (folder / "b.txt").write_text("two\nlines\n")
    (folder / ".c.jsonl").write_text('{"input": "half"}\n')
    (folder / "d.png").write_bytes(b"\0")
    found = source.take("")
    assert found.rows == ({"input": "one"}, "two\nlines\n")
    assert source.take(found.position).rows == ()


def test_p11_what_is_no_file_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").mkdir()
    (tmp_path / "c.jsonl").symlink_to("nowhere")
    (tmp_path / "d.jsonl").write_text('{"input": "one"}\n')
    assert files_at(tmp_path).take("").rows == ({"input": "one"},)


def test_p12_a_file_of_lines_grows_under_any_name(tmp_path: Path) -> None:
    file = tmp_path / "asked.log"
    file.write_text('"one"\n"ha')
    source = files_at(file)
    first = source.take("")
    assert first.rows == ("one",) and not first.skipped
    with file.open("a") as grows:
        grows.write('lf"\n')
    assert source.take(first.position).rows == ("half",)


@pytest.mark.parametrize(
    "position", ["nonsense", "[1]", '{"a": "x"}', '{"a": -1}', '{"a": true}', '{"a": [1]}', '{"a": [1, 2]}']
)
def test_p13_a_position_that_is_none_is_told(position: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text('"one"\n')
    with pytest.raises(InputsInvalid, match="another state folder"):
        files_at(tmp_path / "a").take(position)


def test_p16_traces_of_a_collector_are_inputs_where_they_begin(tmp_path: Path) -> None:
    record = json.loads((TRACES / "otel_genai.jsonl").read_text())
    spans = [span for one in record["resourceSpans"] for scope in one["scopeSpans"] for span in scope["spans"]]
    began = [span for span in spans if not span.get("parentSpanId")]
    file = tmp_path / "traces.jsonl"
    file.write_text(json.dumps(record) + "\n" + json.dumps({"input": "A plain one."}) + "\n")
    found = files_at(file).take("")
    assert len(found.rows) + found.skipped == len(began) + 1 and found.rows[-1] == {"input": "A plain one."}
    asked = [row["input"] for row in found.rows if isinstance(row, dict)]
    assert len(asked) > len(set(asked)), "who asks the same again is counted again, since the mix of inputs is watched"
    assert files_at(file).take(found.position).rows == ()
    later = [span for span in spans if span.get("parentSpanId")]
    file.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": later}]}]}) + "\n")
    assert files_at(file).take("").rows == (), "whose beginning is not there"


def test_p14_once_reads_on_behind_lines_that_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.online.sources._MOST_AT_ONCE", 4096)
    world, said, file = DriftingWorld(3), list[str](), tmp_path / "inputs.jsonl"
    file.write_text(json.dumps("x" * 20_000) + "\n" + lines(rows(world, 1, 9)))
    end = asyncio.run(
        watch(watched(world), files_at(file), tmp_path / "s", around(Asked(world), note=said.append), once=True)
    )
    assert end.windows == 1 and any("is left out" in one for one in said)


def test_p06_inputs_that_cannot_be_used_are_left_out_and_told(tmp_path: Path) -> None:
    world = DriftingWorld(3)
    empty = [{"input": ""}] * 30
    given = [{"other": ""}, {"question": "no prompt\x1b names it"}, *rows(world, 2, 9), *empty]
    file, said = tmp_path / "inputs.jsonl", list[str]()
    file.write_text(lines(given))
    end = asyncio.run(
        watch(watched(world), files_at(file), tmp_path / "s", around(Asked(world), note=said.append), once=True)
    )
    assert end.windows == 2 and len(said) == 2, "however many are left out for one reason, that is told once"
    assert said[0].startswith('an input is left out ({"other": ""}), and 30 more: no text')
    assert r'({"question": "no prompt\u001b names it"}): no column `input`' in said[1]


def test_p07_another_team_is_refused_and_another_budget_is_not(tmp_path: Path) -> None:
    world, state = DriftingWorld(3), tmp_path / "state"
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 2, 9)))

    def go(given: Watch) -> Standing:
        return asyncio.run(watch(given, files_at(file), state, around(Asked(world)), once=True))

    go(watched(world))
    given = watched(world)
    with pytest.raises(RunChanged, match="watches something else"):
        go(replace(given, anchor=given.job.system.prompts))
    with pytest.raises(RunChanged) as told:
        go(watched(world, replace(PLAN, window=25, canary=0.2, calls=5000)))
    assert str(told.value).splitlines()[1:] == ["  window: was 20, is 25", "  canary: was 0.5, is 0.2"]
    with file.open("a") as grows:
        grows.write(lines(itertools.islice(world.inputs(90_000), PLAN.window)))
    assert go(watched(world, replace(PLAN, calls=5000))).windows == 3
    assert plan_of(state).calls == 5000
    with pytest.raises(ConfigInvalid, match="does not pay a single search"):
        go(watched(world, replace(PLAN, calls=50)))
    costs = given.costs
    with pytest.raises(ConfigInvalid, match="and a window, which take up to"):
        go(watched(world, replace(PLAN, calls=costs.search + costs.look - 1)))
    go(watched(world, replace(PLAN, calls=costs.search + costs.look)))


def test_p22_a_watch_goes_on_at_another_port_and_not_at_another_host(tmp_path: Path) -> None:
    world, state = DriftingWorld(3), tmp_path / "state"
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 2, 9)))

    def go(address: str, judges: str) -> Standing:
        given = watched(world)
        models = given.job.config.models
        roles = models.roles.model_copy(update={"judge": models.roles.judge.model_copy(update={"base_url": judges})})
        models = models.model_copy(update={"base_url": address, "roles": roles})
        job = replace(given.job, config=given.job.config.model_copy(update={"models": models}))
        return asyncio.run(watch(replace(given, job=job), files_at(file), state, around(Asked(world)), once=True))

    go("http://127.0.0.1:8080/v1", "http://[::1]:1/v1")
    assert go("http://127.0.0.1:9090/v1", "http://[::1]:2/v1").windows == 2
    for changed in (
        ("http://127.0.0.2:8080/v1", "http://[::1]:1/v1"),
        ("http://127.0.0.1:8080/v1", "http://[::2]:1/v1"),
    ):
        with pytest.raises(RunChanged, match="base_url: was"):
            go(*changed)


def test_p17_a_watch_of_a_version_with_fewer_settings_of_the_search_goes_on(tmp_path: Path) -> None:
    world, state = DriftingWorld(3), tmp_path / "state"
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 2, 9)))

    def go(given: Watch) -> Standing:
        return asyncio.run(watch(given, files_at(file), state, around(Asked(world)), once=True))

    go(watched(world))

    async def as_before() -> None:
        async with RunStore.open(state / DATABASE) as store:
            job = json.loads(store.meta()["job"])
            del job["config"]["search"]["conflict_inputs"]  # came later than the first watches
            await store.append([], {"job": json.dumps(job)})

    asyncio.run(as_before())
    assert go(watched(world)).windows == 2
    given = watched(world)
    asked = given.job.config.search.model_copy(update={"conflict_inputs": 7})
    config = given.job.config.model_copy(update={"search": asked})
    with pytest.raises(RunChanged, match="conflict_inputs: was 0, is 7"):
        go(replace(given, job=replace(given.job, config=config)))


def test_p18_a_watch_of_a_version_without_such_choices_does_as_it_did_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, state, usual = DriftingWorld(3), tmp_path / "state", replace(PLAN, search_share=Plan().search_share)
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 2, 9)))

    def go(plan: Plan) -> Standing:
        return asyncio.run(watch(watched(world, plan), files_at(file), state, around(Asked(world)), once=True))

    def encoded_before(happened: Event) -> Entry:
        found = encode(happened)
        if not isinstance(happened, WatchBegan):
            return found
        body = json.loads(found.body)
        body["plan"] = {name: value for name, value in body["plan"].items() if name not in BEFORE}
        return replace(found, body=json.dumps(body))

    monkeypatch.setattr("maspo.online.watching.encode", encoded_before)
    go(usual)
    monkeypatch.undo()
    assert plan_of(state) == replace(usual, **BEFORE)  # type: ignore[arg-type]
    assert go(usual).windows == 2
    with pytest.raises(RunChanged, match="searches: was 1, is 3"):
        go(replace(usual, searches=3))


def test_p21_a_watch_that_began_with_defaults_of_before_goes_on_with_them() -> None:
    before = Plan(level=0.01, search_share=0.5)
    assert _plan_differences(before, Plan()) == []
    assert _plan_differences(before, Plan(level=0.02)) == ["level: was 0.01, is 0.02"]
    later = Plan(search_share=0.3, held_out=None)
    assert _plan_differences(later, Plan()) == []
    assert _plan_differences(later, Plan(search_share=0.35)) == ["search_share: was 0.3, is 0.35"]
    assert _plan_differences(Plan(search_share=0.2), Plan()) == ["search_share: was 0.2, is 0.4"]


def test_p23_a_watch_that_began_with_other_defaults_searches_and_pays_by_them(tmp_path: Path) -> None:
    world, state = DriftingWorld(3), tmp_path / "state"
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 2, 9)))
    usual = replace(PLAN, search_share=Plan().search_share)
    began, now = watched(world, replace(PLAN, held_out=None)), watched(world, usual)
    assert as_begun(now, state) == now, "nothing has begun there"
    asyncio.run(watch(began, files_at(file), state, around(Asked(world)), once=True))
    # What it may spend is the only thing that is another one now, and pays a search as it was, no larger one.
    least = began.costs.search + began.costs.look
    given = watched(world, replace(usual, calls=least))
    assert as_begun(given, state) == watched(world, replace(PLAN, held_out=None, calls=least))
    assert given.costs.search > began.costs.search
    asyncio.run(watch(given, files_at(file), state, around(Asked(world)), once=True))
    with pytest.raises(RunChanged, match=r"search_share: was 0.3, is 0.9"):
        asyncio.run(watch(watched(world, replace(PLAN, search_share=0.9)), files_at(file), state, around(Asked(world))))


@pytest.mark.parametrize(("held_out", "most", "tested"), [(4, None, 4), (4, 6, 6), (None, None, 20)])
def test_p24_a_search_of_a_watch_holds_few_inputs_out_unless_its_settings_say_how_many(
    held_out: int | None, most: int | None, tested: int, tmp_path: Path
) -> None:
    world = DriftingWorld(4, "inputs")
    given = watched(world, replace(PLAN, held_out=held_out))
    holdout = given.job.config.holdout.model_copy(update={"most": most})
    job = replace(given.job, config=given.job.config.model_copy(update={"holdout": holdout}))
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 11, 5)))
    asyncio.run(watch(replace(given, job=job), files_at(file), tmp_path / "state", around(Asked(world)), once=True))
    with open_for_reading(tmp_path / "state" / SEARCHES / "001" / RUN) as store:
        split = next(entry.item for entry in store.read_since() if isinstance(entry.item, RunStarted))
    assert split.holdout_inputs == tested


def test_p08_stopped_it_goes_on(tmp_path: Path) -> None:
    world, state, stop = DriftingWorld(3), tmp_path / "state", asyncio.Event()
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 3, 9)))

    def stops(_: Request) -> None:
        if world.calls == 40:
            stop.set()

    async def first() -> Standing:
        return await watch(watched(world), files_at(file), state, around(Asked(world, stops), stop=stop), once=True)

    with pytest.raises(Interrupted):
        asyncio.run(first())
    end = asyncio.run(watch(watched(world), files_at(file), state, around(Asked(world)), once=True))
    assert end.windows == 3


def test_p09_a_folder_without_a_watch_and_a_source_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no watch"):
        standing(tmp_path)
    with pytest.raises(UsageError, match="no such file or folder"):
        files_at(tmp_path / "nowhere")


def _sources_keep_their_contract(source: Source) -> None:
    taken = source.take("")
    assert source.take(taken.position).rows == () or taken.over


def test_p10_sources_give_each_input_once(tmp_path: Path) -> None:
    file = tmp_path / "inputs.jsonl"
    file.write_text('{"input": "one"}\n')
    _sources_keep_their_contract(files_at(file))
    waiting = [[{"input": "one"}], []]
    _sources_keep_their_contract(Called(lambda: waiting.pop(0)))


@pytest.mark.parametrize("minutes", [0.5, 10.0])
def test_p19_minutes_of_the_settings_hold_for_each_search_of_a_watch(minutes: float, tmp_path: Path) -> None:
    """The judge takes a minute, and such a search 20 minutes without a cap."""
    world, state = DriftingWorld(4, "inputs"), tmp_path / "state"

    class SlowJudge(Asked):
        async def complete(self, request: Request) -> Reply:
            await asyncio.sleep(60 if request.purpose.startswith("judge") else 0)
            return await super().complete(request)

    given = watched(world, replace(PLAN, calls=5000))
    given = replace(given, job=with_config(given.job, caps=Caps(minutes=minutes, calls=2000)))
    file = tmp_path / "inputs.jsonl"
    file.write_text(lines(rows(world, 12, 8)))

    async def whole() -> tuple[Standing, float]:
        end = await watch(given, files_at(file), state, around(SlowJudge(world)), once=True)
        return end, asyncio.get_running_loop().time()

    end, seconds = run_virtually(whole(), changes_waiting)
    assert end.windows == 12 and seconds > 1800, "windows are not part of it"
    searches = sorted((state / "searches").iterdir())
    assert searches
    for folder in searches:
        with open_for_reading(folder / RUN) as store:
            caps, found = JOB.load(store.meta()["job"]).config.caps, [entry.item for entry in store.read_since()]
        assert caps == Caps(minutes=minutes, calls=2000), "the month has more left"
        assert isinstance(found[-1], RunFinished) and found[-1].seconds <= 60 * (minutes + 1)


@pytest.mark.parametrize("given", [Caps(usd=3.0), Caps()])
def test_p20_money_that_cannot_be_kept_is_told_before_anything_is_paid(given: Caps, tmp_path: Path) -> None:
    world = DriftingWorld(4, "inputs")
    one = watched(world, replace(PLAN, usd=None if given.usd else 9.0))
    one = replace(one, job=with_config(one.job, caps=given))
    with pytest.raises(ConfigInvalid, match="no price is known"):
        asyncio.run(watch(one, Called(lambda: None), tmp_path / "state", around(Asked(world)), once=True))
    assert not world.calls and not (tmp_path / "state").exists()
