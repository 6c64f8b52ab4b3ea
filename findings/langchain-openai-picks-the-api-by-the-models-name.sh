#!/usr/bin/env bash
# langchain-openai 1.7.4: which API a server is asked for depends on the name of the model, also for a server of one's own.
#
# Expected: ChatOpenAI(base_url=OWN, model=ANY) asks OWN/chat/completions unless told otherwise; that is what the servers that
# people run themselves speak, and the name of a model on them is a label.
# Happens: some names ("gpt-5-pro", any with "codex" in it, "gpt-6" once tools are bound) are sent to OWN/responses instead, and
# with a name that begins with "o1" the system message gets the role "developer".
# Why it matters: renaming a model on one's own server, or the alias of a proxy, changes what goes over the wire: 404 where
# the server lacks that API, another place for the prompt where it has it, and another role that chat templates of open
# models do not know. Whoever records or exchanges prompts on the wire must read both forms. use_responses_api=False fixes
# the first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'langchain-openai==1.7.4'

cat > check.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

asked = []


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked.append((self.path, [message["role"] for message in body.get("messages", body.get("input"))]))
        if self.path.endswith("/responses"):
            text = {"type": "output_text", "text": "fine", "annotations": []}
            item = {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [text]}
            reply = {"id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": [item]}
            reply |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        else:
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


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()


@tool
def clock() -> str:
    """Tells the time."""
    return "noon"


def ask(name: str, tools: list, **settings) -> tuple[str, list[str]]:
    model = ChatOpenAI(model=name, base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", **settings)
    (model.bind_tools(tools) if tools else model).invoke([("system", "Be brief."), ("user", "hello")])
    return asked[-1]


print("langchain-openai", version("langchain-openai"))
seen = {}
for name, tools in [("my-model", []), ("my-model", [clock]), ("gpt-5-pro", []), ("my-codex", []), ("gpt-6", []),
                    ("gpt-6", [clock]), ("o1-distill-of-mine", [])]:
    seen[name, bool(tools)] = ask(name, tools)
    print(f"{name + (' with a tool' if tools else ''):<22}", *seen[name, bool(tools)])
print("gpt-5-pro with use_responses_api=False:", *ask("gpt-5-pro", [], use_responses_api=False))
chat, responses = "/v1/chat/completions", "/v1/responses"
expected = {("my-model", False): chat, ("gpt-5-pro", False): responses, ("gpt-6", True): responses}
changed = {key: seen[key][0] for key in expected if seen[key][0] != expected[key]}
if changed or seen["o1-distill-of-mine", False][1][0] != "developer":
    raise SystemExit(f"changed: {changed or seen['o1-distill-of-mine', False]}")
print("still so: the name decides")
PY
venv/bin/python check.py
