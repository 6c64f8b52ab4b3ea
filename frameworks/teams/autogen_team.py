"""A plan, an answer, and an audit where it is asked for: a graph of agents in AutoGen."""

import os

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_ext.models.openai import OpenAIChatCompletionClient

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")
ABLE = dict.fromkeys(("vision", "function_calling", "json_output", "structured_output"), False)


def team():
    """Return a new team: its agents keep what they were told."""
    model = OpenAIChatCompletionClient(model="m", model_info={**ABLE, "family": "unknown"})
    scout = AssistantAgent("Scout", model, system_message=SCOUT_PROMPT)
    author = AssistantAgent("Author", model, system_message="You give the letter of the answer.")
    prompt = "You look for mistakes in an answer and correct them."
    auditor = AssistantAgent("Auditor", model, system_message=prompt)
    graph = DiGraphBuilder()
    for agent in (scout, author, auditor):
        graph.add_node(agent)
    graph.add_edge(scout, author)
    graph.add_edge(author, auditor, condition="please audit")
    return GraphFlow([scout, author, auditor], graph=graph.build())


TEAM = team()


async def answer(row):
    """Return the team's answer to a row."""
    return (await TEAM.run(task=row["input"])).messages[-1].to_text()
