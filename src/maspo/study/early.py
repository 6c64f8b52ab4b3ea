"""Saying early that a part of a run is of little use: a judge that leans, unmet labels, useless drafts, error messages.

Nothing is ended: the search may still find something, and a person may know better. ``Fruitless`` ends what cannot
teach anything at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from maspo.core.verdict import Comparison, Level, Verdict
from maspo.data.inputs import Input
from maspo.events import Warned
from maspo.events.warnings import Topic
from maspo.optimizers.base import Calibrated, Compare, Drafts, Propose
from maspo.scoring.answers import final_answer, is_correct
from maspo.stats.share import at_most, share_interval
from maspo.study.calibration import answers, is_coin
from maspo.study.credit import judged_pairs
from maspo.study.error_answers import ErrorAnswers
from maspo.study.executor import PerformedRequest
from maspo.study.job import Job
from maspo.study.mismatch import never_met, spec_of

_ENOUGH = 8
"""Comparisons before anything is said of places: eight for the same place are a chance of 1 in 128 with a judge that
does not heed the place. Verdicts of one comparison are about one change, shown in one order: they count as one."""
_FEW = 4
"""Drafts, replies of the judge, or pairs, of which nearly all are of no use: that is seldom chance. More would be seen
too late: runs go ahead of their verdicts, and a tenth of the smallest plan is 98 calls."""
_CONTRADICTIONS = 0.3
"""Share of pairs on which a judge may contradict itself: dull and biased judges of our worlds stay below a third, a
coin is at a half."""
_SELDOM = 0.001
"""How often a judge that contradicts itself as often as it may does so by chance as seen, where it has shown before
that it is no coin: it is looked at after every pair, so a twentieth would be found in many sound runs."""
_MARKS: tuple[tuple[float, Literal["budget_80", "budget_50"]], ...] = ((0.8, "budget_80"), (0.5, "budget_50"))
"""Shares of a shared budget that are warned of, the larger one first: it says the smaller one, too."""
_NEARLY_ALL = 0.9
"""Share of replies, drafts or answers that are of no use, from which on it is said."""


@dataclass
class EarlyWarnings:
    """Looks at what a run has done, piece by piece; gives each warning once, those about agents once for each."""

    job: Job
    said: set[tuple[str, str]] = field(default_factory=set)
    """Topics that were warned of, each with the agent if it is about one, also by an earlier process of the run."""
    _places: Counter[int] = field(default_factory=Counter)
    """In how many comparisons the judge preferred what it was shown as number 1, and 2; 0 stands for both."""
    _pairs: int = 0
    """Pairs on which the judge preferred an output, asked in both orders."""
    _contradicted: int = 0
    """Those on which it preferred the same place in both."""
    _replies: int = 0
    _unreadable: int = 0
    _plain: tuple[Verdict, ...] = ()
    """What it said of outputs against an empty text."""
    _uncalled: dict[str, str] = field(default_factory=dict)
    """What is to be said of each agent that was called on none of the inputs of a proposal."""
    _drafts: int = 0
    _refused: Counter[str] = field(default_factory=Counter)
    _labelled: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    """By input with a label: whether an answer could be read from a final output, and whether one was right."""

    def __post_init__(self) -> None:
        self._rows: Mapping[str, Input] = {row.key: row for row in self.job.inputs.rows}
        self._errors = ErrorAnswers([row.answer for row in self.job.inputs.rows])

    def see(self, done: PerformedRequest, calls: int) -> tuple[Warned, ...]:
        """Take note of a request that was performed after so many calls; return what is to be said now."""
        request, result = done.request, done.result
        if isinstance(request, Compare) and isinstance(result, Comparison):
            self._see_verdicts(request, result, done)
            self._see_answers(done)
            for run in done.runs:
                self._errors.see(run.trace)
        elif isinstance(result, Calibrated):
            self._plain = result.verdicts
            self._replies += 2 * len(result.verdicts)
            self._unreadable += 2 * result.verdicts.count(Verdict.UNDECIDED)
        elif isinstance(result, Drafts):
            self._drafts += len(result.drafts)
            self._refused.update(draft.rejected for draft in result.drafts if draft.rejected)
            if result.uncalled and isinstance(request, Propose):
                self._uncalled.setdefault(request.agent, _not_called(request))
        found: dict[tuple[Topic, str], Callable[[], str]] = {
            ("judge", ""): self._judge,
            ("proposer", ""): self._proposer,
            ("labels", ""): self._labels,
            ("answers", ""): self._errors.describe,
            **{("uncalled", agent): partial(self._uncalled.__getitem__, agent) for agent in self._uncalled},
        }
        new = {about: text for about, tell in found.items() if about not in self.said and (text := tell())}
        self.said |= new.keys()
        return tuple(Warned(topic, text, calls, agent) for (topic, agent), text in new.items())

    def see_budget(self, share: float, calls: int) -> tuple[Warned, ...]:
        """Take note of the share of a shared budget that is spent; return what is to be said now."""
        for mark, topic in _MARKS:
            if share >= mark and (topic, "") not in self.said:
                self.said |= {(each, "") for _, each in _MARKS[_MARKS.index((mark, topic)) :]}
                text = f"{share:.0%} of the budget of many runs is charged; `maspo budget` says to whom"
                return (Warned(topic, text, calls),)
        return ()

    def _see_verdicts(self, request: Compare, result: Comparison, done: PerformedRequest) -> None:
        """Count where the judge pointed, and what it said that could not be read."""
        if result.failed:
            return
        by_label = self.job.config.labels == "use" and request.decided_by == "labels"
        labelled = by_label and self._rows[request.input_key].answer is not None
        single = [*([result.local] if Level.LOCAL in request.levels else ()), *(one for _, one in result.lookahead)]
        if request.agent == self.job.system.output or (request.when_differing and result.same_answer):
            single = []  # not asked, or the global verdict once more
        elif Verdict.UNDECIDED in single:
            single = self._replied(request, result, done)
        if not (result.same_answer or result.settled or labelled):
            if request.orders == 1:
                single.append(result.glob)
            elif result.glob is Verdict.UNDECIDED:
                self._replies, self._unreadable = self._replies + 2, self._unreadable + 2
            elif result.glob is not Verdict.TIE:
                self._replies += 2
                self._pairs += 1
                self._contradicted += result.glob is Verdict.CONTRADICTED
        self._replies += len(single)
        self._unreadable += single.count(Verdict.UNDECIDED)
        preferred = [verdict is Verdict.WIN for verdict in single if verdict in (Verdict.WIN, Verdict.LOSS)]
        places = {1 if is_candidate == request.candidate_first else 2 for is_candidate in preferred}
        if places:
            self._places[places.pop() if len(places) == 1 else 0] += 1

    def _replied(self, request: Compare, result: Comparison, done: PerformedRequest) -> list[Verdict]:
        """Return the verdicts that the judge was asked for: none where an agent was not called in both runs."""
        reference, candidate = (run.trace for run in done.runs)
        readers = [reader for reader, _ in result.lookahead]
        own, read = judged_pairs(candidate, reference, self.job.system.team.acting(request.agent), readers)
        found = [result.local] if own is not None and Level.LOCAL in request.levels else []
        return found + [one for (_, one), pair in zip(result.lookahead, read, strict=True) if pair is not None]

    def _see_answers(self, done: PerformedRequest) -> None:
        spec, key = self.job.system.final_answer, getattr(done.request, "input_key", "")
        label = self._rows[key].answer if key in self._rows else None
        if label is None or self.job.config.labels != "use":
            return
        for run in done.runs:
            read, right = self._labelled.get(key, (False, False))
            output = run.trace.output
            read, right = read or final_answer(spec, output) is not None, right or is_correct(spec, output, label)
            self._labelled[key] = read, right

    def _judge(self) -> str:
        use = "use another model with --judge-model (`maspo judge-check` measures one)"
        if self._replies >= _FEW and self._unreadable >= _NEARLY_ALL * self._replies:
            seen = f"{self._unreadable} of {self._replies} replies"
            fewest, _ = share_interval(self._unreadable, self._replies)
            so = f"so {fewest:.0%} of them or more hold none, as far as so few can tell, and decide nothing"
            if fewest >= _NEARLY_ALL:
                so = "so it decides next to nothing"
            return f"the judge wrote no verdict in {seen}, {so}: {use}, or allow more tokens"
        coin = "it may be no better than a coin here"
        if is_coin(self._plain):
            given, right = answers(self._plain)
            seen = f"preferred an empty text to the team's output in {given - right} of {given} verdicts"
            return f"the judge {seen}, where no judge should: {coin}; {use}"
        first, second = self._places[1], self._places[2]
        most, place = max((first, "first"), (second, "second"))
        compared = self._places.total()
        leans = f"preferred what it was shown {place} in {most} of {compared} comparisons, whatever it was"
        if compared < _ENOUGH or most < _NEARLY_ALL * compared:
            leans = f"contradicted itself on {self._contradicted} of {self._pairs} pairs when the order was turned"
            if not self._contradicts():
                return ""
        return f"the judge {leans}: {coin}; {use}"

    def _contradicts(self) -> bool:
        """Tell whether the judge contradicts itself as only a coin does; more must be seen of one that is no coin."""
        if self._plain:
            agreed = self._pairs - self._contradicted
            return self._pairs > 0 and at_most(agreed, self._pairs, 1 - _CONTRADICTIONS) <= _SELDOM
        low, _ = share_interval(self._contradicted, self._pairs)
        return self._pairs >= _FEW and low > _CONTRADICTIONS

    def _proposer(self) -> str:
        refused = self._refused.total()
        if self._drafts < _FEW or refused < _NEARLY_ALL * self._drafts:
            return ""
        reason = self._refused.most_common(1)[0][0]
        return (
            f"the proposer wrote {self._drafts} drafts, and {refused} cannot be used (most often: {reason}); use "
            "another model with --proposer-model, or plain edits with --set proposer.kind=edits"
        )

    def _labels(self) -> str:
        seen = self._labelled.values()
        unread = sum(not read for read, _ in seen)
        return never_met(len(seen), any(right for _, right in seen), unread, spec_of(self.job.system))


def _not_called(request: Propose) -> str:
    return (
        f"{request.agent} was called on none of the {len(request.inputs)} inputs that would have led its drafts, so "
        "nobody was asked for any: give more inputs on which it is called"
    )
