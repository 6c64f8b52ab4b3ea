"""The package index without its past: of each project that a lock names, the wheels of that version and of newer ones.

An old pip looks at every file that a project ever had, a hundred thousand for our locks, and needs 20 seconds for it.
What it can choose for a lock is all here: the versions that are named, and those that it may only take by mistake.
"""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from packaging.version import InvalidVersion, Version

JSON = "application/vnd.pypi.simple.v1+json"
_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
"""Says which index pip asks when none is configured."""
_SETTING = re.compile(r"^(?:global|:env:\.|user|site)\.?(index-url|cert)='(.*)'$", re.MULTILINE)


@contextmanager
def newest_index(locked: Mapping[str, Version]) -> Iterator[str]:
    """Serve it on this machine while the context is open; yields its address."""
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    settings = dict(_SETTING.findall(configured.stdout))
    if "index-url" not in settings:
        asked = subprocess.run([sys.executable, "-c", _DEFAULT], capture_output=True, text=True, check=True)
        settings["index-url"] = asked.stdout.strip()
    index = settings["index-url"].rstrip("/")
    trusted = ssl.create_default_context(cafile=settings.get("cert"))

    @cache
    def page(project: str) -> bytes:
        """Return what the index says of a project, without the files of versions before the locked one."""
        with urlopen(Request(f"{index}/{project}/", headers={"Accept": JSON}), context=trusted) as answer:
            found: dict[str, Any] = json.load(answer)
        least = locked.get(project)
        kept = [file for file in found["files"] if least is None or is_recent(file["filename"], least)]
        return json.dumps({**found, "files": kept}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                status, body = 200, page(self.path.strip("/"))
            except HTTPError as error:
                status, body = error.code, b""
            self.send_response(status)
            self.send_header("Content-Type", JSON)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def is_recent(file: str, least: Version) -> bool:
    """Return whether a file is a wheel of this version or of a newer one."""
    parts = file.removesuffix(".whl").split("-")
    return file.endswith(".whl") and len(parts) >= 5 and _version(parts[1]) >= least


@cache
def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")
