"""``--metrics``: what Prometheus reads of a run while it works."""

from __future__ import annotations

import asyncio
import threading
import urllib.request
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from maspo.cli.collector import send
from maspo.cli.metrics import VARIABLE, Metrics, ask_for, sent, served, where_asked
from maspo.core.errors import ConfigInvalid, ProviderError
from maspo.core.usage import Usage
from maspo.events import RunFinished, RunStarted
from maspo.online.summed import Summed
from maspo.study.job import BudgetLease, Progress
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder, counted_world, world_job
from tests.cli.collecting import collector
from tests.cli.conftest import Run

if TYPE_CHECKING:
    from maspo.events import Event

USAGE = {
    "agent": Usage(calls=7, cached=2, failed=1, tokens_in=100, tokens_out=20, tokens_cached=40, usd=0.25),
    "judge.global": Usage(calls=3, tokens_in=50, tokens_out=5, usd=None),
}
NOW = Progress(
    "search", 3, 10, 10, 600, 0.25, 12.5, 4, usage=USAGE, leased=BudgetLease(1.5, 20, 0.4), waiting="an outage"
)


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


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", None),
        ("0", 0),
        ("9464", 9464),
        ("otlp", "http://127.0.0.1:4318/v1/metrics"),
        ("http://localhost:1/base", "http://localhost:1/base/v1/metrics"),
        ("https://collector.example/v1/metrics", "https://collector.example/v1/metrics"),
    ],
)
def test_me04_the_variable_names_the_place_and_the_option_stands_for_it(
    text: str, where: int | str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert where_asked() == where
    ask_for(None)
    assert where_asked() == where
    ask_for("12")
    assert where_asked() == 12


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *((text, "expected a port") for text in ("here", "-1", "70000", "１", "ftp://127.0.0.1")),
        ("http://", "expected the http"),
        ("http://[", "expected the http"),
        ("http://collector.example:4318", "use https"),
    ],
)
def test_me05_what_is_no_place_or_shows_figures_to_others_is_refused(
    text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ConfigInvalid, match=why):
        where_asked()


def test_me09_the_variable_of_other_programs_alone_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example")
    assert where_asked() is None
    monkeypatch.setenv(VARIABLE, "otlp")
    assert where_asked() == "https://collector.example/v1/metrics"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example")
    with pytest.raises(ConfigInvalid, match="OTEL_EXPORTER_OTLP_ENDPOINT http://collector"):
        where_asked()


def points(request: dict[str, Any]) -> dict[str, float]:
    """Return the values of a request of OTLP by name and attributes, named as Prometheus does."""
    found = {}
    [resource] = request["resourceMetrics"]
    for metric in resource["scopeMetrics"][0]["metrics"]:
        counts = "sum" in metric
        name = metric["name"].replace(".", "_") + "_total" * counts
        for point in metric.get("sum", metric.get("gauge", {})).get("dataPoints", ()):
            attributes = {one["key"]: one["value"]["stringValue"] for one in point["attributes"]}
            labels = ",".join(attributes[key] for key in sorted(attributes))
            value = float(point["asInt"] if "asInt" in point else point["asDouble"])
            found[f"{name}{{{labels}}}" if labels else name] = value
    return found


def test_me10_a_collector_is_told_what_prometheus_is() -> None:
    metrics = Metrics()
    assert metrics.request() is None
    metrics.on_progress(NOW)
    request = metrics.request()
    assert request is not None and points(request) == told(metrics)
    [usage] = (one for one in metrics_of(request) if one["name"] == "gen_ai.client.token.usage")
    tokens = {
        tuple(sorted(one["value"]["stringValue"] for one in point["attributes"])): (point["sum"], point["count"])
        for point in usage["histogram"]["dataPoints"]
    }
    assert tokens == {
        ("agent", "chat", "input", "openai"): (100, "6"),
        ("agent", "chat", "openai", "output"): (20, "6"),
        ("chat", "input", "judge.global", "openai"): (50, "3"),
        ("chat", "judge.global", "openai", "output"): (5, "3"),
    }


def metrics_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
    return found


def test_me11_a_run_is_sent_at_its_end(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as (url, got):
        monkeypatch.setenv(VARIABLE, url)
        said = maspo("demo", "--inputs", "8", "--out", "run", "--json")
    assert said.code == 0 and f"Metrics: {url}/v1/metrics" in said.err
    [one] = got
    assert one["path"] == "/v1/metrics"
    for purpose, usage in said.json["usage"].items():
        assert points(one["body"])[f"maspo_calls_total{{{purpose}}}"] == usage["calls"]
    # Of a simulated world nothing is told that would stand beside figures of real models.
    names = [metric["name"] for metric in metrics_of(one["body"])]
    assert not [name for name in names if "gen_ai" in name or "usd" in name]


def test_me13_a_run_that_goes_on_is_the_same_instance_and_as_simulated_as_before() -> None:
    began = RunStarted("f00d", "s", ("a",), {}, {}, "default", 0, 1, 1, {}, simulated=True, version="1")
    metrics = Metrics([began])
    metrics.on_progress(NOW)
    request = metrics.request()
    assert request is not None and "f00d" in str(request["resourceMetrics"][0]["resource"])
    assert "maspo_cost_usd_total{agent}" not in told(metrics)
    nameless = Metrics()
    nameless.on_progress(NOW)
    names = {str((nameless.request() or {})["resourceMetrics"][0]["resource"]) for _ in range(2)}
    assert len(names) == 1, "counters belong to an instance"


def test_me12_it_is_sent_time_and_again_and_a_refusal_is_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "1")
    metrics = Metrics()
    metrics.on_progress(NOW)
    with collector(503) as (url, got):
        with sent(metrics, f"{url}/v1/metrics"):
            for _ in range(2000):
                if len(got) >= 3:
                    break
                threading.Event().wait(0.005)
        assert len(got) >= 4, "and once at the end"
    assert capsys.readouterr().err.count("metrics are not sent, which is tried again") == 1
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "soon")
    with pytest.raises(ConfigInvalid, match="expected milliseconds"), sent(metrics, url):
        pass


@pytest.mark.parametrize(
    "address",
    ["http://user:pa55word@127.0.0.1:4318", "http://127.0.0.1:4318/?token=pa55word", "http://u:pa55word@[::1"],
)
def test_me14_a_pass_in_an_address_is_refused_and_not_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(ConfigInvalid) as refusal:
        where_asked()
    assert "pa55word" not in str(refusal.value)


def test_me15_a_pass_that_a_collector_sends_back_is_cut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20otlp-pass-9e1f7a,x-team=red-team-nine")
    with collector(401, said="no: Bearer otlp-pass-9e1f7a") as (address, _), pytest.raises(ProviderError) as refusal:
        asyncio.run(send(address, [{}], "--metrics", 5))
    assert "HTTP 401" in str(refusal.value) and "otlp-pass" not in str(refusal.value)


@pytest.mark.parametrize("headers", ["authorization=x%0D%0Ay: z", "two words=x", "=x"])
def test_me16_headers_that_are_none_are_refused(headers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)
    with pytest.raises(ConfigInvalid, match="name=value"):
        asyncio.run(send("http://127.0.0.1:9", [{}], "--metrics", 5))


@pytest.mark.parametrize(
    ("variable", "value"), [(VARIABLE, "1" * 5000), ("OTEL_METRIC_EXPORT_INTERVAL", "99999999999999999")]
)
def test_me17_numbers_beyond_all_bounds_are_refused(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigInvalid, match=variable):
        where_asked()
        with sent(Metrics(), "http://127.0.0.1:9/v1/metrics"):
            pass
