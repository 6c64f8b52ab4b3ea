"""The pages that the browser tests of ``web/`` open: every state of a run, large ones, and hostile texts in each place.

python -m tests.ui.pages_for_browser FOLDER
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import cycle, islice
from pathlib import Path
from shutil import rmtree
from typing import Any

from maspo.config import search_of
from maspo.core.team_cost import Cost, CostChange
from maspo.core.verdict import Comparison, Verdict
from maspo.events import (
    ApprovalAsked,
    BudgetStopped,
    CallLost,
    CallUnsettled,
    CandidateScored,
    ConflictFound,
    Decided,
    Event,
    JudgeChecked,
    LeftOut,
    Paused,
    ProxyTold,
    Recorded,
    RunFinished,
    RunStarted,
    StepStarted,
)
from maspo.report.bundle import index_html, report_html, sheet_html
from maspo.report.document import Document, Extras, build_document, document_of, row_of
from maspo.report.document.extras import CallRule, Spending
from maspo.report.document.model import Burn, Compared, Latency, Spent, Tool, TraceCall
from maspo.report.document.sheet import sheet_row
from maspo.report.fold import fold
from maspo.report.holdout import HoldoutLine
from maspo.store import RecordedResult
from maspo.store.codec import RunOfTeam
from maspo.study.optimize import start as start_run
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder, with_config, world_job
from tests.arena.conftest import one_record
from tests.report.conftest import INFLUENCE, finished, search_events, started
from tests.report.payloads import HTML_PAYLOADS
from tests.report.test_golden_json import MORE
from tests.ui.sheets_for_browser import sheets

HOSTILE_PAGES = 4
_WORDS = ("won", "lost", "tied", "undecided")


def main(out: Path) -> None:
    """Write a page for each state, and for hostile texts; a list of runs, and the page that asks for it."""
    out.mkdir(parents=True, exist_ok=True)
    rmtree(out / "work", ignore_errors=True)  # work that was stopped would go on
    whole = [*search_events(), INFLUENCE, finished()]
    lost = CallLost("judge.global", "algebra", "429 Too Many Requests after 6 attempts", 6)
    unsettled = CallUnsettled(3, "key", "agent", "algebra", "small", 0.25)
    folder = out / "run"
    if not folder.exists():
        folder.mkdir()
        search = search_of("default", {"calls": 1200})
        job = with_config(world_job("reflect", 120), search=search)
        asyncio.run(start_run(resolve(job), folder, Recorder()))
    demo = build_document(folder)
    documents: dict[str, Document] = {
        "empty": document_of(fold([])),
        "running": document_of(fold(search_events()[:60])),
        "interrupted": document_of(fold([*search_events()[:40], Paused("Ctrl-C", 61.5)])),
        "finished": document_of(fold([*whole[:-1], *MORE, lost, _in_use(finished(), Cost(4, 812.5, 310, None))])),
        "failed": _failed(whole, [lost] * 70, unsettled),
        "held": document_of(fold([*search_events()[:60], Decided("b" * 32, "pause", 1, 1)])),
        "awaiting": document_of(fold(awaiting()), decided_extras()),
        "agents300": document_of(fold(large_run(300))),
        "calls50000": full(50_000),
        "calls5000": full(5_000),
        "demo": demo,
    }
    for number in range(HOSTILE_PAGES):
        documents[f"hostile{number}"] = hostile(50 * number)
    for name, document in documents.items():
        (out / f"{name}.html").write_text(report_html(document), encoding="utf-8")
        (out / f"{name}.json").write_text(json.dumps(document.dump()), encoding="utf-8")
    others = sheets(out / "work", one_record())
    for name, sheet in others.items():
        (out / f"{name}.html").write_text(sheet_html(sheet), encoding="utf-8")
        (out / f"{name}.json").write_text(json.dumps(sheet.dump()), encoding="utf-8")
    running = fold(search_events()[:60])
    views = {"awaiting": fold(awaiting()), "finished": fold(whole), "running": running, "empty": fold([])}
    rows = [row_of(view, name, f"{name}-2", 1.79e9).dump() for name, view in views.items()]
    rows.append(row_of(fold(planted(whole, 0)), "hostile0", HTML_PAYLOADS[0], 1.79e9).dump())
    listed = [{**sheet_row(sheet, f"{name}-1", 1.79e9).dump(), "id": name} for name, sheet in others.items()]
    (out / "runs.json").write_text(json.dumps({"runs": rows, "sheets": listed}), encoding="utf-8")
    (out / "index.html").write_text(index_html(), encoding="utf-8")


def _failed(whole: list[Event], lost: list[CallLost], unsettled: CallUnsettled) -> Document:
    why = "The seed prompts beat the winners on 21 of the 29 hold-out inputs that differ."
    end = replace(finished("worse", "seed"), complete=False, truth=None, why=why)
    end = replace(end, holdout=replace(end.holdout, wins=8, losses=21, p_value=0.995, p_worse=0.0121))
    end = replace(end, holdout=replace(end.holdout, interval=(-0.385, -0.04)))
    end = _in_use(end, Cost(4, None, 310, 0.000912))
    real = [started(simulated=False), *whole[1:-1]]
    view = fold([*real, *lost, unsettled, BudgetStopped("--max-usd 5"), end])
    return document_of(view, Extras(damage="page 17 cannot be read"))


def _in_use(end: RunFinished, before: Cost) -> RunFinished:
    """Return an end whose test tells what an input costs: half as much again with the new prompts."""
    read, written, usd = (
        None if value is None else 1.5 * value for value in (before.tokens_in, before.tokens_out, before.usd)
    )
    after = Cost(before.calls, read, written, usd)
    return replace(end, holdout=replace(end.holdout, cost=CostChange(before, after, 60)))


def awaiting() -> list[Event]:
    """Return a run whose new prompts wait for a person, who has vetoed one before."""
    end = finished()
    found: list[Event] = [*search_events(), INFLUENCE]
    vetoed = next(event for event in found if isinstance(event, CandidateScored))
    reason = "It must not ask for JSON."
    found.insert(60, Decided("a" * 32, "veto", 1, 1, vetoed.agent, vetoed.text, reason))
    changed = tuple(end.winners)[:3]
    found.append(LeftOut("id", changed[0], 24, ("tank", "train", "mill"), ("rain",)))
    return [
        *found,
        ApprovalAsked(end.winners, changed, "improved", end.why, end.holdout, 1, 1),
        Paused("approval", 9.5),
    ]


def decided_extras() -> Extras:
    """Return what the record tells of a team with branches and rounds, and of a decision that nobody has taken yet."""
    names = tuple(next(event for event in search_events() if isinstance(event, RunStarted)).agents)
    kinds = (
        CallRule("when solver says 'yes'", when=names[0]),
        CallRule("3 rounds at most, until critic says 'good'", rounds=3, late=names),
        CallRule("for each of solver's list (at most 8)", each=names[0]),
        CallRule(f"the prompt of {names[0]}", same_prompt_as=names[0]),
    )
    called = dict(zip(names[1:], kinds, strict=False))
    text = "The way is 217 km."
    outcomes = ("lost", "won", "won", "tied")
    lines = [
        HoldoutLine(f"input-{n}", outcome, text, text, f"{text} {n}", ("win", "win"), "The second is exact.")  # type: ignore[arg-type]
        for n, outcome in enumerate(outcomes)
    ]
    noted = [(1.79e9, Decided("c" * 32, "approve", 0, 0, names[0]))]
    return Extras(folder="waits", called=called, noted=noted, lines=lines)


def large_run(agents: int) -> list[Event]:
    """Return a run of a large team in layers, with candidates in each step."""
    names = tuple(f"agent_{index}" for index in range(agents))
    prompt = "Solve it step by step. Check every number against the text. " * 12
    reads = {name: tuple(names[max(0, place - 9) : max(0, place - 3)][:2]) for place, name in enumerate(names)}
    model = next(event for event in search_events() if isinstance(event, CandidateScored))
    begun = replace(started(), agents=names, reads=reads, seed_prompts=dict.fromkeys(names, prompt), method="race")
    events: list[Event] = [begun]
    for turn in range(1, 4):
        for place, name in enumerate(names):
            step = f"r{turn}/{name}"
            events.append(StepStarted(step, name, turn, 1, 12, 1))
            text = f"{prompt}Variant {turn} of {name}."
            score = 0.01 * (place % 7 - 3)
            events.append(replace(model, step=step, agent=name, text=text, score=score, spread=0.02))
    end = replace(finished(), winners=dict.fromkeys(names, prompt), prompts=dict.fromkeys(names, prompt))
    return [*events, end]


def full(calls: int) -> Document:
    """Return the document of a large run: every part is as large as it gets."""
    names = tuple(search_events()[0].agents)  # type: ignore[attr-defined]
    text = "The train leaves at 9:40 and takes 2 h 35 min; its speed is 84 km/h, so the way is 217 km. " * 3
    lines = [
        HoldoutLine(f"input-{n:05}", _WORDS[n % 4], text, text, f"{text}{n}", ("win", "win"), "The second is exact.")  # type: ignore[arg-type]
        for n in range(min(2000, calls // 25))
    ]
    verdicts = list(Verdict)
    entries: list[Recorded[Event | RecordedResult]] = [
        Recorded(
            n + 1,
            1.79e9 + n,
            RecordedResult(
                f"r{n % 9}/race/{n}",
                Comparison(f"{n:016x}", verdicts[n % 5], (), verdicts[n % 4]),
                "mixed",
                f"p1.{names[n % 5]}.g1",
                (RunOfTeam("a", "b"), RunOfTeam("c", "d")),
            ),
        )
        for n in range(calls // 6)
    ]
    entries += [Recorded(len(entries) + n + 1, 1.79e9 + n, event) for n, event in enumerate(search_events())]
    call = TraceCall(names[0], 0, text, (), 120, 45, 1.25, ())
    traces = {
        line.id: Compared(line.id, (), (call, call), (0, replace(call, output=f"{text}!"))) for line in lines[:60]
    }
    spent = tuple(Spent(name, calls // 5, 0, 0, calls * 90, calls * 20, 1.5, 0) for name in names)
    burn = tuple(Burn(9.0 * n, calls * n // 160, 0.03 * n, 1000 * n) for n in range(1, 161))
    latency = (Latency("agent", calls, 1.2, 3.4, 9.9, 30.0),)
    extras = Extras(
        folder=f"calls{calls}",
        entries=entries,
        lines=lines,
        line_traces={line.id: line.id for line in lines},
        traces=traces,
        spending=Spending(spent, spent[:2], latency, burn, 3, 1440.0),
        caps=(5.0, calls, None),
    )
    return document_of(fold([*search_events(), INFLUENCE, finished()]), extras)


def hostile(first: int) -> Document:
    """Return a document with payloads, from one on, in every text that a model, a user or an endpoint writes."""
    conflict = ConflictFound("r1", ("algebra", "critic"), (0.1, 0.05), -0.1, ("k1",))
    events = [*search_events(), conflict, *MORE[:1], INFLUENCE, finished()]
    poisoned = planted(events, first)
    ring = cycle(HTML_PAYLOADS[first:] + HTML_PAYLOADS[:first])
    lines = [
        HoldoutLine(next(ring), _WORDS[n % 4], next(ring), next(ring), next(ring), ("win", "loss"), next(ring))  # type: ignore[arg-type]
        for n in range(40)
    ]
    tool = Tool(next(ring), next(ring), next(ring))
    call = TraceCall(next(ring), 1, next(ring), (0,), 1, 1, 1.0, (tool,))
    traces = {line.id: Compared(line.id, (), (call, call), (0, replace(call, output=next(ring)))) for line in lines}
    begun = next(event for event in poisoned if isinstance(event, RunStarted))
    agent, *others = begun.agents
    extras = Extras(
        folder=next(ring),
        called={name: CallRule(next(ring), when=next(ring)) for name in others},
        noted=[(1.79e9, Decided("d" * 32, "veto", 0, 0, agent, next(ring), next(ring)))],
        damage=next(ring),
        entries=[Recorded(n + 1, 1.79e9, event) for n, event in enumerate(poisoned)],
        lines=lines,
        line_traces={line.id: line.id for line in lines},
        traces=traces,
        placeholders={name: (prompt[:24],) for name, prompt in begun.seed_prompts.items()},
        spending=Spending(
            (Spent(next(ring), 1, 0, 0, 1, 1, None, 0),), (), (Latency(next(ring), 1, 1, 1, 1, 1),), (), 0, 1
        ),
    )
    return document_of(fold(poisoned), extras)


def planted(events: list[Event], first: int) -> list[Event]:
    """Return events with payloads in their texts; names of agents stay the same wherever they stand."""
    ring = islice(cycle(HTML_PAYLOADS), first, None)
    known = {"kind", "verdict", "shipped", "decided_by", "outcome", "topic"}
    agents = next(event.agents for event in events if isinstance(event, RunStarted))
    names = {name: f"{name}{payload}" for name, payload in zip(agents, ring, strict=False)}

    def text(name: str, value: str) -> str:
        if name in known:
            return value
        return names.get(value) or f"{next(ring)} {next(ring)} {next(ring)}"

    def changed(event: Event) -> Event:
        changes: dict[str, Any] = {}
        for one in fields(event):
            value = getattr(event, one.name)
            if one.name == "reads":
                changes["reads"] = {names[key]: tuple(names[name] for name in read) for key, read in value.items()}
            elif one.name == "agents":
                changes["agents"] = (
                    value if not isinstance(event, RunStarted | ConflictFound) else tuple(names[n] for n in value)
                )
            elif isinstance(value, str):
                changes[one.name] = value if one.name == "step" else text(one.name, value)
            elif isinstance(value, Mapping) and one.name != "usage":
                changes[one.name] = {names.get(key, key): text("", str(item)) for key, item in value.items()}
        return replace(event, **changes)

    return [changed(event) for event in events if not isinstance(event, JudgeChecked | ProxyTold)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
