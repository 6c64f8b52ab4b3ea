"""Who matters: the influence of agents and edges on the final answer, and where the gain came from."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.events import AgentInfluence, EdgeInfluence, Effect, LevelAgreement
from maspo.report import charts, words
from maspo.report.fold import RunView
from maspo.report.gains import Gain, gains
from maspo.report.html_parts import left_out, quiet, section, table
from maspo.report.markup import Child, Html, h, join
from maspo.report.shown import clipped

_MOST_AGENTS = 100
_MOST_EDGES = 100
_HINT = 2000


def influence(view: RunView) -> Html:
    """Show whose rewrites reach the final answer, what each edge is good for, and the search's estimate of the gain."""
    title = "Who matters"
    if view.influence is None:
        over = view.ended is not None or view.finished is not None
        return section(
            "influence",
            title,
            quiet("Not measured by this search." if over else "Known when the search has ended."),
            _gains(view),
        )
    hint = join(h("strong", {}, "Hint: "), clipped(view.hint, _HINT)) if view.hint else ""
    return section(
        "influence",
        title,
        h("p", {}, hint) if hint else "",
        _agents(view.influence.agents),
        _edges(view.influence.edges),
        _gains(view),
    )


def _agents(agents: Sequence[AgentInfluence]) -> Html:
    measured = sorted((one for one in agents if one.rewritten.compared), key=lambda one: -one.rewritten.share)
    return join(
        h("h3", {}, "Influence of agents"),
        _measured(measured) if measured else "",
        _together([one.agent for one in agents if not one.rewritten.compared]),
    )


def _measured(ranked: Sequence[AgentInfluence]) -> Html:
    rows = [(one.agent, *_effect(one.rewritten)) for one in ranked[:_MOST_AGENTS]]
    return join(
        h(
            "p",
            {},
            "How often the final answer differed when this agent alone was rewritten, on inputs that the search chose. "
            "The bar is the share, the line its 95% interval; comparisons share inputs, so in truth it is wider.",
        ),
        table("Influence of agents", ("Agent", "Final answer differed", "", "Of", "Wins", "Losses"), rows),
        left_out(len(ranked) - _MOST_AGENTS, "more agent", "more agents"),
    )


def _together(names: Sequence[str]) -> Html:
    """Say of which agents nothing is known, and what would tell."""
    if not names:
        return join()
    return h(
        "p",
        {},
        f"Not measured, because no rewrite was tried without those of other agents: {words.names(names)}. ",
        h("code", {}, "--set search.interventions=40"),
        " withholds each output from each of its readers on 40 inputs, to see what depends on it; ",
        h("code", {}, "maspo estimate"),
        " says what that costs.",
    )


def _effect(effect: Effect) -> tuple[Child, ...]:
    if not effect.compared:
        return ("not measured", "", "0", "–", "–")
    return (
        words.share(effect),
        charts.share_bar(effect.share, effect.interval),
        words.number(effect.compared),
        words.number(effect.wins),
        words.number(effect.losses),
    )


def _edges(edges: Sequence[EdgeInfluence]) -> Html:
    if not edges:
        return join()
    ranked = sorted(edges, key=lambda one: (-one.withheld.share, -(one.wins + one.losses)))
    columns = (
        "Reader ← source",
        "Better / worse / same",
        "Agreed",
        "Differed without it",
        "",
        "Of",
        "Wins",
        "Losses",
    )
    rows = [(f"{one.reader} ← {one.source}", *_heard(one), *_effect(one.withheld)) for one in ranked[:_MOST_EDGES]]
    return join(
        h("h3", {}, "Influence of edges"),
        h(
            "p",
            {},
            "What the judge thought of a reader's output when its source was rewritten (lookahead verdicts), how "
            "often that agreed with the global verdict, and what became of the final answer when the source's output "
            "was withheld from the reader: wins are those of the team without this edge.",
        ),
        table("Influence of edges", columns, rows),
        left_out(len(edges) - _MOST_EDGES, "more edge", "more edges"),
    )


def _heard(edge: EdgeInfluence) -> tuple[str, str]:
    verdicts = " / ".join(map(words.number, (edge.wins, edge.losses, edge.ties)))
    return verdicts, _agreement(edge.agreement)


def _agreement(found: LevelAgreement) -> str:
    seen = found.agreed + found.disagreed
    return f"{found.agreed} of {seen}" if seen else "–"


def _gains(view: RunView) -> Html:
    found = gains(view)
    changed = [agent for agent in view.agents if agent.times_changed]
    if not changed:
        return join()
    ranked = sorted(changed, key=lambda agent: -found[agent.name].worth)
    rows = [
        (agent.name, "new prompt" if agent.rewritten else "as before", *_gain(found[agent.name]))
        for agent in ranked[:_MOST_AGENTS]
    ]
    return join(
        h("h3", {}, "Where the gain came from"),
        h(
            "p",
            {},
            "The search's estimate: the scores of the candidates that it accepted, summed for each agent. The final "
            "test proves all changes together, never one of them.",
        ),
        table("Where the gain came from", ("Agent", "Prompt", "Expected worth", "Share", ""), rows),
        left_out(len(changed) - _MOST_AGENTS, "more agent", "more agents"),
    )


def _gain(gain: Gain) -> tuple[Child, ...]:
    if gain.share is None:
        return (words.worth(gain.worth), "–", "")
    return (words.worth(gain.worth), words.percent(gain.share).replace("-", "−"), charts.share_bar(gain.share))
