"""The common hold-out in pieces, each with a record of its own, so that several processes measure it.

Inputs that ask the same are in one piece, so none is paid for twice. What a piece holds is noted in the record of the
comparison when measuring begins: whoever goes on finds each reply where it was recorded, with however many processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from maspo.config import Caps
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts
from maspo.core.running import run as in_loop
from maspo.core.sums import add_up
from maspo.core.usage import Usage, total
from maspo.core.workers import told_to_stop
from maspo.models.prices import PriceBook
from maspo.store.records import Keeping, place_parts
from maspo.store.run_store import RunStore
from maspo.study.answering import answered_in
from maspo.study.comparison.beside import Beside, Panel, Piece, Raised, Unwatched, Whole, is_taken
from maspo.study.comparison.guards import measure_guards
from maspo.study.comparison.holdout import measure
from maspo.study.comparison.plan import Comparison, measuring_job
from maspo.study.comparison.tally import Guarded, GuardMet, InputMet
from maspo.study.ended import spent
from maspo.study.job import Provider
from maspo.study.record import COMPARED, Begun, JsonForm, open_for_reading
from maspo.study.resolve import known_prices, prices_of
from maspo.study.session import Session, at_work
from maspo.study.team_cost import priced_by_now

FOLDER = "holdout"
"""The folder of the pieces."""
DATABASE = "piece.db"
_FEWEST, _MOST = 4, 32
"""Inputs of a piece, at least, and pieces, at most: a piece costs tens of milliseconds beside its calls, and two
processes should end together."""
_LEAST = 1e-9
"""What pieces get where no money is left: a cap that no call fits under."""
_FOUND = "found"


@dataclass(frozen=True, slots=True)
class HoldoutPiece:
    """Some hold-out inputs, or some guard inputs, by their keys."""

    number: int
    keys: tuple[str, ...]
    kind: Literal["inputs", "guards"] = "inputs"

    @property
    def place(self) -> str:
        """Its folder below that of the comparison."""
        return f"{FOLDER}/{self.kind}-{self.number}"


@dataclass(frozen=True, slots=True)
class Parted:
    """The hold-out in pieces; none where the record of the comparison holds all that is measured."""

    pieces: tuple[HoldoutPiece, ...] = ()


@dataclass(frozen=True)
class PieceMet:
    """What every prompt set came to on the inputs of a piece, by their keys; those that a cap left out are missing."""

    tested: str
    """Names the prompt sets, and the caps under which they were measured."""
    inputs: Mapping[str, InputMet] = field(default_factory=dict)
    guards: Mapping[str, GuardMet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PieceEnd:
    """How a piece ended, and what its record says: of all that was ever measured in it."""

    met: PieceMet
    usage: Usage
    seconds: float
    answered: frozenset[str]
    """Who answered, as ``answered_in`` tells."""


def _differences(before: HoldoutPiece, now: HoldoutPiece) -> tuple[str, ...]:
    return () if before == now else (f"inputs: were {', '.join(before.keys)}, are {', '.join(now.keys)}",)


_MET = JsonForm(PieceMet, "what a piece of the hold-out came to")
_BEGUN = Begun(DATABASE, "piece", JsonForm(HoldoutPiece, "a piece of the hold-out"), _differences, "another piece")
PARTED = JsonForm(Parted, "the pieces of the hold-out")


def pieces_of(comparison: Comparison) -> tuple[HoldoutPiece, ...]:
    """Return the hold-out in pieces, guard inputs first."""
    guards = [(row.key,) for row in comparison.guarding]
    groups: dict[str, list[str]] = {}
    for key in comparison.holdout:
        groups.setdefault(comparison.groups[key], []).append(key)
    return (
        *(HoldoutPiece(number, keys, "guards") for number, keys in enumerate(_parted(guards))),
        *(HoldoutPiece(number, keys) for number, keys in enumerate(_parted(list(groups.values())))),
    )


def _parted(groups: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    size = max(_FEWEST, -(-sum(map(len, groups)) // _MOST))
    keys: tuple[str, ...] = ()
    for group in groups:
        keys = (*keys, *group)
        if len(keys) >= size:
            yield keys
            keys = ()
    if keys:
        yield keys


@dataclass(frozen=True, slots=True)
class Round:
    """What is measured: prompt sets on guard inputs, and these and those on the way of each search on the hold-out."""

    tested: str
    """Names the prompt sets, and the caps under which they are measured."""
    on_guards: Mapping[str, Prompts]
    on_holdout: Mapping[str, Prompts]


@dataclass(frozen=True)
class Measurements:
    """What all measuring came to, and what it took beside what the record of the comparison counts."""

    inputs: Mapping[str, InputMet] = field(default_factory=dict)
    guards: Mapping[str, GuardMet] = field(default_factory=dict)
    usage: Usage = field(default_factory=lambda: Usage(usd=0.0))
    seconds: float = 0.0
    answered: tuple[frozenset[str], ...] = ()

    def on_holdout(self, comparison: Comparison) -> tuple[InputMet, ...]:
        """Return what came of the hold-out inputs, in their order."""
        return tuple(self.inputs[key] for key in comparison.holdout if key in self.inputs)

    def on_guards(self, comparison: Comparison) -> Guarded:
        """Return what came of the guard inputs, in their order."""
        found = tuple(self.guards[row.key] for row in comparison.guarding if row.key in self.guards)
        return Guarded(found, len(comparison.guarding) - len(found))


async def measure_here(comparison: Comparison, session: Session, round_: Round) -> Measurements:
    """Measure all in this process, with the record of a session."""
    guards = await measure_guards(comparison, session, round_.on_guards, [row.key for row in comparison.guarding])
    return Measurements(await measure(comparison, session, round_.on_holdout, comparison.holdout), guards)


async def measure_beside(
    comparison: Comparison,
    pieces: Sequence[HoldoutPiece],
    round_: Round,
    caps: Caps,
    spent: Usage,
    provider: Provider,
    whole: Whole,
    beside: Beside,
    panel: Panel,
) -> Measurements:
    """Measure in pieces side by side, each under its part of the caps; those that have ended before are read.

    ``spent`` is what the record of the comparison counts.

    Raises:
        MaspoError: what ended a piece; the others are asked to stop first.

    """
    place_parts(whole.out / COMPARED)
    parts = parts_of(caps, spent, [_calls_of(piece, comparison) for piece in pieces])
    ended: dict[str, PieceEnd] = {}
    waiting: list[Piece[PieceEnd]] = []
    for piece, part in zip(pieces, parts, strict=True):
        record = whole.out / piece.place / DATABASE
        if is_there(record) and not is_taken(record):
            ended[piece.place] = met_in(record, comparison)
        if part is None or (piece.place in ended and ended[piece.place].met.tested == round_.tested):
            continue
        sets = round_.on_guards if piece.kind == "guards" else round_.on_holdout
        given = (comparison, piece, sets, round_.tested, part, provider, whole)
        waiting.append(Piece(piece.place, record, measure_alone, given))
    ended |= await beside.bring(waiting, panel.look)
    place_parts(whole.out / COMPARED)
    met = [end.met for end in ended.values() if end.met.tested == round_.tested]
    return Measurements(
        {key: found for one in met for key, found in one.inputs.items()},
        {key: found for one in met for key, found in one.guards.items()},
        total(end.usage for end in ended.values()),
        add_up(end.seconds for end in ended.values()),
        tuple(end.answered for end in ended.values()),
    )


def _calls_of(piece: HoldoutPiece, comparison: Comparison) -> int:
    """Return the calls of a piece, at most."""
    counts = (0, len(piece.keys)) if piece.kind == "guards" else (len(piece.keys), 0)
    return comparison.measuring_on(*counts).most


def parts_of(caps: Caps, spent: Usage, calls: Sequence[int]) -> list[Caps | None]:
    """Return what each piece may spend of what is left of caps, by its calls at most; None where that is no call.

    ``spent`` is what the record of the comparison counts.
    """
    every, found = sum(calls), list[Caps | None]()
    for own in calls:
        of_calls = None if caps.calls is None else own * max(0, caps.calls - spent.calls) // every
        usd = None if caps.usd is None else own / every * max(_LEAST, caps.usd - (spent.usd or 0.0))
        minutes = None if caps.minutes is None else own / every * caps.minutes
        found.append(None if of_calls == 0 else Caps(calls=of_calls, usd=usd, minutes=minutes))
    return found


def met_in(record: Path, comparison: Comparison) -> PieceEnd:
    """Return what a piece last came to, by its record, at the prices that are known by now.

    Raises:
        StoreError: the record cannot be read.

    """
    with open_for_reading(record) as store:
        return _end_in(store, comparison)


def _end_in(store: RunStore, comparison: Comparison) -> PieceEnd:
    noted = store.meta()
    met = _MET.load(noted[_FOUND]) if _FOUND in noted else PieceMet("")
    prices = known_prices(comparison.job)
    inputs = {key: _priced(one, comparison, prices) for key, one in met.inputs.items()}
    return PieceEnd(replace(met, inputs=inputs), *spent(store, prices), answered_in(noted))


def _priced(met: InputMet, comparison: Comparison, prices: PriceBook) -> InputMet:
    """Return an input with what each prompt set costs on it by the prices that are known by now."""
    system, models = comparison.system, comparison.config.models
    cost = {name: one and priced_by_now(one, system, models, prices) for name, one in met.cost.items()}
    return replace(met, cost=cost)


def measure_alone(
    comparison: Comparison,
    piece: HoldoutPiece,
    sets: Mapping[str, Prompts],
    tested: str,
    caps: Caps,
    provider: Provider,
    whole: Whole,
) -> PieceEnd | Raised:
    """Measure a piece, in a process of its own, which may be another machine's."""

    async def work(there: Path, keeping: Keeping) -> PieceEnd:
        job = measuring_job(comparison, caps)
        async with (
            _BEGUN.opened(piece, there / piece.place, keeping) as store,
            provider(job, store.meta()["run"]) as bare,
        ):
            session = Session(job, store, bare, Unwatched(), prices=prices_of(job))
            async with at_work(session, Unwatched(), told_to_stop()):
                if piece.kind == "guards":
                    met = PieceMet(tested, guards=await measure_guards(comparison, session, sets, piece.keys))
                else:
                    met = PieceMet(tested, await measure(comparison, session, sets, piece.keys))
                await session.save({_FOUND: _MET.dump(met)})
            return _end_in(store, comparison)

    return whole.do(f"{piece.place}/{DATABASE}", lambda there, keeping: in_loop(work(there, keeping)))
