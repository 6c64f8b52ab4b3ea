"""Looks at a hold-out: each is counted before it is taken, those of simulated worlds apart from real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from maspo.events import HoldoutLooked
from maspo.stats.looks import FIRST_LOOK, FIRST_LOOK_BY_NUMBER, Earlier, Taken, by_number, level_after
from maspo.store.looks import Look
from maspo.study.job import Looks

if TYPE_CHECKING:
    from maspo.study.session import Session

_SIMULATED_LOOKS = "simulated_looks"
"""Where the record keeps which looks were counted as those of a simulated world."""
_SPENT = "spent_looks"
"""Where it keeps what looks that have ended spent of the level."""


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
        events = {event.winners: event for event in record.recorded(HoldoutLooked)}
        counted = {winners: event.look for winners, event in events.items()}
        if work in counted:
            return
        own = list(dict.fromkeys([*earlier, *counted]))
        before = own[: own.index(work)] if work in own else own
        number = len(before) + 1 if work in own else max([len(own), *counted.values()]) + 1
        level = level_after([self._earlier(one, events.get(one)) for one in before])
        if self._ledger is not None and record.job.world is None:
            if simulated := record.seems_simulated:
                await record.save({_SIMULATED_LOOKS: json.dumps(sorted({*self._simulated, work}))})
            shared = self._ledger.take(self._look(work, texts, simulated))
            number, level = max(number, shared.number), min(level, shared.level)
        await record.publish(HoldoutLooked(work, number, level))

    async def taken(self, work: str, texts: Sequence[str]) -> Taken:
        """Return the look that was taken: one that began on a simulated world and met a model is a real one."""
        record = self._record
        found = next(_taken(event) for event in reversed(record.recorded(HoldoutLooked)) if event.winners == work)
        if self._ledger is None or work not in self._simulated or record.met_worlds_only:
            return found
        shared = self._ledger.take(self._look(work, texts, simulated=False))
        real = Taken(max(found.number, shared.number), min(found.level, shared.level))
        await record.save({_SIMULATED_LOOKS: json.dumps(sorted(self._simulated - {work}))})
        if real != found:
            await record.publish(HoldoutLooked(work, real.number, real.level))
        return real

    def numbered(self, number: int) -> Taken:
        """Return the look of this record that has a number."""
        found = (event for event in self._record.recorded(HoldoutLooked) if event.look == number)
        return next(map(_taken, found), by_number(number))

    async def end(self, work: str, texts: Sequence[str], spent: float) -> None:
        """Remember what a look has spent of the level; the rest is left for those that follow."""
        if work in self._spent:
            return
        await self._record.save({_SPENT: json.dumps({**self._spent, work: spent}, sort_keys=True)})
        if self._ledger is not None and self._record.job.world is None:
            self._ledger.end(self._look(work, texts, work in self._simulated), spent)

    def _earlier(self, work: str, event: HoldoutLooked | None) -> Earlier:
        """Return a look of this record; versions that did not record its level spent what its number says."""
        told = event is not None and event.level is not None
        return Earlier(self._spent.get(work), FIRST_LOOK if told else FIRST_LOOK_BY_NUMBER)

    @property
    def _simulated(self) -> set[str]:
        return set(json.loads(self._record.noted(_SIMULATED_LOOKS) or "[]"))

    @property
    def _spent(self) -> dict[str, float]:
        found: dict[str, float] = json.loads(self._record.noted(_SPENT) or "{}")
        return found

    def _look(self, work: str, texts: Sequence[str], simulated: bool) -> Look:
        return Look(f"{self._record.run}/{work}", "\0".join(self._record.job.system.order), texts, simulated)


def _taken(event: HoldoutLooked) -> Taken:
    return by_number(event.look) if event.level is None else Taken(event.look, event.level)
