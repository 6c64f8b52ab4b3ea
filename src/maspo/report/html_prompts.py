"""The team and its prompts, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.report import words
from maspo.report.fold import AgentView, RunView
from maspo.report.html_parts import diff_block, folded, left_out, quiet, section, table, text_block
from maspo.report.markup import Html, h, join
from maspo.report.remarks import remarks_on
from maspo.report.team_graph import drawn, team_graph

_MOST_DIFFS = 60
_MOST_UNCHANGED = 60
_MOST_ROWS = 400


def team(view: RunView) -> Html:
    """Show who reads whom and who got a new prompt."""
    if not view.agents:
        return section("team", "The team", quiet("Not known yet."))
    left_out = len(view.agents) - len(drawn(view.agents))
    note = f" {words.plural(left_out, 'agent is', 'agents are')} not drawn; the table lists them." if left_out else ""
    rewritten = sum(agent.rewritten for agent in view.agents)
    count = words.plural(len(view.agents), "agent", "agents")
    return section(
        "team",
        "The team",
        h("p", {}, f"{count}; {words.number(rewritten)} with a new prompt. An arrow leads to the reader.{note}"),
        h(
            "div",
            {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Graph"},
            team_graph(view.agents),
        ),
        folded("The team as a table", _team_table(view.agents)),
    )


def _team_table(agents: Sequence[AgentView]) -> Html:
    rows = [
        (
            agent.name,
            words.names(agent.reads) or "the input",
            "new prompt" if agent.rewritten else "unchanged",
            words.number(agent.times_changed),
        )
        for agent in agents[:_MOST_ROWS]
    ]
    return join(
        table("Agents", ("Agent", "Reads", "Prompt", "Times changed"), rows),
        left_out(len(agents) - _MOST_ROWS, "more agent", "more agents"),
    )


def prompts(view: RunView) -> Html:
    """Show each agent's prompt before and after; unchanged ones are folded."""
    rewritten = [agent for agent in view.agents if agent.rewritten]
    unchanged = [agent for agent in view.agents if not agent.rewritten]
    return section(
        "prompts",
        "Prompts before and after",
        h("p", {}, _status(view, bool(rewritten))),
        *(_changed_prompt(agent) for agent in rewritten[:_MOST_DIFFS]),
        left_out(len(rewritten) - _MOST_DIFFS, "more changed prompt", "more changed prompts"),
        *(folded(f"{agent.name}: unchanged", text_block(agent.seed)) for agent in unchanged[:_MOST_UNCHANGED]),
        left_out(len(unchanged) - _MOST_UNCHANGED, "more unchanged prompt", "more unchanged prompts"),
    )


def _status(view: RunView, rewritten: bool) -> Html:
    legend = join(" Marks: ", h("del", {}, "removed"), " and ", h("ins", {}, "added"), " words.")
    if not rewritten:
        return join("No prompt was changed.")
    if view.finished is None:
        return join("The search is not over: these prompts may still change.", legend)
    if view.finished.shipped == "seed":
        return join("The search ended with these prompts, but they are not shipped.", legend)
    return join("These prompts are shipped.", legend)


def _look_twice(found: Sequence[str]) -> Html:
    if not found:
        return join()
    return h("ul", {"class": "warnings"}, *(h("li", {}, f"Look twice: the new prompt {one}") for one in found))


def _changed_prompt(agent: AgentView) -> Html:
    changes = words.plural(agent.times_changed, "time", "times")
    sizes = f"{words.number(len(agent.seed))} → {words.number(len(agent.winner))} characters; changed {changes}"
    return h(
        "article",
        {},
        h("h3", {}, agent.name),
        quiet(sizes),
        _look_twice(remarks_on(agent)),
        diff_block(agent.seed, agent.winner),
        folded("The seed prompt", text_block(agent.seed)),
        folded("The new prompt", text_block(agent.winner)),
    )
