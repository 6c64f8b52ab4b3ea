"""``maspo spans``: the calls of a run as OpenTelemetry tells them, in a file and to a collector."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.collecting import collector
from tests.cli.conftest import Run

SENT = "letter"
"""Stands in every prompt of the world."""


@pytest.fixture(scope="module")
def made(maspo: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in the simulated world."""
    out = tmp_path_factory.mktemp("spans") / "run"
    said = maspo("demo", "--out", str(out), "--inputs", "8")
    assert said.code == 0, said.err
    return out


@pytest.fixture
def run(made: Path, folder: Path) -> Path:
    return Path(shutil.copytree(made, folder / "run"))


def spans_in(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    scopes = [scope for one in requests for found in one["resourceSpans"] for scope in found["scopeSpans"]]
    return [span for scope in scopes for span in scope["spans"]]


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def test_sp01_each_call_of_the_record_is_a_span_below_that_of_the_run(maspo: Run, run: Path) -> None:
    said = maspo("spans", "run", "--out", "spans.jsonl", "--json")
    assert said.code == 0, said.err
    text = Path("spans.jsonl").read_text()
    found = spans_in([json.loads(line) for line in text.splitlines()])
    [root] = [span for span in found if "parentSpanId" not in span]
    calls = [span for span in found if span is not root]
    usage = json.loads(maspo("report", "run", "--json").out.splitlines()[-1])["usage"].values()
    assert len(calls) == sum(one["calls"] for one in usage)
    assert said.json["spans"] == len(found)
    assert {span["parentSpanId"] for span in calls} == {root["spanId"]}
    assert len({span["spanId"] for span in found}) == len(found)
    assert {span["traceId"] for span in found} == {root["traceId"]}
    assert sum(int(attributes(span)["gen_ai.usage.input_tokens"]) for span in calls) == sum(
        one["tokens_in"] for one in usage
    )
    assert {attributes(span).get("gen_ai.agent.name") for span in calls} >= {"solver", "critic"}
    for span in calls:
        assert int(root["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    # No text of prompts, inputs and replies unless it is asked for.
    assert SENT not in text


def test_sp02_with_texts_the_inputs_are_found_in_them_again(maspo: Run, run: Path) -> None:
    assert maspo("spans", "run", "--out", "spans.jsonl", "--content").code == 0
    assert SENT in Path("spans.jsonl").read_text()
    assert maspo("spans", "run", "--out", "spans.jsonl").code == 2
    found = maspo("inputs", "from-traces", "spans.jsonl", "--out", "asked.jsonl")
    assert found.code == 0, found.err


def test_sp03_a_collector_gets_the_same_and_its_refusal_is_told(
    maspo: Run, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert maspo("spans", "run", "--out", "spans.jsonl").code == 0
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a%20b,other=1")
    with collector() as (url, got):
        assert maspo("spans", "run", "--to", url).code == 0
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        assert maspo("spans", "run").code == 0
    half = len(got) // 2
    written = [json.loads(line) for line in Path("spans.jsonl").read_text().splitlines()]
    assert [one["body"] for one in got[:half]] == [one["body"] for one in got[half:]] == written
    assert {(one["path"], one["team"]) for one in got} == {("/v1/traces", "a b")}
    with collector(413) as (url, _):
        refused = maspo("spans", "run", "--to", url)
    assert (refused.code, "HTTP 413" in refused.err) == (5, True)
    assert maspo("spans", "run", "--to", url).code == 5


@pytest.mark.parametrize("to", ["http://example.org:4318", "ftp://127.0.0.1", "127.0.0.1:4318"])
def test_sp04_an_address_that_shows_prompts_to_others_or_is_none_is_refused(maspo: Run, run: Path, to: str) -> None:
    assert maspo("spans", "run", "--to", to).code == 2
    assert maspo("spans", "nowhere", "--out", "x").code == 2
    assert maspo("spans", "run", "--out", "x", "--to", "http://127.0.0.1:1").code == 2
