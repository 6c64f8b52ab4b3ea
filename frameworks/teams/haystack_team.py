"""A plan, an answer, and an audit where it is asked for: agents in a pipeline of Haystack."""

import os

from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.components.routers import ConditionalRouter
from haystack.dataclasses import ChatMessage

SCOUT_PROMPT = os.environ.get("SCOUT_PROMPT", "You write down what the problem asks for.")
ROUTES = [
    {"condition": condition, "output": "{{messages}}", "output_name": name, "output_type": list[ChatMessage]}
    for condition, name in (("{{'please audit' in messages[1].text}}", "audit"), ("{{True}}", "done"))
]


def agent(prompt):
    """Return an agent without tools."""
    return Agent(chat_generator=OpenAIChatGenerator(model="m"), system_prompt=prompt)


TEAM = Pipeline()
TEAM.add_component("scout", agent(SCOUT_PROMPT))
TEAM.add_component("author", agent("You give the letter of the answer."))
TEAM.add_component("router", ConditionalRouter(ROUTES, unsafe=True))
TEAM.add_component("auditor", agent("You look for mistakes in an answer and correct them."))
TEAM.connect("scout.messages", "author.messages")
TEAM.connect("author.messages", "router.messages")
TEAM.connect("router.audit", "auditor.messages")


def answer(row):
    """Return the team's answer to a row."""
    said = TEAM.run({"scout": {"messages": [ChatMessage.from_user(row["input"])]}})
    return said["auditor"]["last_message"].text if "auditor" in said else said["router"]["done"][-1].text
