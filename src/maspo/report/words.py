"""The words and numbers of a report, the same in the page and on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from maspo.core.usage import Usage
from maspo.events import CallUnsettled, ConflictFound, Effect, HoldoutResult, ProxyTold, RunFinished
from maspo.report.conflicts import sides
from maspo.report.fold import RunView

SIMULATED = "Simulated world: no language model was asked."
UNTESTED = "not used: nothing was compared on it"
VERDICT_NAMES = {
    "improved": "Improved",
    "no_evidence": "No evidence",
    "worse": "Worse",
    "cannot_tell": "Cannot tell",
}
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
_MOST_NAMES = 12
_SEED_SHIPPED = "The seed prompts are shipped."


def label(view: RunView) -> str:
    """Return the verdict in one or two words."""
    if view.finished:
        return VERDICT_NAMES[view.finished.verdict]
    return {"empty": "Nothing yet", "paused": "Interrupted"}.get(view.state, "Not finished")


def headline(view: RunView) -> str:
    """Return the outcome of a run in one or two plain sentences."""
    if view.finished is None:
        return _unfinished(view)
    if view.finished.verdict != "improved" and not any(agent.rewritten for agent in view.agents):
        return f"The search found no better prompts. {_SEED_SHIPPED}"
    by_labels = view.started is not None and view.started.decided_by == "labels"
    claims = _CLAIMS if by_labels else _PREFERENCES
    return f"{claims[view.finished.verdict]} {_what_is_shipped(view.finished)}"


def _what_is_shipped(finished: RunFinished) -> str:
    if finished.shipped == "seed":
        return _SEED_SHIPPED
    if finished.verdict == "improved":
        return "They are shipped."
    return "They won more often than they lost, so they are shipped."


def _unfinished(view: RunView) -> str:
    if view.started is None:
        return "Nothing has been recorded yet."
    if view.state == "paused":
        return "The run was interrupted and can be resumed. There is no verdict yet."
    return "The run has not finished. There is no verdict yet."


def holdout_counts(holdout: HoldoutResult) -> str:
    """Return wins, losses and ties of the hold-out in words."""
    parts = [
        plural(holdout.wins, "win", "wins"),
        plural(holdout.losses, "loss", "losses"),
        plural(holdout.ties, "tie", "ties"),
    ]
    if holdout.undecided:
        parts.append(f"{number(holdout.undecided)} undecided")
    return ", ".join(parts)


def net_win_rate(holdout: HoldoutResult) -> float:
    """Return (wins − losses) / n; 0 without inputs."""
    return (holdout.wins - holdout.losses) / holdout.n if holdout.n else 0.0


def interval(holdout: HoldoutResult) -> str:
    """Return the 95% interval of the net win rate in words."""
    low, high = holdout.interval
    return f"{signed_percent(low)} to {signed_percent(high)}"


def p_value(finished: RunFinished) -> tuple[str, str]:
    """Return the p-value of the sign test and what it speaks for: more losses when the verdict is worse, else wins."""
    if finished.verdict == "worse":
        return _p(finished.holdout.p_worse), "more losses than wins"
    return _p(finished.holdout.p_value), "more wins than losses"


def needed(finished: RunFinished) -> str:
    """Return how many hold-out inputs would be needed, where the verdict was out of reach; else empty."""
    if finished.verdict != "cannot_tell":
        return ""
    if finished.holdout.needed is None:
        return "It is not known how many hold-out inputs would be needed, because hardly any of them differ."
    return f"About {number(finished.holdout.needed)} hold-out inputs would be needed; there were {finished.holdout.n}."


def truth(view: RunView) -> str:
    """Return the true accuracy before and after, known on a simulated world only; else empty."""
    if view.finished is None or view.finished.truth is None:
        return ""
    before, after = view.finished.truth
    return f"True accuracy: {percent(before)} with the seed prompts, {percent(after)} with the shipped prompts."


def lost_words(lost: tuple[str, ...]) -> str:
    """Return what a misalignment case lost, in words."""
    readers = [name for name in lost if name != "global"]
    parts = [f"{names(readers)} did not improve"] if readers else []
    if "global" in lost:
        parts.append("the final answer got worse")
    return " and ".join(parts) or "the team did not gain"


def spent(usage: Usage, simulated: bool) -> str:
    """Return money in words: unknown is never 0."""
    if simulated:
        return "nothing (simulated)"
    if not usage.calls:
        return "$0"
    return "unknown" if usage.usd is None else money(usage.usd)


def money(usd: float) -> str:
    """Return an amount with as many decimals as it needs."""
    if usd == 0:
        return "$0"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def unsettled(call: CallUnsettled) -> str:
    """Return a call that was in flight when a process died in one line, with its highest cost."""
    who = f"{call.purpose} of {call.agent}" if call.agent else call.purpose
    return f"possibly billed twice: {who}, in flight when the run was killed; {at_most(call.usd)}"


def most_unsettled(calls: Sequence[CallUnsettled]) -> str:
    """Return what calls in flight at a kill cost at most together."""
    known = [call.usd for call in calls if call.usd is not None]
    return at_most(math.fsum(known)) if len(known) == len(calls) else at_most(None)


def unsettled_together(calls: Sequence[CallUnsettled]) -> str:
    """Return how many calls were in flight at a kill, and what they cost at most."""
    return (
        f"{plural(len(calls), 'call', 'calls')} in flight when the run was killed, possibly billed twice: "
        f"{most_unsettled(calls)}"
    )


def at_most(usd: float | None) -> str:
    """Return an upper bound in words, rounded up."""
    return "at most an unknown amount (no price)" if usd is None else f"at most {money(math.ceil(usd * 1e4) / 1e4)}"


def number(value: int) -> str:
    """Return an integer with thousands separated."""
    return f"{value:,}"


def names(every: Sequence[str]) -> str:
    """Return names in a row, the first dozen of them."""
    listed = ", ".join(every[:_MOST_NAMES])
    rest = len(every) - _MOST_NAMES
    return f"{listed} and {number(rest)} more" if rest > 0 else listed


def plural(count: int, one: str, many: str) -> str:
    """Return a count with its noun."""
    return f"{number(count)} {one if count == 1 else many}"


def signed(value: float) -> str:
    """Return a reward or score with its sign: ``+0.25``, ``−0.10``, ``0.00``."""
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def percent(value: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * value:.1f}%"


def share(effect: Effect) -> str:
    """Return how often the final answer differed, with the 95% interval."""
    low, high = effect.interval
    return f"{percent(effect.share)} ({percent(low)} to {percent(high)})"


def worth(value: float) -> str:
    """Return the worth of a candidate with its sign, to a thousandth: ½ is a sure win."""
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "−")


def screened(told: ProxyTold) -> tuple[str, ...]:
    """Return what the proxy saved and how often it was right, in plain sentences."""
    dropped = f"{number(told.dropped)} of {plural(told.asked, 'draft', 'drafts')}"
    lines = [f"{dropped} screened out before any run: {plural(told.runs_saved, 'run', 'runs')} saved."]
    seen = told.agreed + told.disagreed
    if not seen:
        return (*lines, "Whether that was right is not known: no draft that it had an opinion on was measured.")
    low, high = told.interval
    lines.append(
        f"The proxy put {number(told.agreed)} of {plural(seen, 'tried draft', 'tried drafts')} on the right side of "
        f"the average ({percent(told.agreed / seen)}; 95% interval {percent(low)} to {percent(high)}; chance is 50%)."
    )
    if told.worth_kept is not None and told.worth_audited is not None:
        lines.append(
            f"Drafts that it kept were worth {worth(told.worth_kept)} on average; those that it would have dropped, "
            f"and that were tried as an audit, {worth(told.worth_audited)}."
        )
    return tuple(lines)


def conflict(found: ConflictFound) -> str:
    """Return which two agents are in conflict, the figures, and whose change was kept, in one sentence."""
    two = sides(found)
    return (
        f"the changes of {two.kept} and {two.gave_way} each won alone ({worth(two.kept_alone)} and "
        f"{worth(two.gave_way_alone)}) and lost together ({worth(found.together)}, on "
        f"{plural(len(found.inputs), 'input', 'inputs')} where neither lost alone); that of {two.kept} was kept"
    )


def signed_percent(value: float) -> str:
    """Return a difference of shares with its sign."""
    text = f"{100 * value:+.1f}"
    return "0.0%" if float(text) == 0 else f"{text}%".replace("-", "−")


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def duration(seconds: float | None) -> str:
    """Return a time span in words; ``unknown`` when it was not recorded."""
    if seconds is None:
        return "unknown"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
