"""Where a watch stands, for people: one screen."""

from __future__ import annotations

from maspo.core.prompts import Prompts
from maspo.online.control import MEANS, Standing
from maspo.online.plan import Plan
from maspo.report import phrases

_LINES = 8
"""The latest decisions, so that all stands on a screen of 24 lines."""


def screen(standing: Standing, plan: Plan) -> str:
    """Return where a watch stands, in at most twenty lines."""
    of_month = "" if plan.calls is None else f" of {plan.calls:,}"
    money = "" if standing.usd is None else f", ${standing.usd:,.2f}"
    money += "" if plan.usd is None or standing.usd is None else f" of ${plan.usd:,.2f}"
    lines = [
        *([phrases.SIMULATED] if standing.simulated else []),
        f"state      {standing.state}",
        f"seen       {standing.windows:,} windows of {plan.window} inputs",
        f"evidence   {standing.evidence:,.1f} that something has changed; an alarm rings at {plan.windows_per_alarm:,}",
        *(
            f"           {share:,.1f}: {MEANS[name]}"
            for name, share in sorted(standing.shares.items(), key=lambda item: -item[1])[:2]
            if share >= 1
        ),
        f"shipped    {_changed(standing.anchor, standing.shipped)}",
    ]
    if standing.candidate is not None:
        won, lost = standing.canary
        lines.append(f"candidate  {won} won, {lost} lost against the shipped prompts, its hold-out included")
    lines.append(f"{standing.month or 'month':10} {standing.calls:,}{of_month} calls{money}")
    if standing.waiting:
        lines.append(f"waiting    {standing.waiting}")
    lines += [f"window {told.window:<4}{told.state}: {told.what}" for told in standing.told[-_LINES:]]
    return "\n".join(lines)


def told_since(last: Standing | None, now: Standing, plan: Plan) -> list[str]:
    """Return what is new since a watch stood there, a line each: the window that has closed, and what was decided.

    ``last`` is None where a process begins; what was told before it is not told again.
    """
    if last is None:
        lines = [f"goes on after {phrases.plural(now.windows, 'window')}: {now.state}"] if now.windows else []
        return [*lines, f"waiting for {plan.window} inputs of window {now.windows + 1}"]
    lines = [_closed(now, plan)] if now.windows > last.windows else []
    lines += [f"window {one.window}: {one.state}: {one.what}" for one in now.told[len(last.told) :]]
    if now.waiting and now.waiting != last.waiting:
        lines.append(f"waiting: {now.waiting}")
    return lines


def _closed(now: Standing, plan: Plan) -> str:
    calls = f"{now.calls:,} calls" if plan.calls is None else f"{now.calls:,} of {plan.calls:,} calls"
    found = f"window {now.windows}: {now.state}; {calls} in {now.month}"
    if now.evidence < 1:
        return f"{found}; nothing speaks for a change"
    name, _ = max(now.shares.items(), key=lambda share: share[1])
    return f"{found}; evidence {now.evidence:,.1f} of {plan.windows_per_alarm:,} for a change, most for: {MEANS[name]}"


def _changed(anchor: Prompts, shipped: Prompts) -> str:
    names = [name for name in shipped if shipped[name] != anchor.get(name)]
    if not names:
        return "the prompts of the system file; nothing was shipped before them"
    return f"other prompts for {', '.join(names)} than what they are held against"


def as_data(standing: Standing) -> dict[str, object]:
    """Return where a watch stands, for scripts: the fields of ``--json``."""
    return {
        "state": standing.state,
        "windows": standing.windows,
        "evidence": standing.evidence,
        "shares": dict(standing.shares),
        "canary": list(standing.canary),
        "candidate": standing.candidate is not None,
        "month": standing.month,
        "calls": standing.calls,
        "usd": standing.usd,
        "waiting": standing.waiting,
        "simulated": standing.simulated,
        "told": [{"window": one.window, "state": one.state, "what": one.what} for one in standing.told],
    }
