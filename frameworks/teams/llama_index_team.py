"""A plan, an answer, and an audit where it is asked for: a team in LlamaIndex."""

import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai_like import OpenAILike

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")

LLM = OpenAILike(
    model="m",
    api_base=os.environ.get("OPENAI_BASE_URL"),
    api_key="x",
    is_chat_model=True,
    is_function_calling_model=True,
)


def agent(name, prompt, **more):
    """Return an agent without tools."""
    return FunctionAgent(name=name, description=prompt, system_prompt=prompt, llm=LLM, tools=[], **more)


AUDITOR = agent("Auditor", "You look for mistakes in an answer and correct them.")
SCOUT = agent("Scout", SCOUT_PROMPT)
WRITER = agent("Author", "You give the letter of the answer.", can_handoff_to=["Auditor"])


async def answer(row):
    """Return the team's answer to a row."""
    notes = str(await SCOUT.run(row["input"]))
    return str(await WRITER.run(row["input"] + "\n\nNotes:\n" + notes))
