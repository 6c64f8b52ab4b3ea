"""Several servers of one model: each call goes where its beginning was read before, as long as that one is not full."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maspo.core.errors import CallFailed, MaspoError, ProviderError
from maspo.models.base import Adapted, Reply, Request, Silent, Stage, Transient
from maspo.models.layers.crowding import work_of
from maspo.models.layers.limited import Elsewhere, Health, Limited
from maspo.models.layers.shares import Share, most_calls
from maspo.models.prefixes import Prefixes, blocks_of, rank

if TYPE_CHECKING:
    from collections.abc import Iterator

_FEW = 4
"""Calls that a server is given before another shares them, if it works on them side by side: so few are computed at
nearly the speed of one."""
_REMEMBERED = 4096
"""Calls whose failures are remembered, those that were given up included; far more than are tried at once."""


@dataclass(eq=False)
class Server:
    """One server: its limit, what it was sent, and how it stands."""

    place: str
    model: Limited
    read: Prefixes = field(default_factory=Prefixes)
    share: Share = field(default_factory=Share)
    calls: int = 0
    """Calls that were given to it and have not ended, those that wait included."""
    unreached: bool = False
    """Nothing could be sent to it the last time."""
    refusal: ProviderError | None = None
    """Why it answers no call of this run."""
    answered: bool = False
    """It answered something, be it a refusal; ``Pace.answered_once`` is about replies."""
    missed: bool = False
    """It was told that it did not answer."""
    asking: asyncio.Task[None] | None = field(default=None, repr=False)
    """What finds out when it is back."""
    ask_at: float = 0.0
    """When it is asked next, on the loop's clock; 0 while it answers. ``pause`` are the seconds before that."""
    pause: float = 0.0

    @property
    def away(self) -> bool:
        """Whether it does not answer; that it does again is found out by asking."""
        return self.unreached or self.model.down or self.model.mute

    @property
    def open(self) -> bool:
        """Whether calls are worked on when they are sent there now."""
        return self.refusal is None and not self.away and not self.model.pauses

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a call for as long as it is there."""
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1


class Spread:
    """A ``ModelClient`` over several servers of the same model.

    A call goes to the server that has read the longest beginning of its prompt, of those that are open and have no
    more than a quarter more calls than their part of all, which is less for one that is much slower (``shares``). Calls
    that wait at one which has more than that by now leave for the others. One that answers nobody, asks to wait, or
    refuses every call is passed over, and calls that wait for it leave, too; it is asked now and then, with small
    calls, whether it is back. A call that was surely not charged goes to the next server at once; any other failure is
    the retry layer's, whose next attempt goes to a server that has failed this call less often, where one is open. With
    a single server this layer does nothing.

    Raises (from ``complete``):
        ProviderError, CallFailed: as the servers, when no other is open.

    """

    def __init__(self, servers: Sequence[Server], health: Health | None = None) -> None:
        self._servers = tuple(servers)
        self._health = health or Health()
        self._calls = 0
        self._failed: dict[str, Counter[str]] = {}
        """By the key of a call that is not answered yet: how often it failed at each place."""
        self._idle = asyncio.Event()

    async def complete(self, request: Request) -> Reply:
        """Answer as a server does, the next one where one surely did not answer."""
        if len(self._servers) == 1:
            return await self._servers[0].model.complete(request)
        self._calls += 1
        self._idle.clear()
        try:
            return await self._complete(request)
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    async def _complete(self, request: Request) -> Reply:
        tried: list[Server] = []
        last: ProviderError | None = None
        while True:
            server = self._choose(request, tried)
            if server is None:
                raise self._nobody(last)
            try:
                with server.at_work():
                    reply = await server.model.complete(request)
                server.unreached = False
                self._tell_answers(server)
                self._failed.pop(request.key, None)
                self._note_speed(server, request, reply)
                return reply
            except Elsewhere:
                if not server.open:
                    self._tell_away(server)
                continue
            except Transient as fault:
                if isinstance(fault, Adapted | Silent):
                    raise  # It answers, and is asked again.
                self._note_failed(request, server)
                if fault.stage is Stage.LOST:
                    raise  # It may have been charged.
                last = fault
                server.answered = server.answered or fault.stage is Stage.REFUSED
                server.unreached = fault.stage is Stage.UNREACHED
                if server.away:
                    self._ask_again(server, request)
            except CallFailed:
                self._failed.pop(request.key, None)
                raise
            except ProviderError as refusal:
                last = server.refusal = refusal
                said = f"{server.place} is asked no more, and the other servers take its calls: {refusal}"
                if self.open_beside(server.place):
                    self._health.adapted.setdefault(said)
            tried.append(server)

    def open_beside(self, place: str) -> bool:
        """Say whether there is another server that works on calls now."""
        return any(one.open for one in self._servers if one.place != place)

    def takes_over(self, place: str) -> bool:
        """Say whether a server has more than it should by now, and another has room: what waits there may leave."""
        if len(self._servers) == 1:
            return False
        among = [one for one in self._servers if one.open]
        return all(one.place != place for one in _with_room(among, 0)) and bool(_with_room(among, 1))

    def _choose(self, request: Request, tried: Sequence[Server]) -> Server | None:
        """Return the server for a call; None when all others than those that were tried are not open."""
        left = [one for one in self._servers if one not in tried and one.refusal is None]
        among = [one for one in left if one.open]
        for one in left:
            if one.away and among:
                self._ask_again(one, request)
        if not among:
            # All wait: the first choice says why, and its limit knows how long. One that has answered may do so again.
            among = [] if tried else [one for one in left if not one.model.mute] or left or list(self._servers)
        if not among:
            return None
        failed = self._failed.get(request.key, Counter[str]())
        least = min(failed[one.place] for one in among)
        among = [one for one in among if failed[one.place] == least]
        free = _with_room(among, 1) or among
        blocks = blocks_of(request)
        found = max(free, key=lambda one: (one.read.known(blocks), rank(one.place, request)))
        found.read.add(blocks)
        return found

    def _note_speed(self, server: Server, request: Request, reply: Reply) -> None:
        if reply.seconds > 0 and reply.answers:
            server.share.note(reply.seconds, work_of(request, reply), asyncio.get_running_loop().time())
            server.share.adapt(min(one.share.pace for one in self._servers if one.open or one is server))

    def _note_failed(self, request: Request, server: Server) -> None:
        self._failed.setdefault(request.key, Counter())[server.place] += 1
        while len(self._failed) > _REMEMBERED:
            del self._failed[next(iter(self._failed))]

    def _tell_away(self, server: Server) -> None:
        said = "did not answer at times" if server.answered else "never answered so far"
        self._health.adapted.setdefault(f"{server.place} {said}, and the other servers took its calls")
        server.missed = True

    def _tell_answers(self, server: Server) -> None:
        """Say that a server answers of which the contrary was said."""
        if server.missed and not server.answered:
            self._health.adapted.setdefault(f"{server.place} answers now")
        server.answered = True

    def _nobody(self, last: ProviderError | None) -> ProviderError:
        """Return why no server is left: of several that cannot be reached, all are named."""
        if last is None:
            return ProviderError("no server is left")
        away = [one.place for one in self._servers if one.unreached]
        if not isinstance(last, Transient) or last.stage is not Stage.UNREACHED or len(away) < len(self._servers):
            return last
        names = ", ".join(away)
        return Transient(f"{names}: none can be reached; the last: {last}", last.stage, last.retry_after, last.seconds)

    def _ask_again(self, server: Server, request: Request) -> None:
        """Find out, beside the calls of the run, when a server is back."""
        if server.asking is None or server.asking.done():
            self._tell_away(server)
            server.asking = asyncio.create_task(self._until_back(server, request.ready()))

    async def _until_back(self, server: Server, question: Request) -> None:
        """Ask a server now and then, for as long as there are calls that it could answer."""
        now, pacing = asyncio.get_running_loop().time, server.model.pacing
        server.pause = server.pause or pacing.probe
        server.ask_at = server.ask_at or now() + server.pause
        while server.away:
            if server.ask_at > now():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._idle.wait(), server.ask_at - now())
                    return
            server.pause = min(2 * server.pause, pacing.probe_cap)
            server.ask_at = now() + server.pause
            try:
                await server.model.ask(question)
                server.unreached = False
                self._tell_answers(server)
                server.pause = server.ask_at = 0.0
            except CallFailed:
                continue
            except ProviderError as refusal:
                server.refusal = refusal
                return
            except MaspoError:
                return  # There is no money or no time left, which the run's own calls say better.


def _with_room(among: Sequence[Server], more: int) -> list[Server]:
    """Return the servers that have room for so many calls more; none among none, where there is a single server."""
    if not among:
        return []
    calls = sum(one.calls for one in among) + more
    limits = most_calls([one.share for one in among], calls, asyncio.get_running_loop().time())
    few = [min(_FEW, one.model.bears) if one.share.part == 1.0 else 0 for one in among]
    return [one for one, most, least in zip(among, limits, few, strict=True) if one.calls + more <= max(most, least)]
