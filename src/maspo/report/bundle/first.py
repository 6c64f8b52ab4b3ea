"""What a page shows before its script has run, and to whom no script runs: its beginning, written as HTML.

The page draws the same elements with the same words once its script has begun (``web/src/pages/overview.tsx`` and
``sheet.tsx``), so that nothing moves; ``web/test/first.test.mjs`` compares the two. What stands further down is left to
the script, and so are drawings, whose place is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from maspo.report import phrases
from maspo.report.document import Document
from maspo.report.document.model import Approval, Holdout
from maspo.report.document.sheet import Sheet
from maspo.report.result import HoldoutFigures
from maspo.report.visible import visible

_MOST_NAMES: Final = 4
"""Agents whose names fit into a heading."""
_LONG: Final = 70
"""Letters from which a headline is set smaller: three lines of the large letters."""
_TOOLS: Final = (
    '<div class="tools later"><button type="button" class="small"><span>&#9680; </span>Auto</button>'
    '<button type="button" class="small">Keys <kbd>?</kbd></button></div>'
)
"""Keep the place of the buttons, which need the script; they are not seen before."""
_BAR: Final = '<span class="interval large"></span>'
"""Keeps the place of the bar of an estimate."""


def first_of_run(document: Document) -> str:
    """Return the overview of a run as far as its ten answers; of one that works, as far as its budget."""
    name = document.name or "no run yet"
    state = _state("paused" if document.held else document.state, document.status, document.simulated)
    pages = '<ul><li><a href="#/overview" aria-current="page"><span>Overview</span></a></li></ul>'
    turn = document.part_of == "prompts and structure" and document.verdict is not None
    working = _works(document)
    verdict = [
        _p("kicker", "A turn" if turn else _kicker(document)),
        _headline(_rewritten(document) if turn else document.progress if working else document.headline),
        _part_of(document),
        _waiting(document.approval) if document.approval else "",
    ]
    if not document.approval:  # Commands and buttons follow there, which the script writes.
        verdict += [_p("lead", _NOT_YET) if working else _p("lead", document.progress)]
        verdict += [] if turn else _proof(document)
    below = "" if working or turn or document.approval else _questions(document)
    tone = document.verdict or document.state
    article = f'<section class="verdict {text(tone)}" aria-label="Verdict">{"".join(verdict)}</section>{below}'
    return _frame(visible(name), state, f'<nav class="pages" aria-label="Pages">{pages}</nav>', article)


_NOT_YET: Final = (
    "Whether the new prompts are better is tested once, when the search is over. Until then nothing is claimed."
)


def first_of_sheet(sheet: Sheet) -> str:
    """Return what other work than a run came to."""
    kind = sheet.kind if sheet.state == "finished" else f"{sheet.kind}, {sheet.state}"
    facts = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in sheet.facts)
    outcome = (
        _p("kicker", sheet.label),
        _headline(sheet.headline),
        f'<p class="quiet words">{text(sheet.line)}</p>',
        _p("simulated", phrases.SIMULATED if sheet.simulated else ""),
        f'<dl class="settings">{facts}</dl>' if facts else "",
    )
    article = f'<section class="verdict {text(sheet.tone)}" aria-label="Outcome">{"".join(outcome)}</section>'
    return _frame(sheet.name or "no run yet", _state(sheet.state, kind, sheet.simulated), "", article)


def text(plain: str) -> str:
    """Return a text that is visible already as text of a page or as the value of an attribute, in ASCII."""
    found = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return found.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _frame(name: str, state: str, pages: str, article: str) -> str:
    return (
        f'<header class="top"><div class="brand"><span>maspo</span><span class="run-name">{text(name)}</span>{state}'
        f'</div>{_TOOLS}</header><div class="frame">{pages}<main id="main">'
        f'<article class="overview">{article}</article></main></div>'
    )


def _state(kind: str, words: str, simulated: bool) -> str:
    told = f"{words} · simulated" if simulated else words
    return f'<span class="state {text(kind)}"><span class="lamp" aria-hidden="true"></span>{text(told)}</span>'


def _headline(said: str) -> str:
    """Return the headline; one that would fill the screen in large letters is set smaller."""
    kind = ' class="long"' if len(said) > _LONG else ""
    return f"<h1{kind}>{text(said)}</h1>"


def _works(document: Document) -> bool:
    return document.state == "running" and bool(document.progress) and document.approval is None


def _kicker(document: Document) -> str:
    """Return the label; of a run that works, with the round that it is in."""
    if not _works(document):
        return document.label
    if not document.steps or document.more:
        return f"{document.label} · final test"
    last = document.steps[-1].label
    return f"{document.label} · {'step' if '.' in last else 'round'} {last}"


def _rewritten(document: Document) -> str:
    names = [agent.name for agent in document.agents if agent.changed]
    if not names:
        return "No prompt was changed."
    if len(names) > _MOST_NAMES:
        return f"{phrases.number(len(names))} prompts were rewritten."
    return f"Rewritten: {', '.join(names)}."


def _part_of(document: Document) -> str:
    if not document.part_of:
        return ""
    if document.part_of == "comparison":
        name, why = "a comparison", "What it found is measured there, on inputs that no run of it has seen."
    else:
        name = "prompts and structure in turns"
        why = "Its own test has one input and decides nothing; what the turns came to is tested there, at the end."
    return _p("hint", f"Part of {name}. {why}")


def _waiting(approval: Approval) -> str:
    inputs = phrases.plural(approval.figures.n, "input")
    return _estimate(
        approval.net, f"net win rate on {inputs} that the search never saw,", approval.figures, whole=False
    )


def _proof(document: Document) -> Iterable[str]:
    """Yield the estimate, the tally and what is said of them."""
    holdout = document.holdout
    if holdout:
        said = f"net win rate (won minus lost) on {holdout.inputs} that the search never saw;"
        yield _estimate(holdout.net, said, holdout.figures, whole=True)
        yield _tally(holdout)
    yield f'<p class="why">{mark_up(document.why)}</p>' if document.why else ""
    yield from (_p("quiet", line) for line in (holdout.lines if holdout else ()))
    if document.truth:
        before, after = map(phrases.percent, document.truth)
        accuracy = f" True accuracy: {before} with the seed prompts, {after} with the shipped prompts."
        yield _p("simulated", f"{phrases.SIMULATED}{accuracy}")
    elif document.simulated:
        yield _p("simulated", phrases.SIMULATED)


def _estimate(net: float, said: str, figures: HoldoutFigures, *, whole: bool) -> str:
    low, high = map(phrases.signed_percent, figures.interval)
    interval = text(f"95% interval {low} to {high}")
    interval = f'<span class="nowrap">{interval}</span>' if whole else interval
    big = f'<strong class="big">{text(phrases.signed_percent(net))}</strong>'
    return f'<figure class="proof">{_BAR}<figcaption>{big} {text(said)} {interval}</figcaption></figure>'


def _tally(holdout: Holdout) -> str:
    figures = holdout.figures
    counts = [
        ("won", "good", "▲", figures.wins),
        ("lost", "bad", "▼", figures.losses),
        ("tied", "plain", "=", figures.ties),
        *([("undecided", "note", "?", figures.undecided)] if figures.undecided else []),
    ]
    links = "".join(
        f'<a href="#/inputs?outcome={word}"><span class="outcome {tone}"><span aria-hidden="true">{text(mark)}</span>'
        f'{phrases.number(count)}<span class="unseen"> {word}</span></span> {word}</a>'
        for word, tone, mark, count in counts
    )
    return f'<p class="tally">{links}<span>{text(holdout.test)}</span></p>'


def _questions(document: Document) -> str:
    items = "".join(
        f'<li><a href="#/{text(one.page)}"><h3>{text(one.question)}</h3></a><p>{mark_up(one.answer)}</p></li>'
        for one in document.questions
    )
    return (
        f'<section><div class="section-head"><h2>Ten questions</h2></div><ol class="questions">{items}</ol></section>'
    )


def _p(kind: str, plain: str) -> str:
    """Return a paragraph; nothing of an empty text."""
    return f'<p class="{kind}">{text(plain)}</p>' if plain else ""


def mark_up(sentence: str) -> str:
    """Return a sentence of ours; what stands between backticks is a command or a name, and is set as one."""
    parts = sentence.split("`")
    if len(parts) < 3 or len(parts) % 2 == 0:
        return text(sentence)
    return "".join(f"<code>{text(part)}</code>" if place % 2 else text(part) for place, part in enumerate(parts))
