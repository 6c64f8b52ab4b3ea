"""Messages of the protocol, one by one: eras, errors, progress, cancellation. The offer is a small one of the tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.mcp.protocol import Called, Progress, Server
from tests.mcp.conftest import META, Json

MODERN = {"_meta": META}


@dataclass
class Small:
    """A tool that counts to what it is told, one that never ends, one that breaks, and one file."""

    instructions: str = "Count."
    cancelled: list[str] = field(default_factory=list)

    def tools(self) -> list[Json]:
        return [{"name": name, "inputSchema": {"type": "object"}} for name in ("count", "wait", "break")]

    async def call(self, name: str, arguments: Json, progress: Progress) -> Called:
        if name == "break":
            raise ValueError("broken")
        if name == "wait":
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.append(name)
        if name != "count":
            raise KeyError(name)
        for number in range(arguments["to"]):
            progress(f"number {number}")
        return Called(({"type": "text", "text": "done"},), {"counted": arguments["to"]})

    def resources(self) -> list[Json]:
        return [{"uri": "file:///page.html", "name": "page.html"}]

    def read(self, uri: str) -> Json:
        return {"file:///page.html": {"uri": uri, "text": "<p>"}}[uri]


async def said(*messages: object, offer: Small | None = None) -> list[Json]:
    """Return what the server writes to some messages, until nothing more comes of them by itself."""
    written: list[Json] = []

    async def lines() -> AsyncIterator[bytes]:
        for message in messages:
            yield message if isinstance(message, bytes) else json.dumps(message).encode()
            for _ in range(5):  # until tasks that can go on have gone on
                await asyncio.sleep(0)

    def write(line: bytes) -> None:
        assert line.endswith(b"\n")
        assert b"\n" not in line[:-1]
        written.append(json.loads(line))

    await Server(offer or Small(), write).serve(lines())
    return written


def request(number: object, method: str, params: object = MODERN) -> Json:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def call(number: object, name: str, arguments: Json | None = None, **meta: object) -> Json:
    return request(number, "tools/call", {"name": name, "arguments": arguments or {}, "_meta": {**META, **meta}})


async def test_a_request_of_the_newest_revision_needs_no_handshake() -> None:
    (found,) = await said(request("a", "server/discover"))
    result = found["result"]
    assert found["id"] == "a"
    assert result["supportedVersions"] == ["2026-07-28"]
    assert result["capabilities"] == {"tools": {}, "resources": {}}
    assert result["instructions"] == "Count."
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "maspo"


@pytest.mark.parametrize("method", ["server/discover", "tools/list", "resources/list", "resources/templates/list"])
async def test_lists_say_how_long_they_may_be_kept(method: str) -> None:
    (found,) = await said(request(1, method))
    assert found["result"]["resultType"] == "complete"
    assert found["result"]["ttlMs"] >= 0
    assert found["result"]["cacheScope"] == "private"


@pytest.mark.parametrize(
    ("asked", "version"), [("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2024-11-05", "2025-11-25")]
)
async def test_an_older_client_opens_with_initialize(asked: str, version: str) -> None:
    opened = request(1, "initialize", {"protocolVersion": asked, "capabilities": {}, "clientInfo": {}})
    first, ping, tools, called = await said(
        opened,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        request(2, "ping", {}),
        request(3, "tools/list", None),
        request(4, "tools/call", {"name": "count", "arguments": {"to": 0}}),
    )
    assert first["result"]["protocolVersion"] == version
    assert first["result"]["serverInfo"]["name"] == "maspo"
    assert ping["result"] == {}
    assert [tool["name"] for tool in tools["result"]["tools"]] == ["count", "wait", "break"]
    for answer in (first, ping, tools, called):
        assert not {"resultType", "ttlMs", "_meta"} & answer["result"].keys()


async def test_nothing_is_remembered_between_requests_of_the_newest_revision() -> None:
    without = await said(request(1, "server/discover"), request(2, "tools/list", {}))
    assert without[1]["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 100_000, -32700),
        ([], -32600),
        ({"id": 1, "method": "tools/list"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 3}, -32600),
        (request(None, "tools/list"), -32600),
        (request(True, "tools/list"), -32600),
        (request(1.5, "tools/list"), -32600),
        (request(1, "tools/list", []), -32602),
        (request(1, "tools/list", {"_meta": 3}), -32602),
        (request(1, "tools/list", {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}), -32602),
        (request(1, "tools/remove"), -32601),
        (request(1, "ping"), -32601),
        (request(1, "initialize"), -32601),
        (call(1, "fly"), -32602),
        (request(1, "tools/call", {"name": "count", "arguments": [], **MODERN}), -32602),
        (request(1, "resources/read", {"uri": "file:///etc/passwd", **MODERN}), -32602),
        (call(1, "break"), -32603),
    ],
)
async def test_what_cannot_be_answered_is_an_error_of_its_kind(message: object, code: int) -> None:
    failed, after = await said(message, request(9, "tools/list"))
    assert failed["error"]["code"] == code
    assert failed["error"]["message"]
    assert "result" in after
    assert failed.get("id", "absent") is not None


async def test_a_version_that_is_not_spoken_is_answered_with_those_that_are() -> None:
    meta = {**META, "io.modelcontextprotocol/protocolVersion": "1900-01-01"}
    (found,) = await said(request(1, "tools/list", {"_meta": meta}))
    assert found["error"]["code"] == -32022
    assert found["error"]["data"] == {"supported": ["2026-07-28"], "requested": "1900-01-01"}


async def test_progress_is_told_under_the_token_only_where_it_was_asked_for() -> None:
    (quiet,) = await said(call(1, "count", {"to": 3}))
    *told, result = await said(call(1, "count", {"to": 3}, progressToken=7))
    assert result["result"] == quiet["result"]
    assert [one["params"]["progressToken"] for one in told] == [7, 7, 7]
    steps = [one["params"]["progress"] for one in told]
    assert steps == sorted(set(steps))
    assert all("id" not in one for one in told)


async def test_a_request_that_is_cancelled_is_stopped_and_not_answered() -> None:
    offer = Small()
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "enough"}}
    (found,) = await said(call(1, "wait"), call(2, "count", {"to": 0}), cancel, offer=offer)
    assert found["id"] == 2
    assert offer.cancelled == ["wait"]
    again = await said(call(1, "count", {"to": 0}), cancel, call(1, "count", {"to": 0}))
    assert [one["id"] for one in again] == [1, 1]


async def test_an_id_in_use_is_refused_and_the_first_request_goes_on() -> None:
    offer = Small()
    found = await said(call(1, "wait"), call(1, "count", {"to": 0}), offer=offer)
    assert [one["error"]["code"] for one in found] == [-32600]
    assert offer.cancelled == ["wait"]


async def test_a_subscription_is_acknowledged_with_nothing_in_it() -> None:
    wanted = {"notifications": {"toolsListChanged": True}, **MODERN}
    (found,) = await said(request(4, "subscriptions/listen", wanted))
    assert found["method"] == "notifications/subscriptions/acknowledged"
    assert found["params"]["notifications"] == {}
    assert found["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 4


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    message=_JSON
    | st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": st.sampled_from(["tools/call", "tools/list", "notifications/cancelled"])},
        optional={"id": _JSON, "params": _JSON},
    )
)
def test_no_message_ends_the_server(message: object) -> None:
    found = asyncio.run(said(message, request("last", "tools/list")))
    assert found[-1]["id"] == "last"
    assert "result" in found[-1]
