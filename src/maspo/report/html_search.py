"""How the search went: rewards, steps, misalignment rate and rejected drafts."""

from __future__ import annotations

from maspo.events import CandidateScored, DraftRejected, LevelAgreement, LevelCounts, PromptChanged, SearchEnded
from maspo.report import charts, words
from maspo.report.fold import RunView, StepView
from maspo.report.html_parts import folded, left_out, quiet, section, table, text_block
from maspo.report.html_proxy import screening
from maspo.report.markup import Html, h, join
from maspo.report.shown import clipped

_MOST_PANELS = 24
_MOST_STEPS = 200
_MOST_CANDIDATES = 300
_MOST_REJECTED = 40
_REASON = 400
_REFRESH = " Generation 0 is Beam Refresh."
_DOTS = (
    "Each dot is a candidate prompt: how much better it did than its reference (Eq. 5). "
    "● kept, ○ dropped, ▲ the agent's prompt was changed."
)
_DOTS_OF_A_RACE = (
    "Each dot is a candidate prompt: the mean reward (Eq. 5) of the runs that it was in. Several candidates are tried "
    "in one run, so they share what they did. "
    "● kept: part of the new anchor, ○ left out, ▲ the agent's prompt was changed."
)
_WORTH_OF_A_RACE = (
    "Candidates are tried in mixed runs: several candidates of one agent (in a large team, of neighbouring agents) are "
    "merged and meet the anchor, the prompts that are in the system now. A candidate's expected worth is what a "
    "regression over these runs gives to it alone, drawn towards what drafts were worth so far; ½ is a sure win. Kept: "
    "it is part of the new anchor."
)
_COUNTS = "Counts are wins / losses / ties / undecided, seen from the candidate."
_COUNTS_OF_A_RACE = (
    "Counts are wins / losses / ties / undecided of the runs that the candidate was in, together with others: one run "
    "counts for every candidate in it. A local or lookahead verdict that was not asked for counts as undecided."
)


def search(view: RunView) -> Html:
    """Show rewards, decisions and the misalignment rate, step by step."""
    title = "How the search went"
    if not view.steps:
        return section("search", title, quiet("No step has begun yet."))
    return section(
        "search",
        title,
        _end(view.ended),
        _reward_panels(view),
        _misalignment(view),
        screening(view),
        h("h3", {}, "Steps"),
        _step_table(view),
        folded("All candidates", _candidate_table(view)),
    )


def _end(ended: SearchEnded | None) -> Html:
    """Say why the search ended, and how far local and lookahead verdicts could be trusted."""
    if ended is None:
        return join()
    agreements = [_agreement("local", ended.local), _agreement("lookahead", ended.lookahead)]
    return h("p", {}, " ".join([f"The search ended because {ended.reason}.", *filter(None, agreements)]))


def _agreement(level: str, found: LevelAgreement) -> str:
    seen = found.agreed + found.disagreed
    if not seen:
        return ""
    share = words.percent(found.agreed / seen)
    return f"The {level} verdict agreed with the global one in {found.agreed} of {seen} comparisons ({share})."


def _reward_panels(view: RunView) -> Html:
    by_agent: dict[str, list[StepView]] = {}
    for step in view.steps:
        by_agent.setdefault(step.agent, []).append(step)
    changed = {agent.name for agent in view.agents if agent.rewritten}
    order = sorted(by_agent, key=lambda name: name not in changed)
    bounds = charts.reward_bounds(view.steps)
    refreshed = any(step.started and step.started.generation == 0 for step in view.steps)
    panels = [
        h("figure", {}, h("figcaption", {}, h("strong", {}, name)), charts.rewards(name, by_agent[name], bounds))
        for name in order[:_MOST_PANELS]
    ]
    return join(
        h("h3", {}, "Reward by agent and step"),
        h(
            "p",
            {},
            _DOTS_OF_A_RACE if view.by_rounds else _DOTS + (_REFRESH if refreshed else ""),
        ),
        h("div", {"class": "panels"}, *panels),
        left_out(len(order) - _MOST_PANELS, "more agent", "more agents"),
    )


def _misalignment(view: RunView) -> Html:
    steps = view.steps
    compared = sum(step.compared for step in steps)
    if not compared:
        return join()
    rate = words.percent(sum(step.misaligned for step in steps) / compared)
    caption = (
        f"Share of compared inputs on which a candidate did its own job better and the team did not gain (Eq. 6). "
        f"Over the whole search: {rate}."
    ) + (" A run counts once for every candidate in it." if view.by_rounds else "")
    chart = h(
        "div",
        {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Chart"},
        charts.misalignment(steps),
    )
    return join(h("h3", {}, "Misalignment rate"), h("figure", {}, chart, h("figcaption", {}, caption)))


def _step_table(view: RunView) -> Html:
    numbered = list(enumerate(view.steps, start=1))
    when, best = ("Round", "Best worth") if view.by_rounds else ("Pass.gen", "Best reward")
    columns = ("Step", when, "Agent", "Candidates", "Kept", "Rejected", best, "Misaligned", "Decision")
    rows = [_step_row(number, step) for number, step in numbered[-_MOST_STEPS:]]
    return join(
        table("Steps of the search", columns, rows),
        quiet(_WORTH_OF_A_RACE) if view.by_rounds else "",
        left_out(len(numbered) - _MOST_STEPS, "earlier step", "earlier steps"),
    )


def _step_row(number: int, step: StepView) -> tuple[str | Html, ...]:
    return (
        words.number(number),
        step.label,
        step.agent,
        words.number(len(step.candidates)),
        words.number(sum(candidate.kept for candidate in step.candidates)),
        words.number(len(step.rejected)),
        _best(step),
        words.percent(step.misaligned / step.compared) if step.compared else "–",
        _decision(step),
    )


def _best(step: StepView) -> str:
    if step.best is None:
        return "–"
    return words.worth(step.best.score) if step.by_rounds else words.signed(step.best.reward)


def _decision(step: StepView) -> str | Html:
    if step.decision is None:
        return "search goes on"
    what = "changed" if isinstance(step.decision, PromptChanged) else "kept"
    return join(h("strong", {}, what), f": {clipped(step.decision.reason, _REASON)}")


def _candidate_table(view: RunView) -> Html:
    found = [(step, candidate) for step in view.steps for candidate in step.candidates]
    when, score = ("Round", "Expected worth") if view.by_rounds else ("Pass.gen", "Score")
    columns = ("Prompt", when, "Agent", "Reward", score, "Local", "Lookahead", "Global", "Misaligned", "Kept")
    rows = [_candidate_row(step, candidate) for step, candidate in found[-_MOST_CANDIDATES:]]
    return join(
        quiet(_COUNTS_OF_A_RACE if view.by_rounds else _COUNTS),
        table("Candidates", columns, rows),
        left_out(len(found) - _MOST_CANDIDATES, "earlier candidate", "earlier candidates"),
    )


def _candidate_row(step: StepView, candidate: CandidateScored) -> tuple[str | Html, ...]:
    return (
        h("code", {}, candidate.candidate),
        step.label,
        candidate.agent,
        words.signed(candidate.reward),
        words.worth(candidate.score) if step.by_rounds else words.signed(candidate.score),
        _counts(candidate.local),
        _counts(candidate.lookahead),
        _counts(candidate.glob),
        f"{candidate.misaligned} of {candidate.inputs}",
        "kept" if candidate.kept else "dropped",
    )


def _counts(counts: LevelCounts) -> str:
    return f"{counts.wins} / {counts.losses} / {counts.ties} / {counts.undecided}"


def rejected(view: RunView) -> Html:
    """Show the drafts that could not be used, newest first, and why."""
    drafts = view.rejected[::-1]
    if not drafts:
        return section("rejected", "Rejected drafts", quiet("None."))
    items = [_draft(draft) for draft in drafts[:_MOST_REJECTED]]
    count = words.plural(len(drafts), "draft", "drafts")
    return section(
        "rejected",
        "Rejected drafts",
        h("p", {}, f"{count} of the proposer could not be used, and never reached an agent."),
        *items,
        left_out(len(drafts) - _MOST_REJECTED, "older draft", "older drafts"),
    )


def _draft(draft: DraftRejected) -> Html:
    summary = h("summary", {}, h("strong", {}, draft.agent), f": {clipped(draft.reason, _REASON)}")
    return h("details", {"class": "case"}, summary, text_block(draft.text, 4000))
