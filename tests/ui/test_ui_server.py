"""What ``maspo ui`` shows, to whom, and what it takes: nothing but what the page may ask for is let in."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import re
import shutil
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.running import run
from maspo.models.base import Request
from maspo.report.document import build_document
from maspo.report.document.record import Reading
from maspo.report.folder import JOURNAL
from maspo.store import RunStore
from maspo.store.writer import changes_waiting
from maspo.study.decisions import DECISIONS, Veto, decide, read_lines
from maspo.testing.runs import begin, counted_world, with_config, world_job
from maspo.ui.documents import Documents, as_json
from maspo.ui.guard import new_token
from maspo.ui.patch import patch_of
from maspo.ui.runs import Runs, WorkEntry
from maspo.ui.server import Server
from tests.ui.hostile import Target, hostile, smuggled


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("one", "two"):
        run(begin(world_job(inputs=8), folder / name))
    return folder


@asynccontextmanager
async def serving(runs: Path, token: str = "") -> AsyncIterator[tuple[Server, aiohttp.ClientSession]]:
    async with (
        Server(Runs([runs]), token=token) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client,
    ):
        yield server, client


async def read(client: aiohttp.ClientSession, path: str, **headers: str) -> tuple[int, Any, Any]:
    async with client.get(path, headers=headers) as reply:
        text = await reply.text()
        return reply.status, json.loads(text) if reply.content_type == "application/json" else text, reply.headers


async def test_u01_the_page_its_runs_and_their_documents_are_shown(runs: Path) -> None:
    async with serving(runs) as (_, client):
        status, page, headers = await read(client, "/")
        assert status == 200 and page.startswith("<!doctype html>")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert (await read(client, "/api/session"))[1]["actions"] is False
        _, listed, _ = await read(client, "/api/runs")
        assert [one["id"] for one in listed["runs"]] == ["one", "two"]
        assert {one["state"] for one in listed["runs"]} == {"finished"}
        _, document, headers = await read(client, "/api/runs/one")
        assert document["verdict"] == listed["runs"][0]["verdict"]
        again, _, _ = await read(client, "/api/runs/one", **{"If-None-Match": headers["ETag"]})
        assert again == 304


async def test_a_list_of_many_runs_holds_the_records_of_few_and_tells_of_all(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maspo.ui.server._READINGS", 3)
    made: list[weakref.ref[Reading]] = []

    class Counted(Reading):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            made.append(weakref.ref(self))

    monkeypatch.setattr("maspo.ui.server.Reading", Counted)
    for number in range(9):
        shutil.copytree(runs / "one", tmp_path / f"run-{number}")
    async with serving(tmp_path) as (_, client):
        _, listed, _ = await read(client, "/api/runs")
        gc.collect()
        assert len(made) >= 9 and sum(one() is not None for one in made) <= 3
        assert {one["id"] for one in listed["runs"]} == {f"run-{number}" for number in range(9)}
        for number in range(9):
            assert (await read(client, f"/api/runs/run-{number}"))[1]["verdict"] == listed["runs"][0]["verdict"]


async def test_u02_the_trace_of_a_comparison_is_found_by_its_id_as_the_page_writes_it(runs: Path) -> None:
    from urllib.parse import quote

    store = RunStore.read(runs / "one" / "run.db")
    kept = [one.id for one in store.comparisons() if store.comparison(one.id) is not None]
    store.close_reader()
    async with serving(runs) as (server, _):
        for key in (kept[0], kept[-1]):
            target = Target(server.port, "", "one")
            status, body = await exchange(
                server.port, target.request(path=f"/api/runs/one/traces/{quote(key, safe='')}")
            )
            assert status == [200] and b'"reference"' in body
        status, _ = await exchange(server.port, target.request(path="/api/runs/one/traces/none"))
        assert status == [404]


async def exchange(port: int, request: bytes) -> tuple[list[int], bytes]:
    """Send bytes on a connection of their own; return the statuses of all answers, and what came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = b""
    try:
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(5):
            while piece := await reader.read(65_536):
                found += piece
                if b"text/event-stream" in found:
                    break
    except (ConnectionError, TimeoutError):
        pass
    finally:
        writer.close()
    return [int(one) for one in re.findall(rb"HTTP/1\.[01] (\d{3})", found)], found


async def test_u03_of_three_hundred_hostile_requests_none_is_accepted(runs: Path) -> None:
    async with serving(runs, new_token()) as (server, client):
        target = Target(server.port, server.token, "one")
        sent = list(hostile(target))
        assert len(sent) >= 300
        accepted = []
        for what, request in sent:
            statuses, _ = await exchange(server.port, request)
            if any(status < 400 for status in statuses):
                accepted.append((what, statuses))
        assert accepted == []
        for what, request in smuggled(target):
            statuses, _ = await exchange(server.port, request)
            good = request.count(b"GET /api/session")
            assert sum(status < 400 for status in statuses) <= good, what
        assert not (runs / "one" / DECISIONS).exists()
        assert (await read(client, "/api/session"))[0] == 200, "it serves on"
        statuses, body = await exchange(server.port, target.act())
        assert statuses == [200], body
        (line,) = read_lines(runs / "one")
        assert line.decision == Veto(agent="critic")
        (runs / "one" / DECISIONS).unlink()


async def test_u04_without_allow_actions_nothing_is_decided(runs: Path) -> None:
    async with serving(runs) as (server, _):
        for token in ("", "x"):
            statuses, _ = await exchange(server.port, Target(server.port, token, "one").act())
            assert statuses == [405]
    assert not (runs / "one" / DECISIONS).exists()


@pytest.mark.parametrize(
    "decision",
    [
        {"action": "pin", "agent": "nobody"},
        {"action": "veto", "agent": "Critic"},
        {"action": "veto", "agent": "critic", "prompt": "0123456789ab"},
        {"action": "pin", "agent": "critic", "prompt": "0123456789ab"},
        {"action": "reject", "agents": ["nobody"]},
        {"action": "approve", "agents": ["critic"]},
    ],
)
async def test_u04_what_is_about_nobody_is_refused_and_not_noted(runs: Path, decision: dict[str, object]) -> None:
    async with serving(runs, new_token()) as (server, _):
        target = Target(server.port, server.token, "one")
        statuses, body = await exchange(server.port, target.act(json.dumps(decision).encode()))
    assert statuses == [409], body
    assert b"Noted" not in body and not (runs / "one" / DECISIONS).exists()


async def test_u05_whoever_follows_is_told_of_a_change(runs: Path) -> None:
    async with serving(runs) as (_, client), client.get("/api/runs/two/events?since=0") as stream:
        first = await stream.content.readuntil(b"\n\n")
        assert first == b'event: changed\ndata: {"seq": 1}\n\n'
        (runs / "two" / DECISIONS).write_text("\n")
        async with asyncio.timeout(10):  # a busy machine; it takes a third of a second
            assert await stream.content.readuntil(b"\n\n") == b'event: changed\ndata: {"seq": 2}\n\n'
        (runs / "two" / DECISIONS).unlink()


async def test_u06_a_hundred_who_follow_are_bounded(runs: Path) -> None:
    async with serving(runs) as (server, _):
        request = Target(server.port, "", "one").request(path="/api/runs/one/events")
        found = [asyncio.open_connection("127.0.0.1", server.port) for _ in range(70)]
        opened = await asyncio.gather(*found)
        heads = []
        for reader, writer in opened:
            writer.write(request)
            heads.append(await reader.readline())
        assert sum(b"503" in head for head in heads) == 6
        for _, writer in opened:
            writer.close()


def test_u07_an_id_is_looked_up_and_never_a_path(tmp_path: Path) -> None:
    for name in ("a b", "a-b", "../up", "ünï"):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.db").write_bytes(b"")
    found = Runs([tmp_path / "runs"])
    ids = found.listed()
    assert len(set(ids.values())) == len(ids) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9._~-]+", one) for one in ids)
    assert found.get("../up") is None and found.get("") is None


async def test_u08_a_document_is_built_once_for_all_and_never_out_of_date(runs: Path) -> None:
    built: list[int] = []

    def build(shown: WorkEntry) -> dict[str, Any]:
        file = shown.folder / DECISIONS
        built.append(file.stat().st_size if file.exists() else 0)
        return {"size": built[-1]}

    documents = Documents(build)
    found = await asyncio.gather(*(documents.of(WorkEntry(runs / "one")) for _ in range(10)))
    assert built == [0] and len({one.tag for one in found}) == 1
    for size in (1, 2, 3):
        (runs / "one" / DECISIONS).write_text("\n" * size)
        assert (await documents.of(WorkEntry(runs / "one"))).data == {"size": size}
    (runs / "one" / DECISIONS).unlink()


async def test_u09_who_asks_while_another_waits_is_given_the_same_however_fast_the_run_changes(runs: Path) -> None:
    built = list[int]()

    def build(shown: WorkEntry) -> dict[str, Any]:
        (shown.folder / DECISIONS).write_text("\n" * len(built))
        built.append(len(built))
        return {"number": built[-1]}

    documents = Documents(build)
    await documents.of(WorkEntry(runs / "one"))
    found = await asyncio.gather(*(documents.of(WorkEntry(runs / "one")) for _ in range(10)))
    assert built == [0, 1] and {one.data["number"] for one in found} == {1}
    assert (await documents.of(WorkEntry(runs / "one"))).data == {"number": 2}, "who asks later is told what came since"
    (runs / "one" / DECISIONS).unlink()


async def test_u10_a_page_that_has_a_document_is_sent_what_has_changed_since(runs: Path) -> None:
    async with serving(runs) as (_, client):
        _, first, headers = await read(client, "/api/runs/one")
        tag = headers["ETag"].strip('"')
        assert unquote(headers["X-Maspo-Folder"]) == str(runs / "one")
        veto = Veto(agent=first["agents"][0]["name"])
        decide(runs / "one", veto)
        _, reply, headers = await read(client, f"/api/runs/one?since={tag}")
        assert reply.keys() == {"patch"}
        _, whole, again = await read(client, "/api/runs/one")
        assert headers["ETag"] == again["ETag"] != f'"{tag}"'
        assert patched(first, reply["patch"]) == whole
        assert len(json.dumps(reply)) < len(json.dumps(whole)) / 10
        assert "format" in (await read(client, "/api/runs/one?since=abc"))[1], "a tag that is not known: the whole"
        assert (await read(client, "/api/runs/one?since=../x"))[0] == 400
    (runs / "one" / DECISIONS).unlink()


def patched(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Do what the page does with a patch."""
    found = {**before, **patch["fields"]}
    for name, (drop, keep, more) in patch["lists"].items():
        found[name] = [*found[name][drop : drop + keep], *more]
    for name, (changed, gone) in patch["maps"].items():
        found[name] = {key: value for key, value in {**found[name], **changed}.items() if key not in gone}
    return found


_VALUES = st.one_of(
    st.integers(0, 3),
    st.lists(st.integers(0, 3), max_size=6),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=4),
)


@given(st.dictionaries(st.sampled_from("xyz"), st.tuples(_VALUES, _VALUES), min_size=1))
def test_u11_a_patch_makes_the_later_document_of_the_earlier_one(pairs: dict[str, tuple[Any, Any]]) -> None:
    before = {name: one for name, (one, _) in pairs.items()}
    after = {name: other for name, (_, other) in pairs.items()}
    sent = json.loads(as_json(patch_of(before, after)))
    assert patched(before, sent) == after


def test_u12_a_list_that_grows_and_forgets_is_sent_by_its_end() -> None:
    old = {"log": [{"seq": n, "text": "x" * 40} for n in range(500)]}
    new = {"log": [*old["log"][20:], *({"seq": 500 + n, "text": "new"} for n in range(20))]}
    (drop, keep, more) = patch_of(old, new).lists["log"]
    assert (drop, keep, len(more)) == (20, 480, 20)


async def test_u13_a_run_that_works_is_read_on_and_told_as_if_it_were_read_anew(tmp_path: Path) -> None:
    compared, anew = list[int](), list[int]()
    job, reading = world_job(inputs=24), Reading(tmp_path / "run")
    job = with_config(job, models=job.config.models.model_copy(update={"concurrency": 1}))

    async def before(_: Request) -> None:
        asked.append(len(asked))
        if len(asked) >= 25 * (len(compared) + 1) and not changes_waiting():
            # In the loop's own thread, so that nothing is recorded between the two.
            on, whole = reading.document(), build_document(tmp_path / "run")
            assert rounded(on.dump()) == rounded(whole.dump())
            compared.append(on.seq)

    def read(path: str | Path) -> RunStore:
        anew.append(1)
        return kept(path)

    asked, kept = list[int](), RunStore.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maspo.report.document.record.RunStore.read", read)
        await begin(job, tmp_path / "run", counted_world(job, before))
    assert len(set(compared)) >= 3, "it was looked at on the way"
    assert len(anew) == len(compared) + 1, "verified once, and by each that reads anew"
    assert reading.document().dump() == build_document(tmp_path / "run").dump()


def rounded(value: Any) -> Any:
    """Return plain data whose sums of money do not tell in which parts they were added up."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


async def test_u09_a_run_that_changes_all_the_time_has_one_document_a_second(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slept = [0.0], list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("maspo.ui.documents.asyncio.sleep", sleep)

    def build(_: WorkEntry) -> dict[str, Any]:
        now[0] += 0.1
        return {"now": now[0]}

    documents, built = Documents(build, 1.0, lambda: now[0]), list[float]()
    for size in range(1, 6):
        (runs / "two" / DECISIONS).write_text("\n" * size)
        await documents.of(WorkEntry(runs / "two"))
        built.append(now[0])
    (runs / "two" / DECISIONS).unlink()
    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in itertools.pairwise(built))
    assert max(slept) <= 0.9 + 1e-9


async def test_u13_news_wait_as_long_as_a_document_took_but_not_the_first_which_reads_all_there_is(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slept, takes = [0.0], list[float](), [5.0]

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    monkeypatch.setattr("maspo.ui.documents.asyncio.sleep", sleep)

    def build(_: WorkEntry) -> dict[str, Any]:
        now[0] += takes[0]
        takes[0] = 0.5
        return {"now": now[0]}

    documents = Documents(build, 0.1, lambda: now[0])
    for size in range(1, 4):
        (runs / "two" / DECISIONS).write_text("\n" * size)
        await documents.of(WorkEntry(runs / "two"))
    (runs / "two" / DECISIONS).unlink()
    assert slept == [0.0, 0.0, 0.5]


def test_u14_runs_of_one_name_are_told_apart_by_where_they_lie(tmp_path: Path) -> None:
    for folder in ("a/run", "b/run"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / JOURNAL).touch()
    assert sorted(one.name for one in Runs([tmp_path]).listed().values()) == ["a/run", "b/run"]
    assert [one.name for one in Runs([tmp_path / "a" / "run"]).listed().values()] == ["run"]
    assert len(Runs([tmp_path, tmp_path / "a"]).listed()) == 2, "a folder below two roots is listed once"


def test_a_run_is_found_by_its_address_as_soon_as_its_folder_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is made anew every two seconds; whoever asks for a run that it lacks need not wait for that."""
    now = 100.0
    monkeypatch.setattr("maspo.ui.runs.time.monotonic", lambda: now)
    found = Runs([tmp_path])
    assert not found.listed()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / JOURNAL).touch()
    now += 0.5
    assert not found.listed()
    assert found.get("run") == WorkEntry(tmp_path / "run")
    assert list(found.listed()) == ["run"]


async def test_a_browser_that_asks_for_an_icon_is_told_that_there_is_none(runs: Path) -> None:
    async with serving(runs) as (_, client), client.get("/favicon.ico") as reply:
        assert reply.status == 204 and await reply.read() == b""
