"""Looks at a hold-out: each is counted before it is taken, those of simulated worlds apart from real ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Protocol

from maspo.events import Event, HoldoutLooked
from maspo.store.looks import Look
from maspo.study.job import Job, Looks

_SIMULATED_LOOKS = "simulated_looks"
"""Where the record keeps which looks were counted as those of a simulated world."""


class Record(Protocol):
    """What counting looks needs of the session that takes them."""

    job: Job
    run: str

    def recorded(self, kind: type[HoldoutLooked]) -> tuple[HoldoutLooked, ...]:
        """Return the looks that are recorded."""
        ...

    async def publish(self, *events: Event) -> None:
        """Record events, then tell whoever looks on."""
        ...

    async def save(self, values: Mapping[str, str] | None = None) -> None:
        """Keep values beside the record."""
        ...

    def noted(self, name: str) -> str | None:
        """Return a value that is kept beside the record."""
        ...

    @property
    def seems_simulated(self) -> bool:
        """Whether simulated worlds alone have answered so far, and nobody else was asked behind our back."""
        ...

    @property
    def met_worlds_only(self) -> bool:
        """Whether every answer so far is known to be of a simulated world."""
        ...


class HoldoutLooks:
    """The looks of one record, counted in a ledger over all records of this user; without one, in the record alone.

    A simulated world of this process is no hold-out of anybody. Where simulated worlds have answered everything so far,
    a look counts among theirs; ``taken`` says whether it stayed so.
    """

    def __init__(self, record: Record, ledger: Looks | None) -> None:
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
