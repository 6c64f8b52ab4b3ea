#!/usr/bin/env bash
# openinference-instrumentation-openai-agents 2.6.0 with openai-agents 0.24.0: the prompt of an agent is in no span, unless the
# server happens to repeat it.
#
# Expected: the span of a model call holds what the model was sent, the agent's instructions first among the messages; content
# is recorded by default.
# Happens: with the Responses API, the default of that SDK, the instructions are read from the *reply*. The field may be null
# there, and with llama.cpp's server, for one, it is: then no span holds the prompt, and the input messages are numbered from
# 1 on, as if the one numbered 0 had been lost.
# Why it matters: traces are where prompts of a running team are taken from, and what rewrites are compared with. The same app
# loses its prompts from the traces when only its base URL changes, and readers that count messages from 0 find none.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'openai-agents==0.24.0' 'openinference-instrumentation-openai-agents==2.6.0' 'opentelemetry-sdk==1.45.2'

cat > check.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from agents import Agent, OpenAIResponsesModel, Runner
from openai import AsyncOpenAI
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

PROMPT = "You answer riddles of the sea."
repeats = False
sent = []


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        sent.append(body["instructions"])
        text = {"type": "output_text", "text": "fine", "annotations": []}
        item = {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [text]}
        reply = {"id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": [item]}
        reply |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        reply["instructions"] = body["instructions"] if repeats else None
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
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)


def spans_of_a_run() -> tuple[bool, list[str]]:
    """Whether any attribute of any span holds the prompt, and the names of the attributes of the input messages."""
    exporter.clear()
    client = AsyncOpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
    agent = Agent(name="solver", instructions=PROMPT, model=OpenAIResponsesModel("m", client))
    Runner.run_sync(agent, "What has a bed but never sleeps?")
    attributes = [(name, str(value)) for span in exporter.get_finished_spans() for name, value in span.attributes.items()]
    messages = sorted(name for name, _ in attributes if name.startswith("llm.input_messages"))
    return any(PROMPT in value for _, value in attributes), messages


silent, silent_messages = spans_of_a_run()
repeats = True
echoed, echoed_messages = spans_of_a_run()
package = "openinference-instrumentation-openai-agents"
print(package, version(package), "- openai-agents", version("openai-agents"))
print("the server was sent the prompt both times:", sent == [PROMPT, PROMPT])
print("server does not repeat it: prompt in a span:", silent, silent_messages)
print("server repeats it:         prompt in a span:", echoed, echoed_messages)
if silent or not echoed or any(".0." in name for name in silent_messages):
    raise SystemExit("changed: the prompt is recorded whatever the server replies, or never")
print("still so: whether the prompt is recorded is up to the server")
PY
venv/bin/python check.py
