"""Looks at a hold-out: each is counted before it is taken, those of simulated worlds apart from real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from maspo.events import HoldoutLooked
from maspo.store.looks import Look
from maspo.study.job import Looks

if TYPE_CHECKING:
    from maspo.study.session import Session

_SIMULATED_LOOKS = "simulated_looks"
"""Where the record keeps which looks were counted as those of a simulated world."""


class HoldoutLooks:
    """The looks of one record, counted in a ledger over all records of this user; without one, in the record alone.

    A simulated world of this process is no hold-out of anybody. Where simulated worlds have answered everything so far,
    a look counts among theirs; ``taken`` says whether it stayed so.
    """

    def __init__(self, record: Session, ledger: Looks | None) -> None:
        self._record, self._ledger = record, ledger

    async def take(self, work: str, texts: Sequence[str], earlier: Sequence[str] = ()) -> None:
        """Count a look, before it is taken; one that is recorded already is not counted again.

        ``work`` says what is tested, ``texts`` what the inputs say, and ``earlier`` what this record tells of looks
        that were not counted.
        """
        record = self._record
        counted = {event.winners: event.look for event in record.recorded(HoldoutLooked)}
        if work in counted:
            return
        own = list(dict.fromkeys([*earlier, *counted]))
        number = own.index(work) + 1 if work in own else max([len(own), *counted.values()]) + 1
        if self._ledger is not None and record.job.world is None:
            if simulated := record.seems_simulated:
                await record.save({_SIMULATED_LOOKS: json.dumps(sorted({*self._simulated, work}))})
            number = max(number, self._ledger.number(self._look(work, texts, simulated)))
        await record.publish(HoldoutLooked(work, number))

    async def taken(self, work: str, texts: Sequence[str]) -> int:
        """Return the how manyth look was taken: one that began on a simulated world and met a model is a real one."""
        record = self._record
        number = next(event.look for event in reversed(record.recorded(HoldoutLooked)) if event.winners == work)
        if self._ledger is None or work not in self._simulated or record.met_worlds_only:
            return number
        real = max(number, self._ledger.number(self._look(work, texts, simulated=False)))
        await record.save({_SIMULATED_LOOKS: json.dumps(sorted(self._simulated - {work}))})
        if real != number:
            await record.publish(HoldoutLooked(work, real))
        return real

    @property
    def _simulated(self) -> set[str]:
        return set(json.loads(self._record.noted(_SIMULATED_LOOKS) or "[]"))

    def _look(self, work: str, texts: Sequence[str], simulated: bool) -> Look:
        return Look(f"{self._record.run}/{work}", "\0".join(self._record.job.system.order), texts, simulated)
