"""A document from a run folder: what its database holds beside the events."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from maspo.core.errors import MaspoError
from maspo.core.trace import Call, Trace
from maspo.core.usage import Usage
from maspo.core.verdict import Comparison
from maspo.events import CaseShown, Decided
from maspo.report.document import model
from maspo.report.document.of_view import Called, Extras, Spending, document_of, spent
from maspo.report.document.room import Room, short
from maspo.report.fold import RunView
from maspo.report.folder import JOURNAL, MISFITS, Look, look_into, require_run
from maspo.report.holdout import HoldoutLine, lines_in
from maspo.report.judged import heard_of
from maspo.store import CallMade, RecordedResult, RunStore
from maspo.store.comparisons import ComparedRuns
from maspo.study.decisions import Approve, Judge, Pin, RaiseCap, Reject, Veto, read_lines
from maspo.study.executor import texts_of
from maspo.study.job import Job
from maspo.study.optimize import holdout_id
from maspo.study.record import JOB, open_for_reading
from maspo.team.flow import told
from maspo.team.system import System
from maspo.team.template import as_written

_TRACES = 150_000
"""Bytes for traces of the hold-out: with all else a report stays below a megabyte."""
_CASE_TRACES = 50_000
_MOST_OUTPUT = 2_000
"""Characters of an output within a trace."""
_MOST_CALLS = 600
"""Calls of one trace that are told; a team of 300 agents has 300."""
_MOST_WORDS = 1_200
"""Characters of a reply of the judge."""
_MOST_CASES = 20
_MOST_LOOKUPS = 8
"""Comparisons on the input of a case that are looked at to find the one behind it."""
_MOST_POINTS = 160
"""Of the curve of what was spent: more than a chart has pixels for a line's bends."""
_MOST_SPENDERS = 300
_WHOLE = 1 << 30
"""Room for one comparison that a reader asked for."""


def build_document(folder: Path) -> model.Document:
    """Return the document of a run folder, finished or running.

    Raises:
        UsageError: there is no run in it.
        StoreError: its database cannot be read.

    """
    require_run(folder)
    with open_for_reading(folder / JOURNAL) as store:
        looked = look_into(folder, store)
        return document_of(looked.view, _all(store, folder, looked))


def document_in(folder: Path, looked: Look) -> model.Document:
    """Return the document of a run folder that was looked at; what its record does not tell any more is left out."""
    with suppress(MaspoError), open_for_reading(folder / JOURNAL) as store:
        return document_of(looked.view, _all(store, folder, looked))
    return document_of(looked.view, _some(folder, looked))


def _all(store: RunStore, folder: Path, looked: Look) -> Extras:
    """Return all that the record tells; of one that this version cannot read, what was read before."""
    known = _some(folder, looked)
    with suppress(MaspoError, *MISFITS):
        return _extras(store, looked, known)
    return known


def _some(folder: Path, looked: Look) -> Extras:
    """Return what is known without the record: what was looked at, and what was decided since."""
    known = Extras(folder=folder.resolve().name, written=looked.written, damage=looked.damage, entries=looked.entries)
    with suppress(MaspoError):  # a channel that cannot be read decides nothing
        return replace(known, noted=_noted(folder, looked.view))
    return known


def compared_in(folder: Path, key: str) -> model.Compared | None:
    """Return the two runs behind a comparison, whole, by its key; None where they are not kept.

    Raises:
        StoreError: the record cannot be read.

    """
    with open_for_reading(folder / JOURNAL) as store:
        found = store.comparison(key)
        return _compared(store, _job_of(store), found, Room(_WHOLE)) if found else None


def _job_of(store: RunStore) -> Job | None:
    """Return what the run works on; None where this version cannot read it."""
    recorded = store.meta().get("job")
    with suppress(MaspoError):
        return JOB.load(recorded) if recorded is not None else None
    return None


def _extras(store: RunStore, looked: Look, known: Extras) -> Extras:
    job, finished = _job_of(store), looked.view.finished
    lines: list[HoldoutLine] = []
    keys, traces = dict[str, str](), dict[str, model.Compared]()
    if job and finished:
        compared = store.compared(holdout_id(finished.winners, ""))
        lines = lines_in(store, job, compared)
        labels = {row.key: row.label for row in job.inputs.rows}
        by_label = {labels.get(one.input_key, ""): (key, runs) for key, (one, runs) in compared.items()}
        room = Room(_TRACES)
        for line in lines:
            key, runs = by_label.get(line.id, ("", None))
            if runs is not None:
                keys[line.id] = key
                if not room.full():
                    traces[key] = _compared(store, None, runs, room)
    case_traces = _case_traces(store, job, looked, traces)
    caps = job.config.caps if job else None
    return replace(
        known,
        output=job.system.output if job else "",
        placeholders=_placeholders(job) if job else {},
        called=_called(job.system) if job else {},
        lines=lines,
        line_traces=keys,
        traces=traces,
        case_traces=case_traces,
        spending=_spending(store.calls_made(), len(store.open_attempts())),
        caps=(caps.usd, caps.calls, caps.minutes) if caps else (None, None, None),
    )


def _noted(folder: Path, view: RunView) -> tuple[tuple[float, Decided], ...]:
    """Return what was decided and the run has not acted on, in the words in which it would be recorded."""
    taken = {one.id.partition("/")[0] for one in view.decided}
    found = list[tuple[float, Decided]]()
    for line in read_lines(folder):
        one = line.decision
        if line.id in taken or isinstance(one, Judge):
            continue
        cap, value = (one.cap, one.value) if isinstance(one, RaiseCap) else ("", None)
        reason = one.reason if isinstance(one, Veto | Reject) else ""
        about = one.agents if isinstance(one, Approve | Reject) else (one.agent,) if isinstance(one, Pin | Veto) else ()
        for agent in about or ("",):
            decided = Decided(line.id, one.action, 0, 0, agent, reason=reason, cap=cap, value=value)
            found.append((line.at, decided))
    return tuple(found)


def _called(system: System) -> dict[str, Called]:
    found = dict[str, Called]()
    for part in (part for level in system.flow.levels for part in level):
        for name in (name for layer in part.layers for name in layer):
            agent = system.by_name[name]
            in_circle = replace(agent, rounds=part.rounds if part.rounds > 1 else 0, until=part.until)
            found[name] = Called(
                words=told(in_circle),
                when=agent.when.agent if agent.when else "",
                each=agent.each.agent if agent.each else "",
                rounds=part.rounds,
                same_prompt_as=agent.same_prompt_as,
                answers=agent.answers,
                late=tuple(read for read in agent.reads if read not in system.flow.fresh[name]),
            )
    return found


def _placeholders(job: Job) -> dict[str, tuple[str, ...]]:
    texts = texts_of(job.system, job.inputs.rows)
    return {
        agent.name: tuple(
            sorted(as_written(name, agent.template) for name in texts.placeholders(agent.name, agent.prompt))
        )
        for agent in job.system.agents
    }


# ── traces ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _compared(store: RunStore, job: Job | None, found: ComparedRuns, room: Room) -> model.Compared:
    """Return two runs; with a job, also what the judge said of them."""
    heard = heard_of(store, job, found) if job else ()
    return model.Compared(
        key=found.id,
        said=tuple(
            model.Said(
                level=one.level.value,
                agent=short(one.agent),
                verdict=one.verdict.value,
                new_first=one.candidate_first,
                words=room.fit(one.words, _MOST_WORDS),
            )
            for one in heard
        ),
        reference=tuple(_call(call, room) for call in found.reference.calls[:_MOST_CALLS]),
        candidate=tuple(_or_same(place, found, room) for place in range(len(found.candidate.calls[:_MOST_CALLS]))),
    )


def _or_same(place: int, found: ComparedRuns, room: Room) -> model.TraceCall | int:
    """Return a call of the candidate's run; where the reference has the same one in its place, only that place."""
    call, known = found.candidate.calls[place], found.reference.calls[:_MOST_CALLS]
    same = place < len(known) and known[place] == call
    return place if same else _call(call, room)


def _call(call: Call, room: Room) -> model.TraceCall:
    return model.TraceCall(
        agent=short(call.agent),
        nth=call.nth,
        output=room.fit(call.output, _MOST_OUTPUT),
        reads=call.reads,
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
        seconds=round(call.seconds, 3),
        tools=tuple(
            model.Tool(short(use.name), room.fit(use.arguments, _MOST_OUTPUT), room.fit(use.result, _MOST_OUTPUT))
            for use in call.tools
        ),
    )


def _case_traces(store: RunStore, job: Job | None, looked: Look, traces: dict[str, model.Compared]) -> dict[int, str]:
    """Return the keys of the comparisons behind the shown cases by their places, and add their runs to ``traces``."""
    by_input = defaultdict[str, list[RecordedResult]](list)
    for entry in looked.entries:
        item = entry.item
        if isinstance(item, RecordedResult) and isinstance(item.result, Comparison) and item.result.misaligned:
            by_input[item.result.input_key].append(item)
    room, keys = Room(_CASE_TRACES), dict[int, str]()
    for number, case in list(enumerate(looked.view.cases))[:_MOST_CASES]:
        for item in by_input[case.input_key][:_MOST_LOOKUPS]:
            runs = store.comparison(item.request)
            if runs is None or not _is_behind(case, runs.reference, runs.candidate):
                continue
            keys[number] = item.request
            if not room.full():
                traces[item.request] = _compared(store, job, runs, room)
            break
    return keys


def _is_behind(case: CaseShown, reference: Trace, candidate: Trace) -> bool:
    pairs = ((case.reference_outputs, reference), (case.candidate_outputs, candidate))
    return all(trace.written_by(name) == text for outputs, trace in pairs for name, text in outputs.items())


# ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _spending(calls: Sequence[CallMade], in_flight: int) -> Spending:
    """Return what single calls tell together."""
    first = min((call.at - call.seconds for call in calls), default=0.0)
    return Spending(
        agents=_by(calls, lambda call: call.agent or call.purpose),
        models=_by(calls, lambda call: call.model),
        latency=_latencies(calls),
        burn=_burn(calls, first),
        in_flight=in_flight,
        seconds=calls[-1].at - first if calls else None,
    )


def _by(calls: Iterable[CallMade], name: Callable[[CallMade], str]) -> tuple[model.Spent, ...]:
    found = defaultdict[str, list[CallMade]](list)
    for call in calls:
        found[name(call)].append(call)
    ranked = sorted(found.items(), key=lambda one: -len(one[1]))
    return tuple(spent(each, _usage(some)) for each, some in ranked[:_MOST_SPENDERS])


def _usage(calls: Sequence[CallMade]) -> Usage:
    prices = [call.usd for call in calls if call.usd is not None]
    return Usage(
        calls=len(calls),
        tokens_in=sum(call.tokens_in or 0 for call in calls),
        tokens_out=sum(call.tokens_out or 0 for call in calls),
        unmetered=sum(call.tokens_in is None or call.tokens_out is None for call in calls),
        usd=math.fsum(prices) if len(prices) == len(calls) else None,
    )


def _latencies(calls: Iterable[CallMade]) -> tuple[model.Latency, ...]:
    found = defaultdict[str, list[float]](list)
    for call in calls:
        found[call.purpose].append(call.seconds)
    return tuple(_latency(purpose, sorted(seconds)) for purpose, seconds in found.items())


def _latency(name: str, seconds: Sequence[float]) -> model.Latency:
    """Return the quantiles of durations in order: each a duration that was seen (nearest rank)."""

    def at(share: float) -> float:
        return round(seconds[max(0, math.ceil(share * len(seconds)) - 1)], 3)

    return model.Latency(short(name), len(seconds), at(0.5), at(0.9), at(0.99), at(1.0))


def _burn(calls: Sequence[CallMade], first: float) -> tuple[model.Burn, ...]:
    """Return what had been spent at some moments, evenly over the calls; the last one has all."""
    every = max(1, math.ceil(len(calls) / _MOST_POINTS))
    points, usd, tokens = list[model.Burn](), 0.0, 0
    priced = all(call.usd is not None for call in calls)
    for number, call in enumerate(calls, start=1):
        usd += call.usd or 0.0
        tokens += (call.tokens_in or 0) + (call.tokens_out or 0)
        if number % every == 0 or number == len(calls):
            points.append(model.Burn(round(call.at - first, 3), number, round(usd, 6) if priced else None, tokens))
    return tuple(points)
