"""``report.html``: one file that opens offline, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from maspo.core.usage import Usage, total
from maspo.events import CallUnsettled, RunFinished
from maspo.report import charts, page, phrases
from maspo.report.fold import AgentView, RunView
from maspo.report.html_search import show_cases, show_conflicts, show_influence, show_rejected, show_search
from maspo.report.markup import Child, Html, h, join
from maspo.report.page import diff_block, folded, left_out, paragraph, quiet, section, table, text_block
from maspo.report.text import judge_figures
from maspo.report.visible import clipped
from maspo.study.evaluation.calibration import Calibration, calibrate

_JUDGED_BESIDE_LABELS = (
    "Labels decided the global comparisons. On hold-out inputs whose answers differ, the judge was asked as well, in "
    "both orders: this is how far it could have been trusted without labels."
)


def render(view: RunView) -> str:
    """Return the whole page of a run, at any moment of it. Text of models is escaped: it is shown and never acts."""
    started = view.started
    name = started.system if started else "no run yet"
    line = f"run {started.run} · profile {started.profile} · seed {started.seed}" if started else ""
    absent = {"conflicts"} if not view.conflicts else set()
    absent |= {"judge"} if view.judge is None else set()
    links = (h("li", {}, h("a", {"href": f"#{target}"}, title)) for target, title, _ in _PARTS if target not in absent)
    contents = h("nav", {"aria-label": "Parts of this report"}, h("ul", {}, *links))
    banner = page.simulated_banner(view.simulated, " ", phrases.true_accuracy(view))
    main = h("main", {}, banner, *(show(view) for _, _, show in _PARTS))
    return page.document(f"maspo: {name}", page.heading("Prompt optimization report", name, line, contents), main)


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _show_verdict(view: RunView) -> Html:
    if view.finished is None:
        steps = phrases.plural(len(view.steps), "step")
        candidates = phrases.plural(sum(len(step.candidates) for step in view.steps), "candidate")
        changes = phrases.plural(sum(agent.times_changed for agent in view.agents), "prompt change")
        body: Html = paragraph(f"So far: {steps}, {candidates} scored, {changes}.")
    else:
        noise = phrases.describe_rerun(view)
        body = join(_show_proof(view.finished), quiet(f"Noise: {noise}.") if noise else "")
    lines = [f"A cap ended the search before its plan was done: {stop.cap}." for stop in view.budget_stops[-1:]]
    lines += [f"Interrupted: {pause.reason}" for pause in view.pauses[-1:] if view.state == "paused"]
    lines += [phrases.STOPPED] if view.state == "stopped" else []
    if view.lost_calls:
        lost = phrases.plural(len(view.lost_calls), "call")
        lines.append(f"{lost} failed for good; what depended on them is counted as undecided or lost.")
    label = {"empty": "Nothing yet", "paused": "Interrupted", "stopped": "Stopped"}.get(view.state, "Not finished")
    if view.finished:
        label = phrases.VERDICT_NAMES[view.finished.verdict]
    return h(
        "section",
        {"id": "verdict", "class": f"verdict {view.finished.verdict if view.finished else 'open'}"},
        h("p", {"class": "label"}, label),
        h("h2", {}, phrases.headline(view)),
        body,
        page.warnings(lines),
    )


def _show_proof(finished: RunFinished) -> Html:
    holdout = finished.holdout
    why = h("p", {"class": "why"}, clipped(finished.why, page.NOTE_CHARACTERS))
    shipped = ("Shipped", "New prompts" if finished.shipped == "optimized" else "Seed prompts")
    if not holdout.n:
        return join(why, page.figures([("Hold-out", phrases.UNTESTED), shipped]))
    p_value, direction = phrases.sign_test(finished)
    needed = phrases.inputs_needed(finished)
    grouped = holdout.groups is not None and holdout.groups < holdout.n
    figures = [
        ("Hold-out", phrases.holdout_inputs(holdout) + " that the search never saw"),
        ("Outcome", phrases.holdout_counts(holdout)),
        ("Net win rate", phrases.signed_percent(phrases.net_win_rate(holdout))),
        ("95% interval", phrases.holdout_interval(holdout)),
        (f"{'Exact' if grouped else 'Sign'} test for {direction}", p_value),
        *([("Looks", phrases.looks(holdout.look, holdout.level))] if holdout.look > 1 else []),
        ("Which", phrases.holdout_file(holdout)),
        shipped,
    ]
    rate = "the mean of (wins − losses) / inputs over the groups" if grouped else "(wins − losses) / inputs"
    caption = f"Net win rate on the hold-out: {rate}. The bar is the 95% interval, the dot the estimate."
    return join(
        why,
        paragraph(needed) if needed else "",
        page.figures(figures),
        h("figure", {}, charts.interval(holdout), h("figcaption", {}, caption)),
    )


# ── the team and its prompts ─────────────────────────────────────────────────────────────────────────────────────────


def _show_team(view: RunView) -> Html:
    agents = view.agents
    if not agents:
        return section("team", "The team", quiet("Not known yet."))
    undrawn = len(agents) - len(charts.drawn_agents(agents))
    note = f" {phrases.plural(undrawn, 'agent is', 'agents are')} not drawn; the table lists them." if undrawn else ""
    rewritten = phrases.number(sum(agent.rewritten for agent in agents))
    count = phrases.plural(len(agents), "agent")
    rows = [
        (
            agent.name,
            phrases.list_names(agent.reads) or "the input",
            "new prompt" if agent.rewritten else "unchanged",
            phrases.number(agent.times_changed),
        )
        for agent in agents[: page.MOST_TEAM_ROWS]
    ]
    return section(
        "team",
        "The team",
        paragraph(f"{count}; {rewritten} with a new prompt. An arrow leads to the reader.{note}"),
        page.scrolling("Graph", charts.team_graph(agents)),
        folded(
            "The team as a table",
            table("Agents", ("Agent", "Reads", "Prompt", "Times changed"), rows),
            left_out(len(agents) - len(rows), "more agent"),
        ),
    )


def _show_prompts(view: RunView) -> Html:
    """Show each agent's prompt before and after; unchanged ones are folded."""
    rewritten = [agent for agent in view.agents if agent.rewritten]
    unchanged = [agent for agent in view.agents if not agent.rewritten]
    legend = join(" Marks: ", h("del", {}, "removed"), " and ", h("ins", {}, "added"), " words.")
    if not rewritten:
        status = join("No prompt was changed.")
    elif view.finished is None:
        status = join("The search is not over: these prompts may still change.", legend)
    elif view.finished.shipped == "seed":
        status = join("The search ended with these prompts, but they are not shipped.", legend)
    else:
        status = join("These prompts are shipped.", legend)
    most = page.MOST_DIFFS
    return section(
        "prompts",
        "Prompts before and after",
        paragraph(status),
        *(_show_changed_prompt(agent) for agent in rewritten[:most]),
        left_out(len(rewritten) - most, "more changed prompt"),
        *(folded(f"{agent.name}: unchanged", text_block(agent.seed)) for agent in unchanged[:most]),
        left_out(len(unchanged) - most, "more unchanged prompt"),
    )


def _show_changed_prompt(agent: AgentView) -> Html:
    changes = phrases.plural(agent.times_changed, "time")
    sizes = f"{phrases.number(len(agent.seed))} → {phrases.number(len(agent.winner))} characters; changed {changes}"
    return h(
        "article",
        {},
        h("h3", {}, agent.name),
        quiet(sizes),
        page.warnings([f"Look twice: the new prompt {what}" for what in agent.suspicious]),
        diff_block(agent.seed, agent.winner),
        folded("The seed prompt", text_block(agent.seed)),
        folded("The new prompt", text_block(agent.winner)),
    )


# ── the judge ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _show_judge(view: RunView) -> Html:
    """Show the judge's record where labels decided; nothing when it was not measured."""
    if view.judge is None:
        return join()
    return show_calibration("The judge against labels", _JUDGED_BESIDE_LABELS, calibrate(view.judge.readings))


def show_calibration(title: str, remark: str, found: Calibration) -> Html:
    """Show how far a judge can be trusted."""
    return section("judge", title, quiet(remark), table(title, ("The judge", "Figure"), judge_figures(found)))


# ── cost and settings ────────────────────────────────────────────────────────────────────────────────────────────────


def _show_cost(view: RunView) -> Html:
    """Show calls, tokens, money and time by purpose; an unknown price is never 0."""
    title = "Cost by purpose"
    if not view.usage:
        return section("cost", title, quiet("Known when the run has finished."))
    whole = total(view.usage.values())
    rows = [_cost_row(purpose, usage, whole, view.simulated) for purpose, usage in view.usage.items()]
    rows.append(_cost_row("total", whole, whole, view.simulated))
    if whole.tokens_thought:
        rows.append(("of these: thoughts", "", "", "", "", "", phrases.number(whole.tokens_thought), "", ""))
    if whole.tokens_cached:
        rows.append(("of these: in the endpoint's cache", *[""] * 4, phrases.number(whole.tokens_cached), "", "", ""))
    columns = ("Purpose", "Calls", "Of all", "Cached", "Failed", "Tokens in", "Tokens out", "Of all", "Money")
    remarks = [quiet(f"{line}.") for line in phrases.describe_health(view)]
    if whole.usd is None and not view.simulated:
        remarks.append(quiet("Money is unknown, because the price of at least one model is unknown."))
    return section(
        "cost",
        title,
        paragraph(
            f"{phrases.plural(whole.calls, 'call')} in {phrases.duration(view.seconds)}. "
            "Cached: answered from the run's own record, at no cost. "
            "Bars show the share of all calls and of all tokens."
        ),
        table(title, columns, rows),
        *remarks,
        _show_lost_calls(view),
        show_unsettled(view.unsettled),
    )


def _cost_row(purpose: str, usage: Usage, whole: Usage, simulated: bool) -> tuple[Child, ...]:
    tokens, all_tokens = usage.tokens_in + usage.tokens_out, whole.tokens_in + whole.tokens_out
    return (
        purpose,
        phrases.number(usage.calls),
        charts.share_bar(usage.calls / whole.calls if whole.calls else 0),
        phrases.number(usage.cached),
        phrases.number(usage.failed),
        phrases.tokens(usage.tokens_in, usage),
        phrases.tokens(usage.tokens_out, usage),
        charts.share_bar(tokens / all_tokens if all_tokens else 0),
        phrases.money_spent(usage, simulated),
    )


def _show_lost_calls(view: RunView) -> Html:
    if not view.lost_calls:
        return join()
    title = "Calls that failed for good"
    rows = [
        (lost.purpose, lost.agent, phrases.number(lost.attempts), clipped(lost.reason, page.REASON_CHARACTERS))
        for lost in view.lost_calls[::-1][: page.MOST_LOST_CALLS]
    ]
    return join(
        h("h3", {}, title),
        table(title, ("Purpose", "Agent", "Attempts", "Reason"), rows),
        left_out(len(view.lost_calls) - len(rows), "earlier call"),
    )


def show_unsettled(calls: Sequence[CallUnsettled]) -> Html:
    """List the calls that a killed process had in flight."""
    if not calls:
        return join()
    title = "Possibly billed twice"
    rows = [
        (call.purpose, call.agent, call.model, phrases.at_most(call.usd)) for call in calls[::-1][: page.MOST_UNSETTLED]
    ]
    return join(
        h("h3", {}, title),
        quiet(
            "These calls were in flight when the run was killed. Their replies are not recorded, so they were asked "
            f"again. Together {phrases.unsettled_bound(calls)}."
        ),
        table(title, ("Purpose", "Agent", "Model", "Cost"), rows),
        left_out(len(calls) - len(rows), "earlier call"),
    )


def _show_settings(view: RunView) -> Html:
    """Show what determined the run and how to repeat it."""
    started = view.started
    if started is None:
        return section("settings", "Settings", quiet("Not known yet."))
    search, held_out = phrases.number(started.search_inputs), phrases.number(started.holdout_inputs)
    settings = [
        ("Run", started.run),
        ("Profile", started.profile),
        ("Seed", str(started.seed)),
        ("Inputs", f"{search} for the search, {held_out} held out"),
        *((f"Model: {purpose}", model) for purpose, model in started.models.items()),
        ("maspo version", started.version),
    ]
    notes = [h("li", {}, note) for note in started.notes[: page.MOST_NOTES]]
    return section(
        "settings",
        "Settings and how to repeat the run",
        page.figures(settings, "settings"),
        join(h("h3", {}, "Notes"), h("ul", {}, *notes)) if notes else "",
        paragraph(
            "To repeat the run, use the same version, the same system file and inputs, and the settings in ",
            h("code", {}, "config.json"),
            " of the run folder. The same replies of the models then lead to the same prompts.",
        ),
    )


_PARTS: tuple[tuple[str, str, Callable[[RunView], Html]], ...] = (
    ("verdict", "Verdict", _show_verdict),
    ("team", "Team", _show_team),
    ("prompts", "Prompts", _show_prompts),
    ("search", "Search", show_search),
    ("influence", "Who matters", show_influence),
    ("conflicts", "Agents in conflict", show_conflicts),
    ("judge", "The judge against labels", _show_judge),
    ("cases", "Misalignment cases", show_cases),
    ("rejected", "Rejected drafts", show_rejected),
    ("cost", "Cost", _show_cost),
    ("settings", "Settings", _show_settings),
)
"""The parts of the page, in order: where links lead, their names, and what shows them."""
