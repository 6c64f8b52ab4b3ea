#!/usr/bin/env bash
# crewai 1.15.30: braces in one input are filled with another input, if that one's placeholder comes later in the task.
#
# Expected: crew.kickoff(inputs={"question": …, "customer": …}) puts each value where its placeholder stands in the task. What a
# user wrote arrives as it was written, whatever the order of the placeholders.
# Happens: placeholders are replaced one after another in the text that already holds the earlier values. A question about
# `{customer}` in an f-string is sent as a question about "Ada"; with the two placeholders the other way round it is not.
# Why it matters: questions about templates, code and JSON are what people ask. Nothing raises, and the answer is about something
# else; an evaluation scores it against the reference of the question that was never sent.
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
QUESTION = "Why does my template print {customer} and not the name?"
asked = []


class Recorder(BaseLLM):
    """Stands in for a model: keeps what it is asked."""

    def call(self, messages, *args, **kwargs):
        asked.append(str(messages))
        return "fine"


def line(description: str) -> str:
    agent = Agent(role="helper", goal="help", backstory="You help.", llm=Recorder(model="stand-in"))
    task = Task(description=description, expected_output="text", agent=agent)
    asked.clear()
    Crew(agents=[agent], tasks=[task]).kickoff(inputs={"question": QUESTION, "customer": "Ada"})
    return "as written" if QUESTION in asked[0] else "with Ada in it" if "print Ada and" in asked[0] else "otherwise"


print("crewai", version("crewai"))
first, second = line("Answer: {question} (asked by {customer})"), line("{customer} asks: {question}")
print("the question, placed before the customer:", first)
print("the question, placed behind the customer:", second)
if (first, second) != ("with Ada in it", "as written"):
    raise SystemExit("changed: the place of a placeholder no longer decides whether a user's text is changed")
print("still so: a user's braces are filled with another input")
PY
venv/bin/python check.py
