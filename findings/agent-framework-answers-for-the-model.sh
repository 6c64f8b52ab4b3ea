#!/usr/bin/env bash
# agent-framework-core 1.23.0: an agent returns as its answer a sentence that no model wrote, and no error.
#
# Expected: an agent whose model keeps asking for a tool that does not exist raises, or returns what the model wrote last, if
# only an empty text.
# Happens: after some such replies in a row the run returns normally, and response.text is an English sentence of the framework
# about a limit of function calls, in the place and with the role of the model's reply. What is left to tell it by is a line of
# the log, and a finish_reason that is still "tool_calls".
# Why it matters: small and local models call tools by wrong names. A scorer compares that sentence with the reference, a judge
# reads it as the agent's work, the next agent is handed it as a colleague's result, and a proposer blames the prompt for it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'agent-framework-core==1.23.0' 'agent-framework-openai==1.17.0'

cat > check.py <<'PY'
import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient

requests = 0


class Model(BaseHTTPRequestHandler):
    """Always asks for a tool that nobody offered, and says nothing."""

    def do_POST(self):
        global requests
        requests += 1
        self.rfile.read(int(self.headers["content-length"]))
        call = {"id": f"c{requests}", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        reply["choices"] = [{"index": 0, "message": message, "finish_reason": "tool_calls"}]
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()


def lookup(word: str) -> str:
    """Look a word up."""
    return "a fish"


client = OpenAIChatCompletionClient(model="m", base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
agent = Agent(client, instructions="Use the tool.", tools=[lookup])
print("agent-framework-core", version("agent-framework-core"))
try:
    response = asyncio.run(agent.run("What is a cod?"))
except Exception as error:
    raise SystemExit(f"changed: the run raises {error!r}") from error
last = response.messages[-1]
print("calls of the model:", requests, "- characters of text that it wrote: 0")
print("role of the last message:", last.role, "- finish_reason of the response:", response.finish_reason)
print("response.text:", repr(response.text))
if not response.text:
    raise SystemExit("changed: no text that the model did not write")
print("still so: an answer that no model wrote")
PY
venv/bin/python check.py
