"""What a notebook shows of a run: the verdict, its interval, and the ten answers, as HTML that needs no style sheet.

Texts are escaped; colours are those of the notebook, light or dark.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from maspo.report import phrases, sentences
from maspo.report.bundle.first import mark_up, text
from maspo.report.closing import answered, remarks, shortened
from maspo.report.fold import RunView
from maspo.report.in_short import Say
from maspo.report.visible import visible

_SOFT: Final = "opacity:.7"
_NAME: Final = "text-align:left;vertical-align:top;padding:.25em 1.5em .25em 0;white-space:nowrap;font-weight:600"
_TEXT: Final = "text-align:left;vertical-align:top;padding:.25em 0"
"""Notebooks put cells of a table at the right."""
_WIDTH: Final = 480
"""Pixels of the bar of an interval: half of the column of a notebook."""
_LEAST: Final = 0.1
"""The least share that the bar reaches to either side: a tenth, so that next to nothing looks like it."""


def cell_html(view: RunView, report: str, say: Say) -> str:
    """Return how a run ended, and where its report is; ``say`` names settings as the reader gives them."""
    label = phrases.VERDICT_NAMES[view.finished.verdict] if view.finished is not None else view.state
    first, *answers = answered(view, say)
    rows = [(one.question, one.answer) for one in answers] + [
        (name.capitalize(), what) for name, what in remarks(view, say)
    ]
    table = "".join(
        f'<tr><th scope="row" style="{_NAME}">{text(name)}</th><td style="{_TEXT}">{mark_up(shortened(what))}</td></tr>'
        for name, what in rows
    )
    return (
        f'<div style="max-width:62em;line-height:1.5"><div style="{_SOFT}">maspo · {text(visible(view_name(view)))} · '
        f'{text(label)}</div><div style="font-size:1.4em;font-weight:600;line-height:1.25;margin:.2em 0 .4em">'
        f"{mark_up(shortened(first.answer))}</div>{_interval(view)}"
        f'<table style="margin:.6em 0;border:0;width:auto">{table}</table>'
        f'<div style="{_SOFT}">Report: <code>{text(visible(report))}</code></div></div>'
    )


def view_name(view: RunView) -> str:
    """Return whose prompts the run rewrote."""
    return view.started.system if view.started is not None else "run"


def _interval(view: RunView) -> str:
    """Return the net win rate on the hold-out with its interval, on an axis around no difference; or nothing."""
    if view.finished is None or not view.finished.holdout.n:
        return ""
    holdout = view.finished.holdout
    net, (low, high) = sentences.net_win_rate(holdout), holdout.interval
    reach = min(1.0, ceil(10 * max(abs(one) for one in (net, low, high, _LEAST))) / 10)

    def at(share: float) -> float:
        return round((share / reach + 1) * _WIDTH / 2, 1)

    words = text(f"Net win rate {phrases.signed_percent(net)}, 95% interval {sentences.holdout_interval(holdout)}")
    left, right = (text(phrases.signed_percent(one).replace(".0", "")) for one in (-reach, reach))
    zero, bar = at(0), max(2.0, at(high) - at(low))
    drawn = (
        f'<line x1="0" x2="{_WIDTH}" y1="12" y2="12" opacity=".25"/>',
        f'<line x1="{zero}" x2="{zero}" y1="2" y2="22" opacity=".5"/>',
        f'<rect x="{at(low)}" width="{bar}" y="8" height="8" rx="4" opacity=".4" stroke="none"/>',
        f'<circle cx="{at(net)}" cy="12" r="5"/><g stroke="none" font-size="11" opacity=".8">',
        f'<text x="{zero}" y="34" text-anchor="middle">no difference</text>',
        f'<text x="0" y="34">{left}</text><text x="{_WIDTH}" y="34" text-anchor="end">{right}</text></g>',
    )
    frame = f'width="{_WIDTH}" height="36" viewBox="0 0 {_WIDTH} 36" role="img" aria-label="{words}"'
    style = 'style="max-width:100%" fill="currentColor" stroke="currentColor"'
    return f"<svg {frame} {style}><title>{words}</title>{''.join(drawn)}</svg>"
