"""The page of a watch: where it stands, what it decided with which evidence, and what the month has left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from maspo.online.control import MEANS, Standing, State
from maspo.online.plan import Plan
from maspo.proposers.brought import brought
from maspo.proposers.foreign import remarks
from maspo.report import phrases
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import (
    Curve,
    Curves,
    Fold,
    Part,
    Passage,
    Point,
    Sheet,
    SheetTone,
    cells,
    sheet,
)
from maspo.report.folder import WATCH_PAGE
from maspo.report.sentences import look_at
from maspo.store.files import write_whole

_TONES: dict[State, SheetTone] = {
    "learning": "open",
    "in control": "improved",
    "drifting": "cannot_tell",
    "optimizing": "open",
    "rolled back": "worse",
}
_SAID: dict[State, str] = {
    "learning": "learning what is usual",
    "in control": "all is as usual",
    "drifting": "something has changed",
    "optimizing": "better prompts are looked for",
    "rolled back": "the earlier prompts are in use again",
}
_DRAWN = 300
"""Latest windows that are drawn and listed: some two a pixel."""


class WatchPage:
    """Writes ``watch.html`` whenever something was found, so that ``maspo ui`` follows it like a run."""

    def __init__(self, state: Path, name: str, plan: Plan) -> None:
        self._state, self._name, self._plan = state, name, plan
        self._known: list[Standing] = []

    def recall(self, known: Iterator[Standing]) -> None:
        """Know where the watch stood before this process."""
        self._known = list(known)

    def write(self, now: Standing) -> None:
        """Write the page with where the watch stands now.

        Raises:
            StoreError: it cannot be written.

        """
        if not self._known or self._known[-1] != now:
            self._known.append(now)
        write_whole(self._state / WATCH_PAGE, sheet_html(watch_sheet(self._name, self._known, self._plan)))


def watch_sheet(name: str, stood: Sequence[Standing], plan: Plan) -> Sheet:
    """Return the document of a watch from where it stood whenever something was found, the latest last."""
    now = stood[-1]
    windows = f"{phrases.plural(now.windows, 'window')} of {phrases.plural(plan.window, 'input')}"
    changed = [agent for agent in now.shipped if now.shipped[agent] != now.anchor.get(agent)]
    won, lost = now.canary
    return sheet(
        "watch",
        f"{name}: watch",
        line=f"seed {plan.seed} · an alarm at evidence {plan.windows_per_alarm:,}",
        label=f"Watch: {now.state}",
        headline=f"After {windows} {_SAID[now.state]}.",
        simulated=now.simulated,
        tone=_TONES[now.state],
        facts=[
            ("Evidence of a change", f"{now.evidence:,.1f}; the alarm is at {plan.windows_per_alarm:,}"),
            (
                "In use",
                f"new prompts for {phrases.list_names(changed)}" if changed else "the first prompts",
            ),
            ("Candidate", f"{won} won, {lost} lost, hold-out included" if now.candidate is not None else ""),
            (f"Budget of {now.month or 'the month'}", _budget(now, plan)),
        ],
        remarks=[*([f"Waiting: {now.waiting}."] if now.waiting else []), *_to_look_at(now)],
        parts=(_decided(now), _evidence(stood, plan), _prompts(now), _candidate(now), _windows(stood)),
    )


def _to_look_at(now: Standing) -> Iterator[str]:
    """Yield what of prompts in use or on trial is to be looked at: a watch asks nobody before it promotes."""
    for prompts in (now.shipped, now.candidate or {}):
        for agent, text in prompts.items():
            before = now.anchor.get(agent, text)
            for what in look_at(agent, remarks(text, before), brought(text, before), text) if text != before else ():
                yield f"Look at: {what}."


def _budget(now: Standing, plan: Plan) -> str:
    calls = phrases.plural(now.calls, "call")
    calls += f" of {phrases.number(plan.calls)}" if plan.calls is not None else ", without a limit"
    if now.usd is None or (not now.usd and plan.usd is None):
        return calls
    return f"{calls}, {phrases.money(now.usd)}" + (f" of {phrases.money(plan.usd)}" if plan.usd is not None else "")


def _decided(now: Standing) -> Part:
    """Return every decision in its words, the latest first: they hold the evidence."""
    rows = [(phrases.number(one.window), one.state, one.what) for one in now.told[::-1]]
    columns = ("Window", "From then on", "Why")
    title = "What it decided"
    if not rows:
        return Part(title, words=("Nothing yet.",))
    return Part(title, tables=(cells("Decisions, the latest first", columns, rows, names=3),))


def _evidence(stood: Sequence[Standing], plan: Plan) -> Part:
    words = [
        "The evidence begins at 0 and stays small while nothing changes: it adds up what speaks for a change since "
        "any earlier window. "
        f"It reaches {plan.windows_per_alarm:,} by mere chance once in as many windows, or less often."
    ]
    shares = sorted(stood[-1].shares.items(), key=lambda item: -item[1])
    words += [f"{share:,.1f} of it: {MEANS[name]}." for name, share in shares if share >= 1]
    seen = {one.windows: one for one in stood}
    points = tuple(
        Point(number, one.evidence, one.evidence, one.evidence) for number, one in list(seen.items())[-_DRAWN:]
    )
    if len(points) < 2:
        return Part("Evidence of a change", words=tuple(words))
    level = (("alarm", float(plan.windows_per_alarm)),)
    lines = (Curve("evidence", points),)
    drawn = Curves("Evidence by window", "window", "number", False, "number", lines, level, growing=True)
    return Part("Evidence of a change", words=tuple(words), curves=(drawn,))


def _prompts(now: Standing) -> Part:
    """Return the prompts in use against those that they are held against."""
    passages = [
        Fold(name, (Passage(name, text, now.anchor.get(name) if now.anchor.get(name) != text else None),))
        for name, text in now.shipped.items()
    ]
    words = "Against the prompts that were in use before, which are what the watch goes back to where they do better."
    return Part("Prompts in use", words=(words,), folds=tuple(passages))


def _candidate(now: Standing) -> Part:
    if now.candidate is None:
        return Part("Candidate")
    won, lost = now.canary
    folds = tuple(
        Fold(name, (Passage(name, text, now.shipped.get(name)),))
        for name, text in now.candidate.items()
        if text != now.shipped.get(name)
    )
    words = f"It runs beside the prompts in use: {won} won, {lost} lost, the hold-out of its search included."
    return Part("Candidate", words=(words,), folds=folds)


def _windows(stood: Sequence[Standing]) -> Part:
    latest = {one.windows: one for one in stood if one.windows}
    rows = [
        (phrases.number(number), one.month, one.state, f"{one.evidence:,.1f}", phrases.number(one.calls))
        for number, one in reversed(latest.items())
    ]
    if not rows:
        return Part("Windows")
    columns = ("Window", "Month", "State", "Evidence", "Calls of the month")
    return Part("Windows", tables=(cells("Windows, the latest first", columns, rows[:_DRAWN], names=3),))
