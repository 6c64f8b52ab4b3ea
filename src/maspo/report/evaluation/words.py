"""What an evaluation found, in words: the headline, the summary for the terminal, remarks."""

from __future__ import annotations

from maspo.core.usage import total
from maspo.report import phrases, sentences
from maspo.report.team_cost import describe_cost
from maspo.report.visible import visible
from maspo.study.error_answers import ErrorAnswers
from maspo.study.evaluation.job import EXACT, JUDGE, LABELLED, Evaluation, EvaluationFindings, Side
from maspo.study.evaluation.tally import Difference, Share
from maspo.study.mismatch import never_met, spec_of

_MOST_ROW_IDS = 12
"""Ids of rows won or lost that the summary names, each cut to 40 letters; the page has more, the file all."""
_MOST_OF_A_TEXT = 60
"""Letters of a row's text that stand for an id that nobody gave it: about a line of a terminal with its name."""
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
        return f"{name}: {describe_share(found, share)}" + (", on rows that the search has not seen." if seen else ".")
    cut = describe_cut(found)
    if seen is None:
        return f"Nothing was evaluated: {cut}." if cut else "Nothing was evaluated."
    if cut:
        return f"No claim: the search that wrote these prompts has seen all rows that were evaluated; {cut}."
    whole = "the row" if seen.rows == 1 else f"all {phrases.number(seen.rows)} rows"
    why = f"No claim: the search that wrote these prompts has seen {whole}, so figures on them flatter it."
    return f"{why} Give rows that it has not seen."


def describe_cut(found: EvaluationFindings) -> str:
    """Return how many rows a cap left out; empty where none."""
    if not found.left_out:
        return ""
    whole = phrases.plural(len(found.rows) + found.left_out, "row")
    return f"{found.cap or 'a cap'} left out {phrases.number(found.left_out)} of {whole}"


def _rows_unseen(found: EvaluationFindings) -> int:
    return len(found.rows) - (found.on_seen.rows if found.on_seen else 0)


def describe_share(found: EvaluationFindings, share: Share) -> str:
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
    said = (*of.remarks, *filter(None, [errors.describe()]))
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


def describe_unscored(share: Share) -> str:
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


def describe_tests(difference: Difference) -> str:
    """Return the exact tests in words."""
    worse = difference.mean < 0
    p_value = phrases.p_value(difference.p_worse if worse else difference.p_value, difference.level)
    direction = "losses than wins" if worse else "wins than losses"
    two_sided = f"McNemar {phrases.p_value(difference.p_two_sided, difference.level)} (exact, two-sided)"
    looks = phrases.looks(difference.look, difference.level)
    return f"{p_value} for more {direction} (exact, one-sided); {two_sided}" + (f"; {looks}" if looks else "")


def describe_difference(difference: Difference) -> str:
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


def describe_missing(difference: Difference) -> str:
    """Return what is missing and how far that could move the difference; empty when nothing is."""
    if not difference.missing:
        return ""
    low, high = map(phrases.signed_percent, difference.bounds)
    return (
        f"{phrases.plural(len(difference.missing), 'row')} left out for want of an output or a score; the "
        f"difference would be {low} if all of that went against the new prompts, and {high} if it went for them"
    )


def describe_rows(found: EvaluationFindings) -> str:
    """Return what was evaluated on, and what a cap left out."""
    evaluation = found.evaluation
    repeats = f", {evaluation.repeats} repeats each" if evaluation.repeats > 1 else ""
    cut = f"; {cut}" if (cut := describe_cut(found)) else ""
    rows = f"{phrases.number(len(found.rows))} of {evaluation.task.name}{repeats}"
    return f"{rows}, scorer {evaluation.scorer}{cut}"


def describe_seen(found: EvaluationFindings) -> list[str]:
    """Return what was found on rows that the search has seen, from which nothing is claimed."""
    if found.on_seen is None:
        return []
    names, seen = found.evaluation.names, found.on_seen
    told = [f"{names[side]}: {describe_share(found, share)}" for side, share in seen.shares.items()]
    if seen.difference is not None:
        what = "preference" if found.evaluation.pairwise else "difference"
        told.append(f"{what}: {describe_difference(seen.difference)}")
    rows = phrases.plural(seen.rows, "row")
    return [f"{rows} that the search has seen, from which nothing is claimed: they flatter", *told]


def list_ids(evaluation: Evaluation, ids: tuple[str, ...], most: int) -> str:
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

    add("rows", describe_rows(found))
    for side, share in found.shares.items():
        title = side if len(found.shares) > 1 else "result"
        add(title, f"{names[side]}: {describe_share(found, share)}", describe_unscored(share))
    if difference is not None:
        turned = phrases.plural(difference.contradicted, "verdict") + " turned with the order; counted equal"
        add(
            "preference" if found.evaluation.pairwise else "difference",
            describe_difference(difference),
            describe_tests(difference),
            turned if difference.contradicted else "",
        )
        add("missing", describe_missing(difference))
        add("rows won", list_ids(found.evaluation, difference.won, _MOST_ROW_IDS))
        add("rows lost", list_ids(found.evaluation, difference.lost, _MOST_ROW_IDS))
    add("seen", *describe_seen(found))
    said = found.evaluation.remarks if found.on_seen else ()  # of rows that are seen: the lines above tell of them
    remarks = [remark for remark in remarks_on(found) if remark not in said]
    add("note", *remarks, *phrases.describe_replies(found.usage))
    for side, cost in found.costs.items():
        add("1,000 inputs", f"{names[side]}: {describe_cost(cost, found.simulated)}")
    add(
        "spent",
        phrases.spent(spent),
    )
    if found.unsettled:
        add("", sentences.describe_all_unsettled(found.unsettled))
    add("money", phrases.money_spent(spent, found.simulated))
    add("time", phrases.duration(found.seconds))
    return visible("\n".join(lines))
