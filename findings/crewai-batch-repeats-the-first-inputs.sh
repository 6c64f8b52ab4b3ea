#!/usr/bin/env bash
# crewai 1.15.30: a crew that was kicked off once answers every row of a later batch with the inputs of that first time.
#
# Expected: crew.kickoff_for_each([{…}, {…}]) fills each row's values into {placeholders} of agents and tasks, whether or not
# the same crew was tried on one row before.
# Happens: the first kickoff writes the filled-in texts over the templates, and the copies made for the batch are made of
# those. Both rows of the batch are the first row again; no placeholder is left that could be missed, so nothing raises.
# Why it matters: trying one row and then running the set is what everybody does. All answers of an evaluation then belong to
# one input, and scores compare them with the references of others. crew.copy() made after a kickoff has the same fault.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME="$folder" CREWAI_DISABLE_TELEMETRY=true OTEL_SDK_DISABLED=true CREWAI_TRACING_ENABLED=false
python3 -m venv venv
venv/bin/pip install -q 'crewai==1.15.30'

cat > check.py <<'PY'
import logging
from importlib.metadata import version

from crewai import Agent, BaseLLM, Crew, Task

logging.disable(logging.WARNING)
asked = []


class Recorder(BaseLLM):
    """Stands in for a model: keeps the user messages that it is sent."""

    def call(self, messages, *args, **kwargs):
        texts = [messages] if isinstance(messages, str) else [one["content"] for one in messages if one["role"] == "user"]
        asked.append(next(animal for animal in ("cod", "owl", "ant") if animal in texts[0]))
        return "fine"


def crew() -> Crew:
    agent = Agent(role="writer", goal="write", backstory="You write.", llm=Recorder(model="stand-in"))
    return Crew(agents=[agent], tasks=[Task(description="Describe the {animal}.", expected_output="text", agent=agent)])


def animals(tried_before: bool) -> list[str]:
    one = crew()
    if tried_before:
        one.kickoff(inputs={"animal": "cod"})
    asked.clear()
    one.kickoff_for_each(inputs=[{"animal": "owl"}, {"animal": "ant"}])
    return list(asked)


print("crewai", version("crewai"))
one = crew()
one.kickoff(inputs={"animal": "cod"})
copied = one.copy()
asked.clear()
copied.kickoff(inputs={"animal": "owl"})
print("owl, asked of a copy made after that kickoff:", asked)
fresh, used = animals(False), animals(True)
print("batch of owl and ant, crew not used before:", fresh)
print("the same after a kickoff with cod:         ", used)
if fresh != ["owl", "ant"] or used != ["cod", "cod"]:
    raise SystemExit("changed: a batch no longer repeats the inputs of an earlier kickoff")
print("still so: the batch was asked about the first input only")
PY
venv/bin/python check.py
