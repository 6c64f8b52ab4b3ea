"""Ending a search of which nearly nothing comes, before it is paid for to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from maspo.core.errors import ProviderError
from maspo.core.usage import Usage
from maspo.core.verdict import Comparison
from maspo.events import CallLost, Event
from maspo.models.base import AGENT
from maspo.optimizers.base import Result

_ENOUGH = 10
"""Comparisons, or replies, that tell whether anything comes of them; as many lost calls in a row are an outage."""
_NEARLY_ALL = 0.9
"""Share of them that came to nothing; a search learns next to nothing from the others."""


class Fruitless:
    """Ends a search of which nearly nothing comes, because the team brings no answers or a role writes nothing.

    Otherwise it would be paid for to its end, and would say that there are no better prompts.
    """

    def __init__(self) -> None:
        self._compared = 0
        self._failed = 0

    def check(
        self, results: Iterable[Result], events: Sequence[Event], usage: Mapping[str, Usage], ended: bool = False
    ) -> None:
        """Count results; look at nearly all of enough of them, and at the end of the search at all that there were.

        Raises:
            ProviderError: comparisons failed because of their reference, the prompts so far; or replies were empty.

        """
        for result in results:
            if isinstance(result, Comparison):
                self._compared += 1
                self._failed += result.failed_run in ("reference", "both")
        lost = [event for event in events if isinstance(event, CallLost)]
        if _nearly_all(self._failed, self._compared, ended):
            what = f"the team brought no answer in {self._failed} of {self._compared} comparisons"
            raise _fruitless(what, [event for event in lost if event.purpose == AGENT])
        replies: Counter[str] = Counter()
        for purpose, used in usage.items():
            replies[_role(purpose)] += used.calls - used.failed
        for role, count in Counter(_role(event.purpose) for event in lost if event.key).items():
            if _nearly_all(count, replies[role], ended):
                what = f"{count} of {replies[role]} replies to {role} calls were empty"
                raise _fruitless(what, [event for event in lost if _role(event.purpose) == role])


def _nearly_all(count: int, of: int, ended: bool) -> bool:
    return 0 < of == count if ended else of >= _ENOUGH and count >= _NEARLY_ALL * of


def _role(purpose: str) -> str:
    """Return the role that a call is for: ``judge`` for ``judge.local``."""
    return purpose.partition(".")[0]


def _fruitless(what: str, lost: Sequence[CallLost]) -> ProviderError:
    reason = Counter(event.reason for event in lost).most_common(1)
    most = f" Most often: {reason[0][0]}" if reason else ""
    return ProviderError(f"Nothing can be learned about the prompts: {what}. Mend that, and start a new run.{most}")
