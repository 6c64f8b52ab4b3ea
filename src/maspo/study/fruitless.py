"""Ending work of which nearly nothing comes, before it is paid for to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from maspo.core.errors import ProviderError
from maspo.core.usage import Usage
from maspo.core.verdict import Comparison, Verdict
from maspo.events import CallLost, Event
from maspo.models.base import AGENT, PROBE, PROPOSER
from maspo.optimizers.base import Calibrated, Result

JUDGE = "judge"
"""The role of a judge, as its purposes begin."""
_ENOUGH = 10
"""Comparisons, or replies, that tell whether anything comes of them; as many lost calls in a row are an outage."""
_FEW = 3
"""Calls of a role that were made by the end of the work, at least, for their failure to be its own."""
_NEARLY_ALL = 0.9
"""Share of them that came to nothing; a search learns next to nothing from the others."""


class Fruitless:
    """Ends a search of which nearly nothing comes: the team brings no answers, a role is refused or writes nothing.

    Otherwise it would be paid for to its end, and would say that there are no better prompts.
    """

    def __init__(self) -> None:
        self._compared = 0
        self._failed = 0

    def check(
        self, results: Sequence[Result], events: Sequence[Event], usage: Mapping[str, Usage], ended: bool = False
    ) -> None:
        """Count results; look at nearly all of enough of them, and at the end of the search at all that there were.

        Raises:
            ProviderError: comparisons failed because of their reference, the prompts so far; or a role's calls brought
                no answers.

        """
        for result in results:
            if isinstance(result, Comparison):
                self._compared += 1
                self._failed += result.failed_run in ("reference", "both")
        if _nearly_all(self._failed, self._compared, ended):
            what = f"the team brought no answer in {self._failed} of {self._compared} comparisons"
            raise _fruitless(what, _find_lost(events, AGENT))
        # A question about an empty text may be refused by an endpoint that answers all others.
        if ended or self._compared or not any(isinstance(result, Calibrated) for result in results):
            check_roles(events, usage, ended)


def check_roles(events: Sequence[Event], usage: Mapping[str, Usage], ended: bool) -> None:
    """Check that calls of each role bring answers: that not nearly all are empty, or refused.

    Raises:
        ProviderError: those of a role do not.

    """
    replies: Counter[str] = Counter()
    for purpose, used in usage.items():
        replies[_role(purpose)] += used.calls - used.failed
    lost = _find_lost(events)
    empty = Counter(_role(event.purpose) for event in lost if event.key)
    failed = Counter(_role(event.purpose) for event in lost if not event.key)
    for role in dict.fromkeys((*empty, *failed)):
        if role == _role(PROBE):
            continue  # the small question needs no answer: a reply that ended before any text is one
        if _nearly_all(empty[role], replies[role], ended):
            what = f"{empty[role]} of {replies[role]} replies to {role} calls were empty"
            raise _fruitless(what, _find_lost(events, role))
        without, asked = empty[role] + failed[role], replies[role] + failed[role]
        # Where few are asked one that fails is an accident; without a single draft nothing was searched.
        if (asked >= _FEW or role == PROPOSER) and _nearly_all(without, asked, ended):
            raise _fruitless(f"{without} of {asked} {role} calls brought no answer", _find_lost(events, role))


def check_answers(answered: Sequence[bool], events: Sequence[Event], ended: bool) -> None:
    """Check that runs of the team bring answers: of an evaluation, which would score nothing but failures.

    Raises:
        ProviderError: nearly none of enough runs did, or none at the end.

    """
    failed = len(answered) - sum(answered)
    if _nearly_all(failed, len(answered), ended):
        raise _fruitless(f"the team brought no answer in {failed} of {len(answered)} runs", _find_lost(events, AGENT))


def check_judge(verdicts: Sequence[Verdict], events: Sequence[Event], usage: Mapping[str, Usage]) -> None:
    """Check that a judge that was measured answered at all, however few its pairs are.

    Raises:
        ProviderError: none of its calls brought a reply.

    """
    answered = sum(used.calls - used.failed for purpose, used in usage.items() if _role(purpose) == JUDGE)
    lost = _find_lost(events, JUDGE)
    if verdicts and lost and not answered and all(verdict is Verdict.UNDECIDED for verdict in verdicts):
        raise _fruitless(f"{len(lost)} of {len(verdicts)} judge calls brought no answer", lost)


def _nearly_all(count: int, of: int, ended: bool) -> bool:
    return 0 < of == count if ended else of >= _ENOUGH and count >= _NEARLY_ALL * of


def _find_lost(events: Sequence[Event], role: str = "") -> list[CallLost]:
    lost = (event for event in events if isinstance(event, CallLost))
    return [event for event in lost if not role or _role(event.purpose) == role]


def _role(purpose: str) -> str:
    """Return the role that a call is for: ``judge`` for ``judge.local``."""
    return purpose.partition(".")[0]


class NothingLearned(ProviderError):
    """Nothing can be learned from what came back; a run that goes on would meet the same record."""


def _fruitless(what: str, lost: Sequence[CallLost]) -> NothingLearned:
    reason = Counter(event.reason for event in lost).most_common(1)
    most = f" Most often: {reason[0][0]}" if reason else ""
    return NothingLearned(f"Nothing can be learned about the prompts: {what}. Mend that, and start a new run.{most}")
