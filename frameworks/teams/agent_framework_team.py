"""A plan, an answer, and an audit where it is asked for: a team in Microsoft Agent Framework."""

import os

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")


def agent(name, prompt):
    """Return an agent."""
    return Agent(client=OpenAIChatCompletionClient(model="m"), name=name, instructions=prompt)


AUDITOR = agent("Auditor", "You look for mistakes in an answer and correct them.")
SCOUT = agent("Scout", SCOUT_PROMPT)
WRITER = agent("Author", "You give the letter of the answer.")


async def answer(row):
    """Return the team's answer to a row."""
    notes = (await SCOUT.run(row["input"])).text
    return (await WRITER.run(row["input"] + "\n\nNotes:\n" + notes)).text
