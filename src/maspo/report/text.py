"""The short forms of a report: a summary for the terminal and the object of ``result.json``."""

from __future__ import annotations

from collections.abc import Mapping

from maspo.engine.evaluation.calibration import calibrate
from maspo.events import CallUnsettled, ConflictFound, Effect, HoldoutResult, InfluenceMeasured, ProxyTold, Usage
from maspo.prompts import prompt_id
from maspo.report import words
from maspo.report.calibration import calibration_json, calibration_lines
from maspo.report.fold import RunView
from maspo.report.gains import gains
from maspo.report.remarks import remarked
from maspo.report.shown import clipped, visible

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
    rows.append(_cost_row("total", words.total(view.usage)))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    time = _row("time", words.duration(view.seconds)) if view.seconds is not None else []
    return [*_row("cost", *lines), *_row("money", words.spent(words.total(view.usage), view.simulated)), *time]


def _cost_row(purpose: str, usage: Usage) -> tuple[str, ...]:
    return (
        purpose,
        words.plural(usage.calls, "call", "calls"),
        f"{words.number(usage.cached)} cached",
        f"{words.number(usage.tokens_in)} tokens in",
        f"{words.number(usage.tokens_out)} out",
    )


def result_json(view: RunView) -> dict[str, object]:
    """Return the object of ``result.json``; of a run without verdict the verdict, shipped and hold-out are null.

    ``usd`` is null when any purpose that sent calls has no known price. ``calls`` sums the purposes of the judge.
    """
    finished, started = view.finished, view.started
    cost = words.total(view.usage)
    return {
        "verdict": finished.verdict if finished else None,
        "shipped": finished.shipped if finished else None,
        "why": finished.why if finished else words.headline(view),
        "holdout": _holdout_json(finished.holdout) if finished else None,
        "agents": _agents_json(view),
        "influence": _influence_json(view.influence) if view.influence else None,
        "proxy": _proxy_json(view.proxy) if view.proxy else None,
        "conflicts": [_conflict_json(found) for found in view.conflicts],
        "judge_check": calibration_json(calibrate(view.judge.readings)) if view.judge else None,
        "calls": {**_calls_json(view.usage), "cached": cost.cached, "failed": cost.failed},
        "tokens": {"in": cost.tokens_in, "out": cost.tokens_out, "unmetered_calls": cost.unmetered},
        "usd": cost.usd,
        "possibly_billed_twice": [unsettled_json(call) for call in view.unsettled],
        "seconds": view.seconds,
        "seed": started.seed if started else None,
        "complete": finished.complete if finished else False,
        "simulated": view.simulated,
        "truth": list(finished.truth) if finished and finished.truth else None,
        "profile": started.profile if started else None,
        "run": started.run if started else None,
        "models": dict(started.models) if started else {},
        "version": started.version if started else None,
        "usage": {purpose: _usage_json(one) for purpose, one in view.usage.items()},
    }


def _agents_json(view: RunView) -> dict[str, object]:
    found = gains(view)
    return {
        agent.name: {
            "changed": agent.changed,
            "rewritten": agent.rewritten,
            "seed": prompt_id(agent.seed),
            "winner": prompt_id(agent.winner),
            "expected_worth": found[agent.name].worth,
            "share_of_worth": found[agent.name].share,
        }
        for agent in view.agents
    }


def unsettled_json(call: CallUnsettled) -> dict[str, object]:
    """Return a call that was in flight when a process died, as ``result.json`` lists it."""
    return {"purpose": call.purpose, "agent": call.agent, "model": call.model, "usd": call.usd, "key": call.key}


def _holdout_json(holdout: HoldoutResult) -> dict[str, object]:
    return {
        "n": holdout.n,
        "wins": holdout.wins,
        "losses": holdout.losses,
        "ties": holdout.ties,
        "undecided": holdout.undecided,
        "contradicted": holdout.contradicted,
        "p_value": holdout.p_value,
        "p_worse": holdout.p_worse,
        "interval": list(holdout.interval),
        "needed": holdout.needed,
    }


def _proxy_json(told: ProxyTold) -> dict[str, object]:
    return {
        "asked": told.asked,
        "kept": told.kept,
        "dropped": told.dropped,
        "audited": told.audited,
        "runs_saved": told.runs_saved,
        "agreed": told.agreed,
        "disagreed": told.disagreed,
        "interval": list(told.interval),
        "worth_kept": told.worth_kept,
        "worth_audited": told.worth_audited,
    }


def _conflict_json(found: ConflictFound) -> dict[str, object]:
    return {
        "agents": list(found.agents),
        "alone": list(found.alone),
        "together": found.together,
        "inputs": len(found.inputs),
    }


def _influence_json(influence: InfluenceMeasured) -> dict[str, object]:
    return {
        "agents": {one.agent: _effect_json(one.rewritten) for one in influence.agents},
        "edges": [
            {
                "source": one.source,
                "reader": one.reader,
                "lookahead": {
                    "wins": one.wins,
                    "losses": one.losses,
                    "ties": one.ties,
                    "agreed": one.agreement.agreed,
                    "disagreed": one.agreement.disagreed,
                },
                "withheld": _effect_json(one.withheld),
            }
            for one in influence.edges
        ],
        "hint": influence.hint,
    }


def _effect_json(effect: Effect) -> dict[str, object]:
    return {
        "compared": effect.compared,
        "differed": effect.differed,
        "share": effect.share if effect.compared else None,
        "interval": list(effect.interval),
        "wins": effect.wins,
        "losses": effect.losses,
    }


def _calls_json(usage: Mapping[str, Usage]) -> dict[str, int]:
    sums = {"agent": 0, "judge": 0, "proposer": 0, "other": 0}
    for purpose, one in usage.items():
        family = purpose.partition(".")[0]
        sums[family if family in sums else "other"] += one.calls
    return sums


def _usage_json(usage: Usage) -> dict[str, object]:
    return {
        "calls": usage.calls,
        "cached": usage.cached,
        "failed": usage.failed,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "unmetered": usage.unmetered,
        "usd": usage.usd,
    }
