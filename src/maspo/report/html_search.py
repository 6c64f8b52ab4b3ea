"""The page's account of the search: rewards and steps, who matters, agents in conflict, misalignment cases, rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maspo.events import (
    CandidateScored,
    CaseShown,
    ConflictFound,
    DraftsScreened,
    Effect,
    LevelAgreement,
    LevelCounts,
    PromptChanged,
)
from maspo.report import charts, page, phrases
from maspo.report.fold import RunView, StepView, estimate_gains, rank_conflict
from maspo.report.markup import Child, Html, h, join
from maspo.report.page import diff_block, folded, left_out, paragraph, quiet, section, table, text_block
from maspo.report.visible import clipped

_DOTS = (
    "Each dot is a candidate prompt: how much better it did than its reference (Eq. 5). "
    "● kept, ○ dropped, ▲ the agent's prompt was changed."
)
_REFRESH = " Generation 0 is Beam Refresh."
_DOTS_OF_A_RACE = (
    "Each dot is a candidate prompt: the mean reward (Eq. 5) of the runs that it was in. Several candidates are tried "
    "in one run, so they share what they did. "
    "● kept: part of the new anchor, ○ left out, ▲ the agent's prompt was changed."
)
_EXPECTED_WORTH = (
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


# ── rewards and steps ────────────────────────────────────────────────────────────────────────────────────────────────


def show_search(view: RunView) -> Html:
    """Show rewards, decisions and the misalignment rate, step by step."""
    title = "How the search went"
    if not view.steps:
        return section("search", title, quiet("No step has begun yet."))
    end: Html = join()
    if view.ended is not None:
        levels = (("local", view.ended.local), ("lookahead", view.ended.lookahead))
        agreements = [
            f"The {level} verdict agreed with the global one in {found.agreed} of {_compared(found)} comparisons "
            f"({phrases.percent(found.agreed / _compared(found))})."
            for level, found in levels
            if _compared(found)
        ]
        end = paragraph(" ".join([f"The search ended because {view.ended.reason}.", *agreements]))
    return section(
        "search",
        title,
        end,
        _show_rewards(view),
        _show_misalignment(view),
        _show_screening(view),
        h("h3", {}, "Steps"),
        _show_steps(view),
        folded("All candidates", _show_candidates(view)),
    )


def _compared(found: LevelAgreement) -> int:
    return found.agreed + found.disagreed


def _show_rewards(view: RunView) -> Html:
    by_agent: dict[str, list[StepView]] = {}
    for step in view.steps:
        by_agent.setdefault(step.agent, []).append(step)
    rewritten = {agent.name for agent in view.agents if agent.rewritten}
    order = sorted(by_agent, key=lambda name: name not in rewritten)
    bounds = charts.reward_bounds(view.steps)
    refreshed = any(step.started and step.started.generation == 0 for step in view.steps)
    panels = [
        h("figure", {}, h("figcaption", {}, h("strong", {}, name)), charts.rewards(name, by_agent[name], bounds))
        for name in order[: page.MOST_PANELS]
    ]
    return join(
        h("h3", {}, "Reward by agent and step"),
        paragraph(_DOTS_OF_A_RACE if view.by_rounds else _DOTS + (_REFRESH if refreshed else "")),
        h("div", {"class": "panels"}, *panels),
        left_out(len(order) - len(panels), "more agent"),
    )


def _show_misalignment(view: RunView) -> Html:
    compared = sum(step.compared for step in view.steps)
    if not compared:
        return join()
    rate = phrases.percent(sum(step.misaligned for step in view.steps) / compared)
    caption = (
        f"Share of compared inputs on which a candidate did its own job better and the team did not gain (Eq. 6). "
        f"Over the whole search: {rate}."
    ) + (" A run counts once for every candidate in it." if view.by_rounds else "")
    chart = page.scrolling("Chart", charts.misalignment(view.steps))
    return join(h("h3", {}, "Misalignment rate"), h("figure", {}, chart, h("figcaption", {}, caption)))


def _show_screening(view: RunView) -> Html:
    """Show what became of drafts before anything was run for them; nothing when no proxy was used."""
    by_agent: dict[str, list[DraftsScreened]] = {}
    for one in view.screenings:
        by_agent.setdefault(one.agent, []).append(one)
    if not by_agent and view.proxy is None:
        return join()
    title = "Drafts screened by the proxy"
    rows = []
    for agent, found in list(by_agent.items())[: page.MOST_RANKED]:
        counts = [(one.asked, one.kept, one.dropped, one.audited) for one in found]
        rows.append((agent, *(phrases.number(sum(column)) for column in zip(*counts, strict=True))))
    return join(
        h("h3", {}, title),
        paragraph(" ".join(phrases.describe_proxy(view.proxy))) if view.proxy else "",
        quiet(
            "The proxy guesses from earlier drafts of this run what a new one is worth. About one in five of those "
            "that it advises against is tried all the same, as an audit."
        ),
        table(title, ("Agent", "Drafts", "Kept", "Dropped", "Audited"), rows),
        left_out(len(by_agent) - len(rows), "more agent"),
    )


def _show_steps(view: RunView) -> Html:
    when, best = ("Round", "Best worth") if view.by_rounds else ("Pass.gen", "Best reward")
    columns = ("Step", when, "Agent", "Candidates", "Kept", "Rejected", best, "Misaligned", "Decision")
    rows = []
    for number, step in list(enumerate(view.steps, start=1))[-page.MOST_STEPS :]:
        top: Child = "–"
        if step.best is not None:
            top = phrases.signed(step.best.score, 3) if step.by_rounds else phrases.signed(step.best.reward)
        decision: Child = "search goes on"
        if step.decision is not None:
            what = "changed" if isinstance(step.decision, PromptChanged) else "kept"
            decision = join(h("strong", {}, what), f": {clipped(step.decision.reason, page.REASON_CHARACTERS)}")
        rows.append(
            (
                phrases.number(number),
                step.label,
                step.agent,
                phrases.number(len(step.candidates)),
                phrases.number(sum(candidate.kept for candidate in step.candidates)),
                phrases.number(len(step.rejected)),
                top,
                phrases.percent(step.misaligned / step.compared) if step.compared else "–",
                decision,
            )
        )
    return join(
        table("Steps of the search", columns, rows),
        quiet(_EXPECTED_WORTH) if view.by_rounds else "",
        left_out(len(view.steps) - len(rows), "earlier step"),
    )


def _show_candidates(view: RunView) -> Html:
    found = [(step, candidate) for step in view.steps for candidate in step.candidates]
    when, score = ("Round", "Expected worth") if view.by_rounds else ("Pass.gen", "Score")
    columns = ("Prompt", when, "Agent", "Reward", score, "Local", "Lookahead", "Global", "Misaligned", "Kept")
    rows = [_candidate_row(step, candidate) for step, candidate in found[-page.MOST_CANDIDATES :]]
    return join(
        quiet(_COUNTS_OF_A_RACE if view.by_rounds else _COUNTS),
        table("Candidates", columns, rows),
        left_out(len(found) - len(rows), "earlier candidate"),
    )


def _candidate_row(step: StepView, candidate: CandidateScored) -> tuple[Child, ...]:
    def counts(found: LevelCounts) -> str:
        return f"{found.wins} / {found.losses} / {found.ties} / {found.undecided}"

    return (
        h("code", {}, candidate.candidate),
        step.label,
        candidate.agent,
        phrases.signed(candidate.reward),
        phrases.signed(candidate.score, 3 if step.by_rounds else 2),
        counts(candidate.local),
        counts(candidate.lookahead),
        counts(candidate.glob),
        f"{candidate.misaligned} of {candidate.inputs}",
        "kept" if candidate.kept else "dropped",
    )


# ── who matters ──────────────────────────────────────────────────────────────────────────────────────────────────────


def show_influence(view: RunView) -> Html:
    """Show whose rewrites reach the final answer, what each edge is good for, and the search's estimate of the gain."""
    title = "Who matters"
    if view.influence is None:
        over = view.ended is not None or view.finished is not None
        why = "Not measured by this search." if over else "Known when the search has ended."
        return section("influence", title, quiet(why), _show_gains(view))
    return section(
        "influence",
        title,
        paragraph(h("strong", {}, "Hint: "), clipped(view.hint, page.NOTE_CHARACTERS)) if view.hint else "",
        _show_agents(view),
        _show_edges(view),
        _show_gains(view),
    )


def _show_agents(view: RunView) -> Html:
    agents = view.influence.agents if view.influence else ()
    ranked = sorted((one for one in agents if one.rewritten.compared), key=lambda one: -one.rewritten.share)
    unmeasured = [one.agent for one in agents if not one.rewritten.compared]
    parts = [h("h3", {}, "Influence of agents")]
    if ranked:
        rows = [(one.agent, *_effect_cells(one.rewritten)) for one in ranked[: page.MOST_RANKED]]
        parts += [
            paragraph(
                "How often the final answer differed when this agent alone was rewritten, on inputs that the search "
                "chose. The bar is the share, the line its 95% interval; comparisons share inputs, so in truth it is "
                "wider."
            ),
            table("Influence of agents", ("Agent", "Final answer differed", "", "Of", "Wins", "Losses"), rows),
            left_out(len(ranked) - len(rows), "more agent"),
        ]
    if unmeasured:
        parts.append(
            paragraph(
                "Not measured, because no rewrite was tried without those of other agents: "
                f"{phrases.list_names(unmeasured)}. ",
                h("code", {}, "--set search.interventions=40"),
                " withholds each output from each of its readers on 40 inputs, to see what depends on it; ",
                h("code", {}, "maspo estimate"),
                " says what that costs.",
            )
        )
    return join(*parts)


def _effect_cells(effect: Effect) -> tuple[Child, ...]:
    if not effect.compared:
        return ("not measured", "", "0", "–", "–")
    low, high = effect.interval
    return (
        f"{phrases.percent(effect.share)} ({phrases.percent(low)} to {phrases.percent(high)})",
        charts.share_bar(effect.share, effect.interval),
        phrases.number(effect.compared),
        phrases.number(effect.wins),
        phrases.number(effect.losses),
    )


def _show_edges(view: RunView) -> Html:
    edges = view.influence.edges if view.influence else ()
    if not edges:
        return join()
    ranked = sorted(edges, key=lambda one: (-one.withheld.share, -(one.wins + one.losses)))
    readers = ("Reader ← source", "Better / worse / same", "Agreed")
    columns = (*readers, "Differed without it", "", "Of", "Wins", "Losses")
    rows = []
    for one in ranked[: page.MOST_RANKED]:
        verdicts = " / ".join(map(phrases.number, (one.wins, one.losses, one.ties)))
        seen = _compared(one.agreement)
        agreed = f"{one.agreement.agreed} of {seen}" if seen else "–"
        rows.append((f"{one.reader} ← {one.source}", verdicts, agreed, *_effect_cells(one.withheld)))
    return join(
        h("h3", {}, "Influence of edges"),
        paragraph(
            "What the judge thought of a reader's output when its source was rewritten (lookahead verdicts), how "
            "often that agreed with the global verdict, and what became of the final answer when the source's output "
            "was withheld from the reader: wins are those of the team without this edge."
        ),
        table("Influence of edges", columns, rows),
        left_out(len(edges) - len(rows), "more edge"),
    )


def _show_gains(view: RunView) -> Html:
    gains = estimate_gains(view)
    changed = sorted(
        (agent for agent in view.agents if agent.times_changed), key=lambda agent: -gains[agent.name].worth
    )
    if not changed:
        return join()
    rows = []
    for agent in changed[: page.MOST_RANKED]:
        gain = gains[agent.name]
        share: tuple[Child, Child] = ("–", "")
        if gain.share is not None:
            share = (phrases.percent(gain.share).replace("-", "−"), charts.share_bar(gain.share))
        prompt = "new prompt" if agent.rewritten else "as before"
        rows.append((agent.name, prompt, phrases.signed(gain.worth, 3), *share))
    title = "Where the gain came from"
    return join(
        h("h3", {}, title),
        paragraph(
            "The search's estimate: the scores of the candidates that it accepted, summed for each agent. The final "
            "test proves all changes together, never one of them."
        ),
        table(title, ("Agent", "Prompt", "Expected worth", "Share", ""), rows),
        left_out(len(changed) - len(rows), "more agent"),
    )


# ── agents in conflict, and misalignment cases: they link to each other ──────────────────────────────────────────────


def show_conflicts(view: RunView) -> Html:
    """Show which agents must change with regard to each other; nothing when no conflict was found."""
    if not view.conflicts:
        return join()
    title = "Agents in conflict"
    shown = view.conflicts[::-1][: page.MOST_CONFLICTS]
    cases, labels = _newest_cases(view), {case.input_key: case.label or case.input_key for case in view.cases}
    rows = []
    for found in shown:
        sides: list[Child] = [
            cell for agent, alone in rank_conflict(found) for cell in (agent, phrases.signed(alone, 3))
        ]
        rows.append((*sides, phrases.signed(found.together, 3), _conflict_inputs(found, cases, labels)))
    return section(
        "conflicts",
        title,
        paragraph(
            "Tried alone, the changes of these two agents each won; tried together, they lost. The better change was "
            "kept. When the other agent is rewritten next, the proposer is shown inputs on which both lost together "
            "and neither lost alone. Newest first."
        ),
        table(title, ("Change kept", "Alone", "Gave way", "Alone", "Together", "Lost together on"), rows),
        quiet(
            "Alone and together: the mean score against the anchor of that round, from −½ (all lost) to ½ (all won). "
            "An input that is a link leads to its misalignment case."
        ),
        left_out(len(view.conflicts) - len(shown), "earlier conflict"),
    )


def _conflict_inputs(found: ConflictFound, cases: Sequence[CaseShown], labels: Mapping[str, str]) -> Html:
    """Name the inputs; those whose misalignment case is on the page lead to it."""
    parts: list[Child] = []
    for key in found.inputs[: page.MOST_CONFLICT_INPUTS]:
        place, name = _case_of(found, key, cases), labels.get(key, key)
        parts += [", ", name if place is None else h("a", {"href": f"#case-{place + 1}"}, name)]
    rest = len(found.inputs) - page.MOST_CONFLICT_INPUTS
    more = f" and {phrases.number(rest)} more" if rest > 0 else ""
    return join(f"{phrases.plural(len(found.inputs), 'input')}: ", *parts[1:], more)


def _case_of(found: ConflictFound, input_key: str, cases: Sequence[CaseShown]) -> int | None:
    """Return the place of the first case of the agent whose change was dropped, of the same round and input."""
    agent, _ = rank_conflict(found)[1]
    for place, case in enumerate(cases):
        if (case.agent, case.input_key) == (agent, input_key) and case.step.startswith(f"{found.step}/"):
            return place
    return None


def _newest_cases(view: RunView) -> Sequence[CaseShown]:
    """Return the misalignment cases that the page has room for, newest first.

    The steps tell which are new: texts are recorded late, and many at once.
    """
    place = {step.step: number for number, step in enumerate(view.steps)}
    return sorted(view.cases, key=lambda case: place.get(case.step, -1))[::-1][: page.MOST_CASES]


def show_cases(view: RunView) -> Html:
    """Show the newest misalignment cases, both traces side by side."""
    title = "Misalignment cases"
    if not view.cases:
        found = f"{phrases.number(view.cases_found)} found, none recorded with texts." if view.cases_found else "None."
        return section("cases", title, quiet(found))
    cases = _newest_cases(view)
    linked = {
        _case_of(found, key, cases)
        for found in view.conflicts[-page.MOST_CONFLICTS :]
        for key in found.inputs[: page.MOST_CONFLICT_INPUTS]
    }
    clashes = " So are inputs on which changes of two agents lost together." if view.conflicts else ""
    return section(
        "cases",
        title,
        paragraph(
            f"{phrases.plural(view.cases_found, 'case')}: inputs on which a candidate prompt won its own "
            f"comparison and the team did not gain (Eq. 6). They are shown to the proposer as hard negatives.{clashes} "
            "Newest first."
        ),
        *(_show_case(case, f"case-{place + 1}" if place in linked else "") for place, case in enumerate(cases)),
        left_out(view.cases_found - len(cases), "older case"),
    )


def _show_case(case: CaseShown, anchor: str) -> Html:
    names = list(dict.fromkeys([*case.candidate_outputs, *case.reference_outputs]))
    if len(names) > page.MOST_OUTPUTS:  # the rewritten agent and what was lost come first
        names.sort(key=lambda name: name != case.agent and name not in case.lost)
    title = f" on input {case.label or case.input_key}: {phrases.describe_loss(case.lost)}"
    pairs = []
    for name in names[: page.MOST_OUTPUTS]:
        note = "rewritten agent" if name == case.agent else ("did not improve" if name in case.lost else "reader")
        sides = (("candidate", case.candidate_outputs.get(name)), ("reference", case.reference_outputs.get(name)))
        outputs = [
            h(
                "div",
                {},
                h("h4", {}, f"With the {side} prompt"),
                quiet("Not recorded.") if text is None else text_block(text, page.CASE_CHARACTERS),
            )
            for side, text in sides
        ]
        pairs.append(h("div", {"class": "pair"}, h("h3", {}, f"{name} ({note})"), *outputs))
    return h(
        "details",
        {"class": "case", "id": anchor} if anchor else {"class": "case"},
        h("summary", {}, h("strong", {}, case.agent), title),
        h("h3", {}, "Input"),
        text_block(case.input_text, page.CASE_CHARACTERS),
        *pairs,
        left_out(len(names) - len(pairs), "more agent"),
        folded("The prompts: reference → candidate", diff_block(case.reference_prompt, case.candidate_prompt)),
    )


# ── rejected drafts ──────────────────────────────────────────────────────────────────────────────────────────────────


def show_rejected(view: RunView) -> Html:
    """Show the drafts that could not be used, newest first, and why."""
    title = "Rejected drafts"
    drafts = view.rejected[::-1]
    if not drafts:
        return section("rejected", title, quiet("None."))
    items = []
    for draft in drafts[: page.MOST_REJECTED]:
        why = f": {clipped(draft.reason, page.REASON_CHARACTERS)}"
        summary = h("summary", {}, h("strong", {}, draft.agent), why)
        items.append(h("details", {"class": "case"}, summary, text_block(draft.text, page.DRAFT_CHARACTERS)))
    count = phrases.plural(len(drafts), "draft")
    return section(
        "rejected",
        title,
        paragraph(f"{count} of the proposer could not be used, and never reached an agent."),
        *items,
        left_out(len(drafts) - len(items), "older draft"),
    )
