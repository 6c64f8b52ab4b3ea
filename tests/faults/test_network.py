"""A run sends nothing to anybody but its endpoint: no other connection, no name looked up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = """
import json, os, socket, subprocess, sys, threading

asked = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind"):
        where = arguments[1] if event.startswith(("socket.connect", "socket.sendto", "socket.bind")) else arguments[0]
        asked.append([event, [part.decode() if isinstance(part, bytes) else part for part in where]
            if isinstance(where, tuple) else str(where)])
sys.addaudithook(watch)
sys.argv = ["maspo", *sys.argv[1:]]
from maspo.cli.app import main
try:
    main()
finally:
    with open("asked.json", "w") as file:
        json.dump(asked, file)
"""
SYSTEM = "agents:\n  solver: {prompt: Solve the problem.}\n  critic: {prompt: Check it., reads: [solver]}\n"
ALONE = ["unshare", "--map-root-user", "--net"]
SCRIPT = """
set -e
ip link set lo up
"$1" -m maspo world serve --port 8901 >/dev/null 2>&1 &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do (echo > /dev/tcp/127.0.0.1/8901) 2>/dev/null && break; sleep 0.1; done
"$1" -c "$2" optimize system.yaml --inputs inputs.jsonl --yes --out run --max-calls 150 \
    --base-url http://127.0.0.1:8901/v1
"""


def alone() -> bool:
    """Say whether a network namespace can be made here."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    done = subprocess.run([*ALONE, "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return done.returncode == 0


def test_n01_in_a_namespace_with_only_the_endpoint_a_run_finishes_and_asks_nobody_else(tmp_path: Path) -> None:
    if not alone():
        pytest.skip("no network namespace can be made here (unshare --net)")
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "inputs.jsonl").write_text("".join(f'{{"input": "problem {number}"}}\n' for number in range(12)))
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:8902")
    done = subprocess.run(
        [*ALONE, "bash", "-c", SCRIPT, "bash", sys.executable, WATCHED],
        cwd=tmp_path,
        env={**kept, **proxies, "HOME": str(tmp_path), "OPENAI_API_KEY": "made-up-key"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode in (0, 4), done.stderr
    asked = json.loads((tmp_path / "asked.json").read_text())
    connected = [where for event, where in asked if event == "socket.connect"]
    assert connected
    assert {(event, where[0], where[1]) for event, where in asked} == {("socket.connect", "127.0.0.1", 8901)}
