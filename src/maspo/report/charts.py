"""Charts as inline SVG, drawn by hand: each has a title, labelled axes and a text alternative."""

from __future__ import annotations

import math
from collections.abc import Sequence

from maspo.events import CandidateScored, HoldoutResult, PromptChanged
from maspo.report import words
from maspo.report.drawing import Scale, line, px, svg, text
from maspo.report.fold import StepView
from maspo.report.markup import Html, h, join

_MOST_LABELS = 10
_MOST_BARS = 80


def interval(holdout: HoldoutResult) -> Html:
    """Draw the net win rate on the hold-out with its 95% interval against zero."""
    axis = Scale(-1, 1, 24, 436)
    low, high = (axis.at(max(-1.0, min(1.0, bound))) for bound in holdout.interval)
    point = axis.at(words.net_win_rate(holdout))
    alternative = f"Net win rate {words.signed_percent(words.net_win_rate(holdout))}, 95% interval "
    ticks = [
        join(line("grid", (axis.at(tick), 34), (axis.at(tick), 62)), text(axis.at(tick), 82, _whole_percent(tick)))
        for tick in (-1.0, -0.5, 0.0, 0.5, 1.0)
    ]
    return svg(
        (460, 92),
        alternative + words.interval(holdout),
        text(axis.at(-1), 18, "seed prompts better", "start"),
        text(axis.at(1), 18, "new prompts better", "end"),
        *ticks,
        line("zero", (axis.at(0), 26), (axis.at(0), 66)),
        h("rect", {"class": "range", "x": px(low), "y": "40", "width": px(max(2, high - low)), "height": "16"}),
        h("circle", {"class": "point", "cx": px(point), "cy": "48", "r": "6"}),
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
    best = max((candidate.reward for step in steps for candidate in step.candidates), default=0.0)
    candidates = sum(len(step.candidates) for step in steps)
    alternative = (
        f"{agent}: {words.plural(candidates, 'candidate', 'candidates')} in "
        f"{words.plural(len(steps), 'step', 'steps')}, best reward {words.signed(best)}"
    )
    stride = math.ceil(len(steps) / _MOST_LABELS)
    return svg(
        (360, 176),
        alternative,
        *(_reward_tick(up, tick) for tick in _ticks(bounds)),
        *(text(across.at(index), 156, step.label) for index, step in enumerate(steps) if index % stride == 0),
        text(198, 173, "round" if any(step.by_rounds for step in steps) else "pass.generation"),
        *(_reward_step(across.at(index), up, step) for index, step in enumerate(steps)),
    )


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
    stride = math.ceil(max(len(rates), 1) / 16)
    return svg(
        (640, 168),
        f"Misalignment rate over {words.plural(len(compared), 'step', 'steps')}, from "
        f"{words.percent(rates[0] if rates else 0)} to {words.percent(rates[-1] if rates else 0)}",
        *(_rate_tick(up, tick) for tick in (0.0, up.high / 2, up.high)),
        *(_rate_bar(across.at(index + 0.5), width, up, rate) for index, rate in enumerate(rates)),
        *(text(across.at(index + 0.5), 146, str(index * size + 1)) for index in range(0, len(rates), stride)),
        text(340, 165, "step of the search" + (f", {size} steps a bar" if size > 1 else "")),
    )


def share_bar(share: float, interval: tuple[float, float] | None = None) -> Html:
    """Draw a share from 0 to 1 as a bar; the numbers stand beside it, so readers without sight miss nothing."""
    width = 0 if share <= 0 else max(1.0, 100 * min(share, 1.0))
    return h(
        "svg",
        {"class": "bar", "viewBox": "0 0 100 8", "preserveAspectRatio": "none", "aria-hidden": "true"},
        h("rect", {"class": "track", "x": "0", "y": "0", "width": "100", "height": "8"}),
        h("rect", {"class": "fill", "x": "0", "y": "0", "width": px(width), "height": "8"}),
        _span(interval) if interval else "",
    )


def _span(interval: tuple[float, float]) -> Html:
    low, high = (100 * min(max(bound, 0.0), 1.0) for bound in interval)
    return h("rect", {"class": "span", "x": px(low), "y": "3", "width": px(max(high - low, 1.0)), "height": "2"})


def _reward_step(x: float, up: Scale, step: StepView) -> Html:
    dots = [_dot(x, up, candidate) for candidate in sorted(step.candidates, key=lambda one: one.kept)]
    if isinstance(step.decision, PromptChanged):
        dots.append(h("polygon", {"class": "changed", "points": f"{px(x)},128 {px(x - 5)},137 {px(x + 5)},137"}))
    return join(*dots)


def _dot(x: float, up: Scale, candidate: CandidateScored) -> Html:
    y = up.at(max(up.low, min(up.high, candidate.reward)))
    title = f"{candidate.candidate}: reward {words.signed(candidate.reward)}, {'kept' if candidate.kept else 'dropped'}"
    name = "kept" if candidate.kept else "dropped"
    return h("circle", {"class": name, "cx": px(x), "cy": px(y), "r": "4.5"}, h("title", {}, title))


def _reward_tick(up: Scale, tick: float) -> Html:
    name = "zero" if tick == 0 else "grid"
    return join(
        line(name, (44, up.at(tick)), (352, up.at(tick))),
        text(38, up.at(tick) + 4, words.signed(tick), "end"),
    )


def _rate_tick(up: Scale, tick: float) -> Html:
    return join(
        line("zero" if tick == 0 else "grid", (48, up.at(tick)), (632, up.at(tick))),
        text(42, up.at(tick) + 4, _whole_percent(tick), "end"),
    )


def _rate_bar(x: float, width: float, up: Scale, rate: float) -> Html:
    top = up.at(rate)
    box = {"x": px(x - width / 2), "y": px(top), "width": px(width), "height": px(max(up.start - top, 0.5))}
    return h("rect", {"class": "fill", **box}, h("title", {}, words.percent(rate)))


def _ticks(bounds: tuple[float, float]) -> list[float]:
    low, high = bounds
    step = 0.25 if high - low <= 1 else 0.5
    return [tick * step for tick in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _whole_percent(value: float) -> str:
    return f"{100 * value:.3g}%".replace("-", "−")
