"""The short forms of an evaluation: a summary for the terminal, ``evaluation.json`` and ``rows.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from maspo.core.plain import FLAT, Dumped
from maspo.core.usage import Usage, total
from maspo.events import VerdictWord
from maspo.report import words
from maspo.report.result import Tokens, Unsettled, tokens_of, unsettled_of
from maspo.report.shown import clipped, visible
from maspo.study.evaluation.job import JUDGE, Cost, Evaluated, Evaluation, Side
from maspo.study.evaluation.tally import Difference, Share

_WIDTH = 14
_ROWS_SHOWN = 12
_THOUSAND = 1000
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


def headline(found: Evaluated) -> str:
    """Return the outcome in one sentence; a judge's opinion is never called more than that."""
    if found.verdict is None:
        share = found.shares.get("after")
        return f"{found.evaluation.names['after']}: {share_words(found, share)}." if share else "Nothing was evaluated."
    claims = _PREFERENCES if found.evaluation.pairwise else _CLAIMS
    names = found.evaluation.names
    before, after = (_prompts_of(names[side]) for side in ("before", "after"))
    claim = claims[found.verdict].replace("{after}", after, 1).replace("{before}", before, 1)
    return claim[0].upper() + claim[1:]


def _prompts_of(name: str) -> str:
    return "the seed prompts" if name == "seed" else f"the prompts of {name}"


def share_words(found: Evaluated, share: Share) -> str:
    """Return how many outputs of one prompt set are right, with the 95 % interval."""
    if share.share is None:
        return "nothing could be scored"
    low, high = share.interval
    what = "meet the rubric, says the judge" if found.evaluation.scorer == "judge" else "correct"
    return (
        f"{words.percent(share.share)} {what} (95% interval {words.percent(low)} to {words.percent(high)}), "
        f"{words.number(share.correct)} of {words.number(share.trials)}"
    )


def share_short(found: Evaluated, side: Side) -> str:
    """Return what a prompt set is called and its share, for a table; empty when there is none."""
    if side not in found.evaluation.sides:
        return ""
    share = found.shares[side].share if side in found.shares else None
    return found.evaluation.names[side] + ("" if share is None else f" {words.percent(share)}")


def apart_words(share: Share) -> str:
    """Return what is counted apart: unread answers, undecided scores, lost runs; empty when there is nothing."""
    parts = []
    if share.unread:
        parts.append(f"{words.number(share.unread)} without an answer that could be read (not correct)")
    if share.failed:
        parts.append(f"{words.number(share.failed)} that could not be scored")
    if share.lost:
        parts.append(f"{words.number(share.lost)} without an output, because a call failed")
    if share.failed or share.lost:
        low, high = share.bounds
        parts.append(f"with all of these wrong or right: {words.percent(low)} to {words.percent(high)}")
    return "; ".join(parts)


def proof_words(difference: Difference) -> str:
    """Return the exact tests in words."""
    direction = "losses than wins" if difference.mean < 0 else "wins than losses"
    p_value = difference.p_worse if difference.mean < 0 else difference.p_value
    two_sided = f"McNemar {_p(difference.p_two_sided)} (exact, two-sided)"
    return f"{_p(p_value)} for more {direction} (exact, one-sided); {two_sided}"


def difference_words(difference: Difference) -> str:
    """Return the paired difference with its interval, and the rows won and lost."""
    low, high = difference.interval
    return (
        f"{words.signed_percent(difference.mean)} (95% interval {words.signed_percent(low)} to "
        f"{words.signed_percent(high)}); {words.plural(len(difference.won), 'row', 'rows')} won, "
        f"{words.number(len(difference.lost))} lost, {words.number(difference.ties)} equal"
    )


def difference_name(found: Evaluated) -> str:
    """Return what a comparison measures: right outputs, or only what a judge prefers."""
    return "preference" if found.evaluation.pairwise else "difference"


def missing_words(difference: Difference) -> str:
    """Return what is missing and how far that could move the difference; empty when nothing is."""
    if not difference.missing:
        return ""
    low, high = difference.bounds
    return (
        f"{words.plural(len(difference.missing), 'row', 'rows')} left out for want of an output or a score; the "
        f"difference would be {words.signed_percent(low)} if all of that went against the new prompts, and "
        f"{words.signed_percent(high)} if it went for them"
    )


def cost_words(cost: Cost) -> str:
    """Return what 1,000 inputs cost with one prompt set."""
    parts = [words.plural(round(cost.calls * _THOUSAND), "call", "calls")]
    if cost.tokens_in is not None and cost.tokens_out is not None:
        parts.append(f"{words.number(round(cost.tokens_in * _THOUSAND))} tokens in")
        parts.append(f"{words.number(round(cost.tokens_out * _THOUSAND))} out")
    parts.append("money unknown" if cost.usd is None else words.money(cost.usd * _THOUSAND))
    return ", ".join(parts)


def models_asked(evaluation: Evaluation) -> dict[str, str]:
    """Return the models by role: those of the agents, and the judge's where a judge scores."""
    return agents_and_judge(evaluation) if evaluation.scorer == JUDGE else _agents(evaluation)


def agents_and_judge(evaluation: Evaluation) -> dict[str, str]:
    """Return the models by role, the judge's included."""
    return {**_agents(evaluation), "judge": evaluation.config.models.for_judge()}


def _agents(evaluation: Evaluation) -> dict[str, str]:
    """Return the model of agents that name none themselves, if there are such, and those that agents name."""
    agents = evaluation.system.agents
    default = {"agent": evaluation.config.models.agent} if any(agent.model is None for agent in agents) else {}
    return {**default, **{f"agent {agent.name}": agent.model for agent in agents if agent.model is not None}}


def models_line(models: Mapping[str, str]) -> str:
    """Return models by role, for people."""
    return " · ".join(f"{role} {model}" for role, model in models.items())


def rows_words(found: Evaluated) -> str:
    """Return what was evaluated on, and what a cap left out."""
    evaluation = found.evaluation
    repeats = f", {evaluation.repeats} repeats each" if evaluation.repeats > 1 else ""
    cut = f"; {words.number(found.left_out)} left out by {found.cap or 'a cap'}" if found.left_out else ""
    return f"{words.number(len(found.rows))} of {evaluation.task.name}{repeats}, scorer {evaluation.scorer}{cut}"


def summary(found: Evaluated) -> str:
    """Return the outcome in plain lines."""
    lines = [headline(found), *([words.SIMULATED] if found.simulated else []), "", *_row("rows", rows_words(found))]
    for side, share in found.shares.items():
        named = f"{found.evaluation.names[side]}: {share_words(found, share)}"
        lines += _row(_title(found, side), named, apart_words(share))
    if found.difference is not None:
        lines += _compared(found, found.difference)
    lines += _row("note", *found.evaluation.remarks)
    for side, cost in found.costs.items():
        lines += _row("1,000 inputs", f"{found.evaluation.names[side]}: {cost_words(cost)}")
    spent = total(found.usage.values())
    lines += _row(
        "spent",
        f"{words.plural(spent.calls, 'call', 'calls')}, {words.number(spent.cached)} answered from the record, "
        f"{words.number(spent.tokens_in)} tokens in, {words.number(spent.tokens_out)} out",
    )
    if found.unsettled:
        lines += _row("", words.unsettled_together(found.unsettled))
    lines += _row("money", words.spent(spent, found.simulated)) + _row("time", words.duration(found.seconds))
    return visible("\n".join(lines))


def _compared(found: Evaluated, difference: Difference) -> list[str]:
    turned = ""
    if difference.contradicted:
        turned = f"{words.plural(difference.contradicted, 'verdict', 'verdicts')} turned with the order; counted equal"
    return [
        *_row(difference_name(found), difference_words(difference), proof_words(difference), turned),
        *_row("missing", missing_words(difference)),
        *_row("rows won", listed(difference.won)),
        *_row("rows lost", listed(difference.lost)),
    ]


def listed(names: tuple[str, ...], most: int = _ROWS_SHOWN) -> str:
    """Return the first names in a row, each on one line and cut short; ``evaluation.json`` has all of them."""
    shown = ", ".join(clipped(" ".join(name.split()), 40).replace("\n", " ") for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {words.number(rest)} more" if rest > 0 else shown


def _title(found: Evaluated, side: Side) -> str:
    return side if len(found.shares) > 1 else "result"


def _row(name: str, *texts: str) -> list[str]:
    filled = [text for text in texts if text]
    return [f"{name if index == 0 else '':<{_WIDTH}}{text}" for index, text in enumerate(filled)]


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


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


@dataclass(frozen=True, slots=True)
class EvaluationFigures(Dumped):
    """The object of ``evaluation.json``; without a comparison verdict and difference are None."""

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
    calls: Mapping[str, int]
    """By purpose."""
    cached: int
    tokens: Tokens
    usd: float | None
    possibly_billed_twice: tuple[Unsettled, ...]
    seconds: float
    seed: int
    simulated: bool
    run: str


def evaluation_of(found: Evaluated) -> EvaluationFigures:
    """Return what an evaluation found as figures."""
    evaluation = found.evaluation
    spent = total(found.usage.values())
    return EvaluationFigures(
        verdict=found.verdict,
        why=headline(found),
        system=evaluation.system.name,
        task=evaluation.task.name,
        scorer=evaluation.scorer,
        models=models_asked(evaluation),
        rows=len(found.rows),
        repeats=evaluation.repeats,
        complete=not found.left_out,
        left_out=found.left_out,
        remarks=evaluation.remarks,
        before=_side(found, "before"),
        after=_side(found, "after"),
        difference=_difference(found.difference) if found.difference else None,
        calls=calls_by_purpose(found.usage),
        cached=spent.cached,
        tokens=tokens_of(spent),
        usd=spent.usd,
        possibly_billed_twice=tuple(unsettled_of(call) for call in found.unsettled),
        seconds=found.seconds,
        seed=evaluation.config.seed,
        simulated=found.simulated,
        run=found.run,
    )


def calls_by_purpose(usage: Mapping[str, Usage]) -> dict[str, int]:
    """Return how many calls were sent for each purpose."""
    return {purpose: one.calls for purpose, one in usage.items()}


def _side(found: Evaluated, side: Side) -> SideFigures | None:
    if side not in found.evaluation.sides:
        return None
    share, cost = found.shares.get(side), found.costs.get(side)
    return SideFigures(
        name=found.evaluation.names[side],
        share=_share(share) if share else None,
        per_1000_inputs=_per_thousand(cost) if cost else None,
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
        return None if value is None else value * _THOUSAND

    return CostFigures(cost.calls * _THOUSAND, times(cost.tokens_in), times(cost.tokens_out), times(cost.usd))


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


def rows_jsonl(found: Evaluated) -> Iterator[str]:
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
            why=score.why if score else "",
        )
        yield json.dumps(line.dump())
    for row in found.rows:
        for repeat, verdict in enumerate(row.verdicts):
            yield json.dumps(VerdictLine(row.id, repeat, verdict.value).dump())
