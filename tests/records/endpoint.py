"""The simulated world as recorded runs reach it: under a made-up host, behind a proxy that keeps count."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

ADDRESS = "http://world.test/v1"
"""What the records name as their endpoint. No such host exists: requests go to the proxy of the environment."""
_HANDED_ON = ("Content-Type", "X-Maspo-Purpose", "X-Maspo-Agent")


def content(body: Mapping[str, Any]) -> str:
    """Return the content address of a chat completion: equal ones ask the same thing of the same model."""
    asked = [body["model"], [[each["role"], each["content"]] for each in body["messages"]], body.get("seed")]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]


def environment(proxy: str) -> dict[str, str]:
    """Return what the environment of maspo must hold so that its requests reach a proxy, and nothing else plays in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MASPO_", "OPENAI_")) and not name.lower().endswith("_proxy")
    }
    return {**kept, "http_proxy": proxy, "OPENAI_API_KEY": "made-up", "NO_COLOR": "1"}


@contextmanager
def served_world(*options: str, python: str = sys.executable, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve a simulated world from a process of its own while the context is open; yields its base URL."""
    command = [python, "-m", "maspo", "world", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class Proxy:
    """Hands every request on to a world. ``asked`` lists the contents of what was asked, in order of arrival."""

    def __init__(self, world: str, on_request: Callable[[int], int] = lambda _: 0) -> None:
        self.asked: list[str] = []
        self._on_request = on_request
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, world))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """What ``http_proxy`` must be set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def note(self, body: bytes) -> int:
        """Take note of a request; return the status with which it is refused, or 0."""
        with self._lock:
            self.asked.append(content(json.loads(body)))
            number = len(self.asked)
        return self._on_request(number)

    @contextmanager
    def listening(self) -> Iterator[Proxy]:
        """Answer while the context is open."""
        thread = Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def _handler(proxy: Proxy, world: str) -> type[BaseHTTPRequestHandler]:
    where = urlsplit(world).netloc

    class Handler(BaseHTTPRequestHandler):
        """One connection of a client, and one to the world."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self._world = HTTPConnection(where, timeout=30)

        def finish(self) -> None:
            self._world.close()
            super().finish()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refused = proxy.note(body)
            if refused:
                self.wfile.write(f"HTTP/1.1 {refused} -\r\nContent-Length: 0\r\n\r\n".encode())
                return
            headers = {name: self.headers[name] for name in _HANDED_ON if name in self.headers}
            self._world.request("POST", urlsplit(self.path).path, body, headers)
            answer = self._world.getresponse()
            reply = answer.read()
            head = f"HTTP/1.1 {answer.status} -\r\nContent-Length: {len(reply)}\r\n"
            kind = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n"
            self.wfile.write((head + kind).encode() + reply)

        def log_message(self, *_: object) -> None:
            """Keep the screen clean."""

        def handle(self) -> None:
            # A client that was killed has no more use for its answer.
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    return Handler
