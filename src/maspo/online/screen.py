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
