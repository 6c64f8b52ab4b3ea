"""Events in one line each: of the page's log, of the panel, and of plain progress."""

from __future__ import annotations

from typing import Final

from maspo.core.sums import add_up
from maspo.events import (
    ApprovalAsked,
    BudgetStopped,
    CallLost,
    CallUnsettled,
    CandidateScored,
    CaseFound,
    CaseShown,
    ConflictFound,
    ControlTokensDefused,
    Decided,
    DidNotFit,
    DraftRejected,
    DraftsReplaced,
    DraftsScreened,
    EndpointAdapted,
    Event,
    FaultsWeighed,
    FocusNarrowed,
    HoldoutLooked,
    InfluenceMeasured,
    JudgeChecked,
    LeftOut,
    Paused,
    PromptChanged,
    PromptKept,
    ProxyTold,
    RerunCompared,
    RunFinished,
    RunStarted,
    SearchEnded,
    StepStarted,
    UnknownEvent,
    Warned,
)
from maspo.report.fold import by_rounds
from maspo.report.often import often
from maspo.report.phrases import VERDICT_NAMES, list_names, number, percent, plural
from maspo.report.sentences import (
    decision_reason,
    describe_conflict,
    describe_loss,
    describe_unsettled,
    describe_weighed,
    end_reason,
)


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
            line = f"  {event.agent}: prompt kept, {_with_ties(event.reason)}"
        case PromptChanged():
            what = "prompt set back" if event.ruled else "new prompt"
            line = f"  {event.agent}: {what}, {_with_ties(event.reason)}"
        case ConflictFound():
            line = f"  conflict: {describe_conflict(event)}"
        case FaultsWeighed():
            line = f"  faults: {describe_weighed(event)}"
        case FocusNarrowed() if event.left_out:
            line = f"  focus: {_left_out_of_focus(event)}"
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
            line = f"search ended: {end_reason(event.reason)}"
        case InfluenceMeasured() if event.hint:
            line = f"hint: {event.hint}"
        case BudgetStopped():
            kept = f"; {event.kept_back} of it are kept back for the final test" if event.kept_back else ""
            line = f"budget reached: {event.cap}{kept}"
        case Paused():
            line = f"paused: {event.reason}"
        case RunFinished():
            verdict = VERDICT_NAMES[event.verdict].lower()
            line = f"finished: {verdict}, {'new' if event.shipped == 'optimized' else 'seed'} prompts shipped"
    return line


_BY_PASSES: Final = "ascent"
"""The method whose steps count passes; the others count all their steps."""
TOPICS: Final = {
    "run_started": "run",
    "run_finished": "run",
    "paused": "run",
    "budget_stopped": "budget",
    "search_ended": "search",
    "step_started": "search",
    "proxy_told": "drafts",
    "drafts_screened": "drafts",
    "drafts_replaced": "drafts",
    "draft_rejected": "drafts",
    "candidate_scored": "drafts",
    "case_found": "cases",
    "case_shown": "cases",
    "conflict_found": "cases",
    "prompt_kept": "prompts",
    "prompt_changed": "prompts",
    "decided": "decisions",
    "approval_asked": "decisions",
    "call_lost": "calls",
    "call_unsettled": "calls",
    "control_tokens_defused": "calls",
    "did_not_fit": "calls",
    "endpoint_adapted": "calls",
    "judge_checked": "judge",
    "rerun_compared": "hold-out",
    "holdout_looked": "hold-out",
    "left_out": "hold-out",
    "influence_measured": "who matters",
    "focus_narrowed": "who matters",
    "faults_weighed": "search",
    "warned": "notes",
}
"""What an event is about, by its kind, in a word for people."""


def _left_out_of_focus(event: FocusNarrowed) -> str:
    moved = add_up(event.shares[name] for name in event.left_out)
    return (
        f"{list_names(event.left_out)} left out, with {percent(moved)} of what moved final answers so far; "
        f"{number(event.planned)} calls planned"
    )


def told_of(event: Event, run: RunStarted | None = None) -> str:
    """Return any event in one line for people, also those that a running terminal passes over."""
    return line_of(event, run).strip() or _also(event)


def _also(event: Event) -> str:
    match event:
        case CandidateScored():
            seen = f"final answer better {often(event.glob.wins)} and worse {often(event.glob.losses)}"
            kept = ", kept" if event.kept else ""
            return f"{event.agent}: a draft was tried on {plural(event.inputs, 'input')}, {seen}{kept}"
        case DraftRejected():
            return f"{event.agent}: a draft was refused: {event.reason}"
        case DraftsScreened():
            return f"{event.agent}: of {plural(event.asked, 'draft')} {event.kept} were kept before anything was run"
        case CaseFound():
            return f"{event.agent}: wrote something better, and {describe_loss(event.lost)}"
        case CaseShown():
            where = event.label or event.input_key
            return f"{event.agent}: the case on {where} was written down with its texts"
        case ControlTokensDefused():
            return f"{event.agent or event.purpose}: control tokens in a text were made harmless"
        case DidNotFit():
            return f"{event.agent or event.purpose}: a question was shortened to fit ({event.reason})"
        case HoldoutLooked():
            return f"the hold-out is tested, look {event.look}"
        case FocusNarrowed():
            return f"all of {plural(len(event.shares), 'agent')} stay in focus"
        case InfluenceMeasured():
            return f"who matters was measured for {plural(len(event.agents), 'agent')}"
        case JudgeChecked():
            return f"the judge was compared with labels on {plural(len(event.readings), 'pair')}"
        case LeftOut():
            found = f"{len(event.helped)} would be worse, {len(event.hurt)} better"
            return f"{event.agent}: without its changes, of {plural(event.inputs, 'hold-out input')} {found}"
        case ProxyTold():
            return f"{plural(event.asked, 'draft')} were screened before anything was run, {event.kept} kept"
        case RerunCompared():
            return f"the same prompts run twice gave the same answer on {event.same_answer} of {event.inputs} inputs"
        case UnknownEvent():
            return f"{event.kind.replace('_', ' ').replace('.', ': ')} (of another version or package)"
    return event.kind.replace("_", " ")


def step_name(event: StepStarted, run: RunStarted | None = None) -> str:
    """Return where the search stands: round or pass, agent and, where there are several, generation."""
    if by_rounds(event, run):
        return f"{round_name(event)}, {event.agent}"
    if run is not None and run.method not in ("", _BY_PASSES):
        of = f" of at most {event.passes}" if event.passes else ""
        return f"step {event.pass_}{of}, {event.agent}"
    where = f"pass {event.pass_}/{event.passes}, {event.agent}"
    if not event.generation:
        return f"{where}, Beam Refresh"
    return f"{where}, generation {event.generation}/{event.generations}" if event.generations > 1 else where


def _with_ties(reason: str) -> str:
    """Return the reason of a decision; of a share that counts ties as halves, that it does."""
    return (
        f"{reason}, a tie counted as half" if reason.endswith("of its outputs preferred") else decision_reason(reason)
    )


def round_name(event: StepStarted) -> str:
    """Return which round began. How many there will be is not known: mostly the calls that are planned end the race."""
    return f"round {event.pass_} of at most {event.passes}"
