"""What a run cost in a document, and which calls were lost or may have been billed. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.core.usage import Usage, total
from maspo.events import CallLost, CallUnsettled, Decided, Paused
from maspo.report import phrases, sentences
from maspo.report.document import model
from maspo.report.document.extras import Extras, RecordEntry
from maspo.report.document.room import MOST_LISTED, MOST_REASON, short, shorten
from maspo.report.fold import RunView
from maspo.report.team_cost import change_figures, cost_in_use
from maspo.store.codec import RecordedResult


def spent(name: str, usage: Usage) -> model.Spent:
    """Return what calls cost under a name."""
    return model.Spent(
        name=short(name),
        calls=usage.calls,
        cached=usage.cached,
        failed=usage.failed,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        usd=usage.usd,
        unmetered=usage.unmetered,
    )


def cost_of(view: RunView, known: Extras) -> model.Cost:
    """Return what calls cost, by purpose, agent and model, and how near the caps are."""
    whole, spending = total(view.usage.values()), known.spending
    caps: dict[str, float | None] = dict(zip(("usd", "calls", "minutes"), known.caps, strict=True))
    caps |= _raised(known.entries)
    usd, calls, minutes = caps["usd"], caps["calls"], caps["minutes"]
    return model.Cost(
        total=spent("total", whole),
        purposes=tuple(spent(phrases.purpose(name), one) for name, one in view.usage.items()),
        agents=spending.agents if spending else (),
        models=spending.models if spending else (),
        latency=spending.latency if spending else (),
        burn=spending.burn if spending else (),
        seconds=_worked(view, known),
        in_flight=spending.in_flight if spending and view.state == "running" else 0,
        cap_usd=usd,
        cap_calls=None if calls is None else int(calls),
        cap_minutes=minutes,
        money=phrases.money_spent(whole, view.simulated),
        thoughts=phrases.thoughts(whole),
        health=tuple(shorten(line, 2 * MOST_REASON) for line in sentences.describe_health(view)),
        lost=tuple(_lost_call(one) for one in view.lost_calls[::-1][:MOST_LISTED]),
        lost_count=len(view.lost_calls),
        unsettled=tuple(_unsettled(one) for one in view.unsettled[::-1][:MOST_LISTED]),
        unsettled_count=len(view.unsettled),
        unsettled_bound=sentences.unsettled_bound(view.unsettled),
        planned_calls=known.planned_calls,
        in_use=change_figures(change) if (change := cost_in_use(view)) else None,
    )


def _worked(view: RunView, known: Extras) -> float | None:
    """Return the seconds of work: the run's own account, which one that works has not given since it was resumed."""
    spent_in = known.spending.seconds if known.spending else None
    return spent_in if view.seconds is None or (view.state == "running" and spent_in is not None) else view.seconds


def _raised(entries: Sequence[RecordEntry]) -> dict[str, float | None]:
    """Return the caps that a person has raised for the process that works, or worked last; a new one begins without."""
    raised, rests = dict[str, float | None](), False
    for one in entries:
        if isinstance(one.item, RecordedResult):
            continue
        if rests:
            raised.clear()
        rests = isinstance(one.item, Paused)
        if isinstance(one.item, Decided) and one.item.action == "raise-cap" and one.item.value is not None:
            raised[one.item.cap] = one.item.value
    return raised


def _lost_call(one: CallLost) -> model.LostCall:
    reason = shorten(one.reason)
    return model.LostCall(short(phrases.purpose(one.purpose)), short(one.agent), one.attempts, one.outcome, reason)


def _unsettled(one: CallUnsettled) -> model.UnsettledCall:
    return model.UnsettledCall(short(phrases.purpose(one.purpose)), short(one.agent), short(one.model), one.usd)
