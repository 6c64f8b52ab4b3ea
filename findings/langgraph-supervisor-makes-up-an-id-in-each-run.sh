#!/usr/bin/env bash
# langgraph-supervisor 0.0.31: equal runs at temperature 0 send different requests, so that no cache of replies answers them.
#
# Expected: a team that is asked the same again, with LangChain's cache on its model, is answered without a request.
# Happens: when an agent hands back, the supervisor's history gets a tool call with a new UUID. It is sent to the model, so that every
# cache that compares requests misses from there on: LangChain's own, a proxy's, a recorded test's.
# Why it matters: a replay pays again and may say something else; two prompts that are compared on shared replies are compared
# on fresh samples instead, and noise is taken for a difference.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'langgraph-supervisor==0.0.31' 'langgraph==1.2.24' 'langchain-core==1.8.3' 'langchain-openai==1.7.4'

cat > check.py <<'PY'
import json
import logging
import re
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
from langchain_core.caches import InMemoryCache
from langchain_openai import ChatOpenAI
from langgraph.prebuilt import create_react_agent
from langgraph_supervisor import create_supervisor

heard = []
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        heard.append(body["messages"])
        message, end = {"role": "assistant", "content": "The answer is 4."}, "stop"
        if body.get("tools") and len(body["messages"]) == 2:  # the supervisor's first call
            call = {"id": "call_1", "type": "function", "function": {"name": "transfer_to_adder", "arguments": "{}"}}
            message, end = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        head = {"id": "1", "object": "chat.completion", "created": 0, "model": "local", "usage": usage}
        raw = json.dumps({**head, "choices": [{"index": 0, "message": message, "finish_reason": end}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/v1"
model = ChatOpenAI(model="local", base_url=url, api_key="none", temperature=0, cache=InMemoryCache())
adder = create_react_agent(model, [], name="adder", prompt="You add numbers.")
team = create_supervisor([adder], model=model, prompt="You lead a team.").compile()
for name in ("langgraph-supervisor", "langgraph", "langchain-core"):
    print(name, version(name))

counts = []
for _ in range(3):
    before = len(heard)
    answer = team.invoke({"messages": [("user", "2 + 2?")]})["messages"][-1].content
    counts.append(len(heard) - before)
print("requests of three equal runs, with a cache:", counts, repr(answer))
last = [json.dumps(messages) for messages in heard if "transfer_back_to_supervisor" in json.dumps(messages)]
alike = {UUID.sub("an id", one) for one in last}
print("requests after an agent has handed back:", len(last), "all different:", len(set(last)), "without ids:", len(alike))
if len(last) != 3 or len(set(last)) != 3 or len(alike) != 1:
    raise SystemExit("changed: equal runs send equal requests, or are answered from the cache")
print("still so: each run asks anew, since an id in it is made up each time")
PY
venv/bin/python check.py
