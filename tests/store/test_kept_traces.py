"""Traces of comparisons: every one can be looked at later, no text is kept twice, and there is a bound."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maspo.core.prompts import prompts_id
from maspo.core.trace import Call, ToolUse, Trace
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.models.base import Message, Reply, Request
from maspo.optimizers.base import AblateEdge, Compare
from maspo.store import RecordedResult, RunOfTeam, RunStore
from maspo.store.traces import LOST_TEXT, MOST_BYTES, Written, decode_trace, encode_trace
from maspo.study import session as sessions
from maspo.study.executor import PerformedRequest
from maspo.study.optimize import DATABASE
from maspo.study.traces import MOST_COMPARISONS, TraceQuota
from maspo.testing.runs import SMALL, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TIE = Comparison("k", Verdict.TIE, (), Verdict.TIE)


@contextmanager
def opened(path: Path) -> Iterator[RunStore]:
    store = RunStore.read(path)
    try:
        yield store
    finally:
        store.close_reader()


def bodies(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [body for (body,) in connection.execute("SELECT body FROM traces")]


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> dict[str, PerformedRequest]:
    """All that is performed from now on, by the id of its request."""
    found: dict[str, PerformedRequest] = {}
    record = sessions.Session._record

    async def recording(session: sessions.Session, done: PerformedRequest, stage: str, span: str) -> None:
        found[done.request.id] = done
        await record(session, done, stage, span)

    monkeypatch.setattr(sessions.Session, "_record", recording)
    return found


@pytest.mark.parametrize("method", ["ascent", "race"])
async def test_v01_every_comparison_can_be_looked_at_with_all_its_texts(
    tmp_path: Path, performed: dict[str, PerformedRequest], method: str
) -> None:
    search = SMALL[method].model_copy(update={"interventions": 2} if method == "race" else {})
    job = with_config(world_job("reflect", 14, WorldSpec(seed=4)), search=search)
    assert (await begin(job, tmp_path)).finished is not None
    compared = {name: done for name, done in performed.items() if isinstance(done.request, Compare | AblateEdge)}
    with opened(tmp_path / DATABASE) as store:
        lines = store.comparisons()
        assert {line.id for line in lines} == compared.keys()
        assert [line.seq for line in lines] == sorted(line.seq for line in lines)
        assert len(lines) > 12 and all(line.traces_kept for line in lines)
        for line in lines:
            done, found = compared[line.id], store.comparison(line.id)
            assert found is not None
            assert (found.reference, found.candidate) == tuple(run.trace for run in done.runs)
            assert (line.result, found.result) == (done.result, done.result)
            assert (line.purpose, found.purpose) == (done.request.purpose, done.request.purpose)
            assert found.runs == tuple(run.address for run in done.runs)
            for call in (*found.reference.calls, *found.candidate.calls):
                assert store.messages(call.key)
    purposes = {line.purpose for line in lines}
    assert "holdout" in purposes
    assert ("ablate" in purposes) == (method == "race")


async def test_v02_no_text_of_a_recorded_call_is_kept_again(tmp_path: Path) -> None:
    job = world_job("reflect", 14, WorldSpec(seed=4))
    await begin(job, tmp_path)
    kept = "\n".join(bodies(tmp_path / DATABASE))
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        replies = [reply for (reply,) in connection.execute("SELECT reply FROM calls WHERE purpose = 'agent'")]
        whole = connection.execute("SELECT SUM(length(request) + length(reply)) FROM calls").fetchone()[0]
    assert len(replies) > 20
    assert not [reply for reply in replies if json.dumps(reply)[1:-1] in kept]
    assert len(kept) < whole / 4


def test_v03_a_run_that_takes_over_most_of_another_is_kept_as_what_differs() -> None:
    calls = tuple(Call(f"a{n}", f"text {n}", (n - 1,) if n else (), key=f"{n:032x}") for n in range(300))
    reference = Trace("k", calls, calls[-1].output)
    changed = (*calls[:290], *(Call(f"a{n}", f"new {n}", (n - 1,), key=f"{n + 900:032x}") for n in range(290, 300)))
    candidate = Trace("k", changed, changed[-1].output)
    written = {call.key: Written(call.output, None, None, 0.0) for call in (*calls, *changed)}
    whole = encode_trace(reference, written.get) or ""
    differing = encode_trace(candidate, written.get, ("r", reference)) or ""
    assert len(whole) < 70 * 300 and len(differing) < 70 * 10 + 100
    assert decode_trace(whole, written.get) == reference
    assert decode_trace(differing, written.get, {"r": reference}.get) == candidate


@RELAXED
@given(st.lists(st.from_type(Trace), min_size=1, max_size=3), st.data())
def test_v04_any_trace_comes_back_whatever_the_record_holds_of_it(traces: list[Trace], data: st.DataObject) -> None:
    calls = [call for trace in traces for call in trace.calls if call.key]
    known = data.draw(st.lists(st.sampled_from(calls), unique_by=lambda call: call.key) if calls else st.just([]))
    written = {call.key: Written(call.output, call.tokens_in, call.tokens_out, call.seconds) for call in known}
    base = traces[0]
    for trace in traces:
        body = encode_trace(trace, written.get, ("base", base)) or ""
        found = decode_trace(body, written.get, lambda _: base)
        assert found == trace or "nan" in repr(trace)


def large(texts: int, size: int, tools: int = 0) -> Trace:
    used = (ToolUse("search", "q" * size, "r" * size),) * tools
    calls = tuple(Call(f"a{n}", f"{n} " + "é" * size, tools=used) for n in range(texts))
    return Trace("k", calls, "final " + "z" * size)


@pytest.mark.parametrize("trace", [large(1, 200_000), large(40, 9_000), large(300, 2_000), large(20, 3_000, 4)])
def test_v05_texts_that_no_reply_holds_are_cut_to_the_bound_and_say_so(trace: Trace) -> None:
    body = encode_trace(trace)
    assert body is not None and len(body.encode()) <= MOST_BYTES
    found = decode_trace(body)
    assert [(call.agent, call.reads, call.nth) for call in found.calls] == [
        (call.agent, call.reads, call.nth) for call in trace.calls
    ]
    assert any("characters left out" in call.output for call in found.calls)


async def record(store: RunStore, name: str, *traces: Trace) -> None:
    runs = tuple(RunOfTeam("p", trace.digest) for trace in traces)
    await store.put_result(RecordedResult(name, TIE, "compare", runs=runs), traces)


async def test_v06_a_trace_that_cannot_be_cut_to_the_bound_is_not_kept(tmp_path: Path) -> None:
    huge, small = large(3_000, 10), large(2, 10)
    async with RunStore.create(tmp_path / DATABASE) as store:
        for name, pair in {"one": (huge, small), "two": (small, huge), "three": (small, large(3, 10))}.items():
            await record(store, name, *pair)
        assert [(line.id, line.traces_kept) for line in store.comparisons()] == [
            ("one", False),
            ("two", False),
            ("three", True),
        ]
        assert store.comparison("one") is None and store.comparison("two") is None
        found = store.comparison("three")
        assert found is not None and found.candidate == large(3, 10)
        assert store.comparison("never made") is None


async def test_v07_runs_that_change_places_again_and_again_stay_whole(tmp_path: Path) -> None:
    """A reference becomes a candidate and the other way round, in one process and in the next."""
    chance = random.Random(3)
    calls = [Call(f"a{n}", f"text {n} {'x' * 50}") for n in range(6)]
    traces = [
        Trace("k", tuple(call if chance.random() < 0.6 else Call(call.agent, f"{v}") for call in calls), f"{v}")
        for v in range(5)
    ]
    asked: dict[str, tuple[Trace, Trace]] = {}
    async with RunStore.create(tmp_path / DATABASE):
        pass
    for process in range(6):
        async with RunStore.open(tmp_path / DATABASE) as store:
            for number in range(8):
                pair = (chance.choice(traces), chance.choice(traces))
                asked[f"{process}/{number}"] = pair
                await record(store, f"{process}/{number}", *pair)
            await asyncio.gather(*(record(store, f"{process}/again/{n}", *chance.sample(traces, 2)) for n in range(4)))
            for name, pair in asked.items():
                found = store.comparison(name)
                assert found is not None and (found.reference, found.candidate) == pair, name
    assert len(bodies(tmp_path / DATABASE)) == len(traces)


async def test_v08_equal_prompts_that_ran_otherwise_do_not_replace_each_other(tmp_path: Path) -> None:
    one, other = Trace("k", (Call("a", "one"),), "one"), Trace("k", (Call("a", "other"),), "other")
    async with RunStore.create(tmp_path / DATABASE) as store:
        await record(store, "w", one, other)
        found = store.comparison("w")
        assert found is not None and (found.reference, found.candidate) == (one, other)
        assert store.trace("p", "k") == other


async def test_v09_the_team_without_an_edge_is_told_from_the_whole_team(tmp_path: Path) -> None:
    whole, cut = Trace("k", (Call("a", "one"),), "one"), Trace("k", (Call("a", "cut"),), "cut")
    runs = (RunOfTeam("p", whole.digest), RunOfTeam("p", cut.digest, ("a", "b")))
    async with RunStore.create(tmp_path / DATABASE) as store:
        await store.put_result(RecordedResult("w", TIE, "ablate", runs=runs), (whole, cut))
        found = store.comparison("w")
        assert found is not None and found.runs == runs
        assert (found.reference, found.candidate, store.trace("p", "k")) == (whole, cut, whole)


async def test_v10_a_text_whose_call_is_gone_is_said_to_be_lost(tmp_path: Path) -> None:
    request = Request("m", (Message("user", "q"),), "agent", "a")
    trace = Trace("k", (Call("a", "the reply", key=request.key, seconds=0.5),), "the reply")
    async with RunStore.create(tmp_path / DATABASE) as store:
        await store.put(request, Reply("the reply", seconds=0.5))
        await record(store, "w", trace, trace)
        found = store.comparison("w")
        assert found is not None and found.candidate == trace
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        connection.execute("DELETE FROM calls")
        connection.commit()
    with opened(tmp_path / DATABASE) as store:
        found = store.comparison("w")
        assert found is not None and found.candidate.output == found.candidate.calls[0].output == LOST_TEXT


async def test_v11_a_run_that_was_stopped_keeps_what_one_without_a_stop_keeps(tmp_path: Path) -> None:
    job = world_job("reflect", 14, WorldSpec(seed=4))

    async def stopping(_: Request) -> None:
        if model.calls == 25:
            stop.set()

    stop = asyncio.Event()
    model = counted_world(job, stopping)
    await begin(job, tmp_path / "whole")
    assert (await begin(job, tmp_path / "stopped", model, stop)).finished is None
    assert (await go_on(job, tmp_path / "stopped")).finished is not None
    kept = []
    for name in ("whole", "stopped"):
        with opened(tmp_path / name / DATABASE) as store:
            lines = store.comparisons()
            assert all(line.traces_kept for line in lines)
            kept.append({line.id: store.comparison(line.id).runs for line in lines})  # type: ignore[union-attr]
    assert kept[0] == kept[1]


def granted(quota: TraceQuota, names: Sequence[str], planned: int) -> list[str]:
    return [name for name in names if quota.grants(name, "search", planned)]


def test_v12_an_ordinary_run_keeps_all_and_a_very_large_one_a_drawn_share() -> None:
    names = [f"w{number}" for number in range(30_000)]
    assert granted(TraceQuota(1), names[:MOST_COMPARISONS], MOST_COMPARISONS) == names[:MOST_COMPARISONS]
    drawn = granted(TraceQuota(1, most=1_000), names, 30_000)
    assert 900 < len(drawn) <= 1_000
    assert drawn == granted(TraceQuota(1, most=1_000), names, 30_000)
    assert drawn != granted(TraceQuota(2, most=1_000), names, 30_000)
    late = sum(int(name[1:]) >= 15_000 for name in drawn)
    assert 400 < late < 600, "early and late ones alike"


def test_v13_more_comparisons_than_were_planned_do_not_break_the_bound() -> None:
    quota = TraceQuota(1, kept=20, most=100)
    assert len(granted(quota, [f"w{number}" for number in range(500)], 50)) == 80
    assert quota.grants("h", "holdout", 50), "stages beside the search have few requests; all of theirs are kept"


async def test_v14_beyond_the_bound_results_are_recorded_without_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "TraceQuota", lambda seed, kept: TraceQuota(seed, kept, most=5))
    job = world_job("reflect", 14, WorldSpec(seed=4))
    outcome = await begin(job, tmp_path)
    assert outcome.finished is not None
    with opened(tmp_path / DATABASE) as store:
        search = [line for line in store.comparisons() if line.purpose != "holdout"]
        assert 0 < sum(line.traces_kept for line in search) <= 5 < len(search)
        missing = next(line for line in search if not line.traces_kept)
        assert store.comparison(missing.id) is None
        winners, seed = outcome.finished.winners, job.system.prompts
        keys = {line.input_key for line in store.comparisons() if line.purpose == "holdout"}
        assert keys and all(store.trace(prompts_id(each), key) for each in (winners, seed) for key in keys)


def test_v15_levels_and_verdicts_are_in_the_list(tmp_path: Path) -> None:
    asyncio.run(begin(world_job("reflect", 14, WorldSpec(seed=4)), tmp_path))
    with opened(tmp_path / DATABASE) as store:
        lines = store.comparisons()
    assert {verdict for line in lines for _, verdict in line.result.lookahead} <= set(Verdict)
    assert all(line.input_key == line.result.input_key and line.within for line in lines)
    assert Level.LOCAL and any(line.result.local is Verdict.WIN for line in lines)
