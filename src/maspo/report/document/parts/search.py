"""What the search did in a document: steps, candidates, conflicts, comparisons. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CandidateScored, ConflictFound, Event, LevelCounts, PromptChanged, StepStarted
from maspo.report import sentences
from maspo.report.document import model
from maspo.report.document.extras import Extras, RecordEntry
from maspo.report.document.room import MOST_NAMED, MOST_TEXT, Room, short, shorten
from maspo.report.fold import RunView, StepView, rank_conflict
from maspo.report.visible import visible
from maspo.stats.paired import net_win_interval
from maspo.stats.share import NORMAL_95
from maspo.store.codec import RecordedResult

_REJECTED = 30_000
"""Bytes for the texts of refused drafts: some are looked at, none decides."""
_MOST_CANDIDATES = 1_200
_MOST_REJECTED = 6
"""Drafts of a step that are told with their text."""
_MOST_COMPARISONS = 500


def steps_of(steps: Sequence[StepView], known: Extras) -> tuple[model.Step, ...]:
    """Return the steps of the search, the latest of its candidates and drafts that fit."""
    begun = {one.item.step: one.at for one in known.entries if isinstance(one.item, StepStarted)}
    shown_steps = {step.step for step in steps}
    compared = [
        (one.item, one.item.result)
        for one in known.entries
        if isinstance(one.item, RecordedResult)
        and isinstance(one.item.result, Comparison)
        and one.item.within in shown_steps
    ]
    tried = _by_step((item.within, item.purpose, result.glob) for item, result in compared)
    read = _by_step((item.within, name, verdict) for item, result in compared for name, verdict in result.lookahead)
    room = Room(_REJECTED)
    told, candidates = list[model.Step](), 0
    for step in reversed(steps):
        shown = step.candidates if candidates < _MOST_CANDIDATES else ()
        candidates += len(shown)
        told.append(
            model.Step(
                id=short(step.step),
                label=short(step.label),
                agent=short(step.agent),
                at=begun.get(step.step),
                candidates=tuple(_candidate(one) for one in shown),
                rejected=tuple(
                    model.Rejected(room.fit(one.text, MOST_TEXT), shorten(one.reason))
                    for one in step.rejected[:_MOST_REJECTED]
                    if not room.full()
                ),
                rejected_count=len(step.rejected),
                cases=len(step.cases),
                tried=tuple(
                    model.Tried(short(purpose), _counts(found)) for purpose, found in tried.get(step.step, {}).items()
                ),
                lookahead=tuple((short(name), _counts(found)) for name, found in read.get(step.step, {}).items()),
                decision=_decision(step),
            )
        )
    return tuple(reversed(told))


def _by_step(met: Iterable[tuple[str, str, Verdict]]) -> dict[str, dict[str, dict[Verdict, int]]]:
    """Return how often each verdict was met, by step and then by name, both in the order in which they came."""
    found = dict[str, dict[str, dict[Verdict, int]]]()
    for (step, name, verdict), count in Counter(met).items():
        found.setdefault(step, {}).setdefault(name, {})[verdict] = count
    return found


def _candidate(one: CandidateScored) -> model.Candidate:
    n = one.glob.wins + one.glob.losses + one.glob.ties
    return model.Candidate(
        id=prompt_id(one.text),
        parent=short(one.parent),
        reward=one.reward,
        score=one.score,
        score_interval=None if one.spread is None else _around(one.score, one.spread),
        interval=net_win_interval(one.glob.wins, one.glob.losses, n) if n else None,
        kept=one.kept,
        inputs=one.inputs,
        misaligned=one.misaligned,
        local=one.local,
        lookahead=one.lookahead,
        glob=one.glob,
    )


def _around(score: float, spread: float) -> tuple[float, float]:
    """Return the 95 % interval of an estimate that is normal."""
    return score - NORMAL_95 * spread, score + NORMAL_95 * spread


def _counts(found: Mapping[Verdict, int]) -> LevelCounts:
    ties = found.get(Verdict.TIE, 0) + found.get(Verdict.CONTRADICTED, 0)
    return LevelCounts(found.get(Verdict.WIN, 0), found.get(Verdict.LOSS, 0), ties, found.get(Verdict.UNDECIDED, 0))


def _decision(step: StepView) -> model.Decision | None:
    decided = step.decision
    if decided is None:
        return None
    reason = shorten(sentences.decision_reason(decided.reason))
    if isinstance(decided, PromptChanged):
        return model.Decision(True, prompt_id(decided.before), prompt_id(decided.after), reason, decided.ruled)
    return model.Decision(False, "", "", reason)


def screened_of(view: RunView) -> tuple[model.Screened, ...]:
    """Return what the proxy did with drafts, summed for each agent."""
    found = dict[str, list[int]]()
    for one in view.screenings:
        sums = found.setdefault(one.agent, [0, 0, 0, 0])
        for place, count in enumerate((one.asked, one.kept, one.dropped, one.audited)):
            sums[place] += count
    return tuple(model.Screened(short(agent), *sums) for agent, sums in found.items())


def conflict_of(found: ConflictFound, view: RunView, cases: Sequence[model.Case]) -> model.Conflict:
    """Return a conflict; an input leads to the case of the agent whose change was dropped in that step."""
    labels = {case.input_key: case.label for case in view.cases if case.label}
    dropped = short(rank_conflict(found)[1][0])
    step = short(found.step)
    known = {
        case.input_key: case.id
        for case in cases
        if case.agent == dropped and (case.step == step or case.step.startswith(f"{step}/"))
    }
    one, other = found.agents
    return model.Conflict(
        step=short(found.step),
        agents=(short(one), short(other)),
        alone=found.alone,
        together=found.together,
        inputs=tuple((short(labels.get(key, key)), known.get(short(key), "")) for key in found.inputs[:MOST_NAMED]),
        inputs_count=len(found.inputs),
        text=visible(sentences.describe_conflict(found)),
    )


def is_comparison(item: Event | RecordedResult) -> bool:
    """Say whether an entry is a comparison of the search."""
    return isinstance(item, RecordedResult) and isinstance(item.result, Comparison) and item.within != "holdout"


def pick_telling(found: Sequence[RecordEntry]) -> list[RecordEntry]:
    """Return the latest comparisons that fit, those that say something before ties, in order."""
    decided = [one for one in found if isinstance(one.item, RecordedResult) and _says(one.item)]
    if len(decided) < _MOST_COMPARISONS:
        rest = [one for one in found if isinstance(one.item, RecordedResult) and not _says(one.item)]
        decided += rest[len(rest) - min(len(rest), _MOST_COMPARISONS - len(decided)) :]
    return sorted(decided[-_MOST_COMPARISONS:], key=lambda one: one.seq)


def _says(item: RecordedResult) -> bool:
    return isinstance(item.result, Comparison) and (
        item.result.misaligned or item.result.glob not in (Verdict.TIE, Verdict.UNDECIDED)
    )


def comparison_of(one: RecordEntry, labels: Mapping[str, str]) -> model.ComparisonRow:
    """Return a comparison of the search as a row of a table."""
    item = one.item
    assert isinstance(item, RecordedResult) and isinstance(item.result, Comparison)  # noqa: S101 (what was picked)
    result = item.result
    return model.ComparisonRow(
        key=item.request,
        purpose=short(item.purpose),
        step=short(item.within),
        input_key=short(result.input_key),
        label=short(labels.get(result.input_key, "")),
        local=result.local.value,
        lookahead=tuple((short(name), verdict.value) for name, verdict in result.lookahead),
        glob=result.glob.value,
        misaligned=result.misaligned,
        kept=len(item.runs) == 2,
    )
