"""What has been read of a record so far: whoever looks on again reads only what is new."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maspo.core.errors import MaspoError
from maspo.core.usage import Usage, sum_by_purpose, told_beside
from maspo.core.verdict import Comparison, Verdict
from maspo.events import Event, Recorded
from maspo.judges.reading import read_verdict
from maspo.proposers.asked import NOTHING_ASKED, Asked
from maspo.report.why import may_have_tried
from maspo.store import RecordedResult, RunStore

if TYPE_CHECKING:
    from maspo.store import CallMade
    from maspo.study.job import Job

_JUDGE, _TAG = "judge.", "<verdict>"
"""How the purposes of a judge begin, and what its questions ask for: other judges are asked in words of their own."""
_TEST = "holdout/"
"""How requests of the final test begin, which are judged in both orders."""
_UNFIT = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass
class SoFar:
    """Entries and sums of a record up to an entry and a call. To a record both are added, and never changed."""

    entries: list[Recorded[Event | RecordedResult]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tried: list[RecordedResult] = field(default_factory=list)
    """The results that may be those by which a change was accepted."""
    contradicted: int = 0
    tested: tuple[int, int] = (0, 0)
    """Of the final test of the last winners: pairs on which the judge contradicted itself, and pairs it was asked."""
    unreadable: int = 0
    """Replies of the judge that could not be read."""
    calls: list[CallMade] = field(default_factory=list)
    """Those that nobody has taken yet, see ``take_calls``."""
    job: Job | None = None
    """What the run works on; None where this version cannot read it."""
    labels: dict[str, str] = field(default_factory=dict)
    """Names of its inputs, by their keys."""
    asked: Asked = NOTHING_ASKED
    """Its inputs, of which new prompts may tell something."""
    _usage: dict[str, Usage] = field(default_factory=dict)
    _unanswered: dict[str, Usage] = field(default_factory=dict)
    _told: dict[str, Usage] = field(default_factory=dict)
    """What the ledger had told last."""
    _winners: str = ""
    """How the requests of the last final test begin."""
    _row: int = 0
    _job_text: str | None = None

    def read(self, store: RunStore) -> None:
        """Read on.

        Raises:
            StoreError: the record cannot be read.

        """
        meta = store.meta()
        self._read_job(meta.get("job"))
        for entry in store.read_since(self.entries[-1].seq if self.entries else 0):
            self.entries.append(entry)
            item = entry.item
            if not isinstance(item, RecordedResult):
                self.events.append(item)
            elif isinstance(item.result, Comparison):
                self.contradicted += item.result.glob is Verdict.CONTRADICTED and not item.result.settled
                self._count_tested(item.request, item.result)
                if may_have_tried(item):
                    self.tried.append(item)
        until = store.last_call()
        replies = store.replies(_JUDGE, _TAG, self._row, until)
        self.unreadable += sum(read_verdict(reply) is None for reply in replies if reply.strip())
        self.calls += store.calls_made(self._row, until)
        self._usage = sum_by_purpose(self._usage, store.usage_answered(self._row, until))
        self._unanswered = store.unanswered()
        with suppress(*_UNFIT):
            told = json.loads(meta.get("usage", "{}"))
            self._told = {purpose: Usage(**values) for purpose, values in told.items()}
        self._row = until

    def _count_tested(self, request: str, found: Comparison) -> None:
        begins = "/".join(request.split("/", 2)[:2])
        if not begins.startswith(_TEST):
            return
        if begins != self._winners:
            self._winners, self.tested = begins, (0, 0)
        asked = not found.same_answer and not found.failed and found.glob is not Verdict.UNDECIDED
        contradicted, pairs = self.tested
        self.tested = contradicted + (found.glob is Verdict.CONTRADICTED), pairs + asked

    def usage(self) -> dict[str, Usage]:
        """Return what all calls cost, by purpose: those recorded, and each attempt without a reply as failed."""
        found = sum_by_purpose(self._usage, self._unanswered)
        return {purpose: told_beside(one, self._told.get(purpose, Usage())) for purpose, one in sorted(found.items())}

    def take_calls(self) -> list[CallMade]:
        """Return the recorded calls that were not taken before, in the order of their replies."""
        taken, self.calls = self.calls, []
        return taken

    def _read_job(self, text: str | None) -> None:
        if text == self._job_text:
            return
        from maspo.study.record import JOB

        self._job_text, self.job, self.labels, self.asked = text, None, {}, NOTHING_ASKED
        with suppress(MaspoError, *_UNFIT):
            self.job = JOB.load(text) if text else None
        with suppress(*_UNFIT):
            self.labels = {row.key: row.label for row in self.job.inputs.rows} if self.job else {}
            self.asked = Asked(self.job.inputs.asked) if self.job else NOTHING_ASKED
