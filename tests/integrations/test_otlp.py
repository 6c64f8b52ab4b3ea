"""A watch receives what the SDK of OpenTelemetry sends; runs where that is installed (``make plugins``)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="an outside package: make plugins installs it")
exporters = pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http.trace_exporter", reason="an outside package: make plugins installs it"
)

from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402

from maspo.online.received import RECEIVED, Received  # noqa: E402
from maspo.online.sources import Files  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


def ask(url: str, packed: Any, questions: int) -> None:
    """Trace a service that asks a model once a question; each span is sent as it ends."""
    exporter = exporters.OTLPSpanExporter(url, compression=packed, timeout=10)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=1))
    tracer = provider.get_tracer("service")
    for number in range(questions):
        with tracer.start_as_current_span("POST /ask"), tracer.start_as_current_span("chat") as call:
            said = [{"role": "user", "parts": [{"type": "text", "content": f"How many are {number} and 1?"}]}]
            call.set_attribute("gen_ai.operation.name", "chat")
            call.set_attribute("gen_ai.input.messages", json.dumps(said))
    assert provider.force_flush()
    provider.shutdown()


@pytest.mark.parametrize("packed", ["NoCompression", "Gzip"])
def test_ot01_what_the_sdk_sends_is_an_input_once_each(packed: str, tmp_path: Path) -> None:
    async def receive() -> None:
        async with Received(tmp_path / RECEIVED, 0).listening() as port:
            url = f"http://localhost:{port}/v1/traces"
            await asyncio.to_thread(ask, url, getattr(exporters.Compression, packed), 20)

    asyncio.run(receive())
    found = Files(tmp_path / RECEIVED).take("")
    assert [row["input"] for row in found.rows if isinstance(row, dict)] == [
        f"How many are {number} and 1?" for number in range(20)
    ]
    assert not found.skipped
