"""Events in one line each: of the page's log, of the panel, and of plain progress."""

from __future__ import annotations

from maspo.events import (
    ApprovalAsked,
    BudgetStopped,
    CallLost,
    CallUnsettled,
    ConflictFound,
    Decided,
    DraftsReplaced,
    EndpointAdapted,
    Event,
    InfluenceMeasured,
    Paused,
    PromptChanged,
    PromptKept,
    RunFinished,
    RunStarted,
    SearchEnded,
    StepStarted,
    Warned,
)
from maspo.report.fold import by_rounds
from maspo.report.phrases import describe_conflict, describe_unsettled, list_names, plural


def describe_decision(event: Decided) -> str:
    """Return what a person decided in one line."""
    return f"decided by a person: {words_of(event)}"


def words_of(event: Decided) -> str:
    """Return what was decided, about whom, and why."""
    about = f" {event.agent}" if event.agent else ""
    about += f" {event.cap} {event.value:g}" if event.cap and event.value is not None else ""
    return f"{event.action}{about}{f' ({event.reason})' if event.reason else ''}"


def line_of(event: Event, run: RunStarted | None = None) -> str:
    """Return an event of a run in one line for people; empty for events that deserve none."""
    line = ""
    match event:
        case RunStarted():
            agents = plural(len(event.agents), "agent")
            inputs = plural(event.search_inputs, "input")
            line = f"{event.system}: {agents}, {inputs} to search, {event.holdout_inputs} held out"
            line += ", on the simulated world" if event.simulated else ""
        case StepStarted():
            line = step_name(event, run)
        case PromptKept():
            line = f"  {event.agent}: prompt kept, {event.reason}"
        case PromptChanged():
            line = f"  {event.agent}: new prompt, {event.reason}"
        case ConflictFound():
            line = f"  conflict: {describe_conflict(event)}"
        case Warned():
            line = f"note: {event.text}"
        case DraftsReplaced():
            line = f"  {event.agent}: plain edits stand in, since no draft can be used ({event.reason})"
        case CallLost():
            line = f"  a call failed for good ({event.purpose}): {event.reason}"
        case EndpointAdapted():
            line = f"  adapted to the endpoint: {event.what}"
        case CallUnsettled():
            line = f"  {describe_unsettled(event)}"
        case Decided():
            line = describe_decision(event)
        case ApprovalAsked():
            line = f"final test: {event.why} Awaiting approval: {list_names(event.agents)}"
        case SearchEnded():
            line = f"search ended: {event.reason}"
        case InfluenceMeasured() if event.hint:
            line = f"hint: {event.hint}"
        case BudgetStopped():
            line = f"budget reached: {event.cap}"
        case Paused():
            line = f"paused: {event.reason}"
        case RunFinished():
            line = f"finished: {event.verdict}, {'new' if event.shipped == 'optimized' else 'seed'} prompts shipped"
    return line


def step_name(event: StepStarted, run: RunStarted | None = None) -> str:
    """Return where the search stands: round or pass, agent and, where there are several, generation."""
    if by_rounds(event, run):
        return f"{round_name(event)}, {event.agent}"
    where = f"pass {event.pass_}/{event.passes}, {event.agent}"
    if not event.generation:
        return f"{where}, Beam Refresh"
    return f"{where}, generation {event.generation}/{event.generations}" if event.generations > 1 else where


def round_name(event: StepStarted) -> str:
    """Return which round began. How many there will be is not known: mostly the calls that are planned end the race."""
    return f"round {event.pass_} of at most {event.passes}"
