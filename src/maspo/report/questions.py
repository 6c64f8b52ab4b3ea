"""The ten questions that a finished run answers, each in a sentence or two: of the page and of the closing summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from maspo.core.plain import Dumped
from maspo.core.usage import total
from maspo.events import PromptChanged, RunFinished
from maspo.report import phrases, sentences
from maspo.report.fold import RunView, StepView
from maspo.report.team_cost import PER_INPUTS, are_kept_back, cost_in_use, describe_change
from maspo.report.visible import clipped
from maspo.report.why import together
from maspo.study.evaluation.calibration import Calibration, calibrate

_MOST_CHARACTERS = 220
"""Of a reason within an answer: two lines of a page."""
_MOST_REASONS = 3
"""Agents whose reason is told; the page of the prompts has all of them."""
_TRIED = "tried on "
"""How it begins how a change did; with whom it was tried is put there where it is told."""
_FAIR = 0.5
_WIDE = 0.5
"""Width of an interval within which a judge may as well choose by position alone as not at all: from 0.5 to 1."""
NOT_YET = "Known when the run has finished."


@dataclass(frozen=True, slots=True)
class Answer(Dumped):
    """A question, its answer in plain words, and the part of the page that says more."""

    question: str
    answer: str
    page: str


def answers(view: RunView, lost: Sequence[str] = (), judge: Calibration | None = None) -> tuple[Answer, ...]:
    """Return the ten questions with what is known now.

    ``lost`` names the hold-out inputs that got worse, ``judge`` is its record where the caller knows more than events
    tell.
    """
    judge = judge or (calibrate(view.judge.readings) if view.judge else None)
    tested = as_tested(view)
    return (
        Answer("Did it help?", sentences.headline(view), "overview"),
        Answer("By how much?", _how_much(tested), "overview"),
        Answer("Is it sure?", _how_sure(tested), "inputs"),
        Answer("What changed, and why?", _what_changed(view), "prompts"),
        Answer("Which inputs got worse?", _what_got_worse(tested, lost), "inputs"),
        Answer("Who misunderstood whom?", _who_misunderstood(view), "cases"),
        Answer("Where did the money go?", _where_money_went(view), "cost"),
        Answer("What do I ship?", _what_ships(view), "prompts"),
        Answer("What would more budget bring?", _what_more_brings(tested), "search"),
        Answer("Can the judge be trusted?", _can_judge_be_trusted(view, judge), "judge"),
    )


def as_tested(view: RunView) -> RunView:
    """Return a run whose new prompts await approval as one that has ended: its final test is over."""
    asked = view.approval
    if view.finished is not None or asked is None:
        return view
    seed = {agent.name: agent.seed for agent in view.agents}
    ended = RunFinished(
        asked.verdict, "seed", asked.why, asked.holdout, seed, asked.winners, view.usage, view.seconds or 0.0, True
    )
    return replace(view, finished=ended)


def _how_much(view: RunView) -> str:
    if view.finished is None:
        return NOT_YET
    holdout = view.finished.holdout
    if not holdout.n:
        return f"Hold-out {sentences.UNTESTED}."
    net = phrases.signed_percent(sentences.net_win_rate(holdout))
    interval, counts = sentences.holdout_interval(holdout), sentences.holdout_counts(holdout)
    found = f"Net win rate {net}, 95% interval {interval}: {counts}."
    return f"{found} {sentences.true_accuracy(view)}".strip()


def _how_sure(view: RunView) -> str:
    finished = view.finished
    if finished is None:
        return NOT_YET
    if not finished.holdout.n:
        return "Nothing was tested, so nothing is proven."
    p_value, direction = sentences.sign_test(finished)
    sure = {
        "improved": "Yes, as far as a test can say",
        "worse": "Yes: it is worse",
        "no_evidence": "No",
        "cannot_tell": "No: too few answers differ",
    }[finished.verdict]
    looked = phrases.looks(finished.holdout.look, finished.holdout.level)
    tested = (
        f"{p_value} for {direction} on {sentences.holdout_inputs(finished.holdout)}{f' ({looked})' if looked else ''}"
    )
    if sentences.forbidden_by_looks(finished):
        return f"No, for the looks before this one: {tested}."
    return f"{sure}: {tested}. {sentences.inputs_needed(view)}".strip()


def _what_changed(view: RunView) -> str:
    rewritten = [agent.name for agent in view.agents if agent.rewritten]
    if not rewritten:
        return "No prompt." if view.finished else "No prompt so far."
    last = {one.decision.agent: one for one in view.steps if isinstance(one.decision, PromptChanged)}
    why = _reasons(view, {name: last[name] for name in rewritten if name in last})
    found = f"{phrases.list_names(rewritten)} ({len(rewritten)} of {phrases.plural(len(view.agents), 'agent')})."
    if view.approval is None and view.finished is not None and view.finished.shipped == "seed":
        found = (
            f"Nothing that ships. The search found new prompts of {found} `maspo diff FOLDER seed winners` has them."
        )
    reasons_told = "; ".join(why[:_MOST_REASONS])
    focus = sentences.describe_focus(view.focus)
    told = (found, f"{reasons_told}." if reasons_told else "", f"{focus[0].upper()}{focus[1:]}." if focus else "")
    return " ".join(filter(None, told))


def _reasons(view: RunView, last: Mapping[str, StepView]) -> list[str]:
    """Return for each agent how its last change did; agents whose last changes were tried together are told once."""
    of: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for name, step in last.items():
        whole = tuple(sorted({name, *together(view, step)}))
        of.setdefault((whole, _reason(view, step)), []).append(name)
    return [_told_of(names, whole, reason) for (whole, reason), names in of.items()]


def _told_of(names: Sequence[str], whole: Sequence[str], reason: str) -> str:
    others = [name for name in whole if name not in names]
    with_whom = f" with {phrases.list_names(others)}" if others else ""
    last = "last changes, tried together" if len(names) > 1 else "last change, tried"
    if reason.startswith(_TRIED):
        reason = f"{last}{with_whom} on {reason.removeprefix(_TRIED)}"
    return f"{phrases.list_names(names)}: {clipped(reason, _MOST_CHARACTERS)}"


def _reason(view: RunView, step: StepView) -> str:
    """Return how the last change of a prompt did when it was tried; where that is not recorded, the search's words."""
    tried = view.tried.get(step.step)
    if tried is not None:
        better, worse = len(tried.won), len(tried.lost)
        return f"{_TRIED}{phrases.plural(tried.inputs, 'input')}, answered better on {better} and worse on {worse}"
    return sentences.decision_reason(step.decision.reason) if step.decision else ""


def _what_got_worse(view: RunView, lost: Sequence[str]) -> str:
    if view.finished is None:
        return NOT_YET
    losses = view.finished.holdout.losses
    if not losses:
        return "None of the hold-out." if view.finished.holdout.n else "Not known: nothing was tested."
    names = f": {phrases.list_names(lost)}" if lost else ""
    return f"{phrases.plural(losses, 'hold-out input')}{names}."


def _who_misunderstood(view: RunView) -> str:
    parts = [
        f"in {phrases.plural(count, 'case')} {'the final answer' if reader == 'global' else reader} gained nothing "
        f"from what {agent} wrote better"
        for (agent, reader), count in misread(view).most_common(2)
    ]
    cases = "; ".join(parts)
    conflict = sentences.describe_conflict(view.conflicts[-1]) if view.conflicts else ""
    told = [f"{one[0].upper()}{one[1:]}." for one in (cases, conflict) if one]
    return " ".join(told) or "Nobody: no misalignment case and no conflict was found."


def misread(view: RunView) -> Counter[tuple[str, str]]:
    """Return how often a reader, or the final answer (``global``), gained nothing from what an agent wrote better."""
    found = Counter[tuple[str, str]]()
    for step in view.steps:
        for case in step.cases:
            found.update((case.agent, reader) for reader in case.lost)
    return found


def _where_money_went(view: RunView) -> str:
    whole = total(view.usage.values())
    if not whole.calls:
        return "Nothing was spent so far."
    priced = bool(whole.usd) and not view.simulated
    ranked = sorted(
        ((one.usd or 0.0 if priced else float(one.calls), purpose) for purpose, one in view.usage.items()), reverse=True
    )
    of = whole.usd if priced and whole.usd else float(whole.calls)
    shares = ", ".join(
        f"{phrases.purpose(purpose)} {phrases.percent(value / of)}" for value, purpose in ranked[:3] if value
    )
    spent = "no money (simulated)" if view.simulated else f"money {phrases.money_spent(whole, False)}"
    change = cost_in_use(view)
    take = "with the new prompts, which do not ship, would take" if are_kept_back(view) else "take"
    in_use = f" In use, {PER_INPUTS:,} inputs {take} {describe_change(change, view.simulated)}." if change else ""
    return f"{phrases.plural(whole.calls, 'call')}, {spent}. Of the {'money' if priced else 'calls'}: {shares}.{in_use}"


def _what_ships(view: RunView) -> str:
    if view.approval is not None:
        names = phrases.list_names(view.approval.agents)
        return f"Nothing before you approve the new prompts of {names}: `maspo steer` approves or rejects."
    if view.finished is None:
        return "Nothing yet: the run has not finished."
    if view.finished.shipped == "seed":
        return "Your seed prompts, as they were; prompts.json holds them."
    number = sum(agent.changed for agent in view.agents)
    changed = phrases.plural(number, "new prompt")
    written = f"{changed}, in prompts.json of the run folder; `maspo apply` writes them back into a team's own files."
    grown = sentences.grown(view)
    if not grown:
        return written
    longer = f"{phrases.number(grown)} characters longer"
    they = f"It is {longer}" if number == 1 else f"They are {longer} in all"
    return f"{written} {they}, which every later call pays for."


def _what_more_brings(view: RunView) -> str:
    capped = ""
    if view.budget_stops:
        left = sentences.what_a_cap_left(view)
        parts = (f"A cap ended the search: {view.budget_stops[-1].cap}.", left, "A higher one lets it go on.")
        capped = " ".join(filter(None, parts))
        if view.finished is not None and sentences.is_cut_off(view):
            capped = view.finished.why
    elif test := sentences.describe_untested(view):
        capped = f"{test} A higher cap lets it go on."
    end = "; ".join(sentences.describe_end(view))
    if any(one.action == "stop" for one in view.decided):
        capped = "A person stopped the search, so more rounds may find more."
    needed = sentences.inputs_needed(view)
    found = " ".join(filter(None, (capped, f"{end[0].upper()}{end[1:]}." if end else "", needed)))
    return found or ("The search does not say." if view.finished else NOT_YET)


def _contradictions(view: RunView) -> str:
    """Return how often the judge contradicted itself in the final test, and in the whole run, where it did."""
    (turned, asked), whole = view.judged.tested, view.judged.contradicted
    if not asked:
        return f"It contradicted itself on {phrases.plural(whole, 'pair')} of the run." if whole else ""
    beside = f", on {phrases.number(whole)} in the whole run" if whole > turned else ""
    of = f"{phrases.number(turned)} of {phrases.plural(asked, 'pair')}"
    return f"In the final test it contradicted itself on {of} asked in both orders{beside}."


def _can_judge_be_trusted(view: RunView, judge: Calibration | None) -> str:
    by_labels = view.started is not None and view.started.decided_by == "labels"
    parts = ["Labels decided final answers, not the judge." if by_labels else ""]
    if judge is not None:
        if judge.known.share is not None:
            right = f"{phrases.number(judge.known.count)} of {phrases.number(judge.known.n)}"
            parts.append(f"Right on {phrases.percent(judge.known.share)} of pairs with a known answer ({right}).")
        if judge.flip.share is not None and view.judge is not None:
            turned = f"{phrases.number(judge.flip.count)} of {phrases.plural(judge.flip.n, 'pair')}"
            parts.append(f"It contradicts itself on {turned} when the order turns.")
        if judge.first_position.share is not None:
            first = judge.first_position
            low, high = first.interval
            lean = "no lean towards a position is seen" if low <= _FAIR <= high else "it leans towards a position"
            if low <= _FAIR <= high and high - low > _WIDE:
                lean = f"{phrases.plural(first.n, 'verdict')} {'is' if first.n == 1 else 'are'} too few to see a lean"
            parts.append(f"The output shown first wins {phrases.percent(first.share or 0.0)} of the time: {lean}.")
    parts.append("" if view.judge is not None or by_labels else _contradictions(view))
    if view.judged.unreadable:
        parts.append(f"{phrases.plural(view.judged.unreadable, 'reply', 'replies')} held no verdict.")
    found = " ".join(filter(None, parts))
    return found or "Not measured: compare it with labels (--labels use) or with your own verdicts (maspo judge-check)."
