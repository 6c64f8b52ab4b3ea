"""What is said of a run, in sentences: how it ended and what that shows; the same wherever it is read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from maspo.core.sums import add_up
from maspo.core.usage import total
from maspo.core.worked_examples import new_examples
from maspo.events import (
    CallLost,
    CallUnsettled,
    ConflictFound,
    FaultsWeighed,
    FocusNarrowed,
    HoldoutResult,
    PromptChanged,
    ProxyTold,
    RunFinished,
    Warned,
)
from maspo.report.fold import RunView, rank_conflict
from maspo.report.phrases import (
    at_most,
    blamed_on_looks,
    describe_replies,
    list_counts,
    list_names,
    number,
    p_value,
    percent,
    plural,
    signed,
    signed_percent,
)

STOPPED = "No process works on this run: `maspo resume` goes on with it."
_NO_ANSWER = "a reply without an answer: "
"""What stands before the reason in that of a call whose replies held no text."""
UNTESTED = "not used: nothing was compared on it"
_CLAIMS = {
    "improved": "The new prompts are better.",
    "no_evidence": "No evidence that the new prompts are better.",
    "worse": "The new prompts are worse than the seed prompts.",
    "cannot_tell": "Too few hold-out inputs differ to tell whether the new prompts are better.",
}
_PREFERENCES = {
    **_CLAIMS,
    "improved": "The new prompts are preferred by the judge.",
    "worse": "The seed prompts are preferred by the judge.",
}
"""Said where no labels decided."""
_LOOKED = {True: "No claim that the new prompts are better", False: "No claim that the new prompts are preferred"}
"""Said where earlier looks alone stand against a claim, by whether labels decided."""
_MOST_BROUGHT = 30
"""Names and figures that a remark lists."""
_AROUND: Final = 40
"""Characters on either side of a figure that are looked at for the words around it."""
_MOST_WORDS: Final = 4
"""Of them on either side, what is joined to the figure among them: three words tell what most figures are of."""
_WORTH: Final = re.compile(r"\bexpected worth [+-]\d+\.\d{3}(?= *;)")
_TRIAL: Final = re.compile(r"\b(\d+) wins?, (\d+) loss(?:es)? on (\d+) inputs\b")
"""How a search says what a trial came to."""
_MOST_FAULTS = 3
"""Faults that are named: those that cost most are what is asked for."""
_SEED_SHIPPED = "The seed prompts are shipped."


def what_a_cap_left(view: RunView) -> str:
    """Return what became of the rest of a cap where it left no hold-out input tested; else empty."""
    if not view.budget_stops or view.finished is None or view.finished.holdout.n:
        return ""
    if not any(agent.rewritten for agent in view.agents):
        return "What is left of it was kept for the hold-out test, which has nothing to compare."
    option, _, most = view.budget_stops[-1].cap.partition(" ")
    used = total(view.usage.values()).calls
    # Of a budget that runs share, nothing is kept.
    if option == "--budget" or (option == "--max-calls" and most.isdecimal() and used >= int(most)):
        return "It left too little for the hold-out test."
    return "What is left of it was kept for the hold-out test, which needs more."


def untested(view: RunView) -> int:
    """Return how many hold-out inputs a cap left out of the final test of new prompts."""
    finished, run = view.finished, view.started
    if finished is None or run is None or finished.complete or not any(agent.rewritten for agent in view.agents):
        return 0
    tested = finished.holdout.n + finished.holdout.undecided + finished.holdout.spared
    return max(0, run.holdout_inputs - tested)


def cap_of(view: RunView) -> str:
    """Return the cap that cut the search or its test short, such as ``--max-calls 500``; empty where none is known."""
    stops = view.budget_stops
    return (view.finished.cap if view.finished else "") or (stops[-1].cap if stops else "")


def describe_untested(view: RunView) -> str:
    """Return that a cap cut the final test short, and by how much; empty where it did not.

    A cap that ended the search and left nothing for the test is told by ``what_a_cap_left``.
    """
    left = untested(view)
    if not left or view.started is None or what_a_cap_left(view):
        return ""
    were = "was" if left == 1 else "were"
    of = f"{number(left)} of {plural(view.started.holdout_inputs, 'hold-out input')}"
    return f"{cap_of(view) or 'A cap'} cut the final test short: {of} {were} not tested."


def is_cut_off(view: RunView) -> bool:
    """Tell whether a cap ended the search before it had decided on any change."""
    return bool(view.budget_stops) and not any(step.decision for step in view.steps)


def _why_most_often(lost: Sequence[CallLost]) -> str:
    """Return why most calls without a text had none, and what helps; empty where that is not told."""
    (why, _), *others = Counter(call.reason.partition(_NO_ANSWER)[2] for call in lost).most_common()
    return f"most often, {why}" if why and others else why


def describe_brought(found: Sequence[str], prompt: str) -> str:
    """Return what a new prompt brings along, for whoever looks at it; empty where that is nothing."""
    if not found:
        return ""
    more = f" and {len(found) - _MOST_BROUGHT} more" if len(found) > _MOST_BROUGHT else ""
    shown = ", ".join(_in_its_words(one, prompt) for one in found[:_MOST_BROUGHT])
    return f"brings along what its seed prompt does not hold: {shown}{more}"


def _in_its_words(found: str, prompt: str) -> str:
    """Return a figure with the words around it, since by itself it says nothing; anything else as it is."""
    place = -1 if any(sign.isalpha() for sign in found) else prompt.find(found)
    if place < 0:
        return found
    before, after = prompt[:place].rpartition("\n")[2], prompt[place + len(found) :].partition("\n")[0]
    words_before, words_after = before[-_AROUND:].split(" "), after[:_AROUND].split(" ")
    if len(before) > _AROUND:
        del words_before[0]
    if len(after) > _AROUND:
        del words_after[-1]
    around = f"{' '.join(words_before[-_MOST_WORDS:])}{found}{' '.join(words_after[:_MOST_WORDS])}".strip()
    return found if around == found else f"{found} (in “{around}”)"


def look_at(name: str, suspicious: Sequence[str], found: Sequence[str], prompt: str) -> list[str]:
    """Return what of an agent's new prompt is to be looked at before it is in use."""
    return [f"{name}'s new prompt {what}" for what in (*suspicious, *filter(None, [describe_brought(found, prompt)]))]


def describe_health(view: RunView) -> list[str]:
    """Return what came back otherwise than asked for, one line each, with what can be done about it."""
    cost = total(view.usage.values())
    lines = [*_describe_twins(view), *describe_replies(view.usage)]
    for outcome, what in (
        ("refused", "refused by the model or a content filter"),
        ("empty", "given up without a text"),
    ):
        lost = [call for call in view.lost_calls if call.outcome == outcome]
        if lost:
            purposes = Counter(call.purpose for call in lost)
            calls = plural(len(lost), "call was", "calls were")
            fix = "they are undecided or lost; the report lists them with reasons"
            if outcome == "empty":
                fix = _why_most_often(lost) or fix
            lines.append(f"{calls} {what} ({list_counts(purposes)}): {fix}")
    if view.shortened:
        purposes = Counter(call.purpose for call in view.shortened)
        requests = plural(purposes.total(), "request was", "requests were")
        lines.append(
            f"{requests} longer than the model's context ({list_counts(purposes)}) and went out again without whole "
            "parts of it, or not at all; give these roles a model with a longer context (--judge-model, "
            "--proposer-model)"
        )
    if view.judged.unreadable:
        count = view.judged.unreadable
        replies, decide = plural(count, "reply", "replies"), "decides" if count == 1 else "decide"
        lines.append(
            f"{replies} of the judge held no verdict and {decide} nothing; use another model with --judge-model"
        )
    if view.defused:
        tokens = plural(sum(call.tokens for call in view.defused), "control token")
        calls = plural(len(view.defused), "call")
        lines.append(
            f"{tokens} of chat templates, such as <|im_end|>, stood in the texts of {calls} and went out with a dot "
            "(<·|im_end|>), so that no server takes them for its own; see where such texts come from"
        )
    lines += [f"adapted to the endpoint: {what}" for what in view.adapted]
    lines += _describe_warnings(view.warnings)
    if view.replaced:
        agents = ", ".join(dict.fromkeys(one.agent for one in view.replaced))
        (reason, _), *_ = Counter(one.reason for one in view.replaced).most_common(1)
        lines.append(
            f"plain edits stood in for {plural(len(view.replaced), 'proposal')} ({agents}), none of whose drafts could "
            f"be used (most often: {reason}); use another model with --proposer-model"
        )
    for agent in view.agents:
        if copied := len(new_examples(agent.seed, agent.winner)):
            lines.append(
                f"the new prompt of {agent.name} holds {plural(copied, 'worked example')} of this run's own traces, "
                "which copy inputs (proposer.examples): whoever gets the prompt gets these inputs"
            )
    if cost.unmetered:
        calls = plural(cost.unmetered, "call")
        lines.append(
            f"{calls} came back without believable token counts: tokens are a lower bound, money is charged at its most"
        )
    return lines


def _describe_warnings(warnings: Sequence[Warned]) -> list[str]:
    """Return what was warned of, with agents that were never called in one sentence where they are several."""
    uncalled = [one for one in warnings if one.topic == "uncalled" and one.agent]
    rest = [one for one in warnings if one not in uncalled] if len(uncalled) > 1 else warnings
    lines = [f"seen after {plural(one.calls, 'call')}: {one.text}" for one in rest]
    if rest is not warnings:
        lines.append(
            f"seen after {plural(uncalled[0].calls, 'call')}: {list_names([one.agent for one in uncalled])} were each "
            "called on none of the inputs that would have led their drafts, so nobody was asked for any: give more "
            "inputs on which they are called"
        )
    return lines


def _describe_twins(view: RunView) -> list[str]:
    holdout = view.finished.holdout if view.finished else None
    if holdout is None or holdout.groups is None or holdout.groups >= holdout.n:
        return []
    return [
        f"{holdout_inputs(holdout)} were tested: inputs of a group ask the same, so each group counts once; "
        "say with --group-by which ask the same, if that is wrong"
    ]


def describe_rerun(view: RunView) -> str:
    """Return how far two runs of the same prompts differed; empty where it was not looked at."""
    found = view.rerun
    if found is None:
        return ""
    return (
        f"two runs of the seed prompts gave the same text on {number(found.same_text)} and the same answer on "
        f"{number(found.same_answer)} of {plural(found.inputs, 'hold-out input')}: what differs is no prompt's effect"
    )


def headline(view: RunView) -> str:
    """Return the outcome of a run in one or two plain sentences."""
    finished = view.finished
    if view.started is None and finished is None:
        return "Nothing has been recorded yet."
    by_labels = view.started is not None and view.started.decided_by == "labels"
    found = _CLAIMS if by_labels else _PREFERENCES
    if finished is None and view.approval is not None:
        names = list_names(view.approval.agents)
        return f"{found[view.approval.verdict]} New prompts await approval: {names}."
    if finished is None:
        paused = view.state == "paused"
        what = "was interrupted and can be resumed" if paused else "has not finished"
        return f"The run {what}. There is no verdict yet."
    if finished.verdict != "improved" and not any(agent.rewritten for agent in view.agents):
        if is_cut_off(view):
            return f"A cap ended the search before any change was tried to the end. {_SEED_SHIPPED}"
        return f"The search found no better prompts. {_SEED_SHIPPED}"
    if finished.shipped == "seed":
        shipped = _SEED_SHIPPED
    elif finished.verdict == "improved":
        shipped = "They are shipped."
    else:
        shipped = "They won more often than they lost, so they are shipped."
    if looked := forbidden_by_looks(finished):
        return f"{_LOOKED[by_labels]}: {looked}. {shipped}"
    return f"{found[finished.verdict]} {shipped}"


def forbidden_by_looks(finished: RunFinished) -> str:
    """Return that earlier looks alone stand against a claim of the final test; empty where they do not."""
    tested = finished.holdout
    bounds = tested.p_bounds or (tested.p_value, tested.p_worse)
    p = ((tested.p_value, bounds[0]), (tested.p_worse, bounds[1]))
    return blamed_on_looks(finished.verdict, p, tested.look, tested.level)


def describe_end(view: RunView) -> tuple[str, ...]:
    """Return what speaks for more calls than a race had, and why it ended; nothing of other searches."""
    if view.ended is None or view.finished is None or (rounds := rounds_of(view)) is None:
        return ()
    which, idle = last_rounds(*rounds), rounds[1]
    found = (
        "changed no prompt, so little speaks for more calls"
        if idle
        else "changed a prompt, so more calls may find more"
    )
    return f"{which} {found}", f"the search ended when {end_reason(view.ended.reason)}"


def last_rounds(rounds: int, idle: int) -> str:
    """Return the last of some rounds in words: those that changed no prompt, or the one that changed some."""
    if rounds == 1:
        return "its only round"
    if idle == rounds:
        return f"each of its {rounds} rounds"
    return f"the last of {rounds} rounds" if idle <= 1 else f"the last {idle} of {rounds} rounds"


def grown(view: RunView) -> int:
    """Return by how many characters the prompts have grown in all, where that at least doubles them; else 0."""
    seeds = sum(len(agent.seed) for agent in view.agents)
    longer = sum(len(agent.shipped or agent.seed) for agent in view.agents) - seeds
    return longer if longer >= seeds else 0


def rounds_of(view: RunView) -> tuple[int, int] | None:
    """Return how many rounds a race had, and how many of them at its end changed no prompt; None of other searches."""
    rounds = {step.started.pass_: False for step in view.steps if step.by_rounds and step.started}
    for step in view.steps:
        if rounds and step.started and isinstance(step.decision, PromptChanged):
            rounds[step.started.pass_] = True
    if not rounds:
        return None
    return max(rounds), max(rounds) - max((number for number, changed in rounds.items() if changed), default=0)


def end_reason(reason: str) -> str:
    """Return why a search ended; what it says in two brackets, one after the other, in one."""
    # The words of the search stay as they are, or old records would not go on.
    said = reason.replace(" (--focus auto) (", " (--focus auto; ")
    return said.replace(" would not fit into the ", " and the final test would not fit into the ")


def decision_reason(reason: str) -> str:
    """Return why a prompt was taken or kept: with what a worth rests on, and a trial that adds up to its inputs."""
    # The words of the search stay as they are, as above.
    return _TRIAL.sub(_whole_trial, _WORTH.sub(r"\g<0> by mixed runs", reason))


def _whole_trial(found: re.Match[str]) -> str:
    wins, losses, inputs = map(int, found.groups())
    rest = inputs - wins - losses
    neither = f", {number(rest)} {'tie' if rest == 1 else 'ties'} or undecided" if rest > 0 else ""
    return f"{plural(wins, 'win')}, {plural(losses, 'loss', 'losses')}{neither} on {plural(inputs, 'input')}"


def holdout_counts(holdout: HoldoutResult) -> str:
    """Return wins, losses and ties of the hold-out in words."""
    wins, losses = plural(holdout.wins, "win"), plural(holdout.losses, "loss", "losses")
    undecided = f", {number(holdout.undecided)} undecided" if holdout.undecided else ""
    return f"{wins}, {losses}, {plural(holdout.ties, 'tie')}{undecided}"


def holdout_file(holdout: HoldoutResult) -> str:
    """Return where the hold-out is told input by input."""
    lost = "the lost one" if holdout.losses == 1 else f"the {number(holdout.losses)} lost ones"
    first = f"{lost} first" if holdout.losses else "none was lost"
    return f"input by input in holdout.jsonl, {first}"


def net_win_rate(holdout: HoldoutResult) -> float:
    """Return (wins − losses) / n, or its mean over groups; 0 without inputs."""
    if holdout.net is not None:
        return holdout.net
    return (holdout.wins - holdout.losses) / holdout.n if holdout.n else 0.0


def holdout_interval(holdout: HoldoutResult) -> str:
    """Return the 95% interval of the net win rate in words."""
    low, high = holdout.interval
    return f"{signed_percent(low)} to {signed_percent(high)}"


def holdout_inputs(holdout: HoldoutResult) -> str:
    """Return how many inputs were tested, and in how many independent groups where these are fewer."""
    inputs = plural(holdout.n, "input")
    grouped = holdout.groups is not None and holdout.groups < holdout.n
    return f"{inputs} in {plural(holdout.groups or 0, 'independent group')}" if grouped else inputs


def sign_test(finished: RunFinished) -> tuple[str, str]:
    """Return the p-value of the sign test and what it speaks for: more losses when the verdict is worse, else wins."""
    if finished.verdict == "worse":
        return p_value(finished.holdout.p_worse, finished.holdout.level), "more losses than wins"
    return p_value(finished.holdout.p_value, finished.holdout.level), "more wins than losses"


def inputs_needed(view: RunView) -> str:
    """Return how many hold-out inputs would be needed, where the verdict was out of reach; else empty.

    Where a cap left some of them untested, a higher one may do without further inputs, so both numbers are told.
    """
    finished = view.finished
    if finished is None or finished.verdict != "cannot_tell":
        return ""
    if finished.holdout.needed is None:
        return "It is not known how many hold-out inputs would be needed, because hardly any of them differ."
    groups = finished.holdout.groups
    if groups is not None and groups < finished.holdout.n:
        return f"About {number(finished.holdout.needed)} independent groups would be needed; there were {groups}."
    held_out = view.started.holdout_inputs if view.started else 0
    tested = finished.holdout.n
    there = f"{tested} of {held_out} were tested" if held_out > tested else f"there were {tested}"
    return f"About {number(finished.holdout.needed)} hold-out inputs would be needed; {there}."


def true_accuracy(view: RunView) -> str:
    """Return the true accuracy before and after, known on a simulated world only; else empty."""
    if view.finished is None or view.finished.truth is None:
        return ""
    before, after = view.finished.truth
    return f"True accuracy: {percent(before)} with the seed prompts, {percent(after)} with the shipped prompts."


def describe_loss(lost: tuple[str, ...]) -> str:
    """Return what a misalignment case lost, in words."""
    readers = [name for name in lost if name != "global"]
    parts = [f"{list_names(readers)} did not improve"] if readers else []
    if "global" in lost:
        parts.append("the final answer got worse")
    return " and ".join(parts) or "the team did not gain"


def describe_unsettled(call: CallUnsettled) -> str:
    """Return a call that was in flight when a process died in one line, with its highest cost."""
    who = f"{call.purpose} of {call.agent}" if call.agent else call.purpose
    return f"possibly billed twice: {who}, in flight when the run was killed; {at_most(call.usd)}"


def unsettled_bound(calls: Sequence[CallUnsettled]) -> str:
    """Return what calls in flight at a kill cost at most together."""
    known = [call.usd for call in calls if call.usd is not None]
    return at_most(math.fsum(known)) if len(known) == len(calls) else at_most(None)


def describe_all_unsettled(calls: Sequence[CallUnsettled]) -> str:
    """Return how many calls were in flight at a kill, and what they cost at most."""
    return (
        f"{plural(len(calls), 'call')} in flight when the run was killed, possibly billed twice: "
        f"{unsettled_bound(calls)}"
    )


def describe_proxy(proxy: ProxyTold) -> tuple[str, ...]:
    """Return what the proxy saved and how often it was right, in plain sentences."""
    dropped = f"{number(proxy.dropped)} of {plural(proxy.asked, 'draft')}"
    lines = [f"{dropped} screened out before any run: {plural(proxy.runs_saved, 'run')} saved."]
    seen = proxy.agreed + proxy.disagreed
    if not seen:
        return (*lines, "Whether that was right is not known: no draft that it had an opinion on was measured.")
    low, high = proxy.interval
    lines.append(
        f"The proxy put {number(proxy.agreed)} of {plural(seen, 'tried draft')} on the right side of "
        f"the average ({percent(proxy.agreed / seen)}; 95% interval {percent(low)} to {percent(high)}; chance is 50%)."
    )
    if proxy.worth_kept is not None and proxy.worth_audited is not None:
        lines.append(
            f"Drafts that it kept were worth {signed(proxy.worth_kept, 3)} on average; those that it would have "
            f"dropped, and that were tried as an audit, {signed(proxy.worth_audited, 3)}."
        )
    return tuple(lines)


def describe_conflict(found: ConflictFound) -> str:
    """Return which two agents are in conflict, the figures, and whose change was kept, in one sentence."""
    (kept, kept_alone), (dropped, dropped_alone) = rank_conflict(found)
    return (
        f"the changes of {kept} and {dropped} each won alone ({signed(kept_alone, 3)} and "
        f"{signed(dropped_alone, 3)}) and lost together ({signed(found.together, 3)}, on "
        f"{plural(len(found.inputs), 'input')} where neither lost alone); that of {kept} was kept"
    )


def describe_faults(found: Sequence[FaultsWeighed]) -> list[str]:
    """Return what the dearest faults cost before each round, and how often each was met in it, a line a round."""
    return [describe_weighed(one) for one in found]


def describe_weighed(found: FaultsWeighed) -> str:
    """Return what the dearest faults cost the prompts before a round, and how often each was met in it."""
    costs, weights = found.costs, found.weights
    dearest = sorted(costs, key=lambda name: (-costs[name], name))[:_MOST_FAULTS]
    most = sorted(weights, key=lambda name: (-weights[name], name))[:_MOST_FAULTS]
    cost = ", ".join(f"{name} {signed_percent(costs[name])}" for name in dearest)
    met = ", ".join(f"{name} on {percent(weights[name])}" for name in most)
    tried = f"cost in answers lost: {cost}; " if cost else ""
    return f"before round {found.step.removeprefix('r')}, {tried}met most in it, of the inputs under a fault: {met}"


def describe_focus(found: Sequence[FocusNarrowed]) -> str:
    """Return whom a search left out since their changes hardly moved a final answer, in one sentence; or nothing."""
    if not found:
        return ""
    everyone, gone = len(found[0].shares), [name for one in found for name in one.left_out]
    if not gone:
        return f"all {everyone} agents stayed in focus (--focus auto)"
    moved = add_up(one.shares[name] for one in found[:1] for name in one.left_out)
    first = f"{list_names(found[0].left_out)} had {percent(moved)} of what moved final answers in the first round"
    later = len(gone) - len(found[0].left_out)
    more = f"{f'; {later} more' if found[0].left_out else f'{later} agents'} were left out later" if later else ""
    rest = f"{everyone - len(gone)} of {plural(everyone, 'agent')} stayed in focus (--focus auto)"
    return f"{rest}: {first if found[0].left_out else ''}{more}"
