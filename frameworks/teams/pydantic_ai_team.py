"""A plan, an answer, and an audit where it is asked for: a team in PydanticAI."""

import os

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")

MODEL = OpenAIChatModel("m")
AUDITOR = Agent(MODEL, name="Auditor", instructions="You look for mistakes in an answer and correct them.")
SCOUT = Agent(MODEL, name="Scout", instructions=SCOUT_PROMPT)
WRITER = Agent(MODEL, name="Author", instructions="You give the letter of the answer.")


def answer(row):
    """Return the team's answer to a row."""
    notes = SCOUT.run_sync(row["input"]).output
    return WRITER.run_sync(row["input"] + "\n\nNotes:\n" + notes).output
