"""Requests that nobody may make of ``maspo ui``, as bytes: whatever comes back, nothing may have been shown or decided.

Each is built for one server: ``port``, its ``token``, and ``run``, the id of a run that is there.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass

VETO = json.dumps({"action": "veto", "agent": "critic"}).encode()


@dataclass(frozen=True)
class Target:
    """What a hostile page or program could know, and the token, which it could not."""

    port: int
    token: str
    run: str

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def request(
        self, method: str = "GET", path: str = "/api/runs", body: bytes = b"", drop: tuple[str, ...] = (), **more: str
    ) -> bytes:
        """Return a request as the page makes it, but for ``drop`` and ``more`` (headers by name, ``_`` for ``-``)."""
        headers = {"Host": self.host, "Connection": "close"}
        if method == "POST":
            headers |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
            headers |= {"X-Maspo-Token": self.token, "Content-Length": str(len(body))}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items() if name not in drop),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body

    def act(self, body: bytes = VETO, path: str = "", drop: tuple[str, ...] = (), **more: str) -> bytes:
        return self.request("POST", path or f"/api/runs/{self.run}/actions", body, drop, **more)


def hostile(at: Target) -> Iterator[tuple[str, bytes]]:
    """Yield each request with what is wrong with it."""
    shown = ("/", "/api/runs", "/api/session", f"/api/runs/{at.run}", f"/api/runs/{at.run}/events")
    for method, path in itertools.product(
        ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "M-SEARCH"), shown
    ):
        yield f"method {method}", at.request(method, path)
    yield "method CONNECT", at.request("CONNECT", at.host)
    for host, path in itertools.product(_hosts(at), shown):
        yield f"host {host}", at.request(path=path, Host=host)
        yield f"host {host}, deciding", at.act(Host=host)
    yield "no host", at.request(drop=("Host",))
    yield "two hosts", at.request().replace(b"\r\n\r\n", f"\r\nHost: {at.host}\r\n\r\n".encode())
    yield "another host in the line", at.request(path="http://evil.example/api/runs", Host="evil.example")
    for origin in _origins(at):
        yield f"origin {origin}", at.request(Origin=origin)
        yield f"origin {origin}, deciding", at.act(Origin=origin)
    yield "no origin, deciding", at.act(drop=("Origin",))
    for site in ("cross-site", "same-site", "evil"):
        yield f"site {site}", at.request(Sec_Fetch_Site=site)
        yield f"site {site}, deciding", at.act(Sec_Fetch_Site=site)
    for path in _paths(at):
        yield f"path {path[:40]}", at.request(path=path)
        yield f"path {path[:40]}, deciding", at.act(path=path)
    for token in _tokens(at.token):
        yield f"token {token[:12]}", at.act(X_Maspo_Token=token)
    yield "no token", at.act(drop=("X-Maspo-Token",))
    yield "two tokens", at.act().replace(b"\r\nX-Maspo", b"\r\nX-Maspo-Token: a\r\nX-Maspo")
    yield "token in the address", at.act(path=f"/api/runs/{at.run}/actions?token={at.token}", drop=("X-Maspo-Token",))
    yield "token as a cookie", at.act(drop=("X-Maspo-Token",), Cookie=f"token={at.token}")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""):
        yield f"type {kind}", at.act(Content_Type=kind)
    yield "no type", at.act(drop=("Content-Type",))
    for length in ("99999999", "-1", "+5", "0x10", "1e9", "", "١٢", str(1 << 70), "16385"):
        yield f"length {length}", at.act(Content_Length=length)
    yield "no length", at.act(drop=("Content-Length",))
    yield "too long", at.act(b" " * 17_000 + VETO)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(VETO), VETO)
    yield "chunked", at.act(chunked, drop=("Content-Length",), Transfer_Encoding="chunked")
    yield "chunked and of a length", at.act(chunked, Transfer_Encoding="chunked")
    packed = gzip.compress(VETO)
    for coding in ("gzip", "deflate", "br", "identity"):
        yield f"coding {coding}", at.act(packed if coding == "gzip" else VETO, Content_Encoding=coding)
    for body in _bodies():
        yield f"body {body[:30]!r}", at.act(body)
    yield "an upgrade", at.request(Connection="Upgrade", Upgrade="websocket")
    yield "a question with a body", at.request(Content_Length="5") + b"hello"
    yield "many headers", _with(at.request(), *(f"X-{number}: {'a' * 200}" for number in range(400)))
    yield "a header that is too long", at.request(X_Long="a" * 20_000)
    yield "a header in two lines", at.request(X_Folded="a\r\n b", Origin="http://evil.example")
    yield "a zero byte", at.request(X_Zero="a\0b")
    yield "no version", b"GET /api/runs\r\n\r\n"
    yield "another version", at.request().replace(b"HTTP/1.1", b"HTTP/9.9")
    yield "noise", bytes(range(256)) * 8
    yield "a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500


def _with(request: bytes, *lines: str) -> bytes:
    """Return a request with further lines in its head."""
    return request.replace(b"\r\n\r\n", "\r\n".join(["", *lines, "", ""]).encode(), 1)


def smuggled(at: Target) -> Iterator[tuple[str, bytes]]:
    """Yield requests behind others on one connection; those that nobody may make get no answer of their own."""
    bad = [at.act(X_Maspo_Token="x"), at.act(Origin="http://evil.example"), at.request("DELETE")]
    good = at.request(path="/api/session", Connection="keep-alive")
    for number, one in enumerate(bad):
        yield f"behind a good one {number}", good + one
        yield f"twice {number}", one + one
        yield f"as the body of a refused one {number}", at.act(at.act(), X_Maspo_Token="x") + one
    yield "as the body of a question", at.request(Content_Length=str(len(at.act()))) + at.act()
    yield (
        "by two lengths",
        at.act(b"").replace(b"Content-Length: 0", b"Content-Length: 0\r\nContent-Length: 7") + bad[0],
    )
    yield "by length and chunks", at.act(b"0\r\n\r\n" + at.act(), Transfer_Encoding="chunked")
    for number in range(8):
        yield f"many {number}", good * number + bad[number % 3] * 5


def _hosts(at: Target) -> Iterator[str]:
    yield from ("evil.example", f"evil.example:{at.port}", "127.0.0.1", "localhost", f"127.0.0.1:{at.port + 1}")
    yield from (
        f"0.0.0.0:{at.port}",
        f"[::1]:{at.port}",
        f"{at.host}.evil.example",
        f"evil@{at.host}",
        f"127.1:{at.port}",
    )
    yield from (f"localhost.:{at.port}", f"{at.host}, evil.example", "", f"{at.host}/", f"LOCALHOST:{at.port}\t.")


def _origins(at: Target) -> Iterator[str]:
    yield from ("http://evil.example", "null", "", f"https://{at.host}", f"http://127.0.0.1:{at.port + 1}", "file://")
    yield from (f"http://localhost:{at.port}", f"http://{at.host}.evil.example", f"http://{at.host}/", at.host)
    yield from (f"http://{at.host} http://evil.example", f"HTTP://{at.host}", "http://127.0.0.1")


def _paths(at: Target) -> Iterator[str]:
    run = f"/api/runs/{at.run}"
    yield from ("/etc/passwd", "/../../etc/passwd", "//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cwin.ini")
    yield from (f"{run}/../{at.run}", f"{run}%2f..", f"{run}/run.db", f"{run}/events/x", f"{run}/", f"{run}//actions")
    yield from ("/api/runs/..", "/api/runs/%2e%2e", "/api/runs/%00", "/api/runs/run.db", "/api/runs/-", "/api")
    yield from ("/api/runs/" + "a" * 3000, "/" + "a" * 5000, f"{run}/traces/" + "%2e%2e%2f" * 50, f"{run}/traces/")
    yield from (
        f"{run}/traces/../../x",
        f"{run}/ACTIONS",
        f"{run}/events;x",
        "/index.html",
        "/api/runs/\\..\\x",
        "/~root",
    )


def _tokens(token: str) -> Iterator[str]:
    yield from ("x", "", token[:-1], f"{token}x", token.swapcase(), token[::-1], f" {token[1:]}", f'"{token}"')
    yield from (f"Bearer {token}", f"{token},{token}", "é" * 43, "0" * len(token), "null", "a" * 6000)


def _bodies() -> Iterator[bytes]:
    yield from (b"", b"null", b"[]", b"1", b'"veto"', b"{}", b"{", b"\xff\xfe", b'{"action": "veto"}', b"[" * 9000)
    for value in (
        {"action": "delete"},
        {"action": "pause"},
        {"action": "raise-cap", "usd": 1e308},
        {"action": "raise-cap", "usd": -1},
        {"action": "veto", "agent": ""},
        {"action": "veto", "agent": "critic", "path": "../../x"},
        {"action": "veto", "agent": "critic", "reason": "r" * 2001},
        {"action": "veto", "agent": ["critic"]},
        {"action": "veto", "agent": {"$ne": 1}},
        {"action": ["veto"], "agent": "critic"},
        {"action": "judge", "case": "x", "verdict": "maybe"},
        {"action": "approve", "agents": "critic"},
        {"__class__": "Veto", "action": "veto"},
    ):
        yield json.dumps(value).encode()
    yield b'{"action": "raise-cap", "usd": NaN}'
    yield b'{"action": "raise-cap", "usd": Infinity}'
