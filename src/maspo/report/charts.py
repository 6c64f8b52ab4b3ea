"""Charts and the graph of the team as inline SVG, drawn by hand: each has a title and a text alternative.

Places are pixels of each drawing's own ``viewBox``, chosen by eye so that labels do not touch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maspo.events import HoldoutResult, PromptChanged
from maspo.report import phrases
from maspo.report.fold import AgentView, StepView
from maspo.report.markup import Html, h, join

_MOST_LABELS = 10
"""Of steps below a chart of rewards: more would touch each other in its width."""
_MOST_BARS = 80
"""Of a chart of misalignment, which is then eight pixels a bar; more steps share bars."""
MOST_LAYERS = 12
"""Of the graph of a team, which scrolls sideways; the table beside it has all agents."""
MOST_ROWS = 12
"""Agents in a layer: some 770 pixels, the height of a usual window."""
_NODE = (148, 44)
"""Width and height of an agent: a name of seventeen letters, and a note below it."""
_GAP = (64, 20)
"""Between agents, sideways for the arrows, and downwards."""
_MARGIN = 12
"""Around the graph."""
_NAME_LENGTH = 17
"""Letters that fit into a node."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis: values ``low`` to ``high`` onto pixels ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def svg(size: tuple[int, int], alternative: str, *children: Html) -> Html:
    """Return a chart; ``alternative`` says what it shows to those who cannot see it."""
    box = {"viewBox": f"0 0 {size[0]} {size[1]}", "role": "img", "aria-label": alternative, "class": "chart"}
    return h("svg", box, h("title", {}, alternative), *children)


def line(name: str, start: tuple[float, float], end: tuple[float, float]) -> Html:
    """Return a straight line; ``name`` is its class."""
    places = {"x1": px(start[0]), "y1": px(start[1]), "x2": px(end[0]), "y2": px(end[1])}
    return h("line", {"class": name, **places})


def text(x: float, y: float, content: str, anchor: str = "middle") -> Html:
    """Return a text at a place."""
    return h("text", {"x": px(x), "y": px(y), "text-anchor": anchor}, content)


def px(value: float) -> str:
    """Return a pixel place to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


# ── charts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def interval(holdout: HoldoutResult) -> Html:
    """Draw the net win rate on the hold-out with its 95% interval against zero."""
    axis = Scale(-1, 1, 24, 436)
    low, high = (axis.at(max(-1.0, min(1.0, bound))) for bound in holdout.interval)
    rate = phrases.net_win_rate(holdout)
    ticks = [
        join(line("grid", (axis.at(tick), 34), (axis.at(tick), 62)), text(axis.at(tick), 82, _whole_percent(tick)))
        for tick in (-1.0, -0.5, 0.0, 0.5, 1.0)
    ]
    return svg(
        (460, 92),
        f"Net win rate {phrases.signed_percent(rate)}, 95% interval {phrases.holdout_interval(holdout)}",
        text(axis.at(-1), 18, "seed prompts better", "start"),
        text(axis.at(1), 18, "new prompts better", "end"),
        *ticks,
        line("zero", (axis.at(0), 26), (axis.at(0), 66)),
        h("rect", {"class": "range", "x": px(low), "y": "40", "width": px(max(2, high - low)), "height": "16"}),
        h("circle", {"class": "point", "cx": px(axis.at(rate)), "cy": "48", "r": "6"}),
    )


def rewards(agent: str, steps: Sequence[StepView], bounds: tuple[float, float]) -> Html:
    """Draw the rewards of one agent's candidates, step by step.

    Args:
        agent: the agent's name.
        steps: its steps in order.
        bounds: the least and the greatest reward of the axis, the same for all agents.

    """
    across = Scale(-0.5, max(len(steps) - 0.5, 0.5), 44, 352)
    up = Scale(bounds[0], bounds[1], 138, 12)
    candidates = [candidate for step in steps for candidate in step.candidates]
    best = max((candidate.reward for candidate in candidates), default=0.0)
    between = 0.25 if bounds[1] - bounds[0] <= 1 else 0.5
    marks: list[Html] = []
    for number in range(math.ceil(bounds[0] / between), math.floor(bounds[1] / between) + 1):
        y = up.at(number * between)
        marks.append(line("zero" if number == 0 else "grid", (44, y), (352, y)))
        marks.append(text(38, y + 4, phrases.signed(number * between), "end"))
    stride = math.ceil(len(steps) / _MOST_LABELS)
    marks += [text(across.at(index), 156, steps[index].label) for index in range(0, len(steps), stride or 1)]
    marks.append(text(198, 173, "round" if any(step.by_rounds for step in steps) else "pass.generation"))
    for index, step in enumerate(steps):
        x = across.at(index)
        for candidate in sorted(step.candidates, key=lambda one: one.kept):  # kept ones on top
            kept = "kept" if candidate.kept else "dropped"
            place = {"cx": px(x), "cy": px(up.at(max(up.low, min(up.high, candidate.reward)))), "r": "4.5"}
            title = f"{candidate.candidate}: reward {phrases.signed(candidate.reward)}, {kept}"
            marks.append(h("circle", {"class": kept, **place}, h("title", {}, title)))
        if isinstance(step.decision, PromptChanged):
            corners = f"{px(x)},128 {px(x - 5)},137 {px(x + 5)},137"
            marks.append(h("polygon", {"class": "changed", "points": corners}))
    alternative = (
        f"{agent}: {phrases.plural(len(candidates), 'candidate')} in "
        f"{phrases.plural(len(steps), 'step')}, best reward {phrases.signed(best)}"
    )
    return svg((360, 176), alternative, *marks)


def reward_bounds(steps: Sequence[StepView]) -> tuple[float, float]:
    """Return an axis that holds every reward and zero, in steps of a quarter."""
    values = [candidate.reward for step in steps for candidate in step.candidates]
    low = math.floor(4 * min([0.0, *values])) / 4
    high = math.ceil(4 * max([0.25, *values])) / 4
    return low, high


def misalignment(steps: Sequence[StepView]) -> Html:
    """Draw the misalignment rate over the search: the share of compared inputs that are misalignment cases."""
    compared = [step for step in steps if step.compared]
    size = max(1, math.ceil(len(compared) / _MOST_BARS))
    groups = [compared[start : start + size] for start in range(0, len(compared), size)]
    rates = [sum(step.misaligned for step in group) / sum(step.compared for step in group) for group in groups]
    across = Scale(0, max(len(rates), 1), 48, 632)
    up = Scale(0, max(0.25, math.ceil(4 * max(rates, default=0)) / 4), 128, 14)
    width = min(26.0, (across.end - across.start) / max(len(rates), 1) * 0.7)
    marks: list[Html] = []
    for tick in (0.0, up.high / 2, up.high):
        marks.append(line("zero" if tick == 0 else "grid", (48, up.at(tick)), (632, up.at(tick))))
        marks.append(text(42, up.at(tick) + 4, _whole_percent(tick), "end"))
    for index, rate in enumerate(rates):
        x, top = across.at(index + 0.5), up.at(rate)
        box = {"x": px(x - width / 2), "y": px(top), "width": px(width), "height": px(max(up.start - top, 0.5))}
        marks.append(h("rect", {"class": "fill", **box}, h("title", {}, phrases.percent(rate))))
    stride = math.ceil(max(len(rates), 1) / 16)  # as many labels as fit below the bars
    marks += [text(across.at(index + 0.5), 146, str(index * size + 1)) for index in range(0, len(rates), stride)]
    return svg(
        (640, 168),
        f"Misalignment rate over {phrases.plural(len(compared), 'step')}, from "
        f"{phrases.percent(rates[0] if rates else 0)} to {phrases.percent(rates[-1] if rates else 0)}",
        *marks,
        text(340, 165, "step of the search" + (f", {size} steps a bar" if size > 1 else "")),
    )


def share_bar(share: float, interval: tuple[float, float] | None = None) -> Html:
    """Draw a share from 0 to 1 as a bar; the numbers stand beside it, so readers without sight miss nothing."""
    width = 0 if share <= 0 else max(1.0, 100 * min(share, 1.0))
    span: Html = join()
    if interval:
        low, high = (100 * min(max(bound, 0.0), 1.0) for bound in interval)
        place = {"x": px(low), "y": "3", "width": px(max(high - low, 1.0)), "height": "2"}
        span = h("rect", {"class": "span", **place})
    return h(
        "svg",
        {"class": "bar", "viewBox": "0 0 100 8", "preserveAspectRatio": "none", "aria-hidden": "true"},
        h("rect", {"class": "track", "x": "0", "y": "0", "width": "100", "height": "8"}),
        h("rect", {"class": "fill", "x": "0", "y": "0", "width": px(width), "height": "8"}),
        span,
    )


def _whole_percent(value: float) -> str:
    return f"{100 * value:.3g}%".replace("-", "−")


# ── the team as a graph: layers from left to right, an arrow from each agent to its readers ──────────────────────────


def team_graph(agents: Sequence[AgentView]) -> Html:
    """Draw the team; agents with a new prompt are filled and say so."""
    shown = [layer[:MOST_ROWS] for layer in _layers(agents)[:MOST_LAYERS]]
    rows = max((len(layer) for layer in shown), default=1)
    width = 2 * _MARGIN + len(shown) * (_NODE[0] + _GAP[0]) - _GAP[0]
    height = 2 * _MARGIN + rows * (_NODE[1] + _GAP[1]) - _GAP[1]
    places = {
        agent.name: (
            _MARGIN + column * (_NODE[0] + _GAP[0]),
            _MARGIN + (row + (rows - len(layer)) / 2) * (_NODE[1] + _GAP[1]),
        )
        for column, layer in enumerate(shown)
        for row, agent in enumerate(layer)
    }
    boxes = [agent for layer in shown for agent in layer]
    alternative = "The team. " + "; ".join(_describe_agent(agent) for agent in boxes)
    size = {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
    return h(
        "svg",
        {**size, "class": "team", "role": "img", "aria-label": alternative},
        *(_edges(agent, places) for agent in boxes),
        *(_node(agent, places[agent.name]) for agent in boxes),
    )


def drawn_agents(agents: Sequence[AgentView]) -> tuple[AgentView, ...]:
    """Return the agents that the graph has room for."""
    return tuple(agent for layer in _layers(agents)[:MOST_LAYERS] for agent in layer[:MOST_ROWS])


def _layers(agents: Sequence[AgentView]) -> list[list[AgentView]]:
    """Return the agents in layers: one after the last agent that it reads."""
    known = {agent.name for agent in agents}
    depth: dict[str, int] = {}
    waiting = list(agents)
    while waiting:
        ready = [one for one in waiting if all(name in depth for name in one.reads if name in known)]
        for agent in ready or waiting:  # a cycle cannot be layered: what is left stands side by side
            depth[agent.name] = 1 + max((depth.get(name, -1) for name in agent.reads), default=-1)
        waiting = [agent for agent in waiting if agent.name not in depth]
    return [[agent for agent in agents if depth[agent.name] == level] for level in sorted(set(depth.values()))]


def _describe_agent(agent: AgentView) -> str:
    reads = f" reads {phrases.list_names(agent.reads)}" if agent.reads else " reads the input"
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
    box = {"x": f"{x:g}", "y": f"{y:g}", "width": str(_NODE[0]), "height": str(_NODE[1]), "rx": "6"}
    note = "new prompt" if agent.rewritten else "unchanged"
    return h(
        "g",
        {"class": "node new" if agent.rewritten else "node"},
        h("title", {}, _describe_agent(agent)),
        h("rect", box),
        h("text", {"class": "name", "x": middle, "y": f"{y + 19:g}", "text-anchor": "middle"}, name),
        h("text", {"x": middle, "y": f"{y + 35:g}", "text-anchor": "middle"}, note),
    )
