"""What a person decided about a run, and what waits for one, in a document. Pure."""

from __future__ import annotations

from maspo.core.prompts import prompt_id
from maspo.events import Decided
from maspo.report import sentences
from maspo.report.document import model
from maspo.report.document.extras import Extras
from maspo.report.document.room import MOST_AGENTS, MOST_REASON, MOST_TEXT, short, shorten
from maspo.report.fold import RunView
from maspo.report.lines import words_of
from maspo.report.result import holdout_of


def approval_of(view: RunView) -> model.Approval | None:
    """Return what waits for a person to approve it; None where nothing does."""
    asked = view.approval
    if asked is None:
        return None
    said = {(one.agent, one.text) for one in view.decided if one.action in ("approve", "reject")}
    waiting = [name for name in asked.agents if (name, asked.winners[name]) not in said][:MOST_AGENTS]
    return model.Approval(
        agents=tuple(short(name) for name in waiting),
        prompts=tuple(prompt_id(asked.winners[name]) for name in waiting),
        why=shorten(asked.why, MOST_TEXT),
        net=sentences.net_win_rate(asked.holdout),
        figures=holdout_of(asked.holdout),
    )


def rulings_of(view: RunView, known: Extras) -> tuple[model.Ruling, ...]:
    """Return what a person decided: what the run acted on, then what it has not read yet."""
    moments = {one.item.id: one.at for one in known.entries if isinstance(one.item, Decided)}
    taken = [_ruling(one, moments.get(one.id), True) for one in view.decided]
    return (*taken, *(_ruling(one, at, False) for at, one in known.noted))


def _ruling(one: Decided, at: float | None, taken: bool) -> model.Ruling:
    return model.Ruling(
        at=at,
        action=short(one.action),
        agent=short(one.agent),
        prompt=prompt_id(one.text) if one.text else "",
        reason=shorten(one.reason),
        text=shorten(words_of(one), 2 * MOST_REASON),
        taken=taken,
    )
