#!/usr/bin/env bash
# agno 3.1.10: two dollar signs in what the user asks reach the model as one.
#
# Expected: templating, if any, is for the instructions that the developer writes; the text that a user sends arrives as sent.
# Happens: Agent.run("… $$x^2$$ …") sends "… $x^2$ …", in an agent without session state, variables or dependencies. The
# instructions are changed in the same way.
# Why it matters: display formulas of LaTeX, shell scripts ($$ is the process id) and Makefiles in rows of a benchmark are
# silently different from what the reference answers belong to, and a rewritten prompt that holds $$ is not the prompt that
# was scored. Text has to be doubled before it is handed over, or resolve_in_context=False set.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AGNO_TELEMETRY=false
python3 -m venv venv
venv/bin/pip install -q 'agno==3.1.10' 'openai==3.57.0'

cat > check.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from agno.agent import Agent
from agno.models.openai import OpenAIChat

bodies = []


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        message = {"role": "assistant", "content": "fine"}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        reply["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/v1"
PROMPT, QUESTION = "Write formulas as $$ ... $$ blocks.", "Derive $$x^2$$, then explain what echo $$ prints."
model = OpenAIChat(id="m", base_url=address, api_key="none")
Agent(model=model, instructions=PROMPT).run(QUESTION)
Agent(model=model, instructions=PROMPT, resolve_in_context=False).run(QUESTION)
seen, switched_off = [[message["content"] for message in body["messages"]] for body in bodies]
print("agno", version("agno"))
for given, arrived in zip([PROMPT, QUESTION], seen, strict=True):
    print("given:  ", given)
    print("arrived:", arrived)
print("with resolve_in_context=False:", switched_off)
if seen[1] != QUESTION.replace("$$", "$"):
    raise SystemExit(f"changed: the question arrived as {seen[1]!r}")
print("still so: the user's dollars are halved")
PY
venv/bin/python check.py
