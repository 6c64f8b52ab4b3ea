"""The team as a graph: layers from left to right, an arrow from each agent to its readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maspo.report import words
from maspo.report.fold import AgentView
from maspo.report.markup import Html, h, join

MOST_LAYERS = 12
MOST_ROWS = 12
_NODE = (148, 44)
_GAP = (64, 20)
_MARGIN = 12
_NAME_LENGTH = 17


def layers(agents: Sequence[AgentView]) -> tuple[tuple[AgentView, ...], ...]:
    """Return the agents in layers: one after the last agent that it reads."""
    known = {agent.name for agent in agents}
    depth: dict[str, int] = {}
    waiting = list(agents)
    while waiting:
        ready = [one for one in waiting if all(name in depth for name in one.reads if name in known)]
        for agent in ready or waiting:  # a cycle cannot be layered: what is left stands side by side
            depth[agent.name] = 1 + max((depth.get(name, -1) for name in agent.reads), default=-1)
        waiting = [agent for agent in waiting if agent.name not in depth]
    found = [[agent for agent in agents if depth[agent.name] == level] for level in sorted(set(depth.values()))]
    return tuple(tuple(layer) for layer in found)


def drawn(agents: Sequence[AgentView]) -> tuple[AgentView, ...]:
    """Return the agents that the graph has room for."""
    return tuple(agent for layer in layers(agents)[:MOST_LAYERS] for agent in layer[:MOST_ROWS])


def team_graph(agents: Sequence[AgentView]) -> Html:
    """Draw the team; agents with a new prompt are filled and say so."""
    shown = [layer[:MOST_ROWS] for layer in layers(agents)[:MOST_LAYERS]]
    rows = max((len(layer) for layer in shown), default=1)
    width = 2 * _MARGIN + len(shown) * (_NODE[0] + _GAP[0]) - _GAP[0]
    height = 2 * _MARGIN + rows * (_NODE[1] + _GAP[1]) - _GAP[1]
    places = {
        agent.name: _place(column, row, rows - len(layer))
        for column, layer in enumerate(shown)
        for row, agent in enumerate(layer)
    }
    boxes = [agent for layer in shown for agent in layer]
    alternative = "The team. " + "; ".join(_sentence(agent) for agent in boxes)
    return h(
        "svg",
        {
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "class": "team",
            "role": "img",
            "aria-label": alternative,
        },
        *(_edges(agent, places) for agent in boxes),
        *(_node(agent, places[agent.name]) for agent in boxes),
    )


def _place(column: int, row: int, free_rows: int) -> tuple[float, float]:
    x = _MARGIN + column * (_NODE[0] + _GAP[0])
    y = _MARGIN + (row + free_rows / 2) * (_NODE[1] + _GAP[1])
    return x, y


def _sentence(agent: AgentView) -> str:
    reads = f" reads {words.names(agent.reads)}" if agent.reads else " reads the input"
    return agent.name + reads + (", new prompt" if agent.rewritten else "")


def _edges(agent: AgentView, places: Mapping[str, tuple[float, float]]) -> Html:
    x, y = places[agent.name]
    end_x, end_y = x, y + _NODE[1] / 2
    paths = []
    for name in agent.reads:
        if name in places:
            start_x, start_y = places[name][0] + _NODE[0], places[name][1] + _NODE[1] / 2
            bend = max(24.0, (end_x - start_x) / 2)
            curve = f"M{start_x} {start_y} C{start_x + bend} {start_y} {end_x - bend} {end_y} {end_x - 7} {end_y}"
            tip = f"{end_x},{end_y} {end_x - 8},{end_y - 4} {end_x - 8},{end_y + 4}"
            paths += [h("path", {"class": "edge", "d": curve}), h("polygon", {"class": "tip", "points": tip})]
    return join(*paths)


def _node(agent: AgentView, place: tuple[float, float]) -> Html:
    x, y = place
    middle = f"{x + _NODE[0] / 2:g}"
    name = agent.name if len(agent.name) <= _NAME_LENGTH else agent.name[: _NAME_LENGTH - 1] + "…"
    note = "new prompt" if agent.rewritten else "unchanged"
    box = {"x": f"{x:g}", "y": f"{y:g}", "width": str(_NODE[0]), "height": str(_NODE[1]), "rx": "6"}
    return h(
        "g",
        {"class": "node new" if agent.rewritten else "node"},
        h("title", {}, _sentence(agent)),
        h("rect", box),
        h("text", {"class": "name", "x": middle, "y": f"{y + 19:g}", "text-anchor": "middle"}, name),
        h("text", {"x": middle, "y": f"{y + 35:g}", "text-anchor": "middle"}, note),
    )
