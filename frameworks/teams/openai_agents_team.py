"""A plan, an answer, and an audit where it is asked for: a team in the OpenAI Agents SDK."""

import os

from agents import Agent, Runner, set_default_openai_api

set_default_openai_api("chat_completions")
SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")


AUDITOR = Agent(name="Auditor", instructions="You look for mistakes in an answer and correct them.", model="m")
SCOUT = Agent(name="Scout", instructions=SCOUT_PROMPT, model="m")
WRITER = Agent(name="Author", instructions="You give the letter of the answer.", model="m", handoffs=[AUDITOR])


async def answer(row):
    """Return the team's answer to a row."""
    notes = (await Runner.run(SCOUT, row["input"])).final_output
    return (await Runner.run(WRITER, row["input"] + "\n\nNotes:\n" + notes)).final_output
