"""What the run cost, and how to do it again."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.core.usage import Usage, total
from maspo.events import CallUnsettled, RunStarted
from maspo.report import charts, words
from maspo.report.fold import RunView
from maspo.report.html_parts import left_out, quiet, section, table
from maspo.report.markup import Child, Html, h, join
from maspo.report.shown import clipped

_MOST_LOST = 20
_MOST_UNSETTLED = 500
_MOST_NOTES = 50


def cost(view: RunView) -> Html:
    """Show calls, tokens, money and time by purpose; an unknown price is never 0."""
    if not view.usage:
        return section("cost", "Cost by purpose", quiet("Known when the run has finished."))
    whole = total(view.usage.values())
    rows = [_cost_row(purpose, usage, whole, view.simulated) for purpose, usage in view.usage.items()]
    rows.append(_cost_row("total", whole, whole, view.simulated))
    columns = ("Purpose", "Calls", "Of all", "Cached", "Failed", "Tokens in", "Tokens out", "Of all", "Money")
    return section(
        "cost",
        "Cost by purpose",
        h(
            "p",
            {},
            f"{words.plural(whole.calls, 'call', 'calls')} in {words.duration(view.seconds)}. "
            "Cached: answered from the run's own record, at no cost. "
            "Bars show the share of all calls and of all tokens.",
        ),
        table("Cost by purpose", columns, rows),
        _remarks(view, whole),
        _lost(view),
        unsettled(view.unsettled),
    )


def _cost_row(purpose: str, usage: Usage, whole: Usage, simulated: bool) -> tuple[Child, ...]:
    tokens, all_tokens = usage.tokens_in + usage.tokens_out, whole.tokens_in + whole.tokens_out
    return (
        purpose,
        words.number(usage.calls),
        charts.share_bar(usage.calls / whole.calls if whole.calls else 0),
        words.number(usage.cached),
        words.number(usage.failed),
        words.number(usage.tokens_in),
        words.number(usage.tokens_out),
        charts.share_bar(tokens / all_tokens if all_tokens else 0),
        words.spent(usage, simulated),
    )


def _remarks(view: RunView, whole: Usage) -> Html:
    lines = []
    if whole.unmetered:
        calls = words.plural(whole.unmetered, "call", "calls")
        lines.append(f"{calls} came back without token counts: the tokens above are a lower bound.")
    if whole.usd is None and not view.simulated:
        lines.append("Money is unknown, because the price of at least one model is unknown.")
    return join(*(quiet(line) for line in lines))


def _lost(view: RunView) -> Html:
    if not view.lost_calls:
        return join()
    rows = [
        (lost.purpose, lost.agent, words.number(lost.attempts), clipped(lost.reason, 400))
        for lost in view.lost_calls[::-1][:_MOST_LOST]
    ]
    return join(
        h("h3", {}, "Calls that failed for good"),
        table("Calls that failed for good", ("Purpose", "Agent", "Attempts", "Reason"), rows),
        left_out(len(view.lost_calls) - len(rows), "earlier call", "earlier calls"),
    )


def unsettled(calls: Sequence[CallUnsettled]) -> Html:
    """List the calls that a killed process had in flight."""
    if not calls:
        return join()
    rows = [(call.purpose, call.agent, call.model, words.at_most(call.usd)) for call in calls[::-1][:_MOST_UNSETTLED]]
    return join(
        h("h3", {}, "Possibly billed twice"),
        quiet(
            "These calls were in flight when the run was killed. Their replies are not recorded, so they were asked "
            f"again. Together {words.most_unsettled(calls)}."
        ),
        table("Possibly billed twice", ("Purpose", "Agent", "Model", "Cost"), rows),
        left_out(len(calls) - len(rows), "earlier call", "earlier calls"),
    )


def settings(view: RunView) -> Html:
    """Show what determined the run and how to repeat it."""
    started = view.started
    if started is None:
        return section("settings", "Settings", quiet("Not known yet."))
    notes = [h("li", {}, note) for note in started.notes[:_MOST_NOTES]]
    return section(
        "settings",
        "Settings and how to repeat the run",
        h("dl", {"class": "settings"}, *(_setting(name, text) for name, text in _settings(started))),
        join(h("h3", {}, "Notes"), h("ul", {}, *notes)) if notes else "",
        h(
            "p",
            {},
            "To repeat the run, use the same version, the same system file and inputs, and the settings in ",
            h("code", {}, "config.json"),
            " of the run folder. The same replies of the models then lead to the same prompts.",
        ),
    )


def _setting(name: str, text: str) -> Html:
    return h("div", {}, h("dt", {}, name), h("dd", {}, text))


def _settings(started: RunStarted) -> list[tuple[str, str]]:
    return [
        ("Run", started.run),
        ("Profile", started.profile),
        ("Seed", str(started.seed)),
        (
            "Inputs",
            f"{words.number(started.search_inputs)} for the search, {words.number(started.holdout_inputs)} held out",
        ),
        *((f"Model: {purpose}", model) for purpose, model in started.models.items()),
        ("maspo version", started.version),
    ]
