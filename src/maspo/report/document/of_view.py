"""A document from what is known of a run: the fold of its events, and what its record tells beside them. Pure."""

from __future__ import annotations

from maspo.core.usage import total
from maspo.report import phrases, sentences
from maspo.report.document import model
from maspo.report.document.extras import Extras, name_input
from maspo.report.document.parts.cases import cases_of, inputs_of
from maspo.report.document.parts.cost import cost_of
from maspo.report.document.parts.decisions import approval_of, rulings_of
from maspo.report.document.parts.judge import agreement_with_people, judge_figures_of, judge_of
from maspo.report.document.parts.log import log_of, settings_of
from maspo.report.document.parts.search import (
    comparison_of,
    conflict_of,
    is_comparison,
    pick_telling,
    screened_of,
    steps_of,
)
from maspo.report.document.parts.team import agents_of, edges_of, prompts_of, with_shared_prompts
from maspo.report.document.room import MOST_CASES, MOST_LISTED, MOST_REASON, MOST_TEXT, fitted, short, shorten
from maspo.report.fold import RunView
from maspo.report.questions import answers
from maspo.report.result import holdout_of
from maspo.report.visible import visible
from maspo.store.codec import RecordedResult

_LARGEST = 780_000
"""Bytes of a document; the page around it takes some 160,000."""
_DROPPED = (
    "comparisons",
    "log",
    "traces",
    "steps",
    "edges",
    "prompts",
    "inputs",
    "agents",
    "cases",
    "conflicts",
    "remarks",
)
"""Parts that are halved, the largest first, where a document is larger all the same."""
_MOST_STEPS = 600
"""The latest ones."""
_MOST_SCREENED = 100
_MOST_LOST_NAMES = 12
_MOST_DECIDED = 60


def document_of(view: RunView, extras: Extras | None = None) -> model.Document:
    """Return the document of a run at any moment of it."""
    known = extras or Extras()
    view = with_shared_prompts(view, known)
    started, finished = view.started, view.finished
    judge = judge_of(view, known.lines)
    lost = [short(name_input(line.id, line.input)) for line in known.lines if line.outcome == "lost"]
    steps = view.steps[-_MOST_STEPS:]
    prompts = prompts_of(view, steps)
    cases = cases_of(view, known)
    screened = screened_of(view)
    comparisons = [one for one in known.entries if is_comparison(one.item)]
    whole = model.Document(
        format=model.FORMAT,
        kind="run",
        id=short(started.run) if started else "",
        name=short(started.system) if started else "",
        folder=short(known.folder),
        state=view.state,
        status=_status(view),
        seq=known.entries[-1].seq if known.entries else 0,
        written=known.written,
        damage=short(known.damage),
        held=view.held,
        approval=approval_of(view),
        decided=rulings_of(view, known)[-_MOST_DECIDED:],
        decided_count=len(view.decided) + len(known.noted),
        simulated=view.simulated,
        truth=finished.truth if finished and finished.truth else None,
        label=_label(view),
        headline=sentences.headline(view),
        why=shorten(finished.why, MOST_TEXT) if finished else "",
        verdict=finished.verdict if finished else None,
        shipped=finished.shipped if finished else None,
        progress=_progress(view),
        remarks=_collect_remarks(view, known),
        questions=tuple(
            type(one)(one.question, visible(one.answer), one.page)
            for one in answers(view, lost[:_MOST_LOST_NAMES], judge)
        ),
        holdout=_holdout(view),
        more=tuple(visible(line) for line in sentences.describe_end(view)),
        prompts=prompts,
        agents=agents_of(view, known),
        edges=edges_of(view, known),
        hint=shorten(view.hint, MOST_TEXT),
        steps=steps_of(steps, known),
        steps_count=len(view.steps),
        candidates_count=sum(len(step.candidates) for step in view.steps),
        conflicts=tuple(conflict_of(one, view, cases) for one in view.conflicts[-MOST_CASES:]),
        conflicts_count=len(view.conflicts),
        cases=cases,
        cases_count=view.cases_found,
        inputs=inputs_of(known),
        inputs_count=len(known.lines) or (finished.holdout.n if finished else 0),
        traces=known.traces,
        comparisons=tuple(comparison_of(one, known.labels) for one in pick_telling(comparisons)),
        comparisons_count=len(comparisons),
        proxy=sentences.describe_proxy(view.proxy) if view.proxy else (),
        screened=screened[:_MOST_SCREENED],
        screened_count=len(screened),
        judge=judge_figures_of(view, judge, agreement_with_people(cases, known.blind)),
        cost=cost_of(view, known),
        settings=settings_of(view),
        log=log_of(known.entries, view),
        log_count=sum(not isinstance(one.item, RecordedResult) for one in known.entries),
        part_of=known.part_of,
        prompt_files=known.prompt_files,
    )
    return fitted(whole, _LARGEST, _DROPPED)


def row_of(view: RunView, id_: str, folder: str = "", written: float = 0.0, begun: float | None = None) -> model.RunRow:
    """Return a run as a list of runs shows it, under the id by which the list names it.

    ``begun`` and ``written`` are when it was recorded first and last: the time of a run that has not told its own.
    """
    finished, whole = view.finished, total(view.usage.values())
    ended = finished or view.approval
    holdout = ended.holdout if ended and ended.holdout.n else None
    return model.RunRow(
        id=id_,
        name=short(view.started.system) if view.started else "",
        folder=short(folder),
        state=view.state,
        status=_status(view),
        label=_label(view),
        headline=sentences.headline(view),
        verdict=finished.verdict if finished else None,
        shipped=finished.shipped if finished else None,
        net=sentences.net_win_rate(holdout) if holdout else None,
        interval=holdout.interval if holdout else None,
        n=holdout.n if holdout else 0,
        wins=holdout.wins if holdout else 0,
        losses=holdout.losses if holdout else 0,
        calls=whole.calls,
        usd=whole.usd,
        money=phrases.money_spent(whole, view.simulated),
        seconds=view.seconds if begun is None or view.seconds is not None else max(0.0, written - begun),
        written=written,
        simulated=view.simulated,
    )


def _label(view: RunView) -> str:
    if view.finished:
        return phrases.VERDICT_NAMES[view.finished.verdict]
    if view.approval is not None:
        return "Awaiting approval"
    if view.held:
        return "Paused"
    names = {"empty": "Nothing yet", "paused": "Interrupted", "stopped": "Stopped"}
    return names.get(view.state, "Running")


def _status(view: RunView) -> str:
    if view.finished:
        return "finished" if view.finished.complete else "ended early"
    return _label(view).lower()


def _progress(view: RunView) -> str:
    if view.finished or not view.steps:
        return ""
    steps = phrases.plural(len(view.steps), "step")
    candidates = phrases.plural(sum(len(step.candidates) for step in view.steps), "candidate")
    changes = phrases.plural(sum(agent.times_changed for agent in view.agents), "prompt change")
    return f"So far: {steps}, {candidates} scored, {changes}."


def _collect_remarks(view: RunView, known: Extras) -> tuple[model.Remark, ...]:
    found: list[tuple[model.Tone, str]] = [("bad", f"The record is damaged: {known.damage}.")] if known.damage else []
    found += [("bad", f"A cap ended the search before its plan was done: {one.cap}.") for one in view.budget_stops[-1:]]
    found += [("bad", test)] if (test := sentences.describe_untested(view)) else []
    interrupted = view.state == "paused" and view.approval is None
    found += [("note", f"Interrupted: {pause.reason}") for pause in view.pauses[-1:] if interrupted]
    found += [("note", sentences.STOPPED)] if view.state == "stopped" else []
    if view.lost_calls:
        lost = phrases.plural(len(view.lost_calls), "call")
        found.append(("bad", f"{lost} failed for good; what depended on them is counted as undecided or lost."))
    if view.unsettled:
        found.append(("bad", f"{sentences.describe_all_unsettled(view.unsettled)}."))
    found += [
        ("bad", f"Look twice: the new prompt of {agent.name} {what}.")
        for agent in view.agents
        for what in agent.suspicious
    ]
    found += [
        ("note", f"The new prompt of {agent.name} {what}.")
        for agent in view.agents
        if (what := sentences.describe_brought(agent.brought, agent.winner))
    ]
    found += [("note", f"{line[0].upper()}{line[1:]}.") for line in sentences.describe_health(view)]
    if view.hint:
        found.append(("note", f"Hint: {view.hint}"))
    return tuple(model.Remark(tone, shorten(text, 2 * MOST_REASON)) for tone, text in found[:MOST_LISTED])


def _holdout(view: RunView) -> model.Holdout | None:
    if view.finished is None or not view.finished.holdout.n:
        return None
    holdout = view.finished.holdout
    p_value, direction = sentences.sign_test(view.finished)
    noise = sentences.describe_rerun(view)
    found = sentences.holdout_file(holdout)
    lines = (
        f"{found[0].upper()}{found[1:]}.",
        phrases.looks(holdout.look, holdout.level),
        sentences.inputs_needed(view),
        f"Noise: {noise}." if noise else "",
    )
    return model.Holdout(
        figures=holdout_of(holdout),
        net=sentences.net_win_rate(holdout),
        inputs=sentences.holdout_inputs(holdout),
        counts=sentences.holdout_counts(holdout),
        test=f"{p_value} for {direction}",
        lines=tuple(line for line in lines if line),
    )
