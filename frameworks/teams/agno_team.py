"""A plan, an answer, and an audit where it is asked for: a team in Agno."""

import os

from agno.agent import Agent
from agno.models.openai import OpenAIChat

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")

AUDITOR = Agent(name="Auditor", model=OpenAIChat(id="m"), instructions="You look for mistakes and correct them.")
SCOUT = Agent(name="Scout", model=OpenAIChat(id="m"), instructions=SCOUT_PROMPT)
WRITER = Agent(
    name="Author",
    model=OpenAIChat(id="m"),
    description="You give the letter of the answer.",
    instructions=["Read the notes first.", "Be brief."],
)


def answer(row):
    """Return the team's answer to a row."""
    notes = SCOUT.run(row["input"]).content
    return WRITER.run(row["input"] + "\n\nNotes:\n" + notes).content
