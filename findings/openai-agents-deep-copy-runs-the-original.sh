#!/usr/bin/env bash
# openai-agents 0.24.0: a deep copy of a team looks like a team of its own and runs agents of the original.
#
# Expected: copy.deepcopy of a team (a dictionary of its agents) gives agents that hand over to each other, and whose
# instructions can be changed without touching the original; or it raises. (That Agent.clone() is shallow is documented.)
# Happens: it succeeds, but where the first agent has the second through handoff(agent) or agent.as_tool(...), the copied first
# agent runs the *original* second one. Instructions written into the copied second agent are never sent.
# Why it matters: one copy of the team per candidate prompt is the obvious way to try prompts side by side. For such agents
# every candidate then measures the same old prompt. An agent that stands in the list of handoffs itself is copied properly,
# so a test with one does not show it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export OPENAI_AGENTS_DISABLE_TRACING=1
python3 -m venv venv
venv/bin/pip install -q 'openai-agents==0.24.0'

cat > check.py <<'PY'
import copy
from importlib.metadata import version

from agents import Agent, Model, ModelResponse, Runner, Usage, handoff
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

OLD, NEW = "Old: be brief.", "New: be thorough."
sent = []


class Scripted(Model):
    """Stands in for a model: the first agent calls its only tool once, all others answer; keeps the prompts it is sent."""

    async def get_response(self, system_instructions, input, model_settings, tools, output_schema, handoffs, *args, **kwargs):
        sent.append(system_instructions)
        offered = [tool.name for tool in tools] + [one.tool_name for one in handoffs]
        if offered and "function_call" not in str(input):
            arguments = '{"input": "hello"}' if tools else "{}"
            output = ResponseFunctionToolCall(type="function_call", name=offered[0], arguments=arguments, call_id="c")
        else:
            text = ResponseOutputText(type="output_text", text="fine", annotations=[])
            output = ResponseOutputMessage(id="i", type="message", role="assistant", status="completed", content=[text])
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


def prompts_sent_by_a_changed_copy(how: str) -> list[str]:
    first = Agent(name="first", instructions="First.", model=Scripted())
    second = Agent(name="second", instructions=OLD, model=Scripted())
    if how == "agent.as_tool(...)":
        first.tools = [second.as_tool(tool_name="second", tool_description="helps")]
    else:
        first.handoffs = [handoff(second) if how == "handoff(agent)" else second]
    team = copy.deepcopy({"first": first, "second": second})
    team["second"].instructions = NEW
    sent.clear()
    Runner.run_sync(team["first"], "hello")
    return list(sent)


print("openai-agents", version("openai-agents"))
seen = {how: prompts_sent_by_a_changed_copy(how) for how in ("handoff(agent)", "agent.as_tool(...)", "agent itself")}
for how, prompts in seen.items():
    print(f"{how:<20} prompts sent: {prompts}")
stale = [how for how, prompts in seen.items() if OLD in prompts and NEW not in prompts]
if stale != ["handoff(agent)", "agent.as_tool(...)"]:
    raise SystemExit(f"changed: the old prompt is sent through {stale or 'none of them'}")
print("still so: the copied team runs agents of the original")
PY
venv/bin/python check.py
