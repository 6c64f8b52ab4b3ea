"""A document from a run folder: what its database holds beside the events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from maspo.core.errors import MaspoError, StoreError
from maspo.core.trace import Call, Trace
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CaseShown, Decided
from maspo.report.document import model
from maspo.report.document.extras import CallRule, Extras, name_input
from maspo.report.document.of_view import document_of
from maspo.report.document.room import Room, short
from maspo.report.document.spending import CallsSoFar
from maspo.report.fold import RunView
from maspo.report.folder import JOURNAL, MISFITS, Look, look_into, part_of, prices_by_now, require_run
from maspo.report.holdout import HoldoutLine, lines_in
from maspo.report.judged import heard_of
from maspo.report.so_far import SoFar
from maspo.store import RecordedResult, RunStore
from maspo.store.comparisons import ComparedRuns
from maspo.store.records import is_worked_on
from maspo.study.afterwards import costs_now, priced_now
from maspo.study.conclusion import holdout_id
from maspo.study.decisions import Approve, Judge, Line, Pin, RaiseCap, Reject, Veto, read_lines
from maspo.study.job import Job
from maspo.study.record import EXPECTED, JOB, open_for_reading
from maspo.study.resolve import team_of
from maspo.study.texts import texts_of
from maspo.team.flow import describe_calls
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
_WHOLE = 1 << 30
"""Room for one comparison that a reader asked for."""


def build_document(folder: Path) -> model.Document:
    """Return the document of a run folder, finished or running.

    Raises:
        UsageError: there is no run in it.
        StoreError: its database cannot be read.

    """
    return Reading(folder).document()


@dataclass(frozen=True, slots=True)
class Told:
    """A run as its files tell it: what was read, its document, and its hold-out input by input."""

    looked: Look
    document: model.Document
    holdout: Sequence[HoldoutLine]


class Reading:
    """A run folder that is looked at again and again: while a process works on it, only what is new is read.

    Its record is verified when it is read first, and again whenever it has come to rest or another process works on it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = Lock()
        self._begin()

    def _begin(self) -> None:
        self._so_far = SoFar()
        self._calls = CallsSoFar()
        self._of_job: tuple[Job | None, Extras] = (None, Extras())
        """What is known of the job, which is looked through once."""
        self._file: tuple[int, int] | None = None
        """Of the record that was read while a process worked on it: its device and number."""

    def look(self) -> Look:
        """Return the run as it stands. May be called from several threads.

        Raises:
            UsageError: there is no run in the folder.
            StoreError: its record cannot be read.

        """
        with self._turn, self._opened() as store:
            return look_into(self._folder, store, self._so_far)

    def document(self) -> model.Document:
        """Return the document of the run as it stands. May be called from several threads.

        Raises:
            UsageError: there is no run in the folder.
            StoreError: its record cannot be read.

        """
        with self._turn, self._opened() as store:
            looked = look_into(self._folder, store, self._so_far)
            return document_of(looked.view, self._all(store, looked))

    def read(self) -> Told:
        """Return all that is told of the run in files, from one reading of its record.

        What the record does not tell any more is left out of the document and of the hold-out.

        Raises:
            UsageError: there is no run in the folder.
            StoreError: its record cannot be read.

        """
        with self._turn, self._opened() as store:
            looked = look_into(self._folder, store, self._so_far)
            known = _some(self._folder, looked)
            with suppress(MaspoError):
                known = self._all(store, looked)
            return Told(looked, document_of(looked.view, known), known.lines)

    @contextmanager
    def _opened(self) -> Iterator[RunStore]:
        require_run(self._folder)
        record = self._folder / JOURNAL
        file = _worked_on(record)
        if file is None or file != self._file:
            self._begin()
        try:
            store = RunStore.read_on(record) if self._file is not None else RunStore.read(record)
            try:
                yield store
            finally:
                store.close_reader()
        except BaseException:
            self._begin()
            raise
        self._file = None if store.damage else file

    def _all(self, store: RunStore, looked: Look) -> Extras:
        """Return all that the record tells; of one that this version cannot read, what was read before."""
        known = _some(self._folder, looked)
        self._calls.add(self._so_far.take_calls())
        with suppress(MaspoError, *MISFITS):
            job = self._so_far.job
            if job is not self._of_job[0] or job is None:
                self._of_job = (job, _of(job) if job else Extras())
            afterwards, costs = [], []
            if job is not None and any(one.usd_afterwards for one in looked.view.usage.values()):
                prices = prices_by_now(self._folder, job)
                afterwards, costs = priced_now(store, prices), costs_now(store.spent(), prices)
            spending = self._calls.spending(len(store.open_attempts()), afterwards, costs)
            of_job = self._of_job[1]
            known = replace(
                known,
                called=of_job.called,
                placeholders=of_job.placeholders,
                labels=of_job.labels,
                prompt_files=of_job.prompt_files,
            )
            return _extras(store, job, looked, replace(known, spending=spending))
        return known


def _worked_on(record: Path) -> tuple[int, int] | None:
    """Return the device and number of a record that a process works on now; None of any other."""
    try:
        found = record.lstat()
        return (found.st_dev, found.st_ino) if is_worked_on(record) else None
    except (OSError, StoreError):
        return None


def _some(folder: Path, looked: Look) -> Extras:
    """Return what is known without the record: what was looked at, and what was decided since."""
    known = Extras(
        folder=folder.resolve().name,
        written=looked.written,
        damage=looked.damage,
        entries=looked.entries,
        part_of=part_of(folder),
    )
    with suppress(MaspoError):  # a channel that cannot be read decides nothing
        lines = read_lines(folder)
        return replace(known, noted=_noted(lines, looked.view), blind=_blind(lines))
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


def _extras(store: RunStore, job: Job | None, looked: Look, known: Extras) -> Extras:
    tested = looked.view.finished or looked.view.approval
    lines: list[HoldoutLine] = []
    keys, traces = dict[str, str](), dict[str, model.Compared]()
    if job and tested:
        compared = store.compared(holdout_id(tested.winners, ""))
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
    compared_cases = _compared_cases(store, job, looked, traces)
    caps = job.config.caps if job else None
    return replace(
        known,
        output=job.system.output if job else "",
        lines=lines,
        line_traces=keys,
        traces=traces,
        compared_cases=compared_cases,
        caps=(caps.usd, caps.calls, caps.minutes) if caps else (None, None, None),
        planned_calls=_expected(store, job) if job else None,
    )


def _expected(store: RunStore, job: Job) -> int | None:
    """Return the calls that the run was expected to take when it began; a record of an earlier version has the plan."""
    planned = job.config.search.planned_calls(team_of(job))
    told = store.meta().get(EXPECTED, "")
    return int(told) if planned is not None and told.isdecimal() else planned


def _blind(lines: Sequence[Line]) -> dict[str, Verdict]:
    """Return what a person said first of each case: after that the judge's verdict was shown."""
    said = (line.decision for line in lines)
    found: dict[str, Verdict] = {}
    for one in said:
        if isinstance(one, Judge):
            found.setdefault(one.case, Verdict(one.verdict))
    return found


def _noted(lines: Sequence[Line], view: RunView) -> tuple[tuple[float, Decided], ...]:
    """Return what was decided and the run has not acted on, in the words in which it would be recorded."""
    taken = {one.id.partition("/")[0] for one in view.decided}
    found = list[tuple[float, Decided]]()
    for line in lines:
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


def _of(job: Job) -> Extras:
    """Return what the job alone tells."""
    texts = texts_of(job.system, job.inputs.rows)
    labels = {row.key: name_input(row.label, texts.input_text(row)) for row in job.inputs.rows}
    return Extras(
        called=_called(job.system), placeholders=_placeholders(job), labels=labels, prompt_files=_prompt_files(job)
    )


def _prompt_files(job: Job) -> model.PromptFiles:
    if job.system.app is not None or "system" in job.sources:
        return "known"
    return "unknown" if job.world is None else "none"


def _called(system: System) -> dict[str, CallRule]:
    found = dict[str, CallRule]()
    for part in (part for level in system.flow.levels for part in level):
        for name in (name for layer in part.layers for name in layer):
            agent = system.by_name[name]
            in_circle = replace(agent, rounds=part.rounds if part.rounds > 1 else 0, until=part.until)
            found[name] = CallRule(
                words=describe_calls(in_circle),
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


def _compared_cases(
    store: RunStore, job: Job | None, looked: Look, traces: dict[str, model.Compared]
) -> dict[int, RecordedResult]:
    """Return the comparisons behind the shown cases by their places, and add their runs to ``traces``."""
    by_input = defaultdict[str, list[RecordedResult]](list)
    for entry in looked.entries:
        item = entry.item
        if isinstance(item, RecordedResult) and isinstance(item.result, Comparison) and item.result.misaligned:
            by_input[item.result.input_key].append(item)
    room, found = Room(_CASE_TRACES), dict[int, RecordedResult]()
    for number, case in list(enumerate(looked.view.cases))[:_MOST_CASES]:
        for item in by_input[case.input_key][:_MOST_LOOKUPS]:
            runs = store.comparison(item.request)
            if runs is None or not _is_behind(case, runs.reference, runs.candidate):
                continue
            found[number] = item
            if not room.full():
                traces[item.request] = _compared(store, job, runs, room)
            break
    return found


def _is_behind(case: CaseShown, reference: Trace, candidate: Trace) -> bool:
    pairs = ((case.reference_outputs, reference), (case.candidate_outputs, candidate))
    return all(trace.written_by(name) == text for outputs, trace in pairs for name, text in outputs.items())
