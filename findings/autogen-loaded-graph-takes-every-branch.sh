#!/usr/bin/env bash
# autogen-agentchat 0.7.5: a graph of agents that is saved and loaded again goes down branches it was told not to take.
#
# Expected: dump_component refuses a graph whose edges hold functions as conditions, or loading it does, since a function
# cannot be written to a file. (Conditions that are strings survive.)
# Happens: both succeed without a warning, the functions are gone, and an edge without a condition counts as "always": where
# the graph took one of two branches it now runs both.
# Why it matters: keeping a team as a component and building a fresh one per rollout is the way to run this framework, whose
# teams remember. The team that is then evaluated is another one: more calls, and agents that answer what is not theirs.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q 'autogen-agentchat==0.7.5' 'autogen-ext==0.7.5'

cat > check.py <<'PY'
import asyncio
import warnings
from importlib.metadata import version

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_ext.models.replay import ReplayChatCompletionClient


def team() -> GraphFlow:
    triage, sums, words = (
        AssistantAgent(name, model_client=ReplayChatCompletionClient([reply]))
        for name, reply in (("triage", "SUM"), ("sums", "42"), ("words", "a word"))
    )
    builder = DiGraphBuilder().add_node(triage).add_node(sums).add_node(words)
    builder.add_edge(triage, sums, condition=lambda message: "SUM" in message.to_model_text())
    builder.add_edge(triage, words, condition=lambda message: "WORD" in message.to_model_text())
    return GraphFlow(builder.get_participants(), graph=builder.build())


async def speakers(flow: GraphFlow) -> list[str]:
    result = await flow.run(task="6 x 7?")
    names = ("triage", "sums", "words")
    return [message.source for message in result.messages if message.source in names]


print("autogen-agentchat", version("autogen-agentchat"))
built = asyncio.run(speakers(team()))
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    try:
        again = GraphFlow.load_component(team().dump_component())
    except Exception as error:
        raise SystemExit(f"changed: refused with {error!r}") from error
loaded = asyncio.run(speakers(again))
print("as built:        ", built)
print("saved and loaded:", loaded)
print("warnings:", [str(one.message) for one in warned])
if "words" in built or "words" not in loaded:
    raise SystemExit("changed: the loaded graph no longer takes the branch that is not to be taken")
print("still so: the loaded graph takes both branches")
PY
venv/bin/python check.py
