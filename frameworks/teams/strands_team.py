"""A plan, an answer, and an audit where it is asked for: a team in Strands."""

import os

from strands import Agent
from strands.models.openai import OpenAIModel

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")


def agent(name, prompt):
    """Return an agent that prints nothing."""
    return Agent(name=name, system_prompt=prompt, model=OpenAIModel(model_id="m"), callback_handler=None)


AUDITOR = agent("Auditor", "You look for mistakes in an answer and correct them.")
SCOUT = agent("Scout", SCOUT_PROMPT)
WRITER = agent("Author", "You give the letter of the answer.")


def answer(row):
    """Return the team's answer to a row."""
    notes = str(SCOUT(row["input"]))
    return str(WRITER(row["input"] + "\n\nNotes:\n" + notes))
