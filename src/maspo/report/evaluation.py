"""What an evaluation found: a summary for the terminal, ``evaluation.json``, ``rows.jsonl``, its page's document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maspo.core.plain import FLAT, Dumped
from maspo.core.usage import Usage, total
from maspo.events import VerdictWord
from maspo.report import phrases
from maspo.report.bundle import sheet_html
from maspo.report.document.sheet import (
    Cells,
    Dot,
    Dots,
    Fold,
    Part,
    Passage,
    Sheet,
    cells,
    sheet,
    spent_facts,
    unsettled_part,
)
from maspo.report.folder import EVALUATION_PAGE
from maspo.report.result import ReplyFigures, Tokens, Unsettled, replies_of, tokens_of, unsettled_of
from maspo.report.visible import visible
from maspo.store.files import write_whole
from maspo.study.error_answers import ErrorAnswers
from maspo.study.evaluation.job import EXACT, JUDGE, LABELLED, Cost, Evaluation, EvaluationFindings, OnSeen, Side
from maspo.study.evaluation.tally import Difference, Share
from maspo.study.mismatch import never_met, spec_of

PAGE = EVALUATION_PAGE
RESULT = "evaluation.json"
ROWS = "rows.jsonl"
_MOST_ROW_IDS = 12
"""Ids of rows won or lost that the summary names, each cut to 40 letters; the page has more, the file all."""
_MOST_SHOWN_IDS = 500
"""Ids of rows that the page names, which share one cell."""
_MOST_OF_A_TEXT = 60
"""Letters of a row's text that stand for an id that nobody gave it: about a line of a terminal with its name."""
_NO_OUTPUT = "no output, because a call failed"
_INPUTS = 1000
"""Cost is stated for so many inputs: for one it would be fractions of a cent."""
_CLAIMS = {
    "improved": "{after} are better than {before}.",
    "worse": "{after} are worse than {before}.",
    "no_evidence": "No evidence that {after} are better than {before}.",
    "cannot_tell": "Too few rows differ to tell whether {after} are better than {before}.",
}
_PREFERENCES = {
    "improved": "{after} are preferred by the judge to {before}.",
    "worse": "{before} are preferred by the judge to {after}.",
    "no_evidence": "No evidence that {after} are preferred by the judge to {before}.",
    "cannot_tell": "Too few rows differ to tell whether {after} are preferred by the judge to {before}.",
}


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def headline(found: EvaluationFindings) -> str:
    """Return the outcome in one sentence; a judge's opinion is never called more than that."""
    names = found.evaluation.names
    if found.verdict is None:
        return _without_verdict(found)
    claims = _PREFERENCES if found.evaluation.pairwise else _CLAIMS
    claim, met = claims[found.verdict], found.difference
    looked = ""
    if met is not None:
        p = ((met.p_value, met.p_bounds[0]), (met.p_worse, met.p_bounds[1]))
        looked = phrases.blamed_on_looks(found.verdict, p, met.look, met.level)
    if looked:
        claim = f"{claims['no_evidence'].replace('evidence', 'claim', 1).rstrip('.')}: {looked}."
    for side in ("after", "before"):
        called = "the seed prompts" if names[side] == "seed" else f"the prompts of {names[side]}"
        claim = claim.replace(f"{{{side}}}", called, 1)
    unseen = phrases.plural(_rows_unseen(found), "row")
    rests = f" This rests on the {unseen} that the search has not seen." if found.on_seen else ""
    return claim[0].upper() + claim[1:] + rests


def _without_verdict(found: EvaluationFindings) -> str:
    """Return the outcome where nothing is claimed: of one prompt set, or of rows that are all seen."""
    name, share, seen = found.evaluation.names["after"], found.shares.get("after"), found.on_seen
    if share:
        return f"{name}: {_describe_share(found, share)}" + (", on rows that the search has not seen." if seen else ".")
    if seen is None:
        return "Nothing was evaluated."
    whole = "the row" if seen.rows == 1 else f"all {phrases.number(seen.rows)} rows"
    why = f"No claim: the search that wrote these prompts has seen {whole}, so figures on them flatter it."
    return f"{why} Give rows that it has not seen."


def _rows_unseen(found: EvaluationFindings) -> int:
    return len(found.rows) - (found.on_seen.rows if found.on_seen else 0)


def _describe_share(found: EvaluationFindings, share: Share) -> str:
    """Return how many outputs of one prompt set are right, with the 95 % interval."""
    if share.share is None:
        return "nothing could be scored"
    low, high = share.interval
    what = "meet the rubric, says the judge" if found.evaluation.scorer == JUDGE else "correct"
    return (
        f"{phrases.percent(share.share)} {what} (95% interval {phrases.percent(low)} to {phrases.percent(high)}), "
        f"{phrases.number(share.correct)} of {phrases.number(share.trials)}"
    )


def remarks_on(found: EvaluationFindings) -> tuple[str, ...]:
    """Return what is worth knowing of the figures: what was said at the start, and what shows in the answers."""
    of = found.evaluation
    errors = ErrorAnswers([row.answer for row in of.task.test.rows])
    for one in found.outputs:
        if one.text is not None:
            errors.see_output(of.system.output, one.row, f"{one.side} {one.repeat}", one.text)
    said = (*of.remarks, *filter(None, [errors.told()]))
    if of.scorer not in LABELLED:
        return said
    marks = [{*row.before, *row.after} - {"failed", "lost"} for row in found.rows]
    seen = [one for one in marks if one]
    read_by = spec_of(of.system) if of.scorer == EXACT else f"`--scorer {of.scorer}`"
    unread = sum(one == {"unread"} for one in seen)
    mismatch = never_met(len(seen), any("correct" in one for one in seen), unread, read_by)
    return (*said, *([mismatch] if mismatch else []))


def short_share(found: EvaluationFindings, side: Side) -> str:
    """Return what a prompt set is called and its share, for a table; empty when there is none."""
    if side not in found.evaluation.sides:
        return ""
    share = found.shares[side].share if side in found.shares else None
    return found.evaluation.names[side] + ("" if share is None else f" {phrases.percent(share)}")


def _describe_unscored(share: Share) -> str:
    """Return what is counted apart: unread answers, undecided scores, lost runs; empty when there is nothing."""
    parts = []
    if share.unread:
        parts.append(f"{phrases.number(share.unread)} without an answer that could be read (not correct)")
    if share.failed:
        parts.append(f"{phrases.number(share.failed)} that could not be scored")
    if share.lost:
        parts.append(f"{phrases.number(share.lost)} without an output, because a call failed")
    if share.failed or share.lost:
        low, high = share.bounds
        parts.append(f"with all of these wrong or right: {phrases.percent(low)} to {phrases.percent(high)}")
    return "; ".join(parts)


def _describe_tests(difference: Difference) -> str:
    """Return the exact tests in words."""
    worse = difference.mean < 0
    p_value = phrases.p_value(difference.p_worse if worse else difference.p_value, difference.level)
    direction = "losses than wins" if worse else "wins than losses"
    two_sided = f"McNemar {phrases.p_value(difference.p_two_sided, difference.level)} (exact, two-sided)"
    looks = phrases.looks(difference.look, difference.level)
    return f"{p_value} for more {direction} (exact, one-sided); {two_sided}" + (f"; {looks}" if looks else "")


def _describe_difference(difference: Difference) -> str:
    """Return the paired difference with its interval, and the rows won and lost."""
    low, high = map(phrases.signed_percent, difference.interval)
    return (
        f"{phrases.signed_percent(difference.mean)} (95% interval {low} to {high}); "
        f"{phrases.plural(len(difference.won), 'row')} won, "
        f"{phrases.number(len(difference.lost))} lost, {phrases.number(difference.ties)} equal"
        f"{_describe_groups(difference)}"
    )


def _describe_groups(difference: Difference) -> str:
    """Return in how many independent groups the rows are, where these are fewer."""
    if difference.groups is None or difference.groups >= difference.rows:
        return ""
    return f", in {phrases.plural(difference.groups, 'independent group')}, each of which counts once"


def _describe_missing(difference: Difference) -> str:
    """Return what is missing and how far that could move the difference; empty when nothing is."""
    if not difference.missing:
        return ""
    low, high = map(phrases.signed_percent, difference.bounds)
    return (
        f"{phrases.plural(len(difference.missing), 'row')} left out for want of an output or a score; the "
        f"difference would be {low} if all of that went against the new prompts, and {high} if it went for them"
    )


def _describe_cost(cost: Cost) -> str:
    """Return what 1,000 inputs cost with one prompt set."""
    parts = [phrases.plural(round(cost.calls * _INPUTS), "call")]
    if cost.tokens_in is not None and cost.tokens_out is not None:
        parts.append(f"{phrases.number(round(cost.tokens_in * _INPUTS))} tokens in")
        parts.append(f"{phrases.number(round(cost.tokens_out * _INPUTS))} out")
    parts.append("money unknown" if cost.usd is None else phrases.money(cost.usd * _INPUTS))
    return ", ".join(parts)


def _describe_rows(found: EvaluationFindings) -> str:
    """Return what was evaluated on, and what a cap left out."""
    evaluation = found.evaluation
    repeats = f", {evaluation.repeats} repeats each" if evaluation.repeats > 1 else ""
    cut = f"; {phrases.number(found.left_out)} left out by {found.cap or 'a cap'}" if found.left_out else ""
    seen = f"; the search has seen {phrases.number(found.on_seen.rows)} of them" if found.on_seen else ""
    rows = f"{phrases.number(len(found.rows))} of {evaluation.task.name}{repeats}"
    return f"{rows}, scorer {evaluation.scorer}{cut}{seen}"


def _describe_seen(found: EvaluationFindings) -> list[str]:
    """Return what was found on rows that the search has seen, from which nothing is claimed."""
    if found.on_seen is None:
        return []
    names, seen = found.evaluation.names, found.on_seen
    told = [f"{names[side]}: {_describe_share(found, share)}" for side, share in seen.shares.items()]
    if seen.difference is not None:
        what = "preference" if found.evaluation.pairwise else "difference"
        told.append(f"{what}: {_describe_difference(seen.difference)}")
    return [f"{phrases.plural(seen.rows, 'row')}, from which nothing is claimed", *told]


def _list_ids(evaluation: Evaluation, ids: tuple[str, ...], most: int) -> str:
    """Return what the first rows are called, each on one line and cut short: its id, or its text if nobody gave one."""
    task = evaluation.task
    texts = {row.key: task.sample(row.key, "").question for row in task.test.rows if row.label == row.key}

    def called(name: str) -> str:
        if name not in texts:
            return phrases.name_of_row(name)
        text = " ".join(texts[name].split())
        return f"“{text}”" if len(text) <= _MOST_OF_A_TEXT else f"“{text[:_MOST_OF_A_TEXT].rstrip()} …”"

    return phrases.list_names([*map(called, ids)], most)


def models_by_role(evaluation: Evaluation, judge: bool) -> dict[str, str]:
    """Return the model of agents that name none themselves, those that agents name, and with ``judge`` the judge's."""
    agents = evaluation.system.agents
    default = {"agent": evaluation.config.models.agent} if any(agent.model is None for agent in agents) else {}
    named = {f"agent {agent.name}": agent.model for agent in agents if agent.model is not None}
    return default | named | ({"judge": evaluation.config.models.for_judge()} if judge else {})


def summary(found: EvaluationFindings) -> str:
    """Return the outcome in plain lines."""
    names, difference, spent = found.evaluation.names, found.difference, total(found.usage.values())
    lines = [headline(found), *([phrases.SIMULATED] if found.simulated else []), ""]

    def add(name: str, *texts: str) -> None:
        lines.extend(phrases.labelled(name, *texts, width=14))

    add("rows", _describe_rows(found))
    for side, share in found.shares.items():
        title = side if len(found.shares) > 1 else "result"
        add(title, f"{names[side]}: {_describe_share(found, share)}", _describe_unscored(share))
    if difference is not None:
        turned = phrases.plural(difference.contradicted, "verdict") + " turned with the order; counted equal"
        add(
            "preference" if found.evaluation.pairwise else "difference",
            _describe_difference(difference),
            _describe_tests(difference),
            turned if difference.contradicted else "",
        )
        add("missing", _describe_missing(difference))
        add("rows won", _list_ids(found.evaluation, difference.won, _MOST_ROW_IDS))
        add("rows lost", _list_ids(found.evaluation, difference.lost, _MOST_ROW_IDS))
    add("seen", *_describe_seen(found))
    add("note", *remarks_on(found), *phrases.describe_replies(found.usage))
    for side, cost in found.costs.items():
        add("1,000 inputs", f"{names[side]}: {_describe_cost(cost)}")
    add(
        "spent",
        phrases.spent(spent),
    )
    if found.unsettled:
        add("", phrases.describe_all_unsettled(found.unsettled))
    add("money", phrases.money_spent(spent, found.simulated))
    add("time", phrases.duration(found.seconds))
    return visible("\n".join(lines))


# ── for scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ShareFigures(Dumped):
    """How many outputs of a prompt set are right, and what is counted apart."""

    accuracy: float | None
    interval: tuple[float, float]
    correct: int
    scored: int
    rows: int
    unread: int
    failed: int
    lost: int
    bounds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CostFigures(Dumped):
    """What so many inputs cost; None is unknown."""

    calls: float
    tokens_in: float | None
    tokens_out: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class SideFigures(Dumped):
    """One prompt set; without a share where a judge compares pairs."""

    name: str
    share: ShareFigures | None = field(metadata=FLAT)
    per_1000_inputs: CostFigures | None


@dataclass(frozen=True, slots=True)
class DifferenceFigures(Dumped):
    """The paired comparison of two prompt sets."""

    mean: float
    interval: tuple[float, float]
    rows: int
    wins: int
    losses: int
    ties: int
    contradicted: int
    p_value: float
    p_worse: float
    mcnemar_p: float
    missing: tuple[str, ...]
    bounds: tuple[float, float]
    won: tuple[str, ...]
    lost: tuple[str, ...]
    groups: int
    """Independent groups among the rows; each counts once in test and interval."""
    look: int
    """The so-manyth comparison on these rows, other evaluations and runs included."""
    level: float
    """What p has to reach at this look for a claim."""


@dataclass(frozen=True, slots=True)
class SeenFigures(Dumped):
    """Rows that the search has seen, from which nothing is claimed; shares are None where a judge compares pairs."""

    rows: int
    before: ShareFigures | None
    after: ShareFigures | None
    mean: float | None
    """The difference; this and what follows is None without a comparison."""
    interval: tuple[float, float] | None
    won: tuple[str, ...] | None
    lost: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class EvaluationFigures(Dumped):
    """The object of ``evaluation.json``; without a comparison verdict and difference are None.

    Both, and the shares of the prompt sets, are of the rows that no search has seen; all are None without such rows.
    """

    verdict: VerdictWord | None
    why: str
    system: str
    task: str
    scorer: str
    models: Mapping[str, str]
    rows: int
    repeats: int
    complete: bool
    left_out: int
    remarks: tuple[str, ...]
    before: SideFigures | None
    after: SideFigures | None
    difference: DifferenceFigures | None
    seen: SeenFigures | None
    """The other rows; None where there are none."""
    calls: Mapping[str, int]
    """By purpose."""
    cached: int
    tokens: Tokens
    usd: float | None
    usd_afterwards: float
    """Of ``usd``: what calls cost that had no price when they were made."""
    replies: ReplyFigures
    possibly_billed_twice: tuple[Unsettled, ...]
    seconds: float
    seed: int
    simulated: bool
    run: str


def evaluation_of(found: EvaluationFindings) -> EvaluationFigures:
    """Return what an evaluation found as figures."""
    evaluation = found.evaluation
    spent = total(found.usage.values())
    return EvaluationFigures(
        verdict=found.verdict,
        why=headline(found),
        system=evaluation.system.name,
        task=evaluation.task.name,
        scorer=evaluation.scorer,
        models=models_by_role(evaluation, evaluation.scorer == JUDGE),
        rows=len(found.rows),
        repeats=evaluation.repeats,
        complete=not found.left_out,
        left_out=found.left_out,
        remarks=remarks_on(found),
        before=_side(found, "before"),
        after=_side(found, "after"),
        difference=_difference(found.difference) if found.difference else None,
        seen=_seen(found.on_seen) if found.on_seen else None,
        calls=calls_by_purpose(found.usage),
        cached=spent.cached,
        tokens=tokens_of(spent),
        usd=spent.usd,
        usd_afterwards=spent.usd_afterwards,
        replies=replies_of(spent),
        possibly_billed_twice=tuple(unsettled_of(call) for call in found.unsettled),
        seconds=found.seconds,
        seed=evaluation.config.seed,
        simulated=found.simulated,
        run=found.run,
    )


def calls_by_purpose(usage: Mapping[str, Usage]) -> dict[str, int]:
    """Return how many calls were sent for each purpose."""
    return {purpose: one.calls for purpose, one in usage.items()}


def _side(found: EvaluationFindings, side: Side) -> SideFigures | None:
    if side not in found.evaluation.sides:
        return None
    share, cost = found.shares.get(side), found.costs.get(side)
    return SideFigures(
        name=found.evaluation.names[side],
        share=_share(share) if share else None,
        per_1000_inputs=_per_thousand(cost) if cost else None,
    )


def _seen(seen: OnSeen) -> SeenFigures:
    before, after, paired = seen.shares.get("before"), seen.shares.get("after"), seen.difference
    return SeenFigures(
        rows=seen.rows,
        before=_share(before) if before else None,
        after=_share(after) if after else None,
        mean=paired.mean if paired else None,
        interval=paired.interval if paired else None,
        won=paired.won if paired else None,
        lost=paired.lost if paired else None,
    )


def _share(share: Share) -> ShareFigures:
    return ShareFigures(
        accuracy=share.share,
        interval=share.interval,
        correct=share.correct,
        scored=share.trials,
        rows=share.rows,
        unread=share.unread,
        failed=share.failed,
        lost=share.lost,
        bounds=share.bounds,
    )


def _per_thousand(cost: Cost) -> CostFigures:
    def times(value: float | None) -> float | None:
        return None if value is None else value * _INPUTS

    return CostFigures(cost.calls * _INPUTS, times(cost.tokens_in), times(cost.tokens_out), times(cost.usd))


def _difference(difference: Difference) -> DifferenceFigures:
    return DifferenceFigures(
        mean=difference.mean,
        interval=difference.interval,
        rows=difference.rows,
        wins=len(difference.won),
        losses=len(difference.lost),
        ties=difference.ties,
        contradicted=difference.contradicted,
        p_value=difference.p_value,
        p_worse=difference.p_worse,
        mcnemar_p=difference.p_two_sided,
        missing=difference.missing,
        bounds=difference.bounds,
        won=difference.won,
        lost=difference.lost,
        groups=difference.rows if difference.groups is None else difference.groups,
        look=difference.look,
        level=difference.level,
    )


@dataclass(frozen=True, slots=True)
class OutputLine(Dumped):
    """A line of ``rows.jsonl``: an output, and its score if it has one."""

    id: str
    question: str
    side: Side
    repeat: int
    output: str | None
    outcome: str | None
    read: str | None
    why: str


@dataclass(frozen=True, slots=True)
class VerdictLine(Dumped):
    """A line of ``rows.jsonl``: what the judge said of a row in a repeat."""

    id: str
    repeat: int
    verdict: str


def rows_jsonl(found: EvaluationFindings) -> Iterator[str]:
    """Return one line for each output: row, question, side, repeat, text, its score if any; then each verdict."""
    task = found.evaluation.task
    questions = {row.label: task.sample(row.key, "").question for row in task.test.rows}
    for output in found.outputs:
        score = output.score
        line = OutputLine(
            id=output.row,
            question=questions[output.row],
            side=output.side,
            repeat=output.repeat,
            output=output.text,
            outcome=score.outcome if score else None,
            read=score.read if score else None,
            why=score.why if score else _NO_OUTPUT * (output.text is None),
        )
        yield json.dumps(line.dump())
    for row in found.rows:
        for repeat, verdict in enumerate(row.verdicts):
            yield json.dumps(VerdictLine(row.id, repeat, verdict.value).dump())


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_evaluation(out: Path, found: EvaluationFindings) -> None:
    """Write ``evaluation.json``, ``evaluation.html`` and, of an evaluation that has just ended, ``rows.jsonl``.

    What the record tells later is without outputs, and leaves ``rows.jsonl`` as it is.

    Raises:
        StoreError: one of them cannot be written.

    """
    if found.outputs:
        write_whole(out / ROWS, "".join(f"{line}\n" for line in rows_jsonl(found)))
    write_whole(out / PAGE, sheet_html(evaluation_sheet(found)))
    write_whole(out / RESULT, json.dumps(evaluation_of(found).dump(), indent=2) + "\n")


def evaluation_sheet(found: EvaluationFindings) -> Sheet:
    """Return the document of an evaluation."""
    evaluation, names = found.evaluation, found.evaluation.names
    facts = [("Rows", _describe_rows(found))]
    for side, share in found.shares.items():
        unscored = _describe_unscored(share)
        facts.append((names[side], _describe_share(found, share) + (f"; {unscored}" if unscored else "")))
    if found.difference is not None:
        what = "Preference" if evaluation.pairwise else "Difference"
        facts += [(what, _describe_difference(found.difference)), ("Test", _describe_tests(found.difference))]
        facts += [("Missing", _describe_missing(found.difference))]
    facts += [("Seen by the search", "; ".join(_describe_seen(found)))]
    facts += [(f"{_INPUTS:,} inputs, {names[side]}", _describe_cost(cost)) for side, cost in found.costs.items()]
    facts += spent_facts(total(found.usage.values()), found.simulated, found.seconds)
    return sheet(
        "evaluation",
        f"{evaluation.system.name}: evaluation",
        line=subtitle(found.run, evaluation, evaluation.scorer == JUDGE),
        label=_label(found),
        tone=found.verdict or "open",
        headline=headline(found),
        simulated=found.simulated,
        facts=facts,
        remarks=[f"{remark}." for remark in remarks_on(found)],
        parts=(
            Part("How good, and how sure", dots=_drawn(found)),
            Part("Rows that differ", words=_where_rows_are(found), tables=_differing(found)),
            Part("Prompts that differ" if evaluation.before is not None else "Prompts", folds=_prompts(evaluation)),
            unsettled_part(found.unsettled),
        ),
        summary=summary(found),
    )


def _label(found: EvaluationFindings) -> str:
    if found.verdict is not None:
        return phrases.VERDICT_NAMES[found.verdict]
    return "No claim" if found.on_seen and not found.shares and found.difference is None else "Evaluated"


def subtitle(run: str, evaluation: Evaluation, judge: bool) -> str:
    """Return the line below the title of a page: the run, its seed and the models."""
    models = [f"{role} {model}" for role, model in models_by_role(evaluation, judge).items()]
    return " · ".join((f"run {run}", f"seed {evaluation.config.seed}", *models))


def _drawn(found: EvaluationFindings) -> tuple[Dots, ...]:
    """Return the share of each prompt set and their difference, each with its 95 % interval."""
    names, drawn = found.evaluation.names, list[Dots]()
    shares = [
        Dot("", names[side], one.share, *one.interval) for side, one in found.shares.items() if one.share is not None
    ]
    if shares:
        what = "meet the rubric, says the judge" if found.evaluation.scorer == JUDGE else "are correct"
        drawn.append(Dots(f"Outputs that {what}", "percent", tuple(shares), 0.0, 1.0, None))
    if (paired := found.difference) is not None:
        dot = Dot("", f"{names['after']} − {names['before']}", paired.mean, *paired.interval)
        bound = math.ceil(10 * max(map(abs, (paired.mean, *paired.interval, 0.1)))) / 10
        what = "Preferred minus not preferred, row by row" if found.evaluation.pairwise else "Difference, row by row"
        drawn.append(Dots(what, "signed percent", (dot,), -bound, bound, 0.0))
    return tuple(drawn)


def _where_rows_are(found: EvaluationFindings) -> tuple[str, ...]:
    by = f"By their ids, or without one by how they begin; {ROWS} holds every question and output."
    return (by,) if _differing(found) else ()


def _differing(found: EvaluationFindings) -> tuple[Cells, ...]:
    kinds = list[tuple[str, tuple[str, ...]]]()
    for which, paired in (("", found.difference), (", seen", found.on_seen.difference if found.on_seen else None)):
        if paired is not None:
            kinds += [(f"won{which}", paired.won), (f"lost{which}", paired.lost), (f"left out{which}", paired.missing)]
    rows = [
        (name, phrases.number(len(ids)), _list_ids(found.evaluation, ids, _MOST_SHOWN_IDS))
        for name, ids in kinds
        if ids
    ]
    return (cells("Rows that differ", ("Rows", "How many", "Which"), rows, names=3),) if rows else ()


def _prompts(evaluation: Evaluation) -> tuple[Fold, ...]:
    before = evaluation.before
    return tuple(
        Fold(name, (Passage(name, text, None if before is None else before.get(name, "")),))
        for name, text in evaluation.after.items()
        if before is None or before.get(name) != text
    )
