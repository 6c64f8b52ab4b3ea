"""``--metrics``: what Prometheus reads of a run while it works."""

from __future__ import annotations

import asyncio
import urllib.request
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from maspo.cli.metrics import VARIABLE, Metrics, ask_for, port_asked, served
from maspo.core.errors import ConfigInvalid
from maspo.core.usage import Usage
from maspo.events import RunFinished
from maspo.online.summed import Summed
from maspo.study.job import Leased, Progress
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder, counted_world, world_job

if TYPE_CHECKING:
    from maspo.events import Event

USAGE = {
    "agent": Usage(calls=7, cached=2, failed=1, tokens_in=100, tokens_out=20, tokens_cached=40, usd=0.25),
    "judge.global": Usage(calls=3, tokens_in=50, tokens_out=5, usd=None),
}
NOW = Progress("search", 3, 10, 10, 600, 0.25, 12.5, 4, usage=USAGE, leased=Leased(1.5, 20, 0.4), waiting="an outage")


def told(metrics: Metrics) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(metrics)
    return values(generate_latest(registry).decode())


def values(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(sample.labels[name] for name in sorted(sample.labels))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_me01_every_figure_is_told_by_purpose_and_unknown_money_is_not() -> None:
    metrics = Metrics()
    assert told(metrics) == {}
    metrics.on_progress(NOW)
    found = told(metrics)
    assert found["maspo_calls_total{agent}"] == 7
    assert found["maspo_calls_failed_total{agent}"] == 1
    assert found["maspo_calls_cached_total{agent}"] == 2
    assert {name: value for name, value in found.items() if "tokens" in name and "agent" in name} == {
        "maspo_tokens_total{in,agent}": 100,
        "maspo_tokens_total{out,agent}": 20,
        "maspo_tokens_total{in_cached,agent}": 40,
        "maspo_tokens_total{out_thought,agent}": 0,
    }
    assert {name: value for name, value in found.items() if "usd" in name} == {
        "maspo_cost_usd_total{agent}": 0.25,
        "maspo_lease{usd}": 1.5,
    }
    assert (found["maspo_queue"], found["maspo_calls_in_flight"], found["maspo_endpoint_waits"]) == (7, 4, 1)
    assert (found["maspo_lease{calls}"], found["maspo_budget_share"]) == (20, 0.4)


def test_me02_it_is_served_on_this_machine_while_the_work_goes_on_and_no_longer() -> None:
    metrics = Metrics()
    metrics.on_progress(NOW)
    with served(metrics, 0) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
            found = values(response.read().decode())
        with pytest.raises(ConfigInvalid, match="cannot listen there"), served(metrics, port):
            pass
    assert found["maspo_calls_total{agent}"] == 7
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)


def test_me03_what_is_told_at_the_end_of_a_run_is_what_its_record_says(tmp_path: Path) -> None:
    metrics = Metrics()

    class Both(Recorder):
        def on_event(self, event: Event) -> None:
            metrics.on_event(event)

        def on_progress(self, progress: Progress) -> None:
            metrics.on_progress(progress)

    job = world_job(inputs=16)
    outcome = asyncio.run(start(resolve(job), tmp_path / "run", Both(), counted_world(job).provider))
    found = told(metrics)
    for purpose, usage in outcome.usage.items():
        assert found[f"maspo_calls_total{{{purpose}}}"] == usage.calls
        assert found[f"maspo_tokens_total{{in,{purpose}}}"] == usage.tokens_in
    assert found["maspo_calls_in_flight"] == 0


def test_me06_whoever_looks_on_knows_where_the_run_stands_before_it_is_told_of_its_end(tmp_path: Path) -> None:
    class Looking(Recorder):
        calls = 0
        at_the_end: tuple[int, int] | None = None

        def on_event(self, event: Event) -> None:
            if isinstance(event, RunFinished):
                self.at_the_end = self.calls, sum(one.calls for one in event.usage.values())

        def on_progress(self, progress: Progress) -> None:
            self.calls = progress.calls

    job, looking = world_job(inputs=16), Looking()
    asyncio.run(start(resolve(job), tmp_path / "run", looking, counted_world(job).provider))
    assert looking.at_the_end is not None
    known, used = looking.at_the_end
    assert known == used > 0


def test_me07_figures_of_a_watch_never_fall_when_another_part_begins() -> None:
    told: list[Progress] = []

    class Looking(Recorder):
        def on_progress(self, progress: Progress) -> None:
            told.append(progress)

    parts: dict[int, Progress] = {}
    windows, search = Summed(Looking(), parts, 0), Summed(Looking(), parts, 1)
    windows.on_progress(NOW)
    search.on_progress(Progress("search", 0, 1, 5, 9, None, 2.0, 1, usage={"agent": Usage(calls=5, usd=None)}))
    windows.on_progress(NOW)
    assert [one.calls for one in told] == [10, 15, 15] and [one.seconds for one in told] == [12.5, 14.5, 14.5]
    assert [one.usage["agent"].calls for one in told] == [7, 12, 12] and told[-1].usage["judge.global"].calls == 3
    assert [one.usd for one in told] == [0.25, None, None], "unknown money is told as unknown"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:{port}"}, 200),
        ({"Host": "127.0.0.1:{port}", "Accept": "application/openmetrics-text"}, 200),
        ({"Host": "rebound.example:{port}"}, 421),
        ({"Host": "rebound.example"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": "127.0.0.1:{port}", "Origin": "http://other.example"}, 403),
        ({"Host": "127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_me08_it_answers_to_its_own_address_alone(headers: dict[str, str], status: int) -> None:
    metrics = Metrics()
    metrics.on_progress(NOW)
    with served(metrics, 0) as port, closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/metrics", headers={name: text.format(port=port) for name, text in headers.items()})
        response = connection.getresponse()
        assert (response.status, b"maspo_calls" in response.read()) == (status, status == 200)


@pytest.mark.parametrize(("text", "port"), [("", None), ("0", 0), ("9464", 9464)])
def test_me04_the_variable_names_the_port_and_the_option_stands_for_it(
    text: str, port: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert port_asked() == port
    ask_for(None)
    assert port_asked() == port
    ask_for(12)
    assert port_asked() == 12


@pytest.mark.parametrize("text", ["here", "-1", "70000", "１"])
def test_me05_what_is_no_port_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ConfigInvalid, match="expected a port"):
        port_asked()
