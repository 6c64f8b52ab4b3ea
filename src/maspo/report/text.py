"""The short form of a report: a summary for the terminal."""

from __future__ import annotations

from maspo.core.usage import Usage, total
from maspo.report import words
from maspo.report.calibration import calibration_lines
from maspo.report.fold import RunView
from maspo.report.remarks import remarked
from maspo.report.shown import clipped, visible
from maspo.study.evaluation.calibration import calibrate

_WIDTH = 10
_HINT = 600
_MOST_REMARKS = 5


def summary(view: RunView) -> str:
    """Return the outcome in a few plain lines: verdict, hold-out, what is shipped, what changed, what it cost."""
    lines = [words.headline(view)]
    if view.simulated:
        lines.append(f"{words.SIMULATED} {words.truth(view)}".strip())
    lines += [
        "",
        *_holdout(view),
        *_shipped(view),
        *_changed(view),
        *_row("look at", *(clipped(line, _HINT) for line in remarked(view.agents)[:_MOST_REMARKS])),
        *_proxy(view),
        *_conflict(view),
        *_hint(view),
        *(_row("judge", *calibration_lines(calibrate(view.judge.readings))) if view.judge else []),
        *_stops(view),
        *_cost(view),
    ]
    return visible("\n".join(line.rstrip() for line in lines).rstrip())


def _row(name: str, *texts: str) -> list[str]:
    return [f"{name if index == 0 else '':<{_WIDTH}}{text}" for index, text in enumerate(texts)]


def _holdout(view: RunView) -> list[str]:
    if view.finished is None:
        return []
    holdout = view.finished.holdout
    if not holdout.n:
        return _row("hold-out", words.UNTESTED)
    p_value, direction = words.p_value(view.finished)
    lines = [
        f"{words.plural(holdout.n, 'input', 'inputs')} that the search never saw: {words.holdout_counts(holdout)}",
        f"net win rate {words.signed_percent(words.net_win_rate(holdout))} "
        f"(95% interval {words.interval(holdout)}), {p_value} for {direction}",
    ]
    more = words.needed(view.finished)
    return _row("hold-out", *lines, *([more] if more else []))


def _shipped(view: RunView) -> list[str]:
    if view.finished is None:
        return []
    what = "new prompts" if view.finished.shipped == "optimized" else "seed prompts"
    return _row("shipped", what, *([clipped(view.finished.why, 600)] if view.finished.why else []))


def _changed(view: RunView) -> list[str]:
    if not view.agents:
        return []
    rewritten = [agent.name for agent in view.agents if agent.rewritten]
    share = f"{len(rewritten)} of {words.plural(len(view.agents), 'agent', 'agents')}"
    return _row("rewritten", f"{words.names(rewritten)} ({share})" if rewritten else f"none ({share})")


def _proxy(view: RunView) -> list[str]:
    return _row("proxy", *words.screened(view.proxy)) if view.proxy else []


def _conflict(view: RunView) -> list[str]:
    """Return the latest conflict; the report has all of them."""
    if not view.conflicts:
        return []
    earlier = len(view.conflicts) - 1
    more = [f"{words.plural(earlier, 'earlier conflict', 'earlier conflicts')} in the report"] if earlier else []
    return _row("conflict", clipped(words.conflict(view.conflicts[-1]), _HINT), *more)


def _hint(view: RunView) -> list[str]:
    return _row("hint", clipped(view.hint, _HINT)) if view.hint else []


def _stops(view: RunView) -> list[str]:
    lines = [f"a cap ended the search early: {stop.cap}" for stop in view.budget_stops[-1:]]
    if view.lost_calls:
        lines.append(f"{words.plural(len(view.lost_calls), 'call', 'calls')} failed for good; counted as undecided")
    if view.unsettled:
        lines.append(words.unsettled_together(view.unsettled))
    return _row("note", *lines)


def _cost(view: RunView) -> list[str]:
    if not view.usage:
        return []
    rows = [_cost_row(purpose, one) for purpose, one in view.usage.items()]
    rows.append(_cost_row("total", total(view.usage.values())))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    time = _row("time", words.duration(view.seconds)) if view.seconds is not None else []
    return [*_row("cost", *lines), *_row("money", words.spent(total(view.usage.values()), view.simulated)), *time]


def _cost_row(purpose: str, usage: Usage) -> tuple[str, ...]:
    return (
        purpose,
        words.plural(usage.calls, "call", "calls"),
        f"{words.number(usage.cached)} cached",
        f"{words.number(usage.tokens_in)} tokens in",
        f"{words.number(usage.tokens_out)} out",
    )
