"""The ten answers in a line each, of the closing summary on a terminal; ``questions`` has them at length."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from maspo.core.sums import add_up
from maspo.core.team_cost import CostChange
from maspo.core.usage import total
from maspo.events import JudgeChecked, PromptChanged, RunFinished
from maspo.report import phrases, sentences
from maspo.report.fold import RunView, rank_conflict
from maspo.report.questions import NOT_YET, as_tested, misread
from maspo.report.team_cost import PER_INPUTS, are_kept_back, parts_of_change
from maspo.report.visible import visible
from maspo.stats.shown import write_number
from maspo.study.evaluation.calibration import calibrate

Say: TypeAlias = Callable[[str], str]
"""Names settings in a text as its reader gives them: as options of a command, or as arguments of Python."""
_FAMILIES: Final = {"agent": "agents", "judge": "judge", "proposer": "drafts"}
"""Whom calls ask, by how their purposes begin."""
_NAMES: Final = 30
"""Characters of a row of agents' names: a third of a line."""


def in_short(view: RunView, room: int, say: Say) -> tuple[str, ...]:
    """Return an answer of at most ``room`` characters to each question, in the order of ``questions.answers``.

    An answer is made of parts, what matters most first: as many as there is room for are told.
    """
    tested = as_tested(view)
    return tuple(
        _as_fits([say(visible(part)) for part in parts], room)
        for parts in (
            _helped(view, tested),
            _by_how_much(tested),
            _how_sure(tested),
            _what_changed(view),
            _what_got_worse(tested),
            _who_misread(view),
            _what_it_cost(view),
            _what_ships(view),
            _what_more_brings(tested),
            _judge(view),
        )
    )


def cost_in_short(view: RunView, change: CostChange, room: int) -> str:
    """Return in at most ``room`` characters what the team costs in use, or would with prompts that do not ship."""
    first, *rest = parts_of_change(change, view.simulated)
    would = "seed → new if these shipped" if are_kept_back(view) else "seed → new"
    return _as_fits([f"{PER_INPUTS:,} inputs, {would}: {first}", *(f", {part}" for part in rest)], room)


def _as_fits(parts: Sequence[str], room: int) -> str:
    found = textwrap.shorten(parts[0], room, placeholder=" …", break_on_hyphens=False)
    for part in parts[1:]:
        if len(found) + len(part) > room:
            break
        found += part
    return found


def _helped(view: RunView, tested: RunView) -> list[str]:
    finished = tested.finished
    if finished is None:
        return [sentences.headline(view)]
    by_labels = view.started is not None and view.started.decided_by == "labels"
    helped = {
        "improved": "Yes: the new prompts are better" if by_labels else "Yes: the judge prefers the new prompts",
        "no_evidence": "Not shown: no evidence that the new prompts are better",
        "worse": "No: the new prompts are worse" if by_labels else "No: the judge prefers the seed prompts",
        "cannot_tell": "Not known: too few hold-out inputs differ to tell",
    }[finished.verdict]
    if sentences.forbidden_by_looks(finished):
        helped = "Not shown: earlier looks at this hold-out forbid a claim"
    elif finished.verdict != "improved" and not any(agent.rewritten for agent in view.agents):
        helped = "No: the search found no better prompts"
        if sentences.is_cut_off(view):
            helped = "Not known: a cap came before any change was tried to the end"
    elif not finished.holdout.n:
        helped = "Not known: the new prompts were not tested"
    return [helped, f"; {_shipped(view, finished)}", *_true_accuracy(finished)]


def _shipped(view: RunView, finished: RunFinished) -> str:
    if view.approval is not None:
        return "nothing ships before you approve"
    if finished.shipped == "seed":
        return "the seed prompts ship"
    return "they ship" if finished.verdict == "improved" else "the new ones won more and ship"


def _true_accuracy(finished: RunFinished) -> list[str]:
    if finished.truth is None:
        return []
    before, after = finished.truth
    return [f"; true accuracy {phrases.percent(before)} → {phrases.percent(after)}"]


def _by_how_much(tested: RunView) -> list[str]:
    if tested.finished is None:
        return [NOT_YET]
    holdout = tested.finished.holdout
    if not holdout.n:
        return [f"Hold-out {sentences.UNTESTED}"]
    net = phrases.signed_percent(sentences.net_win_rate(holdout))
    found = f"Net win rate {net}, 95% interval {sentences.holdout_interval(holdout)}"
    won, lost, *rest = sentences.holdout_counts(holdout).split(", ")
    return [found, f"; {won}, {lost}", *(f", {one}" for one in rest)]


def _how_sure(tested: RunView) -> list[str]:
    finished = tested.finished
    if finished is None:
        return [NOT_YET]
    holdout = finished.holdout
    if not holdout.n:
        return ["Nothing was tested, so nothing is proven"]
    sure = {"improved": "Yes", "no_evidence": "No", "worse": "Yes", "cannot_tell": "No: too few answers differ"}
    p_value, direction = sentences.sign_test(finished)
    if sentences.forbidden_by_looks(finished):
        need = f"; look {holdout.look} at this hold-out needs p ≤ {write_number(holdout.level)}"
        return [f"No, {p_value} for {direction}", need]
    found = [f"{sure[finished.verdict]}, {p_value} for {direction}", f" on {sentences.holdout_inputs(holdout)}"]
    if finished.verdict == "no_evidence":
        found.append(f"; a claim needs p ≤ {write_number(holdout.level)}")
    if finished.verdict == "cannot_tell" and holdout.needed is not None:
        found.append(f"; about {holdout.needed:,} needed")
    return found


def _what_changed(view: RunView) -> list[str]:
    rewritten = [agent.name for agent in view.agents if agent.rewritten]
    if not rewritten:
        return ["No prompt" if view.finished else "No prompt so far"]
    found = f"{_row_of(rewritten)} ({len(rewritten)} of {phrases.plural(len(view.agents), 'agent')})"
    if view.approval is None and view.finished is not None and view.finished.shipped == "seed":
        return [f"Nothing that ships; the search found new prompts of {found}"]
    last = next((one for one in reversed(view.steps) if isinstance(one.decision, PromptChanged)), None)
    if last is None or last.decision is None:
        return [found]
    tried = view.tried.get(last.step)
    if tried is None:
        return [found, f"; {last.decision.reason.partition(';')[0].partition(' (')[0]}"]
    last_change = f"; last change: {len(tried.won)} better, {len(tried.lost)} worse of {phrases.number(tried.inputs)}"
    return [found, last_change, " input" if tried.inputs == 1 else " inputs"]


def _what_got_worse(tested: RunView) -> list[str]:
    if tested.finished is None:
        return [NOT_YET]
    holdout = tested.finished.holdout
    if not holdout.n:
        return ["Not known: nothing was tested"]
    if not holdout.losses:
        return ["None of the hold-out"]
    return [f"{holdout.losses:,} of {phrases.plural(holdout.n, 'hold-out input')}, told first in holdout.jsonl"]


def _who_misread(view: RunView) -> list[str]:
    parts = []
    found = misread(view)
    if found:
        ((agent, reader), count), *rest = found.most_common()
        who = "the final answer" if reader == "global" else reader
        parts = [f"{phrases.plural(count, 'case')}: {agent} got better, {who} did not"]
        others = sum(count for _, count in rest)
    if view.conflicts:
        (kept, _), (dropped, _) = rank_conflict(view.conflicts[-1])
        parts.append(f"{'; c' if parts else 'C'}hanges of {kept} and {dropped} clash")
    if found and others:
        parts.append(f"; {phrases.plural(others, 'other case')}")
    so_far = "" if as_tested(view).finished else " so far"
    return parts or [f"Nobody{so_far}: no misalignment case and no conflict was found"]


def _what_it_cost(view: RunView) -> list[str]:
    whole = total(view.usage.values())
    time = f" in {phrases.duration(view.seconds)}" if view.seconds is not None else ""
    if not whole.calls:
        return [f"Nothing was spent so far{time}"]
    priced = bool(whole.usd) and not view.simulated
    of = dict[str, float]()
    for purpose, one in view.usage.items():
        family = purpose.partition(".")[0]
        of[family] = of.get(family, 0.0) + ((one.usd or 0.0) if priced else one.calls)
    dearest = sorted(of.items(), key=lambda one: -one[1])
    found = [
        f"{_FAMILIES.get(family, family)} {phrases.percent(it / add_up(of.values()))}" for family, it in dearest if it
    ]
    shares = [f"; of the {'money' if priced else 'calls'} {found[0]}", *(f", {one}" for one in found[1:])]
    unknown = " ([models.prices] sets prices)" if whole.usd is None else ""
    money = ", simulated" if view.simulated else f", money {phrases.money_spent(whole, False)}{unknown}"
    return [f"{phrases.plural(whole.calls, 'call')}{time}", money, *shares]


def _what_ships(view: RunView) -> list[str]:
    if view.approval is not None:
        return [f"Nothing before you approve {_row_of(view.approval.agents)}: `maspo steer` approves or rejects"]
    if view.finished is None:
        return ["Nothing yet: the run has not finished"]
    if view.finished.shipped == "seed":
        return ["Your seed prompts, as they were; prompts.json holds them"]
    grown = sentences.grown(view)
    longer = f", {phrases.number(grown)} characters longer" if grown else ""
    changed = phrases.plural(sum(agent.changed for agent in view.agents), "new prompt")
    return [f"{changed} in prompts.json{longer}", "; `maspo apply` writes them back"]


def _what_more_brings(tested: RunView) -> list[str]:
    if any(one.action == "stop" for one in tested.decided):
        return ["Not known: a person stopped the search, so more rounds may find more"]
    if tested.budget_stops:
        return [f"Not known: {tested.budget_stops[-1].cap} ended the search", "; a higher cap lets it go on"]
    if sentences.untested(tested):
        return [f"Not known: {sentences.cap_of(tested) or 'a cap'} cut the test short", "; a higher one lets it go on"]
    rounds = sentences.rounds_of(tested)
    if tested.finished is None:
        return [NOT_YET]
    if rounds is None:
        return ["The search does not say"]
    which = sentences.last_rounds(*rounds)
    return [f"Little: {which} changed no prompt" if rounds[1] else f"Perhaps more: {which} still changed a prompt"]


def _judge(view: RunView) -> list[str]:
    parts = []
    if view.started is not None and view.started.decided_by == "labels":
        parts.append("Labels decided final answers, not the judge")
    if view.judge is not None:
        parts += _calibrated(view.judge)
    elif not parts:
        parts += _contradicted(view)
    if view.judged.unreadable:
        parts.append(f"{phrases.plural(view.judged.unreadable, 'reply', 'replies')} held no verdict")
    if not parts:
        return ["Not measured: give labels (--labels use), or judge pairs (`maspo judge-check`)"]
    return [parts[0], *(f"; {part}" for part in parts[1:])]


def _calibrated(checked: JudgeChecked) -> list[str]:
    found = calibrate(checked.readings)
    parts = []
    if found.known.share is not None:
        parts.append(f"right on {found.known.count} of {found.known.n} pairs with a known answer")
    if found.flip.share is not None:
        parts.append(f"turned with the order on {found.flip.count} of {found.flip.n}")
    if found.first_position.share is not None:
        parts.append(f"the first shown won {phrases.percent(found.first_position.share)}")
    return parts


def _contradicted(view: RunView) -> list[str]:
    (turned, asked), whole = view.judged.tested, view.judged.contradicted
    if not asked:
        return [f"Contradicted itself on {phrases.plural(whole, 'pair')} of the run"] if whole else []
    found = f"Contradicted itself on {turned} of {phrases.plural(asked, 'pair')} of the final test"
    return [f"{found}, on {whole:,} in the whole run" if whole > turned else found]


def _row_of(names: Sequence[str]) -> str:
    """Return names in a row, as many of them as a third of a line has room for."""
    found = (phrases.list_names(names, most) for most in range(len(names), 0, -1))
    return next((row for row in found if len(row) <= _NAMES), phrases.plural(len(names), "agent"))
