"""``--metrics PORT``: figures of a run while it works, as Prometheus reads them, on this machine only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from maspo.core.errors import ConfigInvalid
from maspo.events import Event, RunStarted
from maspo.study.job import Progress
from maspo.ui.guard import Guard

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client.core import Metric

VARIABLE = "MASPO_METRICS"
_HOST = "127.0.0.1"
_LARGEST = 65535


class Metrics:
    """A ``Watcher`` and a collector of Prometheus: remembers where the work stands, and tells it when it is asked."""

    def __init__(self) -> None:
        self._now: Progress | None = None
        self._simulated = False

    def on_event(self, event: Event) -> None:
        """Learn whether a simulated world answers."""
        if isinstance(event, RunStarted):
            self._simulated = event.simulated

    def on_progress(self, progress: Progress) -> None:
        """Remember where the work stands."""
        self._now = progress

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; nothing before the work has begun."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        now = self._now
        if now is None:
            return
        calls = CounterMetricFamily(
            "maspo_calls", "Model calls that were sent, each attempt counted.", labels=("purpose",)
        )
        failed = CounterMetricFamily("maspo_calls_failed", "Attempts that brought no answer.", labels=("purpose",))
        cached = CounterMetricFamily(
            "maspo_calls_cached", "Questions answered from the record, at no cost.", labels=("purpose",)
        )
        tokens = CounterMetricFamily("maspo_tokens", "Tokens, as endpoints tell them.", labels=("purpose", "kind"))
        usd = CounterMetricFamily("maspo_cost_usd", "US dollars charged.", labels=("purpose",))
        for purpose, usage in sorted(now.usage.items()):
            calls.add_metric((purpose,), usage.calls)
            failed.add_metric((purpose,), usage.failed)
            cached.add_metric((purpose,), usage.cached)
            kinds = {"in": usage.tokens_in, "out": usage.tokens_out}
            kinds |= {"in_cached": usage.tokens_cached, "out_thought": usage.tokens_thought}
            for kind, count in kinds.items():
                tokens.add_metric((purpose, kind), count)
            if usage.usd is not None and not self._simulated:
                usd.add_metric((purpose,), usage.usd)
        yield from (calls, failed, cached, tokens, usd)
        yield CounterMetricFamily("maspo_work_seconds", "Seconds of work, pauses left out.", now.seconds)
        yield GaugeMetricFamily("maspo_calls_in_flight", "Calls that are sent and not answered.", now.in_flight)
        yield GaugeMetricFamily("maspo_calls_planned", "Calls of the whole run, about.", now.calls_planned)
        queue = max(now.wave - now.done, 0)
        yield GaugeMetricFamily("maspo_queue", "Pieces of work of this wave that are not done.", queue)
        waits = float(bool(now.waiting))
        yield GaugeMetricFamily("maspo_endpoint_waits", "1 while no call is sent, such as in an outage.", waits)
        if now.leased is not None:
            lease = GaugeMetricFamily("maspo_lease", "Held of a shared budget, spent or not.", labels=("unit",))
            lease.add_metric(("usd",), now.leased.usd)
            lease.add_metric(("calls",), now.leased.calls)
            yield lease
            yield GaugeMetricFamily(
                "maspo_budget_share", "Share of the shared budget that all runs are charged.", now.leased.share
            )


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
        raise ConfigInvalid(f"--metrics {port}: cannot listen there ({error}); give another port") from None
    listening = int(server.server_address[1])
    server.set_app(_guarded(server.get_app(), Guard(listening)))
    try:
        yield listening
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _guarded(app: WSGIApplication | None, guard: Guard) -> WSGIApplication:
    """Return an application that answers at its own address alone, so that no page of somebody else can ask it."""

    def answer(request: WSGIEnvironment, begin: StartResponse) -> Iterable[bytes]:
        names = {name: name.removeprefix("HTTP_").replace("_", "-").lower() for name in request}
        headers = {names[name]: [str(value)] for name, value in request.items() if name.startswith("HTTP_")}
        refused = guard.refusal("GET", str(request.get("PATH_INFO", "")), headers)
        if refused is None and app is not None:
            return app(request, begin)
        status, why = refused or (503, "nothing is served yet")
        begin(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{why}\n".encode()]

    return answer


def ask_for(port: int | None) -> None:
    """Take the option, which stands for the variable in whatever this command does."""
    if port is not None:
        os.environ[VARIABLE] = str(port)


def port_asked() -> int | None:
    """Return the port that the option or the variable names; None where no metrics are asked for.

    Raises:
        ConfigInvalid: the variable holds no port.

    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= _LARGEST):
        raise ConfigInvalid(f"{VARIABLE}={text!r}: expected a port, 1 to {_LARGEST}, or 0 for one that is free")
    return int(text)
