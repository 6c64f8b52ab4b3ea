"""A plan, an answer, and an audit where it is asked for: a team in smolagents."""

import os

from smolagents import OpenAIServerModel, ToolCallingAgent

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")

MODEL = OpenAIServerModel(model_id="m", api_base=os.environ.get("OPENAI_BASE_URL"), api_key="x")


def agent(name, prompt):
    """Return an agent that takes one step."""
    return ToolCallingAgent(
        tools=[], model=MODEL, name=name, description=prompt, instructions=prompt, max_steps=1, verbosity_level=0
    )


AUDITOR = agent("Auditor", "You look for mistakes in an answer and correct them.")
SCOUT = agent("Scout", SCOUT_PROMPT)
WRITER = agent("Author", "You give the letter of the answer.")


def answer(row):
    """Return the team's answer to a row."""
    notes = str(SCOUT.run(row["input"]))
    return str(WRITER.run(row["input"] + "\n\nNotes:\n" + notes))
