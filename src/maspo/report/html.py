"""``report.html``: one file that opens offline, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from maspo.report import charts, words
from maspo.report.fold import RunView
from maspo.report.html_cases import cases
from maspo.report.html_conflicts import conflicts
from maspo.report.html_cost import cost, settings
from maspo.report.html_influence import influence
from maspo.report.html_judge import judge
from maspo.report.html_parts import heading
from maspo.report.html_prompts import prompts, team
from maspo.report.html_search import rejected, search
from maspo.report.markup import Html, h, join
from maspo.report.shown import clipped

_PARTS = (
    ("verdict", "Verdict"),
    ("team", "Team"),
    ("prompts", "Prompts"),
    ("search", "Search"),
    ("influence", "Who matters"),
    ("conflicts", "Agents in conflict"),
    ("judge", "The judge against labels"),
    ("cases", "Misalignment cases"),
    ("rejected", "Rejected drafts"),
    ("cost", "Cost"),
    ("settings", "Settings"),
)


def render(view: RunView) -> str:
    """Return the whole page of a run, at any moment of it. Text of models is escaped: it is shown and never acts."""
    name = view.started.system if view.started else "no run yet"
    return document(f"maspo: {name}", _header(view, name), _main(view))


def document(title: str, *body: Html) -> str:
    """Return a whole page."""
    page = h("html", {"lang": "en"}, head(title), h("body", {}, *body))
    return "<!doctype html>\n" + page.markup + "\n"


def head(title: str, more_style: str = "") -> Html:
    """Return the head of a page: the report's style, and the policy that nothing acts and nothing is loaded."""
    style = resources.files("maspo.report").joinpath("style.css").read_text(encoding="utf-8") + more_style
    return h(
        "head",
        {},
        h("meta", {"charset": "utf-8"}),
        h("meta", {"http-equiv": "Content-Security-Policy", "content": _policy(style)}),
        h("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        h("meta", {"name": "color-scheme", "content": "light dark"}),
        h("meta", {"name": "referrer", "content": "no-referrer"}),
        h("title", {}, title),
        h("style", {}, Html(style)),
    )


def _policy(style: str) -> str:
    """Return a policy under which a page has this style, and nothing else acts or is loaded."""
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{known}'; base-uri 'none'; form-action 'none'"


def _header(view: RunView, name: str) -> Html:
    started = view.started
    line = f"run {started.run} · profile {started.profile} · seed {started.seed}" if started else ""
    there = {"conflicts": bool(view.conflicts), "judge": view.judge is not None}
    parts = [part for part in _PARTS if there.get(part[0], True)]
    links = (h("li", {}, h("a", {"href": f"#{target}"}, text)) for target, text in parts)
    parts_linked = h("nav", {"aria-label": "Parts of this report"}, h("ul", {}, *links))
    return heading("Prompt optimization report", name, line, parts_linked)


def _main(view: RunView) -> Html:
    return h(
        "main",
        {},
        _banner(view),
        _verdict(view),
        team(view),
        prompts(view),
        search(view),
        influence(view),
        conflicts(view),
        judge(view),
        cases(view),
        rejected(view),
        cost(view),
        settings(view),
    )


def _banner(view: RunView) -> Html:
    if not view.simulated:
        return join()
    text = (h("strong", {}, words.SIMULATED), " ", words.truth(view))
    return h("p", {"class": "banner", "role": "note"}, *text)


def _verdict(view: RunView) -> Html:
    kind = view.finished.verdict if view.finished else "open"
    return h(
        "section",
        {"id": "verdict", "class": f"verdict {kind}"},
        h("p", {"class": "label"}, words.label(view)),
        h("h2", {}, words.headline(view)),
        _proof(view),
        _warnings(view),
    )


def _proof(view: RunView) -> Html:
    if view.finished is None:
        return h("p", {}, f"So far: {_progress(view)}.")
    holdout = view.finished.holdout
    p_value, direction = words.p_value(view.finished)
    shipped = "New prompts" if view.finished.shipped == "optimized" else "Seed prompts"
    why = h("p", {"class": "why"}, clipped(view.finished.why, 2000))
    if not holdout.n:
        figures: tuple[tuple[str, str], ...] = (("Hold-out", words.UNTESTED), ("Shipped", shipped))
        return join(why, _figures(figures))
    figures = (
        ("Hold-out", words.plural(holdout.n, "input", "inputs") + " that the search never saw"),
        ("Outcome", words.holdout_counts(holdout)),
        ("Net win rate", words.signed_percent(words.net_win_rate(holdout))),
        ("95% interval", words.interval(holdout)),
        (f"Sign test for {direction}", p_value),
        ("Shipped", shipped),
    )
    caption = (
        "Net win rate on the hold-out: (wins − losses) / inputs. The bar is the 95% interval, the dot the estimate."
    )
    return join(
        why,
        h("p", {}, words.needed(view.finished)) if words.needed(view.finished) else "",
        _figures(figures),
        h("figure", {}, charts.interval(holdout), h("figcaption", {}, caption)),
    )


def _figures(figures: tuple[tuple[str, str], ...]) -> Html:
    return h(
        "dl", {"class": "figures"}, *(h("div", {}, h("dt", {}, name), h("dd", {}, text)) for name, text in figures)
    )


def _progress(view: RunView) -> str:
    steps = words.plural(len(view.steps), "step", "steps")
    candidates = words.plural(sum(len(step.candidates) for step in view.steps), "candidate", "candidates")
    changes = words.plural(sum(agent.times_changed for agent in view.agents), "prompt change", "prompt changes")
    return f"{steps}, {candidates} scored, {changes}"


def _warnings(view: RunView) -> Html:
    lines = [f"A cap ended the search before its plan was done: {stop.cap}." for stop in view.budget_stops[-1:]]
    lines += [f"Interrupted: {pause.reason}" for pause in view.pauses[-1:] if view.state == "paused"]
    if view.lost_calls:
        lost = words.plural(len(view.lost_calls), "call", "calls")
        lines.append(f"{lost} failed for good; what depended on them is counted as undecided.")
    if not lines:
        return join()
    return h("ul", {"class": "warnings"}, *(h("li", {}, line) for line in lines))
