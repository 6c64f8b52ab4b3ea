#!/usr/bin/env bash
# haystack-ai 3.4.1: of two agents joined by `messages`, the second is sent the system prompt of the first behind its own.
#
# Expected: joining an agent's output `messages` to the next agent's input `messages` hands over what was said: the user's
# message and the first agent's reply. Each agent is ruled by its own system prompt alone.
# Happens: the system prompt of the first agent is among the messages, so the second is sent two system messages, its own and
# then the other's.
# Why it matters: the later instruction is the wrong one, and models tend to follow it: a critic is told to write the draft.
# Whoever tunes the first agent's prompt changes the second one's request as well, and some endpoints refuse two system messages.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'haystack-ai==3.4.1'
export HAYSTACK_TELEMETRY_ENABLED=False

cat > check.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import Secret

heard = []


class Model(BaseHTTPRequestHandler):
    """Answers everything, and keeps what it is sent."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        heard.append([(one["role"], one["content"]) for one in body["messages"]])
        message = {"role": "assistant", "content": "A reply."}
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


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
model = {"model": "m", "api_base_url": f"http://127.0.0.1:{server.server_port}/v1", "api_key": Secret.from_token("none")}


def agent(prompt):
    return Agent(chat_generator=OpenAIChatGenerator(**model), system_prompt=prompt)


team = Pipeline()
team.add_component("writer", agent("You write the draft."))
team.add_component("critic", agent("You look for mistakes."))
team.connect("writer.messages", "critic.messages")
team.run({"writer": {"messages": [ChatMessage.from_user("What is a cod?")]}})
print("haystack-ai", version("haystack-ai"))
for number, messages in enumerate(heard, 1):
    print(f"call {number}:")
    for role, content in messages:
        print("   ", role, "-", content)
rules = [content for role, content in heard[-1] if role == "system"]
if rules != ["You look for mistakes.", "You write the draft."]:
    raise SystemExit(f"changed: the second agent is ruled by {rules}")
print("still so: the second agent is ruled by the first one's prompt as well")
PY
venv/bin/python check.py
