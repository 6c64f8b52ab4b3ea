"""A plan, an answer, and an audit where it is asked for: a team in Google ADK."""

import os

from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")

MODEL = LiteLlm(model="openai/m", api_base=os.environ.get("OPENAI_BASE_URL"), api_key="x")
AUDITOR = LlmAgent(name="Auditor", model=MODEL, instruction="You look for mistakes in an answer and correct them.")
SCOUT = LlmAgent(name="Scout", model=MODEL, instruction=SCOUT_PROMPT)
WRITER = LlmAgent(name="Author", model=MODEL, instruction="You give the letter of the answer.")


async def ask(agent, text):
    """Return what an agent says to a text."""
    runner = InMemoryRunner(agent=agent, app_name="team")
    session = await runner.session_service.create_session(app_name="team", user_id="u")
    message = types.Content(role="user", parts=[types.Part(text=text)])
    said = ""
    async for event in runner.run_async(user_id="u", session_id=session.id, new_message=message):
        if event.content and event.content.parts:
            said = "".join(part.text or "" for part in event.content.parts)
    return said


async def answer(row):
    """Return the team's answer to a row."""
    notes = await ask(SCOUT, row["input"])
    return await ask(WRITER, row["input"] + "\n\nNotes:\n" + notes)
