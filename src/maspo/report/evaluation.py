"""The short forms of an evaluation: a summary for the terminal, ``evaluation.json`` and ``rows.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from maspo.engine.evaluation.job import JUDGE, Cost, Evaluated, Evaluation, Side
from maspo.engine.evaluation.tally import Difference, Share
from maspo.report import words
from maspo.report.shown import clipped, visible
from maspo.report.text import unsettled_json

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
    spent = words.total(found.usage)
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


def evaluation_json(found: Evaluated) -> dict[str, object]:
    """Return the object of ``evaluation.json``; without a comparison verdict and difference are null."""
    evaluation = found.evaluation
    spent = words.total(found.usage)
    return {
        "verdict": found.verdict,
        "why": headline(found),
        "system": evaluation.system.name,
        "task": evaluation.task.name,
        "scorer": evaluation.scorer,
        "models": models_asked(evaluation),
        "rows": len(found.rows),
        "repeats": evaluation.repeats,
        "complete": not found.left_out,
        "left_out": found.left_out,
        "remarks": list(evaluation.remarks),
        "before": _side_json(found, "before"),
        "after": _side_json(found, "after"),
        "difference": _difference_json(found.difference) if found.difference else None,
        "calls": {purpose: usage.calls for purpose, usage in found.usage.items()},
        "cached": spent.cached,
        "tokens": {"in": spent.tokens_in, "out": spent.tokens_out, "unmetered_calls": spent.unmetered},
        "usd": spent.usd,
        "possibly_billed_twice": [unsettled_json(call) for call in found.unsettled],
        "seconds": found.seconds,
        "seed": evaluation.config.seed,
        "simulated": found.simulated,
        "run": found.run,
    }


def _side_json(found: Evaluated, side: Side) -> dict[str, object] | None:
    if side not in found.evaluation.sides:
        return None
    share, cost = found.shares.get(side), found.costs.get(side)
    return {
        "name": found.evaluation.names[side],
        **(_share_json(share) if share else {}),
        "per_1000_inputs": _cost_json(cost) if cost else None,
    }


def _share_json(share: Share) -> dict[str, object]:
    return {
        "accuracy": share.share,
        "interval": list(share.interval),
        "correct": share.correct,
        "scored": share.trials,
        "rows": share.rows,
        "unread": share.unread,
        "failed": share.failed,
        "lost": share.lost,
        "bounds": list(share.bounds),
    }


def _cost_json(cost: Cost) -> dict[str, object]:
    each = {"calls": cost.calls, "tokens_in": cost.tokens_in, "tokens_out": cost.tokens_out, "usd": cost.usd}
    return {name: None if value is None else value * _THOUSAND for name, value in each.items()}


def _difference_json(difference: Difference) -> dict[str, object]:
    return {
        "mean": difference.mean,
        "interval": list(difference.interval),
        "rows": difference.rows,
        "wins": len(difference.won),
        "losses": len(difference.lost),
        "ties": difference.ties,
        "contradicted": difference.contradicted,
        "p_value": difference.p_value,
        "p_worse": difference.p_worse,
        "mcnemar_p": difference.p_two_sided,
        "missing": list(difference.missing),
        "bounds": list(difference.bounds),
        "won": list(difference.won),
        "lost": list(difference.lost),
    }


def rows_jsonl(found: Evaluated) -> Iterator[str]:
    """Return one line for each output: row, question, side, repeat, text, its score if any; then each verdict."""
    task = found.evaluation.task
    questions = {row.label: task.sample(row.key, "").question for row in task.test.rows}
    for output in found.outputs:
        score = output.score
        line: Mapping[str, object] = {
            "id": output.row,
            "question": questions[output.row],
            "side": output.side,
            "repeat": output.repeat,
            "output": output.text,
            "outcome": score.outcome if score else None,
            "read": score.read if score else None,
            "why": score.why if score else "",
        }
        yield json.dumps(line)
    for row in found.rows:
        for repeat, verdict in enumerate(row.verdicts):
            yield json.dumps({"id": row.id, "repeat": repeat, "verdict": verdict.value})
