#!/usr/bin/env bash
# haystack-ai 3.4.1: Agent.run takes a system prompt and goes on with the one of the constructor.
#
# Expected: agent.run(messages, system_prompt=NEW) uses NEW for this run, as earlier releases did, or refuses the argument.
# Happens: the argument was taken out of the method, but whatever else a run is given counts as data for its state, so the
# call is accepted and the model is sent the prompt of the constructor. Setting agent.system_prompt = NEW has no effect either,
# although reading it gives NEW. Only agent.clone(system_prompt=NEW) does it.
# Why it matters: whoever tries candidate prompts this way measures one and the same prompt over and over; all differences
# between candidates are noise, and nothing in the results shows it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HAYSTACK_TELEMETRY_ENABLED=False
python3 -m venv venv
venv/bin/pip install -q 'haystack-ai==3.4.1'

cat > check.py <<'PY'
from importlib.metadata import version

from haystack import component
from haystack.components.agents import Agent
from haystack.dataclasses import ChatMessage

prompts = []


@component
class Recorder:
    """Stands in for a model and keeps the system prompts that it is sent."""

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage], tools: list | None = None):
        prompts.append([message.text for message in messages if message.is_from("system")])
        return {"replies": [ChatMessage.from_assistant("fine")]}


def ask(agent: Agent, **more):
    agent.run(messages=[ChatMessage.from_user("hello")], **more)
    return prompts[-1]


OLD, NEW = "Answer in one word.", "Answer in French."
agent = Agent(chat_generator=Recorder(), system_prompt=OLD)
print("haystack-ai", version("haystack-ai"))
try:
    per_run = ask(agent, system_prompt=NEW)
except (TypeError, ValueError) as error:
    raise SystemExit(f"changed: the argument is refused: {error!r}") from error
print("run(system_prompt=NEW) sent:      ", per_run)
agent.system_prompt = NEW
assigned = ask(agent)
print("agent.system_prompt = NEW sent:   ", assigned)
print("agent.clone(system_prompt=NEW) sent:", ask(agent.clone(system_prompt=NEW)))
if per_run != [OLD] or assigned != [OLD]:
    raise SystemExit("changed: a new prompt now reaches the model")
print("still so: the prompt of the constructor was sent each time")
PY
venv/bin/python check.py
