#!/usr/bin/env bash
# strands-agents 1.62.0: a graph of agents answers the second task with the conversation of the first in mind.
#
# Expected: graph(task) runs the graph on the task; what was said about an earlier task is gone, as with a function call, the
# more so as the result of each call is complete in itself. (That a single Agent keeps its conversation is documented.)
# Happens: every node's agent keeps all messages. The model is sent the first task and its answer before the second, and so
# on, longer with each call; GraphBuilder.reset_on_revisit(True) does not change it.
# Why it matters: evaluating a prompt on a list of rows lets every row see the ones before it. Scores depend on the order of
# the rows, answers leak from one row into the next, and the cost of a call grows with the row's number.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'strands-agents==1.62.0'

cat > check.py <<'PY'
from importlib.metadata import version

from strands import Agent
from strands.models.model import Model
from strands.multiagent import GraphBuilder

requests = []


class Recorder(Model):
    """Stands in for a model: keeps what it is sent, answers "fine"."""

    def update_config(self, **model_config):
        pass

    def get_config(self):
        return {}

    def structured_output(self, output_model, prompt, system_prompt=None, **kwargs):
        raise NotImplementedError

    async def stream(self, messages, tool_specs=None, system_prompt=None, **kwargs):
        requests.append([part["text"] for message in messages for part in message["content"]])
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        yield {"contentBlockDelta": {"delta": {"text": "fine"}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


builder = GraphBuilder()
builder.add_node(Agent(model=Recorder(), system_prompt="Be brief.", callback_handler=None), "solver")
builder.set_entry_point("solver")
builder.reset_on_revisit(True)
builder.set_max_node_executions(10)
graph = builder.build()
print("strands-agents", version("strands-agents"))
for task in ("Task one: alpha.", "Task two: beta.", "Task three: gamma."):
    graph(task)
    print("asked:", task, "sent:", requests[-1])
carried = [any("alpha" in text for text in texts) for texts in requests]
if carried != [True, True, True] or not [len(texts) for texts in requests] == [1, 3, 5]:
    raise SystemExit("changed: the first task is no longer carried into the later ones")
print("still so: the later runs were sent the first task as well")
PY
venv/bin/python check.py
