"""Traces sent over OTLP/HTTP: what was asked in them arrives once, whatever came first, and survives a kill."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import ConfigInvalid, InputsInvalid, Interrupted, UsageError
from maspo.data.traces.harvest import begun_in
from maspo.online.received import RECEIVED, Received, Traces, received_at, source_of, waiting_in
from maspo.online.sources import Called, Files, Row
from maspo.online.watching import watch
from maspo.testing.drifting import DriftingWorld
from tests.online.test_watching import PLAN, Asked, around, rows, watched

ROOT, CALL = "0000000000000001", "0000000000000002"
JSON = {"Content-Type": "application/json"}


def span(trace: int, number: str, parent: str = "", asked: str = "") -> dict[str, Any]:
    """Return a span; of a call to a model where something is asked."""
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": asked}]}])
    told = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": said} if asked else {"http.route": "/ask"}
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
    ids = {"traceId": f"{trace:032x}", "spanId": number, "startTimeUnixNano": str(int(number, 16))}
    return {**ids, "name": "a", "attributes": attributes, **({"parentSpanId": parent} if parent else {})}


def request(*spans: Mapping[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def of_service(trace: int, asked: str) -> list[dict[str, Any]]:
    """Return the spans of a question to a service: the call ends first, then what the service was asked, without it."""
    return [span(trace, CALL, ROOT, asked), span(trace, ROOT)]


async def sent(state: Path, *bodies: bytes, headers: Mapping[str, str] = JSON, path: str = "/v1/traces") -> list[int]:
    """Send bodies one after the other to a receiver; return how each was answered."""
    async with Received(state / RECEIVED, 0).listening() as port, aiohttp.ClientSession() as session:
        found = []
        for body in bodies:
            async with session.post(f"http://127.0.0.1:{port}{path}", data=body, headers=headers) as answer:
                found.append(answer.status)
                if answer.status == 200:
                    assert await answer.json() == {}
        return found


def asked_in(state: Path) -> Sequence[Row]:
    return [row["input"] for row in Files(state / RECEIVED).take("").rows if isinstance(row, dict)]


def test_re01_what_was_asked_is_an_input_once_its_beginning_has_come(tmp_path: Path) -> None:
    call, root = of_service(1, "How many?")
    first, second = (json.dumps(request(one)).encode() for one in (call, root))
    assert asyncio.run(sent(tmp_path, first)) == [200]
    assert asked_in(tmp_path) == []
    assert asyncio.run(sent(tmp_path, second)) == [200], "by another process, as after a kill"
    assert asked_in(tmp_path) == ["How many?"]


@given(st.integers(1, 6), st.randoms(use_true_random=False), st.integers(1, 4))
def test_re02_each_question_arrives_once_however_its_spans_are_sent(count: int, chance: Random, batch: int) -> None:
    """The span that began a trace comes last, as it ends last; traces are mixed."""
    spans = [of_service(number, f"question {number}") for number in range(count)]
    order = [number for number in range(count) for _ in range(2)]
    chance.shuffle(order)
    flat = [spans[number].pop(0) for number in order]
    traces, found = Traces(), []
    for at in range(0, len(flat), batch):
        found += list(traces.of(request(*flat[at : at + batch])))
    begun = [one for line in found if (one := _question(line))]
    assert sorted(begun) == sorted(f"question {number}" for number in range(count))
    assert not traces.pending


def _question(line: Mapping[str, Any]) -> str:
    there, _ = begun_in(line)
    return str(there[0]["input"]) if there else ""


def test_re03_half_a_line_of_a_killed_process_costs_nothing_that_was_answered(tmp_path: Path) -> None:
    call, root = (json.dumps(request(one)).encode() for one in of_service(1, "How many?"))
    asyncio.run(sent(tmp_path, call))
    with (tmp_path / RECEIVED).open("ab") as stream:
        stream.write(b'{"resourceSpans": [{"sco')
    asyncio.run(sent(tmp_path, root))
    assert asked_in(tmp_path) == ["How many?"]


def test_re12_a_request_that_could_not_be_kept_is_as_if_it_had_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, failed = os.fsync, list[int]()

    def fails_once(handle: int) -> None:
        if not failed and os.fstat(handle).st_size > first:
            failed.append(handle)
            os.ftruncate(handle, os.fstat(handle).st_size - 5)
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(handle)

    call, root = (json.dumps(request(one)).encode() for one in of_service(1, "How many?"))
    assert asyncio.run(sent(tmp_path, call)) == [200]
    first = (tmp_path / RECEIVED).stat().st_size
    monkeypatch.setattr("maspo.online.received.os.fsync", fails_once)
    assert asyncio.run(sent(tmp_path, root, root)) == [503, 200]
    assert asked_in(tmp_path) == ["How many?"]


@pytest.mark.parametrize(
    ("body", "headers", "path", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, "/v1/traces", 415),
        (b"{}", {**JSON, "Origin": "http://evil.example"}, "/v1/traces", 403),
        (b"{}", {**JSON, "Host": "evil.example:4318"}, "/v1/traces", 403),
        (b"{}", {**JSON, "Host": "127.0.0.1:port"}, "/v1/traces", 403),
        (b"no JSON", JSON, "/v1/traces", 400),
        (b"[1]", JSON, "/v1/traces", 400),
        (b"[" * 100_000, JSON, "/v1/traces", 400),
        (b"{}", JSON, "/v1/metrics", 404),
        (b"{}", JSON, "/v1/traces", 200),
        (b'{"resourceSpans": 7}', JSON, "/v1/traces", 200),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{}, 7, {"traceId": 1}]}]}]}', JSON, "/v1/traces", 200),
    ],
)
def test_re04_what_is_no_trace_and_who_is_no_service_are_refused(
    body: bytes, headers: Mapping[str, str], path: str, status: int, tmp_path: Path
) -> None:
    assert asyncio.run(sent(tmp_path, body, headers=headers, path=path)) == [status]
    assert asked_in(tmp_path) == []


def test_re05_a_packed_request_is_read_and_one_that_is_too_large_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = gzip.compress(json.dumps(request(*of_service(1, "How many?"))).encode())
    assert asyncio.run(sent(tmp_path, body, headers={**JSON, "Content-Encoding": "gzip"})) == [200]
    assert asked_in(tmp_path) == ["How many?"]
    monkeypatch.setattr("maspo.online.received._LARGEST", 1000)
    bomb = gzip.compress(b" " * 1_000_000)
    assert asyncio.run(sent(tmp_path, bomb, headers={**JSON, "Content-Encoding": "gzip"})) == [413]


def test_re06_traces_without_a_beginning_are_given_up_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.online.received._MOST_PENDING", 2000)
    traces = Traces()
    for number in range(50):
        list(traces.of(request(span(number, CALL, ROOT, "x" * 100))))
    assert 1 <= len(traces.pending) < 10 and f"{49:032x}" in traces.pending


def test_re13_the_file_is_begun_anew_once_all_of_it_is_recorded_and_nothing_gets_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads takes up what has come now and then; a trace whose beginning comes last stays until it does."""
    monkeypatch.setattr("maspo.online.received._LARGEST_FILE", 3000)
    source = Received(tmp_path / RECEIVED, 0)
    waits, began = of_service(1000, "the one that waits")

    async def work() -> tuple[list[Row], list[int]]:
        found, sizes, position = list[Row](), list[int](), ""
        async with source.listening() as port, aiohttp.ClientSession() as session:

            async def send(*spans: Mapping[str, Any]) -> None:
                url = f"http://127.0.0.1:{port}/v1/traces"
                async with session.post(url, data=json.dumps(request(*spans)), headers=JSON) as answer:
                    assert answer.status == 200

            await send(waits)
            for number in range(40):
                await send(*of_service(number, f"question {number}"))
                sizes.append(source.path.stat().st_size)
                if number % 3 == 0:
                    taken = source.take(position)
                    found += taken.rows
                    position = taken.position
                    source.take(position)  # as a watch does that waits for more
            await send(began)
            found += source.take(position).rows
        return found, sizes

    found, sizes = asyncio.run(work())
    asked = [row["input"] for row in found if isinstance(row, dict)]
    assert asked == [*(f"question {number}" for number in range(40)), "the one that waits"]
    assert max(sizes) < 6000 and sizes != sorted(sizes), "it does not grow without an end"


def test_re14_what_nobody_takes_up_is_refused_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.online.received._LARGEST_FILE", 300)
    monkeypatch.setattr("maspo.online.received._MOST_UNREAD", 2000)
    bodies = [json.dumps(request(*of_service(number, "How many?"))).encode() for number in range(12)]
    answers = asyncio.run(sent(tmp_path, *bodies))
    assert set(answers) == {200, 503} and answers == sorted(answers)
    assert len(asked_in(tmp_path)) == answers.count(200)


def test_re15_a_service_that_is_told_localhost_reaches_it_by_either_address(tmp_path: Path) -> None:
    async def at(host: str) -> int:
        async with Received(tmp_path / RECEIVED, 0).listening() as port, aiohttp.ClientSession() as session:
            body = json.dumps(request(*of_service(1, "How many?")))
            async with session.post(f"http://{host}:{port}/v1/traces", data=body, headers=JSON) as answer:
                return answer.status

    assert asyncio.run(at("127.0.0.1")) == 200
    try:
        assert asyncio.run(at("[::1]")) == 200
    except aiohttp.ClientConnectorError:
        pytest.skip("no IPv6 here")
    assert received_at("otlp://[::1]:4318", tmp_path) == received_at("otlp://localhost", tmp_path)


def test_re11_without_its_package_protobuf_is_refused_and_what_to_install_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert asyncio.run(sent(tmp_path, b"", headers={"Content-Type": "application/x-protobuf"})) == [415]
    assert "pip install 'maspo[otlp]'" in Received(tmp_path / RECEIVED).told


@pytest.mark.parametrize("address", ["otlp://0.0.0.0:4318", "otlp://example.org", "otlp:4318", "otlp://127.0.0.1:x"])
def test_re07_only_this_machine_is_listened_to(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="otlp://127"):
        source_of(address, tmp_path)


def test_re08_addresses_files_and_functions_are_told_apart(tmp_path: Path) -> None:
    found = source_of("otlp://localhost", tmp_path)
    assert found == received_at("otlp://127.0.0.1:4318", tmp_path) == Received(tmp_path / RECEIVED, 4318)
    assert isinstance(source_of(lambda: None, tmp_path), Called)
    assert source_of(str(tmp_path), tmp_path) == Files(tmp_path)
    with pytest.raises(InputsInvalid, match="no such file"):
        source_of("otlp.jsonl", tmp_path)


def test_re09_a_port_that_is_taken_and_a_file_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    async def twice() -> None:
        async with (
            Received(tmp_path / RECEIVED, 0).listening() as port,
            Received(tmp_path / RECEIVED, port).listening(),
        ):
            raise AssertionError("it listens twice")

    with pytest.raises(UsageError, match="cannot be listened at"):
        asyncio.run(twice())
    with pytest.raises(UsageError, match="cannot be used"):
        waiting_in(tmp_path)


def test_re10_a_watch_looks_at_what_it_is_sent(tmp_path: Path, unused_tcp_port: int) -> None:
    world, state = DriftingWorld(3), tmp_path / "state"
    texts = [str(row["input"]) for row in rows(world, 2, 9)]
    source = source_of(f"otlp://127.0.0.1:{unused_tcp_port}", state)
    stop = asyncio.Event()

    async def send() -> None:
        url = f"http://localhost:{unused_tcp_port}/v1/traces"
        async with aiohttp.ClientSession() as session:
            for number, text in enumerate(texts, 1):
                body = json.dumps(request(*of_service(number, text)))
                while True:
                    try:
                        async with session.post(url, data=body, headers=JSON) as answer:
                            assert answer.status == 200
                        break
                    except aiohttp.ClientConnectorError:
                        await asyncio.sleep(0.05)

    async def whole() -> int:
        seen: list[int] = []

        def follow(now: Any) -> None:
            seen.append(now.windows)
            if now.windows == len(texts) // PLAN.window:
                stop.set()

        sending = asyncio.create_task(send())
        with pytest.raises(Interrupted, match="Stopped"):
            await watch(watched(world), source, state, around(Asked(world), screen=follow, stop=stop))
        await sending
        return seen[-1]

    assert asyncio.run(whole()) == 2
    assert asked_in(state) == texts
