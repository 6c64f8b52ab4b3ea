#!/usr/bin/env bash
# smolagents 1.26.0: what a managed agent answers after 30 seconds is waited for, paid for, and thrown away.
#
# Expected: code of a CodeAgent that calls another agent of the team gets its answer, however long the models take; or, since
# code has a time limit, it is stopped there. The limit (30 s, a default of the executor) is meant for code that loops.
# Happens: the time that models take counts as the time of the code. At the limit nothing stops: the managed agent goes on to
# its end, all its calls are made, and then the manager is told that its code took too long, without the answer. It asks
# again, and the same comes of it, until its steps are used up.
# Why it matters: a team whose helper needs more than half a minute, or a machine that is busy with many runs, never uses the
# helper, and pays for it once a step. A search scores such runs as if the prompts were at fault.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'smolagents==1.26.0'

cat > check.py <<'PY'
import time
from importlib.metadata import version
from inspect import signature

from smolagents import CodeAgent, LocalPythonExecutor, Model, ToolCallingAgent
from smolagents.models import ChatMessage, ChatMessageToolCall, ChatMessageToolCallFunction, MessageRole

calls = []


class Slow(Model):
    """Stands in for a model: answers after some seconds."""

    def __init__(self, who, seconds):
        super().__init__(model_id=who)
        self.who, self.seconds = who, seconds

    def generate(self, messages, **kwargs):
        calls.append(self.who)
        time.sleep(self.seconds)
        if self.who == "helper":
            answer = ChatMessageToolCallFunction(name="final_answer", arguments={"answer": "42"})
            called = ChatMessageToolCall(function=answer, id="call", type="function")
            return ChatMessage(role=MessageRole.ASSISTANT, content="", tool_calls=[called])
        return ChatMessage(role=MessageRole.ASSISTANT, content="<code>\nfinal_answer(helper(task='Look it up.'))\n</code>")


def run(seconds):
    """Return the calls of each agent, the steps in which code took too long, and the answer."""
    calls.clear()
    helper = ToolCallingAgent([], Slow("helper", 2), name="helper", description="Helps.", verbosity_level=0)
    limit = {"executor_kwargs": {"timeout_seconds": seconds}}
    manager = CodeAgent([], Slow("manager", 0), managed_agents=[helper], max_steps=3, verbosity_level=0, **limit)
    answer = str(manager.run("Ask the helper."))
    late = sum("maximum execution time" in str(getattr(step, "error", "")) for step in manager.memory.steps)
    return calls.count("helper"), late, answer


print("smolagents", version("smolagents"))
print("limit by default:", signature(LocalPythonExecutor).parameters["timeout_seconds"].default, "seconds")
for seconds in (None, 1):
    helped, late, answer = run(seconds)
    print(f"limit {seconds}: {helped} calls of the helper, {late} steps took too long, its 42 arrives: {'42' in answer}")
    if seconds is None and (helped, late, "42" in answer) != (1, 0, True):
        raise SystemExit("changed: without a limit the helper's answer is not taken at once")
if (helped, late, "42" in answer) != (3, 3, False):
    raise SystemExit("changed: a helper that takes longer than the limit is stopped, or its answer is taken")
print("still so: each step paid for the helper's answer and threw it away")
PY
venv/bin/python check.py
