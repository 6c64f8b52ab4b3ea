"""Events: kinds by name, spans, and what other packages add (numbered invariants)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Verdict
from maspo.events import (
    CallLost,
    CaseShown,
    Event,
    JudgeChecked,
    Paused,
    Recorded,
    RunStarted,
    SearchEvent,
    Span,
    StepEvent,
    StepStarted,
    UnknownEvent,
    decode,
    encode,
    event,
)
from maspo.events import base as registry
from maspo.models.base import Request
from maspo.optimizers.base import Ask, Compare, OptimizerConfig, Problem, Propose, Search
from maspo.report.fold import fold
from maspo.report.folder import look
from maspo.report.lines import line_of
from maspo.report.text import summary
from maspo.store import Item, RecordedResult, RunStore
from maspo.study.job import Outcome, Watcher
from maspo.study.optimize import DATABASE, resume, start
from maspo.study.resolve import Parts, resolve
from maspo.testing.runs import Recorder, begin, counted_world, with_config, world_job
from maspo.world.spec import WorldSpec
from tests.report.pages import told


@event
class PromptMerged(StepEvent):
    """An event of an optimizer that another package brings."""

    step: str
    agent: str
    parts: tuple[tuple[str, float], ...]
    kind: Literal["acme.prompt_merged"] = "acme.prompt_merged"


class Merging:
    """An outside optimizer: one draft for each agent, compared on three inputs; it tells what no other one tells."""

    class Config(OptimizerConfig):
        method: str = "acme-merging"

    def __init__(self, config: Config) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        prompts = dict(problem.seed_prompts)
        told: list[SearchEvent] = []
        for agent in problem.team.rewritten:
            told.append(StepStarted(f"s/{agent}", agent, 1, 1, 1, 1))
            propose = Propose(f"{agent}/draft", agent, prompts, problem.inputs[:2], (), 3)
            (drafts,) = yield Ask(prompts, (propose,), tuple(told))
            told = []
            for draft in drafts.drafts:  # type: ignore[union-attr]
                asked = [
                    Compare(f"{agent}/{prompt_id(draft.text)}/{key}", prompts, {agent: draft.text}, key, True)
                    for key in problem.inputs[:3]
                ]
                results = yield Ask(prompts, tuple(asked), tuple(told))
                told = []
                wins = sum(result.glob is Verdict.WIN for result in results)  # type: ignore[union-attr]
                told.append(PromptMerged(f"s/{agent}", agent, ((draft.text, wins / 3),)))
        return Ask(prompts, (), tuple(told))


PARTS = Parts(optimizer=Merging(Merging.Config()))


async def run(out: Path, stop_at: int | None = None, watcher: Watcher | None = None) -> Outcome:
    job, stop = replace(world_job(inputs=10), world=None), asyncio.Event()

    async def stopping(_: Request) -> None:
        if model.calls == stop_at:
            stop.set()

    model = counted_world(world_job(inputs=10), stopping)
    return await start(resolve(job, PARTS), out, watcher or Recorder(), model.provider, stop)


async def go_on(out: Path) -> Outcome:
    return await resume(out, Recorder(), None, counted_world(world_job(inputs=10)).provider, parts=PARTS)


@contextmanager
def without(kind: str) -> Iterator[None]:
    """Forget a kind, as in a process in which the package that brings it is missing."""
    known = registry._kinds.pop(kind)
    try:
        yield
    finally:
        registry._kinds[kind] = known


def entries_of(out: Path) -> list[Recorded[Item]]:
    store = RunStore.read(out / DATABASE)
    try:
        return store.read_since()
    finally:
        store.close_reader()


def record(out: Path) -> list[Item]:
    return [entry.item for entry in entries_of(out)]


def test_e01_every_kind_is_found_by_its_name_and_says_what_it_belongs_to() -> None:
    kinds = {kind.__dataclass_fields__["kind"].default: kind for kind in registry.registered()}
    assert len(kinds) == len(registry.registered())
    assert {"run_started", "step_started", "call_lost", "case_shown", "judge_checked"} < kinds.keys()
    families = {kind.__module__ for kind in registry.registered() if kind.__module__.startswith("maspo.")}
    families -= {"maspo.online.record"}  # those of a watch, which is no run; known once it was imported
    names = ("run", "search", "calls", "cases", "judge", "warnings", "decisions")
    assert families == {f"maspo.events.{name}" for name in names}
    assert CallLost("judge.local", "critic", "r", 2).span == Span("judge.local/critic", "calls")
    assert Paused("r", 1.0).span == Span("run")
    assert StepStarted("p1", "a", 1, 1, 1, 1).span == Span("p1", "search")
    assert JudgeChecked(()).span == Span("judge_check", "run")
    assert CaseShown("a", "k", "", "", "", {}, {}, (), "s").span == Span("cases", "run")


def test_e02_what_an_optimizer_tells_is_known_by_its_class() -> None:
    assert issubclass(StepStarted, SearchEvent) and issubclass(PromptMerged, SearchEvent)
    assert not issubclass(CallLost, SearchEvent) and not issubclass(RunStarted, SearchEvent)


def test_e03_an_event_of_another_package_comes_back() -> None:
    happened = PromptMerged("s", "a", (("text", 0.5),))
    assert decode(happened.kind, encode(happened)) == happened
    assert json.loads(encode(happened))["parts"] == [["text", 0.5]]


def test_e04_where_its_package_is_missing_it_is_unknown_and_kept_as_it_is() -> None:
    body = encode(PromptMerged("s", "a", (("text", 0.5),)))
    with without("acme.prompt_merged"):
        found = decode("acme.prompt_merged", body)
        assert found == UnknownEvent("acme.prompt_merged", body)
        assert encode(found) == body


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"step": 1, "agent": "a", "parts": []}'])
def test_e05_a_body_that_is_none_of_its_kind_is_an_error(body: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode("acme.prompt_merged", body)


def test_e06_a_class_that_could_not_be_read_back_is_refused_with_what_to_do() -> None:
    class Taken(Event):
        kind: Literal["call_lost"] = "call_lost"

    class Nameless(Event):
        name: str

    class Foreign:
        kind: Literal["acme.foreign"] = "acme.foreign"

    with pytest.raises(TypeError, match=r"'call_lost' is that of maspo.events.calls.CallLost already; begin it with"):
        event(Taken)
    with pytest.raises(TypeError, match="give it a field such as kind"):
        event(Nameless)
    with pytest.raises(TypeError, match="derive it from Event"):
        event(Foreign)  # type: ignore[type-var]
    with pytest.raises(TypeError, match=r"put @event \(of maspo.events\) above the class"):
        encode(Taken())
    assert decode("call_lost", encode(CallLost("p", "a", "r", 1))) == CallLost("p", "a", "r", 1)
    refused = CallLost("p", "a", "r", 1, outcome="refused")
    assert decode("call_lost", encode(refused)) == refused


def test_e07_views_pass_over_what_they_do_not_know() -> None:
    known: list[Event] = [StepStarted("p1", "a", 1, 1, 1, 1), Paused("r", 1.0)]
    with_unknown = [UnknownEvent("acme.new", "{}"), known[0], UnknownEvent("acme.prompt_merged", "no json"), known[1]]
    assert fold(with_unknown) == fold(known)
    assert line_of(with_unknown[0]) == ""


async def test_e08_the_record_of_an_outside_optimizer_is_read_back(tmp_path: Path) -> None:
    watcher = Recorder()
    outcome = await run(tmp_path, watcher=watcher)
    assert outcome.finished is not None
    merged = [item for item in record(tmp_path) if isinstance(item, PromptMerged)]
    assert merged == [item for item in watcher.events if isinstance(item, PromptMerged)]
    assert len(merged) == 6


async def test_e09_without_its_package_the_record_is_shown_all_the_same(tmp_path: Path) -> None:
    await run(tmp_path)
    view = look(tmp_path).view
    with without("acme.prompt_merged"):
        assert sum(isinstance(item, UnknownEvent) for item in record(tmp_path)) == 6
        assert look(tmp_path).view == view
        assert summary(view) and told(view)


@pytest.mark.parametrize("stop_at", [9, 14, 18])
async def test_e10_a_run_goes_on_though_its_kinds_were_unknown_when_its_record_was_read(
    tmp_path: Path, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await run(tmp_path / "whole")
    assert (await run(tmp_path / "stopped", stop_at)).finished is None
    read, kinds = RunStore.read_since, registry._kinds

    def read_early(store: RunStore, seq: int = 0) -> object:
        """Read the record while the module of the optimizer is not imported yet."""
        with without("acme.prompt_merged"):
            return read(store, seq)

    monkeypatch.setattr(RunStore, "read_since", read_early)
    outcome = await go_on(tmp_path / "stopped")
    monkeypatch.undo()
    assert "acme.prompt_merged" in kinds
    assert outcome.finished is not None and whole.finished is not None
    assert outcome.finished.holdout == whole.finished.holdout
    merged = [
        [item for item in record(tmp_path / name) if isinstance(item, PromptMerged)] for name in ("whole", "stopped")
    ]
    assert merged[0] == merged[1]


async def test_e11_the_spans_of_a_record_form_one_tree_below_the_run(tmp_path: Path) -> None:
    job = with_config(world_job(inputs=40, spec=WorldSpec(seed=2)), labels="use")
    await begin(job, tmp_path)
    entries = entries_of(tmp_path)
    parents = {entry.span.id: entry.span.parent for entry in entries}
    stages = {"run": "", "search": "run", "holdout": "run", "judge_check": "run", "calls": "run", "cases": "run"}
    assert {name: parents[name] for name in parents.keys() & stages.keys()} == {
        name: stages[name] for name in parents.keys() & stages.keys()
    }
    for span in parents:
        seen = [span]
        while seen[-1] != "run":
            seen.append({**stages, **parents}[seen[-1]])
            assert len(seen) < 9, seen
    results = [entry for entry in entries if isinstance(entry.item, RecordedResult)]
    steps = {entry.item.step for entry in entries if isinstance(entry.item, StepStarted)}
    searched = [entry for entry in results if entry.item.purpose not in ("holdout", "judge_check")]  # type: ignore[union-attr]
    assert searched and {entry.span.parent for entry in searched} <= steps
    assert {entry.span.parent for entry in results if entry not in searched} == {"holdout", "judge_check"}


async def test_e12_an_optimizer_may_tell_nothing_but_search_events(tmp_path: Path) -> None:
    class Telling:
        def search(self, problem: Problem) -> Search:
            yield Ask(problem.seed_prompts, (), (Paused("mine", 1.0),))  # type: ignore[arg-type]
            return Ask(problem.seed_prompts)

    job = replace(world_job(inputs=10), world=None)
    with pytest.raises(TypeError, match=r"Paused.*derive it from SearchEvent"):
        await start(resolve(job, Parts(optimizer=Telling())), tmp_path, Recorder(), counted_world(world_job()).provider)
