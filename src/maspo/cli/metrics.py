"""``--metrics WHERE``: figures of work while it goes on, served for Prometheus or sent to a collector of OpenTelemetry.

A port serves them on this machine only, and needs the extra. An address, or ``otlp`` for the one that the variable of
OpenTelemetry's exporters names, is sent them from time to time and at the end.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from maspo.cli.terminal import note
from maspo.core.errors import ConfigInvalid, ProviderError, said_of
from maspo.core.running import run
from maspo.events import Event, RunStarted
from maspo.report.figures import figures_of, metrics_request
from maspo.study.job import Progress
from maspo.ui.guard import Guard

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client.core import Metric

    from maspo.report.otlp import Json

VARIABLE = "MASPO_METRICS"
COLLECTOR: Final = "otlp"
_HOST = "127.0.0.1"
_LARGEST = 65535
_INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
"""The variable that OpenTelemetry's exporters read: milliseconds between two exports."""
_MILLISECONDS = 60_000
"""Their default."""
_LONGEST = 86_400_000
"""A day in milliseconds: more is a slip."""
_LOCAL = "http://127.0.0.1:4318"
"""Where they take a collector to be (OTLP over HTTP), by number."""
_SECONDS = 10.0
"""Of one request to a collector, at most: what they allow."""


class Metrics:
    """A ``Watcher``, and a collector of Prometheus: remembers where the work stands, and tells it when it is asked.

    ``past`` is what a run that goes on has told before.
    """

    def __init__(self, past: Sequence[Event] = ()) -> None:
        self._now: Progress | None = None
        self._simulated = False
        self._instance = ""
        self._since = time.time()
        for event in past:
            self.on_event(event)

    def on_event(self, event: Event) -> None:
        """Learn which run it is, and whether a simulated world answers."""
        if isinstance(event, RunStarted):
            self._simulated = event.simulated
            self._instance = self._instance or event.run

    def on_progress(self, progress: Progress) -> None:
        """Remember where the work stands."""
        self._now = progress

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; nothing before the work has begun."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for figure in () if self._now is None else figures_of(self._now, self._simulated):
            kind = CounterMetricFamily if figure.counts else GaugeMetricFamily
            family = kind(figure.name.replace(".", "_"), figure.tells, labels=figure.labels)
            for labels, value in figure.values:
                family.add_metric([labels[name] for name in figure.labels], value)
            yield family

    def request(self) -> Json | None:
        """Return all figures as OTLP tells them; None before the work has begun."""
        if self._now is None:
            return None
        self._instance = self._instance or uuid.uuid4().hex  # it stays: counters belong to an instance
        return metrics_request(self._now, self._simulated, self._instance, self._since, time.time())


@contextmanager
def served(metrics: Metrics, port: int) -> Iterator[int]:
    """Serve metrics at ``http://127.0.0.1:PORT/metrics`` for as long as the work goes on; port 0 takes a free one.

    Whoever asks for another host than this one is refused, as by the page of ``maspo ui``.

    Raises:
        ConfigInvalid: the port is taken, or the extra is not installed.

    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError:
        raise ConfigInvalid(
            f"--metrics {port}: the package prometheus-client is not installed; pip install 'maspo[metrics]'"
        ) from None
    registry = CollectorRegistry()
    registry.register(metrics)
    try:
        server, thread = start_http_server(port, _HOST, registry)
    except OSError as error:
        raise ConfigInvalid(f"--metrics {port}: cannot listen there ({said_of(error)}); give another port") from None
    listening = int(server.server_address[1])
    app = server.get_app()
    assert app is not None  # noqa: S101 - it was started with one
    server.set_app(_guarded(app, Guard(listening)))
    try:
        yield listening
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _guarded(app: WSGIApplication, guard: Guard) -> WSGIApplication:
    """Return an application that answers at its own address alone, so that no page of somebody else can ask it."""

    def answer(request: WSGIEnvironment, begin: StartResponse) -> Iterable[bytes]:
        given = {name: str(value) for name, value in request.items() if name.startswith("HTTP_")}
        headers = {name.removeprefix("HTTP_").replace("_", "-").lower(): [value] for name, value in given.items()}
        refused = guard.refusal("GET", str(request.get("PATH_INFO", "")), headers)
        if refused is None:
            return app(request, begin)
        status, why = refused
        begin(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{why}\n".encode()]

    return answer


def ask_for(where: str | None) -> None:
    """Take the option, which stands for the variable in whatever this command does.

    Raises:
        ConfigInvalid: what ``where_asked`` raises.

    """
    if where is not None:
        os.environ[VARIABLE] = where
        where_asked()


def where_asked() -> int | str | None:
    """Return the port or the address of a collector that the option or the variable names; None where neither does.

    Raises:
        ConfigInvalid: the variable holds neither, or others could read what is sent to that address.

    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST)) and int(text) <= _LARGEST:
        return int(text)
    if text != COLLECTOR and not text.startswith(("http://", "https://")):
        raise ConfigInvalid(
            f"{VARIABLE}={text[:80]!r}: expected a port, 1 to {_LARGEST}, or 0 for one that is free; or the address "
            f"of a collector of OpenTelemetry, or {COLLECTOR} for that of its own variable"
        )
    from maspo.cli.collector import ENDPOINT, address_of

    if text == COLLECTOR:
        return address_of(os.environ.get(ENDPOINT) or _LOCAL, ENDPOINT, "metrics")
    return address_of(text, "--metrics", "metrics")


@contextmanager
def sent(metrics: Metrics, address: str) -> Iterator[None]:
    """Send metrics to a collector from time to time while the work goes on, and at its end.

    A collector that takes none is told of once: the work goes on, and it is tried again.

    Raises:
        ConfigInvalid: the interval of the variable is none.

    """
    from maspo.cli.collector import send

    over, between, told = threading.Event(), _interval(), False

    def push() -> None:
        nonlocal told
        if (request := metrics.request()) is None:
            return
        try:
            run(send(address, [request], "--metrics", _SECONDS))
        except (ProviderError, ConfigInvalid) as error:
            if not told:
                note(f"note: metrics are not sent, which is tried again: {error}")
            told = True

    def work() -> None:
        while not over.wait(between):
            push()
        push()

    thread = threading.Thread(target=work, name="maspo-metrics")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _interval() -> float:
    """Return the seconds between two exports."""
    text = os.environ.get(_INTERVAL, "") or str(_MILLISECONDS)
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_LONGEST)) and 0 < int(text) <= _LONGEST):
        raise ConfigInvalid(
            f"{_INTERVAL}={text[:20]!r}: expected milliseconds, such as {_MILLISECONDS}, at most {_LONGEST}, a day"
        )
    return int(text) / 1000
