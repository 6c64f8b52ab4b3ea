#!/usr/bin/env bash
# dspy 3.4.1: an LM at one address is answered with what another server said, because the cache does not look at the address.
#
# Expected: two LMs with different `api_base` are two models; a question to the second reaches the second server.
# Happens: `api_base` is left out of the cache's key, in memory and on disk. Where both servers call their model by one name, as
# local servers do, the second is never asked, also in a later process; the reply of the first comes back as its own.
# Why it matters: who compares two servers, an old model with a retrained one, or a stand-in with the real thing, compares the
# first with itself: same answers, same scores, no error. Give the LM `cache=False`, or a model name of its own.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DSPY_CACHEDIR="$folder/cache"
python3 -m venv venv
venv/bin/pip install -q 'dspy==3.4.1'

cat > check.py <<'PY'
import json
import logging
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
import dspy

asked = {"first": 0, "second": 0}


def served(name: str) -> str:
    """Serve a model of one sentence; return its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            asked[name] += 1
            message = {"role": "assistant", "content": f"This is the {name} server."}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            head = {"id": "1", "object": "chat.completion", "created": 0, "model": "local"}
            raw = json.dumps({**head, "choices": [choice], "usage": usage}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/v1"


print("dspy", version("dspy"))
said = {}
for name in asked:
    lm = dspy.LM("openai/local", api_base=served(name), api_key="none")
    said[name] = lm("Who are you?")[0]
    print(f"asked of the {name} server: {said[name]!r}; requests there: {asked[name]}")
if asked["second"] or said["first"] != said["second"]:
    raise SystemExit("changed: the second server is asked itself")
print("still so: the second server was not asked, and the first one's reply came back")
PY
venv/bin/python check.py
