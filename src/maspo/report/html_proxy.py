"""Drafts that the proxy screened out: what that saved, and how often it was right."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.events import DraftsScreened
from maspo.report import words
from maspo.report.fold import RunView
from maspo.report.html_parts import left_out, quiet, table
from maspo.report.markup import Html, h, join

_MOST_AGENTS = 100
_TITLE = "Drafts screened by the proxy"


def screening(view: RunView) -> Html:
    """Show what became of drafts before anything was run for them; nothing when no proxy was used."""
    by_agent: dict[str, list[DraftsScreened]] = {}
    for one in view.screenings:
        by_agent.setdefault(one.agent, []).append(one)
    if not by_agent and view.proxy is None:
        return join()
    rows = [_row(agent, found) for agent, found in list(by_agent.items())[:_MOST_AGENTS]]
    return join(
        h("h3", {}, _TITLE),
        h("p", {}, " ".join(words.screened(view.proxy))) if view.proxy else "",
        quiet(
            "The proxy guesses from earlier drafts of this run what a new one is worth. About one in five of those "
            "that it advises against is tried all the same, as an audit."
        ),
        table(_TITLE, ("Agent", "Drafts", "Kept", "Dropped", "Audited"), rows),
        left_out(len(by_agent) - len(rows), "more agent", "more agents"),
    )


def _row(agent: str, found: Sequence[DraftsScreened]) -> tuple[str, ...]:
    counts = (
        sum(one.asked for one in found),
        sum(one.kept for one in found),
        sum(one.dropped for one in found),
        sum(one.audited for one in found),
    )
    return (agent, *map(words.number, counts))
