"""Traces that a service sends over OTLP/HTTP to this machine: kept in a file as they come, and read from it as inputs.

The file is what a collector's file exporter would have written, but that the spans of a trace stand in one line once
the span that began it has come: SDKs send every few seconds, and a team's work takes longer.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import json
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

from maspo.core.errors import ConfigInvalid, StoreError, UsageError
from maspo.online.sources import BEGINNING, Callback, Called, Files, Place, Source, Taken, files_at, mark_at, places
from maspo.store.files import write_whole

SCHEME: Final = "otlp"
RECEIVED: Final = "received.jsonl"
"""In the state folder of a watch."""
_PATH: Final = "/v1/traces"
_PORT: Final = 4318
"""Of OTLP/HTTP, by its specification."""
_HOSTS: Final = ("127.0.0.1", "localhost", "::1")
_OTHER_HOST: Final = "::1"
"""Where a service may send that is told ``localhost``: some try no other address after the first."""
_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_LARGEST: Final = 64 << 20
"""Bytes of a request, unpacked: 512 spans, which SDKs send at most at once by default, of 128 KiB each."""
_MOST_PENDING: Final = 64 << 20
"""Bytes of spans that wait for the beginning of their trace; the oldest traces are given up then."""
_LARGEST_FILE: Final = 256 << 20
"""Bytes after which the file is begun anew, once all of it is taken up: four times what may wait in it."""
_MOST_UNREAD: Final = 1 << 30
"""Bytes that may wait for a watch that is at a long search; more is refused, and tried again by whoever sends it."""
_BODY_SECONDS: Final = 30.0
"""For a request to arrive: three times what SDKs wait for an answer by default."""
_IDS: Final = ("traceId", "spanId", "parentSpanId")
Json: TypeAlias = Mapping[str, Any]
Spans: TypeAlias = list[Json]


@dataclass
class Reader:
    """How far the file is taken up by whoever reads it."""

    place: Place = BEGINNING

    def has_all(self, file: Path) -> bool:
        """Say whether all that a file holds is recorded elsewhere."""
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            return self.place.begin == size and self.place.mark == mark_at(stream.fileno(), size)


@dataclass(frozen=True)
class Received(Files):
    """The file of a receiver; where that listens."""

    port: int = _PORT
    reader: Reader = field(default_factory=Reader, compare=False)

    def take(self, position: str) -> Taken:
        """Return what has arrived since a position; what stands before it is recorded, and need be kept no longer."""
        self.reader.place = places(position).get(self.path.name, BEGINNING)
        # It is emptied by the receiver itself, once all is recorded: nothing is lost then.
        return replace(super().take(position), begun_anew=())

    @property
    def told(self) -> str:
        """What a person should know who lets a service send here."""
        kinds = "as protobuf and JSON" if _reads_protobuf() else "as JSON alone"
        more = "" if _reads_protobuf() else "; for protobuf, which SDKs send by default: pip install 'maspo[otlp]'"
        return f"Traces are received at http://{_HOSTS[0]}:{self.port}{_PATH}, {kinds}{more}."

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Keep what is sent here, until the block is left; yields the port.

        Raises:
            UsageError: the port, or the file, cannot be used.

        """
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_post(_PATH, _Handler(self.path, waiting_in(self.path), self.reader).take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await _listen(runner, self.port)
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, _HOSTS[0], port).start()
        port = runner.addresses[0][1]
        try:
            await web.TCPSite(runner, _OTHER_HOST, port).start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:  # what is sent to "localhost" would go to somebody else
                raise
    except OSError as error:
        raise UsageError(
            f"--inputs {SCHEME}://{_HOSTS[0]}:{port}: cannot be listened at ({error.strerror or error}); give another "
            "port, and send there"
        ) from error


@asynccontextmanager
async def listening(source: Source) -> AsyncIterator[None]:
    """Receive inputs while a watch works, where its source is what is sent to it. Raises what ``Received`` raises."""
    if not isinstance(source, Received):
        yield
        return
    async with source.listening():
        yield


def source_of(given: str | Path | Callback, state: Path) -> Source:
    """Return where the inputs of a watch come from, whose folder is ``state``.

    Raises:
        InputsInvalid: there is no such file or folder.
        ConfigInvalid: it is an address of another machine.

    """
    if isinstance(given, str) and given.startswith(f"{SCHEME}:"):
        return received_at(given, state)
    return Called(given) if callable(given) else files_at(Path(given))


def received_at(address: str, state: Path) -> Received:
    """Return the source of what is sent to an address, kept in a watch's folder.

    Raises:
        ConfigInvalid: it is none of this machine.

    """
    expected = f"expected {SCHEME}://127.0.0.1:{_PORT}, with the port of your choice"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigInvalid(f"--inputs {address}: {error}; {expected}") from None
    if host not in _HOSTS:
        raise ConfigInvalid(
            f"--inputs {address}: only this machine is listened to, {expected}; for traces of others let a collector "
            "write a file, and give that"
        )
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise ConfigInvalid(f"--inputs {address}: {expected}")
    return Received(state / RECEIVED, _PORT if port is None else port)


@dataclass
class Traces:
    """Spans by trace, as long as its beginning has not come."""

    pending: OrderedDict[str, Spans] = field(default_factory=OrderedDict)
    _sizes: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Traces:
        """Return the same traces, to go on with apart."""
        return Traces(self.pending.copy(), self._sizes.copy())

    def of(self, record: Json) -> Iterator[Json]:
        """Yield what there is to keep of a record: a trace a line, all of it where it has begun."""
        new: dict[str, Spans] = {}
        for span in spans_of(record):
            new.setdefault(str(span.get("traceId")), []).append(span)
        for trace, spans in new.items():
            size = self._sizes.pop(trace, 0) + sum(len(json.dumps(span)) for span in spans)
            together = [*self.pending.pop(trace, []), *spans]
            has_begun = any(not span.get("parentSpanId") for span in spans)
            if not has_begun:
                self.pending[trace], self._sizes[trace] = together, size
            yield traced(together if has_begun else spans)
        while sum(self._sizes.values()) > _MOST_PENDING:
            oldest, _ = self.pending.popitem(last=False)
            del self._sizes[oldest]


def traced(spans: Spans) -> Json:
    """Return spans as a request of OTLP."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def spans_of(record: Json) -> Iterator[Json]:
    """Yield the spans of a request of OTLP."""
    for resource in _objects(record.get("resourceSpans")):
        for scope in _objects(resource.get("scopeSpans")):
            yield from _objects(scope.get("spans"))


def read_protobuf(body: bytes) -> Json:
    """Return a request in OTLP's JSON.

    Raises:
        ValueError: it is none.
        ImportError: the package for it is not installed.

    """
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        found: dict[str, Any] = MessageToDict(ExportTraceServiceRequest.FromString(body))
    except DecodeError as error:
        raise ValueError(str(error)) from error
    for span in spans_of(found):
        if isinstance(span, dict):  # OTLP's JSON has ids in hex where that of protobuf has base64
            span.update({name: base64.b64decode(span[name]).hex() for name in _IDS if span.get(name)})
    return found


def _is_meant(request: web.Request) -> bool:
    """Say whether a request names this machine as its host."""
    try:
        return request.url.host in _HOSTS
    except ValueError:  # it names nothing that could be a host
        return False


def _reads_protobuf() -> bool:
    try:
        return find_spec("opentelemetry.proto") is not None
    except ModuleNotFoundError:
        return False


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def waiting_in(file: Path) -> Traces:
    """Return the traces at the end of a file whose beginning may still come.

    Raises:
        UsageError: it cannot be used.

    """
    traces = Traces()
    try:
        with file.open("ab+") as stream:
            stream.seek(max(0, stream.tell() - _MOST_PENDING))
            line = b"\n"
            for line in stream:
                for _ in traces.of(_record(line)):
                    pass
            if not line.endswith(b"\n"):  # a process was killed while it wrote
                stream.write(b"\n")
    except OSError as error:
        raise UsageError(f"{file}: cannot be used ({error.strerror or error})") from error
    return traces


def _record(line: bytes) -> Json:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):  # the first may be the rest of one, the last half of one
        return {}
    return found if isinstance(found, Mapping) else {}


@dataclass
class _Handler:
    """Answers the requests of SDKs."""

    file: Path
    traces: Traces
    reader: Reader = field(default_factory=Reader)
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a request; it is answered once that is done, so whoever sent it need not send it again."""
        # A page of somebody else in a browser of this machine can send requests here, but not without their traces.
        if not _is_meant(request) or "Origin" in request.headers:
            return web.Response(status=403, text="this receiver answers to its own address alone")
        kind = request.content_type
        if kind not in (_JSON, _PROTOBUF):
            return web.Response(status=415, text=f"expected {_PROTOBUF} or {_JSON}")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408, text="the rest did not come")
        try:
            async with self._one_by_one:
                await asyncio.to_thread(self._keep, body, kind)
        except ImportError:
            why = "protobuf is not read here: pip install 'maspo[otlp]', or send http/json"
            return web.Response(status=415, text=why)
        except (ValueError, RecursionError):
            return web.Response(status=400, text="this is no request of OTLP")
        except OSError as error:
            return web.Response(status=503, text=f"cannot be kept ({error.strerror})")
        return web.Response(body=b"{}" if kind == _JSON else b"", content_type=kind)

    def _begin_anew(self) -> None:
        """Leave out of the file what is recorded elsewhere: what stays are traces whose beginning may still come."""
        lines = (traced(spans) for spans in self.traces.pending.values())
        write_whole(self.file, "".join(f"{json.dumps(line)}\n" for line in lines))

    def _keep(self, body: bytes, kind: str) -> None:
        record = json.loads(body) if kind == _JSON else read_protobuf(body)
        if not isinstance(record, Mapping):
            raise ValueError("no object")
        after = self.traces.copy()
        lines = [json.dumps(one) + "\n" for one in after.of(record)]
        with self.file.open("a", encoding="utf-8") as stream:
            size = stream.tell()
        if size > _LARGEST_FILE and self.reader.has_all(self.file):
            with suppress(StoreError):  # then it stays as it is, and grows
                self._begin_anew()
        elif size > _MOST_UNREAD:
            raise OSError(errno.EFBIG, "too much waits to be looked at; send it again later")
        with self.file.open("a", encoding="utf-8") as stream:
            end = stream.tell()
            try:
                stream.writelines(lines)
                stream.flush()
                os.fsync(stream.fileno())
            except OSError:  # half of a line would spoil the next one, which is answered as kept
                os.truncate(self.file, end)
                raise
        self.traces = after
