#!/usr/bin/env bash
# crewai 1.15.30: one call that a server keeps refusing with "too many requests" is sent 27 times.
#
# Expected: the retries of the client below (3 requests in all), perhaps times a small number of its own; fewer for a status
# that says "slow down" than for one that says "try again".
# Happens: three layers, each of which tries three times (the openai client, the wrapper of the model, the agent), multiply:
# 27 requests for one task of one agent on a lasting 429, three times as many as for a 500.
# Why it matters: rollouts run at once, and a limit of requests is what they hit first. Each refused call then asks 26 times
# more, which keeps the limit exceeded; limits of calls set from the number of tasks are wrong by more than an order of
# magnitude. The client's own retries have to be set to 0 (max_retries of the LLM), which leaves 9.
# (Takes about a minute: the waits between the requests are real.)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME="$folder" CREWAI_DISABLE_TELEMETRY=true OTEL_SDK_DISABLED=true CREWAI_TRACING_ENABLED=false
python3 -m venv venv
venv/bin/pip install -q 'crewai==1.15.30'

cat > check.py <<'PY'
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from crewai import LLM, Agent, Crew, Task

requests = 0
status = 429


class Refuses(BaseHTTPRequestHandler):
    def do_POST(self):
        global requests
        requests += 1
        self.rfile.read(int(self.headers["content-length"]))
        data = b'{"error": {"message": "not now", "type": "refused", "code": "refused"}}'
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


logging.disable(logging.CRITICAL)
server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
threading.Thread(target=server.serve_forever, daemon=True).start()


def sent(answered_with: int, **settings) -> int:
    global requests, status
    requests, status = 0, answered_with
    llm = LLM(model="openai/m", base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", **settings)
    agent = Agent(role="solver", goal="answer", backstory="You answer.", llm=llm)
    task = Task(description="What is 6 x 7?", expected_output="a number", agent=agent)
    try:
        Crew(agents=[agent], tasks=[task]).kickoff()
    except Exception as error:
        print(f"{answered_with}: {type(error).__name__} after {requests} requests", settings or "")
    return requests


print("crewai", version("crewai"))
counts = {429: sent(429), 500: sent(500)}
sent(429, max_retries=0)
if counts[429] != 27:
    raise SystemExit(f"changed: {counts[429]} requests for one lasting 429")
print("still so: 27 requests for one task of one agent")
PY
venv/bin/python check.py
