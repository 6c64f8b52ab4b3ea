"""Pieces of a comparison in other processes: its runs, and the pieces of its hold-out. Each has a record of its own.

Whoever does a piece may be on another machine. What it recorded is what counts: a piece that is lost is gone on with.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from maspo.core.errors import EXIT_INTERRUPTED, EXIT_PROVIDER, Interrupted, MaspoError, ProviderError, StoreError
from maspo.core.plain_files import is_there
from maspo.core.usage import Usage, total
from maspo.core.workers import WorkerLost, Workers
from maspo.events import Event
from maspo.store.address import Pointer, let_in, pointer_in
from maspo.store.records import Keeping, is_worked_on, place_again, place_parts
from maspo.store.run_store import RunStore
from maspo.study.ended import spent_by_now
from maspo.study.job import Progress, Watcher
from maspo.study.record import COMPARED

T = TypeVar("T")
_MOST_LOST = 3
"""Times that a piece is lost before it is given up: one whose memory is short is lost each time."""
_PATIENCE = 90.0
"""Seconds for a process whose caller is gone to stop before its piece is gone on with: calls in flight are finished."""
_LOOK = 2.0
"""Seconds after which the records of pieces in other processes are looked at."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What ended a piece in another process: its exit code, and what it says."""

    code: int
    says: str

    def raised(self) -> MaspoError:
        """Return it as an error of this process."""
        kinds: Mapping[int, type[MaspoError]] = {EXIT_INTERRUPTED: Interrupted, EXIT_PROVIDER: ProviderError}
        error = kinds.get(self.code, MaspoError)(self.says)
        error.exit_code = self.code
        return error


@dataclass(frozen=True, slots=True)
class Piece(Generic[T]):
    """A piece of the work, such as ``run spo-0``: its record, and what is done for it elsewhere."""

    name: str
    record: Path
    work: Callable[..., T | Raised]
    given: tuple[Any, ...]


class Beside:
    """Other processes that work at pieces of a comparison: opened for the first piece, ended with the comparison.

    ``tell`` is told what was lost; once ``stop`` is set, all are asked to stop.
    """

    def __init__(
        self,
        open_workers: Callable[[], AbstractContextManager[Workers]],
        stop: asyncio.Event | None,
        tell: Callable[[str], None],
    ) -> None:
        self._open_workers, self._stop, self._tell = open_workers, stop or asyncio.Event(), tell
        self._opened = ExitStack()
        self._workers: Workers | None = None
        self._passing_on: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._passing_on is not None:
            self._passing_on.cancel()
            await asyncio.gather(self._passing_on, return_exceptions=True)
        self._opened.__exit__(kind, error, trace)

    async def bring(
        self, pieces: Sequence[Piece[T]], look: Callable[[Sequence[Piece[T]], int], None]
    ) -> Mapping[str, T]:
        """Bring pieces to their end; return what each came to, by its name.

        From time to time ``look`` is given those whose record may have changed, and how many have not ended.

        Raises:
            MaspoError: what ended a piece; the others are asked to stop first.

        """
        if not pieces:
            return {}
        workers = await self._begun()
        found: dict[str, T] = {}
        errors: list[MaspoError] = []

        async def one(piece: Piece[T]) -> None:
            ended = await self._ended(workers, piece)
            if isinstance(ended, Raised):
                errors.append(ended.raised())
                workers.stop()
            else:
                found[piece.name] = ended

        of = {asyncio.create_task(one(piece)): piece for piece in pieces}
        left, working = set(of), list(pieces)
        try:
            while left:
                look(working, len(left))
                working = [of[task] for task in left]  # one that ends until then is looked at once more
                done, left = await asyncio.wait(left, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # raises what nobody foresaw
        finally:
            for task in left:
                task.cancel()
            await asyncio.gather(*of, return_exceptions=True)
        if errors:
            raise next((error for error in errors if not isinstance(error, Interrupted)), errors[0])
        return found

    async def _begun(self) -> Workers:
        if self._workers is None:
            # A cluster takes seconds to begin.
            workers = await asyncio.to_thread(self._opened.enter_context, self._open_workers())

            async def pass_on() -> None:
                await self._stop.wait()
                workers.stop()

            self._workers, self._passing_on = workers, asyncio.create_task(pass_on())
        return self._workers

    async def _ended(self, workers: Workers, piece: Piece[T]) -> T | Raised:
        """Return what a piece came to, or what ended it."""
        why = ""
        for _ in range(_MOST_LOST):
            try:
                return await asyncio.wrap_future(workers.submit(piece.work, *piece.given))
            except WorkerLost as error:
                why = str(error)
                self._tell(f"{piece.name}: {why}; its record is kept, and it is gone on with")
            except MaspoError as error:  # it could not begin there, such as under another version
                return Raised(error.exit_code, f"{piece.name}: {error}")
        return Raised(EXIT_INTERRUPTED, f"{piece.name} was lost {_MOST_LOST} times ({why}); what it recorded is kept")


class Panel:
    """Tells whoever looks on where pieces in other processes stand, by their records.

    ``spent`` is what others of the same kind have spent before, by their records; 0 ``jobs`` are as many as there is
    room for.
    """

    def __init__(
        self,
        watcher: Watcher,
        phase: str,
        out: Path,
        count: int,
        planned: int,
        jobs: int,
        spent: Mapping[Path, Usage] | None = None,
    ) -> None:
        self._watcher, self._phase, self._out = watcher, phase, out
        self._count, self._planned, self._jobs = count, planned, jobs
        self._spent = dict(spent or {})
        self._began = time.monotonic()

    def look(self, working: Sequence[Piece[Any]], left: int) -> None:
        """Tell it, after a look at the records that may have changed."""
        place_parts(self._out / COMPARED)  # those that were begun on other machines
        for piece in working:
            with suppress(StoreError):  # it is just being opened to write; of one that is damaged its process tells
                self._spent[piece.record] = spent_by_now(piece.record)
        usage, done = total(self._spent.values()), self._count - left
        seconds, at_work = time.monotonic() - self._began, min(left, self._jobs or left)
        self._watcher.on_progress(
            Progress(self._phase, done, self._count, usage.calls, self._planned, usage.usd, seconds, in_flight=at_work)
        )


# ── in another process ───────────────────────────────────────────────────────────────────────────────────────────────


class Unwatched:
    """Looks on and says nothing: what a piece in another process records is read in its folder."""

    def on_event(self, event: Event) -> None:
        """Say nothing."""

    def on_progress(self, progress: Progress) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Whole:
    """The comparison that a piece belongs to, as another process finds it, which may be on another machine."""

    out: Path
    keeping: Keeping
    """Where its parts have their records."""
    pointer: Pointer | None
    """Where its own record lies, if that is a store."""

    @classmethod
    def of(cls, store: RunStore, keeping: Keeping, executor: str) -> Self:
        """Return the comparison of a record; a machine of a cluster has its own way in: no password is sent there."""
        pointer = pointer_in(store.path)
        if executor:
            keeping = replace(keeping, store=keeping.store and keeping.store.without_password)
            pointer = pointer and replace(pointer, address=pointer.address.without_password)
        return cls(store.path.absolute().parent, keeping, pointer)

    def do(self, place: str, work: Callable[[Path, Keeping], T]) -> T | Raised:
        """Do a piece of work whose record lies at a place in the folder; ``work`` is given the folder."""
        if self.keeping.store is not None:
            let_in(self.keeping.store)
        try:
            with self._folder_here() as there:
                wait_until_free(there / place)
                return work(there, replace(self.keeping, whole=there / COMPARED))
        except MaspoError as error:
            return Raised(error.exit_code, str(error))

    @contextmanager
    def _folder_here(self) -> Iterator[Path]:
        """Give the folder of the comparison; where it is not, one for a while, whose record is the store's.

        Raises:
            StoreError: this machine has neither.

        """
        out = self.out
        if is_there(out / COMPARED):
            yield out
            return
        if self.pointer is None:
            told = "is not on every machine of the cluster; give --store, or a folder that they share"
            raise StoreError(f"{out}: {told}")
        with tempfile.TemporaryDirectory(prefix="maspo-node-") as scratch:
            there = Path(scratch, out.name)
            place_again(self.pointer, there / COMPARED)
            place_parts(there / COMPARED)
            yield there


def wait_until_free(record: Path) -> None:
    """Wait until nobody works on a record: who did may not have noticed yet that its caller is gone."""
    until = time.monotonic() + _PATIENCE
    while is_taken(record) and time.monotonic() < until:
        time.sleep(0.2)


def is_taken(record: Path) -> bool:
    """Say whether somebody works on a record; no, where it cannot be told: who opens it says why."""
    try:
        return is_there(record) and is_worked_on(record)
    except OSError:
        return False
