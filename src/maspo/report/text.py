"""The short form of a report: a summary for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from maspo.core.usage import Usage, total
from maspo.events import RunFinished
from maspo.report import phrases, sentences
from maspo.report.fold import RunView
from maspo.report.in_short import cost_in_short
from maspo.report.team_cost import cost_in_use
from maspo.report.visible import clipped, visible
from maspo.study.evaluation.calibration import Agreement, Calibration, Rate, calibrate

_MOST_CHARACTERS = 600
"""Of one remark on a terminal: some six lines; the page has all of it."""
_MOST_SUSPICIOUS = 5
"""Remarks on new prompts; the page has them beside each prompt."""
_MOST_ROUNDS = 5
"""Rounds of which it is told what faults cost before them."""
_JUDGE_WIDTH = 24
"""Of the names of a judge's figures, see ``phrases.labelled``."""


def summary(view: RunView) -> str:
    """Return the outcome in a few plain lines: verdict, hold-out, what is shipped, what changed, what it cost."""
    lines = [sentences.headline(view)]
    if view.simulated:
        lines.append(f"{phrases.SIMULATED} {sentences.true_accuracy(view)}".strip())
    if view.state == "stopped":
        lines.append(sentences.STOPPED)
    lines.append("")

    def add(name: str, *texts: str) -> None:
        lines.extend(phrases.labelled(name, *texts, width=10))

    if finished := view.finished:
        add("hold-out", *_holdout_lines(view, finished))
        add("noise", sentences.describe_rerun(view))
        what = "new prompts" if finished.shipped == "optimized" else "seed prompts"
        add("shipped", what, clipped(finished.why, _MOST_CHARACTERS))
    if view.agents:
        rewritten = [agent.name for agent in view.agents if agent.rewritten]
        share = f"{len(rewritten)} of {phrases.plural(len(view.agents), 'agent')}"
        add("rewritten", f"{phrases.list_names(rewritten) if rewritten else 'none'} ({share})")
    faults = sentences.describe_faults(view.faults)
    earlier = len(faults) - _MOST_ROUNDS
    more = f"{phrases.plural(earlier, 'earlier round')} in the report's log" if earlier > 0 else ""
    add("faults", *(clipped(line, _MOST_CHARACTERS) for line in faults[-_MOST_ROUNDS:]), more)
    add("focus", clipped(sentences.describe_focus(view.focus), _MOST_CHARACTERS))
    add("search", *(clipped(text, _MOST_CHARACTERS) for text in sentences.describe_end(view)))
    suspicious = [f"{agent.name}'s new prompt {what}" for agent in view.agents for what in agent.suspicious]
    add("look at", *(clipped(text, _MOST_CHARACTERS) for text in suspicious[:_MOST_SUSPICIOUS]))
    if view.proxy:
        add("proxy", *sentences.describe_proxy(view.proxy))
    if view.conflicts:
        earlier = len(view.conflicts) - 1
        more = f"{phrases.plural(earlier, 'earlier conflict')} in the report" if earlier else ""
        add("conflict", clipped(sentences.describe_conflict(view.conflicts[-1]), _MOST_CHARACTERS), more)
    add("hint", clipped(view.hint, _MOST_CHARACTERS))
    if view.judge:
        add("judge", *judge_lines(judge_figures(calibrate(view.judge.readings))))
    notes = [f"a cap ended the search early: {stop.cap}" for stop in view.budget_stops[-1:]]
    if left := sentences.what_a_cap_left(view):
        notes.append(left)
    if test := sentences.describe_untested(view):
        notes.append(test)
    if view.lost_calls:
        notes.append(f"{phrases.plural(len(view.lost_calls), 'call')} failed for good; counted as undecided or lost")
    notes += sentences.describe_health(view)
    if view.unsettled:
        notes.append(sentences.describe_all_unsettled(view.unsettled))
    add("note", *notes)
    if view.usage:
        whole = total(view.usage.values())
        add("cost", *_cost_lines({**view.usage, "total": whole}))
        add("money", phrases.money_spent(whole, view.simulated))
        add("time", phrases.duration(view.seconds) if view.seconds is not None else "")
    if change := cost_in_use(view):
        add("in use", cost_in_short(view, change, _MOST_CHARACTERS))
    return visible("\n".join(line.rstrip() for line in lines).rstrip())


def _holdout_lines(view: RunView, finished: RunFinished) -> list[str]:
    holdout = finished.holdout
    if not holdout.n:
        return [sentences.UNTESTED]
    p_value, direction = sentences.sign_test(finished)
    inputs, counts = sentences.holdout_inputs(holdout), sentences.holdout_counts(holdout)
    return [
        f"{inputs} that the search never saw: {counts}",
        f"net win rate {phrases.signed_percent(sentences.net_win_rate(holdout))} "
        f"(95% interval {sentences.holdout_interval(holdout)}), {p_value} for {direction}",
        phrases.looks(holdout.look, holdout.level),
        sentences.inputs_needed(view),
        sentences.holdout_file(holdout),
    ]


def _cost_lines(usage: Mapping[str, Usage]) -> list[str]:
    rows = [
        (
            purpose,
            phrases.plural(one.calls, "call"),
            f"{phrases.number(one.cached)} cached",
            f"{phrases.tokens(one.tokens_in, one)} tokens in",
            f"{phrases.tokens(one.tokens_out, one)} out",
        )
        for purpose, one in usage.items()
    ]
    whole = usage["total"]
    if thought := phrases.thoughts(whole):
        rows.append(("  of these thoughts", "", "", "", f"{thought} out" if whole.tokens_thought else thought))
    if whole.tokens_cached:
        rows.append(("  of these in its cache", "", "", f"{phrases.number(whole.tokens_cached)} tokens in", ""))
    first, *widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join([name.ljust(first), *(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))])
        for name, *cells in rows
    ]


def judge_figures(found: Calibration) -> list[tuple[str, str]]:
    """Return a judge's record as names and figures, with 95 % intervals."""

    def rate(one: Rate) -> str:
        if one.share is None:
            return "nothing to count"
        low, high = one.interval
        interval = f"95% interval {phrases.percent(low)} to {phrases.percent(high)}"
        return f"{phrases.percent(one.share)} ({interval}), {phrases.number(one.count)} of {phrases.number(one.n)}"

    def agreement(name: str, one: Agreement) -> list[tuple[str, str]]:
        kappa = "not defined: one side always says the same"
        if one.kappa is not None:
            low, high = one.kappa_interval
            kappa = f"{one.kappa:.2f} (95% interval {low:.2f} to {high:.2f})".replace("-", "−")
        return [(name, rate(one.rate)), ("  beyond chance, κ", kappa)]

    figures = []
    if found.labels.rate.n:
        figures.append(("right on known pairs", rate(found.known)))
        figures += agreement("agrees with labels", found.labels)
    if found.human is not None:
        figures += agreement("agrees with the person", found.human)
    return [
        *figures,
        ("first position wins", f"{rate(found.first_position)}; 50% is fair"),
        ("turns with the order", rate(found.flip)),
        ("says tie", rate(found.tie)),
        ("cannot be read", rate(found.unreadable)),
    ]


def judge_lines(figures: Iterable[tuple[str, str]]) -> list[str]:
    """Return figures of a judge line by line."""
    return [line for name, text in figures for line in phrases.labelled(name, text, width=_JUDGE_WIDTH)]
