"""A plan and an answer by a crew in CrewAI, which has an auditor without a task."""

import os

from crewai import LLM, Agent, Crew, Task

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")


def agent(role, goal, backstory):
    """Return a member of the crew."""
    return Agent(role=role, goal=goal, backstory=backstory, llm=LLM(model="openai/gpt-4.1-mini"))


AUDITOR = agent("Auditor", "Find mistakes in an answer", "You have corrected many answers.")
SCOUT = agent("Scout", SCOUT_PROMPT, "You read slowly.")
WRITER = agent("Author", "Give the letter of the answer", "You are brief.")


def answer(row):
    """Return the team's answer to a row."""
    plan = Task(description="Note what is asked: " + row["input"], expected_output="notes", agent=SCOUT)
    write = Task(description="Answer: " + row["input"], expected_output="a letter", agent=WRITER, context=[plan])
    return str(Crew(agents=[SCOUT, WRITER, AUDITOR], tasks=[plan, write], tracing=False).kickoff())
